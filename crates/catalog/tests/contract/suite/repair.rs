//! Finding what is missing, and taking over what was left.

use std::time::Duration;

use catalog::{Instance, ServiceEvent, answer::Health};
use pilot_core::spec::Status;
use tokio::time::sleep;

use super::{
    cases,
    ground::Ground,
    report::{is, settle},
};
use crate::pilot::Pilot;

cases! {
    /// What somebody took away is there again after the next publish, as it is by then.
    what_was_taken_away_is_registered_again,
    /// It is told once that it was missing, and once that it is back.
    a_repair_is_told_once,
    /// A helper that comes back takes over what it left when it was killed: one entry, not two.
    a_helper_takes_over_what_it_left,
    /// What it left under another description is described anew.
    what_it_left_is_described_anew,
    /// Over and over killed, it leaves one entry.
    a_helper_that_is_killed_often_leaves_one_entry,
    /// While nothing is amiss a helper repairs nothing.
    nothing_is_repaired_that_is_not_broken,
}

/// Publishes as a health check would, until the helper has repaired what was missing.
async fn beat_until_repaired(app: &mut Pilot, ground: &Ground, status: Status) {
    let (name, spec) = (ground.name("web"), ground.service("web", 1));
    app.publish(&name, &spec, status);
    assert_eq!(app.service(&name).await, ServiceEvent::Forgotten);
    assert_eq!(app.service(&name).await, ServiceEvent::Registered);
}

async fn what_was_taken_away_is_registered_again(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    settle(&ground, &app, &ground.service("web", 1)).await;
    ground.rob("web", "web").await;
    beat_until_repaired(&mut app, &ground, Status::Warning).await;
    reader.follow(&query);
    reader
        .until_one(&query, "it, warning", is(Status::Warning))
        .await;
}

async fn a_repair_is_told_once(ground: Ground) {
    let mut app = ground.pilot();
    let name = ground.name("web");
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    for _ in 0..3 {
        settle(&ground, &app, &ground.service("web", 1)).await;
        ground.rob("web", "web").await;
        beat_until_repaired(&mut app, &ground, Status::Passing).await;
    }
    app.hears_nothing(&ground).await;
}

async fn a_helper_takes_over_what_it_left(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    let spec = ground.service("web", 1);
    app.register(&name, &spec, Status::Critical).await;
    reader.follow(&query);
    reader.until_one(&query, "it", |_| true).await;
    app.handle.shutdown().await;
    let mut heir = ground.pilot();
    heir.register(&name, &spec, Status::Warning).await;
    reader
        .until_one(&query, "it, warning", is(Status::Warning))
        .await;
    // Whoever takes over is not told off by what it took over.
    heir.publish(&name, &spec, Status::Passing);
    reader
        .until_one(&query, "it, passing", is(Status::Passing))
        .await;
    heir.assert_silent();
    let most = reader.told(&query).iter().map(|found| found.len()).max();
    assert_eq!(most, Some(1));
}

async fn what_it_left_is_described_anew(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    let mut spec = ground.service("web", 1);
    spec.tags = vec!["old".to_owned()];
    app.register(&name, &spec, Status::Critical).await;
    app.handle.shutdown().await;
    let mut heir = ground.pilot();
    heir.register(&name, &ground.service("web", 2), Status::Passing)
        .await;
    reader.follow(&query);
    let is_new = |one: &Instance| {
        one.port == 2 && one.tags.is_empty() && one.status == Health::Checked(Status::Passing)
    };
    reader
        .until_one(&query, "the new description", is_new)
        .await;
}

async fn a_helper_that_is_killed_often_leaves_one_entry(ground: Ground) {
    let mut reader = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    reader.follow(&query);
    let mut last = None;
    for port in 1..8 {
        let mut app = ground.pilot();
        app.register(&name, &ground.service("web", port), Status::Passing)
            .await;
        reader.until_one(&query, "it", |one| one.port == port).await;
        // The one before it is gone by now, as the process would be.
        last = Some(app);
    }
    drop(last);
    let most = reader.told(&query).iter().map(|found| found.len()).max();
    assert_eq!(most, Some(1));
}

async fn nothing_is_repaired_that_is_not_broken(ground: Ground) {
    let mut app = ground.pilot();
    let (name, spec) = (ground.name("web"), ground.service("web", 1));
    app.register(&name, &spec, Status::Passing).await;
    for _ in 0..30 {
        app.publish(&name, &spec, Status::Passing);
        sleep(Duration::from_millis(10)).await;
    }
    app.assert_silent();
}
