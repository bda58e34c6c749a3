//! What a case stands on: a catalog, and names that no other case uses.

use std::{
    fmt,
    net::SocketAddr,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use catalog::{
    Answer, CatalogEvent, FollowEvent, LinkEvent, Query, Settings, consul, etcd,
    query::ServiceQuery, transport::Timeouts, zookeeper,
};
use dev_catalog::DevCatalog;
use pilot_core::spec::ServiceSpec;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell, oneshot};

use super::relay::Relay;
use crate::{
    backend::Eye,
    consul::{Consul, Kind as Agent},
    etcd::Etcd,
    pilot::{Pilot, service},
    zookeeper::{Cli, Zookeeper},
};

/// Which catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Consul,
    Etcd,
    Zookeeper,
    Embedded,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Consul, Self::Etcd, Self::Zookeeper, Self::Embedded];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consul => "Consul",
            Self::Etcd => "etcd",
            Self::Zookeeper => "ZooKeeper",
            Self::Embedded => "embedded",
        })
    }
}

/// The servers of a run: the one that all cases share, and others for those that move.
pub(super) struct Servers {
    home: Server,
    /// Another of the same kind.
    elsewhere: OnceCell<Server>,
    /// One of another kind.
    abroad: OnceCell<Server>,
}

enum Server {
    Consul(Consul),
    Etcd(Etcd),
    Zookeeper {
        zookeeper: Zookeeper,
        /// Its own command line, which takes long to start.
        cli: OnceCell<Mutex<Cli>>,
    },
    Embedded(Embedded),
}

/// An embedded catalog on a thread of its own, as others have a process of their own.
struct Embedded {
    address: SocketAddr,
    /// It ends when this is dropped.
    _end: oneshot::Sender<()>,
}

/// The ground of one case.
#[derive(Clone)]
pub(super) struct Ground {
    servers: Rc<Servers>,
    number: usize,
}

impl Servers {
    pub(super) async fn start(kind: Kind) -> Self {
        Self {
            home: Server::start(kind).await,
            elsewhere: OnceCell::new(),
            abroad: OnceCell::new(),
        }
    }
}

impl Embedded {
    async fn start() -> Self {
        let (end, ended) = oneshot::channel();
        let (told, address) = oneshot::channel();
        std::thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().unwrap();
            runtime.block_on(async {
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let catalog = DevCatalog::bind(any).unwrap();
                told.send(catalog.local_addr()).unwrap();
                // Nothing is ever sent: it is the other end that goes.
                let end = async { drop(ended.await) };
                catalog.serve(end).await.unwrap();
            });
        });
        Self {
            address: address.await.unwrap(),
            _end: end,
        }
    }
}

impl Server {
    async fn start(kind: Kind) -> Self {
        match kind {
            Kind::Consul => Self::Consul(Consul::start(Agent::Forgetful).await),
            Kind::Etcd => Self::Etcd(Etcd::start().await),
            Kind::Zookeeper => Self::Zookeeper {
                zookeeper: Zookeeper::start().await,
                cli: OnceCell::new(),
            },
            Kind::Embedded => Self::Embedded(Embedded::start().await),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Consul(_) => Kind::Consul,
            Self::Etcd(_) => Kind::Etcd,
            Self::Zookeeper { .. } => Kind::Zookeeper,
            Self::Embedded(_) => Kind::Embedded,
        }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Consul(consul) => consul.http(),
            Self::Etcd(etcd) => etcd.address(),
            Self::Zookeeper { zookeeper, .. } => zookeeper.address(0),
            Self::Embedded(embedded) => embedded.address,
        }
    }

    /// The way to it, or to a relay before it, impatient enough for tests.
    fn settings(&self, address: SocketAddr) -> Settings {
        let timeouts = Timeouts {
            connect: Duration::from_secs(2),
            call: Duration::from_secs(2),
            wait: Duration::from_secs(60),
        };
        match self {
            Self::Consul(_) | Self::Embedded(_) => {
                let mut settings = consul::Settings::parse(&address.to_string()).unwrap();
                settings.timeouts = timeouts;
                settings.into()
            }
            Self::Etcd(_) => {
                let mut settings = etcd::Settings::parse([&*address.to_string()]).unwrap();
                settings.node = "test-node".to_owned();
                settings.timeouts = timeouts;
                settings.into()
            }
            Self::Zookeeper { .. } => {
                let mut settings = zookeeper::Settings::parse(&address.to_string()).unwrap();
                settings.node = "test-node".to_owned();
                settings.timeouts = timeouts;
                settings.into()
            }
        }
    }

    async fn take_away(&self, service: &str, id: &str) {
        match self {
            Self::Consul(_) | Self::Embedded(_) => {
                let path = format!("/v1/agent/service/deregister/{id}");
                assert_eq!(Eye(self.address()).put(&path, "").await, 200);
            }
            Self::Etcd(etcd) => {
                let key = format!("/containerpilot/{service}/{id}");
                etcd.delete(&key).await;
            }
            Self::Zookeeper { zookeeper, cli } => {
                let cli = cli.get_or_init(async || Mutex::new(zookeeper.cli(0).await));
                let delete = format!("delete '/containerpilot/{service}/{id}'");
                let said = cli.await.lock().await.run(&delete).await;
                assert!(!said.contains("exist"), "{said}");
            }
        }
    }

    async fn tagged_addresses(&self, service: &str, id: &str) -> Value {
        let mut held = match self {
            Self::Consul(_) | Self::Embedded(_) => {
                let mut held = Eye(self.address()).service(id).await;
                held["TaggedAddresses"].take()
            }
            Self::Etcd(etcd) => {
                let key = format!("/containerpilot/{service}/{id}");
                let held = etcd.value(&key).await.expect("it is there");
                let mut held: Value = serde_json::from_str(&held).unwrap();
                held["taggedAddresses"].take()
            }
            Self::Zookeeper { zookeeper, cli } => {
                let cli = cli.get_or_init(async || Mutex::new(zookeeper.cli(0).await));
                let node = format!("/containerpilot/{service}/{id}");
                let mut held = cli.await.lock().await.json(&node).await;
                held["taggedAddresses"].take()
            }
        };
        // Consul writes its own names with capitals.
        let lower = held.take().to_string().to_lowercase();
        serde_json::from_str(&lower).unwrap()
    }
}

