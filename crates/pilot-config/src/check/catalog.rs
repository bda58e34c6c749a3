//! The catalog: which one, where, and whether one is needed.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use regex_lite::Regex;

use super::{Ground, etcd, job, text, zookeeper};
use crate::{
    Catalog, Consul, Embedded, Scheme, Secret, Tls,
    raw::{Raw, RawCatalog, RawConsul, RawTemplate, RawTls},
    value::{Span, Spanned},
};

/// Where an agent listens when nothing says otherwise.
const AGENT: &str = "127.0.0.1:8500";

/// How long a question may be held: a shorter one is a poll, a longer one Consul cuts.
const WAIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

pub(super) fn check(raw: &Raw<'_>, jobs: &[job::Checked], ground: Ground<'_>) -> Option<Catalog> {
    match &raw.catalog {
        Some(RawCatalog::Broken) => None,
        Some(RawCatalog::None { span }) => {
            warn_unused(raw, jobs, *span, ground);
            Some(Catalog::None)
        }
        Some(RawCatalog::Etcd(etcd)) => {
            refuse(raw, "etcd", ground);
            etcd::check(etcd, ground).map(|etcd| Catalog::Etcd(Box::new(etcd)))
        }
        Some(RawCatalog::Embedded { address }) => Some(Catalog::Embedded(Embedded {
            address: text(address.as_ref()),
        })),
        Some(RawCatalog::Zookeeper(own)) => {
            refuse(raw, "ZooKeeper", ground);
            zookeeper::check(own, ground).map(|own| Catalog::Zookeeper(Box::new(own)))
        }
        Some(RawCatalog::Consul(raw)) => {
            consul(raw, ground).map(|consul| Catalog::Consul(Box::new(consul)))
        }
        None => {
            let (at, why) = need(raw, jobs)?;
            let reason = format!("no discovery backend defined{why}");
            let hint = "add `consul: \"localhost:8500\"`, or `catalog: \"none\"` to do without";
            ground.findings.hinted(at, reason, hint);
            None
        }
    }
}

/// Reports what watches and jobs ask for that a catalog of keys and values does not have.
fn refuse(raw: &Raw<'_>, who: &str, ground: Ground<'_>) {
    for watch in &raw.watches {
        let name = watch.name.as_ref().map_or("", |name| &name.value);
        let words = [
            ("dc", &watch.dc, "datacenters", "leave it out"),
            ("near", &watch.near, "notion of who is near", "leave it out"),
            (
                "filter",
                &watch.filter,
                "filters",
                "choose by `tag`: filters are in Consul's language",
            ),
        ];
        for (word, given, what, hint) in words {
            if let Some(given) = given {
                let reason = format!("cannot use watch[{name}].{word}: {who} has no {what}");
                ground.findings.hinted(given.span, reason, hint);
            }
        }
    }
    for job in &raw.jobs {
        if let Some(first) = job.consul.checks.first() {
            let name = job.called();
            let reason =
                format!("cannot use job[{name}].consul.checks: {who} has no agent that runs them");
            let hint = "check it with `health`";
            ground.findings.hinted(first.span, reason, hint);
        }
    }
}

/// Finds what needs a catalog in a configuration that names none.
fn need(raw: &Raw<'_>, jobs: &[job::Checked]) -> Option<(Span, String)> {
    let advertised = jobs.iter().find_map(|job| Some((job.advertised_at?, job)));
    if let Some((span, job)) = advertised {
        return Some((span, format!(", but job[{}] has a 'port'", job.spec.name)));
    }
    let mut asking = raw.watches.iter().filter(|watch| watch.file.is_none());
    if let Some(watch) = asking.next() {
        let name = watch.name.as_ref().map_or("", |name| &name.value);
        return Some((watch.span, format!(", but there is watch[{name}]")));
    }
    if let Some(template) = raw.templates.iter().find(|template| asks_catalog(template)) {
        return Some((
            template.span,
            ", but a template asks for services".to_owned(),
        ));
    }
    raw.jobs.is_empty().then(|| (raw.span, String::new()))
}

