//! What a user declares, and which declarations can stand beside each other.

use std::{collections::HashMap, time::Duration};

use thiserror::Error;

use crate::{Registry, family::Family};

/// A metric that the user's programs feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// First part of its name, or empty.
    pub namespace: String,
    /// Second part of its name, or empty.
    pub subsystem: String,
    /// Last part of its name.
    pub name: String,
    /// What it means.
    pub help: String,
    /// How it counts.
    pub kind: Kind,
}

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up.
    Counter,
    /// To any value.
    Gauge,
    /// By buckets.
    Histogram,
    /// By quantiles.
    Summary,
}

/// Why a metric cannot be declared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeclareError {
    /// Its name is none that Prometheus takes.
    #[error(
        "cannot declare the metric `{0}`: a name is made of letters, digits, `_` and `:`, and begins with no digit"
    )]
    Name(String),
    /// It would show a name that another metric shows.
    #[error("cannot declare the metric `{name}`: `{by}` shows `{sample}` already")]
    Taken {
        /// The name of the metric.
        name: String,
        /// The name that both would show.
        sample: String,
        /// The name of the other metric.
        by: String,
    },
}

impl Metric {
    /// Gives the name under which it is shown: the parts that are not empty, joined by `_`.
    #[must_use]
    pub fn full_name(&self) -> String {
        let parts = [&*self.namespace, &*self.subsystem, &*self.name];
        let given: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        given.join("_")
    }

    /// Gives the name that ContainerPilot 3 wants to record it by: both underscores, always.
    #[must_use]
    pub fn legacy_name(&self) -> String {
        format!("{}_{}_{}", self.namespace, self.subsystem, self.name)
    }
}

impl Kind {
    /// What is put behind the name of a metric to name its samples.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter | Self::Gauge => &[""],
            Self::Histogram => &["", "_bucket", "_sum", "_count"],
            Self::Summary => &["", "_sum", "_count"],
        }
    }
}

/// Checks that metrics can stand beside each other and beside the helper's own.
///
/// # Errors
///
/// Fails with every metric whose name Prometheus does not take, or that shows a name twice.
pub fn check(metrics: &[Metric]) -> Result<(), Vec<DeclareError>> {
    let bare = Registry::new(&[]);
    let mut taken = HashMap::new();
    for Family { name, kind, .. } in bare.families(Duration::ZERO) {
        taken.extend(samples(name, kind).map(|sample| (sample, name.to_owned())));
    }
    let mut errors = Vec::new();
    for metric in metrics {
        let name = metric.full_name();
        if metric.name.is_empty() || !is_name(&name) {
            errors.push(DeclareError::Name(name));
            continue;
        }
        let shown: Vec<String> = samples(&name, metric.kind).collect();
        let twice = shown.iter().find_map(|sample| taken.get_key_value(sample));
        if let Some((sample, by)) = twice {
            let (sample, by) = (sample.clone(), by.clone());
            errors.push(DeclareError::Taken { name, sample, by });
            continue;
        }
        taken.extend(shown.into_iter().map(|sample| (sample, name.clone())));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn samples(name: &str, kind: Kind) -> impl Iterator<Item = String> {
    let suffixes = kind.suffixes().iter();
    suffixes.map(move |suffix| format!("{name}{suffix}"))
}

fn is_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(legal)
}
