//! The pieces the lexer cuts a template into.

use std::fmt;

use crate::{character, quote};

/// What a piece is; the keywords come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Eof,
    Text,
    LeftDelim,
    RightDelim,
    LeftParen,
    RightParen,
    Space,
    Pipe,
    Declare,
    Assign,
    Char,
    CharConstant,
    Number,
    Complex,
    String,
    RawString,
    Bool,
    Field,
    Variable,
    Identifier,
    Keyword(Keyword),
}

/// The words with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Dot,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Keyword {
    /// Recognises a keyword, the dot aside.
    pub(crate) fn find(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "break" => Self::Break,
            "continue" => Self::Continue,
            "define" => Self::Define,
            "else" => Self::Else,
            "end" => Self::End,
            "if" => Self::If,
            "nil" => Self::Nil,
            "range" => Self::Range,
            "template" => Self::Template,
            "with" => Self::With,
            _ => return None,
        })
    }
}

/// A piece of the text, or the message that ends it.
#[derive(Clone, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind,
    pub(crate) offset: usize,
    pub(crate) text: std::borrow::Cow<'s, str>,
}

/// Shows the token as an error message names it.
impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Kind::Eof {
            return f.write_str("EOF");
        }
        if self.kind == Kind::Error {
            return f.write_str(&self.text);
        }
        if let Kind::Keyword(_) = self.kind {
            return write!(f, "<{}>", self.text);
        }
        let bytes = self.text.as_bytes();
        if bytes.len() > 10 {
            return write!(f, "{}...", quote::quoted(character::first_runes(bytes, 10)));
        }
        f.write_str(&quote::quoted(bytes))
    }
}
