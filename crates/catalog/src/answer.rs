//! What a catalog says, with everything a template or a comparison may look at.
//!
//! A helper may hold tens of thousands of instances, so what many of them share is held once:
//! nodes are shared, texts are no larger than what they hold. What is written of them is written in
//! Consul's own words, which are the ones that are read.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use pilot_core::spec::Status;
use serde::Serialize;

/// The answer to a query; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Of a service. Sorted by node and identity, unless the query says whom to be near to.
    Instances(Arc<[Instance]>),
    /// All services, sorted by name.
    Services(Arc<[ServiceName]>),
    /// All nodes, sorted by name and address, unless the query says whom to be near to.
    Nodes(Arc<[Arc<Node>]>),
    /// One node; none if there is no such node.
    Node(Option<Arc<NodeServices>>),
    /// All datacenters, sorted.
    Datacenters(Arc<[Box<str>]>),
    /// Of a key; none if there is no such key.
    Value(Option<Bytes>),
    /// Under a prefix, sorted by key.
    Pairs(Arc<[Pair]>),
}

/// How much of it there is, for people.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instances(instances) => write!(f, "{} instances", instances.len()),
            Self::Services(services) => write!(f, "{} services", services.len()),
            Self::Nodes(nodes) => write!(f, "{} nodes", nodes.len()),
            Self::Node(Some(node)) => write!(f, "{} services", node.services.len()),
            Self::Datacenters(names) => write!(f, "{} datacenters", names.len()),
            Self::Value(Some(value)) => write!(f, "{} bytes", value.len()),
            Self::Node(None) | Self::Value(None) => f.write_str("absent"),
            Self::Pairs(pairs) => write!(f, "{} keys", pairs.len()),
        }
    }
}

/// One instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its identity at its agent.
    pub id: Box<str>,
    /// The name of its service.
    pub service: Arc<str>,
    /// The node it runs on.
    pub node: Arc<Node>,
    /// Its own address; empty if it has none.
    pub own_address: Box<str>,
    /// Its port.
    pub port: u16,
    /// Its tags, in the catalog's order.
    pub tags: Arc<[Box<str>]>,
    /// Its key and value pairs.
    pub meta: Arc<BTreeMap<Box<str>, Box<str>>>,
    /// Its weights, if the catalog knows any.
    pub weights: Option<Weights>,
    /// The worst of its checks.
    pub status: Health,
    /// Those of its node and its own; what instances have in common is one and the same.
    pub checks: Box<[Arc<Check>]>,
}

impl Instance {
    /// Where it is: its own address, or its node's when it has none.
    pub fn address(&self) -> &str {
        if self.own_address.is_empty() {
            &self.node.address
        } else {
            &self.own_address
        }
    }
}

/// How an instance is, all its checks taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// By its checks.
    Checked(Status),
    /// Taken out of service by hand, which says more than any check.
    Maintenance,
}

impl Health {
    /// The word that Consul and templates use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Checked(status) => status.word(),
            Self::Maintenance => "maintenance",
        }
    }
}

/// How much of the load an instance should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Weights {
    /// While it passes.
    pub passing: i64,
    /// While it warns.
    pub warning: i64,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Check {
    /// Its identity at its agent.
    #[serde(rename = "CheckID", skip_serializing_if = "str::is_empty")]
    pub id: Box<str>,
    /// Its name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Arc<str>,
    /// The node it belongs to.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub node: Arc<str>,
    /// What people wrote about it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub notes: Arc<str>,
    /// What it last said.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub output: Arc<str>,
    /// The status in the catalog's word.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub status: Arc<str>,
    /// The instance it belongs to; empty for one of the node.
    #[serde(rename = "ServiceID", skip_serializing_if = "str::is_empty")]
    pub service_id: Box<str>,
    /// The service it belongs to; empty for one of the node.
    #[serde(rename = "ServiceName", skip_serializing_if = "str::is_empty")]
    pub service: Arc<str>,
}

/// One node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Its identity.
    #[serde(rename = "ID", skip_serializing_if = "str::is_empty")]
    pub id: Box<str>,
    /// Its name.
    #[serde(rename = "Node", skip_serializing_if = "str::is_empty")]
    pub name: Arc<str>,
    /// Its address.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub address: Box<str>,
    /// Its datacenter.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub datacenter: Box<str>,
    /// Its addresses by the network they are for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tagged_addresses: BTreeMap<Box<str>, Box<str>>,
    /// Its key and value pairs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<Box<str>, Box<str>>,
}

/// A node and what runs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeServices {
    /// The node.
    pub node: Arc<Node>,
    /// Its services, sorted by name and identity.
    pub services: Vec<NodeService>,
}

/// A service as its node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeService {
    /// Its identity at its agent.
    #[serde(rename = "ID")]
    pub id: Box<str>,
    /// Its name.
    pub service: Box<str>,
    /// Its own address; empty if it has none.
    #[serde(rename = "Address", skip_serializing_if = "str::is_empty")]
    pub own_address: Box<str>,
    /// Its port.
    pub port: u16,
    /// Its tags, in the catalog's order.
    pub tags: Arc<[Box<str>]>,
    /// Its key and value pairs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<Box<str>, Box<str>>,
    /// Whether others may change its tags.
    pub enable_tag_override: bool,
}

/// The name of a service, and every tag that an instance of it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    /// The name.
    pub name: Box<str>,
    /// The tags, sorted.
    pub tags: Arc<[Box<str>]>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The whole key.
    pub path: Box<str>,
    /// Its value.
    pub value: Bytes,
    /// The index it was made at.
    pub create_index: u64,
    /// The index it last changed at.
    pub modify_index: u64,
    /// How often it was locked.
    pub lock_index: u64,
    /// What applications keep with it.
    pub flags: u64,
    /// The session that holds it; empty if none does.
    pub session: Box<str>,
}
