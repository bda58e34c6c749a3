//! A real Consul of our own: free ports, own folder, ended by its pid.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::backend::{Answer, request};

/// How long an agent may take to choose itself as its leader, on a busy machine too.
const START: Duration = Duration::from_secs(40);

/// A running Consul, or one that is stopped for a while.
pub(crate) struct Consul {
    folder: TempDir,
    ports: Ports,
    kind: Kind,
    child: Option<Child>,
}

/// What kind of agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything in memory.
    Forgetful,
    /// Everything on disk.
    Persistent,
    /// In memory, with these settings on top.
    With(String),
    /// In memory, closed to all but who shows this token.
    Guarded(String),
}

struct Ports {
    http: u16,
    https: u16,
    server: u16,
    serf: u16,
}

impl Consul {
    /// Starts an agent and waits until it has a leader.
    pub(crate) async fn start(kind: Kind) -> Self {
        let mut consul = Self {
            folder: tempfile::tempdir().unwrap(),
            ports: Ports::free(),
            kind,
            child: None,
        };
        let is_ready = consul.resume().await;
        assert!(is_ready, "Consul does not start; its output is above");
        consul
    }

    pub(crate) fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.http))
    }

    pub(crate) fn https(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.https))
    }

    /// Ends the process the hard way.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
            child.wait().unwrap();
        }
    }

    /// Starts the process on the same ports and folder; tells whether it got ready.
    pub(crate) async fn resume(&mut self) -> bool {
        let log = self.folder.path().join("log");
        let output = std::fs::File::create(&log).unwrap();
        let child = Command::new(binary())
            .args(self.arguments())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if self.is_ready().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        eprintln!("{}", std::fs::read_to_string(log).unwrap());
        self.kill();
        false
    }

    async fn is_ready(&self) -> bool {
        // The server has registered itself once it has a leader that works.
        let token = match &self.kind {
            Kind::Guarded(token) => token,
            Kind::Forgetful | Kind::Persistent | Kind::With(_) => "",
        };
        let path = format!("/v1/health/service/consul?token={token}");
        let answer = request(self.http(), "GET", &path, "").await;
        matches!(answer, Some(Answer { status: 200, body, .. }) if body.contains("serfHealth"))
    }

    fn arguments(&self) -> Vec<String> {
        let Ports {
            http,
            https,
            server,
            serf,
        } = &self.ports;
        let tls = match &self.kind {
            Kind::With(settings) if settings.contains("cert_file") => i32::from(*https),
            Kind::With(_) | Kind::Guarded(_) | Kind::Forgetful | Kind::Persistent => -1,
        };
        let settings = match &self.kind {
            Kind::With(settings) => settings.clone(),
            Kind::Guarded(token) => format!(
                "acl {{ enabled = true default_policy = \"deny\" \
                 tokens {{ master = \"{token}\" agent = \"{token}\" }} }}"
            ),
            Kind::Forgetful | Kind::Persistent => String::new(),
        };
        let mut arguments: Vec<_> = [
            "agent",
            "-node=test",
            "-bind=127.0.0.1",
            "-client=127.0.0.1",
            "-dns-port=-1",
            "-grpc-port=-1",
            "-serf-wan-port=-1",
            "-log-level=err",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend([
            format!("-http-port={http}"),
            format!("-https-port={tls}"),
            format!("-server-port={server}"),
            format!("-serf-lan-port={serf}"),
            "-hcl=performance { raft_multiplier = 1 }".to_owned(),
            "-hcl=limits { http_max_conns_per_client = 1000 }".to_owned(),
        ]);
        if !settings.is_empty() {
            arguments.push(format!("-hcl={settings}"));
        }
        match self.kind {
            Kind::Persistent => {
                let data = self.folder.path().join("data");
                arguments.push("-server".to_owned());
                arguments.push("-bootstrap-expect=1".to_owned());
                arguments.push(format!("-data-dir={}", data.display()));
            }
            Kind::Forgetful | Kind::With(_) | Kind::Guarded(_) => arguments.push("-dev".to_owned()),
        }
        arguments
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ports {
    fn free() -> Self {
        let [http, https, server, serf] = test_ports::free_ports();
        Self {
            http,
            https,
            server,
            serf,
        }
    }
}

fn binary() -> PathBuf {
    let path = std::env::var_os("CONSUL_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/consul/usr/bin/consul"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "no Consul at {}: run scripts/consul/install, or set CONSUL_BIN",
        path.display()
    );
    path
}
