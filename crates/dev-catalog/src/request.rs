//! What a client can ask for.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    definition::{CheckDefinition, ServiceDefinition, SessionDefinition},
    status::Status,
};

/// A request that made sense.
#[derive(Debug)]
pub(crate) enum Request {
    Query(Query, Terms),
    View(View),
    Command(Command),
}

/// A question to the catalog or the key-value store; its answer has an index and can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    Services,
    Nodes,
    Node {
        name: String,
    },
    Service {
        name: String,
        tags: Vec<String>,
    },
    Health {
        name: String,
        tags: Vec<String>,
        passing: bool,
    },
    Checks {
        service: String,
    },
    State {
        status: String,
    },
    Key {
        key: String,
        raw: bool,
    },
    Tree {
        prefix: String,
    },
    Keys {
        prefix: String,
        separator: String,
    },
}

/// How a query is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) consistency: Consistency,
    pub(crate) blocking: Option<Blocking>,
}

/// What a client says about stale answers; there is one server here, so it is only repeated back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    Leader,
    Stale,
    Consistent,
}

/// Waits for something newer than `index`, no longer than about `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocking {
    pub(crate) index: u64,
    pub(crate) wait: Duration,
}

/// A question to the agent itself, answered at once and without an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    AgentServices,
    AgentService(String),
    AgentChecks,
    AgentSelf,
    Leader,
    Peers,
    Datacenters,
}

/// What a key must be like for its value to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Anything.
    None,
    /// Last changed at this index; 0 is not there.
    Unchanged(u64),
    /// Held by no other session than this one, which holds it from then on.
    Acquire(String),
    /// Held by this session, which holds it no longer.
    Release(String),
}

/// An order that may change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    RegisterService {
        service: Box<ServiceDefinition>,
        replace_checks: bool,
    },
    DeregisterService(String),
    RegisterCheck(Box<CheckDefinition>),
    DeregisterCheck(String),
    UpdateCheck {
        id: String,
        status: Status,
        output: String,
    },
    EnterMaintenance {
        service_id: String,
        reason: String,
    },
    LeaveMaintenance {
        service_id: String,
    },
    PutKey {
        key: String,
        value: Bytes,
        flags: u64,
        claim: Claim,
    },
    DeleteKey {
        key: String,
        cas: Option<u64>,
    },
    DeleteTree {
        prefix: String,
    },
    CreateSession(Box<SessionDefinition>),
    RenewSession(String),
    DestroySession(String),
}
