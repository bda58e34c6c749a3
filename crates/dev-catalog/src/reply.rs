//! What goes back to the client.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{
    Value,
    ser::{PrettyFormatter, Serializer},
};

use crate::filter::Filter;

/// A status, the headers beyond the usual, and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn text(status: u16, text: impl Into<String>) -> Self {
        Self::written(status, text.into(), "text/plain; charset=utf-8")
    }

    pub(crate) fn html(status: u16, text: impl Into<String>) -> Self {
        Self::written(status, text.into(), "text/html; charset=utf-8")
    }

    fn written(status: u16, text: String, kind: &str) -> Self {
        let reply = Self {
            body: Bytes::from(text),
            ..Self::empty(status)
        };
        reply.with("Content-Type", kind)
    }

    /// JSON in four-space layout, as an agent in development mode writes it.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        let mut body = Vec::new();
        let layout = PrettyFormatter::with_indent(b"    ");
        value
            .serialize(&mut Serializer::with_formatter(&mut body, layout))
            .expect("records have text keys and the buffer grows");
        body.push(b'\n');
        let reply = Self {
            body: Bytes::from(body),
            ..Self::empty(200)
        };
        reply.with("Content-Type", "application/json")
    }

    /// A list of what a filter lets through.
    pub(crate) fn list<T: Serialize>(
        items: impl Iterator<Item = T>,
        filter: Option<&Filter>,
    ) -> Self {
        match filter {
            None => Self::json(&items.collect::<Vec<_>>()),
            Some(filter) => {
                let values = items.map(value).filter(|value| filter.lets(value));
                Self::json(&values.collect::<Vec<_>>())
            }
        }
    }

    /// The same for what is listed by name.
    pub(crate) fn map<'a, T: Serialize>(
        items: impl Iterator<Item = (&'a str, T)>,
        filter: Option<&Filter>,
    ) -> Self {
        match filter {
            None => Self::json(&items.collect::<BTreeMap<_, _>>()),
            Some(filter) => {
                let values = items.map(|(name, item)| (name, value(item)));
                let kept = values.filter(|(_, value)| filter.lets(value));
                Self::json(&kept.collect::<BTreeMap<_, _>>())
            }
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with_body(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    pub(crate) fn of_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Adds what tells a client from which state of the catalog this comes.
    pub(crate) fn at_index(self, index: u64) -> Self {
        self.with("X-Consul-Index", index.to_string())
            .known_leader()
    }

    pub(crate) fn known_leader(self) -> Self {
        self.with("X-Consul-Knownleader", "true")
            .with("X-Consul-Lastcontact", "0")
    }
}

fn value(item: impl Serialize) -> Value {
    serde_json::to_value(item).expect("records have text keys")
}
