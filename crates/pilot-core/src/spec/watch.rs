//! What a user wants to be told of: a service of others, keys, a file.

use std::{fmt, time::Duration};

use crate::WatchName;

/// Something whose changes are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSpec {
    /// Its name, by which events name it.
    pub name: WatchName,
    /// What it looks at.
    pub subject: Subject,
    /// The longest staleness of what the catalog says, and the period of the fall-back poll.
    pub interval: Duration,
    /// How long nothing may have changed before a change is told; zero tells each at once. A change
    /// is never told later than [`Self::LONGEST_DEBOUNCE`] times this after it came.
    pub debounce: Duration,
    /// The fewest instances that are well; 1 for whatever is no service.
    pub min: usize,
    /// What an answer means that is empty after one that was not.
    pub on_empty: OnEmpty,
}

/// What a watch looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The passing instances of a service.
    Service(ServiceSubject),
    /// The value of a key.
    Key {
        /// The key, without a `/` before it.
        path: String,
        /// The datacenter to ask; none is the agent's own.
        dc: Option<String>,
    },
    /// The keys under a prefix, and their values.
    Prefix {
        /// The prefix, without a `/` before it.
        prefix: String,
        /// The datacenter to ask; none is the agent's own.
        dc: Option<String>,
    },
    /// What a file holds.
    File {
        /// Where it is; absolute.
        path: String,
    },
}

/// Which instances a watch looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceSubject {
    /// The service in the catalog.
    pub service: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
    /// The datacenter to ask; none is the agent's own.
    pub dc: Option<String>,
    /// The node that the catalog sorts the nearest to the front for.
    pub near: Option<String>,
    /// Only instances that this expression of the catalog's own language holds for.
    pub filter: Option<String>,
}

/// What an answer means that is empty after one that was not. It concerns only answers that the
/// catalog vouches for; others never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnEmpty {
    /// What it says.
    #[default]
    Tell,
    /// That something is wrong: what was there before it goes on to stand.
    Hold,
}

/// What tells one watch from another: two may have one name, and look at different things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchId {
    /// The name, which both give to their events.
    pub name: WatchName,
    /// What it looks at.
    pub subject: Subject,
}

impl WatchSpec {
    /// How many times the debounce a change waits at most, if others keep following it.
    pub const LONGEST_DEBOUNCE: u32 = 10;

    /// A watch with defaults for everything but its name and what it looks at.
    pub fn new(name: impl Into<WatchName>, subject: Subject, interval: Duration) -> Self {
        Self {
            name: name.into(),
            subject,
            interval,
            debounce: Duration::ZERO,
            min: 1,
            on_empty: OnEmpty::Tell,
        }
    }

    /// What tells it from the others.
    pub fn id(&self) -> WatchId {
        WatchId {
            name: self.name.clone(),
            subject: self.subject.clone(),
        }
    }
}

impl Subject {
    /// A service by its name alone.
    pub fn service(name: impl Into<String>) -> Self {
        Self::Service(ServiceSubject {
            service: name.into(),
            ..ServiceSubject::default()
        })
    }

    /// The key of the configuration that says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Service(_) => "service",
            Self::Key { .. } => "key",
            Self::Prefix { .. } => "prefix",
            Self::File { .. } => "file",
        }
    }

    /// Its name in its own place.
    pub fn place(&self) -> &str {
        match self {
            Self::Service(subject) => &subject.service,
            Self::Key { path, .. } | Self::File { path } => path,
            Self::Prefix { prefix, .. } => prefix,
        }
    }
}

impl From<&str> for WatchId {
    /// The watch of a service that both have this name.
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            subject: Subject::service(name),
        }
    }
}

impl fmt::Display for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}
