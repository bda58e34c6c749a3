//! A real Prometheus of one's own: free port, own folder, ended by its pid.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, free_ports, http, until};

/// A running Prometheus.
pub(crate) struct Prometheus {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl Prometheus {
    /// Starts one with this `scrape_configs`, and waits until it is ready.
    pub(crate) fn start(scrape_configs: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let config = folder.path().join("prometheus.yml");
        let global = "global: { scrape_interval: 500ms, scrape_timeout: 400ms }";
        let text = format!("{global}\nscrape_configs:\n{scrape_configs}");
        fs::write(&config, text).unwrap();
        let output = File::create(folder.path().join("log")).unwrap();
        let child = Command::new(installed("prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot start prometheus: {error}; `scripts/prometheus/install` puts it there"
                )
            });
        let prometheus = Self {
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            child,
        };
        prometheus.until("it is ready", || {
            let answer = http::over_tcp(prometheus.address, "GET", "/-/ready", "").ok()?;
            (answer.status == 200).then_some(())
        });
        prometheus
    }

    /// Asks for the present value of a series; none while there is not exactly one.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let query: String = series.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let target = format!("/api/v1/query?query={query}");
        let answer = http::over_tcp(self.address, "GET", &target, "").ok()?;
        let result = answer.expect(200).json()["data"]["result"].clone();
        match result.as_array()?.as_slice() {
            [one] => one["value"][1].as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// Waits until a series has a value.
    #[track_caller]
    pub(crate) fn wait_for(&self, series: &str, value: f64) {
        self.until(&format!("{series} is {value}"), || {
            (self.value(series) == Some(value)).then_some(())
        });
    }

    #[track_caller]
    fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let told = || {
            let targets = http::over_tcp(self.address, "GET", "/api/v1/targets", "");
            let targets = targets.map_or(Value::Null, |answer| answer.json());
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            format!("{targets:#}\n{log}")
        };
        until(what, told, look)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself, which is not what is being tested.
        let _ = self.child.kill();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        let _ = self.child.wait();
    }
}

fn installed(program: &str) -> PathBuf {
    let programs = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../.cache/prometheus/usr/bin"
    );
    Path::new(programs).join(program)
}

/// Stands before a server and asks it for OpenMetrics, whatever its own clients ask for.
pub(crate) struct OpenMetricsOnly(SocketAddr);

impl OpenMetricsOnly {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that leaves early says so to the other by being gone.
                let _ = pass_on(client, server);
            }
        });
        Self(address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0
    }
}

fn pass_on(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut part)? {
            0 => return Ok(()),
            read => head.extend_from_slice(&part[..read]),
        }
    }
    let mut server = TcpStream::connect(server)?;
    server.write_all(
        b"GET /metrics HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\n\
          Accept: application/openmetrics-text; version=1.0.0\r\n\r\n",
    )?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}

/// What `promtool check metrics` has to say against a page.
pub(crate) fn complaints(page: &str) -> Vec<String> {
    let mut child = Command::new(installed("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("cannot start promtool: {error}; `scripts/prometheus/install` puts it there")
        });
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
    let ended = child.wait_with_output().unwrap();
    let told = [ended.stdout, ended.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    told.lines().map(str::to_owned).collect()
}
