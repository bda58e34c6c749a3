//! What the kernel counts of a program: memory, wake-ups, time on a processor.

use std::{collections::BTreeSet, fs, path::Path};

use rustix::process::Pid;

/// A count over some processes at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// How often a thread gave up its processor to wait, that is, was woken later.
    pub(crate) wake_ups: u64,
    /// Nanoseconds on a processor.
    pub(crate) cpu: u64,
    /// Threads at this moment.
    pub(crate) threads: u64,
}

/// The process and everything below it, except what runs this program file.
pub(crate) fn tree(top: Pid, except: &Path) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut open = vec![top.as_raw_nonzero().get()];
    while let Some(pid) = open.pop() {
        for task in tasks(pid) {
            let list = fs::read_to_string(format!("{task}/children")).unwrap_or_default();
            open.extend(
                list.split_whitespace()
                    .filter_map(|pid| pid.parse::<i32>().ok()),
            );
        }
        if fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program != except) {
            found.insert(pid);
        }
    }
    found
}

pub(crate) fn count<'a>(pids: impl IntoIterator<Item = &'a i32>) -> Count {
    let mut total = Count::default();
    for task in pids.into_iter().flat_map(|pid| tasks(*pid)) {
        let status = fs::read_to_string(format!("{task}/status")).unwrap_or_default();
        total.wake_ups += field(&status, "voluntary_ctxt_switches:");
        let schedule = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
        total.cpu += schedule
            .split(' ')
            .next()
            .and_then(|time| time.parse().ok())
            .unwrap_or(0);
        total.threads += 1;
    }
    total
}

/// Nanoseconds on a processor of the process with the threads that it no longer has, which [`Count`]
/// does not see. The kernel counts these in hundredths of a second.
pub(crate) fn coarse_cpu(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let times = fields
        .skip(11)
        .take(2)
        .filter_map(|time| time.parse::<u64>().ok());
    times.sum::<u64>() * 10_000_000
}

/// Memory in kilobytes, what is shared being split among those who share it.
pub(crate) fn pss<'a>(pids: impl IntoIterator<Item = &'a i32>) -> u64 {
    let rollup = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    pids.into_iter()
        .map(|pid| field(&rollup(pid).unwrap_or_default(), "Pss:"))
        .sum()
}

fn tasks(pid: i32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .collect()
}

/// The number behind a name that begins a line.
fn field(text: &str, name: &str) -> u64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(name));
    rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "Pss_Dirty: 3 kB\nPss:     129 kB\nnonvoluntary_ctxt_switches: 1\nvoluntary_ctxt_switches:\t7\n";
        assert_eq!(field(status, "Pss:"), 129);
        assert_eq!(field(status, "voluntary_ctxt_switches:"), 7);
        assert_eq!(field(status, "Threads:"), 0);
    }
}
