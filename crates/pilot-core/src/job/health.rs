//! Whether a job is well: its checks, and what the catalog is told of them.

use std::time::Duration;

use super::{Catalog, Job, State, maintenance::MAINTENANCE};
use crate::{
    Effect, EventKind, ExitStatus, Level, Rest, Source, Time,
    effect::Purpose,
    run::{Run, RunId},
    spec::{JobSpec, Status, When},
    step::Step,
};

/// The first check comes so long after the start, if that is before the first interval is over; the
/// next ones after twice as long each. An application is mostly up long before an interval has
/// passed, and nobody asks it anything until a check has passed.
const FIRST_TRIAL: Duration = Duration::from_secs(1);

/// What is known of a job's health.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(crate) status: HealthStatus,
    /// When it came to be so.
    pub(crate) since: Time,
    check: Option<Run>,
    /// Nobody waits for the answer of the check that is on.
    abandoned: bool,
    /// The check that is on came before its time: only a pass counts.
    on_trial: bool,
    check_at: Option<Time>,
    /// The next check before the first one that is due.
    trial_at: Option<Time>,
    pub(crate) last: Option<CheckResult>,
}

/// The status of a job, in the words of `/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HealthStatus {
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

/// The last check that told something.
#[derive(Clone, Debug)]
pub(crate) struct CheckResult {
    pub(crate) at: Time,
    pub(crate) took: Duration,
    pub(crate) output: String,
}

impl Health {
    /// Takes note of a status; one that it has already does not begin anew.
    pub(super) fn turn(&mut self, status: HealthStatus, now: Time) {
        if self.status != status {
            self.status = status;
            self.since = now;
        }
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        let check = self.check.as_ref().and_then(Run::deadline);
        [check, self.next_check_at()].into_iter().flatten().min()
    }

    pub(crate) fn next_check_at(&self) -> Option<Time> {
        [self.trial_at, self.check_at].into_iter().flatten().min()
    }

    /// A fresh start knows nothing of the health before it. The first check whose answer counts
    /// whatever it is comes one interval later, as in ContainerPilot 3; those before it may only
    /// bring the good news sooner.
    pub(crate) fn on_job_started(&mut self, spec: &JobSpec, step: &mut Step<'_>) {
        self.status = HealthStatus::Unknown;
        self.since = step.now;
        let first = spec.health.as_ref().map(|h| step.now + h.interval);
        match spec.when {
            When::Once(_) => {
                self.abandon(step);
                self.check_at = first;
                self.try_at(step.now + FIRST_TRIAL);
            }
            // Checks go on between the runs, and frequent runs must not put them off for ever.
            When::Each(_) | When::Every(_) | When::OnSignal(_) => {
                self.check_at = self.check_at.or(first);
            }
        }
    }

    /// The job is checked by another rule from now on; what is known of it stands until then.
    pub(crate) fn on_revised(
        &mut self,
        spec: &JobSpec,
        another_command: bool,
        step: &mut Step<'_>,
    ) {
        if another_command {
            self.abandon(step);
        }
        let next = spec
            .health
            .as_ref()
            .map(|health| step.now + health.interval);
        self.check_at = match (self.check_at, next) {
            (Some(at), Some(next)) => Some(at.min(next)),
            (None, next) => next,
            (Some(_), None) => None,
        };
    }

    /// Lets a check come before its time.
    fn try_at(&mut self, at: Time) {
        self.trial_at = self.check_at.filter(|due| at < *due).map(|_| at);
    }

    /// Ends checking for good; a check that is on is killed, since nobody waits for its answer.
    pub(crate) fn cease(&mut self, step: &mut Step<'_>) {
        self.check_at = None;
        self.trial_at = None;
        self.abandon(step);
    }

    /// Kills a check that is on: what it would say is about something that is no more.
    fn abandon(&mut self, step: &mut Step<'_>) {
        if let Some(run) = &mut self.check {
            run.kill(step);
            self.abandoned = true;
        }
    }

    /// Lets the run of a check go, and says whether somebody waits for its answer.
    fn release(&mut self) -> bool {
        self.check = None;
        !std::mem::take(&mut self.abandoned)
    }

    pub(crate) fn quiet(&self) -> bool {
        self.check.as_ref().is_none_or(Run::over)
    }
}

impl Job {
    pub(super) fn on_health_woken(&mut self, step: &mut Step<'_>) {
        if let Some(run) = &mut self.health.check {
            let before = run.over();
            run.on_woken(None, step);
            if run.over() && !before && run.alive() && !self.health.abandoned {
                self.on_checked(false, "does not end".to_owned(), Duration::ZERO, step);
            }
        }
        let Some(health) = &self.spec.health else {
            return;
        };
        let is_due = |at: &Time| *at <= step.now;
        if let Some(at) = self.health.check_at.filter(is_due) {
            self.health.check_at = Some(step.now.next_beat(at, health.interval));
            self.health.trial_at = None;
            self.look(false, step);
        } else if self.health.trial_at.is_some_and(|at| is_due(&at)) {
            let up_for = step.now - self.health.since;
            self.health.try_at(step.now + up_for);
            self.look(true, step);
        }
    }

    /// Checks, if there is something to check and nothing that keeps from it.
    fn look(&mut self, on_trial: bool, step: &mut Step<'_>) {
        if !self.checkable() || self.is_unattended(step) {
            return;
        }
        if on_trial && self.health.status != HealthStatus::Unknown {
            self.health.trial_at = None;
            return;
        }
        // A check that began as a trial and is still on when one is due becomes that one.
        self.health.on_trial = on_trial && (self.health.on_trial || self.health.check.is_none());
        self.check(step);
    }

