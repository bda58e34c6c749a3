//! Words for whoever started us. That nobody listens, or the disk is full, changes no status.

use std::io::{Write, stderr, stdout};

/// Writes a line to stdout.
pub(crate) fn out(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Writes a line to stderr.
pub(crate) fn err(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}
