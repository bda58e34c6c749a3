//! Telling how an instance is.

use catalog::{Instance, answer::Health};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};

use super::{cases, ground::Ground};
use crate::pilot::Pilot;

cases! {
    /// Each status is shown as it is told, in any order.
    each_status_shows,
    /// The output of a check is shown with its status.
    output_shows,
    /// An empty output takes the place of the last.
    an_empty_output_is_shown,
    /// Output of 4 KiB arrives whole.
    long_output_arrives_whole,
    /// Longer output is cut at 4 KiB, between characters.
    longer_output_is_cut_between_characters,
    /// Of a hundred changes in quick succession the last is what stays.
    the_last_of_a_hundred_reports_stays,
    /// A thousand reports while the catalog is slow are few calls.
    reports_to_a_slow_catalog_are_few_calls,
    /// The same report again tells nobody anything.
    a_heartbeat_tells_nobody_anything,
    /// Only what passes is among the passing; what warns or fails is seen by who asks for all.
    only_what_passes_is_among_the_passing,
}

pub(super) const STATUSES: [(Status, &str); 3] = [
    (Status::Passing, "passing"),
    (Status::Warning, "warning"),
    (Status::Critical, "critical"),
];

/// What the check of an instance said last.
pub(super) fn output(instance: &Instance) -> &str {
    let own = format!("service:{}", instance.id);
    let mut checks = instance.checks.iter();
    checks
        .find(|check| *check.id == own)
        .map_or("", |check| &check.output)
}

/// Publishes `web`, which is registered, until the catalog has surely taken a report on it, and all
/// there is to see of it can be seen; it passes then.
pub(super) async fn settle(ground: &Ground, app: &Pilot, spec: &ServiceSpec) {
    let mut reader = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    reader.follow(&query);
    for status in [Status::Critical, Status::Passing] {
        app.publish(&name, spec, status);
        let says = format!("it is {}", status.word());
        let is_so = |one: &Instance| is(status)(one) && output(one) == says;
        reader.until_one(&query, &says, is_so).await;
    }
}

/// Whether an instance is in this status.
pub(super) fn is(status: Status) -> impl Fn(&Instance) -> bool {
    move |instance| instance.status == Health::Checked(status)
}

async fn each_status_shows(ground: Ground) {
    use Status::{Critical, Passing, Warning};
    let (app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    reader.follow(&query);
    for status in [Warning, Passing, Critical, Warning, Critical, Passing] {
        app.publish(&name, &ground.service("web", 1), status);
        reader.until_one(&query, status.word(), is(status)).await;
    }
}

/// Publishes output after output, each with another status, and sees each arrive; gives the last.
///
/// What changes alone arrives at once as well, but not at Consul: its agents keep such news of
/// little worth to themselves for up to five minutes.
async fn arrives(ground: &Ground, outputs: &[&str]) -> String {
    let (app, mut reader) = (ground.pilot(), ground.pilot());
    let name = ground.name("web");
    let (job, query) = (JobName::from(&*name), ground.all("web"));
    let spec = ground.service("web", 1);
    reader.follow(&query);
    app.publish(&name, &spec, Status::Warning);
    reader.until_one(&query, "it", is(Status::Warning)).await;
    let mut last = String::new();
    for (number, text) in outputs.iter().enumerate() {
        let (status, _) = STATUSES[number % 2];
        app.handle.publish(&job, &spec, status, text);
        let found = reader.until_one(&query, text, is(status)).await;
        output(&found).clone_into(&mut last);
        let start: String = text.chars().take(1000).collect();
        assert!(last.starts_with(&start), "{last} and not {start}");
    }
    last
}

async fn output_shows(ground: Ground) {
    let outputs = ["all is well", "disk full\nreally", "well again"];
    assert_eq!(arrives(&ground, &outputs).await, "well again");
}

async fn an_empty_output_is_shown(ground: Ground) {
    assert_eq!(arrives(&ground, &["one", "", "three", ""]).await, "");
}

async fn long_output_arrives_whole(ground: Ground) {
    let text = "0123456789abcde\n".repeat(256);
    assert_eq!(arrives(&ground, &[&text]).await, text);
}

async fn longer_output_is_cut_between_characters(ground: Ground) {
    let text = format!("x{}", "é".repeat(5000));
    assert_eq!(arrives(&ground, &[&text]).await, text[..4095]);
}

async fn the_last_of_a_hundred_reports_stays(ground: Ground) {
    let (app, mut reader) = (ground.pilot(), ground.pilot());
    let (job, query) = (JobName::from(&*ground.name("web")), ground.all("web"));
    reader.follow(&query);
    let spec = ground.service("web", 1);
    for number in 0..100 {
        let (status, _) = STATUSES[if number == 99 { 2 } else { number % 2 }];
        app.handle.publish(&job, &spec, status, &number.to_string());
        if number % 7 == 0 {
            // Some of them reach the catalog, some do not.
            tokio::task::yield_now().await;
        }
    }
    let is_last =
        |one: &Instance| one.status == Health::Checked(Status::Critical) && output(one) == "99";
    reader.until_one(&query, "the last report", is_last).await;
    reader.hears_nothing(&ground).await;
}

async fn reports_to_a_slow_catalog_are_few_calls(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = Pilot::with(ground.over(&relay));
    let mut reader = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    let (job, spec) = (JobName::from(name.as_str()), ground.service("web", 1));
    app.register(&name, &spec, Status::Passing).await;
    settle(&ground, &app, &spec).await;
    reader.follow(&query);
    let calls = |app: &Pilot| -> u64 { app.handle.calls().iter().map(|count| count.calls).sum() };
    let before = calls(&app);
    relay.hold();
    for number in 0..1000 {
        let (status, _) = STATUSES[number % 2];
        app.handle.publish(&job, &spec, status, &number.to_string());
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    relay.release();
    reader
        .until_one(&query, "the last output", |one| output(one) == "999")
        .await;
    let made = calls(&app) - before;
    // A report may take a look before it and one after it.
    assert!((1..=20).contains(&made), "{made} calls");
    app.assert_silent();
}

async fn a_heartbeat_tells_nobody_anything(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, spec) = (ground.name("web"), ground.service("web", 1));
    let queries = [ground.all("web"), ground.passing("web")];
    app.register(&name, &spec, Status::Passing).await;
    settle(&ground, &app, &spec).await;
    for query in &queries {
        reader.follow(query);
        reader.until_one(query, "it", is(Status::Passing)).await;
    }
    for _ in 0..20 {
        app.publish(&name, &spec, Status::Passing);
        reader.hears_nothing(&ground).await;
    }
    app.assert_silent();
}

async fn only_what_passes_is_among_the_passing(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    for (status, word) in STATUSES {
        let mut spec = ground.service(word, 1);
        spec.name = Some(ground.name("web"));
        app.register(word, &spec, status).await;
    }
    let (all, passing) = (ground.all("web"), ground.passing("web"));
    reader.follow(&all);
    reader.follow(&passing);
    let found = reader
        .until_all(&all, "three", |found| found.len() == 3)
        .await;
    let words: Vec<_> = found.iter().map(|one| one.status.word()).collect();
    assert_eq!(words, ["critical", "passing", "warning"]);
    reader
        .until_one(&passing, "the one that passes", |one| {
            *one.id == ground.name("passing")
        })
        .await;
}
