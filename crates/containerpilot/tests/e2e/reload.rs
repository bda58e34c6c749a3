//! A new configuration is taken up without a break, or not at all.

use std::collections::BTreeMap;

use rustix::process::Signal;

use crate::harness::{Catalog, Pilot, Running, descriptors, field, hostname, resident_kib};

fn pids(running: &Running) -> BTreeMap<String, u64> {
    let status = running.status();
    let jobs = status["jobs"].as_array().unwrap().iter();
    jobs.filter_map(|job| Some((job["name"].as_str()?.to_owned(), job["pid"].as_u64()?)))
        .collect()
}

// 3.8: passes (case 161).
#[test]
fn one_reload_is_told_of_once() {
    let running = Pilot::new()
        .top("logging: { level: 'DEBUG' },")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.cli(&["-reload"]).expect_code(0);
    running.wait_for_lines("control: serving at ", 2);
    running.wait_for_log("control: reloaded app via control plane");
    let ended = running.stop().expect_code(0);
    assert_eq!(ended.count("control: reloaded app via control plane"), 1);
    assert_eq!(ended.count("control: serving at "), 2);
}

// 3.8: differs (case 162, pitfall 24): every process is started anew each time.
#[test]
fn a_thousand_reloads_change_nothing_and_leave_nothing() {
    let jobs = "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 10 } },
         { name: 'beside', exec: 'sleep 1000', restarts: 'unlimited' },
         { name: 'clock', exec: 'true', when: { interval: '100ms' } },
         { name: 'on-db', exec: 'true', when: { source: 'watch.db', each: 'changed' } },";
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(jobs)
        .start()
        .ready();
    catalog.eye().wait_for_status("app", "passing");
    let mut before = (0, 0);
    let long = |running: &Running| {
        let mut pids = pids(running);
        pids.retain(|name, _| name == "app" || name == "beside");
        pids
    };
    let pids = long(&running);
    assert_eq!(pids.len(), 2);
    for n in 0..1000 {
        if n == 200 {
            before = (descriptors(running.pid()), resident_kib(running.pid()));
        }
        running.reload().expect(200);
    }
    assert_eq!(long(&running), pids);
    let grown = resident_kib(running.pid()).saturating_sub(before.1);
    assert!(grown < 600, "{grown} KiB more than {} KiB", before.1);
    running.until("the descriptors are as before", || {
        (descriptors(running.pid()) <= before.0 + 1).then_some(())
    });
    assert_eq!(catalog.eye().check("app")["Status"], "passing");
    let threads: u32 = field(running.pid(), "Threads").unwrap().parse().unwrap();
    assert!(threads < 6, "{threads} threads");
    running.stop().expect_code(0);
}

// 3.8: differs (22.3): every process is started anew.
#[test]
fn only_what_changed_is_started_anew() {
    let jobs = |second: u32, third: &str| {
        format!(
            "{{ name: 'same', exec: 'sleep 1000' }}, {{ name: 'other', exec: 'sleep {second}' }}, {{ name: '{third}', exec: 'sleep 3000' }}"
        )
    };
    let mut running = Pilot::new().jobs(&jobs(2000, "old")).start().ready();
    let before = running.until("all run", || {
        Some(pids(&running)).filter(|pids| pids.len() == 3)
    });
    running.rewrite(|pilot| pilot.jobs(&jobs(2001, "new")));
    running.reload().expect(200);
    let after = running.until("all run again", || {
        Some(pids(&running)).filter(|pids| pids.len() == 3 && pids.contains_key("new"))
    });
    assert_eq!(before["same"], after["same"]);
    assert_ne!(before["other"], after["other"]);
    running.wait_gone(u32::try_from(before["old"]).unwrap());
    running.stop().expect_code(0);
}

// 3.8: differs (case 165): the helper ends.
#[test]
fn a_bad_file_changes_nothing_and_whoever_asked_is_told() {
    let jobs = "{ name: 'app', exec: 'sleep 1000' }";
    let mut running = Pilot::new().jobs(jobs).start().ready();
    let pid = running.wait_for_state("app", "running")["pid"].clone();
    for bad in [
        "{",
        "{ consul: 'x', bogus: 1 }",
        "{ consul: 'x', jobs: [{ name: '' }] }",
        "{{ nofunc }}",
    ] {
        running.rewrite(|pilot| pilot.config(bad));
        let answer = running.reload().expect(422);
        assert!(
            answer.body.starts_with("Unprocessable Entity: "),
            "{answer:?}"
        );
        let ended = running.cli(&["reload"]);
        // The socket is still found, since it is where the last line of it says or the default.
        assert_eq!(ended.code(), Some(1), "{ended:#?}");
    }
    std::fs::remove_file(running.path("config.json5")).unwrap();
    running.reload().expect(422);
    running.wait_for_log("configuration not reloaded, the old one stays");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
}

