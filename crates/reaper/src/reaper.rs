//! The owner of all children.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{getpid, set_child_subreaper};

use crate::census::{Census, stamps};
use crate::kernel::{self, Group, Look};
use crate::marker::Instance;
use crate::process::{Process, Stamp};
use crate::tree::{Reach, Stage, Tree};
use crate::{Change, Launch, Rest, RunId, Signal, SpawnError, Spawned, Status, spawn, terminal};

/// How often a look at all processes is repeated when children ended meanwhile, before the next
/// SIGCHLD is left to bring it up again.
const LOOKS: usize = 4;

/// How often a kill is repeated while new processes keep appearing. What is left then is killed
/// when the next of them ends.
const BLOWS: usize = 64;

/// Owns every child process of this program.
#[derive(Debug)]
pub struct Reaper {
    instance: Instance,
    adopts_orphans: bool,
    trees: BTreeMap<RunId, Tree>,
    /// The leaders that were not reaped yet.
    leaders: HashMap<u32, RunId>,
    /// Whether everything is being killed.
    doomed: bool,
}

/// Whether a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Over,
    Remaining,
    /// Children ended while looking; reap them and look again.
    Unsure,
}

impl Reaper {
    /// Takes charge of all children, those that are already there included.
    pub fn new() -> io::Result<Self> {
        let pid = std::process::id();
        let adopts_orphans = pid == 1 || set_child_subreaper(Some(getpid())).is_ok();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(io::Error::other)?.as_nanos();
        Ok(Self {
            instance: Instance::new(pid, u64::try_from(now).unwrap_or(u64::MAX)),
            adopts_orphans,
            trees: BTreeMap::new(),
            leaders: HashMap::new(),
            doomed: false,
        })
    }

    /// Tells whether processes that lose their parent become children of this one, so that no
    /// tree can get out of sight.
    pub fn adopts_orphans(&self) -> bool {
        self.adopts_orphans
    }

    /// Tells whether `/proc` shows the processes of this namespace; without it a stop cannot find
    /// what has left its process group.
    pub fn sees_processes(&self) -> bool {
        Process::are_in_sight().unwrap_or(false)
    }

    /// Starts a process as the leader of a new run. A failure leaves nothing behind.
    pub fn spawn(&mut self, run: RunId, launch: &Launch) -> Result<Spawned, SpawnError> {
        if self.trees.contains_key(&run) {
            return Err(SpawnError::Taken { run });
        }
        let mut child = spawn::start(launch, &self.instance.mark(run))?;
        let pid = child.id();
        let terminal = launch.foreground.then(|| terminal::hand_to(pid)).flatten();
        let foreground = terminal.is_some();
        self.leaders.insert(pid, run);
        self.trees
            .insert(run, Tree::new(pid, terminal, launch.leaves_rest));
        Ok(Spawned {
            pid,
            stdout: child.stdout.take().map(Into::into),
            stderr: child.stderr.take().map(Into::into),
            foreground,
        })
    }

    /// Lists the runs of which something is left.
    pub fn live(&self) -> Vec<RunId> {
        self.trees.keys().copied().collect()
    }

    /// Lists the processes of a run's tree by looking at every process there is.
    pub fn members(&self, run: RunId) -> Vec<u32> {
        let (Some(tree), Some(census)) = (self.trees.get(&run), self.census()) else {
            return Vec::new();
        };
        let members = census.members(tree, Reach::Whole, &self.instance.mark(run));
        let processes = members.processes.iter();
        processes.map(|process| process.pid).collect()
    }

    /// Sends a signal to the process group of a run, and says whether anybody was there to get it.
    pub fn signal(&mut self, run: RunId, signal: Signal) -> bool {
        let Some(tree) = self.trees.get(&run) else {
            return false;
        };
        let census = if tree.is_led() { None } else { self.census() };
        if let Some(group) = self.pinned_group(tree, census.is_none()) {
            return kernel::kill_group(group, signal);
        }
        let Some(census) = census else {
            return false;
        };
        let members = census.members(tree, Reach::Group, &self.instance.mark(run));
        let reached = |process: &&Process| process.kill(signal);
        members.processes.iter().filter(reached).count() > 0
    }

    /// Widens what has to end before a run is over from its process group to its whole tree.
    pub fn begin_stop(&mut self, run: RunId) {
        let mark = self.instance.mark(run);
        let census = self.census();
        let Some(tree) = self.trees.get_mut(&run) else {
            return;
        };
        tree.reach = Reach::Whole;
        if let Some(census) = census {
            let members = census.members(tree, Reach::Whole, &mark);
            tree.known.extend(stamps(&members.processes));
        }
    }

