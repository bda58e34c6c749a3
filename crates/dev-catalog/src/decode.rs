//! Reads JSON bodies the way Consul does: any case of a key, no unknown key, Go's words for what is wrong.

use std::collections::BTreeMap;

use go_base64::STANDARD;
use serde::Deserialize as _;
use serde_json::{Deserializer, Map, Number, Value};

use crate::duration;

/// What is wrong with a body, without the words `Request decode failed`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DecodeError(String);

impl DecodeError {
    /// A member that Consul takes and this catalog does not.
    pub(crate) fn foreign(name: &str) -> Self {
        Self(format!(
            "`{name}` is not supported by the development catalog"
        ))
    }
}

/// The members of one JSON object that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the first JSON value of a body; what follows it is not looked at, as in Consul.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        Self::parse_as(body, "struct")
    }

    /// The same, where Go has a name for what it wants.
    pub(crate) fn parse_as(body: &[u8], kind: &str) -> Result<Self, DecodeError> {
        let mut reader = Deserializer::from_slice(body);
        let value = Value::deserialize(&mut reader).map_err(|error| syntax_error(body, &error))?;
        Self::of(value, "", kind)
    }

    /// Reads a list of objects, which Go would call `kind`.
    pub(crate) fn parse_list(body: &[u8], kind: &str) -> Result<Vec<Self>, DecodeError> {
        let mut reader = Deserializer::from_slice(body);
        let value = Value::deserialize(&mut reader).map_err(|error| syntax_error(body, &error))?;
        match value {
            Value::Array(items) => {
                let items = items.into_iter();
                items.map(|item| Self::of(item, "", kind)).collect()
            }
            Value::Null => Ok(Vec::new()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(mismatch(&value, "", kind))
            }
        }
    }

    fn of(value: Value, field: &str, wanted: &str) -> Result<Self, DecodeError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Null => Ok(Self::default()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(mismatch(&value, field, wanted))
            }
        }
    }

    /// Whether nothing is left, or only values that mean "not given".
    pub(crate) fn is_blank(&self) -> bool {
        self.0.values().all(is_blank)
    }

    /// Takes members that are known but mean nothing here; the names of those that ask for something.
    pub(crate) fn take_foreign(&mut self, names: &[&'static str]) -> Vec<&'static str> {
        let asked =
            |name: &&'static str| self.take(&[*name]).is_some_and(|value| !is_blank(&value));
        names.iter().copied().filter(asked).collect()
    }

    /// Ends the reading: whatever was not taken is unknown.
    pub(crate) fn end(self) -> Result<(), DecodeError> {
        match self.0.keys().next() {
            Some(key) => Err(DecodeError(format!("json: unknown field {key:?}"))),
            None => Ok(()),
        }
    }

    pub(crate) fn text(&mut self, names: &[&str]) -> Result<String, DecodeError> {
        match self.take(names) {
            None => Ok(String::new()),
            Some(value) => text(value, names[0]),
        }
    }

    /// Tells whether a field is there, empty or not.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        let is_named = |key: &&String| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        self.0.keys().any(|key| is_named(&key))
    }

    pub(crate) fn flag(&mut self, names: &[&str]) -> Result<bool, DecodeError> {
        match self.take(names) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(mismatch(&other, names[0], "bool")),
        }
    }

    pub(crate) fn integer(&mut self, names: &[&str]) -> Result<Option<i64>, DecodeError> {
        match self.take(names) {
            None => Ok(None),
            Some(Value::Number(number)) => integer(&number, names[0]).map(Some),
            Some(other) => Err(mismatch(&other, names[0], "int")),
        }
    }

    /// Takes a Go duration, or a number of nanoseconds.
    pub(crate) fn nanos(&mut self, names: &[&str]) -> Result<i64, DecodeError> {
        match self.take(names) {
            None => Ok(0),
            Some(Value::Number(number)) => integer(&number, names[0]),
            Some(Value::String(text)) if text.is_empty() => Ok(0),
            Some(Value::String(text)) => duration::parse(&text)
                .ok_or_else(|| DecodeError(format!("time: invalid duration {text:?}"))),
            Some(other) => Err(mismatch(&other, names[0], "time.Duration")),
        }
    }

    /// Takes a length of time as sessions have it: a number is truncated, and what is neither is none.
    pub(crate) fn loose_nanos(&mut self, names: &[&str]) -> Result<Option<i64>, DecodeError> {
        match self.take(names) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                #[expect(clippy::cast_possible_truncation, reason = "Go cuts it off just so")]
                let whole = number.as_f64().unwrap_or(0.0) as i64;
                Ok(Some(number.as_i64().unwrap_or(whole)))
            }
            Some(Value::String(text)) => match duration::parse(&text) {
                Some(nanos) => Ok(Some(nanos)),
                None if text.bytes().all(|digit| digit.is_ascii_digit()) && !text.is_empty() => {
                    Err(DecodeError(format!(
                        "time: missing unit in duration {text:?}"
                    )))
                }
                None => Err(DecodeError(format!("time: invalid duration {text:?}"))),
            },
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => Ok(Some(0)),
        }
    }

    /// Takes a list of texts; none when it is missing or `null`.
    pub(crate) fn maybe_texts(
        &mut self,
        names: &[&str],
        kind: &str,
    ) -> Result<Option<Vec<String>>, DecodeError> {
        let field = names[0];
        match self.take(names) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let texts = items.into_iter().map(|item| text(item, field));
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(mismatch(&other, field, kind)),
        }
    }

    pub(crate) fn texts(&mut self, names: &[&str]) -> Result<Vec<String>, DecodeError> {
        self.maybe_texts(names, "[]string")
            .map(Option::unwrap_or_default)
    }

    /// Takes bytes that travel as base64.
    pub(crate) fn encoded(&mut self, names: &[&str]) -> Result<Vec<u8>, DecodeError> {
        match self.take(names) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => STANDARD
                .decode(text.as_bytes())
                .map_err(|at| DecodeError(format!("illegal base64 data at input byte {at}"))),
            Some(other) => Err(mismatch(&other, names[0], "[]uint8")),
        }
    }

    /// Takes an unsigned number; 0 when it is missing.
    pub(crate) fn count(&mut self, names: &[&str]) -> Result<u64, DecodeError> {
        match self.take(names) {
            None => Ok(0),
            Some(Value::Number(number)) => number.as_u64().ok_or_else(|| {
                let field = names[0];
                DecodeError(format!(
                    "json: cannot unmarshal number {number} into Go struct field .{field} of type uint64"
                ))
            }),
            Some(other) => Err(mismatch(&other, names[0], "uint64")),
        }
    }

    pub(crate) fn text_map(
        &mut self,
        names: &[&str],
    ) -> Result<BTreeMap<String, String>, DecodeError> {
        let members = self.object(names, "map[string]string")?;
        let pair = |(key, value)| Ok((key, text(value, names[0])?));
        members.map_or(Ok(BTreeMap::new()), |members| {
            members.0.into_iter().map(pair).collect()
        })
    }

    pub(crate) fn object(
        &mut self,
        names: &[&str],
        kind: &str,
    ) -> Result<Option<Fields>, DecodeError> {
        self.take(names)
            .map(|value| Self::of(value, names[0], kind))
            .transpose()
    }

    pub(crate) fn objects(
        &mut self,
        names: &[&str],
        kind: &str,
    ) -> Result<Vec<Fields>, DecodeError> {
        let field = names[0];
        match self.take(names) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| Self::of(item, field, kind))
                .collect(),
            Some(other) => Err(mismatch(&other, field, &format!("[]{kind}"))),
        }
    }

    pub(crate) fn named_objects(
        &mut self,
        names: &[&str],
        kind: &str,
    ) -> Result<Vec<(String, Fields)>, DecodeError> {
        let members = self.object(names, kind)?.unwrap_or_default();
        let pair = |(key, value)| Ok((key, Self::of(value, names[0], kind)?));
        members.0.into_iter().map(pair).collect()
    }

    /// Takes the first member with one of the names in any case; `null` is the same as absent.
    fn take(&mut self, names: &[&str]) -> Option<Value> {
        let mut found = None;
        for name in names {
            while let Some(key) = self
                .0
                .keys()
                .find(|key| key.eq_ignore_ascii_case(name))
                .cloned()
            {
                let value = self.0.remove(&key).filter(|value| !value.is_null());
                found = found.or(value);
            }
        }
        found
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_blank),
    }
}

fn text(value: Value, field: &str) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(mismatch(&value, field, "string"))
        }
    }
}

fn integer(number: &Number, field: &str) -> Result<i64, DecodeError> {
    let wrong = || {
        format!("json: cannot unmarshal number {number} into Go struct field .{field} of type int")
    };
    number.as_i64().ok_or_else(|| DecodeError(wrong()))
}

fn mismatch(value: &Value, field: &str, wanted: &str) -> DecodeError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    DecodeError(if field.is_empty() {
        format!("json: cannot unmarshal {found} into Go value of type {wanted}")
    } else {
        format!("json: cannot unmarshal {found} into Go struct field .{field} of type {wanted}")
    })
}

fn syntax_error(body: &[u8], error: &serde_json::Error) -> DecodeError {
    DecodeError(match error.classify() {
        serde_json::error::Category::Eof if body.trim_ascii().is_empty() => "EOF".to_owned(),
        serde_json::error::Category::Eof => "unexpected EOF".to_owned(),
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Data => error.to_string(),
    })
}
