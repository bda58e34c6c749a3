//! Crates depend on each other one way, and each takes its lints from the one table.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::{Problem, Tree};

/// What a crate may depend on.
struct Room {
    name: &'static str,
    /// Crates of ours that it is built on.
    ours: &'static [&'static str],
    /// Crates of ours that its tests use besides.
    in_tests: &'static [&'static str],
    /// Crates of others; none listed means that a decision record, not this table, says which.
    others: Option<&'static [&'static str]>,
}

/// Every crate, the innermost first. A new arrow is a line here and a decision record.
const ROOMS: &[Room] = &[
    Room {
        name: "pilot-core",
        ours: &[],
        in_tests: &[],
        others: Some(&["thiserror"]),
    },
    Room {
        name: "go-template",
        ours: &[],
        in_tests: &[],
        others: Some(&[]),
    },
    Room {
        name: "go-base64",
        ours: &[],
        in_tests: &[],
        others: Some(&[]),
    },
    Room {
        name: "re2",
        ours: &[],
        in_tests: &[],
        others: Some(&["regex-lite", "unicode-general-category"]),
    },
    Room {
        name: "reaper",
        ours: &[],
        in_tests: &[],
        others: None,
    },
    Room {
        name: "logbook",
        ours: &[],
        in_tests: &[],
        others: None,
    },
    Room {
        name: "telemetry",
        ours: &[],
        in_tests: &["test-ports"],
        others: None,
    },
    Room {
        name: "dev-catalog",
        ours: &["go-base64"],
        in_tests: &["test-ports"],
        others: None,
    },
    Room {
        name: "catalog",
        ours: &["go-base64", "pilot-core"],
        in_tests: &["dev-catalog", "test-ports"],
        others: None,
    },
    Room {
        name: "ctmpl",
        ours: &["catalog", "go-base64", "go-template", "pilot-core", "re2"],
        in_tests: &[],
        others: None,
    },
    Room {
        name: "pilot-config",
        ours: &["go-template", "pilot-core", "re2"],
        in_tests: &[],
        others: None,
    },
    Room {
        name: "containerpilot",
        ours: &[
            "catalog",
            "ctmpl",
            "dev-catalog",
            "go-template",
            "logbook",
            "pilot-config",
            "pilot-core",
            "reaper",
            "telemetry",
        ],
        in_tests: &["test-ports"],
        others: None,
    },
    // None of these is shipped: one finds ports for tests, one keeps this tree's rules, one says what
    // is in a release, and one measures what is shipped.
    Room {
        name: "test-ports",
        ours: &[],
        in_tests: &[],
        others: Some(&[]),
    },
    Room {
        name: "tidy",
        ours: &["pilot-core"],
        in_tests: &[],
        others: None,
    },
    Room {
        name: "release",
        ours: &[],
        in_tests: &[],
        others: Some(&["serde_json"]),
    },
    Room {
        name: "bench",
        // It lives through what many helpers are to a catalog, in one process.
        ours: &["catalog", "pilot-core", "test-ports"],
        in_tests: &[],
        others: None,
    },
];

/// Finds every dependency that no room allows.
pub fn forbidden_arrows(tree: &Tree) -> Vec<Problem> {
    let manifests: Vec<_> = tree.manifests().collect();
    let ours: BTreeSet<&str> = manifests.iter().map(|(_, name, _)| name.as_str()).collect();
    let mut problems = Vec::new();
    for (folder, name, manifest) in &manifests {
        let path = format!("{folder}/Cargo.toml");
        if folder.rsplit('/').next() != Some(name) {
            problems.push(Problem::file(
                &path,
                format!("the crate is called `{name}`, its folder is not"),
            ));
        }
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            problems.push(Problem::file(
                &path,
                format!("`{name}` has no line in the table of rooms"),
            ));
            continue;
        };
        for (used, in_tests) in dependencies(manifest) {
            let (allowed, kind) = match (ours.contains(used.as_str()), in_tests) {
                (true, false) => (room.ours.contains(&used.as_str()), "is built on"),
                (true, true) => {
                    let both = [room.ours, room.in_tests].concat();
                    (both.contains(&used.as_str()), "is tested with")
                }
                (false, false) => {
                    let listed = room
                        .others
                        .is_none_or(|others| others.contains(&used.as_str()));
                    (listed, "is built on")
                }
                (false, true) => (true, "is tested with"),
            };
            if !allowed {
                problems.push(Problem::file(
                    &path,
                    format!("`{name}` {kind} `{used}`, which it may not be"),
                ));
            }
        }
    }
    problems
}

