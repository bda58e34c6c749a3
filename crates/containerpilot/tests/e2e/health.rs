//! Checks, and what the catalog is told.

use rustix::process::Signal;

use crate::harness::{Catalog, Consul, Eye, Pilot, Running, hostname, send};

/// A service whose check passes while there is a file `fine`.
const APP: &str = "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', tags: ['blue'], restarts: 'unlimited', backoff: 'none',
   health: { exec: ['sh', '-c', 'test -e @DIR/fine && echo all is well || { echo disk is full; exit 1; }'], interval: 1, ttl: 5 } }";

fn fine(running: &Running, is_fine: bool) {
    let path = running.path("fine");
    if is_fine {
        std::fs::write(path, "").unwrap();
    } else {
        let _ = std::fs::remove_file(path);
    }
}

fn registered(eye: Eye) {
    let running = Pilot::new().consul(eye.0).jobs(APP).start().ready();
    running.wait_for_log("check.app exited with error: exit status 1");
    assert!(
        eye.service("app").is_null(),
        "registered before it was well"
    );
    fine(&running, true);
    let check = eye.wait_for_status("app", "passing");
    assert_eq!(check["Notes"], "TTL for app set by containerpilot");
    assert_eq!(check["CheckID"], format!("service:app-{}", hostname()));
    let service = eye.service("app");
    assert_eq!(
        (&service["Service"], &service["Address"], &service["Port"]),
        (&"app".into(), &"10.1.2.3".into(), &8000.into())
    );
    assert_eq!(service["Tags"], serde_json::json!(["blue"]));
    running.stop().expect_code(0);
    eye.wait_gone("app");
}

// 3.8: passes (cases 133 and 137, pitfall 16).
#[test]
fn a_service_is_registered_when_it_is_well_and_gone_after_the_stop() {
    registered(Catalog::start().eye());
}

// 3.8: passes (cases 133 and 137).
#[test]
fn a_service_is_registered_in_the_real_consul() {
    let consul = Consul::start();
    registered(consul.eye());
}

// 3.8: differs (case 138): it waits for the TTL.
#[test]
fn a_failing_check_is_told_at_once_and_so_is_its_recovery() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(&APP.replace("ttl: 5", "ttl: 600"))
        .start()
        .ready();
    for _ in 0..2 {
        fine(&running, true);
        catalog.eye().wait_for_status("app", "passing");
        fine(&running, false);
        let check = catalog.eye().wait_for_status("app", "critical");
        assert!(
            !check["Output"].as_str().unwrap().contains("TTL expired"),
            "{check}"
        );
        assert_eq!(running.job("app")["health"], "unhealthy");
    }
    running.stop().expect_code(0);
}

// 3.8: passes (case 134).
#[test]
fn an_initial_status_is_told_before_any_check() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs("{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', initial_status: 'warning', health: { exec: 'true', interval: 500, ttl: 1000 } }")
        .start();
    catalog.eye().wait_for_status("app", "warning");
    running.stop().expect_code(0);
}

// 3.8: passes (case 135, pitfall 17).
#[test]
fn a_helper_that_comes_back_with_another_address_is_one_entry() {
    let catalog = Catalog::start();
    let job = |address: &str| {
        format!(
            "{{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:{address}', health: {{ exec: 'true', interval: 1, ttl: 10 }} }}"
        )
    };
    let pilot = Pilot::new().consul(catalog.address());
    let mut first = pilot.clone().jobs(&job("10.0.0.1")).start();
    catalog.eye().wait_for_status("app", "passing");
    first.kill();
    let second = pilot.twin().jobs(&job("10.0.0.2")).start();
    catalog.eye().until("the new address is there", || {
        (catalog.eye().service("app")["Address"] == "10.0.0.2").then_some(())
    });
    assert_eq!(
        catalog
            .eye()
            .get("/v1/agent/services")
            .as_object()
            .unwrap()
            .len(),
        1
    );
    second.stop().expect_code(0);
}

// 3.8: passes (case 136); without a term it refuses (case 82).
#[test]
fn extras_of_consul_reach_it() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs("{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', consul: { enableTagOverride: true }, health: { exec: 'true', interval: 1, ttl: 10 } }")
        .start();
    catalog.eye().wait_for_status("app", "passing");
    assert_eq!(catalog.eye().service("app")["EnableTagOverride"], true);
    running.stop().expect_code(0);
}

// 3.8: passes (case 139); it does not come back (case 140).
#[test]
fn maintenance_takes_out_of_the_catalog_and_its_end_brings_back() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(&format!("{APP}, {{ name: 'page', exec: 'echo page me not', when: {{ source: 'global', each: 'enterMaintenance' }} }}, {{ name: 'unpage', exec: 'echo page me again', when: {{ source: 'global', each: 'exitMaintenance' }} }}"))
        .start()
        .ready();
    fine(&running, true);
    catalog.eye().wait_for_status("app", "passing");
    let pid = running.job("app")["pid"].clone();
    running.cli(&["-maintenance", "enable"]).expect_code(0);
    catalog.eye().wait_gone("app");
    running.wait_for_log("page me not");
    assert_eq!(running.job("app")["health"], "maintenance");
    running.cli(&["-maintenance", "disable"]).expect_code(0);
    running.wait_for_log("page me again");
    catalog.eye().wait_for_status("app", "passing");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
}

