//! Instances in etcd: where they are, how long they live, whose they are.

use std::time::{Duration, Instant};

use catalog::{ServiceEvent, etcd::Settings, transport::Timeouts};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use serde_json::{Value, json};

use super::Etcd;
use crate::pilot::{Pilot, passing, service};

const KEY: &str = "/containerpilot/web/web-host";

/// Settings for a cluster, impatient enough for tests.
pub(super) fn settings<'a>(members: impl IntoIterator<Item = &'a Etcd>) -> Settings {
    let addresses: Vec<_> = members
        .into_iter()
        .map(|member| member.address().to_string())
        .collect();
    let mut settings = Settings::parse(addresses.iter().map(String::as_str)).unwrap();
    settings.node = "here".to_owned();
    settings.timeouts = Timeouts {
        connect: Duration::from_secs(1),
        call: Duration::from_secs(3),
        ..Timeouts::default()
    };
    settings
}

/// A service whose instances are soon gone.
fn brief(id: &str, port: u16) -> ServiceSpec {
    ServiceSpec {
        ttl: Duration::from_secs(2),
        ..service(id, port)
    }
}

async fn record(etcd: &Etcd, key: &str) -> Option<Value> {
    let text = etcd.value(key).await?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Waits until an instance has a field with a value.
async fn until_field(etcd: &Etcd, field: &str, value: Value) -> Value {
    let what = format!("{field} is {value}");
    etcd.until(&what, async |etcd| {
        let record = record(etcd, KEY).await?;
        (record[field] == value).then_some(record)
    })
    .await
}

#[tokio::test]
async fn an_instance_is_a_key_on_a_lease() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let spec = ServiceSpec {
        tags: vec!["blue".to_owned()],
        meta: vec![("zone".to_owned(), "a".to_owned())],
        ttl: Duration::from_millis(19_100),
        ..service("web-host", 8080)
    };
    pilot.publish("web", &spec, Status::Passing);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    let mut seen = until_field(&etcd, "status", json!("passing")).await;
    let owner = seen.as_object_mut().unwrap().remove("owner").unwrap();
    assert_eq!(owner.as_str().unwrap().len(), 32);
    let expected = json!({
        "id": "web-host", "name": "web", "address": "127.0.0.1", "port": 8080,
        "tags": ["blue"], "meta": {"zone": "a"},
        "status": "passing", "output": "it is passing", "node": "here",
    });
    assert_eq!(seen, expected);
    let pair = etcd.pair(KEY).await;
    let lease = json!({ "ID": pair["lease"], "keys": true });
    let lease = etcd.post("/v3/lease/timetolive", &lease).await;
    assert_eq!(lease["grantedTTL"], "20", "whole seconds, never fewer");
    assert_eq!(lease["keys"].as_array().unwrap().len(), 1);

    // What has not changed is not written again.
    pilot.publish("web", &spec, Status::Passing);
    pilot.publish("web", &spec, Status::Critical);
    until_field(&etcd, "status", json!("critical")).await;
    let version = etcd.pair(KEY).await["version"].clone();
    assert_eq!(version, "2", "registered, and changed once");

    pilot
        .handle
        .maintain(&JobName::from("web"), Some("repairs"));
    until_field(&etcd, "maintenance", json!("repairs")).await;
    pilot.handle.maintain(&JobName::from("web"), None);
    until_field(&etcd, "maintenance", Value::Null).await;

    pilot.withdrawn("web").await;
    assert_eq!(etcd.keys("/containerpilot/").await, [""; 0]);
    let leases = etcd.post("/v3/lease/leases", &json!({})).await;
    assert_eq!(leases["leases"], Value::Null, "nothing is left behind");
    pilot.assert_silent();
}

