//! Jobs.

use std::{collections::HashMap, time::Duration};

use pilot_core::{
    Signal,
    spec::{Command, JobSpec, Leaves, Output, Overlap, Role, ServiceSpec, StopSpec, When},
};

use super::{Ground, health, restarts, service, text, when};
use crate::{
    command, duration,
    raw::{Essential, RawJob},
    spelling,
    value::{Span, Spanned},
};

/// The job that stands for the helper itself.
pub const OWN_NAME: &str = "containerpilot";

const OVERLAPS: &[(&str, Overlap)] = &[
    ("skip", Overlap::Skip),
    ("queue", Overlap::Queue),
    ("replace", Overlap::Replace),
];

/// A job, and what is still to be asked about it once all the others are known.
pub(super) struct Checked {
    pub(super) spec: JobSpec,
    /// The events that start it, and where each is written.
    pub(super) mentions: Vec<when::Mention>,
    /// Where its port is written, if it stands in the catalog.
    pub(super) advertised_at: Option<Span>,
    /// Whether what starts it is wrong in itself, so that no more can be said about it.
    pub(super) trigger_is_broken: bool,
}

/// Checks a job as far as it can be checked alone.
pub(super) fn check(raw: &RawJob<'_>, ground: Ground<'_>) -> Checked {
    let name = raw.called();
    if name.is_empty() {
        ground
            .findings
            .error(raw.called_at(), "'name' must not be blank");
    }
    let port = raw.port.as_ref().filter(|port| port.value != 0);
    let health = health::check(raw, ground);
    let advertised = port.and_then(|port| service::check(raw, port, ground));
    let (service, address_within) = advertised.map(|it| (it.service, it.address_within)).unzip();
    let trigger = when::check(raw, ground);
    let limits = restarts::check(raw, ground);
    let spec = JobSpec {
        exec: exec(raw, ground),
        after: trigger.after,
        settle: trigger.settle,
        start_within: trigger.within,
        restarts: limits,
        backoff: restarts::backoff(raw, ground),
        timeout: timeout(raw, &trigger.when, ground),
        stop: stop(raw, ground),
        overlap: overlap(raw, &trigger.when, ground),
        role: role(raw),
        leaves: leaves(raw),
        health: health.or_else(|| service.as_ref().and_then(service::own_health)),
        when: trigger.when,
        service,
        address_within: address_within.flatten(),
        ..JobSpec::new(name)
    };
    let advertised_at = port.map(|port| port.span);
    let (mentions, trigger_is_broken) = (trigger.mentions, trigger.broken);
    Checked {
        spec,
        mentions,
        advertised_at,
        trigger_is_broken,
    }
}

