//! Keys: read, written, followed.

use bytes::Bytes;
use catalog::{Answer, Guard, Keys};

use super::{cases, ground::Ground};

cases! {
    /// A key that is not there is read as absent.
    a_key_that_is_not_there_is_absent,
    /// What is written is read.
    what_is_written_is_read,
    /// What is written again replaces what was.
    what_is_written_again_replaces_what_was,
    /// What is deleted is absent, and deleting it again is no error.
    what_is_deleted_is_absent,
    /// An empty value is a value.
    an_empty_value_is_a_value,
    /// A value may hold any bytes.
    a_value_may_hold_any_bytes,
    /// A value of 100 KB arrives whole, read and followed.
    a_large_value_arrives_whole,
    /// A name may hold spaces, any script, and what has a meaning in addresses.
    a_name_may_hold_anything,
    /// A name may be deep.
    a_name_may_be_deep,
    /// Beside a key there may be keys under it.
    a_key_may_have_keys_under_it,
    /// Deleting a key leaves the keys under it.
    deleting_a_key_leaves_those_under_it,
    /// Deleting the last key under another leaves that one.
    deleting_the_last_under_it_leaves_a_key,
    /// A key is followed from absence to absence.
    a_key_is_followed_from_absence_to_absence,
    /// The same value again is no change.
    the_same_value_again_is_no_change,
    /// Of a hundred writes in quick succession the last is told.
    the_last_of_a_hundred_writes_is_told,
    /// A change of another key tells nothing.
    another_key_tells_nothing,
    /// A value that is not text is told as it is.
    a_followed_value_may_hold_any_bytes,
}

/// Reads a key's value.
async fn value(keys: &Keys, path: &str) -> Option<Bytes> {
    let found = keys.read(path).await.unwrap()?;
    assert_eq!(found.path, path);
    Some(found.value)
}

pub(super) async fn write(keys: &Keys, path: &str, value: impl Into<Bytes>) {
    keys.write(path, value.into(), Guard::Anything)
        .await
        .unwrap();
}

async fn a_key_that_is_not_there_is_absent(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    assert_eq!(value(&keys, &ground.key("none")).await, None);
    assert_eq!(value(&keys, &ground.key("none/at/all")).await, None);
}

async fn what_is_written_is_read(ground: Ground) {
    let (writer, reader) = (ground.pilot(), ground.pilot());
    let path = ground.key("key");
    write(&writer.handle.keys(), &path, "text").await;
    let found = value(&reader.handle.keys(), &path).await;
    assert_eq!(found, Some("text".into()));
}

async fn what_is_written_again_replaces_what_was(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    let mut versions = Vec::new();
    for text in ["a longer text", "two", "two", ""] {
        write(&keys, &path, text).await;
        let found = keys.read(&path).await.unwrap().unwrap();
        assert_eq!(found.value, text);
        versions.push(found.version);
    }
    assert_ne!(versions[0], versions[1]);
}

async fn what_is_deleted_is_absent(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "text").await;
    for _ in 0..2 {
        keys.delete(&path, Guard::Anything).await.unwrap();
        assert_eq!(value(&keys, &path).await, None);
    }
    write(&keys, &path, "again").await;
    assert_eq!(value(&keys, &path).await, Some("again".into()));
}

async fn an_empty_value_is_a_value(ground: Ground) {
    let mut pilot = ground.pilot();
    let keys = pilot.handle.keys();
    let path = ground.key("key");
    write(&keys, &path, "").await;
    assert_eq!(value(&keys, &path).await, Some(Bytes::new()));
    let query = ground.value("key");
    pilot.follow(&query);
    let empty = Answer::Value(Some(Bytes::new()));
    assert_eq!(pilot.answer(&query).await, empty);
}

async fn a_value_may_hold_any_bytes(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key("key");
    let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    write(&keys, &path, all.clone()).await;
    assert_eq!(value(&keys, &path).await, Some(all.into()));
}

async fn a_large_value_arrives_whole(ground: Ground) {
    let mut pilot = ground.pilot();
    let keys = pilot.handle.keys();
    let (path, query) = (ground.key("key"), ground.value("key"));
    let large: Bytes = (0..100_000_u32)
        .map(|number| u8::try_from(number % 251).unwrap())
        .collect();
    pilot.follow(&query);
    write(&keys, &path, large.clone()).await;
    assert_eq!(value(&keys, &path).await, Some(large.clone()));
    let expected = Answer::Value(Some(large));
    let is_so = |answer: &Answer| *answer == expected;
    pilot.until(&query, "the whole value", is_so).await;
}

