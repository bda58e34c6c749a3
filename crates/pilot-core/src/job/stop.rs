//! How a job stops, step by step.

use std::time::Duration;

use super::{After, Job, Outcome, State};
use crate::{
    EventKind, JobName, Level, Time,
    budget::WITHDRAW_WAIT,
    run::Run,
    spec::{JobSpec, Leaves, When},
    step::Step,
};

/// A stop that is on.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) run: Option<Run>,
    pub(crate) phase: StopPhase,
    pub(crate) then: Then,
    killed: bool,
}

/// Where a stop is on its road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopPhase {
    /// Waits for the catalog to say that the service is out.
    Withdrawing { until: Time },
    /// Waits for clients to take notice.
    Draining { until: Time },
    /// Waits for the jobs that run on its `stopping`.
    Hooks { until: Time },
    /// Waits for its processes to be gone.
    Ending,
}

/// What becomes of the job after its stop.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// It is over.
    Complete { natural: bool },
    /// It is held until a person starts it again.
    Hold,
    /// It waits for its start event again.
    Wait,
    /// It starts again.
    Start,
    /// Another spec takes its place.
    Replace(Box<JobSpec>),
    /// It is no longer in the configuration.
    Remove,
}

impl Then {
    /// What becomes of a job when something else is asked of it during its stop. What a reload
    /// wants is forgotten only for a newer reload, or when the helper stops.
    fn or(self, wanted: Self, quitting: bool) -> Self {
        let of_a_reload = |then: &Self| matches!(then, Self::Replace(_) | Self::Remove);
        if of_a_reload(&self) && !of_a_reload(&wanted) && !quitting {
            self
        } else {
            wanted
        }
    }
}

/// A job that a reload takes away, but not before its turn in the stop of another.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(crate) then: Then,
    /// Whether it was busy with something else than such a turn.
    pub(crate) was_busy: bool,
}

impl Stop {
    pub(super) fn deadline(&self) -> Option<Time> {
        let phase = match self.phase {
            StopPhase::Withdrawing { until }
            | StopPhase::Draining { until }
            | StopPhase::Hooks { until } => Some(until),
            StopPhase::Ending => None,
        };
        let run = self.run.as_ref().and_then(Run::deadline);
        [phase, run].into_iter().flatten().min()
    }
}

impl Job {
    pub(super) fn stop_budget(&self, step: &Step<'_>) -> Duration {
        self.spec.stop.timeout.unwrap_or(step.stop_timeout)
    }

    /// Whether it goes on for a while when the helper begins to stop.
    pub(crate) fn leaves_later(&self) -> bool {
        let runs = matches!(self.state, State::Running { .. });
        runs && self.spec.leaves != Leaves::AtOnce
    }

    pub(crate) fn is_quitting(&self) -> bool {
        self.quitting
    }

    /// Whether its service is still on the way out of the catalog.
    pub(crate) fn is_withdrawing(&self) -> bool {
        self.stop()
            .is_some_and(|stop| matches!(stop.phase, StopPhase::Withdrawing { .. }))
    }

    /// The helper stops. A job that runs on another's stop stays for its turn; every other stops.
    pub(crate) fn quit(&mut self, step: &mut Step<'_>) {
        let repeats = self.starts_again();
        self.quitting = true;
        self.owed = false;
        self.leaving = None;
        self.end_restarts();
        if self.runs_on_a_stop() {
            self.turn_ahead |= repeats;
            self.stay_for_its_turn(step);
            self.go_on_without_a_stuck_run(step);
        } else {
            self.begin_stop(Then::Complete { natural: false }, step);
        }
    }

    /// A run that is on goes on for the time that the job names, else no longer than a stop may
    /// take; nothing would end it else.
    fn stay_for_its_turn(&mut self, step: &mut Step<'_>) {
        let unbounded = self.spec.timeout.is_none();
        let until = step.now + self.spec.stop.timeout.unwrap_or(step.turn_budget());
        match &mut self.state {
            State::Held | State::BackingOff { .. } => {
                self.state = State::Waiting { give_up_at: None };
            }
            State::Waiting { give_up_at } => *give_up_at = None,
            State::Running { run, after } => {
                *after = After::Decide;
                if unbounded {
                    run.bound(until);
                }
            }
            State::Stopping(stop) => match stop.then {
                Then::Hold | Then::Start => stop.then = Then::Wait,
                Then::Complete { .. } | Then::Wait | Then::Replace(_) | Then::Remove => {}
            },
            State::Idle | State::Up | State::Complete(_) | State::Superseded(_) => {}
        }
    }

