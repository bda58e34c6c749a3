//! What the agent tells of its own services, and the first page.

use std::time::Duration;

use crate::contract::agent::Agent;

super::cases![
    health_of_an_instance,
    health_of_a_name,
    health_as_a_word,
    health_in_maintenance,
    health_of_nobody,
    health_without_a_name,
    hash_of_a_service,
    an_old_hash_is_answered_at_once,
    the_same_hash_waits,
    a_change_wakes_who_has_the_hash,
    a_departure_wakes_who_has_the_hash,
    hash_of_nobody,
    the_root_leads_to_the_page,
    services_of_the_agent_through_a_filter,
    checks_of_the_agent_through_a_filter,
];

fn health_of_an_instance(agent: &Agent) {
    agent.register(r#"{"Name":"hone","ID":"hone-1","Tags":["t"],"Check":{"TTL":"60s"}}"#);
    for word in ["pass", "warn", "fail"] {
        agent.put(&format!("/v1/agent/check/{word}/service:hone-1"), "");
        agent.get("/v1/agent/health/service/id/hone-1");
    }
}

fn health_of_a_name(agent: &Agent) {
    agent.register(r#"{"Name":"hname","ID":"hname-1","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.get("/v1/agent/health/service/name/hname");
    agent.register(r#"{"Name":"hname","ID":"hname-2","Check":{"TTL":"60s","Status":"warning"}}"#);
    let answer = agent.quietly("GET", "/v1/agent/health/service/name/hname", "");
    assert_eq!((answer.status, answer.len()), (429, 2));
    agent.register(r#"{"Name":"hname","ID":"hname-3","Check":{"TTL":"60s"}}"#);
    let answer = agent.quietly("GET", "/v1/agent/health/service/name/hname", "");
    assert_eq!((answer.status, answer.len()), (503, 3));
}

fn health_as_a_word(agent: &Agent) {
    agent.register(r#"{"Name":"hword","Check":{"TTL":"60s","Status":"warning"}}"#);
    agent.get("/v1/agent/health/service/id/hword?format=text");
    agent.get("/v1/agent/health/service/name/hword?format=text");
    agent.get("/v1/agent/health/service/name/hword?format=json");
    agent.register(r#"{"Name":"hunchecked"}"#);
    agent.get("/v1/agent/health/service/id/hunchecked?format=text");
    agent.get("/v1/agent/health/service/id/hunchecked");
}

fn health_in_maintenance(agent: &Agent) {
    agent.register(r#"{"Name":"hmaint","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.put(
        "/v1/agent/service/maintenance/hmaint?enable=true&reason=r",
        "",
    );
    agent.get("/v1/agent/health/service/id/hmaint?format=text");
    agent.get("/v1/agent/health/service/name/hmaint?format=text");
}

fn health_of_nobody(agent: &Agent) {
    for path in ["id/never-there", "name/never-there"] {
        agent.get(&format!("/v1/agent/health/service/{path}"));
        agent.get(&format!("/v1/agent/health/service/{path}?format=text"));
    }
}

fn health_without_a_name(agent: &Agent) {
    for path in ["id/", "name/", "id", "name", ""] {
        agent.get(&format!("/v1/agent/health/service/{path}"));
    }
    agent.put("/v1/agent/health/service/id/x", "");
    agent.send("OPTIONS", "/v1/agent/health/service/name/x", "");
}

fn hash(agent: &Agent, id: &str) -> String {
    let answer = agent.quietly("GET", &format!("/v1/agent/service/{id}"), "");
    let hash = answer.header("X-Consul-Contenthash");
    hash.expect("a service has a hash").to_owned()
}

fn hash_of_a_service(agent: &Agent) {
    agent.register(r#"{"Name":"hashed","Port":1,"Tags":["a"]}"#);
    let before = hash(agent, "hashed");
    agent.register(r#"{"Name":"hashed","Port":1,"Tags":["a"]}"#);
    assert_eq!(before, hash(agent, "hashed"));
    agent.register(r#"{"Name":"hashed","Port":2,"Tags":["a"]}"#);
    assert_ne!(before, hash(agent, "hashed"));
}

fn an_old_hash_is_answered_at_once(agent: &Agent) {
    agent.register(r#"{"Name":"hash-old"}"#);
    agent.get("/v1/agent/service/hash-old?hash=0123456789abcdef&wait=45s");
}

fn the_same_hash_waits(agent: &Agent) {
    agent.register(r#"{"Name":"hash-same"}"#);
    let hash = hash(agent, "hash-same");
    let started = std::time::Instant::now();
    let path = format!("/v1/agent/service/hash-same?hash={hash}&wait=400ms");
    let answer = agent.quietly("GET", &path, "");
    assert!(started.elapsed() >= Duration::from_millis(400));
    agent.note(&answer.to_string());
}

fn a_change_wakes_who_has_the_hash(agent: &Agent) {
    agent.register(r#"{"Name":"hash-new"}"#);
    let hash = hash(agent, "hash-new");
    let path = format!("/v1/agent/service/hash-new?hash={hash}&wait=45s");
    let answer = agent.while_asking(&path, || {
        agent.register(r#"{"Name":"hash-new","Port":9}"#);
    });
    agent.note(&answer.to_string());
}

fn a_departure_wakes_who_has_the_hash(agent: &Agent) {
    agent.register(r#"{"Name":"hash-gone"}"#);
    let hash = hash(agent, "hash-gone");
    let path = format!("/v1/agent/service/hash-gone?hash={hash}&wait=45s");
    let answer = agent.while_asking(&path, || {
        agent.put("/v1/agent/service/deregister/hash-gone", "");
    });
    agent.note(&answer.to_string());
}

fn hash_of_nobody(agent: &Agent) {
    agent.get("/v1/agent/service/never-there?hash=x&wait=45s");
    agent.get("/v1/agent/service/never-there?hash=x&wait=nonsense");
}

fn the_root_leads_to_the_page(agent: &Agent) {
    agent.get("/");
    agent.get("/ui");
    let page = agent.quietly("GET", "/ui/", "");
    assert_eq!(page.status, 200);
    agent.note(page.header("Content-Type").unwrap_or("none"));
}

fn services_of_the_agent_through_a_filter(agent: &Agent) {
    agent.register(r#"{"Name":"sieve","ID":"sieve-1","Port":1,"Meta":{"k":"v"}}"#);
    agent.register(r#"{"Name":"sieve","ID":"sieve-2","Port":2}"#);
    agent.get("/v1/agent/services?filter=Service==sieve");
    agent.get("/v1/agent/services?filter=Service==sieve+and+Port==2");
    agent.get("/v1/agent/services?filter=Service==sieve+and+Meta.k==v");
    agent.get("/v1/agent/services?filter=Bogus==1");
}

fn checks_of_the_agent_through_a_filter(agent: &Agent) {
    agent.register(r#"{"Name":"strainer","Check":{"TTL":"60s","Status":"warning"}}"#);
    agent.get("/v1/agent/checks?filter=ServiceName==strainer");
    agent.get("/v1/agent/checks?filter=ServiceName==strainer+and+Status==passing");
}
