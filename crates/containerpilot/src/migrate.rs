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

/// Writes the new configuration, and tells on stderr what cannot be carried over. One that does not
/// load is written too, but is no success.
pub(crate) fn migrate(order: &Order) -> ExitCode {
    let environment = Environment::of_this_process();
    let origin = match Origin::find(order.file.as_deref(), &environment) {
        Ok(origin) => origin.wrapping(&order.program),
        Err(error) => return run::refuse(&error.to_string()),
    };
    if let Some(out) = order.out.as_deref().filter(|out| origin.is_at(out)) {
        return run::refuse(&format!(
            "cannot write to {out}: it is the old configuration itself\nhint: give the new file another name"
        ));
    }
    let migration = match origin.migrate(&environment) {
        Ok(migration) => migration,
        Err(error) => return run::refuse(&error.to_string()),
    };
    for line in &migration.report {
        crate::say::err(&format!("note: {line}"));
    }
    let delivered = deliver(&migration.text, order.out.as_deref());
    if migration.faults.is_empty() {
        return delivered;
    }
    for fault in &migration.faults {
        crate::say::err(&format!("error: the new file does not load here: {fault}"));
    }
    run::refuse("hint: it was written all the same; correct it, or the old one, by hand")
}
