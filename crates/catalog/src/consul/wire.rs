//! The calls that register, in Consul's own words.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use pilot_core::{
    JobName,
    spec::{CheckKind, ServiceCheck, ServiceSpec, Status},
};
use serde::Serialize;

use super::{
    Call, Client, Line, Reply,
    call::escape,
    sight::{self, Sight},
};
use crate::{
    CatalogError,
    registrar::{Claim, Order, Outcome},
};

// As Consul calls the check.
const MAINTENANCE: &str = "Service Maintenance Mode";

// The TTL of a check that nobody reports; were it ever to run out, it would be as critical as it is.
const FOR_EVER: &str = "876000h";

/// Carries out an order; its answer is waited for no longer than this.
pub(crate) async fn tell(
    client: &Client,
    line: &mut Line,
    job: &JobName,
    order: &Order,
    patience: Duration,
) -> Outcome {
    let wire = Wire {
        client,
        line,
        patience,
    };
    match wire.carry_out(job, order).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error),
    }
}

/// A line to the agent, and how long to wait for an answer on it.
pub(super) struct Wire<'a> {
    client: &'a Client,
    line: &'a mut Line,
    patience: Duration,
}

impl Wire<'_> {
    async fn carry_out(mut self, job: &JobName, order: &Order) -> Result<Outcome, CatalogError> {
        match order {
            Order::Register {
                spec,
                status,
                maintenance,
                claim,
                keeps_tags,
                ..
            } => {
                if *claim == Claim::Leave
                    && let Some(by) = sight::holder(&mut self, spec).await?
                {
                    return Ok(Outcome::Claimed { by });
                }
                let tags = if *keeps_tags {
                    sight::tags(&mut self, job, spec).await?
                } else {
                    None
                };
                let maintenance = maintenance.as_deref();
                let call = register(job, spec, *status, maintenance, tags.as_deref());
                Ok(match self.put(&call).await? {
                    // An agent of old keeps maintenance apart, and across registrations.
                    Outcome::Done => Outcome::Described,
                    outcome @ (Outcome::Described
                    | Outcome::Repaired { .. }
                    | Outcome::Unknown
                    | Outcome::Claimed { .. }
                    | Outcome::Failed(_)) => outcome,
                })
            }
            Order::Update {
                spec,
                status,
                output,
                maintenance,
                is_look_due,
            } => {
                let sight = if *is_look_due {
                    sight::look(&mut self, spec).await?
                } else {
                    Sight::Ours
                };
                let update = update(&spec.id, *status, output);
                match sight {
                    Sight::Ours | Sight::Nothing => self.put(&update).await,
                    Sight::Theirs { by } => Ok(Outcome::Claimed { by }),
                    Sight::Changed { what } => {
                        let tags = sight::tags(&mut self, job, spec).await?;
                        let maintenance = maintenance.as_deref();
                        let call = register(job, spec, *status, maintenance, tags.as_deref());
                        for call in [call, update] {
                            let outcome = self.put(&call).await?;
                            if outcome != Outcome::Done {
                                return Ok(outcome);
                            }
                        }
                        Ok(Outcome::Repaired { what })
                    }
                }
            }
            Order::Maintain { spec, reason } => self.maintain(spec, reason.as_deref()).await,
            Order::Deregister { spec } => self.put_unless_theirs(spec, &deregister(&spec.id)).await,
        }
    }

    async fn maintain(
        &mut self,
        spec: &ServiceSpec,
        reason: Option<&str>,
    ) -> Result<Outcome, CatalogError> {
        let held = match reason {
            Some(_) => sight::maintenance(self, &spec.id).await?,
            None => None,
        };
        let call = match (reason, held) {
            (Some(reason), Some(held)) if held != reason => reword(&spec.id, reason),
            (reason, _) => maintain(&spec.id, reason),
        };
        self.put_unless_theirs(spec, &call).await
    }

    /// Makes a call about a service that may be another's by now.
    async fn put_unless_theirs(
        &mut self,
        spec: &ServiceSpec,
        call: &Call,
    ) -> Result<Outcome, CatalogError> {
        match sight::look(self, spec).await? {
            Sight::Theirs { by } => Ok(Outcome::Claimed { by }),
            Sight::Ours | Sight::Changed { .. } | Sight::Nothing => self.put(call).await,
        }
    }

    async fn put(&mut self, call: &Call) -> Result<Outcome, CatalogError> {
        let reply = self.call(call).await?;
        Ok(outcome(call, &reply))
    }

    /// Makes one call.
    pub(super) async fn call(&mut self, call: &Call) -> Result<Reply, CatalogError> {
        let (line, patience) = (&mut *self.line, self.patience);
        self.client.call_over(line, call, patience).await
    }
}

