//! YAML 1.2 (<https://yaml.org/spec/1.2.2>) to a tree of values with positions.
//!
//! The `saphyr-parser` crate makes events of a text; the tree is ours, for the limits, the places
//! and the core schema. A key must be text, and stand once. Merge keys (`<<`), which are older
//! than YAML 1.2 and in everybody's files, are understood.

mod event;
mod hint;
mod object;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use saphyr_parser::{Event, ScalarStyle, Tag};

use self::object::Object;
use crate::{
    syntax::{DEEPEST, SyntaxError},
    value::{Kind, Span, Value},
};

/// What all aliases of a text may stand for together, in values and bytes of text: a few lines
/// of aliases of aliases would otherwise fill the memory.
const MOST_COPIED: usize = 1 << 18;

/// Reads a whole document.
pub(crate) fn parse(text: &str) -> Result<Value, Vec<SyntaxError>> {
    let events = event::all(text).map_err(|error| vec![error])?;
    let mut tree = Tree::new(text, &events);
    match tree.document() {
        Ok(value) if tree.errors.is_empty() => Ok(value),
        Ok(_) => Err(tree.errors),
        Err(error) => {
            tree.errors.push(error);
            Err(tree.errors)
        }
    }
}

/// What is read of the events.
struct Tree<'e, 't> {
    text: &'t str,
    events: &'e [(Event<'t>, Span)],
    /// The next event.
    at: usize,
    /// Where what an anchor names begins.
    anchors: HashMap<usize, usize>,
    /// The anchors whose lists and objects are being read.
    open: Vec<usize>,
    /// How many lists and objects are being read.
    depth: usize,
    /// The alias that is being read, the outermost if it leads to others.
    alias: Option<Span>,
    /// What aliases have stood for so far.
    copied: usize,
    /// What is wrong, as far as it does not keep from reading on.
    errors: Vec<SyntaxError>,
}

impl<'e, 't> Tree<'e, 't> {
    fn new(text: &'t str, events: &'e [(Event<'t>, Span)]) -> Self {
        Self {
            text,
            events,
            at: 0,
            anchors: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            alias: None,
            copied: 0,
            errors: Vec::new(),
        }
    }

    /// Reads the only document; a text without any is null.
    fn document(&mut self) -> Result<Value, SyntaxError> {
        let mut document = None;
        while let Some((event, span)) = self.events.get(self.at) {
            match event {
                Event::DocumentStart(_) if document.is_some() => return Err(second(*span)),
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => self.at += 1,
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => document = Some(self.value()?),
            }
        }
        Ok(document.unwrap_or(Value {
            span: Span::default(),
            kind: Kind::Null,
        }))
    }

    fn value(&mut self) -> Result<Value, SyntaxError> {
        let events = self.events;
        let begin = self.at;
        let (event, span) = &events[begin];
        self.at += 1;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.anchors.insert(*anchor, begin);
                self.count(text.len())?;
                let kind = self.scalar(text, *style, tag.as_deref(), *span);
                Ok(Value { span: *span, kind })
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", *span);
                self.nested(*anchor, *span, Self::list)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", *span);
                self.nested(*anchor, *span, Self::object)
            }
            Event::Alias(anchor) => self.copy(*anchor, *span),
            // None of these comes where a value is due.
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(error(span.start, "a value is missing")),
        }
    }

    fn nested(
        &mut self,
        anchor: usize,
        span: Span,
        inside: fn(&mut Self, Span) -> Result<Value, SyntaxError>,
    ) -> Result<Value, SyntaxError> {
        if self.depth == DEEPEST {
            let reason = format!("exceeded max depth of {DEEPEST}");
            return Err(error(span.start, reason));
        }
        self.anchors.insert(anchor, self.at - 1);
        self.count(0)?;
        self.depth += 1;
        self.open.push(anchor);
        let value = inside(self, span)?;
        self.open.pop();
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self, span: Span) -> Result<Value, SyntaxError> {
        let (mut items, mut end) = (Vec::new(), span.end);
        let last = loop {
            if let (Event::SequenceEnd, last) = &self.events[self.at] {
                break *last;
            }
            items.push(self.value()?);
            end = self.end();
        };
        self.at += 1;
        Ok(Value {
            span: Span::new(span.start, end_of(last, end)),
            kind: Kind::List(items),
        })
    }

    fn object(&mut self, span: Span) -> Result<Value, SyntaxError> {
        let (mut object, mut end) = (Object::default(), span.end);
        let last = loop {
            if let (Event::MappingEnd, last) = &self.events[self.at] {
                break *last;
            }
            let key = self.key()?;
            let value = self.value()?;
            end = self.end();
            self.add(&mut object, key, value);
        };
        self.at += 1;
        Ok(Value {
            span: Span::new(span.start, end_of(last, end)),
            kind: Kind::Object(object.into_members()),
        })
    }

    /// Where the event before the next one ends.
    fn end(&self) -> usize {
        self.events[self.at - 1].1.end
    }

    /// Reads what an alias stands for.
    fn copy(&mut self, anchor: usize, span: Span) -> Result<Value, SyntaxError> {
        let begin = self.anchors.get(&anchor).copied();
        let Some(begin) = begin.filter(|_| !self.open.contains(&anchor)) else {
            return Err(error(
                span.start,
                "an alias cannot stand within what it names",
            ));
        };
        let (after, outer) = (self.at, self.alias);
        self.alias = outer.or(Some(span));
        self.at = begin;
        let value = self.value()?;
        (self.at, self.alias) = (after, outer);
        Ok(value)
    }

    /// Counts a value if it is a copy.
    fn count(&mut self, text: usize) -> Result<(), SyntaxError> {
        let Some(alias) = self.alias else {
            return Ok(());
        };
        self.copied += 1 + text;
        if self.copied <= MOST_COPIED {
            return Ok(());
        }
        let reason = format!("the aliases stand for more than {MOST_COPIED} values and characters");
        let hint = "an alias is a copy of all that its anchor names".to_owned();
        Err(SyntaxError {
            hint: Some(hint),
            ..error(alias.start, reason)
        })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Kind {
        let is_plain = style == ScalarStyle::Plain;
        let read = match tag {
            None if is_plain => scalar::plain(text),
            None => Ok(Kind::Text(text.to_owned())),
            Some(tag) => scalar::tagged(text, tag),
        };
        read.unwrap_or_else(|reason| {
            self.note(error(span.start, reason));
            Kind::Null
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, usual: &str, span: Span) {
        let unusual = |tag: &&Tag| !tag.is_yaml_core_schema() || tag.suffix != usual;
        if let Some(tag) = tag.filter(unusual) {
            self.note(error(span.start, scalar::unknown_tag(tag)));
        }
    }

    /// Keeps an error; what an alias stands for is read again, and errs again.
    fn note(&mut self, error: SyntaxError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// Where a list or an object ends: at its bracket if it has one, else with the last thing in it.
fn end_of(last: Span, inside: usize) -> usize {
    if last.start < last.end {
        last.end
    } else {
        inside
    }
}

fn second(span: Span) -> SyntaxError {
    let hint = "one file is one configuration; a directory may hold several files".to_owned();
    SyntaxError {
        hint: Some(hint),
        ..error(span.start, "a second document begins")
    }
}

fn error(offset: usize, reason: impl Into<String>) -> SyntaxError {
    SyntaxError {
        offset,
        reason: reason.into(),
        hint: None,
    }
}
