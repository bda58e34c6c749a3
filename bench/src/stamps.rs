//! The FIFO that every child tells its time through.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{CWD, Mode, OFlags, mkfifoat},
    time::{ClockId, clock_gettime},
};

const RECORD: usize = 16;

/// What a child tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Started,
    HeardTerm,
    AboutToExec,
}

/// One thing told, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) what: What,
    pub(crate) at: u64,
}

/// The reading end. It is held open for writing too, so that it never ends.
pub(crate) struct Stamps {
    path: PathBuf,
    fifo: File,
}

impl Stamps {
    pub(crate) fn create(path: PathBuf) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("cannot make a FIFO: {error}");
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).map_err(|error| told(&error))?;
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let fifo = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(&path);
        Ok(Self {
            path,
            fifo: fifo.map_err(|error| told(&error))?,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next thing told, or nothing when the time is up.
    pub(crate) fn next(&mut self, within: Duration) -> Option<Stamp> {
        let deadline = Instant::now() + within;
        loop {
            let mut record = [0; RECORD];
            if self.fifo.read_exact(&mut record).is_ok() {
                if let Some(stamp) = read(&record) {
                    return Some(stamp);
                }
                continue;
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let left = Timespec::try_from(left).ok()?;
            let _ = poll(&mut [PollFd::new(&self.fifo, PollFlags::IN)], Some(&left));
        }
    }

    /// The next stamp of this kind; others are passed over.
    pub(crate) fn wait_for(&mut self, what: What, within: Duration) -> Result<Stamp, String> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(stamp) if stamp.what == what => return Ok(stamp),
                Some(_) => {}
                None => {
                    return Err(format!(
                        "nobody told {what:?} within {} s",
                        within.as_secs()
                    ));
                }
            }
        }
    }

    /// Forgets what was told so far.
    pub(crate) fn forget(&mut self) {
        while self.next(Duration::ZERO).is_some() {}
    }
}

/// Now, on the clock that children read.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

fn read(record: &[u8; RECORD]) -> Option<Stamp> {
    let number = |at: usize| {
        let bytes = record[at..at + 8].try_into().unwrap_or_default();
        u64::from_ne_bytes(bytes)
    };
    let what = match number(0) {
        1 => What::Started,
        2 => What::HeardTerm,
        3 => What::AboutToExec,
        _ => return None,
    };
    Some(Stamp {
        what,
        at: number(8),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_told() {
        let mut record = [0; RECORD];
        for (at, number) in [(0, 2_u64), (8, 77)] {
            record[at..at + 8].copy_from_slice(&number.to_ne_bytes());
        }
        let stamp = read(&record).expect("a whole record");
        assert_eq!((stamp.what, stamp.at), (What::HeardTerm, 77));
        record[0] = 9;
        assert!(read(&record).is_none());
    }
}
