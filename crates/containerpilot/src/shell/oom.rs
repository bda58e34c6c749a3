//! Processes that the kernel killed because the container's memory ran out.
//!
//! The kernel tells nobody inside: whoever is killed by signal 9 cannot know why. It keeps a count,
//! though, which is looked at whenever a process of ours has ended.

use std::{fs, path::PathBuf};

use pilot_core::Level;

use super::Shell;

/// Where a container sees the count and the limit of its own, in the second and in the first
/// version of cgroups.
const PLACES: [[&str; 2]; 2] = [
    ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory.max"],
    [
        "/sys/fs/cgroup/memory/memory.oom_control",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ],
];
const MIB: u64 = 1024 * 1024;
/// What the first version says where nothing is limited is close to the most there can be.
const NO_LIMIT: u64 = 1 << 60;

/// How many were killed so far, as the kernel counts them.
pub(super) struct Toll {
    /// The files of the count and of the limit; none where the kernel keeps no count for us.
    files: Option<[PathBuf; 2]>,
    known: u64,
}

impl Toll {
    /// What was counted before the start is no news.
    pub(super) fn begin() -> Self {
        let places = PLACES.map(|files| files.map(PathBuf::from));
        let read = |files: &[PathBuf; 2]| killed(&fs::read_to_string(&files[0]).ok()?);
        let found = places.into_iter().find_map(|files| {
            let known = read(&files)?;
            Some((files, known))
        });
        let known = found.as_ref().map_or(0, |(_, known)| *known);
        Self {
            files: found.map(|(files, _)| files),
            known,
        }
    }

    /// What to say, if some were killed since it was last asked.
    fn news(&mut self) -> Option<String> {
        let [count, limit] = self.files.as_ref()?;
        let now = killed(&fs::read_to_string(count).ok()?)?;
        let more = now.checked_sub(self.known).filter(|more| *more > 0)?;
        self.known = now;
        Some(told(more, fs::read_to_string(limit).ok().as_deref()))
    }
}

impl Shell {
    /// Says why processes vanish, before the log says that they did.
    pub(super) fn say_who_was_short_of_memory(&mut self) {
        if let Some(news) = self.toll.news() {
            self.say(Level::Error, &news);
        }
    }
}

/// The count in either file.
fn killed(text: &str) -> Option<u64> {
    let count = |line: &str| line.strip_prefix("oom_kill ")?.trim().parse().ok();
    text.lines().find_map(count)
}

fn told(more: u64, limit: Option<&str>) -> String {
    let processes = match more {
        1 => "a process".to_owned(),
        more => format!("{more} processes"),
    };
    let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
    let limit = match limit.filter(|bytes| *bytes < NO_LIMIT) {
        Some(bytes) => format!(", whose limit is {} MiB", bytes / MIB),
        None => String::new(),
    };
    format!("out of memory: the kernel killed {processes} of this container{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_either_version() {
        let second = "low 0\nhigh 0\nmax 1423\noom 2\noom_kill 3\noom_group_kill 0\n";
        let first = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!((killed(second), killed(first)), (Some(3), Some(3)));
        assert_eq!(killed("oom_kill_disable 0\nunder_oom 0\n"), None);
    }

    #[test]
    fn it_says_how_many_and_the_limit() {
        let one = "out of memory: the kernel killed a process of this container";
        assert_eq!(
            told(1, Some("67108864\n")),
            format!("{one}, whose limit is 64 MiB")
        );
        assert_eq!(told(1, Some("max\n")), one);
        assert_eq!(told(1, Some("9223372036854771712\n")), one);
        assert_eq!(told(1, None), one);
        assert!(told(2, None).contains("killed 2 processes of"));
    }

    #[test]
    fn only_what_is_new_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let files = ["count", "limit"].map(|name| dir.path().join(name));
        fs::write(&files[0], "oom_kill 1\n").unwrap();
        let mut toll = Toll {
            files: Some(files.clone()),
            known: 1,
        };
        assert_eq!(toll.news(), None);
        fs::write(&files[0], "oom_kill 3\n").unwrap();
        assert!(toll.news().unwrap().contains("2 processes"));
        assert_eq!(toll.news(), None);
        fs::remove_file(&files[0]).unwrap();
        assert_eq!(toll.news(), None);
    }
}
