//! Finding a program in `PATH`, as Go's `exec.LookPath` does.
//!
//! It happens here and not in the child, since the standard library forks instead of using
//! `posix_spawn` when it has to search a `PATH` that is not its own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::{Launch, SpawnError};

/// The path to execute for a program.
pub(crate) fn find(launch: &Launch) -> Result<PathBuf, SpawnError> {
    let program = launch.program.as_os_str();
    if program.is_empty() {
        return Err(SpawnError::NoCommand);
    }
    if program.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(program));
    }
    search_path(launch)
        .map(|directory| directory.join(program))
        .find(|candidate| is_executable(candidate))
        .and_then(|found| std::path::absolute(found).ok())
        .ok_or_else(|| SpawnError::NotInPath {
            program: program.to_owned(),
        })
}

fn search_path(launch: &Launch) -> impl Iterator<Item = PathBuf> {
    let path = launch.env.iter().rfind(|(name, _)| name == "PATH");
    let path = path.map(|(_, value)| value).or(launch.path.as_ref());
    let path = path.map(OsString::as_os_str);
    path.into_iter()
        .filter(|value| !value.is_empty())
        .flat_map(std::env::split_paths)
        .map(|directory| match directory.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => directory,
        })
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| !file.is_dir() && file.permissions().mode() & 0o111 != 0)
}
