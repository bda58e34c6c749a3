//! A helper that is to be started.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{BEAT, Ended, PATIENCE, Process, Running, Tap, proc, refusing, until};

/// The variable that every process of a test carries, so that none can be left behind unseen.
const MARK: &str = "E2E_FOLDER";
/// Where programs are found.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    let chosen = std::env::var_os("CONTAINERPILOT_BIN");
    chosen.map_or_else(own_binary, PathBuf::from)
}

/// The binary of this repository, whichever is under test.
pub(crate) fn own_binary() -> PathBuf {
    env!("CARGO_BIN_EXE_containerpilot").into()
}

/// A test's own folder. Whatever process of the test is left goes with it.
pub(crate) struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::with_prefix("e2e-").unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The processes of this test that are alive.
    pub(super) fn processes(&self) -> Vec<Process> {
        proc::marked(&format!("{MARK}={}\0", self.path().display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            left.iter()
                .for_each(|process| proc::send(process.pid, Signal::KILL));
            std::thread::sleep(BEAT);
        }
    }
}

/// What to start, and how. In every text `@DIR` stands for the test's own folder.
#[derive(Clone)]
#[must_use = "nothing is started before `start` or `run`"]
pub(crate) struct Pilot {
    pub(super) folder: Arc<Folder>,
    binary: PathBuf,
    consul: String,
    stop_timeout: u32,
    top: String,
    jobs: String,
    whole: Option<String>,
    args: Option<Vec<String>>,
    env: Vec<(String, String)>,
    wrapper: Vec<String>,
    is_init: bool,
}

impl Pilot {
    /// A helper with the base configuration of the acceptance list: a catalog that refuses, a
    /// socket in the folder, a `stopTimeout` of 1, no jobs.
    pub(crate) fn new() -> Self {
        Self {
            folder: Arc::new(Folder::new()),
            binary: binary(),
            consul: refusing().to_string(),
            stop_timeout: 1,
            top: String::new(),
            jobs: String::new(),
            whole: None,
            args: None,
            env: Vec::new(),
            wrapper: Vec::new(),
            is_init: false,
        }
    }

    /// The binary of this repository, whichever is under test.
    pub(crate) fn of_this_repository(mut self) -> Self {
        self.binary = own_binary();
        self
    }

    /// Another helper of the same kind, in a folder of its own.
    pub(crate) fn twin(&self) -> Self {
        Self {
            folder: Arc::new(Folder::new()),
            ..self.clone()
        }
    }

    /// The entries of `jobs`.
    pub(crate) fn jobs(mut self, jobs: &str) -> Self {
        jobs.clone_into(&mut self.jobs);
        self
    }

    /// More members beside `jobs`, each with its comma.
    pub(crate) fn top(mut self, members: &str) -> Self {
        self.top += members;
        self
    }

    pub(crate) fn consul(mut self, address: impl std::fmt::Display) -> Self {
        self.consul = address.to_string();
        self
    }

    pub(crate) fn stop_timeout(mut self, seconds: u32) -> Self {
        self.stop_timeout = seconds;
        self
    }

    /// The whole configuration, in place of the base one.
    pub(crate) fn config(mut self, text: &str) -> Self {
        self.whole = Some(text.to_owned());
        self
    }

    /// Words of the command line, in place of `-config FILE`.
    pub(crate) fn args(mut self, words: &[&str]) -> Self {
        let words = words.iter().map(|word| self.filled(word)).collect();
        self.args = Some(words);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        let value = self.filled(value);
        self.env.push((name.to_owned(), value));
        self
    }

