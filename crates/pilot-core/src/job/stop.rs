//! How a job stops, step by step.

use std::time::Duration;

use super::{Job, Outcome, State};
use crate::{
    EventKind, JobName, Level, Time,
    run::Run,
    spec::{JobSpec, Restarts, When},
    step::Step,
};

/// How long a stop waits for the catalog's word that a service is out. A catalog that is slow or
/// gone must not be felt.
const WITHDRAW_WAIT: Duration = Duration::from_millis(250);

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
    /// It starts again.
    Start,
    /// Another spec takes its place.
    Replace(Box<JobSpec>),
    /// It is no longer in the configuration.
    Remove,
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

    /// The helper stops. A job that runs on another's stop stays for its turn; every other stops.
    pub(crate) fn quit(&mut self, step: &mut Step<'_>) {
        self.quitting = true;
        self.restarts = Restarts::NEVER;
        if self.runs_on_a_stop() {
            match &mut self.state {
                State::Held | State::BackingOff { .. } => {
                    self.state = State::Waiting { give_up_at: None };
                }
                State::Waiting { give_up_at } => *give_up_at = None,
                State::Idle
                | State::Running { .. }
                | State::Up
                | State::Stopping(_)
                | State::Complete(_)
                | State::Superseded(_) => {}
            }
        } else {
            self.begin_stop(Then::Complete { natural: false }, step);
        }
    }

    /// Begins the stop, or changes what follows one that is on.
    pub(crate) fn begin_stop(&mut self, then: Then, step: &mut Step<'_>) {
        let placeholder = State::Idle;
        let run = match std::mem::replace(&mut self.state, placeholder) {
            State::Running { run, .. } => Some(run),
            State::Stopping(stop) => {
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

    /// Whether it waits for the jobs that run on its `stopping`, and until when.
    pub(crate) fn awaits_hooks_until(&self) -> Option<Time> {
        match &self.state {
            State::Stopping(stop) => match stop.phase {
                StopPhase::Hooks { until } => Some(until),
                StopPhase::Withdrawing { .. } | StopPhase::Draining { .. } | StopPhase::Ending => {
                    None
                }
            },
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

    /// Those jobs are done, or their time is over: its own processes must end now.
    pub(crate) fn end_processes(&mut self, step: &mut Step<'_>) {
        let (signal, budget) = (self.spec.stop.signal, self.stop_budget(step));
        if let State::Stopping(stop) = &mut self.state {
            stop.phase = StopPhase::Ending;
            if let Some(run) = &mut stop.run {
                run.stop(signal, budget, step);
            }
        }
        self.on_stop_gone(step);
    }

    /// The job on whose stop it runs waits no longer: it must end too, unless another job's
    /// `stopping` is still ahead for it.
    pub(crate) fn out_of_time(&mut self, source: &JobName, step: &mut Step<'_>) {
        let message = format!(
            "{} is out of time: the stop of {source} goes on without it",
            self.spec.name
        );
        step.log(Level::Warn, message);
        self.begin_stop(Then::Complete { natural: false }, step);
        if !matches!(self.state, State::Complete(_)) {
            self.end_processes(step);
        }
    }

    /// A second TERM: no more waiting for others, straight to the signal.
    pub(crate) fn hasten(&mut self, step: &mut Step<'_>) {
        if !self.complete() {
            self.begin_stop(Then::Complete { natural: false }, step);
        }
        let waits = match &self.state {
            State::Stopping(stop) => stop.phase != StopPhase::Ending,
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Running { .. }
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => false,
        };
        if waits {
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
        if stop.phase == StopPhase::Ending && stop.run.is_none() && self.health.quiet() {
            let (then, killed) = (stop.then.clone(), stop.killed);
            step.publish(EventKind::Stopped, self.source());
            self.settle(then, killed, step);
        }
    }

    /// What follows a stop that is over.
    fn settle(&mut self, then: Then, killed: bool, step: &mut Step<'_>) {
        match then {
            Then::Complete { natural } => {
                self.state = State::Complete(Outcome {
                    status: self.last_exit,
                    natural,
                    killed,
                });
            }
            Then::Hold => self.state = State::Held,
            Then::Start => {
                self.renew();
                self.start(step);
            }
            Then::Replace(spec) => self.state = State::Superseded(Some(spec)),
            Then::Remove => self.state = State::Superseded(None),
        }
    }

    /// Makes a job that runs on the stop of `source` ready to do so once more.
    pub(crate) fn rearm(&mut self, source: &JobName) {
        let once = matches!(self.spec.when, When::Once(_));
        if once && self.complete() && self.stop_sources().contains(&source) {
            self.renew();
            self.state = State::Waiting { give_up_at: None };
        }
    }
}
