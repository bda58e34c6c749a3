//! What there is to show, as the encoder sees it.

use crate::{Kind, value::Histogram};

/// A metric with all its series.
#[derive(Debug)]
pub(crate) struct Family<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: &'a str,
    pub(crate) kind: Kind,
    pub(crate) series: Vec<Series<'a>>,
}

/// What a metric shows for one set of labels.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    pub(crate) labels: Vec<(&'a str, &'a str)>,
    pub(crate) reading: Reading<'a>,
}

/// What a series shows now.
#[derive(Debug)]
pub(crate) enum Reading<'a> {
    Number(f64),
    Histogram(&'a Histogram),
    Summary {
        /// Each quantile with its value, NaN where there was nothing to see of late.
        quantiles: [(f64, f64); 3],
        sum: f64,
        count: u64,
    },
}
