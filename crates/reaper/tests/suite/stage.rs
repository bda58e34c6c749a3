//! A process of its own for each test, with a reaper, and a wait for facts with a deadline.

use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use reaper::{Change, Launch, Output, Reaper, Rest, RunId, Signal, Status};

/// How long a fact may take on a busy machine before it counts as absent.
const PATIENCE: Duration = Duration::from_secs(60);

const INSIDE: &str = "REAPER_TEST_INSIDE";

/// Defines tests each of which runs in a process of its own, started as the given function says.
macro_rules! staged {
    ($around:path; $($(#[$attribute:meta])* fn $name:ident($stage:ident) $body:block)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            let body = |$stage: &mut crate::stage::Stage| $body;
            crate::stage::run(name, $around, body);
        }
    )*};
}

/// How the program of a test is started anew.
pub(crate) type Around = fn(exe: &str, args: &[&str]) -> Command;

/// As any process but PID 1. It is in a pid namespace all the same, so that nothing outlives a
/// test that is broken off.
pub(crate) fn alone(exe: &str, args: &[&str]) -> Command {
    let mut command = as_init("sh", &["-c", "\"$@\"; exit $?", "sh", exe]);
    command.args(args);
    command
}

/// As PID 1 of a pid namespace, with a `/proc` that shows it.
pub(crate) fn as_init(exe: &str, args: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--fork", "--pid", "--mount-proc", "--kill-child", exe]);
    command.args(args);
    command
}

/// As PID 1 where no `/proc` is mounted.
pub(crate) fn as_blind_init(exe: &str, args: &[&str]) -> Command {
    let script = "mount -t tmpfs none /proc && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--fork", "--pid", "--mount", "--kill-child"]);
    command.args(["sh", "-c", script, "sh", exe]);
    command.args(args);
    command
}

/// As root with no more rights than in a container, where it may not look into the processes of
/// others.
pub(crate) fn contained(exe: &str, args: &[&str]) -> Command {
    let rights = "-sys_ptrace,-sys_admin,-perfmon";
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", rights, "--inh-caps", rights, exe]);
    command.args(args);
    command
}

/// On a terminal of its own, whose session it leads: some shells start the last command of a line
/// in a process of its own unless told not to, and which shell it is depends on `SHELL`.
pub(crate) fn on_terminal(exe: &str, args: &[&str]) -> Command {
    let mut command = Command::new("script");
    let line = format!("exec {exe} {}", args.join(" "));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command
}

pub(crate) fn run(name: &str, around: Around, body: impl FnOnce(&mut Stage)) {
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    if std::env::var_os(INSIDE).is_some() {
        let mut stage = Stage::new();
        body(&mut stage);
        return;
    }
    let exe = std::env::current_exe().expect("the path of this test");
    let exe = exe.to_str().expect("a readable path");
    let mut command = around(exe, &[name, "--exact", "--nocapture"]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the outer process has no reaper, and nothing to do but wait"
    )]
    let status = command.env(INSIDE, "1").status();
    let status = status.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(status.success(), "{name} ended with {status}");
}

/// The writing end that the handler of SIGCHLD knocks at.
static BELL: AtomicI32 = AtomicI32::new(-1);

extern "C" fn ring(_: libc::c_int) {
    // SAFETY: `write` may be called from a handler, and reads one byte of a literal.
    unsafe { libc::write(BELL.load(Ordering::Relaxed), b"!".as_ptr().cast(), 1) };
}

pub(crate) struct Stage {
    pub(crate) reaper: Reaper,
    pub(crate) changes: Vec<Change>,
    bell: UnixStream,
    runs: u64,
    /// Kept, lest a shell that complains dies of it.
    stderrs: Vec<OwnedFd>,
}

impl Stage {
    fn new() -> Self {
        let (bell, button) = UnixStream::pair().expect("a pair of sockets");
        for end in [&bell, &button] {
            end.set_nonblocking(true)
                .expect("a socket that does not block");
        }
        BELL.store(button.into_raw_fd(), Ordering::Relaxed);
        let handler: extern "C" fn(libc::c_int) = ring;
        // SAFETY: the handler only makes a call that is allowed in one.
        unsafe { libc::signal(libc::SIGCHLD, handler as libc::sighandler_t) };
        let reaper = Reaper::new().expect("a reaper");
        assert!(reaper.adopts_orphans());
        Self {
            reaper,
            changes: Vec::new(),
            bell,
            runs: 0,
            stderrs: Vec::new(),
        }
    }

    pub(crate) fn next_run(&mut self) -> RunId {
        self.runs += 1;
        RunId(self.runs)
    }

