//! What is said to etcd and what it answers, as its gateway writes both: JSON in which bytes are
//! base64, large numbers are texts, and whatever is zero or empty is left out.

use std::borrow::Cow;

use bytes::Bytes;
use go_base64::STANDARD;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};

use super::layout::Stretch;

impl Pair {
    /// Its key as a text. One that is none is none of ours; what it is called makes no difference.
    pub(super) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// What every answer says first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    #[serde(deserialize_with = "number")]
    pub(super) revision: i64,
    #[serde(deserialize_with = "number")]
    pub(super) raft_term: i64,
}

/// A key, its value, and since when.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pair {
    #[serde(deserialize_with = "bytes")]
    pub(super) key: Bytes,
    #[serde(deserialize_with = "bytes")]
    pub(super) value: Bytes,
    #[serde(deserialize_with = "number")]
    pub(super) create_revision: i64,
    #[serde(deserialize_with = "number")]
    pub(super) mod_revision: i64,
}

/// What a stretch of keys holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    pub(super) header: Header,
    pub(super) kvs: Vec<Pair>,
    /// Whether there is more than was to be told at once.
    pub(super) more: bool,
}

/// What came of a transaction.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Transacted {
    pub(super) header: Header,
    /// Whether all that was compared was so.
    pub(super) succeeded: bool,
    pub(super) responses: Vec<Response>,
}

/// What one part of a transaction answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    pub(super) response_range: Option<Found>,
}

/// A lease that was granted or kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Lease {
    #[serde(rename = "ID", deserialize_with = "number")]
    pub(super) id: i64,
    /// How long it lasts, in seconds; 0 if there is no such lease.
    #[serde(rename = "TTL", deserialize_with = "number")]
    pub(super) ttl: i64,
}

/// What a stream tells.
#[derive(Debug, Deserialize)]
pub(super) struct Streamed<T> {
    pub(super) result: Option<T>,
}

/// What a watch tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    pub(super) header: Header,
    pub(super) created: bool,
    pub(super) canceled: bool,
    /// Not zero where what was to be told is no longer known.
    #[serde(deserialize_with = "number")]
    pub(super) compact_revision: i64,
    pub(super) cancel_reason: String,
    /// Whether more of the same follows.
    pub(super) fragment: bool,
    pub(super) events: Vec<Event>,
}

/// One change of one key.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    #[serde(default, rename = "type")]
    pub(super) kind: Kind,
    pub(super) kv: Pair,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    #[default]
    Put,
    Delete,
}

/// Who we are from now on.
#[derive(Deserialize)]
pub(super) struct Authenticated {
    #[serde(default)]
    pub(super) token: String,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// gRPC's number for it.
    pub(super) code: i64,
    pub(super) message: String,
}

impl Refusal {
    /// Reads a refusal, in any of the three forms that the gateway gives them.
    pub(super) fn read(body: &[u8]) -> Self {
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        let inner = if said["error"].is_object() {
            &said["error"]
        } else {
            &said
        };
        let numbers = [&inner["code"], &inner["grpc_code"]];
        let texts = [&inner["message"], &inner["error"]];
        let message = match texts.into_iter().find_map(Value::as_str) {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(body).into_owned(),
        };
        let line = message.lines().next().unwrap_or_default();
        Self {
            code: numbers.into_iter().find_map(Value::as_i64).unwrap_or(-1),
            message: line.chars().take(200).collect(),
        }
    }
}

/// Asks for a stretch.
pub(super) fn range(stretch: &Stretch) -> Value {
    let mut range = json!({ "key": STANDARD.encode(&stretch.begin) });
    if let Some(end) = &stretch.end {
        range["range_end"] = STANDARD.encode(end).into();
    }
    range
}

/// Follows a stretch from a revision on.
pub(super) fn watch(stretch: &Stretch, revision: i64) -> Value {
    let mut watch = range(stretch);
    watch["start_revision"] = revision.to_string().into();
    watch["progress_notify"] = true.into();
    watch["fragment"] = true.into();
    json!({ "create_request": watch })
}

/// Writes a key; with lease 0 for good.
pub(super) fn put(key: &str, value: &[u8], lease: i64) -> Value {
    json!({ "request_put": {
        "key": STANDARD.encode(key.as_bytes()),
        "value": STANDARD.encode(value),
        "lease": lease.to_string(),
    } })
}

/// Takes a key away.
pub(super) fn delete(key: &str) -> Value {
    json!({ "request_delete_range": { "key": STANDARD.encode(key.as_bytes()) } })
}

/// Asks for a key as part of a transaction.
pub(super) fn look(key: &str) -> Value {
    json!({ "request_range": { "key": STANDARD.encode(key.as_bytes()) } })
}

/// Does the first if all is as expected, and the second otherwise.
pub(super) fn transaction(expected: &[Value], then: &[Value], otherwise: &[Value]) -> Value {
    json!({ "compare": expected, "success": then, "failure": otherwise })
}

/// Expects that a key hangs on a lease.
pub(super) fn hangs_on(key: &str, lease: i64) -> Value {
    compare(key, "LEASE", "lease", &lease.to_string())
}

/// Expects that there is no such key.
pub(super) fn is_absent(key: &str) -> Value {
    compare(key, "CREATE", "create_revision", "0")
}

/// Expects that a key has not changed since.
pub(super) fn is_still(key: &str, revision: u64) -> Value {
    compare(key, "MOD", "mod_revision", &revision.to_string())
}

fn compare(key: &str, target: &str, field: &str, value: &str) -> Value {
    json!({
        "key": STANDARD.encode(key.as_bytes()),
        "target": target,
        "result": "EQUAL",
        field: value,
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Plain(i64),
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Number::deserialize(deserializer)? {
        Number::Text(text) => text.parse().map_err(D::Error::custom),
        Number::Plain(number) => Ok(number),
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    let bytes = STANDARD
        .decode(text.as_bytes())
        .map_err(|_| D::Error::custom("a value is not base64"))?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_every_form() {
        let read = |body: &str| {
            let Refusal { code, message } = Refusal::read(body.as_bytes());
            format!("{code} {message}")
        };
        let plain = r#"{"error":"no leader","message":"no leader","code":14}"#;
        assert_eq!(read(plain), "14 no leader");
        let streamed = r#"{"error":{"grpc_code":14,"http_code":503,"message":"no leader"}}"#;
        assert_eq!(read(streamed), "14 no leader");
        assert_eq!(read("Not Found\n"), "-1 Not Found");
    }

    #[test]
    fn what_is_left_out_is_zero() {
        let seen = r#"{"result":{"header":{"revision":"7"},"events":[
            {"kv":{"key":"YQ==","mod_revision":"7","value":"Yg=="}},
            {"type":"DELETE","kv":{"key":"YQ==","mod_revision":"8"}}]}}"#;
        let seen: Streamed<Seen> = serde_json::from_str(seen).unwrap();
        let seen = seen.result.unwrap();
        assert_eq!((seen.header.revision, seen.created), (7, false));
        let events: Vec<_> = seen.events.iter().map(|event| event.kind).collect();
        assert_eq!(events, [Kind::Put, Kind::Delete]);
        assert_eq!(seen.events[0].kv.key, "a");
        assert_eq!(seen.events[0].kv.value, "b");
    }
}
