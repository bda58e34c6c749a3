//! What is remembered of a run and its processes.

use std::collections::BTreeSet;

use crate::process::{Process, Stamp};
use crate::terminal::Handed;
use crate::{Signal, Status};

/// A run's processes.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The pid of its leader, and the number of its process group.
    pub(crate) leader: u32,
    pub(crate) stage: Stage,
    pub(crate) reach: Reach,
    /// The last signal that was sent to the whole tree.
    pub(crate) told: Option<Signal>,
    /// Who was seen to belong to it.
    pub(crate) known: BTreeSet<Stamp>,
    /// The terminal, if it was handed over.
    pub(crate) terminal: Option<Handed>,
    /// Whether what it leaves behind when it ends by itself is nobody's business.
    pub(crate) leaves_rest: bool,
}

/// How far the life of a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The leader was not reaped: its number is safe.
    Led,
    /// The leader was reaped, of which nobody knows yet.
    Ended(Status),
    /// The leader was reaped, and others were left.
    Left,
}

/// Which processes keep a run from being over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The members of its process group.
    Group,
    /// All that descends from it.
    Whole,
}

impl Tree {
    pub(crate) fn new(leader: u32, terminal: Option<Handed>, leaves_rest: bool) -> Self {
        Self {
            leader,
            stage: Stage::Led,
            reach: Reach::Group,
            told: None,
            known: BTreeSet::new(),
            terminal,
            leaves_rest,
        }
    }

    /// Whether it is over with its leader, whatever that left behind.
    pub(crate) fn ends_with_its_leader(&self) -> bool {
        self.leaves_rest && self.told.is_none()
    }

    pub(crate) fn is_led(&self) -> bool {
        match self.stage {
            Stage::Led => true,
            Stage::Ended(_) | Stage::Left => false,
        }
    }

    /// Whether what a leader leaves behind has been asked to end already.
    pub(crate) fn was_asked_to_end(&self) -> bool {
        matches!(self.told, Some(Signal::TERM | Signal::KILL))
    }

    /// Whether anybody who was seen to belong to it still runs, within its reach.
    pub(crate) fn has_known_survivor(&self) -> bool {
        let in_reach = |process: Process| match self.reach {
            Reach::Whole => true,
            Reach::Group => process.group == self.leader,
        };
        let mut survivors = self.known.iter().filter_map(|stamp| stamp.look());
        survivors.any(in_reach)
    }
}
