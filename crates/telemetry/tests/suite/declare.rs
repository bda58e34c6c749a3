//! Declarations, at the start and again at each reload.

use expect_test::expect;
use serde_json::json;
use telemetry::{Kind, Metric, check};

use crate::{NOW, in_parts, lines, metric, registry};

#[test]
fn a_reload_keeps_what_did_not_change() {
    let mut registry = registry(&[
        metric("kept", Kind::Counter),
        metric("dropped", Kind::Counter),
        metric("other", Kind::Counter),
    ]);
    registry.event("Startup", "global");
    for key in ["kept", "dropped", "other"] {
        registry.record(NOW, key, &json!(7)).unwrap();
    }
    let again = [
        metric("new", Kind::Counter),
        metric("other", Kind::Gauge),
        Metric {
            help: "Said better.".to_owned(),
            ..metric("kept", Kind::Counter)
        },
    ];
    registry.declare(&again).unwrap();
    for (name, shown) in [
        ("kept", "kept 7\n"),
        ("other", "other 0\n"),
        ("new", "new 0\n"),
        ("dropped", ""),
        ("# HELP kept", "# HELP kept Said better.\n"),
    ] {
        assert_eq!(lines(&registry, name), shown);
    }
    let own = "containerpilot_events{code=\"Startup\",source=\"global\"} 1\n";
    assert_eq!(lines(&registry, "containerpilot_events"), own);
    registry.record(NOW, "dropped", &json!(7)).unwrap_err();
}

#[test]
fn a_bad_reload_changes_nothing() {
    let mut registry = registry(&[metric("kept", Kind::Counter)]);
    let before = lines(&registry, "");
    let again = [metric("new", Kind::Counter), metric("0", Kind::Counter)];
    registry.declare(&again).unwrap_err();
    assert_eq!(lines(&registry, ""), before);
}

#[test]
fn what_cannot_stand_beside_the_others_is_refused() {
    let errors = check(&[
        metric("a", Kind::Histogram),
        metric("a", Kind::Counter),
        metric("a_count", Kind::Counter),
        metric("b_bucket", Kind::Gauge),
        metric("b", Kind::Summary),
        metric("b_sum", Kind::Counter),
        metric("c_bucket", Kind::Gauge),
        metric("c", Kind::Histogram),
        in_parts(["containerpilot", "", "events"], Kind::Counter),
        metric("containerpilot_check_seconds_sum", Kind::Gauge),
        metric("Test.Metric.Bad.Name", Kind::Counter),
        metric("0a", Kind::Counter),
        metric("é", Kind::Counter),
        metric("a\nb", Kind::Counter),
        in_parts(["ns", "", ""], Kind::Counter),
    ]);
    let said = errors.unwrap_err().into_iter();
    let said: String = said.map(|error| format!("{error}\n")).collect();
    expect![[r#"
        cannot declare the metric `a`: `a` shows `a` already
        cannot declare the metric `a_count`: `a` shows `a_count` already
        cannot declare the metric `b_sum`: `b` shows `b_sum` already
        cannot declare the metric `c`: `c_bucket` shows `c_bucket` already
        cannot declare the metric `containerpilot_events`: `containerpilot_events` shows `containerpilot_events` already
        cannot declare the metric `containerpilot_check_seconds_sum`: `containerpilot_check_seconds` shows `containerpilot_check_seconds_sum` already
        cannot declare the metric `Test.Metric.Bad.Name`: a name is made of letters, digits, `_` and `:`, and begins with no digit
        cannot declare the metric `0a`: a name is made of letters, digits, `_` and `:`, and begins with no digit
        cannot declare the metric `é`: a name is made of letters, digits, `_` and `:`, and begins with no digit
        cannot declare the metric `a
        b`: a name is made of letters, digits, `_` and `:`, and begins with no digit
        cannot declare the metric `ns`: a name is made of letters, digits, `_` and `:`, and begins with no digit
    "#]]
    .assert_eq(&said);
}