// 3.8: passes (case 166).
#[test]
fn a_bad_file_and_then_a_good_one_is_taken_up() {
    let mut running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.rewrite(|pilot| pilot.top("bogus: 1,"));
    let answer = running.reload().expect(422);
    assert!(answer.body.contains("bogus"), "{answer:?}");
    running.rewrite(|pilot| pilot.config("{ catalog: 'none', control: { socket: '@DIR/socket' }, jobs: [{ name: 'app', exec: 'sleep 1000' }, { name: 'more', exec: 'echo taken up' }] }"));
    running.reload().expect(200);
    running.wait_for_log("taken up");
    running.stop().expect_code(0);
}

// 3.8: differs (case 167): the old process stays beside the new one.
#[test]
fn a_process_that_ignores_term_is_gone_before_its_successor_starts() {
    let jobs = |word: &str| format!("{{ name: 'app', exec: ['@DIR/app', '{word}'] }}");
    let mut running = Pilot::new()
        .script("app", "trap '' TERM; for pid in $(cat @DIR/pids 2>/dev/null); do kill -0 $pid 2>/dev/null && echo two at once; done; echo $$ >> @DIR/pids; echo up $1; while :; do sleep 0.05; done")
        .jobs(&jobs("one"))
        .start()
        .ready();
    running.wait_for_log("up one");
    running.rewrite(|pilot| pilot.jobs(&jobs("two")));
    running.reload().expect(200);
    running.wait_for_log("up two");
    running.stop().expect_no_text("two at once");
}

// 3.8: differs (16.9): watches start from nothing.
#[test]
fn a_reload_fires_no_watch() {
    let catalog = Catalog::start();
    catalog.eye().register("db", "db-1", 5432);
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'on-db', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } }")
        .start()
        .ready();
    running.wait_for_log("db changed");
    for _ in 0..5 {
        running.reload().expect(200);
    }
    catalog.eye().register("db", "db-2", 5433);
    running.wait_for_lines("db changed", 2);
    assert_eq!(running.stop().expect_code(0).count("db changed"), 2);
}

// 3.8: lacks: it leaves maintenance.
#[test]
fn maintenance_outlives_a_reload() {
    let running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.cli(&["-maintenance", "enable"]).expect_code(0);
    running.reload().expect(200);
    assert_eq!(running.status()["maintenance"], true);
    running.stop().expect_code(0);
}

// 3.8: passes.
#[test]
fn the_socket_moves_where_the_new_configuration_says() {
    let mut running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.rewrite(|pilot| pilot.config("{ catalog: 'none', control: { socket: '@DIR/other' }, jobs: [{ name: 'app', exec: 'sleep 1000' }] }"));
    running.reload().expect(200);
    running.until("the socket is there", || {
        running.path("other").exists().then_some(())
    });
    assert!(!running.path("socket").exists());
    assert_eq!(running.cli(&["ping"]).expect_code(0).stdout, "ok\n");
    running.stop().expect_code(0);
}

// 3.8: lacks (pitfall 24): registered under another address after a reload, under one identity.
#[test]
fn a_service_with_another_address_is_one_entry() {
    let catalog = Catalog::start();
    let jobs = |address: &str| {
        format!(
            "{{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:{address}', health: {{ exec: 'true', interval: 1, ttl: 10 }} }}"
        )
    };
    let mut running = Pilot::new()
        .consul(catalog.address())
        .jobs(&jobs("10.0.0.1"))
        .start()
        .ready();
    catalog.eye().wait_for_status("app", "passing");
    running.rewrite(|pilot| pilot.jobs(&jobs("10.0.0.2")));
    running.reload().expect(200);
    catalog.eye().until("the new address is there", || {
        (catalog.eye().service("app")["Address"] == "10.0.0.2").then_some(())
    });
    let services = catalog.eye().get("/v1/agent/services");
    let ids: Vec<&String> = services.as_object().unwrap().keys().collect();
    assert_eq!(ids, [&format!("app-{}", hostname())]);
    running.stop().expect_code(0);
    catalog.eye().wait_gone("app");
}

// 3.8: lacks: a hangup does not reload.
#[test]
fn a_hangup_is_no_reload() {
    let mut running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }, { name: 'two', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.rewrite(|pilot| pilot.jobs("{ name: 'other', exec: 'sleep 1000' }"));
    running.signal(Signal::HUP);
    running.wait_for_log("SIGHUP passed over");
    assert_eq!(running.job("app")["state"], "running");
    running.stop().expect_code(0);
}
