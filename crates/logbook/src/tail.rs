//! The last output of a process.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use rustix::pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, tee};
use tokio::net::unix::pipe::Receiver;

use crate::Stream;

/// How many bytes are kept.
const KEPT: usize = 4096;

/// Keeps the last 4 KiB that a process wrote to both its streams.
#[derive(Clone, Debug, Default)]
pub struct Tail(Arc<Mutex<Text>>);

#[derive(Debug, Default)]
struct Text {
    /// Whole lines of both streams.
    lines: Vec<u8>,
    stdout: Source,
    stderr: Source,
    stage: Stage,
}

/// One of the streams.
#[derive(Debug, Default)]
struct Source {
    pipe: Weak<Receiver>,
    /// A line whose end is not there yet.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Growing,
    Finished,
}

impl Tail {
    /// Keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The last output of a process that has ended: what was read of it, and what still waits in its
    /// pipes, although others may hold those open. What comes later is not added.
    ///
    /// Lines end with `\n`, the last one does not; what is not UTF-8 becomes U+FFFD.
    pub fn finish(&self) -> String {
        let mut text = self.text();
        for stream in [Stream::Stdout, Stream::Stderr] {
            let waiting = text.source(stream).pipe.upgrade();
            if let Some(Ok(waiting)) = waiting.map(|pipe| peek(&pipe)) {
                text.add(stream, &waiting);
            }
        }
        text.stage = Stage::Finished;
        text.whole()
    }

    pub(crate) fn follow(&self, stream: Stream, pipe: &Arc<Receiver>) {
        self.text().source(stream).pipe = Arc::downgrade(pipe);
    }

    pub(crate) fn feed(&self, stream: Stream, read: &[u8]) {
        self.text().add(stream, read);
    }

    fn text(&self) -> MutexGuard<'_, Text> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Text {
    fn source(&mut self, stream: Stream) -> &mut Source {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    fn add(&mut self, stream: Stream, read: &[u8]) {
        if self.stage == Stage::Finished {
            return;
        }
        let begun = match stream {
            Stream::Stdout => &mut self.stdout.begun,
            Stream::Stderr => &mut self.stderr.begun,
        };
        match memchr::memrchr(b'\n', read) {
            Some(at) => {
                let (ended, begins) = read.split_at(at + 1);
                push(&mut self.lines, begun);
                push(&mut self.lines, ended);
                begun.clear();
                push(begun, begins);
            }
            None => push(begun, read),
        }
    }

    fn whole(&self) -> String {
        let mut whole = self.lines.clone();
        for begun in [&self.stdout.begun, &self.stderr.begun] {
            if !begun.is_empty() {
                push(&mut whole, begun);
                push(&mut whole, b"\n");
            }
        }
        if whole.len() == KEPT {
            // Something may be gone before it, and that may have ended within a character.
            let within = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
            let torn = whole.iter().take(3).take_while(|byte| within(byte)).count();
            whole.drain(..torn);
        }
        String::from_utf8_lossy(&whole)
            .trim_end_matches('\n')
            .into()
    }
}

/// Adds to a text, and forgets the begin of what becomes too long.
fn push(text: &mut Vec<u8>, more: &[u8]) {
    let more = &more[more.len().saturating_sub(KEPT)..];
    let excess = (text.len() + more.len()).saturating_sub(KEPT);
    text.drain(..excess);
    text.extend_from_slice(more);
}

/// What waits in a pipe, which is left there: whoever captures it logs it in its turn.
fn peek(pipe: &Receiver) -> io::Result<Vec<u8>> {
    if rustix::io::ioctl_fionread(pipe)? == 0 {
        return Ok(Vec::new());
    }
    let size = fcntl_getpipe_size(pipe)?;
    let (mut copy, into) = io::pipe()?;
    // Best effort: a copy that is too small shows the begin of what waits instead of its end.
    let _ = fcntl_setpipe_size(&into, size);
    tee(pipe, &into, size, SpliceFlags::NONBLOCK)?;
    drop(into);
    let mut waiting = Vec::new();
    copy.read_to_end(&mut waiting)?;
    Ok(waiting)
}
