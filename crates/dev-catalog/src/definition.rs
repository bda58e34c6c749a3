//! What a registration asks for, checked: `/v1/agent/service/register` and `/v1/agent/check/register`.

mod node;
mod session;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

pub(crate) use self::{
    node::{Departure, NodeDefinition},
    session::{Behavior, SessionDefinition},
};

use crate::{
    decode::{DecodeError, Fields},
    duration,
    record::{Address, Indexes, ServiceRecord, Weights},
    status::Status,
};

/// A service, as valid as Consul wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceDefinition {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) port: i64,
    pub(crate) address: String,
    pub(crate) tagged_addresses: BTreeMap<String, Address>,
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) weights: Weights,
    pub(crate) enable_tag_override: bool,
    pub(crate) checks: Vec<CheckDefinition>,
}

/// A check that something outside keeps alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckDefinition {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) service_id: String,
    pub(crate) status: Status,
    pub(crate) notes: String,
    pub(crate) ttl: Duration,
    pub(crate) deregister_after: Option<Duration>,
}

/// Why a registration is refused; the text is the body of a 400.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DefinitionError {
    #[error("Request decode failed: {0}")]
    Decode(#[from] DecodeError),
    #[error("Missing service name")]
    MissingServiceName,
    #[error("Missing check name")]
    MissingCheckName,
    #[error("Invalid service address")]
    AnyAddress,
    #[error("Invalid Weights: {0} must be greater than 0")]
    Weight(&'static str),
    #[error("Invalid Service Meta: Couldn't load metadata pair ('{key}', '{value}'): {reason}")]
    Meta {
        key: String,
        value: String,
        reason: &'static str,
    },
    #[error("Invalid check: {0}")]
    Check(&'static str),
    #[error("Status for checks must 'passing', 'warning', 'critical'")]
    ServiceCheckStatus,
    #[error("Bad check status")]
    CheckStatus,
    #[error("`{0}` is not supported by the development catalog")]
    Foreign(&'static str),
}

/// The part of the mesh that a development catalog has no use for.
const FOREIGN_TO_SERVICE: [&str; 3] = ["Kind", "Proxy", "Connect"];

/// Checks that Consul would run by itself, with everything they take.
const FOREIGN_TO_CHECK: [&str; 22] = [
    "ScriptArgs",
    "Args",
    "script_args",
    "HTTP",
    "Header",
    "Method",
    "Body",
    "TCP",
    "Interval",
    "DockerContainerID",
    "docker_container_id",
    "Shell",
    "GRPC",
    "GRPCUseTLS",
    "grpc_use_tls",
    "AliasNode",
    "alias_node",
    "AliasService",
    "alias_service",
    "SuccessBeforePassing",
    "FailuresBeforeCritical",
    "Script",
];

/// What a check may say about a check that Consul would run, and which changes nothing for a TTL.
const IDLE_IN_CHECK: [&str; 8] = [
    "Timeout",
    "TLSSkipVerify",
    "tls_skip_verify",
    "OutputMaxSize",
    "ProxyHTTP",
    "ProxyGRPC",
    "Token",
    "Namespace",
];

/// The shortest time after which Consul lets a critical check take its service along.
const DEREGISTER_AFTER_MIN: Duration = Duration::from_secs(60);

const META_KEY_MAX: usize = 128;
const META_VALUE_MAX: usize = 512;

impl ServiceDefinition {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DefinitionError> {
        let mut fields = Fields::parse(body)?;
        let check = fields.object(&["Check"], "structs.CheckType")?;
        let checks = fields.objects(&["Checks"], "structs.CheckType")?;
        let mut service = Self::read(&mut fields)?;
        fields.end()?;
        service.default_and_check()?;
        let check = check.filter(|check| !check.is_blank());
        service.checks = CheckDefinition::of_service(&service, check.into_iter().chain(checks))?;
        Ok(service)
    }

    fn read(fields: &mut Fields) -> Result<Self, DefinitionError> {
        fields.take_foreign(&["Token", "Namespace"]);
        if let Some(name) = fields.take_foreign(&FOREIGN_TO_SERVICE).first() {
            return Err(DefinitionError::Foreign(name));
        }
        Ok(Self {
            id: fields.text(&["ID"])?,
            name: fields.text(&["Name"])?,
            tags: fields.texts(&["Tags"])?,
            port: fields.integer(&["Port"])?.unwrap_or(0),
            address: fields.text(&["Address"])?,
            tagged_addresses: addresses(fields)?,
            meta: fields.text_map(&["Meta"])?,
            weights: weights(fields)?,
            enable_tag_override: fields.flag(&["EnableTagOverride", "enable_tag_override"])?,
            checks: Vec::new(),
        })
    }

    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let checks = self.checks.iter().map(CheckDefinition::weight);
        ServiceRecord::from(self.clone()).weight() + checks.sum::<usize>()
    }

    fn default_and_check(&mut self) -> Result<(), DefinitionError> {
        if self.name.is_empty() {
            return Err(DefinitionError::MissingServiceName);
        }
        if matches!(self.address.as_str(), "0.0.0.0" | "::" | "[::]") {
            return Err(DefinitionError::AnyAddress);
        }
        check_weights(self.weights)?;
        self.meta
            .iter()
            .try_for_each(|(key, value)| check_meta(key, value))?;
        if self.id.is_empty() {
            self.id.clone_from(&self.name);
        }
        self.add_own_addresses();
        Ok(())
    }

    /// Consul derives these from a plain address, for both the local and the wide network.
    fn add_own_addresses(&mut self) {
        let family = match self.address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => "ipv4",
            Ok(IpAddr::V6(_)) => "ipv6",
            Err(_) => return,
        };
        for network in ["lan", "wan"] {
            let own = Address {
                address: self.address.clone(),
                port: self.port,
            };
            self.tagged_addresses
                .entry(format!("{network}_{family}"))
                .or_insert(own);
        }
    }
}

impl From<ServiceDefinition> for ServiceRecord {
    fn from(service: ServiceDefinition) -> Self {
        Self {
            id: service.id,
            name: service.name,
            tags: service.tags,
            address: service.address,
            tagged_addresses: service.tagged_addresses,
            meta: service.meta,
            port: service.port,
            weights: service.weights,
            enable_tag_override: service.enable_tag_override,
            indexes: Indexes::default(),
        }
    }
}

impl CheckDefinition {
    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        1024 + self.id.len() + self.name.len() + self.notes.len()
    }

    /// Reads the body of `/v1/agent/check/register`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DefinitionError> {
        let mut fields = Fields::parse(body)?;
        let draft = Draft::read(&mut fields, &["ID"])?;
        let service_id = fields.text(&["ServiceID", "service_id"])?;
        fields.end()?;
        if draft.name.is_empty() {
            return Err(DefinitionError::MissingCheckName);
        }
        let id = if draft.id.is_empty() {
            draft.name.clone()
        } else {
            draft.id.clone()
        };
        let mut check = draft.settle(id, DefinitionError::CheckStatus, Order::StatusFirst)?;
        check.service_id = service_id;
        Ok(check)
    }

    /// Reads the checks of a service and gives them the IDs and names Consul gives to those without.
    fn of_service(
        service: &ServiceDefinition,
        checks: impl Iterator<Item = Fields>,
    ) -> Result<Vec<Self>, DefinitionError> {
        let drafts = checks.map(|mut fields| {
            let draft = Draft::read(&mut fields, &["CheckID", "ID"])?;
            fields.end()?;
            Ok(draft)
        });
        let drafts = drafts.collect::<Result<Vec<_>, DefinitionError>>()?;
        let many = drafts.len() > 1;
        let settled = drafts.into_iter().enumerate().map(|(n, mut draft)| {
            let id = match draft.id.as_str() {
                "" if many => format!("service:{}:{}", service.id, n + 1),
                "" => format!("service:{}", service.id),
                given => given.to_owned(),
            };
            if draft.name.is_empty() {
                draft.name = format!("Service '{}' check", service.name);
            }
            let mut check =
                draft.settle(id, DefinitionError::ServiceCheckStatus, Order::KindFirst)?;
            check.service_id.clone_from(&service.id);
            Ok(check)
        });
        settled.collect()
    }
}

