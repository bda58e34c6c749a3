//! What only time shows, without waiting for it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::Store;
use crate::{
    request::{Claim, Command, Consistency, Query, Request, View},
    route::route,
    target::Target,
};

const SECOND: Duration = Duration::from_secs(1);

/// A store and the time it is told.
struct World {
    store: Store,
    now: Duration,
}

impl World {
    fn new() -> Self {
        Self {
            store: Store::new(),
            now: Duration::ZERO,
        }
    }

    fn put(&mut self, path: &str, body: &str) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let target = Target::new(path, Some(query));
        let body = Bytes::from(body.to_owned());
        let Ok(Request::Command(command)) = route("PUT", &target, &body) else {
            panic!("{path} {body:?} is no command");
        };
        let reply = self.store.apply(self.now, command);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }

    /// Moves the time forward, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.store.next_deadline().filter(|next| *next <= end) {
            assert!(next >= self.now, "a deadline in the past");
            self.now = next;
            self.store.expire(next);
            assert!(
                self.store.next_deadline().is_none_or(|later| later > next),
                "stuck"
            );
        }
        self.now = end;
        self.store.expire(end);
    }

    fn instances(&self, name: &str, passing: bool) -> usize {
        let reply = self
            .store
            .answer(&health(name, passing), Consistency::Leader);
        list(&reply.body).len()
    }

    fn index(&self, name: &str) -> u64 {
        self.store.index(&health(name, false))
    }
}

fn health(name: &str, passing: bool) -> Query {
    Query::Health {
        name: name.to_owned(),
        tags: Vec::new(),
        passing,
    }
}

fn list(body: &[u8]) -> Vec<Value> {
    serde_json::from_slice(body).expect("a list")
}

const WEB: &str = r#"{"Name":"web","Check":{"TTL":"10s","Status":"passing",
                      "DeregisterCriticalServiceAfter":"2m"}}"#;

fn register(world: &mut World, service: &str) {
    world.put("/v1/agent/service/register", service);
}

#[test]
fn check_runs_out_at_its_time_and_not_before() {
    let mut world = World::new();
    register(&mut world, WEB);
    world.pass(10 * SECOND - Duration::from_nanos(1));
    assert_eq!(world.instances("web", true), 1);
    world.pass(Duration::from_nanos(1));
    assert_eq!(world.instances("web", true), 0);
    assert_eq!(world.instances("web", false), 1);
}

#[test]
fn heartbeat_moves_the_end() {
    let mut world = World::new();
    register(&mut world, WEB);
    for _ in 0..10 {
        world.pass(9 * SECOND);
        world.put("/v1/agent/check/pass/service:web", "");
    }
    assert_eq!(world.instances("web", true), 1);
}

#[test]
fn service_goes_when_it_was_critical_for_long() {
    let mut world = World::new();
    register(&mut world, WEB);
    world.pass(10 * SECOND + 119 * SECOND);
    assert_eq!(world.instances("web", false), 1);
    world.pass(SECOND);
    assert_eq!(world.instances("web", false), 0);
    assert_eq!(world.store.next_deadline(), None);
}

#[test]
fn recovery_in_time_keeps_the_service() {
    let mut world = World::new();
    register(&mut world, WEB);
    world.pass(100 * SECOND);
    world.put("/v1/agent/check/warn/service:web", "");
    world.pass(9 * SECOND);
    world.put("/v1/agent/check/fail/service:web", "");
    world.pass(119 * SECOND);
    assert_eq!(world.instances("web", false), 1);
    world.pass(SECOND);
    assert_eq!(world.instances("web", false), 0);
}

#[test]
fn service_stays_a_minute_at_least() {
    let mut world = World::new();
    let service = r#"{"Name":"web","Check":{"TTL":"1s","DeregisterCriticalServiceAfter":"2s"}}"#;
    register(&mut world, service);
    world.pass(60 * SECOND);
    assert_eq!(world.instances("web", false), 1);
    world.pass(SECOND);
    assert_eq!(world.instances("web", false), 0);
}

#[test]
fn changed_text_reaches_the_catalog_late() {
    let mut world = World::new();
    register(
        &mut world,
        r#"{"Name":"web","Check":{"TTL":"1h","Status":"passing"}}"#,
    );
    let before = world.index("web");
    for _ in 0..299 {
        world.pass(SECOND);
        world.put("/v1/agent/check/pass/service:web?note=ok", "");
    }
    assert_eq!(world.index("web"), before);
    world.pass(2 * SECOND);
    assert!(world.index("web") > before);
}

#[test]
fn same_text_changes_nothing() {
    let mut world = World::new();
    register(
        &mut world,
        r#"{"Name":"web","Check":{"TTL":"1h","Status":"passing"}}"#,
    );
    let before = world.store.index;
    for _ in 0..1000 {
        world.put("/v1/agent/check/pass/service:web", "");
        register(
            &mut world,
            r#"{"Name":"web","Check":{"TTL":"1h","Status":"passing"}}"#,
        );
        world.pass(SECOND);
    }
    assert_eq!(world.store.index, before);
}

#[test]
fn an_absent_name_is_not_touched_by_others() {
    let mut world = World::new();
    register(&mut world, r#"{"Name":"other"}"#);
    world.put("/v1/agent/service/deregister/other", "");
    let index = world.index("absent");
    register(&mut world, r#"{"Name":"other"}"#);
    world.put("/v1/agent/service/deregister/other", "");
    assert!(world.index("absent") > index);
    assert!(world.store.touched(&health("absent", false)) <= index);
    register(&mut world, r#"{"Name":"absent"}"#);
    assert!(world.store.touched(&health("absent", false)) > index);
}

#[test]
fn forgotten_keys_are_bounded_and_values_too() {
    let mut store = Store::new();
    for n in 0..10_000 {
        let key = format!("k/{n}");
        let value = Bytes::from_static(b"x");
        let put = Command::PutKey {
            key: key.clone(),
            value,
            flags: 0,
            claim: Claim::None,
        };
        assert_eq!(store.apply(Duration::ZERO, put).status, 200);
        let delete = Command::DeleteKey { key, cas: None };
        assert_eq!(store.apply(Duration::ZERO, delete).status, 200);
    }
    let below = Query::Tree {
        prefix: "k/".to_owned(),
    };
    assert_eq!(store.touched(&below), store.index);
    let value = Bytes::from(vec![0; 1 << 20]);
    let put = |n: usize| Command::PutKey {
        key: n.to_string(),
        value: value.clone(),
        flags: 0,
        claim: Claim::None,
    };
    let refused = (0..100)
        .filter(|n| store.apply(Duration::ZERO, put(*n)).status == 500)
        .count();
    assert_eq!(refused, 36);
}

#[test]
fn same_requests_give_the_same_store() {
    let tell = || {
        let mut world = World::new();
        register(&mut world, WEB);
        world.put("/v1/kv/a", "x");
        world.pass(11 * SECOND);
        let checks = world.store.view(&View::AgentChecks);
        (
            checks,
            world
                .store
                .answer(&health("web", false), Consistency::Stale),
            world.store.index,
        )
    };
    assert_eq!(tell(), tell());
}
