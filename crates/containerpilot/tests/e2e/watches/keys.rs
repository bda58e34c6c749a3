//! Keys and prefixes in the real Consul.

use serde_json::Value;

use crate::harness::{Consul, Eye, Pilot, Running, consul_binary, over_tcp};

fn watching(consul: &Consul, watch: &str) -> Pilot {
    Pilot::new()
        .consul(consul.address())
        .top(&format!("watches: [{watch}],"))
        .jobs(
            "{ name: 'main', exec: 'sleep 1000' },
             { name: 'on-change', exec: 'echo conf changed', when: { source: 'watch.conf', each: 'changed' } },
             { name: 'on-healthy', exec: 'echo conf healthy', when: { source: 'watch.conf', each: 'healthy' } },
             { name: 'on-unhealthy', exec: 'echo conf unhealthy', when: { source: 'watch.conf', each: 'unhealthy' } },",
        )
}

fn delete(eye: Eye, key: &str) {
    over_tcp(eye.0, "DELETE", &format!("/v1/kv/{key}"), "")
        .unwrap()
        .expect(200);
}

fn told(running: &Running) -> (usize, usize, usize) {
    let count = |word: &str| running.count(&format!("conf {word}"));
    (count("changed"), count("healthy"), count("unhealthy"))
}

/// How the watch stands.
fn watch(running: &Running) -> Value {
    running.status()["watches"][0].clone()
}

