//! ARCHITECTURE.md's map shows every module, and no module that is gone.
//!
//! The map is read so: a line that names `crates/NAME` begins that crate's part, which ends where the
//! next crate's begins, or at a heading. Within it a file is named by its path below `src`, braces
//! spelled out: `job/{start,stop}.rs` names two. `job.rs + job/{start,stop}.rs` on one line is fine.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Problem, Tree, tree::is_test_file};

/// Where the map stands.
const MAP: &str = "ARCHITECTURE.md";

/// Finds modules that the map does not show, and files on the map that are not there.
pub fn map_and_modules(tree: &Tree) -> Vec<Problem> {
    let Some(text) = tree.text(MAP) else {
        return vec![Problem::file(MAP, "is missing")];
    };
    let shown = shown(text);
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, _) in tree
        .files()
        .filter(|(path, _)| path.ends_with(".rs") && !is_test_file(path))
    {
        let crate_and_rest = path
            .strip_prefix("crates/")
            .and_then(|path| path.split_once("/src/"));
        if let Some((name, module)) = crate_and_rest {
            there.entry(name).or_default().insert(module);
        }
    }
    let mut problems = Vec::new();
    for (name, modules) in &there {
        for module in modules {
            if !shown
                .get(*name)
                .is_some_and(|shown| shown.contains_key(*module))
            {
                problems.push(Problem::file(
                    MAP,
                    format!("does not show crates/{name}/src/{module}"),
                ));
            }
        }
    }
    for (name, modules) in &shown {
        let is_there = |module: &str| {
            there
                .get(name.as_str())
                .is_some_and(|there| there.contains(module))
                || tree.has(&format!("crates/{name}/{module}"))
        };
        let gone = modules.iter().filter(|(module, _)| !is_there(module));
        problems.extend(gone.map(|(module, line)| {
            Problem::line(
                MAP,
                *line,
                format!("shows {module} in crates/{name}, which is not there"),
            )
        }));
    }
    problems
}

/// What the map shows: by crate, every file and the line it stands on.
fn shown(text: &str) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut shown: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            current = None;
        }
        for word in words(line) {
            let Some(rest) = word.strip_prefix("crates/") else {
                if let Some(files) = current.as_ref().and_then(|name| shown.get_mut(name)) {
                    files.extend(
                        spelled_out(&word)
                            .into_iter()
                            .map(|file| (file, number + 1)),
                    );
                }
                continue;
            };
            let (name, file) = rest.split_once('/').unwrap_or((rest, ""));
            let files = shown.entry(name.to_owned()).or_default();
            let file = file.strip_prefix("src/").unwrap_or(file);
            files.extend(spelled_out(file).into_iter().map(|file| (file, number + 1)));
            current = Some(name.to_owned());
        }
    }
    shown
}

/// The words of a line, as far as a path reaches.
fn words(line: &str) -> Vec<String> {
    let in_path = |letter: char| letter.is_ascii_alphanumeric() || "/._-{},".contains(letter);
    let words = line.split(|letter| !in_path(letter));
    let trimmed = words.map(|word| word.trim_matches(|letter| ".,/".contains(letter)));
    trimmed
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The Rust files that a word names: none, one, or one for each name in its braces.
fn spelled_out(word: &str) -> Vec<String> {
    if !word.ends_with(".rs") {
        return Vec::new();
    }
    match (word.find('{'), word.find('}')) {
        (Some(open), Some(close)) if open < close => {
            let (begin, end) = (&word[..open], &word[close + 1..]);
            let names = word[open + 1..close]
                .split(',')
                .filter(|name| !name.is_empty());
            names.map(|name| format!("{begin}{name}{end}")).collect()
        }
        _ => vec![word.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# The map\n```\ncrates/reaper/   children\n  lib.rs            the owner\n  \
                        tree.rs + tree/{kill,wait}.rs   all of them\n```\n# Glossary\nmain.rs is a word here\n";

    fn found(map: &str) -> Vec<String> {
        let tree = Tree::sample(&[
            (MAP, map),
            ("crates/reaper/src/lib.rs", ""),
            ("crates/reaper/src/tree.rs", ""),
            ("crates/reaper/src/tree/kill.rs", ""),
            ("crates/reaper/src/tree/wait.rs", ""),
            ("crates/reaper/src/tree/tests.rs", ""),
            ("crates/reaper/tests/orphans.rs", ""),
        ]);
        map_and_modules(&tree)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_whole_map_passes() {
        assert_eq!(found(GOOD), [""; 0]);
    }

    #[test]
    fn finds_a_module_that_is_not_on_the_map() {
        let said = found(&GOOD.replace("kill,", ""));
        assert_eq!(
            said,
            ["ARCHITECTURE.md: does not show crates/reaper/src/tree/kill.rs"]
        );
    }

    #[test]
    fn finds_a_place_on_the_map_that_is_gone() {
        let said = found(&GOOD.replace("lib.rs ", "lib.rs, init.rs "));
        assert_eq!(
            said,
            ["ARCHITECTURE.md:4: shows init.rs in crates/reaper, which is not there"]
        );
    }

    #[test]
    fn finds_a_crate_that_is_not_on_the_map() {
        assert_eq!(found("# The map\n").len(), 4);
    }

    #[test]
    fn finds_that_there_is_no_map() {
        assert_eq!(map_and_modules(&Tree::default()).len(), 1);
    }
}
