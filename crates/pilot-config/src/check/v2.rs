//! Files of ContainerPilot 1 and 2: one application, and what goes on around it, as jobs.
//!
//! | there | here |
//! |---|---|
//! | the program of the command line | the essential job `app` |
//! | `preStart`, `preStop`, `postStop` | jobs of these names: before it, on its `stopping`, on its `stopped` |
//! | a service | a job without a process that bears its name |
//! | a backend | a watch, and a job `onChange-NAME` each time it changes |
//! | a task, a coprocess, a sensor | jobs `task-NAME`, `coprocess-NAME`, `sensor-METRIC` |
//!
//! Nothing but `preStart` starts before `preStart` has succeeded.

mod app;
mod around;
mod backend;
mod name;
mod service;

use std::time::Duration;

use pilot_core::{
    Event, EventKind, JobName, Signal, Source, Spec,
    spec::{AskedStatus, Condition, JobSpec, Role, Signals, Stay, When},
};

use super::{Ground, catalog, etcd, section, stop_timeout, telemetry, text, zookeeper};
use crate::{
    Catalog, Config, Dialect, Embedded, LogOutput, Logging, Telemetry, command, duration,
    raw::{RawCatalog, v2::RawV2},
    value::{Span, Spanned, Value},
};
use name::Names;

/// Makes the configuration; none where an error keeps it from being one.
pub(super) fn config(raw: &RawV2<'_>, ground: Ground<'_>) -> Option<Config> {
    let mut around = Around {
        ground,
        names: Names::new(),
        first: app::before(raw, ground),
    };
    let services = service::check_all(raw, &mut around);
    let (watches, takers) = backend::check_all(&raw.backends, &mut around);
    let coprocesses = around::coprocesses(&raw.coprocesses, &mut around);
    let sensors = around::sensors(&raw.sensors, &mut around);
    let tasks = around::tasks(&raw.tasks, &mut around);
    let (telemetry, own_job) = telemetry(raw, &around).unzip();
    let mut jobs: Vec<JobSpec> = around.first.clone().into_iter().collect();
    jobs.extend(coprocesses);
    jobs.extend(takers);
    // A stop takes the services out before it comes to the application.
    jobs.extend(services);
    jobs.extend(sensors);
    jobs.extend(tasks);
    let own: Vec<JobSpec> = own_job.into_iter().collect();
    let all = || jobs.iter().chain(&own);
    let addresses = super::service::variables(all());
    let app = app::check(raw, &addresses, &around);
    let has_program = !ground.world.program.is_empty();
    let catalog = catalog(raw, ground);
    let spec = Spec {
        jobs: jobs.into_iter().chain(app).chain(own).collect(),
        watches,
        stop_timeout: stop_timeout(raw.stop_timeout.as_ref()),
        signals: signals(),
        asked_status: AskedStatus::OfTheApplication,
        stay: if has_program {
            Stay::WithJobs
        } else {
            Stay::UntilAsked
        },
        ..Spec::default()
    };
    Some(Config {
        dialect: Dialect::V2,
        spec,
        catalog: catalog?,
        logging: logging(raw, ground),
        control: section::control(&raw.control, ground),
        telemetry,
        addresses,
        ..Config::default()
    })
}

/// HUP reloads, USR1 begins and ends maintenance. INT, at which ContainerPilot 2 just died, stops
/// as TERM does.
fn signals() -> Signals {
    Signals {
        stop: vec![Signal::TERM, Signal::INT],
        reload: Some(Signal::HUP),
        maintenance: Some(Signal::USR1),
    }
}

/// What everything around the application has in common.
struct Around<'a> {
    ground: Ground<'a>,
    names: Names,
    /// The job that must succeed before all others.
    first: Option<JobSpec>,
}

