//! Where the configuration comes from, and loading it.

mod directory;

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use pilot_config::{Config, Dialect, Migration, Problems, Source, World};

use crate::{VERSION, consul_template::Order, environment::Environment, machine};

/// Where the configuration comes from, at the start and at each reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    whence: Whence,
    /// The program that it wraps, as ContainerPilot 1 and 2 take it.
    program: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whence {
    /// A file, or a directory of files.
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
        "cannot load the directory {path}: there is no configuration in it\nhint: files that end with .json5, .json, .yaml or .yml are read; hidden ones and sub-directories are not"
    )]
    Empty { path: String },
    #[error(
        "could not load config file: a fault of containerpilot itself\nhint: please report it, with the file if you can"
    )]
    Fault,
    #[error("a configuration of ContainerPilot 3 takes no program: make it a job")]
    TakesNoProgram,
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

    /// Whether a path leads to the very file it reads.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let Whence::Path(own) = &self.whence else {
            return false;
        };
        let path = path.strip_prefix("file://").unwrap_or(path);
        let (own, other) = (own.canonicalize(), Path::new(path).canonicalize());
        matches!((own, other), (Ok(own), Ok(other)) if own == other)
    }

    /// The same, around a program.
    pub(crate) fn wrapping(self, program: &[String]) -> Self {
        let program = program.to_vec();
        Self { program, ..self }
    }

    /// Reads the texts: of a directory one of every file, else one.
    pub(crate) fn read(&self) -> Result<Vec<Text>, LoadError> {
        match &self.whence {
            Whence::Inline { name, text } => Ok(vec![Text {
                name: (*name).to_owned(),
                text: text.clone(),
            }]),
            Whence::Path(path) if path.is_dir() => directory::read(path),
            Whence::Path(path) => Ok(vec![Text::of(path, fs::read(path))?]),
        }
    }

    /// Reads, renders, parses and checks.
    pub(crate) fn load(&self, environment: &Environment) -> Result<Config, LoadError> {
        let texts = self.read()?;
        let (sources, program) = (sources(&texts), &self.program);
        let load = || {
            with_world(environment, |world| {
                pilot_config::load(&sources, &World { program, ..*world })
            })
        };
        // A fault of ours must not take the application with it: a reload is refused, no more.
        let loaded = catch_unwind(AssertUnwindSafe(load)).map_err(|_| LoadError::Fault)?;
        let config = loaded.map_err(LoadError::Problems)?;
        if config.dialect == Dialect::V3 && !program.is_empty() {
            return Err(LoadError::TakesNoProgram);
        }
        Ok(config)
    }

    /// Reads, and writes it anew in the form of ContainerPilot 3.
    pub(crate) fn migrate(&self, environment: &Environment) -> Result<Migration, LoadError> {
        let texts = self.read()?;
        let (sources, program) = (sources(&texts), &self.program);
        let migrated = with_world(environment, |world| {
            pilot_config::migrate(&sources, &World { program, ..*world })
        });
        migrated.map_err(LoadError::Problems)
    }

    /// Finds the control socket, even in a configuration that is otherwise faulty.
    pub(crate) fn socket(&self, environment: &Environment) -> Result<PathBuf, LoadError> {
        let texts = self.read()?;
        let find = |world: &World<'_>| pilot_config::socket_of(&sources(&texts), world);
        Ok(with_world(environment, find))
    }

    /// Reads and renders. Several texts are told apart by a comment with the name of each.
    pub(crate) fn render(&self, environment: &Environment) -> Result<String, LoadError> {
        let texts = self.read()?;
        let rendered = with_world(environment, |world| {
            pilot_config::render(&sources(&texts), world)
        });
        let rendered = rendered.map_err(LoadError::Problems)?;
        if let ([_], [only]) = (texts.as_slice(), rendered.as_slice()) {
            return Ok(only.clone());
        }
        Ok(texts.iter().zip(&rendered).map(Text::titled).collect())
    }
}

fn sources(texts: &[Text]) -> Vec<Source<'_>> {
    let texts = texts.iter();
    texts
        .map(|Text { name, text }| Source { name, text })
        .collect()
}

/// What a reload reads.
#[derive(Debug)]
pub(crate) enum Reading {
    /// A configuration of ours.
    Origin(Origin),
    /// The files that the command line of consul-template names.
    ConsulTemplate(Box<Order>),
}

impl Reading {
    /// Reads it anew.
    pub(crate) fn load(&self, environment: &Environment) -> Result<Config, String> {
        match self {
            Self::Origin(origin) => origin.load(environment).map_err(|error| error.to_string()),
            Self::ConsulTemplate(order) => order.load().map_err(|refused| refused.to_string()),
        }
    }

    /// Whether there is a control socket. consul-template has none, and may run beside a helper.
    pub(crate) fn is_controlled(&self) -> bool {
        match self {
            Self::Origin(_) => true,
            Self::ConsulTemplate(_) => false,
        }
    }
}

/// A text, and what to call it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Text {
    /// Takes what was read of a file.
    fn of(path: &Path, read: io::Result<Vec<u8>>) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        let unreadable = |reason: String| LoadError::Unreadable {
            path: name.clone(),
            reason,
        };
        let bytes = read.map_err(|error| unreadable(plain(&error)))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| unreadable(format!("not UTF-8 text: {error}")))?;
        Ok(Self { name, text })
    }

    /// Puts the name over what was rendered, as a comment.
    fn titled((text, rendered): (&Self, &String)) -> String {
        let mark = if directory::is_yaml(&text.name) {
            "#"
        } else {
            "//"
        };
        let end = if rendered.ends_with('\n') { "" } else { "\n" };
        format!("{mark} {}\n{rendered}{end}", text.name)
    }
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
