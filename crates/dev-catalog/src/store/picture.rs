//! Everything at a glance, for the page: one answer, so that what it shows is of one moment.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    Store,
    catalog::{Host, NODE, VERSION},
};
use crate::{
    record::{CheckRecord, ServiceRecord},
    reply::Reply,
};

impl Store {
    pub(super) fn picture(&self, now: Duration) -> Reply {
        let mut services = BTreeMap::<&str, Vec<Value>>::new();
        for (host, service) in self.catalog.services() {
            let shown = self.shown_instance(now, host, service);
            services.entry(&service.name).or_default().push(shown);
        }
        let services = services
            .into_iter()
            .map(|(name, instances)| json!({ "name": name, "instances": instances }));
        let hosts = self.catalog.hosts().map(|host| {
            let own = host.checks().filter(|check| check.service_id.is_empty());
            let checks = own.map(|check| self.shown_check(now, check));
            json!({
                "name": host.record.name,
                "address": host.record.address,
                "checks": checks.collect::<Vec<_>>(),
            })
        });
        let keys = self.keys.below("").map(|(key, entry)| {
            json!({
                "key": key,
                "bytes": entry.value.len(),
                "flags": entry.flags,
                "index": entry.indexes.modify_index,
                "session": entry.session,
            })
        });
        let sessions = self.sessions.iter().map(|(id, session)| {
            json!({ "id": id, "name": session.definition.name, "node": session.node() })
        });
        Reply::json(&json!({
            "version": VERSION,
            "services": services.collect::<Vec<_>>(),
            "nodes": hosts.collect::<Vec<_>>(),
            "keys": keys.collect::<Vec<_>>(),
            "sessions": sessions.collect::<Vec<_>>(),
        }))
        .with("Cache-Control", "no-store")
    }

    fn shown_instance(&self, now: Duration, host: &Host, service: &ServiceRecord) -> Value {
        let own = host.checks_for(&service.id).into_iter();
        let own = own.filter(|check| !check.service_id.is_empty());
        let checks = own.map(|check| self.shown_check(now, check));
        let address = match service.address.as_str() {
            "" => &host.record.address,
            own => own,
        };
        json!({
            "id": service.id,
            "node": host.record.name,
            "address": address,
            "port": service.port,
            "tags": service.tags,
            "meta": service.meta,
            "checks": checks.collect::<Vec<_>>(),
        })
    }

    /// A check with its newest text, which the agent has before it finds it worth telling.
    fn shown_check(&self, now: Duration, check: &CheckRecord) -> Value {
        let told = self.agent.check(&check.id).filter(|_| check.node == NODE);
        let output = told.map_or(&check.output, |told| &told.output);
        let since = now.saturating_sub(check.since);
        json!({
            "id": check.id,
            "name": check.name,
            "status": check.status,
            "notes": check.notes,
            "output": output,
            "sinceMs": u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
