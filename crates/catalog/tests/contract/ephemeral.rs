//! Instances as nodes that live with a session, seen by ZooKeeper's own tools.

mod looking;
mod tls;

use std::time::Duration;

use catalog::{ServiceEvent, zookeeper::Settings};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status, Weights},
};
use serde_json::json;

use crate::{
    gate::Gate,
    pilot::{Pilot, service},
    zookeeper::{Cli, Zookeeper, until},
};

/// The way to a server, impatient enough for tests.
pub(crate) fn way(connect: &str) -> Settings {
    let mut settings = Settings::parse(connect).unwrap();
    settings.node = "test-node".to_owned();
    settings.timeouts.connect = Duration::from_secs(2);
    settings.timeouts.call = Duration::from_secs(4);
    settings
}

/// Waits until an instance has a status.
pub(crate) async fn until_status(cli: &mut Cli, node: &str, status: &str) -> serde_json::Value {
    until(&format!("{node} is {status}"), async || {
        let record = cli.json(node).await;
        (record["status"] == status).then_some(record)
    })
    .await
}

/// How much has gone through the log of a server that is alone.
async fn logged(zookeeper: &Zookeeper) -> u64 {
    let said = zookeeper.word(0, "srvr").await;
    let last = said.lines().find_map(|line| line.strip_prefix("Zxid: 0x"));
    u64::from_str_radix(last.expect("it says how far its log is"), 16).unwrap()
}

fn quick(id: &str, ttl: u64) -> ServiceSpec {
    ServiceSpec {
        ttl: Duration::from_millis(ttl),
        ..service(id, 80)
    }
}

#[tokio::test]
async fn an_instance_is_one_node_from_its_first_publish_to_its_withdrawal() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let mut spec = service("rich host/é", 8000);
    spec.tags = vec!["a".to_owned(), "b,c".to_owned()];
    spec.meta = vec![("version".to_owned(), "1.2".to_owned())];
    spec.weights = Some(Weights {
        passing: 3,
        warning: 1,
    });
    pilot.register("rich", &spec, Status::Warning).await;
    let node = "/containerpilot/rich/rich host%2Fé";
    let mut held = until_status(&mut cli, node, "warning").await;
    let owner = held["owner"].take();
    assert_eq!(owner.as_str().map(str::len), Some(32));
    assert_eq!(
        held,
        json!({
            "id": "rich host/é", "name": "rich", "address": "127.0.0.1", "port": 8000,
            "tags": ["a", "b,c"], "meta": {"version": "1.2"},
            "weights": {"passing": 3, "warning": 1},
            "status": "warning", "output": "it is warning", "node": "test-node", "owner": null,
        })
    );
    assert!(zookeeper.session_of(node).await.is_some());

    // A report that changes nothing writes nothing.
    let version = cli.run(&format!("stat '{node}'")).await;
    for _ in 0..5 {
        pilot.publish("rich", &spec, Status::Warning);
    }
    pilot.publish("rich", &spec, Status::Critical);
    until_status(&mut cli, node, "critical").await;
    let line = |text: &str| {
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix("dataVersion = "));
        found.map(|number| number.parse::<u32>().unwrap())
    };
    let now = cli.run(&format!("stat '{node}'")).await;
    assert_eq!(line(&now), line(&version).map(|number| number + 1));

    // Described anew, it is the same node with other words in it.
    spec.port = 8001;
    pilot.register("rich", &spec, Status::Passing).await;
    assert_eq!(until_status(&mut cli, node, "passing").await["port"], 8001);
    let name = JobName::from("rich");
    pilot.handle.maintain(&name, Some("repairs"));
    until("it is out of service", async || {
        (cli.json(node).await["maintenance"] == "repairs").then_some(())
    })
    .await;
    // Registered again, it is so from the first moment.
    cli.run(&format!("delete '{node}'")).await;
    assert_eq!(pilot.service("rich").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("rich").await, ServiceEvent::Registered);
    assert_eq!(cli.json(node).await["maintenance"], "repairs");
    pilot.handle.maintain(&name, None);
    until("it is back in service", async || {
        let record = cli.json(node).await;
        (record["id"] == "rich host/é" && record["maintenance"].is_null()).then_some(())
    })
    .await;

    pilot.withdrawn("rich").await;
    assert_eq!(cli.list("/containerpilot/rich").await, [""; 0]);
    pilot.assert_silent();
    // Nothing lives with the session, so it ends with the helper.
    let sessions =
        async |zookeeper: &Zookeeper| zookeeper.word(0, "cons").await.matches("sid=0x").count();
    let before = sessions(&zookeeper).await;
    drop(pilot);
    until("the session is over", async || {
        (sessions(&zookeeper).await < before).then_some(())
    })
    .await;
}

/// In ZooKeeper's log a refusal is as slow as a change, so there must be none either.
#[tokio::test]
async fn a_service_described_anew_is_one_change() {
    let zookeeper = Zookeeper::start().await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    pilot
        .register("web", &service("web", 80), Status::Passing)
        .await;
    for port in 81..84 {
        let before = logged(&zookeeper).await;
        pilot
            .register("web", &service("web", port), Status::Passing)
            .await;
        assert_eq!(logged(&zookeeper).await, before + 1);
    }
}

