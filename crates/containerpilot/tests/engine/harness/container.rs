//! Containers and networks that were started by hand.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use super::{
    docker::{command, docker, try_docker},
    unique, until,
};

/// A container; one that a test started itself is removed in the end, whatever became of it.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: String,
    owned: bool,
}

impl Container {
    /// `docker run -d` with a name of its own, and these words after it.
    #[track_caller]
    pub(crate) fn run(title: &str, words: &[&str]) -> Self {
        let name = unique(title);
        let container = Self { name, owned: true };
        let run = ["run", "-d", "--name", &container.name];
        docker(&[&run, words].concat());
        container
    }

    /// One that is started by other words, and may never be; removed in the end.
    pub(crate) fn to_remove(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            owned: true,
        }
    }

    /// One that somebody else starts and removes.
    pub(crate) fn known(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            owned: false,
        }
    }

    /// A field of what the engine knows of it, in the engine's template language.
    #[track_caller]
    pub(crate) fn inspect(&self, format: &str) -> String {
        docker(&["inspect", "--format", format, &self.name])
    }

    /// Its name inside.
    #[track_caller]
    pub(crate) fn hostname(&self) -> String {
        self.inspect("{{.Config.Hostname}}")
    }

    /// Its address on the first of its networks.
    #[track_caller]
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.find_address().unwrap()
    }

    /// The same, unless it is on none.
    pub(crate) fn find_address(&self) -> Option<Ipv4Addr> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let all = self.inspect(format);
        all.split(' ').next()?.parse().ok()
    }

    /// Where a port of it is published.
    #[track_caller]
    pub(crate) fn published(&self, port: u16) -> SocketAddr {
        let all = docker(&["port", &self.name, &port.to_string()]);
        all.lines().next().unwrap().parse().unwrap()
    }

    /// Runs a program in it.
    #[track_caller]
    pub(crate) fn exec(&self, words: &[&str]) -> String {
        self.try_exec(words)
            .unwrap_or_else(|error| panic!("{words:?} in {}: {error}", self.name))
    }

    pub(crate) fn try_exec(&self, words: &[&str]) -> Result<String, String> {
        try_docker(&[&["exec", &self.name], words].concat())
    }

    /// A file in it. Where the engine's processes can be seen this costs nothing; a program that is
    /// run in a container does, and it is asked for again and again.
    pub(crate) fn read(&self, path: &str) -> Result<String, String> {
        let of = self.inspect("{{.State.Pid}} {{.Id}}");
        let (pid, id) = of.split_once(' ').unwrap();
        // To an engine with processes of its own the number means another process than here.
        let cgroups = std::fs::read_to_string(format!("/proc/{pid}/cgroup"));
        if cgroups.is_ok_and(|cgroups| cgroups.contains(id))
            && let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/root{path}"))
        {
            return Ok(text);
        }
        self.try_exec(&["cat", path])
    }

    /// Everything it wrote, stderr after stdout.
    pub(crate) fn logs(&self) -> String {
        let output = command("docker")
            .args(["logs", "--timestamps", &self.name])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    }

    #[track_caller]
    pub(crate) fn wait_for_log(&self, line: &str) {
        until(
            line,
            || self.logs(),
            || self.logs().contains(line).then_some(()),
        );
    }

    /// Everything it wrote to stdout, byte by byte.
    pub(crate) fn stdout(&self) -> Vec<u8> {
        let output = std::process::Command::new("docker")
            .args(["logs", &self.name])
            .output()
            .unwrap();
        output.stdout
    }

    /// `docker stop` with so many seconds until the engine kills; gives how long it took.
    #[track_caller]
    pub(crate) fn stop(&self, within: u64) -> Duration {
        let began = Instant::now();
        docker(&["stop", "-t", &within.to_string(), &self.name]);
        began.elapsed()
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        docker(&["kill", "-s", signal, &self.name]);
    }

    /// The status it ended with.
    #[track_caller]
    pub(crate) fn code(&self) -> i32 {
        let state = self.inspect("{{.State.Status}} {{.State.ExitCode}}");
        let code = state.strip_prefix("exited ");
        let code = code.unwrap_or_else(|| panic!("{} is {state}\n{}", self.name, self.logs()));
        code.parse().unwrap()
    }

    /// Waits for its end; gives its status.
    #[track_caller]
    pub(crate) fn wait(&self) -> i32 {
        docker(&["wait", &self.name]).parse().unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.owned {
            if std::thread::panicking() {
                eprintln!("--- {} wrote\n{}", self.name, self.logs());
            }
            let _ = try_docker(&["rm", "-f", "-v", &self.name]);
        }
    }
}

/// A bridge network of the engine's, removed in the end.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) name: String,
}

impl Network {
    #[track_caller]
    pub(crate) fn new(title: &str) -> Self {
        let name = unique(title);
        docker(&["network", "create", &name]);
        Self { name }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = try_docker(&["network", "rm", &self.name]);
    }
}
