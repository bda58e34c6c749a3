//! Making an instance known.

use std::collections::BTreeMap;

use catalog::{ServiceEvent, answer::Health};
use pilot_core::{
    JobName,
    spec::{Status, TaggedAddress, Weights},
};
use serde_json::json;

use super::{
    cases,
    ground::Ground,
    report::{STATUSES, output},
};

cases! {
    /// A publish registers the instance with its status: nobody ever sees it with another.
    a_first_publish_shows_with_its_status,
    /// The caller is told once that the catalog holds it.
    a_registration_is_told_once,
    /// Identity, service, address, port, tags, meta and status reach whoever follows.
    everything_described_reaches_the_reader,
    /// Tags come in the order they were given, whatever is in them.
    tags_keep_their_order,
    /// A hundred tags are not too many.
    a_hundred_tags_arrive,
    /// Meta of many keys arrives, values of 512 bytes included.
    meta_arrives,
    /// Weights reach whoever follows.
    weights_arrive,
    /// Addresses by network are in the catalog.
    tagged_addresses_arrive,
    /// An address of version six is shown without brackets.
    an_address_of_version_six_arrives,
    /// A name may stand for an address.
    a_host_name_serves_as_an_address,
    /// Identity, tags, meta and output may be in any script.
    any_script_arrives,
    /// An identity may hold `/`, `%`, spaces and dots, and is still withdrawn.
    an_identity_may_hold_anything,
    /// A service may have another name than its job.
    a_service_may_be_named_unlike_its_job,
    /// What is described anew takes the place of what was, member by member.
    what_is_described_anew_replaces_what_was,
    /// Tags and meta that are no longer described are gone.
    what_is_no_longer_described_is_gone,
    /// Another name under the same identity moves the instance to that service.
    another_name_moves_the_instance,
    /// Another identity replaces the old one.
    another_identity_replaces_the_old,
    /// Two instances of one service are held by one helper, sorted.
    two_instances_of_one_helper_come_sorted,
    /// Instances of several helpers come sorted.
    instances_of_several_helpers_come_sorted,
    /// A status that comes with a new description is shown with it.
    a_new_description_comes_with_its_status,
}

async fn a_first_publish_shows_with_its_status(ground: Ground) {
    let (app, mut reader) = (ground.pilot(), ground.pilot());
    for (status, word) in STATUSES {
        let (name, query) = (ground.name(word), ground.all(word));
        reader.follow(&query);
        assert_eq!(*reader.instances(&query).await, []);
        app.publish(&name, &ground.service(word, 1), status);
        let first = reader.instances(&query).await;
        let shown: Vec<_> = first.iter().map(|instance| instance.status).collect();
        assert_eq!(shown, [Health::Checked(status)]);
    }
}

async fn a_registration_is_told_once(ground: Ground) {
    let mut app = ground.pilot();
    let (name, spec) = (ground.name("web"), ground.service("web", 1));
    app.register(&name, &spec, Status::Passing).await;
    for _ in 0..3 {
        app.publish(&name, &spec, Status::Passing);
    }
    app.publish(&name, &spec, Status::Warning);
    app.follow(&ground.all("web"));
    let is_warning =
        |instance: &catalog::Instance| instance.status == Health::Checked(Status::Warning);
    app.until_one(&ground.all("web"), "warning", is_warning)
        .await;
    app.assert_silent();
}

async fn everything_described_reaches_the_reader(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("rich", 65_535);
    spec.address = "10.1.2.3".to_owned();
    spec.tags = vec!["a".to_owned(), "b,c".to_owned()];
    spec.meta = vec![("version".to_owned(), "1.2".to_owned())];
    app.register(&ground.name("rich"), &spec, Status::Passing)
        .await;
    reader.follow(&ground.passing("rich"));
    let found = reader
        .until_one(&ground.passing("rich"), "it", |_| true)
        .await;
    assert_eq!(*found.id, spec.id);
    assert_eq!(*found.service, ground.name("rich"));
    assert_eq!((found.address(), found.port), ("10.1.2.3", 65_535));
    assert_eq!(found.tags.join(" "), "a b,c");
    let meta = BTreeMap::from([("version".into(), "1.2".into())]);
    assert_eq!(*found.meta, meta);
    assert_eq!(found.status, Health::Checked(Status::Passing));
    assert!(!found.node.name.is_empty());
}

async fn tags_keep_their_order(ground: Ground) {
    let tags = [
        "z",
        "a",
        "with space",
        "traefik.http.routers.x.rule=Host(`é.example`)",
        "m",
    ];
    let found = register_with_tags(&ground, &tags.map(str::to_owned)).await;
    let found: Vec<_> = found.tags.iter().map(|tag| &**tag).collect();
    assert_eq!(found, tags);
}

async fn a_hundred_tags_arrive(ground: Ground) {
    let tags: Vec<_> = (0..100).map(|number| format!("tag-{number}")).collect();
    let found = register_with_tags(&ground, &tags).await;
    assert_eq!(found.tags.join(" "), tags.join(" "));
}