    /// While the helper stops, nothing waits for a run that was killed and does not vanish.
    pub(super) fn go_on_without_a_stuck_run(&mut self, step: &mut Step<'_>) {
        if let State::Running { run, .. } = &self.state
            && self.quitting
            && run.over()
        {
            let run = run.id;
            self.on_gone(run, step);
        }
    }

    /// The helper stops before anything was started: there is nothing to stop.
    pub(crate) fn end_unstarted(&mut self) {
        self.state = State::Complete(Outcome {
            status: None,
            natural: false,
            killed: false,
            at: crate::Time::ZERO,
        });
    }

    /// Begins the stop, or changes what follows one that is on.
    pub(crate) fn begin_stop(&mut self, then: Then, step: &mut Step<'_>) {
        let placeholder = State::Idle;
        let run = match std::mem::replace(&mut self.state, placeholder) {
            State::Running { run, .. } => Some(run),
            State::Stopping(stop) => {
                let then = stop.then.or(then, self.quitting);
                self.state = State::Stopping(Stop { then, ..stop });
                return;
            }
            State::Held => return self.settle(then, false, step),
            over @ (State::Complete(_) | State::Superseded(_)) => {
                self.state = over;
                return;
            }
            State::Waiting { .. } | State::Idle | State::BackingOff { .. } | State::Up => None,
        };
        self.health.cease(step);
        let was_in = self.withdraw(step);
        let phase = StopPhase::Withdrawing {
            until: step.now + WITHDRAW_WAIT,
        };
        self.state = State::Stopping(Stop {
            run,
            phase,
            then,
            killed: false,
        });
        if !was_in {
            self.announce_stop(step);
        }
    }

    /// The catalog says that the service is out.
    pub(crate) fn on_withdrawn(&mut self, step: &mut Step<'_>) {
        if let State::Stopping(stop) = &self.state
            && let StopPhase::Withdrawing { .. } = stop.phase
        {
            self.drain(step);
        }
    }

    /// Gives clients time to take notice, if there is something they could still talk to.
    fn drain(&mut self, step: &mut Step<'_>) {
        let pause = self.spec.stop.drain;
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        if stop.run.as_ref().is_some_and(Run::alive) && !pause.is_zero() {
            stop.phase = StopPhase::Draining {
                until: step.now + pause,
            };
        } else {
            self.announce_stop(step);
        }
    }

    /// Says `stopping`, and waits for the jobs that run on it.
    fn announce_stop(&mut self, step: &mut Step<'_>) {
        let until = step.now + self.hook_budget;
        if let State::Stopping(stop) = &mut self.state {
            stop.phase = StopPhase::Hooks { until };
            step.publish(EventKind::Stopping, self.source());
        }
    }

    fn stop(&self) -> Option<&Stop> {
        match &self.state {
            State::Stopping(stop) => Some(stop),
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Running { .. }
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => None,
        }
    }

    /// What becomes of it after its stop, if it is stopping.
    pub(crate) fn then(&self) -> Option<&Then> {
        self.stop().map(|stop| &stop.then)
    }

    /// Whether it waits for the jobs that run on its `stopping`, and until when.
    pub(crate) fn awaits_hooks_until(&self) -> Option<Time> {
        match self.stop()?.phase {
            StopPhase::Hooks { until } => Some(until),
            StopPhase::Withdrawing { .. } | StopPhase::Draining { .. } | StopPhase::Ending => None,
        }
    }

    /// Those jobs are done, or nobody waits for them any more: its own processes must end now.
    pub(crate) fn end_processes(&mut self, step: &mut Step<'_>) {
        let (signal, budget) = (self.spec.stop.signal, self.stop_budget(step));
        let source = self.source();
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        match stop.phase {
            StopPhase::Withdrawing { .. } | StopPhase::Draining { .. } => {
                step.publish(EventKind::Stopping, source);
            }
            StopPhase::Hooks { .. } => {}
            StopPhase::Ending => return,
        }
        stop.phase = StopPhase::Ending;
        if let Some(run) = &mut stop.run {
            run.stop(signal, budget, step);
        }
        self.on_stop_gone(step);
    }

