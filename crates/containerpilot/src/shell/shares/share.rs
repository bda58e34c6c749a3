//! Work that is shared: who of all helpers does it, and what the others have of it. Pure.
//!
//! ```text
//!            lock held                        a refusal
//! Waiting ─────────────▶ Holding     any ─────────────────▶ ForItself
//!         ◀─────────────
//!            lock lost
//! ```
//!
//! Who holds the lock asks the catalog and leaves what it answered; who waits for the lock lives
//! on what was left. Whatever is not to be had that way, a helper asks for itself: sharing saves
//! questions, and must not cost an answer.

use std::time::Duration;

use catalog::{
    CatalogError, LockEvent,
    answer::{Answer, Pair},
    query::Query,
};

use super::data::{self, Answers, Reading, Writing};
use crate::shell::follows::Way;

/// The pause after something could not be written.
const PAUSE: Duration = Duration::from_secs(5);
const TOO_LARGE: &str = "there is too much to share";

/// One piece of work that helpers share.
#[derive(Debug)]
pub(super) struct Share {
    /// The key that the answers are left under.
    key: String,
    part: Part,
    left: Left,
    /// What the text under the key sums up to, as far as is known.
    seen: Seen,
    /// What we would leave.
    own: Option<Own>,
    pen: Pen,
    /// What shall be said of it, once.
    words: Vec<String>,
}

/// What we have to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Another does it, or nobody yet.
    Waiting,
    /// We do it for all.
    Holding,
    /// We do it for ourselves alone; whether for good, or until the lock is held after all.
    ForItself { for_good: bool },
}

/// What another has left for us. What was left stands until there is something newer.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Answers(Answers),
    Unusable(Flaw),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    TooLarge,
    Unreadable,
}

/// The answers that our template was last rendered from.
#[derive(Debug)]
struct Own {
    answers: Answers,
    /// What their text sums up to; none before it was written.
    sum: Option<u64>,
}

/// What is known to be under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It has not been looked at.
    NotYet,
    /// A text with a sum, or something else or nothing.
    Text(Option<u64>),
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pen {
    /// Nothing; and whether it failed last time.
    Resting { failed: bool },
    /// A text with a sum. What was seen meanwhile may be older or newer.
    Writing {
        sum: u64,
        seen_meanwhile: bool,
        failed: bool,
    },
}

/// What to write now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) writing: Writing,
    /// How long to wait before.
    pub(super) pause: Duration,
}

impl Share {
    /// Nothing is known of it yet.
    pub(super) fn new(key: String) -> Self {
        Self {
            key,
            part: Part::Waiting,
            left: Left::Nothing,
            seen: Seen::NotYet,
            own: None,
            pen: Pen::Resting { failed: false },
            words: Vec::new(),
        }
    }

    /// How the answer to a question comes to us.
    pub(super) fn way(&self, query: &Query) -> Way {
        if !is_shared(query) {
            return Way::Asked;
        }
        match (self.part, &self.left) {
            (Part::Waiting, Left::Nothing) => Way::Left,
            // What whoever left it did not need, such as what hangs on the environment.
            (Part::Waiting, Left::Answers(answers)) if answers.contains_key(query) => Way::Left,
            (Part::Waiting | Part::Holding | Part::ForItself { .. }, _) => Way::Asked,
        }
    }

