//! Registration and what the agent and the catalog then show.

use crate::contract::agent::Agent;

super::cases![
    full_registration_shows_everywhere,
    minimal_registration_has_defaults,
    snake_and_lower_case_keys_are_understood,
    pilot_registration_then_heartbeat,
    tagged_addresses_come_from_a_plain_address,
    six_addresses_are_told_apart,
    weights_are_kept,
    second_registration_replaces_the_first,
    renamed_service_leaves_its_old_name,
    deregistered_service_is_gone,
    deregistering_nothing_is_fine,
    unknown_service_is_not_found,
    instances_share_a_name,
    tags_of_all_instances_are_listed_once,
    catalog_service_filters_by_tags,
    own_service_of_the_catalog,
    token_is_accepted,
];

fn full_registration_shows_everywhere(agent: &Agent) {
    agent.register(
        r#"{"ID":"full-1","Name":"full","Tags":["a","b"],"Port":80,"Address":"10.0.0.1",
            "EnableTagOverride":true,"Meta":{"k":"v"},
            "Check":{"TTL":"60s","Status":"passing","Notes":"N","DeregisterCriticalServiceAfter":"10m"},
            "Checks":null}"#,
    );
    agent.get_part("/v1/agent/services", "full-1");
    agent.get("/v1/agent/service/full-1");
    agent.get_part("/v1/agent/checks", "full-1");
    agent.until("/v1/health/service/full?passing=1", |answer| {
        answer.says("service:full-1")
    });
    agent.get("/v1/catalog/service/full");
    agent.get("/v1/health/checks/full");
    agent.get_part("/v1/health/state/passing", "full-1");
    agent.get_part("/v1/catalog/services", "full");
}

fn minimal_registration_has_defaults(agent: &Agent) {
    agent.register(r#"{"Name":"minimal","Tags":null,"Meta":null,"Port":0,"Check":null}"#);
    agent.get("/v1/agent/service/minimal");
    agent.until("/v1/health/service/minimal", |answer| answer.len() == 1);
    agent.get("/v1/catalog/service/minimal");
    agent.get("/v1/health/checks/minimal");
}

fn snake_and_lower_case_keys_are_understood(agent: &Agent) {
    agent.register(
        r#"{"name":"lower","id":"lower-1","tags":["t"],"port":9,"enable_tag_override":true,
            "check":{"ttl":"20s","status":"passing","deregister_critical_service_after":"2m"}}"#,
    );
    agent.get("/v1/agent/service/lower-1");
    agent.get_part("/v1/agent/checks", "lower-1");
}

fn pilot_registration_then_heartbeat(agent: &Agent) {
    agent.register(
        r#"{"ID":"pilot-host","Name":"pilot","Port":8000,"Address":"192.168.1.2",
            "Check":{"TTL":"30s","Notes":"TTL for pilot set by containerpilot"},"Checks":null}"#,
    );
    agent.until("/v1/health/service/pilot", |answer| {
        answer.says("service:pilot-host")
    });
    agent.get("/v1/health/service/pilot?passing=1");
    agent.put(
        "/v1/agent/check/update/service:pilot-host",
        r#"{"Status":"passing","Output":"ok"}"#,
    );
    agent.until("/v1/health/service/pilot?passing=1", |answer| {
        answer.len() == 1
    });
    agent.put("/v1/agent/service/deregister/pilot-host", "");
    agent.until("/v1/health/service/pilot", |answer| answer.len() == 0);
}

fn tagged_addresses_come_from_a_plain_address(agent: &Agent) {
    agent.register(
        r#"{"Name":"tagged","Address":"127.0.0.1",
            "TaggedAddresses":{"lan":{"Address":"9.9.9.9","Port":1}}}"#,
    );
    agent.register(r#"{"Name":"named","Address":"localhost","Port":5,"Meta":{}}"#);
    agent.get("/v1/agent/service/tagged");
    agent.get("/v1/agent/service/named");
    agent.until("/v1/catalog/service/tagged", |answer| answer.len() == 1);
    agent.until("/v1/catalog/service/named", |answer| answer.len() == 1);
}

