//! The health check of a job.

use std::time::Duration;

use pilot_core::spec::{Command, HealthSpec};

use super::{Ground, job};
use crate::{
    command, duration,
    raw::{RawHealth, RawJob},
};

pub(super) fn check(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<HealthSpec> {
    let name = raw.called();
    let advertised = raw.port.as_ref().filter(|port| port.value != 0);
    let Some(health) = &raw.health else {
        if let Some(port) = advertised.filter(|_| name != job::OWN_NAME) {
            let reason = format!("job[{name}].health must be set if 'port' is set");
            ground.findings.error(port.span, reason);
        }
        return None;
    };
    let interval = seconds(health, "interval", name, ground);
    let ttl = seconds(health, "ttl", name, ground);
    if let (true, Some(interval), Some(ttl)) = (advertised.is_some(), interval, ttl) {
        check_ttl(health, interval, ttl, name, ground);
    }
    let interval = interval.unwrap_or_default();
    Some(HealthSpec {
        exec: exec(raw, health, ground),
        interval,
        timeout: timeout(health, interval, name, ground),
    })
}

/// Reads one of the two times that every check needs.
fn seconds(
    raw: &RawHealth<'_>,
    key: &'static str,
    name: &str,
    ground: Ground<'_>,
) -> Option<Duration> {
    let written = if key == "ttl" {
        &raw.ttl
    } else {
        &raw.interval
    };
    let seconds = written.as_ref().map_or(0, |seconds| seconds.value);
    if seconds >= 1 {
        return u64::try_from(seconds).ok().map(Duration::from_secs);
    }
    if !raw.broken {
        let at = written.as_ref().map_or(raw.span, |seconds| seconds.span);
        ground
            .findings
            .error(at, format!("job[{name}].health.{key} must be > 0"));
    }
    None
}

/// A status must live longer than the time to its next report, or it lapses between the two.
fn check_ttl(
    raw: &RawHealth<'_>,
    interval: Duration,
    ttl: Duration,
    name: &str,
    ground: Ground<'_>,
) {
    let at = raw.ttl.as_ref().map_or(raw.span, |ttl| ttl.span);
    let (i, t) = (interval.as_secs(), ttl.as_secs());
    let hint = format!("use at least {} seconds", i.saturating_mul(2));
    if ttl < interval {
        let reason = format!(
            "job[{name}].health.ttl cannot hold: it is {t} seconds, and a check comes every {i}"
        );
        ground.findings.hinted(at, reason, hint);
    } else if t.saturating_mul(2) <= i.saturating_mul(3) {
        let reason = format!(
            "job[{name}].health.ttl is tight: it is {t} seconds, and a check comes every {i}"
        );
        ground.findings.warn_hinted(at, reason, hint);
    }
}

fn exec(raw: &RawJob<'_>, health: &RawHealth<'_>, ground: Ground<'_>) -> Option<Command> {
    let value = health.exec?;
    match command::arguments(value) {
        Ok(argv) => Some(job::surround(argv, raw, health.raw_output)),
        Err(reason) => {
            let reason = format!(
                "unable to create job[{}].health.exec: {reason}",
                raw.called()
            );
            ground.findings.error(value.head(), reason);
            None
        }
    }
}

/// A check may take until the next one is due, unless it says otherwise.
fn timeout(
    raw: &RawHealth<'_>,
    interval: Duration,
    name: &str,
    ground: Ground<'_>,
) -> Option<Duration> {
    let Some(written) = &raw.timeout else {
        return Some(interval);
    };
    match duration::parse(&written.value) {
        Ok(nanos) => duration::limit(nanos),
        Err(reason) => {
            let text = &written.value;
            let reason = format!("could not parse job[{name}].health.timeout '{text}': {reason}");
            ground.findings.error(written.span, reason);
            None
        }
    }
}
