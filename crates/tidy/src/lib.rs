//! Keeps the rules of this tree true, as far as a program can see them in its files.
//!
//! # Theory of operation
//! [`Tree`] holds every text file of the repository. A check is a function from a tree to the
//! [`Problem`]s in it, so that each has two tests: over the repository, where it must find nothing
//! (`tests/repository.rs`), and over a small bad tree, where it must find what it is for. Rust files
//! are looked at as tokens ([`Source`]): a rule never trips over a comment or a string.
//!
//! Run it with `cargo test -p tidy`.

pub mod arrows;
pub mod documents;
pub mod leaks;
pub mod map;
pub mod names;
pub mod pure_core;
pub mod words;

mod source;
mod tree;

pub use source::Source;
pub use tree::Tree;

use std::fmt;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, and its line where one is to blame.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

impl Problem {
    /// A problem of a whole file.
    pub fn file(path: &str, what: impl Into<String>) -> Self {
        Self {
            place: path.to_owned(),
            what: what.into(),
        }
    }

    /// A problem on one line.
    pub fn line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            place: format!("{path}:{line}"),
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}
