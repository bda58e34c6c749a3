//! Who belongs to which tree.

use std::collections::BTreeSet;
use std::io;

use crate::marker;
use crate::process::{Life, Process, Stamp};
use crate::tree::{Reach, Tree};

/// All processes at about one moment, and what is known of how they relate.
#[derive(Debug)]
pub(crate) struct Census {
    own: Process,
    /// The leaders that were not reaped yet; their numbers cannot have been reused.
    leaders: BTreeSet<u32>,
    processes: Vec<Process>,
}

impl Census {
    /// Looks at every process. Fails where `/proc` is not mounted.
    pub(crate) fn take(leaders: BTreeSet<u32>) -> io::Result<Self> {
        let processes = Process::look_around()?;
        let own = std::process::id();
        let own = processes.iter().find(|process| process.pid == own).copied();
        Ok(Self {
            own: own.ok_or(io::ErrorKind::NotFound)?,
            leaders,
            processes,
        })
    }

    /// The live processes of a tree, as far as its reach goes.
    pub(crate) fn members(&self, tree: &Tree, reach: Reach, mark: &str) -> Vec<Process> {
        let mut found: BTreeSet<u32> = self
            .others()
            .filter(|process| self.is_in_group(process, tree, mark))
            .map(|process| process.pid)
            .collect();
        if reach == Reach::Whole {
            let known = |process: &&Process| tree.known.contains(&process.stamp());
            found.extend(self.others().filter(known).map(|process| process.pid));
            self.grow(&mut found, tree.leader);
            let marked =
                |process: &&Process| !found.contains(&process.pid) && self.is_marked(process, mark);
            let marked: Vec<u32> = self
                .others()
                .filter(marked)
                .map(|process| process.pid)
                .collect();
            found.extend(marked);
            self.grow(&mut found, tree.leader);
        }
        self.live(|process| found.contains(&process.pid))
    }

    /// All live processes that descend from this one.
    pub(crate) fn descendants(&self) -> Vec<Process> {
        self.live(|process| self.ancestors(process).any(|pid| pid == self.own.pid))
    }

    /// Whether a child has ended since the children were last reaped, other than a leader. While
    /// one has, an empty tree may merely have been looked at in an unlucky order: its last
    /// process may have forked behind our back and ended before we came to it. Without one it
    /// cannot, because the topmost process of every tree is a child of ours, and stays visible
    /// until we reap it.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.processes.iter().any(|process| {
            process.parent == self.own.pid
                && process.life == Life::Zombie
                && !self.leaders.contains(&process.pid)
        })
    }

    fn others(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .iter()
            .filter(|process| process.pid != self.own.pid)
    }

    fn live(&self, choose: impl Fn(&Process) -> bool) -> Vec<Process> {
        self.others()
            .filter(|process| process.life == Life::Live && choose(process))
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
                    && !self.processes.iter().any(|other| other.pid == tree.leader)
                    && bears(process, mark) != Some(false)))
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

    /// Whether a process bears the mark. Who descends from the leader of another run is not asked:
    /// reading an environment costs.
    fn is_marked(&self, process: &Process, mark: &str) -> bool {
        let of_other = |pid| self.leaders.contains(&pid);
        !of_other(process.pid)
            && !self.ancestors(process).any(of_other)
            && bears(process, mark) == Some(true)
    }

    fn ancestors(&self, process: &Process) -> impl Iterator<Item = u32> {
        let parent_of = |pid: &u32| {
            let process = self
                .processes
                .binary_search_by_key(pid, |process| process.pid);
            process.ok().map(|index| self.processes[index].parent)
        };
        // Parents may have changed while looking, so that a loop is thinkable.
        std::iter::successors(Some(process.parent), parent_of).take(self.processes.len())
    }
}

fn bears(process: &Process, mark: &str) -> Option<bool> {
    marker::bears(&process.environ()?, mark)
}

/// The processes as something to remember them by.
pub(crate) fn stamps(processes: &[Process]) -> impl Iterator<Item = Stamp> {
    processes.iter().map(Process::stamp)
}
