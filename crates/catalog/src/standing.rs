//! How things stand with the catalog, for whoever asks.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use pilot_core::{JobName, spec::Status};

use crate::{CatalogError, query::Query};

/// A snapshot of the dealings with the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogStatus {
    /// Whether the agent answers.
    pub link: Link,
    /// The services of ours that were ever asked for.
    pub services: BTreeMap<JobName, ServiceStanding>,
    /// When each query that is followed was last answered, whether or not anything had changed.
    pub answered: BTreeMap<Arc<Query>, Instant>,
}

/// Whether the agent answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nothing has been asked of it yet.
    #[default]
    Untried,
    /// It answers.
    Up {
        /// Since when.
        since: Instant,
    },
    /// It does not.
    Down {
        /// Since when.
        since: Instant,
        /// Why not, as of the last attempt.
        reason: CatalogError,
    },
}

/// How one service of ours stands with its agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStanding {
    /// Its identity in the catalog.
    pub id: String,
    /// The status the agent is believed to show; none while it is not registered.
    pub registered: Option<Status>,
    /// Why the last call failed, if it did.
    pub failure: Option<CatalogError>,
}

impl Link {
    /// Takes note of an answer, or of why there was none; tells whether anything changed.
    pub(crate) fn note(&mut self, now: Instant, outcome: Result<(), &CatalogError>) -> bool {
        match outcome {
            Ok(()) => match self {
                Self::Up { .. } => false,
                Self::Untried | Self::Down { .. } => {
                    *self = Self::Up { since: now };
                    true
                }
            },
            Err(error) if error.was_answered() => self.note(now, Ok(())),
            Err(error) => {
                let since = match self {
                    Self::Down { since, .. } => *since,
                    Self::Untried | Self::Up { .. } => now,
                };
                let reason = error.clone();
                *self = Self::Down { since, reason };
                true
            }
        }
    }
}
