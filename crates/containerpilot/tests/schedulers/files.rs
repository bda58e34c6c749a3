//! The files of `examples/schedulers`, as `scripts/schedulers/validate` understands them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Map, Value};

/// Whose files they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheduler {
    Kubernetes,
    Nomad,
    Marathon,
}

impl Scheduler {
    /// What its folder is called, and `validate`'s word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Nomad => "nomad",
            Self::Marathon => "marathon",
        }
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Kubernetes => ".yaml",
            Self::Nomad => ".nomad.hcl",
            Self::Marathon => ".json",
        }
    }

    pub(crate) fn folder(self) -> PathBuf {
        root().join("examples/schedulers").join(self.name())
    }

    /// Its files by their paths in its folder, in order.
    pub(crate) fn files(self) -> Vec<String> {
        let mut all = Vec::new();
        let mut folders = vec![self.folder()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(self.ending()) {
                    let inner = path.strip_prefix(self.folder()).unwrap();
                    all.push(inner.to_string_lossy().into_owned());
                }
            }
        }
        all.sort();
        all
    }

    /// Has files validated; they come out as JSON.
    #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
    pub(crate) fn validate(self, files: &[PathBuf]) -> Output {
        Command::new(root().join("scripts/schedulers/validate"))
            .args(["--json", self.name()])
            .args(files)
            .output()
            .unwrap()
    }

    /// The documents of every file, by its path in the folder. All are valid.
    #[track_caller]
    pub(crate) fn documents(self) -> Vec<(String, Vec<Value>)> {
        let paths: Vec<PathBuf> = self
            .files()
            .iter()
            .map(|file| self.folder().join(file))
            .collect();
        let output = self.validate(&paths);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} says\n{said}", self.name());
        let mut read: Map<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
        let one = |path: &PathBuf| {
            let inner = path.strip_prefix(self.folder()).unwrap();
            let Some(Value::Array(documents)) = read.remove(&*path.to_string_lossy()) else {
                panic!("{} was not read", path.display());
            };
            (inner.to_string_lossy().into_owned(), documents)
        };
        paths.iter().map(one).collect()
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The texts of a list.
#[track_caller]
pub(crate) fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.iter().map(text).collect()
}

/// The one thing of a block of Nomad that has a label, and the label.
#[track_caller]
pub(crate) fn labelled(block: &Value) -> (String, Value) {
    let (label, inner) = block[0].as_object().unwrap().iter().next().unwrap();
    (label.clone(), inner.clone())
}
