//! Section F: what starts a job.

use std::time::Duration;

use expect_test::{Expect, expect};
use pilot_core::{
    Event, EventKind, Signal, Source,
    spec::{Condition, Overlap, When},
};

use crate::harness::{check, check_jobs, check_reasons, job, load, loaded, reasons};

fn two(first: &str, second: &str) -> String {
    format!(
        "{{ consul: \"c:1\", watches: [{{ name: \"db\", interval: 1 }}], jobs: [
           {{ name: \"setup\", exec: \"x\", {first} }},
           {{ name: \"app\", exec: \"y\", {second} }} ] }}"
    )
}

/// Compares what is said about a job that one event of a source starts.
#[track_caller]
fn check_sources(cases: &[(&str, &str)], expect: &Expect) {
    let said = |(source, word): &(&str, &str)| {
        let when = format!("when: {{ source: \"{source}\", once: \"{word}\" }}");
        reasons(&when, &two("", &when))
    };
    expect.assert_eq(&cases.iter().map(said).collect::<String>());
}

#[test]
fn no_when_starts_at_startup() {
    assert_eq!(job("name: \"a\"").when, When::Once(Condition::startup()));
}

#[test]
fn case_84_signals() {
    for source in [
        "source: \"SIGHUP\"",
        "once: \"SIGHUP\"",
        "source: \"SIGHUP\", each: \"changed\"",
    ] {
        let job = job(&format!("name: \"a\", exec: \"x\", when: {{ {source} }}"));
        assert_eq!(job.when, When::OnSignal(Signal::HUP), "{source}");
        assert_eq!(job.overlap, Overlap::Queue);
    }
    let bodies = [
        "SIGUSR2", "SIGWINCH", "SIGUSR1", "SIGTERM", "SIGINT", "SIGKILL", "SIGCHLD", "SIGFOO",
    ];
    let bodies =
        bodies.map(|signal| format!("name: \"a\", exec: \"x\", when: {{ source: \"{signal}\" }}"));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
            name: "a", exec: "x", when: { source: "SIGUSR2" }
              accepted
            name: "a", exec: "x", when: { source: "SIGWINCH" }
              accepted
            name: "a", exec: "x", when: { source: "SIGUSR1" }
              accepted
            name: "a", exec: "x", when: { source: "SIGTERM" }
              error: cannot start job[a]: SIGTERM stops the container
            name: "a", exec: "x", when: { source: "SIGINT" }
              error: cannot start job[a]: SIGINT stops the container
            name: "a", exec: "x", when: { source: "SIGKILL" }
              error: cannot start job[a]: SIGKILL cannot be caught
            name: "a", exec: "x", when: { source: "SIGCHLD" }
              error: cannot start job[a]: SIGCHLD tells of ended processes, and is not passed on
            name: "a", exec: "x", when: { source: "SIGFOO" }
              error: cannot start job[a]: `SIGFOO` is not a signal
              hint: add 'once', 'each' or 'interval', or leave 'when' out to start at once
        "#]],
    );
    check_reasons(
        [
            "{ consul: \"c:1\", logging: { output: \"/log\" }, jobs: [{ name: \"a\", when: { source: \"SIGUSR1\" } }] }",
        ],
        &expect![[r#"
            { consul: "c:1", logging: { output: "/log" }, jobs: [{ name: "a", when: { source: "SIGUSR1" } }] }
              error: cannot start job[a]: SIGUSR1 reopens the log file
        "#]],
    );
}

#[test]
fn case_85_86_90_triggers_that_make_no_sense() {
    let bodies = [
        "once: \"startup\", each: \"startup\"",
        "once: \"startup\", interval: \"1s\"",
        "once: \"bogus\"",
        "source: \"global\", once: \"helthy\"",
        "",
        "source: \"global\"",
        "once: \"healthy\"",
        "once: \"shutdown\"",
        "source: \"a\", once: \"SIGHUP\"",
        "source: \"SIGHUP\", once: \"bogus\"",
        "interval: \"1s\", source: \"global\", timeout: \"x\"",
        "cron: \"* * * * *\"",
        "once: []",
    ];
    let bodies = bodies.map(|when| format!("name: \"a\", exec: \"x\", when: {{ {when} }}"));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
            name: "a", exec: "x", when: { once: "startup", each: "startup" }
              error: job[a].when can have only one of 'interval', 'once', or 'each'
            name: "a", exec: "x", when: { once: "startup", interval: "1s" }
              error: job[a].when can have only one of 'interval', 'once', or 'each'
            name: "a", exec: "x", when: { once: "bogus" }
              error: unable to parse job[a].when.event: bogus is not a valid event code
            name: "a", exec: "x", when: { source: "global", once: "helthy" }
              error: unable to parse job[a].when.event: helthy is not a valid event code
              hint: did you mean `healthy`?
            name: "a", exec: "x", when: {  }
              error: cannot start job[a]: 'when' names no event
              hint: add 'once', 'each' or 'interval', or leave 'when' out to start at once
            name: "a", exec: "x", when: { source: "global" }
              error: cannot start job[a]: 'when' has a 'source' but no event
              hint: add 'once', 'each' or 'interval', or leave 'when' out to start at once
            name: "a", exec: "x", when: { once: "healthy" }
              error: cannot start job[a]: `healthy` needs a 'source'
              hint: add the name of a job, or `watch.` and the name of a watch, as 'source'
            name: "a", exec: "x", when: { once: "shutdown" }
              error: cannot start job[a]: on `shutdown` every job stops, and none starts
              hint: wait for a job instead: `{source: "<job>", once: "stopping"}`
            name: "a", exec: "x", when: { source: "a", once: "SIGHUP" }
              error: cannot start job[a]: `a` has no event `SIGHUP`
              hint: write `source: "SIGHUP"`
            name: "a", exec: "x", when: { source: "SIGHUP", once: "bogus" }
              error: unable to parse job[a].when.event: bogus is not a valid event code
            name: "a", exec: "x", when: { interval: "1s", source: "global", timeout: "x" }
              warning: job[a].when.source has no effect beside 'interval'
              warning: job[a].when.timeout has no effect beside 'interval'
            name: "a", exec: "x", when: { cron: "* * * * *" }
              error: cannot use key `cron`: not supported yet
            name: "a", exec: "x", when: { once: [] }
              error: 'job[a].when.once' expected type 'string', got unconvertible type '[]interface {}'
        "#]],
    );
}

#[test]
fn global_is_implied() {
    for word in ["startup", "enterMaintenance", "exitMaintenance"] {
        let job = job(&format!("name: \"a\", when: {{ each: \"{word}\" }}"));
        let event = Event::global(EventKind::parse(word).unwrap());
        assert_eq!(job.when, When::Each(Condition::Event(event)));
    }
}

#[test]
fn sources_are_what_they_say() {
    let cases = [
        ("setup", "exitSuccess", Source::Job("setup".into())),
        ("watch.db", "changed", Source::Watch("db".into())),
    ];
    for (source, word, expected) in cases {
        let text = two(
            "",
            &format!("when: {{ source: \"{source}\", once: \"{word}\", timeout: \"45s\" }}"),
        );
        let job = loaded(&text).spec.jobs.remove(1);
        let event = Event::new(EventKind::parse(word).unwrap(), expected);
        assert_eq!(job.when, When::Once(Condition::Event(event)));
        assert_eq!(job.start_within, Some(Duration::from_secs(45)));
    }
}

#[test]
fn case_91_sources_that_do_not_exist() {
    check(
        &two("", "when: { source: \"stup\", once: \"exitSuccess\" }"),
        &expect![[r#"
            error: cannot start job[app]: its source `stup` does not exist
              --> app.json5:3:54
            3 |            { name: "app", exec: "y", when: { source: "stup", once: "exitSuccess" } } ] }
              |                                                      ^^^^^^
            hint: did you mean `setup`?"#]],
    );
    let sources = [
        "db",
        "watch.bd",
        "check.nobody",
        "template.x",
        "globl",
        "nothing-like-it",
        "containerpilot",
    ];
    check_sources(
        &sources.map(|source| (source, "healthy")),
        &expect![[r#"
        when: { source: "db", once: "healthy" }
          error: cannot start job[app]: its source `db` does not exist
          hint: did you mean `watch.db`?
        when: { source: "watch.bd", once: "healthy" }
          error: cannot start job[app]: its source `watch.bd` does not exist
          hint: did you mean `watch.db`?
        when: { source: "check.nobody", once: "healthy" }
          error: cannot start job[app]: its source `check.nobody` does not exist
        when: { source: "template.x", once: "healthy" }
          error: cannot start job[app]: its source `template.x` does not exist
        when: { source: "globl", once: "healthy" }
          error: cannot start job[app]: its source `globl` does not exist
          hint: did you mean `global`?
        when: { source: "nothing-like-it", once: "healthy" }
          error: cannot start job[app]: its source `nothing-like-it` does not exist
        when: { source: "containerpilot", once: "healthy" }
          error: cannot start job[app]: its source `containerpilot` does not exist
    "#]],
    );
}

#[test]
fn events_that_never_come() {
    let cases = [
        ("setup", "healthy"),
        ("setup", "changed"),
        ("setup", "timerExpired"),
        ("setup", "quit"),
        ("setup", "startup"),
        ("watch.db", "exitSuccess"),
        ("check.setup", "exitSuccess"),
        ("check.setup", "healthy"),
        ("global", "exitFailed"),
        ("setup", "error"),
        ("setup", "stopped"),
    ];
    check_sources(
        &cases,
        &expect![[r#"
            when: { source: "setup", once: "healthy" }
              error: cannot start job[app]: job[setup] has no 'health', so `healthy` never comes
            when: { source: "setup", once: "changed" }
              error: cannot start job[app]: a job has no event `changed`
              hint: it has exitSuccess, exitFailed, healthy, unhealthy, stopping, stopped, timerExpired
            when: { source: "setup", once: "timerExpired" }
              error: cannot start job[app]: job[setup] has no 'when.timeout', so `timerExpired` never comes
            when: { source: "setup", once: "quit" }
              error: cannot start job[app]: a job has no event `quit`
              hint: it has exitSuccess, exitFailed, healthy, unhealthy, stopping, stopped, timerExpired
            when: { source: "setup", once: "startup" }
              error: cannot start job[app]: a job has no event `startup`
              hint: it has exitSuccess, exitFailed, healthy, unhealthy, stopping, stopped, timerExpired
            when: { source: "watch.db", once: "exitSuccess" }
              error: cannot start job[app]: a watch has no event `exitSuccess`
              hint: it has changed, healthy, unhealthy, stale, fresh
            when: { source: "check.setup", once: "exitSuccess" }
              error: cannot start job[app]: job[setup] has no 'health.exec', so its check runs nothing
            when: { source: "check.setup", once: "healthy" }
              error: cannot start job[app]: a health check has no event `healthy`
              hint: it has exitSuccess, exitFailed
            when: { source: "global", once: "exitFailed" }
              error: cannot start job[app]: `global` has no event `exitFailed`
              hint: it has startup, enterMaintenance, exitMaintenance
            when: { source: "setup", once: "error" }
              accepted
            when: { source: "setup", once: "stopped" }
              accepted
        "#]],
    );
}

#[test]
fn a_job_that_runs_nothing_never_exits() {
    let text = "{ catalog: \"none\", jobs: [{ name: \"a\" },
        { name: \"b\", exec: \"x\", when: { source: \"a\", once: \"exitSuccess\" } }] }";
    check(
        text,
        &expect![[r#"
        error: cannot start job[b]: job[a] has no 'exec', so `exitSuccess` never comes
          --> app.json5:2:49
        2 |         { name: "b", exec: "x", when: { source: "a", once: "exitSuccess" } }] }
          |                                                 ^^^"#]],
    );
}

#[test]
fn jobs_that_wait_for_each_other() {
    let when =
        |source: &str, word: &str| format!("when: {{ source: \"{source}\", once: \"{word}\" }}");
    let texts = [
        two(&when("app", "exitSuccess"), &when("setup", "exitSuccess")),
        two(&when("app", "stopping"), &when("setup", "stopped")),
        two(&when("setup", "exitFailed"), &when("setup", "exitSuccess")),
        two(&when("setup", "stopping"), ""),
        two(&when("app", "exitSuccess"), &when("setup", "stopping")),
        two(
            &when("missing", "exitSuccess"),
            &when("setup", "exitSuccess"),
        ),
    ];
    check_reasons(
        texts.each_ref().map(String::as_str),
        &expect![[r#"
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "app", once: "exitSuccess" } },
                   { name: "app", exec: "y", when: { source: "setup", once: "exitSuccess" } } ] }
          error: job[setup] can never start: it waits for job[app], which waits for job[setup]
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "app", once: "stopping" } },
                   { name: "app", exec: "y", when: { source: "setup", once: "stopped" } } ] }
          error: job[setup] can never stop: it waits for job[app], which waits for job[setup]
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "setup", once: "exitFailed" } },
                   { name: "app", exec: "y", when: { source: "setup", once: "exitSuccess" } } ] }
          error: job[setup] can never start: it waits for itself
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "setup", once: "stopping" } },
                   { name: "app", exec: "y",  } ] }
          error: job[setup] can never stop: it waits for itself
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "app", once: "exitSuccess" } },
                   { name: "app", exec: "y", when: { source: "setup", once: "stopping" } } ] }
          accepted
        { consul: "c:1", watches: [{ name: "db", interval: 1 }], jobs: [
                   { name: "setup", exec: "x", when: { source: "missing", once: "exitSuccess" } },
                   { name: "app", exec: "y", when: { source: "setup", once: "exitSuccess" } } ] }
          error: cannot start job[setup]: its source `missing` does not exist
    "#]],
    );
}

