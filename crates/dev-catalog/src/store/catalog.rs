//! What the catalog has heard, and when each part of it last changed.

mod host;
mod own;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub(super) use self::{
    host::Host,
    own::{NODE, SERVER_PORT, VERSION, node, serf_health, server},
};
use super::stamps::Stamps;
use crate::{
    record::{CheckRecord, Indexes, NodeRecord, ServiceRecord},
    status::Status,
};

/// What all services and checks together may take, in bytes.
pub(super) const HELD_MAX: usize = 64 << 20;

/// The nodes with their services and checks. Names of nodes and services are the same in any case.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    hosts: BTreeMap<String, Host>,
    /// Which instances, by node and identity, a service name has.
    names: BTreeMap<String, BTreeSet<(String, String)>>,
    pub(super) latest: Latest,
    held: usize,
    /// The time that changes of a check are stamped with.
    now: Duration,
}

/// The index of the last change, by what changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    nodes: u64,
    services: u64,
    checks: u64,
    /// When a name last lost its last instance; this is the index of all absent names.
    extinction: u64,
    /// Instances and checks of a name.
    names: Stamps,
    /// Checks alone of a name.
    names_checks: Stamps,
    /// A node and its services.
    hosts: Stamps,
    /// Checks alone of a node.
    hosts_checks: Stamps,
    statuses: [u64; 3],
}

impl Catalog {
    /// A catalog with the things every Consul server has: its node, and itself as a service.
    pub(super) fn new(at: u64) -> Self {
        let mut catalog = Self {
            hosts: BTreeMap::new(),
            names: BTreeMap::new(),
            latest: Latest::default(),
            held: 0,
            now: Duration::ZERO,
        };
        catalog.put_own(at);
        catalog
    }

    /// Restores what nobody registers: the own node, the server as a service, its health.
    pub(super) fn put_own(&mut self, at: u64) -> bool {
        let known = self.put_node(at, node());
        let served = self.put_service(at, NODE, &server());
        let healthy = self.put_check(at, NODE, &serf_health());
        known || served || healthy
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = now;
    }

    pub(super) fn has_room(&self, weight: usize) -> bool {
        self.held + weight <= HELD_MAX
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    pub(super) fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(&folded(name))
    }

    /// All instances, by node and identity.
    pub(super) fn services(&self) -> impl Iterator<Item = (&Host, &ServiceRecord)> {
        let of = |host| Host::services(host).map(move |service| (host, service));
        self.hosts.values().flat_map(of)
    }

