//! Taking an instance away.

use std::time::Duration;

use catalog::ServiceEvent;
use pilot_core::spec::Status;
use tokio::time::Instant;

use super::{cases, ground::Ground, report::settle};
use crate::pilot::Pilot;

cases! {
    /// A withdrawal takes the instance away, and is confirmed once.
    a_withdrawal_takes_it_away,
    /// Withdrawing what was never published is confirmed at once.
    what_was_never_published_is_withdrawn_at_once,
    /// Withdrawn twice, it is confirmed twice.
    a_second_withdrawal_is_confirmed_too,
    /// Published again after a withdrawal, it is there again.
    a_publish_after_a_withdrawal_brings_it_back,
    /// A publish that overtakes a withdrawal wins.
    a_publish_overtakes_a_withdrawal,
    /// A withdrawal that overtakes a publish wins.
    a_withdrawal_overtakes_a_publish,
    /// One instance of a service is withdrawn, and the other stays.
    a_withdrawal_leaves_others_alone,
    /// A withdrawal while the catalog hangs ends within six seconds, and says why.
    a_withdrawal_from_a_catalog_that_hangs_ends,
    /// A withdrawal where nobody listens ends, and says why.
    a_withdrawal_from_nowhere_ends,
    /// What somebody else already took away is withdrawn all the same.
    what_is_gone_already_is_withdrawn,
}

async fn a_withdrawal_takes_it_away(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    reader.follow(&query);
    reader.until_one(&query, "it", |_| true).await;
    app.withdrawn(&name).await;
    reader.until_none(&query).await;
    app.assert_silent();
}

async fn what_was_never_published_is_withdrawn_at_once(ground: Ground) {
    let mut app = ground.pilot();
    app.withdrawn(&ground.name("web")).await;
    app.assert_silent();
}

async fn a_second_withdrawal_is_confirmed_too(ground: Ground) {
    let mut app = ground.pilot();
    let name = ground.name("web");
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    app.withdrawn(&name).await;
    app.withdrawn(&name).await;
    app.assert_silent();
}

async fn a_publish_after_a_withdrawal_brings_it_back(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    reader.follow(&query);
    for port in 1..4 {
        app.register(&name, &ground.service("web", port), Status::Passing)
            .await;
        reader.until_one(&query, "it", |one| one.port == port).await;
        app.withdrawn(&name).await;
        reader.until_none(&query).await;
    }
}

async fn a_publish_overtakes_a_withdrawal(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    reader.follow(&query);
    app.withdraw(&name);
    // The withdrawal is on its way by now, or not.
    tokio::task::yield_now().await;
    app.publish(&name, &ground.service("web", 2), Status::Passing);
    reader
        .until_one(&query, "the new one", |one| one.port == 2)
        .await;
}

async fn a_withdrawal_overtakes_a_publish(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    tokio::task::yield_now().await;
    app.withdraw(&name);
    loop {
        let event = app.service(&name).await;
        if event == (ServiceEvent::Withdrawn { failure: None }) {
            break;
        }
        assert_eq!(event, ServiceEvent::Registered);
    }
    reader.follow(&query);
    assert_eq!(*reader.instances(&query).await, []);
}

async fn a_withdrawal_leaves_others_alone(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let query = ground.all("web");
    for word in ["goes", "stays"] {
        let mut spec = ground.service(word, 1);
        spec.name = Some(ground.name("web"));
        app.register(word, &spec, Status::Passing).await;
    }
    reader.follow(&query);
    reader
        .until_all(&query, "both", |found| found.len() == 2)
        .await;
    app.withdrawn("goes").await;
    let stays = ground.name("stays");
    reader
        .until_one(&query, "the other", |one| *one.id == stays)
        .await;
}

async fn a_withdrawal_from_a_catalog_that_hangs_ends(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = Pilot::with(ground.over(&relay));
    let name = ground.name("web");
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    relay.hold();
    let failure = refused_withdrawal(&mut app, &name).await;
    assert!(failure.contains("did not"), "{failure}");
}

async fn a_withdrawal_from_nowhere_ends(ground: Ground) {
    let mut app = Pilot::with(ground.nowhere());
    let name = ground.name("web");
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    let event = app.service(&name).await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    app.withdraw(&name);
    let event = app.service(&name).await;
    assert!(matches!(event, ServiceEvent::Withdrawn { .. }), "{event:?}");
}

/// Withdraws a service and gives the reason why that fails, which must come in time.
async fn refused_withdrawal(app: &mut Pilot, name: &str) -> String {
    let began = Instant::now();
    app.withdraw(name);
    loop {
        let event = app.service(name).await;
        if let ServiceEvent::Withdrawn { failure } = event {
            assert!(began.elapsed() < Duration::from_millis(6500));
            let failure = failure.expect("the catalog cannot have done it");
            return failure.to_string();
        }
        assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    }
}

async fn what_is_gone_already_is_withdrawn(ground: Ground) {
    let mut app = ground.pilot();
    let name = ground.name("web");
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    settle(&ground, &app, &ground.service("web", 1)).await;
    ground.rob("web", "web").await;
    app.withdraw(&name);
    loop {
        let event = app.service(&name).await;
        if event == (ServiceEvent::Withdrawn { failure: None }) {
            return;
        }
        // A catalog may tell of it before it is asked.
        let is_repair = [ServiceEvent::Forgotten, ServiceEvent::Registered].contains(&event);
        assert!(is_repair, "{event:?}");
    }
}
