//! What a catalog must do for us, and what we do when it does not.
//!
//! The scenarios run on the real Consul, found at `CONSUL_BIN` or where `scripts/consul/install`
//! puts it; what the embedded dev catalog promises too runs on that as well.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod backend;
mod consul;
mod pilot;
mod proxy;

mod crowd;
mod faults;
mod keys;
mod locks;
mod names;
mod registration;
mod restarts;
mod tls;
mod watches;
