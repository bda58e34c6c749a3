//! What to start, and how.

use std::{ffi::OsString, path::PathBuf};

/// Everything the start of a process depends on; nothing else is inherited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program, as the user wrote it: it becomes `argv[0]`, and is searched for in the `PATH`
    /// of [`Launch::env`], else in [`Launch::path`], unless it contains a slash.
    pub program: OsString,
    /// The arguments after the program.
    pub args: Vec<OsString>,
    /// The whole environment; of equal names the last counts.
    pub env: Vec<(OsString, OsString)>,
    /// Where to search for the program if the environment has no `PATH`.
    pub path: Option<OsString>,
    /// The working directory, or the caller's own.
    pub cwd: Option<PathBuf>,
    /// Who to become, or the caller.
    pub identity: Option<Identity>,
    /// Where it reads from.
    pub stdin: Stdin,
    /// Where it writes to.
    pub output: Output,
    /// Whether it becomes the foreground process group of the terminal on stdin, if there is one.
    pub foreground: bool,
    /// Whether processes that it leaves behind when it ends by itself may go on; else they are
    /// asked to end. A run that was told to end takes them with it in any case.
    pub leaves_rest: bool,
}

impl Launch {
    /// Describes a program without arguments, environment or privileges of its own.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            path: None,
            cwd: None,
            identity: None,
            stdin: Stdin::Null,
            output: Output::Inherit,
            foreground: false,
            leaves_rest: false,
        }
    }
}

/// Who a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The supplementary groups; the caller's own are never kept.
    pub groups: Vec<u32>,
}

/// Where a process reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// The null device.
    Null,
    /// What the caller reads from.
    Inherit,
}

/// Where a process writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Where the caller writes to.
    Inherit,
    /// A pipe each for stdout and stderr, handed to the caller.
    Piped,
}