// 3.8: lacks.
#[test]
fn a_key_that_comes_changes_and_goes_is_told() {
    let consul = Consul::start();
    let eye = consul.eye();
    let running = watching(&consul, "{ name: 'conf', key: 'app/conf' }")
        .start()
        .ready();
    running.wait_for_lines("conf unhealthy", 1);
    eye.set_key("app/conf", "one");
    running.wait_for_lines("conf healthy", 1);
    // Written again it is the same, as are its neighbours.
    eye.set_key("app/conf", "one");
    eye.set_key("app/conf2", "one");
    eye.set_key("app/conf", "two");
    running.wait_for_lines("conf healthy", 2);
    let shown = watch(&running);
    assert_eq!(
        (&shown["kind"], &shown["of"]),
        (&"key".into(), &"app/conf".into())
    );
    assert_eq!(
        (&shown["sees"], &shown["health"]),
        (&"present".into(), &"healthy".into())
    );
    delete(eye, "app/conf");
    running.wait_for_lines("conf unhealthy", 2);
    running.wait_for_lines("conf changed", 3);
    assert_eq!(told(&running), (3, 2, 2), "{}", running.told());
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn keys_under_a_prefix_that_come_change_and_go_are_told() {
    let consul = Consul::start();
    let eye = consul.eye();
    eye.set_key("application", "not below it");
    let running = watching(&consul, "{ name: 'conf', prefix: 'app/' }")
        .start()
        .ready();
    running.wait_for_lines("conf unhealthy", 1);
    for (n, (key, value)) in [("app/a", "1"), ("app/b/c", "1"), ("app/a", "2")]
        .into_iter()
        .enumerate()
    {
        eye.set_key(key, value);
        running.wait_for_lines("conf healthy", n + 1);
    }
    eye.set_key("app/a", "2");
    eye.set_key("application", "still not");
    delete(eye, "app/b/c");
    running.wait_for_lines("conf healthy", 4);
    assert_eq!(watch(&running)["sees"], "1 keys");
    delete(eye, "app/?recurse=1");
    running.wait_for_lines("conf unhealthy", 2);
    running.wait_for_lines("conf changed", 5);
    assert_eq!(told(&running), (5, 4, 2), "{}", running.told());
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn the_last_of_many_changes_is_seen_by_the_last_run_of_a_slow_handler() {
    const CHANGES: usize = 200;
    let consul = Consul::start();
    let (eye, address) = (consul.eye(), consul.address());
    eye.set_key("app/conf", "v0");
    let get = format!(
        "echo begins with $({} kv get -http-addr={address} app/conf); sleep 0.2",
        consul_binary().display()
    );
    let running = Pilot::new()
        .consul(address)
        .top("watches: [{ name: 'conf', key: 'app/conf' }],")
        .jobs(&format!(
            "{{ name: 'main', exec: 'sleep 1000' }},
             {{ name: 'slow', exec: ['sh', '-c', '{get}'], when: {{ source: 'watch.conf', each: 'changed' }} }}"
        ))
        .start()
        .ready();
    running.wait_for_log("begins with v0");
    for n in 1..=CHANGES {
        eye.set_key("app/conf", &format!("v{n}"));
    }
    running.wait_for_log(&format!("begins with v{CHANGES}"));
    running.until("the last run is over", || {
        (running.job("slow")["state"] == "idle").then_some(())
    });
    let ended = running.stop().expect_code(0);
    let last = ended
        .lines
        .iter()
        .rfind(|line| line.contains("begins with"));
    let last = last.unwrap();
    assert!(last.ends_with(&format!("begins with v{CHANGES}")), "{last}");
    let runs = ended.count("begins with");
    assert!(
        (2..=CHANGES / 4).contains(&runs),
        "{runs} runs: {:#?}",
        ended.lines
    );
}

// 3.8: lacks.
#[test]
fn what_a_key_holds_is_nowhere_to_be_read() {
    let consul = Consul::start();
    let secret = "correct-horse-battery";
    consul.eye().set_key("app/conf", secret);
    consul.eye().set_key("app/more", secret);
    let watches = "{ name: 'conf', key: 'app/conf' }, { name: 'all', prefix: 'app/' }, { name: 'file', file: '@DIR/secret' }";
    let running = watching(&consul, watches)
        .top("logging: { level: 'DEBUG' },")
        .file("secret", secret)
        .start()
        .ready();
    running.wait_for_log("conf healthy");
    running.until("all three are healthy", || {
        let watches = running.status()["watches"].clone();
        let healthy = |watch: &Value| watch["health"] == "healthy";
        watches.as_array()?.iter().all(healthy).then_some(())
    });
    let shown = running.cli(&["status"]).expect_code(0).stdout;
    assert!(shown.contains("key app/conf"), "{shown}");
    let json = running.status().to_string();
    let ended = running.stop().expect_code(0);
    for text in [shown, json, ended.lines.join("\n")] {
        assert!(!text.contains(secret), "{text}");
    }
}

// 3.8: lacks.
#[test]
fn a_watch_and_a_template_see_the_same_key() {
    let consul = Consul::start();
    let eye = consul.eye();
    eye.set_key("app/conf", "one");
    let running = watching(&consul, "{ name: 'conf', key: 'app/conf' }")
        .file("t.tpl", "{{ key \"app/conf\" }}")
        .top("templates: [{ source: '@DIR/t.tpl', destination: '@DIR/t' }],")
        .start()
        .ready();
    for (n, text) in ["one", "two"].into_iter().enumerate() {
        eye.set_key("app/conf", text);
        running.wait_for_lines("conf changed", n + 1);
        running.until("the template shows it", || {
            (running.read("t") == text).then_some(())
        });
    }
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_key_is_asked_for_in_its_datacenter() {
    let consul = Consul::start();
    consul.eye().set_key("app/conf", "one");
    let running = watching(
        &consul,
        "{ name: 'conf', key: 'app/conf', dc: 'dc1' }, { name: 'far', key: 'app/conf', dc: 'far' }",
    )
    .start()
    .ready();
    running.wait_for_log("conf healthy");
    running.wait_for_log("failed to query key app/conf@far");
    let far = running.status()["watches"][1].clone();
    assert_eq!(
        (&far["health"], &far["sees"]),
        (&"unknown".into(), &Value::Null)
    );
    running.stop().expect_code(0);
}
