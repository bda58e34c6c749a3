//! More queries than there are connections for.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use catalog::{
    Answer, CatalogEvent, CatalogHandle, FollowEvent, Query, ServiceEvent, consul::Settings,
    query::ServiceQuery,
};
use pilot_core::{JobName, spec::Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    backend::{Backend, Eye, contract},
    consul::{Consul, Kind},
    pilot::{Pilot, passing, service},
};

contract! {
    many_services_share_few_connections,
    many_keys_share_few_connections,
    everything_else_shares_too,
}

/// What decision 9 promises.
const MOST: usize = 64;

const NODES: usize = 20;

/// Follows queries as a helper would, at an interval that no test waits for.
fn follow(pilot: &Pilot, queries: impl IntoIterator<Item = Query>) {
    for query in queries {
        pilot.handle.follow(query, Duration::from_secs(600));
    }
}

/// Waits until each of so many queries has its first answer.
async fn first_answers(pilot: &mut Pilot, count: usize) -> BTreeMap<Query, Answer> {
    let mut answers = BTreeMap::new();
    while answers.len() < count {
        if let CatalogEvent::Answer { query, event } = pilot.next().await {
            let FollowEvent::Update(answer) = event else {
                panic!("{query}: {event:?}");
            };
            answers.insert(Query::clone(&query), answer);
        }
    }
    answers
}

/// Counts the instances of an answer.
fn size(answer: &Answer) -> usize {
    let Answer::Instances(instances) = answer else {
        panic!("{answer:?}");
    };
    instances.len()
}

/// Counts the connections to an address, from this machine and so from this process.
fn connections(address: SocketAddr) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let wanted = format!("0100007F:{:04X}", address.port());
    let is_open = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        // 01 is established.
        words.next() == Some(&wanted) && words.next() == Some("01")
    };
    table.lines().filter(is_open).count()
}

/// The time this process has worked, in hundredths of a second.
fn own_ticks() -> u64 {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap();
    let words = line.rsplit(')').next().unwrap().split_whitespace();
    words
        .skip(11)
        .take(2)
        .map(|word| word.parse::<u64>().unwrap())
        .sum()
}

async fn many_services_share_few_connections(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::patient(backend.address());
    for number in [7, 93] {
        let name = format!("crowd-{number}");
        app.register(&name, &service(&name, 1), Status::Passing)
            .await;
    }
    let names: Vec<_> = (0..120).map(|number| format!("crowd-{number}")).collect();
    follow(&reader, names.iter().map(|name| passing(name)));
    let answers = first_answers(&mut reader, names.len()).await;
    let known = |name: &str| size(&answers[&passing(name)]);
    assert_eq!(
        (known("crowd-7"), known("crowd-93"), known("crowd-8")),
        (1, 1, 0)
    );
    for port in 2..6 {
        for name in ["crowd-7", "crowd-93", "crowd-119"] {
            app.register(name, &service(name, port), Status::Passing)
                .await;
            assert_eq!(reader.update(name).await[0].port, port, "{name}");
        }
    }
    app.publish("crowd-7", &service("crowd-7", 5), Status::Critical);
    assert_eq!(*reader.update("crowd-7").await, []);
    app.publish("crowd-7", &service("crowd-7", 5), Status::Passing);
    assert_eq!(reader.update("crowd-7").await.len(), 1);
    app.withdrawn("crowd-93").await;
    assert_eq!(*reader.update("crowd-93").await, []);
    reader.assert_silent();
    // Few again, each has a question of its own.
    for name in &names[20..] {
        reader.handle.unfollow(&passing(name));
    }
    app.register("crowd-7", &service("crowd-7", 9), Status::Passing)
        .await;
    assert_eq!(reader.update("crowd-7").await[0].port, 9);
    reader.assert_silent();
}

async fn many_keys_share_few_connections(backend: Backend) {
    let eye = Eye(backend.address());
    let mut reader = Pilot::patient(backend.address());
    let key = |number: usize| Query::Key {
        path: format!("many/keys/{}/{number}", number % 7),
        dc: None,
    };
    eye.put("/v1/kv/many/keys/0/0", "here").await;
    follow(&reader, (0..200).map(key));
    let answers = first_answers(&mut reader, 200).await;
    assert_eq!(answers[&key(0)], Answer::Value(Some("here".into())));
    assert_eq!(answers[&key(199)], Answer::Value(None));
    for text in ["one", "two", "three"] {
        for number in [0, 100, 199] {
            let path = format!("/v1/kv/many/keys/{}/{number}", number % 7);
            assert_eq!(eye.put(&path, text).await, 200);
            let value = Answer::Value(Some(text.into()));
            assert_eq!(reader.answer(&key(number)).await, value);
        }
    }
    assert_eq!(eye.put("/v1/kv/elsewhere", "x").await, 200);
    reader.assert_silent();
}

