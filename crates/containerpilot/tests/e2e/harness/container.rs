//! Containers without a daemon: a network of one's own, and in it roots, processes and addresses of
//! their own, so that files may name the paths, hosts and ports that they name in the field.
//! Wants root.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    os::fd::AsRawFd,
    path::Path,
    sync::atomic::{AtomicU8, Ordering},
};

use super::{Consul, Network, Pilot, Running, network::ip};

/// What puts a container together around the program that is its PID 1.
const ENTER: &str = include_str!("container.sh");

/// A network that only this thread, and what it starts, is in.
pub(crate) struct Bridge {
    namespace: File,
    given: AtomicU8,
}

impl Bridge {
    /// Moves this thread into a network of its own, whose address ends in 1.
    pub(crate) fn new() -> Self {
        Network::new();
        // An address of its own: it would take one of its ports', and change it as they come and go.
        ip("link add bridge address 02:00:0a:09:00:01 type bridge");
        ip(&format!("address add {}/24 dev bridge", Self::address(1)));
        ip("link set bridge up");
        Self {
            namespace: File::open("/proc/thread-self/ns/net").unwrap(),
            given: AtomicU8::new(1),
        }
    }

    fn address(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 9, 0, last)
    }

    /// An address that nobody on the bridge has yet.
    pub(crate) fn next_address(&self) -> Ipv4Addr {
        Self::address(self.given.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Where its network can be entered.
    pub(crate) fn network(&self) -> String {
        let (pid, network) = (std::process::id(), self.namespace.as_raw_fd());
        format!("/proc/{pid}/fd/{network}")
    }

    /// Starts the Consul that containers call `consul`.
    pub(crate) fn consul(&self) -> Consul {
        Consul::start_at(Self::address(1), [8500, 8300, 8301])
    }

    /// A container to be filled and started.
    pub(crate) fn container(&self, hostname: &str) -> Container {
        let (address, network) = (self.next_address(), self.network());
        let hosts = format!(
            "127.0.0.1 localhost\n{address} {hostname}\n{} consul consul.local\n",
            Self::address(1)
        );
        let words = [hostname, &address.to_string(), &network];
        let pilot = Pilot::new().file("enter", ENTER);
        Container {
            pilot: pilot.contained(&words),
            address,
        }
        .text("/etc/hosts", &hosts)
    }
}

/// A container that is not started. The binary under test is in it as `/bin/containerpilot`, and as
/// `consul-template` on the path.
#[must_use = "it is not started before `start`"]
pub(crate) struct Container {
    pilot: Pilot,
    address: Ipv4Addr,
}

impl Container {
    /// Puts a file in.
    pub(crate) fn text(self, path: &str, text: &str) -> Self {
        let inside = self.pilot.path("image").join(path.trim_start_matches('/'));
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::write(inside, text).unwrap();
        self
    }

    /// Puts a copy of a file in.
    pub(crate) fn copy(self, source: &Path, path: &str) -> Self {
        let text = fs::read_to_string(source);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        self.text(path, &text)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.pilot = self.pilot.env(name, value);
        self
    }

    /// Starts the words of a `CMD`, of which the first is the binary under test.
    pub(crate) fn start(self, cmd: &[&str]) -> Contained {
        assert_eq!(cmd[0], "/bin/containerpilot");
        Contained {
            running: self.pilot.args(&cmd[1..]).start(),
            address: self.address,
        }
    }
}

/// A container that runs.
pub(crate) struct Contained {
    pub(crate) running: Running,
    pub(crate) address: Ipv4Addr,
}

impl Contained {
    /// What a file in it holds; nothing if it is not there.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = format!("/proc/{}/root{path}", self.running.pid());
        fs::read_to_string(path).unwrap_or_default()
    }
}
