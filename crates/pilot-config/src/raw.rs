//! What a user may write: every key there is, and the type each is read as.
//!
//! These types say what was written and where. What it means, and whether it can work, is for
//! [`crate::check`] to say.

mod etcd;
mod job;
mod registration;
mod section;
mod template;
pub(crate) mod v2;
mod when;
mod zookeeper;

pub(crate) use etcd::RawEtcd;
pub(crate) use job::{Essential, RawBackoff, RawHealth, RawJob};
pub(crate) use registration::{RawAgentCheck, RawServiceExtras, RawTaggedAddress, RawWeights};
pub(crate) use section::{
    RawCatalog, RawConsul, RawControl, RawLogging, RawMetric, RawTelemetry, RawTls, RawWatch,
};
pub(crate) use template::{RawOnChange, RawTemplate, RawWait};
pub(crate) use when::{RawCondition, RawWhen};
pub(crate) use zookeeper::RawZookeeper;

use crate::{
    decode::{Fields, number},
    findings::Findings,
    spelling,
    value::{Kind, Member, Span, Spanned, Value},
};

/// A whole configuration as it was written.
#[derive(Default)]
pub(crate) struct Raw<'v> {
    pub(crate) span: Span,
    pub(crate) catalog: Option<RawCatalog>,
    pub(crate) logging: RawLogging,
    pub(crate) stop_timeout: Option<Spanned<i64>>,
    pub(crate) control: RawControl,
    pub(crate) jobs: Vec<RawJob<'v>>,
    pub(crate) watches: Vec<RawWatch>,
    pub(crate) templates: Vec<RawTemplate<'v>>,
    pub(crate) telemetry: Option<RawTelemetry<'v>>,
}

impl<'v> Raw<'v> {
    /// Takes a document for a configuration.
    pub(crate) fn decode(document: &'v Value, findings: &Findings) -> Option<Self> {
        if document.is_null() {
            return Some(Self {
                span: document.span,
                ..Self::default()
            });
        }
        if let Some(reason) = not_an_object(document) {
            findings.error(document.head(), reason);
            return None;
        }
        let fields = Fields::open(document, "", findings)?;
        Some(Self::sections(fields))
    }

    fn sections(mut fields: Fields<'v, '_>) -> Self {
        let raw = Self {
            span: fields.span(),
            logging: section(&mut fields, "logging")
                .map_or_else(RawLogging::default, RawLogging::decode),
            stop_timeout: stop_timeout(&mut fields),
            catalog: RawCatalog::decode(&mut fields),
            control: section(&mut fields, "control")
                .map_or_else(RawControl::default, RawControl::decode),
            jobs: entries(&mut fields, "jobs", RawJob::decode),
            watches: entries(&mut fields, "watches", RawWatch::decode),
            templates: entries(&mut fields, "templates", RawTemplate::decode),
            telemetry: section(&mut fields, "telemetry").map(RawTelemetry::decode),
        };
        for later in ["locks", "roles", "snapshots", "zookeeper"] {
            refuse(&mut fields, later);
        }
        unknown(fields);
        raw
    }
}

fn not_an_object(document: &Value) -> Option<String> {
    let got = match document.kind {
        Kind::Object(_) | Kind::Null => return None,
        Kind::Bool(_) => "bool",
        Kind::Number(_) => "number",
        Kind::Text(_) => "string",
        Kind::List(_) => "array",
    };
    let into = "into Go value of type map[string]interface {}";
    Some(format!(
        "could not parse configuration: json: cannot unmarshal {got} {into}"
    ))
}

fn section<'v, 'f>(fields: &mut Fields<'v, 'f>, name: &'static str) -> Option<Fields<'v, 'f>> {
    let member = fields.take_exact(name)?;
    Fields::open(&member.value, name, fields.findings())
}

fn stop_timeout(fields: &mut Fields<'_, '_>) -> Option<Spanned<i64>> {
    let member = fields.take_exact("stopTimeout")?;
    seconds_of_a_stop(&member.value, fields.findings())
}

fn seconds_of_a_stop(value: &Value, findings: &Findings) -> Option<Spanned<i64>> {
    match number(value, "stopTimeout") {
        Ok(seconds) => Some(Spanned::new(value.span, seconds)),
        Err(reason) => {
            let hint = "the top-level `stopTimeout` is a number of seconds";
            findings.hinted(value.head(), reason, hint);
            None
        }
    }
}

fn entries<'v, 'f, T>(
    fields: &mut Fields<'v, 'f>,
    name: &'static str,
    decode: fn(Fields<'v, 'f>) -> T,
) -> Vec<T> {
    let findings = fields.findings();
    let member = fields.take_exact(name);
    member.map_or_else(Vec::new, |member| listed(member, name, findings, decode))
}

fn listed<'v, 'f, T>(
    member: &'v Member,
    name: &str,
    findings: &'f Findings,
    decode: fn(Fields<'v, 'f>) -> T,
) -> Vec<T> {
    let Kind::List(items) = &member.value.kind else {
        let got = member.value.go_kind();
        let reason =
            format!("unable to parse {name}: source data must be an array or slice, got {got}");
        findings.error(member.value.head(), reason);
        return Vec::new();
    };
    let mut entries = Vec::new();
    for item in items {
        if item.is_null() {
            findings.warn(
                item.span,
                format!("an empty entry of `{name}` has no effect"),
            );
        } else {
            // ContainerPilot 3 drops empty entries before it counts.
            let path = format!("[{}]", entries.len());
            entries.extend(Fields::open(item, &path, findings).map(decode));
        }
    }
    entries
}

fn refuse(fields: &mut Fields<'_, '_>, name: &'static str) {
    if let Some(member) = fields.take_exact(name) {
        let reason = format!("cannot use key `{name}`: not supported yet");
        fields.findings().error(member.key.span, reason);
    }
}

fn unknown(fields: Fields<'_, '_>) {
    let findings = fields.findings();
    let (left, known) = fields.left();
    let names: Vec<&str> = left
        .iter()
        .map(|member| member.key.value.as_str())
        .collect();
    let names = names.join(" ");
    for member in left {
        let name = &member.key.value;
        let reason = format!("cannot use key `{name}`: unknown config keys: [{names}]");
        let hint = if v2::OWN_KEYS.contains(&name.as_str()) {
            let hint = "a key of ContainerPilot 1 and 2, which does not go with keys of 3; see \
                        `containerpilot migrate`";
            Some(hint.to_owned())
        } else {
            spelling::hint(name, known.iter().copied())
        };
        findings.guessed(member.key.span, reason, hint);
    }
}
