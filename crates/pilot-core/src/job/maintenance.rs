//! What maintenance means to a job: out of the catalog, and no new run if it pauses.

use super::{Catalog, HealthStatus, Job, State, Then};
use crate::{
    Effect,
    spec::{InMaintenance, OutOfService, Overlap},
    step::Step,
};

/// What others read of a service that is marked.
pub(super) const MAINTENANCE: &str = "containerpilot: in maintenance";

impl Job {
    /// Maintenance began: out of the catalog, and no word on health until it ends; or it stays in,
    /// out of service, and is checked as ever.
    pub(crate) fn enter_maintenance(&mut self, step: &mut Step<'_>) {
        if self.is_marked_in_maintenance() {
            if self.catalog != Catalog::Out {
                self.mark(Some(MAINTENANCE), step);
            }
            return;
        }
        self.withdraw(step);
        self.health.turn(HealthStatus::Unknown, step.now);
    }

    /// Maintenance ended: the next passing check brings the service back.
    pub(crate) fn exit_maintenance(&mut self, step: &mut Step<'_>) {
        if self.is_marked_in_maintenance() {
            if self.catalog != Catalog::Out {
                self.mark(None, step);
            }
        } else {
            self.health.turn(HealthStatus::Unknown, step.now);
            self.register_again(step);
        }
        self.make_good(step);
    }

    /// Starts it if a start was due while it could not be.
    pub(super) fn make_good(&mut self, step: &mut Step<'_>) {
        if !std::mem::take(&mut self.owed) {
            return;
        }
        if matches!(self.state, State::Stopping(_)) {
            self.begin_stop(Then::Start, step);
        } else {
            self.on_start_event(step);
        }
    }

    /// Whether nobody asks for its health: it is out of the catalog for as long as maintenance is
    /// on.
    pub(super) fn is_unattended(&self, step: &Step<'_>) -> bool {
        step.maintenance && !self.is_marked_in_maintenance()
    }

    fn is_marked_in_maintenance(&self) -> bool {
        let service = self.spec.service.as_ref();
        service.is_some_and(|service| service.maintenance == OutOfService::Marked)
    }

    /// Marks the service as out of service, or takes the mark away.
    pub(super) fn mark(&self, reason: Option<&str>, step: &mut Step<'_>) {
        step.effects.push(Effect::Maintain {
            job: self.spec.name.clone(),
            reason: reason.map(str::to_owned),
        });
    }

    /// Its stop is followed by another life, which begins when maintenance ends if it pauses.
    pub(crate) fn start_after_its_stop(&mut self, step: &mut Step<'_>) {
        self.owed = self.paused(step);
        let then = if self.owed { Then::Wait } else { Then::Start };
        self.begin_stop(then, step);
    }

    pub(super) fn register_again(&mut self, step: &mut Step<'_>) {
        match self.state {
            State::Waiting { .. } | State::Idle | State::Running { .. } | State::Up => {
                self.register_initially(step);
            }
            // Between two runs it does not serve; its next start registers it.
            State::BackingOff { .. }
            | State::Stopping(_)
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => {}
        }
    }

    /// Whether no run of it may start by itself. What belongs to the stop of the helper is not
    /// held up.
    pub(super) fn paused(&self, step: &Step<'_>) -> bool {
        step.maintenance && self.spec.maintenance == InMaintenance::Pauses && !self.quitting
    }

    /// Its start event has come while it pauses: one is made good.
    pub(super) fn owe_a_start(&mut self, step: &Step<'_>) {
        let beats = self.begins_with_a_pause();
        let again = self.starts_again() || self.turn_ahead;
        match &mut self.state {
            State::Waiting { .. } if beats => self.await_first_tick(step),
            State::Waiting { give_up_at } => {
                *give_up_at = None;
                self.owed = true;
            }
            State::Idle => self.owed = true,
            State::BackingOff { .. } => self.owed |= again,
            State::Running { .. } => match self.spec.overlap {
                Overlap::Skip => {}
                Overlap::Queue | Overlap::Replace => self.owed |= again,
            },
            State::Up
            | State::Stopping(_)
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => {}
        }
    }

    /// One run is to follow another: now, or when maintenance ends.
    pub(super) fn start_next(&mut self, step: &mut Step<'_>) {
        if self.paused(step) {
            self.owed = true;
            self.state = State::Idle;
        } else {
            self.start(step);
        }
    }
}
