//! What is followed and read in ZooKeeper while others change it by its own tools.

use std::time::Duration;

use bytes::Bytes;
use catalog::{
    Answer, CatalogError, FollowEvent, Guard, Query, ServiceEvent,
    query::ServiceQuery,
    transport::{Login, Password, Secret},
    zookeeper::Acl,
};
use pilot_core::spec::Status;

use super::{until_status, way};
use crate::{
    gate::Gate,
    pilot::{Pilot, passing, service},
    zookeeper::{Zookeeper, until},
};

fn key(path: &str) -> Query {
    let path = path.to_owned();
    Query::Key { path, dc: None }
}

fn pairs(prefix: &str) -> Query {
    let prefix = prefix.to_owned();
    Query::Pairs { prefix, dc: None }
}

/// Waits for the next answer to a query under a prefix, in a line.
async fn line(pilot: &mut Pilot, query: &Query) -> String {
    let answer = pilot.answer(query).await;
    let Answer::Pairs(pairs) = answer else {
        panic!("{answer:?}");
    };
    let words = pairs
        .iter()
        .map(|pair| format!("{}={}", pair.path, String::from_utf8_lossy(&pair.value)));
    words.collect::<Vec<_>>().join(" ")
}

/// Waits until an answer under a prefix has come to something; those between may be seen or not.
async fn until_line(pilot: &mut Pilot, query: &Query, wanted: &str) {
    while line(pilot, query).await != wanted {}
}

#[tokio::test]
async fn no_change_of_a_service_is_missed_whatever_happens_around_it() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let gate = Gate::before(zookeeper.address(0)).await;
    let mut reader = Pilot::with(way(&gate.address().to_string()));
    let any = Query::Service(ServiceQuery {
        any_status: true,
        ..ServiceQuery::passing("db")
    });
    reader.watch("db");
    reader.follow(&any);
    // It is not there yet, and neither is what it is to be below.
    assert_eq!(*reader.update("db").await, []);
    let mut db = Pilot::with(way(&zookeeper.connect()));
    let mut spec = service("db-host", 1);
    spec.tags = vec!["blue".to_owned()];
    db.register("db", &spec, Status::Passing).await;
    assert_eq!(reader.update("db").await[0].address(), "127.0.0.1");
    db.publish("db", &spec, Status::Critical);
    assert_eq!(*reader.update("db").await, []);
    while reader
        .instances(&any)
        .await
        .first()
        .is_none_or(|one| one.status.word() != "critical")
    {}
    db.publish("db", &spec, Status::Passing);
    assert_eq!(reader.update("db").await.len(), 1);

    // What its tools write is an instance like any other; what is no instance is none.
    cli.run(
        r#"create /containerpilot/db/plain '{"id":"plain","name":"db","address":"h","port":9}'"#,
    )
    .await;
    assert_eq!(reader.update("db").await.len(), 2);
    cli.run("create /containerpilot/db/rubbish what").await;
    cli.run("deleteall /containerpilot").await;
    // Ours comes back at once, theirs does not.
    assert_eq!(db.service("db").await, ServiceEvent::Forgotten);
    assert_eq!(db.service("db").await, ServiceEvent::Registered);
    while !matches!(&*reader.update("db").await, [one] if &*one.id == "db-host") {}

    // Cut off, the last answer stands; what happens meanwhile is seen at once afterwards.
    gate.set_open(false);
    while !matches!(
        reader.follows(&passing("db")).await,
        FollowEvent::Lost { .. }
    ) {}
    spec.port = 2;
    db.register("db", &spec, Status::Passing).await;
    gate.set_open(true);
    // That it answers again may be told before or after what it says.
    while reader
        .update("db")
        .await
        .first()
        .is_none_or(|db| db.port != 2)
    {}
    let services = Query::Services { dc: None };
    let mut newcomer = Pilot::with(way(&zookeeper.connect()));
    newcomer.follow(&services);
    let Answer::Services(names) = newcomer.answer(&services).await else {
        panic!("not names");
    };
    assert_eq!(names.len(), 1);
    assert_eq!(&*names[0].name, "db");
    assert_eq!(*names[0].tags, [Box::from("blue")]);
}

#[tokio::test]
async fn keys_are_followed_from_absence_to_absence() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let mut pilot = Pilot::with(way(&zookeeper.connect()));
    let (one, under) = (key("app/one"), pairs("app/"));
    pilot.follow(&one);
    assert_eq!(pilot.answer(&one).await, Answer::Value(None));
    pilot.follow(&under);
    assert_eq!(line(&mut pilot, &under).await, "");
    cli.run("create /app").await;
    cli.run("create /app/one 1").await;
    let value = |text: &'static str| Answer::Value(Some(Bytes::from(text)));
    assert_eq!(pilot.answer(&one).await, value("1"));
    until_line(&mut pilot, &under, "app/one=1").await;
    cli.run("create /app/sub").await;
    cli.run("create /app/sub/deep 2").await;
    cli.run("set /app/one 3").await;
    assert_eq!(pilot.answer(&one).await, value("3"));
    until_line(&mut pilot, &under, "app/one=3 app/sub/deep=2").await;
    // A node that holds nothing is a key only while nothing is below it.
    cli.run("delete /app/sub/deep").await;
    until_line(&mut pilot, &under, "app/one=3 app/sub=").await;
    cli.run("deleteall /app").await;
    assert_eq!(pilot.answer(&one).await, Answer::Value(None));
    until_line(&mut pilot, &under, "").await;
    pilot.handle.unfollow(&under);
    pilot.follow(&pairs("app"));
    assert_eq!(line(&mut pilot, &pairs("app")).await, "");
    cli.run("create /apple 5").await;
    until_line(&mut pilot, &pairs("app"), "apple=5").await;

    // What ZooKeeper does not have is said.
    let nodes = Query::Nodes {
        dc: None,
        near: None,
    };
    pilot.follow(&nodes);
    let FollowEvent::Lost { reason } = pilot.follows(&nodes).await else {
        panic!("there are no nodes");
    };
    assert_eq!(reason.to_string(), "ZooKeeper has no nodes");
}