    /// What was left for us.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&Query, &Answer)> {
        let answers = match &self.left {
            Left::Answers(answers) => Some(answers),
            Left::Nothing | Left::Unusable(_) => None,
        };
        answers.into_iter().flatten()
    }

    /// Whether the lock is of no use to us any more.
    pub(super) fn is_for_good(&self) -> bool {
        self.part == Part::ForItself { for_good: true }
    }

    /// Whether something new would be left at once.
    pub(super) fn can_leave(&self) -> bool {
        self.part == Part::Holding && matches!(self.pen, Pen::Resting { .. })
    }

    pub(super) fn on_lock(&mut self, event: &LockEvent) {
        self.part = match (event, self.part) {
            (_, for_good @ Part::ForItself { for_good: true }) => for_good,
            (LockEvent::Held, _) => Part::Holding,
            (LockEvent::Lost, _) => Part::Waiting,
            (LockEvent::Failing { reason }, part) if is_refusal(reason) => {
                let for_itself = Part::ForItself { for_good: false };
                if part != for_itself {
                    self.say(&format!("this helper may not take its part: {reason}"));
                }
                for_itself
            }
            // That passes; until then what was left stands.
            (LockEvent::Failing { .. }, part) => part,
        };
    }

    /// Takes up what is under the key.
    pub(super) fn on_left(&mut self, pairs: &[Pair]) {
        let sum = data::sum_of(&self.key, pairs);
        if let Pen::Writing { seen_meanwhile, .. } = &mut self.pen {
            *seen_meanwhile = true;
        }
        self.seen = Seen::Text(sum);
        if sum.is_some() && self.leave_own(sum) {
            return;
        }
        let flaw = match data::read(&self.key, pairs) {
            Reading::Nothing => {
                // Whoever holds it writes it again.
                self.seen = Seen::Text(None);
                return;
            }
            Reading::Answers(answers) => {
                self.left = Left::Answers(answers);
                return;
            }
            Reading::TooLarge => Flaw::TooLarge,
            Reading::Unreadable => Flaw::Unreadable,
        };
        let left = Left::Unusable(flaw);
        if self.left != left && self.part == Part::Waiting {
            self.say(match flaw {
                Flaw::TooLarge => TOO_LARGE,
                Flaw::Unreadable => "what was left is not of this version of containerpilot",
            });
        }
        self.left = left;
    }

    /// What is under the key cannot be had.
    pub(super) fn on_unread(&mut self, reason: &CatalogError) {
        if is_refusal(reason) {
            self.give_up(reason);
        }
    }

    /// What was left is what we would leave, if it has our sum.
    fn leave_own(&mut self, sum: Option<u64>) -> bool {
        let own = self.own.as_ref().filter(|own| own.sum == sum);
        if let Some(own) = own {
            self.left = Left::Answers(own.answers.clone());
        }
        own.is_some()
    }

    /// The template was rendered from answers, and from all it needs.
    pub(super) fn on_rendered(&mut self, mut answers: Answers) {
        answers.retain(|query, _| is_shared(query));
        if self.own.as_ref().is_none_or(|own| own.answers != answers) {
            self.own = Some(Own { answers, sum: None });
        }
    }

    /// What is to be written now, if anything is.
    pub(super) fn take_order(&mut self) -> Option<Order> {
        let (Part::Holding, Pen::Resting { failed }) = (self.part, self.pen) else {
            return None;
        };
        let own = self.own.as_mut()?;
        let is_there = |sum| self.seen == Seen::Text(Some(sum));
        if self.seen == Seen::NotYet || own.sum.is_some_and(is_there) {
            return None;
        }
        let writing = Writing::new(&own.answers);
        let is_new = own.sum.replace(writing.sum).is_none();
        if is_there(writing.sum) {
            return None;
        }
        self.pen = Pen::Writing {
            sum: writing.sum,
            seen_meanwhile: false,
            failed,
        };
        if is_new && writing.is_too_large() && self.left != Left::Unusable(Flaw::TooLarge) {
            self.say(TOO_LARGE);
        }
        let pause = if failed { PAUSE } else { Duration::ZERO };
        Some(Order { writing, pause })
    }

    /// What was ordered is written, or could not be.
    pub(super) fn on_written(&mut self, failure: Option<&CatalogError>) {
        let Pen::Writing {
            sum,
            seen_meanwhile,
            failed,
        } = self.pen
        else {
            return;
        };
        self.pen = Pen::Resting {
            failed: failure.is_some(),
        };
        match failure {
            None if seen_meanwhile => {}
            None => {
                self.seen = Seen::Text(Some(sum));
                // What is too large is left for nobody, and heard of when it is seen.
                self.leave_own(Some(sum));
            }
            Some(reason) if is_refusal(reason) => self.give_up(reason),
            Some(reason) if !failed => {
                let message = format!("cannot leave the answers for others yet: {reason}");
                self.words.push(message);
            }
            Some(_) => {}
        }
    }

    /// What is to be said to people.
    pub(super) fn take_words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    fn give_up(&mut self, reason: &CatalogError) {
        if !self.is_for_good() {
            self.part = Part::ForItself { for_good: true };
            self.say(&reason.to_string());
        }
    }

    fn say(&mut self, reason: &str) {
        let message = format!("work is not shared, this helper asks the catalog itself: {reason}");
        self.words.push(message);
    }
}

/// Whether the answer is the same for every helper of a datacenter.
fn is_shared(query: &Query) -> bool {
    let is_near_us = |near: &Option<String>| near.as_deref() == Some("_agent");
    match query {
        Query::Service(service) => !is_near_us(&service.near),
        Query::Nodes { near, .. } => !is_near_us(near),
        Query::Node { name, .. } => name.is_some(),
        Query::Services { .. }
        | Query::Datacenters { .. }
        | Query::Key { .. }
        | Query::Pairs { .. } => true,
    }
}

/// Whether asking again would be refused again.
fn is_refusal(error: &CatalogError) -> bool {
    // 429 is a catalog that has too much to do.
    matches!(
        error,
        CatalogError::Refused {
            status: 400..500,
            ..
        }
    ) && !matches!(error, CatalogError::Refused { status: 429, .. })
}

#[cfg(test)]
mod tests;
