//! Two helpers that claim one identity, and others who change what is ours.

use std::time::Duration;

use catalog::ServiceEvent;
use pilot_core::{
    JobName,
    spec::{CheckKind, ServiceCheck, ServiceSpec, Status, TaggedAddress, Weights},
};
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use crate::{
    backend::{Backend, Eye, contract},
    consul::{Consul, Kind},
    pilot::{Pilot, service},
};

contract! {
    an_identity_that_two_claim_is_the_newcomers_until_it_leaves,
    an_identity_is_taken_back_from_one_that_no_longer_reports,
    whoever_was_overtaken_takes_nothing_away,
    what_others_changed_is_put_right,
}

/// A look is due so long after the one before.
const LOOK: Duration = Duration::from_secs(5);

impl Pilot {
    /// Publishes, as a check does every now and then, until an event about the service comes.
    async fn beats(&mut self, name: &str, spec: &ServiceSpec) -> ServiceEvent {
        let mut beat = interval(Duration::from_millis(500));
        let began = Instant::now();
        loop {
            tokio::select! {
                event = self.service(name) => return event,
                _ = beat.tick() => self.publish(name, spec, Status::Passing),
            }
            assert!(began.elapsed() < 2 * LOOK, "nothing heard of {name}");
        }
    }
}

fn named(id: &str, port: u16) -> ServiceSpec {
    ServiceSpec {
        name: Some("shared".to_owned()),
        ..service(id, port)
    }
}

async fn an_identity_that_two_claim_is_the_newcomers_until_it_leaves(backend: Backend) {
    let eye = Eye(backend.address());
    let (old, new) = (named("twins", 1001), named("twins", 1002));
    let mut first = Pilot::at(backend.address());
    first.register("one", &old, Status::Passing).await;
    let mut second = Pilot::at(backend.address());
    second.register("two", &new, Status::Passing).await;
    let by = "127.0.0.1:1002".to_owned();
    assert_eq!(
        first.beats("one", &old).await,
        ServiceEvent::Overtaken { by }
    );
    // The one that was overtaken asks on, and touches nothing.
    for _ in 0..10 {
        first.publish("one", &old, Status::Critical);
        second.publish("two", &new, Status::Passing);
        eye.until_status("twins", "passing").await;
        assert_eq!(eye.service("twins").await["Port"], 1002);
    }
    first.assert_silent();
    second.withdrawn("two").await;
    assert_eq!(first.beats("one", &old).await, ServiceEvent::Registered);
    assert_eq!(eye.service("twins").await["Port"], 1001);
    first.withdrawn("one").await;
}

async fn an_identity_is_taken_back_from_one_that_no_longer_reports(backend: Backend) {
    let eye = Eye(backend.address());
    let (old, mut new) = (named("heirs", 1001), named("heirs", 1002));
    new.ttl = Duration::from_secs(1);
    let mut first = Pilot::at(backend.address());
    first.register("one", &old, Status::Passing).await;
    let mut second = Pilot::at(backend.address());
    second.register("two", &new, Status::Passing).await;
    let event = first.beats("one", &old).await;
    assert!(matches!(event, ServiceEvent::Overtaken { .. }), "{event:?}");
    // It dies without a word, and its TTL passes.
    second.handle.shutdown().await;
    assert_eq!(first.beats("one", &old).await, ServiceEvent::Registered);
    eye.until_status("heirs", "passing").await;
    assert_eq!(eye.service("heirs").await["Port"], 1001);
    first.withdrawn("one").await;
}

async fn whoever_was_overtaken_takes_nothing_away(backend: Backend) {
    let eye = Eye(backend.address());
    let (old, new) = (named("heirloom", 1001), named("heirloom", 1002));
    let mut first = Pilot::at(backend.address());
    first.register("one", &old, Status::Passing).await;
    let mut second = Pilot::at(backend.address());
    second.register("two", &new, Status::Passing).await;
    // It leaves before it has noticed, as the old container of a rolling upgrade does.
    first.withdrawn("one").await;
    assert_eq!(eye.service("heirloom").await["Port"], 1002);
    second.withdrawn("two").await;
}

async fn what_others_changed_is_put_right(backend: Backend) {
    let eye = Eye(backend.address());
    let mut spec = named("tampered", 1001);
    spec.tags = vec!["blue".to_owned()];
    spec.meta = vec![("version".to_owned(), "1".to_owned())];
    let mut pilot = Pilot::at(backend.address());
    pilot.register("one", &spec, Status::Passing).await;
    // In maintenance, which is no fault to be put right.
    let name = JobName::from("one");
    pilot.handle.maintain(&name, Some("new disks"));
    let reason = async || {
        let checks = eye.get("/v1/agent/checks").await;
        let notes = &checks["_service_maintenance:tampered"]["Notes"];
        (notes == "new disks").then_some(())
    };
    eye.until("it is out of service", &reason).await;
    let tampered = json!({"ID": "tampered", "Name": "shared", "Address": "127.0.0.1",
        "Port": 1001, "Tags": ["green"], "Meta": {"version": "2"}, "Check": {"TTL": "30s"}});
    let path = "/v1/agent/service/register";
    assert_eq!(eye.put(path, &tampered.to_string()).await, 200);
    let what = "tags, meta".to_owned();
    assert_eq!(
        pilot.beats("one", &spec).await,
        ServiceEvent::Repaired { what }
    );
    let held = eye.service("tampered").await;
    assert_eq!(held["Tags"], json!(["blue"]));
    assert_eq!(held["Meta"], json!({"version": "1"}));
    assert!(reason().await.is_some(), "it is back in service");
    pilot.handle.maintain(&name, None);
    eye.until_status("tampered", "passing").await;
    pilot.withdrawn("one").await;
}

