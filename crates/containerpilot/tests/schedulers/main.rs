//! The files that are given to schedulers: held against their schemas, against each other, against
//! what the helper says of the configurations, and against what is written about them.
//!
//! No scheduler runs here. The suite `engine` runs the containers that these files describe.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod files;

mod budgets;
mod kubernetes;
mod marathon;
mod nomad;
mod readmes;
mod refused;
