//! Real processes under a real reaper. SIGCHLD, the subreaper and the children belong to a whole
//! process, so that every test re-executes itself and runs alone in there.

#[macro_use]
mod stage;

mod foreground;
mod identity;
mod init;
mod leak;
mod recycled;
mod spawning;
mod statuses;
mod stopping;
mod trees;
