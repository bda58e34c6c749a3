//! What may be asked of a catalog, and followed.

/// Something of a catalog that may be followed. Two equal queries are one question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// The instances of a service; answered by [`Answer::Instances`](crate::answer::Answer::Instances).
    Service(ServiceQuery),
    /// The names of all services; answered by [`Answer::Services`](crate::answer::Answer::Services).
    Services {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// All nodes; answered by [`Answer::Nodes`](crate::answer::Answer::Nodes).
    Nodes {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
        /// The node that the nearest come first to; none sorts by name.
        near: Option<String>,
    },
    /// One node and its services; answered by [`Answer::Node`](crate::answer::Answer::Node).
    Node {
        /// Its name; none is the agent's own.
        name: Option<String>,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// The names of the datacenters; answered by
    /// [`Answer::Datacenters`](crate::answer::Answer::Datacenters).
    Datacenters {
        /// Whether those are left out that do not answer.
        ignore_failing: bool,
    },
    /// The value of a key; answered by [`Answer::Value`](crate::answer::Answer::Value).
    Key {
        /// The key, without a `/` before it.
        path: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// All keys under a prefix; answered by [`Answer::Pairs`](crate::answer::Answer::Pairs).
    Pairs {
        /// The prefix, without a `/` before it.
        prefix: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
}

/// Which instances of a service are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceQuery {
    /// The service.
    pub name: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
    /// The datacenter; none is the agent's own.
    pub dc: Option<String>,
    /// The node that the nearest come first to; none sorts by node and identity.
    pub near: Option<String>,
    /// Whether instances that do not pass are given too.
    pub any_status: bool,
}

impl ServiceQuery {
    /// The passing instances of a service.
    pub fn passing(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}
