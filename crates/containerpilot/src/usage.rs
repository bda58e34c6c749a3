//! What the helper's own process takes of the machine, as `/proc/self` tells it.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::{Resource, getrlimit};
use telemetry::ProcessReading;

/// How many ticks of processor time make a second, on every machine Linux counts them for programs.
const TICKS: f64 = 100.0;

/// Reads it now, for a process that began at this time.
pub(crate) fn read(began: SystemTime) -> ProcessReading {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let since_1970 = began.duration_since(UNIX_EPOCH);
    ProcessReading {
        cpu_seconds: cpu_seconds(&stat),
        resident_bytes: bytes(&status, "VmRSS:"),
        virtual_bytes: bytes(&status, "VmSize:"),
        open_descriptors: open_descriptors(),
        max_descriptors: getrlimit(Resource::Nofile).current.map(|most| most as f64),
        start_seconds: since_1970.ok().map(|since| since.as_secs_f64()),
    }
}

/// Adds the time in user and in kernel mode, fields 14 and 15. The second field is a name in
/// brackets that may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let kernel: f64 = fields.next()?.parse().ok()?;
    Some((user + kernel) / TICKS)
}

fn bytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0)
}

fn open_descriptors() -> Option<f64> {
    let listed = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is there for looking.
    Some(listed.saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_of_this_process() {
        let reading = read(SystemTime::now());
        assert!(reading.cpu_seconds.is_some());
        assert!(reading.resident_bytes.unwrap() > 100_000.0);
        assert!(reading.virtual_bytes.unwrap() >= reading.resident_bytes.unwrap());
        assert!(reading.open_descriptors.unwrap() >= 3.0);
        assert!(reading.max_descriptors.unwrap() >= reading.open_descriptors.unwrap());
        assert!(reading.start_seconds.unwrap() > 1e9);
    }

    #[test]
    fn a_name_with_brackets_is_no_trouble() {
        let stat = "7 (a) 1 (b)) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(
            bytes("VmSize:\t  12 kB\nVmRSS:\t 4 kB\n", "VmRSS:"),
            Some(4096.0)
        );
    }
}
