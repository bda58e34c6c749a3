//! When jobs start, how often, and after what.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Pilot, Running, send};

const DEBUG: &str = "logging: { level: 'DEBUG' },";

fn runs(running: &Running, name: &str) -> usize {
    running.read(name).lines().count()
}

// 3.8: passes (cases 113 and 184).
#[test]
fn a_stop_is_told_in_three_events() {
    let running = Pilot::new()
        .top(DEBUG)
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    let ended = running.stop().expect_code(0);
    for event in [
        "{Startup global}",
        "{Shutdown global}",
        "{Stopping main}",
        "{Stopped main}",
    ] {
        assert_eq!(ended.count(event), 1, "{event}: {ended:#?}");
    }
    ended.expect_order(&[
        "{Startup global}",
        "{Shutdown global}",
        "{Stopping main}",
        "{Stopped main}",
    ]);
}

// 3.8: passes (case 114).
#[test]
fn a_job_gives_up_waiting_for_its_start_event() {
    let running = Pilot::new()
        .top(DEBUG)
        .jobs(
            "{ name: 'main', exec: 'sleep 1000' },
             { name: 'late', exec: 'echo late ran', when: { source: 'main', once: 'exitSuccess', timeout: '100ms' } }",
        )
        .start();
    running.wait_for_log("{Stopped late}");
    let ended = running.stop().expect_code(0).expect_no_text("late ran");
    ended.expect_order(&["{TimerExpired late}", "{Stopping late}", "{Stopped late}"]);
}

// 3.8: passes (case 115).
#[test]
fn a_job_that_started_does_not_give_up() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'first', exec: 'true' },
             { name: 'main', exec: 'sleep 1000', when: { source: 'first', once: 'exitSuccess', timeout: '300ms' } },
             { name: 'clock', exec: 'echo tick', when: { interval: '200ms' } }",
        )
        .start()
        .ready();
    let pid = running.wait_for_state("main", "running")["pid"].clone();
    running.wait_for_lines("tick", 6);
    assert_eq!(running.job("main")["pid"], pid);
    running.stop().expect_code(0);
}

// 3.8: passes (case 116).
#[test]
fn restarts_are_counted_beyond_the_first_run() {
    let job = |name: &str, restarts: &str| {
        format!("{{ name: '{name}', exec: ['sh', '-c', 'echo x >> @DIR/{name}'], {restarts} }},")
    };
    let jobs = [
        job("three", "restarts: 3"),
        job("one", "restarts: '1'"),
        job("never", "restarts: 'never'"),
        job("zero", "restarts: 0"),
        job("none", ""),
    ];
    let pilot = Pilot::new().jobs(&jobs.concat());
    pilot.clone().run().expect_code(0);
    for (name, count) in [
        ("three", 4),
        ("one", 2),
        ("never", 1),
        ("zero", 1),
        ("none", 1),
    ] {
        let runs = std::fs::read_to_string(pilot.path(name)).unwrap();
        assert_eq!(runs.lines().count(), count, "{name}");
    }
}

// 3.8: passes (case 117).
#[test]
fn a_job_with_an_interval_and_restarts_runs_so_often() {
    let pilot = Pilot::new().jobs(
        "{ name: 'main', exec: 'echo once more', when: { interval: '250ms' }, restarts: '2' }",
    );
    assert_eq!(pilot.run().expect_code(0).count("once more"), 3);
}

// 3.8: passes (case 118).
#[test]
fn a_job_started_once_passes_over_later_start_events() {
    let pilot = Pilot::new().jobs(
        "{ name: 'clock', exec: 'echo tick', when: { interval: '100ms' }, restarts: 12 },
         { name: 'main', exec: 'echo main ran', when: { source: 'clock', once: 'exitSuccess' }, restarts: 2, backoff: 'none' }",
    );
    let ended = pilot.run().expect_code(0);
    assert_eq!(
        (ended.count("tick"), ended.count("main ran")),
        (13, 3),
        "{ended:#?}"
    );
}

// 3.8: passes (case 119).
#[test]
fn a_job_with_unlimited_restarts_comes_back_each_time() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000', restarts: 'unlimited', backoff: 'none' }")
        .start()
        .ready();
    let mut pids = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let pid = running.until("there is a new pid", || {
            let pid = running.job("main")["pid"].as_u64()?;
            pids.insert(pid).then_some(pid)
        });
        send(u32::try_from(pid).unwrap(), Signal::KILL);
    }
    running.stop().expect_code(0);
}

// 3.8: passes (case 120).
#[test]
fn a_job_started_each_time_runs_each_time() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'clock', exec: 'echo tick', when: { interval: '200ms' }, restarts: 4 },
             { name: 'main', exec: 'echo main ran', when: { source: 'clock', each: 'exitSuccess' } }",
        )
        .start()
        .ready();
    running.wait_for_lines("main ran", 5);
    // Such a job is never over, so the helper stays.
    running.wait_for_state("clock", "complete");
    assert_eq!(running.job("main")["state"], "idle");
    assert_eq!(running.stop().expect_code(0).count("main ran"), 5);
}