#[tokio::test]
async fn an_instance_that_is_not_published_is_gone_and_comes_back_once() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let mut reader = Pilot::with(settings([&etcd]));
    reader.watch("web");
    assert_eq!(*reader.update("web").await, []);
    let published_at = Instant::now();
    pilot
        .register("web", &brief("web-host", 1), Status::Passing)
        .await;
    assert_eq!(reader.update("web").await.len(), 1);
    assert_eq!(*reader.update("web").await, []);
    let lasted = published_at.elapsed();
    assert!(lasted >= Duration::from_secs(2), "{lasted:?}");
    assert!(lasted < Duration::from_secs(5), "{lasted:?}");
    pilot.publish("web", &brief("web-host", 1), Status::Passing);
    assert_eq!(pilot.service("web").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    assert_eq!(reader.update("web").await.len(), 1);
    assert_eq!(etcd.keys("/containerpilot/").await, [KEY]);

    // The same when somebody takes the key away, once a report has found it.
    pilot.publish("web", &brief("web-host", 1), Status::Warning);
    until_field(&etcd, "status", json!("warning")).await;
    etcd.delete(KEY).await;
    pilot.publish("web", &brief("web-host", 1), Status::Passing);
    assert_eq!(pilot.service("web").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
}

#[tokio::test]
async fn a_helper_that_was_killed_takes_over_what_it_left() {
    let etcd = Etcd::start().await;
    let mut killed = Pilot::with(settings([&etcd]));
    killed
        .register("web", &brief("web-host", 1), Status::Passing)
        .await;
    let left = etcd.pair(KEY).await;
    killed.handle.shutdown().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let spec = service("web-host", 2);
    pilot.register("web", &spec, Status::Passing).await;
    // The end of the old lease must not take the new key with it.
    etcd.until("the old lease is over", async |etcd| {
        let lease = json!({ "ID": left["lease"] });
        let lease = etcd.post("/v3/lease/timetolive", &lease).await;
        (lease["TTL"] == "-1").then_some(())
    })
    .await;
    assert_eq!(etcd.keys("/containerpilot/").await, [KEY]);
    pilot.publish("web", &spec, Status::Warning);
    until_field(&etcd, "status", json!("warning")).await;
    pilot.assert_silent();
}

#[tokio::test]
async fn of_two_that_claim_one_identity_the_newcomer_has_it_until_it_leaves() {
    let etcd = Etcd::start().await;
    let mut first = Pilot::with(settings([&etcd]));
    let spec = service("web-host", 1);
    first.register("web", &spec, Status::Passing).await;
    let mut second = Pilot::with(settings([&etcd]));
    second
        .register("web", &service("web-host", 2), Status::Passing)
        .await;
    first.publish("web", &spec, Status::Passing);
    let by = "here (127.0.0.1:2)".to_owned();
    assert_eq!(first.service("web").await, ServiceEvent::Overtaken { by });
    first.publish("web", &spec, Status::Critical);
    second.publish("web", &service("web-host", 2), Status::Warning);
    until_field(&etcd, "status", json!("warning")).await;
    assert_eq!(record(&etcd, KEY).await.unwrap()["port"], 2);
    let leases = etcd.post("/v3/lease/leases", &json!({})).await;
    assert_eq!(leases["leases"].as_array().unwrap().len(), 1);
    first.assert_silent();
    second.assert_silent();

    second.withdrawn("web").await;
    first.publish("web", &spec, Status::Passing);
    assert_eq!(first.service("web").await, ServiceEvent::Registered);
    assert_eq!(record(&etcd, KEY).await.unwrap()["port"], 1);
}

#[tokio::test]
async fn what_is_described_anew_takes_the_place_of_what_was() {
    let etcd = Etcd::start().await;
    let mut pilot = Pilot::with(settings([&etcd]));
    let spec = service("web-host", 1);
    pilot.register("web", &spec, Status::Passing).await;
    let other = ServiceSpec {
        name: Some("site".to_owned()),
        ttl: Duration::from_secs(40),
        ..service("web-host", 2)
    };
    pilot.publish("web", &other, Status::Passing);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    etcd.until("only the new one", async |etcd| {
        let keys = etcd.keys("/containerpilot/").await;
        (keys == ["/containerpilot/site/web-host"]).then_some(())
    })
    .await;
    let renamed = ServiceSpec {
        id: "web-other".to_owned(),
        ..other
    };
    pilot.publish("web", &renamed, Status::Passing);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    etcd.until("only the renamed one", async |etcd| {
        let keys = etcd.keys("/containerpilot/").await;
        (keys == ["/containerpilot/site/web-other"]).then_some(())
    })
    .await;
    let leases = etcd.post("/v3/lease/leases", &json!({})).await;
    assert_eq!(leases["leases"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_version_2_wrote_is_read() {
    let etcd = Etcd::start().await;
    let text = r#"{"id":"web-1","name":"web","address":"10.0.0.1","port":99,"tags":null}"#;
    etcd.put("/services/web/web-1", text).await;
    etcd.put("/services/web/broken", "no instance").await;
    let mut settings = settings([&etcd]);
    settings.prefix = "/services".to_owned();
    let mut pilot = Pilot::with(settings);
    pilot.follow(&passing("web"));
    let seen = pilot.update("web").await;
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (&*one.id, one.address(), one.port))
        .collect();
    assert_eq!(seen, [("web-1", "10.0.0.1", 99)]);
}
