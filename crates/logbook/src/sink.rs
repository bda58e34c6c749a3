//! Where formatted lines end up.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    stdio,
};

use crate::{LogError, Output, error::reason};

/// Where lines are written, and what stands in the way.
#[derive(Debug)]
pub(crate) struct Sink {
    target: Target,
    /// Whether the last thing written ends in the middle of a line.
    torn: bool,
    state: State,
}

#[derive(Debug)]
enum Target {
    Stdout,
    Stderr,
    File { path: PathBuf, file: File },
}

#[derive(Debug)]
enum State {
    Working,
    Failing { lost: usize, reason: String },
}

impl Sink {
    pub(crate) fn open(output: Output) -> Result<Self, LogError> {
        let target = match output {
            Output::Stdout => Target::Stdout,
            Output::Stderr => Target::Stderr,
            Output::File(path) => match append_to(&path) {
                Ok(file) => Target::File { path, file },
                Err(source) => return Err(LogError::File { path, source }),
            },
        };
        Ok(Self {
            target,
            torn: false,
            state: State::Working,
        })
    }

    /// Closes the file and opens it again by its path; keeps the old one, and says why, when the
    /// path cannot be opened.
    pub(crate) fn reopen(&mut self) -> Result<(), String> {
        match &mut self.target {
            Target::Stdout | Target::Stderr => Ok(()),
            Target::File { path, file } => match append_to(path) {
                Ok(new) => {
                    *file = new;
                    self.torn = false;
                    Ok(())
                }
                Err(error) => Err(format!(
                    "cannot reopen the log file `{}`: {}",
                    path.display(),
                    reason(&error)
                )),
            },
        }
    }

    /// Goes on elsewhere. What was lost here is told of there.
    pub(crate) fn change(&mut self, next: Self) {
        let Self { target, torn, .. } = next;
        self.target = target;
        self.torn = torn;
    }

    /// Writes whole lines. What cannot be written is counted and gone. Answers what there is to
    /// tell when writing works again after it did not.
    pub(crate) fn write(&mut self, lines: &[u8]) -> Option<String> {
        match self.try_write(lines) {
            Ok(()) => self.recover(),
            Err((error, written)) => {
                // A line of which a part was written is lost as a whole.
                let lost = memchr::memchr_iter(b'\n', &lines[written..]).count();
                self.fail(lost, &error);
                None
            }
        }
    }

    fn try_write(&mut self, lines: &[u8]) -> Result<(), (io::Error, usize)> {
        if self.torn {
            write_all(self.target.fd(), b"\n").map_err(|(error, _)| (error, 0))?;
            self.torn = false;
        }
        write_all(self.target.fd(), lines).map_err(|(error, written)| {
            self.torn = written > 0 && lines[written - 1] != b'\n';
            (error, written)
        })
    }

    fn fail(&mut self, more: usize, error: &io::Error) {
        match &mut self.state {
            State::Failing { lost, .. } => *lost += more,
            State::Working => {
                let reason = reason(error);
                if !matches!(self.target, Target::Stderr) {
                    complain(&format!("cannot write the log: {reason}\n"));
                }
                self.state = State::Failing { lost: more, reason };
            }
        }
    }

    fn recover(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.state, State::Working) {
            State::Working => None,
            State::Failing { lost, reason } => Some(format!(
                "could not write the log: {reason}; lines lost: {lost}"
            )),
        }
    }
}

impl Target {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdout => stdio::stdout(),
            Self::Stderr => stdio::stderr(),
            Self::File { file, .. } => file.as_fd(),
        }
    }
}

/// Says something to whoever looks at the standard error; nobody may be there.
fn complain(line: &str) {
    let _ = write_all(stdio::stderr(), line.as_bytes());
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o666)
        .open(path)
}

/// Writes all of it, or answers why not and how much was written.
fn write_all(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::write(fd, &bytes[written..]).map_err(io::Error::from) {
            Ok(0) => return Err((ErrorKind::WriteZero.into(), written)),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => await_room(fd),
            Err(error) => return Err((error, written)),
        }
    }
    Ok(())
}

/// Waits until a descriptor takes more: others that share it may have made it non-blocking.
fn await_room(fd: BorrowedFd<'_>) {
    let _ = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
}
