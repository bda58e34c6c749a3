//! JSON5 for people: comments, short objects on one line.

use super::action::is_alone;
use crate::value::{Kind, Value, decimal};

/// Past this many characters an object has a line for each key.
const WIDTH: usize = 96;

/// A part of the new file.
pub(super) enum Node {
    /// A value on one line.
    Inline(String),
    /// Keys and what they stand for.
    Object(Vec<Entry>),
    /// Objects, each with its comments.
    List(Vec<(Vec<String>, Node)>),
}

/// A key of an object.
pub(super) struct Entry {
    notes: Vec<String>,
    key: &'static str,
    node: Node,
}

impl Entry {
    pub(super) fn new(key: &'static str, node: Node) -> Self {
        Self {
            notes: Vec::new(),
            key,
            node,
        }
    }

    /// Puts a comment before it.
    pub(super) fn noted(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl Node {
    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self::Inline(quote(text))
    }

    /// A value as it is.
    pub(super) fn value(value: &Value) -> Self {
        Self::Inline(inline(value))
    }

    /// A list of texts.
    pub(super) fn texts(texts: &[String]) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
        Self::Inline(format!("[{}]", texts.join(", ")))
    }

    fn on_one_line(&self) -> Option<String> {
        match self {
            Self::Inline(text) => Some(text.clone()),
            Self::List(_) => None,
            Self::Object(entries) => {
                let entry = |entry: &Entry| {
                    let node = entry
                        .node
                        .on_one_line()
                        .filter(|_| entry.notes.is_empty())?;
                    Some(format!("{}: {node}", entry.key))
                };
                let entries = entries.iter().map(entry).collect::<Option<Vec<_>>>()?;
                Some(format!("{{ {} }}", entries.join(", ")))
            }
        }
    }
}

/// Writes a file: its first comment, and the object it is.
pub(super) fn print(head: &[String], root: &Node) -> String {
    let mut text = String::new();
    notes(&mut text, head, 0);
    node(&mut text, root, 0, 0);
    text.push('\n');
    text
}

fn node(text: &mut String, what: &Node, depth: usize, column: usize) {
    if let Some(line) = what.on_one_line()
        && depth > 0
        && column + line.chars().count() <= WIDTH
    {
        return text.push_str(&line);
    }
    match what {
        Node::Inline(line) => text.push_str(line),
        Node::Object(entries) => {
            text.push_str("{\n");
            for entry in entries {
                notes(text, &entry.notes, depth + 1);
                let head = format!("{}{}: ", "  ".repeat(depth + 1), entry.key);
                text.push_str(&head);
                node(text, &entry.node, depth + 1, head.len());
                text.push_str(",\n");
            }
            text.push_str(&format!("{}}}", "  ".repeat(depth)));
        }
        Node::List(items) => {
            text.push_str("[\n");
            for (comments, item) in items {
                notes(text, comments, depth + 1);
                text.push_str(&"  ".repeat(depth + 1));
                node(text, item, depth + 1, 2 * (depth + 1));
                text.push_str(",\n");
            }
            text.push_str(&format!("{}]", "  ".repeat(depth)));
        }
    }
}

fn notes(text: &mut String, notes: &[String], depth: usize) {
    for note in notes {
        // A comment ends with its line.
        let note = note.replace(['\n', '\r'], " ");
        text.push_str(&format!("{}// {note}\n", "  ".repeat(depth)));
    }
}

fn inline(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Number(number) => decimal(*number),
        Kind::Text(text) => quote(text),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Object(members) => {
            let member = |member: &crate::value::Member| {
                format!("{}: {}", key(&member.key.value), inline(&member.value))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
    }
}

fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        quote(name)
    }
}

/// Quotes a text; an action that was a value of its own needs no quotes.
fn quote(text: &str) -> String {
    if is_alone(text) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
