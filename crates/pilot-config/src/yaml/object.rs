//! The keys of a mapping: text, and each once; and what merge keys bring.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, ScalarStyle};

use super::{Tree, error};
use crate::{
    syntax::{SyntaxError, position},
    value::{Kind, Member, Span, Spanned, Value},
};

/// A key as it is written.
pub(super) enum Key {
    Name(Spanned<String>),
    /// `<<` without quotes, which brings what other mappings have.
    Merge(Span),
    /// What is no key. It has been reported.
    Broken,
}

/// The members of a mapping so far.
#[derive(Default)]
pub(super) struct Object {
    members: Vec<Member>,
    seen: HashMap<String, Span>,
    merged: Vec<Member>,
}

impl Tree<'_, '_> {
    /// Reads a key.
    pub(super) fn key(&mut self) -> Result<Key, SyntaxError> {
        let (event, span) = &self.events[self.at];
        let (span, plain) = (*span, ScalarStyle::Plain);
        let is_merge =
            matches!(event, Event::Scalar(text, style, _, None) if text == "<<" && *style == plain);
        let key = self.value()?;
        let (reason, hint) = match key.kind {
            Kind::Text(_) if is_merge => return Ok(Key::Merge(span)),
            Kind::Text(name) => return Ok(Key::Name(Spanned::new(span, name))),
            Kind::Null => ("a key is missing", None),
            Kind::Bool(_) => ("a key must be text, and this is a truth value", QUOTES),
            Kind::Number(_) => ("a key must be text, and this is a number", QUOTES),
            Kind::List(_) => ("a key must be text, and this is a list", None),
            Kind::Object(_) => ("a key must be text, and this is a mapping", BRACES),
        };
        self.note(SyntaxError {
            hint: hint.map(str::to_owned),
            ..error(span.start, reason)
        });
        Ok(Key::Broken)
    }

    /// Puts a member into a mapping.
    pub(super) fn add(&mut self, object: &mut Object, key: Key, value: Value) {
        match key {
            Key::Broken => {}
            Key::Merge(span) => {
                if self.is_new(object, "<<", span) {
                    self.merge(object, value);
                }
            }
            Key::Name(key) => {
                if self.is_new(object, &key.value, key.span) {
                    object.members.push(Member { key, value });
                }
            }
        }
    }

    fn is_new(&mut self, object: &mut Object, name: &str, span: Span) -> bool {
        let Some(first) = object.seen.insert(name.to_owned(), span) else {
            return true;
        };
        let (line, column) = position(self.text, first.start);
        self.note(SyntaxError {
            hint: Some(format!("the first one is at {line}:{column}")),
            ..error(span.start, format!("the key `{name}` is given twice"))
        });
        false
    }

    fn merge(&mut self, object: &mut Object, value: Value) {
        let sources = match value.kind {
            Kind::List(items) => items,
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Object(_) => {
                vec![value]
            }
        };
        for source in sources {
            if let Kind::Object(members) = source.kind {
                object.merged.extend(members);
            } else {
                let reason = "`<<` takes a mapping, or a list of mappings";
                self.note(error(source.span.start, reason));
            }
        }
    }
}

const QUOTES: Option<&str> = Some("put it in quotes");
/// What a template leaves in a YAML file that it is not put in quotes.
const BRACES: Option<&str> = Some("a text that begins with `{` needs quotes");

impl Object {
    /// Gives what the mapping itself says, and of the rest what is merged into it first.
    pub(super) fn into_members(self) -> Vec<Member> {
        let Self {
            mut members,
            seen,
            merged,
        } = self;
        let mut brought = HashSet::new();
        for member in merged {
            let name = &member.key.value;
            if !seen.contains_key(name) && brought.insert(name.clone()) {
                members.push(member);
            }
        }
        members
    }
}
