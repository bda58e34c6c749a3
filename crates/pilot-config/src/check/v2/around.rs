//! What runs beside the application: tasks, coprocesses and sensors.

use std::time::Duration;

use pilot_core::spec::{
    Beat, Command, First, InMaintenance, JobSpec, Leaves, OnReload, Output, Overlap, Restarts, When,
};

use super::Around;
use crate::{
    check::{Ground, restarts, text},
    duration,
    raw::v2::{RawCoprocess, RawSensor, RawTask},
    value::{Span, Spanned, Value},
};

pub(super) fn tasks(raw: &[RawTask<'_>], around: &mut Around<'_>) -> Vec<JobSpec> {
    raw.iter()
        .filter_map(|task| self::task(task, around))
        .collect()
}

fn task(raw: &RawTask<'_>, around: &mut Around<'_>) -> Option<JobSpec> {
    let ground = around.ground;
    let missing = "Task did not provide a command";
    let argv = required(raw.command, raw.name.span, missing, ground);
    let frequency = match &raw.frequency {
        Some(written) => at_least_a_millisecond("frequency", written, ground),
        None => {
            let reason = "Unable to parse frequency : time: invalid duration ";
            let hint = "add how often it runs, such as `\"frequency\": \"1m\"`";
            ground.findings.hinted(raw.name.span, reason, hint);
            None
        }
    };
    let timeout = match &raw.timeout {
        Some(written) => at_least_a_millisecond("timeout", written, ground),
        None => frequency,
    };
    let job = periodic(
        around.names.give("task", &raw.name.text),
        frequency?,
        around,
    );
    Some(JobSpec {
        exec: Some(Command::new(argv?)),
        timeout: Some(timeout?),
        ..job
    })
}

fn at_least_a_millisecond(
    what: &str,
    written: &Spanned<String>,
    ground: Ground<'_>,
) -> Option<Duration> {
    let text = &written.value;
    let read =
        duration::parse(text).map_err(|reason| format!("Unable to parse {what} {text}: {reason}"));
    let long_enough = read.and_then(|nanos| {
        let capital = if what == "timeout" {
            "Timeout"
        } else {
            "Frequency"
        };
        let short = || format!("{capital} {text} cannot be less that 1ms");
        (nanos >= duration::SHORTEST)
            .then_some(nanos)
            .ok_or_else(short)
    });
    let report = |reason| ground.findings.error(written.span, reason);
    long_enough.map(duration::clamp).map_err(report).ok()
}

/// A job that runs for the first time when one period is over, and never in maintenance.
fn periodic(name: pilot_core::JobName, period: Duration, around: &Around<'_>) -> JobSpec {
    JobSpec {
        when: When::Every(Beat {
            period,
            first: First::AfterOne,
        }),
        after: around.gate(),
        restarts: Restarts::Unlimited,
        overlap: Overlap::Skip,
        maintenance: InMaintenance::Pauses,
        ..around.companion(name)
    }
}

pub(super) fn coprocesses(raw: &[RawCoprocess<'_>], around: &mut Around<'_>) -> Vec<JobSpec> {
    raw.iter()
        .filter_map(|coprocess| self::coprocess(coprocess, around))
        .collect()
}

fn coprocess(raw: &RawCoprocess<'_>, around: &mut Around<'_>) -> Option<JobSpec> {
    let ground = around.ground;
    let missing = "Coprocess did not provide a command";
    let argv = required(raw.command, raw.name.span, missing, ground);
    let restarts = raw.restarts.map_or(Some(Restarts::NEVER), |value| {
        let report = |_| {
            let reason = format!(
                "Invalid 'restarts' field \"{}\": accepts positive integers, \"unlimited\" or \
                 \"never\"",
                restarts::written(value)
            );
            ground.findings.error(value.head(), reason);
        };
        restarts::read(value).map_err(report).ok()
    });
    let argv = argv?;
    let name = if raw.name.text.is_empty() {
        let program = argv.first().map_or("", String::as_str);
        program.rsplit('/').next().unwrap_or(program)
    } else {
        &raw.name.text
    };
    let name = around.names.give("coprocess", name);
    let job = around.companion(name);
    Some(JobSpec {
        exec: Some(Command::new(argv)),
        restarts: restarts?,
        // An agent of the catalog is one of these, and must hear that the services are out.
        leaves: Leaves::Last,
        reload: OnReload::Renews,
        ..job
    })
}

pub(super) fn sensors(raw: &[RawSensor<'_>], around: &mut Around<'_>) -> Vec<JobSpec> {
    raw.iter()
        .filter_map(|sensor| self::sensor(sensor, around))
        .collect()
}

fn sensor(raw: &RawSensor<'_>, around: &mut Around<'_>) -> Option<JobSpec> {
    let ground = around.ground;
    let metric = &raw.metric;
    let parts = [&metric.namespace, &metric.subsystem, &metric.name];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|part| text(part.as_ref()))
        .collect();
    let name = parts.join("_");
    let refusal = format!("could not parse check in sensor {name}");
    let argv = match raw.check {
        Some(value) => ground.command(value, &refusal),
        None => {
            let reason = format!("{refusal}: received zero-length argument");
            let hint = "add the command that prints the value, as `check`";
            ground.findings.hinted(metric.span, reason, hint);
            None
        }
    };
    let what = format!("`poll` must be > 0 in sensor {name}");
    let poll = ground.period(raw.poll.as_ref(), metric.span, false, &what);
    let timeout = ground.limit(raw.timeout.as_ref(), &refusal);
    let job = periodic(around.names.give("sensor", &name), poll, around);
    Some(JobSpec {
        exec: Some(Command {
            output: Output::Metric(name),
            ..Command::new(argv?)
        }),
        timeout,
        ..job
    })
}

/// Reads a command that must be there.
fn required(
    value: Option<&Value>,
    entry: Span,
    missing: &str,
    ground: Ground<'_>,
) -> Option<Vec<String>> {
    let Some(value) = value else {
        ground.findings.error(entry, missing);
        return None;
    };
    ground.command(value, missing)
}
