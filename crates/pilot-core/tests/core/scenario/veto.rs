//! Jobs whose failure ends the container, and the status after a request to stop.

use expect_test::expect;

use super::trace;

/// The hooks of ContainerPilot 2 around an application that does this.
fn second(pre: &str, app: &str, post: &str, rest: &str) -> String {
    let ended = "all[any[exitSuccess(app), exitFailed(app)], stopped(app)]";
    trace(&format!(
        "
        asked status application
        job pre: exec {pre}; veto
        job app: exec {app}; essential; when once exitSuccess(pre)
        job post: exec {post}; veto; when once {ended}
        job upset: exec runs; when once exitFailed(pre)
        {rest}
        "
    ))
}

#[test]
fn a_failure_before_the_application_ends_the_container() {
    let trace = second("exits 3 after 1s", "runs", "passes", "");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        1.000 > pre#1 exits 3
        1.000 event exitFailed(pre)
        1.000 event stopping(pre)
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopping(upset)
        1.000 event stopped(pre)
        1.000 event stopped(app)
        1.000 event stopped(upset)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 exit 3
    "#]]
    .assert_eq(&trace);
}

#[test]
fn one_that_cannot_start_has_failed() {
    let trace = second("missing", "runs", "passes", "");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 cannot start
        0.000 event exitFailed(pre)
        0.000 event stopping(pre)
        0.000 event shutdown(global)
        0.000 event stopping(app)
        0.000 event stopping(upset)
        0.000 event stopped(pre)
        0.000 event stopped(app)
        0.000 event stopped(upset)
        0.000 event stopping(post)
        0.000 event stopped(post)
        0.000 exit 127
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_failure_after_the_application_gives_the_status() {
    let trace = second("passes", "exits 4 after 1s", "exits 7 after 1s", "");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 spawn app#1
        0.000 event stopped(pre)
        1.000 > app#1 exits 4
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 spawn post#1
        1.000 event shutdown(global)
        1.000 event stopping(upset)
        1.000 event stopped(upset)
        2.000 > post#1 exits 7
        2.000 event exitFailed(post)
        2.000 event stopping(post)
        2.000 event stopped(post)
        2.000 exit 7
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_success_after_the_application_means_nothing() {
    let trace = second("passes", "runs, exits 4 on TERM", "passes", "at 1s TERM");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 spawn app#1
        0.000 event stopped(pre)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopping(upset)
        1.000 stop app#1 SIGTERM
        1.000 event stopped(upset)
        1.000 > app#1 exits 4
        1.000 event exitFailed(app)
        1.000 event stopped(app)
        1.000 spawn post#1
        1.000 > post#1 exits 0
        1.000 event exitSuccess(post)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 exit 4
    "#]]
    .assert_eq(&trace);
}

/// Whoever had to be killed, or died of a signal by itself.
#[test]
fn an_application_that_a_signal_ended() {
    let asked = second("passes", "runs, ignores TERM", "passes", "at 1s TERM");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 spawn app#1
        0.000 event stopped(pre)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopping(upset)
        1.000 stop app#1 SIGTERM
        1.000 event stopped(upset)
        6.000 kill app#1
        6.000 > app#1 dies of SIGKILL
        6.000 event exitFailed(app)
        6.000 event stopped(app)
        6.000 spawn post#1
        6.000 > post#1 exits 0
        6.000 event exitSuccess(post)
        6.000 event stopping(post)
        6.000 event stopped(post)
        6.000 exit 255
    "#]]
    .assert_eq(&asked);
    let passed_on = second(
        "passes",
        "runs",
        "passes",
        "signals stop TERM\n        at 1s INT",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 spawn app#1
        0.000 event stopped(pre)
        1.000 > SIGINT
        1.000 signal app#1 SIGINT
        1.000 > app#1 dies of SIGINT
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 spawn post#1
        1.000 event shutdown(global)
        1.000 event stopping(upset)
        1.000 event stopped(upset)
        1.000 > post#1 exits 0
        1.000 event exitSuccess(post)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 exit 255
    "#]]
    .assert_eq(&passed_on);
}

/// It is told to end, so it has not failed; the application never starts.
#[test]
fn a_request_to_stop_before_the_application_runs() {
    let trace = second("runs", "runs", "passes", "at 1s TERM");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(pre)
        1.000 event stopping(app)
        1.000 event stopping(upset)
        1.000 stop pre#1 SIGTERM
        1.000 event stopped(app)
        1.000 event stopped(upset)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 > pre#1 dies of SIGTERM
        1.000 event exitFailed(pre)
        1.000 event stopped(pre)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_timeout_is_a_failure() {
    let trace = second("runs; timeout 1s", "runs", "passes", "");
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        1.000 warn pre timeout after 1s: '[pre]'
        1.000 kill pre#1
        1.000 > pre#1 dies of SIGKILL
        1.000 event exitFailed(pre)
        1.000 event stopping(pre)
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopping(upset)
        1.000 event stopped(pre)
        1.000 event stopped(app)
        1.000 event stopped(upset)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 exit 255
    "#]]
    .assert_eq(&trace);
}

/// It neither ends the helper nor keeps it.
#[test]
fn success_means_nothing() {
    let alone = trace(
        "
        job pre: exec passes; veto
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 event stopped(pre)
    "#]]
    .assert_eq(&alone);
    let keeps = trace(
        "
        job app: exec exits 0 after 1s
        job slow: exec runs; veto
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn slow#1
        1.000 > app#1 exits 0
        1.000 event exitSuccess(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 event stopping(slow)
        1.000 stop slow#1 SIGTERM
        1.000 > slow#1 dies of SIGTERM
        1.000 event exitFailed(slow)
        1.000 event stopped(slow)
        1.000 exit 0
    "#]]
    .assert_eq(&keeps);
}

#[test]
fn a_fixed_status_is_for_those_who_ask() {
    let asked = trace(
        "
        asked status 12
        job app: exec runs, ignores TERM; essential
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        6.000 kill app#1
        6.000 > app#1 dies of SIGKILL
        6.000 event exitFailed(app)
        6.000 event stopped(app)
        6.000 exit 12
    "#]]
    .assert_eq(&asked);
    let by_itself = trace(
        "
        asked status 12
        job app: exec exits 3 after 1s; essential
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 exit 3
    "#]]
    .assert_eq(&by_itself);
}