async fn everything_else_shares_too(backend: Backend) {
    let eye = Eye(backend.address());
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::patient(backend.address());
    let pairs = |number: usize| Query::Pairs {
        prefix: format!("folders/{number}/"),
        dc: None,
    };
    let others = [
        Query::Services { dc: None },
        Query::Nodes {
            dc: None,
            near: None,
        },
        Query::Node {
            name: None,
            dc: None,
        },
        Query::Datacenters {
            ignore_failing: true,
        },
    ];
    follow(&reader, (0..60).map(pairs).chain(others.clone()));
    let answers = first_answers(&mut reader, 64).await;
    assert_eq!(
        answers[&others[3]],
        Answer::Datacenters([Box::from("dc1")].into())
    );
    assert!(matches!(&answers[&others[1]], Answer::Nodes(nodes) if nodes.len() == 1));
    let Answer::Node(Some(own)) = &answers[&others[2]] else {
        panic!("{answers:?}");
    };
    assert!(own.services.iter().any(|service| &*service.id == "consul"));
    for number in [0, 59] {
        eye.put(&format!("/v1/kv/folders/{number}/a/b"), "c").await;
        let answer = reader.answer(&pairs(number)).await;
        let Answer::Pairs(pairs) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!((pairs.len(), &*pairs[0].value), (1, &b"c"[..]));
        assert!(pairs[0].path.ends_with("/a/b"));
    }
    app.register("folders", &service("folders-host", 1), Status::Passing)
        .await;
    let is_new = |answer: &Answer| match answer {
        Answer::Services(services) => services.iter().any(|service| &*service.name == "folders"),
        Answer::Node(Some(node)) => {
            let mut services = node.services.iter();
            services.any(|service| &*service.id == "folders-host")
        }
        Answer::Node(None)
        | Answer::Instances(_)
        | Answer::Nodes(_)
        | Answer::Datacenters(_)
        | Answer::Value(_)
        | Answer::Pairs(_) => false,
    };
    let mut told = BTreeSet::new();
    // Others register too.
    while told.len() < 2 {
        if let CatalogEvent::Answer { query, event } = reader.next().await
            && let FollowEvent::Update(answer) = event
            && is_new(&answer)
        {
            told.insert(query);
        }
    }
}

/// Registers instances of services, on nodes that no agent stands for, and fast.
struct Town(Eye);

impl Town {
    async fn build(self, services: usize) -> Self {
        let nodes = (0..NODES).map(|node| {
            json!({"Node": {"Verb": "set", "Node": {"Node": format!("n{node}"), "Address": format!("10.0.0.{node}")}}})
        });
        self.change(nodes.collect()).await;
        let all = (0..services).flat_map(|service| (0..NODES).map(move |node| (service, node)));
        let all: Vec<_> = all.collect();
        for some in all.chunks(32) {
            let set = some.iter();
            let set = set.flat_map(|(service, node)| {
                [
                    Self::instance(*service, *node, 8000),
                    Self::check(*service, *node, "passing"),
                ]
            });
            self.change(set.collect()).await;
        }
        self
    }

    async fn change(&self, operations: Vec<Value>) {
        let body = Value::from(operations).to_string();
        assert_eq!(self.0.put("/v1/txn", &body).await, 200);
    }

    fn instance(service: usize, node: usize, port: u16) -> Value {
        json!({"Service": {"Verb": "set", "Node": format!("n{node}"), "Service": {
            "ID": format!("s{service}-{node}"), "Service": format!("s{service}"), "Port": port,
            "Address": format!("10.1.{node}.{}", service % 250), "Tags": ["v1"]}}})
    }

    fn check(service: usize, node: usize, status: &str) -> Value {
        json!({"Check": {"Verb": "set", "Check": {
            "Node": format!("n{node}"), "CheckID": format!("service:s{service}-{node}"),
            "Name": format!("Service 's{service}' check"), "Status": status,
            "ServiceID": format!("s{service}-{node}")}}})
    }
}

