//! The stack of the articles on three hosts. A host is a network of the engine's with an address range
//! of its own, routed to the others'; in it are one of three servers of Consul, and one instance of
//! everything, which speak to that server. A host that is cut off loses every packet to and from the
//! others, and no other.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    Container, Engine, Timeline,
    docker::docker,
    http::{Answer, over_tcp},
    image, ip, try_docker, until, view, within,
};

/// The services whose instances nginx has, with their ports.
pub(crate) const SERVICES: [(&str, u16); 2] = [("customers", 4000), ("sales", 3000)];

/// How long Consul may take to be whole again: its members try those that failed every 30 s.
const HEALED: Duration = Duration::from_secs(120);

/// One of the three, and what runs on it.
pub(crate) struct Host {
    number: u8,
    _consul: Container,
    pub(crate) nginx: Container,
    /// An instance of each service, in the order of `SERVICES`.
    pub(crate) instances: Vec<Container>,
}

/// All three.
pub(crate) struct Hosts {
    pub(crate) all: Vec<Host>,
    _engine: Engine,
}

impl Hosts {
    /// Starts them, and waits until each has a leader and an nginx that has everything.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let images = ["consul", "customers", "nginx", "sales"];
        let images = images.map(|name| image(&format!("{name}:1.0.0")));
        // The engine's own rules keep its networks apart, as if they were not routed to each other.
        let engine = Engine::start(&images, &["--iptables=false"]);
        (1..=3).for_each(Host::network);
        let all = [1, 2, 3].map(Host::start).into();
        let hosts = Self {
            all,
            _engine: engine,
        };
        for host in &hosts.all {
            hosts.wait_for(host, &hosts.instances(&[1, 2, 3]), String::new);
            view::wait_for_newest(&host.nginx);
        }
        hosts
    }

    /// The addresses of the instances on some hosts, by service.
    pub(crate) fn instances(&self, numbers: &[u8]) -> [BTreeSet<String>; 2] {
        SERVICES.map(|(service, port)| {
            let on = |number: &u8| format!("{}:{port}", address(*number, service));
            numbers.iter().map(on).collect()
        })
    }

    /// Waits until Consul on a host has a leader and passes just these, and nginx there has them.
    #[track_caller]
    pub(crate) fn wait_for(
        &self,
        host: &Host,
        wanted: &[BTreeSet<String>; 2],
        told: impl Fn() -> String,
    ) {
        let what = format!("Consul and nginx of host {} have {wanted:?}", host.number);
        let seen = || format!("{:?} {:?}\n{}", host.passing(), host.servers(), told());
        within(HEALED, &what, seen, || {
            (host.passing() == *wanted && host.servers() == *wanted).then_some(())
        });
    }

    /// The host whose server leads, once all three are voters: one that was away for long is one again
    /// only when it has been back for ten seconds, and until then no other may be lost.
    #[track_caller]
    pub(crate) fn leader(&self) -> &Host {
        until("there is a leader, and three vote", String::new, || {
            let peers = self.all[0].ask("/v1/operator/raft/configuration")?.json();
            let servers = peers["Servers"].as_array()?;
            let votes = servers.iter().filter(|server| server["Voter"] == true);
            let leader = servers.iter().find(|server| server["Leader"] == true)?;
            let leads = |host: &&Host| leader["Node"] == format!("host{}", host.number);
            (votes.count() == 3).then(|| self.all.iter().find(leads))?
        })
    }
}

impl Host {
    #[track_caller]
    fn network(number: u8) {
        let name = format!("host{number}");
        let subnet = format!("10.50.{number}.0/24");
        let bridge = format!("com.docker.network.bridge.name={name}");
        let words = ["network", "create", "--subnet", &subnet, "--opt", &bridge];
        docker(&[&words[..], &[&name]].concat());
    }

    #[track_caller]
    fn start(number: u8) -> Self {
        let consul = Self::run(number, "consul", &[], &consul_words(number));
        let own = format!("CONSUL={}", address(number, "consul"));
        let start = |service: &str| Self::run(number, service, &["--env", &own], &[]);
        Self {
            number,
            _consul: consul,
            nginx: start("nginx"),
            instances: SERVICES.map(|(service, _)| start(service)).into(),
        }
    }

