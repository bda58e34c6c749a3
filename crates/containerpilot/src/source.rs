//! Where the configuration comes from, and loading it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use pilot_config::{Config, Problems, Source, World};

use crate::{VERSION, environment::Environment, machine};

/// Where the configuration comes from, at the start and at each reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    whence: Whence,
    /// The program that it wraps, as ContainerPilot 1 and 2 take it.
    program: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whence {
    /// A file.
    Path(PathBuf),
    /// The text itself, as ContainerPilot 1 and 2 take it, and where it stood.
    Inline { name: &'static str, text: String },
}

/// Where a configuration may be named, the newest name first.
const VARIABLES: [(&str, &str); 2] = [
    ("CONTAINERPILOT", "$CONTAINERPILOT"),
    ("CONTAINERBUDDY", "$CONTAINERBUDDY"),
];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(
        "-config flag is required\nhint: name a file with `-config`, or in $CONTAINERPILOT; or run a program without a configuration: `containerpilot -- PROGRAM`"
    )]
    None,
    #[error("could not read config file: open {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error(
        "could not load config file: a fault of containerpilot itself\nhint: please report it, with the file if you can"
    )]
    Fault,
    #[error("{0}")]
    Problems(Problems),
}

impl Origin {
    /// Takes what the flag says, else what the environment says.
    pub(crate) fn find(flag: Option<&str>, environment: &Environment) -> Result<Self, LoadError> {
        let flag = flag.map(|text| ("-config", text));
        let variables = VARIABLES
            .iter()
            .filter_map(|(variable, name)| Some((*name, environment.get(variable)?)));
        let mut named = flag.into_iter().chain(variables);
        let (name, text) = named
            .find(|(_, text)| !text.is_empty())
            .ok_or(LoadError::None)?;
        let whence = if text.trim_start().starts_with('{') {
            let text = text.to_owned();
            Whence::Inline { name, text }
        } else {
            Whence::Path(text.strip_prefix("file://").unwrap_or(text).into())
        };
        let program = Vec::new();
        Ok(Self { whence, program })
    }

    /// The same, around a program.
    pub(crate) fn wrapping(self, program: &[String]) -> Self {
        let program = program.to_vec();
        Self { program, ..self }
    }

    /// Reads the text.
    pub(crate) fn read(&self) -> Result<Text, LoadError> {
        match &self.whence {
            Whence::Inline { name, text } => Ok(Text {
                name: (*name).to_owned(),
                text: text.clone(),
            }),
            Whence::Path(path) => {
                let unreadable = |reason: String| LoadError::Unreadable {
                    path: path.display().to_string(),
                    reason,
                };
                let bytes = fs::read(path).map_err(|error| unreadable(plain(&error)))?;
                let text = String::from_utf8(bytes)
                    .map_err(|error| unreadable(format!("not UTF-8 text: {error}")))?;
                Ok(Text {
                    name: path.display().to_string(),
                    text,
                })
            }
        }
    }

    /// Reads, renders, parses and checks.
    pub(crate) fn load(&self, environment: &Environment) -> Result<Config, LoadError> {
        let Text { name, text } = &self.read()?;
        let source = Source { name, text };
        let program = &self.program;
        let load = || {
            with_world(environment, |world| {
                pilot_config::load(source, &World { program, ..*world })
            })
        };
        // A fault of ours must not take the application with it: a reload is refused, no more.
        let loaded = catch_unwind(AssertUnwindSafe(load)).map_err(|_| LoadError::Fault)?;
        loaded.map_err(LoadError::Problems)
    }

    /// Finds the control socket, even in a configuration that is otherwise faulty.
    pub(crate) fn socket(&self, environment: &Environment) -> Result<PathBuf, LoadError> {
        let Text { name, text } = &self.read()?;
        let source = Source { name, text };
        Ok(with_world(environment, |world| {
            pilot_config::socket_of(source, world)
        }))
    }

    /// Reads and renders.
    pub(crate) fn render(&self, environment: &Environment) -> Result<String, LoadError> {
        let Text { name, text } = &self.read()?;
        with_world(environment, |world| pilot_config::render(text, name, world))
            .map_err(LoadError::Problems)
    }
}

/// A text, and what to call it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Looks at the machine as a configuration may.
pub(crate) fn with_world<T>(environment: &Environment, act: impl FnOnce(&World<'_>) -> T) -> T {
    let variables = environment.as_text();
    let interfaces = machine::interfaces();
    act(&World {
        environment: &variables,
        interfaces: &interfaces,
        hostname: &machine::hostname(),
        version: VERSION,
        program: &[],
    })
}

/// Reads a file, and nothing that could keep whoever reads it waiting.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        let kind = io::ErrorKind::InvalidInput;
        return Err(io::Error::new(kind, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The words of an error of the system, as Go prints them: in lower case and without the number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}