    /// Starts a shell script, whose output goes where that of the test goes.
    pub(crate) fn sh(&mut self, script: &str) -> RunId {
        let run = self.next_run();
        self.reaper.spawn(run, &shell(script)).expect("a shell");
        run
    }

    /// Starts a shell script, and returns what it printed up to the end of its first line.
    pub(crate) fn sh_line(&mut self, script: &str) -> (RunId, String) {
        let launch = Launch {
            output: Output::Piped,
            ..shell(script)
        };
        self.line_of(&launch)
    }

    pub(crate) fn line_of(&mut self, launch: &Launch) -> (RunId, String) {
        let run = self.next_run();
        let spawned = self.reaper.spawn(run, launch).expect("a process");
        self.stderrs.extend(spawned.stderr);
        let line = first_line(spawned.stdout.expect("a pipe"));
        (run, line)
    }

    /// Waits until something is so, reaping whenever SIGCHLD arrives.
    #[track_caller]
    pub(crate) fn until<T>(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let changes = self.reaper.reap();
            self.changes.extend(changes);
            if let Some(found) = so(self) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let runs = self.reaper.live();
            let last = self.changes.iter().rev().take(9).collect::<Vec<_>>();
            assert!(
                !left.is_zero(),
                "waited for {what}; live: {runs:?}, last seen: {last:?}"
            );
            readable(&self.bell, left);
            while self.bell.read(&mut [0; 512]).is_ok_and(|count| count > 0) {}
        }
    }

    #[track_caller]
    pub(crate) fn exited(&mut self, run: RunId) -> (Status, Rest) {
        self.until("the exit of a run", |stage| {
            stage.changes.iter().find_map(|change| match change {
                Change::Exited {
                    run: of,
                    status,
                    rest,
                } if *of == run => Some((*status, *rest)),
                Change::Exited { .. } | Change::Gone { .. } | Change::Orphan { .. } => None,
            })
        })
    }

    /// Waits until a run is over, whether or not it was so at once.
    #[track_caller]
    pub(crate) fn over(&mut self, run: RunId) {
        let (_, rest) = self.exited(run);
        if rest == Rest::Remaining {
            self.until("the last process of a run to go", |stage| {
                stage.changes.contains(&Change::Gone { run }).then_some(())
            });
        }
        assert!(!self.reaper.live().contains(&run));
    }

    pub(crate) fn is_gone(&self, run: RunId) -> bool {
        self.changes.contains(&Change::Gone { run })
    }

    pub(crate) fn orphans(&self) -> usize {
        let orphan = |change: &&Change| matches!(change, Change::Orphan { .. });
        self.changes.iter().filter(orphan).count()
    }
}

impl Drop for Stage {
    /// Leaves no process behind, whatever became of the test.
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.reaper.has_children() && Instant::now() < deadline {
            self.reaper.kill_everything(Signal::KILL);
            self.reaper.reap();
            readable(&self.bell, Duration::from_millis(10));
        }
    }
}

pub(crate) fn shell(script: &str) -> Launch {
    Launch {
        args: vec!["-c".into(), script.into()],
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        ..Launch::new("/bin/sh")
    }
}

/// Reads up to the end of the first line.
#[track_caller]
pub(crate) fn first_line(pipe: OwnedFd) -> String {
    let mut text = Vec::new();
    let mut pipe = fs::File::from(pipe);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "no line within {PATIENCE:?}");
        if !readable(&pipe, left) {
            continue;
        }
        let mut byte = [0];
        let count = pipe.read(&mut byte).expect("to read");
        if count == 0 || byte == *b"\n" {
            return String::from_utf8(text).expect("text").trim().to_owned();
        }
        text.extend(byte);
    }
}

/// Waits until there is something to read.
pub(crate) fn readable(end: &impl AsFd, patience: Duration) -> bool {
    let mut poll = libc::pollfd {
        fd: end.as_fd().as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let millis = i32::try_from(patience.as_millis())
        .expect("a short wait")
        .max(1);
    // SAFETY: `poll` is one valid entry.
    unsafe { libc::poll(&raw mut poll, 1, millis) == 1 }
}

/// Whether a pid is somebody who is not a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]);
    state.is_some_and(|state| state != b'Z')
}

pub(crate) fn pid(text: &str) -> u32 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no pid"))
}

pub(crate) fn pids(text: &str) -> Vec<u32> {
    text.split_whitespace().map(pid).collect()
}

pub(crate) fn kill(pid: u32, signal: i32) {
    // SAFETY: `kill` touches no memory of this process.
    unsafe { libc::kill(pid.cast_signed(), signal) };
}
