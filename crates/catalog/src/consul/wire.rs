//! The calls that register, in Consul's own words.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use serde::Serialize;

use super::{Call, Reply, call::escape};
use crate::{CatalogError, registrar::Outcome};

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

fn put(path: String, body: &impl Serialize) -> Call {
    let text = serde_json::to_vec(body).expect("texts and numbers always have a JSON form");
    Call::put(path, text)
}

/// Writes a duration the way Go reads it.
pub(super) fn seconds(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Judges the answer to a call that changes something.
pub(crate) fn outcome(call: &Call, reply: Result<Reply, CatalogError>) -> Outcome {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Outcome::Failed(error),
    };
    let text = String::from_utf8_lossy(&reply.body);
    let is_unknown = [
        "does not have associated TTL",
        "Unknown check",
        "Unknown service",
    ]
    .iter()
    .any(|phrase| text.contains(phrase));
    match reply.status {
        200..300 => Outcome::Done,
        404 => Outcome::Unknown,
        _ if is_unknown => Outcome::Unknown,
        _ => Outcome::Failed(call.refused(&reply)),
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
