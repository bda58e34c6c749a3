//! Whether a job is well: its checks, and what the catalog is told of them.

use std::time::Duration;

use super::{Catalog, Job, State};
use crate::{
    Effect, EventKind, ExitStatus, Level, Rest, Source, Time,
    effect::Purpose,
    run::{Run, RunId},
    spec::{JobSpec, Status, When},
    step::Step,
};

/// What is known of a job's health.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(crate) status: HealthStatus,
    check: Option<Run>,
    /// Nobody waits for the answer of the check that is on.
    abandoned: bool,
    check_at: Option<Time>,
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
    pub(crate) fn deadline(&self) -> Option<Time> {
        let check = self.check.as_ref().and_then(Run::deadline);
        [check, self.check_at].into_iter().flatten().min()
    }

    pub(crate) fn next_check_at(&self) -> Option<Time> {
        self.check_at
    }

    /// A fresh start knows nothing of the health before it. The first check comes one interval
    /// later, as in ContainerPilot 3.
    pub(crate) fn on_job_started(&mut self, spec: &JobSpec, step: &mut Step<'_>) {
        self.status = HealthStatus::Unknown;
        let first = spec.health.as_ref().map(|h| step.now + h.interval);
        match spec.when {
            When::Once(_) => {
                self.abandon(step);
                self.check_at = first;
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

    /// Ends checking for good; a check that is on is killed, since nobody waits for its answer.
    pub(crate) fn cease(&mut self, step: &mut Step<'_>) {
        self.check_at = None;
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
        if self.health.check_at.is_none_or(|at| at > step.now) {
            return;
        }
        self.health.check_at = self
            .health
            .check_at
            .map(|at| step.now.next_beat(at, health.interval));
        if self.checkable() && !step.maintenance {
            self.check(step);
        }
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
            if self.health.release() {
                self.publish_check_exit(false, step);
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
        if !status.success() {
            let message = format!("check.{} exited with error: {status}", self.spec.name);
            step.log(Level::Error, message);
        }
        self.publish_check_exit(status.success(), step);
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
        if step.maintenance || !self.checkable() {
            return;
        }
        if passed {
            self.health.status = HealthStatus::Healthy;
            step.publish(EventKind::Healthy, self.source());
            self.publish_status(Status::Passing, "ok".to_owned(), step);
        } else {
            self.health.status = HealthStatus::Unhealthy;
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
        if step.maintenance {
            return;
        }
        self.catalog = Catalog::In(status);
        step.effects.push(Effect::Publish {
            job: self.spec.name.clone(),
            service: Box::new(service.clone()),
            status,
            output,
        });
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
