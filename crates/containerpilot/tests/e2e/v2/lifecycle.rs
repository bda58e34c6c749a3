//! From `preStart` to the status.

use std::time::Duration;

use super::{APP, SLEEP, alone, around, file};
use crate::harness::{Catalog, Pilot, refusing};

/// What `sh -c` runs.
fn shell(script: &str) -> [&str; 3] {
    ["sh", "-c", script]
}

// 2.7: passes (case 197).
#[test]
fn the_file_may_be_given_as_text() {
    let config = file(refusing(), APP);
    Pilot::new()
        .args(&["-config", &config, "echo", "two  blanks", "three"])
        .run()
        .expect_code(0)
        .expect_text("two  blanks three");
    Pilot::new()
        .env("CONTAINERPILOT", &config)
        .args(&["sh", "-c", "exit 3"])
        .run()
        .expect_code(3);
}

// 2.7: lacks; the variable of Containerbuddy 1.x.
#[test]
fn containerbuddys_variable_is_heeded() {
    Pilot::new()
        .env("CONTAINERBUDDY", &file(refusing(), APP))
        .args(&["sh", "-c", "exit 3"])
        .run()
        .expect_code(3);
}

// 2.7: passes (case 198).
#[test]
fn a_file_that_cannot_be_used_ends_with_1() {
    Pilot::new()
        .args(&["-config", "file:///xxxx", "true"])
        .run()
        .expect_code(1)
        .expect_text("open /xxxx: no such file or directory");
    Pilot::new()
        .args(&["-config", "{}", "true"])
        .run()
        .expect_code(1)
        .expect_text("No discovery backend defined");
}

