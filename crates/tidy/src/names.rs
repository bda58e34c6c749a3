//! A file is called after what is in it, and is short enough to be read at a sitting.

use crate::{Problem, Tree, tree::is_test_file};

/// Names that say nothing, and so collect everything.
const SAY_NOTHING: &[&str] = &["common", "helper", "manager", "misc", "util", "utility"];

/// The longest that a file's code may be.
const LINES: usize = 500;

/// Files that are tables: long by their nature, and read by looking a thing up.
pub const TABLES: &[&str] = &[];

/// Finds every Rust file or folder with a name that says nothing, and every `mod.rs`.
pub fn empty_names(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, _) in tree.files() {
        let Some(stem) = path.strip_suffix(".rs") else {
            continue;
        };
        let parts: Vec<&str> = stem.split('/').collect();
        if parts.last() == Some(&"mod") {
            problems.push(Problem::file(
                path,
                "is a `mod.rs`: name it after its module",
            ));
        }
        let words = parts.iter().flat_map(|part| part.split(['_', '-']));
        for word in words {
            let one = word.strip_suffix("ies").map_or_else(
                || word.strip_suffix('s').unwrap_or(word).to_owned(),
                |begin| format!("{begin}y"),
            );
            if SAY_NOTHING.contains(&one.as_str()) {
                problems.push(Problem::file(
                    path,
                    format!("`{word}` says nothing of what is in it"),
                ));
            }
        }
    }
    problems
}

/// Finds every file with more code than may be in one. Tests, and the tables named here, may be long.
pub fn long_files(tree: &Tree, tables: &[&str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, source) in tree.sources() {
        // What does not lex is told of by another check.
        let lines = source.map_or(0, |source| source.lines_of_code());
        if lines > LINES && !is_test_file(path) && !tables.contains(&path) {
            problems.push(Problem::file(
                path,
                format!("has {lines} lines of code, {LINES} are enough"),
            ));
        }
    }
    let gone = tables.iter().filter(|path| !tree.has(path));
    problems.extend(gone.map(|path| Problem::file(path, "is named as a table, and is not there")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_that_say_nothing() {
        for bad in [
            "crates/a/src/job/mod.rs",
            "crates/a/src/utils.rs",
            "crates/a/src/job_manager.rs",
            "crates/a/src/common/job.rs",
            "crates/a/src/test-helpers.rs",
            "crates/a/src/utilities.rs",
        ] {
            assert_eq!(
                empty_names(&Tree::sample(&[(bad, "")])).len(),
                1,
                "passes: {bad}"
            );
        }
        let good = [
            ("crates/a/src/job.rs", ""),
            ("crates/a/src/commonwealth.rs", ""),
            ("docs/misc.md", ""),
        ];
        assert_eq!(empty_names(&Tree::sample(&good)), []);
    }

    #[test]
    fn finds_a_file_that_is_too_long() {
        let long = "fn f() {}\n".repeat(LINES + 1);
        let docs = "/// One more.\n".repeat(LINES) + "fn f() {}\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        let tree = Tree::sample(&[
            ("src/a.rs", &long),
            ("src/b.rs", &docs),
            ("src/c.rs", &tests),
            ("src/d/tests.rs", &long),
            ("src/e.rs", &long),
        ]);
        let found = long_files(&tree, &["src/e.rs"]);
        assert_eq!(
            found,
            [Problem::file(
                "src/a.rs",
                "has 501 lines of code, 500 are enough"
            )]
        );
    }

    #[test]
    fn finds_a_table_that_is_gone() {
        assert_eq!(long_files(&Tree::default(), &["src/gone.rs"]).len(), 1);
    }
}