/// The name by which others find a service.
pub(super) fn name_of<'a>(job: &'a JobName, spec: &'a ServiceSpec) -> &'a str {
    spec.name.as_deref().unwrap_or(job.as_str())
}

/// The check of a service that is ours to report.
pub(super) fn check_of(id: &str) -> String {
    format!("service:{id}")
}

/// The check by which Consul keeps a service out of service.
pub(super) fn maintenance_of(id: &str) -> String {
    format!("_service_maintenance:{id}")
}

/// Makes a service known, with its checks, its status and its maintenance in one call, and with
/// these tags instead of its own. What is left of an earlier life goes: checks that it no longer has,
/// maintenance too. So that is in the call, or the service would be in use for a moment.
fn register(
    job: &JobName,
    spec: &ServiceSpec,
    status: Status,
    maintenance: Option<&str>,
    tags: Option<&[String]>,
) -> Call {
    let name = name_of(job, spec);
    let own = spec.checks.iter().map(|check| agents(check, spec));
    let maintenance = maintenance.map(|reason| maintained(&spec.id, reason));
    let checks: Vec<_> = own.chain(maintenance).collect();
    let body = Registration {
        id: &spec.id,
        name,
        tags: tags.unwrap_or(&spec.tags),
        port: spec.port,
        address: &spec.address,
        tagged_addresses: tagged(spec),
        meta: spec.meta.iter().map(|(key, value)| (key, value)).collect(),
        weights: spec.weights.map(|weights| WeightPair {
            passing: weights.passing,
            warning: weights.warning,
        }),
        enable_tag_override: spec.enable_tag_override,
        check: Check {
            id: (!checks.is_empty()).then(|| check_of(&spec.id)),
            ttl: seconds(spec.ttl),
            status: status.word(),
            notes: format!("TTL for {name} set by containerpilot"),
            deregister_after: spec.deregister_critical_after.map(seconds),
        },
        checks,
    };
    write("/v1/agent/service/register".to_owned(), &body).with("replace-existing-checks", "true")
}

/// The check that keeps a service out of service, like the one that the agent makes for it.
fn maintained<'a>(id: &str, reason: &'a str) -> AgentCheck<'a> {
    AgentCheck {
        id: maintenance_of(id),
        name: MAINTENANCE,
        notes: Some(reason),
        status: Some(Status::Critical.word()),
        ttl: Some(FOR_EVER),
        ..AgentCheck::default()
    }
}

fn tagged(spec: &ServiceSpec) -> BTreeMap<&str, Place<'_>> {
    let places = spec.tagged_addresses.iter().map(|tagged| {
        let place = Place {
            address: &tagged.address,
            port: tagged.port,
        };
        (tagged.tag.as_str(), place)
    });
    places.collect()
}

