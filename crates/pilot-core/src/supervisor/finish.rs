//! When the helper ends, and with which status.

use super::{Life, Stopping, Supervisor};
use crate::{
    Effect, Level,
    job::{Job, Outcome},
    spec::Role,
    step::Step,
};

/// The status of an essential job that gave up waiting for its start event.
const NEVER_RAN: u8 = 1;

impl Supervisor {
    /// Ends the helper when nothing is left to do: an essential job is over, or every job is.
    pub(super) fn finish(&mut self, step: &mut Step<'_>) {
        self.heed_essential_end(step);
        self.release_companions(step);
        let over = match self.life {
            Life::Starting | Life::Exited => false,
            Life::Running => !self.jobs.is_empty() && self.all_over(),
            Life::Stopping(_) => self.all_over(),
        };
        if over {
            self.cease(step);
            let code = self.exit_code();
            self.life = Life::Exited;
            step.effects.push(Effect::Exit { code });
        }
    }

    fn heed_essential_end(&mut self, step: &mut Step<'_>) {
        if self.life != Life::Running {
            return;
        }
        let essential = self
            .jobs
            .iter()
            .filter(|job| job.spec.role == Role::Essential);
        let Some(outcome) = essential.filter_map(Job::outcome).find(|o| o.natural) else {
            return;
        };
        let code = outcome.status.map_or(NEVER_RAN, crate::ExitStatus::code);
        let message = format!("the essential job has ended: ending with status {code}");
        step.log(Level::Info, message);
        self.begin_shutdown(Some(code), step);
        self.drain(step);
    }

    /// Companions do not keep the container running once every other job has ended.
    fn release_companions(&mut self, step: &mut Step<'_>) {
        let is_companion = |job: &&Job| job.spec.role == Role::Companion;
        let others = || self.jobs.iter().filter(|job| !is_companion(job));
        let alone = others().next().is_some() && others().all(Job::complete);
        if self.life == Life::Running && alone && !self.all_over() {
            self.begin_shutdown(Some(self.exit_code()), step);
            self.drain(step);
        }
    }

    fn all_over(&self) -> bool {
        self.jobs.iter().all(Job::complete)
    }

    /// The status of the essential job; else, after a request to stop, 0 if no job had to be
    /// killed; else that of the first job that failed for good.
    fn exit_code(&self) -> u8 {
        let outcomes = || self.jobs.iter().filter_map(Job::outcome);
        match self.life {
            Life::Stopping(Stopping {
                verdict: Some(code),
                ..
            }) => code,
            Life::Stopping(Stopping { verdict: None, .. }) => {
                let killed = outcomes().any(|o| o.killed);
                if killed { 128 + 9 } else { 0 }
            }
            Life::Starting | Life::Running | Life::Exited => {
                let failed = outcomes().filter(|outcome| code_of(*outcome) != 0);
                failed.min_by_key(|outcome| outcome.at).map_or(0, code_of)
            }
        }
    }
}

fn code_of(outcome: Outcome) -> u8 {
    outcome.status.map_or(0, crate::ExitStatus::code)
}
