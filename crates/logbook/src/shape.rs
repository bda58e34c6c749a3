//! How records look.

mod escape;
mod frame;

use std::time::SystemTime;

use memchr::memchr;

use self::frame::Frame;
use crate::{
    Format, Level, Origin, Record,
    child_level::child_level,
    clock::{Clock, Precision},
    entry::{End, Lines},
    zone,
};

/// When so many bytes are formatted, they are written before there are more.
pub(crate) const BATCH: usize = 64 * 1024;

/// The level of what children say.
pub(crate) const CHILDREN: Level = Level::Info;

/// Formats records, one line each.
#[derive(Debug)]
pub(crate) struct Shape {
    format: Format,
    clock: Clock,
    stamp: Vec<u8>,
    frame: Frame,
}

impl Shape {
    pub(crate) fn new(format: Format) -> Self {
        Self::with_clock(format, Clock::new(zone::ahead_of_utc))
    }

    fn with_clock(format: Format, clock: Clock) -> Self {
        Self {
            format,
            clock,
            stamp: Vec::new(),
            frame: Frame::default(),
        }
    }

    pub(crate) fn change(&mut self, format: Format) {
        self.format = format;
    }

    /// Formats one record.
    pub(crate) fn record(&mut self, out: &mut Vec<u8>, record: &Record, at: SystemTime) {
        self.begin(at, record.origin.as_ref());
        self.line(out, record.level, record.message.as_bytes(), End::Line);
    }

    /// Prepares for lines of one moment and origin.
    pub(crate) fn begin(&mut self, at: SystemTime, origin: Option<&Origin>) {
        let precision = match self.format {
            Format::Text => Precision::Seconds,
            Format::Default | Format::Json => Precision::Nanoseconds,
        };
        self.stamp.clear();
        self.clock.write(&mut self.stamp, at, precision);
        self.frame.build(self.format, &self.stamp, origin);
    }

    /// Formats lines of a child from a place on, after [`Self::begin`], until a batch is full.
    /// Answers where it stopped.
    pub(crate) fn lines(&self, out: &mut Vec<u8>, lines: &Lines, from: usize) -> usize {
        let mut rest = &lines.text[from..];
        while !rest.is_empty() && out.len() < BATCH {
            let (line, end, after) = match memchr(b'\n', rest) {
                Some(at) => (&rest[..at], End::Line, &rest[at + 1..]),
                None => (rest, lines.end, &rest[rest.len()..]),
            };
            let line = match end {
                End::Line => line.strip_suffix(b"\r").unwrap_or(line),
                End::Cut => line,
            };
            self.child(out, line, end);
            rest = after;
        }
        lines.text.len() - rest.len()
    }

    fn child(&self, out: &mut Vec<u8>, line: &[u8], end: End) {
        let level = match self.format {
            Format::Json => child_level(line).unwrap_or(CHILDREN),
            Format::Default | Format::Text => CHILDREN,
        };
        self.line(out, level, line, end);
    }

    fn line(&self, out: &mut Vec<u8>, level: Level, message: &[u8], end: End) {
        let frame = &self.frame;
        out.extend_from_slice(&frame.head);
        match self.format {
            Format::Default => out.extend_from_slice(message),
            Format::Text => {
                out.extend_from_slice(level.word().as_bytes());
                // As logrus does it: an empty message is no field at all.
                if !message.is_empty() {
                    out.extend_from_slice(b" msg=");
                    escape::text_value(out, message);
                }
            }
            Format::Json => {
                out.extend_from_slice(level.word().as_bytes());
                out.extend_from_slice(b"\",\"msg\":\"");
                escape::json(out, message);
            }
        }
        out.extend_from_slice(match end {
            End::Line => &frame.whole,
            End::Cut => &frame.cut,
        });
    }
}

#[cfg(test)]
mod tests;