static MARKS: AtomicUsize = AtomicUsize::new(0);

impl Pilot {
    /// Asserts that nothing is told before a question of another kind is answered, which is asked
    /// now.
    pub(super) async fn hears_nothing(&mut self, ground: &Ground) {
        // Another one each time: what is followed again at once is not asked again.
        let number = MARKS.fetch_add(1, Ordering::Relaxed);
        let mark = ground.value(&format!("mark-{number}"));
        self.follow(&mark);
        loop {
            let event = self.next().await;
            if let CatalogEvent::Answer { query, event } = &event
                && **query == mark
            {
                assert_eq!(*event, FollowEvent::Update(Answer::Value(None)));
                break;
            }
            let is_link = event == CatalogEvent::Link(LinkEvent::Back);
            assert!(is_link, "unexpected {event:?}");
        }
        self.handle.unfollow(&mark);
        self.assert_silent();
    }
}

impl Ground {
    pub(super) fn new(servers: Rc<Servers>, number: usize) -> Self {
        Self { servers, number }
    }

    pub(super) fn kind(&self) -> Kind {
        self.servers.home.kind()
    }

    /// A name that only this case uses.
    pub(super) fn name(&self, word: &str) -> String {
        format!("{word}-{}", self.number)
    }

    /// A key that only this case uses.
    pub(super) fn key(&self, path: &str) -> String {
        format!("case-{}/{path}", self.number)
    }

    /// An instance with an identity that only this case uses.
    pub(super) fn service(&self, word: &str, port: u16) -> ServiceSpec {
        service(&self.name(word), port)
    }

    /// The passing instances of a service.
    pub(super) fn passing(&self, word: &str) -> Query {
        Query::Service(ServiceQuery::passing(self.name(word)))
    }

    /// All instances of a service, however they are.
    pub(super) fn all(&self, word: &str) -> Query {
        Query::Service(ServiceQuery {
            any_status: true,
            ..ServiceQuery::passing(self.name(word))
        })
    }

    /// The value of a key.
    pub(super) fn value(&self, path: &str) -> Query {
        Query::Key {
            path: self.key(path),
            dc: None,
        }
    }

    /// The keys under a prefix.
    pub(super) fn pairs(&self, prefix: &str) -> Query {
        Query::Pairs {
            prefix: self.key(prefix),
            dc: None,
        }
    }

    /// The way to the catalog.
    pub(super) fn settings(&self) -> Settings {
        let home = &self.servers.home;
        home.settings(home.address())
    }

    /// A helper: it publishes and follows.
    pub(super) fn pilot(&self) -> Pilot {
        Pilot::with(self.settings())
    }

    /// A relay before the catalog.
    pub(super) async fn relay(&self) -> Relay {
        Relay::before(self.servers.home.address()).await
    }

    /// The way to the catalog over a relay.
    pub(super) fn over(&self, relay: &Relay) -> Settings {
        self.servers.home.settings(relay.address())
    }

    /// The way to where nobody listens.
    pub(super) fn nowhere(&self) -> Settings {
        self.servers
            .home
            .settings(SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    /// Another catalog of the same kind.
    pub(super) async fn elsewhere(&self) -> Settings {
        let start = || Server::start(self.kind());
        let server = self.servers.elsewhere.get_or_init(start).await;
        server.settings(server.address())
    }

    /// A catalog of another kind.
    pub(super) async fn abroad(&self) -> Settings {
        let other = match self.kind() {
            Kind::Consul | Kind::Embedded => Kind::Etcd,
            Kind::Etcd | Kind::Zookeeper => Kind::Embedded,
        };
        let server = self
            .servers
            .abroad
            .get_or_init(|| Server::start(other))
            .await;
        server.settings(server.address())
    }

    /// Takes an instance away, as somebody with the catalog's own tools would.
    pub(super) async fn rob(&self, service: &str, id: &str) {
        let (service, id) = (self.name(service), self.name(id));
        self.servers.home.take_away(&service, &id).await;
    }

    /// The tagged addresses of an instance, as the catalog's own tools show them.
    pub(super) async fn tagged_addresses(&self, service: &str, id: &str) -> Value {
        let (service, id) = (self.name(service), self.name(id));
        self.servers.home.tagged_addresses(&service, &id).await
    }
}
