//! `/v1/session/...`: what is told of sessions, what they need, and what ends them.

use crate::contract::{agent::Agent, cast::Cast};

super::cases![
    a_session_is_described,
    sessions_are_listed,
    nobody_has_no_sessions,
    sessions_need_a_name_to_be_asked_for,
    sessions_are_asked_for_as_the_rest_is,
    what_a_session_has_when_nothing_is_said,
    lock_delays_are_read_loosely,
    sessions_without_sense,
    a_session_needs_its_checks,
    a_critical_check_ends_its_sessions,
    a_check_that_goes_ends_its_sessions,
    a_service_that_goes_ends_its_sessions,
    a_new_session_wakes_the_list,
    an_end_wakes_who_waits_for_the_session,
    a_renewal_wakes_nobody,
    a_session_runs_out,
];

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const PLAIN: &str = r#"{"Name":"plain","TTL":"60s","LockDelay":"0s"}"#;

fn a_session_is_described(agent: &Agent) {
    let cast = Cast::new(
        agent,
        &[
            r#"{"Name":"told","TTL":"1m","Behavior":"delete","LockDelay":"3s"}"#,
            "",
            r#"{"NodeChecks":[],"Name":"unchecked"}"#,
        ],
    );
    for id in ["$0", "$1", "$2"] {
        cast.get(&format!("/v1/session/info/{id}"));
    }
    cast.put("/v1/session/destroy/$0", "");
    cast.get("/v1/session/info/$0");
}

fn node(agent: &Agent) -> String {
    let own = agent.quietly("GET", "/v1/agent/self", "").json();
    let name = own["Config"]["NodeName"].as_str();
    name.expect("an agent has a name").to_owned()
}

