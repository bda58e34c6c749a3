//! How a job stands in the catalog.

use std::{net::IpAddr, time::Duration};

use pilot_core::spec::{HealthSpec, JobSpec, ServiceSpec, Status};

use super::{Ground, job, registration};
use crate::{
    Selection,
    address::{self, literal},
    decode, duration,
    raw::RawJob,
    value::{Kind, Member, Span, Spanned},
};

/// How often the helper's own service is reported, and how long a report holds.
pub(super) const OWN_INTERVAL: Duration = Duration::from_secs(5);
pub(super) const OWN_TTL: Duration = Duration::from_secs(15);

/// A service, and how long its address may take to be there; none is there.
pub(super) struct Advertised {
    pub(super) service: ServiceSpec,
    pub(super) address_within: Option<Duration>,
}

pub(super) fn check(
    raw: &RawJob<'_>,
    port: &Spanned<i64>,
    ground: Ground<'_>,
) -> Option<Advertised> {
    let name = raw.called();
    let status = initial_status(raw, ground);
    if !name.is_empty() {
        check_name(name, raw.called_at(), ground);
    }
    let address = address(raw, port.span, ground);
    let deregister = deregister_after(raw, ground);
    let number = ground.port(port, &format!("job[{name}].port"))?;
    let ttl = raw.health.as_ref().and_then(|health| health.ttl.as_ref());
    let ttl = ttl
        .and_then(|ttl| u64::try_from(ttl.value).ok())
        .map(Duration::from_secs);
    let address = address?;
    let service = ServiceSpec {
        name: None,
        id: raw
            .id
            .as_ref()
            .map_or_else(|| id(name, ground), |id| id.value.clone()),
        address: address.text(),
        port: number,
        tags: raw.tags.clone(),
        meta: raw
            .meta
            .iter()
            .map(|(key, value)| (key.value.clone(), value.clone()))
            .collect(),
        weights: registration::weights(raw, ground),
        tagged_addresses: registration::tagged_addresses(raw, number, ground),
        checks: registration::checks(raw, ground),
        ttl: ttl.unwrap_or(OWN_TTL),
        initial_status: status,
        enable_tag_override: raw.consul.enable_tag_override,
        deregister_critical_after: deregister,
        maintenance: registration::maintenance(raw, ground),
    };
    Some(Advertised {
        service,
        address_within: address.within(),
    })
}

/// Makes the identity of a service.
pub(super) fn id(name: &str, ground: Ground<'_>) -> String {
    format!("{name}-{}", ground.world.hostname)
}

/// Checks a name that the catalog must take.
pub(super) fn check_name(name: &str, at: Span, ground: Ground<'_>) {
    if name.is_empty() {
        ground.findings.error(at, "'name' must not be blank");
        return;
    }
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = letters.clone().next().is_some();
    if !(first && rest && letters.all(|c| c.is_ascii_alphanumeric() || c == '-')) {
        let reason =
            "service names must be alphanumeric with dashes to comply with service discovery";
        let reason = format!("{reason}: `{name}`");
        let hint = "begin with a lower-case letter, and use two characters or more";
        ground.findings.hinted(at, reason, hint);
    }
}

fn initial_status(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Status> {
    let written = raw.initial_status.as_ref()?;
    let status = Status::parse(&written.value);
    if status.is_none() {
        let name = raw.called();
        let choices = "must be one of 'passing', 'warning' or 'critical'";
        ground
            .findings
            .error(written.span, format!("job[{name}].initialStatus {choices}"));
    }
    status
}

/// An address, or how long it may take to be there.
pub(super) enum Address {
    Literal(String),
    Chosen(IpAddr),
    Awaited(Duration),
}

impl Address {
    /// As the catalog is told it; empty while it is waited for.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Chosen(address) => address.to_string(),
            Self::Awaited(_) => String::new(),
        }
    }

    pub(super) fn within(&self) -> Option<Duration> {
        match self {
            Self::Literal(_) | Self::Chosen(_) => None,
            Self::Awaited(within) => Some(*within),
        }
    }

    pub(super) fn chosen(&self) -> Option<IpAddr> {
        match self {
            Self::Chosen(address) => Some(*address),
            Self::Literal(_) | Self::Awaited(_) => None,
        }
    }
}

fn address(raw: &RawJob<'_>, port_at: Span, ground: Ground<'_>) -> Option<Address> {
    let name = raw.called();
    let wait = raw.wait_for_address.as_ref();
    let Some(written) = &raw.address else {
        let choice = Choice {
            job: name,
            service: name,
            interfaces: raw.interfaces,
            wait,
            at: port_at,
            what: &format!("job[{name}].interfaces"),
            prefix: "",
            may_wait: true,
        };
        return choice.find(ground);
    };
    if let Some(interfaces) = raw.interfaces {
        let reason = format!("job[{name}] cannot have both 'address' and 'interfaces'");
        let hint = "keep one; in a file over another, `interfaces: null` takes the other's back";
        ground.findings.error(written.span, &*reason);
        ground.findings.hinted(interfaces.key.span, reason, hint);
    }
    if let Some(wait) = wait {
        let reason = format!("job[{name}].waitForAddress has no effect: 'address' is known");
        ground.findings.warn(wait.span, reason);
    }
    let report = |refused: literal::NoAddress| {
        let reason = format!("cannot use job[{name}].address: {}", refused.reason);
        ground.findings.hinted(written.span, reason, refused.hint);
    };
    let read = literal::read(&written.value, ground.world);
    read.map(Address::Literal).map_err(report).ok()
}

