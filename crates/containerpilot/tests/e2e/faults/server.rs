//! Real servers of catalogs, alone or three of them, on one host or each on one of its own.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{kind::Kind, network::Host};
use crate::harness::{Pilot, Running, consul_binary, free_ports, until};

/// Where a server listens: for clients, and in two ways for its like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) address: Ipv4Addr,
    pub(super) ports: [u16; 3],
}

impl Site {
    /// On this machine, where nobody is yet.
    fn here() -> Self {
        let address = Ipv4Addr::LOCALHOST;
        let ports = free_ports();
        Self { address, ports }
    }

    pub(super) fn client(self) -> SocketAddr {
        SocketAddr::from((self.address, self.ports[0]))
    }
}

/// One server, which runs or does not.
pub(super) struct Server {
    pub(super) kind: Kind,
    /// All of the cluster.
    sites: Vec<Site>,
    own: usize,
    folder: TempDir,
    /// Its own network, if it has one.
    host: Option<Host>,
    /// What opens every door of it; empty where all stand open.
    token: &'static str,
    /// What it is started by, and with what.
    under: Vec<String>,
    running: Option<Process>,
}

enum Process {
    Server(Child),
    /// The embedded catalog is this repository's own binary.
    Embedded(#[expect(dead_code, reason = "it ends with this")] Box<Running>),
}

impl Server {
    /// Starts one, alone.
    pub(super) fn alone(kind: Kind) -> Self {
        let mut server = Self::prepared(kind, vec![Site::here()], 0, None);
        server.resume();
        server
    }

    /// Starts one, alone, that is closed to all but who shows a token.
    pub(super) fn guarded(kind: Kind, token: &'static str) -> Self {
        let mut server = Self::prepared(kind, vec![Site::here()], 0, None);
        server.token = token;
        server.resume();
        server
    }

    /// Starts one, alone, by this program.
    pub(super) fn under(kind: Kind, words: &[String]) -> Self {
        let mut server = Self::prepared(kind, vec![Site::here()], 0, None);
        server.under = words.to_vec();
        server.resume();
        server
    }

    /// Starts three that know each other.
    pub(super) fn three(kind: Kind) -> [Self; 3] {
        let ports: [u16; 9] = free_ports();
        let sites: Vec<Site> = ports
            .chunks_exact(3)
            .map(|ports| Site {
                address: Ipv4Addr::LOCALHOST,
                ports: [ports[0], ports[1], ports[2]],
            })
            .collect();
        let mut servers = [0, 1, 2].map(|own| Self::prepared(kind, sites.clone(), own, None));
        servers.iter_mut().for_each(Self::launch);
        servers.iter().for_each(Self::wait_until_ready);
        servers
    }

    /// Starts three that know each other, each on a host of its own.
    pub(super) fn three_apart(kind: Kind, hosts: [Host; 3]) -> [Self; 3] {
        let sites: Vec<Site> = hosts.iter().map(|host| kind.site(host.address())).collect();
        let mut own = 0;
        let mut servers = hosts.map(|host| {
            own += 1;
            Self::prepared(kind, sites.clone(), own - 1, Some(host))
        });
        servers.iter_mut().for_each(Self::launch);
        servers.iter().for_each(Self::wait_until_ready);
        servers
    }

    /// Starts one alone on a host of its own.
    pub(super) fn on(kind: Kind, host: Host) -> Self {
        let sites = vec![kind.site(host.address())];
        let mut server = Self::prepared(kind, sites, 0, Some(host));
        server.resume();
        server
    }

    fn prepared(kind: Kind, sites: Vec<Site>, own: usize, host: Option<Host>) -> Self {
        Self {
            kind,
            sites,
            own,
            folder: tempfile::tempdir().unwrap(),
            host,
            token: "",
            under: Vec::new(),
            running: None,
        }
    }

    pub(super) fn client(&self) -> SocketAddr {
        self.site().client()
    }

    /// Where it listens for its like.
    pub(super) fn peer(&self) -> SocketAddr {
        let Site { address, ports } = self.site();
        SocketAddr::from((address, ports[1]))
    }

    fn site(&self) -> Site {
        self.sites[self.own]
    }

    /// The host it is on.
    pub(super) fn host(&self) -> &Host {
        self.host.as_ref().expect("it was given one")
    }

    /// Ends it the hard way.
    pub(super) fn kill(&mut self) {
        match self.running.take() {
            None | Some(Process::Embedded(_)) => {}
            Some(Process::Server(mut child)) => {
                child.kill().unwrap();
                #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
                child.wait().unwrap();
            }
        }
    }

