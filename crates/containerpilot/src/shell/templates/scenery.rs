//! What a template may reach for besides the catalog.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ctmpl::{PluginFailure, World, WrittenFile};

use super::plugins::Answers;
use crate::{
    account,
    environment::Environment,
    source::{plain, read_regular},
};

/// The surroundings of one pass.
pub(super) struct Scenery<'a> {
    environment: &'a Environment,
    plugins: &'a Answers,
}

impl<'a> Scenery<'a> {
    pub(super) fn new(environment: &'a Environment, plugins: &'a Answers) -> Self {
        Self {
            environment,
            plugins,
        }
    }
}

impl World for Scenery<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default()
    }

    fn run_plugin(&self, program: &str, arguments: &[String]) -> Result<Vec<u8>, PluginFailure> {
        self.plugins.ask(program, arguments)
    }

    fn write_file(&self, file: &WrittenFile<'_>) -> Result<(), String> {
        let told = |error: io::Error| format!("cannot write {}: {}", file.path, plain(&error));
        let path = Path::new(file.path);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(told)?;
        }
        let mut options = OpenOptions::new();
        // What is opened must not be something that keeps whoever opens it waiting.
        options
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NONBLOCK);
        let opened = if file.append {
            options.append(true).open(path)
        } else {
            options.write(true).truncate(true).open(path)
        };
        let mut opened = opened.map_err(told)?;
        let named = |text: &str, find: fn(&str) -> Result<u32, String>| {
            (!text.is_empty()).then(|| find(text)).transpose()
        };
        let (uid, gid) = (
            named(file.user, account::uid)?,
            named(file.group, account::gid)?,
        );
        opened.write_all(file.content).map_err(told)?;
        let mode = fs::Permissions::from_mode(file.mode);
        opened.set_permissions(mode).map_err(told)?;
        fchown(&opened, uid, gid).map_err(told)
    }
}

/// Surroundings that hold nothing, for a template that is only looked at.
pub(super) struct Nowhere;

impl World for Nowhere {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn run_plugin(&self, _: &str, _: &[String]) -> Result<Vec<u8>, PluginFailure> {
        Ok(Vec::new())
    }

    fn write_file(&self, _: &WrittenFile<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// Reads a file for `file`, if it lies in the sandbox once every link is followed.
pub(super) fn read(path: &str, sandbox: Option<&str>) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("cannot read {path}: {}", plain(&error));
    if let Some(sandbox) = sandbox {
        let inside = fs::canonicalize(sandbox).map_err(told)?;
        if !fs::canonicalize(path).map_err(told)?.starts_with(&inside) {
            return Err(format!("cannot read {path}: it leads out of {sandbox}"));
        }
    }
    read_regular(path.as_ref()).map_err(told)
}
