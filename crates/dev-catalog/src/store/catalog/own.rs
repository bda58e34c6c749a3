//! What every Consul server has of itself: its node, its service, its health.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    record::{CheckRecord, Empty, Indexes, NodeRecord, ServiceRecord, Weights},
    route::DATACENTER,
    status::Status,
};

/// The node of the agent.
pub(in crate::store) const NODE: &str = "dev";
const NODE_ID: &str = "64657600-0000-4000-8000-000000000000";
const NODE_ADDRESS: &str = "127.0.0.1";

/// Where the catalog's own service claims to listen; nothing does.
pub(in crate::store) const SERVER_PORT: i64 = 8300;

/// The version whose answers these are.
pub(in crate::store) const VERSION: &str = "1.8.7";

pub(in crate::store) fn node() -> NodeRecord {
    let sides = ["lan", "lan_ipv4", "wan", "wan_ipv4"];
    let address = |side: &str| (side.to_owned(), NODE_ADDRESS.to_owned());
    NodeRecord {
        id: NODE_ID.to_owned(),
        name: NODE.to_owned(),
        address: NODE_ADDRESS.to_owned(),
        datacenter: DATACENTER,
        tagged_addresses: sides.map(address).into(),
        meta: [("consul-network-segment".to_owned(), String::new())].into(),
        indexes: Indexes::default(),
    }
}

pub(in crate::store) fn server() -> ServiceRecord {
    let meta = [
        ("non_voter", "false"),
        ("raft_version", "3"),
        ("serf_protocol_current", "2"),
        ("serf_protocol_max", "5"),
        ("serf_protocol_min", "1"),
        ("version", VERSION),
    ];
    ServiceRecord {
        id: "consul".to_owned(),
        name: "consul".to_owned(),
        tags: Vec::new(),
        address: String::new(),
        tagged_addresses: BTreeMap::new(),
        meta: meta
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        port: SERVER_PORT,
        weights: Weights::EVEN,
        enable_tag_override: false,
        indexes: Indexes::default(),
    }
}

pub(in crate::store) fn serf_health() -> CheckRecord {
    CheckRecord {
        node: NODE.to_owned(),
        id: "serfHealth".to_owned(),
        name: "Serf Health Status".to_owned(),
        status: Status::Passing,
        notes: String::new(),
        output: "Agent alive and reachable".to_owned(),
        service_id: String::new(),
        service_name: String::new(),
        service_tags: Vec::new(),
        kind: "",
        definition: Empty {},
        indexes: Indexes::default(),
        since: Duration::ZERO,
    }
}