async fn register_with_tags(ground: &Ground, tags: &[String]) -> catalog::Instance {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("tagged", 1);
    spec.tags = tags.to_vec();
    app.register(&ground.name("tagged"), &spec, Status::Passing)
        .await;
    let query = ground.passing("tagged");
    reader.follow(&query);
    reader.until_one(&query, "it", |_| true).await
}

async fn meta_arrives(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("web", 1);
    let pairs = (0..60).map(|number| (format!("key_{number}"), "v".repeat(number)));
    spec.meta = pairs.collect();
    spec.meta.push(("long-one".to_owned(), "é".repeat(256)));
    app.register(&ground.name("web"), &spec, Status::Passing)
        .await;
    reader.follow(&ground.passing("web"));
    let found = reader
        .until_one(&ground.passing("web"), "it", |_| true)
        .await;
    let expected: BTreeMap<Box<str>, Box<str>> = spec
        .meta
        .iter()
        .map(|(key, value)| (key.as_str().into(), value.as_str().into()))
        .collect();
    assert_eq!(*found.meta, expected);
}

async fn weights_arrive(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("web", 1);
    let query = ground.passing("web");
    reader.follow(&query);
    for (passing, warning) in [(3, 1), (7, 2)] {
        spec.weights = Some(Weights { passing, warning });
        app.register(&ground.name("web"), &spec, Status::Passing)
            .await;
        let weights = catalog::answer::Weights {
            passing: passing.into(),
            warning: warning.into(),
        };
        let has = |instance: &catalog::Instance| instance.weights == Some(weights);
        reader.until_one(&query, "its weights", has).await;
    }
}

async fn tagged_addresses_arrive(ground: Ground) {
    let mut app = ground.pilot();
    let mut spec = ground.service("web", 1);
    let tagged = |tag: &str, address: &str, port| TaggedAddress {
        tag: tag.to_owned(),
        address: address.to_owned(),
        port,
    };
    spec.tagged_addresses = vec![tagged("lan", "10.0.0.1", 1), tagged("wan", "192.0.2.1", 99)];
    app.register(&ground.name("web"), &spec, Status::Passing)
        .await;
    let found = ground.tagged_addresses("web", "web").await;
    assert_eq!(found["lan"], json!({"address": "10.0.0.1", "port": 1}));
    assert_eq!(found["wan"], json!({"address": "192.0.2.1", "port": 99}));
}

async fn an_address_of_version_six_arrives(ground: Ground) {
    assert_eq!(register_at(&ground, "2001:db8::7").await, "2001:db8::7");
}

async fn a_host_name_serves_as_an_address(ground: Ground) {
    assert_eq!(register_at(&ground, "web-1.example").await, "web-1.example");
}

async fn register_at(ground: &Ground, address: &str) -> String {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("web", 1);
    spec.address = address.to_owned();
    app.register(&ground.name("web"), &spec, Status::Passing)
        .await;
    let query = ground.passing("web");
    reader.follow(&query);
    let found = reader.until_one(&query, "it", |_| true).await;
    found.address().to_owned()
}

async fn any_script_arrives(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let name = ground.name("web");
    let mut spec = ground.service("実例-é-🦀", 1);
    spec.tags = vec!["χρώμα=μπλε".to_owned(), "🦀".to_owned()];
    spec.meta = vec![("sprache".to_owned(), "Größe \"zwei\"\n\t\\".to_owned())];
    app.register(&name, &spec, Status::Passing).await;
    let said = "диск \"полон\"\n100 % 🦀\\";
    app.handle
        .publish(&JobName::from(name.as_str()), &spec, Status::Critical, said);
    let query = ground.all("web");
    reader.follow(&query);
    let says = |instance: &catalog::Instance| output(instance) == said;
    let found = reader.until_one(&query, "the output", says).await;
    assert_eq!(*found.id, spec.id);
    assert_eq!(found.tags.join(" "), "χρώμα=μπλε 🦀");
    assert_eq!(&*found.meta["sprache"], "Größe \"zwei\"\n\t\\");
}

async fn an_identity_may_hold_anything(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    reader.follow(&query);
    for id in ["a/b c", "50%/x?y=z&é#f", "ends/", "@:[]", "+-,;", "a.b.c"] {
        let spec = ground.service(id, 1);
        app.register(&name, &spec, Status::Passing).await;
        reader
            .until_one(&query, id, |instance| *instance.id == spec.id)
            .await;
        app.withdrawn(&name).await;
        reader.until_none(&query).await;
    }
}

async fn a_service_may_be_named_unlike_its_job(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let mut spec = ground.service("front", 1);
    spec.name = Some(ground.name("front"));
    app.register("job", &spec, Status::Passing).await;
    reader.follow(&ground.passing("front"));
    let found = reader
        .until_one(&ground.passing("front"), "it", |_| true)
        .await;
    assert_eq!(*found.service, ground.name("front"));
    app.withdrawn("job").await;
    reader.until_none(&ground.passing("front")).await;
}

