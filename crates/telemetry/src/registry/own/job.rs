//! Jobs: their runs, their checks, and the values that sensors read.

use std::{fmt, time::Duration};

use crate::{
    Registry,
    family::Family,
    labelled::Labelled,
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

#[derive(Clone, Debug)]
pub(super) struct Jobs {
    starts: Labelled<f64, 1>,
    restarts: Labelled<f64, 1>,
    exits: Labelled<f64, 2>,
    run_seconds: Labelled<Histogram, 1>,
    checks: Labelled<f64, 2>,
    check_seconds: Labelled<Histogram, 1>,
    sensors: Labelled<f64, 2>,
}

impl Registry {
    /// Counts a run of a job that begins.
    pub fn job_start(&mut self, job: &str) {
        *self.own.jobs.starts.at([job]) += 1.0;
    }

    /// Counts a restart, which is a start as well.
    pub fn job_restart(&mut self, job: &str) {
        self.job_start(job);
        *self.own.jobs.restarts.at([job]) += 1.0;
    }

    /// Counts a run of a job that ended, by how it did and how long it took.
    pub fn job_exit(&mut self, job: &str, exit: Exit<'_>, ran: Duration) {
        let jobs = &mut self.own.jobs;
        *jobs.exits.at([job, &exit.to_string()]) += 1.0;
        jobs.run_seconds.at([job]).observe(ran.as_secs_f64());
    }

    /// Counts a health check by its result and how long it took.
    pub fn check(&mut self, job: &str, passed: bool, took: Duration) {
        let jobs = &mut self.own.jobs;
        *jobs.checks.at([job, super::result(passed)]) += 1.0;
        jobs.check_seconds.at([job]).observe(took.as_secs_f64());
    }

    /// Counts a run of a sensor by whether it gave its metric a value.
    pub fn sensor(&mut self, metric: &str, passed: bool) {
        *self.own.jobs.sensors.at([metric, super::result(passed)]) += 1.0;
    }
}

impl Jobs {
    pub(super) fn new() -> Self {
        Self {
            starts: Labelled::counter(
                "containerpilot_job_starts_total",
                ["job"],
                "Runs of each job that began.",
            ),
            restarts: Labelled::counter(
                "containerpilot_job_restarts_total",
                ["job"],
                "Runs of each job that began because the one before had ended, or somebody asked for it.",
            ),
            exits: Labelled::counter(
                "containerpilot_job_exits_total",
                ["job", "code"],
                "Runs of each job that ended, by exit status or signal.",
            ),
            run_seconds: Labelled::histogram(
                "containerpilot_job_run_seconds",
                ["job"],
                "How long runs of each job took.",
                RUN_BOUNDS,
            ),
            checks: Labelled::counter(
                "containerpilot_checks_total",
                ["job", "result"],
                "Health checks of each job, by result: passed, failed.",
            ),
            check_seconds: Labelled::histogram(
                "containerpilot_check_seconds",
                ["job"],
                "How long health checks of each job took.",
                BOUNDS,
            ),
            sensors: Labelled::counter(
                "containerpilot_sensor_runs_total",
                ["metric", "result"],
                "Runs of the sensor of each metric: passed, or failed, and then there is no value.",
            ),
        }
    }

    pub(super) fn families(&self) -> Vec<Family<'_>> {
        vec![
            self.starts.family(),
            self.restarts.family(),
            self.exits.family(),
            self.run_seconds.family(),
            self.checks.family(),
            self.check_seconds.family(),
            self.sensors.family(),
        ]
    }
}
