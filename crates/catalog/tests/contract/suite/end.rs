//! How things stand, and how it ends.

use std::time::Duration;

use catalog::{CatalogError, CatalogEvent, FollowEvent, Link, LinkEvent, ServiceAct, ServiceEvent};
use pilot_core::{JobName, spec::Status};
use tokio::time::{Instant, timeout};

use super::{
    cases,
    ground::Ground,
    report::{is, settle},
};
use crate::{backend::DEADLINE, pilot::Pilot};

cases! {
    /// The standing says what is registered, in which status and under which identity.
    the_standing_says_what_is_registered,
    /// The link is untried, then up.
    the_link_is_untried_and_then_up,
    /// Where nobody listens the link is down, and says why.
    where_nobody_listens_the_link_is_down,
    /// Who follows where nobody listens is told once, and why.
    following_nobody_is_told_once,
    /// A key where nobody listens is an error, in time.
    a_key_of_nobody_is_an_error_in_time,
    /// A key of a catalog that hangs is an error, in time.
    a_key_of_a_catalog_that_hangs_is_an_error_in_time,
    /// Each query that is followed has the time of its last answer.
    answers_are_dated,
    /// Calls are counted.
    calls_are_counted,
    /// Nothing is left to wait for when all is withdrawn.
    all_is_left_when_all_is_withdrawn,
    /// A catalog that is not there is not waited for.
    nobody_is_not_waited_for,
    /// A shutdown ends at once, though the catalog hangs.
    a_shutdown_ends_at_once_though_the_catalog_hangs,
    /// A shutdown leaves what is registered to its TTL.
    a_shutdown_leaves_what_is_registered,
    /// After a shutdown no connection is left.
    a_shutdown_leaves_no_connection,
    /// A catalog that hung answers again: what was wanted meanwhile is done.
    what_was_wanted_while_it_hung_is_done,
}

async fn the_standing_says_what_is_registered(ground: Ground) {
    let mut app = ground.pilot();
    let (name, spec) = (ground.name("web"), ground.service("web", 1));
    app.register(&name, &spec, Status::Warning).await;
    let status = app.handle.status();
    let standing = &status.services[&JobName::from(name.as_str())];
    assert_eq!(standing.id, spec.id);
    assert_eq!(standing.registered, Some(Status::Warning));
    assert_eq!(standing.failure, None);
    app.publish(&name, &spec, Status::Passing);
    app.until_standing(&name, Status::Passing).await;
    app.withdrawn(&name).await;
    let status = app.handle.status();
    assert!(status.services.is_empty(), "{status:?}");
}

async fn the_link_is_untried_and_then_up(ground: Ground) {
    let mut app = ground.pilot();
    assert_eq!(app.handle.status().link, Link::Untried);
    app.register(
        &ground.name("web"),
        &ground.service("web", 1),
        Status::Passing,
    )
    .await;
    let link = app.handle.status().link;
    assert!(matches!(link, Link::Up { .. }), "{link:?}");
}

async fn where_nobody_listens_the_link_is_down(ground: Ground) {
    let mut app = Pilot::with(ground.nowhere());
    let name = ground.name("web");
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    let event = app.service(&name).await;
    let ServiceEvent::Failing {
        act: ServiceAct::Register,
        reason,
    } = event
    else {
        panic!("{event:?}");
    };
    assert!(
        matches!(reason, CatalogError::Unreachable { .. }),
        "{reason}"
    );
    let said = reason.to_string();
    assert!(
        said.contains("127.0.0.1:1") && said.contains("refused"),
        "{said}"
    );
    let status = app.handle.status();
    assert!(matches!(status.link, Link::Down { .. }), "{status:?}");
    let standing = &status.services[&JobName::from(name.as_str())];
    assert_eq!(
        (standing.registered, standing.failure.is_some()),
        (None, true)
    );
}

async fn following_nobody_is_told_once(ground: Ground) {
    let mut reader = Pilot::with(ground.nowhere());
    let query = ground.passing("web");
    reader.follow(&query);
    let told = reader.follows(&query).await;
    let FollowEvent::Lost { reason } = told else {
        panic!("{told:?}");
    };
    assert!(
        matches!(reason, CatalogError::Unreachable { .. }),
        "{reason}"
    );
    // It tries again by itself, and has nothing new to say.
    let more = reader.soon(Duration::from_millis(1500)).await;
    match more {
        None | Some(CatalogEvent::Link(LinkEvent::Lost { .. })) => {}
        Some(other) => panic!("{other:?}"),
    }
}

async fn a_key_of_nobody_is_an_error_in_time(ground: Ground) {
    let keys = Pilot::with(ground.nowhere()).handle.keys();
    let read = timeout(DEADLINE, keys.read(&ground.key("key"))).await;
    let error = read.unwrap().unwrap_err();
    assert!(matches!(error, CatalogError::Unreachable { .. }), "{error}");
}

