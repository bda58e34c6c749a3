//! What ContainerPilot 3 did not have.

use std::time::Duration;

use expect_test::expect;
use pilot_core::spec::{Backoff, OnChange, Output, Overlap, StopSpec, TemplateSource, Wait};

use crate::harness::{check_jobs, check_reasons, job, loaded};

#[test]
fn commands_run_where_the_job_says() {
    let job = job(
        "name: \"a\", exec: \"x\", env: { A: \"1\", b: 2 }, cwd: \"/srv\", user: \"app\", group: 1000,
         logging: { raw: true }, health: { exec: \"y\", interval: 1, ttl: 5 }",
    );
    let exec = job.exec.unwrap();
    assert_eq!(
        exec.env,
        [
            ("A".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned())
        ]
    );
    assert_eq!(
        (exec.cwd.as_deref(), exec.user.as_deref()),
        (Some("/srv"), Some("app"))
    );
    assert_eq!(
        (exec.group.as_deref(), exec.output),
        (Some("1000"), Output::Raw)
    );
    let check = job.health.unwrap().exec.unwrap();
    assert_eq!(
        (check.user.as_deref(), check.output),
        (Some("app"), Output::Logged)
    );
    assert_eq!(check.env, exec.env);
}

#[test]
fn one_job_has_the_terminal() {
    let job = job(
        "name: \"a\", exec: \"sh\", terminal: true, health: { exec: \"y\", interval: 1, ttl: 5 }",
    );
    assert!(job.exec.unwrap().terminal);
    assert!(!job.health.unwrap().exec.unwrap().terminal);
    check_jobs(
        &[
            "name: \"a\", exec: \"sh\", terminal: true }, { name: \"b\", exec: \"x\", terminal: false",
            "name: \"a\", exec: \"sh\", terminal: true }, { name: \"b\", exec: \"sh\", terminal: true",
        ],
        &expect![[r#"
            name: "a", exec: "sh", terminal: true }, { name: "b", exec: "x", terminal: false
              accepted
            name: "a", exec: "sh", terminal: true }, { name: "b", exec: "sh", terminal: true
              error: cannot give the terminal to `b`: `a` has it
        "#]],
    );
}

#[test]
fn stopping() {
    let job =
        job("name: \"a\", exec: \"x\", stopSignal: \"quit\", stopTimeout: \"20s\", drain: \"2s\"");
    let second = Duration::from_secs;
    let stop = StopSpec {
        signal: pilot_core::Signal::QUIT,
        timeout: Some(second(20)),
        drain: second(2),
    };
    assert_eq!(job.stop, stop);
    check_jobs(
        &[
            "name: \"a\", exec: \"x\", stopSignal: \"SIGNOPE\"",
            "name: \"a\", exec: \"x\", drain: \"-2s\"",
            "name: \"a\", exec: \"x\", drain: \"soon\"",
        ],
        &expect![[r#"
            name: "a", exec: "x", stopSignal: "SIGNOPE"
              error: cannot use `SIGNOPE` as job[a].stopSignal: not a signal
              hint: write a name such as "SIGQUIT"
            name: "a", exec: "x", drain: "-2s"
              error: job[a].drain '-2s' cannot be negative
            name: "a", exec: "x", drain: "soon"
              error: unable to parse job[a].drain 'soon': time: invalid duration soon
        "#]],
    );
}

#[test]
fn backoff_and_overlap() {
    assert_eq!(job("name: \"a\", backoff: \"none\"").backoff, Backoff::None);
    let expected = Backoff::Exponential {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(60),
        reset: Duration::from_secs(10),
    };
    assert_eq!(
        job("name: \"a\", backoff: { initial: \"1s\", max: \"1m\" }").backoff,
        expected
    );
    assert_eq!(
        job("name: \"a\", overlap: \"replace\"").overlap,
        Overlap::Replace
    );
    check_jobs(
        &[
            "name: \"a\", backoff: \"some\"",
            "name: \"a\", backoff: { initial: \"1m\", max: \"1s\", foo: 1 }",
            "name: \"a\", backoff: { initial: \"x\" }",
            "name: \"a\", backoff: 5",
            "name: \"a\", overlap: \"wait\"",
        ],
        &expect![[r#"
            name: "a", backoff: "some"
              error: cannot use `some` as job[a].backoff
              hint: "none" or {initial: "500ms", max: "30s", reset: "10s"}
            name: "a", backoff: { initial: "1m", max: "1s", foo: 1 }
              error: job[a].backoff.initial cannot be longer than 'max'
              error: cannot use key `foo`: '[0].backoff' has invalid keys: foo
            name: "a", backoff: { initial: "x" }
              error: unable to parse job[a].backoff.initial 'x': time: invalid duration x
            name: "a", backoff: 5
              error: '[0].backoff' expected a map, got 'float64'
            name: "a", overlap: "wait"
              error: cannot use `wait` as job[a].overlap
              hint: one of skip, queue, replace
        "#]],
    );
}

#[test]
fn one_job_is_essential() {
    let role = job("name: \"a\", exec: \"x\", essential: true").role;
    assert_eq!(role, pilot_core::spec::Role::Essential);
    let role = job("name: \"a\", exec: \"x\", essential: \"failure\"").role;
    assert_eq!(role, pilot_core::spec::Role::Veto);
    check_reasons(
        [
            "{ jobs: [{ name: \"a\", exec: \"x\", essential: true }, { name: \"b\", exec: \"x\", essential: \"failure\" }] }",
            "{ jobs: [{ name: \"a\", essential: \"failure\" }, { name: \"b\", exec: \"x\", essential: \"failing\" }] }",
            "{ jobs: [{ name: \"a\", exec: \"x\", essential: true }, { name: \"b\", exec: \"x\", essential: true }] }",
            "{ jobs: [{ name: \"a\", essential: true }, { name: \"b\", exec: \"x\", essential: false }] }",
        ],
        &expect![[r#"
            { jobs: [{ name: "a", exec: "x", essential: true }, { name: "b", exec: "x", essential: "failure" }] }
              accepted
            { jobs: [{ name: "a", essential: "failure" }, { name: "b", exec: "x", essential: "failing" }] }
              error: job[a] cannot be essential: it has no 'exec' whose end could count
              error: cannot parse '[1].essential' as bool: strconv.ParseBool: parsing "failing": invalid syntax
              hint: true, false, or "failure" for a job whose failure alone counts
            { jobs: [{ name: "a", exec: "x", essential: true }, { name: "b", exec: "x", essential: true }] }
              error: cannot have two essential jobs: job[a] is one already
            { jobs: [{ name: "a", essential: true }, { name: "b", exec: "x", essential: false }] }
              error: job[a] cannot be essential: it has no 'exec' whose end could count
        "#]],
    );
}

#[test]
fn keys_that_are_to_come() {
    check_jobs(
        &[
            "name: \"a\", ready: {}, limits: {}",
            "name: \"a\", health: { http: \"/\", interval: 1, ttl: 5 }",
        ],
        &expect![[r#"
            name: "a", ready: {}, limits: {}
              error: cannot use key `ready`: not supported yet
              error: cannot use key `limits`: not supported yet
            name: "a", health: { http: "/", interval: 1, ttl: 5 }
              error: cannot use key `http`: not supported yet
        "#]],
    );
    check_reasons(
        ["{ consul: \"c:1\", locks: [] }"],
        &expect![[r#"
        { consul: "c:1", locks: [] }
          error: cannot use key `locks`: not supported yet
    "#]],
    );
}

#[test]
fn templates() {
    let config = loaded(
        "{ jobs: [{ name: \"nginx\", exec: \"nginx\" },
             { name: \"seen\", exec: \"x\", when: { source: \"template.nginx.conf\", each: \"changed\" } }],
           templates: [
             { source: \"/etc/nginx.ctmpl\", destination: \"/etc/nginx.conf\", check: [\"nginx\", \"-t\", \"-c\", \"{}\"],
               perms: \"0640\", user: \"nginx\", group: 5, wait: \"1s\", onChange: { signal: \"HUP\", job: \"nginx\" } },
             { name: \"motd\", contents: \"hello\", destination: \"/etc/motd\", wait: { min: \"1s\", max: \"3s\" },
               onChange: { exec: \"wall\", timeout: \"5s\" } },
             { contents: \"\", destination: \"/a\", onChange: { restart: \"nginx\" } },
             { contents: \"\", destination: \"/b\", onChange: \"none\" } ] }",
    );
    let templates = config.spec.templates;
    assert_eq!(templates[0].name.as_str(), "nginx.conf");
    assert_eq!(
        templates[0].source,
        TemplateSource::File("/etc/nginx.ctmpl".into())
    );
    assert_eq!(
        (templates[0].perms, templates[0].group.as_deref()),
        (Some(0o640), Some("5"))
    );
    assert_eq!(
        templates[0].wait,
        Wait {
            min: Duration::from_secs(1),
            max: Duration::from_secs(10)
        }
    );
    assert_eq!(
        templates[1].wait,
        Wait {
            min: Duration::from_secs(1),
            max: Duration::from_secs(3)
        }
    );
    let exec = matches!(
        &templates[1].on_change,
        OnChange::Exec {
            timeout: Some(_),
            ..
        }
    );
    assert!(exec, "{:?}", templates[1].on_change);
    assert_eq!(
        templates[2].on_change,
        OnChange::Restart {
            job: "nginx".into()
        }
    );
    assert_eq!(
        (&templates[3].on_change, templates[3].wait),
        (&OnChange::None, Wait::DEFAULT)
    );
}

#[test]
fn templates_that_make_no_sense() {
    let entries = [
        "{}",
        "{ source: \"/a\", contents: \"b\", destination: \"/c\" }",
        "{ source: \"/a\", destination: \"/c\", perms: 644 }",
        "{ source: \"/a\", destination: \"/c\", perms: \"rw\" }",
        "{ source: \"/a\", destination: \"/c\", check: \"\" }",
        "{ source: \"/a\", destination: \"/c\", onChange: \"reload\" }",
        "{ source: \"/a\", destination: \"/c\", onChange: { signal: \"HUP\" } }",
        "{ source: \"/a\", destination: \"/c\", onChange: { signal: \"HOP\", job: \"b\" } }",
        "{ source: \"/a\", destination: \"/c\", onChange: { restart: \"nobody\" } }",
        "{ source: \"/a\", destination: \"/c\", onChange: { restart: \"app\", signal: \"HUP\" } }",
        "{ source: \"/a\", destination: \"/c\", onChange: { restart: \"app\", timeout: \"1s\", job: \"app\" } }",
        "{ source: \"/a\", destination: \"/c\", wait: { min: \"3s\", max: \"1s\" } }",
        "{ source: \"/a\", destination: \"/c\", wait: \"x\" }",
        "{ source: \"/a\", destination: \"/c\", onchange2: 1 }",
        "{ source: \"/a\", destination: \"/c\" }, { source: \"/b\", destination: \"/c\" }",
    ];
    let texts = entries.map(|entry| {
        format!("{{ jobs: [{{ name: \"app\", exec: \"x\" }}], templates: [{entry}] }}")
    });
    check_reasons(
        texts.each_ref().map(String::as_str),
        &expect![[r#"
        { jobs: [{ name: "app", exec: "x" }], templates: [{}] }
          error: template[] must have a 'source' or 'contents'
          error: template[] must have a 'destination'
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", contents: "b", destination: "/c" }] }
          error: template[c] can have only one of 'source' or 'contents'
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", perms: 644 }] }
          accepted
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", perms: "rw" }] }
          error: cannot use `rw` as template[c].perms: not permission bits
          hint: write octal digits as text, such as "0640"
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", check: "" }] }
          error: unable to create template[c].check: received zero-length argument
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: "reload" }] }
          error: cannot use this as template[c].onChange
          hint: one of "none", {signal, job}, {exec, timeout}, {restart: job}
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: { signal: "HUP" } }] }
          error: template[c].onChange must say which 'job' gets the signal
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: { signal: "HOP", job: "b" } }] }
          error: cannot use `HOP` as template[c].onChange.signal: not a signal
          error: cannot find job `b`, which template[c].onChange names
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: { restart: "nobody" } }] }
          error: cannot find job `nobody`, which template[c].onChange names
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: { restart: "app", signal: "HUP" } }] }
          error: cannot use this as template[c].onChange
          hint: one of "none", {signal, job}, {exec, timeout}, {restart: job}
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onChange: { restart: "app", timeout: "1s", job: "app" } }] }
          warning: template[c].onChange.job has no effect here
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", wait: { min: "3s", max: "1s" } }] }
          error: template[c].wait.min cannot be longer than 'max'
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", wait: "x" }] }
          error: unable to parse template[c].wait 'x': time: invalid duration x
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c", onchange2: 1 }] }
          error: cannot use key `onchange2`: '[0]' has invalid keys: onchange2
          hint: did you mean `onChange`?
        { jobs: [{ name: "app", exec: "x" }], templates: [{ source: "/a", destination: "/c" }, { source: "/b", destination: "/c" }] }
          error: cannot have two templates with the name `c`
          error: cannot have two templates write `/c`
    "#]],
    );
}
