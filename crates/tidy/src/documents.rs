//! Documents that must be there, complete, and as the code says.

use crate::{Problem, Tree};

/// Documents that a test prints from the code and compares, and the folder of that test.
const PRINTED: &[(&str, &str)] = &[
    ("docs/contract.md", "crates/catalog/tests/"),
    ("docs/job-states.md", "crates/pilot-core/tests/"),
    ("docs/metrics.md", "crates/telemetry/tests/"),
];

const RECORDS: &str = "docs/decisions/";

/// Finds printed documents that are missing, or that no test keeps current any more.
pub fn unguarded(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (page, tests) in PRINTED {
        if tree.text(page).is_none() {
            problems.push(Problem::file(page, "is missing: UPDATE_DOCS=1 prints it"));
        }
        let names = |(path, text): (&str, &str)| path.starts_with(tests) && text.contains(page);
        if !tree.files().any(names) {
            problems.push(Problem::file(
                tests,
                format!("holds no test that keeps {page} current"),
            ));
        }
    }
    problems
}

/// Finds decision records that the index does not list, entries without a record, and numbers used twice.
pub fn decision_records(tree: &Tree) -> Vec<Problem> {
    let index_path = format!("{RECORDS}README.md");
    let Some(index) = tree.text(&index_path) else {
        return vec![Problem::file(&index_path, "is missing")];
    };
    let mut problems = Vec::new();
    let mut last = String::new();
    let records = tree
        .files()
        .filter_map(|(path, _)| Some((path, path.strip_prefix(RECORDS)?)));
    for (path, name) in records.filter(|(_, name)| *name != "README.md") {
        let number: String = name.chars().take_while(char::is_ascii_digit).collect();
        if number.len() != 4 || !name[4..].starts_with('-') || !name.ends_with(".md") {
            problems.push(Problem::file(path, "is not called NNNN-title.md"));
        } else if number == last {
            problems.push(Problem::file(
                path,
                format!("has the number {number} of the record before it"),
            ));
        }
        if !index.contains(&format!("({name})")) {
            problems.push(Problem::file(&index_path, format!("does not list {name}")));
        }
        last = number;
    }
    for (at, line) in index.lines().enumerate() {
        for target in line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let local = target.ends_with(".md") && !target.contains('/');
            if local && tree.text(&format!("{RECORDS}{target}")).is_none() {
                problems.push(Problem::line(
                    &index_path,
                    at + 1,
                    format!("lists {target}, which is not there"),
                ));
            }
        }
    }
    problems
}

/// Finds a change log that has no place for what comes next.
pub fn change_log(tree: &Tree) -> Vec<Problem> {
    let path = "CHANGELOG.md";
    match tree.text(path) {
        None => vec![Problem::file(path, "is missing")],
        Some(text)
            if text
                .lines()
                .any(|line| matches!(line.trim_end(), "## [Unreleased]" | "## Unreleased")) =>
        {
            Vec::new()
        }
        Some(_) => vec![Problem::file(path, "has no section `## [Unreleased]`")],
    }
}

/// Finds documents that a reader looks for first, and that are not there.
pub fn missing(tree: &Tree) -> Vec<Problem> {
    let wanted = [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "bench/README.md",
        "docs/decisions/README.md",
    ];
    let gone = wanted.iter().filter(|path| tree.text(path).is_none());
    gone.map(|path| Problem::file(path, "is missing")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_printed_document_without_its_test() {
        assert_eq!(unguarded(&Tree::default()).len(), 2 * PRINTED.len());
        let pages: Vec<_> = PRINTED.iter().map(|(page, _)| (*page, "")).collect();
        assert_eq!(unguarded(&Tree::sample(&pages)).len(), PRINTED.len());
        let tests: Vec<_> = PRINTED
            .iter()
            .map(|(page, tests)| (format!("{tests}states.rs"), *page))
            .collect();
        let tests = tests.iter().map(|(path, page)| (path.as_str(), *page));
        let all: Vec<_> = pages.iter().copied().chain(tests).collect();
        assert_eq!(unguarded(&Tree::sample(&all)), []);
    }

    fn records(files: &[(&str, &str)]) -> Vec<Problem> {
        decision_records(&Tree::sample(files))
    }

    #[test]
    fn finds_what_the_index_of_decisions_lacks() {
        let index = (
            "docs/decisions/README.md",
            "- [one process](0001-one-process.md)\n",
        );
        let first = ("docs/decisions/0001-one-process.md", "");
        assert_eq!(records(&[index, first]), []);
        assert_eq!(records(&[first]).len(), 1, "no index");
        assert_eq!(records(&[index]).len(), 1, "an entry without a record");
        assert_eq!(
            records(&[index, first, ("docs/decisions/0002-two.md", "")]).len(),
            1,
            "not listed"
        );
    }

    #[test]
    fn finds_a_record_with_a_wrong_number() {
        let index = "[a](0001-a.md) [b](0001-b.md) [c](c.md)";
        let bad = records(&[
            ("docs/decisions/README.md", index),
            ("docs/decisions/0001-a.md", ""),
            ("docs/decisions/0001-b.md", ""),
            ("docs/decisions/c.md", ""),
        ]);
        assert_eq!(bad.len(), 2, "{bad:?}");
    }

    #[test]
    fn finds_a_change_log_without_a_next_release() {
        assert_eq!(change_log(&Tree::default()).len(), 1);
        assert_eq!(
            change_log(&Tree::sample(&[("CHANGELOG.md", "## 0.1.0\n")])).len(),
            1
        );
        assert_eq!(
            change_log(&Tree::sample(&[(
                "CHANGELOG.md",
                "# Log\n\n## [Unreleased]\n"
            )])),
            []
        );
    }

    #[test]
    fn finds_a_missing_document() {
        assert!(
            missing(&Tree::default())
                .iter()
                .any(|problem| problem.place == "README.md")
        );
    }
}
