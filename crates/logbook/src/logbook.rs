//! The handle through which everything is said.

use std::{
    future::Future,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::timeout,
};

use crate::{
    LogError, Origin, Record, Settings, Tail,
    capture::Capture,
    desk::{Desk, OWN},
    entry::{Entry, Lines},
    sink::Sink,
    writer::Writer,
};

/// How many things may be queued. What bounds records and lines is their size, counted apart, with
/// at least [`SMALLEST`] each: there is always a place left for an order.
const QUEUE: usize = 8192;

/// What the smallest thing in the queue is counted as, for the memory around it.
const SMALLEST: usize = 256;

/// How long a child's output waits before it looks whether there is a thread to wait for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A handle of the log; clones of it write the same log.
#[derive(Clone, Debug)]
pub struct Logbook {
    queue: mpsc::Sender<Entry>,
    desk: Arc<Desk>,
}

impl Logbook {
    /// Opens the log. A file is made if it is not there; nothing is written yet.
    pub fn open(settings: Settings) -> Result<Self, LogError> {
        let Settings {
            level,
            format,
            output,
        } = settings;
        let to_file = output.is_file();
        let sink = Sink::open(output)?;
        let (queue, receiver) = mpsc::channel(QUEUE);
        let writer = Writer::new(receiver, format, sink);
        let desk = Arc::new(Desk::new(level, to_file, writer));
        Ok(Self { queue, desk })
    }

    /// Says something, without ever waiting. While the log is not read and 256 KiB wait already, the
    /// record is lost; how many were is told as soon as there is room.
    pub fn record(&self, record: Record) {
        if !self.desk.takes(record.level) {
            return;
        }
        let size = record.message.len().clamp(SMALLEST, OWN);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let queued = Arc::clone(&self.desk.own)
            .try_acquire_many_owned(size)
            .is_ok_and(|room| {
                let at = SystemTime::now();
                let entry = Entry::Record {
                    record,
                    at,
                    _room: room,
                };
                self.queue.try_send(entry).is_ok()
            });
        if !queued {
            self.desk.lost.fetch_add(1, Ordering::Relaxed);
        }
        self.desk.start();
    }

    /// How many records found no room since the beginning.
    pub fn lost(&self) -> u64 {
        self.desk.lost.load(Ordering::Relaxed)
    }

    /// Reads one stream of a child until nobody holds its other end any more, and logs every line of
    /// it at level info. Begins to listen at once, and reads when polled.
    ///
    /// Must be called within a tokio runtime. A level above info leaves the lines out, and the
    /// stream is read all the same. Nothing is lost: while the log is not read, the child waits.
    pub fn capture(
        &self,
        fd: OwnedFd,
        origin: Origin,
        tail: Option<Tail>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let capture = Capture::begin(self.clone(), fd, origin, tail);
        async move {
            if let Some(capture) = capture {
                capture.run().await;
            }
        }
    }

    /// Reads one stream of a child as [`Self::capture`] does, and logs none of it: its end is only
    /// kept in `tail`.
    ///
    /// Must be called within a tokio runtime.
    pub fn keep(
        &self,
        fd: OwnedFd,
        origin: Origin,
        tail: Tail,
    ) -> impl Future<Output = ()> + Send + 'static {
        let capture = Capture::begin(self.clone(), fd, origin, Some(tail));
        async move {
            if let Some(capture) = capture {
                capture.unlogged().run().await;
            }
        }
    }

    /// Whether the log goes to a file, which is what [`Self::reopen`] is for.
    pub fn reopens(&self) -> bool {
        self.desk.to_file()
    }

    /// Has the log file closed and opened again by its path, after all that was said before. A path
    /// that cannot be opened is told of in the old file, which stays.
    pub fn reopen(&self) {
        if self.reopens() {
            // No place in the queue means thousands of such orders in it: the last will do.
            let _ = self.queue.try_send(Entry::Reopen);
            self.desk.start();
        }
    }

    /// Writes by other settings from here on. Changes nothing when they cannot be used.
    pub fn change(&self, settings: Settings) -> Result<(), LogError> {
        let Settings {
            level,
            format,
            output,
        } = settings;
        let to_file = output.is_file();
        let sink = Sink::open(output)?;
        if let Some(writer) = self.desk.writer().as_mut()
            && !writer.has_work()
        {
            // Nothing has been said yet, and nothing is about to be: no thread for this alone.
            writer.change(format, sink);
        } else {
            let order = Entry::Change { format, sink };
            self.queue.try_send(order).map_err(|_| LogError::Stuck)?;
            self.desk.start();
        }
        self.desk.change(level, to_file);
        Ok(())
    }

    /// Waits until all that was said is written, but not longer than this. Answers whether it is.
    ///
    /// The thread is gone then, or stuck in a write that ends with the process; a later record
    /// starts another.
    pub async fn flush(&self, within: Duration) -> bool {
        let nothing_said = self.queue.capacity() == QUEUE && !self.desk.is_writing();
        if nothing_said {
            return true;
        }
        let (closer, closed) = oneshot::channel();
        let close = async {
            if self.queue.send(Entry::Close(closer)).await.is_ok() {
                self.desk.start();
                let _ = closed.await;
            }
        };
        timeout(within, close).await.is_ok()
    }

    /// Queues lines of a child, when there is room.
    pub(crate) async fn lines(
        &self,
        lines: impl FnOnce(OwnedSemaphorePermit) -> Lines,
        size: usize,
    ) {
        let room = self.room(size.max(SMALLEST)).await;
        // The receiver lives as long as this handle does.
        let _ = self.queue.send(Entry::Lines(lines(room))).await;
        self.desk.start();
    }

    async fn room(&self, size: usize) -> OwnedSemaphorePermit {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let room = || Arc::clone(&self.desk.children).acquire_many_owned(size);
        loop {
            match timeout(PATIENCE, room()).await {
                Ok(room) => return room.expect("the room is never closed"),
                Err(_) => self.desk.start(),
            }
        }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }
}
