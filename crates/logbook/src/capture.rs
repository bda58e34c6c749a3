//! Reading a child's output.

use std::{
    io::{self, ErrorKind},
    os::fd::OwnedFd,
    sync::Arc,
    time::SystemTime,
};

use memchr::{memchr, memrchr};
use tokio::{net::unix::pipe::Receiver, task::yield_now};

use crate::{
    Level, Logbook, Origin, Record, Stream, Tail,
    entry::{End, Lines},
    error::reason,
    shape::CHILDREN,
};

/// The longest line that is logged as one: 64 KiB, without its newline. A longer one is cut into
/// pieces of at most this size, between characters; all but the last are marked as partial.
pub const LINE: usize = 64 * 1024;

/// What is read at most at once: the longest line, with the `\r\n` at its end.
const PIECE: usize = LINE + 2;

/// After so many bytes, others on the same thread have their turn.
const TURN: usize = 256 * 1024;

/// The reading of one stream.
#[derive(Debug)]
pub(crate) struct Capture {
    log: Logbook,
    pipe: Arc<Receiver>,
    origin: Arc<Origin>,
    tail: Option<(Tail, Stream)>,
    /// Whether what is read is logged too.
    is_logged: bool,
    /// The begin of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Capture {
    /// Begins to listen; what cannot be listened to is told of.
    pub(crate) fn begin(
        log: Logbook,
        fd: OwnedFd,
        origin: Origin,
        tail: Option<Tail>,
    ) -> Option<Self> {
        let pipe = match Receiver::from_owned_fd(fd) {
            Ok(pipe) => Arc::new(pipe),
            Err(error) => {
                let reason = reason(&error);
                let message = format!("cannot read the output of process {}: {reason}", origin.pid);
                log.record(Record::own(Level::Error, message));
                return None;
            }
        };
        let tail = tail.map(|tail| (tail, origin.stream));
        if let Some((tail, stream)) = &tail {
            tail.follow(*stream, &pipe);
        }
        Some(Self {
            log,
            pipe,
            origin: Arc::new(origin),
            tail,
            is_logged: true,
            begun: Vec::new(),
        })
    }

    /// Logs nothing of what is read.
    pub(crate) fn unlogged(self) -> Self {
        Self {
            is_logged: false,
            ..self
        }
    }

    /// Reads to the end.
    pub(crate) async fn run(mut self) {
        let mut turn = 0;
        while self.pipe.readable().await.is_ok() {
            match self.read() {
                Ok(0) => break,
                Ok(count) => {
                    self.pass_on().await;
                    turn += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            if turn >= TURN {
                turn = 0;
                yield_now().await;
            }
        }
        if !self.begun.is_empty() {
            self.begun.push(b'\n');
            self.pass_on().await;
        }
    }

    /// Reads what is there, up to a piece, and puts it behind what was begun.
    ///
    /// All captures read into the same memory and keep only what they read: most of them are idle
    /// most of the time.
    fn read(&mut self) -> io::Result<usize> {
        let mut page = self.log.desk().page();
        page.clear();
        page.reserve_exact(PIECE);
        page.extend_from_slice(&self.begun);
        let count = self.pipe.try_read_buf(&mut *page)?;
        let read = &page[self.begun.len()..];
        if let Some((tail, stream)) = &self.tail {
            tail.feed(*stream, read);
        }
        self.begun.reserve_exact(count);
        self.begun.extend_from_slice(read);
        Ok(count)
    }

    /// Queues what can be logged of what was read.
    async fn pass_on(&mut self) {
        if !self.is_logged || !self.log.desk().takes(CHILDREN) {
            self.begun.clear();
            return;
        }
        let at = SystemTime::now();
        while let Some((length, end)) = cut(&self.begun) {
            let rest = self.begun.split_off(length);
            let text = std::mem::replace(&mut self.begun, rest);
            self.send(text, end, at).await;
        }
    }

    async fn send(&self, text: Vec<u8>, end: End, at: SystemTime) {
        let size = text.len();
        let origin = Arc::clone(&self.origin);
        let lines = |room| Lines {
            text,
            end,
            origin,
            at,
            _room: room,
        };
        self.log.lines(lines, size).await;
    }
}

/// How much of what was read can be logged, and how that ends: all whole lines, or, of a line that
/// is too long, as much as fits.
fn cut(text: &[u8]) -> Option<(usize, End)> {
    if text.len() >= PIECE && is_too_long(text) {
        return Some((end_of_character(text, LINE), End::Cut));
    }
    memrchr(b'\n', text).map(|at| (at + 1, End::Line))
}

/// Whether a full piece begins with a line that is longer than a line may be.
fn is_too_long(piece: &[u8]) -> bool {
    memchr(b'\n', &piece[..=LINE]).is_none() && !piece[LINE..].starts_with(b"\r\n")
}

/// The last place not after this one that is not within a character of UTF-8.
fn end_of_character(text: &[u8], at: usize) -> usize {
    let continues = |at: &usize| text[*at] & 0b1100_0000 == 0b1000_0000;
    // A character has at most three bytes after its first; more of them are no UTF-8 anyway.
    (at - 3..=at).rev().find(|at| !continues(at)).unwrap_or(at)
}