fn sessions_are_listed(agent: &Agent) {
    let cast = Cast::new(agent, &[r#"{"Name":"listed"}"#]);
    for path in [
        "/v1/session/list",
        &format!("/v1/session/node/{}", node(agent)),
    ] {
        let answer = agent.quietly("GET", path, "").part("\"listed\"");
        cast.tell("listed", &answer);
        assert_eq!(answer.len(), 1);
    }
    let other_case = format!("/v1/session/node/{}", node(agent).to_uppercase());
    let answer = agent.quietly("GET", &other_case, "").part("\"listed\"");
    cast.tell("listed in capitals", &answer);
}

fn nobody_has_no_sessions(agent: &Agent) {
    agent.get("/v1/session/node/nobody");
    agent.get(&format!("/v1/session/info/{NOBODY}"));
    agent.get("/v1/session/info/bogus");
}

fn sessions_need_a_name_to_be_asked_for(agent: &Agent) {
    for path in [
        "info/", "info", "node/", "node", "renew/", "destroy/", "list/", "nope",
    ] {
        agent.get(&format!("/v1/session/{path}"));
        agent.put(&format!("/v1/session/{path}"), "");
    }
    for path in ["info/x", "node/x", "list", "create", "renew/x", "destroy/x"] {
        agent.send("OPTIONS", &format!("/v1/session/{path}"), "");
        agent.send("PATCH", &format!("/v1/session/{path}"), "");
    }
}

fn sessions_are_asked_for_as_the_rest_is(agent: &Agent) {
    for query in [
        "stale",
        "consistent",
        "stale&consistent",
        "dc=dc1",
        "dc=nowhere",
        "index=x",
        "wait=x",
    ] {
        agent.get(&format!("/v1/session/info/{NOBODY}?{query}"));
        agent.get(&format!("/v1/session/node/nobody?{query}"));
    }
    agent.put("/v1/session/create?dc=nowhere", "{}");
    agent.put(&format!("/v1/session/destroy/{NOBODY}?dc=nowhere"), "");
}

fn what_a_session_has_when_nothing_is_said(agent: &Agent) {
    agent.register(r#"{"Name":"said","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.until("/v1/health/checks/said", |answer| answer.len() == 1);
    for body in [
        "null",
        "{}",
        r#"{"Checks":null}"#,
        r#"{"Checks":[]}"#,
        r#"{"NodeChecks":null}"#,
        r#"{"NodeChecks":[]}"#,
        r#"{"ServiceChecks":[]}"#,
        r#"{"Checks":["service:said"]}"#,
        r#"{"Checks":["service:said"],"NodeChecks":[]}"#,
        r#"{"ServiceChecks":[{"ID":"service:said"}]}"#,
        r#"{"servicechecks":[{"id":"service:said","Namespace":"x"}]}"#,
        r#"{"Bogus":1,"name":"lower"}"#,
    ] {
        let cast = Cast::new(agent, &[body]);
        cast.get("/v1/session/info/$0");
    }
}

fn lock_delays_are_read_loosely(agent: &Agent) {
    for delay in [
        "0",
        "20",
        "999",
        "1000",
        "1.5",
        "-5",
        "null",
        "true",
        "\"0s\"",
        "\"90s\"",
        "\"-3s\"",
        "5000000000",
    ] {
        let cast = Cast::new(agent, &[&format!(r#"{{"LockDelay":{delay}}}"#)]);
        cast.get("/v1/session/info/$0");
    }
}

fn sessions_without_sense(agent: &Agent) {
    for body in [
        r#"{"Node":"nobody"}"#,
        r#"{"Node":5}"#,
        r#"{"Checks":"x"}"#,
        r#"{"NodeChecks":[1]}"#,
        r#"{"ServiceChecks":["a"]}"#,
        r#"{"Behavior":"DELETE"}"#,
        r#"{"LockDelay":"20"}"#,
        r#"{"TTL":"9.9s"}"#,
        r#"{"TTL":"86401s"}"#,
        r#"{"TTL":"#,
    ] {
        agent.put("/v1/session/create", body);
    }
}

fn a_session_needs_its_checks(agent: &Agent) {
    agent.register(
        r#"{"Name":"needed","Checks":[{"CheckID":"need-ok","TTL":"60s","Status":"warning"},
            {"CheckID":"need-bad","TTL":"60s"}]}"#,
    );
    agent.until("/v1/health/checks/needed", |answer| answer.len() == 2);
    for checks in [
        r#""Checks":["serfHealth","nope"]"#,
        r#""Checks":["need-bad"]"#,
        r#""NodeChecks":["need-bad"]"#,
        r#""NodeChecks":["serfHealth"],"ServiceChecks":[{"ID":"need-bad"}]"#,
        r#""ServiceChecks":[{"ID":"nope"}]"#,
    ] {
        agent.put("/v1/session/create", &format!("{{{checks}}}"));
    }
    let cast = Cast::new(agent, &[r#"{"Checks":["need-ok"]}"#]);
    cast.get("/v1/session/info/$0");
}

/// A service whose one check holds a session that holds a key.
fn holding<'a>(agent: &'a Agent, name: &str, behavior: &str) -> Cast<'a> {
    agent.register(&format!(
        r#"{{"Name":"{name}","Check":{{"TTL":"60s","Status":"passing"}}}}"#
    ));
    agent.until(&format!("/v1/health/checks/{name}"), |answer| {
        answer.len() == 1
    });
    let session =
        format!(r#"{{"Checks":["service:{name}"],"LockDelay":"0s","Behavior":"{behavior}"}}"#);
    let cast = Cast::new(agent, &[&session]);
    cast.put(&format!("/v1/kv/held/{name}?acquire=$0"), "me");
    cast
}

fn gone(cast: &Cast<'_>, name: &str, during: impl FnOnce()) {
    let path = format!("/v1/kv/held/{name}");
    let index = cast.quietly("GET", &path, "").index();
    let asked = cast.watch(&path, index, "45s", during);
    cast.tell("the key", &asked);
    cast.get("/v1/session/info/$0");
}

fn a_critical_check_ends_its_sessions(agent: &Agent) {
    let cast = holding(agent, "failing", "release");
    agent.put("/v1/agent/check/warn/service:failing", "");
    agent.until("/v1/health/checks/failing", |answer| answer.says("warning"));
    cast.get("/v1/kv/held/failing");
    gone(&cast, "failing", || {
        agent.put("/v1/agent/check/fail/service:failing", "");
    });
}

fn a_check_that_goes_ends_its_sessions(agent: &Agent) {
    let cast = holding(agent, "leaver", "delete");
    gone(&cast, "leaver", || {
        agent.put("/v1/agent/check/deregister/service:leaver", "");
    });
}

fn a_service_that_goes_ends_its_sessions(agent: &Agent) {
    let cast = holding(agent, "moved-out", "release");
    gone(&cast, "moved-out", || {
        agent.put("/v1/agent/service/deregister/moved-out", "");
    });
}

fn a_new_session_wakes_the_list(agent: &Agent) {
    let index = agent.quietly("GET", "/v1/session/list", "").index();
    Cast::new(agent, &[r#"{"Name":"newborn"}"#]);
    agent.newer("/v1/session/list", index, |answer| {
        answer.says("\"newborn\"")
    });
}

fn an_end_wakes_who_waits_for_the_session(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN]);
    let path = cast.meant("/v1/session/info/$0");
    let index = agent.quietly("GET", &path, "").index();
    cast.put("/v1/session/destroy/$0", "");
    let answer = agent.newer(&path, index, |answer| answer.len() == 0);
    cast.tell("the session", &answer);
}

fn a_renewal_wakes_nobody(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN]);
    let before = cast.quietly("GET", "/v1/session/info/$0", "");
    let answer = cast.watch("/v1/session/info/$0", before.index(), "300ms", || {
        cast.put("/v1/session/renew/$0", "");
    });
    assert_eq!(answer.json(), before.json());
}

fn a_session_runs_out(agent: &Agent) {
    let cast = Cast::new(agent, &[r#"{"TTL":"10s","LockDelay":"0s"}"#]);
    cast.put("/v1/kv/held/briefly?acquire=$0", "me");
    gone(&cast, "briefly", || {});
}
