//! A Rust file as tokens: no comments, no documentation, no test modules, strings as one token each.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

/// A Rust file without what its compiler does not see, and without its tests.
#[derive(Debug, Default)]
pub struct Source {
    words: Vec<Word>,
    paths: Vec<(String, usize)>,
    lines: BTreeSet<usize>,
}

/// An identifier, and whether it is called as a macro or stands in an attribute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) place: Place,
}

/// Where an identifier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Code,
    Macro,
    Attribute,
}

impl Source {
    /// Reads a Rust file, without its test modules.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text, without_tests)
    }

    /// Reads a Rust file whole, tests too.
    pub fn with_tests(text: &str) -> Result<Self, String> {
        Self::read(text, <[_]>::to_vec)
    }

    fn read(text: &str, keep: fn(&[TokenTree]) -> Vec<TokenTree>) -> Result<Self, String> {
        let stream: TokenStream = text
            .parse()
            .map_err(|error| format!("cannot read as Rust: {error}"))?;
        let mut source = Self::default();
        source.walk(stream, &[], Place::Code, keep);
        Ok(source)
    }

    /// How many lines hold code.
    pub fn lines_of_code(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Every path with its line; `use a::{b, c::d}` gives `a`, `a::b` and `a::c::d`.
    pub(crate) fn paths(&self) -> &[(String, usize)] {
        &self.paths
    }

    fn walk(
        &mut self,
        stream: TokenStream,
        prefix: &[String],
        place: Place,
        keep: fn(&[TokenTree]) -> Vec<TokenTree>,
    ) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let tokens = keep(&without_docs(&tokens));
        let mut path = prefix.to_vec();
        for (at, token) in tokens.iter().enumerate() {
            let after_colons = begins_colons(&tokens, at.wrapping_sub(2));
            match token {
                TokenTree::Ident(ident) => {
                    if !after_colons {
                        self.end_path(&mut path, prefix, ident.span());
                    }
                    path.push(ident.to_string());
                    let called = is_punct(&tokens, at + 1, '!') && !is_punct(&tokens, at + 2, '=');
                    self.words.push(Word {
                        text: ident.to_string(),
                        line: ident.span().start().line,
                        place: if called { Place::Macro } else { place },
                    });
                }
                TokenTree::Group(group) => {
                    let deeper = after_colons && group.delimiter() == Delimiter::Brace;
                    let inner = if deeper { path.clone() } else { Vec::new() };
                    let attribute = is_attribute(&tokens, at, group);
                    let place = if attribute { Place::Attribute } else { place };
                    self.end_path(&mut path, prefix, group.span_open());
                    self.mark(group.span_open());
                    self.walk(group.stream(), &inner, place, keep);
                    self.mark(group.span_close());
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' && after_colons => {
                    path.push("*".to_owned());
                }
                TokenTree::Punct(_)
                    if begins_colons(&tokens, at) || begins_colons(&tokens, at.wrapping_sub(1)) => {
                }
                TokenTree::Punct(punct) => self.end_path(&mut path, prefix, punct.span()),
                TokenTree::Literal(literal) => self.end_path(&mut path, prefix, literal.span()),
            }
            self.mark(token.span());
        }
        let end = tokens.last().map_or_else(Span::call_site, TokenTree::span);
        self.end_path(&mut path, prefix, end);
    }

    fn end_path(&mut self, path: &mut Vec<String>, prefix: &[String], before: Span) {
        if path.len() > prefix.len() {
            self.paths.push((path.join("::"), before.start().line));
        }
        *path = prefix.to_vec();
    }

    fn mark(&mut self, span: Span) {
        self.lines.extend(span.start().line..=span.end().line);
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether the two colons between the parts of a path begin here.
fn begins_colons(tokens: &[TokenTree], at: usize) -> bool {
    let joint = matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint);
    joint && is_punct(tokens, at, ':') && is_punct(tokens, at.wrapping_add(1), ':')
}

