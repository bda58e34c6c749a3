//! Taking an instance out of service, and back into it.

use std::sync::Arc;

use catalog::{Instance, answer::Health};
use pilot_core::{JobName, spec::Status};

use super::{cases, ground::Ground, report::is};
use crate::pilot::Pilot;

cases! {
    /// In maintenance it is not among the passing, and still in the catalog.
    maintenance_takes_it_out_of_service,
    /// The reason is shown.
    the_reason_of_maintenance_is_shown,
    /// Another reason takes the place of the first.
    another_reason_replaces_the_first,
    /// Taken back, it passes again.
    taken_back_it_passes_again,
    /// Reports go on in maintenance and do not end it.
    reports_do_not_end_maintenance,
    /// What was reported in maintenance holds after it.
    what_was_reported_in_maintenance_holds_after_it,
    /// Described anew, it is still in maintenance.
    maintenance_outlives_another_description,
    /// A withdrawal ends it: published again, it passes.
    a_withdrawal_ends_maintenance,
    /// Maintenance of what is not published is no promise for later.
    maintenance_of_nothing_is_nothing,
    /// Maintenance of one instance leaves the others in service.
    maintenance_of_one_leaves_others_in_service,
}

fn in_maintenance(instance: &Instance) -> bool {
    instance.status == Health::Maintenance
}

fn says(reason: &str) -> impl Fn(&Instance) -> bool {
    move |instance| {
        let mut checks = instance.checks.iter();
        let is_said = checks.any(|check| *check.notes == *reason || *check.output == *reason);
        in_maintenance(instance) && is_said
    }
}

fn maintain(app: &Pilot, name: &str, reason: Option<&str>) {
    app.handle.maintain(&JobName::from(name), reason);
}

/// A service in maintenance, with those who look at it.
struct Scene {
    app: Pilot,
    reader: Pilot,
    name: String,
}

impl Scene {
    async fn set(ground: &Ground) -> Self {
        let (mut app, mut reader) = (ground.pilot(), ground.pilot());
        let name = ground.name("web");
        app.register(&name, &ground.service("web", 1), Status::Passing)
            .await;
        let (all, passing) = (ground.all("web"), ground.passing("web"));
        reader.follow(&all);
        reader.follow(&passing);
        reader.until_one(&passing, "it", |_| true).await;
        maintain(&app, &name, Some("new disks"));
        reader.until_one(&all, "maintenance", in_maintenance).await;
        reader.until_none(&passing).await;
        Self { app, reader, name }
    }
}

async fn maintenance_takes_it_out_of_service(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.app.assert_silent();
}

async fn the_reason_of_maintenance_is_shown(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let query = ground.all("web");
    scene
        .reader
        .until_one(&query, "the reason", says("new disks"))
        .await;
}

async fn another_reason_replaces_the_first(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let (query, passing) = (ground.all("web"), ground.passing("web"));
    let before = scene.reader.told(&passing).len();
    for reason in ["new fans & \"more\" é", "new disks"] {
        maintain(&scene.app, &scene.name, Some(reason));
        scene
            .reader
            .until_one(&query, "the reason", says(reason))
            .await;
    }
    // It was not in service for a moment.
    let told = scene.reader.told(&passing);
    let is_empty = |found: &Arc<[Instance]>| found.is_empty();
    assert!(told[before..].iter().all(is_empty), "{told:#?}");
    maintain(&scene.app, &scene.name, None);
    scene
        .reader
        .until_one(&passing, "it again", is(Status::Passing))
        .await;
}

async fn taken_back_it_passes_again(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    maintain(&scene.app, &scene.name, None);
    let query = ground.passing("web");
    scene
        .reader
        .until_one(&query, "it again", is(Status::Passing))
        .await;
}

async fn reports_do_not_end_maintenance(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let query = ground.all("web");
    for status in [
        Status::Warning,
        Status::Passing,
        Status::Critical,
        Status::Passing,
    ] {
        let spec = ground.service("web", 1);
        scene.app.publish(&scene.name, &spec, status);
        scene.app.until_standing(&scene.name, status).await;
    }
    scene
        .reader
        .until_one(&query, "the reason", says("new disks"))
        .await;
    let told = scene.reader.told(&ground.passing("web"));
    assert_eq!(told.last().map(|found| found.len()), Some(0));
}

async fn what_was_reported_in_maintenance_holds_after_it(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene
        .app
        .publish(&scene.name, &ground.service("web", 1), Status::Critical);
    maintain(&scene.app, &scene.name, None);
    let query = ground.all("web");
    scene
        .reader
        .until_one(&query, "critical", is(Status::Critical))
        .await;
    assert!(
        scene
            .reader
            .told(&ground.passing("web"))
            .last()
            .unwrap()
            .is_empty()
    );
}

async fn maintenance_outlives_another_description(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    let before = scene.reader.told(&ground.passing("web")).len();
    scene
        .app
        .publish(&scene.name, &ground.service("web", 2), Status::Passing);
    let query = ground.all("web");
    let is_so = |one: &Instance| one.port == 2 && in_maintenance(one);
    scene
        .reader
        .until_one(&query, "port 2, in maintenance", is_so)
        .await;
    // It was not in service for a moment either.
    let told = scene.reader.told(&ground.passing("web"));
    let is_empty = |found: &Arc<[Instance]>| found.is_empty();
    assert!(told[before..].iter().all(is_empty), "{told:#?}");
}

async fn a_withdrawal_ends_maintenance(ground: Ground) {
    let mut scene = Scene::set(&ground).await;
    scene.app.withdraw(&scene.name);
    scene.reader.until_none(&ground.all("web")).await;
    scene
        .app
        .publish(&scene.name, &ground.service("web", 1), Status::Passing);
    let query = ground.passing("web");
    scene
        .reader
        .until_one(&query, "it again", is(Status::Passing))
        .await;
}

async fn maintenance_of_nothing_is_nothing(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    maintain(&app, &name, Some("too early"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    reader.follow(&query);
    reader.until_one(&query, "it", is(Status::Passing)).await;
}

async fn maintenance_of_one_leaves_others_in_service(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    for word in ["one", "other"] {
        let mut spec = ground.service(word, 1);
        spec.name = Some(ground.name("web"));
        app.register(word, &spec, Status::Passing).await;
    }
    maintain(&app, "one", Some("new disks"));
    let query = ground.passing("web");
    reader.follow(&query);
    let other = ground.name("other");
    reader
        .until_one(&query, "the other", |one| *one.id == other)
        .await;
}
