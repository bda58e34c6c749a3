//! What only time shows, without waiting for it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::Store;
use crate::{
    reply::Reply,
    request::{Claim, Command, Consistency, Query, Request, Terms, View},
    route::route,
    target::Target,
};

const TERMS: Terms = Terms {
    consistency: Consistency::Leader,
    blocking: None,
    filter: None,
    node_meta: Vec::new(),
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
        let reply = self.try_put(path, body);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }

    fn try_put(&mut self, path: &str, body: &str) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let target = Target::new(path, Some(query));
        let body = Bytes::from(body.to_owned());
        let Ok(Request::Command(command)) = route("PUT", &target, &body) else {
            panic!("{path} {body:?} is no command");
        };
        self.store.apply(self.now, command)
    }

    fn get(&self, path: &str) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let target = Target::new(path, Some(query));
        let Ok(Request::Query(query, terms)) = route("GET", &target, &Bytes::new()) else {
            panic!("{path} is no question");
        };
        let body = self.store.answer(self.now, &query, &terms).body;
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    /// Makes a session and gives its identity.
    fn session(&mut self, body: &str) -> String {
        let reply = self.try_put("/v1/session/create", body);
        let made: Value = serde_json::from_slice(&reply.body).expect("a session");
        made["ID"].as_str().expect("an identity").to_owned()
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
        let query = health(name, passing);
        let reply = self.store.answer(self.now, &query, &TERMS);
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
    assert!(!world.store.is_news(&health("absent", false), index));
    register(&mut world, r#"{"Name":"absent"}"#);
    assert!(world.store.is_news(&health("absent", false), index));
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
    assert_eq!(refused, 37);
}

#[test]
fn same_requests_give_the_same_store() {
    let tell = || {
        let mut world = World::new();
        register(&mut world, WEB);
        world.put("/v1/kv/a", "x");
        world.pass(11 * SECOND);
        let checks = world.store.view(&View::AgentChecks(None));
        (
            checks,
            world.store.answer(world.now, &health("web", false), &TERMS),
            world.store.index,
        )
    };
    assert_eq!(tell(), tell());
}

#[test]
fn a_session_lives_twice_its_time_and_its_key_waits() {
    let mut world = World::new();
    let id = world.session(r#"{"TTL":"10s","LockDelay":"5s"}"#);
    let next = world.session("");
    world.put(&format!("/v1/kv/lock?acquire={id}"), "me");
    world.pass(19 * SECOND);
    world.put(&format!("/v1/session/renew/{id}"), "");
    world.pass(20 * SECOND - Duration::from_nanos(1));
    assert_eq!(world.get("/v1/kv/lock")[0]["Session"], id.as_str());
    world.pass(Duration::from_nanos(1));
    assert_eq!(world.get("/v1/kv/lock")[0]["Session"], Value::Null);
    let acquire = format!("/v1/kv/lock?acquire={next}");
    assert_eq!(world.try_put(&acquire, "x").body, "false\n");
    world.pass(5 * SECOND);
    assert_eq!(world.try_put(&acquire, "x").body, "true\n");
}

#[test]
fn a_session_ends_with_its_check_at_one_index() {
    let mut world = World::new();
    register(&mut world, WEB);
    let id = world.session(r#"{"Checks":["service:web"],"Behavior":"delete"}"#);
    world.put(&format!("/v1/kv/lock?acquire={id}"), "me");
    let before = world.store.index;
    world.pass(10 * SECOND);
    assert_eq!(
        world.get("/v1/session/list"),
        Value::from(Vec::<Value>::new())
    );
    assert_eq!(world.get("/v1/kv/lock"), Value::Null);
    assert_eq!(world.store.index, before + 1);
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    let mut world = World::new();
    for key in ["a", "tree/b", "tree/c"] {
        world.put(&format!("/v1/kv/{key}"), "x");
    }
    let id = world.session("");
    let before = (world.store.index, format!("{:?}", world.store.keys));
    let steps = [
        r#"{"Verb":"set","Key":"a","Value":"eA=="}"#,
        r#"{"Verb":"set","Key":"new"}"#,
        &format!(r#"{{"Verb":"lock","Key":"a","Session":"{id}"}}"#),
        r#"{"Verb":"delete-tree","Key":"tree/"}"#,
        r#"{"Verb":"set","Key":"tree/b","Value":"eQ=="}"#,
        r#"{"Verb":"delete","Key":"tree/b"}"#,
        r#"{"Verb":"get","Key":"tree/b"}"#,
    ];
    let steps = steps.map(|step| format!("{{\"KV\":{step}}}")).join(",");
    let reply = world.try_put("/v1/txn", &format!("[{steps}]"));
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(
        (world.store.index, format!("{:?}", world.store.keys)),
        before
    );
}

#[test]
fn the_agent_sets_right_what_is_its_own() {
    let mut world = World::new();
    register(&mut world, r#"{"Name":"plain","Tags":["own"]}"#);
    register(
        &mut world,
        r#"{"Name":"open","Tags":["own"],"EnableTagOverride":true}"#,
    );
    let node = r#""Node":"dev","Address":"127.0.0.1","SkipNodeUpdate":true"#;
    for service in [
        r#"{"Service":"plain","Tags":["theirs"]}"#,
        r#"{"Service":"open","Tags":["theirs"],"EnableTagOverride":true}"#,
        r#"{"Service":"stranger"}"#,
    ] {
        world.put(
            "/v1/catalog/register",
            &format!("{{{node},\"Service\":{service}}}"),
        );
    }
    let tags = |world: &World, name: &str| {
        let found = world.get(&format!("/v1/catalog/service/{name}"));
        found[0]["ServiceTags"][0].as_str().map(str::to_owned)
    };
    assert_eq!(tags(&world, "plain").as_deref(), Some("theirs"));
    assert_eq!(world.instances("stranger", false), 1);
    world.pass(60 * SECOND);
    assert_eq!(tags(&world, "plain").as_deref(), Some("own"));
    assert_eq!(tags(&world, "open").as_deref(), Some("theirs"));
    assert_eq!(world.instances("stranger", false), 0);
    world.put("/v1/catalog/deregister", r#"{"Node":"dev"}"#);
    assert_eq!(
        world.get("/v1/catalog/nodes").as_array().map(Vec::len),
        Some(0)
    );
    world.pass(60 * SECOND);
    assert_eq!(world.instances("plain", true), 1);
    assert_eq!(world.instances("consul", true), 1);
    assert_eq!(world.store.next_deadline(), None);
}

#[test]
fn no_flood_of_registrations_fills_the_memory() {
    let mut world = World::new();
    let big = "x".repeat(400 << 10);
    let service = |n: usize| format!(r#"{{"Name":"s-{n}","Tags":["{big}"]}}"#);
    let taken = (0..300).filter(|n| {
        world
            .try_put("/v1/agent/service/register", &service(*n))
            .status
            == 200
    });
    assert_eq!(taken.count(), 163);
    let node =
        |n: usize| format!(r#"{{"Node":"n-{n}","Address":"1.1.1.1","NodeMeta":{{"k":"{big}"}}}}"#);
    assert_eq!(world.try_put("/v1/catalog/register", &node(0)).status, 500);
    let session = format!(r#"{{"Name":"{big}"}}"#);
    let taken = (0..100).filter(|_| world.try_put("/v1/session/create", &session).status == 200);
    assert_eq!(taken.count(), 40);
    // What is there can still be told about, and goes when it is no longer wanted.
    for n in 0..300 {
        world.put(&format!("/v1/agent/service/deregister/s-{n}"), "");
    }
    assert_eq!(
        world
            .try_put("/v1/agent/service/register", &service(0))
            .status,
        200
    );
}