async fn a_name_may_hold_anything(ground: Ground) {
    let mut pilot = ground.pilot();
    let keys = pilot.handle.keys();
    for name in [
        "with space",
        "ключ/é/鍵",
        "50%25?x=y&z#f",
        "a+b;c,d=e@f:g",
        "\"quoted\"\\",
        ".hidden/..three",
        "UPPER/lower",
    ] {
        let (path, query) = (ground.key(name), ground.value(name));
        write(&keys, &path, name).await;
        assert_eq!(value(&keys, &path).await, Some(name.into()));
        pilot.follow(&query);
        let expected = Answer::Value(Some(name.into()));
        assert_eq!(pilot.answer(&query).await, expected);
    }
    let listed = keys.list(&ground.key("")).await.unwrap();
    assert_eq!(listed.len(), 7, "{listed:#?}");
}

async fn a_name_may_be_deep(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let path = ground.key(&vec!["deep"; 30].join("/"));
    write(&keys, &path, "down there").await;
    assert_eq!(value(&keys, &path).await, Some("down there".into()));
    keys.delete(&path, Guard::Anything).await.unwrap();
    assert_eq!(value(&keys, &path).await, None);
    assert_eq!(keys.list(&ground.key("")).await.unwrap(), []);
}

async fn a_key_may_have_keys_under_it(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let (above, under) = (ground.key("a"), ground.key("a/b"));
    write(&keys, &under, "under").await;
    assert_eq!(value(&keys, &above).await, None);
    write(&keys, &above, "above").await;
    assert_eq!(value(&keys, &above).await, Some("above".into()));
    assert_eq!(value(&keys, &under).await, Some("under".into()));
}

async fn deleting_a_key_leaves_those_under_it(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let (above, under) = (ground.key("a"), ground.key("a/b"));
    write(&keys, &above, "above").await;
    write(&keys, &under, "under").await;
    keys.delete(&above, Guard::Anything).await.unwrap();
    assert_eq!(value(&keys, &above).await, None);
    assert_eq!(value(&keys, &under).await, Some("under".into()));
    let listed = keys.list(&ground.key("")).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:#?}");
}

async fn deleting_the_last_under_it_leaves_a_key(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    let (above, under) = (ground.key("a"), ground.key("a/b"));
    write(&keys, &above, "above").await;
    write(&keys, &under, "under").await;
    keys.delete(&under, Guard::Anything).await.unwrap();
    assert_eq!(value(&keys, &above).await, Some("above".into()));
}

async fn a_key_is_followed_from_absence_to_absence(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let keys = writer.handle.keys();
    let (path, query) = (ground.key("a/key"), ground.value("a/key"));
    reader.follow(&query);
    for _ in 0..2 {
        assert_eq!(reader.answer(&query).await, Answer::Value(None));
        for text in ["one", "", "two"] {
            write(&keys, &path, text).await;
            let expected = Answer::Value(Some(text.into()));
            assert_eq!(reader.answer(&query).await, expected);
        }
        keys.delete(&path, Guard::Anything).await.unwrap();
    }
    assert_eq!(reader.answer(&query).await, Answer::Value(None));
}

async fn the_same_value_again_is_no_change(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let keys = writer.handle.keys();
    let (path, query) = (ground.key("key"), ground.value("key"));
    write(&keys, &path, "same").await;
    reader.follow(&query);
    let expected = Answer::Value(Some("same".into()));
    assert_eq!(reader.answer(&query).await, expected);
    for _ in 0..10 {
        write(&keys, &path, "same").await;
        reader.hears_nothing(&ground).await;
    }
}

async fn the_last_of_a_hundred_writes_is_told(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let keys = writer.handle.keys();
    let (path, query) = (ground.key("key"), ground.value("key"));
    reader.follow(&query);
    for number in 1..=100 {
        write(&keys, &path, number.to_string()).await;
    }
    let last = Answer::Value(Some("100".into()));
    reader
        .until(&query, "the last", |answer| *answer == last)
        .await;
    reader.hears_nothing(&ground).await;
}

async fn another_key_tells_nothing(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let keys = writer.handle.keys();
    let query = ground.value("a/b");
    reader.follow(&query);
    assert_eq!(reader.answer(&query).await, Answer::Value(None));
    for other in ["a", "a/bc", "a/b/c", "A/B"] {
        write(&keys, &ground.key(other), "other").await;
        reader.hears_nothing(&ground).await;
    }
    for other in ["A/B", "a/b/c", "a/bc", "a"] {
        keys.delete(&ground.key(other), Guard::Anything)
            .await
            .unwrap();
        reader.hears_nothing(&ground).await;
    }
}

async fn a_followed_value_may_hold_any_bytes(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let query = ground.value("key");
    reader.follow(&query);
    let bytes: &[u8] = &[0, 255, 254, b'\n', 0, 200];
    write(&writer.handle.keys(), &ground.key("key"), bytes).await;
    let expected = Answer::Value(Some(bytes.into()));
    reader
        .until(&query, "the bytes", |answer| *answer == expected)
        .await;
}
