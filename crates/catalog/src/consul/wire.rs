//! The calls we make and the answers we read, in Consul's own words.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use serde::{Deserialize, Serialize};

use super::{Answer, Call, call::escape};
use crate::{CatalogError, Instance, Weights, registrar::Outcome};

// A follower in good health hears from its leader many times a second.
const LAST_CONTACT: Duration = Duration::from_secs(10);

/// Makes a service known, with its check and its status in one call.
pub(crate) fn register(job: &JobName, spec: &ServiceSpec, status: Status) -> Call {
    let name = spec.name.as_deref().unwrap_or(job.as_str());
    let body = Registration {
        id: &spec.id,
        name,
        tags: &spec.tags,
        port: spec.port,
        address: &spec.address,
        meta: spec.meta.iter().map(|(key, value)| (key, value)).collect(),
        enable_tag_override: spec.enable_tag_override,
        check: Check {
            ttl: seconds(spec.ttl),
            status: status.word(),
            notes: format!("TTL for {name} set by containerpilot"),
            deregister_after: spec.deregister_critical_after.map(seconds),
        },
    };
    put("/v1/agent/service/register".to_owned(), &body)
}

/// Renews the status of a service.
pub(crate) fn update(id: &str, status: Status, output: &str) -> Call {
    let status = status.word();
    let path = format!("/v1/agent/check/update/service:{}", escape(id, ""));
    put(path, &Update { status, output })
}

/// Takes a service away.
pub(crate) fn deregister(id: &str) -> Call {
    let path = format!("/v1/agent/service/deregister/{}", escape(id, ""));
    Call::put(path, Bytes::new())
}

/// Asks for the instances of a service that pass.
pub(crate) fn instances(service: &str, tag: Option<&str>, dc: Option<&str>) -> Call {
    let path = format!("/v1/health/service/{}", escape(service, ""));
    let mut call = Call::get(path).with("passing", "1");
    if let Some(tag) = tag {
        call = call.with("tag", tag);
    }
    if let Some(dc) = dc {
        call = call.with("dc", dc);
    }
    call
}

/// Asks for the value of a key, as it is and not in base64.
pub(crate) fn key(key: &str, dc: Option<&str>) -> Call {
    let path = format!("/v1/kv/{}", escape(key.trim_start_matches('/'), "/"));
    let call = Call::get(path).with("raw", "1");
    match dc {
        Some(dc) => call.with("dc", dc),
        None => call,
    }
}

/// Makes a query wait for a change since the given index.
pub(crate) fn blocking(call: &Call, index: u64, wait: Duration) -> Call {
    let mut call = call
        .clone()
        .with("index", &index.to_string())
        .with("wait", &seconds(wait));
    call.is_held = true;
    call
}

fn put(path: String, body: &impl Serialize) -> Call {
    let text = serde_json::to_vec(body).expect("texts and numbers always have a JSON form");
    Call::put(path, text)
}

/// Writes a duration the way Go reads it.
fn seconds(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Judges the answer to a call that changes something.
pub(crate) fn outcome(call: &Call, answer: Result<Answer, CatalogError>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(error),
    };
    let text = String::from_utf8_lossy(&answer.body);
    let is_unknown = [
        "does not have associated TTL",
        "Unknown check",
        "Unknown service",
    ]
    .iter()
    .any(|phrase| text.contains(phrase));
    match answer.status {
        200..300 => Outcome::Done,
        404 => Outcome::Unknown,
        _ if is_unknown => Outcome::Unknown,
        _ => Outcome::Failed(call.refused(&answer)),
    }
}

/// Refuses an answer that comes from servers that cannot vouch for it: what was known before it is
/// worth more.
pub(crate) fn vouch(call: &Call, answer: &Answer) -> Result<(), CatalogError> {
    let doubtful = |reason| CatalogError::Doubtful {
        call: call.describe(),
        reason,
    };
    let says_nothing =
        answer.status == 404 || [&b"[]"[..], b"null"].contains(&answer.body.trim_ascii());
    if answer.status < 500 && !answer.known_leader {
        return Err(doubtful("its servers have no leader"));
    }
    if says_nothing && answer.last_contact > LAST_CONTACT {
        return Err(doubtful("its server has not heard from a leader for long"));
    }
    Ok(())
}

/// Reads the instances of a service, sorted by identity.
pub(crate) fn read_instances(call: &Call, answer: &Answer) -> Result<Vec<Instance>, CatalogError> {
    if answer.status != 200 {
        return Err(call.refused(answer));
    }
    let entries: Option<Vec<Entry>> =
        serde_json::from_slice(&answer.body).map_err(|error| CatalogError::Malformed {
            call: call.describe(),
            reason: error.to_string(),
        })?;
    let entries = entries.unwrap_or_default();
    let mut instances: Vec<_> = entries.into_iter().map(Entry::instance).collect();
    instances.sort();
    Ok(instances)
}

/// Reads the value of a key.
pub(crate) fn read_key(call: &Call, answer: Answer) -> Result<Option<Bytes>, CatalogError> {
    match answer.status {
        200 => Ok(Some(answer.body)),
        404 => Ok(None),
        _ => Err(call.refused(&answer)),
    }
}

#[derive(Serialize)]
struct Registration<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "Tags", skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    #[serde(rename = "Port")]
    port: u16,
    #[serde(rename = "Address")]
    address: &'a str,
    #[serde(rename = "Meta", skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<&'a String, &'a String>,
    #[serde(rename = "EnableTagOverride", skip_serializing_if = "is_false")]
    enable_tag_override: bool,
    #[serde(rename = "Check")]
    check: Check,
}

#[derive(Serialize)]
struct Check {
    #[serde(rename = "TTL")]
    ttl: String,
    #[serde(rename = "Status")]
    status: &'static str,
    #[serde(rename = "Notes")]
    notes: String,
    #[serde(
        rename = "DeregisterCriticalServiceAfter",
        skip_serializing_if = "Option::is_none"
    )]
    deregister_after: Option<String>,
}

#[derive(Serialize)]
struct Update<'a> {
    #[serde(rename = "Status")]
    status: &'static str,
    #[serde(rename = "Output")]
    output: &'a str,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    node: Node,
    service: Service,
    checks: Option<Vec<CheckState>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    node: String,
    #[serde(default)]
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
    tags: Option<Vec<String>>,
    meta: Option<BTreeMap<String, String>>,
    weights: Option<WeightPair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WeightPair {
    #[serde(default)]
    passing: i64,
    #[serde(default)]
    warning: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckState {
    #[serde(default)]
    status: String,
}

impl Entry {
    fn instance(self) -> Instance {
        let checks = self.checks.unwrap_or_default();
        // A word we do not know is Consul's `maintenance`, which serves nobody.
        let worst = checks
            .iter()
            .map(|check| Status::parse(&check.status).unwrap_or(Status::Critical))
            .max();
        let Service {
            address, weights, ..
        } = self.service;
        Instance {
            id: self.service.id,
            node: self.node.node,
            service: self.service.service,
            address: if address.is_empty() {
                self.node.address
            } else {
                address
            },
            port: self.service.port,
            tags: self.service.tags.unwrap_or_default(),
            meta: self.service.meta.unwrap_or_default(),
            weights: weights.map(|pair| Weights {
                passing: pair.passing,
                warning: pair.warning,
            }),
            status: worst.unwrap_or(Status::Passing),
        }
    }
}