    /// Whether there is something to check: a process that runs, or a service without one.
    fn checkable(&self) -> bool {
        match &self.state {
            State::Running { run, .. } => run.alive(),
            State::Up | State::Idle => true,
            State::Waiting { .. }
            | State::BackingOff { .. }
            | State::Stopping(_)
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => false,
        }
    }

    fn check(&mut self, step: &mut Step<'_>) {
        let Some(health) = &self.spec.health else {
            return;
        };
        match &health.exec {
            Some(command) => {
                if self.health.check.is_none() {
                    let purpose = Purpose::Check(self.spec.name.clone());
                    self.health.check = Some(step.spawn(purpose, command, health.timeout));
                }
            }
            None => self.on_checked(true, String::new(), Duration::ZERO, step),
        }
    }

    pub(crate) fn on_check_started(&mut self, run: RunId, pid: u32) {
        if let Some(check) = self.health.check.as_mut().filter(|own| own.id == run) {
            check.pid = Some(pid);
        }
    }

    pub(crate) fn on_check_failed_to_start(
        &mut self,
        run: RunId,
        reason: &str,
        step: &mut Step<'_>,
    ) {
        if self.owns_check(run) {
            let message = format!("unable to start check.{}: {reason}", self.spec.name);
            step.log(Level::Error, message);
            let is_told = !self.health.on_trial;
            if self.health.release() {
                if is_told {
                    self.publish_check_exit(false, step);
                }
                self.on_checked(false, reason.to_owned(), Duration::ZERO, step);
            }
            self.on_stop_gone(step);
        }
    }

    /// The check's own process ended; its status is the answer.
    pub(crate) fn on_check_exited(
        &mut self,
        run: RunId,
        status: ExitStatus,
        output: &str,
        rest: Rest,
        step: &mut Step<'_>,
    ) {
        let budget = self.stop_budget(step);
        let own = self.health.check.as_mut();
        let Some(check) = own.filter(|own| own.id == run && own.alive()) else {
            return;
        };
        check.on_exited(status, rest, budget, step.now);
        let took = step.now - check.started_at;
        if !self.health.abandoned {
            self.on_check_answered(status, output, took, step);
        }
        if rest == Rest::Gone {
            self.on_check_gone(run, step);
        }
    }

    fn on_check_answered(
        &mut self,
        status: ExitStatus,
        output: &str,
        took: Duration,
        step: &mut Step<'_>,
    ) {
        let is_told = status.success() || !self.health.on_trial;
        if !status.success() {
            let level = if is_told { Level::Error } else { Level::Debug };
            let message = format!("check.{} exited with error: {status}", self.spec.name);
            step.log(level, message);
        }
        if is_told {
            self.publish_check_exit(status.success(), step);
        }
        let output = describe(status, output);
        self.on_checked(status.success(), output, took, step);
    }

    pub(crate) fn on_check_gone(&mut self, run: RunId, step: &mut Step<'_>) {
        if self.owns_check(run) {
            self.health.release();
            self.on_stop_gone(step);
        }
    }

    fn owns_check(&self, run: RunId) -> bool {
        self.health.check.as_ref().is_some_and(|own| own.id == run)
    }

    fn publish_check_exit(&self, success: bool, step: &mut Step<'_>) {
        let source = Source::Check(self.spec.name.clone());
        if success {
            step.publish(EventKind::ExitSuccess, source);
        } else {
            step.publish(EventKind::ExitFailed, source.clone());
            step.publish(EventKind::Error, source);
        }
    }

    /// A check has an answer. In maintenance, and once the job no longer runs, nobody asks.
    fn on_checked(&mut self, passed: bool, output: String, took: Duration, step: &mut Step<'_>) {
        self.health.last = Some(CheckResult {
            at: step.now,
            took,
            output: output.clone(),
        });
        if self.is_unattended(step) || !self.checkable() {
            return;
        }
        if passed {
            self.health.trial_at = None;
            self.health.turn(HealthStatus::Healthy, step.now);
            step.publish(EventKind::Healthy, self.source());
            self.publish_status(Status::Passing, "ok".to_owned(), step);
        } else if !self.health.on_trial {
            self.health.turn(HealthStatus::Unhealthy, step.now);
            step.publish(EventKind::Unhealthy, self.source());
            if self.catalog != Catalog::Out {
                self.publish_status(Status::Critical, output, step);
            }
        }
    }

    /// Tells the catalog, unless it shall know nothing of the job now.
    pub(crate) fn publish_status(&mut self, status: Status, output: String, step: &mut Step<'_>) {
        let Some(service) = &self.spec.service else {
            return;
        };
        if self.is_unattended(step) || self.spec.address_within.is_some() {
            return;
        }
        let is_new = self.catalog == Catalog::Out;
        self.catalog = Catalog::In(status);
        step.effects.push(Effect::Publish {
            job: self.spec.name.clone(),
            service: Box::new(service.clone()),
            status,
            output,
        });
        if is_new && step.maintenance {
            self.mark(Some(MAINTENANCE), step);
        }
    }

    /// Takes the job out of the catalog; tells whether it was in.
    pub(super) fn withdraw(&mut self, step: &mut Step<'_>) -> bool {
        if self.catalog == Catalog::Out {
            return false;
        }
        self.catalog = Catalog::Out;
        step.effects.push(Effect::Withdraw {
            job: self.spec.name.clone(),
        });
        true
    }
}

fn describe(status: ExitStatus, output: &str) -> String {
    match (status.success(), output.is_empty()) {
        (true, _) | (false, false) => output.to_owned(),
        (false, true) => status.to_string(),
    }
}
