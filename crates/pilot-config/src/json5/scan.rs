//! Characters, blanks and comments.

use super::SyntaxError;
use crate::syntax::position;

/// A place in a text that moves on.
pub(super) struct Scan<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0 }
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
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

    /// Passes a character if it is the next one.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Passes white space and comments.
    pub(super) fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.offset += rest.find(is_line_end).unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let end = comment.find("*/").ok_or_else(|| self.open_comment())?;
                self.offset += 2 + end + 2;
            } else if self.peek().is_some_and(is_blank) {
                self.next();
            } else {
                return Ok(());
            }
        }
    }

    fn open_comment(&self) -> SyntaxError {
        let (line, column) = self.position(self.offset);
        SyntaxError {
            offset: self.text.len(),
            reason: END.to_owned(),
            hint: Some(format!(
                "the comment that begins at {line}:{column} has no end"
            )),
        }
    }

    /// Counts line and column of an offset, both from 1.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        position(self.text, offset)
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
    pub(super) fn unexpected(&self, context: &str) -> SyntaxError {
        match self.peek() {
            None => self.error(END.to_owned()),
            Some(c) => self.error(format!("invalid character {} {context}", quote(c))),
        }
    }
}

const END: &str = "unexpected end of JSON input";

/// Writes a character as Go's parser does.
fn quote(c: char) -> String {
    match c {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => format!("'{}'", c.escape_debug()),
    }
}

pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    let space = matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | ' ' | '\u{a0}' | '\u{feff}' | '\u{1680}'
    );
    let wide = matches!(
        c,
        '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    );
    space || wide || is_line_end(c)
}
