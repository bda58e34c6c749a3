//! When the helper ends, and with which status.

use super::{Life, Stopping, Supervisor, Verdict};
use crate::{
    Effect, ExitStatus, Level,
    job::Job,
    spec::{AskedStatus, Role, Stay},
    step::Step,
};

/// The status of an essential job that gave up waiting for its start event.
const NEVER_RAN: u8 = 1;

/// The status of an application that a signal ended, in ContainerPilot 1 and 2.
const BY_A_SIGNAL: u8 = 255;

impl Supervisor {
    /// Ends the helper when nothing is left to do: an essential job is over, or every job is.
    pub(super) fn finish(&mut self, step: &mut Step<'_>) {
        self.heed_vetoes(step);
        self.heed_essential_end(step);
        self.heed_rendering(step);
        self.release_companions(step);
        let counts = |job: &Job| job.spec.role != Role::Veto;
        let over = match self.life {
            Life::Starting | Life::Exited => false,
            Life::Running if self.stay != Stay::WithJobs => false,
            Life::Running => self.all_over() && self.jobs.iter().any(counts),
            Life::Stopping(_) => self.all_over(),
        };
        if over {
            self.cease(step);
            let code = self.exit_code();
            self.life = Life::Exited;
            step.effects.push(Effect::Exit { code });
        }
    }

    /// A job with a veto failed: nothing but what belongs to the stop is started upon that.
    pub(super) fn heed_vetoes(&mut self, step: &mut Step<'_>) {
        for n in 0..self.jobs.len() {
            let Some(status) = self.jobs[n].veto.take() else {
                continue;
            };
            let verdict = Verdict::Vetoed(self.code(status));
            let name = self.jobs[n].name().clone();
            match &mut self.life {
                Life::Running => {
                    let message = format!("{name} failed ({status}): ending with its status");
                    step.log(Level::Error, message);
                    let unheard = std::mem::take(&mut step.bus);
                    self.begin_shutdown(verdict, step);
                    step.bus.extend(unheard);
                }
                Life::Stopping(stopping) => stopping.verdict = verdict,
                Life::Starting | Life::Exited => {}
            }
        }
    }

    fn heed_essential_end(&mut self, step: &mut Step<'_>) {
        if self.life != Life::Running {
            return;
        }
        let Some(outcome) = self
            .essentials()
            .filter_map(Job::outcome)
            .find(|o| o.natural)
        else {
            return;
        };
        let code = outcome.status.map_or(NEVER_RAN, |status| self.code(status));
        let message = format!("the essential job has ended: ending with status {code}");
        step.log(Level::Info, message);
        self.begin_shutdown(Verdict::Decided(code), step);
        self.drain(step);
    }

    fn essentials(&self) -> impl Iterator<Item = &Job> {
        let jobs = self.jobs.iter();
        jobs.filter(|job| job.spec.role == Role::Essential)
    }

    /// Those that do not keep the container running go once every other job has ended.
    fn release_companions(&mut self, step: &mut Step<'_>) {
        let stays = self.life != Life::Running || self.stay != Stay::WithJobs;
        if !stays && self.nothing_keeps_it() && !self.all_over() {
            self.begin_shutdown(Verdict::Decided(self.natural_code()), step);
            self.drain(step);
        }
    }

    /// Whether there was something to do, and it is done.
    fn nothing_keeps_it(&self) -> bool {
        let keeps = |job: &&Job| match job.spec.role {
            Role::Essential | Role::Ordinary => !self.missed_its_turn(job),
            Role::Companion | Role::Veto => false,
        };
        let mut keepers = self.jobs.iter().filter(keeps).peekable();
        keepers.peek().is_some() && keepers.all(Job::complete)
    }

    fn all_over(&self) -> bool {
        self.jobs.iter().all(Job::complete)
    }

    fn exit_code(&self) -> u8 {
        match self.life {
            Life::Stopping(Stopping { verdict, .. }) => match verdict {
                Verdict::Asked => self.asked_code(),
                Verdict::Decided(code) | Verdict::Vetoed(code) => code,
            },
            Life::Starting | Life::Running | Life::Exited => self.natural_code(),
        }
    }

    /// The status of the first job that failed for good.
    pub(super) fn natural_code(&self) -> u8 {
        let outcomes = self.jobs.iter().filter_map(Job::outcome);
        let failed = outcomes.filter_map(|outcome| {
            let status = outcome.status.filter(|status| !status.success())?;
            Some((outcome.at, self.code(status)))
        });
        failed.min_by_key(|(at, _)| *at).map_or(0, |(_, code)| code)
    }

    /// The status after a request to stop.
    fn asked_code(&self) -> u8 {
        match self.asked_status {
            AskedStatus::Clean => {
                let mut outcomes = self.jobs.iter().filter_map(Job::outcome);
                if outcomes.any(|o| o.killed) {
                    128 + 9
                } else {
                    0
                }
            }
            AskedStatus::OfTheApplication => {
                let outcome = self.essentials().find_map(Job::outcome);
                let status = outcome.and_then(|outcome| outcome.status);
                status.map_or(0, |status| self.code(status))
            }
            AskedStatus::Fixed(code) => code,
        }
    }

    /// How the end of a process becomes a status of the helper.
    fn code(&self, status: ExitStatus) -> u8 {
        match (self.asked_status, status) {
            (AskedStatus::OfTheApplication, ExitStatus::Signaled(_)) => BY_A_SIGNAL,
            (AskedStatus::Clean | AskedStatus::Fixed(_) | AskedStatus::OfTheApplication, _) => {
                status.code()
            }
        }
    }
}
