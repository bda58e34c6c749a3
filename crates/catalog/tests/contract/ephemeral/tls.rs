//! The way to a ZooKeeper that speaks TLS, proven in both directions.

use std::path::PathBuf;

use catalog::{
    Instance, ServiceEvent,
    transport::{Scheme, Tls},
    zookeeper::Settings,
};
use pilot_core::spec::Status;

use super::{until_status, way};
use crate::{
    pilot::{Pilot, passing, service},
    tls::Authority,
    zookeeper::{Zookeeper, until},
};

/// A server with a certificate of an authority of ours.
async fn server(authority: &Authority, client: &str) -> Zookeeper {
    // ZooKeeper takes both from one file.
    let keys = authority.file("server.both.pem");
    let text = |name| std::fs::read_to_string(authority.file(name)).unwrap();
    std::fs::write(&keys, text("server.key") + &text("server.pem")).unwrap();
    Zookeeper::secure(&keys, &authority.file("ca.pem"), client).await
}

fn private(zookeeper: &Zookeeper, tls: Tls) -> Settings {
    let mut settings = way(&zookeeper.secure_address(0).to_string());
    settings.scheme = Scheme::Https;
    settings.tls = tls;
    settings
}

fn trusting(ca_file: PathBuf) -> Tls {
    Tls {
        ca_file: Some(ca_file),
        ..Tls::default()
    }
}

async fn registers(settings: Settings, zookeeper: &Zookeeper, id: &str) {
    let mut pilot = Pilot::with(settings);
    pilot
        .register("web", &service(id, 1), Status::Passing)
        .await;
    let node = format!("/containerpilot/web/{id}");
    assert!(zookeeper.session_of(&node).await.is_some(), "{id}");
    pilot.withdrawn("web").await;
}

async fn failure(settings: Settings) -> String {
    let mut pilot = Pilot::with(settings);
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let event = pilot.service("web").await;
    let ServiceEvent::Failing { reason, .. } = event else {
        panic!("{event:?}");
    };
    reason.to_string()
}

#[tokio::test]
async fn a_server_is_verified_unless_the_user_says_otherwise() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let zookeeper = server(&ours, "none").await;
    let to = |tls| private(&zookeeper, tls);
    let known = trusting(ours.file("ca.pem"));
    registers(to(known.clone()), &zookeeper, "verified").await;

    let address = zookeeper.secure_address(0);
    let start = format!("cannot reach ZooKeeper at {address}: invalid peer certificate");
    let misnamed = Tls {
        server_name: Some("other.example".to_owned()),
        ..known.clone()
    };
    for wrong in [trusting(theirs.file("ca.pem")), misnamed] {
        let said = failure(to(wrong)).await;
        assert!(said.starts_with(&start), "{said}");
    }

    let named = Tls {
        server_name: Some("server.dc1.consul".to_owned()),
        ..known.clone()
    };
    registers(to(named), &zookeeper, "named").await;
    let careless = Tls {
        verify: false,
        ..trusting(theirs.file("ca.pem"))
    };
    registers(to(careless), &zookeeper, "careless").await;

    // Neither side takes the other's language for its own.
    let said = failure(way(&address.to_string())).await;
    let start = format!("cannot reach ZooKeeper at {address}: ");
    assert!(said.starts_with(&start), "{said}");
    let mut crossed = to(known);
    crossed.servers = way(&zookeeper.connect()).servers;
    let said = failure(crossed).await;
    let start = format!("cannot reach ZooKeeper at {}: ", zookeeper.connect());
    assert!(said.starts_with(&start), "{said}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_wanted() {
    let authority = Authority::new();
    let zookeeper = server(&authority, "need").await;
    let tls = trusting(authority.file("ca.pem"));
    let said = failure(private(&zookeeper, tls.clone())).await;
    let address = zookeeper.secure_address(0).to_string();
    assert!(said.contains(&address), "{said}");
    let tls = Tls {
        client_cert: Some(authority.file("client.pem")),
        client_key: Some(authority.file("client.key")),
        ..tls
    };
    registers(private(&zookeeper, tls), &zookeeper, "mutual").await;
}

/// All that goes over the connection, large answers and broken connections included.
#[tokio::test]
async fn a_session_goes_on_over_another_private_connection() {
    let authority = Authority::new();
    let mut zookeeper = server(&authority, "none").await;
    let mut pilot = Pilot::with(private(&zookeeper, trusting(authority.file("ca.pem"))));
    let mut spec = service("long-host", 80);
    // More than fits into one record of TLS, in either direction.
    let words = "word ".repeat(20_000);
    spec.meta = vec![("long".to_owned(), words.clone())];
    let watch = passing("long");
    pilot.follow(&watch);
    pilot.register("long", &spec, Status::Passing).await;
    let is_whole = |one: &Instance| one.meta.get("long").is_some_and(|it| **it == *words);
    pilot.until_one(&watch, "all its words", is_whole).await;
    let node = "/containerpilot/long/long-host";
    let session = zookeeper.session_of(node).await;
    assert!(session.is_some());

    zookeeper.kill(0);
    pilot.publish("long", &spec, Status::Critical);
    let event = pilot.service("long").await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    assert!(zookeeper.resume(0).await);
    let mut cli = zookeeper.cli(0).await;
    until_status(&mut cli, node, "critical").await;
    // ZooKeeper has it before we hear that it has.
    while pilot.service("long").await != ServiceEvent::Back {}
    assert_eq!(zookeeper.session_of(node).await, session);
    pilot.until_none(&watch).await;
    pilot.publish("long", &spec, Status::Passing);
    pilot.until_one(&watch, "all its words", is_whole).await;
    pilot.withdrawn("long").await;
    until("the node is gone", async || {
        zookeeper.session_of(node).await.is_none().then_some(())
    })
    .await;
}
