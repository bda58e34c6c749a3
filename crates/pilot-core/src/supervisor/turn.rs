//! Who waits for whom in a stop, and who is made ready for the next one.

use super::{Life, Supervisor};
use crate::{
    Event, EventKind, JobName, Source,
    job::{Job, State, Then},
    run::Run,
    spec::{Leaves, Turn},
    step::Step,
};

impl Supervisor {
    /// Lets each stop that waits for other jobs go on when they are done or out of time.
    pub(super) fn move_stops_along(&mut self, step: &mut Step<'_>) -> bool {
        let mut moved = false;
        for n in 0..self.jobs.len() {
            let Some(until) = self.jobs[n].awaits_hooks_until() else {
                continue;
            };
            let name = self.jobs[n].name().clone();
            let late = until <= step.now;
            let is_awaited = |job: &Job| job.is_hook_of(&name) && job.busy();
            if late {
                let awaited = self.jobs.iter_mut().filter(|job| is_awaited(job));
                awaited.for_each(|hook| hook.out_of_time(&name, step));
            } else if self.jobs.iter().any(is_awaited) {
                continue;
            }
            self.jobs[n].end_processes(step);
            moved = true;
        }
        moved | self.release_idle_hooks(step)
    }

    /// The helper stops: every job does, save those that leave later.
    pub(super) fn on_shutdown(&mut self, step: &mut Step<'_>) {
        for job in &mut self.jobs {
            if job.leaves_later() {
                job.end_restarts();
            } else {
                job.quit(step);
            }
        }
    }

    /// Tells those to stop that left later, when it is time.
    pub(super) fn let_leave(&mut self, step: &mut Step<'_>) -> bool {
        if !matches!(self.life, Life::Stopping(_)) {
            return false;
        }
        let services_are_out = !self.jobs.iter().any(Job::is_withdrawing);
        let is_last = |job: &Job| job.spec.leaves == Leaves::Last;
        // Who waits for the stop of one that leaves last is over, as far as that goes.
        let over = |job: &Job| job.complete() || (waits(job) && job.runs_on_a_stop());
        let alone = self.jobs.iter().all(|job| is_last(job) || over(job));
        let mut moved = false;
        for job in self.jobs.iter_mut().filter(|job| !job.is_quitting()) {
            let time = match job.spec.leaves {
                Leaves::AtOnce => false,
                Leaves::AfterServices => services_are_out,
                Leaves::Last => alone,
            };
            if time {
                job.quit(step);
                moved = true;
            }
        }
        moved
    }

    /// Nobody waits any longer.
    pub(super) fn let_all_leave(&mut self, step: &mut Step<'_>) {
        let late = self.jobs.iter_mut().filter(|job| !job.is_quitting());
        late.for_each(|job| job.quit(step));
    }

    /// While the helper stops, a job that runs on another's stop has no turn to wait for once that
    /// other is over.
    fn release_idle_hooks(&mut self, step: &mut Step<'_>) -> bool {
        if !matches!(self.life, Life::Stopping(_)) || !step.bus.is_empty() {
            return false;
        }
        let mut done: Vec<usize> = (0..self.jobs.len())
            .filter(|&n| self.waits_in_vain(&self.jobs[n]))
            .collect();
        if done.is_empty() && self.jobs.iter().all(|job| job.complete() || waits(job)) {
            // They wait for each other: any of them may be the first.
            done.extend(self.jobs.iter().position(waits));
        }
        for &n in &done {
            self.jobs[n].begin_stop(Then::Complete { natural: false }, step);
        }
        !done.is_empty()
    }

    /// Whether a job is about to stop whose process is not there any more.
    pub(super) fn tells_of_an_end(&self, event: &Event) -> bool {
        let Source::Job(name) = &event.source else {
            return false;
        };
        let there = |job: &Job| job.run().is_some_and(Run::alive);
        event.kind == EventKind::Stopping && !self.job(name).is_some_and(there)
    }

    /// Whether a job has stopped that never ran.
    pub(super) fn tells_of_no_run(&self, event: &Event) -> bool {
        let Source::Job(name) = &event.source else {
            return false;
        };
        event.kind == EventKind::Stopped && self.job(name).is_some_and(|job| job.runs == 0)
    }

    /// Whether it has a turn that was passed over and cannot come any more.
    pub(super) fn missed_its_turn(&self, job: &Job) -> bool {
        let may_be_passed_over = match job.spec.turn {
            Turn::WhileRunning | Turn::AfterARun => true,
            Turn::Always => false,
        };
        may_be_passed_over && job.runs_on_a_stop() && self.waits_in_vain(job)
    }

    fn waits_in_vain(&self, job: &Job) -> bool {
        let over = |name: &&JobName| self.job(name).is_none_or(Job::complete);
        waits(job) && job.stop_sources().iter().all(over)
    }

    /// Makes the jobs that run on the stop of a job ready, once that job has begun a new life and
    /// the end of its old one has been heard.
    pub(super) fn rearm_turns(&mut self) {
        for n in 0..self.jobs.len() {
            if std::mem::take(&mut self.jobs[n].fresh) {
                let name = self.jobs[n].name().clone();
                self.jobs.iter_mut().for_each(|hook| hook.rearm(&name));
            }
        }
    }

    /// Lets each job go that a reload takes away and that has no turn ahead.
    pub(super) fn let_go(&mut self, step: &mut Step<'_>) -> bool {
        let mut moved = false;
        for n in 0..self.jobs.len() {
            if self.may_go(&self.jobs[n])
                && let Some(leaving) = self.jobs[n].leaving.take()
            {
                self.jobs[n].give_way(leaving.then, step);
                moved = true;
            }
        }
        moved
    }

    fn may_go(&self, job: &Job) -> bool {
        let Some(leaving) = &job.leaving else {
            return false;
        };
        let stops = |job: &Job| matches!(job.state, State::Stopping(_) | State::Superseded(_));
        let ahead = job
            .stop_sources()
            .iter()
            .any(|name| self.job(name).is_some_and(stops));
        !ahead && (leaving.was_busy || !job.busy())
    }
}

fn waits(job: &Job) -> bool {
    matches!(job.state, State::Waiting { .. } | State::Idle)
}
