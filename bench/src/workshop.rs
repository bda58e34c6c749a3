//! Where a run takes place: a folder of its own, the child, the FIFO, the programs, a Consul.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::fs::{Advice, fadvise};
use serde_json::Value;
use tempfile::TempDir;

use crate::{consul::Consul, program::Running, stamps::Stamps};

pub(crate) struct Workshop {
    /// The measured binary.
    pub(crate) pilot: PathBuf,
    /// The child that tells its time.
    pub(crate) child: PathBuf,
    pub(crate) stamps: Stamps,
    pub(crate) consul: Consul,
    folder: TempDir,
}

impl Workshop {
    pub(crate) fn open(root: &Path, pilot: &Path) -> Result<Self, String> {
        let folder = TempDir::with_prefix("bench-").map_err(|error| error.to_string())?;
        let child = compile(&root.join("bench/stamp.c"), &folder.path().join("stamp"))?;
        let stamps = Stamps::create(folder.path().join("stamps"))?;
        let program = root.join(".cache/consul/usr/bin/consul");
        let consul = Consul::start(&line(&child, &stamps, "exec"), &program, folder.path())?;
        let told = |error| {
            format!(
                "cannot measure {}: {error}; `make dist` builds it",
                pilot.display()
            )
        };
        let pilot = fs::canonicalize(pilot).map_err(told)?;
        forget_pages(&pilot)
            .map_err(|error| format!("cannot read {}: {error}", pilot.display()))?;
        Ok(Self {
            pilot,
            child,
            stamps,
            consul,
            folder,
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command line of the child: where to tell, and how to end.
    pub(crate) fn child_line(&self, mode: &str) -> Vec<String> {
        line(&self.child, &self.stamps, mode)
    }

    /// Starts a command line through the child, which tells when it is about to become the program.
    pub(crate) fn start(&self, line: &[String]) -> Result<Running, String> {
        let exec = self.child_line("exec");
        let mut command = Command::new(&exec[0]);
        command
            .args(&exec[1..])
            .args(line)
            .current_dir(self.folder.path());
        command
            .env("STAMP_FIFO", self.stamps.path())
            .env("STAMP_MODE", "term");
        Running::start(&mut command, self.path("program.log"))
    }

    /// Writes a configuration of ours, and gives the command line that uses it.
    pub(crate) fn configured(&self, name: &str, mut config: Value) -> Result<Vec<String>, String> {
        config["stopTimeout"] = 1.into();
        config["control"] = serde_json::json!({ "socket": self.path("control.socket") });
        let path = self.path(name);
        fs::write(&path, config.to_string()).map_err(|error| error.to_string())?;
        let words = [self.pilot.as_path(), Path::new("-config"), &path];
        Ok(words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect())
    }

    /// One job that is registered, and checked as often as this.
    pub(crate) fn registered_job(&self, interval: u64) -> Value {
        serde_json::json!({
            "name": "bench-app", "exec": self.child_line("term"), "port": 8000,
            "interfaces": ["static:127.0.0.1"],
            "health": { "exec": "/bin/true", "interval": interval, "ttl": interval * 3 },
        })
    }
}

fn line(child: &Path, stamps: &Stamps, mode: &str) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    vec![text(child), text(stamps.path()), mode.to_owned()]
}

/// Lets the kernel read the file anew: a file that was just written is mapped in larger pieces, and
/// what is mapped counts as memory.
fn forget_pages(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(())
}

fn compile(source: &Path, target: &Path) -> Result<PathBuf, String> {
    let mut command = Command::new("cc");
    command.args([
        "-O2",
        "-static",
        "-nostdlib",
        "-ffreestanding",
        "-fno-stack-protector",
        "-o",
    ]);
    let status = command.arg(target).arg(source).status();
    match status {
        Ok(status) if status.success() => Ok(target.to_owned()),
        Ok(status) => Err(format!("cannot compile {}: {status}", source.display())),
        Err(error) => Err(format!("cannot compile {}: {error}", source.display())),
    }
}

/// The whole path of a program on `PATH`, or where Debian keeps those for root.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
