//! The text formats of Prometheus.

use std::fmt::Write as _;

use crate::{
    Kind,
    family::{Family, Reading, Series},
    number,
};

/// How metrics are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The plain text format, version 0.0.4, which everyone reads.
    #[default]
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// Gives the media type that goes with it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes the families down, which come in the order of their names.
pub(crate) fn encode(families: &[Family<'_>], format: Format) -> String {
    let mut page = Page {
        out: String::new(),
        format,
    };
    for family in families {
        page.family(family, heading(family, families, format));
    }
    if format == Format::OpenMetrics {
        page.out.push_str("# EOF\n");
    }
    page.out
}

/// The name and the type that stand above the samples of a family.
fn heading<'a>(
    family: &Family<'a>,
    families: &[Family<'_>],
    format: Format,
) -> (&'a str, &'static str) {
    let stem = family.name.strip_suffix("_total");
    match (family.kind, format) {
        (Kind::Counter, Format::Text) => (family.name, "counter"),
        // There the family of a counter is called without `_total`, and its samples never are.
        (Kind::Counter, Format::OpenMetrics) => match stem {
            Some(stem) if is_free(stem, families) => (stem, "counter"),
            Some(_) | None => (family.name, "unknown"),
        },
        (Kind::Gauge, _) => (family.name, "gauge"),
        (Kind::Histogram, _) => (family.name, "histogram"),
        (Kind::Summary, _) => (family.name, "summary"),
    }
}

fn is_free(name: &str, families: &[Family<'_>]) -> bool {
    !name.is_empty() && families.iter().all(|family| family.name != name)
}

struct Page {
    out: String,
    format: Format,
}

impl Page {
    fn family(&mut self, family: &Family<'_>, (name, kind): (&str, &str)) {
        let help = self.escaped_help(family.help);
        let _ = writeln!(self.out, "# HELP {name} {help}");
        let _ = writeln!(self.out, "# TYPE {name} {kind}");
        for series in &family.series {
            self.series(family.name, series);
        }
    }

    fn series(&mut self, name: &str, Series { labels, reading }: &Series<'_>) {
        match reading {
            Reading::Number(number) => self.sample((name, ""), labels, None, *number),
            Reading::Histogram(histogram) => {
                for (bound, count) in histogram.buckets() {
                    let bound = Some(("le", bound));
                    self.sample((name, "_bucket"), labels, bound, count as f64);
                }
                self.totals(name, labels, histogram.sum(), histogram.count());
            }
            Reading::Summary {
                quantiles,
                sum,
                count,
            } => {
                for (quantile, value) in quantiles {
                    let quantile = Some(("quantile", *quantile));
                    self.sample((name, ""), labels, quantile, *value);
                }
                self.totals(name, labels, *sum, *count);
            }
        }
    }

    fn totals(&mut self, name: &str, labels: &[(&str, &str)], sum: f64, count: u64) {
        // OpenMetrics takes a sum for a counter, and has no place for one that went below zero.
        if self.format == Format::Text || sum >= 0.0 {
            self.sample((name, "_sum"), labels, None, sum);
        }
        self.sample((name, "_count"), labels, None, count as f64);
    }

    fn sample(
        &mut self,
        (name, suffix): (&str, &str),
        labels: &[(&str, &str)],
        bound: Option<(&str, f64)>,
        value: f64,
    ) {
        let labels = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
        let bound = bound.map(|(name, value)| format!("{name}=\"{}\"", self.bound(value)));
        let labels: Vec<String> = labels.chain(bound).collect();
        self.out.push_str(name);
        self.out.push_str(suffix);
        if !labels.is_empty() {
            let _ = write!(self.out, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.out, " {}", number::print(value));
    }

    fn bound(&self, value: f64) -> String {
        match self.format {
            Format::Text => number::print(value),
            Format::OpenMetrics => number::print_with_point(value),
        }
    }

    fn escaped_help(&self, help: &str) -> String {
        match self.format {
            Format::Text => help.replace('\\', "\\\\").replace('\n', "\\n"),
            Format::OpenMetrics => escaped(help),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
