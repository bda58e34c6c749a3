//! Agents that go away and come back (acceptance 141, 142, 152).

use std::time::Duration;

use catalog::{Answer, CatalogError, FollowEvent, Link, ServiceAct, ServiceEvent};
use pilot_core::spec::Status;
use tokio::time::Instant;

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
    // Whether the emptiness between was seen or not, nobody is told to act on it.
    let ports = until_back(&mut reader).await;
    assert!(ports.iter().all(|ports| *ports == [1]), "{ports:?}");
    pilot
        .register("web", &service("web-host", 2), Status::Passing)
        .await;
    assert_eq!(reader.update("web").await[0].port, 2);
}

/// Reads what is told of `web` until it is answered again: the ports of each answer.
async fn until_back(reader: &mut Pilot) -> Vec<Vec<u16>> {
    let mut ports = Vec::new();
    loop {
        let answer = match reader.follows(&passing("web")).await {
            FollowEvent::Update(answer) | FollowEvent::Held { answer, .. } => answer,
            FollowEvent::Lost { .. } => continue,
            FollowEvent::Back => return ports,
        };
        let Answer::Instances(instances) = answer else {
            panic!("{answer}");
        };
        ports.push(instances.iter().map(|instance| instance.port).collect());
    }
}

/// Where nobody registers again nothing changes any more at Consul that would tell.
#[tokio::test]
async fn what_an_empty_agent_lacks_for_good_is_let_go_after_a_time() {
    let mut consul = Consul::start(Kind::Forgetful).await;
    let eye = Eye(consul.http());
    for port in [1, 2] {
        let text = format!(r#"{{"Name": "web", "ID": "web-{port}", "Port": {port}}}"#);
        eye.put("/v1/agent/service/register", &text).await;
    }
    let mut reader = Pilot::at(consul.http());
    reader.watch("web");
    while reader.update("web").await.len() < 2 {}
    consul.kill();
    let lost = reader.follows(&passing("web")).await;
    assert!(matches!(lost, FollowEvent::Lost { .. }), "{lost:?}");
    assert!(consul.resume().await);
    let mut held = reader.follows(&passing("web")).await;
    while let FollowEvent::Lost { .. } = held {
        held = reader.follows(&passing("web")).await;
    }
    let held_at = Instant::now();
    let FollowEvent::Held { answer, reason } = held else {
        panic!("{held:?}");
    };
    assert_eq!(answer.to_string(), "2 instances");
    let expected = "Consul began anew, and lacks what it had: that stands until it is there again, \
                    for 30s at most";
    assert_eq!(reason.to_string(), expected);
    let link = reader.handle.status().link;
    assert!(matches!(link, Link::Up { .. }), "{link:?}");
    eye.put(
        "/v1/agent/service/register",
        r#"{"Name": "web", "ID": "web-3", "Port": 3}"#,
    )
    .await;
    let held = reader.follows(&passing("web")).await;
    let FollowEvent::Held { answer, .. } = held else {
        panic!("{held:?}");
    };
    assert_eq!(answer.to_string(), "3 instances");
    reader.be_patient(Duration::from_secs(45));
    assert_eq!(until_back(&mut reader).await, [[3]]);
    let took = held_at.elapsed();
    assert!(took > Duration::from_secs(25), "{took:?}");
    reader.assert_silent();
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
