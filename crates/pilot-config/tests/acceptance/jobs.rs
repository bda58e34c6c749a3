//! Section F: jobs; section E where it shows in a file.

use std::time::Duration;

use expect_test::expect;
use pilot_core::{
    EventKind,
    spec::{Overlap, Restarts, Status, When},
};

use crate::harness::{around, check, check_jobs, check_reasons, job, load_in, loaded};

const HEALTH: &str = "health: { exec: \"check\", interval: 1, ttl: 5 }";

fn advertised(body: &str) -> String {
    format!("port: 80, {HEALTH}, {body}")
}

#[test]
fn case_62_to_65_interfaces() {
    let cases = [
        ("interfaces: \"eth1\"", "10.0.0.100"),
        ("interfaces: [\"eth9\", \"eth1[1]\"]", "10.0.0.200"),
        ("interfaces: []", "10.2.0.1"),
        ("exec: \"x\"", "10.2.0.1"),
        ("address: \"db.example\"", "db.example"),
        ("address: \"[FD00::7]\"", "fd00::7"),
        ("address: \"env:POD_IP\"", "10.9.8.7"),
        ("waitForAddress: \"30s\"", "10.2.0.1"),
        ("interfaces: \"static:1.2.3.4\"", "1.2.3.4"),
    ];
    for (body, address) in cases {
        let text = around(&advertised(&format!("name: \"web\", {body}")));
        let config = load_in(&text, &[("POD_IP", "10.9.8.7")]).unwrap();
        let job = &config.spec.jobs[0];
        assert_eq!(job.service.as_ref().unwrap().address, address, "{body}");
        assert_eq!(job.address_within, None, "{body}");
        let variable = ("CONTAINERPILOT_WEB_IP".to_owned(), address.to_owned());
        assert_eq!(config.addresses, [variable], "{body}");
    }
    let bodies = [
        "interfaces: {}",
        "interfaces: 5",
        "interfaces: [\"eth0\", \"!\", \"eth0:inet5\"]",
        "interfaces: \"br-1\"",
        "interfaces: \"eth0\", address: \"a\"",
        "address: \"10.0.0.7:80\"",
        "address: \"env:NOWHERE\"",
        "address: \"a\", waitForAddress: \"1s\"",
        "waitForAddress: \"-1s\"",
        "waitForAddress: \"soon\"",
        "interfaces: [\"127.0.0.1\", \"static:::1\"]",
    ];
    let bodies = bodies.map(|body| advertised(&format!("name: \"web\", {body}")));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: {}
              error: 'job[web].interfaces' must be text or a list of texts, got map
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: 5
              error: 'job[web].interfaces' must be text or a list of texts, got float64
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: ["eth0", "!", "eth0:inet5"]
              error: Unable to parse interface spec: !
              error: Unable to parse interface spec: eth0:inet5
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: "br-1"
              error: none of the interface specifications were able to match
                Specifications: [br-1]
                Interfaces IPs: [eth0:10.2.0.1 eth0:192.168.1.100 eth1:10.0.0.100 eth1:10.0.0.200 eth2:10.1.0.200 eth2:fdc6:238c:c4bc::1 lo:::1 lo:127.0.0.1]
              hint: for an interface that comes late: `waitForAddress: "30s"`
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: "eth0", address: "a"
              error: job[web] cannot have both 'address' and 'interfaces'
              hint: keep one; in a file over another, `interfaces: null` takes the other's back
              error: job[web] cannot have both 'address' and 'interfaces'
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", address: "10.0.0.7:80"
              error: cannot use job[web].address: `10.0.0.7:80` is neither an address nor a host name
              hint: the port is said by `port`
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", address: "env:NOWHERE"
              error: cannot use job[web].address: the variable `NOWHERE` is not set
              hint: set it before the helper starts, as Kubernetes does by `fieldRef: status.podIP`
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", address: "a", waitForAddress: "1s"
              warning: job[web].waitForAddress has no effect: 'address' is known
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", waitForAddress: "-1s"
              error: job[web].waitForAddress '-1s' cannot be negative
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", waitForAddress: "soon"
              error: unable to parse job[web].waitForAddress 'soon': time: invalid duration soon
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", interfaces: ["127.0.0.1", "static:::1"]
              error: Unable to parse interface spec: 127.0.0.1
              hint: for this address, whatever the machine has: `static:127.0.0.1`
        "#]],
    );
}

