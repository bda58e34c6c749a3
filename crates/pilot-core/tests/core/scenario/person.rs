//! What a person asks of a job.

use expect_test::expect;

use super::trace;

#[test]
fn stop_holds_until_start() {
    let trace = trace(
        "
        job app: exec runs
        job side: exec exits 0 after 2s
        at 1s stop app
        at 3s show
        at 4s start app
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > stop app
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        1.000 > app#1 dies of SIGTERM
        1.000 event exitFailed(app)
        1.000 event stopped(app)
        2.000 > side#1 exits 0
        2.000 event exitSuccess(side)
        2.000 event stopping(side)
        2.000 event stopped(side)
        3.000 = app held/unknown/out, side complete/unknown/out
        4.000 > start app
        4.000 spawn app#2
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 stop app#2 SIGTERM
        5.000 > app#2 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A held job is not over; but it does not keep a shutdown waiting.
#[test]
fn a_held_job_and_a_shutdown() {
    let trace = trace(
        "
        job app: exec runs
        at 1s stop app
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > stop app
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        1.000 > app#1 dies of SIGTERM
        1.000 event exitFailed(app)
        1.000 event stopped(app)
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_held_turn_and_a_shutdown() {
    let trace = trace(
        "
        job app: exec runs
        job post: exec exits 0 after 1s; when once stopped(app)
        at 1s stop post
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > stop post
        1.000 event stopping(post)
        1.000 event stopped(post)
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 stop app#1 SIGTERM
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 spawn post#1
        3.000 > post#1 exits 0
        3.000 event exitSuccess(post)
        3.000 event stopping(post)
        3.000 event stopped(post)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A shutdown finds the stop by hand under way.
#[test]
fn a_turn_that_is_being_held_when_the_shutdown_comes() {
    let trace = trace(
        "
        job app: exec runs
        job post: exec runs, takes 1s to stop | exits 0 after 1s; when once any[startup(global), stopped(app)]
        at 1s stop post
        at 1500ms TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn post#1
        1.000 > stop post
        1.000 event stopping(post)
        1.000 stop post#1 SIGTERM
        1.500 > SIGTERM
        1.500 event shutdown(global)
        1.500 event stopping(app)
        1.500 stop app#1 SIGTERM
        1.500 > app#1 dies of SIGTERM
        1.500 event exitFailed(app)
        1.500 event stopped(app)
        2.000 > post#1 exits 0
        2.000 event exitSuccess(post)
        2.000 event stopped(post)
        2.000 event stopping(post)
        2.000 event stopped(post)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Jobs that run on its stop run on each of its stops.
#[test]
fn restart_runs_the_turns_and_makes_them_ready_again() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        job post: exec exits 0 after 1s; when once stopped(app)
        at 1s restart app
        at 10s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > restart app
        1.000 event stopping(app)
        1.000 spawn pre#1
        2.000 > pre#1 exits 0
        2.000 event exitSuccess(pre)
        2.000 event stopping(pre)
        2.000 event stopped(pre)
        2.000 stop app#1 SIGTERM
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 spawn app#2
        2.000 spawn post#1
        3.000 > post#1 exits 0
        3.000 event exitSuccess(post)
        3.000 event stopping(post)
        3.000 event stopped(post)
        10.000 > SIGTERM
        10.000 event shutdown(global)
        10.000 event stopping(app)
        10.000 spawn pre#2
        11.000 > pre#2 exits 0
        11.000 event exitSuccess(pre)
        11.000 event stopping(pre)
        11.000 event stopped(pre)
        11.000 stop app#2 SIGTERM
        11.000 > app#2 dies of SIGTERM
        11.000 event exitFailed(app)
        11.000 event stopped(app)
        11.000 spawn post#2
        12.000 > post#2 exits 0
        12.000 event exitSuccess(post)
        12.000 event stopping(post)
        12.000 event stopped(post)
        12.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn start_after_a_stop_makes_the_turns_ready_again() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        at 1s stop app
        at 5s start app
        at 6s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > stop app
        1.000 event stopping(app)
        1.000 spawn pre#1
        2.000 > pre#1 exits 0
        2.000 event exitSuccess(pre)
        2.000 event stopping(pre)
        2.000 event stopped(pre)
        2.000 stop app#1 SIGTERM
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        5.000 > start app
        5.000 spawn app#2
        6.000 > SIGTERM
        6.000 event shutdown(global)
        6.000 event stopping(app)
        6.000 spawn pre#2
        7.000 > pre#2 exits 0
        7.000 event exitSuccess(pre)
        7.000 event stopping(pre)
        7.000 event stopped(pre)
        7.000 stop app#2 SIGTERM
        7.000 > app#2 dies of SIGTERM
        7.000 event exitFailed(app)
        7.000 event stopped(app)
        7.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn starting_a_held_interval_job_begins_a_new_beat() {
    let trace = trace(
        "
        job task: exec passes; when every 1s; overlap queue
        at 1500ms stop task
        at 2700ms start task
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn task#1
        0.000 > task#1 exits 0
        0.000 event exitSuccess(task)
        1.000 spawn task#2
        1.000 > task#2 exits 0
        1.000 event exitSuccess(task)
        1.500 > stop task
        1.500 event stopping(task)
        1.500 event stopped(task)
        2.700 > start task
        2.700 spawn task#3
        2.700 > task#3 exits 0
        2.700 event exitSuccess(task)
        3.700 spawn task#4
        3.700 > task#4 exits 0
        3.700 event exitSuccess(task)
        4.700 spawn task#5
        4.700 > task#5 exits 0
        4.700 event exitSuccess(task)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_signal_for_one_job() {
    let trace = trace(
        "
        job app: exec runs
        at 1s signal USR2 app
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > signal SIGUSR2 app
        1.000 signal app#1 SIGUSR2
    "#]]
    .assert_eq(&trace);
}

/// What a reload wants is not forgotten for it.
#[test]
fn restart_during_a_reload() {
    let trace = trace(
        "
        job app: exec runs, takes 2s to stop | runs
        at 1s reload
          job app: version v2
        at 2s restart app
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        2.000 > restart app
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 spawn app#2 v2
    "#]]
    .assert_eq(&trace);
}

/// Its budget of restarts and its back-off are new.
#[test]
fn start_of_a_job_that_is_over() {
    let trace = trace(
        "
        job app: exec fails; restarts 1; backoff none
        job side: exec runs
        at 1s start app
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        0.000 > app#1 exits 1
        0.000 event exitFailed(app)
        0.000 spawn app#2
        0.000 > app#2 exits 1
        0.000 event exitFailed(app)
        0.000 event stopping(app)
        0.000 event stopped(app)
        1.000 > start app
        1.000 spawn app#3
        1.000 > app#3 exits 1
        1.000 event exitFailed(app)
        1.000 spawn app#4
        1.000 > app#4 exits 1
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
    "#]]
    .assert_eq(&trace);
}