/// A check as written.
struct Draft {
    id: String,
    name: String,
    status: String,
    notes: String,
    ttl: i64,
    deregister_after: i64,
}

/// Which complaint comes first, when both the status and the kind are wrong.
#[derive(Clone, Copy)]
enum Order {
    StatusFirst,
    KindFirst,
}

impl Draft {
    fn read(fields: &mut Fields, id: &[&str]) -> Result<Self, DefinitionError> {
        fields.take_foreign(&IDLE_IN_CHECK);
        if let Some(name) = fields.take_foreign(&FOREIGN_TO_CHECK).first() {
            return Err(DefinitionError::Foreign(name));
        }
        const AFTER: [&str; 2] = [
            "DeregisterCriticalServiceAfter",
            "deregister_critical_service_after",
        ];
        Ok(Self {
            id: fields.text(id)?,
            name: fields.text(&["Name"])?,
            status: fields.text(&["Status"])?,
            notes: fields.text(&["Notes"])?,
            ttl: fields.nanos(&["TTL"])?,
            deregister_after: fields.nanos(&AFTER)?,
        })
    }

    fn settle(
        self,
        id: String,
        bad_status: DefinitionError,
        order: Order,
    ) -> Result<CheckDefinition, DefinitionError> {
        let status = match self.status.as_str() {
            "" => Ok(Status::Critical),
            given => Status::parse(given).ok_or(bad_status),
        };
        let live = if self.ttl > 0 {
            Ok(())
        } else {
            Err(DefinitionError::Check("TTL must be > 0 for TTL checks"))
        };
        let status = match order {
            Order::StatusFirst => status.and_then(|status| live.map(|()| status))?,
            Order::KindFirst => live.and(status)?,
        };
        let after = duration::from_nanos(self.deregister_after);
        Ok(CheckDefinition {
            id,
            name: self.name,
            service_id: String::new(),
            status,
            notes: self.notes,
            ttl: duration::from_nanos(self.ttl),
            deregister_after: (!after.is_zero()).then(|| after.max(DEREGISTER_AFTER_MIN)),
        })
    }
}

