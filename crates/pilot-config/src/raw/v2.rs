//! Files of ContainerPilot 1 and 2 as they are written.

use super::{
    RawCatalog, RawControl, RawEtcd, RawLogging, RawMetric, RawServiceExtras, RawTelemetry, listed,
    seconds_of_a_stop, section::some_of,
};
use crate::{
    Dialect,
    decode::Fields,
    findings::Findings,
    value::{Kind, Member, Span, Spanned, Value},
};

/// A whole configuration as it was written.
pub(crate) struct RawV2<'v> {
    pub(crate) span: Span,
    pub(crate) catalog: Option<RawCatalog>,
    pub(crate) etcd: Option<RawEtcd>,
    pub(crate) logging: RawLogging,
    pub(crate) control: RawControl,
    pub(crate) stop_timeout: Option<Spanned<i64>>,
    pub(crate) pre_start: Option<&'v Member>,
    pub(crate) on_start: Option<&'v Member>,
    pub(crate) pre_stop: Option<&'v Member>,
    pub(crate) post_stop: Option<&'v Member>,
    pub(crate) services: Vec<RawService<'v>>,
    pub(crate) backends: Vec<RawBackend<'v>>,
    pub(crate) tasks: Vec<RawTask<'v>>,
    pub(crate) coprocesses: Vec<RawCoprocess<'v>>,
    pub(crate) telemetry: Option<RawTelemetry<'v>>,
    pub(crate) sensors: Vec<RawSensor<'v>>,
}

/// Keys that only files of ContainerPilot 1 and 2 have.
pub(super) const OWN_KEYS: [&str; 9] = [
    "services",
    "backends",
    "preStart",
    "onStart",
    "preStop",
    "postStop",
    "tasks",
    "coprocesses",
    "etcd",
];

/// Keys that they never have.
const FOREIGN_KEYS: [&str; 3] = ["jobs", "watches", "templates"];

/// Finds the key that tells which dialect a document is written in, if one does.
pub(crate) fn telling_key(document: &Value) -> Option<(Dialect, &Spanned<String>)> {
    let Kind::Object(members) = &document.kind else {
        return None;
    };
    if let Some(member) = FOREIGN_KEYS.iter().find_map(|key| document.member(key)) {
        return Some((Dialect::V3, &member.key));
    }
    let is_own = |member: &&Member| {
        OWN_KEYS
            .iter()
            .any(|key| key.eq_ignore_ascii_case(&member.key.value))
    };
    let telemetry = document.member("telemetry");
    let sensors = telemetry.and_then(|member| member.value.member("sensors"));
    let own = members.iter().find(is_own).or(sensors)?;
    Some((Dialect::V2, &own.key))
}

impl<'v> RawV2<'v> {
    /// Whether a document is meant to be one of these: it has a key that only they have, or it
    /// says nothing either way and there is a program to wrap.
    pub(crate) fn is_meant(document: &Value, has_program: bool) -> bool {
        match telling_key(document) {
            Some((dialect, _)) => dialect == Dialect::V2,
            None => has_program && matches!(document.kind, Kind::Object(_)),
        }
    }

    /// Takes a document for a configuration.
    pub(crate) fn decode(document: &'v Value, findings: &Findings) -> Option<Self> {
        let mut fields = Fields::open(document, "", findings)?;
        let (telemetry, sensors) = telemetry(&mut fields).unzip();
        let raw = Self {
            span: fields.span(),
            catalog: RawCatalog::of(fields.take("consul"), fields.take("catalog"), findings),
            etcd: RawEtcd::version_2(&mut fields),
            logging: fields
                .object("logging")
                .map_or_else(RawLogging::default, RawLogging::decode),
            control: fields
                .object("control")
                .map_or_else(RawControl::default, RawControl::decode),
            stop_timeout: fields
                .value("stopTimeout")
                .and_then(|value| seconds_of_a_stop(value, findings)),
            pre_start: fields.take("preStart"),
            on_start: fields.take("onStart"),
            pre_stop: fields.take("preStop"),
            post_stop: fields.take("postStop"),
            services: entries(&mut fields, "services", RawService::decode),
            backends: entries(&mut fields, "backends", RawBackend::decode),
            tasks: entries(&mut fields, "tasks", RawTask::decode),
            coprocesses: entries(&mut fields, "coprocesses", RawCoprocess::decode),
            telemetry,
            sensors: sensors.unwrap_or_default(),
        };
        super::unknown(fields);
        Some(raw)
    }
}

fn entries<'v, 'f, T>(
    fields: &mut Fields<'v, 'f>,
    name: &'static str,
    decode: fn(Fields<'v, 'f>) -> T,
) -> Vec<T> {
    let findings = fields.findings();
    let member = fields.take(name);
    member.map_or_else(Vec::new, |member| listed(member, name, findings, decode))
}

/// A service as it is written.
pub(crate) struct RawService<'v> {
    pub(crate) name: Name,
    pub(crate) poll: Option<Spanned<i64>>,
    pub(crate) ttl: Option<Spanned<i64>>,
    pub(crate) port: Option<Spanned<i64>>,
    pub(crate) health: Option<&'v Value>,
    pub(crate) timeout: Option<Spanned<String>>,
    pub(crate) interfaces: Option<&'v Member>,
    pub(crate) tags: Vec<String>,
    pub(crate) consul: RawServiceExtras,
    /// Whether something in it could not be read, so that what is missing may not be.
    pub(crate) broken: bool,
}

