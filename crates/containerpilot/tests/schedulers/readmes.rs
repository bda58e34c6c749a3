//! What is written about the files is so.

use std::{collections::BTreeSet, fs, process::Command};

use crate::files::{Scheduler, root};

const SCHEDULERS: [Scheduler; 3] = [Scheduler::Kubernetes, Scheduler::Nomad, Scheduler::Marathon];

/// The pages: this one's folder is where the files that it names are.
fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<String> = SCHEDULERS
        .iter()
        .map(|scheduler| format!("examples/schedulers/{}/README.md", scheduler.name()))
        .collect();
    // Run as it stands, so no schema is held against it.
    pages.push("examples/schedulers/swarm/README.md".to_owned());
    pages.push("docs/schedulers.md".to_owned());
    let text = |page: String| {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        (page, text)
    };
    pages.into_iter().map(text).collect()
}

/// The commands that a page shows, each as its words; lines that end with a backslash go on.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut in_console = false;
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        match line.trim() {
            "```console" => in_console = true,
            "```" => in_console = false,
            shown => {
                if let Some(command) = shown.strip_prefix("$ ").filter(|_| in_console) {
                    let command = command.split(" #").next().unwrap_or_default();
                    all.push(command.split_whitespace().map(str::to_owned).collect());
                }
            }
        }
    }
    all
}

/// What a page names that ends like a file of a scheduler, with or without quotes and `@`.
fn named_files(text: &str) -> BTreeSet<String> {
    let in_name = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let words = text.split(|letter| !in_name(letter));
    let endings = [".yaml", ".nomad.hcl", ".json"];
    // Of a pattern only the ending is left.
    let is_file = |word: &&str| {
        endings.iter().any(|ending| {
            let stem = word.strip_suffix(ending).unwrap_or_default();
            // A schema is linked to, and is not here.
            !stem.is_empty() && !stem.ends_with('/') && !stem.ends_with(".schema")
        })
    };
    words
        .filter(is_file)
        .map(|word| word.trim_start_matches("./").to_owned())
        .collect()
}

#[test]
fn every_file_that_a_readme_names_is_there_and_every_file_is_named() {
    for scheduler in SCHEDULERS {
        let readme = scheduler.folder().join("README.md");
        let named = named_files(&fs::read_to_string(&readme).unwrap());
        for name in &named {
            assert!(
                scheduler.folder().join(name).exists(),
                "{} names {name}",
                readme.display()
            );
        }
        for file in scheduler.files() {
            assert!(named.contains(&file), "{} lacks {file}", readme.display());
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for (page, text) in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        let targets = text.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            assert!(folder.join(target).exists(), "{page} leads to {target}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
#[test]
fn every_command_is_one_that_there_is() {
    let helper = Command::new(env!("CARGO_BIN_EXE_containerpilot"))
        .arg("help")
        .output()
        .unwrap();
    let help = String::from_utf8(helper.stdout).unwrap();
    let mut seen = 0;
    for (page, text) in pages() {
        for words in commands(&text) {
            seen += 1;
            let program = words[0].as_str();
            let known = [
                "containerpilot",
                "curl",
                "docker",
                "docker-compose",
                "kubectl",
                "nomad",
                "scripts/schedulers/validate",
            ];
            assert!(known.contains(&program), "{page}: {words:?}");
            if program.contains('/') {
                assert!(root().join(program).exists(), "{page}: {words:?}");
            }
            // Also where another program has it run in a container.
            let at = words
                .iter()
                .position(|word| word == "containerpilot" || word == "/bin/containerpilot");
            if let Some(subcommand) = at.and_then(|at| words.get(at + 1)) {
                let shown = |line: &str| line.split_whitespace().next() == Some(subcommand);
                assert!(
                    help.lines().any(shown),
                    "{page}: no `{subcommand}` in\n{help}"
                );
            }
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
}

#[test]
fn every_page_says_what_was_run_and_what_was_not() {
    for (page, text) in pages() {
        for wanted in ["**Run**", "**Validated only**"] {
            assert!(text.contains(wanted), "{page} does not say {wanted}");
        }
    }
}
