//! Section O: files of ContainerPilot 1 and 2, as far as it is about loading.

use std::time::Duration;

use expect_test::{Expect, expect, expect_file};
use pilot_config::{Config, Dialect, Level, MetricKind};
use pilot_core::{
    Event, EventKind, Signal, Source,
    spec::{
        AskedStatus, Beat, Condition, First, InMaintenance, JobSpec, OnReload, Output, Overlap,
        Restarts, Role, Stay, Subject, Turn, WatchSpec, When,
    },
};

use crate::harness::{load_around, reasons_of, shown};

const PROGRAM: [&str; 2] = ["node", "app.js"];

#[track_caller]
fn loaded(text: &str) -> Config {
    match load_around(&PROGRAM, text, &[]) {
        Ok(config) => config,
        Err(problems) => panic!("{problems}"),
    }
}

#[track_caller]
fn job<'c>(config: &'c Config, name: &str) -> &'c JobSpec {
    let names: Vec<&str> = config
        .spec
        .jobs
        .iter()
        .map(|job| job.name.as_str())
        .collect();
    let job = config
        .spec
        .jobs
        .iter()
        .find(|job| job.name.as_str() == name);
    job.unwrap_or_else(|| panic!("no job {name} among {names:?}"))
}

fn argv(job: &JobSpec) -> Vec<&str> {
    let exec = job.exec.as_ref().expect("a job that runs something");
    exec.argv.iter().map(String::as_str).collect()
}

/// Puts a section in a configuration with Consul.
fn with(section: &str) -> String {
    format!("{{ \"consul\": \"c:8500\", {section} }}")
}

/// Compares the reasons that several sections give.
#[track_caller]
fn check_sections(sections: &[&str], expect: &Expect) {
    let said = |section: &&str| {
        let loaded = load_around(&PROGRAM, &with(section), &[]);
        reasons_of(section, loaded)
    };
    expect.assert_eq(&sections.iter().map(said).collect::<String>());
}

/// Compares everything that is said about a text, with places.
#[track_caller]
fn check(text: &str, expect: &Expect) {
    let said = match load_around(&PROGRAM, text, &[]) {
        Ok(config) => shown(&config.warnings),
        Err(problems) => problems.to_string(),
    };
    expect.assert_eq(&said);
}

fn on(kind: EventKind, source: &str) -> Event {
    Event::new(kind, Source::Job(source.into()))
}

