//! Values that the user's programs send.

use expect_test::{Expect, expect};
use serde_json::json;
use telemetry::{Kind, RecordError, Registry};

use crate::{NOW, in_parts, lines, metric, registry};

fn record(registry: &mut Registry, key: &str, values: &[f64]) {
    for value in values {
        let recorded = registry.record(NOW, key, &json!(value));
        recorded.expect("it can be recorded");
    }
}

#[track_caller]
fn check(kind: Kind, values: &[f64], shown: &Expect) {
    let mut registry = registry(&[metric("m", kind)]);
    record(&mut registry, "m", values);
    shown.assert_eq(&lines(&registry, "m"));
}

// ContainerPilot 3.8: telemetry/metrics_test.go
#[test]
fn every_kind_shows_what_it_should() {
    check(
        Kind::Counter,
        &[1.0, 2.0],
        &expect![[r#"
        m 3
    "#]],
    );
    check(
        Kind::Gauge,
        &[1.2, 2.3],
        &expect![[r#"
        m 2.3
    "#]],
    );
    check(
        Kind::Histogram,
        &[1.2, 1.2, 4.5],
        &expect![[r#"
            m_bucket{le="0.005"} 0
            m_bucket{le="0.01"} 0
            m_bucket{le="0.025"} 0
            m_bucket{le="0.05"} 0
            m_bucket{le="0.1"} 0
            m_bucket{le="0.25"} 0
            m_bucket{le="0.5"} 0
            m_bucket{le="1"} 0
            m_bucket{le="2.5"} 2
            m_bucket{le="5"} 3
            m_bucket{le="10"} 3
            m_bucket{le="+Inf"} 3
            m_sum 6.9
            m_count 3
        "#]],
    );
    let ten: Vec<f64> = (1..=10).map(f64::from).collect();
    check(
        Kind::Summary,
        &ten,
        &expect![[r#"
            m{quantile="0.5"} 5
            m{quantile="0.9"} 9
            m{quantile="0.99"} 10
            m_sum 55
            m_count 10
        "#]],
    );
    let more = [&*ten, &ten[..5]].concat();
    check(
        Kind::Summary,
        &more,
        &expect![[r#"
            m{quantile="0.5"} 4
            m{quantile="0.9"} 9
            m{quantile="0.99"} 10
            m_sum 70
            m_count 15
        "#]],
    );
}

#[test]
fn a_metric_is_known_by_both_of_its_names() {
    let cases = [
        (["", "", "name"], "name", "__name"),
        (["ns", "", "name"], "ns_name", "ns__name"),
        (["", "sub", "name"], "sub_name", "_sub_name"),
        (["ns", "sub", "name"], "ns_sub_name", "ns_sub_name"),
    ];
    for (parts, shown, legacy) in cases {
        let mut registry = registry(&[in_parts(parts, Kind::Counter)]);
        record(&mut registry, shown, &[40.0]);
        record(&mut registry, legacy, &[2.0]);
        assert_eq!(lines(&registry, shown), format!("{shown} 42\n"));
    }
}

#[test]
fn the_name_that_is_shown_goes_first() {
    let legacy = in_parts(["ns", "", "name"], Kind::Gauge);
    let mut registry = registry(&[legacy, metric("ns__name", Kind::Gauge)]);
    record(&mut registry, "ns__name", &[1.0]);
    assert_eq!(lines(&registry, "ns_"), "ns__name 1\nns_name 0\n");
}

#[test]
fn a_number_may_be_a_text() {
    let mut registry = registry(&[metric("m", Kind::Counter)]);
    for value in [json!(" 40 \n"), json!("1e0"), json!(1), json!(0.5)] {
        registry.record(NOW, "m", &value).unwrap();
    }
    assert_eq!(lines(&registry, "m"), "m 42.5\n");
}

#[test]
fn what_cannot_be_recorded_changes_nothing_and_says_why() {
    let metrics = [
        in_parts(["app", "some", "counter"], Kind::Counter),
        metric("gauge", Kind::Gauge),
        metric("histogram", Kind::Histogram),
        metric("summary", Kind::Summary),
    ];
    let mut registry = registry(&metrics);
    let before = lines(&registry, "");
    let cases = [
        ("app_some_counter", json!(-1)),
        ("app_some_counter", json!("NaN")),
        ("app_some_counter", json!("+Inf")),
        ("histogram", json!("nan")),
        ("summary", json!("-inf")),
        ("gauge", json!("")),
        ("gauge", json!("twelve")),
        ("gauge", json!("1e999")),
        ("gauge", json!(null)),
        ("gauge", json!(true)),
        ("gauge", json!([1])),
        ("gauge", json!({"a": "x".repeat(1000)})),
        ("app_some_countr", json!(1)),
        ("counter", json!(1)),
        ("something else", json!(1)),
        ("", json!(1)),
        (&"long".repeat(1000), json!(1)),
    ];
    let said = cases.map(|(key, value)| {
        let error = registry.record(NOW, key, &value).unwrap_err();
        format!("{error}\n")
    });
    assert_eq!(lines(&registry, ""), before);
    expect![[r#"
        cannot record `app_some_counter`: a counter only goes up, and -1 is negative
        cannot record `app_some_counter`: NaN cannot be added up; only a gauge takes it
        cannot record `app_some_counter`: +Inf cannot be added up; only a gauge takes it
        cannot record `histogram`: NaN cannot be added up; only a gauge takes it
        cannot record `summary`: -Inf cannot be added up; only a gauge takes it
        cannot record `gauge`: metric produced non-numeric value: ``
        cannot record `gauge`: metric produced non-numeric value: `twelve`
        cannot record `gauge`: metric produced non-numeric value: `1e999`
        cannot record `gauge`: metric produced non-numeric value: `null`
        cannot record `gauge`: metric produced non-numeric value: `true`
        cannot record `gauge`: metric produced non-numeric value: `[1]`
        cannot record `gauge`: metric produced non-numeric value: `{"a":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`
        cannot record `app_some_countr`: there is no such metric; did you mean `app_some_counter`?
        cannot record `counter`: there is no such metric; did you mean `app_some_counter`?
        cannot record `something else`: there is no such metric; there are: app_some_counter, gauge, histogram, summary
        cannot record ``: there is no such metric; there are: app_some_counter, gauge, histogram, summary
        cannot record `longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglong…`: there is no such metric; there are: app_some_counter, gauge, histogram, summary
    "#]]
    .assert_eq(&said.concat());
}

#[test]
fn a_gauge_takes_any_number() {
    let mut registry = registry(&[metric("m", Kind::Gauge)]);
    for (value, shown) in [("-2.5", "-2.5"), ("NaN", "NaN"), ("-Inf", "-Inf")] {
        registry.record(NOW, "m", &json!(value)).unwrap();
        assert_eq!(lines(&registry, "m"), format!("m {shown}\n"));
    }
}

#[test]
fn many_names_are_not_all_listed() {
    let metrics: Vec<_> = (0..30)
        .map(|number| metric(&format!("some_metric_{number}"), Kind::Gauge))
        .collect();
    let mut none = registry(&[]);
    let mut many = registry(&metrics);
    let said = [&mut none, &mut many].map(|registry| {
        let error = registry.record(NOW, "else", &json!(1)).unwrap_err();
        format!("{error}\n")
    });
    expect![[r#"
        cannot record `else`: there is no such metric; none is declared
        cannot record `else`: there is no such metric; there are: some_metric_0, some_metric_1, some_metric_2, some_metric_3, some_metric_4, some_metric_5, some_metric_6, some_metric_7, some_metric_8, some_metric_9 and 20 more
    "#]]
    .assert_eq(&said.concat());
}

#[test]
fn all_or_nothing() {
    let mut registry = registry(&[metric("a", Kind::Counter), metric("b", Kind::Gauge)]);
    let pair = |key: &str, value: i32| (key.to_owned(), json!(value));
    let wrong = [pair("a", 1), pair("x", 1), pair("b", 2), pair("a", -1)];
    let errors = registry.record_all(NOW, &wrong).unwrap_err();
    assert!(matches!(
        errors[..],
        [RecordError::Unknown { .. }, RecordError::Negative { .. }]
    ));
    assert_eq!(lines(&registry, "a") + &lines(&registry, "b"), "a 0\nb 0\n");
    registry
        .record_all(NOW, &[pair("a", 1), pair("b", 2)])
        .unwrap();
    assert_eq!(lines(&registry, "a") + &lines(&registry, "b"), "a 1\nb 2\n");
}