// 3.8: differs (case 141, pitfall 15): it never comes back.
#[test]
fn an_agent_that_forgot_is_told_again() {
    let mut consul = Consul::start();
    let running = Pilot::new()
        .consul(consul.address())
        .jobs(APP)
        .start()
        .ready();
    fine(&running, true);
    consul.eye().wait_for_status("app", "passing");
    let pid = running.job("app")["pid"].clone();
    consul.kill();
    consul.resume();
    consul.eye().wait_for_status("app", "passing");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
    consul.eye().wait_gone("app");
}

// 3.8: passes (pitfall 16): the TTL is for a helper that is gone.
#[test]
fn a_helper_that_is_killed_leaves_a_critical_entry_by_its_ttl() {
    let consul = Consul::start();
    let mut running = Pilot::new()
        .consul(consul.address())
        .jobs(&APP.replace("ttl: 5", "ttl: 3"))
        .start()
        .ready();
    fine(&running, true);
    consul.eye().wait_for_status("app", "passing");
    running.kill();
    let check = consul.eye().wait_for_status("app", "critical");
    let output = check["Output"].as_str().unwrap();
    assert!(output.contains("TTL expired"), "{check}");
}

// 3.8: differs (pitfall 39): the status of the run before stays.
#[test]
fn a_restart_makes_the_health_unknown_and_the_entry_critical() {
    let catalog = Catalog::start();
    let job = APP
        .replace("interval: 1,", "interval: 2,")
        .replace("backoff: 'none'", "backoff: { initial: '60s', max: '60s' }");
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(&job)
        .start()
        .ready();
    fine(&running, true);
    catalog.eye().wait_for_status("app", "passing");
    // The first restart comes at once, the second after the pause.
    for _ in 0..2 {
        let pid = running.wait_for_state("app", "running")["pid"]
            .as_u64()
            .unwrap();
        send(u32::try_from(pid).unwrap(), Signal::KILL);
        running.wait_gone(u32::try_from(pid).unwrap());
    }
    catalog.eye().wait_for_status("app", "critical");
    let job = running.wait_for_state("app", "backing-off");
    assert_eq!(job["restarts"], 1);
    running.stop().expect_code(0);
}

// 3.8: passes.
#[test]
fn a_check_without_a_service_gives_events() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'app', exec: 'sleep 1000', health: { exec: 'test -e @DIR/fine', interval: 1, ttl: 5 } },
             { name: 'good', exec: 'echo app is well', when: { source: 'app', once: 'healthy' } },
             { name: 'bad', exec: 'echo app is unwell', when: { source: 'app', once: 'unhealthy' } },
             { name: 'failed', exec: 'echo the check failed', when: { source: 'check.app', once: 'exitFailed' } }",
        )
        .start()
        .ready();
    running.wait_for_log("app is unwell");
    running.wait_for_log("the check failed");
    fine(&running, true);
    running.wait_for_log("app is well");
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 12): it blocks the job.
#[test]
fn a_slow_check_runs_alone_and_delays_nobody() {
    let running = Pilot::new()
        .script("check", "mkdir @DIR/busy || echo overlap; echo check begins; sleep 3; rmdir @DIR/busy; echo check ends")
        .jobs("{ name: 'app', exec: 'sleep 1000', health: { exec: '@DIR/check', interval: 1, ttl: 5, timeout: '60s' } }, { name: 'clock', exec: 'echo tick', when: { interval: '100ms' } }")
        .start();
    running.wait_for_log("check begins");
    let ticks = running.count("tick");
    running.wait_for_log("check ends");
    assert!(running.count("tick") >= ticks + 8, "{}", running.told());
    running.wait_for_lines("check begins", 2);
    running.stop().expect_code(0).expect_no_text("overlap");
}

// 3.8: passes (14.1): a service without a program and a check.
#[test]
fn a_service_without_a_check_is_always_well() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs("{ name: 'outside', port: 8000, interfaces: 'static:10.1.2.3', health: { interval: 1, ttl: 5 } }")
        .start();
    catalog.eye().wait_for_status("outside", "passing");
    running.stop().expect_code(0);
    catalog.eye().wait_gone("outside");
}

// 3.8: passes (pitfall 17).
#[test]
fn two_services_are_two_entries() {
    let catalog = Catalog::start();
    let one = |name: &str, port: u16| {
        format!(
            "{{ name: '{name}', exec: 'sleep 1000', port: {port}, interfaces: 'static:10.1.2.3', health: {{ exec: 'true', interval: 1, ttl: 5 }} }}"
        )
    };
    let jobs = [one("web", 8000), one("admin", 8001)].join(",");
    let running = Pilot::new().consul(catalog.address()).jobs(&jobs).start();
    catalog.eye().wait_for_status("web", "passing");
    catalog.eye().wait_for_status("admin", "passing");
    assert_eq!(catalog.eye().service("admin")["Port"], 8001);
    running.stop().expect_code(0);
}
