//! The engine's command line.

use std::{cell::RefCell, process::Command};

thread_local! {
    /// The engine of this thread, if it is not the machine's.
    static HOST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has this thread, and none other, talk to another engine.
pub(super) fn talk_to(host: &str) {
    HOST.with_borrow_mut(|it| *it = Some(host.to_owned()));
}

/// A command that talks to the engine of this thread.
pub(super) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    if let Some(host) = HOST.with_borrow(Clone::clone) {
        command.env("DOCKER_HOST", host);
    }
    command
}

/// Has the engine do something; gives what was printed.
#[track_caller]
pub(crate) fn docker(words: &[&str]) -> String {
    try_docker(words).unwrap_or_else(|error| panic!("docker {}: {error}", words.join(" ")))
}

/// Has the engine do something that may fail; gives what was printed on either stream.
pub(crate) fn try_docker(words: &[&str]) -> Result<String, String> {
    printed(command("docker").args(words))
}

/// Runs a command to its end.
pub(super) fn printed(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!(
        "{}: {}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    ))
}

/// An image of this suite by its short name, such as `sales:1.0.1`.
pub(crate) fn image(name: &str) -> String {
    format!("{}/{name}", super::compose::repository())
}
