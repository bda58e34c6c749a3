//! One node of the catalog, with its services and checks.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{CheckRecord, NodeRecord, ServiceRecord};

/// A node, its services by identity, and its checks.
#[derive(Clone, Debug)]
pub(in crate::store) struct Host {
    pub(in crate::store) record: NodeRecord,
    services: BTreeMap<String, ServiceRecord>,
    checks: BTreeMap<String, CheckRecord>,
    /// The checks of each service; those of the node itself under no name.
    by_service: BTreeMap<String, BTreeSet<String>>,
}

impl Host {
    pub(super) fn new(record: NodeRecord) -> Self {
        Self {
            record,
            services: BTreeMap::new(),
            checks: BTreeMap::new(),
            by_service: BTreeMap::new(),
        }
    }

    pub(in crate::store) fn services(&self) -> impl Iterator<Item = &ServiceRecord> {
        self.services.values()
    }

    pub(in crate::store) fn service(&self, id: &str) -> Option<&ServiceRecord> {
        self.services.get(id)
    }

    pub(in crate::store) fn checks(&self) -> impl Iterator<Item = &CheckRecord> {
        self.checks.values()
    }

    pub(in crate::store) fn check(&self, id: &str) -> Option<&CheckRecord> {
        self.checks.get(id)
    }

    /// The checks that decide about an instance: those of the node first, then its own.
    pub(in crate::store) fn checks_for(&self, service_id: &str) -> Vec<&CheckRecord> {
        let of = |id: &str| self.by_service.get(id).into_iter().flatten();
        let ids = of("").chain(of(service_id));
        ids.filter_map(|id| self.checks.get(id)).collect()
    }

    pub(super) fn check_ids_of(&self, service_id: &str) -> Vec<String> {
        let ids = self.by_service.get(service_id).into_iter().flatten();
        ids.cloned().collect()
    }

    pub(super) fn put_service(&mut self, service: ServiceRecord) -> Option<ServiceRecord> {
        self.services.insert(service.id.clone(), service)
    }

    pub(super) fn remove_service(&mut self, id: &str) -> Option<ServiceRecord> {
        self.services.remove(id)
    }

    pub(super) fn put_check(&mut self, check: CheckRecord) -> Option<CheckRecord> {
        let before = self.remove_check(&check.id);
        let own = self.by_service.entry(check.service_id.clone()).or_default();
        own.insert(check.id.clone());
        self.checks.insert(check.id.clone(), check);
        before
    }

    pub(super) fn remove_check(&mut self, id: &str) -> Option<CheckRecord> {
        let check = self.checks.remove(id)?;
        if let Some(own) = self.by_service.get_mut(&check.service_id) {
            own.remove(id);
            if own.is_empty() {
                self.by_service.remove(&check.service_id);
            }
        }
        Some(check)
    }
}
