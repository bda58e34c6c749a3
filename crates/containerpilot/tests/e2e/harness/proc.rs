//! What `/proc` tells of processes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process at the moment of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// `R`, `S`, `Z` and so on.
    pub(crate) state: char,
    pub(crate) command: String,
}

impl Process {
    /// Looks at a process; none is gone.
    pub(crate) fn look(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold anything, brackets too.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Some(Self {
            pid,
            parent,
            group,
            state,
            command: command.trim_end().to_owned(),
        })
    }

    pub(crate) fn is_zombie(&self) -> bool {
        self.state == 'Z' || self.state == 'X'
    }
}

/// Every process there is.
pub(crate) fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::look).collect()
}

/// Every living process that has this text in its environment.
pub(crate) fn marked(mark: &str) -> Vec<Process> {
    let carries = |process: &Process| {
        let environment = fs::read(format!("/proc/{}/environ", process.pid));
        environment.is_ok_and(|bytes| contains(&bytes, mark.as_bytes()))
    };
    let living = processes()
        .into_iter()
        .filter(|process| !process.is_zombie());
    living.filter(carries).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether a process is there and not merely waiting to be reaped.
pub(crate) fn is_alive(pid: u32) -> bool {
    Process::look(pid).is_some_and(|process| !process.is_zombie())
}

/// Sends a signal; one to a process that is gone goes nowhere.
pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = kill_process(pid, signal);
}

/// The first child of a process.
pub(crate) fn first_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// The program a process runs, wherever its root is.
pub(crate) fn program(pid: u32) -> Option<fs::Metadata> {
    fs::metadata(format!("/proc/{pid}/exe")).ok()
}

/// How many descriptors a process has open.
pub(crate) fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// A field of `/proc/PID/status`.
pub(crate) fn field(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The memory of a process that is in use, in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let size = field(pid, "VmRSS").unwrap();
    size.split(' ').next().unwrap().parse().unwrap()
}
