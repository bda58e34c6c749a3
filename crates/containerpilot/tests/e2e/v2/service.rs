//! Services in the catalog.

use std::time::Duration;

use super::{SLEEP, alone, around};
use crate::harness::{Consul, Eye, refusing};

fn member(health: &str, more: &str) -> String {
    format!(
        r#""services": [{{ "name": "app", "port": 80, "poll": 1, "ttl": 3, "interfaces": "lo", "health": {health} {more} }}]"#
    )
}

// 2.7: passes (case 218); what fails becomes critical when its ttl is over.
#[test]
fn a_service_follows_its_check() {
    let mut consul = Consul::start();
    let eye = consul.eye();
    let members = member(r#"["test", "-e", "@DIR/well"]"#, r#", "tags": ["v7"]"#);
    let running = around(consul.address(), &members, SLEEP).start();
    std::fs::write(running.path("well"), "").unwrap();
    eye.wait_for_status("app", "passing");
    let service = eye.service("app");
    assert_eq!(
        (&service["Address"], &service["Port"], &service["Tags"][0]),
        (&"127.0.0.1".into(), &80.into(), &"v7".into())
    );
    std::fs::remove_file(running.path("well")).unwrap();
    eye.wait_for_status("app", "critical");
    std::fs::write(running.path("well"), "").unwrap();
    eye.wait_for_status("app", "passing");
    // An agent that comes back with nothing in it is told again.
    consul.kill();
    consul.resume();
    eye.wait_for_status("app", "passing");
    running.stop_alone();
    eye.wait_gone("app");
}

// 2.7: differs (case 221): it waits for the check, tens of seconds.
#[test]
fn a_check_that_hangs_does_not_hold_up_the_stop() {
    let running = alone(
        &member(r#"["sh", "-c", "echo checking; sleep 1000"]"#, ""),
        SLEEP,
    )
    .start();
    running.wait_for_log("checking");
    let ended = running.stop();
    assert!(ended.took < Duration::from_secs(15), "{ended:#?}");
}

// 2.7: passes.
#[test]
fn a_check_is_killed_at_its_timeout() {
    let running = alone(
        &member(
            r#"["sh", "-c", "echo checking; exec sleep 1000"]"#,
            r#", "timeout": "100ms""#,
        ),
        SLEEP,
    )
    .start();
    running.wait_for_lines("checking", 3);
    running.stop();
}

// 2.7: passes.
#[test]
fn several_services_are_one_container() {
    let consul = Consul::start();
    let running = around(
        consul.address(),
        r#""services": [
            { "name": "web", "port": 80, "poll": 1, "ttl": 5, "interfaces": "lo" },
            { "name": "admin", "port": 81, "poll": 1, "ttl": 5, "interfaces": ["eth77", "lo"] } ]"#,
        &["sh", "-c", "env | sort; exec sleep 1000"],
    )
    .start();
    running.wait_for_log("CONTAINERPILOT_ADMIN_IP=127.0.0.1");
    running.wait_for_log("CONTAINERPILOT_WEB_IP=127.0.0.1");
    for name in ["web", "admin"] {
        consul.eye().wait_for_status(name, "passing");
    }
    running.stop_alone();
    for name in ["web", "admin"] {
        consul.eye().wait_gone(name);
    }
}

// 2.7: passes.
#[test]
fn the_application_does_not_need_the_catalog() {
    let running = around(refusing(), &member(r#""true""#, ""), &["@DIR/app"])
        .script("app", "echo up; exec sleep 1000")
        .start();
    running.wait_for_log("up");
    running.wait_for_log("cannot reach Consul");
    running.stop();
    // And comes to it when it is there.
    let consul = Consul::start();
    let eye: Eye = consul.eye();
    let running = around(consul.address(), &member(r#""true""#, ""), SLEEP).start();
    eye.wait_for_status("app", "passing");
    running.stop_alone();
}