    pub(super) fn instances(&self, name: &str) -> impl Iterator<Item = (&Host, &ServiceRecord)> {
        let known = self.names.get(&folded(name)).into_iter().flatten();
        known.filter_map(|(host, id)| {
            let host = self.hosts.get(host)?;
            Some((host, host.service(id)?))
        })
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = (&Host, &CheckRecord)> {
        let of = |host| Host::checks(host).map(move |check| (host, check));
        self.hosts.values().flat_map(of)
    }

    pub(super) fn put_node(&mut self, at: u64, mut record: NodeRecord) -> bool {
        let key = folded(&record.name);
        let before = self.hosts.get(&key).map(|host| &host.record);
        record.indexes = before.map_or_else(Indexes::default, |before| before.indexes);
        if before == Some(&record) {
            return false;
        }
        record.indexes = modified(record.indexes, at);
        match self.hosts.get_mut(&key) {
            Some(host) => host.record = record,
            None => {
                self.held += HOST_WEIGHT;
                self.hosts.insert(key.clone(), Host::new(record));
            }
        }
        self.latest.nodes = at;
        self.latest.hosts.mark(&key, at);
        // An instance is shown with its node, so it changed too.
        for name in self.names_on(&key) {
            self.latest.names.mark(&name, at);
        }
        true
    }

    pub(super) fn remove_node(&mut self, at: u64, name: &str) -> bool {
        let key = folded(name);
        let Some(host) = self.hosts.get(&key) else {
            return false;
        };
        let services: Vec<_> = host.services().map(|service| service.id.clone()).collect();
        let checks: Vec<_> = host.checks().map(|check| check.id.clone()).collect();
        for id in services {
            self.remove_service(at, name, &id);
        }
        for id in checks {
            self.remove_check(at, name, &id);
        }
        self.hosts.remove(&key);
        self.held = self.held.saturating_sub(HOST_WEIGHT);
        self.latest.nodes = at;
        self.latest.hosts.mark(&key, at);
        true
    }

    pub(super) fn put_service(&mut self, at: u64, node: &str, service: &ServiceRecord) -> bool {
        let key = folded(node);
        let Some(host) = self.hosts.get_mut(&key) else {
            return false;
        };
        let before = host.service(&service.id);
        let mut after = service.clone();
        after.indexes = before.map_or_else(Indexes::default, |before| before.indexes);
        if before == Some(&after) {
            return false;
        }
        after.indexes = modified(after.indexes, at);
        self.held += after.weight();
        let (id, name) = (service.id.clone(), folded(&service.name));
        if let Some(before) = host.put_service(after) {
            self.held = self.held.saturating_sub(before.weight());
            if folded(&before.name) != name {
                self.lost_instance(&before.name, &key, &id, at);
            }
        }
        self.names
            .entry(name.clone())
            .or_default()
            .insert((key.clone(), id));
        self.latest.services = at;
        self.latest.hosts.mark(&key, at);
        self.latest.names.mark(&name, at);
        true
    }

    /// Takes out an instance with its checks.
    pub(super) fn remove_service(&mut self, at: u64, node: &str, id: &str) -> bool {
        let key = folded(node);
        let Some(host) = self.hosts.get_mut(&key) else {
            return false;
        };
        for check in host.check_ids_of(id) {
            self.remove_check(at, node, &check);
        }
        let host = self.hosts.get_mut(&key);
        let Some(service) = host.and_then(|host| host.remove_service(id)) else {
            return false;
        };
        self.held = self.held.saturating_sub(service.weight());
        self.latest.services = at;
        self.latest.hosts.mark(&key, at);
        self.lost_instance(&service.name, &key, id, at);
        true
    }

    pub(super) fn put_check(&mut self, at: u64, node: &str, check: &CheckRecord) -> bool {
        let (key, now) = (folded(node), self.now);
        let Some(host) = self.hosts.get_mut(&key) else {
            return false;
        };
        let before = host.check(&check.id);
        let mut after = check.clone();
        after.indexes = before.map_or_else(Indexes::default, |before| before.indexes);
        let same = before.filter(|before| before.status == after.status);
        after.since = same.map_or(now, |before| before.since);
        if before == Some(&after) {
            return false;
        }
        after.indexes = modified(after.indexes, at);
        self.held += after.weight();
        self.touch_concerned(&key, &after, at);
        let host = self.hosts.get_mut(&key);
        if let Some(before) = host.and_then(|host| host.put_check(after)) {
            self.held = self.held.saturating_sub(before.weight());
            self.latest.statuses[before.status as usize] = at;
        }
        true
    }

    pub(super) fn remove_check(&mut self, at: u64, node: &str, id: &str) -> bool {
        let key = folded(node);
        let host = self.hosts.get_mut(&key);
        let Some(check) = host.and_then(|host| host.remove_check(id)) else {
            return false;
        };
        self.held = self.held.saturating_sub(check.weight());
        self.touch_concerned(&key, &check, at);
        true
    }

    /// A check of the node concerns every service on it.
    fn touch_concerned(&mut self, key: &str, check: &CheckRecord, at: u64) {
        let names = if check.service_id.is_empty() {
            self.names_on(key)
        } else {
            let service = self.hosts.get(key);
            let service = service.and_then(|host| host.service(&check.service_id));
            service
                .map(|service| folded(&service.name))
                .into_iter()
                .collect()
        };
        for name in names {
            self.latest.names.mark(&name, at);
        }
        self.latest.checks = at;
        self.latest
            .names_checks
            .mark(&folded(&check.service_name), at);
        self.latest.hosts_checks.mark(key, at);
        self.latest.statuses[check.status as usize] = at;
    }

    fn names_on(&self, key: &str) -> BTreeSet<String> {
        let services = self.hosts.get(key).into_iter().flat_map(Host::services);
        services.map(|service| folded(&service.name)).collect()
    }

    fn lost_instance(&mut self, name: &str, key: &str, id: &str, at: u64) {
        let name = folded(name);
        self.latest.names.mark(&name, at);
        if let Some(instances) = self.names.get_mut(&name) {
            instances.remove(&(key.to_owned(), id.to_owned()));
            if instances.is_empty() {
                self.names.remove(&name);
                self.latest.extinction = at;
            }
        }
    }

    /// The index of a service name, with or without instances.
    pub(super) fn index_of(&self, name: &str) -> u64 {
        if self.names.contains_key(&folded(name)) {
            return self.touched(name);
        }
        match self.latest.extinction {
            0 => self.latest.services.max(self.latest.checks),
            index => index,
        }
    }

    pub(super) fn touched(&self, name: &str) -> u64 {
        self.latest.names.of(&folded(name))
    }
}

impl Latest {
    pub(super) fn nodes(&self) -> u64 {
        self.nodes
    }

    pub(super) fn services(&self) -> u64 {
        self.services
    }

    pub(super) fn checks(&self) -> u64 {
        self.checks
    }

    pub(super) fn checks_of_name(&self, name: &str) -> u64 {
        self.names_checks.of(&folded(name))
    }

    pub(super) fn host(&self, name: &str) -> u64 {
        self.hosts.of(&folded(name))
    }

    pub(super) fn checks_of_host(&self, name: &str) -> u64 {
        self.hosts_checks.of(&folded(name))
    }

    /// The last change that a check came to a state or left it with.
    pub(super) fn state(&self, state: &str) -> u64 {
        match Status::parse(state) {
            Some(status) => self.statuses[status as usize],
            None if state == "any" => self.checks,
            None => 0,
        }
    }
}

/// What a node counts as against the room there is, in bytes.
const HOST_WEIGHT: usize = 1024;

/// The form of a name in which case is of no matter.
fn folded(name: &str) -> String {
    name.to_lowercase()
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
