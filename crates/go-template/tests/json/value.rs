//! JSON as a Go program reads it.

use go_template::{List, Map, Value};
use serde_json::Value as Json;

/// Converts JSON; a number without a point or exponent is an int.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| number.as_f64().expect("a number").into(), Value::Int),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(value).collect::<List>().into(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, json)| (key.as_str(), value(json)))
            .collect::<Map>()
            .into(),
    }
}
