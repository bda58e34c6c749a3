//! What a catalog can be told of a service beyond its place.

use pilot_core::spec::{CheckKind, OutOfService, ServiceCheck, TaggedAddress, Weights};

use super::{Ground, choices, word};
use crate::{
    raw::{RawAgentCheck, RawJob},
    value::Spanned,
};

const MAINTENANCE: [(&str, OutOfService); 2] = [
    ("deregister", OutOfService::Withdrawn),
    ("mark", OutOfService::Marked),
];

/// The highest weight that Consul takes.
const HEAVIEST: i64 = 65_535;

pub(super) fn maintenance(raw: &RawJob<'_>, ground: Ground<'_>) -> OutOfService {
    let Some(written) = &raw.maintenance else {
        return OutOfService::default();
    };
    word(&written.value, &MAINTENANCE).unwrap_or_else(|| {
        let name = raw.called();
        let reason = format!("cannot use `{}` as job[{name}].maintenance", written.value);
        let hint = choices(&MAINTENANCE);
        ground.findings.hinted(written.span, reason, hint);
        OutOfService::default()
    })
}

pub(super) fn weights(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Weights> {
    let written = raw.weights.as_ref()?;
    let weight = |number: Option<&Spanned<i64>>, word: &str, least: i64| {
        let Some(number) = number else {
            return 1;
        };
        if (least..=HEAVIEST).contains(&number.value) {
            return u32::try_from(number.value).unwrap_or(1);
        }
        let name = raw.called();
        let reason = format!("job[{name}].weights.{word} must be {least} to {HEAVIEST}");
        ground.findings.error(number.span, reason);
        1
    };
    Some(Weights {
        passing: weight(written.passing.as_ref(), "passing", 1),
        warning: weight(written.warning.as_ref(), "warning", 0),
    })
}

pub(super) fn tagged_addresses(
    raw: &RawJob<'_>,
    port: u16,
    ground: Ground<'_>,
) -> Vec<TaggedAddress> {
    let name = raw.called();
    let mut all = Vec::new();
    for written in &raw.tagged_addresses {
        let what = format!("job[{name}].taggedAddresses.{}", written.tag);
        let Some(address) = written.address.clone().filter(|text| !text.is_empty()) else {
            let reason = format!("{what} has no address");
            let hint = "write it as \"HOST:PORT\", or as {address, port}";
            ground.findings.hinted(written.span, reason, hint);
            continue;
        };
        let port = match &written.port {
            None => Some(port),
            Some(port) => ground.port(port, &format!("{what}.port")),
        };
        let Some(port) = port else {
            continue;
        };
        let tag = written.tag.clone();
        all.push(TaggedAddress { tag, address, port });
    }
    all
}

pub(super) fn checks(raw: &RawJob<'_>, ground: Ground<'_>) -> Vec<ServiceCheck> {
    let name = raw.called();
    let mut all: Vec<ServiceCheck> = Vec::new();
    for (number, written) in raw.consul.checks.iter().enumerate() {
        let what = format!("job[{name}].consul.checks[{number}]");
        let Some(check) = check(written, &what, ground) else {
            continue;
        };
        if all.iter().any(|known| known.name == check.name) {
            let reason = format!(
                "{what}: there is another check with the name `{}`",
                check.name
            );
            ground
                .findings
                .hinted(written.span, reason, "give each its own `name`");
        }
        all.push(check);
    }
    all
}

fn check(raw: &RawAgentCheck, what: &str, ground: Ground<'_>) -> Option<ServiceCheck> {
    let kinds = [&raw.http, &raw.tcp, &raw.alias];
    if kinds.iter().filter(|kind| kind.is_some()).count() != 1 {
        let reason = format!("{what} must have one of `http`, `tcp` and `alias`");
        ground.findings.error(raw.span, reason);
        return None;
    }
    let span = |written: &Option<Spanned<String>>, key: &str| {
        let written = written.as_ref()?;
        ground.span_of_time(written, &format!("{what}.{key}"))
    };
    let (interval, timeout) = (
        span(&raw.interval, "interval"),
        span(&raw.timeout, "timeout"),
    );
    let (kind, usual) = if let Some(url) = &raw.http {
        let kind = CheckKind::Http {
            url: url.value.clone(),
            method: raw.method.as_ref().map(|method| method.value.clone()),
            headers: raw
                .headers
                .iter()
                .map(|(key, value)| (key.value.clone(), value.clone()))
                .collect(),
            verify: raw.verify.as_ref().is_none_or(|verify| verify.value),
        };
        (kind, "http")
    } else if let Some(tcp) = &raw.tcp {
        let address = tcp.value.clone();
        (CheckKind::Tcp { address }, "tcp")
    } else {
        let service = raw.alias.as_ref()?.value.clone();
        (CheckKind::Alias { service }, "alias")
    };
    if interval.is_none() && raw.interval.is_none() && usual != "alias" {
        let reason = format!("{what} needs an `interval`");
        ground
            .findings
            .hinted(raw.span, reason, "such as `interval: \"10s\"`");
    }
    let name = raw.name.as_ref().map(|name| name.value.clone());
    Some(ServiceCheck {
        name: name.unwrap_or_else(|| usual.to_owned()),
        kind,
        interval,
        timeout,
    })
}
