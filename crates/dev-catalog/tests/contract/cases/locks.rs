//! `/v1/session/...`, and keys that sessions hold.

use crate::contract::{agent::Agent, cast::Cast};

super::cases![
    sessions_come_and_go,
    a_key_has_one_holder,
    a_holder_is_kept_by_others_that_write,
    what_a_session_held_is_free_when_it_ends,
    what_a_session_held_goes_with_it,
    an_end_wakes_who_waits,
    nobody_gets_it_right_after_an_end,
    odd_sessions,
];

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

const PLAIN: &str = r#"{"Name":"n","TTL":"10s","LockDelay":"0s"}"#;
const DELETE: &str = r#"{"Name":"n","TTL":"10s","Behavior":"delete","LockDelay":"0s"}"#;

fn sessions_come_and_go(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN, r#"{"TTL":"1m"}"#, ""]);
    for id in ["$0", "$1", "$2", NOBODY, "bogus", ""] {
        cast.put(&format!("/v1/session/renew/{id}"), "");
    }
    for id in ["$0", "$0", NOBODY, "bogus", ""] {
        cast.put(&format!("/v1/session/destroy/{id}"), "");
    }
    cast.put("/v1/session/renew/$0", "");
    cast.send("GET", "/v1/session/renew/$1", "");
}

fn a_key_has_one_holder(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN, DELETE]);
    cast.put("/v1/kv/locks/one?acquire=$0&flags=7", "me");
    cast.send("GET", "/v1/kv/locks/one", "");
    cast.put("/v1/kv/locks/one?acquire=$1", "not me");
    cast.put("/v1/kv/locks/one?acquire=$0", "still me");
    cast.send("GET", "/v1/kv/locks/one", "");
    cast.put("/v1/kv/locks/one?release=$1", "not mine");
    cast.put("/v1/kv/locks/one?release=$0", "left");
    cast.put("/v1/kv/locks/one?release=$0", "left");
    cast.send("GET", "/v1/kv/locks/one", "");
    cast.put("/v1/kv/locks/one?acquire=$1", "now me");
    cast.send("GET", "/v1/kv/locks/?recurse", "");
}

fn a_holder_is_kept_by_others_that_write(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN]);
    cast.put("/v1/kv/kept/one?acquire=$0", "me");
    cast.put("/v1/kv/kept/one", "somebody");
    cast.send("GET", "/v1/kv/kept/one", "");
    cast.send("DELETE", "/v1/kv/kept/one", "");
    cast.put("/v1/kv/kept/one?acquire=$0", "again");
    cast.send("GET", "/v1/kv/kept/one", "");
}

fn what_a_session_held_is_free_when_it_ends(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN, PLAIN]);
    cast.put("/v1/kv/free/one?acquire=$0", "me");
    cast.put("/v1/session/destroy/$0", "");
    cast.send("GET", "/v1/kv/free/one", "");
    cast.put("/v1/kv/free/one?acquire=$1", "me");
}

fn what_a_session_held_goes_with_it(agent: &Agent) {
    let cast = Cast::new(agent, &[DELETE, DELETE]);
    cast.put("/v1/kv/goes/one?acquire=$0", "me");
    cast.put("/v1/kv/goes/two", "nobody's");
    cast.put("/v1/session/destroy/$0", "");
    cast.send("GET", "/v1/kv/goes/?keys", "");
    cast.put("/v1/kv/goes/one?acquire=$1", "me");
}

fn an_end_wakes_who_waits(agent: &Agent) {
    let cast = Cast::new(agent, &[DELETE]);
    cast.put("/v1/kv/wakes/one?acquire=$0", "me");
    let index = agent.quietly("GET", "/v1/kv/wakes/one", "").index();
    let watched = agent.watch("/v1/kv/wakes/one", index, "45s", || {
        cast.put("/v1/session/destroy/$0", "");
    });
    assert_eq!(watched.answer.status, 404);
}

fn nobody_gets_it_right_after_an_end(agent: &Agent) {
    let cast = Cast::new(agent, &[r#"{"TTL":"10s"}"#, PLAIN]);
    cast.put("/v1/kv/delay/one?acquire=$0", "me");
    cast.put("/v1/session/destroy/$0", "");
    cast.put("/v1/kv/delay/one?acquire=$1", "too soon");
}

fn odd_sessions(agent: &Agent) {
    let cast = Cast::new(agent, &[PLAIN]);
    for body in [
        r#"{"TTL":"5s"}"#,
        r#"{"TTL":"25h"}"#,
        r#"{"TTL":"x"}"#,
        r#"{"Behavior":"x"}"#,
        r#"{"LockDelay":"x"}"#,
    ] {
        cast.put("/v1/session/create", body);
    }
    for query in [
        &format!("acquire={NOBODY}"),
        "acquire=bogus",
        "acquire=",
        "release=",
        &format!("release={NOBODY}"),
        "acquire=$0&release=$0",
        "acquire=$0&cas=1",
    ] {
        cast.put(&format!("/v1/kv/odd-locks/one?{query}"), "x");
    }
}