// 2.7: passes (cases 207 and 208).
#[test]
fn the_status_is_that_of_the_application() {
    for (end, code) in [("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 255)] {
        alone(APP, &shell(end)).run().expect_code(code);
    }
    alone(APP, &["/no/such/program"]).run().expect_code(127);
}

// 2.7: passes (case 208).
#[test]
fn a_pre_start_that_fails_is_the_end() {
    alone(
        r#""preStart": ["sh", "-c", "exit 9"], "preStop": "echo draining", "postStop": "echo after""#,
        &["echo", "app ran"],
    )
    .run()
    .expect_code(9)
    .expect_no_text("app ran")
    .expect_no_text("draining")
    .expect_no_text("after");
    alone(r#""preStart": "/no/such/program""#, &["echo", "app ran"])
        .run()
        .expect_code(127)
        .expect_no_text("app ran");
}

// 2.7: passes (case 209).
#[test]
fn on_start_is_pre_start() {
    alone(r#""onStart": "echo prepared""#, &["echo", "app ran"])
        .run()
        .expect_code(0)
        .expect_order(&["prepared", "app ran"]);
}

// 2.7: passes (case 208).
#[test]
fn a_post_stop_that_fails_gives_the_status() {
    let post_stop = |code: u8| format!(r#""postStop": ["sh", "-c", "echo after; exit {code}"]"#);
    for (post, app, code) in [(4, 3, 4), (0, 3, 3), (4, 0, 4)] {
        let program = format!("echo app ran; exit {app}");
        let ended = alone(&post_stop(post), &shell(&program)).run();
        ended.expect_code(code).expect_order(&["app ran", "after"]);
    }
    alone(r#""postStop": "echo after""#, &["/no/such/program"])
        .run()
        .expect_code(127)
        .expect_text("after");
}

// 2.7: passes.
#[test]
fn pre_stop_is_for_a_stop_that_was_asked_for() {
    alone(r#""preStop": "echo draining""#, &["true"])
        .run()
        .expect_code(0)
        .expect_no_text("draining");
}

// 2.7: passes (case 211).
#[test]
fn a_stop_goes_through_the_hooks() {
    let running = alone(
        r#""preStop": ["sh", "-c", "echo draining; exit 1"], "postStop": "echo after""#,
        &["@DIR/app"],
    )
    .script(
        "app",
        "trap 'echo got TERM; exit 2' TERM; echo up; while :; do sleep 0.05; done",
    )
    .start();
    running.wait_for_log("up");
    running
        .stop()
        .expect_code(2)
        .expect_order(&["up", "draining", "got TERM", "after"]);
}

// 2.7: passes, but that what the application started is left.
#[test]
fn an_application_that_ignores_term_is_killed() {
    let running = alone(r#""stopTimeout": 1"#, &["@DIR/app"])
        .script(
            "app",
            "trap '' TERM; sleep 1000 & echo up; while :; do sleep 0.05; done",
        )
        .start();
    running.wait_for_log("up");
    running.stop().expect_code(255);
}

// 2.7: passes (case 212).
#[test]
fn a_stop_takes_the_service_out_before_anything_else() {
    let catalog = Catalog::start();
    let services = format!("http://{}/v1/agent/services", catalog.address());
    let members = format!(r#"{APP}, "preStop": "curl -s {services}""#);
    let running = around(catalog.address(), &members, SLEEP).start();
    catalog.eye().wait_for_status("app", "passing");
    let ended = running.stop_alone();
    assert_eq!(ended.count("\"app\""), 0, "{ended:#?}");
    ended.expect_text("{}");
    catalog.eye().wait_gone("app");
}

// 2.7: differs (case 222): the service stays.
#[test]
fn an_application_that_ends_leaves_no_service() {
    let catalog = Catalog::start();
    let running = around(
        catalog.address(),
        APP,
        &shell("while [ ! -e end ]; do sleep 0.05; done"),
    )
    .start();
    catalog.eye().wait_for_status("app", "passing");
    std::fs::write(running.path("end"), "").unwrap();
    running.wait(crate::harness::PATIENCE).expect_code(0);
    catalog.eye().wait_gone("app");
}

// 2.7: differs (case 223): it goes on.
#[test]
fn a_stop_during_pre_start_is_heeded() {
    let running = alone(
        r#""preStart": ["sh", "-c", "echo preparing; sleep 1000"]"#,
        &["echo", "app ran"],
    )
    .start();
    running.wait_for_log("preparing");
    let ended = running.stop().expect_no_text("app ran");
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
}

// 2.7: differs (case 223): it cannot be stopped.
#[test]
fn without_a_program_it_goes_on_until_it_is_stopped() {
    let running = alone(
        r#""tasks": [{ "name": "t", "command": "echo tick", "frequency": "100ms" }]"#,
        &[],
    )
    .start();
    running.wait_for_lines("tick", 3);
    running
        .stop()
        .expect_code(0)
        .expect_text("received zero-length argument")
        .expect_no_text("panic");
}

// 2.7: passes (cases 205 and 206).
#[test]
fn words_of_the_program_are_templates() {
    alone(
        APP,
        &[
            "echo",
            "bound to {{ .CONTAINERPILOT_APP_IP }}:{{ .PORT | default 8000 }}",
        ],
    )
    .run()
    .expect_code(0)
    .expect_text("bound to 127.0.0.1:8000");
    alone(APP, &["echo", "{{ .CONTAINERPILOT_APP_IP }}", "{{ .broken"])
        .run()
        .expect_code(0)
        .expect_text("{{ .CONTAINERPILOT_APP_IP }} {{ .broken");
}

// 2.7: passes; it keeps variables of processes that are gone.
#[test]
fn processes_know_of_each_other() {
    alone(
        r#""preStart": ["sh", "-c", "echo helper ${CONTAINERPILOT_PID:?}"],
           "postStop": ["sh", "-c", "echo after ${CONTAINERPILOT_APP_IP:?}"],
           "services": [{ "name": "app", "port": 80, "poll": 1, "ttl": 10, "interfaces": "lo" }]"#,
        &["true"],
    )
    .run()
    .expect_code(0)
    .expect_order(&["helper ", "after 127.0.0.1"]);
}

// 2.7: passes.
#[test]
fn a_daemon_that_pre_start_starts_lives_as_long_as_the_application() {
    let members = "\"preStart\": [\"sh\", \"-c\", \"sleep 1000 & echo $! > @DIR/daemon\"]";
    alone(
        members,
        &shell("kill -0 $(cat @DIR/daemon) && echo still there"),
    )
    .run()
    .expect_code(0)
    .expect_text("still there");
}
