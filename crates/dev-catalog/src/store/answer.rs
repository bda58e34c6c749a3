//! How the catalog, the keys and the sessions are shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use go_base64::STANDARD;
use serde_json::{Value, json};

use super::{Store, catalog::Host, kv::Entry, session::Session};
use crate::{
    definition::Behavior,
    filter::Filter,
    record::{
        CatalogService, CheckRecord, HealthInstance, HealthService, KeyRecord, ServiceRecord,
    },
    reply::Reply,
    request::{Consistency, NodeShape, Query, Terms},
    status::Status,
};

impl Store {
    /// Answers with the index of the answer.
    pub(crate) fn answer(&self, now: Duration, query: &Query, terms: &Terms) -> Reply {
        let index = self.index(query);
        let (filter, meta) = (terms.filter.as_ref(), &terms.node_meta);
        let on = |host: &Host| {
            meta.iter()
                .all(|(key, value)| host.record.meta.get(key) == Some(value))
        };
        let reply = match query {
            Query::Key { key, raw } => return self.key(key, *raw).at_index(index),
            Query::Tree { prefix } => return self.tree(prefix).at_index(index),
            Query::Keys { prefix, separator } => {
                return self.key_names(prefix, separator).at_index(index);
            }
            Query::Sessions => return self.sessions(|_, _| true).at_index(index),
            Query::SessionsOf { node } => {
                let of = |_: &str, session: &Session| session.node().eq_ignore_ascii_case(node);
                return self.sessions(of).at_index(index);
            }
            Query::Session { id } => return self.sessions(|own, _| own == id).at_index(index),
            Query::Picture => return self.picture(now).at_index(index),
            Query::Services => self.service_names(on),
            Query::Nodes => {
                let hosts = self.catalog.hosts().filter(|host| on(host));
                Reply::list(hosts.map(|host| &host.record), filter)
            }
            Query::Node { name, shape } => self.node(name, *shape, filter),
            Query::NodeChecks { name } => {
                let host = self.catalog.host(name).into_iter();
                Reply::list(host.flat_map(Host::checks), filter)
            }
            Query::Service { name, tags } => {
                let found = self.tagged(name, tags).filter(|(host, _)| on(host));
                let shown = found.map(|(host, service)| CatalogService::new(&host.record, service));
                Reply::list(shown, filter)
            }
            Query::Health {
                name,
                tags,
                passing,
            } => {
                let found = self.tagged(name, tags).filter(|(host, _)| on(host));
                let shown = found.map(|(host, service)| instance(host, service));
                Reply::list(shown.filter(|shown| !passing || is_healthy(shown)), filter)
            }
            Query::Checks { service } => {
                let own = |check: &CheckRecord| check.service_name.eq_ignore_ascii_case(service);
                Reply::list(self.checks(on, own), filter)
            }
            Query::State { status } => {
                let wanted = Status::parse(status);
                let own = |check: &CheckRecord| status == "any" || wanted == Some(check.status);
                Reply::list(self.checks(on, own), filter)
            }
        };
        let level = match terms.consistency {
            Consistency::Leader => "leader",
            Consistency::Stale => "stale",
            Consistency::Consistent => "consistent",
        };
        reply
            .with("X-Consul-Effective-Consistency", level)
            .at_index(index)
    }

    fn node(&self, name: &str, shape: NodeShape, filter: Option<&Filter>) -> Reply {
        let Some(host) = self.catalog.host(name) else {
            return Reply::json(&match shape {
                NodeShape::Map => Value::Null,
                NodeShape::List => json!({ "Node": null, "Services": null }),
            });
        };
        let services = host.services().map(HealthService::from);
        let lets = |shown: &Value| filter.is_none_or(|filter| filter.lets(shown));
        let shown = services.map(|service| json!(service)).filter(lets);
        let services = match shape {
            NodeShape::List => shown.collect::<Vec<_>>().into(),
            NodeShape::Map => {
                let id = |shown: &Value| shown["ID"].as_str().unwrap_or("").to_owned();
                Value::Object(shown.map(|shown| (id(&shown), shown)).collect())
            }
        };
        Reply::json(&json!({ "Node": host.record, "Services": services }))
    }

    fn service_names(&self, on: impl Fn(&Host) -> bool) -> Reply {
        let mut names = BTreeMap::<_, BTreeSet<_>>::new();
        for (_, service) in self.catalog.services().filter(|(host, _)| on(host)) {
            names
                .entry(&service.name)
                .or_default()
                .extend(&service.tags);
        }
        Reply::json(&names)
    }

