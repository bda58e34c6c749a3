//! The deterministic core: jobs, events, services, watches, templates, timers.
//!
//! # Theory of operation
//! [`Supervisor::handle`] takes the time and one fact from outside ([`Input`]) and gives orders to
//! the outside ([`Effect`]). Inside, facts become [`Event`]s on one queue, and every job hears
//! every event in the same order. [`Supervisor::next_deadline`] says when to call again at the
//! latest. Nothing here reads a clock, a file, the environment or a socket, waits, locks, or
//! fails: what fails outside comes back as an input.

mod budget;
mod effect;
mod event;
mod inherited;
mod input;
mod job;
mod name;
pub mod pattern;
mod run;
mod sight;
mod signal;
pub mod spec;
pub mod status;
mod step;
mod supervisor;
mod template;
mod time;
mod watch;

pub use budget::{StopPart, StopStep};
pub use effect::{Effect, Level, Purpose};
pub use event::{Event, EventKind, Source};
pub use input::{ExitStatus, Input, Instance, JobCommand, Rendering, Rest};
pub use name::{JobName, TemplateName, WatchName};
pub use run::RunId;
pub use sight::{FileSight, Fingerprint, Sight};
pub use signal::Signal;
pub use spec::Spec;
pub use supervisor::Supervisor;
pub use time::Time;
