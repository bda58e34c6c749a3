use super::{
    super::data::tests::{answers, pair, under},
    *,
};

fn share() -> Share {
    Share::new("k/data".to_owned())
}

fn key(path: &str) -> Query {
    Query::Key {
        path: path.to_owned(),
        dc: None,
    }
}

fn refused(status: u16) -> CatalogError {
    CatalogError::Refused {
        who: catalog::Backend::Consul,
        status,
        call: "PUT /v1/kv/k/data".to_owned(),
        text: "no".to_owned(),
    }
}

fn failing(status: u16) -> LockEvent {
    LockEvent::Failing {
        reason: refused(status),
    }
}

fn left(value: &str) -> Vec<Pair> {
    under(&Writing::new(&answers(value)))
}

/// One that holds the lock, has found nothing under the key, and was rendered.
fn holder() -> Share {
    let mut share = share();
    share.on_lock(&LockEvent::Held);
    share.on_left(&[]);
    share.on_rendered(answers("1"));
    share
}

fn ordered(value: &str, pause: Duration) -> Option<Order> {
    let writing = Writing::new(&answers(value));
    Some(Order { writing, pause })
}

#[test]
fn who_has_neither_lock_nor_data_waits() {
    let mut share = share();
    assert_eq!(share.way(&key("a")), Way::Left);
    assert_eq!(share.answers().count(), 0);
    share.on_left(&[]);
    share.on_rendered(answers("1"));
    assert_eq!(share.way(&key("a")), Way::Left);
    assert_eq!(share.take_order(), None);
}

#[test]
fn who_has_data_asks_only_for_what_is_not_in_it() {
    let mut share = share();
    share.on_left(&left("1"));
    assert_eq!(share.way(&key("a")), Way::Left);
    assert_eq!(share.way(&key("other")), Way::Asked);
    assert!(
        share
            .answers()
            .map(|(q, a)| (q.clone(), a.clone()))
            .eq(answers("1"))
    );
}

#[test]
fn what_hangs_on_the_place_is_never_shared() {
    let mut share = share();
    let own_node = Query::Node {
        name: None,
        dc: None,
    };
    let near = Query::Nodes {
        dc: None,
        near: Some("_agent".to_owned()),
    };
    for query in [own_node, near] {
        assert_eq!(share.way(&query), Way::Asked, "{query}");
        share.on_rendered(Answers::from([(query, Answer::Node(None))]));
    }
    share.on_lock(&LockEvent::Held);
    share.on_left(&[]);
    let empty = Writing::new(&Answers::new());
    assert_eq!(share.take_order().map(|order| order.writing), Some(empty));
}

#[test]
fn the_holder_asks_and_leaves_what_changed_once() {
    let mut share = holder();
    assert_eq!(share.way(&key("a")), Way::Asked);
    assert_eq!(share.take_order(), ordered("1", Duration::ZERO));
    assert_eq!(share.take_order(), None, "it is being written");
    share.on_written(None);
    share.on_rendered(answers("1"));
    assert_eq!(share.take_order(), None);
    share.on_left(&left("1"));
    assert_eq!(share.take_order(), None);
    share.on_rendered(answers("2"));
    assert_eq!(share.take_order(), ordered("2", Duration::ZERO));
    // It changes again before that is done.
    share.on_rendered(answers("3"));
    share.on_written(None);
    assert_eq!(share.take_order(), ordered("3", Duration::ZERO));
}

#[test]
fn the_holder_looks_before_it_writes() {
    let mut share = share();
    share.on_lock(&LockEvent::Held);
    share.on_rendered(answers("1"));
    assert_eq!(share.take_order(), None);
    share.on_left(&left("1"));
    assert_eq!(share.take_order(), None);
}

#[test]
fn what_somebody_else_wrote_or_took_away_is_written_again() {
    let mut share = holder();
    share.take_order();
    share.on_written(None);
    for others in [left("0"), vec![], vec![pair("k/data", b"?")]] {
        share.on_left(&others);
        assert_eq!(share.take_order(), ordered("1", Duration::ZERO));
        share.on_written(None);
        assert_eq!(share.take_order(), None);
    }
    // What was seen while it was written may be newer than what was written.
    share.on_left(&[]);
    share.take_order();
    share.on_left(&left("0"));
    share.on_written(None);
    assert_eq!(share.take_order(), ordered("1", Duration::ZERO));
}

