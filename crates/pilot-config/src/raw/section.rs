//! The sections beside jobs and templates, as they are written.

use super::etcd::RawEtcd;
use super::zookeeper::RawZookeeper;
use crate::{
    decode::Fields,
    findings::Findings,
    value::{Kind, Member, Span, Spanned, Value},
};

/// The catalog as it is written.
pub(crate) enum RawCatalog {
    None {
        span: Span,
    },
    Consul(Box<RawConsul>),
    Etcd(Box<RawEtcd>),
    Embedded {
        address: Option<Spanned<String>>,
    },
    Zookeeper(Box<RawZookeeper>),
    /// Something that is no catalog; it has been reported.
    Broken,
}

/// A Consul agent as it is written.
pub(crate) struct RawConsul {
    pub(crate) span: Span,
    /// Whether all of it is one text, in which a scheme may stand before the address.
    pub(crate) short: bool,
    pub(crate) address: Option<Spanned<String>>,
    pub(crate) scheme: Option<Spanned<String>>,
    pub(crate) token: Option<Spanned<String>>,
    pub(crate) token_file: Option<Spanned<String>>,
    pub(crate) datacenter: Option<Spanned<String>>,
    pub(crate) namespace: Option<Spanned<String>>,
    pub(crate) partition: Option<Spanned<String>>,
    pub(crate) max_stale: Option<Spanned<String>>,
    pub(crate) wait: Option<Spanned<String>>,
    pub(crate) tls: RawTls,
}

/// How to speak TLS, as it is written.
#[derive(Default)]
pub(crate) struct RawTls {
    pub(crate) ca_file: Option<Spanned<String>>,
    pub(crate) ca_path: Option<Spanned<String>>,
    pub(crate) client_cert: Option<Spanned<String>>,
    pub(crate) client_key: Option<Spanned<String>>,
    pub(crate) server_name: Option<Spanned<String>>,
    pub(crate) verify: Option<Spanned<bool>>,
}

const NO_BACKEND: &str = "no discovery backend defined";

impl RawCatalog {
    pub(super) fn decode(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let short = fields.take_exact("consul");
        let long = fields.take_exact("catalog");
        Self::of(short, long, fields.findings())
    }

    /// Takes the catalog from its two keys, of which there may be one.
    pub(super) fn of(
        short: Option<&Member>,
        long: Option<&Member>,
        findings: &Findings,
    ) -> Option<Self> {
        match (short, long) {
            (None, None) => None,
            (Some(member), None) => Some(Self::consul(&member.value, "consul", findings)),
            (None, Some(member)) => Some(Self::catalog(&member.value, findings)),
            (Some(_), Some(member)) => {
                let reason = "cannot use `catalog` beside `consul`: there is one catalog";
                findings.error(member.key.span, reason);
                Some(Self::Broken)
            }
        }
    }

    fn consul(value: &Value, path: &str, findings: &Findings) -> Self {
        let consul = match &value.kind {
            Kind::Text(text) => Some(RawConsul::short(value.span, text)),
            Kind::Object(_) => Fields::open(value, path, findings).map(RawConsul::decode),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) => {
                let reason = format!("{NO_BACKEND}: `{path}` is neither text nor object");
                findings.hinted(value.head(), reason, "write `consul: \"localhost:8500\"`");
                None
            }
        };
        consul.map_or(Self::Broken, |consul| Self::Consul(Box::new(consul)))
    }

    fn catalog(value: &Value, findings: &Findings) -> Self {
        let (word, inner) = match &value.kind {
            Kind::Text(word) => (word.as_str(), None),
            Kind::Object(members) if members.len() == 1 => {
                (members[0].key.value.as_str(), Some(&members[0]))
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Object(_) => {
                ("", None)
            }
        };
        match (word, inner) {
            ("none", None) => Self::None { span: value.span },
            ("consul", None) => Self::Consul(Box::new(RawConsul::short(value.span, ""))),
            ("consul", Some(member)) => Self::consul(&member.value, "catalog.consul", findings),
            ("embedded", None) => Self::Embedded { address: None },
            ("embedded", Some(member)) => Self::embedded(member, findings),
            ("etcd", Some(member)) => RawEtcd::catalog(&member.value, findings)
                .map_or(Self::Broken, |etcd| Self::Etcd(Box::new(etcd))),
            ("etcd", None) => {
                let reason = "cannot use the catalog `etcd`: its endpoints are missing";
                let hint = "write `catalog: { etcd: \"localhost:2379\" }`";
                findings.hinted(value.head(), reason, hint);
                Self::Broken
            }
            ("zookeeper", Some(member)) => RawZookeeper::read(&member.value, findings)
                .map_or(Self::Broken, |zookeeper| {
                    Self::Zookeeper(Box::new(zookeeper))
                }),
            ("zookeeper", None) => Self::Zookeeper(Box::new(RawZookeeper::empty(value.span))),
            _ => {
                let reason = "cannot use this as `catalog`: not a catalog";
                let hint = "one of \"none\", \"embedded\", {embedded: {address}}, {consul: {…}}, \
                            {etcd: {…}}, {zookeeper: {…}}";
                findings.hinted(value.head(), reason, hint);
                Self::Broken
            }
        }
    }

    fn embedded(member: &Member, findings: &Findings) -> Self {
        if member.value.is_null() {
            return Self::Embedded { address: None };
        }
        let Some(mut fields) = Fields::open(&member.value, "catalog.embedded", findings) else {
            return Self::Broken;
        };
        let address = fields.filled("address");
        fields.finish();
        Self::Embedded { address }
    }
}

