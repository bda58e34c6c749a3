//! The node and its own checks, which concern every service on it.

use crate::contract::agent::Agent;

super::cases![
    node_is_listed,
    node_tells_its_services,
    node_wakes_for_its_services,
    datacenters_are_listed,
    agent_tells_who_it_is,
    leader_is_known,
    check_of_the_node_concerns_its_services,
    long_silence_of_a_node_check,
];

fn node_is_listed(agent: &Agent) {
    agent.get("/v1/catalog/nodes");
}

fn own_path(agent: &Agent) -> String {
    let own = agent.quietly("GET", "/v1/agent/self", "").json();
    let name = own["Config"]["NodeName"].as_str();
    format!("/v1/catalog/node/{}", name.expect("an agent has a name"))
}

fn node_tells_its_services(agent: &Agent) {
    let path = own_path(agent);
    for (name, more) in [
        ("homed", r#""Tags":["b","a"],"Port":9"#),
        (
            "homed-too",
            r#""Meta":{"k":"v"},"Address":"10.0.0.9","Check":{"TTL":"60s"}"#,
        ),
    ] {
        agent.register(&format!(r#"{{"Name":"{name}",{more}}}"#));
        agent.until(&format!("/v1/catalog/service/{name}"), |answer| {
            answer.len() == 1
        });
        for pointer in [&format!("/Services/{name}"), "/Node"] {
            let answer = agent.quietly("GET", &path, "").member(pointer);
            agent.note(&format!("{pointer}\n{answer}"));
        }
    }
    agent.get("/v1/catalog/node/nobody");
    agent.get("/v1/catalog/node/");
    agent.send("PUT", "/v1/catalog/node/nobody", "");
}

fn node_wakes_for_its_services(agent: &Agent) {
    let path = own_path(agent);
    let index = agent.quietly("GET", &path, "").index();
    agent.register(r#"{"Name":"lodger"}"#);
    let answer = agent.quietly("GET", &format!("{path}?index={index}&wait=45s"), "");
    assert!(answer.index() > index);
}

fn datacenters_are_listed(agent: &Agent) {
    agent.get("/v1/catalog/datacenters");
}

fn agent_tells_who_it_is(agent: &Agent) {
    let answer = agent.quietly("GET", "/v1/agent/self", "").json();
    for pointer in [
        "/Config/Datacenter",
        "/Config/Server",
        "/Config/Version",
        "/Member/Status",
    ] {
        agent.note(&format!("{pointer} {:?}", answer.pointer(pointer)));
    }
    for pointer in [
        "/Config/NodeName",
        "/Config/NodeID",
        "/Member/Name",
        "/Member/Addr",
        "/Meta",
    ] {
        assert!(answer.pointer(pointer).is_some(), "{pointer}");
    }
}

fn leader_is_known(agent: &Agent) {
    let leader = agent.quietly("GET", "/v1/status/leader", "");
    let peers = agent.quietly("GET", "/v1/status/peers", "");
    assert_eq!(peers.json()[0], leader.json());
    assert!(leader.says("127.0.0.1:"));
}

fn check_of_the_node_concerns_its_services(agent: &Agent) {
    agent.register(r#"{"Name":"hosted","Check":{"TTL":"60s","Status":"passing"}}"#);
    let healthy = agent.until("/v1/health/service/hosted?passing", |answer| {
        answer.says("service:hosted")
    });
    let check = r#"{"Name":"disk","TTL":"60s","Status":"warning","Notes":"n"}"#;
    let watched = agent.watch(
        "/v1/health/service/hosted?passing",
        healthy.index(),
        "45s",
        || {
            agent.put("/v1/agent/check/register", check);
        },
    );
    assert_eq!(watched.answer.len(), 0);
    agent.get("/v1/health/service/hosted");
    agent.get("/v1/health/checks/hosted");
    agent.put("/v1/agent/check/pass/disk", "");
    agent.until("/v1/health/service/hosted?passing", |answer| {
        answer.len() == 1
    });
    agent.put("/v1/agent/check/deregister/disk", "");
    agent.until("/v1/health/service/hosted", |answer| !answer.says("disk"));
}

fn long_silence_of_a_node_check(agent: &Agent) {
    agent.put(
        "/v1/agent/check/register",
        r#"{"Name":"moment","TTL":"0.2s","Status":"passing"}"#,
    );
    agent.until_part("/v1/health/state/critical", "moment", |answer| {
        answer.len() == 1
    });
    agent.put("/v1/agent/check/deregister/moment", "");
}
