//! The command line: the flags of ContainerPilot 3, subcommands, or a program to be init for.

mod go_flags;
mod words;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use self::{
    go_flags::{Flags, USAGE},
    words::Words,
};
use crate::{VERSION, ask, consul_template, health, render, run, signals};

/// The status of a command line that cannot be understood.
const EXIT_USAGE: u8 = 2;

/// Does what the command line says.
pub(crate) fn main(argv: Vec<OsString>) -> ExitCode {
    let mut words = argv.into_iter();
    let own_name = words.next().unwrap_or_else(|| "containerpilot".into());
    let words: Vec<OsString> = words.collect();
    if consul_template::is_named(Path::new(&own_name)) {
        return as_consul_template(&words);
    }
    match words.split_first() {
        Some((word, words)) if word == consul_template::NAME => as_consul_template(words),
        Some((dashes, program)) if dashes == "--" => init(program),
        Some((word, _)) if words::is_subcommand(word) => subcommand(own_name, &words),
        _ => flags(&own_name, words),
    }
}

fn as_consul_template(words: &[OsString]) -> ExitCode {
    let words = words.iter().map(|word| word.to_string_lossy().into_owned());
    consul_template::main(&words.collect::<Vec<String>>())
}

fn init(program: &[OsString]) -> ExitCode {
    if program.is_empty() {
        return usage_error("there is no program after `--`");
    }
    let words = program.iter().map(|word| word.to_str().map(str::to_owned));
    match words.collect::<Option<Vec<String>>>() {
        Some(program) => run::init(program),
        None => usage_error("the program or an argument of it is not UTF-8 text"),
    }
}

fn subcommand(own_name: OsString, words: &[OsString]) -> ExitCode {
    let words: Vec<OsString> = words.iter().map(two_dashes).collect();
    match Words::read(own_name, words.clone()) {
        Ok(words) => words.carry_out(),
        Err(error) => {
            signals::release();
            // Clap writes help to stdout and mistakes to stderr, where they belong.
            let _ = error.print();
            if error.use_stderr() {
                hint_at_program(&words[0]);
            }
            ExitCode::from(if error.use_stderr() {
                misread(&words[0])
            } else {
                0
            })
        }
    }
}

/// The status of a subcommand that cannot be understood.
fn misread(word: &OsStr) -> u8 {
    // A probe that is written wrongly is a probe that fails; Docker has no other status for it.
    if word == "health" {
        health::EXIT_UNHEALTHY
    } else {
        EXIT_USAGE
    }
}

/// `-config`, as the flags spell it, is understood after a subcommand too.
fn two_dashes(word: &OsString) -> OsString {
    match word.to_str().and_then(|word| word.strip_prefix("-config")) {
        Some(rest) if rest.is_empty() || rest.starts_with('=') => format!("--config{rest}").into(),
        Some(_) | None => word.clone(),
    }
}

/// Whoever meant a program by a word that is also a subcommand learns how to say so.
fn hint_at_program(word: &OsString) {
    let on_path = |dir: std::path::PathBuf| dir.join(word).is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(on_path) {
        let word = Path::new(word).display();
        crate::say::err(&format!(
            "hint: `{word}` was taken as a subcommand; to run the program: containerpilot -- {word} …"
        ));
    }
}

fn flags(own_name: &OsString, words: Vec<OsString>) -> ExitCode {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match Flags::read(&words) {
        Ok(flags) => obey(&flags),
        Err(go_flags::Stop::Help) => {
            signals::release();
            crate::say::err(&format!(
                "Usage of {}:\n{USAGE}",
                Path::new(own_name).display()
            ));
            ExitCode::SUCCESS
        }
        Err(go_flags::Stop::Mistake(message)) => {
            signals::release();
            crate::say::err(&format!(
                "{message}\nUsage of {}:\n{USAGE}",
                Path::new(own_name).display()
            ));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Does the one thing that the flags select, in ContainerPilot's order; both `-putenv` and
/// `-putmetric` are done when both are there.
fn obey(flags: &Flags) -> ExitCode {
    let config = flags.config.as_deref();
    if flags.asks_something() {
        signals::release();
    }
    if flags.version {
        return version();
    }
    if flags.template {
        return render::config(config, flags.out.as_deref());
    }
    if flags.reload {
        return ask::reload(config, "-reload");
    }
    if let Some(word) = &flags.maintenance {
        return match word.as_str() {
            "enable" => ask::maintenance(config, true),
            "disable" => ask::maintenance(config, false),
            _ => usage_error(&format!(
                "-maintenance takes `enable` or `disable`, not `{word}`"
            )),
        };
    }
    if !flags.putenv.is_empty() || !flags.putmetric.is_empty() {
        return ask::put(config, &flags.putenv, &flags.putmetric);
    }
    if flags.ping {
        return ask::ping(config);
    }
    run::config(config, &flags.program)
}

/// Whether a word is a subcommand.
pub(crate) fn is_subcommand(word: &str) -> bool {
    words::is_subcommand(word.as_ref())
}

fn version() -> ExitCode {
    let hash = option_env!("CONTAINERPILOT_GIT_HASH").unwrap_or("unknown");
    crate::say::out(&format!("Version: {VERSION}\nGitHash: {hash}"));
    ExitCode::SUCCESS
}

pub(crate) fn usage_error(message: &str) -> ExitCode {
    signals::release();
    crate::say::err(&format!("error: {message}\nhint: containerpilot -help"));
    ExitCode::from(EXIT_USAGE)
}
