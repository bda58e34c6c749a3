//! The limit of processes that the container is held to, by cgroups of version 1 or 2.

use std::{fs, path::Path};

/// Where a container finds its own cgroup.
const ROOT: &str = "/sys/fs/cgroup";

/// Says which limit keeps a process from being started, if it is that of processes.
pub(crate) fn out_of_processes() -> Option<String> {
    let (most, now) = processes(Path::new(ROOT))?;
    (now >= most).then(|| format!("the container's limit of {most} processes is reached"))
}

/// How many processes there may be, and how many there are.
fn processes(root: &Path) -> Option<(u64, u64)> {
    let number = |text: String| text.trim().parse().ok();
    let most = first(root, ["pids.max", "pids/pids.max"]).and_then(number)?;
    let now = first(root, ["pids.current", "pids/pids.current"]).and_then(number)?;
    Some((most, now))
}

/// The file of version 2, else that of version 1.
fn first(root: &Path, names: [&str; 2]) -> Option<String> {
    names
        .into_iter()
        .find_map(|name| fs::read_to_string(root.join(name)).ok())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::processes;

    #[test]
    fn both_versions_of_cgroups_are_read() {
        for version in ["", "pids"] {
            let dir = tempfile::tempdir().expect("a directory");
            assert_eq!(processes(dir.path()), None);
            let group = dir.path().join(version);
            fs::create_dir_all(&group).expect("a directory");
            fs::write(group.join("pids.max"), "30\n").expect("a file");
            fs::write(group.join("pids.current"), "7\n").expect("a file");
            assert_eq!(processes(dir.path()), Some((30, 7)));
            fs::write(group.join("pids.max"), "max\n").expect("a file");
            assert_eq!(processes(dir.path()), None);
        }
    }
}
