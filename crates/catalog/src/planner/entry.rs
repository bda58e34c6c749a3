//! One query and how it is followed.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use crate::{answer::Answer, cursor::Cursor, query::Query};

/// Names one query for as long as it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(super) u64);

/// Names one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(pub(super) u64);

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    is_guess: bool,
    changed_at: Reverse<Duration>,
}

/// One query.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) query: Arc<Query>,
    pub(super) cursor: Cursor<Answer>,
    /// When it last said something new.
    pub(super) changed_at: Duration,
    pub(super) state: State,
    /// When it is looked at by itself.
    pub(super) due: Option<Duration>,
}

/// How it is followed.
#[derive(Debug)]
pub(super) enum State {
    /// By a held question of its own.
    Held { ticket: Ticket },
    /// It waits for a bell, or until it is due.
    Resting,
    /// It waits for a line.
    Queued(Rank),
    /// It is being looked at; once more if there was reason to meanwhile.
    Asked { ticket: Ticket, again: bool },
}

impl Rank {
    pub(super) fn new(is_sure: bool, changed_at: Duration) -> Self {
        Self {
            is_guess: !is_sure,
            changed_at: Reverse(changed_at),
        }
    }

    pub(super) fn is_sure(self) -> bool {
        !self.is_guess
    }
}

impl Entry {
    pub(super) fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. })
    }

    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state, State::Resting)
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self.state {
            State::Held { ticket } | State::Asked { ticket, .. } => Some(ticket),
            State::Resting | State::Queued(_) => None,
        }
    }

    /// When to look again after a failure; whoever has a held question sees to it by that.
    pub(super) fn retry_at(&self) -> Option<Duration> {
        let fails = self.cursor.is_failing() && !self.is_held();
        fails.then(|| self.cursor.question().at)
    }

    /// Whether a look at it gives all of it, however much that is.
    pub(super) fn is_costly(&self) -> bool {
        match &*self.query {
            Query::Service(_) | Query::Key { .. } | Query::Datacenters { .. } => false,
            Query::Services { .. }
            | Query::Nodes { .. }
            | Query::Node { .. }
            | Query::Pairs { .. } => true,
        }
    }
}
