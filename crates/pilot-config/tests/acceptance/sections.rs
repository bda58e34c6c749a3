//! Section G: watches, control, telemetry, and the log.

use std::time::Duration;

use expect_test::{expect, expect_file};
use pilot_config::{Format, Level, LogOutput, MetricKind};
use pilot_core::spec::{OnEmpty, ServiceSubject, Subject};

use crate::harness::{check_reasons, loaded};

#[test]
fn case_92_93_watches() {
    let config = loaded(
        "{ consul: \"c:1\", watches: [ { name: \"upstreamA\", interval: 11, tag: \"dev\" },
           { name: \"upstreamB\", interval: \"79\", dc: \"us-east-1\" } ] }",
    );
    let watches = config.spec.watches;
    assert_eq!(watches[0].interval, Duration::from_secs(11));
    let subject = |service: &str, tag: Option<&str>, dc: Option<&str>| {
        Subject::Service(ServiceSubject {
            service: service.to_owned(),
            tag: tag.map(str::to_owned),
            dc: dc.map(str::to_owned),
            near: None,
            filter: None,
        })
    };
    assert_eq!(watches[0].subject, subject("upstreamA", Some("dev"), None));
    assert_eq!(
        watches[1].subject,
        subject("upstreamB", None, Some("us-east-1"))
    );
    assert_eq!(watches[1].name.as_str(), "upstreamB");
    let plain = (watches[0].debounce, watches[0].min, watches[0].on_empty);
    assert_eq!(plain, (Duration::ZERO, 1, OnEmpty::Tell));
    check_reasons(
        [
            "{ consul: \"c:1\", watches: [{ name: \"\", interval: 1 }] }",
            "{ consul: \"c:1\", watches: [{ interval: 1 }] }",
            "{ consul: \"c:1\", watches: [{ name: \"name\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"name\", interval: \"5s\" }] }",
            "{ consul: \"c:1\", watches: [{ name: \"a_b\", interval: 1, serviceName: 1 }] }",
            "{ consul: \"c:1\", watches: [{ name: \"ab\", interval: 1 }, { name: \"ab\", interval: 1 }] }",
        ],
        &expect![[r#"
            { consul: "c:1", watches: [{ name: "", interval: 1 }] }
              error: 'name' must not be blank
            { consul: "c:1", watches: [{ interval: 1 }] }
              error: 'name' must not be blank
            { consul: "c:1", watches: [{ name: "name" }] }
              error: watch[name].interval must be > 0
            { consul: "c:1", watches: [{ name: "name", interval: "5s" }] }
              error: cannot parse '[0].interval' as int: strconv.ParseInt: parsing "5s": invalid syntax
              hint: `interval` is a whole number of seconds
            { consul: "c:1", watches: [{ name: "a_b", interval: 1, serviceName: 1 }] }
              error: service names must be alphanumeric with dashes to comply with service discovery: `a_b`
              hint: begin with a lower-case letter, and use two characters or more
              warning: the key `serviceName` has no effect
            { consul: "c:1", watches: [{ name: "ab", interval: 1 }, { name: "ab", interval: 1 }] }
              warning: there is another watch[ab], and they share their events
        "#]],
    );
}

#[test]
fn case_94_control() {
    let config =
        loaded("{ consul: \"c:1\", control: { socket: \"/x\", mode: \"0660\", group: \"app\" } }");
    assert_eq!(
        (config.control.mode, config.control.group.as_deref()),
        (0o660, Some("app"))
    );
    check_reasons(
        [
            "{ consul: \"c:1\", control: { socket: \"\" } }",
            "{ consul: \"c:1\", control: { sokcet: \"/x\" } }",
            "{ consul: \"c:1\", control: { mode: \"999\" } }",
            "{ consul: \"c:1\", control: \"/x\" }",
        ],
        &expect![[r#"
            { consul: "c:1", control: { socket: "" } }
              error: control: validate failed with control server not loading due to missing config: `socket` is empty
            { consul: "c:1", control: { sokcet: "/x" } }
              error: cannot use key `sokcet`: 'control' has invalid keys: sokcet
              hint: did you mean `socket`?
            { consul: "c:1", control: { mode: "999" } }
              error: cannot use `999` as control.mode: not permission bits
              hint: write octal digits as text, such as "0640"
            { consul: "c:1", control: "/x" }
              error: 'control' expected a map, got 'string'
        "#]],
    );
}

#[test]
fn case_96_97_metrics() {
    let config = loaded(
        "{ consul: \"c:1\", telemetry: { interfaces: \"eth0\", metrics: [
            { namespace: \"a\", subsystem: \"b\", name: \"c\", help: \"h\", type: \"counter\" },
            { name: \"g\", help: \"h\", type: \"gauge\" },
            { namespace: \"n\", name: \"h\", help: \"h\", type: \"histogram\" },
            { name: \"s\", help: \"h\", type: \"summary\" } ] } }",
    );
    let metrics = config.telemetry.unwrap().metrics;
    let names: Vec<String> = metrics
        .iter()
        .map(pilot_config::Metric::full_name)
        .collect();
    assert_eq!(names, ["a_b_c", "g", "n_h", "s"]);
    assert_eq!(metrics[1].legacy_name(), "__g");
    assert_eq!(metrics[2].kind, MetricKind::Histogram);
    let metrics = [
        "{}",
        "{ name: \"a\", help: \"h\", type: \"nonsense\" }",
        "{ name: \"Test.Metric.Bad.Name\", help: \"h\", type: \"gauge\" }",
        "{ name: \"a\", type: \"gauge\" }",
        "{ help: \"h\", type: \"gauge\" }",
        "{ name: \"a\", help: \"h\", type: \"gauge\", unit: 1 }",
        "{ name: \"a\", help: \"h\", type: \"gauge\" }, { name: \"a\", help: \"h\", type: \"gauge\" }",
    ];
    let texts = metrics
        .map(|metric| format!("{{ consul: \"c:1\", telemetry: {{ metrics: [{metric}] }} }}"));
    check_reasons(
        texts.each_ref().map(String::as_str),
        &expect![[r#"
        { consul: "c:1", telemetry: { metrics: [{}] } }
          error: telemetry validation error: invalid metric type: 
          hint: one of counter, gauge, histogram, summary
        { consul: "c:1", telemetry: { metrics: [{ name: "a", help: "h", type: "nonsense" }] } }
          error: telemetry validation error: invalid metric type: nonsense
          hint: one of counter, gauge, histogram, summary
        { consul: "c:1", telemetry: { metrics: [{ name: "Test.Metric.Bad.Name", help: "h", type: "gauge" }] } }
          error: telemetry validation error: "Test.Metric.Bad.Name" is not a valid metric name
          hint: use letters, digits and underscores
        { consul: "c:1", telemetry: { metrics: [{ name: "a", type: "gauge" }] } }
          error: telemetry validation error: metric "a" is invalid: empty help string
        { consul: "c:1", telemetry: { metrics: [{ help: "h", type: "gauge" }] } }
          error: telemetry validation error: "" is not a valid metric name
          hint: use letters, digits and underscores
        { consul: "c:1", telemetry: { metrics: [{ name: "a", help: "h", type: "gauge", unit: 1 }] } }
          error: cannot use key `unit`: 'metrics[0]' has invalid keys: unit
        { consul: "c:1", telemetry: { metrics: [{ name: "a", help: "h", type: "gauge" }, { name: "a", help: "h", type: "gauge" }] } }
          warning: the metric `a` is there already
    "#]],
    );
}

#[test]
fn case_96_telemetry() {
    check_reasons(
        [
            "{ consul: \"c:1\", telemetry: { interfaces: [\"xxxx\"] } }",
            "{ consul: \"c:1\", telemetry: { interfaces: [\"!\"], port: \"x\" } }",
            "{ consul: \"c:1\", telemetry: { port: 70000 } }",
            "{ consul: \"c:1\", telemetry: { metrics: \"x\" } }",
            "{ consul: \"c:1\", telemetry: [] }",
            "{ consul: \"c:1\", telemetry: 5 }",
        ],
        &expect![[r#"
            { consul: "c:1", telemetry: { interfaces: ["xxxx"] } }
              error: telemetry validation error: none of the interface specifications were able to match
                Specifications: [xxxx]
                Interfaces IPs: [eth0:10.2.0.1 eth0:192.168.1.100 eth1:10.0.0.100 eth1:10.0.0.200 eth2:10.1.0.200 eth2:fdc6:238c:c4bc::1 lo:::1 lo:127.0.0.1]
              hint: for an interface that comes late: `waitForAddress: "30s"`
            { consul: "c:1", telemetry: { interfaces: ["!"], port: "x" } }
              error: telemetry validation error: Unable to parse interface spec: !
              error: cannot parse 'telemetry.port' as int: strconv.ParseInt: parsing "x": invalid syntax
            { consul: "c:1", telemetry: { port: 70000 } }
              error: cannot use 70000 as telemetry.port: not between 0 and 65535
            { consul: "c:1", telemetry: { metrics: "x" } }
              error: 'metrics': source data must be an array or slice, got string
            { consul: "c:1", telemetry: [] }
              accepted
            { consul: "c:1", telemetry: 5 }
              error: 'telemetry' expected a map, got 'float64'
        "#]],
    );
}

#[test]
fn case_98_telemetry_is_one_more_job() {
    let config = loaded("{ consul: \"c:1\", telemetry: { tags: [\"dev\"] } }");
    let telemetry = config.telemetry.unwrap();
    assert_eq!(
        (
            telemetry.port,
            telemetry.address.unwrap().to_string().as_str()
        ),
        (9090, "10.2.0.1")
    );
    let [job] = config.spec.jobs.as_slice() else {
        panic!("not one job");
    };
    expect_file!["telemetry.txt"].assert_debug_eq(job);
    assert_eq!(
        config.addresses,
        [(
            "CONTAINERPILOT_CONTAINERPILOT_IP".to_owned(),
            "10.2.0.1".to_owned()
        )]
    );
}

#[test]
fn the_log() {
    let config = loaded(
        "{ consul: \"c:1\", logging: { level: \"Warning\", format: \"JSON\", output: \"STDERR\" } }",
    );
    assert_eq!(
        (config.logging.level, config.logging.format),
        (Level::Warn, Format::Json)
    );
    assert_eq!(config.logging.output, LogOutput::Stderr);
    let config = loaded("{ consul: \"c:1\", logging: { output: \"/Var/Log\" } }");
    assert_eq!(config.logging.output, LogOutput::File("/Var/Log".into()));
    check_reasons(
        [
            "{ consul: \"c:1\", logging: { level: \"Loud\" } }",
            "{ consul: \"c:1\", logging: { format: \"xml\" } }",
            "{ consul: \"c:1\", logging: { raw: true } }",
            "{ consul: \"c:1\", logging: \"x\" }",
        ],
        &expect![[r#"
            { consul: "c:1", logging: { level: "Loud" } }
              error: Unknown log level 'Loud': not a valid logrus Level: "loud"
              hint: one of debug, info, warn, warning, error, fatal, panic
            { consul: "c:1", logging: { format: "xml" } }
              error: Unknown log format 'xml'
              hint: one of default, text, json
            { consul: "c:1", logging: { raw: true } }
              error: cannot use key `raw`: 'logging' has invalid keys: raw
            { consul: "c:1", logging: "x" }
              error: 'logging' expected a map, got 'string'
        "#]],
    );
}
