//! The end: in order, bounded, and never longer than it must be.

use std::{fs, time::Duration};

use rustix::process::Signal;

use crate::harness::{Catalog, Pilot, is_alive};

/// Says `up`, and ends when it is asked to.
const POLITE: &str =
    "trap 'echo app asked; exit 0' TERM; echo app up; while :; do sleep 0.05; done";
/// Says `up`, and ends for no signal that it can ignore.
const STUBBORN: &str = "trap '' TERM INT HUP; echo app up; while :; do sleep 0.05; done";

// 3.8: passes (cases 183 and 185), apart from the exit of the application before postStop.
#[test]
fn hooks_run_before_and_after_the_application() {
    let running = Pilot::new()
        .stop_timeout(30)
        .script("app", POLITE)
        .jobs(
            "{ name: 'app', exec: '@DIR/app' },
             { name: 'preStop', exec: ['sh', '-c', 'sleep 0.2; echo before'], when: { source: 'app', once: 'stopping' } },
             { name: 'postStop', exec: 'echo after', when: { source: 'app', once: 'stopped' } }",
        )
        .start();
    running.wait_for_log("app up");
    running
        .stop()
        .expect_code(0)
        .expect_order(&["before", "app asked", "after"]);
}

// 3.8: differs (pitfall 10, case 185): it leaves the catalog last.
#[test]
fn the_catalog_is_left_before_anything_else() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .stop_timeout(30)
        .consul(catalog.address())
        .script("app", POLITE)
        .script("hook", "echo hook up; while [ ! -e @DIR/go ]; do sleep 0.02; done")
        .jobs(
            "{ name: 'app', exec: '@DIR/app', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 10 } },
             { name: 'preStop', exec: '@DIR/hook', timeout: '20s', when: { source: 'app', once: 'stopping' } }",
        )
        .start();
    catalog.eye().wait_for_status("app", "passing");
    running.signal(Signal::TERM);
    running.wait_for_log("hook up");
    assert!(catalog.eye().service("app").is_null());
    assert_eq!(running.count("app asked"), 0);
    fs::write(running.path("go"), "").unwrap();
    running.wait_exit().expect_code(0).expect_text("app asked");
}

// 3.8: lacks.
#[test]
fn clients_get_time_to_take_notice() {
    let catalog = Catalog::start();
    let running = Pilot::new()
        .stop_timeout(30)
        .consul(catalog.address())
        .script("app", POLITE)
        .jobs("{ name: 'app', exec: '@DIR/app', drain: '60s', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 10 } }")
        .start();
    catalog.eye().wait_for_status("app", "passing");
    running.signal(Signal::TERM);
    catalog.eye().wait_gone("app");
    running.wait_for_state("app", "draining");
    assert_eq!(running.count("app asked"), 0);
    // Whoever cannot wait asks again.
    running.signal(Signal::TERM);
    running.wait_exit().expect_code(0).expect_text("app asked");
}

// 3.8: differs (case 191): it waits for the last one only.
#[test]
fn every_hook_is_waited_for() {
    let running = Pilot::new()
        .stop_timeout(30)
        .script("app", POLITE)
        .jobs(
            "{ name: 'app', exec: '@DIR/app' },
             { name: 'one', exec: ['sh', '-c', 'sleep 0.3; echo one done'], when: { source: 'app', once: 'stopping' } },
             { name: 'two', exec: ['sh', '-c', 'sleep 0.1; echo two done'], when: { source: 'app', once: 'stopping' } }",
        )
        .start();
    running.wait_for_log("app up");
    let ended = running
        .stop()
        .expect_code(0)
        .expect_order(&["one done", "app asked"]);
    ended.expect_order(&["two done", "app asked"]);
}

// 3.8: differs (case 188, pitfall 9): it waits for ever.
#[test]
fn a_hook_that_sleeps_does_not_hold_up_the_stop() {
    let running = Pilot::new()
        .stop_timeout(30)
        .script("app", POLITE)
        .jobs(
            "{ name: 'app', exec: '@DIR/app', stopTimeout: '1s' },
             { name: 'preStop', exec: 'sleep 1000', when: { source: 'app', once: 'stopping' } }",
        )
        .start();
    running.wait_for_log("app up");
    let ended = running.stop().expect_text("app asked");
    assert!(ended.took < Duration::from_secs(25), "{ended:#?}");
}

// 3.8: differs (case 188).
#[test]
fn a_hook_is_bounded_by_the_common_budget_and_by_its_own() {
    for bound in ["", "timeout: '500ms',"] {
        let jobs = format!(
            "{{ name: 'app', exec: '@DIR/app' }},
             {{ name: 'preStop', exec: 'sleep 1000', {bound} when: {{ source: 'app', once: 'stopping' }} }},
             {{ name: 'postStop', exec: 'sleep 1000', {bound} when: {{ source: 'app', once: 'stopped' }} }}"
        );
        let running = Pilot::new().script("app", POLITE).jobs(&jobs).start();
        running.wait_for_log("app up");
        running.stop().expect_text("app asked");
    }
}

// 3.8: passes (case 186), apart from the status.
#[test]
fn an_application_that_ignores_every_request_is_killed() {
    let running = Pilot::new()
        .script("app", STUBBORN)
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("app up");
    running.stop().expect_code(137);
}

// 3.8: differs (case 187, pitfall 11): it sleeps the whole `stopTimeout`.
#[test]
fn a_stop_takes_no_longer_than_the_application() {
    let running = Pilot::new()
        .stop_timeout(60)
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    let ended = running.stop().expect_code(0);
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
}

