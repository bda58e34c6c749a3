//! What a catalog can be told of a service beyond its place, as it is written.

use crate::{
    decode::Fields,
    findings::Findings,
    value::{Kind, Member, Span, Spanned, Value},
};

/// Weights as they are written.
pub(crate) struct RawWeights {
    pub(crate) passing: Option<Spanned<i64>>,
    pub(crate) warning: Option<Spanned<i64>>,
}

impl RawWeights {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let weights = Self {
            passing: fields.number("passing"),
            warning: fields.number("warning"),
        };
        fields.finish();
        weights
    }
}

/// An address for a network as it is written: an object, or `HOST:PORT`.
pub(crate) struct RawTaggedAddress {
    pub(crate) span: Span,
    pub(crate) tag: String,
    pub(crate) address: Option<String>,
    /// None takes the port of the service.
    pub(crate) port: Option<Spanned<i64>>,
}

impl RawTaggedAddress {
    pub(super) fn decode_all(fields: &mut Fields<'_, '_>) -> Vec<Self> {
        let path = format!("{}.taggedAddresses", fields.path());
        let findings = fields.findings();
        let Some(value) = fields.value("taggedAddresses") else {
            return Vec::new();
        };
        let Kind::Object(members) = &value.kind else {
            let hint = "write `taggedAddresses: { wan: \"1.2.3.4:80\" }`";
            findings.hinted(value.head(), format!("`{path}` must be an object"), hint);
            return Vec::new();
        };
        let read = |member| Self::decode(member, &path, findings);
        members.iter().filter_map(read).collect()
    }

    fn decode(member: &Member, path: &str, findings: &Findings) -> Option<Self> {
        let (span, tag) = (member.value.head(), member.key.value.clone());
        let path = format!("{path}.{tag}");
        if let Kind::Text(text) = &member.value.kind {
            let (address, port) = split_port(text);
            return Some(Self {
                span,
                tag,
                address: Some(address.to_owned()),
                port: port.map(|port| Spanned::new(span, port)),
            });
        }
        let mut fields = Fields::open(&member.value, &path, findings)?;
        let tagged = Self {
            span,
            tag,
            address: fields.filled("address").map(|address| address.value),
            port: fields.number("port"),
        };
        fields.finish();
        Some(tagged)
    }
}

/// Parts `HOST:PORT`; an IPv6 address with a port has brackets.
fn split_port(text: &str) -> (&str, Option<i64>) {
    let parted = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => Some((host, rest.strip_prefix(':').unwrap_or(rest))),
        None => text.split_once(':').filter(|(_, port)| !port.contains(':')),
    };
    match parted {
        Some((host, "")) => (host, None),
        // What is no number is no port either, and will be told to be wrong.
        Some((host, port)) => (host, Some(port.parse().unwrap_or(-1))),
        None => (text, None),
    }
}

/// A check that the agent is to run, as it is written.
pub(crate) struct RawAgentCheck {
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) http: Option<Spanned<String>>,
    pub(crate) method: Option<Spanned<String>>,
    pub(crate) headers: Vec<(Spanned<String>, String)>,
    pub(crate) verify: Option<Spanned<bool>>,
    pub(crate) tcp: Option<Spanned<String>>,
    pub(crate) alias: Option<Spanned<String>>,
    pub(crate) interval: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<String>>,
}

/// Words for checks that run a program: on the agent's machine, and not in the container.
const PROGRAMS: [&str; 4] = ["args", "script", "exec", "dockerContainerId"];

impl RawAgentCheck {
    fn decode_all(fields: &mut Fields<'_, '_>) -> Vec<Self> {
        let path = format!("{}.checks", fields.path());
        let findings = fields.findings();
        let Some(value) = fields.value("checks") else {
            return Vec::new();
        };
        let Kind::List(items) = &value.kind else {
            let reason = format!("`{path}` must be a list of checks");
            findings.error(value.head(), reason);
            return Vec::new();
        };
        let read = |(number, item)| Self::decode(item, &format!("{path}[{number}]"), findings);
        items.iter().enumerate().filter_map(read).collect()
    }

    fn decode(value: &Value, path: &str, findings: &Findings) -> Option<Self> {
        let mut fields = Fields::open(value, path, findings)?;
        let check = Self {
            span: fields.span(),
            name: fields.filled("name"),
            http: fields.filled("http"),
            method: fields.filled("method"),
            headers: fields.pairs("headers"),
            verify: fields.truth("verify"),
            tcp: fields.filled("tcp"),
            alias: fields.filled("alias"),
            interval: fields.filled("interval"),
            timeout: fields.filled("timeout"),
        };
        for word in PROGRAMS {
            if let Some(member) = fields.take(word) {
                let reason = format!("cannot use `{path}.{word}`: the agent would run a program");
                let hint = "on its own machine; what runs in the container goes into `health.exec`";
                findings.hinted(member.key.span, reason, hint);
            }
        }
        if let Some(member) = fields.take("ttl") {
            let reason = format!("cannot use `{path}.ttl`: nobody would report it");
            findings.hinted(
                member.key.span,
                reason,
                "the TTL of the service is `health.ttl`",
            );
        }
        fields.refuse(&["grpc"]);
        fields.finish();
        Some(check)
    }
}

/// What only Consul knows about a service, as it is written.
#[derive(Default)]
pub(crate) struct RawServiceExtras {
    pub(crate) enable_tag_override: bool,
    pub(crate) deregister_after: Option<Spanned<String>>,
    pub(crate) checks: Vec<RawAgentCheck>,
}

impl RawServiceExtras {
    pub(super) fn decode(mut fields: Fields<'_, '_>) -> Self {
        let extras = Self {
            enable_tag_override: fields
                .truth("enableTagOverride")
                .is_some_and(|truth| truth.value),
            deregister_after: fields.filled("deregisterCriticalServiceAfter"),
            checks: RawAgentCheck::decode_all(&mut fields),
        };
        fields.finish();
        extras
    }
}
