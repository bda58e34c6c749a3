//! How things stand, as plain data for whoever shows it.

use std::time::Duration;

use crate::{
    ExitStatus, JobName, Sight, Supervisor, TemplateName, Time, WatchName,
    job::{Catalog, HealthStatus, Job, State, StopPhase},
    spec::{Role, Status as CatalogStatus, Subject},
    supervisor::Life,
    template,
};

/// How everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The jobs, in the order of the configuration.
    pub jobs: Vec<JobStatus>,
    /// The watches, in the order of the configuration.
    pub watches: Vec<WatchStatus>,
    /// The templates, in the order of the configuration.
    pub templates: Vec<TemplateStatus>,
    /// Whether maintenance is on.
    pub maintenance: bool,
    /// Whether the helper is stopping.
    pub stopping: bool,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// Its name.
    pub name: JobName,
    /// What its end means for the container.
    pub role: Role,
    /// Where it is in its life, in one word.
    pub state: &'static str,
    /// Its process.
    pub pid: Option<u32>,
    /// How long its present run lasts.
    pub uptime: Option<Duration>,
    /// How many runs it has had beyond the first.
    pub restarts: u32,
    /// How its last run ended.
    pub last_exit: Option<ExitStatus>,
    /// Its health as `/status` of ContainerPilot 3 words it: unknown, healthy, unhealthy,
    /// maintenance.
    pub health: &'static str,
    /// How long that has been so; without a check, how long it has had its present life.
    pub health_for: Duration,
    /// Whether it has a health check, with a command or without.
    pub checked: bool,
    /// What its last check said.
    pub last_check: Option<CheckStatus>,
    /// Its status in the catalog, as ordered; none is not in it.
    pub catalog: Option<CatalogStatus>,
    /// The service it stands for.
    pub service: Option<Service>,
    /// What it does next by itself, and when.
    pub next: Option<(&'static str, Time)>,
}

/// The service a job stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its identity in the catalog.
    pub id: String,
    /// Its address.
    pub address: String,
    /// Its port.
    pub port: u16,
}

/// What a check said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStatus {
    /// When it ended.
    pub at: Time,
    /// How long it took.
    pub took: Duration,
    /// Its last lines.
    pub output: String,
}

/// How a watch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchStatus {
    /// Its name.
    pub name: WatchName,
    /// What it looks at.
    pub subject: Subject,
    /// What it sees, and was told; none before the first answer.
    pub sight: Option<Sight>,
    /// Whether that is enough: unknown, healthy, unhealthy.
    pub health: &'static str,
    /// Why what it sees may be old, if so.
    pub stale: Option<String>,
    /// Whether a change waits for the end of a burst.
    pub settling: bool,
}

/// How a template stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateStatus {
    /// Its name.
    pub name: TemplateName,
    /// The file it is rendered to.
    pub destination: String,
    /// Where it is in its life, in one word.
    pub state: &'static str,
    /// What it waits for, or why it failed.
    pub detail: String,
    /// How often it was rendered.
    pub renders: u32,
}

impl Supervisor {
    /// Tells how everything stands.
    pub fn status(&self, now: Time) -> Status {
        Status {
            jobs: self
                .jobs
                .iter()
                .map(|job| self.job_status(job, now))
                .collect(),
            watches: self.watches.iter().map(watch_status).collect(),
            templates: self.templates.iter().map(template_status).collect(),
            maintenance: self.maintenance,
            stopping: matches!(self.life, Life::Stopping(_) | Life::Exited),
        }
    }

    fn job_status(&self, job: &Job, now: Time) -> JobStatus {
        let run = job.run().filter(|run| run.alive());
        JobStatus {
            name: job.name().clone(),
            role: job.spec.role,
            state: state_word(&job.state),
            pid: run.and_then(|run| run.pid),
            uptime: run.map(|run| now - run.started_at),
            restarts: job.runs.saturating_sub(1),
            last_exit: job.last_exit,
            health: self.health_word(job),
            health_for: now - job.health.since,
            checked: job.spec.health.is_some(),
            last_check: job.health.last.as_ref().map(|last| CheckStatus {
                at: last.at,
                took: last.took,
                output: last.output.clone(),
            }),
            catalog: match job.catalog {
                Catalog::Out => None,
                Catalog::In(status) => Some(status),
            },
            service: job.spec.service.as_ref().map(|service| Service {
                id: service.id.clone(),
                address: service.address.clone(),
                port: service.port,
            }),
            next: next_of(job, self.maintenance),
        }
    }