#[test]
fn case_197_inline_json_with_program_words() {
    let config = loaded(
        "{ \"consul\": \"consul:8500\",
          \"services\": [
            { \"name\": \"serviceA\", \"port\": 8080, \"interfaces\": \"eth0\",
              \"health\": [\"/bin/to/healthcheck/for/service/A.sh\", \"A\"],
              \"poll\": 30, \"ttl\": \"19\", \"tags\": [\"tag1\", \"tag2\"] },
            { \"name\": \"serviceB\", \"port\": 5000, \"interfaces\": [\"eth1\", \"eth0\"],
              \"health\": \"/bin/to/healthcheck B\", \"poll\": 30, \"ttl\": 103 } ],
          \"backends\": [
            { \"name\": \"upstreamA\", \"poll\": 11, \"onChange\": \"/bin/handler.sh A\", \"tag\": \"dev\" },
            { \"name\": \"upstreamB\", \"poll\": 79, \"onChange\": \"/bin/handler.sh B\" } ] }",
    );
    assert_eq!(config.dialect, Dialect::V2);
    let a = job(&config, "serviceA").service.as_ref().unwrap();
    let b = job(&config, "serviceB").service.as_ref().unwrap();
    assert_eq!(a.ttl, Duration::from_secs(19));
    assert_eq!(a.tags, ["tag1", "tag2"]);
    assert_eq!(
        (a.address.as_str(), b.address.as_str()),
        ("10.2.0.1", "10.0.0.100")
    );
    let watches = &config.spec.watches;
    let tags: Vec<_> = watches.iter().map(|watch| tag(watch)).collect();
    assert_eq!(tags, [Some("dev"), None]);
    assert_eq!(
        argv(job(&config, "onChange-upstreamA")),
        ["/bin/handler.sh", "A"]
    );
    let app = job(&config, "app");
    assert_eq!(argv(app), PROGRAM);
    assert_eq!(app.role, Role::Essential);
    assert_eq!(app.reload, OnReload::Fixed);
    assert_eq!(app.exec.as_ref().unwrap().output, Output::Raw);
}

#[test]
fn case_198_one_catalog() {
    check(
        "{}",
        &expect![[r#"
        error: No discovery backend defined
          --> app.json5:1:1
        1 | {}
          | ^
        hint: add `"consul": "localhost:8500"`, or `"catalog": "none"` to do without"#]],
    );
    check_sections(
        &[
            "\"etcd\": { \"endpoints\": \"http://e:2379\" }",
            "\"services\": []",
        ],
        &expect![[r#"
            "etcd": { "endpoints": "http://e:2379" }
              error: More than one discovery backend defined
            "services": []
              accepted
        "#]],
    );
    let etcd = [
        "{ \"etcd\": { \"endpoints\": \"http://e:2379\" } }",
        "{ \"etcd\": { \"endpoints\": [\"http://e:2379\", 5, \"http://f:2379\"], \"prefix\": \"/services\" } }",
        "{ \"etcd\": {} }",
        "{ \"etcd\": { \"endpoints\": [5] } }",
    ];
    // Case 219: endpoints as a text or a list, in which what is no text is passed over.
    let list = load_around(&PROGRAM, etcd[1], &[]).unwrap();
    let pilot_config::Catalog::Etcd(found) = list.catalog else {
        panic!("{:?}", list.catalog);
    };
    assert_eq!(found.endpoints, ["http://e:2379", "http://f:2379"]);
    assert_eq!((&*found.prefix, &*found.keys), ("/services", "/"));
    let said: String = etcd
        .iter()
        .map(|text| reasons_of(text, load_around(&PROGRAM, text, &[])))
        .collect();
    expect![[r#"
        { "etcd": { "endpoints": "http://e:2379" } }
          accepted
        { "etcd": { "endpoints": ["http://e:2379", 5, "http://f:2379"], "prefix": "/services" } }
          accepted
        { "etcd": {} }
          error: Must provide etcd endpoints
          hint: such as `"http://localhost:2379"`
        { "etcd": { "endpoints": [5] } }
          error: Must provide etcd endpoints
          hint: such as `"http://localhost:2379"`
    "#]]
    .assert_eq(&said);
}

#[test]
fn case_199_parse_positions() {
    check(
        "<>",
        &expect![[r#"
        error: parse error at line:col [1:1]: invalid character '<' looking for beginning of value
            1: <>
        -------^
          --> app.json5:1:1"#]],
    );
    check(
        "{ \"consul\": \"c\",\n   \"tests\": , \"test2\": \"hello\"}",
        &expect![[r#"
            error: parse error at line:col [2:13]: invalid character ',' looking for beginning of value
                1: { "consul": "c",
                2:    "tests": , "test2": "hello"}
            -------------------^
              --> app.json5:2:13"#]],
    );
    // JSON5 takes the key without quotes; that nobody knows it is told at the same place.
    check(
        "{\n  \"consul\": \"c\",\n  \"services\": [],\n  \"tasks\": [],\n    test: 1\n}",
        &expect![[r#"
            error: cannot use key `test`: unknown config keys: [test]
              --> app.json5:5:5
            5 |     test: 1
              |     ^^^^"#]],
    );
    check(
        "{ \"consul\": \"c\",\n  \"services\": [ {}, , ] }",
        &expect![[r#"
            error: parse error at line:col [2:21]: invalid character ',' looking for beginning of value
                1: { "consul": "c",
                2:   "services": [ {}, , ] }
            ---------------------------^
              --> app.json5:2:21
            hint: do you have an extra comma somewhere?"#]],
    );
}

#[test]
fn case_200_services() {
    check_sections(
        &[
            "\"services\": [{ \"name\": \"\", \"port\": 1, \"poll\": 1, \"ttl\": 1 }]",
            "\"services\": [{ \"port\": 1, \"poll\": 1, \"ttl\": 1 }]",
            "\"services\": [{ \"name\": \"myName\" }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 70000, \"poll\": \"x\", \"ttl\": 1 }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 1, \"poll\": 1, \"ttl\": 1 }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 1, \"poll\": 1, \"ttl\": 1, \"health\": \"/x\", \"timeout\": \"xx\" }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 1, \"poll\": 1, \"ttl\": 1, \"health\": \"\" }]",
            "\"services\": [{ \"name\": \"my_name\", \"port\": 1, \"poll\": 9, \"ttl\": 5, \"interfaces\": \"eth7\" }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 1, \"poll\": 1, \"ttl\": 1, \"consul\": { \"deregisterCriticalServiceAfter\": \"nope\" } }]",
            "\"services\": [{ \"name\": \"myName\", \"port\": 1, \"poll\": 1, \"ttl\": 1, \"prot\": 2 }]",
            "\"services\": [{ \"name\": \"ab\", \"port\": 1, \"poll\": 1, \"ttl\": 1 }, { \"name\": \"ab\", \"port\": 2, \"poll\": 1, \"ttl\": 1 }]",
            "\"services\": { \"name\": \"ab\" }",
        ],
        &expect![[r#"
            "services": [{ "name": "", "port": 1, "poll": 1, "ttl": 1 }]
              error: `name` must not be blank
            "services": [{ "port": 1, "poll": 1, "ttl": 1 }]
              error: `name` must not be blank
            "services": [{ "name": "myName" }]
              error: `poll` must be > 0 in service myName
              error: `ttl` must be > 0 in service myName
              error: `port` must be > 0 in service myName
            "services": [{ "name": "myName", "port": 70000, "poll": "x", "ttl": 1 }]
              error: cannot use 70000 as `port` in service myName: not between 0 and 65535
              error: cannot parse '[0].poll' as int: strconv.ParseInt: parsing "x": invalid syntax
            "services": [{ "name": "myName", "port": 1, "poll": 1, "ttl": 1 }]
              accepted
            "services": [{ "name": "myName", "port": 1, "poll": 1, "ttl": 1, "health": "/x", "timeout": "xx" }]
              error: Could not parse `health` in service myName: time: invalid duration xx
            "services": [{ "name": "myName", "port": 1, "poll": 1, "ttl": 1, "health": "" }]
              error: Could not parse `health` in service myName: received zero-length argument
            "services": [{ "name": "my_name", "port": 1, "poll": 9, "ttl": 5, "interfaces": "eth7" }]
              warning: service names must be alphanumeric with dashes to comply with service discovery: `my_name`
              hint: it is taken as it is; ContainerPilot 3 refuses it
              warning: `ttl` in service my_name is less than its `poll`: the service lapses between two checks
              hint: use at least 18 seconds
              error: none of the interface specifications were able to match
                Specifications: [eth7]
                Interfaces IPs: [eth0:10.2.0.1 eth0:192.168.1.100 eth1:10.0.0.100 eth1:10.0.0.200 eth2:10.1.0.200 eth2:fdc6:238c:c4bc::1 lo:::1 lo:127.0.0.1]
            "services": [{ "name": "myName", "port": 1, "poll": 1, "ttl": 1, "consul": { "deregisterCriticalServiceAfter": "nope" } }]
              error: Could not parse consul `deregisterCriticalServiceAfter` in service myName: time: invalid duration nope
            "services": [{ "name": "myName", "port": 1, "poll": 1, "ttl": 1, "prot": 2 }]
              error: cannot use key `prot`: '[0]' has invalid keys: prot
              hint: did you mean `port`?
            "services": [{ "name": "ab", "port": 1, "poll": 1, "ttl": 1 }, { "name": "ab", "port": 2, "poll": 1, "ttl": 1 }]
              error: cannot have two services with the name `ab`
              hint: they would be one in the catalog, with two ports
            "services": { "name": "ab" }
              error: unable to parse services: source data must be an array or slice, got map
        "#]],
    );
    check(
        &with(
            "\n  \"services\": [{ \"name\": \"myName\", \"port\": 1, \"ttl\": 10, \"poll\": 0 }]",
        ),
        &expect![[r#"
            error: `poll` must be > 0 in service myName
              --> app.json5:2:66
            2 |   "services": [{ "name": "myName", "port": 1, "ttl": 10, "poll": 0 }] }
              |                                                                  ^"#]],
    );
}

#[test]
fn a_service_without_a_check_is_always_healthy() {
    let config = loaded(&with(
        "\"services\": [{ \"name\": \"web\", \"port\": 80, \"poll\": 3, \"ttl\": 10, \"timeout\": \"0\" }]",
    ));
    let web = job(&config, "web");
    let health = web.health.as_ref().unwrap();
    assert_eq!(health.exec, None);
    assert_eq!(health.interval, Duration::from_secs(3));
    assert_eq!(health.timeout, None);
    assert_eq!((web.role, web.exec.is_none()), (Role::Companion, true));
    let service = web.service.as_ref().unwrap();
    assert_eq!(
        (service.id.as_str(), service.name.as_deref()),
        ("web-host", None)
    );
}

#[test]
fn what_has_no_name_is_told_by_its_place() {
    check_sections(
        &[
            "\"services\": [{ \"name\": \"web\", \"port\": 1, \"poll\": 1, \"ttl\": 5, \"interfaces\": \"lo\" }, { \"poll\": 0, \"ttl\": 5, \"port\": 80 }]",
            "\"backends\": [{ \"name\": \" \", \"poll\": 0 }]",
        ],
        &expect![[r#"
            "services": [{ "name": "web", "port": 1, "poll": 1, "ttl": 5, "interfaces": "lo" }, { "poll": 0, "ttl": 5, "port": 80 }]
              error: `name` must not be blank
              error: `poll` must be > 0 in service services[1]
            "backends": [{ "name": " ", "poll": 0 }]
              warning: service names must be alphanumeric with dashes to comply with service discovery: ` `
              hint: it is taken as it is; ContainerPilot 3 refuses it
              error: `onChange` is required in backend backends[0]
              error: `poll` must be > 0 in backend backends[0]
        "#]],
    );
}

#[test]
fn a_number_that_is_none_gets_a_hint_that_fits() {
    let hint = |key: &str, value: &str| {
        let text = with(&format!(
            "\"services\": [{{ \"name\": \"web\", \"{key}\": \"{value}\" }}]"
        ));
        let problems = load_around(&PROGRAM, &text, &[]).unwrap_err().to_string();
        let hint = problems
            .lines()
            .find_map(|line| line.strip_prefix("hint: "));
        hint.unwrap_or_default().to_owned()
    };
    assert_eq!(hint("port", "080"), "a 0 in front makes it octal: write 80");
    assert_eq!(hint("port", "80s"), "`port` is a whole number");
    assert_eq!(hint("poll", "5s"), "`poll` is a whole number of seconds");
}

#[test]
fn case_201_backends() {
    check_sections(
        &[
            "\"backends\": [{ \"name\": \"\", \"poll\": 1, \"onChange\": \"/x\" }]",
            "\"backends\": [{ \"name\": \"myName\", \"poll\": 1 }]",
            "\"backends\": [{ \"name\": \"myName\", \"poll\": 1, \"onChange\": \"\" }]",
            "\"backends\": [{ \"name\": \"myName\", \"poll\": 1, \"onChange\": \"/x\", \"timeout\": \"xx\" }]",
            "\"backends\": [{ \"name\": \"myName\", \"onChange\": \"/x\" }]",
        ],
        &expect![[r#"
            "backends": [{ "name": "", "poll": 1, "onChange": "/x" }]
              error: `name` must not be blank
            "backends": [{ "name": "myName", "poll": 1 }]
              error: `onChange` is required in backend myName
            "backends": [{ "name": "myName", "poll": 1, "onChange": "" }]
              error: Could not parse `onChange` in backend myName: received zero-length argument
            "backends": [{ "name": "myName", "poll": 1, "onChange": "/x", "timeout": "xx" }]
              error: Could not parse `onChange` in backend myName: time: invalid duration xx
            "backends": [{ "name": "myName", "onChange": "/x" }]
              error: `poll` must be > 0 in backend myName
        "#]],
    );
}

#[test]
fn backends_of_one_service_hear_of_their_own_tag() {
    let config = loaded(&with(
        "\"backends\": [
          { \"name\": \"db\", \"poll\": 5, \"onChange\": \"/a\", \"tag\": \"primary\" },
          { \"name\": \"db\", \"poll\": 3, \"onChange\": \"/b\" },
          { \"name\": \"db\", \"poll\": 2, \"onChange\": \"/c\", \"tag\": \"primary\" } ]",
    ));
    let watches: Vec<String> = config
        .spec
        .watches
        .iter()
        .map(|w| {
            format!(
                "{} {} {:?} {:?}",
                w.name,
                w.subject.place(),
                tag(w),
                w.interval
            )
        })
        .collect();
    assert_eq!(watches, ["db db Some(\"primary\") 2s", "db-2 db None 3s"],);
    for (name, watch) in [
        ("onChange-db", "db"),
        ("onChange-db-2", "db-2"),
        ("onChange-db-3", "db"),
    ] {
        let job = job(&config, name);
        let changed = Event::new(EventKind::Changed, Source::Watch(watch.into()));
        assert_eq!(job.when, When::Each(Condition::Event(changed)));
        assert_eq!(job.overlap, Overlap::Queue);
        assert_eq!(job.maintenance, InMaintenance::Pauses);
        assert_eq!((job.role, job.timeout), (Role::Companion, None));
    }
}

#[test]
fn case_202_tasks() {
    check_sections(
        &[
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"1ms\" }]",
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"-1ms\" }]",
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"1ns\" }]",
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"1s\", \"timeout\": \"-1ms\" }]",
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"1s\", \"timeout\": \"1ns\" }]",
            "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"xx\" }]",
            "\"tasks\": [{ \"command\": \"/x\" }]",
        ],
        &expect![[r#"
            "tasks": [{ "command": "/x", "frequency": "1ms" }]
              accepted
            "tasks": [{ "command": "/x", "frequency": "-1ms" }]
              error: Frequency -1ms cannot be less that 1ms
            "tasks": [{ "command": "/x", "frequency": "1ns" }]
              error: Frequency 1ns cannot be less that 1ms
            "tasks": [{ "command": "/x", "frequency": "1s", "timeout": "-1ms" }]
              error: Timeout -1ms cannot be less that 1ms
            "tasks": [{ "command": "/x", "frequency": "1s", "timeout": "1ns" }]
              error: Timeout 1ns cannot be less that 1ms
            "tasks": [{ "command": "/x", "frequency": "xx" }]
              error: Unable to parse frequency xx: time: invalid duration xx
            "tasks": [{ "command": "/x" }]
              error: Unable to parse frequency : time: invalid duration 
              hint: add how often it runs, such as `"frequency": "1m"`
        "#]],
    );
    let config = loaded(&with(
        "\"tasks\": [{ \"command\": \"/x\", \"frequency\": \"1ms\" }, { \"name\": \"t\", \"command\": \"/y\", \"frequency\": \"10\" }]",
    ));
    assert_eq!(job(&config, "task").timeout, Some(Duration::from_millis(1)));
    let task = job(&config, "task-t");
    let beat = Beat {
        period: Duration::from_secs(10),
        first: First::AfterOne,
    };
    assert_eq!(task.when, When::Every(beat));
    assert_eq!(task.timeout, Some(Duration::from_secs(10)));
    assert_eq!(
        (task.overlap, task.restarts),
        (Overlap::Skip, Restarts::Unlimited)
    );
    assert_eq!(task.maintenance, InMaintenance::Pauses);
}

#[test]
fn case_204_coprocesses() {
    let restarts = |written: &str| {
        let text =
            format!("\"coprocesses\": [{{ \"name\": \"c\", \"command\": \"/x\" {written} }}]");
        let config = loaded(&with(&text));
        let job = job(&config, "coprocess-c");
        assert_eq!((job.role, job.reload), (Role::Companion, OnReload::Renews));
        job.restarts
    };
    for (written, expected) in [
        (", \"restarts\": 3", Restarts::Left(3)),
        (", \"restarts\": \"1\"", Restarts::Left(1)),
        (", \"restarts\": 1.1", Restarts::Left(1)),
        (", \"restarts\": \"never\"", Restarts::NEVER),
        (", \"restarts\": 0", Restarts::NEVER),
        ("", Restarts::NEVER),
        (", \"restarts\": \"unlimited\"", Restarts::Unlimited),
    ] {
        assert_eq!(restarts(written), expected, "{written}");
    }
    check_sections(
        &[
            "\"coprocesses\": [{ \"command\": \"/x\", \"restarts\": \"invalid\" }]",
            "\"coprocesses\": [{ \"command\": \"/x\", \"restarts\": \"-1\" }]",
            "\"coprocesses\": [{ \"command\": \"/x\", \"restarts\": -1 }]",
            "\"coprocesses\": [{ \"name\": \"c\" }]",
        ],
        &expect![[r#"
            "coprocesses": [{ "command": "/x", "restarts": "invalid" }]
              error: Invalid 'restarts' field "invalid": accepts positive integers, "unlimited" or "never"
            "coprocesses": [{ "command": "/x", "restarts": "-1" }]
              error: Invalid 'restarts' field "-1": accepts positive integers, "unlimited" or "never"
            "coprocesses": [{ "command": "/x", "restarts": -1 }]
              error: Invalid 'restarts' field "-1": accepts positive integers, "unlimited" or "never"
            "coprocesses": [{ "name": "c" }]
              error: Coprocess did not provide a command
        "#]],
    );
    let unnamed = loaded(&with(
        "\"coprocesses\": [{ \"command\": \"/bin/agent -x\" }]",
    ));
    job(&unnamed, "coprocess-agent");
}

#[test]
fn case_205_206_the_program_is_rendered_word_by_word() {
    let text = with(
        "\"services\": [{ \"name\": \"my-app\", \"port\": 80, \"poll\": 3, \"ttl\": 10, \"interfaces\": \"eth1\" }]",
    );
    let words = [
        "/opt/app",
        "{{ .HOSTNAME }}",
        "--bind={{ .CONTAINERPILOT_MY_APP_IP }}",
    ];
    let config = load_around(&words, &text, &[("HOSTNAME", "h1")]).unwrap();
    assert_eq!(
        argv(job(&config, "app")),
        ["/opt/app", "h1", "--bind=10.0.0.100"]
    );
    let words = ["{{ .HOSTNAME }}", "{{ .HOSTNAME "];
    let config = load_around(&words, &text, &[("HOSTNAME", "h1")]).unwrap();
    assert_eq!(argv(job(&config, "app")), words);
    expect![[r#"
        warning: the program and its arguments are used as they are, since one cannot be rendered: could not apply template to config: template: program:1: unclosed action
        hint: the words after the flags are templates too, in the language of the file"#]].assert_eq(&shown(&config.warnings));
}

#[test]
fn case_209_on_start_is_an_old_pre_start() {
    for (text, program, warning) in [
        (
            "\"onStart\": \"/old\"",
            "/old",
            "use the onStart option as a preStart",
        ),
        (
            "\"onStart\": \"/old\", \"preStart\": \"/new\"",
            "/new",
            "use only the preStart option provided",
        ),
    ] {
        let config = loaded(&with(text));
        let hook = job(&config, "preStart");
        assert_eq!(argv(hook), [program]);
        assert_eq!((hook.role, hook.timeout), (Role::Veto, None));
        assert!(
            config.warnings[0].reason.ends_with(warning),
            "{:?}",
            config.warnings
        );
    }
}

#[test]
fn nothing_starts_before_pre_start_has_succeeded() {
    let text = include_str!("v2.json");
    let config = load_around(&PROGRAM, text, &[]).unwrap();
    let succeeded = on(EventKind::ExitSuccess, "preStart");
    let at_once = When::Once(Condition::Event(succeeded.clone()));
    for name in ["app", "service-app", "coprocess-consul", "containerpilot"] {
        assert_eq!(job(&config, name).when, at_once, "{name}");
    }
    for name in ["onChange-db", "task-report", "sensor-shop_api_queue"] {
        assert_eq!(
            job(&config, name).after.as_ref(),
            Some(&succeeded),
            "{name}"
        );
    }
}

#[test]
fn the_hooks_of_a_stop() {
    let config = load_around(&PROGRAM, include_str!("v2.json"), &[]).unwrap();
    let (before, after) = (job(&config, "preStop"), job(&config, "postStop"));
    assert_eq!(
        before.when,
        When::Once(Condition::Event(on(EventKind::Stopping, "app")))
    );
    assert_eq!(
        (before.turn, before.role),
        (Turn::WhileRunning, Role::Companion)
    );
    assert_eq!(
        after.when,
        When::Once(Condition::Event(on(EventKind::Stopped, "app")))
    );
    assert_eq!(after.role, Role::Veto);
    for hook in [before, after] {
        assert_eq!(hook.exec.as_ref().unwrap().output, Output::Raw);
        assert!(hook.timeout.unwrap() >= Duration::from_secs(3600));
    }
}

#[test]
fn what_signals_and_the_end_mean() {
    let spec = loaded(&with("\"services\": []")).spec;
    assert_eq!(spec.signals.stop, [Signal::TERM, Signal::INT]);
    assert_eq!(spec.signals.reload, Some(Signal::HUP));
    assert_eq!(spec.signals.maintenance, Some(Signal::USR1));
    assert_eq!(spec.asked_status, AskedStatus::OfTheApplication);
    assert_eq!(
        (spec.stay, spec.stop_timeout),
        (Stay::WithJobs, Duration::from_secs(5))
    );
    let stop_timeout = |text: &str| loaded(&with(text)).spec.stop_timeout;
    assert_eq!(stop_timeout("\"stopTimeout\": 0"), Duration::from_secs(5));
    assert_eq!(stop_timeout("\"stopTimeout\": 9"), Duration::from_secs(9));
    assert_eq!(stop_timeout("\"stopTimeout\": -1"), Duration::ZERO);
}

#[test]
fn case_217_sensors() {
    let sensor = |rest: &str| format!("\"telemetry\": {{ \"sensors\": [{{ {rest} }}] }}");
    let whole = "\"namespace\": \"n\", \"subsystem\": \"s\", \"name\": \"m\", \"help\": \"h\", \"poll\": 1, \"check\": \"/x\"";
    for (word, kind) in MetricKind::WORDS {
        let config = loaded(&with(&sensor(&format!("{whole}, \"type\": \"{word}\""))));
        assert_eq!(config.telemetry.as_ref().unwrap().metrics[0].kind, *kind);
        let job = job(&config, "sensor-n_s_m");
        assert_eq!(
            job.exec.as_ref().unwrap().output,
            Output::Metric("n_s_m".into())
        );
        assert_eq!(job.timeout, None);
    }
    let only_a_name =
        "\"name\": \"m\", \"help\": \"h\", \"type\": \"gauge\", \"poll\": 1, \"check\": \"/x\"";
    job(&loaded(&with(&sensor(only_a_name))), "sensor-m");
    let wrong = [
        sensor(&format!("{whole}, \"type\": \"bogus\"")),
        sensor(
            "\"name\": \"m m\", \"help\": \"h\", \"type\": \"gauge\", \"poll\": 1, \"check\": \"/x\"",
        ),
        sensor("\"name\": \"m\", \"type\": \"gauge\", \"poll\": 1, \"check\": \"/x\""),
    ];
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    check_sections(
        &wrong,
        &expect![[r#"
        "telemetry": { "sensors": [{ "namespace": "n", "subsystem": "s", "name": "m", "help": "h", "poll": 1, "check": "/x", "type": "bogus" }] }
          error: telemetry validation error: invalid sensor type: bogus
          hint: one of counter, gauge, histogram, summary
        "telemetry": { "sensors": [{ "name": "m m", "help": "h", "type": "gauge", "poll": 1, "check": "/x" }] }
          error: telemetry validation error: "m m" is not a valid metric name
          hint: use letters, digits and underscores
        "telemetry": { "sensors": [{ "name": "m", "type": "gauge", "poll": 1, "check": "/x" }] }
          error: telemetry validation error: metric "m" is invalid: empty help string
    "#]],
    );
}

#[test]
fn case_225_what_crashed_is_said() {
    check_sections(
        &[
            "\"tasks\": [{ \"name\": \"t\", \"command\": \"\", \"frequency\": \"1s\" }]",
            "\"tasks\": [{ \"name\": \"t\", \"frequency\": \"1s\" }]",
            "\"tasks\": [{ \"name\": \"t\", \"command\": \"/x\", \"frequency\": \"1s\", \"timeout\": \"xx\" }]",
            "\"telemetry\": { \"sensors\": [{ \"name\": \"m\", \"help\": \"h\", \"type\": \"gauge\", \"check\": \"/x\" }] }",
            "\"telemetry\": { \"sensors\": [{ \"name\": \"m\", \"help\": \"h\", \"type\": \"gauge\", \"poll\": 1 }] }",
        ],
        &expect![[r#"
            "tasks": [{ "name": "t", "command": "", "frequency": "1s" }]
              error: Task did not provide a command: received zero-length argument
            "tasks": [{ "name": "t", "frequency": "1s" }]
              error: Task did not provide a command
            "tasks": [{ "name": "t", "command": "/x", "frequency": "1s", "timeout": "xx" }]
              error: Unable to parse timeout xx: time: invalid duration xx
            "telemetry": { "sensors": [{ "name": "m", "help": "h", "type": "gauge", "check": "/x" }] }
              error: `poll` must be > 0 in sensor m
            "telemetry": { "sensors": [{ "name": "m", "help": "h", "type": "gauge", "poll": 1 }] }
              error: could not parse check in sensor m: received zero-length argument
              hint: add the command that prints the value, as `check`
        "#]],
    );
}

#[test]
fn case_223_without_a_program() {
    let text = with(
        "\"preStop\": \"/x\", \"services\": [{ \"name\": \"app\", \"port\": 80, \"poll\": 3, \"ttl\": 10 }]",
    );
    let config = load_around(&[], &text, &[]).unwrap();
    assert_eq!(config.spec.stay, Stay::UntilAsked);
    expect![[r#"
        warning: Unable to parse command arguments: received zero-length argument
        hint: there is no application; name it after the flags: `containerpilot -config FILE PROGRAM ARGUMENTS`

        warning: `preStop` never runs: there is no application that could stop
          --> app.json5:1:23
        1 | { "consul": "c:8500", "preStop": "/x", "services": [{ "name": "app", "port": 80, "poll": 3, "ttl": 10 }] }
          |                       ^^^^^^^^^"#]].assert_eq(&shown(&config.warnings));
}

#[test]
fn which_dialect_a_file_is_in() {
    let dialect = |program: &[&str], text: &str| load_around(program, text, &[]).unwrap().dialect;
    let only_consul = "{ \"consul\": \"c:8500\" }";
    assert_eq!(dialect(&[], only_consul), Dialect::V3);
    assert_eq!(dialect(&PROGRAM, only_consul), Dialect::V2);
    let jobs = "{ jobs: [{ name: \"a\", exec: \"/x\" }] }";
    assert_eq!(dialect(&PROGRAM, jobs), Dialect::V3);
    // In 1.x keys had any letter case.
    let old = "{ \"Consul\": \"c:8500\", \"OnStart\": \"/x\", \"STOPTIMEOUT\": 3 }";
    assert_eq!(dialect(&[], old), Dialect::V2);
}

#[test]
fn keys_of_two_dialects_do_not_go_together() {
    check(
        "{ consul: \"c:8500\", jobs: [], services: [], backends: [], bogus: 1 }",
        &expect![[r#"
            error: cannot use key `services`: unknown config keys: [services backends bogus]
              --> app.json5:1:31
            1 | { consul: "c:8500", jobs: [], services: [], backends: [], bogus: 1 }
              |                               ^^^^^^^^
            hint: a key of ContainerPilot 1 and 2, which does not go with keys of 3; see `containerpilot migrate`

            error: cannot use key `backends`: unknown config keys: [services backends bogus]
              --> app.json5:1:45
            1 | { consul: "c:8500", jobs: [], services: [], backends: [], bogus: 1 }
              |                                             ^^^^^^^^
            hint: a key of ContainerPilot 1 and 2, which does not go with keys of 3; see `containerpilot migrate`

            error: cannot use key `bogus`: unknown config keys: [services backends bogus]
              --> app.json5:1:59
            1 | { consul: "c:8500", jobs: [], services: [], backends: [], bogus: 1 }
              |                                                           ^^^^^"#]],
    );
}

#[test]
fn a_service_may_have_the_name_of_a_job_of_ours() {
    let config = load_around(&PROGRAM, include_str!("v2.json"), &[]).unwrap();
    let service = job(&config, "service-app").service.as_ref().unwrap();
    assert_eq!(service.name.as_deref(), Some("app"));
    assert_eq!(service.id, "app-host");
    let names: Vec<&str> = config
        .addresses
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        ["CONTAINERPILOT_APP_IP", "CONTAINERPILOT_CONTAINERPILOT_IP"]
    );
}

#[test]
fn a_log_goes_to_the_container() {
    assert_eq!(
        loaded(&with(
            "\"logging\": { \"level\": \"DEBUG\" }, \"tasks\": []"
        ))
        .logging
        .level,
        Level::Debug
    );
    check_sections(
        &["\"tasks\": [], \"logging\": { \"output\": \"/var/log/x\" }"],
        &expect![[r#"
            "tasks": [], "logging": { "output": "/var/log/x" }
              error: Unknown output type '/var/log/x'
              hint: one of stdout, stderr; a file needs the form of ContainerPilot 3: `containerpilot migrate`
        "#]],
    );
}

#[test]
fn the_whole_of_it() {
    let config = load_around(&PROGRAM, include_str!("v2.json"), &[]).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    expect_file!["v2.txt"].assert_debug_eq(&config.spec);
}

fn tag(watch: &WatchSpec) -> Option<&str> {
    match &watch.subject {
        Subject::Service(subject) => subject.tag.as_deref(),
        Subject::Key { .. } | Subject::Prefix { .. } | Subject::File { .. } => None,
    }
}
