//! A watch: what is known of what it looks at, what a change means, and when that is in doubt.
//!
//! The first answer is told at once, whatever it is; later ones tell only changes, and those wait
//! for `debounce`. What is known goes on to stand while nobody answers, and while an empty answer is
//! held (`onEmpty`): then the watch is stale, which is told when it begins and when it ends.

use std::time::Duration;

use crate::{
    EventKind, Level, Sight, Source, Time,
    spec::{OnEmpty, WatchSpec},
    step::Step,
};

#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) spec: WatchSpec,
    /// What stands, and was told; none before the first answer.
    pub(crate) known: Option<Sight>,
    /// What was answered last, while a change waits for the burst to end.
    pub(crate) unsettled: Option<Unsettled>,
    /// Why nobody answers.
    lost: Option<String>,
    /// Whether an empty answer is not believed.
    holds: bool,
}

#[derive(Debug)]
pub(crate) struct Unsettled {
    sight: Sight,
    since: Time,
    due: Time,
}

impl Watch {
    pub(crate) fn new(spec: WatchSpec) -> Self {
        Self {
            spec,
            known: None,
            unsettled: None,
            lost: None,
            holds: false,
        }
    }

    pub(crate) fn source(&self) -> Source {
        Source::Watch(self.spec.name.clone())
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        self.unsettled.as_ref().map(|unsettled| unsettled.due)
    }

    /// Whether there is what it looks for, and enough of it.
    pub(crate) fn is_well(&self) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| known.suffices(self.spec.min))
    }

    /// Why what is known may be old.
    pub(crate) fn stale(&self) -> Option<&str> {
        self.known.as_ref()?;
        let held = || "the answer is empty, and held by `onEmpty`";
        self.lost.as_deref().or(self.holds.then(held))
    }

    /// Whoever is asked has answered.
    pub(crate) fn on_answered(&mut self, sight: Sight, step: &mut Step<'_>) {
        let source = self.source();
        step.log(Level::Debug, format!("{source}: {sight}"));
        let holds = sight.is_empty() && self.spec.on_empty == OnEmpty::Hold && self.stands();
        if holds && !self.holds {
            let message = format!("{source}: the answer is empty, and held by `onEmpty`");
            step.log(Level::Warn, message);
        }
        // Who hears that the truth is back finds it there.
        if !holds {
            self.take_up(sight, step);
        }
        self.doubt(step, |watch| watch.holds = holds);
    }

    /// Nobody answers, or only with what means nothing.
    pub(crate) fn on_lost(&mut self, reason: String, step: &mut Step<'_>) {
        self.doubt(step, |watch| watch.lost = Some(reason));
    }

    /// Answers come again; if there was a change, one has told it.
    pub(crate) fn on_back(&mut self, step: &mut Step<'_>) {
        self.doubt(step, |watch| watch.lost = None);
    }

    pub(crate) fn on_woken(&mut self, step: &mut Step<'_>) {
        let is_due = self.deadline().is_some_and(|due| due <= step.now);
        if let Some(unsettled) = self.unsettled.take_if(|_| is_due) {
            self.replace(unsettled.sight, step);
        }
    }

    /// Whether the last answer that counted was not empty.
    fn stands(&self) -> bool {
        let unsettled = self.unsettled.as_ref().map(|unsettled| &unsettled.sight);
        unsettled
            .or(self.known.as_ref())
            .is_some_and(|sight| !sight.is_empty())
    }

    /// Changes what makes it stale, and says so if that begins or ends.
    fn doubt(&mut self, step: &mut Step<'_>, change: impl FnOnce(&mut Self)) {
        let before = self.stale().is_some();
        change(self);
        match (before, self.stale().is_some()) {
            (false, true) => step.publish(EventKind::Stale, self.source()),
            (true, false) => step.publish(EventKind::Fresh, self.source()),
            (false, false) | (true, true) => {}
        }
    }

    fn take_up(&mut self, sight: Sight, step: &mut Step<'_>) {
        let Some(known) = &self.known else {
            return self.take_first(sight, step);
        };
        let debounce = self.spec.debounce;
        if debounce.is_zero() || (self.unsettled.is_none() && known.is_like(&sight)) {
            return self.replace(sight, step);
        }
        let unsettled = self.unsettled.as_ref();
        let since = unsettled.map_or(step.now, |unsettled| unsettled.since);
        self.unsettled = Some(Unsettled {
            sight,
            since,
            due: (step.now + debounce).min(since + longest(debounce)),
        });
    }

    fn take_first(&mut self, sight: Sight, step: &mut Step<'_>) {
        let is_there = !sight.is_empty();
        self.known = Some(sight);
        self.tell(is_there, step);
        // What was lost before it was known is in doubt from now on.
        if self.stale().is_some() {
            step.publish(EventKind::Stale, self.source());
        }
    }

    /// Another sight stands from now on.
    fn replace(&mut self, sight: Sight, step: &mut Step<'_>) {
        let known = self.known.as_ref();
        let is_same = known.is_some_and(|known| known.is_like(&sight));
        // Nothing there, for another reason.
        let is_still_empty = sight.is_empty() && known.is_some_and(Sight::is_empty);
        self.known = Some(sight);
        if !is_same && !is_still_empty {
            self.tell(true, step);
        }
    }

    fn tell(&self, changed: bool, step: &mut Step<'_>) {
        if changed {
            step.publish(EventKind::Changed, self.source());
        }
        let health = if self.is_well() {
            EventKind::Healthy
        } else {
            EventKind::Unhealthy
        };
        step.publish(health, self.source());
    }
}

/// How long a change waits at most.
fn longest(debounce: Duration) -> Duration {
    debounce.saturating_mul(WatchSpec::LONGEST_DEBOUNCE)
}
