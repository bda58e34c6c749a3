//! Facts from outside, in the past tense.

use crate::{JobName, RunId, Sight, Signal, Spec, TemplateName, spec::WatchId};

/// A fact from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Everything around the core is in place; jobs may start.
    Started,
    /// A deadline may have passed.
    Woken,
    /// A signal reached the helper.
    SignalArrived(Signal),
    /// A run has a process.
    RunStarted {
        /// Which run.
        run: RunId,
        /// Its process.
        pid: u32,
    },
    /// A run could not start.
    RunFailedToStart {
        /// Which run.
        run: RunId,
        /// Why, as the log shall say it.
        reason: String,
        /// The status a shell would give: 127 not found, 126 not executable.
        code: u8,
    },
    /// The process of a run ended and was reaped.
    RunExited {
        /// Which run.
        run: RunId,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it printed, for checks; bounded by the shell.
        output: String,
        /// Whether processes it started are still there.
        rest: Rest,
    },
    /// The last process of a run whose own process had ended before is gone.
    RunGone {
        /// Which run.
        run: RunId,
    },
    /// The catalog no longer answers.
    CatalogLost,
    /// The catalog answers, for the first time or again.
    CatalogBack,
    /// The catalog has taken a service out, or the attempt is over.
    Withdrawn {
        /// The job it belonged to.
        job: JobName,
    },
    /// The machine has an address for the service of a job: a first one, another, or the same again.
    AddressFound {
        /// Which job.
        job: JobName,
        /// The address.
        address: String,
        /// How it was chosen, as the log shall say it.
        reason: String,
    },
    /// No address of the machine fits what the service of a job asks for.
    AddressMissing {
        /// Which job.
        job: JobName,
        /// What was asked for and what there is, as the log shall say it.
        reason: String,
    },
    /// What a watch looks at was told, for the first time or anew.
    WatchAnswered {
        /// Which watch.
        watch: WatchId,
        /// What there is to see.
        sight: Sight,
    },
    /// Nobody tells any more what a watch looks at; what was told last may be old.
    WatchLost {
        /// Which watch.
        watch: WatchId,
        /// Why, for people.
        reason: String,
    },
    /// What a watch looks at is told again; it follows `WatchAnswered` if that changed.
    WatchBack {
        /// Which watch.
        watch: WatchId,
    },
    /// What a template is made of has changed, or is there for the first time.
    TemplateDataChanged {
        /// Which template.
        template: TemplateName,
    },
    /// A template was rendered.
    TemplateRendered {
        /// Which template.
        template: TemplateName,
        /// What came of it.
        rendering: Rendering,
    },
    /// A candidate was put in place, or could not be.
    TemplateInstalled {
        /// Which template.
        template: TemplateName,
        /// Why it could not be.
        failure: Option<String>,
    },
    /// Somebody asked for maintenance, or for its end.
    MaintenanceRequested {
        /// Whether it shall begin.
        enable: bool,
    },
    /// Somebody asked something of one job.
    JobCommanded {
        /// Which job.
        job: JobName,
        /// What is asked.
        command: JobCommand,
    },
    /// A new and valid configuration was loaded.
    Reloaded(Box<Spec>),
}

/// What can be asked of one job over the control socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobCommand {
    /// Start it now, whatever its start event.
    Start,
    /// Stop it, and hold it until it is started again.
    Stop,
    /// Stop it and start it again.
    Restart,
    /// Send its process a signal.
    Signal(Signal),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// By itself, with this status.
    Exited(u8),
    /// By a signal.
    Signaled(Signal),
}

impl ExitStatus {
    /// Whether it ended with status 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }

    /// The status a shell shows for it: 128 plus the number for a signal.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => u8::try_from(128 + signal.0).unwrap_or(u8::MAX),
        }
    }
}

impl std::fmt::Display for ExitStatus {
    /// Writes it as ContainerPilot's log did: `exit status 1`, `signal: killed`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Signaled(signal) => write!(f, "signal: {}", signal.meaning()),
        }
    }
}

/// Whether processes of a run are left after its own has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// None.
    Gone,
    /// Some; `RunGone` follows when they are not.
    Remaining,
}

/// What came of rendering a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// Something it needs is not known yet.
    Missing(Vec<String>),
    /// The text is what the file already holds.
    Unchanged,
    /// A new text stands ready beside the file, at this path.
    Candidate {
        /// Where it stands.
        path: String,
    },
    /// It failed.
    Failed(String),
}

/// One instance of a service, as the catalog tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its identity.
    pub id: String,
    /// The address to reach it at.
    pub address: String,
    /// The port to reach it at.
    pub port: u16,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its free key and value pairs, sorted.
    pub meta: Vec<(String, String)>,
}
