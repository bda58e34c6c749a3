//! A helper that runs.

use std::{
    io,
    path::PathBuf,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use super::{Answer, BEAT, Ended, PATIENCE, Pilot, Process, Tap, http, pilot, proc, until};

/// A running helper. What is left of it when it is dropped is killed.
#[must_use = "it is killed when it is dropped"]
pub(crate) struct Running {
    pilot: Pilot,
    child: Child,
    /// The helper's own pid, which is not the child's under a wrapper that forks.
    pid: u32,
    tap: Tap,
    started: Instant,
    status: Option<ExitStatus>,
}

impl Running {
    pub(super) fn new(pilot: Pilot, child: Child, tap: Tap, started: Instant) -> Self {
        Self {
            pid: child.id(),
            pilot,
            child,
            tap,
            started,
            status: None,
        }
    }

    pub(super) fn find_init(&mut self) {
        self.pid = pilot::init_below(self.child.id(), &pilot::binary(), || self.told());
    }

    pub(crate) fn pilot(&self) -> &Pilot {
        &self.pilot
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.pilot.path(name)
    }

    /// What a file in the folder holds; nothing if it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What it writes, for whoever keeps it longer.
    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
    }

    pub(crate) fn told(&self) -> String {
        self.tap.told(self.started)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.tap.lines()
    }

    /// How many lines hold a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.lines()
            .iter()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Waits for a line with a text.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.wait_for_lines(text, 1)
    }

    /// Waits for so many lines with a text; gives the last of them.
    #[track_caller]
    pub(crate) fn wait_for_lines(&self, text: &str, count: usize) -> String {
        let line = self.tap.wait_for(text, count);
        line.unwrap_or_else(|| {
            panic!(
                "no {count} lines with `{text}` within {PATIENCE:?}\n{}",
                self.told()
            )
        })
    }

    /// Waits for a file in the folder with something in it, and gives that.
    #[track_caller]
    pub(crate) fn wait_for_file(&self, name: &str) -> String {
        self.until(&format!("something is in {name}"), || {
            let text = self.read(name);
            text.ends_with('\n').then(|| text.trim_end().to_owned())
        })
    }

    /// Waits for a file with a pid in it.
    #[track_caller]
    pub(crate) fn wait_for_pid(&self, name: &str) -> u32 {
        self.wait_for_file(name)
            .lines()
            .last()
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    /// Waits until a process is gone.
    #[track_caller]
    pub(crate) fn wait_gone(&self, pid: u32) {
        self.until(&format!("{pid} is gone"), || {
            (!proc::is_alive(pid)).then_some(())
        });
    }

    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        until(what, || self.told(), look)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        proc::send(self.pid, signal);
    }

    /// Asks over the control socket, if there is one.
    pub(crate) fn try_ask(&self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        http::over_socket(&self.path("socket"), method, path, body)
    }

    /// Asks over the control socket.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self.try_ask(method, path, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.told()))
    }

    /// Waits until the control socket answers.
    #[track_caller]
    pub(crate) fn ready(self) -> Self {
        self.until("the control socket answers", || {
            let answer = self.try_ask("GET", "/v3/ping", "").ok()?;
            (answer.status == 200).then_some(())
        });
        self
    }

    /// How everything stands.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        self.ask("GET", "/v3/status", "").expect(200).json()
    }

    /// How one job stands.
    #[track_caller]
    pub(crate) fn job(&self, name: &str) -> Value {
        let status = self.status();
        let jobs = status["jobs"].as_array().unwrap();
        let found = jobs.iter().find(|job| job["name"] == name);
        found
            .unwrap_or_else(|| panic!("no job {name} in {status:#}"))
            .clone()
    }

    /// Waits until a job is in a state.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, name: &str, state: &str) -> Value {
        self.until(&format!("{name} is {state}"), || {
            let job = self.job(name);
            (job["state"] == state).then_some(job)
        })
    }

    /// Writes a changed configuration over the one in use.
    pub(crate) fn rewrite(&mut self, change: impl FnOnce(Pilot) -> Pilot) {
        self.pilot = change(self.pilot.clone());
        self.pilot.write_config();
    }

    /// Lets it load its configuration anew.
    #[track_caller]
    pub(crate) fn reload(&self) -> Answer {
        self.ask("POST", "/v3/reload", "")
    }

    /// Runs the binary beside it, with the same configuration.
    #[track_caller]
    pub(crate) fn cli(&self, words: &[&str]) -> Ended {
        let mut words: Vec<String> = words.iter().map(|word| self.pilot.filled(word)).collect();
        let config = self.path("config.json5").display().to_string();
        if words[0].starts_with('-') {
            words.splice(0..0, ["-config".to_owned(), config]);
        } else {
            words.extend(["--config".to_owned(), config]);
        }
        self.pilot.clone().start_beside(&words).wait(PATIENCE)
    }

    /// Its children that live.
    pub(crate) fn children(&self) -> Vec<Process> {
        let all = proc::processes().into_iter();
        all.filter(|process| process.parent == self.pid).collect()
    }

    /// Waits for its end, and sees to it that nothing is left.
    #[track_caller]
    pub(crate) fn wait_exit(mut self) -> Ended {
        let ended = self.wait_in_place(PATIENCE);
        let left = self.pilot.folder.processes();
        assert!(left.is_empty(), "left behind: {left:#?}\n{}", self.told());
        ended
    }

    /// Waits for its end, whatever it leaves to be killed later.
    #[track_caller]
    pub(crate) fn wait(mut self, patience: Duration) -> Ended {
        self.wait_in_place(patience)
    }

    /// Asks it to stop and waits for its end.
    #[track_caller]
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.wait_exit()
    }

    /// Asks it to stop and waits for its end, beside others of the same test.
    #[track_caller]
    pub(crate) fn stop_alone(self) -> Ended {
        self.signal(Signal::TERM);
        self.wait(PATIENCE)
    }

    /// Kills it at once and leaves what it started alone.
    pub(crate) fn kill(&mut self) {
        proc::send(self.pid, Signal::KILL);
        self.wait_in_place_for_status(PATIENCE);
    }

    /// Waits for its end, while others still look at it.
    #[track_caller]
    pub(crate) fn wait_in_place(&mut self, patience: Duration) -> Ended {
        let status = self.wait_in_place_for_status(patience);
        let took = self.started.elapsed();
        assert!(
            self.tap.wait_for_end(PATIENCE),
            "somebody still holds its output: {:#?}\n{}",
            self.pilot.folder.processes(),
            self.told()
        );
        Ended {
            status,
            stdout: self.tap.stream("out"),
            stderr: self.tap.stream("err"),
            lines: self.tap.lines(),
            took,
        }
    }

    #[track_caller]
    fn wait_in_place_for_status(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.look_for_end() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end within {patience:?}; there are {:#?}\n{}",
                self.pilot.folder.processes(),
                self.told()
            );
            std::thread::sleep(BEAT);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
    fn look_for_end(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().unwrap();
        }
        self.status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.look_for_end().is_none() {
            // Not reaped yet, so the numbers are still its own.
            let group = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
            let _ = kill_process_group(group, Signal::KILL);
            let deadline = Instant::now() + PATIENCE;
            while self.look_for_end().is_none() && Instant::now() < deadline {
                std::thread::sleep(BEAT);
            }
        }
    }
}
