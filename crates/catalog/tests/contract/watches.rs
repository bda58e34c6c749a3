//! Watches on a catalog that works (acceptance 146-148, 150, 151).

use std::time::Duration;

use catalog::{
    Answer, CatalogEvent, FollowEvent, Instance, Query, answer::Health, query::ServiceQuery,
};
use pilot_core::spec::Status;

use crate::{
    backend::{Backend, DEADLINE, Eye, contract},
    pilot::{Pilot, passing, service, settings},
    proxy::Proxy,
};

contract! {
    the_first_answer_is_told_even_when_it_is_empty,
    every_change_is_told_and_nothing_else,
    a_change_of_any_member_is_a_change,
    tags_are_watched_independently,
    the_last_instance_leaves,
    at_rest_a_watch_asks_once_per_wait,
    an_unwatched_service_is_asked_about_no_more,
    two_instances_come_sorted,
    answers_and_calls_are_counted,
}

async fn the_first_answer_is_told_even_when_it_is_empty(backend: Backend) {
    let mut pilot = Pilot::at(backend.address());
    pilot.watch("nobody");
    assert_eq!(*pilot.update("nobody").await, []);
    pilot.assert_silent();
}

async fn every_change_is_told_and_nothing_else(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut nginx = Pilot::at(backend.address());
    nginx.watch("app");
    assert_eq!(*nginx.update("app").await, []);
    let spec = service("app-host", 8000);
    for _ in 0..3 {
        app.register("app", &spec, Status::Passing).await;
        let instances = nginx.update("app").await;
        assert_eq!(instances.len(), 1);
        assert_eq!(instances[0].status, Health::Checked(Status::Passing));
        app.publish("app", &spec, Status::Passing);
        app.publish("app", &spec, Status::Critical);
        assert_eq!(*nginx.update("app").await, []);
        app.withdrawn("app").await;
    }
    nginx.assert_silent();
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

async fn tags_are_watched_independently(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::at(backend.address());
    let tagged = |tag: &str| {
        Query::Service(ServiceQuery {
            tag: Some(tag.to_owned()),
            ..ServiceQuery::passing("tagged")
        })
    };
    for tag in ["blue", "green"] {
        reader.follow(&tagged(tag));
        assert_eq!(*reader.instances(&tagged(tag)).await, []);
    }
    let mut spec = service("tagged-host", 8000);
    spec.tags = vec!["blue".to_owned()];
    app.register("tagged", &spec, Status::Passing).await;
    assert_eq!(reader.instances(&tagged("blue")).await.len(), 1);
    reader.assert_silent();
    spec.tags = vec!["green".to_owned()];
    app.register("tagged", &spec, Status::Passing).await;
    let mut told = [(String::new(), 9), (String::new(), 9)];
    for told in &mut told {
        let event = reader.next().await;
        let CatalogEvent::Answer { query, event } = event else {
            panic!("{event:?}");
        };
        let FollowEvent::Update(Answer::Instances(instances)) = event else {
            panic!("{event:?}");
        };
        *told = (query.to_string(), instances.len());
    }
    told.sort();
    assert_eq!(
        told,
        [
            ("blue.tagged".to_owned(), 0),
            ("green.tagged".to_owned(), 1)
        ]
    );
    reader.assert_silent();
}

async fn the_last_instance_leaves(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::at(backend.address());
    let spec = service("leaver-host", 8000);
    app.register("leaver", &spec, Status::Passing).await;
    reader.watch("leaver");
    assert_eq!(reader.update("leaver").await.len(), 1);
    app.withdrawn("leaver").await;
    assert_eq!(*reader.update("leaver").await, []);
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

async fn an_unwatched_service_is_asked_about_no_more(backend: Backend) {
    let mut app = Pilot::at(backend.address());
    let mut reader = Pilot::at(backend.address());
    for name in ["dropped", "kept"] {
        reader.watch(name);
        assert_eq!(*reader.update(name).await, []);
    }
    reader.handle.unfollow(&passing("dropped"));
    reader.watch("kept");
    app.register("dropped", &service("dropped-host", 1), Status::Passing)
        .await;
    app.register("kept", &service("kept-host", 1), Status::Passing)
        .await;
    assert_eq!(reader.update("kept").await.len(), 1);
    reader.assert_silent();
    // Watched again, it is told afresh.
    reader.watch("dropped");
    assert_eq!(reader.update("dropped").await.len(), 1);
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
        let counts = reader.handle.client().calls().into_iter();
        let answered = counts.filter(|count| (count.operation, count.outcome) == ("health", "ok"));
        answered.map(|count| count.calls).sum::<u64>()
    };
    assert!(calls(&reader) >= 1);
    let mut other = reader.handle.client().settings().clone();
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
