//! Text to tokens: where actions begin and end, and what is inside them.

mod action;

use std::borrow::Cow;

use crate::token::{Kind, Token};

const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
/// A trim marker is a dash and the space next to it.
const TRIM_MARKER: usize = 2;

/// Cuts a whole template into tokens, the last of which is `Eof` or `Error`.
pub(crate) fn tokens<'s>(
    source: &'s str,
    left: &str,
    right: &str,
    plain: PlainWords,
) -> Vec<Token<'s>> {
    let mut lexer = Lexer {
        source,
        left,
        right,
        plain,
        start: 0,
        offset: 0,
        tokens: Vec::new(),
    };
    if let Err(message) = lexer.run() {
        let token = Token {
            kind: Kind::Error,
            offset: lexer.start,
            text: Cow::Owned(message),
        };
        lexer.tokens.push(token);
    }
    lexer.tokens
}

/// Which of the late keywords a caller's function has taken over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlainWords {
    pub(crate) r#break: bool,
    pub(crate) r#continue: bool,
}

struct Lexer<'s, 'd> {
    source: &'s str,
    left: &'d str,
    right: &'d str,
    plain: PlainWords,
    /// Where the token being read starts.
    start: usize,
    offset: usize,
    tokens: Vec<Token<'s>>,
}

impl<'s> Lexer<'s, '_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(length) = self.rest().find(self.left) {
            self.text_before_action(length);
            if self.comment_marker().is_some() {
                self.comment()?;
            } else {
                self.left_delimiter();
                self.inside_action()?;
            }
        }
        self.offset = self.source.len();
        self.emit_unless_empty(Kind::Text);
        self.emit(Kind::Eof);
        Ok(())
    }

    fn rest(&self) -> &'s str {
        &self.source[self.offset..]
    }

    fn emit(&mut self, kind: Kind) {
        let text = Cow::Borrowed(&self.source[self.start..self.offset]);
        self.tokens.push(Token {
            kind,
            offset: self.start,
            text,
        });
        self.start = self.offset;
    }

    fn emit_unless_empty(&mut self, kind: Kind) {
        if self.offset > self.start {
            self.emit(kind);
        }
    }

    fn skip(&mut self, length: usize) {
        self.offset += length;
        self.start = self.offset;
    }

    fn text_before_action(&mut self, length: usize) {
        let text = &self.rest()[..length];
        let action = &self.rest()[length + self.left.len()..];
        let kept = if has_left_trim(action) {
            trim_end(text).len()
        } else {
            length
        };
        self.offset += kept;
        self.emit_unless_empty(Kind::Text);
        self.skip(length - kept);
    }

    /// Gives the length of the opening up to a comment's `/*`, if that is what follows.
    fn comment_marker(&self) -> Option<usize> {
        let action = &self.rest()[self.left.len()..];
        let marker = if has_left_trim(action) {
            TRIM_MARKER
        } else {
            0
        };
        action[marker..]
            .starts_with(LEFT_COMMENT)
            .then_some(self.left.len() + marker)
    }

    fn comment(&mut self) -> Result<(), String> {
        self.skip(self.comment_marker().unwrap_or(0));
        self.offset += LEFT_COMMENT.len();
        let end = self.rest().find(RIGHT_COMMENT).ok_or("unclosed comment")?;
        self.offset += end + RIGHT_COMMENT.len();
        match self.right_delimiter_ahead() {
            Some(trim) => self.close(trim),
            None => return Err("comment ends before closing delimiter".to_owned()),
        }
        self.start = self.offset;
        Ok(())
    }

    fn left_delimiter(&mut self) {
        self.offset += self.left.len();
        self.emit(Kind::LeftDelim);
        if has_left_trim(self.rest()) {
            self.skip(TRIM_MARKER);
        }
    }

    /// Tells whether the closing delimiter comes next, and whether it trims.
    fn right_delimiter_ahead(&self) -> Option<Trim> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[TRIM_MARKER..].starts_with(self.right) {
            return Some(Trim::Following);
        }
        rest.starts_with(self.right).then_some(Trim::Nothing)
    }

    fn right_delimiter(&mut self, trim: Trim) {
        if trim == Trim::Following {
            self.skip(TRIM_MARKER);
        }
        self.offset += self.right.len();
        self.emit(Kind::RightDelim);
        if trim == Trim::Following {
            self.skip(leading_space(self.rest()));
        }
    }

    fn close(&mut self, trim: Trim) {
        self.start = self.offset;
        if trim == Trim::Following {
            self.skip(TRIM_MARKER);
        }
        self.skip(self.right.len());
        if trim == Trim::Following {
            self.skip(leading_space(self.rest()));
        }
    }
}

/// Whether a closing delimiter eats the space after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trim {
    Nothing,
    Following,
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn has_left_trim(action: &str) -> bool {
    matches!(action.as_bytes(), [b'-', b' ' | b'\t' | b'\r' | b'\n', ..])
}

fn has_right_trim(action: &str) -> bool {
    matches!(action.as_bytes(), [b' ' | b'\t' | b'\r' | b'\n', b'-', ..])
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(SPACE)
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start_matches(SPACE).len()
}
