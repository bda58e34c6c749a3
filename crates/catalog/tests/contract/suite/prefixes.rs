//! Prefixes of keys: listed, followed.

use catalog::{Answer, Guard, Keys, Query};

use super::{cases, ground::Ground, keys::write};
use crate::pilot::Pilot;

cases! {
    /// A listing is sorted by key, whatever the order of writes.
    a_listing_is_sorted,
    /// A listing goes as deep as the keys do.
    a_listing_goes_deep,
    /// A prefix is a text: without `/` at its end it finds siblings that begin alike.
    a_prefix_is_a_text,
    /// A prefix that ends with `/` finds only what is under it.
    a_prefix_with_a_slash_finds_what_is_under_it,
    /// A prefix that nothing begins with is an empty listing.
    a_prefix_of_nothing_is_empty,
    /// A hundred keys are listed whole.
    a_hundred_keys_are_listed,
    /// A prefix is followed through additions, changes and deletions.
    a_prefix_is_followed,
    /// Siblings that begin alike are told to who follows the text, and not to who follows the folder.
    siblings_are_told_by_the_text,
    /// Of many writes under a prefix the last state is told.
    the_last_of_many_writes_is_told,
    /// What is followed under a prefix shows values and whole keys.
    what_is_followed_shows_whole_keys,
    /// A prefix whose folder comes and goes is followed through both.
    a_folder_comes_and_goes,
}

async fn listed(keys: &Keys, ground: &Ground, prefix: &str) -> String {
    let found = keys.list(&ground.key(prefix)).await.unwrap();
    let start = ground.key("");
    let paths = found
        .iter()
        .map(|key| key.path.strip_prefix(&start).unwrap());
    paths.collect::<Vec<_>>().join(" ")
}

/// What is shown under a prefix, as words.
fn words(ground: &Ground, answer: &Answer) -> String {
    let Answer::Pairs(pairs) = answer else {
        panic!("{answer:?}");
    };
    let start = ground.key("");
    let words = pairs.iter().map(|pair| {
        let path = pair.path.strip_prefix(&start).unwrap();
        format!("{path}={}", String::from_utf8_lossy(&pair.value))
    });
    words.collect::<Vec<_>>().join(" ")
}

async fn until_shown(reader: &mut Pilot, ground: &Ground, query: &Query, expected: &str) {
    let is_so = |answer: &Answer| words(ground, answer) == expected;
    reader.until(query, expected, is_so).await;
}

async fn a_listing_is_sorted(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for path in ["c", "a", "b/z", "b", "b-c", "B", "10", "9"] {
        write(&keys, &ground.key(path), path).await;
    }
    let expected = "10 9 B a b b-c b/z c";
    assert_eq!(listed(&keys, &ground, "").await, expected);
}

async fn a_listing_goes_deep(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for path in ["a/b/c/d", "a/b", "a/b/c/e", "a/f/g"] {
        write(&keys, &ground.key(path), path).await;
    }
    let expected = "a/b a/b/c/d a/b/c/e a/f/g";
    assert_eq!(listed(&keys, &ground, "a/").await, expected);
    assert_eq!(listed(&keys, &ground, "a/b/").await, "a/b/c/d a/b/c/e");
    let found = keys.list(&ground.key("a/f/")).await.unwrap();
    assert_eq!(found[0].value, "a/f/g");
    let read = keys.read(&ground.key("a/f/g")).await.unwrap();
    assert_eq!(read.as_ref(), found.first());
}

async fn a_prefix_is_a_text(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for path in ["a/b", "a/bc", "a/b/d", "a/c", "ab"] {
        write(&keys, &ground.key(path), "x").await;
    }
    assert_eq!(listed(&keys, &ground, "a/b").await, "a/b a/b/d a/bc");
    assert_eq!(listed(&keys, &ground, "a").await, "a/b a/b/d a/bc a/c ab");
}

async fn a_prefix_with_a_slash_finds_what_is_under_it(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for path in ["a/b", "a/bc", "a/b/d", "a/b/e/f", "ab"] {
        write(&keys, &ground.key(path), "x").await;
    }
    assert_eq!(listed(&keys, &ground, "a/b/").await, "a/b/d a/b/e/f");
}

async fn a_prefix_of_nothing_is_empty(ground: Ground) {
    let mut pilot = ground.pilot();
    let keys = pilot.handle.keys();
    for prefix in ["none/", "none", "none/at/all/"] {
        assert_eq!(listed(&keys, &ground, prefix).await, "");
        let query = ground.pairs(prefix);
        pilot.follow(&query);
        assert_eq!(pilot.answer(&query).await, Answer::Pairs([].into()));
    }
    pilot.hears_nothing(&ground).await;
}

