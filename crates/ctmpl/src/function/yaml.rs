//! YAML out of values, in the style that Go programs write.

use go_template::{Kind, Value};

use super::{Entry, argument, yaml_text};

pub(super) const ALL: &[Entry] = &[Entry::new("toYAML", &[Kind::Any], |_, words| {
    let mut writer = Writer { out: String::new() };
    writer.value(argument(words, 0), 0, Place::Start)?;
    Ok(writer.out.trim().into())
})];

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of the document.
    Start,
    /// Behind a key and its colon.
    Key,
    /// Behind the dash of a list.
    Dash,
}

/// A key and its value, or an element without a key.
type Items = Vec<(Option<String>, Value)>;

struct Writer {
    out: String,
}

impl Writer {
    /// Writes a value whose lines begin this deep.
    fn value(&mut self, value: &Value, depth: usize, place: Place) -> Result<(), String> {
        match items(value)? {
            None => self.scalar(value, depth, place),
            Some(items) if items.is_empty() => {
                self.space(place);
                let is_list = value.as_list().is_some();
                self.out += if is_list { "[]" } else { "{}" };
                self.out.push('\n');
            }
            Some(items) => self.items(&items, depth, place)?,
        }
        Ok(())
    }

    fn items(&mut self, items: &Items, depth: usize, place: Place) -> Result<(), String> {
        let is_list = items.iter().all(|(key, _)| key.is_none());
        // A list stands no deeper than the key it belongs to.
        let depth = match (place, is_list) {
            (Place::Key, true) => depth - 1,
            _ => depth,
        };
        match place {
            Place::Start => {}
            Place::Key => self.out.push('\n'),
            Place::Dash => self.out.push(' '),
        }
        for (index, (key, value)) in items.iter().enumerate() {
            if index > 0 || place != Place::Dash {
                self.out += &"  ".repeat(depth);
            }
            match key {
                None => {
                    self.out.push('-');
                    self.value(value, depth + 1, Place::Dash)?;
                }
                Some(key) => {
                    self.out += &yaml_text::key(key);
                    self.out.push(':');
                    self.value(value, depth + 1, Place::Key)?;
                }
            }
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, depth: usize, place: Place) {
        self.space(place);
        match value {
            Value::String(text) => {
                let depth = depth.max(1);
                self.out += &yaml_text::value(&text.to_str(), depth);
            }
            Value::Float(float) if !float.is_finite() => {
                self.out += match *float {
                    f64::INFINITY => ".inf",
                    f64::NEG_INFINITY => "-.inf",
                    _ => ".nan",
                };
            }
            Value::Nil | Value::Object(_) => self.out += "null",
            Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Byte(_)
            | Value::Float(_)
            | Value::Complex(..)
            | Value::List(_)
            | Value::Map(_)
            | Value::Function(_) => self.out += &value.to_string(),
        }
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn space(&mut self, place: Place) {
        match place {
            Place::Start => {}
            Place::Key | Place::Dash => self.out.push(' '),
        }
    }
}

/// Gives what a value holds; none for one that is a single text or number.
fn items(value: &Value) -> Result<Option<Items>, String> {
    match value {
        Value::List(list) => Ok(Some(list.iter().map(|item| (None, item)).collect())),
        Value::Map(map) => {
            let entries = map.entries();
            let entries =
                entries.map(|(key, value)| (Some(key.to_str().into_owned()), value.clone()));
            Ok(Some(entries.collect()))
        }
        Value::Object(object) if !object.is_nil() => {
            // The names of fields are written small.
            let fields = object.fields().into_iter();
            let fields = fields.map(|(name, value)| (Some(name.to_lowercase()), value));
            Ok(Some(fields.collect()))
        }
        Value::Complex(..) | Value::Function(_) => Err(format!(
            "toYAML: yaml: cannot marshal type: {}",
            value.type_name()
        )),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Object(_) => Ok(None),
    }
}
