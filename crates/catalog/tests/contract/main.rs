//! What a catalog must do for us, and what we do when it does not.
//!
//! The scenarios run on the real Consul, found at `CONSUL_BIN` or where `scripts/consul/install`
//! puts it, and on the real etcd, of Debian's package or at `ETCD_BIN`; what the embedded dev
//! catalog promises too runs on that as well.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod backend;
mod consul;
mod etcd;
mod gate;
mod pilot;
mod proxy;
mod zookeeper;

mod claims;
mod crowd;
mod ephemeral;
mod faults;
mod keys;
mod locks;
mod names;
mod registration;
mod restarts;
mod suite;
mod tls;
mod watches;
mod wire;
