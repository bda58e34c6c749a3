//! Much at once, and often.

use std::{thread, time::Duration};

use rustix::process::Signal;

use crate::harness::{PATIENCE, Pilot, field, is_alive};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// An application that never ends by itself, after a setup, with a hook.
const JOBS: &str = "{ name: 'setup', exec: 'true' },
  { name: 'app', exec: 'sleep 1000', when: { source: 'setup', once: 'exitSuccess' } },
  { name: 'preStop', exec: 'true', when: { source: 'app', once: 'stopping' } }";

/// Asks helpers to stop at random moments after their start.
fn early_kills(pilot: &Pilot, rounds: u64, seed: u64) {
    let mut dice = Dice(seed);
    for round in 0..rounds {
        let running = pilot.clone().start();
        if pilot.is_init() {
            // PID 1 has no default for a signal: before its first instruction it hears nothing.
            running.until("it listens", || listens(running.pid()).then_some(()));
        }
        let pause = Duration::from_micros(dice.up_to(50_000));
        thread::sleep(pause);
        assert!(is_alive(running.pid()), "{}", running.told());
        running.signal(Signal::TERM);
        let ended = running.wait(PATIENCE);
        let before_it_began = !pilot.is_init() && ended.signal() == Some(15);
        assert!(
            ended.code() == Some(0) || before_it_began,
            "seed {seed}, round {round}, after {pause:?}: {ended:#?}"
        );
    }
    assert_eq!(pilot.processes(), []);
}

/// Whether a process catches or holds back TERM.
fn listens(pid: u32) -> bool {
    ["SigBlk", "SigCgt"].iter().any(|name| {
        let mask = field(pid, name).unwrap_or_default();
        u64::from_str_radix(&mask, 16).is_ok_and(|mask| mask & (1 << 14) != 0)
    })
}

// 3.8: differs (case 196, pitfall 6): some are ignored.
#[test]
fn a_thousand_stops_at_any_moment_after_the_start_are_all_heard() {
    let workers =
        (0..8).map(|seed| thread::spawn(move || early_kills(&Pilot::new().jobs(JOBS), 125, seed)));
    let workers: Vec<_> = workers.collect();
    workers
        .into_iter()
        .for_each(|worker| worker.join().unwrap());
}

// 3.8: differs (case 196, pitfall 6).
#[test]
fn a_hundred_early_stops_as_pid_1_are_all_heard() {
    let workers = (0..4).map(|seed| {
        thread::spawn(move || early_kills(&Pilot::new().in_namespace().jobs(JOBS), 25, seed))
    });
    let workers: Vec<_> = workers.collect();
    workers
        .into_iter()
        .for_each(|worker| worker.join().unwrap());
}

// 3.8: differs (pitfall 6): signals of all kinds before and after it listens.
#[test]
fn a_hundred_early_stops_of_one_program_are_all_heard() {
    let mut dice = Dice(7);
    for _ in 0..100 {
        let running = Pilot::new().args(&["--", "sleep", "1000"]).start();
        thread::sleep(Duration::from_micros(dice.up_to(20_000)));
        running.signal(Signal::TERM);
        let ended = running.wait_exit();
        // The program has no handler, so it dies of the signal; so does a helper not yet begun.
        assert!(
            ended.code() == Some(143) || ended.signal() == Some(15),
            "{ended:#?}"
        );
    }
}

// 3.8: differs (pitfall 1): its reaper takes statuses.
#[test]
fn ten_thousand_failures_amid_orphans_are_all_told_truly() {
    let one = |n: usize| {
        format!(
            "{{ name: 'fail{n}', exec: ['sh', '-c', 'exit 1'], restarts: 999, backoff: 'none' }},"
        )
    };
    let checked = |n: usize| {
        format!(
            "{{ name: 'app{n}', exec: 'sleep 1000', health: {{ exec: ['sh', '-c', 'exit 1'], interval: 1, ttl: 5 }} }},"
        )
    };
    let jobs: String = (0..10).map(one).chain((0..10).map(checked)).collect();
    let running = Pilot::new()
        .script(
            "churn",
            "(setsid sh -c 'exit 3' &) ; (setsid sh -c 'sleep 0.03; exit 4' &) ; exit 0",
        )
        .jobs(&format!(
            "{jobs} {{ name: 'churn', exec: '@DIR/churn', timeout: '20s', when: {{ interval: '20ms' }} }}"
        ))
        .start()
        .ready();
    for n in 0..10 {
        let name = format!("fail{n}");
        while running.job(&name)["state"] != "complete" {
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(running.job(&name)["lastExit"], "exit status 1");
    }
    let ended = running.stop().expect_code(0);
    for n in 0..10 {
        assert_eq!(
            ended.count(&format!(" fail{n} exited with error: exit status 1")),
            1000,
            "fail{n}"
        );
        let checks = ended.count(&format!("check.app{n} exited with error: exit status 1"));
        let others = ended.count(&format!("check.app{n} exited with error"));
        assert!(
            checks > 0 && checks == others,
            "app{n}: {checks} of {others}"
        );
    }
    // One that runs at the stop ends by its TERM; none ends with the status of an orphan.
    assert_eq!(ended.count("churn exited with error: exit status"), 0);
}

// 3.8: differs (pitfalls 7 and 24).
#[test]
fn reloads_by_many_at_once_are_all_answered() {
    let running = Pilot::new()
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    let pid = running.wait_for_state("app", "running")["pid"].clone();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    running.reload().expect(200);
                }
            });
        }
    });
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
}

// 3.8: differs (pitfall 7): a stop amid reloads can be lost.
#[test]
fn a_stop_while_others_reload_is_heard() {
    for round in 0..5 {
        let jobs = |n: u32| format!("{{ name: 'app', exec: 'sleep {}' }}", 1000 + n);
        let pilot = Pilot::new().jobs(&jobs(0));
        let running = pilot.clone().start().ready();
        thread::scope(|scope| {
            let reloading = scope.spawn(|| {
                for n in 0.. {
                    pilot.clone().jobs(&jobs(n)).write_config();
                    if running.try_ask("POST", "/v3/reload", "").is_err() {
                        return n;
                    }
                }
                0
            });
            thread::sleep(Duration::from_millis(30 * (round + 1)));
            running.signal(Signal::TERM);
            assert!(reloading.join().unwrap() > 0);
        });
        running.wait_exit().expect_code(0);
    }
}