impl Around<'_> {
    /// The success of `preStart`, if there is one.
    fn gate(&self) -> Option<Event> {
        let first = self.first.as_ref()?;
        let source = Source::Job(first.name.clone());
        Some(Event::new(EventKind::ExitSuccess, source))
    }

    /// The start of everything that runs once.
    fn start(&self) -> When {
        let start = self.gate().map(Condition::Event);
        When::Once(start.unwrap_or_else(Condition::startup))
    }

    /// A job that is there for the application, and ends with it.
    fn companion(&self, name: JobName) -> JobSpec {
        JobSpec {
            when: self.start(),
            role: Role::Companion,
            ..JobSpec::new(name)
        }
    }
}

impl Ground<'_> {
    /// Reads a command, or says why it is none.
    fn command(self, value: &Value, refusal: &str) -> Option<Vec<String>> {
        let refuse = |reason: String| {
            self.findings
                .error(value.head(), format!("{refusal}: {reason}"));
        };
        command::arguments(value).map_err(refuse).ok()
    }

    /// Reads the limit of a command; none, 0 and less are no limit.
    fn limit(self, written: Option<&Spanned<String>>, refusal: &str) -> Option<Duration> {
        let written = written?;
        match duration::parse(&written.value) {
            Ok(nanos) => duration::limit(nanos),
            Err(reason) => {
                self.findings
                    .error(written.span, format!("{refusal}: {reason}"));
                None
            }
        }
    }

    /// Reads seconds that must be there, and above zero.
    fn period(
        self,
        written: Option<&Spanned<i64>>,
        entry: Span,
        broken: bool,
        refusal: &str,
    ) -> Duration {
        let seconds = written.map_or(0, |seconds| seconds.value);
        if seconds < 1 && !broken {
            let at = written.map_or(entry, |seconds| seconds.span);
            self.findings.error(at, refusal);
        }
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }
}

fn logging(raw: &RawV2<'_>, ground: Ground<'_>) -> Logging {
    let logging = section::logging(&raw.logging, ground);
    if let (LogOutput::File(path), Some(written)) = (&logging.output, &raw.logging.output) {
        let reason = format!("Unknown output type '{}'", path.display());
        let hint = "one of stdout, stderr; a file needs the form of ContainerPilot 3: \
                    `containerpilot migrate`";
        ground.findings.hinted(written.span, reason, hint);
    }
    logging
}

fn catalog(raw: &RawV2<'_>, ground: Ground<'_>) -> Option<Catalog> {
    if let Some(etcd) = &raw.etcd {
        if raw.catalog.is_some() {
            let reason = "More than one discovery backend defined";
            ground.findings.error(etcd.span, reason);
            return None;
        }
        return etcd::check(etcd, ground).map(|etcd| Catalog::Etcd(Box::new(etcd)));
    }
    match &raw.catalog {
        Some(RawCatalog::Broken) => None,
        Some(RawCatalog::None { .. }) => Some(Catalog::None),
        Some(RawCatalog::Embedded { address }) => Some(Catalog::Embedded(Embedded {
            address: text(address.as_ref()),
        })),
        Some(RawCatalog::Etcd(raw)) => {
            etcd::check(raw, ground).map(|etcd| Catalog::Etcd(Box::new(etcd)))
        }
        Some(RawCatalog::Zookeeper(raw)) => {
            zookeeper::check(raw, ground).map(|own| Catalog::Zookeeper(Box::new(own)))
        }
        Some(RawCatalog::Consul(raw)) => {
            catalog::consul(raw, ground).map(|consul| Catalog::Consul(Box::new(consul)))
        }
        None => {
            let reason = "No discovery backend defined";
            let hint = "add `\"consul\": \"localhost:8500\"`, or `\"catalog\": \"none\"` to do \
                        without";
            ground.findings.hinted(raw.span, reason, hint);
            None
        }
    }
}

fn telemetry(raw: &RawV2<'_>, around: &Around<'_>) -> Option<(Telemetry, JobSpec)> {
    let (telemetry, mut job) = telemetry::check(raw.telemetry.as_ref()?, false, around.ground)?;
    job.when = around.start();
    if let Some(service) = &mut job.service {
        // The version among the tags came with ContainerPilot 3.
        service.tags.clone_from(&telemetry.tags);
    }
    Some((telemetry, job))
}
