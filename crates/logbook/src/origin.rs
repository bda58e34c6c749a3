//! Who a line comes from.

/// The process and the stream that a line comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the process is run for.
    pub name: Name,
    /// Its pid.
    pub pid: u32,
    /// Which of its streams.
    pub stream: Stream,
}

impl Origin {
    /// Names a process as events name it: `check.NAME` is a check, everything else a job.
    pub fn new(name: &str, pid: u32, stream: Stream) -> Self {
        let name = if name.starts_with("check.") {
            Name::Check(name.into())
        } else {
            Name::Job(name.into())
        };
        Self { name, pid, stream }
    }
}

/// What a process is run for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A job; the field `job`.
    Job(Box<str>),
    /// A health check, by its whole name `check.NAME`; the field `check`.
    Check(Box<str>),
}

/// One of the two streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its output, which is not marked in any format.
    Stdout,
    /// Its errors, marked `stream=stderr` in the formats that have fields.
    Stderr,
}
