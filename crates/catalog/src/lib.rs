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
//! # The contract
//! Whatever the catalog, this holds, and one suite of tests asks it of all of them; case by case it
//! is in `docs/contract.md`:
//!
//! - **Register.** [`CatalogHandle::publish`] makes an instance known with its identity, name,
//!   address, port, tags, meta, weights, tagged addresses and status, in one step: nobody sees it
//!   without its status. What is described anew takes the place of what was, under one identity.
//! - **Report.** A status and its output are told at once. Each publish renews the TTL; an instance
//!   whose TTL has passed is not among those that pass.
//! - **Withdraw.** [`CatalogHandle::withdraw`] ends with one
//!   [`ServiceEvent::Withdrawn`], within six seconds, whatever the catalog does.
//! - **Maintain.** [`CatalogHandle::maintain`] keeps an instance in the catalog but out of service,
//!   with the reason, until it is taken back. It comes back in the status it has by then.
//! - **Repair.** What is found missing is registered again with its present status. A helper that
//!   was killed and comes back takes over what it left; there is no second entry. An identity that
//!   two claim is the newcomer's ([`ServiceEvent::Overtaken`]); who describes an instance anew
//!   claims it anew.
//! - **Follow.** [`CatalogHandle::follow`] tells the first answer, even if it is empty, and then
//!   each one that differs from the last; ones between may be passed over, the last never is. While
//!   there is no answer that can be trusted the last one stands.
//! - **Keys.** [`Keys`] reads, lists, writes and deletes; a guarded write replaces only what it says.
//!   Writing the value that is there already may or may not make another version of it.
//! - **Move.** With other settings all of this goes on in another catalog, whatever its kind.
//!
//! | | Consul | etcd | ZooKeeper | embedded |
//! |---|---|---|---|---|
//! | an instance lives | at its agent, until withdrawn | with its lease | with our session | until withdrawn |
//! | TTL passed | critical | gone | critical, said by its own helper; gone when the session ends | critical |
//! | shortest time to be gone after a kill -9 | its TTL | its TTL | the session's timeout | its TTL |
//! | answers are | of the agent's servers' leader, or no older than `max_stale` | linearizable, then in the order of revisions | of the server we are connected to, in order, never going back | linearizable |
//! | output without another status is seen by others | within its agents' `check_update_interval`, 5 minutes | at once | at once | as Consul |
//! | another reason for maintenance | the first one stays | at once | at once | as Consul |
//! | an identity may hold | anything but `//` and `/../` | anything | anything | as Consul |
//! | a key that holds nothing, with keys below it | is a key | is a key | is none, and is seen for a moment when it is made for those below | is a key |
//! | weights, tagged addresses | yes | yes | yes | yes |
//! | guard of a write | index | revision | version of the node, which begins again when it is deleted | index |
//! | datacenters, nodes, `near`, `filter`, locks | yes | no | no | one datacenter; `filter` without `matches` |
//!
//! What a catalog does not have is answered by [`CatalogError::Unsupported`], never by silence.
//!
//! Every future here is `Send` and spawned with plain [`tokio::spawn`]; a `current_thread` runtime
//! with io and time enabled is enough. Nothing wakes up unless a timer or the catalog asks for it.
//!
//! What this crate may not do: read the environment, write a log (what is worth a log line is an
//! event), or let a token into an error, an event or a `Debug`.

mod agent;
pub mod answer;
mod backoff;
mod client;
pub mod consul;
pub mod copy;
mod cursor;
mod error;
pub mod etcd;
mod event;
mod journal;
mod keys;
mod lock;
mod planner;
pub mod query;
mod record;
mod registrar;
mod standing;
mod tally;
pub mod transport;
pub mod zookeeper;

pub use agent::CatalogHandle;
pub use answer::{Answer, Instance};
pub use client::Settings;
pub use error::{Backend, CatalogError, SettingsError};
pub use event::{CatalogEvent, FollowEvent, LinkEvent, ServiceAct, ServiceEvent, Severity};
pub use journal::Journal;
pub use keys::{Guard, Key, Keys, Version};
pub use lock::{Lock, LockEvent, LockSettings};
pub use query::Query;
pub use standing::{CatalogStatus, Link, ServiceStanding};
pub use tally::CallCount;
