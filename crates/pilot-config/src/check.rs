//! What was written to what it means, one file per section of the user's documentation.

pub(crate) mod catalog;
mod cycle;
mod etcd;
mod health;
mod job;
mod registration;
mod restarts;
mod section;
mod service;
mod telemetry;
mod template;
mod trigger;
mod v2;
mod watch;
mod when;
mod zookeeper;

use std::{cell::RefCell, time::Duration};

use pilot_core::Spec;

use crate::{
    Catalog, Config, Selection, World, duration,
    findings::Findings,
    raw::{Raw, v2::RawV2},
    value::{Spanned, Value},
};
pub use job::OWN_NAME;
use trigger::Triggers;

/// What a check stands on.
#[derive(Clone, Copy)]
struct Ground<'a> {
    world: &'a World<'a>,
    findings: &'a Findings,
    /// How the addresses of jobs are chosen, as far as they are.
    selections: &'a RefCell<Vec<Selection>>,
}

/// Makes the configuration; none where an error keeps it from being one.
pub(crate) fn config(document: &Value, world: &World<'_>, findings: &Findings) -> Option<Config> {
    let selections = RefCell::default();
    let ground = Ground {
        world,
        findings,
        selections: &selections,
    };
    let config = if RawV2::is_meant(document, !world.program.is_empty()) {
        v2::config(&RawV2::decode(document, findings)?, ground)?
    } else {
        v3(document, ground)?
    };
    Some(Config {
        selections: selections.into_inner(),
        ..config
    })
}

fn v3(document: &Value, ground: Ground<'_>) -> Option<Config> {
    let findings = ground.findings;
    let raw = Raw::decode(document, findings)?;
    let jobs: Vec<job::Checked> = raw.jobs.iter().map(|raw| job::check(raw, ground)).collect();
    let watches = watch::check_all(&raw.watches, ground);
    let telemetry = raw
        .telemetry
        .as_ref()
        .and_then(|raw| telemetry::check(raw, true, ground));
    let logging = section::logging(&raw.logging, ground);
    Triggers {
        jobs: &jobs,
        raw: &raw,
        logging: &logging,
    }
    .check(ground);
    job::check_together(&raw.jobs, raw.telemetry.is_some(), ground);
    let templates = template::check_all(&raw.templates, &raw.jobs, ground);
    let catalog = catalog::check(&raw, &jobs, ground);
    let (telemetry, own_job) = telemetry.unzip();
    let mut spec = Spec {
        jobs: jobs.into_iter().map(|checked| checked.spec).collect(),
        watches,
        templates,
        stop_timeout: stop_timeout(raw.stop_timeout.as_ref()),
        ..Spec::default()
    };
    spec.jobs.extend(own_job);
    Some(Config {
        addresses: service::variables(&spec.jobs),
        spec,
        catalog: catalog.unwrap_or(Catalog::None),
        logging,
        control: section::control(&raw.control, ground),
        telemetry,
        ..Config::default()
    })
}

/// Takes the seconds of the top level: none and 0 mean the default, less means no waiting at all.
fn stop_timeout(seconds: Option<&Spanned<i64>>) -> Duration {
    match seconds.map_or(0, |seconds| seconds.value) {
        0 => Spec::STOP_TIMEOUT,
        seconds => Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
    }
}

impl Ground<'_> {
    /// Reads a duration, or reports that it is none.
    fn duration(self, text: &Spanned<String>, what: &str) -> Option<duration::Nanos> {
        let read = duration::parse(&text.value);
        let report = |reason| {
            self.findings.error(
                text.span,
                format!("unable to parse {what} '{}': {reason}", text.value),
            );
        };
        read.map_err(report).ok()
    }

    /// Reads a duration that cannot be negative.
    fn span_of_time(self, text: &Spanned<String>, what: &str) -> Option<Duration> {
        let nanos = self.duration(text, what)?;
        if nanos < 0 {
            self.findings.error(
                text.span,
                format!("{what} '{}' cannot be negative", text.value),
            );
            return None;
        }
        Some(duration::clamp(nanos))
    }

    /// Reads a port.
    fn port(self, port: &Spanned<i64>, what: &str) -> Option<u16> {
        let read = u16::try_from(port.value);
        let report = |_| {
            let reason = format!(
                "cannot use {} as {what}: not between 0 and 65535",
                port.value
            );
            self.findings.error(port.span, reason);
        };
        read.map_err(report).ok()
    }

    /// Reads permission bits, which are written in octal as text.
    fn permissions(self, text: &Spanned<String>, what: &str) -> Option<u32> {
        let digits = text.value.strip_prefix("0o").unwrap_or(&text.value);
        let octal = digits.bytes().all(|digit| digit.is_ascii_digit());
        let bits = u32::from_str_radix(digits, 8)
            .ok()
            .filter(|bits| octal && *bits <= 0o7777);
        if bits.is_none() {
            let reason = format!("cannot use `{}` as {what}: not permission bits", text.value);
            self.findings.hinted(
                text.span,
                reason,
                "write octal digits as text, such as \"0640\"",
            );
        }
        bits
    }
}

/// Takes out a text.
fn text(text: Option<&Spanned<String>>) -> Option<String> {
    text.map(|text| text.value.clone())
}

/// Reads a word of a table whatever its letter case.
fn word<T: Copy>(written: &str, words: &[(&'static str, T)]) -> Option<T> {
    let lower = written.to_lowercase();
    words
        .iter()
        .find(|(word, _)| *word == lower)
        .map(|(_, value)| *value)
}

/// Lists the words of a table.
fn choices<T>(words: &[(&'static str, T)]) -> String {
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    format!("one of {}", words.join(", "))
}
