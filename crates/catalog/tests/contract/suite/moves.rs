//! Going on with other settings.

use catalog::{Answer, ServiceEvent, Settings};
use pilot_core::spec::Status;

use super::{
    cases,
    ground::Ground,
    keys::write,
    report::{is, settle},
};
use crate::pilot::Pilot;

cases! {
    /// Services move to another catalog of the same kind, and leave the old one.
    services_move_to_another_catalog_of_the_kind,
    /// Services move to a catalog of another kind, and leave the old one.
    services_move_to_another_kind_of_catalog,
    /// There and back again, a service is where it should be.
    services_move_there_and_back,
    /// What is followed goes on in another catalog of the same kind.
    follows_go_on_in_another_catalog_of_the_kind,
    /// What is followed goes on in a catalog of another kind.
    follows_go_on_in_another_kind_of_catalog,
    /// Where both say the same, a move tells nothing of it.
    a_move_tells_only_what_differs,
    /// The same settings again change nothing.
    the_same_settings_change_nothing,
    /// Another way to the same catalog loses nothing.
    another_way_to_it_loses_nothing,
    /// Keys are those of the catalog that is in charge.
    keys_are_those_of_the_catalog_in_charge,
}

fn go(pilot: &Pilot, settings: &Settings) {
    pilot.handle.replace_settings(settings.clone()).unwrap();
}

async fn services_move(ground: &Ground, target: &Settings) {
    let (mut app, mut here, mut there) =
        (ground.pilot(), ground.pilot(), Pilot::with(target.clone()));
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Warning)
        .await;
    here.follow(&query);
    there.follow(&query);
    here.until_one(&query, "it", |_| true).await;
    there.until_none(&query).await;
    go(&app, target);
    assert_eq!(app.service(&name).await, ServiceEvent::Registered);
    there.until_one(&query, "it", is(Status::Warning)).await;
    here.until_none(&query).await;
    // Reports go where it is now.
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    there
        .until_one(&query, "passing", is(Status::Passing))
        .await;
    app.withdrawn(&name).await;
    there.until_none(&query).await;
}

async fn services_move_to_another_catalog_of_the_kind(ground: Ground) {
    services_move(&ground, &ground.elsewhere().await).await;
}

async fn services_move_to_another_kind_of_catalog(ground: Ground) {
    services_move(&ground, &ground.abroad().await).await;
}

async fn services_move_there_and_back(ground: Ground) {
    let (home, abroad) = (ground.settings(), ground.abroad().await);
    let (mut app, mut here, mut there) =
        (ground.pilot(), ground.pilot(), Pilot::with(abroad.clone()));
    let (name, query) = (ground.name("web"), ground.all("web"));
    here.follow(&query);
    there.follow(&query);
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    for _ in 0..2 {
        here.until_one(&query, "it", |_| true).await;
        there.until_none(&query).await;
        go(&app, &abroad);
        assert_eq!(app.service(&name).await, ServiceEvent::Registered);
        there.until_one(&query, "it", |_| true).await;
        here.until_none(&query).await;
        go(&app, &home);
        assert_eq!(app.service(&name).await, ServiceEvent::Registered);
    }
}

async fn follows_go_on(ground: &Ground, target: &Settings) {
    let (mut app, mut far, mut reader) =
        (ground.pilot(), Pilot::with(target.clone()), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    far.register(&name, &ground.service("web", 2), Status::Passing)
        .await;
    reader.follow(&query);
    reader.until_one(&query, "here", |one| one.port == 1).await;
    go(&reader, target);
    reader.until_one(&query, "there", |one| one.port == 2).await;
    far.withdrawn(&name).await;
    reader.until_none(&query).await;
    far.register(&name, &ground.service("web", 3), Status::Passing)
        .await;
    reader.until_one(&query, "again", |one| one.port == 3).await;
    // What is followed only now is asked there as well.
    reader.follow(&ground.passing("web"));
    reader
        .until_one(&ground.passing("web"), "there", |one| one.port == 3)
        .await;
}

async fn follows_go_on_in_another_catalog_of_the_kind(ground: Ground) {
    follows_go_on(&ground, &ground.elsewhere().await).await;
}

async fn follows_go_on_in_another_kind_of_catalog(ground: Ground) {
    follows_go_on(&ground, &ground.abroad().await).await;
}

async fn a_move_tells_only_what_differs(ground: Ground) {
    for target in [ground.elsewhere().await, ground.abroad().await] {
        let mut reader = ground.pilot();
        let (none, key) = (ground.passing("nobody"), ground.value("same"));
        for handle in [&reader.handle, &Pilot::with(target.clone()).handle] {
            write(&handle.keys(), &ground.key("same"), "same").await;
        }
        reader.follow(&none);
        reader.follow(&key);
        reader.until_none(&none).await;
        reader
            .until(&key, "it", |answer| {
                *answer == Answer::Value(Some("same".into()))
            })
            .await;
        let before = std::time::Instant::now();
        go(&reader, &target);
        reader.until_answered(&[&none, &key], before).await;
        reader.hears_nothing(&ground).await;
    }
}

async fn the_same_settings_change_nothing(ground: Ground) {
    let mut app = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    settle(&ground, &app, &ground.service("web", 1)).await;
    app.follow(&query);
    app.until_one(&query, "it", |_| true).await;
    for _ in 0..3 {
        go(&app, &ground.settings());
    }
    app.hears_nothing(&ground).await;
}

async fn another_way_to_it_loses_nothing(ground: Ground) {
    let relay = ground.relay().await;
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    let spec = ground.service("web", 1);
    reader.follow(&query);
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&query, "it", |_| true).await;
    go(&app, &ground.over(&relay));
    go(&reader, &ground.over(&relay));
    assert_eq!(app.service(&name).await, ServiceEvent::Registered);
    // The farewell to the old way may have come after it.
    for status in [Status::Warning, Status::Passing] {
        app.publish(&name, &spec, status);
        reader.until_one(&query, status.word(), is(status)).await;
    }
    let most = reader.told(&query).iter().map(|found| found.len()).max();
    assert_eq!(most, Some(1));
}

async fn keys_are_those_of_the_catalog_in_charge(ground: Ground) {
    let app = ground.pilot();
    let path = ground.key("key");
    write(&app.handle.keys(), &path, "home").await;
    go(&app, &ground.abroad().await);
    assert_eq!(app.handle.keys().read(&path).await, Ok(None));
    write(&app.handle.keys(), &path, "abroad").await;
    go(&app, &ground.settings());
    let found = app.handle.keys().read(&path).await.unwrap().unwrap();
    assert_eq!(found.value, "home");
}