impl RawConsul {
    fn short(span: Span, address: &str) -> Self {
        Self {
            span,
            short: true,
            address: Some(Spanned::new(span, address.to_owned())),
            scheme: None,
            token: None,
            token_file: None,
            datacenter: None,
            namespace: None,
            partition: None,
            max_stale: None,
            wait: None,
            tls: RawTls::default(),
        }
    }

    fn decode(mut fields: Fields<'_, '_>) -> Self {
        let consul = Self {
            span: fields.span(),
            short: false,
            address: fields.filled("address"),
            scheme: fields.filled("scheme"),
            token: fields.filled("token"),
            token_file: fields.filled("tokenFile"),
            datacenter: fields.filled("datacenter"),
            namespace: fields.filled("namespace"),
            partition: fields.filled("partition"),
            max_stale: fields.filled("maxStale"),
            wait: fields.filled("wait"),
            tls: fields
                .object("tls")
                .map_or_else(RawTls::default, RawTls::decode),
        };
        fields.finish();
        consul
    }
}

impl RawTls {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let tls = Self {
            ca_file: fields.filled("cafile"),
            ca_path: fields.filled("capath"),
            client_cert: fields.filled("clientcert"),
            client_key: fields.filled("clientkey"),
            server_name: fields.filled("servername"),
            verify: fields.truth("verify"),
        };
        fields.finish();
        tls
    }
}

/// The log as it is written.
#[derive(Default)]
pub(crate) struct RawLogging {
    pub(crate) level: Option<Spanned<String>>,
    pub(crate) format: Option<Spanned<String>>,
    pub(crate) output: Option<Spanned<String>>,
}

impl RawLogging {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let logging = Self {
            level: fields.filled("level"),
            format: fields.filled("format"),
            output: fields.filled("output"),
        };
        fields.finish();
        logging
    }
}

/// The control socket as it is written.
#[derive(Default)]
pub(crate) struct RawControl {
    pub(crate) socket: Option<Spanned<String>>,
    pub(crate) mode: Option<Spanned<String>>,
    pub(crate) group: Option<Spanned<String>>,
}

impl RawControl {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let control = Self {
            socket: fields.text("socket"),
            mode: fields.filled("mode"),
            group: fields.filled("group"),
        };
        fields.finish();
        control
    }
}

/// A watch as it is written.
pub(crate) struct RawWatch {
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) service: Option<Spanned<String>>,
    pub(crate) key: Option<Spanned<String>>,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) file: Option<Spanned<String>>,
    pub(crate) interval: Option<Spanned<i64>>,
    pub(crate) tag: Option<Spanned<String>>,
    pub(crate) dc: Option<Spanned<String>>,
    pub(crate) near: Option<Spanned<String>>,
    pub(crate) filter: Option<Spanned<String>>,
    pub(crate) debounce: Option<Spanned<String>>,
    pub(crate) min: Option<Spanned<i64>>,
    pub(crate) on_empty: Option<Spanned<String>>,
    /// Whether something in it could not be read, so that what is missing may not be.
    pub(crate) broken: bool,
}

