//! Files of 3 in the place of old ones, and what only ours does with an old one.

use rustix::process::Signal;

use super::{SLEEP, alone};
use crate::harness::Pilot;

// 2.7: lacks.
#[test]
fn a_file_is_migrated_and_runs() {
    let ended = Pilot::new()
        .file(
            "old.json",
            r#"{ "catalog": "none", "control": { "socket": "socket" }, "preStart": "echo prepared", "postStop": "echo cleaned" }"#,
        )
        .args(&["migrate", "@DIR/old.json", "--", "sh", "-c", "echo ran; exit 5"])
        .run()
        .expect_code(0)
        .expect_text("note: SIGUSR1");
    Pilot::new()
        .config(&ended.stdout)
        .run()
        .expect_code(5)
        .expect_order(&["prepared", "ran", "cleaned"]);
}

// 2.7: lacks.
#[test]
fn a_file_of_3_in_its_place_takes_the_application_from_nobody() {
    let mut running = alone(r#""control": { "socket": "@DIR/socket" }"#, SLEEP)
        .start()
        .ready();
    running.rewrite(|pilot| {
        pilot.config(
            r#"{ control: { socket: "@DIR/socket" }, jobs: [{ name: "other", exec: "sleep 1000" }] }"#,
        )
    });
    running.signal(Signal::HUP);
    running.wait_for_log("takes no program: make it a job");
    assert_eq!(running.job("app")["state"], "running");
    running.stop();
}

// 2.7: differs: coprocesses are not stopped.
#[test]
fn a_coprocess_leaves_when_nobody_needs_it_any_more() {
    let running = alone(
        r#""preStop": "echo draining", "postStop": "echo after",
           "coprocesses": [{ "name": "agent", "command": "@DIR/agent" }]"#,
        &["@DIR/app"],
    )
    .script(
        "agent",
        "trap 'echo agent leaves; exit 0' TERM; echo agent is up; while :; do sleep 0.05; done",
    )
    .script(
        "app",
        "trap 'echo got TERM; exit 2' TERM; echo up; while :; do sleep 0.05; done",
    )
    .start();
    running.wait_for_log("agent is up");
    running.wait_for_lines("up", 2);
    let ended = running.stop().expect_code(2);
    ended.expect_order(&["draining", "got TERM", "after", "agent leaves"]);
}

// 2.7: differs: as PID 1 it ends with 0.
#[test]
fn the_status_is_that_of_the_application_for_pid_1_too() {
    let program = [
        "sh",
        "-c",
        "until [ -e @DIR/go ]; do sleep 0.05; done; exit 7",
    ];
    let pilot = alone(r#""control": { "socket": "@DIR/socket" }"#, &program);
    let running = pilot.in_namespace().start().ready();
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_exit().expect_code(7);
}
