//! Go's regular expressions: the syntax of RE2, matched by a small library that knows most of it.

#![forbid(unsafe_code)]

mod translate;

use regex_lite::Regex;

/// A regular expression of Go's.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Reads an expression; an error says what about it cannot be used.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = translate::translate(text)
            .and_then(|translated| Regex::new(&translated).map_err(|error| error.to_string()))
            .map_err(|error| format!("cannot use `{text}`: {error}"))?;
        Ok(Self { regex })
    }

    /// Tells whether it matches anywhere in a text.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Replaces every match; `$1`, `${1}` and `$name` stand for what groups matched.
    pub fn replace_all(&self, text: &str, replacement: &str) -> String {
        self.regex.replace_all(text, replacement).into_owned()
    }
}
