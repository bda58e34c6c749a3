//! The helper's own process, under the names that clients of Prometheus have agreed on.

use crate::{
    Kind, Registry,
    family::{Family, Reading, Series},
};

/// What the system tells of the helper's process; what it does not tell is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessReading {
    /// Processor time, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Memory that is present, in bytes.
    pub resident_bytes: Option<f64>,
    /// Memory that is mapped, in bytes.
    pub virtual_bytes: Option<f64>,
    /// Descriptors that are open.
    pub open_descriptors: Option<f64>,
    /// How many may be.
    pub max_descriptors: Option<f64>,
    /// When it was started, in seconds since 1970.
    pub start_seconds: Option<f64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Process(ProcessReading);

impl Registry {
    /// Shows how the helper's process stands; best just before the metrics are shown.
    pub fn process(&mut self, reading: ProcessReading) {
        self.own.process.0 = reading;
    }
}

impl Process {
    pub(super) fn families(&self) -> Vec<Family<'_>> {
        let reading = self.0;
        vec![
            family(
                "process_cpu_seconds_total",
                "Processor time of containerpilot itself, its children not counted.",
                Kind::Counter,
                reading.cpu_seconds,
            ),
            family(
                "process_resident_memory_bytes",
                "Memory of containerpilot that is present.",
                Kind::Gauge,
                reading.resident_bytes,
            ),
            family(
                "process_virtual_memory_bytes",
                "Memory of containerpilot that is mapped.",
                Kind::Gauge,
                reading.virtual_bytes,
            ),
            family(
                "process_open_fds",
                "Descriptors that containerpilot has open.",
                Kind::Gauge,
                reading.open_descriptors,
            ),
            family(
                "process_max_fds",
                "Descriptors that containerpilot may have open.",
                Kind::Gauge,
                reading.max_descriptors,
            ),
            family(
                "process_start_time_seconds",
                "When containerpilot was started, in seconds since 1970.",
                Kind::Gauge,
                reading.start_seconds,
            ),
        ]
    }
}

fn family(
    name: &'static str,
    help: &'static str,
    kind: Kind,
    number: Option<f64>,
) -> Family<'static> {
    let series = number.map(|number| Series {
        labels: Vec::new(),
        reading: Reading::Number(number),
    });
    Family {
        name,
        help,
        kind,
        series: series.into_iter().collect(),
    }
}
