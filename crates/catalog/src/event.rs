//! What the catalog tells its caller, once per change and never per tick.

use std::{fmt, sync::Arc};

use pilot_core::JobName;

use crate::{CatalogError, SettingsError, answer::Answer, query::Query};

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
    /// About a query that is followed.
    Answer {
        /// Which one.
        query: Arc<Query>,
        /// What happened.
        event: FollowEvent,
    },
    /// About the agent.
    Link(LinkEvent),
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
    /// Somebody had changed what the agent holds; it is as described again.
    Repaired {
        /// What was not as described.
        what: String,
    },
    /// Somebody else has registered the same identity, and keeps it until they leave.
    Overtaken {
        /// Who, as far as can be said.
        by: String,
    },
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
    /// Take it out of service, or back into it.
    Maintain,
    /// Take it away.
    Deregister,
}

/// What happened to a query that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowEvent {
    /// The first answer, or one that differs from the last.
    Update(Answer),
    /// The catalog no longer answers; what it said last stands.
    Lost {
        /// Why.
        reason: CatalogError,
    },
    /// The catalog answers again; it comes after the update, if what it says has changed.
    Back,
}

/// What happened to the agent, whatever it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// It answers nothing, not even with a refusal.
    Lost {
        /// Why.
        reason: CatalogError,
        /// How many services of ours it is not told of.
        services: usize,
        /// How many queries have no answer from it.
        queries: usize,
    },
    /// It answers, for the first time or again.
    Back,
    /// Certificates or keys were renewed and cannot be used; those before them stay in use.
    Unrenewed {
        /// Why not.
        reason: SettingsError,
    },
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

impl fmt::Display for CatalogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { name, event } => event.describe(name, f),
            Self::Answer { query, event } => match event {
                FollowEvent::Update(answer) => write!(f, "{query}: {answer}"),
                FollowEvent::Lost { reason } => write!(f, "failed to query {query}: {reason}"),
                FollowEvent::Back => write!(f, "queries for {query} are answered again"),
            },
            Self::Link(LinkEvent::Lost {
                reason,
                services,
                queries,
            }) => {
                write!(f, "the catalog is lost: {reason}")?;
                match services {
                    0 => {}
                    1 => f.write_str("; one service is not reported to it until it is back")?,
                    many => write!(
                        f,
                        "; {many} services are not reported to it until it is back"
                    )?,
                }
                match queries {
                    0 => Ok(()),
                    1 => f.write_str("; one query stands as it was answered last"),
                    many => write!(f, "; {many} queries stand as they were answered last"),
                }
            }
            Self::Link(LinkEvent::Back) => f.write_str("the catalog answers"),
            Self::Link(LinkEvent::Unrenewed { reason }) => {
                write!(f, "{reason}; the one before it stays in use")
            }
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
                ServiceAct::Maintain => write!(f, "maintenance of {name} not told: {reason}"),
                ServiceAct::Deregister => write!(f, "deregistering failed: {reason}"),
            },
            Self::Forgotten => {
                write!(
                    f,
                    "the catalog no longer knows {name}: registering it again"
                )
            }
            Self::Repaired { what } => write!(
                f,
                "{name} was not as described in the catalog ({what}): described again"
            ),
            Self::Back => write!(f, "updates of {name} reach the catalog again"),
            Self::Overtaken { by } => write!(
                f,
                "{name} is overtaken: {by} has registered the same ID, which is theirs until they \
                 leave; give each instance a host name or an `id` of its own"
            ),
            Self::Withdrawn { failure: None } => write!(f, "deregistered: {name}"),
            Self::Withdrawn {
                failure: Some(reason),
            } => write!(f, "deregistering failed: {reason}"),
        }
    }
}
