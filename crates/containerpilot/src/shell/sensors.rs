//! Sensors: jobs whose output is the value of a metric.

use std::{
    collections::BTreeMap,
    fmt,
    mem::{Discriminant, discriminant},
    time::Duration,
};

use pilot_core::{ExitStatus, JobName, Level};
use telemetry::RecordError;

use super::Shell;

/// The sensors whose metric has got no value of late, and what kind of failure was told of.
#[derive(Default)]
pub(super) struct Sensors {
    failing: BTreeMap<String, Kind>,
}

/// Why a run of a sensor gives its metric no value.
#[derive(Debug)]
pub(super) enum Failure {
    /// Its program could not be started.
    Start(String),
    /// Its time was over, and it was made to end.
    Timeout(Duration),
    /// Its program failed, and what it printed means nothing.
    Exit(ExitStatus),
    /// What it printed is nothing that the metric takes.
    Value(RecordError),
}

/// What tells one kind of failure from another.
#[derive(PartialEq)]
enum Kind {
    Start,
    Timeout,
    Exit,
    Value(Discriminant<RecordError>),
}

impl Sensors {
    /// Takes note of how a run ended; gives what there is to say, which is nothing where it is
    /// known already.
    fn note(&mut self, sensor: &str, outcome: Result<(), Failure>) -> Option<(Level, String)> {
        match outcome {
            Ok(()) => {
                self.failing.remove(sensor)?;
                let message = format!("{sensor} gives its metric values again");
                Some((Level::Info, message))
            }
            Err(failure) => {
                let kind = failure.kind();
                let message = format!("{sensor} gives its metric no value: {failure}");
                let known = self.failing.insert(sensor.to_owned(), kind);
                let is_news = known.as_ref() != self.failing.get(sensor);
                is_news.then_some((Level::Error, message))
            }
        }
    }

    /// Forgets what was told of; after a reload it is told anew.
    pub(super) fn forget(&mut self) {
        self.failing.clear();
    }
}

impl Failure {
    fn kind(&self) -> Kind {
        match self {
            Self::Start(_) => Kind::Start,
            Self::Timeout(_) => Kind::Timeout,
            Self::Exit(_) => Kind::Exit,
            Self::Value(error) => Kind::Value(discriminant(error)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(reason) => write!(f, "unable to start it: {reason}"),
            Self::Timeout(limit) => write!(f, "its command takes longer than {limit:?}"),
            Self::Exit(status) => write!(f, "its command failed: {status}"),
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl Shell {
    /// A run of a sensor is over, and this is what it printed or why that means nothing.
    pub(super) fn on_sensed(
        &mut self,
        sensor: &JobName,
        metric: &str,
        printed: Result<String, Failure>,
    ) {
        let now = self.now().since_start();
        let registry = &mut self.meter.registry;
        let outcome = printed.and_then(|text| {
            registry
                .record(now, metric, &text.trim().into())
                .map_err(Failure::Value)
        });
        registry.sensor(metric, outcome.is_ok());
        if let Some((level, message)) = self.sensors.note(sensor.as_str(), outcome) {
            self.say(level, &message);
        }
    }
}

#[cfg(test)]
mod tests {
    use telemetry::{Kind, Metric, Registry};

    use super::*;

    /// Lets a sensor of a counter print these one after the other; gives what is said.
    fn say(printed: &[&str]) -> Vec<String> {
        let mut registry = Registry::new(&[]);
        let metric = Metric {
            namespace: String::new(),
            subsystem: String::new(),
            name: "orders".to_owned(),
            help: "Orders.".to_owned(),
            kind: Kind::Counter,
        };
        registry.declare(&[metric]).unwrap();
        let mut sensors = Sensors::default();
        let mut said = |printed: &&str| {
            let value = (*printed).into();
            let outcome = registry.record(Duration::ZERO, "orders", &value);
            let outcome = outcome.map_err(Failure::Value);
            let (level, message) = sensors.note("sensor-orders", outcome)?;
            Some(format!("{level:?} {message}"))
        };
        printed.iter().filter_map(&mut said).collect()
    }

    #[test]
    fn a_failure_is_told_when_it_begins_and_when_it_ends() {
        let said = say(&["1", "one", "two", "-3", "-4", "5", "6", "seven"]);
        assert_eq!(
            said,
            [
                "Error sensor-orders gives its metric no value: cannot record `orders`: metric produced non-numeric value: `one`",
                "Error sensor-orders gives its metric no value: cannot record `orders`: a counter only goes up, and -3 is negative",
                "Info sensor-orders gives its metric values again",
                "Error sensor-orders gives its metric no value: cannot record `orders`: metric produced non-numeric value: `seven`",
            ]
        );
    }

    #[test]
    fn failures_of_another_kind_are_told_too() {
        let mut sensors = Sensors::default();
        let exit = |code| Err(Failure::Exit(ExitStatus::Exited(code)));
        let start = || Err(Failure::Start("exec: \"x\": not found".to_owned()));
        let mut said = |sensor: &str, outcome| {
            let said = sensors.note(sensor, outcome);
            said.map(|(_, message)| message)
        };
        let first = said("a", start()).unwrap();
        assert_eq!(
            first,
            "a gives its metric no value: unable to start it: exec: \"x\": not found"
        );
        assert!(said("a", start()).is_none());
        assert!(said("b", start()).is_some());
        assert!(said("a", exit(1)).is_some());
        assert!(said("a", exit(2)).is_none());
        let timeout = Err(Failure::Timeout(Duration::from_millis(1500)));
        let slow = said("a", timeout).unwrap();
        assert_eq!(
            slow,
            "a gives its metric no value: its command takes longer than 1.5s"
        );
    }

    #[test]
    fn what_is_told_of_a_value_is_bounded() {
        let said = say(&["x".repeat(5000).as_str()]);
        assert!(said[0].len() < 300, "{said:?}");
    }
}
