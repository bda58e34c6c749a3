//! Many of everything.

use std::collections::BTreeMap;

use catalog::{Answer, CatalogEvent, FollowEvent, Instance, Query, query::ServiceQuery};
use pilot_core::{JobName, spec::Status};

use super::{cases, ground::Ground, keys::write, report::is};
use crate::pilot::{Pilot, service};

cases! {
    /// Fifty services of one helper are registered, reported on and withdrawn.
    fifty_services_of_one_helper,
    /// Fifty services are followed at once, over few connections.
    fifty_services_are_followed_over_few_connections,
    /// Fifty keys are followed at once, over few connections.
    fifty_keys_are_followed_over_few_connections,
    /// Forty instances of one service, each of its own helper, are all seen.
    forty_helpers_register_one_service,
}

/// The most connections of one helper; decision 9.
const MOST: usize = 64;

/// Waits until each of so many queries has its first answer.
async fn first_answers(reader: &mut Pilot, count: usize) -> BTreeMap<Query, Answer> {
    let mut answers = BTreeMap::new();
    while answers.len() < count {
        if let CatalogEvent::Answer { query, event } = reader.next().await {
            let FollowEvent::Update(answer) = event else {
                panic!("{query}: {event:?}");
            };
            answers.insert(Query::clone(&query), answer);
        }
    }
    answers
}

async fn fifty_services_of_one_helper(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let query = ground.all("web");
    reader.follow(&query);
    let jobs: Vec<_> = (0..50).map(|number| format!("job-{number}")).collect();
    let spec = |job: &str| {
        let mut spec = ground.service(job, 1);
        spec.name = Some(ground.name("web"));
        spec
    };
    for job in &jobs {
        app.publish(job, &spec(job), Status::Critical);
    }
    // Whoever has a narrow channel reads what it is told.
    for _ in &jobs {
        while !matches!(app.next().await, CatalogEvent::Service { .. }) {}
    }
    for job in &jobs {
        app.publish(job, &spec(job), Status::Passing);
    }
    let all_pass = |found: &[Instance]| found.len() == 50 && found.iter().all(is(Status::Passing));
    reader.until_all(&query, "fifty that pass", all_pass).await;
    for job in &jobs {
        app.handle.withdraw(&JobName::from(job.as_str()));
    }
    for _ in &jobs {
        while !matches!(app.next().await, CatalogEvent::Service { .. }) {}
    }
    app.handle.left().await;
    reader.until_none(&query).await;
}

async fn fifty_services_are_followed_over_few_connections(ground: Ground) {
    let relay = ground.relay().await;
    let mut app = ground.pilot();
    let mut reader = Pilot::with(ground.over(&relay));
    let name = |number: usize| ground.name(&format!("crowd-{number}"));
    let query = |number: usize| Query::Service(ServiceQuery::passing(name(number)));
    app.register(&name(7), &service(&name(7), 1), Status::Passing)
        .await;
    for number in 0..50 {
        reader.follow(&query(number));
    }
    let answers = first_answers(&mut reader, 50).await;
    let found = |number: usize| match &answers[&query(number)] {
        Answer::Instances(instances) => Some(instances.len()),
        Answer::Services(_)
        | Answer::Nodes(_)
        | Answer::Node(_)
        | Answer::Datacenters(_)
        | Answer::Value(_)
        | Answer::Pairs(_) => None,
    };
    assert_eq!((found(7), found(8)), (Some(1), Some(0)));
    for port in 2..5 {
        for number in [7, 23, 49] {
            app.register(
                &name(number),
                &service(&name(number), port),
                Status::Passing,
            )
            .await;
            reader
                .until_one(&query(number), "it", |one| one.port == port)
                .await;
        }
    }
    app.withdrawn(&name(23)).await;
    reader.until_none(&query(23)).await;
    assert!((1..=MOST).contains(&relay.most()), "{}", relay.most());
}

async fn fifty_keys_are_followed_over_few_connections(ground: Ground) {
    let relay = ground.relay().await;
    let writer = ground.pilot();
    let keys = writer.handle.keys();
    let mut reader = Pilot::with(ground.over(&relay));
    let path = |number: usize| format!("many/{}/{number}", number % 7);
    write(&keys, &ground.key(&path(0)), "here").await;
    for number in 0..50 {
        reader.follow(&ground.value(&path(number)));
    }
    let answers = first_answers(&mut reader, 50).await;
    let value = |number: usize| &answers[&ground.value(&path(number))];
    assert_eq!(*value(0), Answer::Value(Some("here".into())));
    assert_eq!(*value(49), Answer::Value(None));
    for text in ["one", "two"] {
        for number in [0, 20, 49] {
            write(&keys, &ground.key(&path(number)), text).await;
            let expected = Answer::Value(Some(text.into()));
            let query = ground.value(&path(number));
            assert_eq!(reader.answer(&query).await, expected);
        }
    }
    assert!((1..=MOST).contains(&relay.most()), "{}", relay.most());
}

async fn forty_helpers_register_one_service(ground: Ground) {
    let mut reader = ground.pilot();
    let query = ground.passing("web");
    reader.follow(&query);
    let helpers: Vec<_> = (0..40).map(|_| ground.pilot()).collect();
    for (number, helper) in helpers.iter().enumerate() {
        let mut spec = ground.service(&format!("i-{number}"), 1);
        spec.name = Some(ground.name("web"));
        helper.publish("web", &spec, Status::Passing);
    }
    reader
        .until_all(&query, "forty", |found| found.len() == 40)
        .await;
}