fn addresses(fields: &mut Fields) -> Result<BTreeMap<String, Address>, DecodeError> {
    let named = fields.named_objects(
        &["TaggedAddresses", "tagged_addresses"],
        "structs.ServiceAddress",
    )?;
    let read = |(name, mut fields): (String, Fields)| {
        let address = fields.text(&["Address"])?;
        let port = fields.integer(&["Port"])?.unwrap_or(0);
        fields.end()?;
        Ok((name, Address { address, port }))
    };
    named.into_iter().map(read).collect()
}

fn weights(fields: &mut Fields) -> Result<Weights, DecodeError> {
    let Some(mut fields) = fields.object(&["Weights"], "structs.Weights")? else {
        return Ok(Weights::EVEN);
    };
    let weights = Weights {
        passing: fields.integer(&["Passing"])?.unwrap_or(0),
        warning: fields.integer(&["Warning"])?.unwrap_or(0),
    };
    fields.end()?;
    Ok(weights)
}

fn check_weights(weights: Weights) -> Result<(), DefinitionError> {
    if weights.passing < 1 {
        return Err(DefinitionError::Weight("Passing"));
    }
    if weights.warning < 0 {
        return Err(DefinitionError::Weight("Warning"));
    }
    Ok(())
}

/// Whether a pair of metadata is one that Consul takes, or why not.
fn meta_fault(key: &str, value: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let reason = if key.is_empty() {
        "Key cannot be blank"
    } else if !key.chars().all(plain) {
        "Key contains invalid characters"
    } else if key.len() > META_KEY_MAX {
        "Key is too long (limit: 128 characters)"
    } else if value.len() > META_VALUE_MAX {
        "Value is too long (limit: 512 characters)"
    } else {
        return None;
    };
    Some(reason)
}

fn check_meta(key: &str, value: &str) -> Result<(), DefinitionError> {
    match meta_fault(key, value) {
        None => Ok(()),
        Some(reason) => Err(DefinitionError::Meta {
            key: key.to_owned(),
            value: value.to_owned(),
            reason,
        }),
    }
}
