//! `check --for`: the timers it prints are those that a stop really needs, as PID 1 among its own
//! processes.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Catalog, Ended, Pilot, Running};

/// A program that never ends by itself, whatever it is asked.
const STUBBORN: &str =
    "['sh', '-c', 'trap \"\" TERM INT; echo NAME is up; while :; do sleep 1; done']";

fn stubborn(name: &str) -> String {
    STUBBORN.replace("NAME", name)
}

fn budget(running: &Running) -> Value {
    let ended = running
        .cli(&["check", "--for", "docker", "--json"])
        .expect_code(0);
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    answer["timers"]["stop"].clone()
}

/// What this machine is late by just now: what the few processes of a stop take to be started.
fn lateness() -> Duration {
    let started = || Pilot::new().args(&["-version"]).run().took;
    let slowest = (0..3).map(|_| started()).max().unwrap();
    slowest * 20
}

/// Stops it, and asserts that it ends within the printed time, and not long before.
#[track_caller]
fn expect_true(running: Running, seconds: u64) -> Ended {
    let stop = budget(&running);
    assert_eq!(stop["seconds"], seconds, "{stop:#}");
    let parts = stop["steps"].as_array().unwrap().iter();
    let sum: f64 = parts.map(|step| step["seconds"].as_f64().unwrap()).sum();
    let before = lateness();
    let asked = Instant::now();
    running.signal(Signal::TERM);
    let ended = running.wait_exit();
    let took = asked.elapsed();
    let most = Duration::from_secs(seconds) + before.max(lateness());
    assert!(took <= most, "{took:?} of {most:?}: {ended:#?}");
    // What a catalog takes that answers at once is all that is saved.
    let least = Duration::from_secs_f64(sum - 0.25);
    assert!(
        took >= least,
        "{took:?}, and {least:?} are planned: {ended:#?}"
    );
    ended
}

// 3.8: lacks.
#[test]
fn a_stop_of_everything_that_resists_ends_within_the_printed_time_and_needs_it() {
    let catalog = Catalog::start();
    let jobs = format!(
        "{{ name: 'app', exec: {}, essential: true, port: 8000, interfaces: 'static:10.1.2.3', drain: '1s', stopTimeout: '2s',
            health: {{ exec: 'true', interval: 1, ttl: 5 }} }},
         {{ name: 'pre', exec: {}, timeout: '1500ms', when: {{ source: 'app', once: 'stopping' }} }},
         {{ name: 'post', exec: {}, timeout: '1s', when: {{ source: 'app', once: 'stopped' }} }},
         {{ name: 'side', exec: {} }}",
        stubborn("app"), stubborn("pre"), stubborn("post"), stubborn("side"),
    );
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(&jobs)
        .in_namespace()
        .start()
        .ready();
    running.wait_for_log("app is up");
    catalog.eye().wait_for_status("app", "passing");
    // 0.25 + 1 + 1.5 + 2 + 1 = 5.75, and 2 for the end.
    let ended = expect_true(running, 8).expect_code(137);
    ended.expect_order(&["pre is up", "post is up"]);
}

// 3.8: lacks.
#[test]
fn so_does_a_stop_along_a_chain_of_jobs() {
    let jobs = format!(
        "{{ name: 'one', exec: {} }}, {{ name: 'slow', exec: {}, stopTimeout: '2s' }},
         {{ name: 'two', exec: {}, timeout: '1s', when: {{ source: 'one', once: 'stopped' }} }},
         {{ name: 'three', exec: {}, timeout: '1s', when: {{ source: 'two', once: 'stopped' }} }}",
        stubborn("one"),
        stubborn("slow"),
        stubborn("two"),
        stubborn("three"),
    );
    let running = Pilot::new().jobs(&jobs).in_namespace().start().ready();
    running.wait_for_log("one is up");
    running.wait_for_log("slow is up");
    // 1 + 1 + 1, and 2 for the end.
    expect_true(running, 5).expect_code(137);
}

fn check(pilot: Pilot, words: &[&str]) -> Ended {
    pilot.write_config();
    let words = [&["check", "--config", "@DIR/config.json5"], words].concat();
    pilot.args(&words).run()
}

// 3.8: lacks.
#[test]
fn every_scheduler_is_told_in_its_own_words() {
    let jobs = "{ name: 'web', exec: 'sleep 1000', port: 80, interfaces: 'static:10.0.0.5', stopTimeout: '40s',
                  health: { exec: 'true', interval: 10, ttl: 25, timeout: '2s' } }";
    for (target, texts) in [
        (
            "docker",
            &[
                "docker stop --time 43 CONTAINER",
                "STOPSIGNAL SIGTERM",
                "--interval=10s --timeout=6s --start-period=12s --retries=3 CMD [\"containerpilot\", \"health\", \"--socket\", ",
            ][..],
        ),
        (
            "compose",
            &[
                "    stop_grace_period: 43s",
                "      test: [\"CMD\", \"containerpilot\", \"health\", \"--socket\", ",
                "# Compose kills after 10 s unless it is told: too early.",
            ],
        ),
        (
            "swarm",
            &["    stop_grace_period: 43s", "        monitor: 60s"],
        ),
        (
            "kubernetes",
            &[
                "  terminationGracePeriodSeconds: 43",
                "fieldPath: status.podIP",
                "\"--ready\"]",
                "\"--live\"]",
            ],
        ),
        (
            "nomad",
            &["  kill_timeout = \"43s\"", "max_kill_timeout = \"43s\""],
        ),
        (
            "marathon",
            &[
                "\"taskKillGracePeriodSeconds\": 43",
                "\"gracePeriodSeconds\": 12",
            ],
        ),
    ] {
        let ended = check(Pilot::new().jobs(jobs), &["--for", target]).expect_code(0);
        for text in texts {
            assert!(
                ended.stdout.contains(text),
                "{target}: no `{text}` in\n{}",
                ended.stdout
            );
        }
        assert!(!ended.stdout.contains("ok: "), "{}", ended.stdout);
    }
    let ended = check(Pilot::new().jobs(jobs), &["--for", "marathon"]);
    let app: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(app["id"], "/web");
    ended.expect_text("web ends: SIGTERM, then KILL (`stopTimeout`)");
}

// 3.8: lacks.
#[test]
fn a_hook_of_an_old_file_that_has_no_limit_is_named() {
    let config = "{ \"consul\": \"127.0.0.1:1\", \"control\": {\"socket\": \"@DIR/socket\"}, \"preStop\": \"/bin/pre\" }";
    let ended = check(
        Pilot::new().config(config),
        &["--for", "compose", "--", "sleep", "9"],
    );
    ended
        .expect_code(0)
        .expect_text("preStop runs as long as it likes: ADD ITS TIME")
        .expect_text("stop_grace_period: 7s");
}

// 3.8: lacks.
#[test]
fn nothing_is_printed_for_what_does_not_load_or_is_not_known() {
    let broken = Pilot::new().jobs("{ name: 'a', exec: 'true', stoptimout: 3 }");
    let ended = check(broken, &["--for", "docker"]).expect_code(1);
    assert_eq!(ended.stdout, "");
    let fine = Pilot::new().jobs("{ name: 'a', exec: 'true' }");
    let ended = check(fine, &["--for", "dockr"]).expect_code(2);
    ended.expect_text("possible values: docker, compose, swarm, kubernetes, nomad, marathon");
}
