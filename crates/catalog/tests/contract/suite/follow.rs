//! Following a service.

use catalog::{Instance, Query, ServiceEvent, query::ServiceQuery};
use pilot_core::spec::Status;

use super::{
    cases,
    ground::Ground,
    report::{STATUSES, is, settle},
};

cases! {
    /// The first answer is told even when it is empty.
    the_first_answer_is_told_even_when_it_is_empty,
    /// Each change is told, and nothing else.
    each_change_is_told_and_nothing_else,
    /// Registrations and withdrawals in quick succession: the last state is told.
    the_last_of_many_changes_is_never_lost,
    /// The last instance leaves, and that is told.
    the_last_instance_leaves,
    /// A tag chooses among the instances.
    a_tag_chooses,
    /// Queries on one service, each with its tag, are told apart.
    tags_are_followed_independently,
    /// A change of another service tells nothing.
    a_change_elsewhere_tells_nothing,
    /// Names that begin alike are different services.
    names_that_begin_alike_are_told_apart,
    /// Followed no longer, nothing is told.
    followed_no_longer_nothing_is_told,
    /// Followed again, it is told afresh.
    followed_again_it_is_told_afresh,
    /// Followed twice, it is told once.
    followed_twice_it_is_told_once,
    /// Several helpers that follow hear the same.
    several_helpers_hear_the_same,
    /// Who does not listen for a while hears the last state then.
    who_listens_late_hears_the_last_state,
    /// A helper follows its own services, too.
    a_helper_follows_its_own,
}

async fn the_first_answer_is_told_even_when_it_is_empty(ground: Ground) {
    let mut reader = ground.pilot();
    for query in [ground.passing("nobody"), ground.all("nobody")] {
        reader.follow(&query);
        assert_eq!(*reader.instances(&query).await, []);
    }
    reader.hears_nothing(&ground).await;
}

async fn each_change_is_told_and_nothing_else(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    reader.follow(&query);
    assert_eq!(*reader.instances(&query).await, []);
    for port in 1..4 {
        let spec = ground.service("web", port);
        app.register(&name, &spec, Status::Passing).await;
        reader.until_one(&query, "it", is(Status::Passing)).await;
        app.publish(&name, &spec, Status::Critical);
        reader.until_none(&query).await;
        app.withdrawn(&name).await;
    }
    reader.hears_nothing(&ground).await;
    let told = reader.told(&query);
    let differ = told.windows(2).all(|pair| pair[0] != pair[1]);
    assert!(differ, "{told:#?}");
}

async fn the_last_of_many_changes_is_never_lost(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    reader.follow(&query);
    for port in 1..=25 {
        app.register(&name, &ground.service("web", port), Status::Passing)
            .await;
        if port % 2 == 1 {
            app.withdrawn(&name).await;
        }
    }
    app.register(&name, &ground.service("web", 99), Status::Warning)
        .await;
    let is_last = |one: &Instance| one.port == 99 && is(Status::Warning)(one);
    reader.until_one(&query, "the last", is_last).await;
}

async fn the_last_instance_leaves(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let query = ground.all("web");
    for id in ["a", "b"] {
        let mut spec = ground.service(id, 1);
        spec.name = Some(ground.name("web"));
        app.register(id, &spec, Status::Passing).await;
    }
    reader.follow(&query);
    for (id, left) in [("a", 1), ("b", 0)] {
        let before = format!("{} instances", left + 1);
        reader
            .until_all(&query, &before, |found| found.len() == left + 1)
            .await;
        app.withdrawn(id).await;
    }
    reader.until_none(&query).await;
}

fn tagged(ground: &Ground, tag: &str) -> Query {
    Query::Service(ServiceQuery {
        tag: Some(tag.to_owned()),
        ..ServiceQuery::passing(ground.name("web"))
    })
}

async fn a_tag_chooses(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    for (id, tags) in [("a", "blue big"), ("b", "green big"), ("c", "")] {
        let mut spec = ground.service(id, 1);
        spec.name = Some(ground.name("web"));
        spec.tags = tags.split_whitespace().map(str::to_owned).collect();
        app.register(id, &spec, Status::Passing).await;
    }
    for (tag, ids) in [
        ("blue", vec!["a"]),
        ("green", vec!["b"]),
        ("big", vec!["a", "b"]),
        ("bi", vec![]),
    ] {
        let query = tagged(&ground, tag);
        let expected: Vec<_> = ids.iter().map(|id| ground.name(id)).collect();
        reader.follow(&query);
        let are_so = |found: &[Instance]| found.iter().map(|one| &*one.id).eq(&expected);
        reader.until_all(&query, tag, are_so).await;
    }
}

async fn tags_are_followed_independently(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, mut spec) = (ground.name("web"), ground.service("web", 1));
    let (blue, green) = (tagged(&ground, "blue"), tagged(&ground, "green"));
    for query in [&blue, &green] {
        reader.follow(query);
        assert_eq!(*reader.instances(query).await, []);
    }
    spec.tags = vec!["blue".to_owned()];
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&blue, "it", |_| true).await;
    spec.tags = vec!["green".to_owned()];
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&green, "it", |_| true).await;
    reader.until_none(&blue).await;
    let most = reader.told(&green).len();
    assert_eq!(most, 2, "it was empty, and then it was not");
}

