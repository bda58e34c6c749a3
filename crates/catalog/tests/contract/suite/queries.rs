//! What else may be asked, and what not every catalog has.

use std::time::Duration;

use catalog::{
    Answer, CatalogError, FollowEvent, Lock, LockEvent, LockSettings, Query, query::ServiceQuery,
};
use pilot_core::spec::Status;
use tokio::{sync::mpsc, time::timeout};

use super::{Found, cases, ground::Ground};
use crate::{backend::DEADLINE, pilot::Pilot};

cases! {
    /// All services are listed by name, with every tag that an instance has.
    services_are_listed_with_their_tags,
    /// A service that leaves is listed no longer.
    a_service_that_left_is_not_listed,
    /// All datacenters are listed.
    datacenters_are_listed lacking { Etcd: "datacenters", Zookeeper: "datacenters" },
    /// All nodes are listed.
    nodes_are_listed lacking { Etcd: "nodes", Zookeeper: "nodes" },
    /// A node shows its services.
    a_node_shows_its_services lacking { Etcd: "nodes", Zookeeper: "nodes" },
    /// Instances of another datacenter may be asked for.
    a_datacenter_may_be_named lacking { Etcd: "datacenters", Zookeeper: "datacenters" },
    /// Keys of another datacenter may be asked for.
    a_datacenter_of_keys_may_be_named lacking { Etcd: "datacenters", Zookeeper: "datacenters" },
    /// Instances may be sorted by who is near.
    the_nearest_may_come_first lacking { Etcd: "notion of who is near", Zookeeper: "notion of who is near" },
    /// A key may be locked.
    a_key_may_be_locked lacking { Etcd: "locks", Zookeeper: "locks" },
}

/// Waits for the first answer to a query, or for the catalog to say that it does not have it.
async fn ask(reader: &mut Pilot, wanted: &Query) -> Result<Answer, Found> {
    reader.follow(wanted);
    match reader.follows(wanted).await {
        FollowEvent::Update(answer) => Ok(answer),
        FollowEvent::Lost { reason } => Err(Found::Absent(reason)),
        FollowEvent::Back => panic!("{wanted} was not lost"),
    }
}

async fn services_are_listed_with_their_tags(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    for (id, tags) in [("a", "z blue"), ("b", "blue green")] {
        let mut spec = ground.service(id, 1);
        spec.name = Some(ground.name("web"));
        spec.tags = tags.split_whitespace().map(str::to_owned).collect();
        app.register(id, &spec, Status::Critical).await;
    }
    let query = Query::Services { dc: None };
    reader.follow(&query);
    let name = ground.name("web");
    let is_listed = |answer: &Answer| {
        let Answer::Services(services) = answer else {
            panic!("{answer:?}");
        };
        assert!(services.iter().map(|one| &one.name).is_sorted());
        services
            .iter()
            .any(|one| *one.name == name && one.tags.join(" ") == "blue green z")
    };
    reader
        .until(&query, "the service and its tags", is_listed)
        .await;
}

async fn a_service_that_left_is_not_listed(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), Query::Services { dc: None });
    let is_listed = |answer: &Answer| {
        let Answer::Services(services) = answer else {
            panic!("{answer:?}");
        };
        services.iter().any(|one| *one.name == name)
    };
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    reader.follow(&query);
    reader.until(&query, "the service", is_listed).await;
    app.withdrawn(&name).await;
    let is_gone = |answer: &Answer| !is_listed(answer);
    reader.until(&query, "that it left", is_gone).await;
}

async fn datacenters_are_listed(ground: Ground) -> Found {
    let query = Query::Datacenters {
        ignore_failing: false,
    };
    match ask(&mut ground.pilot(), &query).await {
        Ok(Answer::Datacenters(names)) if !names.is_empty() => Found::Holds,
        Ok(other) => panic!("{other:?}"),
        Err(absent) => absent,
    }
}

async fn nodes_are_listed(ground: Ground) -> Found {
    let query = Query::Nodes {
        dc: None,
        near: None,
    };
    match ask(&mut ground.pilot(), &query).await {
        Ok(Answer::Nodes(nodes)) if !nodes.is_empty() => Found::Holds,
        Ok(other) => panic!("{other:?}"),
        Err(absent) => absent,
    }
}

async fn a_node_shows_its_services(ground: Ground) -> Found {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let spec = ground.service("web", 1);
    app.register(&ground.name("web"), &spec, Status::Passing)
        .await;
    let query = Query::Node {
        name: None,
        dc: None,
    };
    if let Err(absent) = ask(&mut reader, &query).await {
        return absent;
    }
    let is_shown = |answer: &Answer| {
        let Answer::Node(Some(node)) = answer else {
            panic!("{answer:?}");
        };
        node.services.iter().any(|one| *one.id == spec.id)
    };
    reader.until(&query, "the service", is_shown).await;
    Found::Holds
}

async fn a_datacenter_may_be_named(ground: Ground) -> Found {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    app.register(
        &ground.name("web"),
        &ground.service("web", 1),
        Status::Passing,
    )
    .await;
    let query = Query::Service(ServiceQuery {
        dc: Some("dc1".to_owned()),
        ..ServiceQuery::passing(ground.name("web"))
    });
    if let Err(absent) = ask(&mut reader, &query).await {
        return absent;
    }
    reader.until_one(&query, "it", |_| true).await;
    Found::Holds
}

async fn a_datacenter_of_keys_may_be_named(ground: Ground) -> Found {
    let query = Query::Key {
        path: ground.key("any"),
        dc: Some("dc1".to_owned()),
    };
    match ask(&mut ground.pilot(), &query).await {
        Ok(Answer::Value(None)) => Found::Holds,
        Ok(other) => panic!("{other:?}"),
        Err(absent) => absent,
    }
}

async fn the_nearest_may_come_first(ground: Ground) -> Found {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    app.register(
        &ground.name("web"),
        &ground.service("web", 1),
        Status::Passing,
    )
    .await;
    let query = Query::Service(ServiceQuery {
        near: Some("_agent".to_owned()),
        ..ServiceQuery::passing(ground.name("web"))
    });
    if let Err(absent) = ask(&mut reader, &query).await {
        return absent;
    }
    reader.until_one(&query, "it", |_| true).await;
    Found::Holds
}

async fn a_key_may_be_locked(ground: Ground) -> Found {
    let app = ground.pilot();
    // Only Consul's own client is taken for a lock, so its absence shows before anything runs.
    let Some(client) = app.handle.consul() else {
        return Found::Absent(CatalogError::Unsupported {
            who: ground.settings().backend(),
            what: "locks",
        });
    };
    let wanted = LockSettings {
        key: ground.key("lock"),
        dc: None,
        name: "contract".to_owned(),
        value: "here".into(),
        ttl: Duration::from_secs(10),
        delay: Duration::ZERO,
    };
    let (sender, mut events) = mpsc::channel(4);
    let lock = Lock::spawn(client, wanted, sender);
    let event = timeout(DEADLINE, events.recv()).await.unwrap();
    assert_eq!(event, Some(LockEvent::Held));
    lock.release().await;
    Found::Holds
}
