//! The place of one watch in the catalog's history: what to ask next, and what an answer means.
//!
//! Pure: time comes in, chance comes from a seed. The rules of the index are Consul's, with its
//! gaps filled: an index of 0, none, a senseless one or one that went backwards starts afresh; an
//! answer that comes at once with nothing new slows the next question down; after any failure the
//! first question does not block, so what changed meanwhile is seen at once. The index only ever
//! says *when* to look. What is reported is decided by comparing whole values.

use std::time::Duration;

use crate::{
    CatalogError,
    backoff::{Backoff, Jitter},
};

/// How patient a watch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The longest time without looking while blocking does not work.
    pub(crate) interval: Duration,
    /// How long the catalog is asked to hold a question.
    pub(crate) wait: Duration,
    /// How long an answer to a question that is not held may take.
    pub(crate) call: Duration,
}

/// The next question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// When to ask.
    pub(crate) at: Duration,
    /// What to wait past; none asks for an answer at once.
    pub(crate) index: Option<u64>,
    /// How long to wait for the answer.
    pub(crate) patience: Duration,
}

/// An answer that can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading<T> {
    /// The index it came with.
    pub(crate) index: Option<u64>,
    /// What it says.
    pub(crate) value: T,
}

/// What to tell the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report<T> {
    /// The first value, or one that differs from the last.
    Update(T),
    /// No answer any more, or for another reason than before.
    Lost(CatalogError),
    /// Answers again; after the update, if there is one.
    Back,
}

/// The place of one watch in the catalog's history.
#[derive(Debug)]
pub(crate) struct Cursor<T> {
    pace: Pace,
    jitter: Jitter,
    /// 0 while there is none.
    index: u64,
    last: Option<T>,
    asked_at: Duration,
    next_at: Duration,
    /// Answers in a row that came at once and said nothing new.
    haste: u32,
    /// Answers faster than this put the next question off, whatever they say.
    heavy: Option<Duration>,
    failures: u32,
    trouble: Option<CatalogError>,
}

impl<T: Clone + PartialEq> Cursor<T> {
    // Answers faster than this were not held.
    const EARLY: Duration = Duration::from_secs(1);
    // Two questions of one watch are at least half of this apart, however fast things change.
    const SPACING: Duration = Duration::from_millis(200);
    // Half of the first rest of one whose answers are large, and the longest.
    const SHORTEST_REST: Duration = Duration::from_millis(500);
    const LONGEST_REST: Duration = Duration::from_secs(60);
    // No index of Consul's log gets here; what does is not one.
    const SENSELESS: u64 = 1 << 62;
    // After many failures it is asked again once per interval, but no more often than this.
    const SHORTEST_CAP: Duration = Duration::from_secs(2);
    // What the way there and back may take on top of the wait.
    const SLACK: Duration = Duration::from_secs(5);

    /// A watch that knows nothing yet.
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        Self {
            pace,
            jitter: Jitter::new(seed),
            index: 0,
            last: None,
            asked_at: Duration::ZERO,
            next_at: Duration::ZERO,
            haste: 0,
            heavy: None,
            failures: 0,
            trouble: None,
        }
    }

    /// Makes it one whose answers are large: what comes faster than this puts the next question
    /// off, longer each time in a row, and after that it asks what there is before it waits.
    pub(crate) fn set_heavy(&mut self, early: Duration) {
        self.heavy = Some(early);
    }

    /// Changes how patient it is, from the next question on.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Says how patient it is.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Takes up where another one left off: what was said last, and why it is lost, if it is.
    pub(crate) fn recall(&mut self, last: Option<T>, trouble: Option<CatalogError>) {
        self.last = last;
        self.trouble = trouble;
    }

    /// Gives what was said last, and why it is lost, if it is.
    pub(crate) fn known(&self) -> (Option<T>, Option<CatalogError>) {
        (self.last.clone(), self.trouble.clone())
    }

    /// Tells whether it was ever answered.
    pub(crate) fn knows(&self) -> bool {
        self.last.is_some()
    }

    /// Tells whether the last question was not answered.
    pub(crate) fn is_failing(&self) -> bool {
        self.trouble.is_some()
    }

    /// Says what to ask next, and when.
    pub(crate) fn question(&self) -> Question {
        let wait = self.pace.wait;
        let at = self.next_at;
        match self.index {
            0 => Question {
                at,
                index: None,
                patience: self.pace.call,
            },
            // Consul spreads the ends of waits over a sixteenth more.
            index => Question {
                at,
                index: Some(index),
                patience: wait + wait / 16 + Self::SLACK,
            },
        }
    }

    /// Takes note that the question is being asked.
    pub(crate) fn on_asked(&mut self, now: Duration) {
        self.asked_at = now;
    }

    /// Takes note that another agent is in charge: the next question is a first one.
    pub(crate) fn on_moved(&mut self, now: Duration) {
        self.index = 0;
        self.next_at = now;
    }

    /// Takes an answer.
    pub(crate) fn on_answered(&mut self, now: Duration, reading: Reading<T>) -> Vec<Report<T>> {
        let mut reports = Vec::new();
        self.failures = 0;
        let is_new = self.last.as_ref() != Some(&reading.value);
        if is_new {
            self.last = Some(reading.value.clone());
            reports.push(Report::Update(reading.value));
        }
        // Who hears that it answers again knows what it says.
        if self.trouble.take().is_some() {
            reports.push(Report::Back);
        }
        let was_held = self.index != 0;
        let took = now.saturating_sub(self.asked_at);
        self.haste = match self.heavy {
            // An answer that was not waited for says nothing of how fast things change.
            Some(_) if !was_held => self.haste,
            Some(early) if took < early => self.haste.saturating_add(1),
            None if took < Self::EARLY && !is_new => self.haste.saturating_add(1),
            Some(_) | None => 0,
        };
        match reading.index.filter(|index| *index < Self::SENSELESS) {
            None | Some(0) => {
                self.index = 0;
                self.next_at = now + self.jitter.upper_half(self.pace.interval);
            }
            Some(_) if self.heavy.is_some() && was_held && self.haste > 0 => {
                self.index = 0;
                self.next_at = now + self.rest();
            }
            Some(index) => {
                self.index = if index < self.index { 0 } else { index };
                self.next_at = if self.heavy.is_some() && !was_held {
                    now
                } else {
                    now.max(self.asked_at + self.spacing())
                };
            }
        }
        reports
    }

    /// Takes the news that there is no answer.
    pub(crate) fn on_failed(&mut self, now: Duration, reason: CatalogError) -> Vec<Report<T>> {
        self.index = 0;
        self.haste = 0;
        self.failures = self.failures.saturating_add(1);
        let cap = self
            .pace
            .interval
            .clamp(Self::SHORTEST_CAP, Duration::from_secs(60));
        let backoff = Backoff {
            initial: Duration::from_millis(500),
            cap,
        };
        self.next_at = now + backoff.pause(self.failures, &mut self.jitter);
        let known = self.trouble.replace(reason.clone());
        if known.is_some_and(|known| known.is_like(&reason)) {
            return Vec::new();
        }
        vec![Report::Lost(reason)]
    }

    fn rest(&mut self) -> Duration {
        let longest = Self::SHORTEST_REST.saturating_mul(1 << self.haste.min(20));
        self.jitter.upper_half(longest.min(Self::LONGEST_REST))
    }

    fn spacing(&mut self) -> Duration {
        let cap = self.pace.interval.max(Self::SPACING);
        let longest = Self::SPACING.saturating_mul(1 << self.haste.min(20));
        self.jitter.upper_half(longest.min(cap))
    }
}

#[cfg(test)]
mod tests;