/// Says whether the text of a template, where it is known, calls a function of the catalog.
fn asks_catalog(template: &RawTemplate<'_>) -> bool {
    let call = r"\{\{[^}]*\b(service|services|node|nodes|datacenters|key|keyExists|keyOrDefault|key_or_default|ls|safeLs|tree|safeTree)\b\s*[^}]*\}\}";
    let call = Regex::new(call).expect("the pattern is a constant that a test runs");
    template
        .contents
        .as_ref()
        .is_some_and(|contents| call.is_match(&contents.value))
}

fn warn_unused(raw: &Raw<'_>, jobs: &[job::Checked], span: Span, ground: Ground<'_>) {
    let advertised = jobs
        .iter()
        .filter_map(|job| Some((job.advertised_at?, job)));
    for (at, job) in advertised {
        let reason = format!(
            "job[{}] has a 'port', but there is no catalog to announce it in",
            job.spec.name
        );
        ground.findings.warn(at, reason);
    }
    if raw.watches.iter().any(|watch| watch.file.is_none()) {
        ground
            .findings
            .warn(span, "there are watches, but no catalog to watch");
    }
}

pub(super) fn consul(raw: &RawConsul, ground: Ground<'_>) -> Option<Consul> {
    let written = text(raw.address.as_ref()).unwrap_or_default();
    let (address, scheme) = if raw.short {
        let (address, scheme) = strip(&written);
        (address.to_owned(), (!address.is_empty()).then_some(scheme))
    } else {
        let scheme = raw.scheme.as_ref().and_then(|scheme| named(scheme, ground));
        (written, scheme)
    };
    let (address, scheme) = locate(address, scheme, raw.span, ground)?;
    Some(complete(address, scheme, raw, ground))
}

/// Takes one leading scheme off, as ContainerPilot does.
fn strip(written: &str) -> (&str, Scheme) {
    if let Some(rest) = written.strip_prefix("http://") {
        return (rest, Scheme::Http);
    }
    match written.strip_prefix("https://") {
        Some(rest) => (rest, Scheme::Https),
        None => (written, Scheme::Http),
    }
}

fn named(scheme: &Spanned<String>, ground: Ground<'_>) -> Option<Scheme> {
    match scheme.value.to_lowercase().as_str() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        "unix" => Some(Scheme::Unix),
        _ => {
            let reason = format!("Unknown protocol scheme: {}", scheme.value);
            ground
                .findings
                .hinted(scheme.span, reason, "one of http, https, unix");
            None
        }
    }
}

/// Applies the rules of Consul's own library: its defaults, and a scheme left in the address.
fn locate(
    address: String,
    scheme: Option<Scheme>,
    span: Span,
    ground: Ground<'_>,
) -> Option<(String, Scheme)> {
    let address = if address.is_empty() {
        ground
            .world
            .filled("CONSUL_HTTP_ADDR")
            .unwrap_or(AGENT)
            .to_owned()
    } else {
        address
    };
    if address.starts_with(':') {
        let reason = format!("Consul's address `{address}` names no host: this machine is asked");
        let hint = "a variable in it may not be set; write `localhost` if this is meant";
        ground.findings.warn_hinted(span, reason, hint.to_owned());
    }
    let bare = address
        .split_once("://")
        .map_or(&*address, |(_, rest)| rest);
    if !address.starts_with("unix://")
        && scheme != Some(Scheme::Unix)
        && let Some(fault) = fault_of(bare)
    {
        let reason = format!("cannot use Consul's address `{address}`: {fault}");
        ground
            .findings
            .hinted(span, reason, "it is HOST:PORT, such as `localhost:8500`");
        return None;
    }
    let tls = ground.world.filled("CONSUL_HTTP_SSL").and_then(truth) == Some(true);
    let usual = if tls { Scheme::Https } else { Scheme::Http };
    match address.split_once("://") {
        None => Some((address, scheme.unwrap_or(usual))),
        Some(("http", rest)) => Some((rest.to_owned(), Scheme::Http)),
        Some(("https", rest)) => Some((rest.to_owned(), Scheme::Https)),
        Some(("unix", rest)) => Some((rest.to_owned(), Scheme::Unix)),
        Some((other, _)) => {
            ground
                .findings
                .error(span, format!("Unknown protocol scheme: {other}"));
            None
        }
    }
}

