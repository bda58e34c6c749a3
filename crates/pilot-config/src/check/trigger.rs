//! Whether the events that start jobs can ever come.

use pilot_core::{
    EventKind, JobName, Signal, Source,
    spec::{Condition, When},
};

use super::{
    Ground, cycle,
    job::{Checked, OWN_NAME},
    template,
    when::Mention,
};
use crate::{
    LogOutput, Logging,
    raw::{Raw, RawJob},
    spelling,
};

/// All that can send events, and all that wait for them.
pub(super) struct Triggers<'a, 'v> {
    pub(super) jobs: &'a [Checked],
    pub(super) raw: &'a Raw<'v>,
    pub(super) logging: &'a Logging,
}

impl Triggers<'_, '_> {
    pub(super) fn check(&self, ground: Ground<'_>) {
        let mut impossible = vec![false; self.jobs.len()];
        for (job, impossible) in self.jobs.iter().zip(&mut impossible) {
            for mention in &job.mentions {
                if let Some((reason, hint)) = self.fault(mention) {
                    let reason = format!("cannot start job[{}]: {reason}", job.spec.name);
                    ground.findings.guessed(mention.span, reason, hint);
                    *impossible = true;
                }
            }
            *impossible |= job.trigger_is_broken;
        }
        self.check_starts(&impossible, ground);
        self.check_stops(ground);
    }

    /// Says why an event can never come.
    fn fault(&self, mention: &Mention) -> Option<(String, Option<String>)> {
        let kind = mention.event.kind;
        match &mention.event.source {
            Source::Signal(signal) => self.signal_fault(*signal).map(|reason| (reason, None)),
            Source::Global => global_fault(kind),
            Source::Job(name) => match self.find(name) {
                Some(job) => job_fault(job, kind),
                None if name.as_str() == OWN_NAME && self.raw.telemetry.is_some() => None,
                None => Some(self.unknown(name.as_str())),
            },
            Source::Check(name) => match self.find(name) {
                Some(job) => check_fault(job, kind),
                None => Some(self.unknown(&format!("check.{name}"))),
            },
            Source::Watch(name) => {
                let known = |watch: &str| watch == name.as_str();
                if self.watches().any(known) {
                    return watch_fault(kind);
                }
                Some(self.unknown(&format!("watch.{name}")))
            }
            Source::Template(name) => {
                if self.templates().any(|template| template == name.as_str()) {
                    return template_fault(kind);
                }
                Some(self.unknown(&format!("template.{name}")))
            }
        }
    }