#[tokio::test]
async fn whoever_says_nothing_is_critical_and_whoever_is_killed_is_gone() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = quick("quiet-host", 1500);
    pilot.register("quiet", &spec, Status::Passing).await;
    let node = "/containerpilot/quiet/quiet-host";
    let record = until_status(&mut cli, node, "critical").await;
    assert_eq!(
        record["output"],
        "nobody has reported on it for 1.5s; its helper is there"
    );
    pilot.publish("quiet", &spec, Status::Passing);
    until_status(&mut cli, node, "passing").await;
    // As a kill does: nothing is said, the connection breaks.
    pilot.handle.shutdown().await;
    until("the node is gone", async || {
        zookeeper.session_of(node).await.is_none().then_some(())
    })
    .await;
    assert!(cli.json(node).await.is_null());
}

#[tokio::test]
async fn a_helper_that_comes_back_at_once_takes_over_what_it_left() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let node = "/containerpilot/heir/heir-host";
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = quick("heir-host", 2000);
    pilot.register("heir", &spec, Status::Critical).await;
    let old = zookeeper.session_of(node).await.unwrap();
    pilot.handle.shutdown().await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    pilot.register("heir", &spec, Status::Warning).await;
    let new = zookeeper.session_of(node).await.unwrap();
    assert_ne!(old, new);
    until("the old session has ended", async || {
        let dump = zookeeper.word(0, "dump").await;
        let sessions = dump
            .split_once("ephemeral nodes dump")
            .map_or("", |(sessions, _)| sessions);
        (!sessions.contains(&old)).then_some(())
    })
    .await;
    pilot.publish("heir", &spec, Status::Warning);
    until_status(&mut cli, node, "warning").await;
    assert_eq!(zookeeper.session_of(node).await, Some(new));
    assert_eq!(cli.list("/containerpilot/heir").await, ["heir-host"]);
}

#[tokio::test]
async fn a_node_that_others_delete_or_write_is_made_right_at_once() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let node = "/containerpilot/robbed/robbed-host";
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = service("robbed-host", 80);
    pilot.register("robbed", &spec, Status::Passing).await;
    cli.run("delete /containerpilot/robbed/robbed-host").await;
    // Without any publish.
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Registered);
    cli.run("set /containerpilot/robbed/robbed-host rubbish")
        .await;
    until_status(&mut cli, node, "passing").await;
    cli.run("deleteall /containerpilot").await;
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Registered);
    until_status(&mut cli, node, "passing").await;
}

#[tokio::test]
async fn of_two_that_claim_one_identity_the_newcomer_has_it_until_it_leaves() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let node = "/containerpilot/twin/twin-host";
    let mut one = Pilot::with(way(&zookeeper.connect()));
    let mut other = way(&zookeeper.connect());
    other.node = "other-node".to_owned();
    let mut other = Pilot::with(other);
    let spec = service("twin-host", 1);
    one.register("twin", &spec, Status::Passing).await;
    let theirs = service("twin-host", 2);
    other.register("twin", &theirs, Status::Passing).await;
    one.publish("twin", &spec, Status::Passing);
    let by = "other-node at 127.0.0.1".to_owned();
    assert_eq!(one.service("twin").await, ServiceEvent::Overtaken { by });
    one.publish("twin", &spec, Status::Critical);
    other.publish("twin", &theirs, Status::Warning);
    assert_eq!(until_status(&mut cli, node, "warning").await["port"], 2);
    other.withdrawn("twin").await;
    one.publish("twin", &spec, Status::Passing);
    assert_eq!(one.service("twin").await, ServiceEvent::Registered);
    assert_eq!(until_status(&mut cli, node, "passing").await["port"], 1);
    other.assert_silent();
}

#[tokio::test]
async fn when_the_server_in_use_dies_another_serves_the_same_session() {
    let mut zookeeper = Zookeeper::ensemble().await;
    let node = "/containerpilot/mover/mover-host";
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = service("mover-host", 80);
    pilot.register("mover", &spec, Status::Passing).await;
    let session = zookeeper.session_of(node).await;
    let server = until("a server has the connection", async || {
        zookeeper.server_of(node).await
    })
    .await;
    let other = (server + 1) % 3;
    let mut cli = zookeeper.cli(other).await;
    zookeeper.kill(server);
    pilot.publish("mover", &spec, Status::Critical);
    until_status(&mut cli, node, "critical").await;
    assert_eq!(zookeeper.session_of(node).await, session);
    assert!(zookeeper.resume(server).await);
    // One that hangs is as good as dead: whether or not it leads, another serves.
    let server = until("another has the connection", async || {
        zookeeper.server_of(node).await
    })
    .await;
    zookeeper.hold(server, true);
    let mut cli = zookeeper.cli((server + 1) % 3).await;
    pilot.publish("mover", &spec, Status::Warning);
    until_status(&mut cli, node, "warning").await;
    zookeeper.hold(server, false);
    assert_eq!(zookeeper.session_of(node).await, session);
    until("someone leads", async || zookeeper.leader().await).await;
    assert_eq!(cli.list("/containerpilot/mover").await, ["mover-host"]);
}

