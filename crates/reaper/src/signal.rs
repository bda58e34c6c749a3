//! Signals by number, real-time ones included.

/// A signal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(pub i32);

impl Signal {
    /// Kill, which nothing can catch.
    pub const KILL: Self = Self(libc::SIGKILL);
    /// Terminate.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// Stop, which nothing can catch either.
    pub const STOP: Self = Self(libc::SIGSTOP);
    /// Stop from the terminal: Ctrl-Z.
    pub const TSTP: Self = Self(libc::SIGTSTP);
    /// Continue after a stop.
    pub const CONT: Self = Self(libc::SIGCONT);
}