#[test]
fn the_last_data_stands_when_the_holder_changes() {
    let mut share = share();
    share.on_left(&left("1"));
    // Whoever held it is gone; it is taken away too.
    share.on_left(&[]);
    assert_eq!(share.answers().count(), 1);
    share.on_lock(&LockEvent::Held);
    assert_eq!(share.answers().count(), 1);
    assert_eq!(share.way(&key("a")), Way::Asked);
    share.on_lock(&LockEvent::Lost);
    assert_eq!(share.way(&key("a")), Way::Left);
}

#[test]
fn a_former_holder_lives_on_what_it_left_itself() {
    let mut share = holder();
    share.take_order();
    share.on_written(None);
    share.on_lock(&LockEvent::Lost);
    assert_eq!(share.way(&key("a")), Way::Left);
    assert!(
        share
            .answers()
            .map(|(q, a)| (q.clone(), a.clone()))
            .eq(answers("1"))
    );
}

#[test]
fn who_cannot_read_what_is_left_asks_and_says_so_once() {
    let mut share = share();
    for _ in 0..2 {
        share.on_left(&[pair("k/data", b"containerpilot 2 1 0\n{}")]);
    }
    assert_eq!(share.way(&key("a")), Way::Asked);
    assert_eq!(
        share.take_words(),
        [
            "work is not shared, this helper asks the catalog itself: what was left is not of this version of containerpilot"
        ]
    );
    share.on_left(&left("1"));
    assert_eq!(share.way(&key("a")), Way::Left);
}

#[test]
fn too_much_to_share_is_said_once_on_every_side() {
    let large = answers(&"x".repeat(7_000_000));
    let mut holder = holder();
    holder.on_rendered(large.clone());
    let order = holder.take_order().unwrap();
    assert!(order.writing.is_too_large());
    holder.on_written(None);
    let seen = under(&order.writing);
    holder.on_left(&seen);
    assert_eq!(holder.take_order(), None);
    assert_eq!(holder.take_words().len(), 1);
    let mut other = share();
    other.on_left(&seen);
    other.on_left(&seen);
    assert_eq!(other.way(&key("a")), Way::Asked);
    assert_eq!(other.take_words().len(), 1);
}

#[test]
fn who_may_not_have_the_lock_asks_until_it_has_it() {
    let mut share = share();
    share.on_left(&left("1"));
    share.on_lock(&failing(500));
    assert_eq!(share.way(&key("a")), Way::Left, "that passes");
    share.on_lock(&failing(403));
    share.on_lock(&failing(403));
    assert_eq!(share.way(&key("a")), Way::Asked);
    assert!(!share.is_for_good());
    assert_eq!(share.take_words().len(), 1);
    share.on_lock(&LockEvent::Held);
    share.on_lock(&LockEvent::Lost);
    assert_eq!(share.way(&key("a")), Way::Left);
}

#[test]
fn who_may_not_write_or_read_gives_the_lock_to_others() {
    let mut writer = holder();
    writer.take_order();
    writer.on_written(Some(&refused(403)));
    let mut reader = share();
    reader.on_unread(&refused(500));
    assert!(!reader.is_for_good());
    reader.on_unread(&refused(403));
    for mut share in [writer, reader] {
        assert!(share.is_for_good());
        share.on_lock(&LockEvent::Held);
        assert_eq!(share.take_order(), None);
        assert_eq!(share.way(&key("a")), Way::Asked);
        assert_eq!(share.take_words().len(), 1);
    }
}

#[test]
fn what_could_not_be_written_is_written_after_a_pause() {
    let mut share = holder();
    share.take_order();
    share.on_written(Some(&refused(500)));
    assert_eq!(share.take_order(), ordered("1", PAUSE));
    share.on_written(Some(&refused(500)));
    assert_eq!(share.take_words().len(), 1);
    share.on_rendered(answers("2"));
    assert_eq!(share.take_order(), ordered("2", PAUSE));
    share.on_written(None);
    assert_eq!(share.take_order(), None);
}