async fn what_is_described_anew_replaces_what_was(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    let mut spec = ground.service("web", 1);
    reader.follow(&query);
    app.register(&name, &spec, Status::Passing).await;
    reader.until_one(&query, "it", |one| one.port == 1).await;
    spec.port = 2;
    app.register(&name, &spec, Status::Passing).await;
    reader
        .until_one(&query, "its port", |one| one.port == 2)
        .await;
    spec.address = "10.0.0.7".to_owned();
    app.register(&name, &spec, Status::Passing).await;
    reader
        .until_one(&query, "its address", |one| one.address() == "10.0.0.7")
        .await;
    spec.tags = vec!["blue".to_owned()];
    app.register(&name, &spec, Status::Passing).await;
    reader
        .until_one(&query, "its tag", |one| one.tags.join(" ") == "blue")
        .await;
    spec.meta = vec![("version".to_owned(), "2".to_owned())];
    app.register(&name, &spec, Status::Passing).await;
    let has = |one: &catalog::Instance| one.meta.get("version").is_some_and(|two| &**two == "2");
    reader.until_one(&query, "its meta", has).await;
}

async fn what_is_no_longer_described_is_gone(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.all("web"));
    let bare = ground.service("web", 1);
    let mut rich = bare.clone();
    rich.tags = vec!["blue".to_owned()];
    rich.meta = vec![("version".to_owned(), "2".to_owned())];
    app.register(&name, &rich, Status::Passing).await;
    reader.follow(&query);
    reader
        .until_one(&query, "its tag", |one| one.tags.len() == 1)
        .await;
    app.register(&name, &bare, Status::Passing).await;
    let is_bare = |one: &catalog::Instance| one.tags.is_empty() && one.meta.is_empty();
    reader
        .until_one(&query, "neither tag nor meta", is_bare)
        .await;
}

async fn another_name_moves_the_instance(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (old, new) = (ground.passing("old"), ground.passing("new"));
    reader.follow(&old);
    reader.follow(&new);
    let mut spec = ground.service("web", 1);
    spec.name = Some(ground.name("old"));
    app.register("web", &spec, Status::Passing).await;
    reader.until_one(&old, "it", |_| true).await;
    spec.name = Some(ground.name("new"));
    app.register("web", &spec, Status::Passing).await;
    reader.until_one(&new, "it", |_| true).await;
    reader.until_none(&old).await;
}

async fn another_identity_replaces_the_old(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let (name, query) = (ground.name("web"), ground.passing("web"));
    reader.follow(&query);
    for id in ["one", "two"] {
        let spec = ground.service(id, 1);
        app.register(&name, &spec, Status::Passing).await;
        reader
            .until_one(&query, id, |instance| *instance.id == spec.id)
            .await;
    }
}

async fn two_instances_of_one_helper_come_sorted(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let ids = ["c", "a", "b"];
    for id in ids {
        let mut spec = ground.service(id, 1);
        spec.name = Some(ground.name("web"));
        app.register(id, &spec, Status::Passing).await;
    }
    let query = ground.passing("web");
    reader.follow(&query);
    let found = reader
        .until_all(&query, "three", |found| found.len() == 3)
        .await;
    let found: Vec<_> = found.iter().map(|instance| &*instance.id).collect();
    assert_eq!(found, ["a", "b", "c"].map(|id| ground.name(id)));
}

async fn instances_of_several_helpers_come_sorted(ground: Ground) {
    let mut helpers = Vec::new();
    for id in ["b", "d", "a", "c"] {
        let mut helper = ground.pilot();
        let mut spec = ground.service(id, 1);
        spec.name = Some(ground.name("web"));
        helper.register("web", &spec, Status::Passing).await;
        helpers.push(helper);
    }
    let mut reader = ground.pilot();
    let query = ground.passing("web");
    reader.follow(&query);
    let found = reader
        .until_all(&query, "four", |found| found.len() == 4)
        .await;
    let order = found
        .iter()
        .map(|one| (one.node.name.clone(), one.id.clone()));
    assert!(order.is_sorted(), "{found:#?}");
}

async fn a_new_description_comes_with_its_status(ground: Ground) {
    let (mut app, mut reader) = (ground.pilot(), ground.pilot());
    let name = ground.name("web");
    let mut spec = ground.service("web", 1);
    app.register(&name, &spec, Status::Passing).await;
    spec.address = "127.0.0.2".to_owned();
    app.publish(&name, &spec, Status::Critical);
    assert_eq!(app.service(&name).await, ServiceEvent::Registered);
    let query = ground.all("web");
    reader.follow(&query);
    let is_so = |one: &catalog::Instance| {
        one.address() == "127.0.0.2" && one.status == Health::Checked(Status::Critical)
    };
    reader
        .until_one(&query, "the new address, critical", is_so)
        .await;
}
