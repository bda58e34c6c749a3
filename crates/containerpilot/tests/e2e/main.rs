//! The binary as its users meet it: a command line, a file, signals, a socket, a log, a status.
//!
//! Every test starts the binary of its own, in a folder of its own, and waits for facts. The
//! binary is `CONTAINERPILOT_BIN`, or else the one just built, so that the same suite can be held
//! against ContainerPilot 3.8.0: above each test stands what that one does with it. `3.8: passes`
//! means that both agree, `3.8: differs` that ours is meant to be better (with the case of the
//! acceptance list, or the entry of `docs/compat.md`), `3.8: lacks` that the original has no such
//! thing.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

mod addresses;
mod articles;
mod bad_input;
mod catalogs;
mod cli;
mod consul_template;
mod control;
mod deduplicate;
mod docs;
mod etcd;
mod exits;
mod faults;
mod health;
mod layers;
mod lifecycle;
mod logging;
mod pid1;
mod probe;
mod processes;
mod reload;
mod sensors;
mod shutdown;
mod signals;
mod stack;
mod storms;
mod takeup;
mod telemetry;
mod templates;
mod timers;
mod v2;
mod watches;
mod zookeeper;
