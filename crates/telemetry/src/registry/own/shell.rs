//! What is around the jobs: its bus, its control socket, its log.

use crate::{
    Registry,
    family::Family,
    labelled::{Labelled, OVERFLOW},
};

/// Where facts wait for the helper's loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Facts that orders led to.
    Inputs,
    /// What the catalog told.
    Catalog,
    /// Requests over the control socket.
    Control,
}

#[derive(Clone, Debug)]
pub(super) struct Shell {
    control_paths: &'static [&'static str],
    build: Labelled<f64, 1>,
    events: Labelled<f64, 2>,
    control_requests: Labelled<f64, 2>,
    reloads: Labelled<f64, 1>,
    queues: Labelled<f64, 1>,
    log_lost: Labelled<f64, 0>,
    orphans: Labelled<f64, 0>,
}

impl Registry {
    /// Shows which version this is.
    pub fn build(&mut self, version: &str) {
        *self.own.shell.build.at([version]) = 1.0;
    }

    /// Counts an event on the bus by its code, such as `ExitSuccess`, and whom it is about.
    pub fn event(&mut self, code: &str, source: &str) {
        *self.own.shell.events.at([code, source]) += 1.0;
    }

    /// Counts a request to the control socket by the status of its answer and its path.
    pub fn control_request(&mut self, code: u16, path: &str) {
        let known = self.own.shell.control_paths.iter();
        let path = known.copied().find(|known| is_path(known, path));
        let labels = [&*code.to_string(), path.unwrap_or(OVERFLOW)];
        *self.own.shell.control_requests.at(labels) += 1.0;
    }

    /// Counts an attempt to load the configuration anew.
    pub fn reload(&mut self, passed: bool) {
        *self.own.shell.reloads.at([super::result(passed)]) += 1.0;
    }

    /// Sets how many facts wait for the helper's loop.
    pub fn queue(&mut self, queue: Queue, length: usize) {
        *self.own.shell.queues.at([queue.word()]) = length as f64;
    }

    /// Sets how many records of the helper's own found no room in the log so far.
    pub fn log_lost(&mut self, records: u64) {
        *self.own.shell.log_lost.at([]) = records as f64;
    }

    /// Counts a process that was left behind and reaped.
    pub fn orphan(&mut self) {
        *self.own.shell.orphans.at([]) += 1.0;
    }
}

impl Queue {
    fn word(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Catalog => "catalog",
            Self::Control => "control",
        }
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

impl Shell {
    /// The second and third are named as ContainerPilot 3 names them.
    pub(super) fn new(control_paths: &'static [&'static str]) -> Self {
        let mut reloads = Labelled::counter(
            "containerpilot_reloads_total",
            ["result"],
            "Attempts to load the configuration anew: passed, or failed, and then the old one stays.",
        );
        // Known beforehand, so that the first of either is an increase.
        for passed in [true, false] {
            reloads.at([super::result(passed)]);
        }
        Self {
            control_paths,
            build: Labelled::gauge(
                "containerpilot_build_info",
                ["version"],
                "The version of containerpilot; the value is always 1.",
            ),
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
            reloads,
            queues: Labelled::gauge(
                "containerpilot_queue_length",
                ["queue"],
                "Facts that wait for the helper: inputs of its own, of the catalog, of control.",
            ),
            log_lost: Labelled::counter(
                "containerpilot_log_records_lost_total",
                [],
                "Records of the helper that were lost because nobody read the log.",
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
            self.build.family(),
            self.events.family(),
            self.control_requests.family(),
            self.reloads.family(),
            self.queues.family(),
            self.log_lost.family(),
            self.orphans.family(),
        ]
    }
}
