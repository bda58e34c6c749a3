//! How everything stands: as JSON for programs, as a table for people.

mod table;

use catalog::{CatalogStatus, Link};
use pilot_config::{Chosen, Selection};
use pilot_core::{
    Instance, Sight, Time,
    spec::Role,
    status::{JobStatus, Status, TemplateStatus, WatchStatus},
};
use serde_json::{Value, json};

pub(crate) use self::table::{span, to_table};

/// Everything, for programs. Durations are in seconds.
pub(crate) fn to_json(
    status: &Status,
    catalog: Option<&CatalogStatus>,
    selections: &[Selection],
    now: Time,
) -> Value {
    let jobs = status.jobs.iter().map(|job| {
        let selection = selections.iter().find(|one| one.job == job.name.as_str());
        let chosen = selection.and_then(|selection| selection.chosen.as_ref());
        job_json(job, catalog, chosen, now)
    });
    json!({
        "version": crate::VERSION,
        "pid": std::process::id(),
        "uptime": seconds(now.since_start()),
        "maintenance": status.maintenance,
        "stopping": status.stopping,
        "catalog": catalog.map(catalog_json),
        "jobs": jobs.collect::<Vec<_>>(),
        "watches": status.watches.iter().map(watch_json).collect::<Vec<_>>(),
        "templates": status.templates.iter().map(template_json).collect::<Vec<_>>(),
    })
}

fn seconds(span: std::time::Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).round() / 1000.0
}

fn catalog_json(catalog: &CatalogStatus) -> Value {
    match &catalog.link {
        Link::Untried => json!({"link": "untried"}),
        Link::Up { since } => json!({"link": "up", "for": seconds(since.elapsed())}),
        Link::Down { since, reason } => json!({
            "link": "down",
            "for": seconds(since.elapsed()),
            "reason": reason.to_string(),
        }),
    }
}

fn job_json(
    job: &JobStatus,
    catalog: Option<&CatalogStatus>,
    chosen: Option<&Chosen>,
    now: Time,
) -> Value {
    let registered = catalog
        .and_then(|catalog| catalog.services.get(&job.name))
        .and_then(|standing| standing.registered);
    json!({
        "name": job.name.as_str(),
        "essential": job.role == Role::Essential,
        "state": job.state,
        "pid": job.pid,
        "uptime": job.uptime.map(seconds),
        "restarts": job.restarts,
        "lastExit": job.last_exit.map(|exit| exit.to_string()),
        "checked": job.checked,
        "health": job.health,
        "healthFor": seconds(job.health_for),
        "lastCheck": job.last_check.as_ref().map(|check| json!({
            "ago": seconds(now - check.at),
            "took": seconds(check.took),
            "output": check.output,
        })),
        "service": job.service.as_ref().map(|service| json!({
            "id": service.id,
            "address": Some(&service.address).filter(|address| !address.is_empty()),
            "interface": chosen.and_then(|chosen| chosen.interface.as_ref()),
            "selector": chosen.map(|chosen| &chosen.selector),
            "port": service.port,
            "wanted": job.catalog.filter(|_| catalog.is_some()).map(pilot_core::spec::Status::word),
            "registered": registered.map(pilot_core::spec::Status::word),
        })),
        "next": job.next.map(|(what, at)| json!({"what": what, "in": seconds(at - now)})),
    })
}

fn watch_json(watch: &WatchStatus) -> Value {
    let one = |instance: &Instance| {
        json!({
            "id": instance.id,
            "address": instance.address,
            "port": instance.port,
            "tags": instance.tags,
        })
    };
    let instances = match &watch.sight {
        Some(Sight::Instances(instances)) => Some(instances.iter().map(one).collect::<Vec<_>>()),
        Some(Sight::Value(_) | Sight::Keys(_) | Sight::File(_)) | None => None,
    };
    json!({
        "name": watch.name.as_str(),
        "kind": watch.subject.kind(),
        "of": watch.subject.place(),
        "health": watch.health,
        "stale": watch.stale,
        "settling": watch.settling,
        "sees": watch.sight.as_ref().map(ToString::to_string),
        "instances": instances,
    })
}

fn template_json(template: &TemplateStatus) -> Value {
    json!({
        "name": template.name.as_str(),
        "destination": template.destination,
        "state": template.state,
        "detail": template.detail,
        "renders": template.renders,
    })
}
