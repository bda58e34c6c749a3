//! An engine of a test's own, in a network of its own: what it does to an engine as a whole, such as
//! making it part of a swarm, and to the network of a host, nobody else feels. Wants root.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

use super::{
    docker::{command, docker, printed, talk_to, try_docker},
    machine::Network,
    unique, until,
};

/// What keeps its mounts and processes.
const KEEP: &str = include_str!("engine.sh");
/// The address of the machine that it takes itself to be on.
pub(crate) const ADDRESS: &str = "10.77.0.1";

/// An engine that runs nothing but what this thread gives it. Whatever this thread asks an engine is
/// asked of it; all that it started ends, and all that it wrote goes, with it.
pub(crate) struct Engine {
    keeper: Child,
    /// Its end is the end of everything.
    input: Option<ChildStdin>,
    /// Whose mounts and processes are the engine's.
    of: u32,
    place: PathBuf,
    mark: String,
    daemon: Option<Child>,
    flags: Vec<&'static str>,
}

impl Engine {
    /// Moves this thread into a network of its own, starts an engine there with these flags, and gives
    /// it these images of the suite.
    #[track_caller]
    pub(crate) fn start(images: &[String], flags: &[&'static str]) -> Self {
        let archive = saved(images);
        let network = Network::new();
        network.add_interface("host0");
        network.add_address(&format!("{ADDRESS}/24"), "host0");

        let which = printed(Command::new("dockerd").arg("--version"));
        which.unwrap_or_else(|error| {
            panic!("this wants an engine of its own, and `dockerd`: {error}")
        });
        let mark = unique("engine");
        // A socket's path has 107 bytes; that of the target directory may have more.
        let place = std::env::temp_dir().join(&mark);
        fs::create_dir(&place).unwrap();
        let mut keeper = Command::new("bash")
            .args(["-c", KEEP, "bash", &mark])
            .arg(&place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Whoever ends a test that hangs ends its process group, and this is to tidy up after it.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let mut line = || said.next().map(Result::unwrap);
        let of = line().and_then(|pid| pid.parse().ok());
        assert_eq!(
            line().as_deref(),
            Some("ready"),
            "an engine of one's own wants root, and mounts and processes of its own"
        );
        let mut engine = Self {
            input: keeper.stdin.take(),
            keeper,
            of: of.unwrap(),
            place,
            mark,
            daemon: None,
            flags: flags.to_vec(),
        };
        engine.start_daemon();
        engine.take(archive);
        engine
    }

    /// Starts the daemon, and waits until it answers.
    #[track_caller]
    fn start_daemon(&mut self) {
        let socket = format!("unix://{}", self.place.join("docker.sock").display());
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.place.join("log"))
            .unwrap();
        let daemon = self
            .inside()
            .args(["dockerd", "--config-file", "/run/daemon.json"])
            .args(["--exec-opt", "native.cgroupdriver=cgroupfs"])
            .args(["--cgroup-parent", &format!("/{}", self.mark)])
            .args(&self.flags)
            .args(["--host", &socket, "--data-root"])
            .arg(self.place.join("data"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        let daemon = daemon.unwrap_or_else(|error| panic!("cannot run nsenter: {error}"));
        self.daemon = Some(daemon);
        talk_to(&socket);
        until(
            "the engine answers",
            || self.log(),
            || try_docker(&["version"]).ok().map(drop),
        );
    }

    /// Ends the daemon and starts it again, as an upgrade of its package does.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        let end = "kill -TERM \"$(cat /run/docker.pid)\"";
        printed(self.inside().args(["bash", "-c", end])).unwrap();
        self.daemon.take().unwrap().wait().unwrap();
        self.start_daemon();
    }

    /// A command among its mounts and processes, in the network of this thread.
    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        let namespace = |name| format!("/proc/{}/ns/{name}", self.of);
        command.arg(format!("--mount={}", namespace("mnt")));
        command.arg(format!("--pid={}", namespace("pid_for_children")));
        command.arg("--");
        command
    }

    /// Takes in an archive of images.
    #[track_caller]
    fn take(&self, mut archive: Child) {
        let mut load = command("docker");
        load.args(["load", "--quiet"])
            .stdin(archive.stdout.take().unwrap());
        printed(&mut load).unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
        assert!(archive.wait().unwrap().success(), "no images were saved");
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.place.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.len().saturating_sub(40);
        format!("the engine wrote\n{}", lines[last..].join("\n"))
    }
}

/// Images of the suite, out of the engine that has them, as they are read.
#[track_caller]
fn saved(images: &[String]) -> Child {
    for name in images {
        docker(&["image", "inspect", "--format", "{{.Id}}", name]);
    }
    command("docker")
        .arg("save")
        .args(images)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}", self.log());
        }
        drop(self.input.take());
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.wait();
        }
        let _ = self.keeper.wait();
    }
}