// 3.8: passes (case 121).
#[test]
fn tasks_run_at_their_interval_and_within_their_timeout() {
    let pilot = Pilot::new().jobs(
        "{ name: 'task1', exec: 'echo task1 ran', when: { interval: '200ms' }, restarts: 5 },
         { name: 'task2', exec: 'echo task2 ran', when: { interval: '200ms' }, timeout: '20s', restarts: 5 },
         { name: 'task3', exec: 'sleep 1000', when: { interval: '400ms' }, timeout: '100ms', restarts: 5 }",
    );
    let ended = pilot.run();
    for (text, count) in [("task1 ran", 6), ("task2 ran", 6), ("task3 timeout", 6)] {
        assert_eq!(ended.count(text), count, "{text}: {ended:#?}");
    }
    assert_eq!(
        ended.count("task1 timeout") + ended.count("task2 timeout"),
        0
    );
}

// 3.8: differs (cases 122 and 128): runs queue up behind a long one.
#[test]
fn ticks_that_come_during_a_run_are_passed_over() {
    let running = Pilot::new()
        .script(
            "task",
            "mkdir @DIR/busy || echo overlap
             echo run
             [ -e @DIR/first ] || { touch @DIR/first; sleep 1.5; echo first over; }
             rmdir @DIR/busy",
        )
        .jobs("{ name: 'task', exec: '@DIR/task', when: { interval: '200ms' }, timeout: '20s' }")
        .start();
    running.wait_for_log("first over");
    let long = running.count("run");
    let since = std::time::Instant::now();
    running.wait_for_lines("run", long + 5);
    // Five runs beyond the first want four intervals at the least; a burst would not.
    assert!(
        since.elapsed() > Duration::from_millis(500),
        "{}",
        running.told()
    );
    running.stop().expect_no_text("overlap");
}

// 3.8: passes (case 123).
#[test]
fn a_coprocess_is_restarted_as_often_as_it_may_and_anew_after_a_reload() {
    let job = |word: &str| {
        format!(
            "{{ name: 'main', exec: 'sleep 1000' }}, {{ name: 'co', exec: ['sh', '-c', 'echo co $$ {word}; exec sleep 1000'], restarts: 1 }}"
        )
    };
    let mut running = Pilot::new().jobs(&job("arg1")).start().ready();
    let kill = |running: &Running| {
        let pid = running.wait_for_state("co", "running")["pid"]
            .as_u64()
            .unwrap();
        send(u32::try_from(pid).unwrap(), Signal::KILL);
    };
    running.wait_for_lines("arg1", 1);
    kill(&running);
    running.wait_for_lines("arg1", 2);
    kill(&running);
    running.wait_for_state("co", "complete");
    running.rewrite(|pilot| pilot.jobs(&job("arg2")));
    running.reload().expect(200);
    running.wait_for_lines("arg2", 1);
    kill(&running);
    running.wait_for_lines("arg2", 2);
    running.wait_for_state("co", "running");
    running.stop().expect_code(0);
}

// 3.8: passes (case 124).
#[test]
fn an_application_starts_after_its_setup_has_succeeded() {
    let pilot = Pilot::new().jobs(
        "{ name: 'app', exec: ['sh', '-c', 'cat @DIR/made'], when: { source: 'setup', once: 'exitSuccess' } },
         { name: 'setup', exec: ['sh', '-c', 'sleep 0.3; echo by setup > @DIR/made'] }",
    );
    pilot.run().expect_code(0).expect_text("by setup");
}

// 3.8: differs (case 125): it sleeps `stopTimeout` first.
#[test]
fn the_helper_ends_when_every_job_is_over() {
    let ended = Pilot::new()
        .stop_timeout(60)
        .jobs("{ name: 'main', exec: 'echo main ran' }")
        .run()
        .expect_code(0)
        .expect_text("main ran");
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
}

// 3.8: differs (case 127): it waits for the run.
#[test]
fn a_second_start_event_during_a_run_does_not_hold_up_the_stop() {
    let running = Pilot::new()
        .stop_timeout(60)
        .jobs("{ name: 'long', exec: ['sh', '-c', 'echo up; exec sleep 1000'], when: { source: 'SIGHUP' } }")
        .start()
        .ready();
    running.signal(Signal::HUP);
    running.wait_for_log("up");
    running.signal(Signal::HUP);
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 21): it queues every one.
#[test]
fn start_events_during_a_run_are_followed_by_one_more_run() {
    let running = Pilot::new()
        .script("job", "echo run; while [ ! -e @DIR/go ]; do sleep 0.02; done")
        .jobs("{ name: 'job', exec: '@DIR/job', when: { source: 'SIGHUP' } }, { name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    for n in 1..=5 {
        running.signal(Signal::HUP);
        if n == 1 {
            running.wait_for_log("run");
        } else {
            // Signals of one number merge while they wait, so each is seen before the next is sent.
            running.ask("GET", "/v3/ping", "").expect(200);
        }
    }
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_for_lines("run", 2);
    running.wait_for_state("job", "idle");
    assert_eq!(running.stop().expect_code(0).count("run"), 2);
}

