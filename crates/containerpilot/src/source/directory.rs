//! A directory of configurations, which are layers in the order of their names.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{LoadError, Text, plain, read_regular};

/// What the names of configurations end with. What editors leave beside them ends otherwise.
const ENDINGS: [&str; 4] = ["json5", "json", "yaml", "yml"];

/// Reads every configuration of a directory.
pub(super) fn read(path: &Path) -> Result<Vec<Text>, LoadError> {
    let mut paths = list(path).map_err(|error| LoadError::Unreadable {
        path: path.display().to_string(),
        reason: plain(&error),
    })?;
    if paths.is_empty() {
        return Err(LoadError::Empty {
            path: path.display().to_string(),
        });
    }
    paths.sort();
    let text = |path: &PathBuf| Text::of(path, read_regular(path));
    paths.iter().map(text).collect()
}

/// Whether a name is one of a YAML file.
pub(super) fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        // A link that leads nowhere is no directory, and reading it will say so.
        if is_configuration(&path) && !path.is_dir() {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn is_configuration(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let ending = path.extension().and_then(|ending| ending.to_str());
    !hidden && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}
