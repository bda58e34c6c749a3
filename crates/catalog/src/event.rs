//! What the catalog tells its caller, once per change and never per tick.

use std::fmt;

use bytes::Bytes;
use pilot_core::{JobName, WatchName};

use crate::{CatalogError, Instance};

/// One fact from the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogEvent {
    /// About a service of ours.
    Service {
        /// The job that stands behind it.
        name: JobName,
        /// What happened.
        event: ServiceEvent,
    },
    /// About a watch.
    Watch {
        /// Its name.
        name: WatchName,
        /// What happened.
        event: WatchEvent,
    },
    /// About a watched key.
    Key {
        /// The key.
        key: String,
        /// What happened.
        event: KeyEvent,
    },
}

/// What happened to a service of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceEvent {
    /// The agent holds it, as described last.
    Registered,
    /// A call failed, for the first time in a row or for another reason than the one before.
    Failing {
        /// What was tried.
        act: ServiceAct,
        /// Why it failed.
        reason: CatalogError,
    },
    /// The agent turned out not to know it any more; it is being registered again.
    Forgotten,
    /// After failures its status reaches the agent again.
    Back,
    /// A withdrawal has been answered, or has failed; it is the last word on that withdrawal.
    Withdrawn {
        /// Why the agent may still hold it.
        failure: Option<CatalogError>,
    },
}

/// What is done to a service at its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAct {
    /// Make it known.
    Register,
    /// Renew its status.
    Update,
    /// Take it away.
    Deregister,
}

/// What happened to a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// The first answer, or one that differs from the last: all instances, sorted by identity.
    Update {
        /// The instances that pass.
        instances: Vec<Instance>,
    },
    /// The catalog no longer answers; what it said last stands.
    Lost {
        /// Why.
        reason: CatalogError,
    },
    /// The catalog answers again.
    Back,
}

/// What happened to a watched key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// The first answer, or one that differs from the last.
    Update {
        /// The value; none while there is no such key.
        value: Option<Bytes>,
    },
    /// The catalog no longer answers; what it said last stands.
    Lost {
        /// Why.
        reason: CatalogError,
    },
    /// The catalog answers again.
    Back,
}

/// How loud an event is in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// For those who look closely.
    Debug,
    /// For everyone.
    Info,
    /// Someone should look.
    Warning,
}

impl CatalogEvent {
    /// Says how loud it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Service { event, .. } => match event {
                ServiceEvent::Registered | ServiceEvent::Back => Severity::Info,
                ServiceEvent::Failing { .. } | ServiceEvent::Forgotten => Severity::Warning,
                ServiceEvent::Withdrawn { failure: None } => Severity::Debug,
                ServiceEvent::Withdrawn { failure: Some(_) } => Severity::Info,
            },
            Self::Watch { event, .. } => match event {
                WatchEvent::Update { .. } => Severity::Debug,
                WatchEvent::Lost { .. } => Severity::Warning,
                WatchEvent::Back => Severity::Info,
            },
            Self::Key { event, .. } => match event {
                KeyEvent::Update { .. } => Severity::Debug,
                KeyEvent::Lost { .. } => Severity::Warning,
                KeyEvent::Back => Severity::Info,
            },
        }
    }
}

impl fmt::Display for CatalogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { name, event } => event.describe(name, f),
            Self::Watch { name, event } => match event {
                WatchEvent::Update { instances } => {
                    write!(f, "{name}: {} instances", instances.len())
                }
                WatchEvent::Lost { reason } => write!(f, "failed to query {name}: {reason}"),
                WatchEvent::Back => write!(f, "queries for {name} are answered again"),
            },
            Self::Key { key, event } => match event {
                KeyEvent::Update { value: Some(value) } => {
                    write!(f, "key {key}: {} bytes", value.len())
                }
                KeyEvent::Update { value: None } => write!(f, "key {key}: absent"),
                KeyEvent::Lost { reason } => write!(f, "failed to query key {key}: {reason}"),
                KeyEvent::Back => write!(f, "queries for key {key} are answered again"),
            },
        }
    }
}

impl ServiceEvent {
    // The wordings are those of ContainerPilot 3 where it has one.
    fn describe(&self, name: &JobName, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => write!(f, "Service registered: {name}"),
            Self::Failing { act, reason } => match act {
                ServiceAct::Register => write!(f, "service registration failed: {reason}"),
                ServiceAct::Update => write!(f, "service update TTL failed: {reason}"),
                ServiceAct::Deregister => write!(f, "deregistering failed: {reason}"),
            },
            Self::Forgotten => {
                write!(f, "Consul no longer knows {name}: registering it again")
            }
            Self::Back => write!(f, "updates of {name} reach Consul again"),
            Self::Withdrawn { failure: None } => write!(f, "deregistered: {name}"),
            Self::Withdrawn {
                failure: Some(reason),
            } => write!(f, "deregistering failed: {reason}"),
        }
    }
}
