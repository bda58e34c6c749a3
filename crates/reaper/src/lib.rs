//! The one owner of every child process: spawns, signals, waits, and proves a process tree gone.
//!
//! # Theory of operation
//!
//! A *run* is one execution of a command. Its process leads a process group of its own; all that
//! descends from it is its *tree*. The shell calls [`Reaper::reap`] each time SIGCHLD arrived and
//! is told what changed. There is no thread, no timer and no polling in here.
//!
//! A pid, and a process group number, may be reused the moment its last holder was waited for.
//! So everything rests on an order: a zombie is looked at first (`waitid` with `WNOWAIT`), what
//! has to be said to its group is said while the zombie still pins the number, and only then
//! exactly that pid is reaped. Each zombie that is looked at is reaped at once, so the first one
//! in the kernel's list never hides the others.
//!
//! After its leader was reaped, a run is over when its group is proven empty. A daemon that left
//! the group by `setsid` does not count, so a job may start one and finish. Once a run is being
//! stopped ([`Reaper::begin_stop`], [`Reaper::kill_tree`]) the whole tree counts: group members,
//! descendants, whoever shares a session or group with those, and whoever bears the run's marker
//! in its environment. The last process of a tree is always adopted by this process, so its end
//! raises SIGCHLD and nothing has to be asked for periodically.
//!
//! # What the caller keeps
//!
//! - Nothing else in the program waits for children.
//! - Signals are caught by handlers, which exec resets; the signal mask stays empty and no signal
//!   but SIGPIPE is ignored, because children inherit both.
//! - SIGCHLD is being listened for before the first spawn, and `reap` is called once after that.

mod census;
mod change;
mod kernel;
mod launch;
mod lookup;
mod marker;
mod obstacle;
mod process;
mod reaper;
mod signal;
mod spawn;
mod terminal;
mod tree;

pub use change::{Change, Rest, Status};
pub use launch::{Identity, Launch, Output, Stdin};
pub use obstacle::Obstacle;
pub use reaper::Reaper;
pub use signal::Signal;
pub use spawn::{SpawnError, Spawned};
pub use terminal::has_terminal;

/// One execution of a command, named by the caller and never named again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);
