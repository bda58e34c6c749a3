//! How the agent shows itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Value, json};

use super::{
    Store,
    catalog::{NODE, SERVER_PORT, VERSION, node},
};
use crate::{
    record::{AgentService, CheckRecord, ServiceRecord},
    reply::Reply,
    request::{View, Whose},
    route::DATACENTER,
    status::Status,
};

impl Store {
    /// Answers from the agent's view, or about the server itself.
    pub(crate) fn view(&self, view: &View) -> Reply {
        match view {
            View::AgentServices(filter) => {
                let services = self.agent.services().iter();
                let shown =
                    services.map(|(id, service)| (id.as_str(), AgentService::from(service)));
                Reply::map(shown, filter.as_ref())
            }
            View::AgentService(id) => match self.agent.service(id) {
                Some(service) => agent_service(service),
                None => Reply::text(404, format!("unknown service ID: {id}")),
            },
            View::AgentChecks(filter) => {
                Reply::map(self.agent.checks().into_iter(), filter.as_ref())
            }
            View::AgentHealth { of, text } => self.agent_health(of, *text),
            View::AgentSelf => Reply::json(&self.portrait()),
            View::Members => Reply::json(&[member()]),
            View::Leader => Reply::json(&server_address()),
            View::Peers => Reply::json(&[server_address()]),
            View::Datacenters => Reply::json(&[DATACENTER]),
        }
    }

    /// Whether a view has another hash than the one that a client saw last.
    pub(crate) fn differs(&self, view: &View, hash: &str) -> bool {
        let reply = self.view(view);
        let mut headers = reply.headers.iter();
        headers.all(|(name, value)| *name != HASH || value != hash)
    }

    fn agent_health(&self, of: &Whose, text: bool) -> Reply {
        let (status, reason, body) = match of {
            Whose::Instance(id) => match self.agent.service(id) {
                Some(service) => {
                    let (status, shown) = self.health_of(service);
                    (Some(status), None, shown)
                }
                None => {
                    let body = json!({
                        "AggregatedStatus": "critical", "Service": null, "Checks": null
                    });
                    (None, Some(format!("ServiceId {id} not found")), body)
                }
            },
            Whose::Name(name) => {
                let services = self.agent.services().values();
                let named = services.filter(|service| service.name == *name);
                let shown: Vec<_> = named.map(|service| self.health_of(service)).collect();
                let worst = shown.iter().map(|(status, _)| *status);
                let worst = worst.max_by_key(|status| status.code);
                let reason = worst
                    .is_none()
                    .then(|| format!("ServiceName {name} Not Found"));
                let body = shown.into_iter().map(|(_, shown)| shown).collect();
                (worst, reason, Value::Array(body))
            }
        };
        match (status, reason) {
            (Some(Health { code, word }), _) if text => Reply::empty(code)
                .with("Content-Type", "text/plain")
                .with(REASON, word)
                .with_body(word),
            (Some(Health { code, word }), _) => {
                Reply::json(&body).of_status(code).with(REASON, word)
            }
            (None, reason) => {
                let reason = reason.unwrap_or_default();
                let reply = match (text, of) {
                    (false, _) => Reply::json(&body),
                    // Only for an instance Consul puts the words into quotes.
                    (true, Whose::Instance(_)) => Reply::json(&reason),
                    (true, Whose::Name(_)) => Reply::empty(404)
                        .with("Content-Type", "text/plain")
                        .with_body(reason.clone()),
                };
                reply.of_status(404).with(REASON, reason)
            }
        }
    }

    fn health_of(&self, service: &ServiceRecord) -> (Health, Value) {
        let concerns =
            |check: &CheckRecord| check.service_id.is_empty() || check.service_id == service.id;
        let checks = self.agent.checks().into_values();
        let checks: Vec<_> = checks.filter(|check| concerns(check)).collect();
        let health = Health::of(&checks);
        let shown = json!({
            "AggregatedStatus": health.word,
            "Service": AgentService::from(service),
            "Checks": checks.into_iter().map(plain_check).collect::<Vec<_>>(),
        });
        (health, shown)
    }

    /// What an agent says of itself, in the parts that clients read.
    fn portrait(&self) -> Value {
        let node = node();
        json!({
            "Config": {
                "Datacenter": DATACENTER,
                "NodeName": NODE,
                "NodeID": node.id,
                "Revision": "",
                "Server": true,
                "Version": VERSION,
            },
            "Member": member(),
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

/// The worst of several checks, as a status of HTTP and as a word.
#[derive(Clone, Copy)]
struct Health {
    code: u16,
    word: &'static str,
}

impl Health {
    fn of(checks: &[&CheckRecord]) -> Self {
        let is = |status| checks.iter().any(|check| check.status == status);
        let maintenance = checks.iter().any(|check| check.is_maintenance());
        let (code, word) = if maintenance {
            (503, "maintenance")
        } else if is(Status::Critical) {
            (503, "critical")
        } else if is(Status::Warning) {
            (429, "warning")
        } else {
            (200, "passing")
        };
        Self { code, word }
    }
}

/// Here, and only here, Consul shows a check without its type and with a definition in full,
/// and no tags as `null`.
fn plain_check(check: &CheckRecord) -> Value {
    let mut shown = json!(check);
    shown["Type"] = json!("");
    if check.service_tags.is_empty() {
        shown["ServiceTags"] = Value::Null;
    }
    shown["Definition"] = json!({
        "Interval": "0s",
        "Timeout": "0s",
        "DeregisterCriticalServiceAfter": "0s",
        "HTTP": "",
        "Header": null,
        "Method": "",
        "Body": "",
        "TLSSkipVerify": false,
        "TCP": "",
    });
    shown
}

fn member() -> Value {
    let node = node();
    json!({
        "Name": NODE,
        "Addr": node.address,
        "Port": 0,
        "Tags": {
            "build": format!("{VERSION}:"),
            "dc": DATACENTER,
            "id": node.id,
            "port": SERVER_PORT.to_string(),
            "role": "consul",
        },
        "Status": 1,
    })
}

const REASON: &str = "X-Consul-Reason";
const HASH: &str = "X-Consul-Contenthash";

fn agent_service(service: &ServiceRecord) -> Reply {
    let mut shown = AgentService::from(service);
    let mut hasher = DefaultHasher::new();
    Reply::json(&shown).body.hash(&mut hasher);
    let hash = format!("{:016x}", hasher.finish());
    shown.content_hash = Some(hash.clone());
    Reply::json(&shown).with(HASH, hash)
}

fn server_address() -> String {
    format!("127.0.0.1:{SERVER_PORT}")
}
