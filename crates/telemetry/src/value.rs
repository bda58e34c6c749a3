//! What a metric of each kind keeps.

use std::time::Duration;

use crate::{Kind, family::Reading, summary::Summary};

/// The bounds that the Go client gives a histogram; the last bucket is without one.
pub(crate) const BOUNDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The state of one metric.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Counter(f64),
    Gauge(f64),
    Histogram(Histogram),
    Summary(Box<Summary>),
}

/// How many observations fell under each bound.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    bounds: &'static [f64],
    /// One more than there are bounds; each counts what no earlier one does.
    counts: Vec<u64>,
    sum: f64,
}

/// Why a metric of some kind does not take a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A counter would go down.
    Negative,
    /// A sum would never be a number again.
    NotFinite,
}

impl Value {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(0.0),
            Kind::Gauge => Self::Gauge(0.0),
            Kind::Histogram => Self::Histogram(Histogram::new(BOUNDS)),
            Kind::Summary => Self::Summary(Box::default()),
        }
    }

    /// Tells whether a number can be recorded.
    pub(crate) fn fits(&self, number: f64) -> Result<(), Unfit> {
        match self {
            Self::Gauge(_) => Ok(()),
            Self::Counter(_) | Self::Histogram(_) | Self::Summary(_) if !number.is_finite() => {
                Err(Unfit::NotFinite)
            }
            Self::Counter(_) if number < 0.0 => Err(Unfit::Negative),
            Self::Counter(_) | Self::Histogram(_) | Self::Summary(_) => Ok(()),
        }
    }

    /// Records a number that fits.
    pub(crate) fn record(&mut self, now: Duration, number: f64) {
        match self {
            Self::Counter(total) => *total += number,
            Self::Gauge(value) => *value = number,
            Self::Histogram(histogram) => histogram.observe(number),
            Self::Summary(summary) => summary.observe(now, number),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(_) => Kind::Histogram,
            Self::Summary(_) => Kind::Summary,
        }
    }

    pub(crate) fn reading(&self, now: Duration) -> Reading<'_> {
        match self {
            Self::Counter(number) | Self::Gauge(number) => Reading::Number(*number),
            Self::Histogram(histogram) => Reading::Histogram(histogram),
            Self::Summary(summary) => summary.reading(now),
        }
    }
}

impl Histogram {
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        }
    }

    pub(crate) fn observe(&mut self, number: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < number);
        self.counts[bucket] += 1;
        self.sum += number;
    }

    /// Gives every bound with the number of observations up to it, the last for all of them.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let running = self.counts.iter().scan(0, |total, count| {
            *total += count;
            Some(*total)
        });
        bounds.zip(running)
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }
}
