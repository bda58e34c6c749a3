//! Writes under guard.

use catalog::{CatalogError, Guard, Keys};

use super::{cases, ground::Ground, keys::write};

cases! {
    /// Guarded by "only nothing", a write makes a key and never replaces one.
    only_nothing_is_replaced,
    /// Guarded by a version, a write replaces that version.
    a_version_is_replaced,
    /// Guarded by an outdated version, a write changes nothing and says so.
    an_outdated_version_is_not_replaced,
    /// Guarded by a version, a write makes no key that was deleted.
    a_version_of_what_is_gone_is_not_replaced,
    /// Guarded by a version, a deletion deletes that version.
    a_version_is_deleted,
    /// Guarded by an outdated version, a deletion changes nothing and says so.
    an_outdated_version_is_not_deleted,
    /// Guarded by a version, a deletion of what is gone says so.
    a_version_of_what_is_gone_is_not_deleted,
    /// Guarded by "only nothing", a deletion deletes nothing.
    only_nothing_is_deleted,
    /// Of two that write under one version exactly one wins, each time.
    one_of_two_writers_wins,
    /// Of five that make one key exactly one does.
    one_of_five_makes_a_key,
    /// Counting by guarded writes loses nothing.
    counting_loses_nothing,
    /// A listing gives the versions that a read gives.
    a_listing_gives_versions,
}

async fn version(keys: &Keys, path: &str) -> Guard {
    Guard::Version(keys.read(path).await.unwrap().unwrap().version)
}

async fn text(keys: &Keys, path: &str) -> Option<String> {
    let found = keys.read(path).await.unwrap()?;
    Some(String::from_utf8(found.value.to_vec()).unwrap())
}

/// Asserts that a guard forbade it, and that it is told of which key.
#[track_caller]
fn assert_outdated(came: Result<(), CatalogError>, path: &str) {
    match came {
        Err(CatalogError::Outdated { key, .. }) => assert_eq!(key, path),
        other => panic!("{other:?}"),
    }
}

async fn only_nothing_is_replaced(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("a/key");
    let make = async |text: &'static str| keys.write(&path, text.into(), Guard::Nothing).await;
    make("one").await.unwrap();
    assert_outdated(make("two").await, &path);
    assert_eq!(text(&keys, &path).await.as_deref(), Some("one"));
    keys.delete(&path, Guard::Anything).await.unwrap();
    make("three").await.unwrap();
    assert_eq!(text(&keys, &path).await.as_deref(), Some("three"));
}

async fn a_version_is_replaced(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "0").await;
    for number in 1..5 {
        let guard = version(&keys, &path).await;
        let value = number.to_string();
        keys.write(&path, value.clone().into(), guard)
            .await
            .unwrap();
        assert_eq!(text(&keys, &path).await, Some(value));
    }
}

async fn an_outdated_version_is_not_replaced(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "one").await;
    let guard = version(&keys, &path).await;
    write(&keys, &path, "two").await;
    assert_outdated(keys.write(&path, "three".into(), guard).await, &path);
    assert_eq!(text(&keys, &path).await.as_deref(), Some("two"));
}

async fn a_version_of_what_is_gone_is_not_replaced(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "one").await;
    let guard = version(&keys, &path).await;
    keys.delete(&path, Guard::Anything).await.unwrap();
    assert_outdated(keys.write(&path, "two".into(), guard).await, &path);
    assert_eq!(text(&keys, &path).await, None);
}

async fn a_version_is_deleted(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "one").await;
    let guard = version(&keys, &path).await;
    keys.delete(&path, guard).await.unwrap();
    assert_eq!(text(&keys, &path).await, None);
}

async fn an_outdated_version_is_not_deleted(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "one").await;
    let guard = version(&keys, &path).await;
    write(&keys, &path, "two").await;
    assert_outdated(keys.delete(&path, guard).await, &path);
    assert_eq!(text(&keys, &path).await.as_deref(), Some("two"));
}

