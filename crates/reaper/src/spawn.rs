//! Starting a process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Identity, Launch, Obstacle, Output, RunId, Stdin, kernel, lookup, marker, obstacle};

/// A process that was started.
#[derive(Debug)]
pub struct Spawned {
    /// Its pid, which is also the number of its process group.
    pub pid: u32,
    /// The reading end of its stdout, when piped.
    pub stdout: Option<OwnedFd>,
    /// The reading end of its stderr, when piped.
    pub stderr: Option<OwnedFd>,
    /// Whether it was handed the terminal.
    pub foreground: bool,
}

/// Why a process could not be started, worded as Go words it.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// There is no program to start.
    #[error("exec: no command")]
    NoCommand,
    /// No directory in `PATH` holds such a program.
    #[error("exec: \"{}\": executable file not found in $PATH", program.display())]
    NotInPath {
        /// The program, as the user wrote it.
        program: OsString,
    },
    /// The working directory cannot be entered.
    #[error("chdir {}: {}", path.display(), reason(errno))]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// What the system says.
        errno: io::Error,
    },
    /// The system refused to execute the program.
    #[error("fork/exec {}: {}{}", path.display(), reason(errno), told(obstacle.as_ref()))]
    Refused {
        /// What was to be executed.
        path: PathBuf,
        /// What the system says.
        errno: io::Error,
        /// What it is about, when that is not the program itself.
        obstacle: Option<Obstacle>,
    },
    /// A run of this name is still there.
    #[error("run {} is already there", run.0)]
    Taken {
        /// Which run.
        run: RunId,
    },
}

impl SpawnError {
    /// The status a shell gives for it: 127 not found, 126 found but not executable.
    pub fn code(&self) -> u8 {
        match self {
            Self::NoCommand | Self::NotInPath { .. } => 127,
            Self::Refused {
                obstacle: Some(Obstacle::Null),
                ..
            } => 126,
            Self::Refused { errno, .. } if errno.kind() == io::ErrorKind::NotFound => 127,
            Self::Refused { .. } | Self::Directory { .. } | Self::Taken { .. } => 126,
        }
    }
}

fn told(obstacle: Option<&Obstacle>) -> String {
    obstacle.map_or_else(String::new, |obstacle| format!(": {obstacle}"))
}

/// The system's words, without the number and in lower case as Go has them.
fn reason(errno: &io::Error) -> String {
    let text = errno.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// Starts the process, in a process group of its own and bearing the mark.
pub(crate) fn start(launch: &Launch, mark: &str) -> Result<Child, SpawnError> {
    let path = lookup::find(launch)?;
    if let Some(directory) = &launch.cwd {
        check_directory(directory)?;
    }
    let mut command = Command::new(&path);
    command
        .arg0(&launch.program)
        .args(&launch.args)
        .env_clear()
        .envs(launch.env.iter().map(|(name, value)| (name, value)))
        .env(marker::NAME, marker::extended(outer_mark(launch), mark))
        .process_group(0);
    if let Some(directory) = &launch.cwd {
        command.current_dir(directory);
    }
    if let Some(identity) = &launch.identity {
        assume(&mut command, identity);
    }
    connect(&mut command, launch);
    command.spawn().map_err(|errno| SpawnError::Refused {
        obstacle: obstacle::find(&path, &errno, launch.stdin),
        path,
        errno,
    })
}

fn outer_mark(launch: &Launch) -> Option<&OsStr> {
    let outer = launch.env.iter().rfind(|(name, _)| name == marker::NAME);
    outer.map(|(_, value)| value.as_os_str())
}

/// Tells a missing directory from a missing program, which `exec` reports alike.
fn check_directory(path: &Path) -> Result<(), SpawnError> {
    let errno = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => io::Error::from_raw_os_error(libc::ENOTDIR),
        Err(errno) => errno,
    };
    let path = path.to_owned();
    Err(SpawnError::Directory { path, errno })
}

fn connect(command: &mut Command, launch: &Launch) {
    command.stdin(match launch.stdin {
        Stdin::Null => Stdio::null(),
        Stdin::Inherit => Stdio::inherit(),
    });
    let output = || match launch.output {
        Output::Inherit => Stdio::inherit(),
        Output::Piped => Stdio::piped(),
    };
    command.stdout(output()).stderr(output());
}

/// Makes the child somebody else. The standard library drops the caller's supplementary groups
/// itself, but has no stable way to set others; that takes a hook, which costs nothing here since
/// a change of user forks anyway.
fn assume(command: &mut Command, identity: &Identity) {
    if identity.groups.is_empty() {
        command.uid(identity.uid).gid(identity.gid);
        return;
    }
    let Identity { uid, gid, groups } = identity.clone();
    let hook = move || kernel::become_identity(uid, gid, &groups);
    #[expect(
        clippy::disallowed_methods,
        reason = "the change of user forks anyway, and there is no other way to set groups"
    )]
    // SAFETY: the hook makes three system calls, and allocates nothing.
    unsafe {
        command.pre_exec(hook);
    }
}
