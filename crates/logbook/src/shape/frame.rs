//! What stands around a message, the same for all lines read at once.

use std::io::Write;

use super::escape;
use crate::{Format, Name, Origin, Stream, entry::End};

/// What stands before a level or message, and after it.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) head: Vec<u8>,
    /// After a whole line.
    pub(super) whole: Vec<u8>,
    /// After a piece of a line that goes on.
    pub(super) cut: Vec<u8>,
}

impl Frame {
    /// Builds it for a moment and an origin.
    pub(super) fn build(&mut self, format: Format, stamp: &[u8], origin: Option<&Origin>) {
        self.head.clear();
        self.whole.clear();
        self.cut.clear();
        match format {
            Format::Default => self.build_default(stamp, origin),
            Format::Text => self.build_text(stamp, origin),
            Format::Json => self.build_json(stamp, origin),
        }
    }

    fn build_default(&mut self, stamp: &[u8], origin: Option<&Origin>) {
        self.head.extend_from_slice(stamp);
        self.head.push(b' ');
        if let Some(origin) = origin {
            if let Name::Job(name) = &origin.name {
                self.head.extend_from_slice(name.as_bytes());
                self.head.push(b' ');
            }
            number(&mut self.head, origin.pid);
            self.head.push(b' ');
        }
        self.whole.push(b'\n');
        self.cut.extend_from_slice(b" [partial]\n");
    }

    fn build_text(&mut self, stamp: &[u8], origin: Option<&Origin>) {
        self.head.extend_from_slice(b"time=\"");
        self.head.extend_from_slice(stamp);
        self.head.extend_from_slice(b"\" level=");
        for (out, end) in [(&mut self.whole, End::Line), (&mut self.cut, End::Cut)] {
            out.push(b' ');
            if let Some(origin) = origin {
                let (key, name) = key_and_name(&origin.name);
                out.extend_from_slice(key.as_bytes());
                out.push(b'=');
                escape::text_value(out, name.as_bytes());
                if end == End::Cut {
                    out.extend_from_slice(b" partial=true");
                }
                out.extend_from_slice(b" pid=");
                number(out, origin.pid);
                if origin.stream == Stream::Stderr {
                    out.extend_from_slice(b" stream=stderr");
                }
                out.push(b' ');
            }
            out.push(b'\n');
        }
    }

    fn build_json(&mut self, stamp: &[u8], origin: Option<&Origin>) {
        self.head.push(b'{');
        if let Some(origin) = origin {
            let (key, name) = key_and_name(&origin.name);
            self.head.push(b'"');
            self.head.extend_from_slice(key.as_bytes());
            self.head.extend_from_slice(b"\":\"");
            escape::json(&mut self.head, name.as_bytes());
            self.head.extend_from_slice(b"\",");
        }
        self.head.extend_from_slice(b"\"level\":\"");
        for (out, end) in [(&mut self.whole, End::Line), (&mut self.cut, End::Cut)] {
            out.push(b'"');
            if let Some(origin) = origin {
                if end == End::Cut {
                    out.extend_from_slice(b",\"partial\":true");
                }
                out.extend_from_slice(b",\"pid\":");
                number(out, origin.pid);
                if origin.stream == Stream::Stderr {
                    out.extend_from_slice(b",\"stream\":\"stderr\"");
                }
            }
            out.extend_from_slice(b",\"time\":\"");
            out.extend_from_slice(stamp);
            out.extend_from_slice(b"\"}\n");
        }
    }
}

fn key_and_name(name: &Name) -> (&'static str, &str) {
    match name {
        Name::Job(name) => ("job", name),
        Name::Check(name) => ("check", name),
    }
}

fn number(out: &mut Vec<u8>, number: u32) {
    write!(out, "{number}").expect("memory takes every write");
}
