//! What comes to the catalog past the agent, and how the agent sets right what is its own.

use std::time::Duration;

use super::{
    Store,
    agent::Synced,
    catalog::{Host, NODE},
    full,
};
use crate::{
    definition::{Departure, NodeDefinition},
    record::CheckRecord,
    reply::Reply,
    status::Status,
};

/// How long Consul's agent leaves the catalog unlooked at.
const SYNC_DELAY: Duration = Duration::from_secs(60);

impl Store {
    pub(super) fn register_node(&mut self, now: Duration, definition: NodeDefinition) -> Reply {
        if !self.catalog.has_room(definition.weight()) {
            return full();
        }
        let name = definition.node.name.clone();
        if !self.is_whole(&definition) {
            let text = "failed inserting check: Missing service registration on node";
            return Reply::text(500, format!("{text} {name:?}"));
        }
        let next = self.index + 1;
        let mut changed = false;
        let skipped = definition.skip_node && self.catalog.host(&name).is_some();
        if !skipped {
            changed |= self.catalog.put_node(next, definition.node);
        }
        if let Some(service) = definition
            .service
            .filter(|service| !service.name.is_empty())
        {
            changed |= self.catalog.put_service(next, &name, &service.into());
        }
        for check in definition.checks {
            changed |= self.put_foreign_check(now, next, &name, check);
        }
        if changed {
            self.index = next;
        }
        self.sync_later(now, &name);
        Reply::json(&true)
    }

    /// Whether every check finds its service.
    fn is_whole(&self, definition: &NodeDefinition) -> bool {
        let host = self.catalog.host(&definition.node.name);
        let comes = definition.service.as_ref().map(|service| &service.id);
        let finds = |check: &CheckRecord| {
            let id = &check.service_id;
            let known = host.is_some_and(|host| host.service(id).is_some());
            id.is_empty() || comes == Some(id) || known
        };
        definition.checks.iter().all(finds)
    }

    fn put_foreign_check(
        &mut self,
        now: Duration,
        at: u64,
        node: &str,
        mut check: CheckRecord,
    ) -> bool {
        let service = self.catalog.host(node);
        if let Some(service) = service.and_then(|host| host.service(&check.service_id)) {
            check.service_name.clone_from(&service.name);
            check.service_tags.clone_from(&service.tags);
        }
        let changed = self.catalog.put_check(at, node, &check);
        if changed && check.status == Status::Critical {
            let ended = self.sessions.depending_on(node, &check.id);
            self.end_sessions(now, at, &ended);
        }
        changed
    }

    pub(super) fn deregister(&mut self, now: Duration, departure: &Departure) -> Reply {
        let next = self.index + 1;
        let node = &departure.node;
        let own = |check: &&CheckRecord| {
            !departure.service_id.is_empty() && check.service_id == departure.service_id
        };
        let (changed, ended) = if !departure.service_id.is_empty() {
            let host = self.catalog.host(node);
            let checks = host.into_iter().flat_map(|host| host.checks().filter(own));
            let ended = checks.flat_map(|check| self.sessions.depending_on(node, &check.id));
            let ended: Vec<_> = ended.collect();
            let id = &departure.service_id;
            (self.catalog.remove_service(next, node, id), ended)
        } else if !departure.check_id.is_empty() {
            let ended = self.sessions.depending_on(node, &departure.check_id);
            (
                self.catalog.remove_check(next, node, &departure.check_id),
                ended,
            )
        } else {
            let ended = self.sessions.of_node(node);
            (self.catalog.remove_node(next, node), ended)
        };
        if changed {
            self.index = next;
            self.end_sessions(now, next, &ended);
        }
        self.sync_later(now, node);
        Reply::json(&true)
    }

    fn sync_later(&mut self, now: Duration, node: &str) {
        if node.eq_ignore_ascii_case(NODE) {
            self.sync_at = self.sync_at.or(Some(now + SYNC_DELAY));
        }
    }

    /// The agent tells everything again, takes out of the catalog what it does not know, and takes
    /// from it the tags that others may override.
    pub(super) fn synchronize(&mut self, now: Duration) {
        let next = self.index + 1;
        let mut changed = self.catalog.put_own(next);
        let host = self.catalog.host(NODE);
        let services = host.into_iter().flat_map(Host::services);
        let tags = services.map(|service| (service.id.clone(), service.tags.clone()));
        let Synced { facts, strangers } = self.agent.compare(tags.collect());
        for id in strangers {
            changed |= self.catalog.remove_service(next, NODE, &id);
        }
        let host = self.catalog.host(NODE);
        let checks = host.into_iter().flat_map(Host::checks);
        let unknown = |check: &&CheckRecord| {
            check.id != "serfHealth" && self.agent.check(&check.id).is_none()
        };
        let unknown: Vec<_> = checks
            .filter(unknown)
            .map(|check| check.id.clone())
            .collect();
        for id in unknown {
            changed |= self.catalog.remove_check(next, NODE, &id);
        }
        if changed {
            self.index = next;
        }
        self.report(now, &facts);
    }
}