/// Finds every crate that does not take its lints from the workspace.
pub fn own_lints(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.manifests();
    let without = manifests.filter(|(_, _, manifest)| {
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        lints.and_then(Value::as_bool) != Some(true)
    });
    let problem = |(folder, ..): (String, String, Table)| {
        Problem::file(
            &format!("{folder}/Cargo.toml"),
            "lacks `lints.workspace = true`",
        )
    };
    without.map(problem).collect()
}

/// The crates that a manifest names, and whether only its tests use them.
fn dependencies(manifest: &Table) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut read = |table: &Table| {
        for (section, in_tests) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("dev-dependencies", true),
        ] {
            let entries = table
                .get(section)
                .and_then(Value::as_table)
                .into_iter()
                .flatten();
            found.extend(entries.map(|(name, entry)| {
                let renamed = entry.get("package").and_then(Value::as_str);
                (renamed.unwrap_or(name).to_owned(), in_tests)
            }));
        }
    };
    read(manifest);
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    targets
        .filter_map(|(_, table)| table.as_table())
        .for_each(read);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: &str = "[package]\nname = \"pilot-core\"\n[lints]\nworkspace = true\n";

    fn found(path: &str, text: &str) -> Vec<Problem> {
        let tree = Tree::sample(&[("crates/pilot-core/Cargo.toml", CORE), (path, text)]);
        forbidden_arrows(&tree)
    }

    #[test]
    fn finds_an_arrow_that_goes_the_wrong_way() {
        for section in [
            "[dependencies]\npilot-core.workspace = true",
            "[build-dependencies]\npilot-core = { path = \"../pilot-core\" }",
            "[dev-dependencies]\npilot-core.workspace = true",
            "[dependencies]\ncore = { package = \"pilot-core\", path = \"../pilot-core\" }",
            "[dependencies.pilot-core]\nworkspace = true",
            "[target.'cfg(unix)'.dependencies]\npilot-core.workspace = true",
        ] {
            let text = format!("[package]\nname = \"reaper\"\n{section}\n");
            assert_eq!(
                found("crates/reaper/Cargo.toml", &text).len(),
                1,
                "passes: {section}"
            );
        }
    }

    #[test]
    fn finds_a_crate_that_must_stand_alone_and_does_not() {
        let text = "[package]\nname = \"go-template\"\n[dependencies]\nserde.workspace = true\n";
        assert_eq!(found("crates/go-template/Cargo.toml", text).len(), 1);
    }

    #[test]
    fn finds_a_crate_without_a_room_or_with_another_name() {
        assert_eq!(
            found("crates/extra/Cargo.toml", "[package]\nname = \"extra\"\n").len(),
            1
        );
        assert_eq!(
            found("crates/other/Cargo.toml", "[package]\nname = \"reaper\"\n").len(),
            1
        );
    }

    #[test]
    fn allows_what_the_table_allows() {
        let text = "[package]\nname = \"catalog\"\n[dependencies]\npilot-core.workspace = true\nhyper.workspace = true\n\
                    [dev-dependencies]\nproptest.workspace = true\n";
        assert_eq!(found("crates/catalog/Cargo.toml", text), []);
    }

    #[test]
    fn finds_lints_of_its_own() {
        let bad = ("crates/reaper/Cargo.toml", "[package]\nname = \"reaper\"\n");
        let tree = Tree::sample(&[("crates/pilot-core/Cargo.toml", CORE), bad]);
        assert_eq!(
            own_lints(&tree),
            [Problem::file(bad.0, "lacks `lints.workspace = true`")]
        );
    }
}
