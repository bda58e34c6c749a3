//! Members that fail, users and certificates.

use std::time::Duration;

use catalog::{
    Answer, Query, ServiceEvent,
    transport::{Login, Password, Scheme, Secret, Tls},
};
use pilot_core::spec::Status;
use serde_json::json;

use super::{Etcd, registration::settings};
use crate::{
    pilot::{Pilot, service},
    tls::Authority,
};

const KEY: &str = "/containerpilot/web/web-1";

fn key() -> Query {
    Query::Key {
        path: "key".to_owned(),
        dc: None,
    }
}

async fn until_value(pilot: &mut Pilot, text: &'static str) {
    while pilot.answer(&key()).await != Answer::Value(Some(text.into())) {}
}

#[tokio::test]
async fn when_the_member_in_use_is_killed_or_stands_still_the_next_one_serves() {
    let [mut one, two, three] = Etcd::cluster().await;
    let mut reader = Pilot::with(settings([&one, &two, &three]));
    let mut pilot = Pilot::with(settings([&one, &two, &three]));
    let spec = service("web-1", 1);
    reader.follow(&key());
    pilot.register("web", &spec, Status::Passing).await;
    one.kill();
    two.put("/key", "one").await;
    until_value(&mut reader, "one").await;
    pilot.publish("web", &spec, Status::Warning);
    two.until("the status is told", async |two| {
        let text = two.value(KEY).await?;
        text.contains("warning").then_some(())
    })
    .await;
    assert!(one.resume().await);
    // What stands still keeps its connections open, so a call has to find it out.
    two.freeze();
    pilot.publish("web", &spec, Status::Critical);
    three
        .until("the status is told again", async |three| {
            let text = three.value(KEY).await?;
            text.contains("critical").then_some(())
        })
        .await;
    two.thaw();
}

#[tokio::test]
async fn a_user_has_a_token_that_is_renewed_when_it_expires() {
    let etcd = Etcd::with(&["--auth-token-ttl=1"]).await;
    for (path, body) in [
        ("user/add", json!({ "name": "root", "password": "hush" })),
        ("user/grant", json!({ "user": "root", "role": "root" })),
        ("enable", json!({})),
    ] {
        let said = etcd.post(&format!("/v3/auth/{path}"), &body).await;
        assert!(said["header"].is_object(), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let with = |password: Option<Password>| {
        let mut settings = settings([&etcd]);
        settings.login = password.map(|password| Login {
            user: "root".to_owned(),
            password,
        });
        settings
    };
    for settings in [
        with(None),
        with(Some(Password::Value(Secret::new("wrong")))),
    ] {
        let mut refused = Pilot::with(settings);
        refused.publish("web", &service("web-1", 1), Status::Passing);
        let event = refused.service("web").await;
        let ServiceEvent::Failing { reason, .. } = event else {
            panic!("{event:?}");
        };
        let said = reason.to_string();
        assert!(said.starts_with("etcd answered 401 to "), "{said}");
        assert!(!said.contains("wrong"), "{said}");
    }
    std::fs::write(&path, "hush\n").unwrap();
    let mut pilot = Pilot::with(with(Some(Password::File(path))));
    pilot.follow(&key());
    assert_eq!(pilot.answer(&key()).await, Answer::Value(None));
    let spec = service("web-1", 1);
    pilot.register("web", &spec, Status::Passing).await;
    for _ in 0..2 {
        // Longer than a token lasts; the fact to wait for is that it is no longer taken.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        pilot.publish("web", &spec, Status::Passing);
        let keys = pilot.handle.keys();
        let written = keys
            .write("key", "here".into(), catalog::Guard::Anything)
            .await;
        written.unwrap();
    }
    until_value(&mut pilot, "here").await;
    pilot.withdrawn("web").await;
}

#[tokio::test]
async fn certificates_are_verified_in_both_directions() {
    let authority = Authority::new();
    let file = |name: &str| authority.file(name).display().to_string();
    let flags = [
        format!("--cert-file={}", file("server.pem")),
        format!("--key-file={}", file("server.key")),
        format!("--trusted-ca-file={}", file("ca.pem")),
        "--client-cert-auth".to_owned(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let etcd = Etcd::with(&flags).await;
    let mut settings = settings([&etcd]);
    settings.members[0].1 = Scheme::Https;
    settings.tls.ca_file = Some(authority.file("ca.pem"));
    let mut refused = Pilot::with(settings.clone());
    refused.publish("web", &service("web-1", 1), Status::Passing);
    let event = refused.service("web").await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    settings.tls = Tls {
        client_cert: Some(authority.file("client.pem")),
        client_key: Some(authority.file("client.key")),
        ..settings.tls
    };
    let mut pilot = Pilot::with(settings);
    pilot.follow(&key());
    assert_eq!(pilot.answer(&key()).await, Answer::Value(None));
    pilot
        .register("web", &service("web-1", 1), Status::Passing)
        .await;
    pilot.withdrawn("web").await;
}
