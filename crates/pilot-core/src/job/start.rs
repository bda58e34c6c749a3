//! Starting a job, and what follows each of its runs.

use std::time::Duration;

use super::{After, Catalog, Job, State, Then};
use crate::{
    EventKind, ExitStatus, Level, Rest, Signal,
    effect::Purpose,
    run::{Run, RunId, level_of_failure},
    spec::{Backoff, First, Overlap, Restarts, Role, Status, When},
    step::Step,
};

/// The pause after a run that could not even start, for a job that asked for none.
const BREATH: Duration = Duration::from_millis(100);

impl Job {
    /// Its start event has come.
    pub(crate) fn on_start_event(&mut self, step: &mut Step<'_>) {
        if self.paused(step) {
            return self.owe_a_start(step);
        }
        match &self.state {
            State::Waiting { .. } if self.begins_with_a_pause() => self.await_first_tick(step),
            State::Waiting { .. } | State::Idle => self.start(step),
            State::BackingOff { .. } => {
                if self.starts_again() || self.turn_ahead {
                    self.start(step);
                }
            }
            State::Running { .. } => {
                if self.starts_again() || std::mem::take(&mut self.turn_ahead) {
                    self.on_overlap(step);
                }
            }
            State::Up
            | State::Stopping(_)
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => {}
        }
    }

    /// Whether one start event may be followed by another. While the helper stops, a job gets one
    /// start at most.
    pub(super) fn starts_again(&self) -> bool {
        !self.quitting
            && match self.spec.when {
                When::Each(_) | When::OnSignal(_) | When::Every(_) => true,
                When::Once(_) => false,
            }
    }

    fn on_overlap(&mut self, step: &mut Step<'_>) {
        let budget = self.stop_budget(step);
        let signal = self.spec.stop.signal;
        let State::Running { run, after } = &mut self.state else {
            return;
        };
        match self.spec.overlap {
            Overlap::Skip => {}
            Overlap::Queue => *after = After::Again,
            Overlap::Replace => {
                *after = After::Again;
                run.stop(signal, budget, step);
            }
        }
    }

    /// Starts it now: its process, or its standing as a service without one. Not before others can
    /// be told where it is.
    pub(super) fn start(&mut self, step: &mut Step<'_>) {
        if self.awaits_address() {
            return self.owe_until_reachable(step);
        }
        self.turn_ahead = false;
        self.register_initially(step);
        self.health.on_job_started(&self.spec, step);
        if matches!(self.spec.when, When::Every(_)) && self.tick_at.is_none() {
            self.schedule_tick(step);
        }
        self.state = match &self.spec.exec {
            Some(command) => {
                self.runs += 1;
                let purpose = Purpose::Job(self.spec.name.clone());
                let run = step.spawn(purpose, command, self.run_timeout(step));
                State::Running {
                    run,
                    after: After::Decide,
                }
            }
            None => State::Up,
        };
    }

    /// In its last turn, a job that runs on another's stop is bounded even if it names no timeout,
    /// since nothing else would bound the end of the helper.
    fn run_timeout(&self, step: &Step<'_>) -> Option<Duration> {
        let bounded = (self.quitting || self.leaving.is_some()) && self.runs_on_a_stop();
        self.spec.timeout.or(bounded.then_some(step.turn_budget()))
    }

    pub(super) fn begins_with_a_pause(&self) -> bool {
        match &self.spec.when {
            When::Every(beat) => beat.first == First::AfterOne,
            When::Once(_) | When::Each(_) | When::OnSignal(_) => false,
        }
    }

    /// Its start event has come; its first run is due one period later.
    pub(super) fn await_first_tick(&mut self, step: &Step<'_>) {
        self.state = State::Waiting { give_up_at: None };
        if self.tick_at.is_none() {
            self.schedule_tick(step);
        }
    }

    fn schedule_tick(&mut self, step: &Step<'_>) {
        if let When::Every(beat) = self.spec.when {
            self.tick_at = Some(step.now + beat.period);
        }
    }

    /// A tick of an interval job. Ticks that were missed are not made up for.
    pub(super) fn on_tick(&mut self, step: &mut Step<'_>) {
        let (When::Every(beat), Some(at)) = (&self.spec.when, self.tick_at) else {
            return;
        };
        if at > step.now || !self.ticking() {
            return;
        }
        self.tick_at = Some(step.now.next_beat(at, beat.period));
        if self.paused(step) {
            return;
        }
        match &self.state {
            State::Waiting { .. } => self.start(step),
            State::Idle => {
                if self.spend_restart() {
                    self.start(step);
                } else {
                    self.begin_stop(Then::Complete { natural: true }, step);
                }
            }
            State::Running { .. } => {
                if self.spec.overlap != Overlap::Skip && self.spend_restart() {
                    self.on_overlap(step);
                }
            }
            State::BackingOff { .. }
            | State::Up
            | State::Stopping(_)
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => {}
        }
    }