/// Whether the group at this place is the `[..]` of `#[..]` or `#![..]`.
fn is_attribute(tokens: &[TokenTree], at: usize, group: &Group) -> bool {
    let hash = at.wrapping_sub(1);
    let inner = is_punct(tokens, hash, '!') && is_punct(tokens, hash.wrapping_sub(1), '#');
    group.delimiter() == Delimiter::Bracket && (inner || is_punct(tokens, hash, '#'))
}

/// The length of the attribute that begins here, and what is in its brackets.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(usize, String)> {
    if !is_punct(tokens, at, '#') {
        return None;
    }
    let bracket = if is_punct(tokens, at + 1, '!') {
        at + 2
    } else {
        at + 1
    };
    match tokens.get(bracket) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some((bracket + 1 - at, group.stream().to_string()))
        }
        _ => None,
    }
}

fn without_docs(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match attribute(tokens, at) {
            Some((length, text)) if text.starts_with("doc =") => at += length,
            _ => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    kept
}

/// Leaves out every item under `#[cfg(test)]`, and every `#[test]`.
fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match attribute(tokens, at) {
            Some((length, text)) if is_for_tests(&text) => at = end_of_item(tokens, at + length),
            _ => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    kept
}

fn is_for_tests(attribute: &str) -> bool {
    let attribute: String = attribute.split_whitespace().collect();
    attribute == "test" || attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

/// The place after the item that begins here: after its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], begin: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    let length = tokens[begin..].iter().position(ends);
    length.map_or(tokens.len(), |length| begin + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::parse(text).expect("the sample is Rust");
        source
            .paths()
            .iter()
            .map(|(path, _)| path.clone())
            .collect()
    }

    #[test]
    fn a_tree_of_imports_is_spelled_out() {
        let found = paths("use std::{fs, io::{self, Read}, net::*}; fn f(a: ::std::env::Args) {}");
        for wanted in [
            "std::fs",
            "std::io::self",
            "std::io::Read",
            "std::net::*",
            "std::env::Args",
        ] {
            assert!(
                found.iter().any(|path| path == wanted),
                "{wanted} not in {found:?}"
            );
        }
    }

    #[test]
    fn comments_strings_docs_and_tests_are_not_code() {
        let text = "//! Mutex\n/// Mutex\nfn f() { /* Mutex /* Mutex */ */ g(\"Mutex\", r#\"Mutex\"#, 'M'); }\n\
                    #[cfg(test)]\nmod tests { use std::sync::Mutex; }\n#[test]\nfn t() { Mutex }\n";
        let source = Source::parse(text).expect("the sample is Rust");
        assert!(
            source.words().iter().all(|word| word.text != "Mutex"),
            "{:?}",
            source.words()
        );
        assert_eq!(source.lines_of_code(), 1);
        let whole = Source::with_tests(text).expect("the sample is Rust");
        assert!(whole.words().iter().any(|word| word.text == "Mutex"));
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let source = Source::parse("fn a() {}\n\n// no\nfn b() {\n    std::fs::read(x)\n}\n");
        let source = source.expect("the sample is Rust");
        assert_eq!(source.lines_of_code(), 4);
        assert!(source.paths().contains(&("std::fs::read".to_owned(), 5)));
    }

    #[test]
    fn a_macro_call_and_an_attribute_are_told_apart() {
        let source = Source::parse("#[ignore] fn f() { todo!(); if a != b {} }");
        let source = source.expect("the sample is Rust");
        let place = |text: &str| {
            source
                .words()
                .iter()
                .find(|word| word.text == text)
                .map(|w| w.place)
        };
        assert_eq!(place("ignore"), Some(Place::Attribute));
        assert_eq!(place("todo"), Some(Place::Macro));
        assert_eq!(place("a"), Some(Place::Code));
    }

    #[test]
    fn what_is_not_rust_says_so() {
        assert!(Source::parse("fn f( {").is_err());
    }
}