async fn a_version_of_what_is_gone_is_not_deleted(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "one").await;
    let guard = version(&keys, &path).await;
    keys.delete(&path, guard).await.unwrap();
    assert_outdated(keys.delete(&path, guard).await, &path);
}

async fn only_nothing_is_deleted(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    keys.delete(&path, Guard::Nothing).await.unwrap();
    write(&keys, &path, "one").await;
    assert_outdated(keys.delete(&path, Guard::Nothing).await, &path);
    assert_eq!(text(&keys, &path).await.as_deref(), Some("one"));
}

async fn one_of_two_writers_wins(ground: Ground) {
    let (one, other) = (ground.pilot(), ground.pilot());
    let (one, other) = (one.handle.keys(), other.handle.keys());
    let path = ground.key("key");
    write(&one, &path, "nobody").await;
    for round in 0..25 {
        let guard = version(&one, &path).await;
        // What is there already may be written without becoming another version.
        let (first_text, second_text) = (format!("one {round}"), format!("other {round}"));
        let (first, second) = tokio::join!(
            one.write(&path, first_text.clone().into(), guard),
            other.write(&path, second_text.clone().into(), guard)
        );
        let expected = match (&first, &second) {
            (Ok(()), Err(_)) => first_text,
            (Err(_), Ok(())) => second_text,
            (Ok(()), Ok(())) | (Err(_), Err(_)) => panic!("{first:?}, {second:?}"),
        };
        assert_outdated(first.and(second), &path);
        assert_eq!(text(&one, &path).await, Some(expected));
    }
}

async fn one_of_five_makes_a_key(ground: Ground) {
    let helpers: Vec<_> = (0..5).map(|_| ground.pilot()).collect();
    for round in 0..5 {
        let path = ground.key(&format!("round/{round}"));
        let mut tasks = tokio::task::JoinSet::new();
        for (number, helper) in helpers.iter().enumerate() {
            let (keys, path) = (helper.handle.keys(), path.clone());
            tasks.spawn(async move {
                let value = number.to_string();
                keys.write(&path, value.clone().into(), Guard::Nothing)
                    .await
                    .map(|()| value)
            });
        }
        let came = tasks.join_all().await;
        let made: Vec<_> = came.iter().flatten().cloned().collect();
        let [winner] = &made[..] else {
            panic!("{came:?}");
        };
        let keys = helpers[0].handle.keys();
        assert_eq!(text(&keys, &path).await.as_ref(), Some(winner));
    }
}

async fn counting_loses_nothing(ground: Ground) {
    let path = ground.key("counter");
    let keys = ground.pilot().handle.keys();
    write(&keys, &path, "0").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (keys, path) = (ground.pilot().handle.keys(), path.clone());
        tasks.spawn(async move {
            for _ in 0..10 {
                while !count(&keys, &path).await {}
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(text(&keys, &path).await.as_deref(), Some("40"));
}

/// Adds one, unless somebody else did meanwhile.
async fn count(keys: &Keys, path: &str) -> bool {
    let known = keys.read(path).await.unwrap().unwrap();
    let number: u32 = std::str::from_utf8(&known.value).unwrap().parse().unwrap();
    let next = (number + 1).to_string();
    match keys
        .write(path, next.into(), Guard::Version(known.version))
        .await
    {
        Ok(()) => true,
        Err(CatalogError::Outdated { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

async fn a_listing_gives_versions(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for (path, writes) in [("a", 1), ("b", 3), ("c/d", 2)] {
        for _ in 0..writes {
            write(&keys, &ground.key(path), path).await;
        }
    }
    let found = keys.list(&ground.key("")).await.unwrap();
    assert_eq!(found.len(), 3);
    for key in found {
        let read = keys.read(&key.path).await.unwrap();
        assert_eq!(read, Some(key.clone()));
        let guard = Guard::Version(key.version);
        keys.write(&key.path, "new".into(), guard).await.unwrap();
    }
}
