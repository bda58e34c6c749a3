//! Characters, words, blanks and comments.

use crate::syntax::SyntaxError;

/// A place in a text that moves on.
pub(super) struct Scan<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        // A byte order mark is no character of the text.
        let offset = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, offset }
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.offset += next.map_or(0, char::len_utf8);
        next
    }

    /// Moves on by so many bytes, which must end between characters.
    pub(super) fn pass(&mut self, bytes: usize) -> &'t str {
        let start = self.offset;
        self.offset += bytes;
        &self.text[start..self.offset]
    }

    /// Passes a character if it is the next one.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Passes a key or a word.
    pub(super) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        self.pass(rest.find(|c| !is_of_key(c)).unwrap_or(rest.len()))
    }

    /// Passes white space and comments.
    pub(super) fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.pass(rest.find('\n').unwrap_or(rest.len()));
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(end) => self.pass(2 + end + 2),
                    None => return Err(self.error("a comment that has no end".to_owned())),
                };
            } else if rest.starts_with([' ', '\t', '\n', '\r']) {
                self.next();
            } else {
                return Ok(());
            }
        }
    }

    /// Counts line and column of an offset, both from 1.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[start..].chars().count() + 1,
        )
    }

    /// Makes an error about this place.
    pub(super) fn error(&self, reason: String) -> SyntaxError {
        SyntaxError {
            offset: self.offset,
            reason,
            hint: None,
        }
    }

    /// Makes the error for a character that cannot stand here, or for the end of the text.
    pub(super) fn unexpected(&self, place: &str) -> SyntaxError {
        match self.peek() {
            None => self.error(format!("unexpected end of the text {place}")),
            Some('"') => self.error(format!("unexpected `\"` {place}")),
            Some(c) => self.error(format!("unexpected `{}` {place}", c.escape_debug())),
        }
    }
}

/// Whether a key without quotes can begin so.
pub(super) fn begins_key(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_of_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}