    /// Asks a run to end: its process group now, and what left the group once the leader is gone,
    /// which may want to end its own in order. From now on the whole tree has to end before the
    /// run is over. Nothing is looked at, so this costs no more than the signal.
    pub fn ask(&mut self, run: RunId, signal: Signal) -> bool {
        let Some(tree) = self.trees.get_mut(&run) else {
            return false;
        };
        if !tree.is_led() {
            return self.kill_tree(run, signal) > 0;
        }
        tree.reach = Reach::Whole;
        tree.told = Some(signal);
        strike(Some(tree.leader), &[], signal);
        true
    }

    /// Sends a signal to every process of a run's tree, each once, and says how many were seen.
    /// From now on the whole tree has to end before the run is over.
    ///
    /// A kill is repeated until nobody new is found, and goes on at each later [`Reaper::reap`].
    /// Other signals are not: what a process starts in answer to them is its own affair.
    pub fn kill_tree(&mut self, run: RunId, signal: Signal) -> usize {
        let Some(tree) = self.trees.get_mut(&run) else {
            return 0;
        };
        tree.reach = Reach::Whole;
        tree.told = Some(signal);
        let struck = self.strike_tree(run, signal);
        if let Some(tree) = self.trees.get_mut(&run) {
            tree.known.extend(&struck);
        }
        struck.len()
    }

    /// The number of a run's process group while it cannot be anybody else's. Where processes
    /// cannot be looked at, it is taken for still theirs if a child of ours is in there.
    fn pinned_group(&self, tree: &Tree, blind: bool) -> Option<u32> {
        let given_away = self.leaders.contains_key(&tree.leader);
        let held = || blind && !given_away && kernel::has_child_in(tree.leader);
        (tree.is_led() || held()).then_some(tree.leader)
    }

    fn strike_tree(&self, run: RunId, signal: Signal) -> BTreeSet<Stamp> {
        let mark = self.instance.mark(run);
        let mut struck = BTreeSet::new();
        let Some(tree) = self.trees.get(&run) else {
            return struck;
        };
        if signal == Signal::KILL && tree.is_led() {
            // Holds still who is about to die, lest it forks on while we look around.
            kernel::kill_group(tree.leader, Signal::STOP);
        }
        for blow in 0..BLOWS {
            let census = self.census();
            let group = self.pinned_group(tree, census.is_none());
            let group = group.filter(|_| blow == 0);
            let members = census.map(|census| census.members(tree, Reach::Whole, &mark));
            let mut members = members.unwrap_or_default();
            members
                .processes
                .retain(|process| struck.insert(process.stamp()));
            // A group is signalled in one stroke, which no fork escapes. The census comes first,
            // for it shows who descends from a group that is about to die.
            strike(group, &members.processes, signal);
            if signal != Signal::KILL || (members.processes.is_empty() && members.certain) {
                break;
            }
        }
        struck
    }

    /// Sends a signal to everything that descends from this process, and says how many were seen.
    ///
    /// A kill goes on at each later [`Reaper::reap`], until [`Reaper::has_children`] says no.
    pub fn kill_everything(&mut self, signal: Signal) -> usize {
        self.doomed = signal == Signal::KILL;
        let mut struck = BTreeSet::new();
        for run in self.live() {
            self.kill_tree(run, signal);
            let known = self.trees.get(&run).map(|tree| tree.known.iter());
            struck.extend(known.into_iter().flatten().copied());
        }
        for _ in 0..BLOWS {
            let mut rest = self
                .census()
                .map_or(Vec::new(), |census| census.descendants());
            rest.retain(|process| struck.insert(process.stamp()));
            strike(None, &rest, signal);
            if rest.is_empty() || signal != Signal::KILL {
                break;
            }
        }
        struck.len()
    }

    /// Tells whether there is any child left; if there is none, and orphans are adopted, there is
    /// no descendant at all.
    pub fn has_children(&self) -> bool {
        kernel::look() != Look::Childless
    }

    /// Reaps every child that ended, and tells what changed. To be called after each SIGCHLD; one
    /// that arrives during the call calls for another.
    pub fn reap(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let in_front = |tree: &&Tree| tree.is_led() && tree.terminal.is_some();
        for tree in self.trees.values().filter(in_front) {
            terminal::wake(tree.leader);
        }
        for look in 1..=LOOKS {
            let childless = self.collect(&mut changes) == Look::Childless;
            if self.doomed && !childless {
                self.kill_everything(Signal::KILL);
            }
            if self.settle(childless, look == LOOKS, &mut changes) {
                break;
            }
        }
        changes
    }

    /// Reaps all zombies, and returns the look that found no further one.
    fn collect(&mut self, changes: &mut Vec<Change>) -> Look {
        loop {
            let look = kernel::look();
            let Look::Zombie { pid, status } = look else {
                return look;
            };
            match self.leaders.get(&pid) {
                Some(&run) => self.bury_leader(run, pid, status),
                None => {
                    kernel::reap(pid);
                    changes.push(Change::Orphan { pid });
                }
            }
        }
    }

