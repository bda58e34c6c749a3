//! The core as its users see it: facts in, orders out, in a simulated world.
//!
//! [`scenario::trace`] plays a scenario written as text ([`read`]) in a [`world`] of simulated
//! [`process`]es and gives what happened as text ([`trace`]). [`law`] holds in each of them, and
//! in the random ones of [`search`].

mod constancy;
mod law;
mod process;
mod read;
mod scenario;
mod search;
mod states;
mod trace;
mod world;