#[test]
fn an_address_that_is_waited_for_is_not_known_yet() {
    let body = |wait: &str| {
        let body = format!("name: \"web\", interfaces: \"eth9\", waitForAddress: \"{wait}\"");
        around(&advertised(&body))
    };
    let config = loaded(&body("30s"));
    let job = &config.spec.jobs[0];
    assert_eq!(job.address_within, Some(Duration::from_secs(30)));
    assert_eq!(job.service.as_ref().unwrap().address, "");
    assert_eq!(config.addresses, []);
    let [selection] = config.selections.as_slice() else {
        panic!("{:?}", config.selections);
    };
    assert_eq!((selection.job.as_str(), &selection.chosen), ("web", &None));
    // No time is no wait.
    assert!(load_in(&body("0"), &[]).is_err());

    let telemetry = "{ consul: \"c:1\", telemetry: { interfaces: \"eth9\", waitForAddress: 5 } }";
    let config = loaded(telemetry);
    assert_eq!(config.telemetry.unwrap().address, None);
    let own = &config.spec.jobs[0];
    assert_eq!(own.address_within, Some(Duration::from_secs(5)));
}

#[test]
fn how_each_address_was_chosen_is_known() {
    let config = loaded(
        "{ consul: \"c:1\", telemetry: { interfaces: \"lo\" }, jobs: [
          { name: \"a-b\", port: 80, health: { interval: 1, ttl: 5 } },
          { name: \"cc\", port: 81, address: \"10.0.0.7\", health: { interval: 1, ttl: 5 } },
          { name: \"dd\", port: 82, interfaces: \"static:[::2]\", health: { interval: 1, ttl: 5 } },
        ] }",
    );
    let told: Vec<String> = config
        .selections
        .iter()
        .map(|it| {
            let chosen = it.chosen.as_ref().unwrap();
            format!(
                "{} {} {chosen} {:?} {} {}",
                it.job,
                it.variable,
                chosen.interface,
                chosen.selector,
                it.looks_at_interfaces()
            )
        })
        .collect();
    expect![[r#"
        a-b CONTAINERPILOT_A_B_IP 10.2.0.1 Some("eth0") eth0:inet true
        dd CONTAINERPILOT_DD_IP ::2 None static:[::2] false
        containerpilot CONTAINERPILOT_CONTAINERPILOT_IP 127.0.0.1 Some("lo") lo true"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn case_66_67_names_in_the_catalog() {
    for name in ["myService", "my-service", "my-service-123"] {
        let job = job(&advertised(&format!("name: \"{name}\"")));
        assert_eq!(job.service.unwrap().id, format!("{name}-host"));
    }
    let names = [
        "my_service",
        "-my-service",
        "my%service",
        "a",
        "MyService",
        "",
        "é1",
    ];
    let bodies = names.map(|name| advertised(&format!("name: \"{name}\"")));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "my_service"
          error: service names must be alphanumeric with dashes to comply with service discovery: `my_service`
          hint: begin with a lower-case letter, and use two characters or more
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "-my-service"
          error: service names must be alphanumeric with dashes to comply with service discovery: `-my-service`
          hint: begin with a lower-case letter, and use two characters or more
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "my%service"
          error: service names must be alphanumeric with dashes to comply with service discovery: `my%service`
          hint: begin with a lower-case letter, and use two characters or more
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "a"
          error: service names must be alphanumeric with dashes to comply with service discovery: `a`
          hint: begin with a lower-case letter, and use two characters or more
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "MyService"
          error: service names must be alphanumeric with dashes to comply with service discovery: `MyService`
          hint: begin with a lower-case letter, and use two characters or more
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: ""
          error: 'name' must not be blank
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "é1"
          error: service names must be alphanumeric with dashes to comply with service discovery: `é1`
          hint: begin with a lower-case letter, and use two characters or more
    "#]],
    );
}

#[test]
fn case_67_68_names_elsewhere() {
    check_jobs(
        &[
            "exec: \"x\"",
            "name: \"\"",
            "name: \"\", exec: \"x\", port: 5",
            "name: \"myjob_invalid_name\"",
        ],
        &expect![[r#"
            exec: "x"
              error: 'name' must not be blank
            name: ""
              error: 'name' must not be blank
            name: "", exec: "x", port: 5
              error: 'name' must not be blank
              error: job[].health must be set if 'port' is set
            name: "myjob_invalid_name"
              accepted
        "#]],
    );
}

#[test]
fn case_72_initial_status() {
    let warning = job(&advertised("name: \"web\", initial_status: \"warning\""));
    assert_eq!(
        warning.service.unwrap().initial_status,
        Some(Status::Warning)
    );
    let bad = advertised("name: \"web\", initial_status: \"fine\"");
    check_jobs(
        &[&bad, "name: \"web\", initial_status: \"fine\""],
        &expect![[r#"
            port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", initial_status: "fine"
              error: job[web].initialStatus must be one of 'passing', 'warning' or 'critical'
            name: "web", initial_status: "fine"
              accepted
        "#]],
    );
}

#[test]
fn case_73_intervals() {
    let bodies = [
        "\"-1s\"", "\"1ns\"", "\"xx\"", "0.5", "\"1s\"", "1", "\"0\"",
    ];
    let bodies = bodies.map(|interval| {
        format!("name: \"serviceA\", exec: \"x\", when: {{ interval: {interval} }}")
    });
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        name: "serviceA", exec: "x", when: { interval: "-1s" }
          error: job[serviceA].when.interval '-1s' cannot be less than 1ms
        name: "serviceA", exec: "x", when: { interval: "1ns" }
          error: job[serviceA].when.interval '1ns' cannot be less than 1ms
        name: "serviceA", exec: "x", when: { interval: "xx" }
          error: unable to parse job[serviceA].when.interval 'xx': time: invalid duration xx
        name: "serviceA", exec: "x", when: { interval: 0.5 }
          error: unable to parse job[serviceA].when.interval '0.5': time: missing unit in duration 0.5
        name: "serviceA", exec: "x", when: { interval: "1s" }
          accepted
        name: "serviceA", exec: "x", when: { interval: 1 }
          accepted
        name: "serviceA", exec: "x", when: { interval: "0" }
          error: job[serviceA].when.interval '0' cannot be less than 1ms
    "#]],
    );
}

#[test]
fn case_74_timeouts() {
    let bodies = [
        "name: \"serviceC\", exec: \"x\", timeout: \"-1ms\"",
        "name: \"serviceC\", exec: \"x\", timeout: \"1ns\"",
        "name: \"serviceC\", exec: \"x\", timeout: \"xx\"",
        "name: \"serviceC\", exec: \"x\", timeout: \"0\"",
        "name: \"serviceC\", exec: \"x\", timeout: \"\"",
        "name: \"serviceC\", exec: \"x\", stopTimeout: \"xx\"",
        "name: \"serviceC\", exec: \"x\", stopTimeout: \"\"",
        "name: \"serviceC\", exec: \"x\", when: { source: \"global\", once: \"startup\", timeout: \"xx\" }",
    ];
    check_jobs(
        &bodies,
        &expect![[r#"
        name: "serviceC", exec: "x", timeout: "-1ms"
          error: job[serviceC].timeout '-1ms' cannot be less than 1ms
        name: "serviceC", exec: "x", timeout: "1ns"
          error: job[serviceC].timeout '1ns' cannot be less than 1ms
        name: "serviceC", exec: "x", timeout: "xx"
          error: unable to parse job[serviceC].timeout 'xx': time: invalid duration xx
        name: "serviceC", exec: "x", timeout: "0"
          error: job[serviceC].timeout '0' cannot be less than 1ms
        name: "serviceC", exec: "x", timeout: ""
          accepted
        name: "serviceC", exec: "x", stopTimeout: "xx"
          error: unable to parse job[serviceC].stopTimeout 'xx': time: invalid duration xx
        name: "serviceC", exec: "x", stopTimeout: ""
          accepted
        name: "serviceC", exec: "x", when: { source: "global", once: "startup", timeout: "xx" }
          error: unable to parse job[serviceC].when.timeout: time: invalid duration xx
    "#]],
    );
    assert_eq!(
        job("name: \"a\", exec: \"x\", timeout: 2").timeout,
        Some(Duration::from_secs(2))
    );
    assert_eq!(
        job("name: \"a\", exec: \"x\", timeout: \"1h\"").timeout,
        Some(Duration::from_secs(3600))
    );
}

#[test]
fn case_75_defaults_of_a_periodic_job() {
    let job = job("name: \"a\", exec: \"x\", when: { interval: \"1500ms\" }");
    assert_eq!(
        job.when,
        When::Every(pilot_core::spec::Beat::every(Duration::from_millis(1500)))
    );
    assert_eq!(job.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(
        (job.restarts, job.overlap),
        (Restarts::Unlimited, Overlap::Skip)
    );
}

#[test]
fn case_76_109_112_commands() {
    let cases: [(&str, &[&str]); 8] = [
        ("[\"/bin/a\", \"B1\", \"B2\"]", &["/bin/a", "B1", "B2"]),
        ("\"/bin/serviceB B1 B2\"", &["/bin/serviceB", "B1", "B2"]),
        ("\"echo 'a  b'\"", &["echo", "'a", "", "b'"]),
        ("\"  a\\tb \"", &["a\tb"]),
        ("\" \"", &[""]),
        (
            "[\"a\", 8000, 1.5, true, null]",
            &["a", "8000", "1.5", "true", "<nil>"],
        ),
        (
            "[\"a\", 1000000, 1234567, 1e21]",
            &["a", "1000000", "1234567", "1000000000000000000000"],
        ),
        ("[\"a\", \"\"]", &["a", ""]),
    ];
    for (exec, argv) in cases {
        assert_eq!(
            job(&format!("name: \"a\", exec: {exec}"))
                .exec
                .unwrap()
                .argv,
            argv,
            "{exec}"
        );
    }
}

#[test]
fn case_76_105_no_command() {
    let bodies = ["\"\"", "[]", "5", "{}", "true", "[[]]", "[{}]"];
    let bodies = bodies.map(|exec| format!("name: \"serviceD\", exec: {exec}"));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        name: "serviceD", exec: ""
          error: unable to create job[serviceD].exec: received zero-length argument
        name: "serviceD", exec: []
          error: unable to create job[serviceD].exec: received zero-length argument
        name: "serviceD", exec: 5
          error: unable to create job[serviceD].exec: received zero-length argument
        name: "serviceD", exec: {}
          error: unable to create job[serviceD].exec: received zero-length argument
        name: "serviceD", exec: true
          error: unable to create job[serviceD].exec: received zero-length argument
        name: "serviceD", exec: [[]]
          error: unable to create job[serviceD].exec: an argument must be text, got []interface {}
        name: "serviceD", exec: [{}]
          error: unable to create job[serviceD].exec: an argument must be text, got map[string]interface {}
    "#]],
    );
}

#[test]
fn case_77_bad_restarts() {
    let each = "when: { source: \"global\", each: \"enterMaintenance\" }";
    let bodies = [
        "name: \"a\", restarts: \"invalid\"".to_owned(),
        "name: \"a\", restarts: \"-1\"".to_owned(),
        "name: \"a\", restarts: -1".to_owned(),
        "name: \"a\", restarts: true".to_owned(),
        "name: \"a\", restarts: []".to_owned(),
        format!("name: \"a\", restarts: \"unlimited\", {each}"),
        "name: \"a\", restarts: \"unlimited\", when: { source: \"SIGHUP\" }".to_owned(),
    ];
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        name: "a", restarts: "invalid"
          error: job[a].restarts field 'invalid' invalid: accepts positive integers, "unlimited", or "never"
        name: "a", restarts: "-1"
          error: job[a].restarts field '-1' invalid: accepts positive integers, "unlimited", or "never"
        name: "a", restarts: -1
          error: job[a].restarts field '-1' invalid: number must be positive integer
        name: "a", restarts: true
          error: job[a].restarts field 'true' invalid: accepts positive integers, "unlimited", or "never"
        name: "a", restarts: []
          error: job[a].restarts field '[]interface {}' invalid: accepts positive integers, "unlimited", or "never"
        name: "a", restarts: "unlimited", when: { source: "global", each: "enterMaintenance" }
          error: job[a].restarts field 'unlimited' invalid: may not be used when 'job.when.each' is set because it may result in infinite processes
        name: "a", restarts: "unlimited", when: { source: "SIGHUP" }
          accepted
    "#]],
    );
}

#[test]
fn case_78_good_restarts() {
    let cases = [
        ("restarts: \"unlimited\"", Restarts::Unlimited),
        ("restarts: \"never\"", Restarts::NEVER),
        ("restarts: 1", Restarts::Left(1)),
        ("restarts: 1.9", Restarts::Left(1)),
        ("restarts: \"1\"", Restarts::Left(1)),
        ("restarts: 0", Restarts::NEVER),
        ("restarts: \"0\"", Restarts::NEVER),
        ("restarts: null", Restarts::NEVER),
        ("exec: \"x\"", Restarts::NEVER),
    ];
    for (body, restarts) in cases {
        assert_eq!(
            job(&format!("name: \"a\", {body}")).restarts,
            restarts,
            "{body}"
        );
    }
}

#[test]
fn case_81_82_what_only_consul_knows() {
    let extras = "consul: { enableTagOverride: true, deregisterCriticalServiceAfter: \"10m\" }";
    let service = job(&advertised(&format!("name: \"web\", {extras}")))
        .service
        .unwrap();
    assert!(service.enable_tag_override);
    assert_eq!(
        service.deregister_critical_after,
        Some(Duration::from_secs(600))
    );
    let bodies = [
        "consul: { enableTagOverride: true }",
        "consul: {}",
        "consul: { enableTagOverride: \"nope\" }",
        "consul: { deregisterCriticalServiceAfter: \"nope\" }",
        "consul: { deregisterCriticalServiceAfter: \"10\" }",
        "consul: 5",
    ];
    let bodies = bodies.map(|body| advertised(&format!("name: \"web\", {body}")));
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: { enableTagOverride: true }
          accepted
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: {}
          accepted
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: { enableTagOverride: "nope" }
          error: cannot parse '[0].consul.enableTagOverride' as bool: strconv.ParseBool: parsing "nope": invalid syntax
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: { deregisterCriticalServiceAfter: "nope" }
          error: unable to parse job[web].consul.deregisterCriticalServiceAfter: time: invalid duration nope
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: { deregisterCriticalServiceAfter: "10" }
          error: unable to parse job[web].consul.deregisterCriticalServiceAfter: time: missing unit in duration 10
        port: 80, health: { exec: "check", interval: 1, ttl: 5 }, name: "web", consul: 5
          error: '[0].consul' expected a map, got 'float64'
    "#]],
    );
}

#[test]
fn case_83_stop_dependents() {
    let config = loaded(
        "{ consul: \"c:1\", jobs: [ { name: \"serviceA\", exec: \"x\" },
          { name: \"preStop\", exec: \"y\", when: { source: \"serviceA\", once: \"stopping\" } } ] }",
    );
    let When::Once(condition) = &config.spec.jobs[1].when else {
        panic!("not once");
    };
    assert_eq!(condition.events()[0].kind, EventKind::Stopping);
    assert_eq!(condition.events()[0].to_string(), "stopping(serviceA)");
}

#[test]
fn case_87_88_keys_and_types() {
    check(
        "{\n  consul: \"c:1\",\n  jobs: [\n    { NAME: \"a\", Exec: \"x\",\n      tiemout: \"5s\", env2: 1 },\n  ],\n}",
        &expect![[r#"
            error: cannot use key `tiemout`: '[0]' has invalid keys: env2, tiemout
              --> app.json5:5:7
            5 |       tiemout: "5s", env2: 1 },
              |       ^^^^^^^
            hint: did you mean `timeout`?

            error: cannot use key `env2`: '[0]' has invalid keys: env2, tiemout
              --> app.json5:5:22
            5 |       tiemout: "5s", env2: 1 },
              |                      ^^^^
            hint: did you mean `env`?"#]],
    );
    let bodies = [
        "name: \"a\", port: \"abc\"",
        "name: \"a\", port: 70000",
        "name: \"a\", port: -1",
        "name: \"a\", tags: \"one\"",
        "name: \"a\", name: \"b\"",
        "name: {}",
        "name: \"a\", health: [{ interval: 1, ttl: 5 }]",
        "name: \"a\", health: \"x\"",
        "name: \"a\", when: \"x\"",
        "name: \"a\", logging: { raw: \"maybe\", other: 1 }",
    ];
    let bodies = bodies.map(str::to_owned);
    check_jobs(
        &bodies.each_ref().map(String::as_str),
        &expect![[r#"
        name: "a", port: "abc"
          error: cannot parse '[0].port' as int: strconv.ParseInt: parsing "abc": invalid syntax
        name: "a", port: 70000
          error: service names must be alphanumeric with dashes to comply with service discovery: `a`
          hint: begin with a lower-case letter, and use two characters or more
          error: job[a].health must be set if 'port' is set
          error: cannot use 70000 as job[a].port: not between 0 and 65535
        name: "a", port: -1
          error: service names must be alphanumeric with dashes to comply with service discovery: `a`
          hint: begin with a lower-case letter, and use two characters or more
          error: job[a].health must be set if 'port' is set
          error: cannot use -1 as job[a].port: not between 0 and 65535
        name: "a", tags: "one"
          error: '[0].tags': source data must be an array or slice, got string
        name: "a", name: "b"
          warning: the key `name` is given twice, and only the last one counts
        name: {}
          error: 'name' must not be blank
          error: '[0].name' expected type 'string', got unconvertible type 'map[string]interface {}'
        name: "a", health: [{ interval: 1, ttl: 5 }]
          error: cannot use a list of health checks: not supported yet
        name: "a", health: "x"
          error: '[0].health' expected a map, got 'string'
        name: "a", when: "x"
          error: '[0].when' expected a map, got 'string'
        name: "a", logging: { raw: "maybe", other: 1 }
          error: cannot parse '[0].logging.raw' as bool: strconv.ParseBool: parsing "maybe": invalid syntax
          error: cannot use key `other`: '[0].logging' has invalid keys: other
    "#]],
    );
    assert_eq!(
        job(&advertised("name: \"web\"").replace("80", "\"8080\""))
            .service
            .unwrap()
            .port,
        8080
    );
}

#[test]
fn case_89_names_are_unique() {
    check_reasons(
        [
            "{ consul: \"c:1\", jobs: [{ name: \"a\", exec: \"x\" }, { name: \"a\", exec: \"y\" }] }",
            "{ consul: \"c:1\", telemetry: {}, jobs: [{ name: \"containerpilot\", exec: \"x\" }] }",
        ],
        &expect![[r#"
            { consul: "c:1", jobs: [{ name: "a", exec: "x" }, { name: "a", exec: "y" }] }
              error: cannot have two jobs with the name `a`
            { consul: "c:1", telemetry: {}, jobs: [{ name: "containerpilot", exec: "x" }] }
              error: cannot have a job with the name `containerpilot` beside `telemetry`
              hint: the telemetry service has this name
        "#]],
    );
}

#[test]
fn ignored_names_of_containerpilot_are_accepted() {
    check_jobs(
        &["name: \"a\", execTimeout: 1, restartLimit: 2, whenTimeout: 3, ttl: 4"],
        &expect![[r#"
            name: "a", execTimeout: 1, restartLimit: 2, whenTimeout: 3, ttl: 4
              warning: the key `execTimeout` has no effect
              warning: the key `restartLimit` has no effect
              warning: the key `whenTimeout` has no effect
              warning: the key `ttl` has no effect
        "#]],
    );
}
