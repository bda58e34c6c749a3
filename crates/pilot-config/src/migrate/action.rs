//! Template actions, taken out of a text and put back later.

use crate::value::{Kind, Value};

/// Begins the mark of an action inside of a text.
const INSIDE: char = '\u{e000}';
/// Begins the mark of an action that is a value of its own.
const ALONE: char = '\u{e001}';
/// Ends a mark.
const END: char = '\u{e002}';

/// Whether a mark begins or ends with it.
pub(super) fn is_of_a_mark(c: char) -> bool {
    [INSIDE, ALONE, END].contains(&c)
}

/// A text in which marks stand for actions.
pub(super) struct Marked {
    text: String,
    actions: Vec<String>,
}

impl Marked {
    /// A text without any.
    pub(super) fn plain() -> Self {
        Self {
            text: String::new(),
            actions: Vec::new(),
        }
    }

    /// Puts a mark in the place of every action; none where that cannot be done.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.contains([INSIDE, ALONE, END]) {
            return None;
        }
        let mut marked = Self::plain();
        let mut quote = None;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if rest.starts_with("{{") {
                let (action, after) = rest.split_at(end_of_action(rest)?);
                marked.mark(action, quote.is_some());
                rest = after;
                continue;
            }
            let taken = match quote {
                Some(_) if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                Some(open) => {
                    if c == open {
                        quote = None;
                    }
                    c.len_utf8()
                }
                None => {
                    if matches!(c, '"' | '\'') {
                        quote = Some(c);
                    }
                    comment(rest).unwrap_or(c.len_utf8())
                }
            };
            marked.text.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
        Some(marked)
    }

    fn mark(&mut self, action: &str, inside: bool) {
        let mark = self.keep(action, if inside { INSIDE } else { ALONE });
        if inside {
            self.text.push_str(&mark);
        } else {
            self.text.push_str(&format!("\"{mark}\""));
        }
    }

    fn keep(&mut self, action: &str, begin: char) -> String {
        let number = self.actions.len();
        self.actions.push(action.to_owned());
        format!("{begin}{number}{END}")
    }

    /// Puts marks in a word of the command line, which is a template of its own.
    pub(super) fn word(&mut self, word: &str) -> String {
        let mut marked = String::new();
        let mut rest = word;
        while let Some(at) = rest.find("{{") {
            let Some(end) = end_of_action(&rest[at..]) else {
                return self.literal(word);
            };
            marked.push_str(&rest[..at]);
            marked.push_str(&self.keep(&rest[at..at + end], INSIDE));
            rest = &rest[at + end..];
        }
        marked + rest
    }

    /// Keeps a text from being read as a template.
    pub(super) fn literal(&mut self, text: &str) -> String {
        let mut parts = text.split("{{");
        let mut literal = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Back-quotes, since the quotes of JSON would have to be escaped.
            literal.push_str(&self.keep("{{`{{`}}", INSIDE));
            literal.push_str(part);
        }
        literal
    }

    /// Does so for every text of a value.
    pub(super) fn literal_value(&mut self, value: &mut Value) {
        match &mut value.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
            Kind::Text(text) => *text = self.literal(text),
            Kind::List(items) => items.iter_mut().for_each(|item| self.literal_value(item)),
            Kind::Object(members) => members
                .iter_mut()
                .for_each(|member| self.literal_value(&mut member.value)),
        }
    }

    /// The text with its marks.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether every action can move with the text it stands in: what it opens is closed there,
    /// and nothing it defines is used elsewhere.
    pub(super) fn is_sound(&self, value: &Value) -> bool {
        match &value.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => true,
            Kind::Text(text) => self.is_closed(text),
            Kind::List(items) => items.iter().all(|item| self.is_sound(item)),
            Kind::Object(members) => members
                .iter()
                .all(|member| !has_mark(&member.key.value) && self.is_sound(&member.value)),
        }
    }

    fn is_closed(&self, text: &str) -> bool {
        let mut open = 0_usize;
        for number in marks(text) {
            let action = self.actions.get(number).map_or("", String::as_str);
            if action.contains('$') {
                return false;
            }
            match keyword(action) {
                "if" | "range" | "with" => open += 1,
                "end" if open == 0 => return false,
                "end" => open -= 1,
                "define" | "block" | "template" => return false,
                _ => {}
            }
        }
        open == 0
    }

    /// Puts the actions back.
    pub(super) fn put_back(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, action) in self.actions.iter().enumerate() {
            for begin in [INSIDE, ALONE] {
                text = text.replace(&format!("{begin}{number}{END}"), action);
            }
        }
        text
    }
}

/// Whether a text is nothing but an action that was a value of its own.
pub(super) fn is_alone(text: &str) -> bool {
    text.starts_with(ALONE) && text.ends_with(END)
}

fn has_mark(text: &str) -> bool {
    text.contains(END)
}

/// The numbers of the actions of a text, in order.
fn marks(text: &str) -> impl Iterator<Item = usize> {
    let parts = text.split([INSIDE, ALONE]).skip(1);
    parts.filter_map(|part| part.split(END).next()?.parse().ok())
}

fn keyword(action: &str) -> &str {
    let inner = action.trim_start_matches(['{', '-']).trim_start();
    let end = inner.find(|c: char| !c.is_ascii_alphabetic());
    &inner[..end.unwrap_or(inner.len())]
}

/// Finds where an action ends, past the texts in it.
fn end_of_action(text: &str) -> Option<usize> {
    if let Some(at) = text.find("*/").filter(|_| begins_comment(text)) {
        return Some(at + text[at..].find("}}")? + 2);
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match quote {
            Some('`') if c == '`' => quote = None,
            Some('`') => {}
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`' | '\'') => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at + 2),
            None => {}
        }
    }
    None
}

fn begins_comment(text: &str) -> bool {
    let inner = text.trim_start_matches("{{");
    inner.starts_with("/*") || inner.starts_with("- /*")
}

/// Measures a comment of the text around.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |at| at + 2));
    }
    None
}
