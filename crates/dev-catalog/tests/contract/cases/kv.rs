//! `/v1/kv/...`.

use crate::contract::agent::Agent;

super::cases![
    absent_key_is_not_found,
    value_comes_back_encoded_or_raw,
    empty_value_is_null,
    every_byte_survives,
    flags_are_kept,
    keys_below_a_prefix,
    keys_up_to_a_separator,
    root_is_special,
    check_and_set,
    same_value_is_no_change,
    delete_and_delete_again,
    delete_with_check,
    delete_tree,
    odd_key_names,
    nonsense_numbers_are_server_errors,
    largest_value_fits_and_no_larger,
];

fn absent_key_is_not_found(agent: &Agent) {
    for query in [
        "",
        "?raw",
        "?recurse",
        "?keys",
        "?keys&separator=/",
        "?keys&recurse",
    ] {
        agent.get(&format!("/v1/kv/absent/key{query}"));
    }
    agent.delete("/v1/kv/absent/key");
    agent.delete("/v1/kv/absent/key?cas=7");
    agent.delete("/v1/kv/absent/?recurse");
}

fn value_comes_back_encoded_or_raw(agent: &Agent) {
    agent.put("/v1/kv/value/a", "hello");
    agent.get("/v1/kv/value/a");
    let raw = agent.get("/v1/kv/value/a?raw");
    assert_eq!(raw.text(), "hello");
}

fn empty_value_is_null(agent: &Agent) {
    agent.put("/v1/kv/empty/a", "");
    agent.get("/v1/kv/empty/a");
    agent.get("/v1/kv/empty/a?raw");
}

fn every_byte_survives(agent: &Agent) {
    for value in ["\u{0}\u{1}", "\r\n\r\n", "\u{1f600}é", "{\"json\": [1, 2]}"] {
        agent.put("/v1/kv/bytes/a", value);
        agent.get("/v1/kv/bytes/a");
        assert_eq!(agent.get("/v1/kv/bytes/a?raw").text(), value);
    }
}

fn flags_are_kept(agent: &Agent) {
    agent.put("/v1/kv/flags/a?flags=18446744073709551615", "x");
    agent.get("/v1/kv/flags/a");
    agent.put("/v1/kv/flags/a?flags=42", "x");
    agent.get("/v1/kv/flags/a");
    agent.put("/v1/kv/flags/a", "x");
    agent.get("/v1/kv/flags/a");
}

fn keys_below_a_prefix(agent: &Agent) {
    plant(agent, "below");
    for query in [
        "below?recurse",
        "below/b?recurse",
        "below/b/?recurse",
        "below/?keys",
        "below/z?keys",
    ] {
        agent.get(&format!("/v1/kv/{query}"));
    }
}

fn keys_up_to_a_separator(agent: &Agent) {
    plant(agent, "cut");
    for query in [
        "cut/?keys&separator=/",
        "cut?keys&separator=/",
        "cut?keys&separator=b",
        "cut/b?keys&separator=/",
    ] {
        agent.get(&format!("/v1/kv/{query}"));
    }
}

fn plant(agent: &Agent, root: &str) {
    for key in ["", "b/c", "b/d", "e", "b/c/f"] {
        agent.put(&format!("/v1/kv/{root}/{key}"), key);
    }
}

fn root_is_special(agent: &Agent) {
    agent.get("/v1/kv/");
    agent.get("/v1/kv/?raw");
    agent.put("/v1/kv/", "x");
    agent.delete("/v1/kv/");
    agent.put("/v1/kv/root", "x");
    assert!(
        agent
            .quietly("GET", "/v1/kv/?keys&separator=/", "")
            .says("\"root\"")
    );
    agent.get("/v1/kv");
}

fn check_and_set(agent: &Agent) {
    agent.put("/v1/kv/cas/a?cas=5", "never");
    agent.put("/v1/kv/cas/a?cas=0", "one");
    agent.put("/v1/kv/cas/a?cas=0", "never");
    let index = agent.get("/v1/kv/cas/a").index();
    let put = agent.quietly("PUT", &format!("/v1/kv/cas/a?cas={index}"), "two");
    assert_eq!(put.text().trim(), "true");
    let put = agent.quietly("PUT", &format!("/v1/kv/cas/a?cas={index}"), "three");
    assert_eq!(put.text().trim(), "false");
    agent.get("/v1/kv/cas/a?raw");
}

fn same_value_is_no_change(agent: &Agent) {
    agent.put("/v1/kv/same/a", "x");
    let before = agent.get("/v1/kv/same/a");
    agent.put("/v1/kv/same/a", "x");
    assert_eq!(agent.get("/v1/kv/same/a").text(), before.text());
    agent.put("/v1/kv/same/a", "y");
    assert!(agent.get("/v1/kv/same/a").index() > before.index());
}

fn delete_and_delete_again(agent: &Agent) {
    agent.put("/v1/kv/delete/a", "x");
    agent.put("/v1/kv/delete/ab", "x");
    let before = agent.get("/v1/kv/delete/a").index();
    agent.delete("/v1/kv/delete/a");
    assert!(agent.get("/v1/kv/delete/a").index() > before);
    assert!(agent.get("/v1/kv/delete/?recurse").index() > before);
    agent.delete("/v1/kv/delete/a");
}

fn delete_with_check(agent: &Agent) {
    agent.put("/v1/kv/dcas/a", "x");
    agent.delete("/v1/kv/dcas/a?cas=1");
    agent.delete("/v1/kv/dcas/a?cas=0");
    let index = agent.get("/v1/kv/dcas/a").index();
    let deleted = agent.quietly("DELETE", &format!("/v1/kv/dcas/a?cas={index}"), "");
    assert_eq!(deleted.text().trim(), "true");
    agent.get("/v1/kv/dcas/a");
}

fn delete_tree(agent: &Agent) {
    plant(agent, "tree");
    agent.delete("/v1/kv/tree/b?recurse");
    agent.get("/v1/kv/tree?keys");
    agent.delete("/v1/kv/tree?recurse&cas=1");
    agent.delete("/v1/kv/tree?recurse");
    agent.get("/v1/kv/tree?recurse");
}

fn odd_key_names(agent: &Agent) {
    agent.put("/v1/kv/odd/sp%20ace%2Fz", "q");
    agent.get("/v1/kv/odd/sp%20ace/z");
    agent.put("/v1/kv/odd/%C3%BC+x", "q");
    agent.get("/v1/kv/odd/?keys");
    agent.get("/v1/kv/odd//x");
    agent.put("/v1/kv/odd//x", "q");
    agent.get("/v1/kv/odd/%2Fabs");
    agent.get("/v1/kv/odd/./a/../b%20c");
}

fn nonsense_numbers_are_server_errors(agent: &Agent) {
    agent.put("/v1/kv/nonsense?cas=x", "z");
    agent.put("/v1/kv/nonsense?cas=", "z");
    agent.put("/v1/kv/nonsense?flags=-1", "z");
    agent.put("/v1/kv/nonsense?flags=", "z");
    agent.delete("/v1/kv/nonsense?cas=x");
    agent.get("/v1/kv/nonsense");
}

fn largest_value_fits_and_no_larger(agent: &Agent) {
    let most = 512 << 10;
    agent.put("/v1/kv/large/a", &"x".repeat(most));
    agent.put("/v1/kv/large/b", &"x".repeat(most + 1));
    agent.get("/v1/kv/large/?keys");
    agent.delete("/v1/kv/large/?recurse");
}
