//! Clients of service catalogs: registration that follows reality, watches that miss nothing.
//!
//! # Theory of operation
//! The caller says what it wants ([`CatalogHandle`]) and never waits: a wish is a cell that the
//! newest value overwrites. One task owned by the handle compares the wishes with what the agent
//! is believed to hold (`registrar`, pure) and makes the calls; another follows queries. Whom
//! to ask when is said by `planner`, what an answer means by `cursor`, both pure. What they learn comes back as [`CatalogEvent`]s on
//! the caller's own bounded channel. When that channel is full the tasks wait, so no fact is lost
//! and the caller's own loop is never held up; while they wait, wishes still overwrite each other.
//!
//! Every future here is `Send` and spawned with plain [`tokio::spawn`]; a `current_thread` runtime
//! with io and time enabled is enough. Nothing wakes up unless a timer or the catalog asks for it.
//!
//! What this crate may not do: read the environment, write a log (what is worth a log line is an
//! event), or let a token into an error, an event or a `Debug`.

mod agent;
pub mod answer;
mod backoff;
pub mod consul;
pub mod copy;
mod cursor;
mod error;
mod event;
mod lock;
mod planner;
pub mod query;
mod registrar;
mod standing;

pub use agent::CatalogHandle;
pub use answer::{Answer, Instance};
pub use error::{CatalogError, SettingsError};
pub use event::{CatalogEvent, FollowEvent, LinkEvent, ServiceAct, ServiceEvent, Severity};
pub use lock::{Lock, LockEvent, LockSettings};
pub use query::Query;
pub use standing::{CatalogStatus, Link, ServiceStanding};
