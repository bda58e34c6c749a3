//! The status with which the helper ends is that of what it ran.

use rustix::process::Signal;

use crate::harness::Pilot;

/// A way to end, in the words of `sh`, and the status that tells of it.
const ENDS: &[(&str, i32)] = &[
    ("exit 0", 0),
    ("exit 1", 1),
    ("exit 7", 7),
    ("exit 255", 255),
    ("kill -9 $$", 128 + 9),
    ("kill -15 $$", 128 + 15),
    ("kill -11 $$", 128 + 11),
];

// 3.8: differs (cases 125 and 194): always 0.
#[test]
fn the_status_is_that_of_the_essential_job() {
    for (end, code) in ENDS {
        let jobs = format!(
            "{{ name: 'app', exec: ['sh', '-c', '{end}'], essential: true }}, {{ name: 'beside', exec: 'sleep 1000' }}"
        );
        Pilot::new().jobs(&jobs).run().expect_code(*code);
    }
}

// 3.8: differs (case 125): always 0.
#[test]
fn the_status_is_that_of_the_first_job_that_failed() {
    for (end, code) in ENDS {
        let jobs = format!(
            "{{ name: 'fine', exec: 'true' }}, {{ name: 'app', exec: ['sh', '-c', '{end}'] }}, {{ name: 'other', exec: 'true' }}"
        );
        Pilot::new().jobs(&jobs).run().expect_code(*code);
    }
}

// 3.8: lacks.
#[test]
fn the_status_is_that_of_the_one_program() {
    for (end, code) in ENDS {
        Pilot::new()
            .args(&["--", "sh", "-c", end])
            .run()
            .expect_code(*code);
    }
}

// 3.8: lacks.
#[test]
fn a_program_that_cannot_start_ends_as_in_a_shell() {
    let absent = Pilot::new().args(&["--", "/no/such/program"]).run();
    absent.expect_code(127).expect_text("/no/such/program");
    let barred = Pilot::new()
        .file("plain", "no program")
        .args(&["--", "@DIR/plain"])
        .run();
    barred.expect_code(126).expect_text("permission denied");
    Pilot::new().args(&["--"]).run().expect_code(2);
}

// 3.8: differs (case 194).
#[test]
fn an_essential_job_that_cannot_start_ends_the_helper() {
    let pilot = Pilot::new().jobs("{ name: 'app', exec: '/no/such/program', essential: true }, { name: 'beside', exec: 'sleep 1000' }");
    let ended = pilot.run().expect_code(127);
    ended.expect_text("unable to start app: fork/exec /no/such/program: no such file or directory");
}

// 3.8: differs (case 194).
#[test]
fn restarts_that_are_used_up_end_with_the_last_status() {
    let pilot = Pilot::new()
        .script("app", "echo run >> @DIR/runs; exit 3")
        .jobs("{ name: 'app', exec: '@DIR/app', essential: true, restarts: 4, backoff: 'none' }, { name: 'beside', exec: 'sleep 1000' }");
    let running = pilot.start();
    let runs = running.path("runs");
    let folder = running.pilot().clone();
    running.wait_exit().expect_code(3);
    assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 5);
    drop(folder);
}

// 3.8: differs (cases 124 and 125): it waits for ever.
#[test]
fn a_setup_that_fails_is_the_status_and_nothing_after_it_starts() {
    let pilot = Pilot::new().jobs(
        "{ name: 'setup', exec: ['sh', '-c', 'exit 9'] },
         { name: 'app', exec: 'echo app ran', when: { source: 'setup', once: 'exitSuccess', timeout: '200ms' } }",
    );
    pilot.run().expect_code(9).expect_no_text("app ran");
}

// 3.8: differs (case 194).
#[test]
fn a_hook_that_fails_does_not_hide_how_the_application_ended() {
    let pilot = Pilot::new().jobs(
        "{ name: 'app', exec: ['sh', '-c', 'exit 3'], essential: true },
         { name: 'before', exec: ['sh', '-c', 'echo before; exit 8'], when: { source: 'app', once: 'stopping' } },
         { name: 'after', exec: ['sh', '-c', 'echo after; exit 9'], when: { source: 'app', once: 'stopped' } }",
    );
    pilot
        .run()
        .expect_code(3)
        .expect_text("before")
        .expect_text("after");
}

// 3.8: passes.
#[test]
fn a_clean_stop_ends_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let running = Pilot::new()
            .jobs("{ name: 'app', exec: 'sleep 1000', essential: true }")
            .start()
            .ready();
        running.signal(signal);
        running.wait_exit().expect_code(0);
    }
}

// 3.8: differs (case 186): it ends with 0.
#[test]
fn a_stop_that_had_to_kill_ends_with_137() {
    let running = Pilot::new()
        .script("app", "trap '' TERM; echo up; while :; do sleep 0.1; done")
        .jobs("{ name: 'app', exec: '@DIR/app', essential: true }")
        .start();
    running.wait_for_log("up");
    running.stop().expect_code(137);
}

// 3.8: passes.
#[test]
fn a_configuration_that_cannot_be_used_ends_with_1_and_a_bad_command_line_with_2() {
    Pilot::new()
        .config("<>")
        .run()
        .expect_code(1)
        .expect_text("parse error at line:col [1:1]");
    Pilot::new().args(&["-no-such-flag"]).run().expect_code(2);
}

// 3.8: lacks.
#[test]
fn a_subcommand_with_a_mistake_ends_with_2_and_one_that_fails_with_1() {
    Pilot::new()
        .args(&["status", "--bogus"])
        .run()
        .expect_code(2);
    Pilot::new()
        .args(&["status", "--socket", "@DIR/none"])
        .run()
        .expect_code(1);
    let ended = Pilot::new().args(&["check", "--help"]).run().expect_code(0);
    assert!(ended.stdout.contains("Usage: "), "{ended:#?}");
}
