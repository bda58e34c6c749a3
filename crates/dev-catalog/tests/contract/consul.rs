//! A real Consul for the length of the suite.

use std::{
    env,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use test_ports::free_ports;

use super::{agent::Agent, http};

/// How long Consul may take to elect itself and to register its own node.
const START_TIME: Duration = Duration::from_secs(20);

/// A running `consul agent -dev`, ended when dropped.
pub(super) struct Consul {
    process: Child,
    addr: SocketAddr,
    scratch: TempDir,
}

impl Consul {
    pub(super) fn start() -> Self {
        let program = program();
        let scratch = TempDir::new().expect("there is room for scratch files");
        let [http, serf, server] = free_ports();
        let log = File::create(scratch.path().join("log")).expect("the log can be written");
        let process = Command::new(&program)
            .args([
                "agent",
                "-dev",
                "-node",
                "contract",
                "-disable-host-node-id",
            ])
            .args([
                "-client",
                "127.0.0.1",
                "-bind",
                "127.0.0.1",
                "-log-level",
                "warn",
            ])
            .args([
                "-dns-port",
                "-1",
                "-grpc-port",
                "-1",
                "-https-port",
                "-1",
                "-serf-wan-port",
                "-1",
            ])
            .args([
                "-http-port",
                &http.to_string(),
                "-serf-lan-port",
                &serf.to_string(),
            ])
            .args(["-server-port", &server.to_string()])
            // Development mode elects in milliseconds, and on a busy machine again and again.
            .args(["-hcl", "performance { raft_multiplier = 10 }"])
            // No call home, and a suite opens more connections than a client would.
            .args(["-hcl", "disable_update_check = true"])
            .args(["-hcl", "limits { http_max_conns_per_client = 2000 }"])
            .arg("-data-dir")
            .arg(scratch.path().join("data"))
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a file can be shared"))
            .stdout(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let consul = Self {
            process,
            addr: (Ipv4Addr::LOCALHOST, http).into(),
            scratch,
        };
        consul.wait_until_ready();
        consul
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        while !self.is_ready() {
            if started.elapsed() > START_TIME {
                let log = std::fs::read_to_string(self.scratch.path().join("log"));
                panic!("consul did not become ready:\n{}", log.unwrap_or_default());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it listens, leads, and its node has its final shape.
    fn is_ready(&self) -> bool {
        std::net::TcpStream::connect(self.addr).is_ok() && {
            let answer = http::exchange(self.addr, "GET", "/v1/catalog/nodes", b"");
            let known = String::from_utf8_lossy(&answer.body).contains("consul-network-segment");
            let agent = Agent::new(self.addr);
            known && agent.get("/v1/health/service/consul").len() == 1
        }
    }
}

impl Drop for Consul {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process has no reaper, only this child"
    )]
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    let installed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/consul/usr/bin/consul");
    let program = env::var_os("CONSUL_BIN").map_or(installed, PathBuf::from);
    assert!(
        program.exists(),
        "no consul at {}: run scripts/consul/install",
        program.display()
    );
    program
}
