//! Agents that go away and come back (acceptance 141, 142, 152).

use std::time::Duration;

use catalog::{CatalogError, FollowEvent, Link, ServiceAct, ServiceEvent};
use pilot_core::spec::Status;

use crate::{
    backend::Eye,
    consul::{Consul, Kind},
    pilot::{Pilot, passing, service},
};

/// Publishes every tenth of a second, as a health check would, until the agent has the service.
async fn beat_until_back(pilot: &Pilot, eye: Eye, id: &str, status: Status) {
    let spec = service(id, 1);
    eye.until("it is back", async || {
        pilot.publish("web", &spec, status);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let check = eye.check(id).await;
        (check["Status"] == status.word()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_comes_back_empty_gets_everything_again() {
    let mut consul = Consul::start(Kind::Forgetful).await;
    let eye = Eye(consul.http());
    let mut pilot = Pilot::at(consul.http());
    let mut reader = Pilot::at(consul.http());
    reader.watch("web");
    assert_eq!(*reader.update("web").await, []);
    pilot
        .register("web", &service("web-host", 1), Status::Passing)
        .await;
    assert_eq!(reader.update("web").await.len(), 1);

    consul.kill();
    let lost = reader.follows(&passing("web")).await;
    assert!(matches!(lost, FollowEvent::Lost { .. }), "{lost:?}");
    pilot.publish("web", &service("web-host", 1), Status::Critical);
    let ServiceEvent::Failing { act, reason } = pilot.service("web").await else {
        panic!("the agent is gone");
    };
    assert_eq!(act, ServiceAct::Update);
    assert_eq!(
        reason.to_string(),
        format!(
            "cannot reach Consul at {}: connection refused",
            consul.http()
        )
    );
    let link = pilot.handle.status().link;
    assert!(matches!(link, Link::Down { .. }), "{link:?}");

    assert!(consul.resume().await);
    beat_until_back(&pilot, eye, "web-host", Status::Passing).await;
    assert_eq!(pilot.service("web").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    let mut told = reader.follows(&passing("web")).await;
    while told != FollowEvent::Back {
        // It is told of emptiness, too, if there was any.
        told = reader.follows(&passing("web")).await;
    }
    // Whether the emptiness between was seen or not, what comes after it is.
    pilot
        .register("web", &service("web-host", 2), Status::Passing)
        .await;
    while reader
        .update("web")
        .await
        .first()
        .is_none_or(|instance| instance.port != 2)
    {}
}

#[tokio::test]
async fn an_agent_that_comes_back_with_its_data_keeps_the_registration() {
    let mut consul = Consul::start(Kind::Persistent).await;
    let eye = Eye(consul.http());
    let mut pilot = Pilot::at(consul.http());
    pilot
        .register("web", &service("web-host", 1), Status::Passing)
        .await;
    eye.until_status("web-host", "passing").await;
    consul.kill();
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let event = pilot.service("web").await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    assert!(consul.resume().await);
    beat_until_back(&pilot, eye, "web-host", Status::Warning).await;
    assert_eq!(pilot.service("web").await, ServiceEvent::Back);
    pilot.assert_silent();
}

#[tokio::test]
async fn an_agent_that_comes_late_gets_the_registration() {
    let mut consul = Consul::start(Kind::Forgetful).await;
    consul.kill();
    let mut pilot = Pilot::at(consul.http());
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let event = pilot.service("web").await;
    let ServiceEvent::Failing {
        act: ServiceAct::Register,
        reason: CatalogError::Unreachable { .. },
    } = event
    else {
        panic!("{event:?}");
    };
    assert!(consul.resume().await);
    // No publish follows: the retry is our own.
    assert_eq!(pilot.service("web").await, ServiceEvent::Registered);
    Eye(consul.http()).until_status("web-host", "passing").await;
}
