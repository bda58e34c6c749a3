//! The metrics server, its metrics, and the service that stands for it.

use std::collections::HashSet;

use pilot_core::spec::{JobSpec, Role, ServiceSpec};

use super::{Ground, choices, job, service, text};
use crate::{
    Metric, MetricKind, Telemetry,
    raw::{RawMetric, RawTelemetry},
};

const PORT: u16 = 9090;
const PREFIX: &str = "telemetry validation error: ";

pub(super) fn check(
    raw: &RawTelemetry<'_>,
    may_wait: bool,
    ground: Ground<'_>,
) -> Option<(Telemetry, JobSpec)> {
    let metrics = metrics(raw, ground);
    let port = match &raw.port {
        None => Some(PORT),
        Some(port) => ground.port(port, "telemetry.port"),
    };
    let choice = service::Choice {
        job: job::OWN_NAME,
        service: job::OWN_NAME,
        interfaces: raw.interfaces,
        wait: raw.wait_for_address.as_ref(),
        at: raw.span,
        what: "telemetry.interfaces",
        prefix: PREFIX,
        may_wait,
    };
    let address = choice.find(ground)?;
    let telemetry = Telemetry {
        address: address.chosen(),
        port: port?,
        tags: raw.tags.clone(),
        metrics,
    };
    let job = own_job(&telemetry, &address, ground);
    Some((telemetry, job))
}

fn own_job(telemetry: &Telemetry, address: &service::Address, ground: Ground<'_>) -> JobSpec {
    let mut tags = telemetry.tags.clone();
    tags.extend((!ground.world.version.is_empty()).then(|| ground.world.version.to_owned()));
    let service = ServiceSpec {
        name: None,
        id: service::id(job::OWN_NAME, ground),
        address: address.text(),
        port: telemetry.port,
        tags,
        meta: Vec::new(),
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl: service::OWN_TTL,
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
        maintenance: pilot_core::spec::OutOfService::Withdrawn,
    };
    JobSpec {
        health: service::own_health(&service),
        service: Some(service),
        address_within: address.within(),
        // Whoever asks for metrics does not ask for a container that never ends.
        role: Role::Companion,
        ..JobSpec::new(job::OWN_NAME)
    }
}

fn metrics(telemetry: &RawTelemetry<'_>, ground: Ground<'_>) -> Vec<Metric> {
    let mut seen = HashSet::new();
    let mut metrics = Vec::new();
    for raw in &telemetry.metrics {
        let Some(metric) = metric(raw, telemetry.what, ground) else {
            continue;
        };
        if seen.insert(metric.full_name()) {
            metrics.push(metric);
        } else {
            let reason = format!("the metric `{}` is there already", metric.full_name());
            ground
                .findings
                .warn(raw.name.as_ref().map_or(raw.span, |name| name.span), reason);
        }
    }
    metrics
}

fn metric(raw: &RawMetric, what: &str, ground: Ground<'_>) -> Option<Metric> {
    let written = text(raw.kind.as_ref()).unwrap_or_default();
    let kind = MetricKind::WORDS.iter().find(|(word, _)| *word == written);
    let Some((_, kind)) = kind else {
        let at = raw.kind.as_ref().map_or(raw.span, |kind| kind.span);
        let reason = format!("{PREFIX}invalid {what} type: {written}");
        ground
            .findings
            .hinted(at, reason, choices(MetricKind::WORDS));
        return None;
    };
    let metric = Metric {
        namespace: text(raw.namespace.as_ref()).unwrap_or_default(),
        subsystem: text(raw.subsystem.as_ref()).unwrap_or_default(),
        name: text(raw.name.as_ref()).unwrap_or_default(),
        help: text(raw.help.as_ref()).unwrap_or_default(),
        kind: *kind,
    };
    check_metric(&metric, raw, ground);
    Some(metric)
}

fn check_metric(metric: &Metric, raw: &RawMetric, ground: Ground<'_>) {
    let name = metric.full_name();
    let at = raw.name.as_ref().map_or(raw.span, |name| name.span);
    if metric.name.is_empty() || !is_metric_name(&name) {
        let shown = if metric.name.is_empty() { "" } else { &name };
        let reason = format!("{PREFIX}{shown:?} is not a valid metric name");
        ground
            .findings
            .hinted(at, reason, "use letters, digits and underscores");
    }
    if metric.help.is_empty() {
        let at = raw.help.as_ref().map_or(at, |help| help.span);
        let reason = format!("{PREFIX}metric {name:?} is invalid: empty help string");
        ground.findings.error(at, reason);
    }
}

fn is_metric_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(legal)
}
