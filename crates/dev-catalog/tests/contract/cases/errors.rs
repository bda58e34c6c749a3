//! Requests that make no sense, and what is said about them.

use crate::contract::agent::Agent;

super::cases![
    registrations_without_sense,
    checks_without_sense,
    updates_without_sense,
    what_follows_a_body_is_ignored,
    methods_that_are_not_allowed,
    options_are_told,
    names_that_are_missing,
    paths_that_do_not_exist,
    folders_without_a_slash,
    query_options_without_sense,
];

fn registrations_without_sense(agent: &Agent) {
    for body in [
        "",
        "{}",
        "null",
        r#"{"Name":""}"#,
        r#"{"Name":"bad""#,
        r#"{"Name":"bad","Port":"80"}"#,
        r#"{"Name":"bad","Port":80.5}"#,
        r#"{"Name":"bad","Tags":"x"}"#,
        r#"{"Name":"bad","Tags":[1]}"#,
        r#"{"Name":"bad","Meta":{"a":1}}"#,
        r#"{"Name":"bad","Meta":{"a b":"1"}}"#,
        r#"{"Name":"bad","Address":"0.0.0.0"}"#,
        r#"{"Name":"bad","Address":"[::]"}"#,
        r#"{"Name":"bad","Weights":{"Passing":-1,"Warning":2}}"#,
        r#"{"Name":"bad","Bogus":1}"#,
        r#"{"Name":"bad","Check":{"TTL":"5s","Bogus":2}}"#,
        r#"{"Name":"bad","Check":{"TTL":"abc"}}"#,
        r#"{"Name":"bad","Check":{"TTL":"-1s"}}"#,
        r#"{"Name":"bad","Check":{"Notes":"n"}}"#,
        r#"{"Name":"bad","Checks":[{}]}"#,
        r#"{"Name":"bad","Check":{"TTL":"5s","Status":"bogus"}}"#,
        r#"{"Name":"bad","Check":{"TTL":"5s","DeregisterCriticalServiceAfter":"abc"}}"#,
    ] {
        agent.put("/v1/agent/service/register", body);
    }
    agent.get("/v1/agent/service/bad");
}

fn checks_without_sense(agent: &Agent) {
    for body in [
        "",
        "{}",
        r#"{"Name":"bad"}"#,
        r#"{"Name":"bad","TTL":"5s","Status":"x"}"#,
        r#"{"Name":"bad","Status":"x"}"#,
        r#"{"Name":"bad","Zap":1}"#,
        r#"{"Name":"bad","CheckID":"x","TTL":"5s"}"#,
    ] {
        agent.put("/v1/agent/check/register", body);
    }
}

fn updates_without_sense(agent: &Agent) {
    agent.register(r#"{"Name":"senseless","Check":{"TTL":"60s"}}"#);
    for body in [
        "",
        "{}",
        "null",
        r#"{"Output":"x"}"#,
        r#"{"Status":"bogus","Output":"x"}"#,
        r#"{"Status":"passing","More":1}"#,
        r#"{"Status":"passing""#,
    ] {
        agent.put("/v1/agent/check/update/service:senseless", body);
    }
    agent.put(
        "/v1/agent/check/update/never-there",
        r#"{"Status":"bogus"}"#,
    );
}

fn what_follows_a_body_is_ignored(agent: &Agent) {
    agent.put(
        "/v1/agent/service/register",
        r#"{"Name":"trailing"} and more"#,
    );
    agent.get("/v1/agent/service/trailing");
}

/// One path for each endpoint, with what it is asked in vain.
const ENDPOINTS: [(&str, &str); 21] = [
    ("/v1/agent/service/register", "GET"),
    ("/v1/agent/service/register/", "PUT"),
    ("/v1/agent/service/deregister/x", "GET"),
    ("/v1/agent/service/maintenance/x", "DELETE"),
    ("/v1/agent/services", "PUT"),
    ("/v1/agent/checks", "POST"),
    ("/v1/agent/check/register", "POST"),
    ("/v1/agent/check/deregister/x", "GET"),
    ("/v1/agent/check/update/x", "GET"),
    ("/v1/agent/check/pass/x", "POST"),
    ("/v1/agent/self", "PUT"),
    ("/v1/status/leader", "PUT"),
    ("/v1/status/peers", "DELETE"),
    ("/v1/catalog/datacenters", "PUT"),
    ("/v1/catalog/services", "PUT"),
    ("/v1/catalog/nodes", "PATCH"),
    ("/v1/catalog/service/x", "PUT"),
    ("/v1/health/service/x", "PUT"),
    ("/v1/health/checks/x", "PUT"),
    ("/v1/health/state/any", "PUT"),
    ("/v1/kv/x", "POST"),
];

fn methods_that_are_not_allowed(agent: &Agent) {
    for (path, method) in ENDPOINTS {
        agent.send(method, path, "");
    }
}

fn options_are_told(agent: &Agent) {
    for (path, _) in ENDPOINTS {
        agent.send("OPTIONS", path, "");
    }
}

fn names_that_are_missing(agent: &Agent) {
    for path in [
        "/v1/health/service/",
        "/v1/health/checks/",
        "/v1/health/state/",
        "/v1/catalog/service/",
    ] {
        agent.get(path);
    }
}

fn paths_that_do_not_exist(agent: &Agent) {
    for path in [
        "/nope",
        "/v1",
        "/v1/nope",
        "/v1/catalog/services/",
        "/v1/agent/self/x",
    ] {
        agent.get(path);
    }
    agent.put("/v1/nope", "{}");
}

fn folders_without_a_slash(agent: &Agent) {
    agent.get("/v1/health/service");
    agent.get("/v1/catalog/service");
    agent.put("/v1/agent/service/deregister", "");
    agent.put("/v1/agent/check/update", "");
    agent.send("POST", "/v1/kv", "");
}

fn query_options_without_sense(agent: &Agent) {
    for query in [
        "index=abc",
        "index=-1",
        "index=",
        "wait=abc",
        "wait=5",
        "wait=",
        "index=1.5",
    ] {
        agent.get(&format!("/v1/health/service/never-there?{query}"));
        agent.get(&format!("/v1/kv/never-there?{query}"));
    }
}
