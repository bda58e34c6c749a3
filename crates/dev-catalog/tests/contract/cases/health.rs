//! `/v1/health/...`.

use crate::contract::agent::Agent;

super::cases![
    passing_filters_by_every_check,
    passing_is_read_as_go_reads_it,
    tag_is_compared_in_any_case,
    absent_names_give_empty_lists,
    consistency_is_repeated_back,
    near_is_ignored,
    own_datacenter_can_be_named,
    foreign_datacenter_has_no_path,
];

fn passing_filters_by_every_check(agent: &Agent) {
    agent.register(
        r#"{"Name":"half","Checks":[{"TTL":"60s","Status":"passing"},{"TTL":"60s","Status":"warning"}]}"#,
    );
    agent.until("/v1/health/service/half", |answer| {
        answer.says("service:half:2")
    });
    agent.get("/v1/health/service/half?passing=1");
    agent.put("/v1/agent/check/pass/service:half:2", "");
    agent.until("/v1/health/service/half?passing=1", |answer| {
        answer.len() == 1
    });
}

fn passing_is_read_as_go_reads_it(agent: &Agent) {
    agent.register(r#"{"Name":"truth","Check":{"TTL":"60s"}}"#);
    agent.until("/v1/health/service/truth", |answer| {
        answer.says("service:truth")
    });
    for value in [
        "", "=", "=1", "=true", "=T", "=0", "=false", "=maybe", "=yes",
    ] {
        agent.get(&format!("/v1/health/service/truth?passing{value}"));
    }
}

fn tag_is_compared_in_any_case(agent: &Agent) {
    agent.register(r#"{"Name":"label","Tags":["Blue","x"]}"#);
    agent.until("/v1/health/service/label", |answer| answer.len() == 1);
    for tags in [
        "tag=blue",
        "tag=BLUE&tag=x",
        "tag=blue&tag=y",
        "tag=",
        "tag",
    ] {
        agent.get(&format!("/v1/health/service/label?{tags}"));
    }
}

fn absent_names_give_empty_lists(agent: &Agent) {
    agent.get("/v1/health/service/never-there");
    agent.get("/v1/health/service/never-there?passing&tag=x");
    agent.get("/v1/health/checks/never-there");
    agent.get("/v1/health/state/bogus");
    agent.get("/v1/catalog/service/never-there");
}

fn consistency_is_repeated_back(agent: &Agent) {
    agent.get("/v1/health/service/never-there?stale");
    agent.get("/v1/health/service/never-there?consistent=");
    agent.get("/v1/catalog/service/never-there?stale=&wait=60000ms");
    agent.get("/v1/health/service/never-there?stale&consistent");
}

fn near_is_ignored(agent: &Agent) {
    agent.register(r#"{"Name":"near"}"#);
    agent.until("/v1/health/service/near?near=_agent", |answer| {
        answer.len() == 1
    });
}

fn own_datacenter_can_be_named(agent: &Agent) {
    agent.get("/v1/health/service/never-there?dc=dc1");
    agent.get("/v1/health/service/never-there?dc=");
    agent.get("/v1/catalog/datacenters");
}

fn foreign_datacenter_has_no_path(agent: &Agent) {
    agent.get("/v1/health/service/never-there?dc=nowhere");
    agent.get("/v1/catalog/services?dc=nowhere");
    agent.put("/v1/kv/elsewhere?dc=nowhere", "x");
}
