//! A real etcd of one's own: free ports, own folder, ended by its pid.

use std::{
    fs::File,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{free_ports, over_tcp, until};

/// A running etcd.
pub(crate) struct Etcd {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Etcd {
    /// Starts it and waits until it answers.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, peer] = free_ports();
        let (client, peer) = (url(port), url(peer));
        let log = folder.path().join("log");
        let output = File::create(&log).unwrap();
        let path = std::env::var("ETCD_BIN").unwrap_or_else(|_| "/usr/bin/etcd".to_owned());
        let child = Command::new(&path)
            .arg(format!(
                "--data-dir={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            .arg("--log-level=error")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("no etcd at {path} ({error}): run `scripts/packages tests`, or set ETCD_BIN")
            });
        let etcd = Self {
            _folder: folder,
            port,
            child,
        };
        let told = || std::fs::read_to_string(&log).unwrap_or_default();
        until("etcd answers", told, || {
            let answer = over_tcp(etcd.address(), "GET", "/health", "").ok()?;
            (answer.status == 200).then_some(())
        });
        etcd
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Makes one call of its API; bytes are base64 in it.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let answer = over_tcp(self.address(), "POST", path, &body.to_string()).unwrap();
        answer.json()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        self.child.wait().unwrap();
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
