//! TOML out of values.

use go_template::{Kind, List, Map, Value};

use super::{Entry, Result, argument};

pub(super) const ALL: &[Entry] = &[Entry::new("toTOML", &[Kind::Any], |_, words| {
    let mut writer = Writer { out: String::new() };
    let entries = entries(argument(words, 0));
    let entries = entries.ok_or_else(|| {
        let name = argument(words, 0).type_name().into_owned();
        format!("toTOML: cannot write a value of type {name} as a document of TOML: not a map")
    })?;
    writer
        .table(&[], entries)
        .map_err(|error| format!("toTOML: {error}"))?;
    Ok(writer.out.trim().into())
})];

type Entries = Vec<(String, Value)>;

/// Gives what becomes a table, in order.
fn entries(value: &Value) -> Option<Entries> {
    if let Value::Object(object) = value {
        let fields = object.fields().into_iter();
        return Some(
            fields
                .map(|(name, value)| (name.into_owned(), value))
                .collect(),
        );
    }
    let map: &Map = value.as_map()?;
    let entry =
        |(key, value): (&go_template::Text, &Value)| (key.to_str().into_owned(), value.clone());
    Some(map.entries().map(entry).collect())
}

/// Gives a list of which every element becomes a table.
fn tables(value: &Value) -> Option<Vec<Entries>> {
    let list = value.as_list().filter(|list| !list.is_empty())?;
    list.iter().map(|item| entries(&item)).collect()
}

struct Writer {
    out: String,
}

impl Writer {
    /// Writes what has one line before what has a heading.
    fn table(&mut self, path: &[String], entries: Entries) -> Result<()> {
        let entries = entries.into_iter();
        let entries = entries.filter(|(_, value)| !matches!(value, Value::Nil));
        let has_heading = |(_, value): &(String, Value)| {
            self::entries(value).is_some() || tables(value).is_some()
        };
        let (below, direct): (Vec<_>, Vec<_>) = entries.partition(has_heading);
        for (key, value) in direct {
            self.indent(path.len());
            self.out += &format!("{} = ", name(&key));
            self.element(&value)?;
            self.out.push('\n');
        }
        for (key, value) in below {
            let path: Vec<String> = path.iter().cloned().chain([key]).collect();
            self.below(&path, &value)?;
        }
        Ok(())
    }

    fn below(&mut self, path: &[String], value: &Value) -> Result<()> {
        if let Some(entries) = entries(value) {
            if path.len() == 1 {
                self.break_line();
            }
            self.heading(path, ["[", "]"]);
            return self.table(path, entries);
        }
        for entries in tables(value).unwrap_or_default() {
            self.break_line();
            self.heading(path, ["[[", "]]"]);
            self.table(path, entries)?;
        }
        Ok(())
    }

    fn break_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn heading(&mut self, path: &[String], [open, close]: [&str; 2]) {
        self.indent(path.len() - 1);
        let names: Vec<String> = path.iter().map(|key| name(key)).collect();
        self.out += &format!("{open}{}{close}\n", names.join("."));
    }

    fn indent(&mut self, depth: usize) {
        self.out += &"  ".repeat(depth);
    }

    fn element(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Byte(_) => {
                self.out += &value.to_string();
            }
            Value::Float(float) => self.out += &number(*float),
            Value::String(text) => self.out += &quoted(&text.to_str()),
            Value::List(list) => self.array(list)?,
            Value::Nil => return Err("toml: cannot encode array with nil element".to_owned()),
            Value::Map(_) | Value::Object(_) => {
                return Err("toml: cannot encode a table beside other elements".to_owned());
            }
            Value::Complex(..) | Value::Function(_) => {
                return Err(format!("toml: unsupported type: {}", value.type_name()));
            }
        }
        Ok(())
    }

    fn array(&mut self, list: &List) -> Result<()> {
        self.out.push('[');
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                self.out += ", ";
            }
            self.element(&item)?;
        }
        self.out.push(']');
        Ok(())
    }
}

fn name(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// A float always shows that it is one.
fn number(float: f64) -> String {
    if float.is_nan() {
        return "nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "+inf" } else { "-inf" }.to_owned();
    }
    let shown = float.to_string();
    if shown.contains('.') {
        shown
    } else {
        format!("{shown}.0")
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            '\0'..' ' | '\x7f' => out += &format!("\\u{:04x}", u32::from(c)),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
