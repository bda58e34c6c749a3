//! The helper that lives inside a container and makes any application run itself.
//!
//! This crate is the only one that touches the system. [`shell`] holds the loop: signals, exits,
//! answers of the catalog, requests over the control socket and deadlines go into the core as
//! facts, and the orders that come back are carried out. Nothing is decided here.

mod account;
mod ask;
mod check;
mod cli;
mod consul_template;
mod control;
mod environment;
mod health;
mod limits;
mod logging;
mod machine;
mod memory;
mod migrate;
mod pid_file;
mod render;
mod run;
mod say;
mod shell;
mod signals;
mod source;
mod standing;
mod timers;
mod usage;

use std::process::ExitCode;

/// The version, as `-version` tells it and the telemetry service is tagged with.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    signals::hold();
    cli::main(std::env::args_os().collect())
}
