//! What has already been, for a job that joins late.

use super::Supervisor;
use crate::{
    Event, EventKind, Source,
    job::{HealthStatus, Job},
    watch::Watch,
};

impl Supervisor {
    /// Whether the event has happened, and still holds.
    pub(super) fn happened(&self, event: &Event) -> bool {
        match &event.source {
            Source::Global => self.happened_globally(event.kind),
            Source::Job(name) => self.job(name).is_some_and(|job| job_fact(job, event.kind)),
            Source::Watch(name) => {
                let mut named = self.watches.iter().filter(|w| w.spec.name == *name);
                named.any(|watch| watch_fact(watch, event.kind))
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

fn watch_fact(watch: &Watch, kind: EventKind) -> bool {
    let Some(known) = &watch.known else {
        return false;
    };
    let facts = [
        (EventKind::Changed, !known.is_empty()),
        (EventKind::Healthy, watch.is_well()),
        (EventKind::Unhealthy, !watch.is_well()),
        (EventKind::Stale, watch.stale().is_some()),
    ];
    facts.contains(&(kind, true))
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
