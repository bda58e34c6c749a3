//! The shapes of Consul's JSON.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer};

use crate::status::Status;

/// Where a service can be reached from one side of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Address {
    pub(crate) address: String,
    pub(crate) port: i64,
}

/// How much traffic an instance wants, by health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Weights {
    pub(crate) passing: i64,
    pub(crate) warning: i64,
}

impl Weights {
    /// What an instance has that asks for nothing.
    pub(crate) const EVEN: Self = Self {
        passing: 1,
        warning: 1,
    };
}

/// When a record came to be and last changed, in changes of the whole catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Indexes {
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// What a record takes beside its texts, generously.
const RECORD_WEIGHT: usize = 1024;

/// What each of many small texts takes beside its letters.
const RECORD_PART: usize = 32;

/// An object without members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Empty {}

/// The proxy settings of a service that has no proxy.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NoProxy {
    mesh_gateway: Empty,
    expose: Empty,
}

/// A check, as all endpoints show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CheckRecord {
    #[serde(rename = "Node")]
    pub(crate) node: String,
    #[serde(rename = "CheckID")]
    pub(crate) id: String,
    #[serde(rename = "Name")]
    pub(crate) name: String,
    #[serde(rename = "Status")]
    pub(crate) status: Status,
    #[serde(rename = "Notes")]
    pub(crate) notes: String,
    #[serde(rename = "Output")]
    pub(crate) output: String,
    #[serde(rename = "ServiceID")]
    pub(crate) service_id: String,
    #[serde(rename = "ServiceName")]
    pub(crate) service_name: String,
    #[serde(rename = "ServiceTags")]
    pub(crate) service_tags: Vec<String>,
    #[serde(rename = "Type")]
    pub(crate) kind: &'static str,
    #[serde(rename = "Definition")]
    pub(crate) definition: Empty,
    #[serde(flatten)]
    pub(crate) indexes: Indexes,
    /// When it came to stand as it does, in the time of the store.
    #[serde(skip)]
    pub(crate) since: Duration,
}

impl CheckRecord {
    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        RECORD_WEIGHT + self.id.len() + self.name.len() + self.notes.len() + self.service_id.len()
    }

    /// Whether it keeps a service, or the whole node, from being used: Consul goes by its name.
    pub(crate) fn is_maintenance(&self) -> bool {
        self.id == "_node_maintenance" || self.id.starts_with("_service_maintenance:")
    }
}

/// A service, before an endpoint gives it its own member names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) address: String,
    pub(crate) tagged_addresses: BTreeMap<String, Address>,
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) port: i64,
    pub(crate) weights: Weights,
    pub(crate) enable_tag_override: bool,
    pub(crate) indexes: Indexes,
}

impl ServiceRecord {
    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let pairs = self.meta.iter().map(|(key, value)| key.len() + value.len());
        let addresses = self.tagged_addresses.iter();
        let addresses = addresses.map(|(side, own)| side.len() + own.address.len());
        let tags = self.tags.iter().map(|tag| RECORD_PART + tag.len());
        let names = self.id.len() + self.name.len() + self.address.len();
        RECORD_WEIGHT + names + tags.chain(pairs).chain(addresses).sum::<usize>()
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NodeRecord {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(rename = "Node")]
    pub(crate) name: String,
    #[serde(rename = "Address")]
    pub(crate) address: String,
    #[serde(rename = "Datacenter")]
    pub(crate) datacenter: &'static str,
    #[serde(rename = "TaggedAddresses", serialize_with = "null_when_empty")]
    pub(crate) tagged_addresses: BTreeMap<String, String>,
    #[serde(rename = "Meta", serialize_with = "null_when_empty")]
    pub(crate) meta: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) indexes: Indexes,
}

/// A service in `/v1/agent/...`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AgentService<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    service: &'a str,
    tags: &'a [String],
    meta: &'a BTreeMap<String, String>,
    port: i64,
    address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, Address>,
    weights: Weights,
    enable_tag_override: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_hash: Option<String>,
}

