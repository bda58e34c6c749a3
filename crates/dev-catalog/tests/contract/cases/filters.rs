//! `?filter=`.

use crate::contract::agent::Agent;

super::cases![
    instances_by_what_they_are,
    instances_by_their_checks,
    instances_by_their_node,
    expressions_are_joined,
    metadata_that_is_not_there,
    catalog_instances_through_a_filter,
    nodes_through_a_filter,
    checks_through_a_filter,
    services_of_a_node_through_a_filter,
    names_take_no_filter,
    expressions_that_fit_nothing,
    expressions_that_are_none,
];

fn plant(agent: &Agent, node: &str, service: &str) {
    for (n, status) in ["passing", "warning", "critical"].iter().enumerate() {
        agent.put(
            "/v1/catalog/register",
            &format!(
                r#"{{"Node":"{node}","Address":"10.6.6.6","NodeMeta":{{"rack":"{node}"}},
                    "Service":{{"Service":"{service}","ID":"{service}-{n}","Port":{n},
                    "Tags":["t{n}","all"],"Meta":{{"k{n}":"v"}}}},
                    "Check":{{"CheckID":"{service}-c{n}","Name":"n","Status":"{status}",
                    "Output":"out {n}","ServiceID":"{service}-{n}"}}}}"#
            ),
        );
    }
}

fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn ask(agent: &Agent, path: &str, expressions: &[&str]) {
    for expression in expressions {
        agent.get(&format!("{path}?filter={}", encode(expression)));
    }
}

fn instances_by_what_they_are(agent: &Agent) {
    plant(agent, "flt-a", "flt-what");
    ask(
        agent,
        "/v1/health/service/flt-what",
        &[
            "Service.Port == 1",
            "Service.Port==1",
            "Service.Port != 1",
            "Service.ID == \"flt-what-2\"",
            "Service.Service == other",
            "Service.Port == -1",
            "Service.Port == 1.5",
            "Service.ID == `flt-what-2`",
            "Service.ID contains \"what-1\"",
            "\"what-1\" in Service.ID",
            "Service.ID not contains \"what-1\"",
            "t1 in Service.Tags",
            "\"t1\" in Service.Tags",
            "\"t1\" not in Service.Tags",
            "Service.Tags contains `t2`",
            "Service.Tags not contains `t2`",
            "Service.Tags is empty",
            "Service.Tags is not empty",
            "Service.Address is empty",
            "Service.Address == \"\"",
            "Service.Weights.Passing == 1",
            "Service.EnableTagOverride == false",
            "Service.EnableTagOverride == true",
        ],
    );
}

fn instances_by_their_checks(agent: &Agent) {
    plant(agent, "flt-b", "flt-checks");
    ask(
        agent,
        "/v1/health/service/flt-checks",
        &[
            "Checks.Status == passing",
            "Checks.Status != passing",
            "Checks.Output contains \"out 1\"",
            "Checks.CheckID == \"flt-checks-c2\"",
            "Checks is empty",
            "Checks is not empty",
        ],
    );
}

fn instances_by_their_node(agent: &Agent) {
    plant(agent, "flt-c", "flt-node");
    ask(
        agent,
        "/v1/health/service/flt-node",
        &[
            "Node.Node == \"flt-c\"",
            "Node.Meta.rack == \"flt-c\"",
            "Node.Meta[\"rack\"] == \"other\"",
            "Node.Datacenter == dc1",
            "Node.TaggedAddresses is empty",
            "Node.TaggedAddresses.lan == x",
        ],
    );
}

fn expressions_are_joined(agent: &Agent) {
    plant(agent, "flt-d", "flt-join");
    ask(
        agent,
        "/v1/health/service/flt-join",
        &[
            "Service.Port == 0 or Service.Port == 1",
            "Service.Port != 0 and Service.Port != 1",
            "not Service.Port == 0",
            "not (Service.Port == 0 or Service.Port == 2)",
            "(Service.Port == 0)",
            "Service.Port == 0 or Service.Port == 1 and t1 in Service.Tags",
            "(Service.Port == 0 or Service.Port == 1) and t1 in Service.Tags",
        ],
    );
}

