//! A helper that renders once: when all is done, when it has failed, when it waits no longer.

use std::time::Duration;

use super::{Life, Supervisor, Verdict};
use crate::{
    Level, Time,
    job::Job,
    spec::{Role, Stay},
    step::Step,
    template::{State, Template},
};

impl Supervisor {
    /// Ends the helper once all its templates stand, or one of them never will. What is under way
    /// comes to its end first: every command runs, even when one fails.
    pub(super) fn heed_rendering(&mut self, step: &mut Step<'_>) {
        let once = matches!(self.stay, Stay::UntilRendered { .. });
        if !once || self.life != Life::Running || self.templates.iter().any(Template::under_way) {
            return;
        }
        let failed = |t: &Template| matches!(t.state, State::Failed { .. });
        let code = if self.templates.iter().any(failed) {
            Stay::FAILED
        } else if let Some(lost_at) = self.lost_at
            && self.patience_ends().is_some_and(|at| at <= step.now)
        {
            self.say_what_is_missing(lost_at, step);
            Stay::FAILED
        } else if self.all_is_rendered() {
            self.natural_code()
        } else {
            return;
        };
        self.begin_shutdown(Verdict::Decided(code), step);
        self.drain(step);
    }

    /// Whether every template stands, and no job has anything to do any more.
    fn all_is_rendered(&self) -> bool {
        let goes_on = |job: &Job| match job.spec.role {
            Role::Essential => true,
            Role::Ordinary | Role::Veto => job.busy(),
            Role::Companion => false,
        };
        let stands = |t: &Template| matches!(t.state, State::Settled);
        self.templates.iter().all(stands) && !self.jobs.iter().any(goes_on)
    }

    /// When a helper that renders once waits no longer for a catalog that does not answer. It does
    /// not count while it has something else to do.
    pub(super) fn patience_ends(&self) -> Option<Time> {
        let Stay::UntilRendered {
            patience: Some(patience),
        } = self.stay
        else {
            return None;
        };
        let waits = self.blocked().next().is_some();
        let busy = self.life != Life::Running || self.templates.iter().any(Template::under_way);
        self.lost_at
            .filter(|_| waits && !busy)
            .map(|at| at + patience)
    }

    fn blocked(&self) -> impl Iterator<Item = (&Template, &[String])> {
        self.templates.iter().filter_map(|t| match &t.state {
            State::Blocked { missing } => Some((t, missing.as_slice())),
            State::Settling { .. }
            | State::Rendering
            | State::Checking { .. }
            | State::Installing
            | State::Written
            | State::Reconfiguring
            | State::Settled
            | State::Failed { .. }
            | State::Ceased => None,
        })
    }

    fn say_what_is_missing(&self, lost_at: Time, step: &mut Step<'_>) {
        let span = match step.now - lost_at {
            Duration::ZERO => "does not answer".to_owned(),
            span => format!("has not answered for {span:.1?}"),
        };
        for (template, missing) in self.blocked() {
            let missing = match missing {
                [] => "everything it asks for".to_owned(),
                known => known.join(", "),
            };
            let message = format!(
                "{}: the catalog {span}, and this is missing: {missing}",
                template.source()
            );
            step.log(Level::Error, message);
        }
    }
}
