//! What the catalog makes of silence.

use std::time::Duration;

use catalog::{Instance, ServiceEvent};
use pilot_core::spec::Status;
use tokio::time::{Instant, sleep};

use super::{cases, ground::Ground, report::is};

cases! {
    /// An instance that is not reported on for its TTL is not among the passing any more.
    the_ttl_speaks_when_we_do_not,
    /// The next report brings it back.
    the_next_report_brings_it_back,
    /// Each report renews the TTL, whether or not it says anything new.
    each_report_renews_the_ttl,
    /// What a helper leaves behind that was killed is soon not among the passing.
    what_a_killed_helper_leaves_expires,
    /// An instance that reports is not harmed by one of the same helper that does not.
    silence_of_one_is_not_silence_of_another,
}

const TTL: Duration = Duration::from_millis(2000);

async fn the_ttl_speaks_when_we_do_not(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    let mut spec = ground.service("web", 1);
    spec.ttl = TTL;
    reader.follow(&query);
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&query, "it", |_| true).await;
    reader.until_none(&query).await;
}

async fn the_next_report_brings_it_back(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    let mut spec = ground.service("web", 1);
    spec.ttl = TTL;
    reader.follow(&query);
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&query, "it", |_| true).await;
    reader.until_none(&query).await;
    app.publish(&name, &spec, Status::Passing);
    reader.until_one(&query, "it again", |_| true).await;
}

async fn each_report_renews_the_ttl(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    let mut spec = ground.service("web", 1);
    spec.ttl = TTL;
    app.register(&name, &spec, Status::Passing).await;
    reader.follow(&query);
    reader.until_one(&query, "it", |_| true).await;
    let began = Instant::now();
    while began.elapsed() < 2 * TTL {
        sleep(TTL / 5).await;
        app.publish(&name, &spec, Status::Passing);
    }
    // It may have told of the first output, but never of an absence.
    let seen = reader.told(&query);
    assert!(seen.iter().all(|found| found.len() == 1), "{seen:#?}");
    app.assert_silent();
}

async fn what_a_killed_helper_leaves_expires(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("web", 1);
    spec.ttl = TTL;
    app.register(&ground.name("web"), &spec, Status::Passing)
        .await;
    let query = ground.passing("web");
    reader.follow(&query);
    reader.until_one(&query, "it", |_| true).await;
    app.handle.shutdown().await;
    reader.until_none(&query).await;
}

async fn silence_of_one_is_not_silence_of_another(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    for word in ["mute", "loud"] {
        let mut spec = ground.service(word, 1);
        spec.ttl = TTL;
        spec.name = Some(ground.name("web"));
        app.publish(word, &spec, Status::Passing);
        assert_eq!(app.service(word).await, ServiceEvent::Registered);
    }
    let query = ground.passing("web");
    reader.follow(&query);
    reader
        .until_all(&query, "both", |found| found.len() == 2)
        .await;
    let mut spec = ground.service("loud", 1);
    spec.ttl = TTL;
    spec.name = Some(ground.name("web"));
    let beat = async {
        loop {
            sleep(TTL / 5).await;
            app.publish("loud", &spec, Status::Passing);
        }
    };
    let is_loud = |one: &Instance| is(Status::Passing)(one) && *one.id == ground.name("loud");
    tokio::select! {
        () = beat => {}
        _ = reader.until_one(&query, "the one that reports", is_loud) => {}
    }
}