fn six_addresses_are_told_apart(agent: &Agent) {
    agent.register(r#"{"Name":"six","Address":"::1","Port":5,"Tags":["B","a"]}"#);
    agent.until("/v1/health/service/six", |answer| answer.len() == 1);
}

fn weights_are_kept(agent: &Agent) {
    agent.register(r#"{"Name":"heavy","Weights":{"Passing":5,"Warning":2}}"#);
    agent.until("/v1/catalog/service/heavy", |answer| answer.len() == 1);
}

fn second_registration_replaces_the_first(agent: &Agent) {
    agent.register(r#"{"Name":"twice","Port":1,"Tags":["old"],"Meta":{"a":"1"}}"#);
    agent.until("/v1/catalog/service/twice", |answer| answer.len() == 1);
    agent.register(r#"{"Name":"twice","Port":2,"Tags":["new"]}"#);
    agent.until("/v1/catalog/service/twice", |answer| answer.says("new"));
    agent.get("/v1/agent/service/twice");
}

fn renamed_service_leaves_its_old_name(agent: &Agent) {
    agent.register(r#"{"Name":"before","ID":"renamed","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.until("/v1/health/service/before", |answer| answer.len() == 1);
    agent.register(
        r#"{"Name":"after","ID":"renamed","Check":{"TTL":"60s","Status":"critical","Name":"n"}}"#,
    );
    agent.until("/v1/health/service/before", |answer| answer.len() == 0);
    agent.until("/v1/health/checks/after", |answer| answer.len() == 1);
}

fn deregistered_service_is_gone(agent: &Agent) {
    agent.register(r#"{"Name":"leaving","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.until("/v1/health/service/leaving", |answer| answer.len() == 1);
    agent.put("/v1/agent/service/deregister/leaving", "");
    agent.get("/v1/agent/service/leaving");
    agent.get_part("/v1/agent/checks", "leaving");
    agent.until("/v1/health/service/leaving", |answer| answer.len() == 0);
    agent.get("/v1/catalog/service/leaving");
    agent.get("/v1/health/checks/leaving");
    agent.put("/v1/agent/check/pass/service:leaving", "");
}

fn deregistering_nothing_is_fine(agent: &Agent) {
    agent.put("/v1/agent/service/deregister/never-there", "");
    agent.put("/v1/agent/service/deregister/", "");
}

fn unknown_service_is_not_found(agent: &Agent) {
    agent.get("/v1/agent/service/never-there");
    agent.get("/v1/agent/service/never/there");
    agent.get("/v1/agent/service/");
}

fn instances_share_a_name(agent: &Agent) {
    agent.register(r#"{"Name":"many","ID":"many-b","Port":2,"Tags":["x"]}"#);
    agent.register(r#"{"Name":"many","ID":"many-a","Port":1,"Check":{"TTL":"60s"}}"#);
    agent.until("/v1/health/service/many", |answer| {
        answer.len() == 2 && answer.says("service:many-a")
    });
    agent.get("/v1/health/service/many?passing");
    agent.get("/v1/catalog/service/many");
    agent.put("/v1/agent/service/deregister/many-b", "");
    agent.until("/v1/health/service/many", |answer| answer.len() == 1);
}

fn tags_of_all_instances_are_listed_once(agent: &Agent) {
    agent.register(r#"{"Name":"tags","ID":"tags-1","Tags":["one"]}"#);
    agent.register(r#"{"Name":"tags","ID":"tags-2","Tags":["one"]}"#);
    agent.until("/v1/catalog/service/tags", |answer| answer.len() == 2);
    agent.get_part("/v1/catalog/services", "tags");
}

fn catalog_service_filters_by_tags(agent: &Agent) {
    agent.register(r#"{"Name":"cat","ID":"cat-1","Tags":["red","Blue"]}"#);
    agent.register(r#"{"Name":"cat","ID":"cat-2","Tags":["red"]}"#);
    agent.until("/v1/catalog/service/cat", |answer| answer.len() == 2);
    agent.get("/v1/catalog/service/cat?tag=red");
    agent.get("/v1/catalog/service/cat?tag=red&tag=blue");
    agent.get("/v1/catalog/service/cat?tag=green");
}

fn own_service_of_the_catalog(agent: &Agent) {
    agent.get_part("/v1/catalog/services", "consul");
    // Where the server listens is its own affair.
    let instances = agent.quietly("GET", "/v1/health/service/consul", "");
    assert_eq!((instances.status, instances.len()), (200, 1));
}

fn token_is_accepted(agent: &Agent) {
    agent.put(
        "/v1/agent/service/register?token=abc",
        r#"{"Name":"token","Token":"abc"}"#,
    );
    agent.get("/v1/agent/service/token?token=");
}
