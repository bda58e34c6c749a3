//! Who belongs to which tree.

use std::collections::BTreeSet;
use std::io;

use crate::marker;
use crate::process::{Environ, Life, Process, Stamp};
use crate::tree::{Reach, Tree};

/// All processes at about one moment, and what is known of how they relate.
#[derive(Debug)]
pub(crate) struct Census {
    own: Process,
    /// Whether all trees descend from this process.
    adopts_orphans: bool,
    /// The leaders that were not reaped yet; their numbers cannot have been reused.
    leaders: BTreeSet<u32>,
    /// In the order of their pids.
    processes: Vec<Process>,
}

impl Census {
    /// Looks at every process. Fails where `/proc` is not mounted.
    pub(crate) fn take(adopts_orphans: bool, leaders: BTreeSet<u32>) -> io::Result<Self> {
        let processes = Process::look_around()?;
        let own = std::process::id();
        let own = processes.iter().find(|process| process.pid == own).copied();
        Ok(Self {
            own: own.ok_or(io::ErrorKind::NotFound)?,
            adopts_orphans,
            leaders,
            processes,
        })
    }

    /// The processes of a tree that did not end, as far as its reach goes.
    pub(crate) fn members(&self, tree: &Tree, reach: Reach, mark: &str) -> Members {
        let mut found: BTreeSet<u32> = self
            .others()
            .filter(|process| self.is_in_group(process, tree, mark))
            .map(|process| process.pid)
            .collect();
        let mut certain = !self.has_ending_child();
        if reach == Reach::Whole {
            let known = |process: &&Process| tree.known.contains(&process.stamp());
            found.extend(self.others().filter(known).map(|process| process.pid));
            self.grow(&mut found, tree.leader);
            for process in self.others() {
                if found.contains(&process.pid) || !self.may_bear_mark(process) {
                    continue;
                }
                match Bearing::of(process, mark) {
                    Bearing::Ours => _ = found.insert(process.pid),
                    Bearing::Unknown => certain = false,
                    Bearing::Foreign | Bearing::None => {}
                }
            }
            self.grow(&mut found, tree.leader);
        }
        Members {
            processes: self.unended(|process| found.contains(&process.pid)),
            certain,
        }
    }

    /// All live processes that descend from this one.
    pub(crate) fn descendants(&self) -> Vec<Process> {
        self.unended(|process| self.ancestors(process).any(|pid| pid == self.own.pid))
    }

    /// Whether a child other than a leader has ended since the children were last reaped. While one
    /// has, a tree may look empty merely because it was looked at in an unlucky order: its last
    /// process may have forked behind our back and ended before we came to it. Without one it
    /// cannot, because the topmost process of every tree is a child of ours, and stays visible
    /// until we reap it.
    fn has_ending_child(&self) -> bool {
        self.processes.iter().any(|process| {
            process.parent == self.own.pid
                && process.life != Life::Live
                && !self.leaders.contains(&process.pid)
        })
    }

    fn others(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .iter()
            .filter(|process| process.pid != self.own.pid)
    }

    fn unended(&self, choose: impl Fn(&Process) -> bool) -> Vec<Process> {
        self.others()
            .filter(|process| process.life != Life::Zombie && choose(process))
            .copied()
            .collect()
    }

    /// Whether a process is in the group the leader founded. Once the leader was reaped the number
    /// lives on only as long as the group has members; a process that has it as its pid, a
    /// member in another session or one with another mark shows that it was given away since.
    fn is_in_group(&self, process: &Process, tree: &Tree, mark: &str) -> bool {
        process.group == tree.leader
            && (self.leaders.contains(&tree.leader) == tree.is_led())
            && (tree.is_led()
                || (process.session == self.own.session
                    && self.find(tree.leader).is_none()
                    && Bearing::of(process, mark) != Bearing::Foreign))
    }

    /// Adds the children of members, and whoever shares a session or a group with one. Sessions
    /// and groups founded inside a tree hold nobody else.
    fn grow(&self, found: &mut BTreeSet<u32>, leader: u32) {
        loop {
            let members = || {
                self.processes
                    .iter()
                    .filter(|process| found.contains(&process.pid))
            };
            let sessions: BTreeSet<u32> = members()
                .map(|member| member.session)
                .filter(|session| *session != self.own.session && *session != 0)
                .collect();
            let groups: BTreeSet<u32> = members()
                .map(|member| member.group)
                .filter(|group| *group != self.own.group && *group != 0)
                .filter(|group| !self.leaders.contains(group))
                .collect();
            let related = |process: &&Process| {
                found.contains(&process.parent)
                    || sessions.contains(&process.session)
                    || (process.group != leader && groups.contains(&process.group))
            };
            let fresh: Vec<u32> = self
                .others()
                .filter(|process| !found.contains(&process.pid))
                .filter(|process| !self.leaders.contains(&process.pid))
                .filter(related)
                .map(|process| process.pid)
                .collect();
            if fresh.is_empty() {
                return;
            }
            found.extend(fresh);
        }
    }

    /// Whether a process is worth asking for its mark, which costs: it is none that descends from
    /// a leader, for the members of that run were found already.
    fn may_bear_mark(&self, process: &Process) -> bool {
        let leads = |pid| self.leaders.contains(&pid);
        let ours = |pid| pid == self.own.pid;
        process.life != Life::Zombie
            && !leads(process.pid)
            && !self.ancestors(process).any(leads)
            && (!self.adopts_orphans || self.ancestors(process).any(ours))
    }

    fn find(&self, pid: u32) -> Option<&Process> {
        let index = self
            .processes
            .binary_search_by_key(&pid, |process| process.pid);
        index.ok().map(|index| &self.processes[index])
    }

    fn ancestors(&self, process: &Process) -> impl Iterator<Item = u32> {
        let parent_of = |pid: &u32| self.find(*pid).map(|process| process.parent);
        // Parents may have changed while looking, so that a loop is thinkable.
        std::iter::successors(Some(process.parent), parent_of).take(self.processes.len())
    }
}

/// The processes of a tree, as far as could be seen.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub(crate) processes: Vec<Process>,
    /// Whether there are no others. If not, reaping the children and looking again will tell.
    pub(crate) certain: bool,
}

/// Whose mark a process bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearing {
    Ours,
    Foreign,
    None,
    Unknown,
}

impl Bearing {
    fn of(process: &Process, mark: &str) -> Self {
        match process.environ() {
            Environ::Read(block) => match marker::bears(&block, mark) {
                Some(true) => Self::Ours,
                Some(false) => Self::Foreign,
                None => Self::None,
            },
            // Whoever hides for good would keep every run from being over.
            Environ::Hidden => Self::None,
            Environ::Absent => Self::Unknown,
        }
    }
}

/// The processes as something to remember them by.
pub(crate) fn stamps(processes: &[Process]) -> impl Iterator<Item = Stamp> {
    processes.iter().map(Process::stamp)
}
