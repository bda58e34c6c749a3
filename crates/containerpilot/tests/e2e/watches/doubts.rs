//! What is not to be believed, and what is not enough.

use serde_json::Value;

use crate::harness::{Catalog, Consul, Liar, Pilot, Running, Word};

fn watching(address: impl std::fmt::Display, more: &str) -> Running {
    let heard = ["changed", "healthy", "unhealthy", "stale", "fresh"].map(|word| {
        format!("{{ name: 'on-{word}', exec: 'echo db {word}', when: {{ source: 'watch.db', each: '{word}' }} }},")
    });
    Pilot::new()
        .consul(address)
        .top(&format!("watches: [{{ name: 'db', interval: 1{more} }}],"))
        .jobs(&format!(
            "{{ name: 'main', exec: 'sleep 1000' }}, {}",
            heard.concat()
        ))
        .start()
        .ready()
}

/// How often each was told: changed, healthy, unhealthy, stale, fresh.
fn told(running: &Running) -> [usize; 5] {
    ["changed", "healthy", "unhealthy", "stale", "fresh"]
        .map(|word| running.count(&format!("db {word}")))
}

fn watch(running: &Running) -> Value {
    running.status()["watches"][0].clone()
}

// 3.8: lacks (16.7): it takes an empty answer for what it says.
#[test]
fn an_answer_that_nobody_vouches_for_changes_nothing_but_that_it_is_told() {
    let liar = Liar::start(Word::Truth(vec!["db-1", "db-2"]));
    let running = watching(liar.address(), "");
    running.wait_for_log("db healthy");
    for (n, lie) in [Word::Leaderless, Word::Old].into_iter().enumerate() {
        liar.say(lie);
        running.wait_for_lines("db stale", n + 1);
        let shown = watch(&running);
        assert_eq!(shown["instances"].as_array().unwrap().len(), 2, "{shown:#}");
        let why = shown["stale"].as_str().unwrap();
        assert!(why.contains("not to be trusted"), "{why}");
        let table = running.cli(&["status"]).expect_code(0).stdout;
        assert!(table.contains("healthy, stale"), "{table}");
        assert!(table.contains("  db is stale: "), "{table}");
        liar.say(Word::Truth(vec!["db-1", "db-2"]));
        running.wait_for_lines("db fresh", n + 1);
        assert_eq!(watch(&running)["stale"], Value::Null);
    }
    assert_eq!(told(&running), [1, 1, 0, 2, 2], "{}", running.told());
    liar.say(Word::Truth(vec!["db-2"]));
    running.wait_for_lines("db changed", 2);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn an_empty_answer_is_held_where_that_is_asked_for() {
    let mut consul = Consul::start();
    consul.eye().register("db", "db-1", 5432);
    let running = watching(consul.address(), ", onEmpty: 'hold'");
    running.wait_for_log("db healthy");
    // One that was started anew knows nothing, and its leader stands behind that.
    consul.kill();
    running.wait_for_lines("db stale", 1);
    consul.resume();
    running.wait_for_log("the answer is empty, and held by `onEmpty`");
    let shown = watch(&running);
    assert_eq!(shown["instances"].as_array().unwrap().len(), 1, "{shown:#}");
    assert!(shown["stale"].is_string(), "{shown:#}");
    consul.eye().register("db", "db-1", 5432);
    running.wait_for_lines("db fresh", 1);
    assert_eq!(told(&running), [1, 1, 0, 1, 1], "{}", running.told());
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn what_a_catalog_said_that_a_reload_took_away_is_stale() {
    let catalogs = [Catalog::start(), Catalog::start()];
    for catalog in &catalogs {
        catalog.eye().register("db", "db-1", 5432);
    }
    let mut running = watching(catalogs[0].address(), "");
    running.wait_for_log("db healthy");
    let base = running.read("config.json5");
    let lead_to = |running: &mut Running, catalog: &str| {
        let was = format!("consul: \"{}\"", catalogs[0].address());
        running.rewrite(|pilot| pilot.config(&base.replace(&was, catalog)));
        running.reload().expect(200);
    };
    lead_to(&mut running, "catalog: 'none'");
    running.wait_for_lines("db stale", 1);
    assert_eq!(watch(&running)["stale"], "there is no catalog");
    let second = format!("consul: '{}'", catalogs[1].address());
    lead_to(&mut running, &second);
    running.wait_for_lines("db fresh", 1);
    assert_eq!(told(&running), [1, 1, 0, 1, 1], "{}", running.told());
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn too_few_instances_are_unhealthy() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = watching(catalog.address(), ", min: 2");
    running.wait_for_lines("db unhealthy", 1);
    eye.register("db", "db-1", 1);
    running.wait_for_lines("db unhealthy", 2);
    eye.register("db", "db-2", 2);
    running.wait_for_lines("db healthy", 1);
    eye.deregister("db-1");
    running.wait_for_lines("db unhealthy", 3);
    running.wait_for_lines("db changed", 3);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_burst_of_changes_is_one() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    eye.register("db", "db-0", 1);
    let running = watching(catalog.address(), ", debounce: '1s'");
    running.wait_for_log("db healthy");
    for n in 1..=20 {
        eye.register("db", &format!("db-{n}"), 1);
    }
    running.until("all are known", || {
        let watch = watch(&running);
        (watch["instances"].as_array()?.len() == 21).then_some(())
    });
    running.wait_for_lines("db changed", 2);
    let ended = running.stop().expect_code(0);
    assert_eq!(ended.count("db changed"), 2);
}

// 3.8: lacks.
#[test]
fn metrics_show_which_watch_is_stale() {
    let liar = Liar::start(Word::Truth(vec!["db-1"]));
    let [port] = crate::harness::free_ports();
    let running = Pilot::new()
        .consul(liar.address())
        .top(&format!("telemetry: {{ port: {port}, interfaces: ['lo'] }}, watches: [{{ name: 'db', interval: 1 }}],"))
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    let shows = |line: &str| {
        running.until(line, || {
            let address = ([127, 0, 0, 1], port).into();
            let page = crate::harness::over_tcp(address, "GET", "/metrics", "").ok()?;
            page.body.lines().any(|l| l == line).then_some(())
        });
    };
    shows("containerpilot_watch_stale{watch=\"db\"} 0");
    running.until("the watch is answered", || {
        (watch(&running)["health"] == "healthy").then_some(())
    });
    liar.say(Word::Leaderless);
    shows("containerpilot_watch_stale{watch=\"db\"} 1");
    liar.say(Word::Truth(vec!["db-1"]));
    shows("containerpilot_watch_stale{watch=\"db\"} 0");
    running.stop().expect_code(0);
}
