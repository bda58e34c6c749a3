//! What a client can ask for.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    definition::{
        CheckDefinition, Departure, NodeDefinition, ServiceDefinition, SessionDefinition,
    },
    filter::Filter,
    status::Status,
    transaction::Operation,
};

/// A request that made sense.
#[derive(Debug)]
pub(crate) enum Request {
    Query(Query, Terms),
    View(View),
    /// A view that is answered when it has another hash than this one, or after the time.
    Differs(View, String, Duration),
    Command(Command),
}

/// A question to the catalog or the key-value store; its answer has an index and can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    Services,
    Nodes,
    Node {
        name: String,
        shape: NodeShape,
    },
    NodeChecks {
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
    Sessions,
    SessionsOf {
        node: String,
    },
    Session {
        id: String,
    },
    /// Everything at a glance, for the page.
    Picture,
}

/// How the services of a node are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeShape {
    /// By identity.
    Map,
    /// In a row.
    List,
}

/// How a query is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) consistency: Consistency,
    pub(crate) blocking: Option<Blocking>,
    pub(crate) filter: Option<Filter>,
    /// Pairs that the node of what is shown has to have.
    pub(crate) node_meta: Vec<(String, String)>,
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
    AgentServices(Option<Filter>),
    AgentService(String),
    AgentChecks(Option<Filter>),
    AgentHealth { of: Whose, text: bool },
    AgentSelf,
    Members,
    Leader,
    Peers,
    Datacenters,
}

/// Whose health the agent is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Instance(String),
    Name(String),
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
    /// Of a service, or of the node.
    EnterMaintenance {
        service_id: Option<String>,
        reason: String,
    },
    LeaveMaintenance {
        service_id: Option<String>,
    },
    RegisterNode(Box<NodeDefinition>),
    Deregister(Departure),
    Transact(Vec<Operation>),
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
