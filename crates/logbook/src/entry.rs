//! What travels through the queue.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{Format, Origin, Record, sink::Sink};

/// One thing for the writer to do.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Write this record.
    Record {
        record: Record,
        at: SystemTime,
        _room: OwnedSemaphorePermit,
    },
    /// Write these lines of a child.
    Lines(Lines),
    /// From here on, write so and there.
    Change { format: Format, sink: Sink },
    /// Close the file and open it again by its path.
    Reopen,
    /// Write what is left, end the thread, then tell.
    Close(oneshot::Sender<()>),
}

/// Some lines of a child, read at once.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    pub(crate) end: End,
    pub(crate) origin: Arc<Origin>,
    pub(crate) at: SystemTime,
    pub(crate) _room: OwnedSemaphorePermit,
}

/// How some lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a newline.
    Line,
    /// In the middle of a line, which was cut because it is too long.
    Cut,
}
