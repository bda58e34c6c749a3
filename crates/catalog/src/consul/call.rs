//! One call and the reply to it, before and after they are bytes.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use hyper::{HeaderMap, Method};

use crate::{Backend, CatalogError, tally};

/// A call to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Bytes,
    /// Whether the agent is asked to hold its answer until something changes.
    pub(super) is_held: bool,
}

/// A reply, with what its head says about the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `X-Consul-Index`, if it is there and a number.
    pub(crate) index: Option<u64>,
    /// `X-Consul-KnownLeader`, taken for true unless denied.
    pub(crate) known_leader: bool,
    /// `X-Consul-LastContact`.
    pub(crate) last_contact: Duration,
    pub(crate) body: Bytes,
}

impl Call {
    pub(super) fn put(path: String, body: impl Into<Bytes>) -> Self {
        let query = String::new();
        let body = body.into();
        Self {
            method: Method::PUT,
            path,
            query,
            body,
            is_held: false,
        }
    }

    pub(super) fn delete(path: String) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path)
        }
    }

    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            query: String::new(),
            body: Bytes::new(),
            is_held: false,
        }
    }

    /// Adds a parameter; the name must need no escape.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let mark = if self.query.is_empty() { '?' } else { '&' };
        self.query.push(mark);
        self.query.push_str(name);
        self.query.push('=');
        self.query.push_str(&escape(value, ""));
        self
    }

    /// Adds a parameter if there is one.
    #[must_use]
    pub(super) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Says what it is, for errors: the query is left out, it adds only noise.
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What it is about, in the words of metrics.
    pub(super) fn operation(&self) -> &'static str {
        const PATHS: [(&str, &str); 11] = [
            ("/v1/agent/service/register", "register"),
            ("/v1/agent/check/update/", "update"),
            ("/v1/agent/service/deregister/", "deregister"),
            ("/v1/agent/service/maintenance/", "maintain"),
            ("/v1/agent/check/register", "maintain"),
            ("/v1/agent/service/", "look"),
            ("/v1/agent/checks", "look"),
            ("/v1/health/", "health"),
            ("/v1/catalog/", "catalog"),
            ("/v1/kv/", "kv"),
            ("/v1/session/", "session"),
        ];
        let mut paths = PATHS.iter();
        let known = paths.find(|(begin, _)| self.path.starts_with(begin));
        known.map_or("other", |(_, word)| word)
    }

    /// What came of it, in the words of metrics.
    pub(super) fn outcome(&self, came: &Result<Reply, CatalogError>) -> &'static str {
        match came {
            Ok(reply) if (200..300).contains(&reply.status) => "ok",
            // That there is no such key is an answer like any other.
            Ok(reply) if reply.status == 404 && self.operation() == "kv" => "ok",
            Ok(_) => "refused",
            Err(_) => tally::outcome(came),
        }
    }

    /// Turns a refusal into an error.
    pub(super) fn refused(&self, reply: &Reply) -> CatalogError {
        let text = String::from_utf8_lossy(&reply.body);
        let line = text.lines().next().unwrap_or_default();
        CatalogError::Refused {
            who: Backend::Consul,
            status: reply.status,
            call: self.describe(),
            text: line.chars().take(200).collect(),
        }
    }
}

impl Reply {
    pub(super) fn new(status: u16, headers: &HeaderMap, body: Bytes) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|value| value.trim().parse::<u64>().ok());
        Self {
            status,
            index: number("x-consul-index"),
            known_leader: text("x-consul-knownleader") != Some("false"),
            last_contact: Duration::from_millis(number("x-consul-lastcontact").unwrap_or(0)),
            body,
        }
    }
}

/// Escapes a text for a path or a query, keeping the characters in `also`.
pub(super) fn escape(text: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || also.contains(letter) {
            escaped.push(letter);
        } else {
            write!(escaped, "%{byte:02X}").expect("a String takes any text");
        }
    }
    escaped
}
