//! One identity that two helpers claim: the newcomer's, until it leaves.

use std::time::Duration;

use catalog::{CatalogEvent, Instance, Query, ServiceEvent};
use pilot_core::spec::Status;
use tokio::time::{Instant, sleep};

use super::{cases, ground::Ground, report::is};
use crate::{backend::DEADLINE, pilot::Pilot};

cases! {
    /// The newcomer wins: what it says is what is shown.
    the_newcomer_wins,
    /// Who was overtaken says so, once, at its next publish.
    who_was_overtaken_says_so_once,
    /// Who was overtaken leaves the newcomer's status alone.
    who_was_overtaken_leaves_the_status_alone,
    /// Who was overtaken takes the identity back when the newcomer has withdrawn.
    the_identity_is_taken_back_when_the_newcomer_left,
    /// Who was overtaken takes nothing with it when it withdraws.
    who_was_overtaken_withdraws_nothing,
    /// A third one overtakes the second, which says so.
    a_third_one_overtakes_the_second,
    /// A helper is never overtaken by itself.
    nobody_overtakes_itself,
}

const OLD: u16 = 1;
const NEW: u16 = 2;

/// Two helpers that claim one identity, and somebody who looks at it.
struct Scene {
    old: Pilot,
    new: Pilot,
    reader: Pilot,
    name: String,
    query: Query,
}

impl Scene {
    async fn set(ground: &Ground) -> Self {
        let mut scene = Self {
            old: ground.pilot(),
            new: ground.pilot(),
            reader: ground.pilot(),
            name: ground.name("web"),
            query: ground.all("web"),
        };
        scene.reader.follow(&scene.query);
        let spec = ground.service("web", OLD);
        scene
            .old
            .register(&scene.name, &spec, Status::Passing)
            .await;
        scene.until_port(OLD).await;
        let spec = ground.service("web", NEW);
        scene
            .new
            .register(&scene.name, &spec, Status::Passing)
            .await;
        scene.until_port(NEW).await;
        scene
    }

    async fn until_port(&mut self, port: u16) -> Instance {
        let what = format!("port {port}");
        let has = |one: &Instance| one.port == port;
        self.reader.until_one(&self.query, &what, has).await
    }

    /// Publishes for the old one until it says that it was overtaken.
    async fn overtake(&mut self, ground: &Ground) -> String {
        self.overtake_at(ground, OLD).await
    }

    /// The same for one that advertises another port; it must go on with the one it has, for what
    /// is described anew is claimed anew.
    async fn overtake_at(&mut self, ground: &Ground, port: u16) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.old
                .publish(&self.name, &ground.service("web", port), Status::Critical);
            let told = self.old.soon(Duration::from_millis(50)).await;
            match told {
                Some(CatalogEvent::Service {
                    event: ServiceEvent::Overtaken { by },
                    ..
                }) => return by,
                Some(CatalogEvent::Link(_)) | None => {}
                Some(other) => panic!("{other:?}"),
            }
            assert!(Instant::now() < deadline, "it does not say so");
        }
    }
}

async fn the_newcomer_wins(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let spec = ground.service("web", NEW);
    scene.new.publish(&scene.name, &spec, Status::Warning);
    let is_so = |one: &Instance| one.port == NEW && is(Status::Warning)(one);
    scene
        .reader
        .until_one(&scene.query, "the newcomer, warning", is_so)
        .await;
    scene.new.assert_silent();
}

async fn who_was_overtaken_says_so_once(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let by = scene.overtake(&ground).await;
    assert!(!by.is_empty());
    for _ in 0..10 {
        scene
            .old
            .publish(&scene.name, &ground.service("web", OLD), Status::Passing);
        sleep(Duration::from_millis(20)).await;
    }
    scene.old.hears_nothing(&ground).await;
    scene.new.hears_nothing(&ground).await;
    let standing = scene.old.handle.status();
    let name = pilot_core::JobName::from(scene.name.as_str());
    assert_eq!(standing.services[&name].registered, None);
}

async fn who_was_overtaken_leaves_the_status_alone(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.overtake(&ground).await;
    for _ in 0..5 {
        scene
            .old
            .publish(&scene.name, &ground.service("web", OLD), Status::Critical);
        scene
            .new
            .publish(&scene.name, &ground.service("web", NEW), Status::Passing);
        sleep(Duration::from_millis(20)).await;
    }
    let spec = ground.service("web", NEW);
    scene.new.publish(&scene.name, &spec, Status::Warning);
    scene
        .reader
        .until_one(&scene.query, "the newcomer's", is(Status::Warning))
        .await;
    let told = scene.reader.told(&scene.query);
    let old = told.iter().flat_map(|found| found.iter());
    let old = old.filter(|one| one.port == OLD && is(Status::Critical)(one));
    assert_eq!(old.count(), 0, "{told:#?}");
}

async fn the_identity_is_taken_back_when_the_newcomer_left(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.overtake(&ground).await;
    scene.new.withdrawn(&scene.name).await;
    let spec = ground.service("web", OLD);
    scene.old.publish(&scene.name, &spec, Status::Passing);
    assert_eq!(
        scene.old.service(&scene.name).await,
        ServiceEvent::Registered
    );
    let is_back = |one: &Instance| one.port == OLD && is(Status::Passing)(one);
    scene
        .reader
        .until_one(&scene.query, "the first, passing", is_back)
        .await;
    scene.old.publish(&scene.name, &spec, Status::Warning);
    scene
        .reader
        .until_one(&scene.query, "its next status", is(Status::Warning))
        .await;
}

async fn who_was_overtaken_withdraws_nothing(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.overtake(&ground).await;
    scene.old.withdrawn(&scene.name).await;
    scene
        .new
        .publish(&scene.name, &ground.service("web", NEW), Status::Warning);
    scene
        .reader
        .until_one(&scene.query, "the newcomer's", is(Status::Warning))
        .await;
    scene.new.assert_silent();
    let told = scene.reader.told(&scene.query);
    assert!(!told[1..].iter().any(|found| found.is_empty()), "{told:#?}");
}

async fn a_third_one_overtakes_the_second(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.overtake(&ground).await;
    let third = ground.pilot();
    let old = std::mem::replace(&mut scene.old, std::mem::replace(&mut scene.new, third));
    scene
        .new
        .register(&scene.name, &ground.service("web", 3), Status::Passing)
        .await;
    scene.until_port(3).await;
    scene.overtake_at(&ground, NEW).await;
    drop(old);
    scene.new.assert_silent();
}

async fn nobody_overtakes_itself(ground: Ground) {
    let mut app = ground.pilot();
    let name = ground.name("web");
    for port in 1..6 {
        app.register(&name, &ground.service("web", port), Status::Passing)
            .await;
        for _ in 0..3 {
            app.publish(&name, &ground.service("web", port), Status::Warning);
            app.until_standing(&name, Status::Warning).await;
            app.publish(&name, &ground.service("web", port), Status::Passing);
            app.until_standing(&name, Status::Passing).await;
        }
        app.assert_silent();
    }
}