/// What a helper says when its ensemble comes back without what it held.
async fn registers_anew(pilot: &mut Pilot, cli: &mut Cli) {
    loop {
        match pilot.service("phoenix").await {
            ServiceEvent::Registered => break,
            ServiceEvent::Forgotten | ServiceEvent::Failing { .. } | ServiceEvent::Back => {}
            event @ (ServiceEvent::Overtaken { .. }
            | ServiceEvent::Repaired { .. }
            | ServiceEvent::Withdrawn { .. }) => {
                panic!("{event:?}")
            }
        }
    }
    until_status(cli, "/containerpilot/phoenix/phoenix-host", "passing").await;
    assert_eq!(cli.list("/containerpilot/phoenix").await, ["phoenix-host"]);
}

#[tokio::test]
async fn a_server_that_comes_back_with_its_data_goes_on_with_the_session() {
    let mut zookeeper = Zookeeper::start().await;
    let node = "/containerpilot/phoenix/phoenix-host";
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = quick("phoenix-host", 4000);
    pilot.register("phoenix", &spec, Status::Passing).await;
    let session = zookeeper.session_of(node).await;
    zookeeper.kill(0);
    pilot.publish("phoenix", &spec, Status::Critical);
    let event = pilot.service("phoenix").await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    assert!(zookeeper.resume(0).await);
    let mut cli = zookeeper.cli(0).await;
    // No publish follows: the retry is our own.
    until_status(&mut cli, node, "critical").await;
    assert_eq!(zookeeper.session_of(node).await, session);
}

#[tokio::test]
async fn a_server_that_comes_back_empty_gets_everything_again() {
    let mut zookeeper = Zookeeper::start().await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let spec = quick("phoenix-host", 4000);
    // So that the server is far ahead of where it begins again.
    for port in 0..20 {
        let spec = ServiceSpec {
            port,
            ..spec.clone()
        };
        pilot.register("phoenix", &spec, Status::Critical).await;
    }
    pilot.register("phoenix", &spec, Status::Passing).await;
    zookeeper.kill(0);
    zookeeper.forget(0);
    assert!(zookeeper.resume(0).await);
    let mut cli = zookeeper.cli(0).await;
    registers_anew(&mut pilot, &mut cli).await;
}

#[tokio::test]
async fn a_session_that_expired_while_we_were_cut_off_is_begun_anew() {
    let zookeeper = Zookeeper::start().await;
    let gate = Gate::before(zookeeper.address(0)).await;
    let mut pilot = Pilot::with(way(&gate.address().to_string()));
    let spec = quick("phoenix-host", 3000);
    pilot.register("phoenix", &spec, Status::Passing).await;
    let node = "/containerpilot/phoenix/phoenix-host";
    let session = zookeeper.session_of(node).await.unwrap();
    let mut cli = zookeeper.cli(0).await;

    // Cut and mended in time, it is the same session.
    gate.set_open(false);
    gate.set_open(true);
    pilot.publish("phoenix", &spec, Status::Warning);
    until_status(&mut cli, node, "warning").await;
    assert_eq!(zookeeper.session_of(node).await, Some(session.clone()));

    gate.set_open(false);
    until("the node is gone", async || {
        zookeeper.session_of(node).await.is_none().then_some(())
    })
    .await;
    gate.set_open(true);
    pilot.publish("phoenix", &spec, Status::Passing);
    registers_anew(&mut pilot, &mut cli).await;
    assert_ne!(zookeeper.session_of(node).await, Some(session));
}

#[tokio::test]
async fn whoever_came_while_our_session_expired_keeps_the_identity() {
    let zookeeper = Zookeeper::start().await;
    let gate = Gate::before(zookeeper.address(0)).await;
    let mut one = Pilot::with(way(&gate.address().to_string()));
    let spec = quick("phoenix-host", 3000);
    one.register("phoenix", &spec, Status::Passing).await;
    let node = "/containerpilot/phoenix/phoenix-host";
    gate.set_open(false);
    until("the node is gone", async || {
        zookeeper.session_of(node).await.is_none().then_some(())
    })
    .await;
    let mut other = Pilot::with(way(&zookeeper.connect()));
    other
        .register("phoenix", &service("phoenix-host", 2), Status::Passing)
        .await;
    let session = zookeeper.session_of(node).await;
    gate.set_open(true);
    one.publish("phoenix", &spec, Status::Passing);
    loop {
        match one.service("phoenix").await {
            ServiceEvent::Overtaken { .. } => break,
            ServiceEvent::Forgotten | ServiceEvent::Failing { .. } => {}
            event @ (ServiceEvent::Registered
            | ServiceEvent::Back
            | ServiceEvent::Repaired { .. }
            | ServiceEvent::Withdrawn { .. }) => panic!("{event:?}"),
        }
    }
    assert_eq!(zookeeper.session_of(node).await, session);
    assert_eq!(zookeeper.cli(0).await.json(node).await["port"], 2);
}