/// Says what keeps a text from being a host and a port.
pub(crate) fn fault_of(address: &str) -> Option<&'static str> {
    let address = address.trim_end_matches('/');
    if address.contains(['/', '@', ' ', '?', '#']) {
        return Some("it is more than a host and a port");
    }
    let after = address.rfind(']').map_or(address, |end| &address[end..]);
    let port = after.split_once(':').map(|(_, port)| port);
    let is_wrong = port.is_some_and(|port| port.parse::<u16>().is_err());
    is_wrong.then_some("its port is not a number up to 65535")
}

/// Lets the environment win over the file, which it does for all but the address.
fn complete(address: String, scheme: Scheme, raw: &RawConsul, ground: Ground<'_>) -> Consul {
    let (tls, span) = (&raw.tls, raw.span);
    let either = |name: &str, written: Option<&Spanned<String>>| {
        ground
            .world
            .filled(name)
            .map(str::to_owned)
            .or_else(|| text(written))
    };
    let path = |name, written: &Option<_>| either(name, written.as_ref()).map(PathBuf::from);
    let asked_file = ground
        .world
        .filled("CONSUL_HTTP_TOKEN_FILE")
        .map(PathBuf::from);
    if let (Some(_), Some(file)) = (&raw.token, &raw.token_file) {
        let reason = "cannot use `tokenFile` beside `token`: there is one token";
        ground.findings.error(file.span, reason);
    }
    let is_asked = asked_file.is_some();
    let token_file = asked_file.or_else(|| text(raw.token_file.as_ref()).map(PathBuf::from));
    let own = ground.world.filled("CONSUL_HTTP_TOKEN").map(str::to_owned);
    let written = if is_asked {
        None
    } else {
        text(raw.token.as_ref())
    };
    let token = own.or(written).map(Secret::new);
    let consul = Consul {
        token_file: token_file.filter(|_| token.is_none()),
        token,
        login: None,
        max_stale: max_stale(raw, ground),
        datacenter: text(raw.datacenter.as_ref()),
        namespace: either("CONSUL_NAMESPACE", raw.namespace.as_ref()),
        partition: either("CONSUL_PARTITION", raw.partition.as_ref()),
        wait: wait(raw, ground),
        once: false,
        retry: None,
        address,
        scheme,
        tls: Tls {
            ca_file: path("CONSUL_CACERT", &tls.ca_file),
            ca_path: path("CONSUL_CAPATH", &tls.ca_path),
            client_cert: path("CONSUL_CLIENT_CERT", &tls.client_cert),
            client_key: path("CONSUL_CLIENT_KEY", &tls.client_key),
            server_name: either("CONSUL_TLS_SERVER_NAME", tls.server_name.as_ref()),
            verify: verify(tls, span, ground),
        },
    };
    warn(&consul, span, ground);
    consul
}

fn max_stale(raw: &RawConsul, ground: Ground<'_>) -> Option<Duration> {
    ground.span_of_time(raw.max_stale.as_ref()?, "consul.maxStale")
}

/// How long a question is held: what Consul takes.
fn wait(raw: &RawConsul, ground: Ground<'_>) -> Option<Duration> {
    let written = raw.wait.as_ref()?;
    let wait = ground.span_of_time(written, "consul.wait")?;
    if WAIT.contains(&wait) {
        return Some(wait);
    }
    let reason = format!("cannot use `{}` as consul.wait", written.value);
    ground
        .findings
        .hinted(written.span, reason, "from 1s to 10m");
    None
}

fn verify(tls: &RawTls, span: Span, ground: Ground<'_>) -> bool {
    let asked = ground
        .world
        .variable("CONSUL_HTTP_SSL_VERIFY")
        .and_then(truth);
    match (asked, &tls.verify) {
        (Some(verify), _) => {
            if !verify {
                let name = "CONSUL_HTTP_SSL_VERIFY";
                ground.findings.warn(
                    span,
                    format!("the agent's certificate is not verified: {name}"),
                );
            }
            verify
        }
        (None, Some(verify)) => {
            if !verify.value {
                let reason = "the agent's certificate is not verified: `verify: false`";
                ground.findings.warn(verify.span, reason);
            }
            verify.value
        }
        (None, None) => true,
    }
}

fn warn(consul: &Consul, span: Span, ground: Ground<'_>) {
    if consul.tls.client_cert.is_some() != consul.tls.client_key.is_some() {
        let reason =
            "the client certificate has no effect: `clientcert` and `clientkey` go together";
        ground.findings.warn(span, reason);
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}