    fn find(&self, name: &JobName) -> Option<&RawJob<'_>> {
        self.raw
            .jobs
            .iter()
            .find(|job| job.called() == name.as_str())
    }

    fn watches(&self) -> impl Iterator<Item = &str> {
        let names = self
            .raw
            .watches
            .iter()
            .filter_map(|watch| watch.name.as_ref());
        names.map(|name| name.value.as_str())
    }

    fn templates(&self) -> impl Iterator<Item = &str> {
        self.raw.templates.iter().filter_map(template::called)
    }

    fn unknown(&self, written: &str) -> (String, Option<String>) {
        let jobs = self
            .raw
            .jobs
            .iter()
            .map(RawJob::called)
            .filter(|name| !name.is_empty());
        let jobs: Vec<&str> = jobs.collect();
        let mut known: Vec<String> = jobs.iter().map(|name| (*name).to_owned()).collect();
        known.extend(self.watches().map(|name| format!("watch.{name}")));
        known.extend(self.templates().map(|name| format!("template.{name}")));
        known.extend(jobs.iter().map(|name| format!("check.{name}")));
        known.extend(["global", "SIGHUP", "SIGUSR2"].map(str::to_owned));
        let ending = format!(".{written}");
        let prefixed = known.iter().find(|name| name.ends_with(&ending));
        let hint = match prefixed {
            Some(name) => Some(format!("did you mean `{name}`?")),
            None => spelling::hint(written, known.iter().map(String::as_str)),
        };
        (format!("its source `{written}` does not exist"), hint)
    }

    fn signal_fault(&self, signal: Signal) -> Option<String> {
        match signal {
            Signal::TERM | Signal::INT => Some(format!("{signal} stops the container")),
            Signal::KILL | Signal(19) => Some(format!("{signal} cannot be caught")),
            Signal(17) => Some(format!(
                "{signal} tells of ended processes, and is not passed on"
            )),
            Signal::USR1 if matches!(self.logging.output, LogOutput::File(_)) => {
                Some(format!("{signal} reopens the log file"))
            }
            _ => None,
        }
    }

    /// Reports jobs that wait for each other, so that none of them ever starts.
    fn check_starts(&self, excused: &[bool], ground: Ground<'_>) {
        let mut starts = excused.to_vec();
        loop {
            let ready = |at: &usize| !starts[*at] && self.may_start(*at, &starts);
            let more: Vec<usize> = (0..starts.len()).filter(ready).collect();
            if more.is_empty() {
                break;
            }
            more.into_iter().for_each(|at| starts[at] = true);
        }
        let waits = |at: usize| -> Vec<usize> {
            let mentions = self.jobs[at].mentions.iter().filter(|_| !starts[at]);
            let needed = mentions
                .filter_map(|mention| self.needs(mention.event.kind, &mention.event.source));
            needed.filter(|at| !starts[*at]).collect()
        };
        let edges: Vec<Vec<usize>> = (0..starts.len()).map(waits).collect();
        self.report(&edges, "can never start", ground);
    }

    fn may_start(&self, at: usize, starts: &[bool]) -> bool {
        match &self.jobs[at].spec.when {
            When::Every(_) | When::OnSignal(_) => true,
            When::Once(condition) | When::Each(condition) => self.may_hold(condition, starts),
        }
    }

    fn may_hold(&self, condition: &Condition, starts: &[bool]) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.may_hold(part, starts)),
            Condition::Any(parts) => parts.iter().any(|part| self.may_hold(part, starts)),
            Condition::Event(event) => self
                .needs(event.kind, &event.source)
                .is_none_or(|at| starts[at]),
        }
    }

    /// Finds the job that must have started for an event to come.
    fn needs(&self, kind: EventKind, source: &Source) -> Option<usize> {
        let name = match source {
            Source::Job(name) | Source::Check(name) => name,
            Source::Global | Source::Watch(_) | Source::Template(_) | Source::Signal(_) => {
                return None;
            }
        };
        match kind {
            EventKind::ExitSuccess
            | EventKind::ExitFailed
            | EventKind::Healthy
            | EventKind::Unhealthy
            | EventKind::Error => self.position(name),
            // A job that never started stops all the same, and may give up waiting.
            EventKind::Stopping
            | EventKind::Stopped
            | EventKind::Changed
            | EventKind::Stale
            | EventKind::Fresh
            | EventKind::TimerExpired
            | EventKind::EnterMaintenance
            | EventKind::ExitMaintenance
            | EventKind::Quit
            | EventKind::Startup
            | EventKind::Shutdown
            | EventKind::Signal => None,
        }
    }

    fn position(&self, name: &JobName) -> Option<usize> {
        self.jobs.iter().position(|job| job.spec.name == *name)
    }

    /// Reports jobs that wait for each other to stop.
    fn check_stops(&self, ground: Ground<'_>) {
        let waits = |job: &Checked| -> Vec<usize> {
            let stops = |mention: &&Mention| {
                matches!(mention.event.kind, EventKind::Stopping | EventKind::Stopped)
            };
            let after = |mention: &Mention| match &mention.event.source {
                Source::Job(name) => self.position(name),
                Source::Global
                | Source::Check(_)
                | Source::Watch(_)
                | Source::Template(_)
                | Source::Signal(_) => None,
            };
            job.mentions
                .iter()
                .filter(stops)
                .filter_map(after)
                .collect()
        };
        let edges: Vec<Vec<usize>> = self.jobs.iter().map(waits).collect();
        self.report(&edges, "can never stop", ground);
    }

    fn report(&self, edges: &[Vec<usize>], what: &str, ground: Ground<'_>) {
        for circle in cycle::circles(edges) {
            let name = |at: &usize| format!("job[{}]", self.jobs[*at].spec.name);
            let first = &self.jobs[circle[0]];
            let reason = if circle.len() == 1 {
                format!("{} {what}: it waits for itself", name(&circle[0]))
            } else {
                let around = circle.iter().skip(1).chain(&circle[..1]);
                let around: Vec<String> = around.map(name).collect();
                format!(
                    "{} {what}: it waits for {}",
                    name(&circle[0]),
                    around.join(", which waits for ")
                )
            };
            let next = circle.get(1).unwrap_or(&circle[0]);
            let next = &self.jobs[*next].spec.name;
            let span = first
                .mentions
                .iter()
                .find(|mention| match &mention.event.source {
                    Source::Job(name) | Source::Check(name) => name == next,
                    Source::Global | Source::Watch(_) | Source::Template(_) | Source::Signal(_) => {
                        false
                    }
                });
            let span = span.map_or(self.raw.span, |mention| mention.span);
            ground.findings.error(span, reason);
        }
    }
}

