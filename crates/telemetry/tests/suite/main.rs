//! What the registry shows, what it takes, and how the server hands it out.

mod declare;
mod exposition;
mod own;
mod parser;
mod record;
mod server;

use std::time::Duration;

use telemetry::{Kind, Metric, Registry};

/// A moment like any other.
const NOW: Duration = Duration::from_secs(1000);

fn metric(name: &str, kind: Kind) -> Metric {
    Metric {
        namespace: String::new(),
        subsystem: String::new(),
        name: name.to_owned(),
        help: format!("Help of {name}."),
        kind,
    }
}

fn in_parts([namespace, subsystem, name]: [&str; 3], kind: Kind) -> Metric {
    Metric {
        namespace: namespace.to_owned(),
        subsystem: subsystem.to_owned(),
        ..metric(name, kind)
    }
}

fn registry(metrics: &[Metric]) -> Registry {
    let mut registry = Registry::new(&[
        "/v3/ping",
        "/v3/metric",
        "/v3/jobs/*/start",
        "/v3/jobs/*/signal/*",
    ]);
    registry.declare(metrics).expect("they can be declared");
    registry
}

/// The lines of the plain page that begin with a text.
fn lines(registry: &Registry, begin: &str) -> String {
    let page = registry.encode(NOW, telemetry::Format::Text);
    let lines = page.lines().filter(|line| line.starts_with(begin));
    lines.map(|line| format!("{line}\n")).collect()
}
