//! Why a log cannot be had.

use std::{io, path::PathBuf};

/// Why the log's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be opened, worded as ContainerPilot words it.
    #[error("Error initializing log file '{0}': open {0}: {reason}", path.display(), reason = reason(source))]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Thousands of earlier orders still wait for a reader that does not read.
    #[error("cannot change the log: its reader has been stuck for too long")]
    Stuck,
}

/// The system's words without the number, in lower case as Go has them.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