    fn health_word(&self, job: &Job) -> &'static str {
        if self.maintenance {
            return "maintenance";
        }
        match job.health.status {
            HealthStatus::Unknown => "unknown",
            HealthStatus::Healthy => "healthy",
            HealthStatus::Unhealthy => "unhealthy",
        }
    }
}

/// Every word that the state of a job can have, with what it means.
pub const STATE_WORDS: &[(&str, &str)] = &[
    ("waiting", "for its start event, or for its address"),
    ("idle", "between two runs"),
    ("backing-off", "before a restart"),
    ("running", "its process is there"),
    ("up", "without a process"),
    ("withdrawing", "leaving the catalog"),
    ("draining", "letting clients take notice"),
    ("hooks", "waiting for the jobs that run on its `stopping`"),
    ("ending", "waiting for its processes to be gone"),
    ("held", "stopped by hand"),
    ("complete", "over for good"),
    ("superseded", "giving way to a new configuration"),
];

fn state_word(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "waiting",
        State::Idle => "idle",
        State::BackingOff { .. } => "backing-off",
        State::Running { .. } => "running",
        State::Up => "up",
        State::Stopping(stop) => match stop.phase {
            StopPhase::Withdrawing { .. } => "withdrawing",
            StopPhase::Draining { .. } => "draining",
            StopPhase::Hooks { .. } => "hooks",
            StopPhase::Ending => "ending",
        },
        State::Held => "held",
        State::Complete(_) => "complete",
        State::Superseded(_) => "superseded",
    }
}

/// What a job does next by itself; in maintenance nothing is checked.
fn next_of(job: &Job, maintenance: bool) -> Option<(&'static str, Time)> {
    let check = job.health.next_check_at();
    let own = job.deadline();
    let address = job.address_deadline();
    match (check, own) {
        (_, own) if own.is_some() && own == address => own.map(|at| ("gives up", at)),
        (Some(check), Some(own)) if check <= own => (!maintenance).then_some(("check", check)),
        (_, own) => own.map(|at| (deadline_word(&job.state), at)),
    }
}

fn deadline_word(state: &State) -> &'static str {
    match state {
        State::Waiting {
            give_up_at: Some(_),
        } => "gives up",
        State::BackingOff { .. } => "restart",
        State::Waiting { give_up_at: None } | State::Idle => "run",
        State::Running { .. } => "timeout or tick",
        State::Stopping(stop) => match stop.phase {
            StopPhase::Withdrawing { .. } => "goes on without the catalog",
            StopPhase::Draining { .. } => "signal",
            StopPhase::Hooks { .. } => "goes on without hooks",
            StopPhase::Ending => "kill",
        },
        State::Up | State::Held | State::Complete(_) | State::Superseded(_) => "tick",
    }
}

fn watch_status(watch: &crate::watch::Watch) -> WatchStatus {
    WatchStatus {
        name: watch.spec.name.clone(),
        subject: watch.spec.subject.clone(),
        sight: watch.known.clone(),
        health: match watch.known {
            None => "unknown",
            Some(_) if watch.is_well() => "healthy",
            Some(_) => "unhealthy",
        },
        stale: watch.stale().map(str::to_owned),
        settling: watch.unsettled.is_some(),
    }
}

fn template_status(template: &template::Template) -> TemplateStatus {
    let (state, detail) = match &template.state {
        template::State::Blocked { missing } => ("blocked", missing.join(", ")),
        template::State::Settling { .. } => ("settling", String::new()),
        template::State::Rendering => ("rendering", String::new()),
        template::State::Checking { path, .. } => ("checking", path.clone()),
        template::State::Installing => ("installing", String::new()),
        template::State::Written => ("written", String::new()),
        template::State::Reconfiguring => ("reconfiguring", String::new()),
        template::State::Settled => ("settled", String::new()),
        template::State::Failed { reason, .. } => ("failed", reason.clone()),
        template::State::Ceased => ("ceased", String::new()),
    };
    TemplateStatus {
        name: template.spec.name.clone(),
        destination: template.spec.destination.clone(),
        state,
        detail,
        renders: template.renders,
    }
}