#[tokio::test]
async fn twenty_thousand_instances_are_followed_over_few_connections() {
    // A hundred is half of what Consul allows one address unless it is told otherwise.
    let limits = "limits { http_max_conns_per_client = 100 }";
    let consul = Consul::start(Kind::With(limits.to_owned())).await;
    let address = consul.http();
    let town = Town(Eye(address)).build(1000).await;
    let mut reader = Pilot::patient(address);
    let services = 0..1000;
    let began = Instant::now();
    follow(
        &reader,
        services.map(|number| passing(&format!("s{number}"))),
    );
    let answers = first_answers(&mut reader, 1000).await;
    println!("first answers after {:?}", began.elapsed());
    let sizes: BTreeSet<_> = answers.values().map(size).collect();
    assert_eq!(sizes, BTreeSet::from([NODES]));
    assert!(connections(address) <= MOST, "{}", connections(address));
    let name = |service: usize| format!("s{service}");
    let mut took = Vec::new();
    let spent = own_ticks();
    for step in 0..40_usize {
        let (service, node) = (step * 83 % 1000, step % NODES);
        let began = Instant::now();
        let port = 9000 + u16::try_from(step).unwrap();
        town.change(vec![Town::instance(service, node, port)]).await;
        let instances = reader.update(&name(service)).await;
        took.push(began.elapsed());
        assert!(instances.iter().any(|instance| instance.port == port));
    }
    took.sort_unstable();
    println!(
        "another port: half within {:?}, nine of ten within {:?}, all within {:?}; {} ms of own CPU",
        took[20],
        took[36],
        took[39],
        (own_ticks() - spent) * 10,
    );
    took.clear();
    for step in 0..6_usize {
        let service = step * 163 % 1000;
        for (status, count) in [("critical", NODES - 1), ("passing", NODES)] {
            let began = Instant::now();
            town.change(vec![Town::check(service, 3, status)]).await;
            assert_eq!(reader.update(&name(service)).await.len(), count);
            took.push(began.elapsed());
        }
    }
    println!("a check: {took:?}");
    // A check of a node is one of every instance on it.
    let disk = json!({"Check": {"Verb": "set", "Check": {
        "Node": "n5", "CheckID": "disk", "Name": "disk", "Status": "critical"}}});
    town.change(vec![disk]).await;
    let mut fewer = BTreeSet::new();
    while fewer.len() < 1000 {
        if let CatalogEvent::Answer { query, event } = reader.next().await
            && let FollowEvent::Update(Answer::Instances(instances)) = event
        {
            assert_eq!(instances.len(), NODES - 1, "{query}");
            fewer.insert(query);
        }
    }
    assert!(connections(address) <= MOST, "{}", connections(address));
    reader.assert_silent();
}

#[tokio::test]
async fn a_crowd_hears_of_an_agent_that_comes_back_empty() {
    let mut consul = Consul::start(Kind::Forgetful).await;
    let town = Town(Eye(consul.http())).build(100).await;
    let mut reader = Pilot::patient(consul.http());
    follow(
        &reader,
        (0..100).map(|number| passing(&format!("s{number}"))),
    );
    first_answers(&mut reader, 100).await;
    consul.kill();
    let mut lost = BTreeSet::new();
    while lost.len() < 100 {
        if let CatalogEvent::Answer { query, event } = reader.next().await {
            assert!(
                matches!(event, FollowEvent::Lost { .. }),
                "{query}: {event:?}"
            );
            lost.insert(query);
        }
    }
    assert!(consul.resume().await);
    let query = Query::Service(ServiceQuery::passing("s42"));
    assert_eq!(reader.answer(&query).await, Answer::Instances([].into()));
    let town = town.build(50).await;
    while reader.update("s42").await.len() < NODES {}
    town.change(vec![Town::check(42, 7, "warning")]).await;
    assert_eq!(reader.update("s42").await.len(), NODES - 1);
}

/// All at once, as when a data center comes back: each asks no more often than it must, nobody is
/// left out, and the catalog has them all.
#[tokio::test]
async fn a_thousand_instances_register_at_once() {
    const COUNT: usize = 1_000;
    const BOUND: Duration = Duration::from_secs(60);
    // Each has a connection of its own, as if it came from a machine of its own.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let limit = rustix::process::Rlimit {
        current: most,
        maximum: most,
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    let limits = "limits { http_max_conns_per_client = 4000 }";
    let consul = Consul::start(Kind::With(limits.to_owned())).await;
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let began = Instant::now();
    let handles: Vec<_> = (0..COUNT)
        .map(|number| {
            let settings = Settings::parse(&consul.http().to_string()).unwrap();
            let handle = CatalogHandle::spawn(settings, sender.clone()).unwrap();
            let name = format!("storm-{number}");
            let spec = service(&name, 1);
            handle.publish(&JobName::from(name.as_str()), &spec, Status::Passing, "ok");
            handle
        })
        .collect();
    let mut times = BTreeMap::new();
    while times.len() < COUNT {
        let left = BOUND.saturating_sub(began.elapsed());
        let event = tokio::time::timeout(left, events.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("{} stand after {BOUND:?}", times.len()));
        if let Some(CatalogEvent::Service {
            name,
            event: ServiceEvent::Registered,
        }) = event
        {
            times.entry(name).or_insert(began.elapsed());
        }
    }
    let took = began.elapsed().as_secs_f64();
    let calls =
        |handle: &CatalogHandle| handle.calls().iter().map(|count| count.calls).sum::<u64>();
    let most = handles.iter().map(calls).max().unwrap_or_default();
    let all: u64 = handles.iter().map(calls).sum();
    println!("{COUNT} stand after {took:.1} s, by {all} calls, {most} of one at most");
    // The registration, the look and the report, and as much again for each try that was lost.
    let tries = 1.0 + took / 5.0;
    #[expect(clippy::cast_precision_loss, reason = "a few calls")]
    let most = most as f64;
    assert!(most <= 4.0 * tries, "{most} calls of one in {took} s");
    let held = Eye(consul.http()).get("/v1/agent/services").await;
    let held = held.as_object().map_or(0, serde_json::Map::len);
    assert_eq!(held, COUNT);
}