// 3.8: differs (case 129, pitfall 25): thousands of times in a second.
#[test]
fn a_program_that_is_missing_is_tried_with_pauses() {
    let running = Pilot::new()
        .jobs("{ name: 'absent', exec: '/no/such/program', restarts: 'unlimited' }, { name: 'clock', exec: 'echo tick', when: { interval: '100ms' } }")
        .start();
    running.wait_for_lines("tick", 15);
    let tries = running.count("unable to start absent");
    assert!(
        (2..=6).contains(&tries),
        "{tries} tries\n{}",
        running.told()
    );
    running.wait_for_log("absent restarts in ");
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 25).
#[test]
fn a_program_that_fails_at_once_is_restarted_with_pauses() {
    let running = Pilot::new()
        .jobs("{ name: 'bad', exec: ['sh', '-c', 'echo bad ran; exit 1'], restarts: 'unlimited' }, { name: 'clock', exec: 'echo tick', when: { interval: '100ms' } }")
        .start()
        .ready();
    running.wait_for_lines("tick", 15);
    let tries = running.count("bad ran");
    assert!(
        (2..=6).contains(&tries),
        "{tries} tries\n{}",
        running.told()
    );
    assert_eq!(running.job("bad")["lastExit"], "exit status 1");
    running.stop().expect_code(0);
}

// 3.8: lacks (pitfall 38).
#[test]
fn a_restart_waits_for_the_old_process() {
    let running = Pilot::new()
        .stop_timeout(30)
        .script(
            "app",
            "mkdir @DIR/busy || echo two at once
             trap 'sleep 0.5; rmdir @DIR/busy; exit 0' TERM
             echo up; while :; do sleep 0.05; done",
        )
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start()
        .ready();
    for n in 1..=3 {
        running.wait_for_lines("up", n);
        running.cli(&["restart", "app"]).expect_code(0);
    }
    running.wait_for_lines("up", 4);
    running.stop().expect_code(0).expect_no_text("two at once");
}

// 3.8: lacks.
#[test]
fn a_job_is_stopped_started_and_signalled_by_hand() {
    let running = Pilot::new()
        .script("app", "trap 'echo got usr1' USR1; echo up; while :; do sleep 0.05; done")
        .jobs("{ name: 'app', exec: '@DIR/app', restarts: 'unlimited' }, { name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.wait_for_lines("up", 1);
    running.cli(&["signal", "app", "USR1"]).expect_code(0);
    running.wait_for_log("got usr1");
    running.cli(&["stop", "app"]).expect_code(0);
    running.wait_for_state("app", "held");
    running.cli(&["start", "app"]).expect_code(0);
    running.wait_for_lines("up", 2);
    let ended = running.cli(&["stop", "apq"]).expect_code(1);
    ended.expect_text("there is no job `apq`; there are: app, main");
    running
        .cli(&["signal", "app", "NONSENSE"])
        .expect_code(1)
        .expect_text("NONSENSE");
    running.stop().expect_code(0);
}

// 3.8: passes (pitfall 26): a start event of a job that runs is passed over or queued, never lost.
#[test]
fn events_of_jobs_chain() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'a', exec: ['sh', '-c', 'exit 1'] },
             { name: 'b', exec: ['sh', '-c', 'echo x > @DIR/b'], when: { source: 'a', once: 'exitFailed' } },
             { name: 'c', exec: ['sh', '-c', 'echo x > @DIR/c'], when: { source: 'b', once: 'stopped' } },
             { name: 'main', exec: 'sleep 1000' }",
        )
        .start()
        .ready();
    running.wait_for_file("c");
    assert_eq!(runs(&running, "b"), 1);
    running.stop().expect_code(0);
}

// 3.8: differs (case 189): it sees `stopped` before the process is gone.
#[test]
fn stopped_means_gone() {
    let running = Pilot::new()
        .stop_timeout(30)
        .script("app", "trap 'sleep 0.3; echo last word; exit 0' TERM; echo $$ > @DIR/pid; while :; do sleep 0.05; done")
        .jobs(
            "{ name: 'app', exec: '@DIR/app' },
             { name: 'after', exec: ['sh', '-c', 'kill -0 $(cat @DIR/pid) 2>/dev/null && echo still there; echo after'], when: { source: 'app', once: 'stopped' } }",
        )
        .start();
    running.wait_for_pid("pid");
    let ended = running.stop().expect_code(0).expect_no_text("still there");
    ended.expect_order(&["last word", "after"]);
}
