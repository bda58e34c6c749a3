//! `/v1/txn`.

use crate::contract::{agent::Agent, cast::Cast};

super::cases![
    nothing_to_do,
    bodies_that_are_no_transaction,
    values_that_are_no_base64,
    set_and_get,
    get_tree,
    reads_alone_are_answered_as_a_query,
    verbs_need_a_key,
    unknown_verbs,
    what_fails_is_told_by_its_number,
    what_fails_early_is_told_alone,
    a_failed_transaction_changes_nothing,
    cas_by_index,
    checks_by_index_and_session,
    deletions,
    a_step_sees_those_before_it,
    locks_and_unlocks,
    locks_in_vain,
    locks_that_are_delayed,
    all_keys_share_an_index,
    a_transaction_wakes_who_waits,
    a_failed_transaction_wakes_nobody,
    too_many_operations,
    largest_transaction_fits_and_no_larger,
    nodes_services_and_checks_are_read,
    absent_nodes_services_and_checks,
    transactions_take_query_options,
    methods_of_transactions,
];

const TXN: &str = "/v1/txn";

/// A transaction of steps on keys.
fn keys(steps: &[&str]) -> String {
    let step = |step: &&str| format!("{{\"KV\":{{{step}}}}}");
    let steps: Vec<_> = steps.iter().map(step).collect();
    format!("[{}]", steps.join(","))
}

fn nothing_to_do(agent: &Agent) {
    for body in ["[]", "null", "[{}]", r#"[{"KV":null}]"#] {
        agent.put(TXN, body);
    }
}

fn bodies_that_are_no_transaction(agent: &Agent) {
    for body in [
        "",
        "{}",
        "7",
        r#"{"a":"#,
        r#"[{"Bogus":1}]"#,
        r#"[{"KV":{"Verb":"get","Key":"x","Bogus":1}}]"#,
    ] {
        agent.put(TXN, body);
    }
}

fn values_that_are_no_base64(agent: &Agent) {
    for value in ["!!", "AAAAAAAAAA", "Zg", "Z===", "Zg=a", "Zm8=Zg=="] {
        agent.put(
            TXN,
            &keys(&[&format!(r#""Verb":"set","Key":"x","Value":"{value}""#)]),
        );
    }
}

fn set_and_get(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"set","Key":"txn/a","Value":"b25l","Flags":5"#,
            r#""verb":"set","key":"txn/b","value":"""#,
            r#""Verb":"set","Key":"txn/c","Value":null"#,
            r#""Verb":"get","Key":"txn/a""#,
            r#""Verb":"get","Key":"txn/b""#,
        ]),
    );
    agent.get("/v1/kv/txn/?recurse");
}

fn get_tree(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"set","Key":"txntree/a","Value":"MQ==""#,
            r#""Verb":"set","Key":"txntree/b/c","Value":"Mg==""#,
            r#""Verb":"get-tree","Key":"txntree/""#,
            r#""Verb":"get-tree","Key":"txntree/b""#,
            r#""Verb":"get-tree","Key":"txntree/none""#,
        ]),
    );
}

