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

/// How long a helper that renders once is silent about what it waits for.
const SILENCE: Duration = Duration::from_secs(10);

impl Supervisor {
    /// Ends the helper once all its templates stand, or one of them never will. What is under way
    /// comes to its end first: every command runs, even when one fails.
    pub(super) fn heed_rendering(&mut self, step: &mut Step<'_>) {
        let once = matches!(self.stay, Stay::UntilRendered { .. });
        if !once || self.life != Life::Running || self.templates.iter().any(Template::under_way) {
            return;
        }
        self.say_what_is_waited_for(step);
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

    /// When to say what is waited for, which is said once.
    pub(super) fn silence_ends(&self) -> Option<Time> {
        let waits = self.life == Life::Running && self.blocked().next().is_some();
        let once = matches!(self.stay, Stay::UntilRendered { .. });
        let busy = self.templates.iter().any(Template::under_way);
        let begun_at = self.begun_at.filter(|_| once && waits && !busy);
        begun_at.map(|at| at + SILENCE)
    }

    /// Whoever waits for the helper should not have to guess.
    fn say_what_is_waited_for(&mut self, step: &mut Step<'_>) {
        if self.silence_ends().is_none_or(|at| at > step.now) {
            return;
        }
        self.begun_at = None;
        for (template, missing) in self.blocked() {
            let message = format!("{} waits for {}", template.source(), listed(missing));
            step.log(Level::Warn, message);
        }
    }

    fn say_what_is_missing(&self, lost_at: Time, step: &mut Step<'_>) {
        let span = match step.now - lost_at {
            Duration::ZERO => "does not answer".to_owned(),
            span => format!("has not answered for {span:.1?}"),
        };
        for (template, missing) in self.blocked() {
            let missing = listed(missing);
            let message = format!(
                "{}: the catalog {span}, and this is missing: {missing}",
                template.source()
            );
            step.log(Level::Error, message);
        }
    }
}

fn listed(missing: &[String]) -> String {
    match missing {
        [] => "everything it asks for".to_owned(),
        known => known.join(", "),
    }
}
