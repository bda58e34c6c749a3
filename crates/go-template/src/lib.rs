//! Go `text/template`, as Go 1.26 executes it.
//!
//! A template is parsed once against the functions it may call, and executed
//! over a [`Value`] any number of times:
//!
//! ```text
//! text ─lexer→ tokens ─parser→ nodes ─executor→ output
//!                 functions ┘        value ┘
//! ```
//!
//! What a Go program gets from static types lives in the values here: a list
//! or map knows the type of its elements, so that a missing key of a
//! `map[string]string` is an empty string while one of a
//! `map[string]interface {}` is nil. Go strings are bytes, and so is [`Text`].
//!
//! Statements are executed from a stack on the heap, so templates may call
//! each other to Go's own depth of 100000; only the nesting of parentheses is
//! bounded more tightly than in Go. No input makes the crate panic.
//!
//! The crate reads no files, no environment and no clock, and knows nothing of
//! those who use it.

#![forbid(unsafe_code)]

mod builtin;
mod character;
mod closed;
mod error;
mod executor;
mod format;
mod function;
mod lexer;
mod memory;
mod node;
mod number;
mod parser;
mod quote;
mod template;
mod text;
mod token;
mod value;

pub use error::{Error, Stage};
pub use function::{Function, Functions, Host, Kind, Signature};
pub use memory::Memory;
pub use template::{MissingKey, Options, Template};
pub use text::Text;
pub use value::{Element, Items, List, Map, Object, Value};
