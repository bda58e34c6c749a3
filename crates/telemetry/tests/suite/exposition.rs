//! The pages, as they are written and as they are read.

use std::time::Duration;

use expect_test::expect;
use proptest::prelude::*;
use serde_json::json;
use telemetry::{Format, Kind, Metric, Registry, check};

use crate::{
    NOW, metric,
    parser::{self, Read},
    registry,
};

const KINDS: [Kind; 4] = [Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::Summary];

/// The part of a page that is about the user's metrics.
fn users(registry: &Registry, format: Format) -> String {
    let page = registry.encode(NOW, format);
    let lines = page
        .lines()
        .filter(|line| !line.contains("containerpilot_") && !line.contains(" process_"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn every_kind() -> Registry {
    let mut registry = registry(&[
        metric("d_summary", Kind::Summary),
        metric("c_histogram", Kind::Histogram),
        metric("b_gauge", Kind::Gauge),
        metric("a_counter", Kind::Counter),
        metric("e_requests_total", Kind::Counter),
        metric("f_clash", Kind::Gauge),
        metric("f_clash_total", Kind::Counter),
    ]);
    for (key, value) in [
        ("a_counter", 42.0),
        ("b_gauge", -0.5),
        ("c_histogram", 0.3),
        ("e_requests_total", 1e300),
    ] {
        let recorded = registry.record(NOW, key, &json!(value));
        recorded.expect("it can be recorded");
    }
    registry
}

#[test]
fn plain_text() {
    expect![[r##"
        # HELP a_counter Help of a_counter.
        # TYPE a_counter counter
        a_counter 42
        # HELP b_gauge Help of b_gauge.
        # TYPE b_gauge gauge
        b_gauge -0.5
        # HELP c_histogram Help of c_histogram.
        # TYPE c_histogram histogram
        c_histogram_bucket{le="0.005"} 0
        c_histogram_bucket{le="0.01"} 0
        c_histogram_bucket{le="0.025"} 0
        c_histogram_bucket{le="0.05"} 0
        c_histogram_bucket{le="0.1"} 0
        c_histogram_bucket{le="0.25"} 0
        c_histogram_bucket{le="0.5"} 1
        c_histogram_bucket{le="1"} 1
        c_histogram_bucket{le="2.5"} 1
        c_histogram_bucket{le="5"} 1
        c_histogram_bucket{le="10"} 1
        c_histogram_bucket{le="+Inf"} 1
        c_histogram_sum 0.3
        c_histogram_count 1
        # HELP d_summary Help of d_summary.
        # TYPE d_summary summary
        d_summary{quantile="0.5"} NaN
        d_summary{quantile="0.9"} NaN
        d_summary{quantile="0.99"} NaN
        d_summary_sum 0
        d_summary_count 0
        # HELP e_requests_total Help of e_requests_total.
        # TYPE e_requests_total counter
        e_requests_total 1e300
        # HELP f_clash Help of f_clash.
        # TYPE f_clash gauge
        f_clash 0
        # HELP f_clash_total Help of f_clash_total.
        # TYPE f_clash_total counter
        f_clash_total 0
    "##]]
    .assert_eq(&users(&every_kind(), Format::Text));
}

#[test]
fn open_metrics_rename_nothing() {
    expect![[r##"
        # HELP a_counter Help of a_counter.
        # TYPE a_counter unknown
        a_counter 42
        # HELP b_gauge Help of b_gauge.
        # TYPE b_gauge gauge
        b_gauge -0.5
        # HELP c_histogram Help of c_histogram.
        # TYPE c_histogram histogram
        c_histogram_bucket{le="0.005"} 0
        c_histogram_bucket{le="0.01"} 0
        c_histogram_bucket{le="0.025"} 0
        c_histogram_bucket{le="0.05"} 0
        c_histogram_bucket{le="0.1"} 0
        c_histogram_bucket{le="0.25"} 0
        c_histogram_bucket{le="0.5"} 1
        c_histogram_bucket{le="1.0"} 1
        c_histogram_bucket{le="2.5"} 1
        c_histogram_bucket{le="5.0"} 1
        c_histogram_bucket{le="10.0"} 1
        c_histogram_bucket{le="+Inf"} 1
        c_histogram_sum 0.3
        c_histogram_count 1
        # HELP d_summary Help of d_summary.
        # TYPE d_summary summary
        d_summary{quantile="0.5"} NaN
        d_summary{quantile="0.9"} NaN
        d_summary{quantile="0.99"} NaN
        d_summary_sum 0
        d_summary_count 0
        # HELP e_requests Help of e_requests_total.
        # TYPE e_requests counter
        e_requests_total 1e300
        # HELP f_clash Help of f_clash.
        # TYPE f_clash gauge
        f_clash 0
        # HELP f_clash_total Help of f_clash_total.
        # TYPE f_clash_total unknown
        f_clash_total 0
        # EOF
    "##]]
    .assert_eq(&users(&every_kind(), Format::OpenMetrics));
}

#[test]
fn open_metrics_have_no_sum_below_zero() {
    let mut registry = registry(&[metric("m", Kind::Histogram)]);
    registry.record(NOW, "m", &json!(-1)).unwrap();
    assert!(users(&registry, Format::Text).contains("\nm_sum -1\n"));
    assert!(!users(&registry, Format::OpenMetrics).contains("m_sum"));
}

#[test]
fn texts_are_escaped() {
    let help = "a \"quote\", a \\ and a\nnew line";
    let mut registry = registry(&[Metric {
        help: help.to_owned(),
        ..metric("m", Kind::Gauge)
    }]);
    registry.event("Error", help);
    for (format, expected) in [
        (
            Format::Text,
            expect![[r#"
                containerpilot_events{code="Error",source="a \"quote\", a \\ and a\nnew line"} 1
                # HELP m a "quote", a \\ and a\nnew line
            "#]],
        ),
        (
            Format::OpenMetrics,
            expect![[r#"
                containerpilot_events{code="Error",source="a \"quote\", a \\ and a\nnew line"} 1
                # HELP m a \"quote\", a \\ and a\nnew line
            "#]],
        ),
    ] {
        let page = registry.encode(NOW, format);
        let lines = page.lines().filter(|line| line.contains("quote"));
        expected.assert_eq(&lines.map(|line| format!("{line}\n")).collect::<String>());
    }
}

fn read(registry: &Registry, format: Format) -> Vec<Read> {
    let page = registry.encode(NOW, format);
    let families = match format {
        Format::Text => parser::text(&page),
        Format::OpenMetrics => parser::open_metrics(&page),
    };
    if format == Format::Text {
        assert!(families.is_sorted_by_key(|family| family.name.clone()));
    }
    families
}

/// Names that are near each other, and names that are none.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab](_(total|sum|count|bucket)){0,2}",
        "[a-zA-Z_:][a-zA-Z0-9_:]{0,8}",
        any::<String>(),
    ]
}

fn declaration() -> impl Strategy<Value = Metric> {
    let namespace = prop_oneof![3 => Just(String::new()), 1 => name()];
    let kind = proptest::sample::select(&KINDS);
    (namespace, name(), any::<String>(), kind).prop_map(|(namespace, name, help, kind)| Metric {
        namespace,
        subsystem: String::new(),
        name,
        help,
        kind,
    })
}

proptest! {
    #[test]
    fn whatever_is_written_can_be_read_back(
        metrics in proptest::collection::vec(declaration(), 0..8),
        texts in proptest::collection::vec(any::<(String, String)>(), 0..4),
        values in proptest::collection::vec(any::<f64>(), 0..8),
    ) {
        // What is refused alone or beside those before it is left out; the rest can be shown.
        let mut taken: Vec<Metric> = Vec::new();
        for metric in metrics {
            taken.push(metric);
            if check(&taken).is_err() {
                taken.pop();
            }
        }
        let mut registry = Registry::new(&[]);
        registry.declare(&taken).unwrap();
        for (number, metric) in values.iter().zip(taken.iter().cycle()) {
            let _ = registry.record(NOW, &metric.full_name(), &json!(number.to_string()));
        }
        for (code, source) in &texts {
            registry.event(code, source);
            registry.check(source, true, Duration::from_secs_f32(0.1));
        }

        for format in [Format::Text, Format::OpenMetrics] {
            let families = read(&registry, format);
            for metric in &taken {
                let name = metric.full_name();
                let stem = name.strip_suffix("_total").filter(|_| format == Format::OpenMetrics);
                let found = families.iter().find(|family| {
                    family.samples.iter().any(|sample| sample.name.starts_with(&name))
                        && (family.name == name || Some(&*family.name) == stem)
                });
                prop_assert_eq!(&found.expect("each metric is shown").help, &metric.help);
            }
            let events = families.iter().find(|family| family.name == "containerpilot_events");
            let shown = &events.expect("events are shown").samples;
            for (code, source) in &texts {
                let labels = [("code".to_owned(), code.clone()), ("source".to_owned(), source.clone())];
                prop_assert!(shown.iter().any(|sample| sample.labels == labels));
            }
        }
    }
}
