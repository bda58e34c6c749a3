//! What the bill of materials and the notices say is what is linked, no more and no less.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

const TIME: &str = "2026-01-02T03:04:05Z";

fn said(program: &str, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{words:?}: {ended:#?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// The target of this machine.
fn target() -> String {
    let told = said("rustc", &["-vV"]);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

fn printed() -> String {
    let words = [
        "bill",
        "--target",
        &target(),
        "--time",
        TIME,
        "--commit",
        "0123456789",
    ];
    said(env!("CARGO_BIN_EXE_release"), &words)
}

fn bill() -> Value {
    serde_json::from_str(&printed()).unwrap()
}

/// `name version` of every crate that the bill lists, the released one too.
fn listed(bill: &Value) -> BTreeSet<String> {
    let components = bill["components"].as_array().unwrap().iter();
    components
        .chain([&bill["metadata"]["component"]])
        .filter(|one| one["bom-ref"].as_str().unwrap().starts_with("cargo:"))
        .map(|one| {
            format!(
                "{} {}",
                one["name"].as_str().unwrap(),
                one["version"].as_str().unwrap()
            )
        })
        .collect()
}

/// The same, as cargo resolves it for a build of the binary alone. Macros show themselves in this form.
fn resolved() -> BTreeSet<String> {
    let tree = said(
        "cargo",
        &[
            "tree",
            "--locked",
            "--package",
            "containerpilot",
            "--edges",
            "normal",
            "--target",
            &target(),
            "--prefix",
            "depth",
        ],
    );
    let mut linked = BTreeSet::new();
    let mut inside_macro = None;
    for line in tree.lines() {
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let depth: usize = line[..digits].parse().unwrap();
        if inside_macro.is_some_and(|outer| depth > outer) {
            continue;
        }
        inside_macro = line.contains("(proc-macro)").then_some(depth);
        if inside_macro.is_none() {
            let mut words = line[digits..].split(' ');
            let (name, version) = (words.next().unwrap(), words.next().unwrap());
            linked.insert(format!("{name} {}", version.trim_start_matches('v')));
        }
    }
    linked
}

#[test]
fn the_bill_lists_exactly_the_crates_that_are_linked() {
    assert_eq!(listed(&bill()), resolved());
}

#[test]
fn what_only_compiles_or_tests_is_not_on_the_bill() {
    let listed = listed(&bill());
    for absent in [
        "autocfg",
        "cc",
        "proptest",
        "serde_derive",
        "syn",
        "tempfile",
        "tidy",
        "tokio-macros",
    ] {
        let found = listed
            .iter()
            .find(|line| line.split(' ').next() == Some(absent));
        assert_eq!(found, None);
    }
}

#[test]
fn every_line_of_the_bill_has_a_licence_and_what_finds_it() {
    let bill = bill();
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock")).unwrap();
    let mut bought = 0;
    for one in bill["components"].as_array().unwrap() {
        let licence = one["licenses"][0]["expression"].as_str().unwrap();
        assert!(!licence.is_empty() && !licence.contains('/'), "{one}");
        if let Some(sum) = one["hashes"][0]["content"].as_str() {
            bought += 1;
            assert!(lock.contains(&format!("checksum = \"{sum}\"")), "{one}");
            let purl = format!("pkg:cargo/{}@", one["name"].as_str().unwrap());
            assert!(one["purl"].as_str().unwrap().starts_with(&purl), "{one}");
        }
    }
    assert!(bought > 30, "{bought} crates with a checksum");
    let parts = bill["components"].as_array().unwrap().iter();
    let library = |one: &&Value| matches!(one["name"].as_str(), Some("glibc" | "musl"));
    assert_eq!(parts.filter(library).count(), 1, "one C library is linked");
}

#[test]
fn every_edge_of_the_bill_ends_at_one_of_its_lines() {
    let bill = bill();
    let components = bill["components"].as_array().unwrap().iter();
    let references: BTreeSet<&str> = components
        .chain([&bill["metadata"]["component"]])
        .map(|one| one["bom-ref"].as_str().unwrap())
        .collect();
    let edges = bill["dependencies"].as_array().unwrap();
    assert_eq!(edges.len(), references.len());
    for edge in edges {
        let ends = edge["dependsOn"].as_array().unwrap().iter();
        for end in ends.chain([&edge["ref"]]) {
            assert!(
                references.contains(end.as_str().unwrap()),
                "{end} is not on the bill"
            );
        }
    }
}

#[test]
fn the_bill_follows_from_the_commit_alone() {
    let first = printed();
    assert_eq!(first, printed());
    assert!(!first.contains("serialNumber"), "a random number");
    let bill: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(bill["metadata"]["timestamp"], TIME);
}

#[test]
fn the_notices_name_everybody_and_print_each_text_once() {
    let words = [
        "notices",
        "--target",
        &target(),
        "--apache",
        "in LICENSE-APACHE",
    ];
    let notices = said(env!("CARGO_BIN_EXE_release"), &words);
    let lock = listed(&bill());
    let others = lock
        .iter()
        .filter(|line| !line.ends_with(&format!(" {}", env!("CARGO_PKG_VERSION"))));
    for line in others {
        assert!(notices.contains(&format!("\n  {line}: ")), "no {line}");
    }
    assert!(
        !notices.contains("TERMS AND CONDITIONS FOR USE"),
        "the Apache License is repeated"
    );
    for holder in [
        "Sean McArthur",
        "The Rust Project",
        "Brian Smith",
        "Tokio Contributors",
    ] {
        assert!(notices.contains(holder), "no {holder}");
    }
}

#[test]
fn what_cannot_be_read_is_a_usage() {
    for words in [
        &[][..],
        &["bill"],
        &["bill", "--target"],
        &["parcel", "--target", "x"],
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_release"))
            .args(words)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1), "{words:?}");
        assert!(
            String::from_utf8(ended.stderr)
                .unwrap()
                .contains("usage: release bill"),
            "{words:?}"
        );
    }
}
