//! What a stop takes at most is what it takes where every process uses up what it is given.

use std::time::Duration;

use pilot_core::{Spec, StopPart, StopStep, Time};

use super::play;
use crate::read::scenario;

/// When everybody is asked to stop.
const ASKED: &str = "\nat 3s TERM\n";

/// The parts of the longest stop, a line for each.
fn parts(spec: &Spec) -> Vec<String> {
    let line = |StopStep { job, part, span }: StopStep| match part {
        StopPart::Withdraws => format!("{job} withdraws {span:?}"),
        StopPart::Drains => format!("{job} drains {span:?}"),
        StopPart::RunsOn => format!("{job} runs on {span:?}"),
        StopPart::Before(other) => format!("{job} before {other} {span:?}"),
        StopPart::After => format!("{job} after {span:?}"),
        StopPart::Beside => format!("{job} beside {span:?}"),
        StopPart::Ends(signal) => format!("{job} ends by {signal} {span:?}"),
    };
    spec.longest_stop().into_iter().map(line).collect()
}

/// Asserts the parts, and that a stop in a world where nothing helps takes exactly their sum.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let text = format!("catalog silent\n{text}{ASKED}");
    let spec = scenario(&text).config.spec;
    assert_eq!(parts(&spec), expected);
    let world = play(&text);
    let takes: Duration = spec.longest_stop().iter().map(|step| step.span).sum();
    let asked = Time::after_start(Duration::from_secs(3));
    assert!(world.exit.is_some());
    assert_eq!(world.now - asked, takes, "{}", world.trace.text());
}

#[test]
fn a_job_takes_what_it_gets_from_the_signal_to_kill() {
    check("job a: exec ignores TERM", &["a ends by SIGTERM 5s"]);
    check(
        "stop timeout 2s\njob a: exec ignores TERM; stop-signal QUIT; stop-timeout 9s\njob b: exec ignores TERM",
        &["a ends by SIGQUIT 9s"],
    );
    check("stop timeout 0s\njob a: exec ignores TERM", &[]);
    check("job a: exec runs; stop-timeout 0s", &[]);
}

#[test]
fn a_service_leaves_the_catalog_and_drains_before() {
    check(
        "job a: exec ignores TERM; service passing; drain 3s",
        &["a withdraws 250ms", "a drains 3s", "a ends by SIGTERM 5s"],
    );
    // Who is in no catalog has no clients that could take notice, nor has who has no process.
    check(
        "job a: exec ignores TERM; drain 3s",
        &["a ends by SIGTERM 5s"],
    );
    check("job a: service passing; drain 3s", &["a withdraws 250ms"]);
}

#[test]
fn hooks_take_what_their_timeouts_allow() {
    let hooks = "
        stop timeout 2s
        job app: exec ignores TERM; service passing; drain 1s; stop-timeout 4s
        job pre: exec ignores TERM; when once stopping(app); timeout 3s
        job post: exec ignores TERM; when once stopped(app); timeout 6s";
    check(
        hooks,
        &[
            "app withdraws 250ms",
            "app drains 1s",
            "pre before app 3s",
            "app ends by SIGTERM 4s",
            "post after 6s",
        ],
    );
    // The application's own budget is shorter than the hook; the hook ends beside it.
    check(
        &hooks.replace("timeout 3s", "timeout 30s"),
        &[
            "app withdraws 250ms",
            "app drains 1s",
            "pre before app 4s",
            "app ends by SIGTERM 4s",
            "post after 6s",
        ],
    );
    // Without a timeout of its own a hook gets the common budget, and again from TERM to KILL.
    check(
        "
        stop timeout 2s
        job app: exec ignores TERM
        job pre: exec ignores TERM; when once stopping(app)
        job post: exec ignores TERM; when once stopped(app)",
        &[
            "pre before app 2s",
            "app ends by SIGTERM 2s",
            "post after 4s",
        ],
    );
    // No time at all for processes is time enough for hooks.
    check(
        "
        stop timeout 0s
        job app: exec ignores TERM
        job pre: exec ignores TERM; when once stopping(app)
        job post: exec ignores TERM; when once stopped(app)",
        &["pre before app 5s", "post after 10s"],
    );
}

#[test]
fn the_longest_of_several_ways_counts() {
    check(
        "
        stop timeout 1s
        job a: exec ignores TERM
        job b: exec ignores TERM; stop-timeout 7s
        job after-a: exec ignores TERM; when once stopped(a); timeout 3s
        job after-both: exec ignores TERM; when once stopped(after-a); timeout 4s",
        &[
            "a ends by SIGTERM 1s",
            "after-a after 3s",
            "after-both after 4s",
        ],
    );
    check(
        "
        stop timeout 1s
        job a: exec ignores TERM
        job b: exec ignores TERM; stop-timeout 7s
        job last: exec ignores TERM; when once all[stopped(a), stopped(b)]; timeout 2s",
        &["b ends by SIGTERM 7s", "last after 2s"],
    );
    // A hook that nobody waits for as long as it takes.
    check(
        "
        job app: exec ignores TERM; stop-timeout 1s
        job pre: exec ignores TERM; when once stopping(app); timeout 9s; stop-timeout 6s",
        &["pre before app 1s", "pre ends by SIGTERM 6s"],
    );
}

#[test]
fn who_leaves_later_begins_later() {
    check(
        "
        stop timeout 2s
        job app: exec ignores TERM; leaves after services; essential
        job service: service passing
        job agent: exec ignores TERM; leaves last",
        &[
            "service withdraws 250ms",
            "app ends by SIGTERM 2s",
            "agent ends by SIGTERM 2s",
        ],
    );
}

#[test]
fn a_ring_of_hooks_has_a_number_too() {
    let text = "
        job a: exec runs; when once stopping(b)
        job b: exec runs; when once stopping(a)
        job c: exec runs; when once stopped(c)";
    let spec = scenario(text).config.spec;
    assert!(spec.longest_stop().len() < 10);
}
