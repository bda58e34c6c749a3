//! How everything stands: as JSON for programs, as a table for people.

mod table;

use catalog::{CatalogStatus, Link};
use pilot_core::{
    Time,
    status::{JobStatus, Status, TemplateStatus, WatchStatus},
};
use serde_json::{Value, json};

pub(crate) use self::table::to_table;

/// Everything, for programs. Durations are in seconds.
pub(crate) fn to_json(status: &Status, catalog: Option<&CatalogStatus>, now: Time) -> Value {
    json!({
        "version": crate::VERSION,
        "pid": std::process::id(),
        "uptime": seconds(now.since_start()),
        "maintenance": status.maintenance,
        "stopping": status.stopping,
        "catalog": catalog.map(catalog_json),
        "jobs": status.jobs.iter().map(|job| job_json(job, catalog, now)).collect::<Vec<_>>(),
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

fn job_json(job: &JobStatus, catalog: Option<&CatalogStatus>, now: Time) -> Value {
    let registered = catalog
        .and_then(|catalog| catalog.services.get(&job.name))
        .and_then(|standing| standing.registered);
    json!({
        "name": job.name.as_str(),
        "state": job.state,
        "pid": job.pid,
        "uptime": job.uptime.map(seconds),
        "restarts": job.restarts,
        "lastExit": job.last_exit.map(|exit| exit.to_string()),
        "health": job.health,
        "lastCheck": job.last_check.as_ref().map(|check| json!({
            "ago": seconds(now - check.at),
            "took": seconds(check.took),
            "output": check.output,
        })),
        "service": job.service.as_ref().map(|service| json!({
            "id": service.id,
            "address": service.address,
            "port": service.port,
            "wanted": job.catalog.filter(|_| catalog.is_some()).map(pilot_core::spec::Status::word),
            "registered": registered.map(pilot_core::spec::Status::word),
        })),
        "next": job.next.map(|(what, at)| json!({"what": what, "in": seconds(at - now)})),
    })
}

fn watch_json(watch: &WatchStatus) -> Value {
    let instances = watch.instances.as_ref().map(|instances| {
        let one = |instance: &pilot_core::Instance| {
            json!({
                "id": instance.id,
                "address": instance.address,
                "port": instance.port,
                "tags": instance.tags,
            })
        };
        instances.iter().map(one).collect::<Vec<_>>()
    });
    json!({"name": watch.name.as_str(), "instances": instances})
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
