//! The binary in real containers: a Docker engine runs the images that `scripts/images/test` builds.
//!
//! Every test starts containers, networks and projects with names of its own, publishes ports on
//! 127.0.0.1 only, and leaves nothing behind. What happened when is written to a file per scenario,
//! below `target/timelines/`; a test that fails prints it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]

mod harness;

mod bad_input;
mod bare;
mod faults;
mod hosts;
mod pid1;
mod readme;
mod restart;
mod scale;
mod schedulers;
mod settle;
mod swarm;
mod upgrade;
