//! Blocking queries: what wakes them, and what does not.

use std::time::Duration;

use crate::contract::agent::Agent;

super::cases![
    new_instance_wakes_its_name,
    health_change_wakes_its_name,
    running_out_wakes_its_name,
    deregistration_wakes_its_name,
    other_services_do_not_wake,
    heartbeats_do_not_wake,
    nothing_new_lasts_as_long_as_asked,
    old_index_is_answered_at_once,
    future_index_waits,
    new_service_wakes_the_list,
    first_instance_wakes_its_name,
    key_change_wakes,
    key_deletion_wakes,
    other_keys_do_not_wake,
    keys_below_a_prefix_wake,
    absent_key_wakes_when_it_appears,
];

/// Long enough that nobody takes it for "at once", on a busy machine too.
const LONG: &str = "45s";
const WELL_BEFORE: Duration = Duration::from_secs(40);

fn new_instance_wakes_its_name(agent: &Agent) {
    agent.register(r#"{"Name":"wake","ID":"wake-1"}"#);
    let index = agent
        .until("/v1/health/service/wake", |answer| answer.len() == 1)
        .index();
    let watched = agent.watch("/v1/health/service/wake", index, LONG, || {
        agent.register(r#"{"Name":"wake","ID":"wake-2"}"#);
    });
    assert!(watched.took < WELL_BEFORE);
    assert!(watched.answer.index() > index);
    assert_eq!(watched.answer.len(), 2);
}

fn health_change_wakes_its_name(agent: &Agent) {
    agent.register(r#"{"Name":"well","Check":{"TTL":"60s"}}"#);
    let index = agent
        .until("/v1/health/service/well?passing", |answer| {
            answer.status == 200
        })
        .index();
    agent.until("/v1/health/checks/well", |answer| answer.len() == 1);
    let index = index.max(agent.get("/v1/health/service/well?passing").index());
    let watched = agent.watch("/v1/health/service/well?passing", index, LONG, || {
        agent.put("/v1/agent/check/pass/service:well", "");
    });
    assert!(watched.took < WELL_BEFORE);
    assert_eq!(watched.answer.len(), 1);
}

fn running_out_wakes_its_name(agent: &Agent) {
    agent.register(r#"{"Name":"fade","Check":{"TTL":"2s","Status":"passing"}}"#);
    let path = "/v1/health/service/fade?passing";
    let alive = agent.until(path, |answer| {
        agent.quietly("PUT", "/v1/agent/check/pass/service:fade", "");
        answer.says("service:fade")
    });
    let watched = agent.watch(path, alive.index(), LONG, || {});
    assert!(watched.took < WELL_BEFORE);
    assert_eq!(watched.answer.len(), 0);
}

fn deregistration_wakes_its_name(agent: &Agent) {
    agent.register(r#"{"Name":"part"}"#);
    let index = agent
        .until("/v1/catalog/service/part", |answer| answer.len() == 1)
        .index();
    let watched = agent.watch("/v1/catalog/service/part", index, LONG, || {
        agent.put("/v1/agent/service/deregister/part", "");
    });
    assert!(watched.took < WELL_BEFORE);
    assert_eq!(watched.answer.len(), 0);
}

fn other_services_do_not_wake(agent: &Agent) {
    agent.register(r#"{"Name":"deaf","Check":{"TTL":"60s"}}"#);
    let index = agent
        .until("/v1/health/service/deaf", |answer| {
            answer.says("service:deaf")
        })
        .index();
    let watched = agent.watch("/v1/health/service/deaf", index, "500ms", || {
        agent.register(r#"{"Name":"loud","Check":{"TTL":"60s","Status":"passing"}}"#);
        agent.until("/v1/health/service/loud", |answer| answer.len() == 1);
    });
    assert_eq!(watched.answer.index(), index);
    assert!(watched.took >= Duration::from_millis(500));
}

fn heartbeats_do_not_wake(agent: &Agent) {
    agent.register(r#"{"Name":"pulse","Check":{"TTL":"60s","Status":"passing"}}"#);
    let index = agent
        .until("/v1/health/service/pulse", |answer| {
            answer.says("service:pulse")
        })
        .index();
    let watched = agent.watch("/v1/health/service/pulse", index, "500ms", || {
        for beat in 0..3 {
            agent.put(
                &format!("/v1/agent/check/pass/service:pulse?note=beat-{beat}"),
                "",
            );
        }
    });
    assert_eq!(watched.answer.index(), index);
    assert!(watched.took >= Duration::from_millis(500));
}

fn nothing_new_lasts_as_long_as_asked(agent: &Agent) {
    agent.put("/v1/kv/patience", "x");
    let index = agent.get("/v1/kv/patience").index();
    let watched = agent.watch("/v1/kv/patience", index, "800ms", || {});
    assert!(
        watched.took >= Duration::from_millis(800),
        "{:?}",
        watched.took
    );
    assert!(watched.took < WELL_BEFORE);
    assert_eq!(watched.answer.index(), index);
}

fn old_index_is_answered_at_once(agent: &Agent) {
    agent.put("/v1/kv/old", "x");
    let index = agent.get("/v1/kv/old").index();
    agent.put("/v1/kv/old", "y");
    let watched = agent.watch("/v1/kv/old", index, LONG, || {});
    assert!(watched.took < WELL_BEFORE);
    agent.get("/v1/kv/old?index=0&wait=20s");
}

fn future_index_waits(agent: &Agent) {
    agent.put("/v1/kv/future", "x");
    let watched = agent.watch("/v1/kv/future", 1_000_000_000, "300ms", || {
        agent.put("/v1/kv/future", "y");
    });
    assert!(watched.took >= Duration::from_millis(300));
}

fn new_service_wakes_the_list(agent: &Agent) {
    let name = "newcomer";
    let mut index = agent.quietly("GET", "/v1/catalog/services", "").index();
    agent.register(r#"{"Name":"newcomer","Tags":["t"]}"#);
    // Other cases register too, so the list may wake for them first.
    loop {
        let path = format!("/v1/catalog/services?index={index}&wait={LONG}");
        let answer = agent.quietly("GET", &path, "");
        if answer.says(name) {
            break;
        }
        assert!(answer.index() > index, "the list woke without a reason");
        index = answer.index();
    }
    agent.get_part("/v1/catalog/services", name);
}

fn first_instance_wakes_its_name(agent: &Agent) {
    let mut index = agent.get("/v1/health/service/firstborn").index();
    agent.register(r#"{"Name":"firstborn"}"#);
    // The index of an absent name is shared with others that go; only the end is the case's own.
    loop {
        let path = format!("/v1/health/service/firstborn?index={index}&wait={LONG}");
        let answer = agent.quietly("GET", &path, "");
        if answer.len() == 1 {
            break;
        }
        assert!(
            answer.index() > index,
            "an absent name woke without a reason"
        );
        index = answer.index();
    }
    agent.get("/v1/health/service/firstborn");
}

fn key_change_wakes(agent: &Agent) {
    agent.put("/v1/kv/wake", "x");
    let index = agent.get("/v1/kv/wake").index();
    let watched = agent.watch("/v1/kv/wake", index, LONG, || {
        agent.put("/v1/kv/wake", "y");
    });
    assert!(watched.took < WELL_BEFORE);
    assert!(watched.answer.index() > index);
}

fn key_deletion_wakes(agent: &Agent) {
    agent.put("/v1/kv/vanish", "x");
    let index = agent.get("/v1/kv/vanish").index();
    let watched = agent.watch("/v1/kv/vanish", index, LONG, || {
        agent.delete("/v1/kv/vanish");
    });
    assert!(watched.took < WELL_BEFORE);
    assert_eq!(watched.answer.status, 404);
}

fn other_keys_do_not_wake(agent: &Agent) {
    agent.put("/v1/kv/alone/a", "x");
    let index = agent.get("/v1/kv/alone/a").index();
    let watched = agent.watch("/v1/kv/alone/a", index, "500ms", || {
        agent.put("/v1/kv/alone/b", "x");
        agent.put("/v1/kv/alone/a", "x");
    });
    assert_eq!(watched.answer.index(), index);
    assert!(watched.took >= Duration::from_millis(500));
}

fn keys_below_a_prefix_wake(agent: &Agent) {
    agent.put("/v1/kv/family/a", "x");
    agent.put("/v1/kv/family/b", "x");
    for query in ["?recurse", "?keys"] {
        let path = format!("/v1/kv/family/{query}");
        let index = agent.get(&path).index();
        let watched = agent.watch(&path, index, LONG, || {
            agent.put("/v1/kv/family/b", query);
        });
        assert!(watched.took < WELL_BEFORE);
        assert!(watched.answer.index() > index);
    }
    let index = agent.get("/v1/kv/family/?keys").index();
    let watched = agent.watch("/v1/kv/family/?keys", index, LONG, || {
        agent.delete("/v1/kv/family/a");
    });
    assert!(watched.took < WELL_BEFORE);
}

fn absent_key_wakes_when_it_appears(agent: &Agent) {
    let mut index = agent.get("/v1/kv/appear").index();
    agent.put("/v1/kv/appear", "x");
    loop {
        let answer = agent.quietly(
            "GET",
            &format!("/v1/kv/appear?index={index}&wait={LONG}"),
            "",
        );
        if answer.status == 200 {
            break;
        }
        index = answer.index();
    }
    agent.get("/v1/kv/appear");
}