impl<'a> From<&'a ServiceRecord> for AgentService<'a> {
    fn from(service: &'a ServiceRecord) -> Self {
        Self {
            id: &service.id,
            service: &service.name,
            tags: &service.tags,
            meta: &service.meta,
            port: service.port,
            address: &service.address,
            tagged_addresses: &service.tagged_addresses,
            weights: service.weights,
            enable_tag_override: service.enable_tag_override,
            content_hash: None,
        }
    }
}

/// An instance in `/v1/catalog/service/...`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CatalogService<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    node: &'a str,
    address: &'a str,
    datacenter: &'static str,
    #[serde(serialize_with = "null_when_empty")]
    tagged_addresses: &'a BTreeMap<String, String>,
    #[serde(serialize_with = "null_when_empty")]
    node_meta: &'a BTreeMap<String, String>,
    service_kind: &'static str,
    #[serde(rename = "ServiceID")]
    service_id: &'a str,
    service_name: &'a str,
    service_tags: &'a [String],
    service_address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_tagged_addresses: &'a BTreeMap<String, Address>,
    service_weights: Weights,
    service_meta: &'a BTreeMap<String, String>,
    service_port: i64,
    service_enable_tag_override: bool,
    service_proxy: NoProxy,
    service_connect: Empty,
    #[serde(flatten)]
    indexes: Indexes,
}

impl<'a> CatalogService<'a> {
    pub(crate) fn new(node: &'a NodeRecord, service: &'a ServiceRecord) -> Self {
        Self {
            id: &node.id,
            node: &node.name,
            address: &node.address,
            datacenter: node.datacenter,
            tagged_addresses: &node.tagged_addresses,
            node_meta: &node.meta,
            service_kind: "",
            service_id: &service.id,
            service_name: &service.name,
            service_tags: &service.tags,
            service_address: &service.address,
            service_tagged_addresses: &service.tagged_addresses,
            service_weights: service.weights,
            service_meta: &service.meta,
            service_port: service.port,
            service_enable_tag_override: service.enable_tag_override,
            service_proxy: NoProxy::default(),
            service_connect: Empty {},
            indexes: service.indexes,
        }
    }
}

/// An instance in `/v1/health/service/...`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthInstance<'a> {
    pub(crate) node: &'a NodeRecord,
    pub(crate) service: HealthService<'a>,
    pub(crate) checks: Vec<&'a CheckRecord>,
}

/// The service of such an instance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthService<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    service: &'a str,
    tags: &'a [String],
    address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, Address>,
    // Here, and only here, Consul shows no metadata as `null`.
    #[serde(serialize_with = "null_when_empty")]
    meta: &'a BTreeMap<String, String>,
    port: i64,
    weights: Weights,
    enable_tag_override: bool,
    proxy: NoProxy,
    connect: Empty,
    #[serde(flatten)]
    indexes: Indexes,
}

impl<'a> From<&'a ServiceRecord> for HealthService<'a> {
    fn from(service: &'a ServiceRecord) -> Self {
        Self {
            id: &service.id,
            service: &service.name,
            tags: &service.tags,
            address: &service.address,
            tagged_addresses: &service.tagged_addresses,
            meta: &service.meta,
            port: service.port,
            weights: service.weights,
            enable_tag_override: service.enable_tag_override,
            proxy: NoProxy::default(),
            connect: Empty {},
            indexes: service.indexes,
        }
    }
}

fn null_when_empty<S: Serializer>(
    map: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if map.is_empty() {
        serializer.serialize_none()
    } else {
        map.serialize(serializer)
    }
}

/// An entry of the key-value store.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyRecord<'a> {
    pub(crate) lock_index: u64,
    pub(crate) key: &'a str,
    pub(crate) flags: u64,
    pub(crate) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) indexes: Indexes,
}