    /// Started by this program, such as `setpriv`.
    pub(crate) fn under(mut self, words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| self.filled(word)).collect();
        self.wrapper.extend(words);
        self
    }

    /// As PID 1 of a namespace of its own.
    pub(crate) fn in_namespace(mut self) -> Self {
        self.is_init = true;
        self.under(&["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    }

    /// As PID 1 of all that `enter`, in the folder, puts around it.
    pub(super) fn contained(mut self, words: &[&str]) -> Self {
        self.is_init = true;
        let enter = ["unshare", "--net", "--mount", "--uts", "sh", "@DIR/enter"];
        self.under(&enter).under(words)
    }

    /// Writes a file into the folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.path(name), self.filled(text)).unwrap();
        self
    }

    /// Writes a program for `sh` into the folder.
    pub(crate) fn script(self, name: &str, text: &str) -> Self {
        let pilot = self.file(name, &format!("#!/bin/sh\n{text}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(pilot.path(name), mode).unwrap();
        pilot
    }

    /// Lets other users into the folder, where they find a copy of the binary too.
    pub(crate) fn open_to_all(mut self) -> Self {
        let all = fs::Permissions::from_mode(0o777);
        fs::set_permissions(self.folder.path(), all).unwrap();
        let copy = self.path("containerpilot");
        fs::copy(&self.binary, &copy).unwrap();
        self.binary = copy;
        self
    }

    /// As a user that may do nothing.
    pub(crate) fn for_nobody(self) -> Self {
        self.open_to_all().under(&[
            "setpriv",
            "--reuid=12345",
            "--regid=12345",
            "--clear-groups",
        ])
    }

    pub(crate) fn is_init(&self) -> bool {
        self.is_init
    }

    /// The processes of this test that are alive.
    pub(crate) fn processes(&self) -> Vec<Process> {
        self.folder.processes()
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("@DIR", self.folder.path().to_str().unwrap())
    }

    /// Writes the configuration, as before a start or a reload.
    pub(crate) fn write_config(&self) {
        let base = || {
            format!(
                "{{ consul: \"{}\", control: {{ socket: \"@DIR/socket\" }}, stopTimeout: {},\n{}\njobs: [\n{}\n] }}\n",
                self.consul, self.stop_timeout, self.top, self.jobs
            )
        };
        let text = self.whole.clone().unwrap_or_else(base);
        fs::write(self.path("config.json5"), self.filled(&text)).unwrap();
    }

    /// A command with the surroundings of this test and nothing of our own.
    pub(super) fn command(&self, words: &[String]) -> Command {
        let mut line = self.wrapper.clone();
        line.push(self.binary.to_str().unwrap().to_owned());
        line.extend_from_slice(words);
        let mut command = Command::new(&line[0]);
        command
            .args(&line[1..])
            .env_clear()
            .env("PATH", PATH)
            .env(MARK, self.folder.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        self.write_config();
        let config = self.path("config.json5").display().to_string();
        let words = self.args.clone();
        let words = words.unwrap_or_else(|| vec!["-config".to_owned(), config]);
        self.start_with(&words)
    }

    /// Starts another command beside it, outside of any namespace.
    pub(super) fn start_beside(mut self, words: &[String]) -> Running {
        self.is_init = false;
        self.wrapper.clear();
        self.start_with(words)
    }

    fn start_with(self, words: &[String]) -> Running {
        let started = Instant::now();
        let mut child = self
            .command(words)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.binary));
        let tap = Tap::default();
        tap.draw("out", child.stdout.take().unwrap());
        tap.draw("err", child.stderr.take().unwrap());
        let mut running = Running::new(self, child, tap, started);
        if running.pilot().is_init {
            running.find_init();
        }
        running
    }

    /// Starts it, and does not look for PID 1: it may be over before it is seen.
    pub(crate) fn start_early(mut self) -> Running {
        self.is_init = false;
        self.start()
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        self.start().wait_exit()
    }
}

/// The program that PID 1 of a namespace runs, seen from outside, once it runs it.
pub(super) fn init_below(wrapper: u32, binary: &Path, told: impl Fn() -> String) -> u32 {
    // By its number, for in a root of its own it has another path.
    let binary = fs::metadata(binary).unwrap();
    until(
        "the binary is PID 1 of a namespace; this wants root",
        told,
        || {
            let pid = proc::first_child(wrapper)?;
            let program = proc::program(pid)?;
            (program.dev() == binary.dev() && program.ino() == binary.ino()).then_some(pid)
        },
    )
}