/// The catalog's own entry of a service.
async fn listed(eye: Eye, name: &str) -> Value {
    eye.get(&format!("/v1/catalog/service/{name}")).await[0].clone()
}

#[tokio::test]
async fn tags_that_others_may_change_stay_as_they_changed_them() {
    let consul = Consul::start(Kind::Forgetful).await;
    let eye = Eye(consul.http());
    let mut spec = service("open-host", 1);
    spec.tags = vec!["ours".to_owned()];
    spec.enable_tag_override = true;
    let mut pilot = Pilot::at(consul.http());
    pilot.register("open", &spec, Status::Passing).await;
    let known = eye
        .until("it is in the catalog", async || {
            let entry = listed(eye, "open").await;
            entry.is_object().then_some(entry)
        })
        .await;
    let others = json!({"Node": known["Node"], "Address": known["Address"], "SkipNodeUpdate": true,
        "Service": {"ID": "open-host", "Service": "open", "Address": "127.0.0.1", "Port": 1,
            "Tags": ["theirs"], "EnableTagOverride": true}});
    let path = "/v1/catalog/register";
    assert_eq!(eye.put(path, &others.to_string()).await, 200);
    // Something else changes, so that it is registered again.
    spec.meta = vec![("version".to_owned(), "2".to_owned())];
    pilot.register("open", &spec, Status::Passing).await;
    eye.until("the new meta is in the catalog", async || {
        let entry = listed(eye, "open").await;
        (entry["ServiceMeta"]["version"] == "2").then_some(())
    })
    .await;
    assert_eq!(listed(eye, "open").await["ServiceTags"], json!(["theirs"]));
    // The user has changed the tags: now they are what the user says.
    spec.tags = vec!["new".to_owned()];
    pilot.register("open", &spec, Status::Passing).await;
    eye.until("the new tags are in the catalog", async || {
        (listed(eye, "open").await["ServiceTags"] == json!(["new"])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn weights_addresses_and_checks_of_the_agent_are_registered_in_one_call() {
    let consul = Consul::start(Kind::Forgetful).await;
    let eye = Eye(consul.http());
    let check = |name: &str, kind| ServiceCheck {
        name: name.to_owned(),
        kind,
        interval: Some(Duration::from_millis(200)),
        timeout: Some(Duration::from_secs(1)),
    };
    let mut spec = service("full-host", 1);
    spec.weights = Some(Weights {
        passing: 10,
        warning: 2,
    });
    spec.tagged_addresses = vec![TaggedAddress {
        tag: "wan".to_owned(),
        address: "1.2.3.4".to_owned(),
        port: 80,
    }];
    let leader = format!("http://{}/v1/status/leader", consul.http());
    spec.checks = vec![
        check(
            "leader",
            CheckKind::Http {
                url: leader,
                method: Some("GET".to_owned()),
                headers: vec![("X-Who".to_owned(), "we".to_owned())],
                verify: false,
            },
        ),
        check(
            "nobody",
            CheckKind::Tcp {
                address: "127.0.0.1:1".to_owned(),
            },
        ),
    ];
    let mut pilot = Pilot::at(consul.http());
    pilot.register("full", &spec, Status::Passing).await;
    let held = eye.service("full-host").await;
    assert_eq!(held["Weights"], json!({"Passing": 10, "Warning": 2}));
    let wan = json!({"Address": "1.2.3.4", "Port": 80});
    assert_eq!(held["TaggedAddresses"]["wan"], wan);
    let status = async |id: &str, status: &str| {
        let id = format!("service:full-host{id}");
        eye.until(&format!("{id} is {status}"), async || {
            let checks = eye.get("/v1/agent/checks").await;
            (checks[&id]["Status"] == status).then_some(())
        })
        .await;
    };
    status("", "passing").await;
    status(":leader", "passing").await;
    status(":nobody", "critical").await;
    // Looking finds nothing to repair, and a check that is gone goes.
    tokio::time::sleep(LOOK).await;
    pilot.publish("full", &spec, Status::Passing);
    spec.checks.truncate(1);
    pilot.register("full", &spec, Status::Passing).await;
    let checks = eye.get("/v1/agent/checks").await;
    assert!(checks["service:full-host:nobody"].is_null(), "{checks:#}");
    assert!(checks["service:full-host:leader"].is_object(), "{checks:#}");
}
