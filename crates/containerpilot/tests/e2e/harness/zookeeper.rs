//! A real ZooKeeper of one's own, and its command line.

use std::{
    fs::File,
    io::Read as _,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{free_ports, until};

/// A running ZooKeeper, alone.
pub(crate) struct Zookeeper {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Zookeeper {
    /// Starts a server and waits until it takes connections.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let settings = folder.path().join("zoo.cfg");
        let text = format!(
            "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\nforceSync=no\n",
            folder.path().join("data").display()
        );
        std::fs::write(&settings, text).unwrap();
        let output = File::create(folder.path().join("log")).unwrap();
        let child = java()
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(settings)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let zookeeper = Self {
            folder,
            port,
            child,
        };
        let log = zookeeper.folder.path().join("log");
        until(
            "ZooKeeper serves",
            || std::fs::read_to_string(&log).unwrap_or_default(),
            || TcpStream::connect(zookeeper.address()).ok(),
        );
        zookeeper
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Has its own command line carry out one order, and gives what that says.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let mut child = java()
            .arg("org.apache.zookeeper.ZooKeeperMain")
            .args(["-server", &self.address().to_string()])
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut text = String::new();
        let output = child.stdout.as_mut().unwrap();
        output.read_to_string(&mut text).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        child.wait().unwrap();
        text
    }
}

impl Drop for Zookeeper {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        self.child.wait().unwrap();
    }
}

fn java() -> Command {
    const JARS: [&str; 2] = [
        "/usr/share/java/zookeeper.jar",
        "/usr/share/java/commons-cli.jar",
    ];
    assert!(
        Path::new(JARS[0]).exists(),
        "no ZooKeeper at {}: run `scripts/packages tests`",
        JARS[0]
    );
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx96m"])
        .arg("-Dzookeeper.jmx.log4j.disable=true")
        .args(["-cp", &JARS.join(":")]);
    java
}
