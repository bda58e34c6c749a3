//! Processes as `/proc` shows them.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

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
    /// It is being taken down, and will be a zombie.
    Ending,
    Zombie,
}

/// The environment of a process as it was when it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Environ {
    Read(Vec<u8>),
    /// We may not see it.
    Hidden,
    /// It has ended, or is between two programs.
    Absent,
}

/// The kernel's flag for a process that is being taken down (`PF_EXITING`).
const EXITING: u64 = 0x4;

/// The kernel's flag for a thread of its own (`PF_KTHREAD`).
const KERNEL: u64 = 0x20_0000;

/// How often, and how far apart, a process that is between two programs is looked at. Nothing
/// announces the end of an `exec`, and all it usually takes is the processor we are holding.
const GLIMPSES: usize = 50;
const BETWEEN_GLIMPSES: Duration = Duration::from_micros(100);

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

    /// Tells whether `/proc` is there, and shows the processes of this namespace.
    pub(crate) fn are_in_sight() -> io::Result<bool> {
        let own = std::process::id().to_string();
        Ok(fs::read_link("/proc/self")? == Path::new(&own))
    }

    /// Looks at every process there is, in no one moment: who forks and ends meanwhile may be
    /// missed. Fails where `/proc` is not mounted, or shows the pids of another namespace.
    pub(crate) fn look_around() -> io::Result<Vec<Self>> {
        if !Self::are_in_sight()? {
            return Err(io::ErrorKind::NotFound.into());
        }
        let entries = fs::read_dir("/proc")?;
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        // All pids are listed first: whoever forks faster than we look would keep us looking.
        let mut pids: Vec<u32> = pids.collect();
        pids.sort_unstable();
        Ok(pids.into_iter().filter_map(Self::look).collect())
    }

    fn parse(pid: u32, stat: &str) -> Option<Self> {
        // The name stands in parentheses and may itself hold spaces and parentheses.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let id = |index: usize| number(index).and_then(|id| u32::try_from(id).ok());
        let ended = matches!(*fields.first()?, "Z" | "X" | "x");
        // A process whose first thread has ended shows as a zombie while its others run on.
        let flags = number(6)?;
        if flags & KERNEL != 0 {
            return None;
        }
        let life = match (ended, number(17)? > 1, flags & EXITING != 0) {
            (_, true, _) | (false, false, false) => Life::Live,
            (true, false, _) => Life::Zombie,
            (false, false, true) => Life::Ending,
        };
        Some(Self {
            pid,
            parent: id(1)?,
            group: id(2)?,
            session: id(3)?,
            life,
            started: number(19)?,
        })
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            pid: self.pid,
            started: self.started,
        }
    }

    /// Reads its environment.
    pub(crate) fn environ(&self) -> Environ {
        for _ in 0..GLIMPSES {
            let environ = self.glimpse_environ();
            let lives = || {
                self.stamp()
                    .look()
                    .is_some_and(|now| now.life == Life::Live)
            };
            if environ != Environ::Absent || !lives() {
                return environ;
            }
            std::thread::sleep(BETWEEN_GLIMPSES);
        }
        Environ::Absent
    }

    fn glimpse_environ(&self) -> Environ {
        let own = self.read_environ();
        let read = match own {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                match fs::metadata(format!("/proc/{}", self.pid)) {
                    Ok(owner) => {
                        let look = || self.read_environ();
                        kernel::with_eyes_of(owner.uid(), owner.gid(), look)
                    }
                    Err(error) => Err(error),
                }
            }
            read => read,
        };
        match read {
            Ok(environ) => environ,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Environ::Hidden,
            Err(_) => Environ::Absent,
        }
    }

    /// An environment reads as empty where there is none yet, or none any more; only its address
    /// tells that from one that is empty.
    fn read_environ(&self) -> io::Result<Environ> {
        let block = fs::read(format!("/proc/{}/environ", self.pid))?;
        if !block.is_empty() {
            return Ok(Environ::Read(block));
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let end = stat.split_ascii_whitespace().rev().nth(1);
        match end {
            None | Some("0") => Ok(Environ::Absent),
            Some(_) => Ok(Environ::Read(block)),
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
        let same = |now: &Process| now.started == self.started && now.life != Life::Zombie;
        Process::look(self.pid).filter(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, state: &str, flags: u64, threads: u32) -> String {
        format!(
            "42 ({name}) {state} 7 40 39 34816 40 {flags} 100 0 0 0 0 0 0 0 20 0 {threads} 0 \
             12345 1 2 3\n"
        )
    }

    #[test]
    fn a_name_may_hold_anything() {
        for name in ["sh", "a b", "x) R 1 1 1 (", ") ", ""] {
            let process = Process::parse(42, &stat(name, "S", 0x40_0000, 1)).expect("a stat line");
            let ids = (process.parent, process.group, process.session);
            assert_eq!(ids, (7, 40, 39), "{name}");
            assert_eq!(process.started, 12345);
            assert_eq!(process.life, Life::Live);
        }
    }

    #[test]
    fn a_process_lives_as_long_as_any_thread() {
        let life = |state, flags, threads| {
            let stat = stat("sh", state, flags, threads);
            Process::parse(42, &stat).map(|process| process.life)
        };
        assert_eq!(life("Z", 0x40_000c, 1), Some(Life::Zombie));
        assert_eq!(life("Z", 0x40_000c, 0), Some(Life::Zombie));
        assert_eq!(life("Z", 0x40_000c, 2), Some(Life::Live));
        assert_eq!(life("X", 0x40_000c, 0), Some(Life::Zombie));
        assert_eq!(life("D", 0x40_0000, 1), Some(Life::Live));
        assert_eq!(life("R", 0x40_0004, 1), Some(Life::Ending));
    }

    #[test]
    fn nonsense_and_the_kernel_are_nobody() {
        assert_eq!(
            Process::parse(42, &stat("kworker", "I", 0x420_8060, 1)),
            None
        );
        assert_eq!(Process::parse(42, ""), None);
        assert_eq!(Process::parse(42, "42 (sh) S 1"), None);
    }
}
