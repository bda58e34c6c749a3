//! The log as its users meet it: real pipes, real files, readers that do not read.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod alone;
mod failing;
mod files;
mod lines;
mod stage;
mod stalled;
mod tails;
mod together;
