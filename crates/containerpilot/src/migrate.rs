//! `migrate`: a configuration of ContainerPilot 1 or 2 in the form of 3.

use std::process::ExitCode;

use crate::{environment::Environment, render::deliver, run, source::Origin};

/// What to migrate, and where to.
#[derive(clap::Args, Debug)]
pub(crate) struct Order {
    /// The old configuration; $CONTAINERPILOT if not given
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// The file to write to; stdout if not given
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    /// The program that it wraps, as the old command line had it
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

/// Writes the new configuration, and tells on stderr what cannot be carried over.
pub(crate) fn migrate(order: &Order) -> ExitCode {
    let environment = Environment::of_this_process();
    let migrated = Origin::find(order.file.as_deref(), &environment)
        .and_then(|origin| origin.wrapping(&order.program).migrate(&environment));
    match migrated {
        Ok(migration) => {
            for line in &migration.report {
                crate::say::err(&format!("note: {line}"));
            }
            deliver(&migration.text, order.out.as_deref())
        }
        Err(error) => run::refuse(&error.to_string()),
    }
}
