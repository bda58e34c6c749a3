//! The catalogs beside the bench's own Consul, each a real one on loopback.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use test_ports::{free_port, free_ports};

use crate::{program::Running, workshop::Workshop};

const PATIENCE: Duration = Duration::from_secs(40);

/// A catalog that runs for as long as this is kept.
pub(super) struct Server {
    /// What a configuration says to use it.
    pub(super) catalog: Value,
    pub(super) settings: catalog::Settings,
    /// Where ZooKeeper is, if it is one.
    pub(super) zookeeper: Option<String>,
    _running: Option<Running>,
}

impl Server {
    pub(super) fn consul(workshop: &Workshop) -> Result<Self, String> {
        let address = &workshop.consul.address;
        Self::speaking_consul(address, json!({ "consul": address }), None)
    }

    pub(super) fn embedded(workshop: &Workshop) -> Result<Self, String> {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(&workshop.pilot);
        command.args(["catalog", "--address", &address]);
        let running = Running::start(&mut command, workshop.path("embedded.log"))?;
        until(&running, || TcpStream::connect(&address).is_ok())?;
        let catalog = json!({ "consul": address });
        Self::speaking_consul(&address, catalog, Some(running))
    }

    fn speaking_consul(
        address: &str,
        catalog: Value,
        running: Option<Running>,
    ) -> Result<Self, String> {
        let settings = catalog::consul::Settings::parse(address);
        Ok(Self {
            catalog,
            settings: settings.map_err(|error| error.to_string())?.into(),
            zookeeper: None,
            _running: running,
        })
    }

    pub(super) fn etcd(workshop: &Workshop) -> Result<Self, String> {
        let [client, peer] = free_ports();
        let (client, peer) = (
            format!("http://127.0.0.1:{client}"),
            format!("http://127.0.0.1:{peer}"),
        );
        let mut command = held(workshop, "etcd")?;
        command
            .arg("--data-dir")
            .arg(workshop.path("etcd"))
            .args(["--name=bench", "--logger=zap", "--log-level=error"])
            .args([format!("--listen-client-urls={client}")])
            .args([format!("--advertise-client-urls={client}")])
            .args([format!("--listen-peer-urls={peer}")])
            .args([format!("--initial-advertise-peer-urls={peer}")])
            .args([format!("--initial-cluster=bench={peer}")]);
        let running = Running::start(&mut command, workshop.path("etcd.log"))?;
        let address = client.trim_start_matches("http://").to_owned();
        until(&running, || {
            let healthy = crate::http::Client::connect(&address)
                .and_then(|mut client| client.order("GET", "/health", ""));
            healthy.is_ok()
        })?;
        let settings = catalog::etcd::Settings::parse([address.as_str()]);
        Ok(Self {
            catalog: json!({ "catalog": { "etcd": address } }),
            settings: settings.map_err(|error| error.to_string())?.into(),
            zookeeper: None,
            _running: Some(running),
        })
    }

    pub(super) fn zookeeper(workshop: &Workshop) -> Result<Self, String> {
        let folder = workshop.path("zookeeper");
        fs::create_dir(&folder).map_err(|error| error.to_string())?;
        let port = free_port();
        let lines = format!(
            "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n4lw.commands.whitelist=ruok\n",
            folder.display()
        );
        let file = folder.join("zoo.cfg");
        fs::write(&file, lines).map_err(|error| error.to_string())?;
        let mut command = held(workshop, "java")?;
        command
            .args(["-XX:+UseSerialGC", "-Xmx96m"])
            .arg("-Dzookeeper.jmx.log4j.disable=true")
            .args(["-cp", "/usr/share/java/zookeeper.jar"])
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(&file);
        let running = Running::start(&mut command, workshop.path("zookeeper.log"))?;
        let address = format!("127.0.0.1:{port}");
        until(&running, || is_well(&address))?;
        let settings = catalog::zookeeper::Settings::parse(&address);
        Ok(Self {
            catalog: json!({ "catalog": { "zookeeper": address } }),
            settings: settings.map_err(|error| error.to_string())?.into(),
            zookeeper: Some(address),
            _running: Some(running),
        })
    }
}

/// Started so that it ends with the bench.
fn held(workshop: &Workshop, program: &str) -> Result<Command, String> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&folders).map(|folder| folder.join(program));
    let place = places.find(|place| place.exists());
    let place = place.ok_or_else(|| format!("`{program}` is not installed"))?;
    let exec = workshop.child_line("exec");
    let mut command = Command::new(&exec[0]);
    command.args(&exec[1..]).arg(place);
    Ok(command)
}

fn is_well(address: &str) -> bool {
    // One that is just starting may never hang up, or say nothing.
    let ask = || -> std::io::Result<[u8; 4]> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"ruok")?;
        let mut said = [0; 4];
        stream.read_exact(&mut said)?;
        Ok(said)
    };
    ask().is_ok_and(|said| said == *b"imok")
}

fn until(running: &Running, is_so: impl Fn() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > deadline {
            let reason = format!("it does not answer after {} s", PATIENCE.as_secs());
            return Err(running.explain(&reason));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
