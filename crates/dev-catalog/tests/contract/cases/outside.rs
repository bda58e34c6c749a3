//! What is told to the catalog past an agent: other nodes, their services and checks.

use crate::contract::{agent::Agent, cast::Cast};

super::cases![
    a_node_from_outside,
    a_node_with_everything,
    a_node_in_any_case,
    services_of_a_node_in_a_row,
    checks_of_a_node,
    checks_of_nobody,
    a_second_registration_replaces_the_node,
    a_node_that_is_to_stay_as_it_is,
    a_check_without_much,
    several_checks_from_outside,
    a_check_finds_its_service,
    registrations_from_outside_without_sense,
    a_check_leaves,
    a_service_leaves_with_its_checks,
    a_node_leaves_with_everything,
    nobody_leaves,
    departures_without_sense,
    instances_on_two_nodes,
    passing_instances_from_outside,
    a_change_from_outside_wakes_the_name,
    a_change_of_the_node_wakes_the_name,
    a_node_wakes_for_itself,
    checks_of_a_node_wake,
    nodes_wake_for_a_new_one,
    a_session_of_another_node,
    metadata_of_nodes_picks,
    names_in_any_case,
    methods_from_outside,
];

const REGISTER: &str = "/v1/catalog/register";
const DEREGISTER: &str = "/v1/catalog/deregister";

/// A node with one service that has one check.
fn register(agent: &Agent, node: &str, service: &str) {
    agent.put(
        REGISTER,
        &format!(
            r#"{{"Node":"{node}","Address":"10.1.1.1","NodeMeta":{{"k":"{node}"}},
                "Service":{{"Service":"{service}","ID":"{service}-1","Port":5432,"Tags":["m"],
                "Meta":{{"a":"b"}}}},
                "Check":{{"CheckID":"{service}-check","Name":"h","Status":"passing",
                "ServiceID":"{service}-1","Output":"o","Notes":"n"}}}}"#
        ),
    );
}

fn a_node_from_outside(agent: &Agent) {
    agent.put(REGISTER, r#"{"Node":"out","Address":"10.0.0.1"}"#);
    agent.get("/v1/catalog/node/out");
    agent.get("/v1/health/node/out");
    agent.get_part("/v1/catalog/nodes", "\"10.0.0.1\"");
}

fn a_node_with_everything(agent: &Agent) {
    agent.put(
        REGISTER,
        r#"{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"out-full","Address":"10.0.0.2",
            "Datacenter":"dc1","TaggedAddresses":{"lan":"10.0.0.3","wan":"10.0.0.4"},
            "NodeMeta":{"rack":"7"},
            "Service":{"ID":"out-svc-1","Service":"out-svc","Tags":["b","a"],"Address":"10.0.0.5",
                "Port":99,"Meta":{"k":"v"},"Weights":{"Passing":7,"Warning":2},
                "TaggedAddresses":{"lan":{"Address":"1.2.3.4","Port":8}},"EnableTagOverride":true},
            "Checks":[{"Node":"out-full","CheckID":"out-check","Name":"c","Notes":"n",
                "Status":"warning","Output":"o","ServiceID":"out-svc-1"}]}"#,
    );
    agent.get("/v1/catalog/node/out-full");
    agent.get("/v1/catalog/service/out-svc");
    agent.get("/v1/health/service/out-svc");
    agent.get("/v1/health/checks/out-svc");
    agent.get_part("/v1/catalog/services", "out-svc");
    agent.get_part("/v1/health/state/warning", "out-full");
}

fn a_node_in_any_case(agent: &Agent) {
    register(agent, "out-Case", "out-cased");
    agent.get("/v1/catalog/node/OUT-case");
    agent.get("/v1/health/node/OUT-case");
}

fn services_of_a_node_in_a_row(agent: &Agent) {
    register(agent, "out-row", "out-row-svc");
    agent.get("/v1/catalog/node-services/out-row");
    agent.get("/v1/catalog/node-services/nobody");
    agent.get("/v1/catalog/node-services/");
}

