//! What has already been, for a job that joins late.

use super::Supervisor;
use crate::{
    Event, EventKind, Instance, Source,
    job::{HealthStatus, Job},
};

impl Supervisor {
    /// Whether the event has happened, and still holds.
    pub(super) fn happened(&self, event: &Event) -> bool {
        match &event.source {
            Source::Global => self.happened_globally(event.kind),
            Source::Job(name) => self.job(name).is_some_and(|job| job_fact(job, event.kind)),
            Source::Watch(name) => {
                let named = self.watches.iter().filter(|w| w.spec.name == *name);
                let mut known = named.filter_map(|w| w.known.as_ref());
                known.any(|instances| watch_fact(instances, event.kind))
            }
            Source::Template(name) => {
                let template = self.templates.iter().find(|t| t.spec.name == *name);
                event.kind == EventKind::Healthy && template.is_some_and(|t| t.standing)
            }
            Source::Check(_) | Source::Signal(_) => false,
        }
    }

    fn happened_globally(&self, kind: EventKind) -> bool {
        kind == EventKind::Startup || (kind == EventKind::EnterMaintenance && self.maintenance)
    }
}

fn watch_fact(instances: &[Instance], kind: EventKind) -> bool {
    let present = [EventKind::Healthy, EventKind::Changed].contains(&kind);
    if instances.is_empty() {
        kind == EventKind::Unhealthy
    } else {
        present
    }
}

fn job_fact(job: &Job, kind: EventKind) -> bool {
    let ended = |success: bool| {
        let idle = job.run().is_none();
        idle && job.last_exit.is_some_and(|s| s.success() == success)
    };
    let health = |status| job.health.status == status;
    let facts = [
        (EventKind::ExitSuccess, ended(true)),
        (EventKind::ExitFailed, ended(false)),
        (EventKind::Stopped, job.complete()),
        (EventKind::Healthy, health(HealthStatus::Healthy)),
        (EventKind::Unhealthy, health(HealthStatus::Unhealthy)),
    ];
    facts.contains(&(kind, true))
}