/// A check that the agent runs.
fn agents<'a>(check: &'a ServiceCheck, spec: &ServiceSpec) -> AgentCheck<'a> {
    let mut agents = AgentCheck {
        id: format!("{}:{}", check_of(&spec.id), check.name),
        name: &check.name,
        interval: check.interval.map(seconds),
        timeout: check.timeout.map(seconds),
        deregister_after: spec.deregister_critical_after.map(seconds),
        ..AgentCheck::default()
    };
    match &check.kind {
        CheckKind::Http {
            url,
            method,
            headers,
            verify,
        } => {
            agents.http = Some(url);
            agents.method = method.as_deref();
            for (name, value) in headers {
                agents.header.entry(name).or_default().push(value);
            }
            agents.skips_verify = !verify;
        }
        CheckKind::Tcp { address } => agents.tcp = Some(address),
        CheckKind::Alias { service } => agents.alias = Some(service),
    }
    agents
}

/// Renews the status of a service.
fn update(id: &str, status: Status, output: &str) -> Call {
    let status = status.word();
    let path = format!("/v1/agent/check/update/{}", escape(&check_of(id), ":"));
    write(path, &Update { status, output })
}

/// Takes a service out of service, or back into it.
fn maintain(id: &str, reason: Option<&str>) -> Call {
    let path = format!("/v1/agent/service/maintenance/{}", escape(id, ""));
    let enable = if reason.is_some() { "true" } else { "false" };
    Call::put(path, Bytes::new())
        .with("enable", enable)
        .with_some("reason", reason)
}

/// Gives another reason for maintenance. Consul keeps the first, so the check that it holds for it
/// is replaced by one that has the same meaning: critical, and gone when maintenance ends. To end it
/// and begin it again would put the service back in use for a moment.
fn reword(id: &str, reason: &str) -> Call {
    let body = Maintenance {
        id: &maintenance_of(id),
        name: MAINTENANCE,
        service_id: id,
        notes: reason,
        status: Status::Critical.word(),
        ttl: FOR_EVER,
    };
    write("/v1/agent/check/register".to_owned(), &body)
}

/// Takes a service away.
fn deregister(id: &str) -> Call {
    let path = format!("/v1/agent/service/deregister/{}", escape(id, ""));
    Call::put(path, Bytes::new())
}

fn write(path: String, body: &impl Serialize) -> Call {
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
fn outcome(call: &Call, reply: &Reply) -> Outcome {
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
        _ => Outcome::Failed(call.refused(reply)),
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
    #[serde(rename = "TaggedAddresses", skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: BTreeMap<&'a str, Place<'a>>,
    #[serde(rename = "Meta", skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<&'a String, &'a String>,
    #[serde(rename = "Weights", skip_serializing_if = "Option::is_none")]
    weights: Option<WeightPair>,
    #[serde(rename = "EnableTagOverride", skip_serializing_if = "is_false")]
    enable_tag_override: bool,
    #[serde(rename = "Check")]
    check: Check,
    #[serde(rename = "Checks", skip_serializing_if = "Vec::is_empty")]
    checks: Vec<AgentCheck<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Place<'a> {
    address: &'a str,
    port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WeightPair {
    passing: u32,
    warning: u32,
}

#[derive(Serialize)]
struct Check {
    #[serde(rename = "CheckID", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
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

#[derive(Default, Serialize)]
struct AgentCheck<'a> {
    #[serde(rename = "CheckID")]
    id: String,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    http: Option<&'a str>,
    #[serde(rename = "Method", skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(rename = "Header", skip_serializing_if = "BTreeMap::is_empty")]
    header: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(rename = "TLSSkipVerify", skip_serializing_if = "is_false")]
    skips_verify: bool,
    #[serde(rename = "TCP", skip_serializing_if = "Option::is_none")]
    tcp: Option<&'a str>,
    #[serde(rename = "AliasService", skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(rename = "Notes", skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(rename = "Status", skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
    #[serde(rename = "Interval", skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(rename = "Timeout", skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(
        rename = "DeregisterCriticalServiceAfter",
        skip_serializing_if = "Option::is_none"
    )]
    deregister_after: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Maintenance<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    name: &'a str,
    #[serde(rename = "ServiceID")]
    service_id: &'a str,
    notes: &'a str,
    status: &'static str,
    #[serde(rename = "TTL")]
    ttl: &'static str,
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