    /// The job on whose stop it runs waits no longer: its run must end too.
    pub(crate) fn out_of_time(&mut self, source: &JobName, step: &mut Step<'_>) {
        let message = format!(
            "{} is out of time: the stop of {source} goes on without it",
            self.spec.name
        );
        step.log(Level::Warn, message);
        let then = if self.starts_again() {
            Then::Wait
        } else {
            Then::Complete { natural: false }
        };
        self.begin_stop(then, step);
        self.end_processes(step);
    }

    /// Its run in a stop of the helper had to be killed, so that stop is not a clean one.
    pub(super) fn count_as_killed(&mut self) {
        if let State::Stopping(stop) = &mut self.state {
            stop.killed = true;
        }
    }

    /// A second TERM: no more waiting for others, straight to the signal.
    pub(crate) fn hasten(&mut self, step: &mut Step<'_>) {
        if !self.complete() {
            self.begin_stop(Then::Complete { natural: false }, step);
        }
        if self
            .stop()
            .is_some_and(|stop| stop.phase != StopPhase::Ending)
        {
            self.end_processes(step);
        }
    }

    /// A third TERM: no more asking.
    pub(crate) fn kill(&mut self, step: &mut Step<'_>) {
        self.hasten(step);
        if let Some(run) = self.run_mut() {
            run.kill(step);
        }
    }

    pub(super) fn on_stop_woken(&mut self, step: &mut Step<'_>) {
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        if let Some(run) = &mut stop.run {
            run.on_woken(None, step);
        }
        match stop.phase {
            StopPhase::Withdrawing { until } if until <= step.now => self.drain(step),
            StopPhase::Draining { until } if until <= step.now => self.announce_stop(step),
            StopPhase::Withdrawing { .. }
            | StopPhase::Draining { .. }
            | StopPhase::Hooks { .. } => {}
            StopPhase::Ending => self.on_stop_gone(step),
        }
    }

    /// Something that the stop waits for is gone; ends the stop if nothing is left.
    pub(super) fn on_stop_gone(&mut self, step: &mut Step<'_>) {
        let State::Stopping(stop) = &mut self.state else {
            return;
        };
        if let Some(run) = stop.run.take_if(|run| run.over()) {
            stop.killed |= run.was_killed();
        }
        if stop.run.is_some() {
            return;
        }
        match stop.phase {
            // There is nobody left whom clients could still talk to.
            StopPhase::Draining { .. } => self.announce_stop(step),
            StopPhase::Ending if self.health.quiet() => {
                let (then, killed) = (stop.then.clone(), stop.killed);
                step.publish(EventKind::Stopped, self.source());
                self.settle(then, killed, step);
            }
            StopPhase::Withdrawing { .. } | StopPhase::Hooks { .. } | StopPhase::Ending => {}
        }
    }

    /// What follows a stop that is over.
    fn settle(&mut self, then: Then, killed: bool, step: &mut Step<'_>) {
        match then {
            Then::Complete { natural } if self.turn_ahead && (natural || !self.quitting) => {
                self.wait_again();
            }
            Then::Complete { natural } => {
                self.state = State::Complete(Outcome {
                    status: self.last_exit,
                    natural,
                    killed,
                    at: step.now,
                });
            }
            Then::Hold => self.state = State::Held,
            Then::Wait => self.wait_again(),
            Then::Start => self.begin_anew(step),
            Then::Replace(spec) => self.state = State::Superseded(Some(spec)),
            Then::Remove => self.state = State::Superseded(None),
        }
    }

    pub(crate) fn wait_again(&mut self) {
        self.turn_ahead = false;
        self.renew();
        self.state = State::Waiting { give_up_at: None };
    }

    /// Makes a job that runs on the stop of `source` ready to do so once more.
    pub(crate) fn rearm(&mut self, source: &JobName) {
        let once = matches!(self.spec.when, When::Once(_));
        if !once || self.leaving.is_some() || !self.stop_sources().contains(&source) {
            return;
        }
        match self.state {
            State::Complete(_) => self.wait_again(),
            State::BackingOff { .. } | State::Running { .. } | State::Stopping(_) => {
                self.turn_ahead = true;
            }
            State::Waiting { .. }
            | State::Idle
            | State::Up
            | State::Held
            | State::Superseded(_) => {}
        }
    }

    /// Gives way to what a reload wants in its place.
    pub(crate) fn give_way(&mut self, then: Then, step: &mut Step<'_>) {
        if self.complete() {
            self.settle(then, false, step);
        } else {
            self.begin_stop(then, step);
        }
    }
}
