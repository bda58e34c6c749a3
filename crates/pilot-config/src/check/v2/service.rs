//! Services: what the catalog hears of the application.

use std::{collections::HashSet, time::Duration};

use pilot_core::spec::{Command, HealthSpec, InMaintenance, JobSpec, ServiceSpec};

use super::Around;
use crate::{
    check::{Ground, job::OWN_NAME, service},
    duration,
    raw::v2::{Name, RawService, RawV2},
};

pub(super) fn check_all(raw: &RawV2<'_>, around: &mut Around<'_>) -> Vec<JobSpec> {
    let mut seen = HashSet::new();
    let mut jobs = Vec::new();
    for service in &raw.services {
        let name = &service.name;
        if raw.telemetry.is_some() && name.text == OWN_NAME {
            let reason =
                format!("cannot have a service with the name `{OWN_NAME}` beside `telemetry`");
            let hint = "the telemetry service has this name";
            around.ground.findings.hinted(name.span, reason, hint);
        }
        if !name.text.is_empty() && !seen.insert(name.text.as_str()) {
            let reason = format!("cannot have two services with the name `{}`", name.text);
            let hint = "they would be one in the catalog, with two ports";
            around.ground.findings.hinted(name.span, reason, hint);
        }
        jobs.extend(check(service, around));
    }
    jobs
}

fn check(raw: &RawService<'_>, around: &mut Around<'_>) -> Option<JobSpec> {
    let ground = around.ground;
    let (name, called) = (raw.name.text.as_str(), raw.name.called());
    check_name(&raw.name, ground);
    let period = |written, key: &str| {
        let what = format!("`{key}` must be > 0 in service {called}");
        ground.period(written, raw.name.span, raw.broken, &what)
    };
    let interval = period(raw.poll.as_ref(), "poll");
    let ttl = period(raw.ttl.as_ref(), "ttl");
    check_ttl(raw, interval, ttl, ground);
    let refusal = format!("Could not parse `health` in service {called}");
    let timeout = ground.limit(raw.timeout.as_ref(), &refusal);
    let exec = raw.health.map(|value| ground.command(value, &refusal));
    let port = port(raw, ground);
    let deregister = deregister_after(raw, ground);
    let what = format!("service {name}: interfaces");
    let job = around.names.of_service(name);
    let choice = service::Choice {
        job: job.as_str(),
        service: name,
        interfaces: raw.interfaces,
        wait: None,
        at: raw.name.span,
        what: &what,
        prefix: "",
        may_wait: false,
    };
    let address = choice.find(ground);
    let service = ServiceSpec {
        id: service::id(name, ground),
        name: (job.as_str() != name).then(|| name.to_owned()),
        address: address?.text(),
        port: port?,
        tags: raw.tags.clone(),
        meta: Vec::new(),
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl,
        initial_status: None,
        enable_tag_override: raw.consul.enable_tag_override,
        deregister_critical_after: deregister,
        maintenance: pilot_core::spec::OutOfService::Withdrawn,
    };
    Some(JobSpec {
        health: Some(HealthSpec {
            exec: exec.flatten().map(Command::new),
            interval,
            timeout,
        }),
        service: Some(service),
        maintenance: InMaintenance::Pauses,
        ..around.companion(job)
    })
}

/// Reads a name that must be there; one that the catalog may not like has always been taken.
pub(super) fn check_name(name: &Name, ground: Ground<'_>) {
    if name.text.is_empty() {
        ground.findings.error(name.span, "`name` must not be blank");
        return;
    }
    let mut letters = name.text.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(first && !letters.as_str().is_empty() && letters.all(legal)) {
        let reason = format!(
            "service names must be alphanumeric with dashes to comply with service discovery: `{}`",
            name.text
        );
        let hint = "it is taken as it is; ContainerPilot 3 refuses it".to_owned();
        ground.findings.warn_hinted(name.span, reason, hint);
    }
}

/// A status must live longer than the time to its next report, or it lapses between the two.
fn check_ttl(raw: &RawService<'_>, poll: Duration, ttl: Duration, ground: Ground<'_>) {
    if let Some(written) = raw.ttl.as_ref().filter(|_| !ttl.is_zero() && ttl < poll) {
        let name = raw.name.called();
        let reason = format!(
            "`ttl` in service {name} is less than its `poll`: the service lapses between two checks"
        );
        let hint = format!("use at least {} seconds", poll.as_secs().saturating_mul(2));
        ground.findings.warn_hinted(written.span, reason, hint);
    }
}

fn port(raw: &RawService<'_>, ground: Ground<'_>) -> Option<u16> {
    let name = raw.name.called();
    match &raw.port {
        Some(port) if port.value > 0 => ground.port(port, &format!("`port` in service {name}")),
        written => {
            if !raw.broken {
                let at = written.as_ref().map_or(raw.name.span, |port| port.span);
                let reason = format!("`port` must be > 0 in service {name}");
                ground.findings.error(at, reason);
            }
            None
        }
    }
}

fn deregister_after(raw: &RawService<'_>, ground: Ground<'_>) -> Option<Duration> {
    let written = raw.consul.deregister_after.as_ref()?;
    let report = |reason: String| {
        let what = "Could not parse consul `deregisterCriticalServiceAfter` in service";
        let reason = format!("{what} {}: {reason}", raw.name.called());
        ground.findings.error(written.span, reason);
    };
    let nanos = duration::parse_go(&written.value).map_err(report).ok()?;
    duration::limit(nanos)
}
