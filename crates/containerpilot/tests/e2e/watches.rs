//! What the helper makes of changes in the catalog, and in files.

mod doubts;
mod files;
mod keys;

use serde_json::{Value, json};

use crate::harness::{Catalog, Consul, Pilot, Running};

const JOBS: &str = "{ name: 'main', exec: 'sleep 1000' },
  { name: 'on-change', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } },
  { name: 'on-healthy', exec: 'echo db healthy', when: { source: 'watch.db', each: 'healthy' } },
  { name: 'on-unhealthy', exec: 'echo db unhealthy', when: { source: 'watch.db', each: 'unhealthy' } },";
const WATCH: &str = "watches: [{ name: 'db', interval: 1 }],";

fn watching(address: impl std::fmt::Display) -> Running {
    Pilot::new()
        .consul(address)
        .top(WATCH)
        .jobs(JOBS)
        .start()
        .ready()
}

/// Waits until the watch knows so many instances.
fn wait_for_instances(running: &Running, count: usize) -> Value {
    running.until(&format!("{count} instances are known"), || {
        let watch = running.status()["watches"][0].clone();
        (watch["instances"].as_array()?.len() == count).then_some(watch)
    })
}

// 3.8: differs (case 146, pitfall 28): a first answer without instances tells nothing.
#[test]
fn a_dependency_that_is_absent_is_told_at_once() {
    let catalog = Catalog::start();
    let running = watching(catalog.address());
    running.wait_for_log("db unhealthy");
    assert_eq!(wait_for_instances(&running, 0)["name"], "db");
    running.stop().expect_code(0);
}

// 3.8: differs (cases 146, 147 and 150): the first answer comes late.
#[test]
fn every_change_of_the_instances_is_told() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = watching(catalog.address());
    running.wait_for_lines("db unhealthy", 1);
    eye.register("db", "db-1", 5432);
    running.wait_for_lines("db changed", 1);
    running.wait_for_lines("db healthy", 1);
    eye.register("db", "db-2", 5433);
    wait_for_instances(&running, 2);
    running.wait_for_lines("db changed", 2);
    // Another port.
    eye.register("db", "db-2", 5434);
    running.wait_for_lines("db changed", 3);
    eye.set_status("db-1", "critical");
    running.wait_for_lines("db changed", 4);
    wait_for_instances(&running, 1);
    eye.deregister("db-2");
    running.wait_for_lines("db changed", 5);
    running.wait_for_lines("db unhealthy", 2);
    running.stop().expect_code(0);
}

// 3.8: passes (case 148).
#[test]
fn what_does_not_change_is_told_once() {
    let catalog = Catalog::start();
    catalog.eye().register("db", "db-1", 5432);
    let running = Pilot::new()
        .consul(catalog.address())
        .top(WATCH)
        .jobs(&format!(
            "{JOBS} {{ name: 'clock', exec: 'echo tick', when: {{ interval: '250ms' }} }}"
        ))
        .start()
        .ready();
    running.wait_for_log("db healthy");
    let ticks = running.count("tick");
    running.wait_for_lines("tick", ticks + 10);
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (
            ended.count("db changed"),
            ended.count("db healthy"),
            ended.count("db unhealthy")
        ),
        (1, 1, 0)
    );
}

// 3.8: passes (case 149).
#[test]
fn a_change_in_the_real_consul_starts_the_job_that_waits_for_it() {
    let consul = Consul::start();
    let app = Pilot::new()
        .consul(consul.address())
        .jobs("{ name: 'db', exec: 'sleep 1000', port: 5432, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 10 } }");
    let running = watching(consul.address());
    running.wait_for_log("db unhealthy");
    let app = app.start();
    running.wait_for_log("db healthy");
    let watch = wait_for_instances(&running, 1);
    assert_eq!(
        (
            &watch["instances"][0]["address"],
            &watch["instances"][0]["port"]
        ),
        (&"10.1.2.3".into(), &5432.into())
    );
    app.stop().expect_code(0);
    running.wait_for_lines("db unhealthy", 2);
    running.stop().expect_code(0);
}

// 3.8: differs (case 151): they overwrite each other.
#[test]
fn two_watches_of_one_service_with_different_tags_are_independent() {
    let catalog = Catalog::start();
    let register = |id: &str, tag: &str, port: u16| {
        let body = json!({"ID": id, "Name": "db", "Address": "127.0.0.1", "Port": port, "Tags": [tag],
            "Check": {"TTL": "600s", "Status": "passing"}});
        catalog.eye().put("/v1/agent/service/register", &body);
    };
    register("db-1", "primary", 1);
    register("db-2", "replica", 2);
    let watches = "watches: [{ name: 'db', interval: 1, tag: 'primary' }, { name: 'replicas', service: 'db', interval: 1, tag: 'replica' }],";
    let running = Pilot::new()
        .consul(catalog.address())
        .top(watches)
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'a', exec: 'echo primary changed', when: { source: 'watch.db', each: 'changed' } }, { name: 'b', exec: 'echo replicas changed', when: { source: 'watch.replicas', each: 'changed' } }")
        .start()
        .ready();
    running.wait_for_log("primary changed");
    running.wait_for_log("replicas changed");
    register("db-3", "replica", 3);
    running.wait_for_lines("replicas changed", 2);
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (
            ended.count("primary changed"),
            ended.count("replicas changed")
        ),
        (1, 2)
    );
}

// 3.8: passes (case 152).
#[test]
fn a_catalog_that_goes_away_changes_nothing() {
    let mut consul = Consul::start();
    let address = consul.address();
    consul.eye().register("db", "db-1", 5432);
    let running = watching(address);
    running.wait_for_log("db healthy");
    consul.kill();
    running.until("the loss is told", || {
        (running.status()["catalog"]["link"] == "down").then_some(())
    });
    wait_for_instances(&running, 1);
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (ended.count("db changed"), ended.count("db unhealthy")),
        (1, 0)
    );
}

// 3.8: passes (pitfall 27): a change during the setup is not lost.
#[test]
fn a_change_during_the_setup_is_told_after_it() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .top(WATCH)
        .jobs(
            "{ name: 'setup', exec: ['sh', '-c', 'echo setting up; while [ ! -e @DIR/go ]; do sleep 0.02; done'] },
             { name: 'app', exec: 'sleep 1000', when: { source: 'setup', once: 'exitSuccess' } },
             { name: 'both', exec: 'echo set up and changed', when: { all: [{ source: 'setup', event: 'exitSuccess' }, { source: 'watch.db', event: 'changed' }] } }",
        )
        .start()
        .ready();
    running.wait_for_log("setting up");
    catalog.eye().register("db", "db-1", 5432);
    wait_for_instances(&running, 1);
    assert_eq!(running.count("set up and changed"), 0);
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_for_log("set up and changed");
    running.stop().expect_code(0);
}
