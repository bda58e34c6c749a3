//! A catalog that is slow, gone or wrong is never felt by the application.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Faulty, Pilot, Recorder, Running, Trouble, refusing, send};

const JOBS: &str = "{ name: 'app', exec: ['sh', '-c', 'echo app up; exec sleep 1000'], restarts: 'unlimited', backoff: 'none', port: 8000, interfaces: 'static:10.1.2.3', initial_status: 'passing',
    health: { exec: 'echo checked', interval: 1, ttl: 5 } },
  { name: 'on-db', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } }";

fn against(address: impl std::fmt::Display) -> Running {
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
    let config = "{ catalog: 'none', control: { socket: '@DIR/socket' }, jobs: [{ name: 'app', exec: 'sleep 1000', health: { exec: 'echo checked', interval: 1, ttl: 5 } }] }";
    let running = Pilot::new().config(config).start().ready();
    running.wait_for_log("checked");
    assert!(running.status()["catalog"].is_null());
    running.stop().expect_code(0);
}

const SERVICE: &str = "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 5 } },
  { name: 'main', exec: 'sleep 1000' }";

// 3.8: passes (9.6, pitfall 14): registered once, with its status, and updated from then on.
#[test]
fn a_service_is_registered_once_with_its_status() {
    let catalog = Recorder::start("");
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(SERVICE)
        .start()
        .ready();
    running.until("some updates came", || {
        (catalog.asked("/v1/agent/check/update/").len() >= 3).then_some(())
    });
    let registrations = catalog.asked("/v1/agent/service/register");
    assert_eq!(registrations.len(), 1, "{registrations:#?}");
    let body: serde_json::Value = serde_json::from_str(&registrations[0].body).unwrap();
    assert_eq!(
        (&body["Name"], &body["Port"]),
        (&"app".into(), &8000.into())
    );
    assert_eq!(
        (&body["Check"]["TTL"], &body["Check"]["Status"]),
        (&"5s".into(), &"passing".into())
    );
    running.stop().expect_code(0);
    assert_eq!(catalog.asked("/v1/agent/service/deregister/app-").len(), 1);
}

// 3.8: passes (case 145).
#[test]
fn the_token_of_the_environment_wins_and_is_shown() {
    let catalog = Recorder::start("");
    let config = format!(
        "{{ consul: {{ address: '{}', token: 'of-the-file' }}, control: {{ socket: '@DIR/socket' }}, jobs: [{SERVICE}] }}",
        catalog.address()
    );
    for (variable, token) in [
        ("CONSUL_HTTP_TOKEN", "of-the-environment"),
        ("OTHER", "of-the-file"),
    ] {
        let running = Pilot::new()
            .config(&config)
            .env(variable, "of-the-environment")
            .start();
        let before = catalog.asked("register").len();
        let asked = running.until("it is registered", || {
            catalog.asked("register").get(before).cloned()
        });
        let head = asked.head.to_lowercase();
        assert!(head.contains(&format!("x-consul-token: {token}")), "{head}");
        running
            .stop()
            .expect_code(0)
            .expect_no_text("of-the-environment")
            .expect_no_text("of-the-file");
    }
}

// 3.8: passes (pitfall 16).
#[test]
fn a_deregistration_that_is_refused_is_told_and_delays_nothing() {
    let catalog = Recorder::start("deregister");
    let running = Pilot::new()
        .stop_timeout(60)
        .consul(catalog.address())
        .jobs(SERVICE)
        .start()
        .ready();
    running.until("it is registered", || {
        (!catalog.asked("/v1/agent/check/update/").is_empty()).then_some(())
    });
    let ended = running.stop().expect_code(0);
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
    assert!(
        ended.lines.iter().any(|line| line.contains("403")),
        "{ended:#?}"
    );
}

// 3.8: differs (pitfall 20): it polls.
#[test]
fn a_helper_at_rest_uses_no_processor() {
    let catalog = Recorder::start("");
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(SERVICE)
        .start()
        .ready();
    let updates = |count: usize| {
        running.until(&format!("{count} checks have been told"), || {
            (catalog.asked("/v1/agent/check/update/").len() >= count).then_some(())
        });
    };
    updates(1);
    let (before, began) = (processor_ticks(running.pid()), Instant::now());
    updates(4);
    let used = processor_ticks(running.pid()) - before;
    // A hundredth of a second each; a check and a few requests a second want one or two.
    let allowed = 5.0 * began.elapsed().as_secs_f64();
    assert!(used as f64 <= allowed, "{used} ticks, more than {allowed}");
    running.stop().expect_code(0);
}

/// The processor time of a process, in ticks.
fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
