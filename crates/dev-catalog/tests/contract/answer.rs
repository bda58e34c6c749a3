//! An answer, and how it is written down so that two agents can be compared.

use std::fmt;

use serde_json::Value;

use super::http::Response;

/// The headers that clients of Consul look at.
const RELEVANT: [&str; 11] = [
    "Allow",
    "Content-Type",
    "Content-Security-Policy",
    "Location",
    "X-Consul-Contenthash",
    "X-Consul-Effective-Consistency",
    "X-Consul-Index",
    "X-Consul-Knownleader",
    "X-Consul-Lastcontact",
    "X-Consul-Reason",
    "X-Content-Type-Options",
];

/// Members whose value is the agent's own: its name, its identity, its history.
const OWN: [&str; 6] = [
    "Node",
    "NodeID",
    "NodeName",
    "ContentHash",
    "CreateIndex",
    "ModifyIndex",
];

/// What came back.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |(own, _): &&(String, String)| own == name;
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn index(&self) -> u64 {
        let text = self.header("X-Consul-Index").expect("an indexed answer");
        text.parse().expect("an index is a number")
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or `null` when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// How many instances, checks or keys the answer lists.
    pub(super) fn len(&self) -> usize {
        match self.json() {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Keeps what mentions the name, of an answer that lists the things of all cases.
    pub(super) fn part(mut self, name: &str) -> Self {
        if name.is_empty() {
            return self;
        }
        let mentions = |value: &Value| value.to_string().contains(name);
        let kept = match self.json() {
            Value::Array(items) => Value::Array(items.into_iter().filter(mentions).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                Value::Object(
                    members
                        .filter(|(key, value)| key.contains(name) || mentions(value))
                        .map(|(key, value)| (key, in_order(value)))
                        .collect(),
                )
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
        };
        self.body = kept.to_string().into_bytes();
        self
    }

    /// Keeps one member of a body that tells of more than the case's own.
    pub(super) fn member(mut self, pointer: &str) -> Self {
        let body = self.json();
        let member = body.pointer(pointer).unwrap_or(&Value::Null);
        self.body = member.to_string().into_bytes();
        self
    }

    fn comparable_body(&self) -> String {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(mut value) => {
                level(&mut value);
                format!("{value:#}")
            }
            Err(_) => self.text(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        for name in RELEVANT {
            match (name, self.header(name)) {
                (_, None) => {}
                ("X-Consul-Contenthash", Some(_)) => writeln!(f, "{name}: (some)")?,
                ("X-Consul-Index", Some("0")) => writeln!(f, "{name}: zero")?,
                ("X-Consul-Index", Some(_)) => writeln!(f, "{name}: (some)")?,
                (_, Some(value)) => writeln!(f, "{name}: {value}")?,
            }
        }
        write!(f, "{}", self.comparable_body())
    }
}

/// Replaces what must differ, keeping whether it is there at all.
fn level(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(level),
        Value::Object(members) => {
            let is_node = members.contains_key("Datacenter");
            for (key, value) in members {
                if OWN.contains(&key.as_str()) || (is_node && key == "ID") {
                    level_own(value);
                } else {
                    level(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn level_own(value: &mut Value) {
    match value {
        Value::Number(number) if number.as_u64() == Some(0) => {}
        Value::Object(_) => level(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            *value = Value::from("(own)");
        }
    }
}

/// Consul gathers the tags of a service in a map of Go, whose order is chance.
fn in_order(mut value: Value) -> Value {
    if let Value::Array(items) = &mut value
        && items.iter().all(Value::is_string)
    {
        items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    }
    value
}
