//! What the catalog has heard, and when each part of it last changed.

use std::collections::BTreeMap;

use crate::{
    record::{CheckRecord, Empty, Indexes, NodeRecord, ServiceRecord, Weights},
    route::DATACENTER,
    status::Status,
};

/// The one node.
pub(super) const NODE: &str = "dev";
const NODE_ID: &str = "64657600-0000-4000-8000-000000000000";
const NODE_ADDRESS: &str = "127.0.0.1";

/// Where the catalog's own service claims to listen; nothing does.
pub(super) const SERVER_PORT: i64 = 8300;

/// The version whose answers these are.
pub(super) const VERSION: &str = "1.8.7";

/// The node, its services and checks.
#[derive(Debug)]
pub(super) struct Catalog {
    node: NodeRecord,
    services: BTreeMap<String, ServiceRecord>,
    checks: BTreeMap<String, CheckRecord>,
    services_index: u64,
    checks_index: u64,
    /// When a name last lost its last instance; this is the index of all absent names.
    extinction_index: u64,
    /// When an instance or a check of a name last changed, kept after the name is gone.
    name_indexes: BTreeMap<String, u64>,
}

impl Catalog {
    /// A catalog with the things every Consul server has: its node, and itself as a service.
    pub(super) fn new(at: u64) -> Self {
        let mut catalog = Self {
            node: node(at),
            services: BTreeMap::new(),
            checks: BTreeMap::new(),
            services_index: at,
            checks_index: at,
            extinction_index: 0,
            name_indexes: BTreeMap::new(),
        };
        catalog.put_service(at, &server());
        catalog.put_check(at, &serf_health());
        catalog
    }

    pub(super) fn node(&self) -> &NodeRecord {
        &self.node
    }

    /// Tells whether a name is that of the one node; case is of no matter.
    pub(super) fn is_node(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.node.name)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &ServiceRecord> {
        self.services.values()
    }

    pub(super) fn instances(&self, name: &str) -> impl Iterator<Item = &ServiceRecord> {
        self.services
            .values()
            .filter(move |service| service.name == name)
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = &CheckRecord> {
        self.checks.values()
    }

    /// The checks that decide about an instance: those of the node first, then its own.
    pub(super) fn checks_for(&self, service_id: &str) -> Vec<&CheckRecord> {
        let of = |id: &str| {
            let id = id.to_owned();
            self.checks
                .values()
                .filter(move |check| check.service_id == id)
        };
        of("").chain(of(service_id)).collect()
    }

    pub(super) fn services_index(&self) -> u64 {
        self.services_index
    }

    pub(super) fn checks_index(&self) -> u64 {
        self.checks_index
    }

    /// The index of a service name, with or without instances.
    pub(super) fn index_of(&self, name: &str) -> u64 {
        if self.instances(name).next().is_some() {
            return self.touched(name);
        }
        match self.extinction_index {
            0 => self.services_index.max(self.checks_index),
            index => index,
        }
    }

    pub(super) fn touched(&self, name: &str) -> u64 {
        self.name_indexes.get(name).copied().unwrap_or(0)
    }

    pub(super) fn put_service(&mut self, at: u64, service: &ServiceRecord) -> bool {
        let before = self.services.get(&service.id);
        let mut after = service.clone();
        after.indexes = before.map_or_else(Indexes::default, |before| before.indexes);
        if before == Some(&after) {
            return false;
        }
        after.indexes = modified(after.indexes, at);
        let renamed = before
            .map(|before| before.name.clone())
            .filter(|name| *name != service.name);
        self.services.insert(service.id.clone(), after);
        self.services_index = at;
        self.touch(&service.name, at);
        if let Some(name) = renamed {
            self.lost_instance(&name, at);
        }
        true
    }

    pub(super) fn remove_service(&mut self, at: u64, id: &str) -> bool {
        let Some(service) = self.services.remove(id) else {
            return false;
        };
        self.services_index = at;
        self.lost_instance(&service.name, at);
        true
    }

    pub(super) fn put_check(&mut self, at: u64, check: &CheckRecord) -> bool {
        let before = self.checks.get(&check.id);
        let mut after = check.clone();
        after.indexes = before.map_or_else(Indexes::default, |before| before.indexes);
        if before == Some(&after) {
            return false;
        }
        after.indexes = modified(after.indexes, at);
        self.checks.insert(check.id.clone(), after);
        self.checks_index = at;
        self.touch_concerned(check, at);
        true
    }

    pub(super) fn remove_check(&mut self, at: u64, id: &str) -> bool {
        let Some(check) = self.checks.remove(id) else {
            return false;
        };
        self.checks_index = at;
        self.touch_concerned(&check, at);
        true
    }

    /// A check of the node concerns every service on it.
    fn touch_concerned(&mut self, check: &CheckRecord, at: u64) {
        let concerned = |service: &&ServiceRecord| {
            check.service_id.is_empty() || service.id == check.service_id
        };
        let names = self
            .services
            .values()
            .filter(concerned)
            .map(|service| service.name.clone());
        for name in names.collect::<Vec<_>>() {
            self.touch(&name, at);
        }
    }

    fn lost_instance(&mut self, name: &str, at: u64) {
        self.touch(name, at);
        if self.instances(name).next().is_none() {
            self.extinction_index = at;
        }
    }

    fn touch(&mut self, name: &str, at: u64) {
        self.name_indexes.insert(name.to_owned(), at);
    }
}

fn modified(indexes: Indexes, at: u64) -> Indexes {
    let create_index = if indexes.create_index == 0 {
        at
    } else {
        indexes.create_index
    };
    Indexes {
        create_index,
        modify_index: at,
    }
}

fn node(at: u64) -> NodeRecord {
    let sides = ["lan", "lan_ipv4", "wan", "wan_ipv4"];
    NodeRecord {
        id: NODE_ID,
        name: NODE,
        address: NODE_ADDRESS,
        datacenter: DATACENTER,
        tagged_addresses: sides.map(|side| (side, NODE_ADDRESS)).into(),
        meta: [("consul-network-segment", "")].into(),
        indexes: modified(Indexes::default(), at),
    }
}

fn server() -> ServiceRecord {
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

fn serf_health() -> CheckRecord {
    CheckRecord {
        node: NODE,
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
    }
}