#[test]
fn all_and_any() {
    let all = "when: { all: [{ source: \"setup\", event: \"exitSuccess\" }, { source: \"watch.db\", event: \"healthy\" }] }";
    let job = loaded(&two("", all)).spec.jobs.remove(1);
    let When::Once(Condition::All(parts)) = &job.when else {
        panic!("{:?}", job.when);
    };
    assert_eq!(parts.len(), 2);
    let any = "when: { each: true, any: [{ event: \"startup\" }, { source: \"SIGHUP\" },
        { all: [{ source: \"watch.db\", event: \"changed\" }, { source: \"setup\", event: \"stopped\" }] }] }";
    let job = loaded(&two("", any)).spec.jobs.remove(1);
    let When::Each(Condition::Any(parts)) = &job.when else {
        panic!("{:?}", job.when);
    };
    assert!(matches!(&parts[2], Condition::All(inner) if inner.len() == 2));
}

#[test]
fn all_and_any_that_make_no_sense() {
    let bodies = [
        "all: []",
        "all: {}",
        "all: [{ event: \"startup\" }], any: [{ event: \"startup\" }]",
        "all: [{ event: \"startup\" }], source: \"a\"",
        "all: [{ event: \"startup\" }], once: true, each: true",
        "all: [{ event: \"startup\" }], each: \"healthy\"",
        "any: [{ source: \"global\" }, { event: \"healthy\" }, { event: \"bogus\" }]",
        "any: [{ source: \"nobody\", event: \"healthy\" }, { event: \"startup\" }]",
        "any: [{ all: [{ event: \"startup\" }], event: \"startup\" }]",
        "any: [{ source: \"a\", event: \"exitSuccess\" }, { event: \"startup\" }]",
    ];
    let bodies = bodies.map(|when| format!("name: \"a\", exec: \"x\", when: {{ {when} }}"));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
            name: "a", exec: "x", when: { all: [] }
              error: cannot wait for '[0].when.all': the list is empty
            name: "a", exec: "x", when: { all: {} }
              error: '[0].when.all': source data must be an array or slice, got map
            name: "a", exec: "x", when: { all: [{ event: "startup" }], any: [{ event: "startup" }] }
              error: job[a].when can have only one of 'all' or 'any'
            name: "a", exec: "x", when: { all: [{ event: "startup" }], source: "a" }
              error: job[a].when can have neither 'interval' nor 'source' beside 'all' or 'any'
            name: "a", exec: "x", when: { all: [{ event: "startup" }], once: true, each: true }
              error: job[a].when can have only one of 'once' or 'each'
            name: "a", exec: "x", when: { all: [{ event: "startup" }], each: "healthy" }
              error: cannot parse 'job[a].when.each' as bool: strconv.ParseBool: parsing "healthy": invalid syntax
              hint: beside 'all' or 'any', write `each: true`
            name: "a", exec: "x", when: { any: [{ source: "global" }, { event: "healthy" }, { event: "bogus" }] }
              error: job[a].when needs an 'event' here
              error: cannot start job[a]: `healthy` needs a 'source'
              hint: add the name of a job, or `watch.` and the name of a watch, as 'source'
              error: unable to parse job[a].when.event: bogus is not a valid event code
            name: "a", exec: "x", when: { any: [{ source: "nobody", event: "healthy" }, { event: "startup" }] }
              error: cannot start job[a]: its source `nobody` does not exist
            name: "a", exec: "x", when: { any: [{ all: [{ event: "startup" }], event: "startup" }] }
              error: '[0].when.any[0]' can have only one of 'event', 'all', or 'any'
            name: "a", exec: "x", when: { any: [{ source: "a", event: "exitSuccess" }, { event: "startup" }] }
              accepted
        "#]],
    );
    let text = two(
        "",
        "restarts: \"unlimited\", when: { each: true, any: [{ event: \"startup\" }] }",
    );
    assert!(load(&text).is_err());
}

#[test]
fn what_comes_too_early_may_be_kept() {
    let well = "health: { exec: \"h\", interval: 1, ttl: 5 }";
    let when = "each: \"exitSuccess\", source: \"setup\"";
    let job = |more: &str| {
        let loaded = load(&two(well, &format!("when: {{ {when}, {more} }}"))).unwrap();
        loaded.spec.jobs[1].clone()
    };
    let healthy = Event::new(EventKind::Healthy, Source::Job("setup".into()));
    let after = job("after: { source: \"setup\", event: \"healthy\" }, settle: \"1500ms\"");
    assert_eq!(after.after, Some(healthy));
    assert_eq!(after.settle, Duration::from_millis(1500));
    // From the start, if nothing is named.
    let startup = Event::global(EventKind::Startup);
    assert_eq!(job("settle: 3").after, Some(startup));
    assert_eq!(job("settle: 0").after, None);
    let bodies = [
        "after: \"setup\"",
        "after: { any: [{ source: \"setup\", event: \"healthy\" }, { event: \"startup\" }] }",
        "after: { source: \"nobody\", event: \"healthy\" }",
        "after: { source: \"setup\" }",
        "settle: \"soon\"",
        "settle: \"-3s\"",
    ];
    let said = bodies.map(|more| reasons(more, &two(well, &format!("when: {{ {when}, {more} }}"))));
    expect![[r#"
        after: "setup"
          error: '[1].when.after' expected a map, got 'string'
        after: { any: [{ source: "setup", event: "healthy" }, { event: "startup" }] }
          error: job[app].when.after must be one event
        after: { source: "nobody", event: "healthy" }
          error: cannot start job[app]: its source `nobody` does not exist
        after: { source: "setup" }
          error: job[app].when needs an 'event' here
        settle: "soon"
          error: unable to parse job[app].when.settle 'soon': time: invalid duration soon
        settle: "-3s"
          error: job[app].when.settle '-3s' cannot be negative
    "#]]
    .assert_eq(&said.concat());
}
