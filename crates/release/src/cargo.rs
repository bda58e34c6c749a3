//! What cargo knows of the crates in the binary.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::linked::{Crate, Graph, Id, Linked};

/// The package whose binary is released.
const RELEASED: &str = "containerpilot";

/// Asks cargo which crates are linked into the binary for a target, and what is known of them.
///
/// What runs while compiling (macros, build scripts) is not among them.
pub(crate) fn linked(target: &str) -> Result<Linked, String> {
    let kinds = "normal,no-proc-macro";
    let tree = cargo(&[
        "tree",
        "--locked",
        "--package",
        RELEASED,
        "--edges",
        kinds,
        "--target",
        target,
        "--prefix",
        "depth",
        "--charset",
        "ascii",
        "--format",
        "{p}",
    ])?;
    let graph = Graph::parse(&tree)?;
    let metadata = cargo(&[
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ])?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|fault| format!("cannot read what `cargo metadata` says: {fault}"))?;
    let checksums = checksums(&own_text("Cargo.lock")?);
    let mut known: BTreeMap<Id, &Value> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        known.insert(id_of(package), package);
    }
    let others = graph.all.iter().filter(|id| **id != graph.root);
    let mut crates = Vec::new();
    for id in std::iter::once(&graph.root).chain(others) {
        let package = known.get(id).ok_or_else(|| {
            format!(
                "cargo links {} {}, but does not describe it",
                id.name, id.version
            )
        })?;
        crates.push(described(id, package, checksums.get(id))?);
    }
    Ok(Linked {
        crates,
        edges: graph.edges,
    })
}

/// The licence files of each crate: their names and texts, in the order of their names.
pub(crate) fn licence_texts(linked: &Linked) -> Result<Vec<(Id, String, String)>, String> {
    let mut texts = Vec::new();
    for one in linked.crates.iter().filter(|one| one.checksum.is_some()) {
        let told = |fault: std::io::Error| format!("cannot read {}: {fault}", one.folder.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(&one.folder).map_err(told)? {
            let name = entry.map_err(told)?.file_name();
            names.extend(
                name.to_str()
                    .filter(|name| is_licence(name))
                    .map(str::to_owned),
            );
        }
        names.sort();
        for name in names
            .into_iter()
            .filter(|name| one.folder.join(name).is_file())
        {
            let text = read(&one.folder.join(&name))?;
            texts.push((one.id.clone(), name, text));
        }
    }
    Ok(texts)
}

/// A text file of this repository.
pub(crate) fn own_text(name: &str) -> Result<String, String> {
    read(&root().join(name))
}

fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let begins = [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ];
    begins.iter().any(|begin| name.starts_with(begin))
}

fn described(id: &Id, package: &Value, checksum: Option<&String>) -> Result<Crate, String> {
    let text = |key: &str| package[key].as_str().map(str::to_owned);
    let lacks = |what: &str| format!("{} {} names no {what}", id.name, id.version);
    let manifest: PathBuf = text("manifest_path")
        .ok_or_else(|| lacks("manifest"))?
        .into();
    // The old way to write a choice is no SPDX expression.
    let licence = text("license")
        .ok_or_else(|| lacks("licence"))?
        .replace('/', " OR ");
    Ok(Crate {
        id: id.clone(),
        licence,
        repository: text("repository"),
        checksum: checksum.cloned(),
        folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
    })
}

fn id_of(package: &Value) -> Id {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    Id {
        name: text("name"),
        version: text("version"),
    }
}

/// The checksums of a Cargo.lock, which is written by cargo alone: one key on a line.
fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.map(|rest| rest.trim_matches([' ', '=', '"']).to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) =
            (value("name"), value("version"), value("checksum"))
        {
            found.insert(Id { name, version }, sum);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|fault| format!("cannot read {}: {fault}", path.display()))
}

fn cargo(words: &[&str]) -> Result<String, String> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    said(Command::new(program).args(words).current_dir(root()))
}

/// What a program prints, if it succeeds.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = command
        .output()
        .map_err(|fault| format!("cannot run {name}: {fault}"))?;
    if !ended.status.success() {
        let complaint = String::from_utf8_lossy(&ended.stderr);
        return Err(format!(
            "{name} failed ({}): {}",
            ended.status,
            complaint.trim()
        ));
    }
    String::from_utf8(ended.stdout).map_err(|_| format!("{name} printed what is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\n\
                    checksum = \"00ff\"\ndependencies = [\n \"b\",\n]\n\n[[package]]\nname = \"b\"\n\
                    version = \"0.1.0\"\n";
        let found = checksums(lock);
        let a = Id {
            name: "a".into(),
            version: "1.0.0".into(),
        };
        assert_eq!(found, BTreeMap::from([(a, "00ff".to_owned())]));
    }
}
