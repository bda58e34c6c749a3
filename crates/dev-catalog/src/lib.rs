//! An in-memory catalog for development that speaks the part of Consul's HTTP API that containerpilot uses.
//!
//! # Theory of operation
//!
//! A request is read once: `target` splits it, `route` turns it into a `request::Request` or an
//! answer that says why not. The `store::Store` is the catalog itself: a value without clock,
//! socket or task, to which the time is an argument. It keeps the same two views Consul keeps: what
//! the agent was told (`/v1/agent/...`) and what the catalog has heard of it (`/v1/catalog/...`,
//! `/v1/health/...`), which is why a heartbeat that only changes a text wakes nobody.
//!
//! The `server` is the shell: connections hand requests to one desk that owns the store, and the
//! desk holds back those that wait for a change. There is no lock, since there is one owner.
//!
//! # What it is not
//!
//! Not a cluster and not durable: one agent, one datacenter, nothing on disk, access tokens accepted
//! and ignored. Only TTL checks run; a registration that asks for another kind, or for the mesh, is
//! refused with a reason, as is a filter with `matches`. The contract suite compares its answers
//! with those of a real Consul 1.8.7; `docs/embedded.md` lists what is there and what is not.
//!
//! # Bounds
//!
//! 512 connections (one more is told so and closed), 512 KiB for a body and 10 s to send it, 64 KiB
//! for a head, 120 s idle, 30 s with an answer unread and 256 MiB of all such answers; 64 MiB of keys
//! and values, 64 MiB of services and checks, 16 MiB of sessions. Pages of other sites are refused,
//! see `server/origin`.

mod decode;
mod definition;
mod duration;
mod filter;
mod record;
mod reply;
mod request;
mod route;
mod server;
mod status;
mod store;
mod target;
mod transaction;
mod ui;

pub use server::DevCatalog;
