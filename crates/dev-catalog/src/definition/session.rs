//! What a session asks for: `/v1/session/create`.

use std::time::Duration;

use crate::{
    decode::{DecodeError, Fields},
    duration,
};

/// A session, as a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionDefinition {
    pub(crate) name: String,
    /// Whose it is; the agent's node when not said.
    pub(crate) node: Option<String>,
    /// As it was written.
    pub(crate) ttl_text: String,
    pub(crate) ttl: Option<Duration>,
    pub(crate) behavior: Behavior,
    /// How long nobody gets a key whose session ended while it held the key, in nanoseconds.
    pub(crate) lock_delay: i64,
    /// What ends the session when it is critical or goes, named in the older of two ways.
    pub(crate) checks: Vec<String>,
    pub(crate) node_checks: Option<Vec<String>>,
    pub(crate) service_checks: Option<Vec<ServiceCheck>>,
}

/// A check of a service that a session depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceCheck {
    pub(crate) id: String,
    pub(crate) namespace: String,
}

/// What becomes of keys whose session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    Release,
    Delete,
}

const LOCK_DELAY: i64 = 15_000_000_000;
const TTL_MIN: Duration = Duration::from_secs(10);
const TTL_MAX: Duration = Duration::from_secs(86400);

/// A lock delay below this is a number of seconds for Consul, even one that was written as `-3s`.
const SECONDS_BELOW: i64 = 1000;

impl SessionDefinition {
    /// Reads a session; what is wrong comes with the status that Consul gives it.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, (u16, String)> {
        let (mut session, behavior) =
            Self::fields(body).map_err(|error| (400, format!("Request decode failed: {error}")))?;
        session.behavior = match behavior.as_str() {
            "" | "release" => Behavior::Release,
            "delete" => Behavior::Delete,
            other => return Err((500, format!("Invalid Behavior setting '{other}'"))),
        };
        session.ttl = ttl(&session.ttl_text).map_err(|reason| (500, reason))?;
        Ok(session)
    }

    /// Every check that the session depends on.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &str> {
        let services = self.service_checks.iter().flatten();
        let nodes = self.node_checks.iter().flatten();
        let named = self.checks.iter().chain(nodes).map(String::as_str);
        named.chain(services.map(|check| check.id.as_str()))
    }

    /// What it counts as against the room there is, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let node = self.node.as_ref().map_or(0, String::len);
        let checks = self.checks().map(|check| 64 + check.len());
        512 + self.name.len() + node + self.ttl_text.len() + checks.sum::<usize>()
    }

    fn fields(body: &[u8]) -> Result<(Self, String), DecodeError> {
        let mut fields = if body.trim_ascii().is_empty() {
            Fields::default()
        } else {
            Fields::parse(body)?
        };
        let node = fields.text(&["Node"])?;
        let emptied = fields.has(&["Checks"]);
        let checks = fields.maybe_texts(&["Checks"], "[]types.CheckID")?;
        let checks = checks.unwrap_or_default();
        let named = fields.has(&["NodeChecks"]);
        let given = fields.maybe_texts(&["NodeChecks"], "[]string")?;
        let node_checks = match (named, emptied && checks.is_empty()) {
            (_, true) => Some(Vec::new()),
            (true, false) => given,
            (false, false) => Some(vec!["serfHealth".to_owned()]),
        };
        // Whoever wants no checks of the node gets none of the older kind either.
        let unchecked = node_checks.as_ref().is_some_and(Vec::is_empty);
        let session = Self {
            name: fields.text(&["Name"])?,
            node: (!node.is_empty()).then_some(node),
            ttl_text: fields.text(&["TTL"])?,
            ttl: None,
            behavior: Behavior::Release,
            lock_delay: lock_delay(&mut fields)?,
            checks: if unchecked { Vec::new() } else { checks },
            node_checks,
            service_checks: service_checks(&mut fields)?,
        };
        // Consul passes over what it does not know here.
        Ok((session, fields.text(&["Behavior"])?))
    }
}

fn service_checks(fields: &mut Fields) -> Result<Option<Vec<ServiceCheck>>, DecodeError> {
    if !fields.has(&["ServiceChecks"]) {
        return Ok(None);
    }
    let read = |mut check: Fields| {
        Ok(ServiceCheck {
            id: check.text(&["ID"])?,
            namespace: check.text(&["Namespace"])?,
        })
    };
    let checks = fields.objects(&["ServiceChecks"], "structs.ServiceCheck")?;
    checks
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn lock_delay(fields: &mut Fields) -> Result<i64, DecodeError> {
    let Some(given) = fields.loose_nanos(&["LockDelay"])? else {
        return Ok(LOCK_DELAY);
    };
    Ok(if given < SECONDS_BELOW {
        given.wrapping_mul(1_000_000_000)
    } else {
        given
    })
}

fn ttl(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = duration::parse(text).ok_or_else(|| {
        let reason = format!("time: invalid duration {text:?}");
        format!("Session TTL '{text}' invalid: {reason}")
    })?;
    if !(TTL_MIN..=TTL_MAX).contains(&duration::from_nanos(nanos)) {
        let range = "[10s=24h0m0s]";
        return Err(format!(
            "Invalid Session TTL '{nanos}', must be between {range}"
        ));
    }
    Ok(Some(duration::from_nanos(nanos)))
}