fn exec(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Command> {
    let value = raw.exec?;
    match command::arguments(value) {
        Ok(argv) => Some(Command {
            terminal: has_terminal(raw).is_some(),
            ..surround(argv, raw, raw.raw_output)
        }),
        Err(reason) => {
            let reason = format!("unable to create job[{}].exec: {reason}", raw.called());
            ground.findings.error(value.head(), reason);
            None
        }
    }
}

/// Where the job says that it is to have the terminal.
fn has_terminal(raw: &RawJob<'_>) -> Option<Span> {
    let written = raw.terminal.as_ref().filter(|written| written.value);
    written.map(|written| written.span)
}

/// Puts arguments where the job wants to run: its health check runs there as well.
pub(super) fn surround(argv: Vec<String>, raw: &RawJob<'_>, raw_output: bool) -> Command {
    let pair = |(name, value): &(Spanned<String>, String)| (name.value.clone(), value.clone());
    Command {
        argv,
        env: raw.env.iter().map(pair).collect(),
        cwd: text(raw.cwd.as_ref()),
        user: text(raw.user.as_ref()),
        group: text(raw.group.as_ref()),
        output: if raw_output {
            Output::Raw
        } else {
            Output::Logged
        },
        ..Command::default()
    }
}

/// A periodic job may take until its next run, unless it says otherwise.
fn timeout(raw: &RawJob<'_>, when: &When, ground: Ground<'_>) -> Option<Duration> {
    let Some(written) = &raw.timeout else {
        return match when {
            When::Every(beat) => Some(beat.period),
            When::Once(_) | When::Each(_) | When::OnSignal(_) => None,
        };
    };
    let what = format!("job[{}].timeout", raw.called());
    let nanos = ground.duration(written, &what)?;
    if nanos < duration::SHORTEST {
        let reason = format!("{what} '{}' cannot be less than 1ms", written.value);
        ground.findings.error(written.span, reason);
    }
    Some(duration::clamp(nanos))
}

fn stop(raw: &RawJob<'_>, ground: Ground<'_>) -> StopSpec {
    let name = raw.called();
    let timeout = raw.stop_timeout.as_ref().and_then(|written| {
        ground
            .duration(written, &format!("job[{name}].stopTimeout"))
            .map(duration::clamp)
    });
    let drain = raw
        .drain
        .as_ref()
        .and_then(|written| ground.span_of_time(written, &format!("job[{name}].drain")));
    let signal = raw.stop_signal.as_ref().and_then(|written| {
        let signal = Signal::parse(&written.value);
        if signal.is_none() {
            let reason = format!(
                "cannot use `{}` as job[{name}].stopSignal: not a signal",
                written.value
            );
            ground
                .findings
                .hinted(written.span, reason, "write a name such as \"SIGQUIT\"");
        }
        signal
    });
    StopSpec {
        signal: signal.unwrap_or(StopSpec::DEFAULT.signal),
        timeout,
        drain: drain.unwrap_or(StopSpec::DEFAULT.drain),
    }
}

fn overlap(raw: &RawJob<'_>, when: &When, ground: Ground<'_>) -> Overlap {
    let usual = match when {
        When::Every(_) => Overlap::Skip,
        When::Once(_) | When::Each(_) | When::OnSignal(_) => Overlap::Queue,
    };
    let Some(written) = &raw.overlap else {
        return usual;
    };
    let known = super::word(&written.value, OVERLAPS);
    if known.is_none() {
        let reason = format!(
            "cannot use `{}` as job[{}].overlap",
            written.value,
            raw.called()
        );
        ground
            .findings
            .hinted(written.span, reason, super::choices(OVERLAPS));
    }
    known.unwrap_or(usual)
}

/// Checks what only shows when all jobs are known.
pub(super) fn check_together(jobs: &[RawJob<'_>], telemetry: bool, ground: Ground<'_>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut essential: Option<&str> = None;
    let mut terminal: Option<&str> = None;
    for job in jobs {
        let (name, at) = (job.called(), job.called_at());
        if !name.is_empty() && seen.insert(name, at).is_some() {
            let reason = format!("cannot have two jobs with the name `{name}`");
            ground.findings.error(at, reason);
        }
        if telemetry && name == OWN_NAME {
            let reason = format!("cannot have a job with the name `{name}` beside `telemetry`");
            ground
                .findings
                .hinted(at, reason, "the telemetry service has this name");
        }
        check_essential(job, &mut essential, ground);
        if let Some(at) = has_terminal(job) {
            match terminal {
                Some(other) => {
                    let reason = format!("cannot give the terminal to `{name}`: `{other}` has it");
                    ground.findings.error(at, reason);
                }
                None => terminal = Some(name),
            }
        }
    }
}

fn role(raw: &RawJob<'_>) -> Role {
    match raw.essential.as_ref().map(|essential| essential.value) {
        Some(Essential::Yes) => Role::Essential,
        Some(Essential::Failure) => Role::Veto,
        Some(Essential::No) | None => Role::Ordinary,
    }
}

/// An application without a service of its own ends when all services are out of the catalog: one
/// of them may be its own, kept by a job without a process.
fn leaves(raw: &RawJob<'_>) -> Leaves {
    if raw.stop_last.as_ref().is_some_and(|last| last.value) {
        return Leaves::Last;
    }
    match role(raw) {
        Role::Essential if raw.port.is_none() => Leaves::AfterServices,
        Role::Essential | Role::Ordinary | Role::Veto | Role::Companion => Leaves::AtOnce,
    }
}

fn check_essential<'v>(job: &'v RawJob<'_>, first: &mut Option<&'v str>, ground: Ground<'_>) {
    let counts = |essential: &&Spanned<Essential>| essential.value != Essential::No;
    let Some(essential) = job.essential.as_ref().filter(counts) else {
        return;
    };
    let whole = essential.value == Essential::Yes;
    if let (Some(first), true) = (&first, whole) {
        let reason = format!("cannot have two essential jobs: job[{first}] is one already");
        ground.findings.error(essential.span, reason);
    } else if job.exec.is_none() {
        let reason = format!(
            "job[{}] cannot be essential: it has no 'exec' whose end could count",
            job.called()
        );
        ground.findings.error(essential.span, reason);
    }
    if whole {
        first.get_or_insert(job.called());
    }
}

/// Says that no job has the name.
pub(super) fn check_exists(
    name: &Spanned<String>,
    what: &str,
    jobs: &[RawJob<'_>],
    ground: Ground<'_>,
) {
    if !jobs.iter().any(|job| job.called() == name.value) {
        let reason = format!("cannot find job `{}`, which {what} names", name.value);
        let hint = spelling::hint(&name.value, jobs.iter().map(RawJob::called));
        ground.findings.guessed(name.span, reason, hint);
    }
}

/// The service of a job, if it has one.
pub(super) fn service_of(job: &JobSpec) -> Option<(&str, &ServiceSpec)> {
    job.service
        .as_ref()
        .map(|service| (job.name.as_str(), service))
}
