//! The one writer of the log.
//!
//! A supervisor must never wait for whoever reads its log, and must never lose what an application
//! says. So there is one thread that writes, started by the first record, and a bounded queue before
//! it with two answers to being full: a record of the supervisor's own is dropped, counted, and told
//! of as soon as there is room; a child's output stays in its pipe, and the child waits.
//!
//! Theory of operation: [`Logbook::capture`] reads a child's pipe in large pieces, takes the clock
//! once a piece, cuts it after its last newline and queues it. The thread takes what there is, puts
//! time and origin before every line, and writes whole lines in as few calls as it can. An order to
//! reopen or to change the settings goes through the same queue, so that what was said before it is
//! written where it was meant to go.
//!
//! In memory at most: 256 KiB of own records, 512 KiB of children's output, one piece (64 KiB) for
//! every pipe that is being read, and one batch of formatted lines.
//!
//! It does not know jobs, checks or their states, sends no signals, and hides no secrets.

mod capture;
mod child_level;
mod clock;
mod desk;
mod entry;
mod error;
mod logbook;
mod origin;
mod record;
mod settings;
mod shape;
mod sink;
mod tail;
mod terminal;
mod writer;
mod zone;

pub use self::{
    capture::LINE,
    error::LogError,
    logbook::Logbook,
    origin::{Name, Origin, Stream},
    record::Record,
    settings::{Format, Level, Output, Settings},
    tail::Tail,
};