fn metadata_that_is_not_there(agent: &Agent) {
    plant(agent, "flt-e", "flt-meta");
    ask(
        agent,
        "/v1/health/service/flt-meta",
        &[
            "Service.Meta.k1 == v",
            "Service.Meta.k1 != v",
            "Service.Meta.none == v",
            "Service.Meta.none != v",
            "k1 in Service.Meta",
            "k1 not in Service.Meta",
            "v in Service.Meta.k1",
            "v not in Service.Meta.k1",
            "Service.Meta is empty",
            "Service.TaggedAddresses.lan.Port == 1",
            "Service.TaggedAddresses.lan.Port != 1",
        ],
    );
}

fn catalog_instances_through_a_filter(agent: &Agent) {
    plant(agent, "flt-f", "flt-catalog");
    ask(
        agent,
        "/v1/catalog/service/flt-catalog",
        &[
            "ServicePort == 2",
            "t2 in ServiceTags",
            "ServiceMeta.k0 == v",
            "NodeMeta.rack == \"flt-f\"",
            "Node != \"flt-f\"",
            "Bogus == 1",
        ],
    );
}

fn nodes_through_a_filter(agent: &Agent) {
    plant(agent, "flt-g", "flt-nodes");
    ask(
        agent,
        "/v1/catalog/nodes",
        &[
            "Meta.rack == \"flt-g\"",
            "Node == \"flt-g\"",
            "Address == \"none\"",
            "Bogus == 1",
        ],
    );
}

fn checks_through_a_filter(agent: &Agent) {
    plant(agent, "flt-h", "flt-chk");
    for path in [
        "/v1/health/checks/flt-chk",
        "/v1/health/node/flt-h",
        "/v1/health/state/any",
    ] {
        ask(
            agent,
            path,
            &[
                "ServiceName == \"flt-chk\" and Status == warning",
                "ServiceName == \"flt-chk\" and Output contains \"out 2\"",
                "Node == \"flt-h\" and CheckID != \"flt-chk-c1\"",
            ],
        );
    }
}

fn services_of_a_node_through_a_filter(agent: &Agent) {
    plant(agent, "flt-i", "flt-own");
    for path in ["/v1/catalog/node/flt-i", "/v1/catalog/node-services/flt-i"] {
        ask(agent, path, &["Port == 1", "Service == none", "Bogus == 1"]);
    }
}

fn names_take_no_filter(agent: &Agent) {
    plant(agent, "flt-j", "flt-names");
    let answer = agent.quietly("GET", "/v1/catalog/services?filter=x==1", "");
    agent.note(&answer.part("flt-names").to_string());
}

fn expressions_that_fit_nothing(agent: &Agent) {
    ask(
        agent,
        "/v1/health/service/never-there",
        &[
            "Service.Bogus == 1",
            "Service == 1",
            "Service.Tags == a",
            "Service.Tags != a",
            "Service.Port == abc",
            "Service.EnableTagOverride == maybe",
            "1 in Service.Port",
            "Service.Port is empty",
            "Service.Weights is empty",
            "Service.ID.More == 1",
            "Service.Meta == x",
            "Checks == x",
        ],
    );
}

/// The words of what a parser expected are its own; that it refuses is not.
fn expressions_that_are_none(agent: &Agent) {
    for expression in [
        "any",
        "(Service.Port == 1",
        "Service.Port == 1)",
        "Service.Port = 1",
        "== 1",
        "Service.Port ==",
        "Service.Port == 1 and",
        "not",
        "Service.Port == 1 Service.Port == 1",
        "\"a\" == \"b\"",
        "Service.ID == flt-what-2",
        "Service.Meta[k] == 1",
        "Service.ID == \"open",
    ] {
        let path = format!(
            "/v1/health/service/never-there?filter={}",
            encode(expression)
        );
        let answer = agent.quietly("GET", &path, "");
        let prefix = "Failed to create boolean expression evaluator: ";
        agent.note(&format!(
            "{expression}: {} {}",
            answer.status,
            answer.says(prefix)
        ));
    }
}