async fn a_change_elsewhere_tells_nothing(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let query = ground.all("web");
    reader.follow(&query);
    assert_eq!(*reader.instances(&query).await, []);
    for (status, word) in STATUSES {
        app.register(&ground.name(word), &ground.service(word, 1), status)
            .await;
    }
    for _ in 0..3 {
        reader.hears_nothing(&ground).await;
    }
}

async fn names_that_begin_alike_are_told_apart(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (short, long) = (ground.name("web"), format!("{}-admin", ground.name("web")));
    let (by_short, by_long) = (
        Query::Service(ServiceQuery::passing(&*short)),
        Query::Service(ServiceQuery::passing(&*long)),
    );
    app.register(&long, &ground.service("long", 2), Status::Passing)
        .await;
    for query in [&by_short, &by_long] {
        reader.follow(query);
    }
    reader.until_one(&by_long, "it", |_| true).await;
    reader.until_none(&by_short).await;
    app.register(&short, &ground.service("short", 1), Status::Passing)
        .await;
    reader.until_one(&by_short, "it", |one| one.port == 1).await;
    app.withdrawn(&short).await;
    reader.until_none(&by_short).await;
    reader.until_one(&by_long, "it", |one| one.port == 2).await;
}

async fn followed_no_longer_nothing_is_told(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (dropped, kept) = (ground.all("dropped"), ground.all("kept"));
    for query in [&dropped, &kept] {
        reader.follow(query);
        assert_eq!(*reader.instances(query).await, []);
    }
    reader.handle.unfollow(&dropped);
    for word in ["dropped", "kept"] {
        app.register(
            &ground.name(word),
            &ground.service(word, 1),
            Status::Passing,
        )
        .await;
    }
    reader.until_one(&kept, "it", |_| true).await;
    app.publish(
        &ground.name("kept"),
        &ground.service("kept", 1),
        Status::Warning,
    );
    reader
        .until_one(&kept, "warning", is(Status::Warning))
        .await;
    reader.hears_nothing(&ground).await;
    assert_eq!(reader.told(&dropped).len(), 1);
}

async fn followed_again_it_is_told_afresh(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    app.register(&name, &ground.service("web", 1), Status::Passing)
        .await;
    settle(&ground, &app, &ground.service("web", 1)).await;
    for _ in 0..3 {
        reader.follow(&query);
        assert_eq!(reader.instances(&query).await.len(), 1);
        reader.handle.unfollow(&query);
        // Whoever follows must have seen that nobody wants to know.
        reader.hears_nothing(&ground).await;
    }
    app.register(&name, &ground.service("web", 2), Status::Passing)
        .await;
    reader.follow(&query);
    assert_eq!(reader.instances(&query).await[0].port, 2);
}

async fn followed_twice_it_is_told_once(ground: Ground) {
    let mut reader = ground.pilot();
    let query = ground.passing("web");
    for _ in 0..5 {
        reader.follow(&query);
        let longer = std::time::Duration::from_secs(60);
        reader.handle.follow(query.clone(), longer);
    }
    assert_eq!(*reader.instances(&query).await, []);
    reader.hears_nothing(&ground).await;
}

async fn several_helpers_hear_the_same(ground: Ground) {
    let mut app = ground.pilot();
    let (name, query) = (ground.name("web"), ground.all("web"));
    let mut readers: Vec<_> = (0..5).map(|_| ground.pilot()).collect();
    for reader in &readers {
        reader.follow(&query);
    }
    for (status, _) in STATUSES {
        app.publish(&name, &ground.service("web", 1), status);
        let mut found = Vec::new();
        for reader in &mut readers {
            let one = reader.until_one(&query, status.word(), is(status)).await;
            found.push((one.id, one.service, one.node, one.port));
        }
        assert!(
            found.windows(2).all(|pair| pair[0] == pair[1]),
            "{found:#?}"
        );
    }
    assert_eq!(app.service(&name).await, ServiceEvent::Registered);
}

async fn who_listens_late_hears_the_last_state(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    reader.follow(&query);
    // More than the channel of one who does not listen holds.
    for port in 1..=40 {
        app.register(&name, &ground.service("web", port), Status::Passing)
            .await;
    }
    reader
        .until_one(&query, "the last", |one| one.port == 40)
        .await;
    let told = reader.told(&query);
    let ports = told.iter().flat_map(|found| found.iter());
    let ports: Vec<_> = ports.map(|one| one.port).collect();
    assert!(ports.is_sorted(), "{ports:?}");
}

async fn a_helper_follows_its_own(ground: Ground) {
    let mut app = ground.pilot();
    let (name, query) = (ground.name("web"), ground.passing("web"));
    app.follow(&query);
    app.publish(&name, &ground.service("web", 1), Status::Passing);
    app.until_one(&query, "it", is(Status::Passing)).await;
    app.withdraw(&name);
    app.until_none(&query).await;
}