fn checks_of_a_node(agent: &Agent) {
    register(agent, "out-checks", "out-checks-svc");
    agent.put(
        REGISTER,
        r#"{"Node":"out-checks","Address":"10.1.1.1","Check":{"Name":"disk","Status":"warning"}}"#,
    );
    agent.get("/v1/health/node/out-checks");
    agent.get("/v1/health/service/out-checks-svc");
    agent.get("/v1/health/checks/out-checks-svc");
}

fn checks_of_nobody(agent: &Agent) {
    let answer = agent.quietly("GET", "/v1/health/node/nobody", "");
    assert_eq!((answer.status, answer.len()), (200, 0));
    agent.get("/v1/health/node/");
    agent.get("/v1/health/node");
    agent.get("/v1/health/node/nobody?dc=nowhere");
}

fn a_second_registration_replaces_the_node(agent: &Agent) {
    register(agent, "out-again", "out-again-svc");
    agent.put(
        REGISTER,
        r#"{"Node":"out-again","Address":"10.2.2.2",
            "Service":{"Service":"out-again-svc","ID":"out-again-svc-1","Port":1}}"#,
    );
    agent.get("/v1/health/service/out-again-svc");
    let before = agent.get("/v1/catalog/node/out-again");
    agent.put(REGISTER, r#"{"Node":"out-again","Address":"10.2.2.2"}"#);
    assert_eq!(
        before.json(),
        agent.get("/v1/catalog/node/out-again").json()
    );
}

fn a_node_that_is_to_stay_as_it_is(agent: &Agent) {
    register(agent, "out-skip", "out-skip-svc");
    agent.put(
        REGISTER,
        r#"{"Node":"out-skip","Address":"10.3.3.3","SkipNodeUpdate":true,"Check":{"Name":"c"}}"#,
    );
    agent.get("/v1/catalog/node/out-skip");
    agent.put(
        REGISTER,
        r#"{"Node":"out-new","SkipNodeUpdate":true,"Service":{"Service":"out-new-svc"}}"#,
    );
    agent.get("/v1/catalog/node/out-new");
}

fn a_check_without_much(agent: &Agent) {
    for check in [
        r#"{"Name":"only-name"}"#,
        r#"{"CheckID":"only-id"}"#,
        r#"{"Name":"x","Status":""}"#,
    ] {
        agent.put(
            REGISTER,
            &format!(r#"{{"Node":"out-bare","Address":"10.4.4.4","Check":{check}}}"#),
        );
    }
    agent.get("/v1/health/node/out-bare");
}

fn several_checks_from_outside(agent: &Agent) {
    agent.put(
        REGISTER,
        r#"{"Node":"out-many","Address":"10.4.4.5","Service":{"Service":"out-many-svc"},
            "Check":{"Name":"c1"},"Checks":[{"Name":"c2","ServiceID":"out-many-svc"},
            {"Name":"c0","Status":"passing"}]}"#,
    );
    agent.get("/v1/health/node/out-many");
    agent.get("/v1/health/service/out-many-svc");
}

fn a_check_finds_its_service(agent: &Agent) {
    agent.put(
        REGISTER,
        r#"{"Node":"out-lost","Address":"10.5.5.5","Checks":[{"Name":"c1"},{"Name":"c2","ServiceID":"zz"}]}"#,
    );
    agent.get("/v1/catalog/node/out-lost");
}

fn registrations_from_outside_without_sense(agent: &Agent) {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"Node":"out-bad"}"#,
        r#"{"Address":"10.0.0.1"}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Bogus":1}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Datacenter":"nowhere"}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","ID":"abc"}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Service":{"ID":"x"}}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Service":{"Service":"x","Address":"0.0.0.0"}}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Service":{"Service":"x","Meta":{"a b":"c"}}}"#,
        r#"{"Node":"out-bad","Address":"10.0.0.1","Check":{"Node":"other","Name":"c"}}"#,
    ] {
        agent.put(REGISTER, body);
    }
    agent.get("/v1/catalog/node/out-bad");
}

