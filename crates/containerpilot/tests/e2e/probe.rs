//! `health`, as Docker and Kubernetes ask it.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Ended, PATIENCE, Pilot, Running};

/// An application whose check passes while there is a file `fine`, and a helper of it.
const JOBS: &str = "
    { name: 'app', exec: 'sleep 1000', essential: true,
      health: { exec: ['sh', '-c', 'test -e @DIR/fine && echo all is well || { echo disk is full; exit 1; }'], interval: 1, ttl: 5 } },
    { name: 'side', exec: 'sleep 1000', restarts: 'unlimited' },
    { name: 'late', exec: 'true', when: { source: 'app', once: 'stopping' } }";

fn started() -> Running {
    let running = Pilot::new().jobs(JOBS).start().ready();
    std::fs::write(running.path("fine"), "").unwrap();
    running
}

/// Asks until the answer has that status and that text.
#[track_caller]
fn asked(running: &Running, words: &[&str], code: i32, text: &str) -> Ended {
    let mut last = None;
    running.until(&format!("{words:?} says {code} and `{text}`"), || {
        let ended = running.cli(words);
        let found = ended.code() == Some(code) && ended.lines.concat().contains(text);
        last = Some(ended);
        found.then_some(())
    });
    last.unwrap()
}

// 3.8: lacks.
#[test]
fn the_health_of_the_container_follows_its_check() {
    let pilot = Pilot::new().jobs(&JOBS.replace("interval: 1, ttl: 5", "interval: 600, ttl: 900"));
    let running = pilot.start().ready();
    running.wait_for_state("app", "running");
    let early = running.cli(&["health"]).expect_code(1);
    assert!(
        early
            .stdout
            .starts_with("not ready: app has not been checked yet, ")
            && early.stdout.contains("; the next check is in "),
        "{early:#?}"
    );
    running.stop().expect_code(0);

    let running = started();
    let well = asked(&running, &["health"], 0, "healthy: ");
    assert!(
        well.stdout
            .starts_with("healthy: app has been healthy for ")
            && well.stdout.ends_with("; 2 jobs without a check\n")
            && well.stderr.is_empty(),
        "{well:#?}"
    );
    std::fs::remove_file(running.path("fine")).unwrap();
    let ill = asked(&running, &["health"], 1, "unhealthy: ");
    assert!(
        ill.stdout
            .starts_with("unhealthy: app has failed its check for ")
            && ill.stdout.ends_with(" ago: disk is full\n"),
        "{ill:#?}"
    );
    running.cli(&["health", "app"]).expect_code(1);
    running.cli(&["health", "side", "late"]).expect_code(0);
    running
        .cli(&["health", "--live"])
        .expect_code(0)
        .expect_text("alive: ");
    std::fs::write(running.path("fine"), "").unwrap();
    asked(&running, &["health"], 0, "healthy: ");
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn since_when_it_is_ill_is_told() {
    let running = Pilot::new().jobs(JOBS).start().ready();
    asked(&running, &["health"], 1, "unhealthy: ");
    let since = |job: &Value| job["healthFor"].as_f64().unwrap();
    let first = running.job("app");
    assert_eq!(
        (&first["checked"], &first["essential"]),
        (&true.into(), &true.into())
    );
    // More than one check later it has been ill for all that time.
    let later = running.until("another check has failed", || {
        let job = running.job("app");
        (since(&job) > 1.5).then_some(job)
    });
    assert!(
        later["lastCheck"]["ago"].as_f64().unwrap() < since(&later),
        "{later:#}"
    );
    assert_eq!(running.job("side")["checked"], false);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn maintenance_is_no_illness_but_nothing_is_served() {
    let running = started();
    asked(&running, &["health", "--ready"], 0, "healthy: ");
    running.cli(&["maintenance", "enable"]).expect_code(0);
    let in_it = "the helper is in maintenance, so its jobs are not looked at\n";
    let works = running.cli(&["health"]).expect_code(0);
    assert_eq!(works.stdout, format!("healthy: {in_it}"));
    let serves = running.cli(&["health", "--ready", "app"]).expect_code(1);
    assert_eq!(serves.stdout, format!("not ready: {in_it}"));
    running.cli(&["health", "--live"]).expect_code(0);
    running.cli(&["maintenance", "disable"]).expect_code(0);
    running
        .cli(&["health"])
        .expect_code(1)
        .expect_text("has not been checked yet");
    asked(&running, &["health", "--ready"], 0, "healthy: ");
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn what_is_held_by_hand_is_no_illness_either() {
    let running = started();
    asked(&running, &["health"], 0, "healthy: ");
    running.cli(&["stop", "app"]).expect_code(0);
    running.wait_for_state("app", "held");
    running
        .cli(&["health"])
        .expect_code(0)
        .expect_text("app was stopped by hand");
    running
        .cli(&["health", "--ready"])
        .expect_code(1)
        .expect_text("not ready: app was stopped");
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_container_that_stops_is_well_alive_and_not_ready() {
    let jobs = "{ name: 'app', exec: 'sleep 1000' }, { name: 'pre', exec: ['sh', '-c', 'echo in the hook; cat @DIR/pipe'], timeout: '60s', when: { source: 'app', once: 'stopping' } }";
    let pilot = Pilot::new().jobs(jobs);
    rustix::fs::mkfifoat(rustix::fs::CWD, pilot.path("pipe"), 0o600.into()).unwrap();
    let running = pilot.start().ready();
    running.signal(Signal::TERM);
    running.wait_for_log("in the hook");
    let stops = "the helper is stopping, so its jobs are not looked at\n";
    let works = running.cli(&["health"]).expect_code(0);
    assert_eq!(works.stdout, format!("healthy: {stops}"));
    running.cli(&["health", "--live"]).expect_code(0);
    let serves = running.cli(&["health", "--ready"]).expect_code(1);
    assert_eq!(serves.stdout, format!("not ready: {stops}"));
    drop(
        std::fs::File::options()
            .write(true)
            .open(running.path("pipe"))
            .unwrap(),
    );
    running.wait_exit().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_job_that_fails_makes_the_container_unhealthy() {
    let jobs =
        "{ name: 'app', exec: 'sleep 1000' }, { name: 'setup', exec: ['sh', '-c', 'exit 3'] }";
    let running = Pilot::new().jobs(jobs).start().ready();
    let ended = asked(&running, &["health"], 1, "unhealthy: ");
    assert_eq!(
        ended.stdout,
        "unhealthy: setup ended with exit status 3, and is over for good\n"
    );
    running.cli(&["health", "app"]).expect_code(0);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn programs_get_json() {
    let running = started();
    asked(&running, &["health"], 0, "healthy: ");
    let json = |words: &[&str], code| {
        let ended = running.cli(words).expect_code(code);
        serde_json::from_str::<Value>(&ended.stdout).unwrap_or_else(|_| panic!("{ended:#?}"))
    };
    let answer = json(&["health", "--json"], 0);
    assert_eq!(
        (&answer["ok"], &answer["verdict"]),
        (&true.into(), &"healthy".into())
    );
    assert_eq!(answer["jobs"][0]["name"], "app");
    let answer = json(&["health", "--live", "--json"], 0);
    assert_eq!(answer["verdict"], "alive");
    let answer = json(&["health", "--json", "bogus"], 1);
    assert_eq!(
        (&answer["ok"], &answer["verdict"]),
        (&false.into(), &"unknown".into())
    );
    running.stop().expect_code(0);
}

/// Asks without any configuration around.
fn bare(words: &[&str]) -> Ended {
    Pilot::new().args(words).run()
}

// 3.8: lacks.
#[test]
fn a_question_that_makes_no_sense_is_answered_with_1() {
    for words in [
        &["health", "--bogus"][..],
        &["health", "--live", "--ready"],
        &["health", "--live", "app"],
        &["health", "--timeout", "0"],
        &["health", "--timeout=-1s"],
        &["health", "--timeout", "soon"],
    ] {
        let ended = bare(words).expect_code(1);
        assert!(ended.stderr.starts_with("error: "), "{ended:#?}");
    }
    bare(&["health", "--help"]).expect_code(0);
    bare(&["status", "--bogus"]).expect_code(2);
    let running = started();
    let ended = running.cli(&["health", "ap"]).expect_code(1);
    assert_eq!(
        ended.stderr,
        "unhealthy: there is no job `ap`\nhint: did you mean `app`?\n"
    );
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_helper_that_is_not_there_is_unhealthy() {
    let ended = bare(&["health", "--socket", "@DIR/none"]).expect_code(1);
    assert!(
        ended
            .stderr
            .starts_with("unhealthy: cannot reach a running containerpilot at ")
            && ended
                .stderr
                .contains(": no such file or directory\nhint: it has not started yet"),
        "{ended:#?}"
    );
    let ended = bare(&["health", "--config", "@DIR/none.json5"]).expect_code(1);
    ended.expect_text("unhealthy: could not read config file: open ");
    let mut running = started();
    running.kill();
    let ended = running.cli(&["health"]).expect_code(1);
    ended
        .expect_text(": connection refused")
        .expect_text("hint: the socket is there, and nobody listens");
}

// 3.8: lacks.
#[test]
fn a_helper_that_hangs_is_unhealthy_in_time() {
    let running = started();
    running.signal(Signal::STOP);
    for question in [
        &["health", "--timeout", "300ms"][..],
        &["health", "--live", "--timeout", "300ms"],
    ] {
        let begun = Instant::now();
        let ended = running.cli(question).expect_code(1);
        assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
        ended
            .expect_text("unhealthy: no answer from the containerpilot at ")
            .expect_text("within 300ms\nhint: it is stuck");
    }
    running.signal(Signal::CONT);
    asked(&running, &["health", "--live"], 0, "alive");
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn another_user_is_told_what_keeps_it_out() {
    let running = Pilot::new().open_to_all().jobs(JOBS).start().ready();
    let socket = running.path("socket").display().to_string();
    let stranger = running
        .pilot()
        .twin()
        .for_nobody()
        .args(&["health", "--socket", &socket]);
    let ended = stranger.run().expect_code(1);
    ended.expect_text(": permission denied\nhint: ask as the helper's own user");
    running.stop().expect_code(0);
    // Its own user may ask, whoever that is.
    let running = Pilot::new().for_nobody().jobs(JOBS).start().ready();
    let same = running
        .pilot()
        .clone()
        .args(&["health", "--live", "--config", "@DIR/config.json5"]);
    same.start().wait(PATIENCE).expect_code(0);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_file_of_containerpilot_2_has_a_health_too() {
    let config = "{ control: { socket: '@DIR/socket' }, consul: '127.0.0.1:1', services: [{ name: 'app', port: 80, interfaces: 'static:10.0.0.5', health: 'true', poll: 1, ttl: 5 }] }";
    let running = Pilot::new().config(&config.replace('\'', "\"")).args(&[
        "-config",
        "@DIR/config.json5",
        "sleep",
        "1000",
    ]);
    let running = running.start().ready();
    asked(
        &running,
        &["health"],
        0,
        "healthy: service-app has been healthy for ",
    );
    running.stop_alone();
}

// 3.8: lacks.
#[test]
fn probing_for_ever_leaves_nothing_behind() {
    let running = started();
    asked(&running, &["health"], 0, "healthy: ");
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", running.pid()))
            .unwrap()
            .count()
    };
    let before = open();
    let begun = Instant::now();
    for _ in 0..50 {
        running.cli(&["health"]).expect_code(0);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    running.until("the connections are gone", || {
        (open() <= before).then_some(())
    });
    running.stop().expect_code(0);
}
