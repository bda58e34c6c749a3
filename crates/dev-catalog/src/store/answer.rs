//! How the store's content is shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::{Value, json};

use super::{
    Store, base64,
    catalog::{NODE, SERVER_PORT, VERSION},
    kv::Entry,
};
use crate::{
    record::{
        AgentService, CatalogService, CheckRecord, HealthInstance, HealthService, KeyRecord,
        NodeServices, ServiceRecord,
    },
    reply::Reply,
    request::{Consistency, Query, View},
    route::DATACENTER,
    status::Status,
};

impl Store {
    /// Answers from the agent's view, or about the server itself.
    pub(crate) fn view(&self, view: &View) -> Reply {
        match view {
            View::AgentServices => {
                let services = self.agent.services().iter();
                let shown = services.map(|(id, service)| (id, AgentService::from(service)));
                Reply::json(&shown.collect::<BTreeMap<_, _>>())
            }
            View::AgentService(id) => match self.agent.service(id) {
                Some(service) => agent_service(service),
                None => Reply::text(404, format!("unknown service ID: {id}")),
            },
            View::AgentChecks => Reply::json(&self.agent.checks()),
            View::AgentSelf => Reply::json(&self.portrait()),
            View::Leader => Reply::json(&server_address()),
            View::Peers => Reply::json(&[server_address()]),
            View::Datacenters => Reply::json(&[DATACENTER]),
        }
    }

    /// Answers from the catalog or the key-value store, with the index of the answer.
    pub(crate) fn answer(&self, query: &Query, consistency: Consistency) -> Reply {
        let index = self.index(query);
        let reply = match query {
            Query::Key { key, raw } => return self.key(key, *raw).at_index(index),
            Query::Tree { prefix } => return self.tree(prefix).at_index(index),
            Query::Keys { prefix, separator } => {
                return self.key_names(prefix, separator).at_index(index);
            }
            Query::Services => self.service_names(),
            Query::Nodes => Reply::json(&[self.catalog.node()]),
            Query::Node { name } => self.node(name),
            Query::Service { name, tags } => self.instances(name, tags),
            Query::Health {
                name,
                tags,
                passing,
            } => self.health(name, tags, *passing),
            Query::Checks { service } => self.checks(|check| check.service_name == *service),
            Query::State { status } => {
                let wanted = Status::parse(status);
                self.checks(|check| status == "any" || wanted == Some(check.status))
            }
        };
        let level = match consistency {
            Consistency::Leader => "leader",
            Consistency::Stale => "stale",
            Consistency::Consistent => "consistent",
        };
        reply
            .with("X-Consul-Effective-Consistency", level)
            .at_index(index)
    }

    fn node(&self, name: &str) -> Reply {
        let node = self.catalog.node();
        if !self.catalog.is_node(name) {
            return Reply::json(&Value::Null);
        }
        let services = self.catalog.services();
        let services = services.map(|service| (&*service.id, HealthService::from(service)));
        Reply::json(&NodeServices {
            node,
            services: services.collect(),
        })
    }

    fn service_names(&self) -> Reply {
        let mut names = BTreeMap::<_, BTreeSet<_>>::new();
        for service in self.catalog.services() {
            names
                .entry(&service.name)
                .or_default()
                .extend(&service.tags);
        }
        Reply::json(&names)
    }

    fn instances(&self, name: &str, tags: &[String]) -> Reply {
        let node = self.catalog.node();
        let found = self
            .catalog
            .instances(name)
            .filter(|service| has_tags(service, tags));
        Reply::json(
            &found
                .map(|service| CatalogService::new(node, service))
                .collect::<Vec<_>>(),
        )
    }

    fn health(&self, name: &str, tags: &[String], passing: bool) -> Reply {
        let healthy = |instance: &HealthInstance<'_>| {
            !passing
                || instance
                    .checks
                    .iter()
                    .all(|check| check.status == Status::Passing)
        };
        let found = self
            .catalog
            .instances(name)
            .filter(|service| has_tags(service, tags));
        Reply::json(
            &found
                .map(|service| self.instance(service))
                .filter(healthy)
                .collect::<Vec<_>>(),
        )
    }

    fn instance<'a>(&'a self, service: &'a ServiceRecord) -> HealthInstance<'a> {
        let checks = self.catalog.checks_for(&service.id);
        HealthInstance {
            node: self.catalog.node(),
            service: service.into(),
            checks,
        }
    }

    fn checks(&self, wanted: impl Fn(&CheckRecord) -> bool) -> Reply {
        Reply::json(
            &self
                .catalog
                .checks()
                .filter(|check| wanted(check))
                .collect::<Vec<_>>(),
        )
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

    /// What an agent says of itself, in the parts that clients read.
    fn portrait(&self) -> Value {
        let node = self.catalog.node();
        json!({
            "Config": {
                "Datacenter": DATACENTER,
                "NodeName": NODE,
                "NodeID": node.id,
                "Revision": "",
                "Server": true,
                "Version": VERSION,
            },
            "Member": {
                "Name": NODE,
                "Addr": node.address,
                "Port": 0,
                "Tags": { "dc": DATACENTER, "id": node.id, "role": "consul" },
                "Status": 1,
            },
            "Stats": {
                "agent": {
                    "checks": self.agent.checks().len().to_string(),
                    "services": self.agent.services().len().to_string(),
                },
                "build": { "prerelease": "dev-catalog", "revision": "", "version": VERSION },
            },
            "Meta": node.meta,
        })
    }
}

fn agent_service(service: &ServiceRecord) -> Reply {
    let mut shown = AgentService::from(service);
    let mut hasher = DefaultHasher::new();
    Reply::json(&shown).body.hash(&mut hasher);
    let hash = format!("{:016x}", hasher.finish());
    shown.content_hash = Some(hash.clone());
    Reply::json(&shown).with("X-Consul-Contenthash", hash)
}

fn server_address() -> String {
    format!("127.0.0.1:{SERVER_PORT}")
}

fn has_tags(service: &ServiceRecord, tags: &[String]) -> bool {
    tags.iter()
        .all(|tag| service.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)))
}

fn key_record<'a>((key, entry): (&'a str, &'a Entry)) -> KeyRecord<'a> {
    KeyRecord {
        lock_index: entry.lock_index,
        key,
        flags: entry.flags,
        value: (!entry.value.is_empty()).then(|| base64::encode(&entry.value)),
        session: entry.session.as_deref(),
        indexes: entry.indexes,
    }
}
