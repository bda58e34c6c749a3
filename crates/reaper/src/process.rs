//! Processes as `/proc` shows them.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::{Signal, kernel};

/// A process at the moment it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    pub(crate) life: Life,
    started: u64,
}

/// Whether a process still does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Live,
    Zombie,
}

/// What tells a process from a later one of the same pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pid: u32,
    started: u64,
}

impl Process {
    /// Looks at one process.
    pub(crate) fn look(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &stat)
    }

    /// Looks at every process there is, in no one moment: who forks and ends meanwhile may be
    /// missed.
    pub(crate) fn look_around() -> io::Result<Vec<Self>> {
        let entries = fs::read_dir("/proc")?;
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Ok(pids.filter_map(Self::look).collect())
    }

    fn parse(pid: u32, stat: &str) -> Option<Self> {
        // The name stands in parentheses and may itself hold spaces and parentheses.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let id = |index: usize| number(index).and_then(|id| u32::try_from(id).ok());
        let ended = matches!(*fields.first()?, "Z" | "X" | "x");
        // A process whose first thread has ended shows as a zombie while its others run on.
        let threads = number(17)?;
        Some(Self {
            pid,
            parent: id(1)?,
            group: id(2)?,
            session: id(3)?,
            life: if ended && threads <= 1 {
                Life::Zombie
            } else {
                Life::Live
            },
            started: number(19)?,
        })
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            pid: self.pid,
            started: self.started,
        }
    }

    /// Its environment as it was when it was executed, if we may see it.
    pub(crate) fn environ(&self) -> Option<Vec<u8>> {
        let path = format!("/proc/{}/environ", self.pid);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let owner = fs::metadata(format!("/proc/{}", self.pid)).ok()?;
                kernel::with_eyes_of(owner.uid(), owner.gid(), || fs::read(&path)).ok()
            }
            read => read.ok(),
        }
    }

    /// Signals it, and says whether it was still there to be signalled.
    pub(crate) fn kill(&self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid.cast_signed()) else {
            return false;
        };
        let pidfd = pidfd_open(pid, PidfdFlags::empty());
        // The look comes after the pidfd was opened: if the pid was given to somebody else in
        // between, it shows.
        if self.stamp().look().is_none() {
            return false;
        }
        match pidfd {
            Ok(pidfd) => kernel::kill_pidfd(pidfd.as_fd(), signal),
            Err(Errno::SRCH) => false,
            // Old kernels and strict sandboxes have no pidfds. What is left is that the look was
            // microseconds ago.
            Err(_) => kernel::kill_pid(self.pid, signal),
        }
    }
}

impl Stamp {
    /// Looks at this very process, if it still runs.
    pub(crate) fn look(self) -> Option<Process> {
        let same = |now: &Process| now.started == self.started && now.life == Life::Live;
        Process::look(self.pid).filter(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, state: &str, threads: u32) -> String {
        format!(
            "42 ({name}) {state} 7 40 39 34816 40 4194304 100 0 0 0 0 0 0 0 20 0 {threads} 0 \
             12345 1 2 3\n"
        )
    }

    #[test]
    fn a_name_may_hold_anything() {
        for name in ["sh", "a b", "x) R 1 1 1 (", ") ", ""] {
            let process = Process::parse(42, &stat(name, "S", 1)).expect("a stat line");
            let ids = (process.parent, process.group, process.session);
            assert_eq!(ids, (7, 40, 39), "{name}");
            assert_eq!(process.started, 12345);
            assert_eq!(process.life, Life::Live);
        }
    }

    #[test]
    fn a_process_lives_as_long_as_any_thread() {
        let life = |state, threads| Process::parse(42, &stat("sh", state, threads)).map(|p| p.life);
        assert_eq!(life("Z", 1), Some(Life::Zombie));
        assert_eq!(life("Z", 0), Some(Life::Zombie));
        assert_eq!(life("Z", 2), Some(Life::Live));
        assert_eq!(life("X", 0), Some(Life::Zombie));
        assert_eq!(life("D", 1), Some(Life::Live));
    }

    #[test]
    fn nonsense_is_nobody() {
        assert_eq!(Process::parse(42, ""), None);
        assert_eq!(Process::parse(42, "42 (sh) S 1"), None);
    }
}
