//! Words that stand for something left undone, and `unsafe` where nobody expects it.

use std::collections::BTreeSet;

use crate::{Problem, Source, Tree, source::Place};

/// The files that may hold `unsafe`, and what for. Each of its blocks says why it is sound.
pub const UNSAFE: &[(&str, &str)] = &[
    (
        "crates/catalog/src/transport/resolver.rs",
        "keeps the image's name plugins out of a static glibc",
    ),
    (
        "crates/containerpilot/src/account.rs",
        "keeps the image's user plugins out of a static glibc",
    ),
    (
        "crates/containerpilot/src/memory.rs",
        "gives back to the kernel what only the start needed",
    ),
    (
        "crates/containerpilot/src/signals.rs",
        "sets the mask of signals before anything else runs",
    ),
    (
        "crates/logbook/src/terminal.rs",
        "holds back the signal that keeps the log from a terminal",
    ),
    (
        "crates/logbook/src/zone.rs",
        "asks the C library how far local time is from UTC",
    ),
    (
        "crates/reaper/src/kernel.rs",
        "makes the system calls that no library offers in this form",
    ),
    (
        "crates/reaper/src/spawn.rs",
        "changes the user between fork and exec",
    ),
    (
        "crates/reaper/tests/suite/leak.rs",
        "asks for the time this test has used",
    ),
    (
        "crates/reaper/tests/suite/stage.rs",
        "makes the processes that misbehave",
    ),
];

/// Macros that mark what is not done, or was meant for one afternoon.
const UNDONE: &[&str] = &["dbg", "todo", "unimplemented"];

/// Finds tests that are left out, code that is not there yet, and prints for debugging; in tests too.
pub fn left_undone(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        let source = match Source::with_tests(text) {
            Ok(source) => source,
            Err(reason) => {
                problems.push(Problem::file(path, reason));
                continue;
            }
        };
        for word in source.words() {
            let what = match word.place {
                Place::Attribute if word.text == "ignore" => {
                    "`#[ignore]`: a test that is not run tells nothing".to_owned()
                }
                Place::Macro if UNDONE.contains(&word.text.as_str()) => format!("`{}!`", word.text),
                Place::Attribute | Place::Macro | Place::Code => continue,
            };
            problems.push(Problem::line(path, word.line, what));
        }
    }
    problems
}

/// Finds `unsafe` outside of the files that may hold it, and such files that hold none.
pub fn unsafe_code(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut holding = BTreeSet::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        let Ok(source) = Source::with_tests(text) else {
            continue;
        };
        for word in source.words().iter().filter(|word| word.text == "unsafe") {
            holding.insert(path);
            if !allowed.iter().any(|(file, _)| *file == path) {
                problems.push(Problem::line(
                    path,
                    word.line,
                    "`unsafe` in a file that may hold none",
                ));
            }
        }
    }
    let idle = allowed.iter().filter(|(file, _)| !holding.contains(file));
    problems.extend(idle.map(|(file, _)| Problem::file(file, "may hold `unsafe`, and holds none")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_left_undone() {
        for bad in [
            "#[test]\n#[ignore]\nfn t() {}",
            "#[ignore = \"slow\"]\nfn t() {}",
            "#[cfg_attr(miri, ignore)]\nfn t() {}",
            "fn f() { todo!() }",
            "fn f() { unimplemented!(\"later\") }",
            "#[cfg(test)] mod tests { fn f() { dbg!(x); } }",
        ] {
            assert_eq!(
                left_undone(&Tree::sample(&[("a.rs", bad)])).len(),
                1,
                "passes: {bad}"
            );
        }
        let good = "// todo!()\nfn ignore(todo: bool) { let ignore = !todo; signal.ignore(); }";
        assert_eq!(left_undone(&Tree::sample(&[("a.rs", good)])), []);
    }

    #[test]
    fn finds_unsafe_where_it_may_not_be() {
        let tree = Tree::sample(&[
            ("a.rs", "fn f() { unsafe { g() } }"),
            ("b.rs", "#![forbid(unsafe_code)]"),
        ]);
        assert_eq!(unsafe_code(&tree, &[]).len(), 1);
        assert_eq!(unsafe_code(&tree, &[("a.rs", "asks the kernel")]), []);
        assert_eq!(unsafe_code(&tree, &[("a.rs", ""), ("b.rs", "")]).len(), 1);
    }
}
