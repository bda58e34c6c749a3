//! JSON out of values, as Go writes it.

use std::fmt::Write;

use go_template::{Kind, Value};

use super::{Entry, Result, argument};

pub(super) const ALL: &[Entry] = &[
    Entry::new("toJSON", &[Kind::Any], |_, words| {
        written("toJSON", words, Style::escaped(false))
    }),
    Entry::new("toJSONPretty", &[Kind::Any], |_, words| {
        written("toJSONPretty", words, Style::escaped(true))
    }),
    Entry::new("toUnescapedJSON", &[Kind::Any], |_, words| {
        written("toUnescapedJSON", words, Style::plain(false))
    }),
    Entry::new("toUnescapedJSONPretty", &[Kind::Any], |_, words| {
        written("toUnescapedJSONPretty", words, Style::plain(true))
    }),
];

#[derive(Clone, Copy)]
struct Style {
    /// Whether the characters that mean something to HTML are escaped.
    for_html: bool,
    /// Whether every value has a line of its own.
    pretty: bool,
}

impl Style {
    fn escaped(pretty: bool) -> Self {
        Self {
            for_html: true,
            pretty,
        }
    }

    fn plain(pretty: bool) -> Self {
        Self {
            for_html: false,
            pretty,
        }
    }
}

fn written(function: &str, words: &[Value], style: Style) -> Result {
    let mut writer = Writer {
        out: String::new(),
        style,
        depth: 0,
    };
    let value = argument(words, 0);
    writer
        .value(value)
        .map_err(|error| format!("{function}: {error}"))?;
    Ok(writer.out.trim().into())
}

struct Writer {
    out: String,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Nil => self.out += "null",
            Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Byte(_) => {
                self.out += &value.to_string();
            }
            Value::Float(float) => self.out += &number(*float)?,
            Value::String(text) => self.text(&text.to_str()),
            Value::List(list) => {
                let items = list.iter().map(|item| (None, item));
                self.all(['[', ']'], items)?;
            }
            Value::Map(map) => {
                let entries = map.entries();
                let entries =
                    entries.map(|(key, value)| (Some(key.to_str().into_owned()), value.clone()));
                self.all(['{', '}'], entries)?;
            }
            Value::Object(object) if object.is_nil() => self.out += "null",
            Value::Object(object) => {
                let fields = object.fields().into_iter();
                let fields = fields.map(|(name, value)| (Some(name.into_owned()), value));
                self.all(['{', '}'], fields)?;
            }
            Value::Complex(..) | Value::Function(_) => {
                return Err(format!("json: unsupported type: {}", value.type_name()));
            }
        }
        Ok(())
    }

    fn all(
        &mut self,
        [open, close]: [char; 2],
        items: impl Iterator<Item = (Option<String>, Value)>,
    ) -> Result<()> {
        self.out.push(open);
        self.depth += 1;
        let mut some = false;
        for (key, value) in items {
            if some {
                self.out.push(',');
            }
            some = true;
            self.line();
            if let Some(key) = key {
                self.text(&key);
                self.out += if self.style.pretty { ": " } else { ":" };
            }
            self.value(&value)?;
        }
        self.depth -= 1;
        if some {
            self.line();
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if self.style.pretty {
            self.out.push('\n');
            self.out += &"  ".repeat(self.depth);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\n' => self.out += "\\n",
                '\r' => self.out += "\\r",
                '\t' => self.out += "\\t",
                '<' | '>' | '&' if self.style.for_html => self.escape(c),
                '\u{2028}' | '\u{2029}' | '\0'..' ' => self.escape(c),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        // Writing to a text cannot fail.
        let _ = write!(self.out, "\\u{:04x}", u32::from(c));
    }
}

/// Writes a float, with an exponent only where it is very small or very large.
fn number(float: f64) -> Result<String> {
    if !float.is_finite() {
        return Err(format!("json: unsupported value: {}", Value::Float(float)));
    }
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let shown = format!("{float:e}");
        return Ok(match shown.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent}")
            }
            _ => shown,
        });
    }
    Ok(float.to_string())
}
