//! How a job stands in the catalog.

use std::{net::IpAddr, time::Duration};

use pilot_core::spec::{HealthSpec, JobSpec, ServiceSpec, Status};

use super::{Ground, job};
use crate::{
    address, decode, duration,
    raw::RawJob,
    value::{Kind, Member, Span, Spanned},
};

/// How often the helper's own service is reported, and how long a report holds.
pub(super) const OWN_INTERVAL: Duration = Duration::from_secs(5);
pub(super) const OWN_TTL: Duration = Duration::from_secs(15);

pub(super) fn check(
    raw: &RawJob<'_>,
    port: &Spanned<i64>,
    ground: Ground<'_>,
) -> Option<ServiceSpec> {
    let name = raw.called();
    let status = initial_status(raw, ground);
    if !name.is_empty() {
        check_name(name, raw.called_at(), ground);
    }
    let address = address(raw, port.span, ground);
    let deregister = deregister_after(raw, ground);
    let number = ground.port(port, &format!("job[{name}].port"))?;
    let ttl = raw.health.as_ref().and_then(|health| health.ttl.as_ref());
    let ttl = ttl
        .and_then(|ttl| u64::try_from(ttl.value).ok())
        .map(Duration::from_secs);
    Some(ServiceSpec {
        name: None,
        id: raw
            .id
            .as_ref()
            .map_or_else(|| id(name, ground), |id| id.value.clone()),
        address: address?,
        port: number,
        tags: raw.tags.clone(),
        meta: raw
            .meta
            .iter()
            .map(|(key, value)| (key.value.clone(), value.clone()))
            .collect(),
        ttl: ttl.unwrap_or(OWN_TTL),
        initial_status: status,
        enable_tag_override: raw.consul.enable_tag_override,
        deregister_critical_after: deregister,
    })
}

/// Makes the identity of a service.
pub(super) fn id(name: &str, ground: Ground<'_>) -> String {
    format!("{name}-{}", ground.world.hostname)
}

/// Checks a name that the catalog must take.
pub(super) fn check_name(name: &str, at: Span, ground: Ground<'_>) {
    if name.is_empty() {
        ground.findings.error(at, "'name' must not be blank");
        return;
    }
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = letters.clone().next().is_some();
    if !(first && rest && letters.all(|c| c.is_ascii_alphanumeric() || c == '-')) {
        let reason =
            "service names must be alphanumeric with dashes to comply with service discovery";
        let reason = format!("{reason}: `{name}`");
        let hint = "begin with a lower-case letter, and use two characters or more";
        ground.findings.hinted(at, reason, hint);
    }
}

fn initial_status(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Status> {
    let written = raw.initial_status.as_ref()?;
    let status = Status::parse(&written.value);
    if status.is_none() {
        let name = raw.called();
        let choices = "must be one of 'passing', 'warning' or 'critical'";
        ground
            .findings
            .error(written.span, format!("job[{name}].initialStatus {choices}"));
    }
    status
}

fn address(raw: &RawJob<'_>, port_at: Span, ground: Ground<'_>) -> Option<String> {
    if let Some(literal) = &raw.address {
        if let Some(interfaces) = raw.interfaces {
            let name = raw.called();
            let reason = format!("job[{name}] has 'address', so 'interfaces' has no effect");
            ground.findings.warn(interfaces.key.span, reason);
        }
        return Some(literal.value.clone());
    }
    let what = format!("job[{}].interfaces", raw.called());
    find_address(raw.interfaces, port_at, &what, "", ground).map(|address| address.to_string())
}

/// Finds the address that `interfaces` asks for, or that its absence does.
pub(super) fn find_address(
    interfaces: Option<&Member>,
    at: Span,
    what: &str,
    prefix: &str,
    ground: Ground<'_>,
) -> Option<IpAddr> {
    let at = interfaces.map_or(at, |member| member.value.head());
    let specifications = match interfaces {
        None => address::DEFAULT.map(str::to_owned).to_vec(),
        Some(member) => specifications(member, what, ground)?,
    };
    let found = address::find(&specifications, ground.world.interfaces);
    let report = |reasons: Vec<String>| {
        let report = |reason| ground.findings.error(at, format!("{prefix}{reason}"));
        reasons.into_iter().for_each(report);
    };
    found.map_err(report).ok()
}

fn specifications(member: &Member, what: &str, ground: Ground<'_>) -> Option<Vec<String>> {
    let read = match &member.value.kind {
        Kind::Text(text) => Ok(vec![text.clone()]),
        Kind::List(items) if items.is_empty() => Ok(address::DEFAULT.map(str::to_owned).to_vec()),
        Kind::List(_) => decode::texts(&member.value, what),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Object(_) => {
            let got = member.value.go_kind();
            Err(format!(
                "'{what}' must be text or a list of texts, got {got}"
            ))
        }
    };
    read.map_err(|reason| ground.findings.error(member.value.head(), reason))
        .ok()
}

fn deregister_after(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Duration> {
    let written = raw.consul.deregister_after.as_ref()?;
    match duration::parse_go(&written.value) {
        Ok(nanos) => duration::limit(nanos),
        Err(reason) => {
            let name = raw.called();
            let key = "consul.deregisterCriticalServiceAfter";
            let reason = format!("unable to parse job[{name}].{key}: {reason}");
            ground.findings.error(written.span, reason);
            None
        }
    }
}

/// Gives the helper's own service the heartbeat that a user's job must ask for.
pub(super) fn own_health(_service: &ServiceSpec) -> Option<HealthSpec> {
    Some(HealthSpec {
        exec: None,
        interval: OWN_INTERVAL,
        timeout: Some(OWN_INTERVAL),
    })
}

/// Makes `CONTAINERPILOT_<JOB>_IP` for every job that stands in the catalog.
pub(super) fn variables<'j>(jobs: impl IntoIterator<Item = &'j JobSpec>) -> Vec<(String, String)> {
    let variable = |(job, service): (&str, &ServiceSpec)| {
        let name = service.name.as_deref().unwrap_or(job);
        let name = name.to_uppercase().replace('-', "_");
        (format!("CONTAINERPILOT_{name}_IP"), service.address.clone())
    };
    jobs.into_iter()
        .filter_map(job::service_of)
        .map(variable)
        .collect()
}
