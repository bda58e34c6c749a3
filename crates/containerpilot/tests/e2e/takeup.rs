//! What a reload may change beside jobs: the catalog, the socket, the log.

use crate::harness::{Catalog, Pilot};

const APP: &str = "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 600 } }";

// 3.8: passes, apart from the pid.
#[test]
fn another_catalog_gets_what_the_old_one_had() {
    let (old, new) = (Catalog::start(), Catalog::start());
    let mut running = Pilot::new().consul(old.address()).jobs(APP).start().ready();
    old.eye().wait_for_status("app", "passing");
    let pid = running.job("app")["pid"].clone();
    running.rewrite(|pilot| pilot.consul(new.address()));
    running.reload().expect(200);
    new.eye().wait_for_status("app", "passing");
    old.eye().wait_gone("app");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
    new.eye().wait_gone("app");
}

// 3.8: lacks.
#[test]
fn a_catalog_can_be_given_up_and_taken_up_again() {
    let catalog = Catalog::start();
    let none = format!(
        "{{ catalog: 'none', control: {{ socket: '@DIR/socket' }}, stopTimeout: 1, jobs: [{APP}] }}"
    );
    let some = none.replace(
        "catalog: 'none'",
        &format!("consul: '{}'", catalog.address()),
    );
    let mut running = Pilot::new().config(&some).start().ready();
    catalog.eye().wait_for_status("app", "passing");
    running.rewrite(|pilot| pilot.config(&none));
    running.reload().expect(200);
    catalog.eye().wait_gone("app");
    running.rewrite(|pilot| pilot.config(&some));
    running.reload().expect(200);
    catalog.eye().wait_for_status("app", "passing");
    running.stop().expect_code(0);
    catalog.eye().wait_gone("app");
}

// 3.8: differs (22.5): it ends.
#[test]
fn a_socket_that_cannot_be_made_changes_nothing() {
    let config = |socket: &str| {
        format!(
            "{{ catalog: 'none', control: {{ socket: '{socket}' }}, jobs: [{{ name: 'app', exec: 'sleep 1000' }}] }}"
        )
    };
    let mut running = Pilot::new().config(&config("@DIR/socket")).start().ready();
    running.rewrite(|pilot| pilot.config(&config("@DIR/no/such/socket")));
    running.reload().expect(422);
    running.ask("GET", "/v3/ping", "").expect(200);
    running.stop().expect_code(0);
}

// 3.8: differs (22.5): it ends.
#[test]
fn a_log_that_cannot_be_opened_changes_nothing() {
    let catalog = Catalog::start();
    let mut running = Pilot::new()
        .consul(catalog.address())
        .jobs(APP)
        .start()
        .ready();
    catalog.eye().wait_for_status("app", "passing");
    running.rewrite(|pilot| {
        pilot
            .consul("localhost:1")
            .top("logging: { output: '@DIR/no/such/log' },")
    });
    let answer = running.reload().expect(422);
    assert!(
        answer.body.contains("no such file or directory"),
        "{answer:?}"
    );
    // Still the catalog that is told.
    let id = format!("app-{}", crate::harness::hostname());
    catalog.eye().set_status(&id, "critical");
    catalog.eye().wait_for_status("app", "passing");
    running.stop().expect_code(0);
    catalog.eye().wait_gone("app");
}

// 3.8: passes.
#[test]
fn the_log_changes_its_level_and_place() {
    let mut running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }, { name: 'clock', exec: 'echo tick', when: { interval: '50ms' } }")
        .start()
        .ready();
    running.wait_for_log("tick");
    running.rewrite(|pilot| {
        pilot.top("logging: { level: 'DEBUG', format: 'json', output: '@DIR/log' },")
    });
    running.reload().expect(200);
    running.until("the file has it", || {
        running
            .read("log")
            .contains("\"msg\":\"tick\"")
            .then_some(())
    });
    let lines = running.lines().len();
    let size = running.read("log").len();
    running.until("the file grows", || {
        (running.read("log").len() > size + 1000).then_some(())
    });
    assert!(running.lines().len() <= lines + 2, "{}", running.told());
    running.stop().expect_code(0);
}

// 3.8: differs: every one starts anew.
#[test]
fn a_reload_amid_a_restart_pause_keeps_the_pause() {
    let jobs = |word: &str| {
        format!(
            "{{ name: 'bad', exec: ['sh', '-c', 'echo bad ran; exit 1'], restarts: 'unlimited', backoff: {{ initial: '60s', max: '60s' }} }}, {{ name: 'other', exec: ['sleep', '1000', '{word}'] }}"
        )
    };
    let mut running = Pilot::new().jobs(&jobs("1")).start().ready();
    running.wait_for_state("bad", "backing-off");
    for word in ["2", "3", "4"] {
        running.rewrite(|pilot| pilot.jobs(&jobs(word)));
        running.reload().expect(200);
    }
    running.wait_for_state("other", "running");
    assert_eq!(running.job("bad")["state"], "backing-off");
    assert_eq!(running.stop().expect_code(0).count("bad ran"), 2);
}

// 3.8: lacks.
#[test]
fn watches_are_taken_up_with_a_catalog_that_comes_with_a_reload() {
    let catalog = Catalog::start();
    catalog.eye().register("db", "db-1", 5432);
    let none = "{ catalog: 'none', control: { socket: '@DIR/socket' }, stopTimeout: 1, watches: [{ name: 'db', interval: 1 }], jobs: [{ name: 'main', exec: 'sleep 1000' }, { name: 'on-db', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } }] }";
    let some = none.replace(
        "catalog: 'none'",
        &format!("consul: '{}'", catalog.address()),
    );
    let mut running = Pilot::new().config(none).start().ready();
    running.rewrite(|pilot| pilot.config(&some));
    running.reload().expect(200);
    running.wait_for_log("db changed");
    running.stop().expect_code(0);
}
