//! What the bus carries, in the words users write in `when`.

use std::fmt;

use crate::{JobName, Signal, TemplateName, WatchName};

/// One fact on the bus: what happened, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To whom it happened.
    pub source: Source,
}

impl Event {
    /// Pairs what happened with whom it happened to.
    pub fn new(kind: EventKind, source: Source) -> Self {
        Self { kind, source }
    }

    /// An event of the helper itself.
    pub fn global(kind: EventKind) -> Self {
        Self::new(kind, Source::Global)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.kind, self.source)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $Kind:ident = $word:literal / $code:literal,)*) => {
        /// What can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $Kind,)*
        }

        impl EventKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$Kind,)*];

            /// The word a user writes in `when.once` or `when.each`.
            pub fn word(self) -> &'static str {
                match self { $(Self::$Kind => $word,)* }
            }

            /// The name that ContainerPilot 3 gives it in metrics and debug output.
            pub fn code(self) -> &'static str {
                match self { $(Self::$Kind => $code,)* }
            }
        }
    };
}

kinds! {
    /// A run ended with status 0.
    ExitSuccess = "exitSuccess" / "ExitSuccess",
    /// A run ended with another status, by a signal, or could not start.
    ExitFailed = "exitFailed" / "ExitFailed",
    /// A job is about to stop; jobs that wait for this run before it gets its TERM.
    Stopping = "stopping" / "Stopping",
    /// A job has stopped: its processes are gone and it is out of the catalog.
    Stopped = "stopped" / "Stopped",
    /// A check passed, a watch sees what it looks for, or a template stands rendered.
    Healthy = "healthy" / "StatusHealthy",
    /// A check failed, a watch does not see it, or not enough, or a template could not be rendered.
    Unhealthy = "unhealthy" / "StatusUnhealthy",
    /// What a watch sees, or the text of a template, changed.
    Changed = "changed" / "StatusChanged",
    /// What a watch knows may be old: nobody answers, or an empty answer is held.
    Stale = "stale" / "StatusStale",
    /// What a watch knows is the truth again.
    Fresh = "fresh" / "StatusFresh",
    /// A job gave up waiting for its start event.
    TimerExpired = "timerExpired" / "TimerExpired",
    /// Maintenance began.
    EnterMaintenance = "enterMaintenance" / "EnterMaintenance",
    /// Maintenance ended.
    ExitMaintenance = "exitMaintenance" / "ExitMaintenance",
    /// A command failed; the log says how.
    Error = "error" / "Error",
    /// A job was told to quit.
    Quit = "quit" / "Quit",
    /// Everything is in place.
    Startup = "startup" / "Startup",
    /// The helper begins to stop.
    Shutdown = "shutdown" / "Shutdown",
    /// A signal arrived; the source says which.
    Signal = "signal" / "Signal",
}

impl EventKind {
    /// Finds the kind for a word of `when.once` or `when.each`; `signal` is written as a source.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.word() == word && *kind != Self::Signal)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whom an event is about; displayed as `when.source` spells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The helper itself, `global`.
    Global,
    /// A job, by its name.
    Job(JobName),
    /// The health check of a job, `check.<job>`.
    Check(JobName),
    /// A watch, `watch.<name>`.
    Watch(WatchName),
    /// A template, `template.<name>`.
    Template(TemplateName),
    /// A signal, `SIGHUP` and so on.
    Signal(Signal),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Job(name) => write!(f, "{name}"),
            Self::Check(name) => write!(f, "check.{name}"),
            Self::Watch(name) => write!(f, "watch.{name}"),
            Self::Template(name) => write!(f, "template.{name}"),
            Self::Signal(signal) => write!(f, "{signal}"),
        }
    }
}
