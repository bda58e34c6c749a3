//! HUP reloads, USR1 begins and ends maintenance, TERM and INT stop.

use rustix::process::Signal;

use super::{APP, SLEEP, alone, around, file};
use crate::harness::{Catalog, refusing};

// 2.7: passes (case 210).
#[test]
fn usr1_begins_and_ends_maintenance() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let members = format!(
        r#"{APP}, "tasks": [{{ "name": "clock", "command": "echo tick", "frequency": "100ms" }}]"#
    );
    let running = around(catalog.address(), &members, SLEEP).start();
    eye.wait_for_status("app", "passing");
    running.signal(Signal::USR1);
    eye.wait_gone("app");
    // A reload does not end it.
    running.signal(Signal::HUP);
    running.wait_for_log("eload");
    assert!(eye.service("app").is_null());
    running.signal(Signal::USR1);
    eye.wait_for_status("app", "passing");
    running.stop_alone();
}

// 2.7: passes (case 214).
#[test]
fn maintenance_that_pre_start_began_can_be_ended() {
    let catalog = Catalog::start();
    let members = format!(r#"{APP}, "preStart": ["sh", "-c", "kill -USR1 $CONTAINERPILOT_PID"]"#);
    let running = around(catalog.address(), &members, &["@DIR/app"])
        .script("app", "echo up; exec sleep 1000")
        .start();
    running.wait_for_log("up");
    assert!(catalog.eye().service("app").is_null());
    running.signal(Signal::USR1);
    catalog.eye().wait_for_status("app", "passing");
    running.stop_alone();
}

// 2.7: passes (case 214).
#[test]
fn pre_start_may_repair_the_file() {
    let catalog = Catalog::start();
    let broken = r#""preStart": "@DIR/repair", "services": [{ "name": "app", "port": 80, "poll": 1, "ttl": 5, "interfaces": "lo", "health": "false" }]"#;
    let whole = file(catalog.address(), &broken.replace("\"false\"", "\"true\""));
    let running = around(catalog.address(), broken, SLEEP)
        .file("whole", &whole)
        .script(
            "repair",
            "cp @DIR/whole @DIR/config.json5; kill -HUP $CONTAINERPILOT_PID",
        )
        .start();
    catalog.eye().wait_for_status("app", "passing");
    running.stop_alone();
}

// 2.7: passes (case 213).
#[test]
fn a_reload_takes_a_good_file_only() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let backend = |name: &str| {
        format!(
            r#""backends": [{{ "name": "{name}", "poll": 1, "onChange": ["sh", "-c", "echo {name} changed"] }}]"#
        )
    };
    let mut running = around(catalog.address(), &backend("one"), SLEEP).start();
    eye.register("one", "one-1", 1);
    running.wait_for_lines("one changed", 1);
    running.rewrite(|pilot| pilot.config(&file(catalog.address(), "\"bogus\": 1")));
    running.signal(Signal::HUP);
    running.wait_for_log("bogus");
    eye.register("one", "one-2", 2);
    running.wait_for_lines("one changed", 2);
    running.rewrite(|pilot| pilot.config(&file(catalog.address(), &backend("two"))));
    eye.register("two", "two-1", 1);
    running.signal(Signal::HUP);
    running.wait_for_lines("two changed", 1);
    running.stop_alone();
}

// 2.7: passes (case 215).
#[test]
fn three_hundred_reloads_leave_the_service_well() {
    let catalog = Catalog::start();
    let running = around(catalog.address(), APP, &["@DIR/app"])
        .script("app", "echo up; exec sleep 1000")
        .start();
    running.wait_for_log("up");
    // Some merge while they wait, and some come in the middle of another.
    let mut pause = 7_u64;
    for _ in 0..300 {
        running.signal(Signal::HUP);
        pause = (pause * 29 + 11) % 31;
        std::thread::sleep(std::time::Duration::from_millis(pause));
    }
    catalog.eye().wait_for_status("app", "passing");
    let ended = running.stop_alone();
    assert_eq!(ended.count("up"), 1, "{ended:#?}");
    catalog.eye().wait_gone("app");
}

// 2.7: passes; a reload does not touch the application, whatever the file says of it.
#[test]
fn a_reload_leaves_the_application_alone() {
    let mut running = alone(r#""preStart": "echo prepared""#, &["@DIR/app"])
        .script("app", "echo up $$; exec sleep 1000")
        .start();
    running.wait_for_log("up");
    running.rewrite(|pilot| {
        let members = r#""preStart": "echo prepared again", "postStop": "echo after""#;
        pilot.config(&file(refusing(), members))
    });
    running.signal(Signal::HUP);
    running.wait_for_log("eload");
    let ended = running.stop();
    assert_eq!(
        (ended.count("up"), ended.count("prepared again")),
        (1, 0),
        "{ended:#?}"
    );
    ended.expect_text("after");
}

// 2.7: differs: it dies at once, and leaves everything as it is.
#[test]
fn int_stops_as_term_does() {
    let running = alone(r#""preStop": "echo draining""#, &["@DIR/app"])
        .script("app", "echo up; exec sleep 1000")
        .start();
    running.wait_for_log("up");
    running.signal(Signal::INT);
    running.wait_exit().expect_text("draining");
}
