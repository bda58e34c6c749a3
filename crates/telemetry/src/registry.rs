//! Every metric with its value: those the user declared, and the helper's own.

mod own;
mod record;

use std::time::Duration;

pub use self::{
    own::{Exit, ProcessReading, Queue, Rendered, TemplateCommand},
    record::RecordError,
};

use self::own::Own;
use crate::{
    DeclareError, Format, Metric, check, exposition,
    family::{Family, Series},
    value::Value,
};

/// Every metric with its value.
///
/// Durations that are called `now` are counted from any one moment, and never go back.
#[derive(Clone, Debug)]
pub struct Registry {
    declared: Vec<Declared>,
    own: Own,
}

/// A metric of the user.
#[derive(Clone, Debug)]
struct Declared {
    name: String,
    legacy: String,
    help: String,
    value: Value,
}

impl Registry {
    /// Begins with the helper's own metrics, and none of the user's.
    ///
    /// The paths are those that the control socket knows; in them `*` stands for one part, as in
    /// `/v3/jobs/*/start`. Requests for any other path are counted together.
    #[must_use]
    pub fn new(control_paths: &'static [&'static str]) -> Self {
        Self {
            declared: Vec::new(),
            own: Own::new(control_paths),
        }
    }

    /// Replaces the user's metrics; one that was there with the same name and kind keeps its value.
    ///
    /// # Errors
    ///
    /// Fails as [`check`] does, and changes nothing then.
    pub fn declare(&mut self, metrics: &[Metric]) -> Result<(), Vec<DeclareError>> {
        check(metrics)?;
        let declared = metrics.iter().map(|metric| self.declared(metric));
        self.declared = declared.collect();
        Ok(())
    }

    fn declared(&self, metric: &Metric) -> Declared {
        let name = metric.full_name();
        let same = |old: &&Declared| old.name == name && old.value.kind() == metric.kind;
        let value = match self.declared.iter().find(same) {
            Some(old) => old.value.clone(),
            None => Value::new(metric.kind),
        };
        Declared {
            name,
            legacy: metric.legacy_name(),
            help: metric.help.clone(),
            value,
        }
    }

    /// Writes all metrics down, sorted by name and labels.
    #[must_use]
    pub fn encode(&self, now: Duration, format: Format) -> String {
        exposition::encode(&self.families(now), format)
    }

    pub(crate) fn families(&self, now: Duration) -> Vec<Family<'_>> {
        let mut families = self.own.families();
        families.extend(self.declared.iter().map(|metric| metric.family(now)));
        families.sort_by_key(|family| family.name);
        families
    }
}

impl Declared {
    fn family(&self, now: Duration) -> Family<'_> {
        let series = Series {
            labels: Vec::new(),
            reading: self.value.reading(now),
        };
        Family {
            name: &self.name,
            help: &self.help,
            kind: self.value.kind(),
            series: vec![series],
        }
    }
}
