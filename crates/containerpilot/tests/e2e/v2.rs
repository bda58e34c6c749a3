//! Files of ContainerPilot 1 and 2, around a program of the command line: section O of the
//! acceptance list. What is only about loading (cases 197 to 202, 205, 209, 217, 225) is tested
//! with the configuration.
//!
//! Here the measure is ContainerPilot 2.7.8, and above each test stands what that one does:
//! `2.7: passes` and so on. As PID 1 it ends with 0 whatever happens, so statuses are compared
//! outside of a namespace.

mod around;
mod backend;
mod lifecycle;
mod migrate;
mod service;
mod signal;

use std::fmt::Display;

use crate::harness::{Pilot, refusing};

/// A service that is there as long as nobody says otherwise.
const APP: &str =
    r#""services": [{ "name": "app", "port": 80, "poll": 1, "ttl": 10, "interfaces": "lo" }]"#;
/// A program that runs until it is asked to end.
const SLEEP: &[&str] = &["sleep", "1000"];

/// A file with this catalog and these members.
fn file(consul: impl Display, members: &str) -> String {
    format!("{{ \"consul\": \"{consul}\", {members} }}")
}

/// A helper around a program, with these members in its file.
fn around(consul: impl Display, members: &str, program: &[&str]) -> Pilot {
    let words: Vec<&str> = ["-config", "file://@DIR/config.json5"]
        .iter()
        .chain(program)
        .copied()
        .collect();
    Pilot::new().config(&file(consul, members)).args(&words)
}

/// A helper around a program, without a catalog that answers.
fn alone(members: &str, program: &[&str]) -> Pilot {
    around(refusing(), members, program)
}
