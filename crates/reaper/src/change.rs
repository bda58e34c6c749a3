//! What [`crate::Reaper::reap`] tells.

use crate::{RunId, Signal};

/// Something that became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The process of a run ended and was reaped.
    Exited {
        /// Which run.
        run: RunId,
        /// How it ended.
        status: Status,
        /// Whether others of the run are left; they were asked to end.
        rest: Rest,
    },
    /// The last process of a run that outlived its leader is gone.
    Gone {
        /// Which run.
        run: RunId,
    },
    /// A process that belonged to no run as its leader was reaped.
    Orphan {
        /// Which process it was.
        pid: u32,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// By itself, with this status.
    Exited(u8),
    /// By a signal.
    Signaled {
        /// Which one.
        signal: Signal,
        /// Whether it left a core file.
        core: bool,
    },
}

/// Whether processes of a run are left after its own has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rest {
    /// None.
    Gone,
    /// Some; [`Change::Gone`] follows when they are not.
    Remaining,
}
