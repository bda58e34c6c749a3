//! Signals: to jobs that claim them, to the main application, or to the helper.

use rustix::process::Signal;

use crate::harness::Pilot;

/// Says which signals it gets.
const LISTENER: &str =
    "for s in HUP USR1 USR2 WINCH QUIT ALRM CONT; do trap \"echo got $s\" $s; done
trap 'echo got TERM; exit 0' TERM
trap 'echo got INT; exit 0' INT
echo up; while :; do sleep 0.05; done";

// 3.8: passes (cases 153 and 154).
#[test]
fn a_signal_starts_the_job_that_claims_it_and_no_other() {
    let running = Pilot::new()
        .top("logging: { level: 'DEBUG' },")
        .jobs(
            "{ name: 'main', exec: 'sleep 1000' },
             { name: 'on-hup', exec: 'echo job of hup', when: { source: 'SIGHUP' } },
             { name: 'on-usr2', exec: 'echo job of usr2', when: { source: 'SIGUSR2', each: 'SIGUSR2' } }",
        )
        .start()
        .ready();
    running.signal(Signal::HUP);
    running.wait_for_log("job of hup");
    assert_eq!(running.count("job of usr2"), 0);
    running.signal(Signal::USR2);
    running.wait_for_log("job of usr2");
    let ended = running.stop().expect_code(0);
    assert_eq!(
        (ended.count("job of hup"), ended.count("job of usr2")),
        (1, 1)
    );
    assert_eq!(
        (
            ended.count("{Signal SIGHUP}"),
            ended.count("{Signal SIGUSR2}")
        ),
        (1, 1)
    );
}

// 3.8: differs (21): it knows no other signals, and forwards none.
#[test]
fn the_main_application_gets_every_signal_that_nobody_claims() {
    let running = Pilot::new()
        .script("app", LISTENER)
        .jobs("{ name: 'app', exec: '@DIR/app', essential: true }, { name: 'beside', exec: 'sleep 1000' }, { name: 'on-hup', exec: 'echo job of hup', when: { source: 'SIGHUP' } }")
        .start();
    running.wait_for_log("up");
    let all = [
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
        (Signal::QUIT, "QUIT"),
        (Signal::ALARM, "ALRM"),
        (Signal::CONT, "CONT"),
    ];
    for (signal, name) in all {
        running.signal(signal);
        running.wait_for_log(&format!("got {name}"));
    }
    running.signal(Signal::HUP);
    running.wait_for_log("job of hup");
    running
        .stop()
        .expect_code(0)
        .expect_no_text("got HUP")
        .expect_text("got TERM");
}

// 3.8: differs (21).
#[test]
fn a_hangup_that_nobody_claims_reaches_the_main_application() {
    let running = Pilot::new()
        .script("app", LISTENER)
        .jobs("{ name: 'app', exec: '@DIR/app' }")
        .start();
    running.wait_for_log("up");
    running.signal(Signal::HUP);
    running.wait_for_log("got HUP");
    running.stop().expect_code(0);
}

// 3.8: lacks (case 195).
#[test]
fn the_one_program_gets_every_signal() {
    for (last, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT")] {
        let running = Pilot::new()
            .script("app", LISTENER)
            .args(&["--", "@DIR/app"])
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
        running.signal(last);
        running
            .wait_exit()
            .expect_code(0)
            .expect_text(&format!("got {name}"));
    }
}

// 3.8: lacks.
#[test]
fn the_one_program_decides_whether_term_ends_it() {
    let running = Pilot::new()
        .script(
            "app",
            "trap 'echo not yet' TERM; trap 'exit 6' USR1; echo up; while :; do sleep 0.05; done",
        )
        .args(&["--", "@DIR/app"])
        .start();
    running.wait_for_log("up");
    for n in 1..=3 {
        running.signal(Signal::TERM);
        running.wait_for_lines("not yet", n);
    }
    running.signal(Signal::USR1);
    running.wait_exit().expect_code(6);
}

// 3.8: passes: a signal that nobody wants ends nobody.
#[test]
fn a_signal_that_nobody_wants_is_passed_over() {
    let running = Pilot::new()
        .jobs("{ name: 'one', exec: 'sleep 1000' }, { name: 'two', exec: 'sleep 1000' }")
        .start()
        .ready();
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        running.signal(signal);
    }
    running.wait_for_lines("passed over", 3);
    assert_eq!(running.children().len(), 2);
    running.stop().expect_code(0);
}
