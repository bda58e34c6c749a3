//! What the configuration says of the log.

use std::path::PathBuf;

/// Where records go, how they look, and which are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The least level that is written.
    pub level: Level,
    /// How a record looks.
    pub format: Format,
    /// Where records go.
    pub output: Output,
}

/// How much a record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// The course of things; the output of children is here.
    Info,
    /// Something is not as it should be, and it goes on.
    Warn,
    /// Something failed.
    Error,
    /// It does not go on.
    Fatal,
}

impl Level {
    /// Its name in the formats that show one.
    pub fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// How a record looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `TIME JOB PID MESSAGE`; job and pid for children only, and a check has no job.
    Default,
    /// `time="TIME" level=info msg="MESSAGE" job=JOB pid=PID `.
    Text,
    /// One object a line.
    Json,
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
    /// The end of a file, which is made if it is not there.
    File(PathBuf),
}

impl Output {
    pub(crate) fn is_file(&self) -> bool {
        match self {
            Self::Stdout | Self::Stderr => false,
            Self::File(_) => true,
        }
    }
}
