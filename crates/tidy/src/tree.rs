//! The text files of a repository, in memory.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::Source;

/// Folders that hold what is built or fetched, never what is written.
const NOT_OURS: &[&str] = &[".cache", ".git", "dist", "node_modules", "target"];

/// Every text file of a repository by its path from the root, slashes between the parts.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads this repository. Files that are not UTF-8 are left out.
    pub fn of_repository() -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read(&Self::root(), "")?;
        Ok(tree)
    }

    /// Where this repository stands.
    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// A small tree, to try a check on.
    pub fn sample(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|&(path, text)| (path.to_owned(), text.to_owned()));
        Self {
            files: files.collect(),
        }
    }

    fn read(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type()?;
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                self.read(&entry.path(), &format!("{prefix}{name}/"))?;
            } else if kind.is_file() {
                // A file may vanish while others work in the tree; what is gone breaks no rule.
                let bytes = fs::read(entry.path()).unwrap_or_default();
                if let Ok(text) = String::from_utf8(bytes) {
                    self.files.insert(format!("{prefix}{name}"), text);
                }
            }
        }
        Ok(())
    }

    /// Every file: its path and its text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file, if it is there.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether a file or a folder of this path is there.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// Every Rust file, as tokens. One that is not Rust comes with the reason instead.
    pub fn sources(&self) -> impl Iterator<Item = (&str, Result<Source, String>)> {
        let rust = self.files().filter(|(path, _)| path.ends_with(".rs"));
        rust.map(|(path, text)| (path, Source::parse(text)))
    }

    /// Every manifest of a crate: its folder, the crate's name and its contents.
    pub fn manifests(&self) -> impl Iterator<Item = (String, String, toml::Table)> {
        self.files().filter_map(|(path, text)| {
            let folder = path.strip_suffix("Cargo.toml")?.trim_end_matches('/');
            let table: toml::Table = text.parse().ok()?;
            let name = table.get("package")?.get("name")?.as_str()?.to_owned();
            Some((folder.to_owned(), name, table))
        })
    }
}

/// Whether a Rust file holds nothing but tests and what only they use.
pub(crate) fn is_test_file(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    file == "tests.rs"
        || parts
            .iter()
            .any(|part| matches!(*part, "tests" | "benches" | "fuzz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_read_without_what_is_built() {
        let tree = Tree::of_repository().expect("this repository is readable");
        assert!(tree.text("crates/tidy/src/tree.rs").is_some());
        assert!(tree.has("crates/tidy"));
        assert!(!tree.has("target") && !tree.has(".git"));
        assert!(
            tree.manifests()
                .any(|(folder, name, _)| folder == "crates/tidy" && name == "tidy")
        );
    }

    #[test]
    fn test_files_are_told_by_their_name() {
        assert!(is_test_file("crates/x/tests/e2e/start.rs"));
        assert!(is_test_file("crates/x/src/job/tests.rs"));
        assert!(!is_test_file("crates/x/src/contests.rs"));
    }
}