async fn a_key_of_a_catalog_that_hangs_is_an_error_in_time(ground: Ground) {
    let relay = ground.relay().await;
    let keys = Pilot::with(ground.over(&relay)).handle.keys();
    let path = ground.key("key");
    assert_eq!(keys.read(&path).await, Ok(None));
    relay.hold();
    let began = Instant::now();
    let read = timeout(DEADLINE, keys.read(&path)).await;
    let error = read.unwrap().unwrap_err();
    // The settings of these tests allow a call two seconds, and a connection as many.
    assert!(began.elapsed() < Duration::from_secs(5), "{error}");
    relay.release();
    let deadline = Instant::now() + DEADLINE;
    while keys.read(&path).await != Ok(None) {
        assert!(Instant::now() < deadline, "it does not recover");
    }
}

async fn answers_are_dated(ground: Ground) {
    let mut reader = ground.pilot();
    let query = ground.passing("nobody");
    let began = std::time::Instant::now();
    reader.follow(&query);
    reader.until_none(&query).await;
    let at = reader.handle.status().answered[&query];
    assert!(at >= began && at.elapsed() < DEADLINE);
    reader.handle.unfollow(&query);
    let deadline = Instant::now() + DEADLINE;
    while reader.handle.status().answered.contains_key(&query) {
        assert!(Instant::now() < deadline, "it is still dated");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn calls_are_counted(ground: Ground) {
    let mut app = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    app.follow(&query);
    app.until_one(&query, "it", |_| true).await;
    app.handle.keys().read(&ground.key("key")).await.unwrap();
    app.withdrawn(&name).await;
    let counts = app.handle.calls();
    for operation in ["register", "deregister", "kv"] {
        let is_it = |count: &&catalog::CallCount| {
            (count.operation, count.outcome) == (operation, "ok") && count.calls > 0
        };
        assert!(
            counts.iter().any(|count| is_it(&count)),
            "{operation}: {counts:#?}"
        );
    }
}

async fn all_is_left_when_all_is_withdrawn(ground: Ground) {
    let app = ground.pilot();
    timeout(DEADLINE, app.handle.left()).await.unwrap();
    let mut app = app;
    let name = ground.name("web");
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    let soon = timeout(Duration::from_millis(100), app.handle.left()).await;
    assert!(soon.is_err(), "it is still registered");
    app.withdraw(&name);
    timeout(DEADLINE, app.handle.left()).await.unwrap();
    let mut reader = ground.pilot();
    let query = ground.all("web");
    reader.follow(&query);
    assert_eq!(*reader.instances(&query).await, []);
}

async fn nobody_is_not_waited_for(ground: Ground) {
    let mut app = Pilot::with(ground.nowhere());
    let name = ground.name("web");
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    let event = app.service(&name).await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    timeout(DEADLINE, app.handle.left()).await.unwrap();
}

async fn a_shutdown_ends_at_once_though_the_catalog_hangs(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = Pilot::with(ground.over(&relay));
    let (name, query) = (ground.name("web"), ground.all("web"));
    let spec = ground.service("web", 1);
    app.register(&name, &spec, Status::Passing).await;
    app.follow(&query);
    app.until_one(&query, "it", |_| true).await;
    relay.hold();
    app.publish(&name, &spec, Status::Critical);
    app.follow(&ground.passing("more"));
    tokio::task::yield_now().await;
    let began = Instant::now();
    app.handle.shutdown().await;
    assert!(began.elapsed() < Duration::from_millis(500));
}

async fn a_shutdown_leaves_what_is_registered(ground: Ground) {
    let mut app = ground.pilot();
    app.register(
        &ground.name("web"),
        &ground.service("web", 1),
        Status::Passing,
    )
    .await;
    settle(&ground, &app, &ground.service("web", 1)).await;
    app.handle.shutdown().await;
    let mut reader = ground.pilot();
    let query = ground.all("web");
    reader.follow(&query);
    assert_eq!(reader.instances(&query).await.len(), 1);
}

async fn a_shutdown_leaves_no_connection(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = Pilot::with(ground.over(&relay));
    let (name, query) = (ground.name("web"), ground.all("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    app.follow(&query);
    app.until_one(&query, "it", |_| true).await;
    app.handle.keys().read(&ground.key("key")).await.unwrap();
    assert!(relay.open() > 0);
    app.handle.shutdown().await;
    let deadline = Instant::now() + DEADLINE;
    while relay.open() > 0 {
        assert!(Instant::now() < deadline, "{} are open", relay.open());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn what_was_wanted_while_it_hung_is_done(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = Pilot::with(ground.over(&relay));
    let mut reader = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    let spec = ground.service("web", 1);
    reader.follow(&query);
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&query, "it", is(Status::Passing)).await;
    relay.hold();
    app.publish(&name, &spec, Status::Critical);
    let event = app.service(&name).await;
    assert!(matches!(event, ServiceEvent::Failing { .. }), "{event:?}");
    relay.release();
    reader
        .until_one(&query, "critical", is(Status::Critical))
        .await;
    // What hangs on a session may have ended with it meanwhile.
    let event = app.service(&name).await;
    let is_so = [ServiceEvent::Back, ServiceEvent::Forgotten].contains(&event);
    assert!(is_so, "{event:?}");
}
