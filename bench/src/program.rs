//! A program that is measured, while it runs. It is ended, by its pid, when it is dropped.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid},
};

use crate::stamps::now;

pub(crate) struct Running {
    child: Child,
    log: PathBuf,
    ended: bool,
}

impl Running {
    /// Starts it with what it says going to a file.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let told = |error| format!("cannot start {name}: {error}");
        let out = File::create(&log).map_err(told)?;
        let err = out.try_clone().map_err(told)?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().map_err(told)?;
        Ok(Self {
            child,
            log,
            ended: false,
        })
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks it to end, and waits. Tells when it was asked and when it was gone.
    pub(crate) fn stop(&mut self, within: Duration) -> Result<(u64, u64), String> {
        let told = |error| format!("cannot stop it: {error}");
        let handle = pidfd_open(self.pid(), PidfdFlags::empty()).map_err(told)?;
        let limit = Timespec::try_from(within).map_err(|error| error.to_string())?;
        let asked = now();
        kill_process(self.pid(), Signal::TERM).map_err(told)?;
        let ready = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit)).map_err(told)?;
        let gone = now();
        if ready == 0 {
            return Err(format!("still there {} s after TERM", within.as_secs()));
        }
        let _ = self.child.wait();
        self.ended = true;
        Ok((asked, gone))
    }

    /// The last line that it said, to explain what went wrong.
    fn last_words(&self) -> String {
        let said = fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        let line = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or_default();
        line.trim().chars().take(160).collect()
    }

    /// The reason, with what the program said last.
    pub(crate) fn explain(&self, reason: &str) -> String {
        match self.last_words() {
            words if words.is_empty() => reason.to_owned(),
            words => format!("{reason}; it said: {words}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Ends what programs left behind: orphans come to us, since we are their subreaper.
pub(crate) fn end_orphans(keep: &[Pid]) {
    for _ in 0..100 {
        let orphans: Vec<Pid> = children()
            .into_iter()
            .filter(|pid| !keep.contains(pid))
            .collect();
        if orphans.is_empty() {
            return;
        }
        for orphan in orphans {
            let _ = kill_process(orphan, Signal::KILL);
            let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The children of every thread of ours.
fn children() -> Vec<Pid> {
    let mut found = Vec::new();
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(
            list.split_whitespace()
                .filter_map(|pid| Pid::from_raw(pid.parse().ok()?)),
        );
    }
    found
}
