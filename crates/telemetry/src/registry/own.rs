//! What the helper counts about itself.

use std::{fmt, time::Duration};

use super::Registry;
use crate::{
    family::Family,
    labelled::{Labelled, OVERFLOW},
    value::{BOUNDS, Histogram},
};

/// Bounds for how long a run takes, in seconds: anything from a hook to a server.
const RUN_BOUNDS: &[f64] = &[0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86400.0];

/// How a run of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit<'a> {
    /// By itself, with this status.
    Code(i32),
    /// By a signal, such as `SIGKILL`.
    Signal(&'a str),
}

impl fmt::Display for Exit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Signal(name) => f.write_str(name),
        }
    }
}

/// The helper's own metrics.
#[derive(Clone, Debug)]
pub(super) struct Own {
    control_paths: &'static [&'static str],
    events: Labelled<f64, 2>,
    control_requests: Labelled<f64, 2>,
    watch_instances: Labelled<f64, 1>,
    job_starts: Labelled<f64, 1>,
    job_restarts: Labelled<f64, 1>,
    job_exits: Labelled<f64, 2>,
    job_run_seconds: Labelled<Histogram, 1>,
    checks: Labelled<f64, 2>,
    check_seconds: Labelled<Histogram, 1>,
    orphans: Labelled<f64, 0>,
}

impl Registry {
    /// Counts an event on the bus by its code, such as `ExitSuccess`, and whom it is about.
    pub fn event(&mut self, code: &str, source: &str) {
        *self.own.events.at([code, source]) += 1.0;
    }

    /// Counts a request to the control socket by the status of its answer and its path.
    pub fn control_request(&mut self, code: u16, path: &str) {
        let known = self.own.control_paths.iter();
        let path = known.copied().find(|known| is_path(known, path));
        let labels = [&*code.to_string(), path.unwrap_or(OVERFLOW)];
        *self.own.control_requests.at(labels) += 1.0;
    }

    /// Sets how many instances a watch sees.
    ///
    /// Beyond the number of watches there is room for, one is left out.
    pub fn watch_instances(&mut self, service: &str, instances: usize) {
        if let Some(value) = self.own.watch_instances.only_at([service]) {
            *value = instances as f64;
        }
    }

    /// Shows the instances of a watch no longer, as nobody follows it.
    pub fn forget_watch(&mut self, service: &str) {
        self.own.watch_instances.remove([service]);
    }

    /// Counts a run of a job that begins.
    pub fn job_start(&mut self, job: &str) {
        *self.own.job_starts.at([job]) += 1.0;
    }

    /// Counts a restart, which is a start as well.
    pub fn job_restart(&mut self, job: &str) {
        self.job_start(job);
        *self.own.job_restarts.at([job]) += 1.0;
    }

    /// Counts a run of a job that ended, by how it did and how long it took.
    pub fn job_exit(&mut self, job: &str, exit: Exit<'_>, ran: Duration) {
        *self.own.job_exits.at([job, &exit.to_string()]) += 1.0;
        self.own
            .job_run_seconds
            .at([job])
            .observe(ran.as_secs_f64());
    }

    /// Counts a health check by its result and how long it took.
    pub fn check(&mut self, job: &str, passed: bool, took: Duration) {
        let result = if passed { "passed" } else { "failed" };
        *self.own.checks.at([job, result]) += 1.0;
        self.own.check_seconds.at([job]).observe(took.as_secs_f64());
    }

    /// Counts a process that was left behind and reaped.
    pub fn orphan(&mut self) {
        *self.own.orphans.at([]) += 1.0;
    }
}

/// Tells whether a path is one of those that a pattern stands for.
fn is_path(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let fits = pattern.split('/').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| wanted == "*" || wanted == part)
    });
    fits && parts.next().is_none()
}

impl Own {
    /// The first three are named as ContainerPilot 3 names them.
    pub(super) fn new(control_paths: &'static [&'static str]) -> Self {
        Self {
            control_paths,
            events: Labelled::counter(
                "containerpilot_events",
                ["code", "source"],
                "Events, by code and source.",
            ),
            control_requests: Labelled::counter(
                "containerpilot_control_http_requests",
                ["code", "path"],
                "Requests to the control socket, by status and path.",
            ),
            watch_instances: Labelled::gauge(
                "containerpilot_watch_instances",
                ["service"],
                "Instances that each watch sees, by service.",
            ),
            job_starts: Labelled::counter(
                "containerpilot_job_starts_total",
                ["job"],
                "Runs of each job that began.",
            ),
            job_restarts: Labelled::counter(
                "containerpilot_job_restarts_total",
                ["job"],
                "Runs of each job that began because the one before had ended.",
            ),
            job_exits: Labelled::counter(
                "containerpilot_job_exits_total",
                ["job", "code"],
                "Runs of each job that ended, by exit status or signal.",
            ),
            job_run_seconds: Labelled::histogram(
                "containerpilot_job_run_seconds",
                ["job"],
                "How long runs of each job took.",
                RUN_BOUNDS,
            ),
            checks: Labelled::counter(
                "containerpilot_checks_total",
                ["job", "result"],
                "Health checks of each job, by result.",
            ),
            check_seconds: Labelled::histogram(
                "containerpilot_check_seconds",
                ["job"],
                "How long health checks of each job took.",
                BOUNDS,
            ),
            orphans: Labelled::counter(
                "containerpilot_orphans_reaped_total",
                [],
                "Processes that were left behind and reaped.",
            ),
        }
    }

    pub(super) fn families(&self) -> Vec<Family<'_>> {
        vec![
            self.events.family(),
            self.control_requests.family(),
            self.watch_instances.family(),
            self.job_starts.family(),
            self.job_restarts.family(),
            self.job_exits.family(),
            self.job_run_seconds.family(),
            self.checks.family(),
            self.check_seconds.family(),
            self.orphans.family(),
        ]
    }
}
