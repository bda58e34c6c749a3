//! The core is deterministic: it names no clock, no input or output, no other task, no lock.

use crate::{
    Problem, Tree,
    source::{Place, Word},
    tree::is_test_file,
};

/// Where the core's code stands.
const CORE: &str = "crates/pilot-core/src/";

/// Parts of the standard library that reach outside, by path.
const OUTSIDE: &[&str] = &[
    "std::*",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::*",
];

/// Words that have no business in the core wherever they come from.
const WORDS: &[(&str, &str)] = &[
    ("Instant", "a clock: time comes as an argument"),
    ("SystemTime", "a clock: time comes as an argument"),
    ("async", "a task: the core answers at once"),
    ("await", "a task: the core answers at once"),
    ("futures", "a task: the core answers at once"),
    ("tokio", "a task: the core answers at once"),
    ("Barrier", "a lock: one owner holds the core"),
    ("Condvar", "a lock: one owner holds the core"),
    ("LazyLock", "a lock: one owner holds the core"),
    ("Mutex", "a lock: one owner holds the core"),
    ("OnceLock", "a lock: one owner holds the core"),
    ("RwLock", "a lock: one owner holds the core"),
    (
        "mpsc",
        "a channel: inputs come as arguments, effects go as values",
    ),
    (
        "thread_local",
        "hidden state: everything the core knows is in its owner",
    ),
    ("unsafe", "unsafe code: the core needs none"),
];

/// Macros that print.
const PRINTS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

/// Finds every word in the core that would make its answers depend on more than its arguments.
pub fn outside_the_arguments(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, source) in tree.sources() {
        if !path.starts_with(CORE) || is_test_file(path) {
            continue;
        }
        let source = match source {
            Ok(source) => source,
            Err(reason) => {
                problems.push(Problem::file(path, reason));
                continue;
            }
        };
        for (name, line) in source.paths() {
            if let Some(part) = OUTSIDE.iter().find(|part| reaches(name, part)) {
                problems.push(Problem::line(path, *line, format!("names `{part}`")));
            }
        }
        for word in source.words() {
            if let Some(why) = forbidden(word) {
                problems.push(Problem::line(
                    path,
                    word.line,
                    format!("names `{}`, {why}", word.text),
                ));
            }
        }
    }
    problems
}

/// Whether the path is this part of the library or something in it.
fn reaches(path: &str, part: &str) -> bool {
    match path.strip_prefix(part) {
        Some(rest) => rest.is_empty() || rest.starts_with("::"),
        None => false,
    }
}

fn forbidden(word: &Word) -> Option<&'static str> {
    if word.place == Place::Macro && PRINTS.contains(&word.text.as_str()) {
        return Some("a print: the core tells by its effects");
    }
    let atomic = word
        .text
        .strip_prefix("Atomic")
        .is_some_and(|rest| !rest.is_empty());
    if atomic && word.text.ends_with(|end: char| end.is_ascii_alphanumeric()) {
        return Some("a lock: one owner holds the core");
    }
    WORDS
        .iter()
        .find(|(text, _)| *text == word.text)
        .map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let tree = Tree::sample(&[("crates/pilot-core/src/job.rs", text)]);
        outside_the_arguments(&tree)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn finds_every_way_outside() {
        for bad in [
            "use std::time::Instant;",
            "fn f() { std::time::SystemTime::now(); }",
            "use std::{collections::BTreeMap, fs};",
            "use std::net::TcpStream;",
            "use std::io;",
            "fn f() { ::std::env::var(\"A\"); }",
            "use std::process::Command;",
            "use std::time::*;",
            "fn f() { println!(); }",
            "async fn f() {}",
            "fn f() { tokio::spawn(g()); }",
            "fn f() { std::thread::spawn(g); }",
            "use std::sync::{Arc, RwLock};",
            "static A: std::sync::atomic::AtomicU64 = B;",
            "use std::sync::OnceLock;",
            "fn f() { unsafe { g() } }",
        ] {
            assert!(!found(bad).is_empty(), "passes: {bad}");
        }
    }

    #[test]
    fn says_where_and_what() {
        let said = found("fn f() {\n    std::fs::read(x);\n}\n");
        assert_eq!(said, ["crates/pilot-core/src/job.rs:2: names `std::fs`"]);
    }

    #[test]
    fn leaves_innocent_words_alone() {
        for good in [
            "//! Reads no std::fs and holds no Mutex.",
            "use std::{collections::BTreeMap, sync::Arc, time::Duration};",
            "fn f() { crate::io::g(); io.process(\"tokio\"); }",
            "#[cfg(test)] mod tests { use std::fs; }",
        ] {
            assert_eq!(found(good), [""; 0], "fails: {good}");
        }
    }

    #[test]
    fn other_crates_may() {
        let tree = Tree::sample(&[("crates/containerpilot/src/run.rs", "use std::fs;")]);
        assert_eq!(outside_the_arguments(&tree), []);
    }
}