// 3.8: differs (case 190): it stays.
#[test]
fn a_helper_without_jobs_stops() {
    let running = Pilot::new().start().ready();
    running.stop().expect_code(0);
}

// 3.8: differs (case 189): all of these hang.
#[test]
fn a_stop_is_bounded_whatever_waits_for_it() {
    let waiting = [
        "{ name: 'first', exec: 'true' }, { name: 'hook', exec: 'true', when: { source: 'first', each: 'stopped' } }",
        "{ name: 'hook', exec: 'true', when: { source: 'app', each: 'stopping' } }",
        "{ name: 'hook', exec: 'true', restarts: 'unlimited', backoff: 'none', when: { source: 'app', once: 'stopping' } }",
        "{ name: 'hook', exec: 'sleep 1000', when: { source: 'app', each: 'stopped' } }",
    ];
    for jobs in waiting {
        let jobs = format!("{{ name: 'app', exec: '@DIR/app' }}, {jobs}");
        let pilot = Pilot::new().script("app", POLITE).jobs(&jobs);
        let running = pilot.start();
        running.wait_for_log("app up");
        running.stop().expect_text("app asked");
    }
}

// 3.8: differs (24.6): repeats do nothing.
#[test]
fn a_second_term_waits_for_no_hook() {
    let running = Pilot::new()
        .stop_timeout(60)
        .script("app", POLITE)
        .jobs(
            "{ name: 'app', exec: '@DIR/app' },
             { name: 'preStop', exec: ['sh', '-c', 'echo hook up; exec sleep 1000'], when: { source: 'app', once: 'stopping' } }",
        )
        .start();
    running.wait_for_log("app up");
    running.signal(Signal::TERM);
    running.wait_for_log("hook up");
    assert_eq!(running.count("app asked"), 0);
    let ended = running.stop();
    ended
        .expect_text("app asked")
        .expect_text("asked to stop again: not waiting any longer");
}

// 3.8: differs (24.6).
#[test]
fn a_third_term_kills() {
    let running = Pilot::new()
        .stop_timeout(600)
        .script("app", STUBBORN)
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("app up");
    running.signal(Signal::TERM);
    running.wait_for_state("app", "ending");
    running.signal(Signal::INT);
    running.wait_for_log("asked to stop again");
    running.signal(Signal::TERM);
    running
        .wait_exit()
        .expect_code(137)
        .expect_text("asked to stop once more: killing");
}

// 3.8: passes (pitfall 7).
#[test]
fn a_stop_during_the_setup_starts_nothing_more() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'setup', exec: ['sh', '-c', 'echo setting up; exec sleep 1000'] },
             { name: 'app', exec: 'echo app ran', when: { source: 'setup', once: 'exitSuccess' } }",
        )
        .start();
    running.wait_for_log("setting up");
    running.stop().expect_code(0).expect_no_text("app ran");
}

// 3.8: differs (pitfall 7, 21): it can be lost.
#[test]
fn a_stop_amid_reloads_is_heard() {
    for round in 0..5 {
        let mut running = Pilot::new()
            .jobs("{ name: 'app', exec: 'sleep 1000' }")
            .start()
            .ready();
        let jobs = |n: u32| format!("{{ name: 'app', exec: 'sleep {}' }}", 1000 + n);
        for n in 0..3 + round {
            running.rewrite(|pilot| pilot.jobs(&jobs(n)));
            running.reload().expect(200);
        }
        running.stop().expect_code(0);
    }
}

// 3.8: passes (pitfall 41): what has ended is not signalled again.
#[test]
fn what_is_over_is_left_alone() {
    let running = Pilot::new()
        .jobs("{ name: 'short', exec: ['sh', '-c', 'echo $$ > @DIR/pid'] }, { name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    let pid = running.wait_for_pid("pid");
    running.wait_for_state("short", "complete");
    running.wait_gone(pid);
    assert!(!is_alive(pid));
    running.stop().expect_code(0).expect_no_text("killing");
}

// 3.8: lacks.
#[test]
fn an_application_is_asked_by_the_signal_it_wants() {
    let running = Pilot::new()
        .stop_timeout(60)
        .script("app", "trap 'echo by quit; exit 0' QUIT; trap '' TERM; echo app up; while :; do sleep 0.05; done")
        .jobs("{ name: 'app', exec: '@DIR/app', stopSignal: 'SIGQUIT' }")
        .start();
    running.wait_for_log("app up");
    running.stop().expect_code(0).expect_text("by quit");
}

// 3.8: differs (case 126): with an essential job the rest is stopped in order.
#[test]
fn the_end_of_the_essential_job_stops_the_rest_in_order() {
    let pilot = Pilot::new().stop_timeout(30).script("beside", "trap 'echo beside asked; exit 0' TERM; echo x > @DIR/up; while :; do sleep 0.05; done").jobs(
        "{ name: 'app', exec: ['sh', '-c', 'while [ ! -s @DIR/up ]; do sleep 0.02; done; exit 5'], essential: true },
         { name: 'beside', exec: '@DIR/beside' },
         { name: 'after', exec: 'echo after beside', when: { source: 'beside', once: 'stopped' } }",
    );
    pilot
        .run()
        .expect_code(5)
        .expect_order(&["beside asked", "after beside"]);
}

// 3.8: differs (restarts a missing program thousands of times a second).
#[test]
fn a_job_that_cannot_start_leaves_ears_for_a_stop() {
    let running = Pilot::new()
        .jobs("{ name: 'absent', exec: '/no/such/program', restarts: 'unlimited', backoff: 'none' }, { name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.wait_for_lines("unable to start absent", 3);
    running.stop().expect_code(0);
}
