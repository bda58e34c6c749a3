//! The thread that writes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    Format, Level, Record,
    desk::{Desk, OWN},
    entry::{Entry, Lines},
    shape::{BATCH, Shape},
    sink::Sink,
    terminal,
};

/// The reading end of the queue, and everything that makes lines of what comes out of it.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Receiver<Entry>,
    shape: Shape,
    sink: Sink,
    /// Formatted, not yet written.
    batch: Vec<u8>,
    /// How many lost records have been told of.
    told_lost: u64,
}

/// Why a thread ends.
enum Ended {
    /// Nobody is left who could say anything.
    Deserted,
    /// It was asked to.
    Closed(oneshot::Sender<()>),
}

/// Writes until there is nobody to write for.
pub(crate) fn run(desk: &Arc<Desk>) {
    terminal::allow_background();
    loop {
        let Some(mut writer) = desk.writer().take() else {
            return;
        };
        match writer.write(desk) {
            Ended::Deserted => return,
            Ended::Closed(closer) => {
                let goes_on = desk.rest(writer);
                let _ = closer.send(());
                if !goes_on {
                    return;
                }
            }
        }
    }
}

impl Writer {
    pub(crate) fn new(queue: mpsc::Receiver<Entry>, format: Format, sink: Sink) -> Self {
        Self {
            queue,
            shape: Shape::new(format),
            sink,
            batch: Vec::new(),
            told_lost: 0,
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(crate) fn change(&mut self, format: Format, sink: Sink) {
        self.write_batch();
        self.shape.change(format);
        self.sink.change(sink);
    }

    fn write(&mut self, desk: &Desk) -> Ended {
        while let Some(first) = self.queue.blocking_recv() {
            let mut next = Some(first);
            while let Some(entry) = next {
                if let Some(closer) = self.take(entry) {
                    self.rest(desk);
                    return Ended::Closed(closer);
                }
                next = self.queue.try_recv().ok();
            }
            self.rest(desk);
        }
        Ended::Deserted
    }

    /// Nothing is queued: writes what is formatted, and gives back memory that a flood took.
    fn rest(&mut self, desk: &Desk) {
        self.write_batch();
        self.tell_lost(desk);
        if self.batch.capacity() > 4 * BATCH {
            self.batch = Vec::new();
        }
    }

    /// Does one thing; answers whom to tell if that was to end.
    fn take(&mut self, entry: Entry) -> Option<oneshot::Sender<()>> {
        match entry {
            Entry::Record { record, at, .. } => {
                self.shape.record(&mut self.batch, &record, at);
                self.write_full_batch();
            }
            Entry::Lines(lines) => self.take_lines(&lines),
            Entry::Change { format, sink } => self.change(format, sink),
            Entry::Reopen => self.reopen(),
            Entry::Close(closer) => return Some(closer),
        }
        None
    }

    fn take_lines(&mut self, lines: &Lines) {
        self.shape.begin(lines.at, Some(&lines.origin));
        let mut from = 0;
        while from < lines.text.len() {
            from = self.shape.lines(&mut self.batch, lines, from);
            if self.batch.len() >= BATCH && self.write_batch() {
                // What was told meanwhile had a frame of its own.
                self.shape.begin(lines.at, Some(&lines.origin));
            }
        }
    }

    fn reopen(&mut self) {
        self.write_batch();
        if let Err(reason) = self.sink.reopen() {
            self.say(Level::Error, reason);
        }
    }

    /// Tells how many of the supervisor's records found no room, once those that did are written.
    fn tell_lost(&mut self, desk: &Desk) {
        if desk.own.available_permits() < OWN {
            return;
        }
        let total = desk.lost.load(Ordering::Relaxed);
        let lost = total - self.told_lost;
        if lost > 0 {
            self.told_lost = total;
            self.say(
                Level::Warn,
                format!("the reader of the log is too slow: records lost: {lost}"),
            );
            self.write_batch();
        }
    }

    fn write_full_batch(&mut self) {
        if self.batch.len() >= BATCH {
            self.write_batch();
        }
    }

    /// Writes what is formatted. Answers whether there was something to tell after it.
    fn write_batch(&mut self) -> bool {
        if self.batch.is_empty() {
            return false;
        }
        let news = self.sink.write(&self.batch);
        self.batch.clear();
        let told = news.is_some();
        if let Some(news) = news {
            self.say(Level::Error, news);
            let _ = self.sink.write(&self.batch);
            self.batch.clear();
        }
        told
    }

    fn say(&mut self, level: Level, message: String) {
        let record = Record::own(level, message);
        self.shape
            .record(&mut self.batch, &record, SystemTime::now());
    }
}