    pub(crate) fn on_started(&mut self, run: RunId, pid: u32) {
        if let Some(own) = self.run_mut().filter(|own| own.id == run) {
            own.pid = Some(pid);
        }
    }

    /// How loud it is that a run failed.
    fn level_of_failure(&self, otherwise: Level) -> Level {
        let command = self.spec.exec.as_ref();
        command.map_or(otherwise, |command| level_of_failure(command, otherwise))
    }

    /// The process could not start; that counts as a failed run.
    pub(crate) fn on_failed_to_start(
        &mut self,
        run: RunId,
        reason: &str,
        code: u8,
        step: &mut Step<'_>,
    ) {
        if self.owns(run) {
            let message = format!("unable to start {}: {reason}", self.spec.name);
            step.log(self.level_of_failure(Level::Error), message);
            self.object(ExitStatus::Exited(code));
            self.publish_exit(ExitStatus::Exited(code), step);
            self.on_run_ended(run, ExitStatus::Exited(code), Rest::Gone, step);
        }
    }

    /// Its own process ended.
    pub(crate) fn on_exited(
        &mut self,
        run: RunId,
        status: ExitStatus,
        rest: Rest,
        step: &mut Step<'_>,
    ) {
        if !self.owns(run) || !self.run().is_some_and(Run::alive) {
            return;
        }
        if !status.success() {
            // Who was asked to end has not failed by doing so.
            let asked = self.run().is_some_and(Run::was_asked);
            let level = if asked { Level::Info } else { Level::Error };
            let message = format!("{} exited with error: {status}", self.spec.name);
            step.log(self.level_of_failure(level), message);
        }
        self.object(status);
        self.publish_exit(status, step);
        self.on_run_ended(run, status, rest, step);
    }

    /// Makes use of its veto if the run failed; one that was told to end did not.
    fn object(&mut self, status: ExitStatus) {
        if let State::Running { run, after } = &self.state
            && self.spec.role == Role::Veto
            && !status.success()
            && !(run.was_asked() && *after == After::Again)
        {
            self.veto = Some(status);
        }
    }

    fn owns(&self, run: RunId) -> bool {
        self.run().is_some_and(|own| own.id == run)
    }

    fn publish_exit(&mut self, status: ExitStatus, step: &mut Step<'_>) {
        self.last_exit = Some(status);
        if status.success() {
            step.publish(EventKind::ExitSuccess, self.source());
        } else {
            step.publish(EventKind::ExitFailed, self.source());
            step.publish(EventKind::Error, self.source());
        }
    }

    fn on_run_ended(&mut self, run: RunId, status: ExitStatus, rest: Rest, step: &mut Step<'_>) {
        let budget = self.stop_budget(step);
        if let Some(own) = self.run_mut() {
            own.on_exited(status, rest, budget, step.now);
        }
        match rest {
            Rest::Gone => self.on_gone(run, step),
            Rest::Remaining => {}
        }
    }

    /// The last process of its run is gone.
    pub(crate) fn on_gone(&mut self, run: RunId, step: &mut Step<'_>) {
        if !self.owns(run) {
            return;
        }
        if let Some(own) = self.run_mut() {
            own.on_gone();
        }
        match &mut self.state {
            State::Running { run, after } => {
                // A run without a process never was one.
                let lasted = run.pid.map(|_| step.now - run.started_at);
                let forced = self.quitting && run.was_killed();
                let (after, answered) = (*after, run.ended.is_some());
                if !answered {
                    self.object(ExitStatus::Signaled(Signal::KILL));
                }
                self.decide(after, lasted, step);
                if forced {
                    self.count_as_killed();
                }
            }
            State::Stopping(_) => self.on_stop_gone(step),
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => {}
        }
    }

