//! Values out of texts.

use go_template::{Element, List, Map, Value};
use serde_json::Value as Json;

use super::{Entry, Result, TEXT, text};
use crate::scene::Scene;

pub(super) const ALL: &[Entry] = &[
    Entry::new("parseBool", TEXT, |_, words| boolean(&text(words, 0))),
    Entry::new("parseFloat", TEXT, |_, words| float(&text(words, 0))),
    Entry::new("parseInt", TEXT, |_, words| int(&text(words, 0))),
    Entry::new("parseJSON", TEXT, json),
    Entry::new("parseUint", TEXT, |_, words| uint(&text(words, 0))),
];

/// Says why a text is not a number, in the words of Go.
fn invalid(function: &str, text: &str, reason: &str) -> String {
    let mut go = function.to_owned();
    if let Some(first) = go.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{function}: strconv.{go}: parsing {text:?}: {reason}")
}

const SYNTAX: &str = "invalid syntax";
const RANGE: &str = "value out of range";

fn boolean(text: &str) -> Result {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true.into()),
        "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false.into()),
        _ => Err(invalid("parseBool", text, SYNTAX)),
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn int(text: &str) -> Result {
    if text.is_empty() {
        return Ok(Value::Int(0));
    }
    if !are_digits(text.strip_prefix(['+', '-']).unwrap_or(text)) {
        return Err(invalid("parseInt", text, SYNTAX));
    }
    let number = text.parse::<i64>();
    number
        .map(Value::Int)
        .map_err(|_| invalid("parseInt", text, RANGE))
}

fn uint(text: &str) -> Result {
    if text.is_empty() {
        return Ok(Value::Uint(0));
    }
    if !are_digits(text) {
        return Err(invalid("parseUint", text, SYNTAX));
    }
    let number = text.parse::<u64>();
    number
        .map(Value::Uint)
        .map_err(|_| invalid("parseUint", text, RANGE))
}

fn float(text: &str) -> Result {
    if text.is_empty() {
        return Ok(Value::Float(0.0));
    }
    let number: f64 = text
        .parse()
        .map_err(|_| invalid("parseFloat", text, SYNTAX))?;
    if number.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err(invalid("parseFloat", text, RANGE));
    }
    Ok(Value::Float(number))
}

/// `parseJSON TEXT`: an empty text is an empty map, and every number a `float64`.
fn json(_: &Scene<'_>, words: &[Value]) -> Result {
    let text = text(words, 0);
    if text.is_empty() {
        return Ok(Map::new(Element::Any, []).into());
    }
    let json: Json = serde_json::from_str(&text).map_err(|error| {
        if error.is_eof() {
            "unexpected end of JSON input".to_owned()
        } else {
            error.to_string()
        }
    })?;
    Ok(value(json))
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => truth.into(),
        Json::Number(number) => number.as_f64().map_or(Value::Nil, Value::Float),
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(value).collect::<List>().into(),
        Json::Object(entries) => {
            let entry = |(key, json)| (key, value(json));
            entries.into_iter().map(entry).collect::<Map>().into()
        }
    }
}
