//! What the supervisor itself has to say.

use crate::{Level, Origin};

/// One record of the supervisor's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// The process that it is written for, if it is to look like that process's output.
    pub origin: Option<Origin>,
}

impl Record {
    /// Says something in the supervisor's own name.
    pub fn own(level: Level, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            origin: None,
        }
    }
}