type Fault = Option<(String, Option<String>)>;

fn global_fault(kind: EventKind) -> Fault {
    match kind {
        EventKind::Startup | EventKind::EnterMaintenance | EventKind::ExitMaintenance => None,
        EventKind::Shutdown => {
            let hint = "wait for a job instead: `{source: \"<job>\", once: \"stopping\"}`";
            Some((
                "on `shutdown` every job stops, and none starts".to_owned(),
                Some(hint.to_owned()),
            ))
        }
        EventKind::ExitSuccess
        | EventKind::ExitFailed
        | EventKind::Stopping
        | EventKind::Stopped
        | EventKind::Healthy
        | EventKind::Unhealthy
        | EventKind::Changed
        | EventKind::Stale
        | EventKind::Fresh
        | EventKind::TimerExpired
        | EventKind::Error
        | EventKind::Quit
        | EventKind::Signal => Some(foreign(
            "`global`",
            kind,
            "startup, enterMaintenance, exitMaintenance",
        )),
    }
}

fn watch_fault(kind: EventKind) -> Fault {
    let is_own = is_seen(kind) || matches!(kind, EventKind::Stale | EventKind::Fresh);
    let events = "changed, healthy, unhealthy, stale, fresh";
    (!is_own).then(|| foreign("a watch", kind, events))
}

fn template_fault(kind: EventKind) -> Fault {
    let events = "changed, healthy, unhealthy";
    (!is_seen(kind)).then(|| foreign("a template", kind, events))
}

fn is_seen(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Changed | EventKind::Healthy | EventKind::Unhealthy
    )
}

fn check_fault(job: &RawJob<'_>, kind: EventKind) -> Fault {
    if !matches!(
        kind,
        EventKind::ExitSuccess | EventKind::ExitFailed | EventKind::Error
    ) {
        return Some(foreign("a health check", kind, "exitSuccess, exitFailed"));
    }
    let runs = job
        .health
        .as_ref()
        .is_some_and(|health| health.exec.is_some() || health.broken);
    let reason = || {
        format!(
            "job[{}] has no 'health.exec', so its check runs nothing",
            job.called()
        )
    };
    (!runs).then(|| (reason(), None))
}

fn job_fault(job: &RawJob<'_>, kind: EventKind) -> Fault {
    let name = job.called();
    let within = job.when.as_ref().is_some_and(|when| when.timeout.is_some());
    let (possible, lack) = match kind {
        EventKind::ExitSuccess | EventKind::ExitFailed => (job.exec.is_some(), "'exec'"),
        EventKind::Healthy | EventKind::Unhealthy => {
            (job.health.is_some() || name == OWN_NAME, "'health'")
        }
        EventKind::TimerExpired => (within || job.stop_timeout.is_some(), "'when.timeout'"),
        EventKind::Stopping | EventKind::Stopped | EventKind::Error => (true, ""),
        EventKind::Changed
        | EventKind::Stale
        | EventKind::Fresh
        | EventKind::EnterMaintenance
        | EventKind::ExitMaintenance
        | EventKind::Quit
        | EventKind::Startup
        | EventKind::Shutdown
        | EventKind::Signal => {
            let events =
                "exitSuccess, exitFailed, healthy, unhealthy, stopping, stopped, timerExpired";
            return Some(foreign("a job", kind, events));
        }
    };
    (!possible).then(|| {
        (
            format!("job[{name}] has no {lack}, so `{kind}` never comes"),
            None,
        )
    })
}

/// Says that the event belongs to another kind of source.
fn foreign(what: &str, kind: EventKind, events: &str) -> (String, Option<String>) {
    (
        format!("{what} has no event `{kind}`"),
        Some(format!("it has {events}")),
    )
}
