//! The sections `exec`: the program that is looked after, and the command of a template.

use std::time::Duration;

use pilot_core::{
    Signal,
    spec::{Command, Inherited, Output},
};

use super::take;
use crate::decode::Fields;

/// How long a program may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(30);

/// A section `exec`, as it is written.
pub(super) struct Section {
    /// None if there is nothing to run, or it is switched off.
    pub(super) argv: Option<Vec<String>>,
    inherited: Inherited,
    custom: Vec<(String, String)>,
    pub(super) kill_signal: Signal,
    pub(super) kill_timeout: Duration,
    pub(super) reload_signal: Option<Signal>,
    pub(super) splay: Duration,
    pub(super) timeout: Option<Duration>,
    /// Whether it says that it is off.
    pub(super) is_off: bool,
}

impl Section {
    pub(super) fn read(mut fields: Fields<'_, '_>) -> Self {
        let argv = take::arguments(&mut fields, "command");
        let is_off = !take::truth(&mut fields, "enabled", true);
        let (inherited, custom) = fields.object("env").map(environment).unwrap_or_default();
        let kill_signal = take::signal(&mut fields, "kill_signal", Some(Signal::INT));
        let section = Self {
            argv: argv.filter(|_| !is_off),
            inherited,
            custom,
            kill_signal: kill_signal.unwrap_or(Signal::INT),
            kill_timeout: take::length(&mut fields, "kill_timeout").unwrap_or(KILL_TIMEOUT),
            reload_signal: take::signal(&mut fields, "reload_signal", None),
            splay: take::length(&mut fields, "splay").unwrap_or_default(),
            timeout: take::length(&mut fields, "timeout"),
            is_off,
        };
        fields.finish();
        section
    }

    /// Makes a command of it. It writes where we would, and finds Consul as we do.
    pub(super) fn command(&self, argv: Vec<String>, variables: &[(String, String)]) -> Command {
        Command {
            inherited: self.inherited.clone(),
            env: self.custom.iter().chain(variables).cloned().collect(),
            ..command(argv)
        }
    }
}

/// A command with all of our environment.
pub(super) fn command(argv: Vec<String>) -> Command {
    Command {
        output: Output::Raw,
        ..Command::new(argv)
    }
}

fn environment(mut fields: Fields<'_, '_>) -> (Inherited, Vec<(String, String)>) {
    let pristine = take::truth(&mut fields, "pristine", false);
    let custom = take::texts(&mut fields, ["custom", "custom"]);
    let allowed = take::texts(&mut fields, ["allowlist", "whitelist"]);
    let denied = take::texts(&mut fields, ["denylist", "blacklist"]);
    fields.finish();
    let inherited = if pristine {
        Inherited::Nothing
    } else if allowed.is_empty() && denied.is_empty() {
        Inherited::All
    } else {
        Inherited::Matching { allowed, denied }
    };
    let pair = |text: &String| {
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    (inherited, custom.iter().filter_map(pair).collect())
}
