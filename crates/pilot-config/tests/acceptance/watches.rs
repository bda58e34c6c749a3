//! Watches on keys, prefixes and files, and what keeps a watch from acting on a lie.

use std::time::Duration;

use expect_test::expect;
use pilot_core::{
    Event, EventKind, Source,
    spec::{Condition, OnEmpty, ServiceSubject, Subject, When},
};

use crate::harness::{check, check_reasons, loaded};

#[test]
fn a_watch_looks_at_a_service_a_key_a_prefix_or_a_file() {
    let config = loaded(
        "{ consul: \"c:1\", watches: [
           { name: \"db\", interval: 3, near: \"_agent\", min: 2, debounce: \"300ms\", onEmpty: \"hold\" },
           { name: \"flags\", key: \"/app/flags\", dc: \"east\", onEmpty: \"Tell\" },
           { name: \"conf\", prefix: \"app/\", interval: 5, debounce: 2 },
           { name: \"pem\", file: \"/etc/x.pem\" },
           { name: \"raw\", file: \"/etc/y.pem\", debounce: \"0\" } ] }",
    );
    let shown = config.spec.watches.iter().map(|watch| {
        let quiet = (watch.interval, watch.debounce);
        (watch.subject.clone(), quiet, watch.min, watch.on_empty)
    });
    let shown: Vec<_> = shown.collect();
    let ms = Duration::from_millis;
    let file = |path: &str| Subject::File {
        path: path.to_owned(),
    };
    let service = Subject::Service(ServiceSubject {
        service: "db".to_owned(),
        near: Some("_agent".to_owned()),
        ..ServiceSubject::default()
    });
    let key = Subject::Key {
        path: "app/flags".to_owned(),
        dc: Some("east".to_owned()),
    };
    let prefix = Subject::Prefix {
        prefix: "app/".to_owned(),
        dc: None,
    };
    assert_eq!(
        shown,
        [
            (service, (ms(3000), ms(300)), 2, OnEmpty::Hold),
            (key, (ms(60_000), ms(0)), 1, OnEmpty::Tell),
            (prefix, (ms(5000), ms(2000)), 1, OnEmpty::Tell),
            (file("/etc/x.pem"), (ms(60_000), ms(50)), 1, OnEmpty::Tell),
            (file("/etc/y.pem"), (ms(60_000), ms(0)), 1, OnEmpty::Tell),
        ]
    );
}

#[test]
fn words_that_do_not_go_together_are_refused_where_they_stand() {
    check_reasons(
        [
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"x\", file: \"/x\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1, service: \"x\", prefix: \"y\", key: \"z\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"x\", tag: \"t\", near: \"n\", min: 2 }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", file: \"/x\", dc: \"d\", interval: 1 }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", file: \"./x.pem\" }, { name: \"cd\", file: \"/etc/\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"/\" }, { name: \"cd\", key: \"a/\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"\", interval: 1 }, { name: \"cd\", file: \"\" }, { name: \"ef\", prefix: \"\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"all\", prefix: \"/\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"x\", interval: 0 }] }",
        ],
        &expect![[r#"
            { consul: "c:1", watches: [{ name: "ab", key: "x", file: "/x" }] }
              error: watch[ab] can have only one of 'service', 'key', 'prefix', or 'file', but has 'key', 'file'
              hint: give each its own watch; a job can wait for several with `all` or `any`
            { consul: "c:1", watches: [{ name: "ab", interval: 1, service: "x", prefix: "y", key: "z" }] }
              error: watch[ab] can have only one of 'service', 'key', 'prefix', or 'file', but has 'service', 'key', 'prefix'
              hint: give each its own watch; a job can wait for several with `all` or `any`
            { consul: "c:1", watches: [{ name: "ab", key: "x", tag: "t", near: "n", min: 2 }] }
              error: watch[ab].tag has no meaning beside 'key'
              hint: it is for services
              error: watch[ab].near has no meaning beside 'key'
              hint: it is for services
              error: watch[ab].min has no meaning beside 'key'
              hint: it is for services
            { consul: "c:1", watches: [{ name: "ab", file: "/x", dc: "d", interval: 1 }] }
              error: watch[ab].dc has no meaning beside 'file'
              hint: it is for what the catalog says
              warning: watch[ab].interval has no effect beside 'file', which is never polled
            { consul: "c:1", watches: [{ name: "ab", file: "./x.pem" }, { name: "cd", file: "/etc/" }] }
              error: cannot watch the file `./x.pem`: it is relative
              hint: the helper may run anywhere; write the whole path, such as `/etc/x.pem`
              error: cannot watch the file `/etc/`: it is a directory
              hint: name a file in it
            { consul: "c:1", watches: [{ name: "ab", key: "/" }, { name: "cd", key: "a/" }] }
              error: watch[ab].key must name something
              hint: it may be a variable that is not set
              warning: watch[cd].key ends with a `/`
              hint: to watch all keys under it, write `prefix: "a/"`
            { consul: "c:1", watches: [{ name: "ab", key: "", interval: 1 }, { name: "cd", file: "" }, { name: "ef", prefix: "" }] }
              error: watch[ab].key must name something
              hint: it may be a variable that is not set
              error: cannot watch the file ``: it has no name
              hint: it may be a variable that is not set
              error: watch[ef].prefix must name something
              hint: it may be a variable that is not set
            { consul: "c:1", watches: [{ name: "all", prefix: "/" }] }
              accepted
            { consul: "c:1", watches: [{ name: "ab", key: "x", interval: 0 }] }
              error: watch[ab].interval must be > 0
        "#]],
    );
}

#[test]
fn words_that_mean_nothing_are_refused_where_they_stand() {
    check_reasons(
        [
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1, min: 0, debounce: \"-1s\", onEmpty: \"keep\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1, debounce: \"soon\", min: \"two\" }] }",
            "{ consul: \"c:1\", watches: [{ key: \"x\" }, { name: \"_b\", file: \"/x\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", key: \"x\" }, { name: \"ab\", interval: 1 }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1 }, { name: \"ab\", interval: 1, tag: \"t\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1, onempty: \"hold\", deBounce: 1, onEmptyy: 1 }] }",
        ],
        &expect![[r#"
            { consul: "c:1", watches: [{ name: "ab", interval: 1, min: 0, debounce: "-1s", onEmpty: "keep" }] }
              error: watch[ab].min must be > 0
              hint: it is the fewest instances that are `healthy`; leave it out for 1
              error: watch[ab].debounce '-1s' cannot be negative
              error: cannot use `keep` as watch[ab].onEmpty
              hint: one of hold, tell
            { consul: "c:1", watches: [{ name: "ab", interval: 1, debounce: "soon", min: "two" }] }
              error: unable to parse watch[ab].debounce 'soon': time: invalid duration soon
              error: cannot parse '[0].min' as int: strconv.ParseInt: parsing "two": invalid syntax
            { consul: "c:1", watches: [{ key: "x" }, { name: "_b", file: "/x" }] }
              error: 'name' must not be blank
              error: service names must be alphanumeric with dashes to comply with service discovery: `_b`
              hint: begin with a lower-case letter, and use two characters or more
            { consul: "c:1", watches: [{ name: "ab", key: "x" }, { name: "ab", interval: 1 }] }
              error: cannot have two watches with the name `ab`
            { consul: "c:1", watches: [{ name: "ab", interval: 1 }, { name: "ab", interval: 1, tag: "t" }] }
              warning: there is another watch[ab], and they share their events
            { consul: "c:1", watches: [{ name: "ab", interval: 1, onempty: "hold", deBounce: 1, onEmptyy: 1 }] }
              error: cannot use key `onEmptyy`: '[0]' has invalid keys: onEmptyy
              hint: did you mean `onEmpty`?
        "#]],
    );
}

#[test]
fn every_problem_of_a_watch_has_its_place() {
    check(
        "{
  consul: \"c:1\",
  watches: [
    { name: \"pem\", file: \"certs/x.pem\", min: 2 },
    { name: \"db\", interval: 3, onEmpty: \"wait\" },
  ],
}",
        &expect![[r#"
            error: cannot watch the file `certs/x.pem`: it is relative
              --> app.json5:4:26
            4 |     { name: "pem", file: "certs/x.pem", min: 2 },
              |                          ^^^^^^^^^^^^^
            hint: the helper may run anywhere; write the whole path, such as `/etc/certs/x.pem`

            error: watch[pem].min has no meaning beside 'file'
              --> app.json5:4:46
            4 |     { name: "pem", file: "certs/x.pem", min: 2 },
              |                                              ^
            hint: it is for services

            error: cannot use `wait` as watch[db].onEmpty
              --> app.json5:5:41
            5 |     { name: "db", interval: 3, onEmpty: "wait" },
              |                                         ^^^^^^
            hint: one of hold, tell"#]],
    );
}

#[test]
fn a_file_needs_no_catalog_and_keys_do() {
    check_reasons(
        [
            "{ jobs: [{ name: \"a\" }], watches: [{ name: \"pem\", file: \"/x\" }] }",
            "{ catalog: \"none\", watches: [{ name: \"pem\", file: \"/x\" }], jobs: [{ name: \"a\" }] }",
            "{ jobs: [{ name: \"a\" }], watches: [{ name: \"pem\", file: \"/x\" }, { name: \"conf\", key: \"x\" }] }",
            "{ catalog: \"none\", watches: [{ name: \"conf\", prefix: \"x\" }], jobs: [{ name: \"a\" }] }",
        ],
        &expect![[r#"
            { jobs: [{ name: "a" }], watches: [{ name: "pem", file: "/x" }] }
              accepted
            { catalog: "none", watches: [{ name: "pem", file: "/x" }], jobs: [{ name: "a" }] }
              accepted
            { jobs: [{ name: "a" }], watches: [{ name: "pem", file: "/x" }, { name: "conf", key: "x" }] }
              error: no discovery backend defined, but there is watch[conf]
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { catalog: "none", watches: [{ name: "conf", prefix: "x" }], jobs: [{ name: "a" }] }
              warning: there are watches, but no catalog to watch
        "#]],
    );
}

#[test]
fn two_watches_of_one_thing_under_one_name_are_one() {
    let config = loaded(
        "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1 }, { name: \"ab\", interval: 2 },
           { name: \"ab\", interval: 3, tag: \"t\" }] }",
    );
    let watches = config.spec.watches.iter();
    let intervals: Vec<u64> = watches.map(|watch| watch.interval.as_secs()).collect();
    assert_eq!(intervals, [1, 3]);
}

#[test]
fn jobs_wait_for_a_watch_to_be_stale_or_fresh_and_for_no_other_source() {
    let config = loaded(
        "{ consul: \"c:1\", watches: [{ name: \"db\", interval: 1 }],
           jobs: [{ name: \"page\", exec: \"x\", when: { source: \"watch.db\", each: \"stale\" } }] }",
    );
    let stale = Event::new(EventKind::Stale, Source::Watch("db".into()));
    assert_eq!(
        config.spec.jobs[0].when,
        When::Each(Condition::Event(stale))
    );
    let with = |when: &str| {
        format!(
            "{{ consul: \"c:1\", watches: [{{ name: \"db\", interval: 1 }}],
               templates: [{{ name: \"conf\", contents: \"x\", destination: \"/x\" }}],
               jobs: [{{ name: \"a\", exec: \"x\" }}, {{ name: \"b\", exec: \"x\", when: {{ {when} }} }}] }}"
        )
    };
    let texts = [
        "source: \"watch.db\", once: \"fresh\"",
        "source: \"watch.db\", once: \"stopped\"",
        "source: \"template.conf\", once: \"stale\"",
        "source: \"a\", once: \"stale\"",
        "source: \"global\", once: \"fresh\"",
        "source: \"watch.db\", once: \"stail\"",
    ];
    let said: String = texts
        .iter()
        .map(|when| crate::harness::reasons(when, &with(when)))
        .collect();
    expect![[r#"
        source: "watch.db", once: "fresh"
          accepted
        source: "watch.db", once: "stopped"
          error: cannot start job[b]: a watch has no event `stopped`
          hint: it has changed, healthy, unhealthy, stale, fresh
        source: "template.conf", once: "stale"
          error: cannot start job[b]: a template has no event `stale`
          hint: it has changed, healthy, unhealthy
        source: "a", once: "stale"
          error: cannot start job[b]: a job has no event `stale`
          hint: it has exitSuccess, exitFailed, healthy, unhealthy, stopping, stopped, timerExpired
        source: "global", once: "fresh"
          error: cannot start job[b]: `global` has no event `fresh`
          hint: it has startup, enterMaintenance, exitMaintenance
        source: "watch.db", once: "stail"
          error: unable to parse job[b].when.event: stail is not a valid event code
    "#]]
    .assert_eq(&said);
}
