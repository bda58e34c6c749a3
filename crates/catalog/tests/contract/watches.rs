//! Watches by Consul's API (acceptance 146-148, 150, 151); what any catalog promises is in `suite`.

use std::time::Duration;

use catalog::{Instance, answer::Health};
use pilot_core::spec::Status;

use crate::{
    backend::{Backend, DEADLINE, Eye, contract},
    pilot::{Pilot, passing, service, settings},
    proxy::Proxy,
};

contract! {
    a_change_of_any_member_is_a_change,
    at_rest_a_watch_asks_once_per_wait,
    two_instances_come_sorted,
    answers_and_calls_are_counted,
}

async fn a_change_of_any_member_is_a_change(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::at(backend.address());
    let mut spec = service("member-host", 8000);
    app.register("member", &spec, Status::Passing).await;
    reader.watch("member");
    let first = reader.update("member").await;
    let expected = Instance {
        id: "member-host".into(),
        service: "member".into(),
        own_address: "127.0.0.1".into(),
        port: 8000,
        tags: [].into(),
        status: Health::Checked(Status::Passing),
        ..first[0].clone()
    };
    assert_eq!(*first, [expected]);
    assert!(!first[0].node.name.is_empty());
    spec.port = 8001;
    app.register("member", &spec, Status::Passing).await;
    assert_eq!(reader.update("member").await[0].port, 8001);
    spec.tags = vec!["blue".to_owned()];
    app.register("member", &spec, Status::Passing).await;
    assert_eq!(reader.update("member").await[0].tags.join(" "), "blue");
    spec.meta = vec![("version".to_owned(), "2".to_owned())];
    app.register("member", &spec, Status::Passing).await;
    assert_eq!(reader.update("member").await[0].meta["version"], "2".into());
    spec.address = "10.0.0.7".to_owned();
    app.register("member", &spec, Status::Passing).await;
    assert_eq!(reader.update("member").await[0].address(), "10.0.0.7");
    spec.address = String::new();
    app.register("member", &spec, Status::Passing).await;
    let instances = reader.update("member").await;
    assert_eq!(instances[0].address(), "127.0.0.1", "that of the node");
}

async fn at_rest_a_watch_asks_once_per_wait(backend: Backend) {
    let proxy = Proxy::before(backend.address()).await;
    // Consul wakes those who wait for a service that does not exist at any change of any other.
    let mut app = Pilot::at(backend.address());
    let spec = service("resting-place-host", 1);
    app.register("resting-place", &spec, Status::Passing).await;
    Eye(backend.address())
        .until("the update has been told", async || {
            let output = Eye(backend.address()).check("resting-place-host").await["Output"].clone();
            (output == "it is passing").then_some(())
        })
        .await;
    let mut settings = settings(proxy.address());
    settings.timeouts.wait = Duration::from_secs(2);
    let mut pilot = Pilot::with(settings);
    pilot.watch("resting-place");
    assert_eq!(pilot.update("resting-place").await.len(), 1);
    let line = "GET /v1/health/service/resting-place";
    proxy.until_asked(line, 4).await;
    let asked = proxy.asked();
    assert!(!asked[0].head.contains("index="), "{}", asked[0].head);
    for pair in asked[1..].windows(2) {
        assert!(pair[1].head.contains("index=") && pair[1].head.contains("wait=2s"));
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(1900));
    }
    assert_eq!(proxy.connections(), 1);
    pilot.assert_silent();
}

async fn two_instances_come_sorted(backend: Backend) {
    let eye = Eye(backend.address());
    let mut app = Pilot::at(backend.address());
    let body = r#"{"ID":"pair-z","Name":"pair","Address":"10.0.0.9","Port":9}"#;
    assert_eq!(eye.put("/v1/agent/service/register", body).await, 200);
    app.register("pair", &service("pair-a", 1), Status::Passing)
        .await;
    let mut reader = Pilot::at(backend.address());
    reader.watch("pair");
    let mut instances = reader.update("pair").await;
    if instances.len() < 2 {
        instances = reader.update("pair").await;
    }
    let ids: Vec<_> = instances.iter().map(|instance| &*instance.id).collect();
    assert_eq!(ids, ["pair-a", "pair-z"]);
}

async fn answers_and_calls_are_counted(backend: Backend) {
    let mut reader = Pilot::at(backend.address());
    let began = std::time::Instant::now();
    reader.watch("counted");
    assert_eq!(*reader.update("counted").await, []);
    let at = reader.handle.status().answered[&passing("counted")];
    assert!(at >= began && at.elapsed() < DEADLINE);
    let calls = |reader: &Pilot| {
        let counts = reader.handle.calls().into_iter();
        let answered = counts.filter(|count| (count.operation, count.outcome) == ("health", "ok"));
        answered.map(|count| count.calls).sum::<u64>()
    };
    assert!(calls(&reader) >= 1);
    let mut other = reader.handle.consul().unwrap().settings().clone();
    other.timeouts.call += Duration::from_millis(1);
    reader.handle.replace_settings(other).unwrap();
    assert!(calls(&reader) >= 1, "other settings are no new beginning");
    reader.handle.unfollow(&passing("counted"));
    let mut status = reader.handle.status();
    let deadline = std::time::Instant::now() + DEADLINE;
    while status.answered.contains_key(&passing("counted")) {
        assert!(std::time::Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        status = reader.handle.status();
    }
}