    fn tagged(&self, name: &str, tags: &[String]) -> impl Iterator<Item = (&Host, &ServiceRecord)> {
        let found = self.catalog.instances(name);
        found.filter(move |(_, service)| has_tags(service, tags))
    }

    fn checks(
        &self,
        on: impl Fn(&Host) -> bool,
        wanted: impl Fn(&CheckRecord) -> bool,
    ) -> impl Iterator<Item = &CheckRecord> {
        let found = self.catalog.checks().filter(move |(host, _)| on(host));
        found
            .map(|(_, check)| check)
            .filter(move |check| wanted(check))
    }

    fn key(&self, key: &str, raw: bool) -> Reply {
        match self.keys.get(key) {
            None => Reply::empty(404),
            // A value is foreign content: a browser must not run it.
            Some(entry) if raw => Reply {
                body: entry.value.clone(),
                ..Reply::empty(200)
            }
            .with("Content-Type", "text/plain")
            .with("X-Content-Type-Options", "nosniff")
            .with("Content-Security-Policy", "sandbox"),
            Some(entry) => Reply::json(&[key_record((key, entry))]),
        }
    }

    fn tree(&self, prefix: &str) -> Reply {
        let found: Vec<_> = self.keys.below(prefix).map(key_record).collect();
        if found.is_empty() {
            Reply::empty(404)
        } else {
            Reply::json(&found)
        }
    }

    fn key_names(&self, prefix: &str, separator: &str) -> Reply {
        let end = |key: &str| match key[prefix.len()..].find(separator) {
            Some(at) if !separator.is_empty() => prefix.len() + at + separator.len(),
            _ => key.len(),
        };
        let mut names: Vec<_> = self
            .keys
            .below(prefix)
            .map(|(key, _)| &key[..end(key)])
            .collect();
        names.dedup();
        // Consul finds an empty root worth listing, but not an empty folder.
        if names.is_empty() && !prefix.is_empty() {
            Reply::empty(404)
        } else {
            Reply::json(&names)
        }
    }

    fn sessions(&self, wanted: impl Fn(&str, &Session) -> bool) -> Reply {
        let found = self
            .sessions
            .iter()
            .filter(|(id, session)| wanted(id, session));
        let shown = found.map(|(id, session)| session_record(id, session));
        Reply::json(&shown.collect::<Vec<_>>())
    }
}

fn instance<'a>(host: &'a Host, service: &'a ServiceRecord) -> HealthInstance<'a> {
    HealthInstance {
        node: &host.record,
        service: service.into(),
        checks: host.checks_for(&service.id),
    }
}

fn is_healthy(instance: &HealthInstance<'_>) -> bool {
    let mut checks = instance.checks.iter();
    checks.all(|check| check.status == Status::Passing)
}

fn has_tags(service: &ServiceRecord, tags: &[String]) -> bool {
    tags.iter()
        .all(|tag| service.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)))
}

pub(super) fn key_record<'a>((key, entry): (&'a str, &'a Entry)) -> KeyRecord<'a> {
    KeyRecord {
        lock_index: entry.lock_index,
        key,
        flags: entry.flags,
        value: (!entry.value.is_empty()).then(|| STANDARD.encode(&entry.value)),
        session: entry.session.as_deref(),
        indexes: entry.indexes,
    }
}

pub(super) fn session_record(id: &str, session: &Session) -> Value {
    let definition = &session.definition;
    let behavior = match definition.behavior {
        Behavior::Release => "release",
        Behavior::Delete => "delete",
    };
    let services = definition.service_checks.as_ref().map(|checks| {
        let shown = checks.iter();
        let shown = shown.map(|check| json!({ "ID": check.id, "Namespace": check.namespace }));
        shown.collect::<Vec<_>>()
    });
    let mut shown = json!({
        "ID": id,
        "Name": definition.name,
        "Node": session.node(),
        "LockDelay": definition.lock_delay,
        "Behavior": behavior,
        "TTL": definition.ttl_text,
        "NodeChecks": definition.node_checks,
        "ServiceChecks": services,
        "CreateIndex": session.indexes.create_index,
        "ModifyIndex": session.indexes.modify_index,
    });
    if !definition.checks.is_empty() {
        shown["Checks"] = json!(definition.checks);
    }
    shown
}