    /// Asks what the leader left behind to end, while its zombie still holds the number of the
    /// group; then reaps it.
    fn bury_leader(&mut self, run: RunId, pid: u32, status: Status) {
        self.leaders.remove(&pid);
        if let Some(tree) = self.trees.get_mut(&run) {
            if !tree.was_asked_to_end() && !tree.ends_with_its_leader() {
                strike(Some(pid), &[], Signal::TERM);
            }
            if let Some(terminal) = &tree.terminal {
                terminal.take_back_from(pid);
            }
            tree.stage = Stage::Ended(status);
        }
        kernel::reap(pid);
    }

    /// Finds out which of the runs without a leader are over, and says whether it could.
    fn settle(&mut self, childless: bool, last_look: bool, changes: &mut Vec<Change>) -> bool {
        let bereft = self.trees.iter().filter(|(_, tree)| !tree.is_led());
        let bereft: Vec<RunId> = bereft.map(|(run, _)| *run).collect();
        let mut census = None;
        let mut settled = true;
        for run in bereft {
            if self.trees.get(&run).is_some_and(Tree::ends_with_its_leader) {
                self.report(run, Rest::Gone, changes);
                continue;
            }
            match self.verdict(run, childless, &mut census) {
                Verdict::Unsure if !last_look => settled = false,
                Verdict::Over => self.report(run, Rest::Gone, changes),
                Verdict::Remaining | Verdict::Unsure => self.report(run, Rest::Remaining, changes),
            }
        }
        settled
    }

    fn report(&mut self, run: RunId, rest: Rest, changes: &mut Vec<Change>) {
        let Some(tree) = self.trees.get_mut(&run) else {
            return;
        };
        match (tree.stage, rest) {
            (Stage::Ended(status), rest) => changes.push(Change::Exited { run, status, rest }),
            (Stage::Led | Stage::Left, Rest::Gone) => changes.push(Change::Gone { run }),
            (Stage::Led | Stage::Left, Rest::Remaining) => {}
        }
        tree.stage = Stage::Left;
        if rest == Rest::Gone {
            self.trees.remove(&run);
        }
    }

    /// Whether a run without a leader is over, by the cheapest proof there is.
    fn verdict(&mut self, run: RunId, childless: bool, census: &mut Option<Census>) -> Verdict {
        let mark = self.instance.mark(run);
        let leaders = self.leaders.keys().copied().collect();
        let Some(tree) = self.trees.get_mut(&run) else {
            return Verdict::Over;
        };
        if childless && self.adopts_orphans {
            return Verdict::Over;
        }
        let group = kernel::probe_group(tree.leader);
        if tree.reach == Reach::Group && group == Group::Empty {
            return Verdict::Over;
        }
        if tree.has_known_survivor() {
            return Verdict::Remaining;
        }
        if census.is_none() {
            *census = Census::take(self.adopts_orphans, leaders).ok();
        }
        let Some(census) = census else {
            return match group {
                Group::Empty => Verdict::Over,
                Group::Peopled => Verdict::Remaining,
            };
        };
        let members = census.members(tree, tree.reach, &mark);
        if tree.reach == Reach::Whole {
            pursue(tree, &members.processes);
        }
        tree.known = stamps(&members.processes).collect();
        match (members.processes.is_empty(), members.certain) {
            (true, true) => Verdict::Over,
            (true, false) => Verdict::Unsure,
            (false, _) => Verdict::Remaining,
        }
    }

    fn census(&self) -> Option<Census> {
        let leaders = self.leaders.keys().copied().collect();
        Census::take(self.adopts_orphans, leaders).ok()
    }
}

/// Does to the members nobody knew of what was done to the others. Who is in the group and was
/// not killed has heard of it, or was started to clean up and is left to it.
fn pursue(tree: &Tree, members: &[Process]) {
    let (signal, group_too) = match tree.told {
        Some(Signal::KILL) => (Signal::KILL, true),
        Some(_) => (Signal::TERM, false),
        None => return,
    };
    let unknown = members
        .iter()
        .filter(|process| group_too || process.group != tree.leader)
        .filter(|process| !tree.known.contains(&process.stamp()));
    for process in unknown {
        process.kill(signal);
    }
}

/// Signals a group at one stroke, and the processes outside of it one by one.
fn strike(group: Option<u32>, processes: &[Process], signal: Signal) {
    // Who is stopped has to be woken up to take notice.
    let signals: &[Signal] = match signal {
        Signal::TERM => &[Signal::TERM, Signal::CONT],
        _ => &[signal],
    };
    for signal in signals {
        if let Some(group) = group {
            kernel::kill_group(group, *signal);
        }
        for process in processes {
            // It may have left the group since it was looked at, and before the stroke.
            let outside = || {
                process
                    .stamp()
                    .look()
                    .is_some_and(|now| Some(now.group) != group)
            };
            if Some(process.group) != group || outside() {
                process.kill(*signal);
            }
        }
    }
}
