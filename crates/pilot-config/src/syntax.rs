//! The languages that a file may be written in; every one is read to the same tree.

use crate::{json5, value::Value, yaml};

/// Lists and objects within each other, at most; keeps the stacks of readers finite.
pub(crate) const DEEPEST: usize = 128;

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Where it is, in bytes of the text.
    pub(crate) offset: usize,
    /// What was found there.
    pub(crate) reason: String,
    /// What may be the cause.
    pub(crate) hint: Option<String>,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json5,
    Yaml,
}

impl Syntax {
    /// Tells by the name of the source; what is not named as YAML is JSON5.
    pub(crate) fn of(name: &str) -> Self {
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            Self::Yaml
        } else {
            Self::Json5
        }
    }

    /// Reads a whole text.
    pub(crate) fn parse(self, text: &str) -> Result<Value, Vec<SyntaxError>> {
        match self {
            Self::Json5 => json5::parse(text).map_err(|error| vec![error]),
            Self::Yaml => yaml::parse(text),
        }
    }
}

/// Counts line and column of an offset, both from 1, columns in characters.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    )
}
