//! Where the service of a job is reached: waited for at its start, and followed while it changes.
//!
//! Only what the catalog is told changes with an address. The process runs on: it listens where it
//! listens, and whether it must be told is for its user to say.

use super::{Catalog, Job, Leaving, State, Then};
use crate::{
    ExitStatus, Level, Time,
    spec::{JobSpec, Status},
    step::Step,
};

/// What is known of an address beside the address itself.
#[derive(Debug, Default)]
pub(crate) struct Whereabouts {
    /// When it is too late for the first one.
    until: Option<Time>,
    /// Why there is none, when that was said last.
    missing: Option<String>,
}

impl Job {
    /// Whether it cannot start, since nobody could be told where it is.
    pub(super) fn awaits_address(&self) -> bool {
        self.spec.address_within.is_some() && !self.quitting
    }

    /// Begins to wait for its address, if it is not known, and goes on with a wait that is on.
    pub(super) fn await_address(&mut self, step: &Step<'_>) {
        let until = self.spec.address_within.map(|limit| step.now + limit);
        self.address.until = self.address.until.filter(|at| *at > step.now).or(until);
    }

    /// Its start is due, and made good when its address is there.
    pub(super) fn owe_until_reachable(&mut self, step: &Step<'_>) {
        self.await_address(step);
        self.owed = true;
        self.state = State::Waiting { give_up_at: None };
    }

    /// When it gives up waiting for its address.
    pub(crate) fn address_deadline(&self) -> Option<Time> {
        let waits = matches!(self.state, State::Waiting { .. }) && self.awaits_address();
        self.address.until.filter(|_| waits)
    }

    /// There is no address, so there is no service, and no point in the rest.
    pub(super) fn on_address_overdue(&mut self, step: &mut Step<'_>) {
        if self.address_deadline().is_none_or(|at| at > step.now) {
            return;
        }
        self.address.until = None;
        let limit = self.spec.address_within.unwrap_or_default();
        let name = &self.spec.name;
        let reason = self
            .address
            .missing
            .as_deref()
            .unwrap_or("nothing was found");
        let message = format!("cannot start {name}: no address within {limit:?}: {reason}");
        for line in message.lines() {
            step.log(Level::Error, line.to_owned());
        }
        self.veto = Some(ExitStatus::Exited(1));
    }

    /// The machine has an address for it.
    pub(crate) fn on_address_found(&mut self, address: &str, reason: &str, step: &mut Step<'_>) {
        if let Some(spec) = self.spec_ahead() {
            spec.take_address(address);
        }
        let Some(service) = &self.spec.service else {
            return;
        };
        let before = service.address.clone();
        let is_first = self.spec.address_within.is_some();
        let was_missing = self.address.missing.take().is_some();
        self.spec.take_address(address);
        let name = &self.spec.name;
        if is_first {
            step.log(
                Level::Info,
                format!("address of {name}: {address} {reason}"),
            );
            self.address.until = None;
            self.register_again(step);
            if !self.paused(step) {
                self.make_good(step);
            }
        } else if before != address {
            let message = format!(
                "address of {name}: {before} -> {address} {reason}; the catalog is told, and nothing restarted"
            );
            step.log(Level::Info, message);
            self.tell_catalog_again(step);
        } else if was_missing {
            step.log(Level::Info, format!("address of {name}: {address} is back"));
        }
    }

    /// No address of the machine fits. One that is known is kept: a service that leaves the catalog
    /// whenever an interface is set up anew would serve nobody.
    pub(crate) fn on_address_missing(&mut self, reason: String, step: &mut Step<'_>) {
        let Some(service) = &self.spec.service else {
            return;
        };
        let name = &self.spec.name;
        let gist = reason.replace('\n', "; ");
        match self.spec.address_within {
            Some(limit) if self.address.missing.as_ref() != Some(&reason) => {
                let message =
                    format!("{name} waits for its address, for {limit:?} at most: {gist}");
                step.log(Level::Info, message);
            }
            None if self.address.missing.is_none() => {
                let address = &service.address;
                let message = format!(
                    "address of {name}: {address} is gone and kept, since nothing else fits: {gist}"
                );
                step.log(Level::Warn, message);
            }
            Some(_) | None => {}
        }
        self.address.missing = Some(reason);
    }

    /// The catalog has what it has, and is told it with another description.
    pub(crate) fn tell_catalog_again(&mut self, step: &mut Step<'_>) {
        if let Catalog::In(status) = self.catalog {
            let last = self.health.last.as_ref().map(|last| last.output.clone());
            let output = match status {
                Status::Passing => "ok".to_owned(),
                Status::Warning | Status::Critical => last.unwrap_or_default(),
            };
            self.publish_status(status, output, step);
        }
    }

    /// What takes its place after a stop.
    fn spec_ahead(&mut self) -> Option<&mut JobSpec> {
        let then = match (&mut self.leaving, &mut self.state) {
            (Some(Leaving { then, .. }), _) => then,
            (None, State::Stopping(stop)) => &mut stop.then,
            (None, State::Superseded(spec)) => return spec.as_deref_mut(),
            (
                None,
                State::Waiting { .. }
                | State::Idle
                | State::BackingOff { .. }
                | State::Running { .. }
                | State::Up
                | State::Held
                | State::Complete(_),
            ) => return None,
        };
        match then {
            Then::Replace(spec) => Some(spec),
            Then::Complete { .. } | Then::Hold | Then::Wait | Then::Start | Then::Remove => None,
        }
    }
}