    /// What follows a run that is wholly over.
    fn decide(&mut self, after: After, lasted: Option<Duration>, step: &mut Step<'_>) {
        match self.spec.when {
            When::Every(_) if after == After::Again && !self.paused(step) => self.start(step),
            When::Once(_) | When::Each(_) | When::OnSignal(_) if after == After::Again => {
                self.start_next(step);
            }
            When::Every(_) => self.decide_after_tick(step),
            When::Once(_) | When::Each(_) | When::OnSignal(_) => {
                if self.spend_restart() {
                    self.restart(lasted, step);
                } else if self.starts_again() {
                    self.state = State::Idle;
                } else {
                    self.state = State::Idle;
                    self.begin_stop(Then::Complete { natural: true }, step);
                }
            }
        }
    }

    fn decide_after_tick(&mut self, step: &mut Step<'_>) {
        self.state = State::Idle;
        if self.restarts == Restarts::NEVER {
            self.begin_stop(Then::Complete { natural: true }, step);
        }
    }

    fn spend_restart(&mut self) -> bool {
        match &mut self.restarts {
            Restarts::Unlimited => true,
            Restarts::Left(0) => false,
            Restarts::Left(left) => {
                *left -= 1;
                true
            }
        }
    }

    fn restart(&mut self, lasted: Option<Duration>, step: &mut Step<'_>) {
        let pause = self.next_pause(lasted, step);
        self.report_restart(pause, step);
        if pause.is_zero() {
            self.start_next(step);
        } else {
            self.state = State::BackingOff {
                until: step.now + pause,
            };
        }
    }

    /// A service whose process is gone does not serve, whatever its last check said.
    fn report_restart(&mut self, pause: Duration, step: &mut Step<'_>) {
        let message = if pause.is_zero() {
            format!("{} restarts", self.spec.name)
        } else {
            format!("{} restarts in {pause:.1?}", self.spec.name)
        };
        step.log(Level::Info, message);
        match self.catalog {
            Catalog::In(Status::Passing | Status::Warning) => {
                let status = self.last_exit.map(|s| s.to_string()).unwrap_or_default();
                let output = format!("{} ended ({status}) and restarts", self.spec.name);
                self.publish_status(Status::Critical, output, step);
            }
            Catalog::In(Status::Critical) | Catalog::Out => {}
        }
    }

    fn next_pause(&mut self, lasted: Option<Duration>, step: &mut Step<'_>) -> Duration {
        match self.spec.backoff {
            // What could not even start gets a breath all the same.
            Backoff::None if lasted.is_none() => BREATH,
            Backoff::None => Duration::ZERO,
            Backoff::Exponential {
                initial,
                max,
                reset,
            } => {
                if lasted.is_some_and(|lasted| lasted >= reset) {
                    self.failures = 0;
                }
                let pause = pause_after(self.failures, initial, max);
                self.failures = self.failures.saturating_add(1);
                step.jitter(pause).min(max)
            }
        }
    }

    /// A person starts it, whatever its start event.
    pub(crate) fn start_by_hand(&mut self, step: &mut Step<'_>) {
        match &self.state {
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Held
            | State::Complete(_) => {
                self.begin_anew(step);
            }
            State::Stopping(_) => self.begin_stop(Then::Start, step),
            State::Running { .. } | State::Up | State::Superseded(_) => {}
        }
    }

    /// A person restarts it: it stops as always, and starts again.
    pub(crate) fn restart_by_hand(&mut self, step: &mut Step<'_>) {
        match self.state {
            State::Running { .. } | State::Up | State::Stopping(_) => {
                self.begin_stop(Then::Start, step);
            }
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => self.start_by_hand(step),
        }
    }

    /// Starts it as if it had never been started.
    pub(super) fn begin_anew(&mut self, step: &mut Step<'_>) {
        self.fresh = true;
        self.renew();
        self.start(step);
    }

    /// No run of it is followed by another.
    pub(crate) fn end_restarts(&mut self) {
        self.restarts = Restarts::NEVER;
    }

    /// Makes its restart budget, its back-off and its beat new, as for a job that was never
    /// started.
    pub(super) fn renew(&mut self) {
        self.restarts = if self.quitting {
            Restarts::NEVER
        } else {
            self.spec.restarts
        };
        self.failures = 0;
        self.tick_at = None;
        self.owed = false;
        self.occurred.clear();
    }

    /// A reload left it as it is: its restarts are counted anew.
    pub(crate) fn renew_restarts(&mut self) {
        self.restarts = self.spec.restarts;
        self.failures = 0;
    }
}

/// Nothing after a first failure, then `initial` doubled each time, up to `max`.
fn pause_after(failures: u32, initial: Duration, max: Duration) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => initial.saturating_mul(1 << doublings.min(20)).min(max),
    }
}