#[tokio::test]
async fn keys_are_written_under_guard() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let mut settings = way(&zookeeper.connect());
    settings.chroot = "/teams/blue".to_owned();
    settings.keys = "/conf".to_owned();
    let pilot = Pilot::with(settings);
    let keys = pilot.handle.keys();
    let path = "a/b c";
    assert_eq!(keys.read(path).await.unwrap(), None);
    keys.write(path, "1".into(), Guard::Nothing).await.unwrap();
    assert_eq!(cli.run("get '/teams/blue/conf/a/b c'").await, "1");
    let held = keys.read(path).await.unwrap().unwrap();
    let again = keys.write(path, "2".into(), Guard::Nothing).await;
    assert!(
        matches!(again, Err(CatalogError::Outdated { .. })),
        "{again:?}"
    );
    let version = Guard::Version(held.version);
    keys.write(path, "2".into(), version).await.unwrap();
    let again = keys.write(path, "3".into(), version).await;
    assert!(
        matches!(again, Err(CatalogError::Outdated { .. })),
        "{again:?}"
    );
    let gone = keys.delete(path, version).await;
    assert!(
        matches!(gone, Err(CatalogError::Outdated { .. })),
        "{gone:?}"
    );
    keys.write("a", "above".into(), Guard::Nothing)
        .await
        .unwrap();
    keys.write("z", "3".into(), Guard::Anything).await.unwrap();
    let all = keys.list("").await.unwrap();
    let names: Vec<_> = all.iter().map(|key| key.path.as_str()).collect();
    assert_eq!(names, ["a", "a/b c", "z"]);
    keys.delete("a", Guard::Anything).await.unwrap();
    assert_eq!(keys.read("a").await.unwrap(), None);
    keys.delete(path, Guard::Anything).await.unwrap();
    keys.delete(path, Guard::Anything).await.unwrap();
    let all = keys.list("").await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(cli.list("/teams/blue/conf").await, ["z"]);
    assert!(keys.read("a//b").await.is_err());
}

#[tokio::test]
async fn only_whoever_shows_our_password_changes_what_is_ours() {
    let zookeeper = Zookeeper::start().await;
    let mut cli = zookeeper.cli(0).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hush\n").unwrap();
    let mut settings = way(&format!("{}/closed", zookeeper.connect()));
    settings.acl = Acl::Creator;
    settings.login = Some(Login {
        user: "me".to_owned(),
        password: Password::File(file),
    });
    let mut ours = Pilot::with(settings.clone());
    let spec = service("app-host", 80);
    ours.register("app", &spec, Status::Passing).await;
    let node = "/closed/containerpilot/app/app-host";
    until_status(&mut cli, node, "passing").await;
    assert!(
        cli.run(&format!("set {node} x"))
            .await
            .contains("Insufficient permission")
    );
    let acl = cli.run(&format!("getAcl {node}")).await;
    assert!(
        acl.contains("'digest,'me:") && acl.contains("'world,'anyone\n: r"),
        "{acl}"
    );

    // Another password is another user, who may read and no more.
    let mut other = settings.clone();
    other.login = Some(Login {
        user: "me".to_owned(),
        password: Password::Value(Secret::new("wrong")),
    });
    let mut other = Pilot::with(other);
    other.watch("app");
    assert_eq!(other.update("app").await.len(), 1);
    other.publish("app", &service("app-2", 80), Status::Passing);
    let ServiceEvent::Failing { reason, .. } = other.service("app").await else {
        panic!("it may not");
    };
    assert_eq!(
        reason.to_string(),
        "ZooKeeper answered 102 to create /closed/containerpilot/app/app-2: NoAuth: this user \
         may not do it"
    );
    // A reload with the right one cures it.
    other.handle.replace_settings(settings.clone()).unwrap();
    assert_eq!(other.service("app").await, ServiceEvent::Registered);
    until("both are there", async || {
        (cli.list("/closed/containerpilot/app").await.len() == 2).then_some(())
    })
    .await;

    settings.login = None;
    let mut nobody = Pilot::with(settings);
    nobody.publish("more", &service("more-host", 80), Status::Passing);
    let ServiceEvent::Failing { reason, .. } = nobody.service("more").await else {
        panic!("it may not");
    };
    assert!(
        reason.to_string().contains("needs `user` and `password`")
            || reason.to_string().contains("NoAuth"),
        "{reason}"
    );
}

#[tokio::test]
async fn the_way_to_nobody_says_why() {
    let mut settings = way("127.0.0.1:1");
    settings.timeouts.call = Duration::from_secs(2);
    let mut pilot = Pilot::with(settings);
    pilot.watch("db");
    let FollowEvent::Lost { reason } = pilot.follows(&passing("db")).await else {
        panic!("nobody is there");
    };
    assert_eq!(
        reason.to_string(),
        "cannot reach ZooKeeper at 127.0.0.1:1: connection refused"
    );
}