impl RawWatch {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let findings = fields.findings();
        let count = findings.count();
        let mut watch = Self {
            span: fields.span(),
            name: fields.text("name"),
            interval: fields.number("interval"),
            tag: fields.filled("tag"),
            dc: fields.filled("dc"),
            service: fields.filled("service"),
            // One that is empty is no watch of a service either.
            key: fields.text("key"),
            prefix: fields.text("prefix"),
            file: fields.text("file"),
            near: fields.filled("near"),
            filter: fields.filled("filter"),
            debounce: fields.filled("debounce"),
            min: fields.number("min"),
            on_empty: fields.filled("onEmpty"),
            broken: false,
        };
        fields.ignore(&["serviceName"]);
        watch.broken = findings.count() > count;
        fields.finish();
        watch
    }

    /// Whether it looks at a service, which it does unless it says otherwise.
    pub(crate) fn is_of_service(&self) -> bool {
        self.key.is_none() && self.prefix.is_none() && self.file.is_none()
    }
}

/// The metrics server as it is written.
pub(crate) struct RawTelemetry<'v> {
    pub(crate) span: Span,
    pub(crate) port: Option<Spanned<i64>>,
    pub(crate) interfaces: Option<&'v Member>,
    pub(crate) wait_for_address: Option<Spanned<String>>,
    pub(crate) tags: Vec<String>,
    pub(crate) metrics: Vec<RawMetric>,
    /// What messages call one of its metrics.
    pub(crate) what: &'static str,
}

/// A metric as it is written.
#[derive(Clone)]
pub(crate) struct RawMetric {
    pub(crate) span: Span,
    pub(crate) namespace: Option<Spanned<String>>,
    pub(crate) subsystem: Option<Spanned<String>>,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) help: Option<Spanned<String>>,
    pub(crate) kind: Option<Spanned<String>>,
}

impl<'v> RawTelemetry<'v> {
    pub(super) fn decode(mut fields: Fields<'v, '_>) -> Self {
        let telemetry = Self {
            span: fields.span(),
            port: fields.number("port"),
            interfaces: fields.take("interfaces"),
            wait_for_address: fields.filled("waitForAddress"),
            tags: fields
                .texts("tags")
                .map(|tags| tags.value)
                .unwrap_or_default(),
            metrics: metrics(&mut fields),
            what: "metric",
        };
        fields.finish();
        telemetry
    }
}

fn metrics(fields: &mut Fields<'_, '_>) -> Vec<RawMetric> {
    let findings = fields.findings();
    let value = fields.value("metrics");
    value.map_or_else(Vec::new, |value| {
        some_of(value, "metrics", findings, RawMetric::decode)
    })
}

/// Reads a list of objects, or one.
pub(super) fn some_of<'v, 'f, T>(
    value: &'v Value,
    name: &str,
    findings: &'f Findings,
    decode: fn(Fields<'v, 'f>) -> T,
) -> Vec<T> {
    let items = match &value.kind {
        Kind::List(items) => items.as_slice(),
        // The weak mode of mapstructure takes one object for a list of one.
        Kind::Object(_) => std::slice::from_ref(value),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
            let got = value.go_kind();
            let reason = format!("'{name}': source data must be an array or slice, got {got}");
            findings.error(value.head(), reason);
            &[]
        }
    };
    let open = |(at, item)| Fields::open(item, &format!("{name}[{at}]"), findings);
    items
        .iter()
        .enumerate()
        .filter_map(open)
        .map(decode)
        .collect()
}

impl RawMetric {
    fn decode(mut fields: Fields<'_, '_>) -> Self {
        let metric = Self::take(&mut fields);
        fields.finish();
        metric
    }

    /// Takes what says which metric it is, and leaves the rest.
    pub(super) fn take(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            span: fields.span(),
            namespace: fields.filled("namespace"),
            subsystem: fields.filled("subsystem"),
            name: fields.filled("name"),
            help: fields.filled("help"),
            kind: fields.filled("type"),
        }
    }
}