impl<'v> RawService<'v> {
    fn decode(mut fields: Fields<'v, '_>) -> Self {
        let findings = fields.findings();
        let count = findings.count();
        let mut service = Self {
            name: Name::take("services", &mut fields),
            poll: fields.number("poll"),
            ttl: fields.number("ttl"),
            port: fields.number("port"),
            health: fields.value("health"),
            timeout: fields.filled("timeout"),
            interfaces: fields.take("interfaces"),
            tags: fields
                .texts("tags")
                .map(|tags| tags.value)
                .unwrap_or_default(),
            consul: fields
                .object("consul")
                .map_or_else(RawServiceExtras::default, RawServiceExtras::decode),
            broken: false,
        };
        service.broken = findings.count() > count;
        fields.finish();
        service
    }
}

/// A backend as it is written.
pub(crate) struct RawBackend<'v> {
    pub(crate) name: Name,
    pub(crate) on_change: Option<&'v Value>,
    pub(crate) poll: Option<Spanned<i64>>,
    pub(crate) tag: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<String>>,
    /// Whether something in it could not be read, so that what is missing may not be.
    pub(crate) broken: bool,
}

impl<'v> RawBackend<'v> {
    fn decode(mut fields: Fields<'v, '_>) -> Self {
        let findings = fields.findings();
        let count = findings.count();
        let mut backend = Self {
            name: Name::take("backends", &mut fields),
            on_change: fields.value("onChange"),
            poll: fields.number("poll"),
            tag: fields.filled("tag"),
            timeout: fields.filled("timeout"),
            broken: false,
        };
        backend.broken = findings.count() > count;
        fields.finish();
        backend
    }
}

/// A task as it is written.
pub(crate) struct RawTask<'v> {
    pub(crate) name: Name,
    pub(crate) command: Option<&'v Value>,
    pub(crate) frequency: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<String>>,
}

impl<'v> RawTask<'v> {
    fn decode(mut fields: Fields<'v, '_>) -> Self {
        let task = Self {
            name: Name::take("tasks", &mut fields),
            command: fields.value("command"),
            frequency: fields.filled("frequency"),
            timeout: fields.filled("timeout"),
        };
        fields.finish();
        task
    }
}

/// A coprocess as it is written.
pub(crate) struct RawCoprocess<'v> {
    pub(crate) name: Name,
    pub(crate) command: Option<&'v Value>,
    pub(crate) restarts: Option<&'v Value>,
}

impl<'v> RawCoprocess<'v> {
    fn decode(mut fields: Fields<'v, '_>) -> Self {
        let coprocess = Self {
            name: Name::take("coprocesses", &mut fields),
            command: fields.value("command"),
            restarts: fields.value("restarts"),
        };
        fields.finish();
        coprocess
    }
}

/// A sensor as it is written: its metric stands among those of the telemetry.
pub(crate) struct RawSensor<'v> {
    pub(crate) metric: RawMetric,
    pub(crate) poll: Option<Spanned<i64>>,
    pub(crate) check: Option<&'v Value>,
    pub(crate) timeout: Option<Spanned<String>>,
}

impl<'v> RawSensor<'v> {
    fn decode(mut fields: Fields<'v, '_>) -> Self {
        let sensor = Self {
            metric: RawMetric::take(&mut fields),
            poll: fields.number("poll"),
            check: fields.value("check"),
            timeout: fields.filled("timeout"),
        };
        fields.finish();
        sensor
    }
}

fn telemetry<'v>(fields: &mut Fields<'v, '_>) -> Option<(RawTelemetry<'v>, Vec<RawSensor<'v>>)> {
    let findings = fields.findings();
    let mut fields = fields.object("telemetry")?;
    let sensors = fields.value("sensors").map_or_else(Vec::new, |value| {
        some_of(value, "sensors", findings, RawSensor::decode)
    });
    let telemetry = RawTelemetry {
        span: fields.span(),
        port: fields.number("port"),
        interfaces: fields.take("interfaces"),
        wait_for_address: None,
        tags: fields
            .texts("tags")
            .map(|tags| tags.value)
            .unwrap_or_default(),
        metrics: sensors.iter().map(|sensor| sensor.metric.clone()).collect(),
        what: "sensor",
    };
    fields.finish();
    Some((telemetry, sensors))
}

/// The name of an entry, or where one is missing.
pub(crate) struct Name {
    pub(crate) text: String,
    /// Where it is written, or else the entry.
    pub(crate) span: Span,
    /// The place of the entry, such as `services[0]`.
    place: String,
}

impl Name {
    /// What messages call the entry: its name, or its place if that is blank.
    pub(crate) fn called(&self) -> &str {
        if self.text.trim().is_empty() {
            &self.place
        } else {
            &self.text
        }
    }

    fn take(list: &str, fields: &mut Fields<'_, '_>) -> Self {
        let entry = fields.span();
        let written = fields.text("name");
        Self {
            span: written.as_ref().map_or(entry, |name| name.span),
            text: written.map(|name| name.value).unwrap_or_default(),
            place: format!("{list}{}", fields.path()),
        }
    }
}