fn reads_alone_are_answered_as_a_query(agent: &Agent) {
    agent.put("/v1/kv/txnread/a", "one");
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"get","Key":"txnread/a""#,
            r#""Verb":"check-not-exists","Key":"txnread/b""#,
            r#""Verb":"get-tree","Key":"txnread/""#,
        ]),
    );
    agent.put(TXN, &keys(&[r#""Verb":"get","Key":"txnread/b""#]));
}

fn verbs_need_a_key(agent: &Agent) {
    for verb in [
        "set",
        "cas",
        "lock",
        "unlock",
        "get",
        "get-tree",
        "check-index",
        "check-session",
        "check-not-exists",
        "delete",
        "delete-cas",
    ] {
        agent.put(TXN, &keys(&[&format!(r#""Verb":"{verb}","Key":"""#)]));
    }
}

fn unknown_verbs(agent: &Agent) {
    for verb in ["", "SET", "bogus"] {
        agent.put(
            TXN,
            &keys(&[&format!(r#""Verb":"{verb}","Key":"txnverb/a""#)]),
        );
    }
    agent.put(
        TXN,
        &keys(&[r#""Key":"txnverb/a""#, r#""Verb":"set","Key":"txnverb/a""#]),
    );
    agent.get("/v1/kv/txnverb/a");
}

fn what_fails_is_told_by_its_number(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"set","Key":"txnfail/a""#,
            r#""Verb":"get","Key":"txnfail/none""#,
            r#""Verb":"cas","Key":"txnfail/none","Index":3"#,
            r#""Verb":"delete-cas","Key":"txnfail/a","Index":3"#,
            r#""Verb":"unlock","Key":"txnfail/a","Session":"x""#,
        ]),
    );
}

fn what_fails_early_is_told_alone(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"get","Key":"txnearly/none""#,
            r#""Verb":"set","Key":"""#,
            r#""Verb":"bogus","Key":"x""#,
        ]),
    );
}

fn a_failed_transaction_changes_nothing(agent: &Agent) {
    agent.put("/v1/kv/txnatom/a", "kept");
    agent.put("/v1/kv/txnatom/b/c", "kept");
    let index = agent.get("/v1/kv/txnatom/?recurse").index();
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"set","Key":"txnatom/a","Value":"b25l""#,
            r#""Verb":"set","Key":"txnatom/new","Value":"b25l""#,
            r#""Verb":"delete-tree","Key":"txnatom/b""#,
            r#""Verb":"get","Key":"txnatom/none""#,
        ]),
    );
    assert_eq!(agent.get("/v1/kv/txnatom/?recurse").index(), index);
}

fn index_of(agent: &Agent, key: &str) -> u64 {
    let found = agent.quietly("GET", &format!("/v1/kv/{key}"), "").json();
    found[0]["ModifyIndex"]
        .as_u64()
        .expect("a key has an index")
}

fn cas_by_index(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[r#""Verb":"cas","Key":"txncas/a","Index":0,"Value":"MQ==""#]),
    );
    agent.put(
        TXN,
        &keys(&[r#""Verb":"cas","Key":"txncas/a","Index":0,"Value":"Mg==""#]),
    );
    let index = index_of(agent, "txncas/a");
    let step = format!(r#""Verb":"cas","Key":"txncas/a","Index":{index},"Value":"Mw==""#);
    assert_eq!(agent.quietly("PUT", TXN, &keys(&[&step])).status, 200);
    assert_eq!(agent.quietly("PUT", TXN, &keys(&[&step])).status, 409);
    agent.get("/v1/kv/txncas/a?raw");
}

fn checks_by_index_and_session(agent: &Agent) {
    agent.put("/v1/kv/txncheck/a", "x");
    let index = index_of(agent, "txncheck/a");
    let step = format!(r#""Verb":"check-index","Key":"txncheck/a","Index":{index}"#);
    let answer = agent.quietly("PUT", TXN, &keys(&[&step]));
    agent.note(&format!("check-index\n{answer}"));
    for step in [
        r#""Verb":"check-index","Key":"txncheck/none","Index":1"#,
        r#""Verb":"check-session","Key":"txncheck/a","Session":"x""#,
        r#""Verb":"check-session","Key":"txncheck/a","Session":"""#,
        r#""Verb":"check-session","Key":"txncheck/none","Session":"x""#,
        r#""Verb":"check-not-exists","Key":"txncheck/a""#,
        r#""Verb":"check-not-exists","Key":"txncheck/none""#,
    ] {
        agent.put(TXN, &keys(&[step]));
    }
}

fn deletions(agent: &Agent) {
    for key in ["a", "b", "t/1", "t/2"] {
        agent.put(&format!("/v1/kv/txndel/{key}"), "x");
    }
    let index = index_of(agent, "txndel/b");
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"delete","Key":"txndel/a""#,
            r#""Verb":"delete","Key":"txndel/none""#,
            r#""Verb":"delete-cas","Key":"txndel/none","Index":1"#,
            r#""Verb":"delete-tree","Key":"txndel/t/""#,
            r#""Verb":"delete-tree","Key":"txndel/none/""#,
        ]),
    );
    let step = format!(r#""Verb":"delete-cas","Key":"txndel/b","Index":{index}"#);
    assert_eq!(agent.quietly("PUT", TXN, &keys(&[&step])).status, 200);
    agent.get("/v1/kv/txndel/?keys");
}

fn a_step_sees_those_before_it(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"check-not-exists","Key":"txnsee/a""#,
            r#""Verb":"set","Key":"txnsee/a","Value":"MQ==""#,
            r#""Verb":"get","Key":"txnsee/a""#,
            r#""Verb":"delete","Key":"txnsee/a""#,
            r#""Verb":"check-not-exists","Key":"txnsee/a""#,
        ]),
    );
    agent.get("/v1/kv/txnsee/a");
}

fn locks_and_unlocks(agent: &Agent) {
    let cast = Cast::new(agent, &[r#"{"LockDelay":"0s"}"#]);
    let lock = r#""Verb":"lock","Key":"txnlock/a","Session":"$0","Value":"bWU=","Flags":3"#;
    let unlock = r#""Verb":"unlock","Key":"txnlock/a","Session":"$0","Value":"b3V0""#;
    let held = r#""Verb":"check-session","Key":"txnlock/a","Session":"$0""#;
    cast.put(TXN, &keys(&[lock, held]));
    cast.get("/v1/kv/txnlock/a");
    cast.put(TXN, &keys(&[unlock]));
    cast.put(TXN, &keys(&[lock, lock]));
    cast.get("/v1/kv/txnlock/a");
}

fn locks_in_vain(agent: &Agent) {
    let cast = Cast::new(agent, &["", ""]);
    cast.put("/v1/kv/txnvain/a?acquire=$0", "me");
    let nobody = "00000000-0000-0000-0000-000000000000";
    cast.put(
        TXN,
        &keys(&[
            r#""Verb":"lock","Key":"txnvain/a","Session":"$1""#,
            r#""Verb":"unlock","Key":"txnvain/a","Session":"$1""#,
            r#""Verb":"unlock","Key":"txnvain/none","Session":"$1""#,
            &format!(r#""Verb":"lock","Key":"txnvain/b","Session":"{nobody}""#),
            r#""Verb":"lock","Key":"txnvain/b","Session":"bogus""#,
            r#""Verb":"lock","Key":"txnvain/b""#,
            r#""Verb":"unlock","Key":"txnvain/b""#,
        ]),
    );
}

fn locks_that_are_delayed(agent: &Agent) {
    let cast = Cast::new(agent, &[r#"{"LockDelay":"50s"}"#, ""]);
    cast.put("/v1/kv/txndelay/a?acquire=$0", "me");
    cast.put("/v1/session/destroy/$0", "");
    cast.put(
        TXN,
        &keys(&[
            r#""Verb":"lock","Key":"txndelay/a","Session":"$1""#,
            r#""Verb":"get","Key":"txndelay/none""#,
        ]),
    );
}

fn all_keys_share_an_index(agent: &Agent) {
    agent.put(
        TXN,
        &keys(&[
            r#""Verb":"set","Key":"txnone/a""#,
            r#""Verb":"set","Key":"txnone/b""#,
        ]),
    );
    assert_eq!(index_of(agent, "txnone/a"), index_of(agent, "txnone/b"));
    assert_eq!(
        agent.get("/v1/kv/txnone/?recurse").index(),
        index_of(agent, "txnone/a")
    );
}

fn a_transaction_wakes_who_waits(agent: &Agent) {
    agent.put("/v1/kv/txnwake/a", "x");
    agent.put("/v1/kv/txnwake/b", "x");
    let index = agent.get("/v1/kv/txnwake/?recurse").index();
    let watched = agent.watch("/v1/kv/txnwake/?recurse", index, "45s", || {
        agent.put(
            TXN,
            &keys(&[
                r#""Verb":"delete","Key":"txnwake/a""#,
                r#""Verb":"set","Key":"txnwake/b","Value":"eQ==""#,
            ]),
        );
    });
    assert_eq!(watched.answer.len(), 1);
    assert!(watched.answer.index() > index);
}

fn a_failed_transaction_wakes_nobody(agent: &Agent) {
    agent.put("/v1/kv/txnsleep/a", "x");
    let index = agent.get("/v1/kv/txnsleep/a").index();
    let watched = agent.watch("/v1/kv/txnsleep/a", index, "500ms", || {
        agent.put(
            TXN,
            &keys(&[
                r#""Verb":"set","Key":"txnsleep/a","Value":"eQ==""#,
                r#""Verb":"get","Key":"txnsleep/none""#,
            ]),
        );
    });
    assert_eq!(watched.answer.index(), index);
}

fn too_many_operations(agent: &Agent) {
    let step = r#""Verb":"check-not-exists","Key":"txnmany""#;
    agent.put(TXN, &keys(&[step; 64]));
    agent.put(TXN, &keys(&[step; 65]));
}

fn largest_transaction_fits_and_no_larger(agent: &Agent) {
    let body = |size: usize| {
        let most = keys(&[r#""Verb":"set","Key":"txnlarge","Value":"""#]);
        let value = "A".repeat((size - most.len()) / 4 * 4);
        let body = most.replace("\"\"", &format!("\"{value}\""));
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    agent.put(TXN, &body(512 << 10));
    agent.put(TXN, &body((512 << 10) + 1));
    agent.delete("/v1/kv/txnlarge");
}

fn nodes_services_and_checks_are_read(agent: &Agent) {
    agent.put(
        "/v1/catalog/register",
        r#"{"Node":"txnnode","Address":"10.9.9.9","Service":{"Service":"txnsvc","ID":"txnsvc-1",
            "Tags":["t"],"Port":7},"Check":{"CheckID":"txnchk","Name":"c","Status":"passing",
            "ServiceID":"txnsvc-1"}}"#,
    );
    agent.put(
        TXN,
        r#"[{"Node":{"Verb":"get","Node":{"Node":"txnnode"}}},
            {"Service":{"Verb":"get","Node":"txnnode","Service":{"ID":"txnsvc-1"}}},
            {"Check":{"Verb":"get","Check":{"Node":"txnnode","CheckID":"txnchk"}}}]"#,
    );
}

fn absent_nodes_services_and_checks(agent: &Agent) {
    agent.put(
        TXN,
        r#"[{"Node":{"Verb":"get","Node":{"Node":"txnnobody"}}},
            {"Service":{"Verb":"get","Node":"txnnobody","Service":{"ID":"x"}}},
            {"Check":{"Verb":"get","Check":{"Node":"txnnobody","CheckID":"y"}}}]"#,
    );
}

fn transactions_take_query_options(agent: &Agent) {
    let body = keys(&[r#""Verb":"check-not-exists","Key":"txnoptions""#]);
    for query in [
        "stale",
        "consistent",
        "stale&consistent",
        "dc=dc1",
        "dc=nowhere",
        "index=x",
    ] {
        agent.put(&format!("{TXN}?{query}"), &body);
    }
}

fn methods_of_transactions(agent: &Agent) {
    for method in ["GET", "POST", "DELETE", "OPTIONS"] {
        agent.send(method, TXN, "[]");
    }
    agent.put("/v1/txn/", "[]");
}