fn a_check_leaves(agent: &Agent) {
    register(agent, "out-chk", "out-chk-svc");
    agent.put(
        DEREGISTER,
        r#"{"Node":"out-chk","CheckID":"out-chk-svc-check"}"#,
    );
    agent.get("/v1/health/service/out-chk-svc");
}

fn a_service_leaves_with_its_checks(agent: &Agent) {
    register(agent, "out-svcgone", "out-svcgone-svc");
    agent.put(
        DEREGISTER,
        r#"{"Node":"out-svcgone","ServiceID":"out-svcgone-svc-1","CheckID":"nope"}"#,
    );
    agent.get("/v1/health/node/out-svcgone");
    agent.get("/v1/catalog/node/out-svcgone");
    agent.get("/v1/catalog/service/out-svcgone-svc");
}

fn a_node_leaves_with_everything(agent: &Agent) {
    register(agent, "out-gone", "out-gone-svc");
    agent.put(DEREGISTER, r#"{"Node":"OUT-gone"}"#);
    agent.get("/v1/catalog/node/out-gone");
    agent.get("/v1/health/service/out-gone-svc");
    agent.get("/v1/health/checks/out-gone-svc");
    agent.get_part("/v1/catalog/nodes", "out-gone");
}

fn nobody_leaves(agent: &Agent) {
    agent.put(DEREGISTER, r#"{"Node":"nobody"}"#);
    agent.put(DEREGISTER, r#"{"Node":"nobody","ServiceID":"x"}"#);
    agent.put(DEREGISTER, r#"{"Node":"nobody","CheckID":"x"}"#);
}

fn departures_without_sense(agent: &Agent) {
    for body in [
        "",
        "{}",
        r#"{"ServiceID":"x"}"#,
        r#"{"Node":"nobody","Bogus":1}"#,
        r#"{"Node":"nobody","Datacenter":"nowhere"}"#,
        r#"{"Node":7}"#,
    ] {
        agent.put(DEREGISTER, body);
    }
}

fn instances_on_two_nodes(agent: &Agent) {
    register(agent, "out-two-b", "out-two");
    register(agent, "out-two-a", "out-two");
    agent.get("/v1/catalog/service/out-two");
    agent.get("/v1/health/service/out-two");
    agent.put(
        DEREGISTER,
        r#"{"Node":"out-two-b","ServiceID":"out-two-1"}"#,
    );
    agent.get("/v1/health/service/out-two");
}

fn passing_instances_from_outside(agent: &Agent) {
    register(agent, "out-ill", "out-ill-svc");
    agent.get("/v1/health/service/out-ill-svc?passing");
    agent.put(
        REGISTER,
        r#"{"Node":"out-ill","Address":"10.1.1.1","Check":{"Name":"node is ill"}}"#,
    );
    agent.get("/v1/health/service/out-ill-svc?passing");
}

fn a_change_from_outside_wakes_the_name(agent: &Agent) {
    register(agent, "out-wake", "out-wake-svc");
    let index = agent.get("/v1/health/service/out-wake-svc").index();
    let watched = agent.watch("/v1/health/service/out-wake-svc", index, "45s", || {
        agent.put(
            REGISTER,
            r#"{"Node":"out-wake","SkipNodeUpdate":true,"Check":{"CheckID":"out-wake-svc-check",
                "Name":"h","Status":"critical","ServiceID":"out-wake-svc-1"}}"#,
        );
    });
    assert!(watched.answer.index() > index);
}

fn a_change_of_the_node_wakes_the_name(agent: &Agent) {
    register(agent, "out-addr", "out-addr-svc");
    let index = agent.get("/v1/health/service/out-addr-svc").index();
    let watched = agent.watch("/v1/health/service/out-addr-svc", index, "45s", || {
        agent.put(REGISTER, r#"{"Node":"out-addr","Address":"10.7.7.7"}"#);
    });
    assert!(watched.answer.says("10.7.7.7"));
}

fn a_node_wakes_for_itself(agent: &Agent) {
    register(agent, "out-self", "out-self-svc");
    let index = agent.get("/v1/catalog/node/out-self").index();
    agent.put(
        REGISTER,
        r#"{"Node":"out-self","SkipNodeUpdate":true,"Service":{"Service":"out-self-two"}}"#,
    );
    agent.newer("/v1/catalog/node/out-self", index, |answer| {
        answer.says("out-self-two")
    });
}

fn checks_of_a_node_wake(agent: &Agent) {
    register(agent, "out-cwake", "out-cwake-svc");
    let index = agent.get("/v1/health/node/out-cwake").index();
    agent.put(
        DEREGISTER,
        r#"{"Node":"out-cwake","CheckID":"out-cwake-svc-check"}"#,
    );
    agent.newer("/v1/health/node/out-cwake", index, |answer| {
        answer.len() == 0
    });
}

fn nodes_wake_for_a_new_one(agent: &Agent) {
    let index = agent.quietly("GET", "/v1/catalog/nodes", "").index();
    agent.put(REGISTER, r#"{"Node":"out-arrival","Address":"10.8.8.8"}"#);
    agent.newer("/v1/catalog/nodes", index, |answer| {
        answer.says("out-arrival")
    });
}

fn a_session_of_another_node(agent: &Agent) {
    register(agent, "out-sess", "out-sess-svc");
    agent.put("/v1/session/create", r#"{"Node":"out-sess"}"#);
    let cast = Cast::new(
        agent,
        &[r#"{"Node":"out-sess","NodeChecks":["out-sess-svc-check"],"Behavior":"delete"}"#],
    );
    let answer = cast.quietly("GET", "/v1/session/node/out-sess", "");
    cast.tell("its session", &answer);
    cast.put("/v1/kv/held/out?acquire=$0", "me");
    cast.put(DEREGISTER, r#"{"Node":"out-sess"}"#);
    let answer = cast.quietly("GET", "/v1/session/node/out-sess", "");
    cast.tell("its session", &answer);
    cast.get("/v1/kv/held/out");
}

fn metadata_of_nodes_picks(agent: &Agent) {
    register(agent, "out-meta-1", "out-meta");
    register(agent, "out-meta-2", "out-meta");
    for query in [
        "k:out-meta-1",
        "k:none",
        "none:x",
        "k",
        "k:out-meta-1&node-meta=k:out-meta-1",
    ] {
        agent.get(&format!("/v1/catalog/nodes?node-meta={query}"));
        agent.get(&format!("/v1/catalog/service/out-meta?node-meta={query}"));
        agent.get(&format!("/v1/health/service/out-meta?node-meta={query}"));
        agent.get(&format!("/v1/health/checks/out-meta?node-meta={query}"));
    }
    agent.get("/v1/catalog/services?node-meta=k:out-meta-1");
    agent.get("/v1/health/state/passing?node-meta=k:out-meta-1");
}

fn names_in_any_case(agent: &Agent) {
    register(agent, "out-names", "out-Names-svc");
    for name in ["out-names-svc", "OUT-NAMES-SVC"] {
        agent.get(&format!("/v1/catalog/service/{name}"));
        agent.get(&format!("/v1/health/service/{name}"));
        agent.get(&format!("/v1/health/checks/{name}"));
    }
}

fn methods_from_outside(agent: &Agent) {
    for path in [
        REGISTER,
        DEREGISTER,
        "/v1/health/node/x",
        "/v1/catalog/node-services/x",
    ] {
        for method in ["OPTIONS", "POST", "DELETE"] {
            agent.send(method, path, "");
        }
    }
    agent.get(REGISTER);
    agent.get(DEREGISTER);
}
