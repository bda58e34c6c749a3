//! What went wrong, where, in the words of Go.

use std::fmt;

use crate::quote;

/// Tells which half of the work an error stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The text is not a template.
    Parse,
    /// The template failed over this data.
    Execute,
}

/// A template that cannot be parsed or executed; `Display` is Go's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    name: String,
    line: usize,
    column: usize,
    message: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Token,
    /// No part of the text is to blame.
    Nowhere,
    Node {
        executing: String,
        context: String,
    },
}

impl Error {
    pub(crate) fn parse(name: &str, at: (usize, usize), message: String) -> Self {
        Self {
            name: name.to_owned(),
            line: at.0,
            column: at.1,
            message,
            place: Place::Token,
        }
    }

    /// Reports that a text defines no template of a name.
    pub(crate) fn unknown_template(name: &str, wanted: &str) -> Self {
        let quoted = |text: &str| quote::quoted(text.as_bytes());
        let (wanted, known) = (quoted(wanted), quoted(name));
        let message = format!("no template {wanted} associated with template {known}");
        Self {
            name: name.to_owned(),
            line: 1,
            column: 0,
            message,
            place: Place::Nowhere,
        }
    }

    pub(crate) fn execute(
        name: &str,
        at: (usize, usize),
        message: String,
        executing: &str,
        context: String,
    ) -> Self {
        let place = Place::Node {
            executing: executing.to_owned(),
            context,
        };
        Self {
            name: name.to_owned(),
            line: at.0,
            column: at.1,
            message,
            place,
        }
    }

    /// Tells whether parsing or executing failed.
    pub fn stage(&self) -> Stage {
        match self.place {
            Place::Token => Stage::Parse,
            Place::Nowhere | Place::Node { .. } => Stage::Execute,
        }
    }

    /// Gives the name the template was parsed under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the line, counted from one.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Gives the offset in bytes from the start of the line, counted from zero.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Gives the bare message, without any position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Gives the expression that failed, as Go prints it between `<` and `>`.
    pub fn context(&self) -> Option<&str> {
        match &self.place {
            Place::Token | Place::Nowhere => None,
            Place::Node { context, .. } => Some(context),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            line,
            column,
            message,
            place,
        } = self;
        match place {
            Place::Token => write!(f, "template: {name}:{line}: {message}"),
            Place::Nowhere => write!(f, "template: {message}"),
            Place::Node { executing, context } => {
                let executing = quote::quoted(executing.as_bytes());
                write!(
                    f,
                    "template: {name}:{line}:{column}: executing {executing} at <{context}>: {message}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}

/// Gives the line from one and the column from zero of an offset in a text.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |newline| newline + 1);
    (line, before.len() - start)
}
