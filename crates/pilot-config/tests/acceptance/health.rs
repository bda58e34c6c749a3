//! Section F: health checks.

use std::time::Duration;

use expect_test::expect;

use crate::harness::{check_jobs, job};

#[test]
fn case_69_to_71_79_health() {
    let bodies = [
        "name: \"myName\", port: 80",
        "name: \"myName\", port: 80, health: { ttl: 5 }",
        "name: \"myName\", port: 80, health: { interval: 1 }",
        "name: \"myName\", port: 80, health: {}",
        "name: \"myName\", port: 80, health: { interval: 1, ttl: 5 }",
        "name: \"myName\", health: { exec: \"\", interval: 1, ttl: 5 }",
        "name: \"myName\", health: { exec: \"true\", interval: 1, ttl: 5, timeout: \"xx\" }",
        "name: \"myName\", port: 80, health: { interval: \"1s\", ttl: 5 }",
        "name: \"myName\", port: 80, health: { interval: 10, ttl: 10 }",
        "name: \"myName\", port: 80, health: { interval: 10, ttl: 15 }",
        "name: \"myName\", port: 80, health: { interval: 10, ttl: 16 }",
        "name: \"myName\", port: 80, health: { interval: 10, ttl: 9 }",
        "name: \"myName\", health: { interval: 10, ttl: 9 }",
        "name: \"containerpilot\", port: 80",
    ];
    check_jobs(
        &bodies,
        &expect![[r#"
            name: "myName", port: 80
              error: job[myName].health must be set if 'port' is set
            name: "myName", port: 80, health: { ttl: 5 }
              error: job[myName].health.interval must be > 0
            name: "myName", port: 80, health: { interval: 1 }
              error: job[myName].health.ttl must be > 0
            name: "myName", port: 80, health: {}
              error: job[myName].health.interval must be > 0
              error: job[myName].health.ttl must be > 0
            name: "myName", port: 80, health: { interval: 1, ttl: 5 }
              accepted
            name: "myName", health: { exec: "", interval: 1, ttl: 5 }
              error: unable to create job[myName].health.exec: received zero-length argument
            name: "myName", health: { exec: "true", interval: 1, ttl: 5, timeout: "xx" }
              error: could not parse job[myName].health.timeout 'xx': time: invalid duration xx
            name: "myName", port: 80, health: { interval: "1s", ttl: 5 }
              error: cannot parse '[0].health.interval' as int: strconv.ParseInt: parsing "1s": invalid syntax
              hint: `interval` is a whole number of seconds
            name: "myName", port: 80, health: { interval: 10, ttl: 10 }
              warning: job[myName].health.ttl is tight: it is 10 seconds, and a check comes every 10
              hint: use at least 20 seconds
            name: "myName", port: 80, health: { interval: 10, ttl: 15 }
              warning: job[myName].health.ttl is tight: it is 15 seconds, and a check comes every 10
              hint: use at least 20 seconds
            name: "myName", port: 80, health: { interval: 10, ttl: 16 }
              accepted
            name: "myName", port: 80, health: { interval: 10, ttl: 9 }
              error: job[myName].health.ttl cannot hold: it is 9 seconds, and a check comes every 10
              hint: use at least 20 seconds
            name: "myName", health: { interval: 10, ttl: 9 }
              accepted
            name: "containerpilot", port: 80
              accepted
        "#]],
    );
}

#[test]
fn case_80_health_timeouts() {
    let cases = [
        ("\"5s\"", Some(5)),
        ("\"\"", Some(10)),
        ("null", Some(10)),
        ("\"0\"", None),
        ("2", Some(2)),
    ];
    for (timeout, seconds) in cases {
        let health =
            format!("health: {{ exec: \"x\", interval: 10, ttl: 30, timeout: {timeout} }}");
        let health = job(&format!("name: \"a\", {health}")).health.unwrap();
        assert_eq!(
            health.timeout,
            seconds.map(Duration::from_secs),
            "{timeout}"
        );
    }
}
