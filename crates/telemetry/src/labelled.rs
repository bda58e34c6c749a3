//! Series of one metric by their labels, as many as there is room for.

use std::collections::BTreeMap;

use crate::{
    Kind,
    family::{Family, Reading, Series},
    value::Histogram,
};

/// How many sets of labels a metric keeps.
pub(crate) const SERIES_MAX: usize = 512;

/// The value of every label of the one series that stands for all that found no room.
pub(crate) const OVERFLOW: &str = "_other";

/// A metric of the helper, with a value for each set of labels that occurred.
#[derive(Clone, Debug)]
pub(crate) struct Labelled<T, const N: usize> {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    labels: [&'static str; N],
    fresh: T,
    series: BTreeMap<[String; N], T>,
}

impl<const N: usize> Labelled<f64, N> {
    pub(crate) fn counter(
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Self {
        Self::new(name, labels, help, Kind::Counter, 0.0)
    }

    pub(crate) fn gauge(name: &'static str, labels: [&'static str; N], help: &'static str) -> Self {
        Self::new(name, labels, help, Kind::Gauge, 0.0)
    }

    pub(crate) fn family(&self) -> Family<'_> {
        self.shown(|number| Reading::Number(*number))
    }
}

impl<const N: usize> Labelled<Histogram, N> {
    pub(crate) fn histogram(
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
        bounds: &'static [f64],
    ) -> Self {
        let fresh = Histogram::new(bounds);
        Self::new(name, labels, help, Kind::Histogram, fresh)
    }

    pub(crate) fn family(&self) -> Family<'_> {
        self.shown(Reading::Histogram)
    }
}

impl<T: Clone, const N: usize> Labelled<T, N> {
    fn new(
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
        kind: Kind,
        fresh: T,
    ) -> Self {
        let mut metric = Self {
            name,
            help,
            kind,
            labels,
            fresh,
            series: BTreeMap::new(),
        };
        if labels.is_empty() {
            // Its one series is known beforehand, and so is shown from the beginning.
            metric.at([""; N]);
        }
        metric
    }

    /// Finds the value for these labels, or the one for all that found no room.
    pub(crate) fn at(&mut self, labels: [&str; N]) -> &mut T {
        let key = labels.map(str::to_owned);
        let key = if self.has_room_for(&key) {
            key
        } else {
            [OVERFLOW; N].map(str::to_owned)
        };
        self.series.entry(key).or_insert_with(|| self.fresh.clone())
    }

    /// Finds the value for these labels, where a sum over many would mean nothing.
    pub(crate) fn only_at(&mut self, labels: [&str; N]) -> Option<&mut T> {
        let key = labels.map(str::to_owned);
        let room = self.has_room_for(&key);
        room.then(|| self.series.entry(key).or_insert_with(|| self.fresh.clone()))
    }

    pub(crate) fn remove(&mut self, labels: [&str; N]) {
        self.series.remove(&labels.map(str::to_owned));
    }

    pub(crate) fn clear(&mut self) {
        self.series.clear();
    }

    fn shown<'a>(&'a self, read: fn(&'a T) -> Reading<'a>) -> Family<'a> {
        let series = self.series.iter().map(|(values, value)| {
            let values = values.iter().map(String::as_str);
            Series {
                labels: self.labels.into_iter().zip(values).collect(),
                reading: read(value),
            }
        });
        Family {
            name: self.name,
            help: self.help,
            kind: self.kind,
            series: series.collect(),
        }
    }

    fn has_room_for(&self, key: &[String; N]) -> bool {
        self.series.len() < SERIES_MAX || self.series.contains_key(key)
    }
}
