//! As PID 1 of a namespace, as in a container. Wants root.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::harness::{Pilot, processes};

// 3.8: differs (case 194): always 0.
#[test]
fn the_status_is_that_of_the_application() {
    for (end, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -9 $$", 137),
        ("kill -11 $$", 139),
    ] {
        let jobs = format!(
            "{{ name: 'app', exec: ['sh', '-c', '{end}'], essential: true }}, {{ name: 'beside', exec: 'sleep 1000' }}"
        );
        Pilot::new()
            .in_namespace()
            .jobs(&jobs)
            .start_early()
            .wait_exit()
            .expect_code(code);
        Pilot::new()
            .in_namespace()
            .args(&["--", "sh", "-c", end])
            .start_early()
            .wait_exit()
            .expect_code(code);
    }
}

// 3.8: differs (case 194): always 0.
#[test]
fn a_configuration_that_cannot_be_used_ends_with_1() {
    Pilot::new()
        .in_namespace()
        .config("<>")
        .start_early()
        .wait_exit()
        .expect_code(1)
        .expect_text("parse error");
}

// 3.8: passes (case 192).
#[test]
fn orphans_are_reaped() {
    let running = Pilot::new()
        .in_namespace()
        .script("check", "(setsid sleep 1 &) ; (setsid sleep 0.1 &) ; echo checked")
        .script("churn", "for i in 1 2 3 4 5; do (setsid sh -c 'exit 3' &); (sleep 0.02 &); done")
        .jobs(
            "{ name: 'main', exec: 'sleep 1000', health: { exec: '@DIR/check', interval: 1, ttl: 5 } },
             { name: 'churn', exec: '@DIR/churn', when: { interval: '50ms' } }",
        )
        .start()
        .ready();
    let mut before = BTreeSet::new();
    let zombies = || -> BTreeSet<u32> {
        let all = processes().into_iter();
        let own = all.filter(|process| process.parent == running.pid() && process.is_zombie());
        own.map(|process| process.pid).collect()
    };
    for checks in 1..=4 {
        // From one check to the next is a second, in which nothing may stay a zombie.
        running.wait_for_lines("checked", checks);
        let now = zombies();
        let stuck: Vec<_> = now.intersection(&before).collect();
        assert!(
            stuck.is_empty(),
            "not reaped: {stuck:?}\n{}",
            running.told()
        );
        before = now;
    }
    running
        .stop()
        .expect_code(0)
        .expect_no_text("no child processes");
}

// 3.8: passes (case 195), apart from forwarding.
#[test]
fn signals_reach_the_application() {
    let running = Pilot::new()
        .in_namespace()
        .script("app", "for s in HUP USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; trap 'echo got TERM; exit 0' TERM; echo up; while :; do sleep 0.05; done")
        .jobs("{ name: 'app', exec: '@DIR/app', essential: true }")
        .start();
    running.wait_for_log("up");
    for (signal, name) in [
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        running.signal(signal);
        running.wait_for_log(&format!("got {name}"));
    }
    running.stop().expect_code(0).expect_text("got TERM");
}

// 3.8: lacks.
#[test]
fn one_program_has_an_init() {
    let running = Pilot::new()
        .in_namespace()
        .script("app", "echo \"pid $$ of $PPID\"; (setsid sh -c 'sleep 0.2; exit 3' &); trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
        .args(&["--", "@DIR/app"])
        .start();
    running.wait_for_log("of 1");
    running.wait_for_log("up");
    running.stop().expect_code(5);
}

// 3.8: passes (case 193).
#[test]
fn it_runs_without_any_job() {
    let running = Pilot::new().in_namespace().start().ready();
    running.stop().expect_code(0).expect_no_text("panic");
}

// 3.8: passes.
#[test]
fn an_application_that_ignores_term_is_killed() {
    let running = Pilot::new()
        .in_namespace()
        .script("app", "trap '' TERM; setsid sh -c \"trap '' TERM; sleep 1000\" & echo up; while :; do sleep 0.05; done")
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("up");
    running.stop().expect_code(137);
}

// 3.8: lacks.
#[test]
fn the_helper_is_the_one_process_of_its_own() {
    let running = Pilot::new()
        .in_namespace()
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    assert_eq!(running.status()["pid"], 1);
    let children = running.until("the job runs", || {
        Some(running.children()).filter(|all| !all.is_empty())
    });
    assert_eq!(children.len(), 1, "{children:#?}");
    running.stop().expect_code(0);
}
