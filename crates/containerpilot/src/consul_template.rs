//! The program as consul-template: its command line, its files, its statuses.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

use logbook::Logbook;
use pilot_config::{
    Config, Problem, Problems, Severity, Source,
    consul_template::{self, Refused, Stop, Words},
};

use crate::{
    VERSION,
    environment::Environment,
    logging, run, say,
    shell::Parts,
    signals,
    source::{self, Reading, Text},
};

/// The name of the program that is stood in for, and of the subcommand.
pub(crate) const NAME: &str = "consul-template";
/// The version whose behaviour is the measure.
const LIKE: &str = "v0.19.5";

/// Whether a program was started under that name.
pub(crate) fn is_named(own_name: &Path) -> bool {
    own_name.file_name().is_some_and(|name| name == NAME)
}

/// Does what the words after the program's name say.
pub(crate) fn main(words: &[String]) -> ExitCode {
    let words = match Words::parse(words) {
        Ok(words) => words,
        Err(stop) => return stopped(&stop),
    };
    let order = Order {
        words,
        environment: Environment::of_this_process(),
    };
    let config = match order.load() {
        Ok(config) => config,
        Err(refused) => return refuse(&refused.to_string(), refused.status),
    };
    if order.words.parse_only() {
        signals::release();
        return ExitCode::SUCCESS;
    }
    let log = match Logbook::open(logging::settings(&config.logging)) {
        Ok(log) => log,
        Err(error) => return refuse(&error.to_string(), Refused::CONFIG),
    };
    run::start(Parts {
        config,
        environment: order.environment.clone(),
        reading: Some(Reading::ConsulTemplate(Box::new(order))),
        terminal: false,
        log,
    })
}

fn stopped(stop: &Stop) -> ExitCode {
    match stop {
        Stop::Help => {
            signals::release();
            say::err(consul_template::usage().trim_end());
            ExitCode::SUCCESS
        }
        Stop::Version => {
            signals::release();
            say::out(&format!("{NAME} {LIKE} (containerpilot {VERSION})"));
            ExitCode::SUCCESS
        }
        Stop::Mistake(message) => refuse(message, Refused::USAGE),
    }
}

fn refuse(reason: &str, status: u8) -> ExitCode {
    signals::release();
    say::err(reason);
    ExitCode::from(status)
}

/// What was ordered at the start, and is read anew at every reload.
#[derive(Debug)]
pub(crate) struct Order {
    words: Words,
    /// As it was at the start: what we add to it is no order of the user's.
    environment: Environment,
}

impl Order {
    /// Reads all files and makes one configuration of them.
    pub(crate) fn load(&self) -> Result<Config, Refused> {
        let files = files(self.words.configs()).map_err(unreadable)?;
        let sources: Vec<Source<'_>> = files
            .iter()
            .map(|Text { name, text }| Source { name, text })
            .collect();
        source::with_world(&self.environment, |world| {
            let load = || consul_template::load(&self.words, &sources, world);
            // A fault of ours must not take the program with it: a reload is refused, no more.
            catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
                Err(unreadable(vec![problem(
                    "cannot load the configuration: a fault of containerpilot itself".to_owned(),
                    "please report it, with the files if you can",
                )]))
            })
        })
    }
}

fn unreadable(list: Vec<Problem>) -> Refused {
    Refused {
        problems: Problems { list },
        status: Refused::CONFIG,
    }
}

fn problem(reason: String, hint: &str) -> Problem {
    Problem {
        severity: Severity::Error,
        place: None,
        reason,
        hint: Some(hint.to_owned()),
    }
}

/// Reads all that is named, in its order; a folder is read with all that is in it.
fn files(paths: &[String]) -> Result<Vec<Text>, Vec<Problem>> {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let path = Path::new(path);
        let found = if path.is_dir() {
            within(path)
        } else {
            Ok(vec![path.to_owned()])
        };
        match found {
            Ok(found) => found.iter().for_each(|path| match read(path) {
                Ok(text) => texts.push(text),
                Err(error) => problems.push(cannot_read(path, &error)),
            }),
            Err(error) => problems.push(cannot_read(path, &error)),
        }
    }
    if problems.is_empty() {
        Ok(texts)
    } else {
        Err(problems)
    }
}

/// Lists the files of a folder and of the folders in it, by name.
///
/// Links to folders are passed over, and so are the folders that begin with two dots: that is how
/// Kubernetes keeps the versions of what it mounts, and the files that count are links to them.
fn within(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        let is_version = entry.file_name().to_string_lossy().starts_with("..");
        if entry.file_type()?.is_dir() {
            if !is_version {
                found.extend(within(&path)?);
            }
        } else if !path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> io::Result<Text> {
    let text = String::from_utf8(source::read_regular(path)?);
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text");
    Ok(Text {
        name: path.display().to_string(),
        text: text.map_err(no_text)?,
    })
}

fn cannot_read(path: &Path, error: &io::Error) -> Problem {
    let (path, reason) = (path.display(), source::plain(error));
    problem(
        format!("cannot read {path}: {reason}"),
        "`-config` names a file or a folder of files",
    )
}