/// What is written of how to choose an address.
pub(super) struct Choice<'v> {
    pub(super) job: &'v str,
    /// The name in the catalog.
    pub(super) service: &'v str,
    pub(super) interfaces: Option<&'v Member>,
    pub(super) wait: Option<&'v Spanned<String>>,
    /// What asks for the address, where nothing says how.
    pub(super) at: Span,
    /// What messages call it.
    pub(super) what: &'v str,
    pub(super) prefix: &'v str,
    /// Whether `waitForAddress` is known here.
    pub(super) may_wait: bool,
}

impl Choice<'_> {
    /// Finds the address that `interfaces` asks for, or that its absence does.
    pub(super) fn find(&self, ground: Ground<'_>) -> Option<Address> {
        let wait = self.wait.and_then(|wait| {
            let what = self.what.replace("interfaces", "waitForAddress");
            ground.span_of_time(wait, &what)
        });
        let wait = wait.filter(|wait| !wait.is_zero());
        let mut selection = self.selection(wait, ground)?;
        let found = selection.choose(ground.world.interfaces);
        let address = match (found, wait) {
            (Ok(chosen), _) => {
                let address = Address::Chosen(chosen.address);
                selection.chosen = Some(chosen);
                address
            }
            (Err(_), Some(within)) => Address::Awaited(within),
            (Err(reason), None) => {
                let hint = "for an interface that comes late: `waitForAddress: \"30s\"`";
                let hint = self.may_wait.then(|| hint.to_owned());
                self.report(&reason, hint, ground);
                return None;
            }
        };
        ground.selections.borrow_mut().push(selection);
        Some(address)
    }

    fn selection(&self, wait: Option<Duration>, ground: Ground<'_>) -> Option<Selection> {
        let specifications = match self.interfaces {
            None => address::DEFAULT.map(str::to_owned).to_vec(),
            Some(member) => specifications(member, self.what, ground)?,
        };
        let report = |unreadable: Vec<address::Unreadable>| {
            let report = |one: address::Unreadable| self.report(&one.reason, one.hint, ground);
            unreadable.into_iter().for_each(report);
        };
        Selection::parse(self.job, self.service, &specifications, wait)
            .map_err(report)
            .ok()
    }

    fn report(&self, reason: &str, hint: Option<String>, ground: Ground<'_>) {
        let at = self.interfaces.map_or(self.at, |m| m.value.head());
        let reason = format!("{}{reason}", self.prefix);
        ground.findings.guessed(at, reason, hint);
    }
}

fn specifications(member: &Member, what: &str, ground: Ground<'_>) -> Option<Vec<String>> {
    let read = match &member.value.kind {
        Kind::Text(text) => Ok(vec![text.clone()]),
        Kind::List(items) if items.is_empty() => Ok(address::DEFAULT.map(str::to_owned).to_vec()),
        Kind::List(_) => decode::texts(&member.value, what),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Object(_) => {
            let got = member.value.go_kind();
            Err(format!(
                "'{what}' must be text or a list of texts, got {got}"
            ))
        }
    };
    read.map_err(|reason| ground.findings.error(member.value.head(), reason))
        .ok()
}

fn deregister_after(raw: &RawJob<'_>, ground: Ground<'_>) -> Option<Duration> {
    let written = raw.consul.deregister_after.as_ref()?;
    match duration::parse_go(&written.value) {
        Ok(nanos) => duration::limit(nanos),
        Err(reason) => {
            let name = raw.called();
            let key = "consul.deregisterCriticalServiceAfter";
            let reason = format!("unable to parse job[{name}].{key}: {reason}");
            ground.findings.error(written.span, reason);
            None
        }
    }
}

/// Gives the helper's own service the heartbeat that a user's job must ask for.
pub(super) fn own_health(_service: &ServiceSpec) -> Option<HealthSpec> {
    Some(HealthSpec {
        exec: None,
        interval: OWN_INTERVAL,
        timeout: Some(OWN_INTERVAL),
    })
}

/// Makes `CONTAINERPILOT_<JOB>_IP` for every job that stands in the catalog and has its address.
pub(super) fn variables<'j>(jobs: impl IntoIterator<Item = &'j JobSpec>) -> Vec<(String, String)> {
    let variable = |(job, service): (&str, &ServiceSpec)| {
        let name = service.name.as_deref().unwrap_or(job);
        (address::variable(name), service.address.clone())
    };
    jobs.into_iter()
        .filter(|job| job.address_within.is_none())
        .filter_map(job::service_of)
        .map(variable)
        .collect()
}