    #[track_caller]
    fn run(number: u8, service: &str, options: &[&str], words: &[String]) -> Container {
        let (network, name) = (format!("host{number}"), format!("{service}-{number}"));
        let (address, image) = (
            address(number, service).to_string(),
            image(&format!("{service}:1.0.0")),
        );
        let place = ["--network", &network, "--ip", &address, "--hostname", &name];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Container::run(&name, &[&place, options, &[&image], &words].concat())
    }

    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// From now on packets between this host and the others vanish; nobody is told.
    pub(crate) fn cut(&self, timeline: &Timeline) {
        self.rules("add");
        timeline.act(&format!("host {} is cut off", self.number));
    }

    pub(crate) fn heal(&self, timeline: &Timeline) {
        self.rules("del");
        timeline.act(&format!("host {} is back", self.number));
    }

    /// What goes out of the host, and what comes in from the others.
    fn rules(&self, change: &str) {
        let own = self.number;
        ip(&format!("rule {change} pref 100 iif host{own} blackhole"));
        for other in [1, 2, 3].iter().filter(|other| **other != own) {
            ip(&format!(
                "rule {change} pref 100 iif host{other} to 10.50.{own}.0/24 blackhole"
            ));
        }
    }

    fn ask(&self, path: &str) -> Option<Answer> {
        let consul = SocketAddr::from((address(self.number, "consul"), 8500));
        let answer = over_tcp(consul, "GET", path, "").ok()?;
        (answer.status == 200).then_some(answer)
    }

    /// What Consul of this host passes; nothing while it has no leader.
    pub(crate) fn passing(&self) -> [BTreeSet<String>; 2] {
        self.known("?passing=1")
    }

    fn known(&self, query: &str) -> [BTreeSet<String>; 2] {
        SERVICES.map(|(service, _)| {
            let answer = self.ask(&format!("/v1/health/service/{service}{query}"));
            answer.map_or_else(BTreeSet::new, |answer| view::instances(&answer.body))
        })
    }

    /// How many entries the catalog has of each service.
    pub(crate) fn entries(&self) -> [usize; 2] {
        SERVICES.map(|(service, _)| {
            let answer = self.ask(&format!("/v1/catalog/service/{service}"));
            answer.map_or(0, |answer| answer.json().as_array().map_or(0, Vec::len))
        })
    }

    /// What nginx of this host has.
    pub(crate) fn servers(&self) -> [BTreeSet<String>; 2] {
        SERVICES.map(|(service, _)| view::servers(&self.nginx, service))
    }

    pub(crate) fn front(&self) -> SocketAddr {
        (address(self.number, "nginx"), 80).into()
    }

    pub(crate) fn get(&self, path: &str) -> std::io::Result<Answer> {
        over_tcp(self.front(), "GET", path, "")
    }

    /// Every process of the containers that containerpilot keeps, but those that come and go: the
    /// checks and hooks.
    #[track_caller]
    pub(crate) fn processes(&self) -> BTreeSet<String> {
        let of = |one: &Container| {
            let top = try_docker(&["top", &one.name, "-o", "pid,comm"]).unwrap();
            let lasting = |line: &&str| {
                let last = line.split_whitespace().last();
                ["containerpilot", "node", "nginx"]
                    .iter()
                    .any(|name| last == Some(name))
            };
            // Of nginx, whose workers are new with each configuration, the first.
            let mut seen = BTreeSet::new();
            let first =
                |line: &&str| seen.insert(line.split_whitespace().last().map(str::to_owned));
            let lines = top.lines().filter(lasting).filter(first);
            lines
                .map(|line| format!("{} {}", one.name, line.trim()))
                .collect::<Vec<_>>()
        };
        self.instances
            .iter()
            .chain([&self.nginx])
            .flat_map(of)
            .collect()
    }
}

/// The address of a service's instance on a host.
fn address(number: u8, service: &str) -> Ipv4Addr {
    let last = match service {
        "consul" => 10,
        "customers" => 20,
        "sales" => 30,
        _ => 40,
    };
    Ipv4Addr::new(10, 50, number, last)
}

/// What a server of Consul is started with.
fn consul_words(number: u8) -> Vec<String> {
    let mut words = vec![
        "agent".to_owned(),
        "-server".to_owned(),
        "-bootstrap-expect=3".to_owned(),
        "-config-dir=/etc/consul".to_owned(),
        format!("-node=host{number}"),
        "-retry-interval=1s".to_owned(),
    ];
    let others = [1, 2, 3].into_iter().filter(|other| *other != number);
    words.extend(others.map(|other| format!("-retry-join={}", address(other, "consul"))));
    words
}
