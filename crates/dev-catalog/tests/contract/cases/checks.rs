//! TTL checks: registration, heartbeats, running out, maintenance.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::contract::{agent::Agent, answer::Answer};

super::cases![
    new_check_is_critical_unless_told,
    several_checks_get_numbers,
    status_words_set_the_status,
    update_sets_status_and_output,
    changed_text_alone_stays_with_the_agent,
    long_output_is_cut,
    silent_check_runs_out,
    check_that_ran_out_repeats_the_last_words,
    expired_check_comes_back,
    heartbeats_keep_a_check_alive,
    registering_again_keeps_the_health,
    registering_again_does_not_drop_checks,
    replacing_drops_unnamed_checks,
    check_of_a_service_by_hand,
    check_of_no_service_is_refused,
    check_is_deregistered,
    maintenance_adds_a_critical_check,
    maintenance_has_a_default_reason,
    a_check_in_the_place_of_maintenance_is_maintenance,
    short_deregister_time_is_accepted,
];

fn new_check_is_critical_unless_told(agent: &Agent) {
    agent.register(r#"{"Name":"fresh","Check":{"TTL":"60s"}}"#);
    agent.register(r#"{"Name":"warm","Check":{"TTL":"60s","Status":"warning","Name":"W"}}"#);
    agent.get_part("/v1/agent/checks", "fresh");
    agent.get_part("/v1/agent/checks", "warm");
    agent.until("/v1/health/checks/fresh", |answer| answer.len() == 1);
    agent.until("/v1/health/checks/warm", |answer| answer.len() == 1);
    agent.get_part("/v1/health/state/critical", "fresh");
    agent.get_part("/v1/health/state/warning", "warm");
    agent.get_part("/v1/health/state/any", "warm");
}

fn several_checks_get_numbers(agent: &Agent) {
    agent.register(
        r#"{"Name":"several","ID":"several-x","Check":{"TTL":"30s","Notes":"single"},
            "Checks":[{"TTL":"10s"},{"TTL":"20s","Name":"2nd","CheckID":"several-own","Status":"passing"}]}"#,
    );
    agent.get_part("/v1/agent/checks", "several");
    agent.until("/v1/health/checks/several", |answer| answer.len() == 3);
}

fn status_words_set_the_status(agent: &Agent) {
    agent.register(r#"{"Name":"words","Check":{"TTL":"60s"}}"#);
    for word in ["pass?note=hello", "warn?note=hm%20hm", "fail", "pass"] {
        let (word, note) = word.split_once('?').unwrap_or((word, ""));
        agent.put(&format!("/v1/agent/check/{word}/service:words?{note}"), "");
        agent.get_part("/v1/agent/checks", "service:words");
    }
    agent.until("/v1/health/checks/words", |answer| answer.says("passing"));
}

fn update_sets_status_and_output(agent: &Agent) {
    agent.register(r#"{"Name":"update","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.until("/v1/health/checks/update", |answer| answer.len() == 1);
    let update = r#"{"Status":"warning","Output":"smoke"}"#;
    agent.put("/v1/agent/check/update/service:update", update);
    agent.until("/v1/health/checks/update", |answer| answer.says("smoke"));
    agent.put(
        "/v1/agent/check/update/service:update",
        r#"{"status":"critical","output":"fire"}"#,
    );
    agent.until("/v1/health/checks/update", |answer| answer.says("fire"));
}

fn changed_text_alone_stays_with_the_agent(agent: &Agent) {
    agent.register(r#"{"Name":"quiet","Check":{"TTL":"60s","Status":"passing"}}"#);
    let before = agent.until("/v1/health/checks/quiet", |answer| answer.len() == 1);
    agent.put("/v1/agent/check/pass/service:quiet?note=chatter", "");
    agent.get_part("/v1/agent/checks", "quiet");
    let after = agent.get("/v1/health/checks/quiet");
    assert_eq!(before.text(), after.text());
}

fn long_output_is_cut(agent: &Agent) {
    agent.register(r#"{"Name":"long","Check":{"TTL":"60s"}}"#);
    let update = format!(r#"{{"Status":"passing","Output":"{}"}}"#, "o".repeat(5000));
    agent.put("/v1/agent/check/update/service:long", &update);
    agent.get_part("/v1/agent/checks", "service:long");
}

fn silent_check_runs_out(agent: &Agent) {
    agent.register(r#"{"Name":"silent","Check":{"TTL":"0.2s","Status":"passing"}}"#);
    agent.until("/v1/health/checks/silent", |answer| {
        answer.says("TTL expired")
    });
    agent.get("/v1/health/service/silent?passing");
}

fn check_that_ran_out_repeats_the_last_words(agent: &Agent) {
    agent.register(r#"{"Name":"last","Check":{"TTL":"0.3s","Status":"passing"}}"#);
    agent.put(
        "/v1/agent/check/update/service:last",
        r#"{"Status":"passing","Output":"bye"}"#,
    );
    // On a slow machine the words may come after the time ran out, and then it runs out again.
    agent.until("/v1/health/checks/last", |answer| {
        answer.says("follows): bye")
    });
}

fn expired_check_comes_back(agent: &Agent) {
    agent.register(r#"{"Name":"back","Check":{"TTL":"0.2s","Status":"passing"}}"#);
    let expired = |answer: &Answer| answer.says("TTL expired");
    agent.until_part("/v1/agent/checks", "service:back", expired);
    // From here on it has time enough, however slow the machine is.
    agent.register(r#"{"Name":"back","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.put("/v1/agent/check/pass/service:back?note=again", "");
    agent.get_part("/v1/agent/checks", "service:back");
    agent.until("/v1/health/checks/back", |answer| answer.says("again"));
}

fn heartbeats_keep_a_check_alive(agent: &Agent) {
    const TTL: Duration = Duration::from_secs(2);
    agent.register(r#"{"Name":"beat","Check":{"TTL":"2s","Status":"passing"}}"#);
    let mut alive_since = Instant::now();
    let mut last_at = alive_since;
    // Together the beats have to last longer than the TTL; after a gap as long as that they begin
    // anew, since then it ran out, as it should.
    while alive_since.elapsed() < TTL + TTL / 4 {
        let beat_at = Instant::now();
        let beat = agent.quietly("PUT", "/v1/agent/check/pass/service:beat", "");
        assert_eq!(beat.status, 200);
        if last_at.elapsed() >= TTL {
            alive_since = beat_at;
        }
        last_at = beat_at;
        thread::sleep(Duration::from_millis(50));
    }
    agent.get_part("/v1/agent/checks", "service:beat");
}

fn registering_again_keeps_the_health(agent: &Agent) {
    agent.register(r#"{"Name":"again","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.put("/v1/agent/check/warn/service:again?note=hot", "");
    agent.register(
        r#"{"Name":"again","Port":2,"Check":{"TTL":"60s","Status":"passing","Notes":"n"}}"#,
    );
    agent.get_part("/v1/agent/checks", "service:again");
    agent.until("/v1/health/service/again", |answer| {
        answer.says("hot") && answer.says("\"n\"")
    });
}

fn registering_again_does_not_drop_checks(agent: &Agent) {
    agent.register(r#"{"Name":"keep","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.register(r#"{"Name":"keep"}"#);
    agent.get_part("/v1/agent/checks", "keep");
}

fn replacing_drops_unnamed_checks(agent: &Agent) {
    let path = "/v1/agent/service/register?replace-existing-checks";
    agent.register(r#"{"Name":"swap","Checks":[{"CheckID":"swap-a","TTL":"9s"},{"CheckID":"swap-b","TTL":"9s"}]}"#);
    agent.put(&format!("{path}=foo"), r#"{"Name":"swap"}"#);
    agent.get_part("/v1/agent/checks", "swap");
    agent.put(
        &format!("{path}=true"),
        r#"{"Name":"swap","Check":{"CheckID":"swap-b","TTL":"9s"}}"#,
    );
    agent.get_part("/v1/agent/checks", "swap");
    agent.put(path, r#"{"Name":"swap"}"#);
    agent.get_part("/v1/agent/checks", "swap");
    agent.until("/v1/health/checks/swap", |answer| answer.len() == 0);
}

fn check_of_a_service_by_hand(agent: &Agent) {
    agent.register(r#"{"Name":"manual","ID":"manual-1","Tags":["t"]}"#);
    let check = r#"{"Name":"by hand","ID":"manual-check","TTL":"50s","ServiceID":"manual-1",
                    "Status":"warning","Notes":"nn"}"#;
    agent.put("/v1/agent/check/register", check);
    agent.get_part("/v1/agent/checks", "manual");
    agent.until("/v1/health/checks/manual", |answer| answer.len() == 1);
}

fn check_of_no_service_is_refused(agent: &Agent) {
    agent.put(
        "/v1/agent/check/register",
        r#"{"Name":"lost","TTL":"1s","ServiceID":"gone"}"#,
    );
    agent.put("/v1/agent/check/pass/lost", "");
    agent.put("/v1/agent/check/warn/", "");
    agent.put(
        "/v1/agent/check/update/lost",
        r#"{"Status":"passing","Output":"ok"}"#,
    );
}

fn check_is_deregistered(agent: &Agent) {
    agent.register(r#"{"Name":"uncheck","Check":{"TTL":"60s"}}"#);
    agent.until("/v1/health/checks/uncheck", |answer| answer.len() == 1);
    agent.put("/v1/agent/check/deregister/service:uncheck", "");
    agent.get_part("/v1/agent/checks", "uncheck");
    agent.until("/v1/health/checks/uncheck", |answer| answer.len() == 0);
    agent.put("/v1/agent/check/deregister/service:uncheck", "");
    agent.put("/v1/agent/check/deregister/", "");
}

fn maintenance_adds_a_critical_check(agent: &Agent) {
    agent.register(r#"{"Name":"maint","ID":"maint-1","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.put(
        "/v1/agent/service/maintenance/maint-1?enable=true&reason=because",
        "",
    );
    agent.until("/v1/health/checks/maint", |answer| answer.len() == 2);
    agent.get("/v1/health/service/maint?passing");
    agent.put(
        "/v1/agent/service/maintenance/maint-1?enable=true&reason=other",
        "",
    );
    agent.get_part("/v1/agent/checks", "maint-1");
    agent.put("/v1/agent/check/pass/_service_maintenance:maint-1", "");
    agent.put("/v1/agent/service/maintenance/maint-1?enable=false", "");
    agent.until("/v1/health/checks/maint", |answer| answer.len() == 1);
    agent.put("/v1/agent/service/maintenance/maint-1?enable=0", "");
}

fn maintenance_has_a_default_reason(agent: &Agent) {
    agent.register(r#"{"Name":"vague"}"#);
    agent.put("/v1/agent/service/maintenance/vague?enable=1", "");
    agent.get_part("/v1/agent/checks", "vague");
    agent.put("/v1/agent/service/maintenance/vague", "");
    agent.put("/v1/agent/service/maintenance/vague?enable=foo", "");
    agent.put("/v1/agent/service/maintenance/never-there?enable=true", "");
    agent.put("/v1/agent/service/maintenance/?enable=true", "");
}

fn a_check_in_the_place_of_maintenance_is_maintenance(agent: &Agent) {
    agent.register(r#"{"Name":"reword","ID":"reword-1","Check":{"TTL":"60s","Status":"passing"}}"#);
    agent.put(
        "/v1/agent/service/maintenance/reword-1?enable=true&reason=one",
        "",
    );
    agent.put(
        "/v1/agent/check/register",
        r#"{"ID":"_service_maintenance:reword-1","Name":"Service Maintenance Mode",
            "ServiceID":"reword-1","Notes":"two","TTL":"876000h","Status":"critical"}"#,
    );
    agent.until("/v1/health/checks/reword", |answer| answer.says("two"));
    let filter = "CheckID%20%3D%3D%20%22_service_maintenance%3Areword-1%22";
    agent.get(&format!("/v1/agent/checks?filter={filter}"));
    agent.get("/v1/agent/health/service/id/reword-1?format=text");
    agent.put(
        "/v1/agent/service/maintenance/reword-1?enable=true&reason=three",
        "",
    );
    agent.get(&format!("/v1/agent/checks?filter={filter}"));
    agent.put("/v1/agent/service/maintenance/reword-1?enable=false", "");
    agent.until("/v1/health/checks/reword", |answer| answer.len() == 1);
    agent.get("/v1/agent/health/service/id/reword-1?format=text");
}

fn short_deregister_time_is_accepted(agent: &Agent) {
    agent.register(
        r#"{"Name":"doomed","Check":{"TTL":"60s","DeregisterCriticalServiceAfter":"1s"}}"#,
    );
    agent.get_part("/v1/agent/checks", "doomed");
}
