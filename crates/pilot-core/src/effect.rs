//! Orders to the outside, in the imperative.

use std::fmt;

use crate::{
    Event, JobName, RunId, Signal, TemplateName,
    spec::{Command, ServiceSpec, Status, TemplateSpec, WatchId, WatchSpec},
};

/// An order to the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start a process; answered by `RunStarted` or `RunFailedToStart`.
    Spawn {
        /// The run it will be.
        run: RunId,
        /// What for.
        purpose: Purpose,
        /// What to run.
        command: Command,
    },
    /// Send a signal to the process group of a run.
    Signal {
        /// Which run.
        run: RunId,
        /// Which signal.
        signal: Signal,
    },
    /// Ask every process of a run's tree to end; from now on `RunGone` means all of them.
    StopTree {
        /// Which run.
        run: RunId,
        /// By which signal.
        signal: Signal,
    },
    /// Kill every process of a run's tree; from now on `RunGone` means all of them.
    KillTree {
        /// Which run.
        run: RunId,
    },
    /// Hold a service in the catalog with this status, registering it if need be.
    Publish {
        /// The job it belongs to; the catalog knows its name if the service has none.
        job: JobName,
        /// What to register.
        service: Box<ServiceSpec>,
        /// Its status.
        status: Status,
        /// Why, for people.
        output: String,
    },
    /// Mark a service that is in the catalog as out of service, or no longer.
    Maintain {
        /// The job it belongs to.
        job: JobName,
        /// Why; none takes the mark away.
        reason: Option<String>,
    },
    /// Take a service out of the catalog; answered by `Withdrawn`.
    Withdraw {
        /// The job it belongs to.
        job: JobName,
    },
    /// Look at what a watch looks at; answered by `WatchAnswered`, again and again.
    Follow {
        /// What to follow.
        watch: WatchSpec,
    },
    /// Look at it no longer.
    Unfollow {
        /// Which watch.
        watch: WatchId,
    },
    /// Read a template and find out what it is made of.
    LoadTemplate {
        /// Which template.
        template: Box<TemplateSpec>,
    },
    /// Forget a template.
    DropTemplate {
        /// Which template.
        template: TemplateName,
    },
    /// Render a template; answered by `TemplateRendered`.
    Render {
        /// Which template.
        template: TemplateName,
    },
    /// Put the candidate of a template in place; answered by `TemplateInstalled`.
    Install {
        /// Which template.
        template: TemplateName,
    },
    /// Throw the candidate of a template away.
    Discard {
        /// Which template.
        template: TemplateName,
    },
    /// Load the configuration anew; answered by `Reloaded`, unless it cannot be used.
    Reload,
    /// Let whoever listens know of an event.
    Announce(Event),
    /// Write to the log.
    Log {
        /// How grave it is.
        level: Level,
        /// What to say.
        message: String,
    },
    /// End the helper with this status; always the last order.
    Exit {
        /// The status.
        code: u8,
    },
}

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks closely.
    Debug,
    /// For whoever follows along.
    Info,
    /// For whoever is on duty.
    Warn,
    /// For whoever is woken up.
    Error,
}

/// What a run is for; displayed as the log names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The job itself.
    Job(JobName),
    /// The health check of a job.
    Check(JobName),
    /// The check of a template's candidate.
    TemplateCheck(TemplateName),
    /// The command that makes an application take up a template's new file.
    Reconfigure(TemplateName),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(name) => write!(f, "{name}"),
            Self::Check(name) => write!(f, "check.{name}"),
            Self::TemplateCheck(name) => write!(f, "template.{name}.check"),
            Self::Reconfigure(name) => write!(f, "template.{name}.onChange"),
        }
    }
}
