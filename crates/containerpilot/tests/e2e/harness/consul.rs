//! A real Consul of one's own: free ports, own folder, ended by its pid.

use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{Eye, free_ports, until};

/// A running Consul that keeps everything in memory, or one that is stopped for a while.
pub(crate) struct Consul {
    folder: TempDir,
    host: IpAddr,
    /// HTTP, server and the gossip of the LAN.
    ports: [u16; 3],
    child: Option<Child>,
}

impl Consul {
    /// Starts an agent and waits until it has a leader.
    pub(crate) fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, free_ports())
    }

    /// Starts an agent where others expect it: HTTP, server and gossip have these ports.
    pub(crate) fn start_at(host: impl Into<IpAddr>, ports: [u16; 3]) -> Self {
        let mut consul = Self {
            folder: tempfile::tempdir().unwrap(),
            host: host.into(),
            ports,
            child: None,
        };
        consul.resume();
        consul
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((self.host, self.ports[0]))
    }

    pub(crate) fn eye(&self) -> Eye {
        Eye(self.address())
    }

    /// Ends it the hard way; what it knew is forgotten.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
            child.wait().unwrap();
        }
    }

    /// Starts it on the same ports, with nothing in it.
    pub(crate) fn resume(&mut self) {
        let log = self.folder.path().join("log");
        let output = File::create(&log).unwrap();
        let [http, server, serf] = self.ports;
        let settings = format!(
            "ports {{ http = {http} https = -1 grpc = -1 dns = -1 server = {server} serf_lan = {serf} serf_wan = -1 }} disable_update_check = true"
        );
        let path = binary();
        let child = Command::new(&path)
            .args([
                "agent",
                "-dev",
                &format!("-bind={}", self.host),
                &format!("-client={}", self.host),
                "-hcl",
                &settings,
            ])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!(
                "cannot start Consul, {}: {error}; `scripts/consul/install` puts it there",
                path.display()
            )
        }));
        let told = || std::fs::read_to_string(&log).unwrap();
        until("Consul has a leader", told, || {
            let answer = self.eye().try_get("/v1/health/service/consul")?;
            answer.body.contains("serfHealth").then_some(())
        });
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program, which is its own client too.
pub(crate) fn binary() -> PathBuf {
    let installed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../.cache/consul/usr/bin/consul"
    );
    std::env::var_os("CONSUL_BIN").map_or_else(|| installed.into(), PathBuf::from)
}
