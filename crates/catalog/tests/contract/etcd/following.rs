//! Following etcd: nothing is missed, whatever ends a stream.

use std::time::Duration;

use bytes::Bytes;
use catalog::{Answer, CatalogError, FollowEvent, Query, ServiceEvent, query::ServiceQuery};
use pilot_core::spec::Status;
use serde_json::json;

use super::{Etcd, registration::settings};
use crate::pilot::{Pilot, passing, service};

fn key(path: &str) -> Query {
    Query::Key {
        path: path.to_owned(),
        dc: None,
    }
}

fn pairs(prefix: &str) -> Query {
    Query::Pairs {
        prefix: prefix.to_owned(),
        dc: None,
    }
}

fn value(text: &'static str) -> Answer {
    Answer::Value(Some(Bytes::from(text)))
}

async fn listed(pilot: &mut Pilot, prefix: &str) -> String {
    let Answer::Pairs(found) = pilot.answer(&pairs(prefix)).await else {
        panic!("not pairs");
    };
    let text = |value: &Bytes| String::from_utf8_lossy(value).into_owned();
    let words = found
        .iter()
        .map(|pair| format!("{}={}", pair.path, text(&pair.value)));
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn services_and_keys_are_followed_side_by_side() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let names = Query::Services { dc: None };
    for query in [
        passing("web"),
        key("app/mode"),
        pairs("app/"),
        names.clone(),
    ] {
        pilot.follow(&query);
    }
    assert_eq!(*pilot.update("web").await, []);
    assert_eq!(listed(&mut pilot, "app/").await, "");
    etcd.put("/app/mode", "slow").await;
    assert_eq!(listed(&mut pilot, "app/").await, "app/mode=slow");
    etcd.put("/app/more", "").await;
    assert_eq!(listed(&mut pilot, "app/").await, "app/mode=slow app/more=");
    etcd.delete("/app/mode").await;
    assert_eq!(pilot.answer(&key("app/mode")).await, Answer::Value(None));

    let mut other = Pilot::with(settings([&etcd]));
    let mut spec = service("web-1", 1);
    spec.tags = vec!["blue".to_owned()];
    other.register("web", &spec, Status::Passing).await;
    assert_eq!(pilot.update("web").await.len(), 1);
    let Answer::Services(services) = pilot.answer(&names).await else {
        panic!("not names");
    };
    assert_eq!((&*services[0].name, &*services[0].tags[0]), ("web", "blue"));
    // One more is taken up without a word about the others.
    let green = ServiceQuery {
        tag: Some("green".to_owned()),
        any_status: true,
        ..ServiceQuery::passing("web")
    };
    let green = Query::Service(green);
    pilot.follow(&green);
    assert_eq!(*pilot.instances(&green).await, []);
    other.publish("web", &spec, Status::Critical);
    assert_eq!(*pilot.update("web").await, []);
    spec.tags = vec!["green".to_owned()];
    other.publish("web", &spec, Status::Critical);
    assert_eq!(pilot.instances(&green).await.len(), 1);
}

#[tokio::test]
async fn what_etcd_does_not_have_is_said() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let east = Query::Service(ServiceQuery {
        dc: Some("east".to_owned()),
        ..ServiceQuery::passing("web")
    });
    let nodes = Query::Nodes {
        dc: None,
        near: None,
    };
    for (query, said) in [
        (east, "etcd has no datacenters"),
        (nodes, "etcd has no nodes"),
    ] {
        pilot.follow(&query);
        let FollowEvent::Lost { reason } = pilot.follows(&query).await else {
            panic!("{query} was answered");
        };
        assert_eq!(reason.to_string(), said);
    }
    pilot.follow(&key("still"));
    assert_eq!(pilot.answer(&key("still")).await, Answer::Value(None));
}

#[tokio::test]
async fn changes_while_etcd_was_away_are_seen_even_if_it_has_forgotten_them() {
    let mut etcd = Etcd::start().await;
    etcd.put("/key", "one").await;
    let mut pilot = Pilot::with(settings([&etcd]));
    pilot.follow(&key("key"));
    pilot.follow(&passing("web"));
    assert_eq!(pilot.answer(&key("key")).await, value("one"));
    etcd.kill();
    let lost = pilot.follows(&key("key")).await;
    let FollowEvent::Lost { reason } = lost else {
        panic!("{lost:?}");
    };
    assert!(
        matches!(reason, CatalogError::Unreachable { .. }),
        "{reason}"
    );
    assert!(etcd.resume().await);
    assert_eq!(pilot.follows(&key("key")).await, FollowEvent::Back);

    // Two changes while nobody looks, and the memory of them taken away.
    etcd.kill();
    let lost = pilot.follows(&key("key")).await;
    assert!(matches!(lost, FollowEvent::Lost { .. }), "{lost:?}");
    assert!(etcd.resume().await);
    for text in ["two", "three"] {
        etcd.put("/key", text).await;
    }
    let revision = etcd.pair("/key").await["mod_revision"].clone();
    etcd.post(
        "/v3/kv/compaction",
        &json!({ "revision": revision, "physical": true }),
    )
    .await;
    while pilot.answer(&key("key")).await != value("three") {}
}

#[tokio::test]
async fn an_etcd_that_comes_back_without_its_data_is_believed_and_filled_again() {
    let mut etcd = Etcd::start().await;
    for text in ["one", "two", "three"] {
        etcd.put("/key", text).await;
    }
    let mut reader = Pilot::with(settings([&etcd]));
    reader.follow(&key("key"));
    reader.watch("web");
    assert_eq!(reader.answer(&key("key")).await, value("three"));
    let spec = service("web-1", 1);
    let mut pilot = Pilot::with(settings([&etcd]));
    pilot.register("web", &spec, Status::Passing).await;
    while reader.update("web").await.len() != 1 {}
    etcd.kill();
    etcd.forget();
    assert!(etcd.resume().await);
    assert_eq!(reader.answer(&key("key")).await, Answer::Value(None));
    etcd.until("it is registered again", async |etcd| {
        pilot.publish("web", &spec, Status::Passing);
        tokio::time::sleep(Duration::from_millis(100)).await;
        etcd.value("/containerpilot/web/web-1").await
    })
    .await;
    let mut told = pilot.service("web").await;
    while told != ServiceEvent::Registered {
        told = pilot.service("web").await;
    }
    while reader.update("web").await.len() != 1 {}
}

#[tokio::test]
async fn a_thousand_services_need_one_connection() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let names: Vec<_> = (0..1000)
        .map(|number| format!("service-{number}"))
        .collect();
    for name in &names {
        pilot.watch(name);
    }
    for _ in &names {
        let event = pilot.next_answer().await;
        assert!(matches!(event, FollowEvent::Update(_)), "{event:?}");
    }
    let open = super::connections(&etcd);
    assert!(open <= 8, "{open} connections");
    let text = r#"{"id":"a","name":"service-999","address":"h","port":1}"#;
    etcd.put("/containerpilot/service-999/a", text).await;
    assert_eq!(pilot.update("service-999").await.len(), 1);
}
