//! A catalog that is slow, gone or wrong is never felt by the application.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Faulty, Pilot, Running, Trouble, refusing, send};

const JOBS: &str = "{ name: 'app', exec: ['sh', '-c', 'echo app up; exec sleep 1000'], restarts: 'unlimited', backoff: 'none', port: 8000, interfaces: 'static:10.1.2.3', initial_status: 'passing',
    health: { exec: 'echo checked', interval: 1, ttl: 5 } },
  { name: 'on-db', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } }";

fn against(address: impl ToString) -> Running {
    Pilot::new()
        .stop_timeout(10)
        .consul(address)
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(JOBS)
        .start()
}

/// Starts, is checked, restarts and stops as if there were no catalog.
fn works(running: Running) {
    running.wait_for_log("app up");
    let running = running.ready();
    running.wait_for_log("checked");
    let pid = running.wait_for_state("app", "running")["pid"]
        .as_u64()
        .unwrap();
    let killed = Instant::now();
    send(u32::try_from(pid).unwrap(), Signal::KILL);
    running.wait_for_lines("app up", 2);
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{}",
        running.told()
    );
    assert_eq!(running.job("app")["health"], "unknown");
    running.reload().expect(200);
    let asked = Instant::now();
    let ended = running.stop().expect_code(0).expect_no_text("db changed");
    assert!(asked.elapsed() < Duration::from_secs(8), "{ended:#?}");
}

// 3.8: differs (case 143, pitfall 37): it hangs.
#[test]
fn a_catalog_that_never_answers_delays_nothing() {
    let catalog = Faulty::start(Trouble::Mute);
    works(against(catalog.address()));
    assert!(catalog.connections() > 0, "nobody asked it");
}

// 3.8: passes (case 142, pitfall 22).
#[test]
fn a_catalog_that_refuses_delays_nothing() {
    works(against(refusing()));
}

// 3.8: passes (case 152).
#[test]
fn a_catalog_that_fails_delays_nothing() {
    let catalog = Faulty::start(Trouble::Failing);
    works(against(catalog.address()));
    assert!(catalog.connections() > 0, "nobody asked it");
}

// 3.8: passes.
#[test]
fn a_catalog_whose_name_is_unknown_delays_nothing() {
    works(against("no-such-host.invalid:8500"));
}

// 3.8: differs (pitfall 23): it asks at every tick.
#[test]
fn a_catalog_in_trouble_is_asked_with_pauses_and_told_of_once() {
    let catalog = Faulty::start(Trouble::Failing);
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(&format!(
            "{JOBS}, {{ name: 'clock', exec: 'echo tick', when: {{ interval: '100ms' }} }}"
        ))
        .start()
        .ready();
    running.wait_for_lines("tick", 30);
    assert!(
        catalog.connections() < 60,
        "{} connections",
        catalog.connections()
    );
    assert!(running.job("app")["service"]["registered"].is_null());
    running.stop().expect_code(0);
}

// 3.8: passes (case 142, pitfall 22).
#[test]
fn a_catalog_that_comes_up_later_is_told() {
    let mut consul = crate::harness::Consul::start();
    consul.kill();
    let running = against(consul.address()).ready();
    running.wait_for_log("checked");
    consul.resume();
    consul.eye().wait_for_status("app", "passing");
    running.stop().expect_code(0);
    consul.eye().wait_gone("app");
}

// 3.8: lacks.
#[test]
fn no_catalog_at_all_is_fine() {
    let config = format!(
        "{{ catalog: 'none', control: {{ socket: '@DIR/socket' }}, jobs: [{{ name: 'app', exec: ['sh', '-c', 'echo app up; exec sleep 1000'], health: {{ exec: 'echo checked', interval: 1, ttl: 5 }} }}] }}"
    );
    let running = Pilot::new().config(&config).start().ready();
    running.wait_for_log("checked");
    assert!(running.status()["catalog"].is_null());
    running.stop().expect_code(0);
}
