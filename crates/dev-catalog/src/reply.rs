//! What goes back to the client.

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

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

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds what tells a client from which state of the catalog this comes.
    pub(crate) fn at_index(self, index: u64) -> Self {
        self.with("X-Consul-Index", index.to_string())
            .with("X-Consul-Knownleader", "true")
            .with("X-Consul-Lastcontact", "0")
    }
}