async fn a_hundred_keys_are_listed(ground: Ground) {
    let keys = ground.pilot().handle.keys();
    for number in 0..100 {
        write(&keys, &ground.key(&format!("many/{number:03}")), "x").await;
    }
    let found = keys.list(&ground.key("many/")).await.unwrap();
    let expected: Vec<_> = (0..100)
        .map(|number| ground.key(&format!("many/{number:03}")))
        .collect();
    let found: Vec<_> = found.into_iter().map(|key| key.path).collect();
    assert_eq!(found, expected);
}

async fn a_prefix_is_followed(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let (keys, query) = (writer.handle.keys(), ground.pairs("p/"));
    reader.follow(&query);
    until_shown(&mut reader, &ground, &query, "").await;
    write(&keys, &ground.key("p/b"), "1").await;
    until_shown(&mut reader, &ground, &query, "p/b=1").await;
    write(&keys, &ground.key("p/a/deep/down"), "2").await;
    until_shown(&mut reader, &ground, &query, "p/a/deep/down=2 p/b=1").await;
    write(&keys, &ground.key("p/a/deep/down"), "3").await;
    until_shown(&mut reader, &ground, &query, "p/a/deep/down=3 p/b=1").await;
    keys.delete(&ground.key("p/b"), Guard::Anything)
        .await
        .unwrap();
    until_shown(&mut reader, &ground, &query, "p/a/deep/down=3").await;
    keys.delete(&ground.key("p/a/deep/down"), Guard::Anything)
        .await
        .unwrap();
    until_shown(&mut reader, &ground, &query, "").await;
    reader.hears_nothing(&ground).await;
}

async fn siblings_are_told_by_the_text(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let keys = writer.handle.keys();
    let (text, folder) = (ground.pairs("a/b"), ground.pairs("a/b/"));
    for query in [&text, &folder] {
        reader.follow(query);
        until_shown(&mut reader, &ground, query, "").await;
    }
    write(&keys, &ground.key("a/bc"), "1").await;
    until_shown(&mut reader, &ground, &text, "a/bc=1").await;
    reader.hears_nothing(&ground).await;
    write(&keys, &ground.key("a/b/c"), "2").await;
    until_shown(&mut reader, &ground, &text, "a/b/c=2 a/bc=1").await;
    until_shown(&mut reader, &ground, &folder, "a/b/c=2").await;
    write(&keys, &ground.key("a/b"), "3").await;
    until_shown(&mut reader, &ground, &text, "a/b=3 a/b/c=2 a/bc=1").await;
    reader.hears_nothing(&ground).await;
}

async fn the_last_of_many_writes_is_told(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let (keys, query) = (writer.handle.keys(), ground.pairs("p/"));
    reader.follow(&query);
    for number in 0..60 {
        let path = ground.key(&format!("p/{}", number % 3));
        write(&keys, &path, number.to_string()).await;
    }
    keys.delete(&ground.key("p/1"), Guard::Anything)
        .await
        .unwrap();
    until_shown(&mut reader, &ground, &query, "p/0=57 p/2=59").await;
    reader.hears_nothing(&ground).await;
}

async fn what_is_followed_shows_whole_keys(ground: Ground) {
    let mut pilot = ground.pilot();
    let (keys, query) = (pilot.handle.keys(), ground.pairs("p/"));
    let bytes: &[u8] = &[0, 255, 1];
    write(&keys, &ground.key("p/é x"), bytes).await;
    write(&keys, &ground.key("p/empty"), "").await;
    pilot.follow(&query);
    let Answer::Pairs(pairs) = pilot.answer(&query).await else {
        panic!("no pairs");
    };
    let found: Vec<_> = pairs
        .iter()
        .map(|pair| (pair.path.to_string(), pair.value.to_vec()))
        .collect();
    let expected = [
        (ground.key("p/empty"), Vec::new()),
        (ground.key("p/é x"), bytes.to_vec()),
    ];
    assert_eq!(found, expected);
}

async fn a_folder_comes_and_goes(ground: Ground) {
    let (writer, mut reader) = (ground.pilot(), ground.pilot());
    let (keys, query) = (writer.handle.keys(), ground.pairs("p/q/r/"));
    reader.follow(&query);
    until_shown(&mut reader, &ground, &query, "").await;
    for round in 0..4 {
        write(&keys, &ground.key("p/q/r/s/t"), round.to_string()).await;
        let expected = format!("p/q/r/s/t={round}");
        until_shown(&mut reader, &ground, &query, &expected).await;
        keys.delete(&ground.key("p/q/r/s/t"), Guard::Anything)
            .await
            .unwrap();
        until_shown(&mut reader, &ground, &query, "").await;
    }
}