    /// Deletes what it has written; it must not run.
    pub(super) fn wipe(&mut self) {
        assert!(self.running.is_none());
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    /// Starts it where it was and waits until it serves.
    pub(super) fn resume(&mut self) {
        self.launch();
        self.wait_until_ready();
    }

    /// Starts it and waits for nothing.
    pub(super) fn launch(&mut self) {
        let data = self.folder.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let running = match self.kind {
            Kind::Embedded => {
                let address = self.client().to_string();
                let under: Vec<&str> = self.under.iter().map(String::as_str).collect();
                let pilot = Pilot::new().of_this_repository().under(&under);
                Process::Embedded(Box::new(
                    pilot.args(&["catalog", "--address", &address]).start(),
                ))
            }
            Kind::Consul => Process::Server(self.spawn(&self.consul(&data))),
            Kind::Etcd => Process::Server(self.spawn(&self.etcd(&data))),
            Kind::Zookeeper => Process::Server(self.spawn(&self.zookeeper(&data))),
        };
        self.running = Some(running);
    }

    pub(super) fn wait_until_ready(&self) {
        let what = format!("{:?} at {} serves", self.kind, self.client());
        until(&what, || self.told(), || self.is_ready().then_some(()));
    }

    /// Tells whether it serves, and all of the cluster with it.
    pub(super) fn is_ready(&self) -> bool {
        self.kind
            .is_ready(self.client(), self.sites.len(), self.token)
    }

    /// What it has written.
    pub(super) fn told(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        format!("{:?} at {}:\n{text}\n", self.kind, self.client())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn spawn(&self, words: &[String]) -> Child {
        let output = File::options().append(true).create(true).open(self.log());
        let output = output.unwrap();
        let words = match &self.host {
            None => [&self.under, words].concat(),
            Some(host) => host.inside(words),
        };
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let child = command.spawn();
        child.unwrap_or_else(|error| panic!("cannot start {words:?}: {error}"))
    }

    fn consul(&self, data: &Path) -> Vec<String> {
        let Site { address, ports } = self.site();
        let [http, server, serf] = ports;
        let mut settings = format!(
            "ports {{ http = {http} https = -1 grpc = -1 dns = -1 server = {server} serf_lan = {serf} serf_wan = -1 }}\n\
             disable_update_check = true\n\
             performance {{ raft_multiplier = 1 }}\n\
             limits {{ http_max_conns_per_client = 4000 }}\n"
        );
        // A fault here lasts about as long as a silent server is believed to live, 5 s. One that is
        // believed dead as its wire is mended stays so until the next reconnect, up to 30 s later,
        // and all on its agent with it; and a leader that looks meanwhile, every 10 s, throws it
        // out of the cluster for good.
        settings += "gossip_lan { suspicion_mult = 60 }\n\
                     autopilot { cleanup_dead_servers = false }\n";
        settings += &format!("bootstrap_expect = {}\n", self.sites.len());
        for other in &self.sites {
            settings += &format!("retry_join = [\"{}:{}\"]\n", other.address, other.ports[2]);
        }
        if !self.token.is_empty() {
            let token = self.token;
            settings += &format!(
                "acl {{ enabled = true default_policy = \"deny\" tokens {{ master = \"{token}\" agent = \"{token}\" }} }}\n"
            );
        }
        let mut words = vec![consul_binary().display().to_string()];
        words.extend([
            "agent".to_owned(),
            "-server".to_owned(),
            format!("-node=server-{}", self.own),
            format!("-bind={address}"),
            format!("-client={address}"),
            format!("-data-dir={}", data.display()),
            format!("-hcl={settings}"),
        ]);
        words
    }

    fn etcd(&self, data: &Path) -> Vec<String> {
        let url =
            |site: &Site, port: usize| format!("http://{}:{}", site.address, site.ports[port]);
        let (client, peer) = (url(&self.site(), 0), url(&self.site(), 1));
        let all = self.sites.iter().enumerate();
        let all = all.map(|(at, site)| format!("e{at}={}", url(site, 1)));
        let all: Vec<_> = all.collect();
        vec![
            std::env::var("ETCD_BIN").unwrap_or_else(|_| "/usr/bin/etcd".to_owned()),
            format!("--name=e{}", self.own),
            format!("--data-dir={}", data.display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster={}", all.join(",")),
            "--log-level=error".to_owned(),
        ]
    }

    fn zookeeper(&self, data: &Path) -> Vec<String> {
        let Site { address, ports } = self.site();
        let mut settings = format!(
            "tickTime=250\ninitLimit=40\nsyncLimit=8\ndataDir={}\nclientPort={}\n\
             clientPortAddress={address}\nadmin.enableServer=false\nforceSync=no\n\
             maxClientCnxns=0\n4lw.commands.whitelist=*\n",
            data.display(),
            ports[0],
        );
        if self.sites.len() > 1 {
            for (at, site) in self.sites.iter().enumerate() {
                let [_, follow, elect] = site.ports;
                settings += &format!("server.{}={}:{follow}:{elect}\n", at + 1, site.address);
            }
            fs::write(data.join("myid"), format!("{}\n", self.own + 1)).unwrap();
        }
        let path = self.folder.path().join("zoo.cfg");
        fs::write(&path, settings).unwrap();
        let words = [
            "java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx96m",
            "-Dzookeeper.jmx.log4j.disable=true",
            "-cp",
            "/usr/share/java/zookeeper.jar:/usr/share/java/commons-cli.jar",
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        ];
        let mut words = words.map(str::to_owned).to_vec();
        words.push(path.display().to_string());
        words
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
