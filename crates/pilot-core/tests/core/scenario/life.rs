//! When jobs start, and what follows each run.

use expect_test::expect;

use super::trace;

/// Acceptance 113.
#[test]
fn a_job_that_is_asked_to_stop() {
    let trace = trace(
        "
        job app: exec runs
        at 10s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        10.000 > SIGTERM
        10.000 event shutdown(global)
        10.000 event stopping(app)
        10.000 stop app#1 SIGTERM
        10.000 > app#1 dies of SIGTERM
        10.000 event exitFailed(app)
        10.000 event stopped(app)
        10.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 114.
#[test]
fn giving_up_on_an_event_that_does_not_come() {
    let trace = trace(
        "
        job app: exec runs; when once healthy(watch.db); within 100ms
        watch db
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.100 event timerExpired(app)
        0.100 event stopping(app)
        0.100 event stopped(app)
        0.100 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 115.
#[test]
fn a_started_job_is_past_giving_up() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s; within 500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 0
        1.000 event exitSuccess(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 116: the first restart comes at once, the next ones after growing pauses.
#[test]
fn three_restarts_are_four_runs() {
    let trace = trace(
        "
        job app: exec exits 1 after 1s; restarts 3
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 1
        1.000 event exitFailed(app)
        1.000 spawn app#2
        2.000 > app#2 exits 1
        2.000 event exitFailed(app)
        2.530 spawn app#3
        3.530 > app#3 exits 1
        3.530 event exitFailed(app)
        4.627 spawn app#4
        5.627 > app#4 exits 1
        5.627 event exitFailed(app)
        5.627 event stopping(app)
        5.627 event stopped(app)
        5.627 exit 1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn no_pause_if_none_is_wanted() {
    let trace = trace(
        "
        job app: exec fails; restarts 3; backoff none
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > app#1 exits 1
        0.000 event exitFailed(app)
        0.000 spawn app#2
        0.000 > app#2 exits 1
        0.000 event exitFailed(app)
        0.000 spawn app#3
        0.000 > app#3 exits 1
        0.000 event exitFailed(app)
        0.000 spawn app#4
        0.000 > app#4 exits 1
        0.000 event exitFailed(app)
        0.000 event stopping(app)
        0.000 event stopped(app)
        0.000 exit 1
    "#]]
    .assert_eq(&trace);
}

/// A run of `reset` or longer makes the next failure a first one.
#[test]
fn a_stable_run_forgets_the_failures_before_it() {
    let trace = trace(
        "
        job app: exec exits 1 after 1s | exits 1 after 1s | exits 1 after 10s | exits 1 after 1s; restarts 4
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 1
        1.000 event exitFailed(app)
        1.000 spawn app#2
        2.000 > app#2 exits 1
        2.000 event exitFailed(app)
        2.530 spawn app#3
        12.530 > app#3 exits 1
        12.530 event exitFailed(app)
        12.530 spawn app#4
        13.530 > app#4 exits 1
        13.530 event exitFailed(app)
        13.951 spawn app#5
        14.951 > app#5 exits 1
        14.951 event exitFailed(app)
        14.951 event stopping(app)
        14.951 event stopped(app)
        14.951 exit 1
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 117.
#[test]
fn an_interval_job_with_restarts_left() {
    let trace = trace(
        "
        job tick: exec passes; when every 250ms; restarts 2
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn tick#1
        0.000 > tick#1 exits 0
        0.000 event exitSuccess(tick)
        0.250 spawn tick#2
        0.250 > tick#2 exits 0
        0.250 event exitSuccess(tick)
        0.500 spawn tick#3
        0.500 > tick#3 exits 0
        0.500 event exitSuccess(tick)
        0.500 event stopping(tick)
        0.500 event stopped(tick)
        0.500 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 118.
#[test]
fn later_start_events_do_not_count_for_once() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s; when once changed(watch.db); restarts 2; backoff none
        watch db
        at 100ms answer db a
        at 200ms answer db a b
        at 1500ms answer db a
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.100 > db is [a]
        0.100 event changed(watch.db)
        0.100 event healthy(watch.db)
        0.100 spawn app#1
        0.200 > db is [a b]
        0.200 event changed(watch.db)
        0.200 event healthy(watch.db)
        1.100 > app#1 exits 0
        1.100 event exitSuccess(app)
        1.100 spawn app#2
        1.500 > db is [a]
        1.500 event changed(watch.db)
        1.500 event healthy(watch.db)
        2.100 > app#2 exits 0
        2.100 event exitSuccess(app)
        2.100 spawn app#3
        3.100 > app#3 exits 0
        3.100 event exitSuccess(app)
        3.100 event stopping(app)
        3.100 event stopped(app)
        3.100 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 120.
#[test]
fn each_start_event_starts_it() {
    let trace = trace(
        "
        job app: exec exits 0 after 100ms; when each changed(watch.db)
        watch db
        at 100ms answer db a
        at 500ms answer db a b
        until 1s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.100 > db is [a]
        0.100 event changed(watch.db)
        0.100 event healthy(watch.db)
        0.100 spawn app#1
        0.200 > app#1 exits 0
        0.200 event exitSuccess(app)
        0.500 > db is [a b]
        0.500 event changed(watch.db)
        0.500 event healthy(watch.db)
        0.500 spawn app#2
        0.600 > app#2 exits 0
        0.600 event exitSuccess(app)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 121.
#[test]
fn a_run_that_times_out_is_killed_and_followed_by_the_next() {
    let trace = trace(
        "
        job task: exec runs; when every 500ms; timeout 100ms; restarts 2
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn task#1
        0.100 warn task timeout after 100ms: '[task]'
        0.100 kill task#1
        0.100 > task#1 dies of SIGKILL
        0.100 event exitFailed(task)
        0.500 spawn task#2
        0.600 warn task timeout after 100ms: '[task]'
        0.600 kill task#2
        0.600 > task#2 dies of SIGKILL
        0.600 event exitFailed(task)
        1.000 spawn task#3
        1.100 warn task timeout after 100ms: '[task]'
        1.100 kill task#3
        1.100 > task#3 dies of SIGKILL
        1.100 event exitFailed(task)
        1.100 event stopping(task)
        1.100 event stopped(task)
        1.100 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 122: never two in one beat.
#[test]
fn an_interval_job_goes_on_for_ever() {
    let trace = trace(
        "
        job task: exec exits 0 after 200ms; when every 1s
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn task#1
        0.200 > task#1 exits 0
        0.200 event exitSuccess(task)
        1.000 spawn task#2
        1.200 > task#2 exits 0
        1.200 event exitSuccess(task)
        2.000 spawn task#3
        2.200 > task#3 exits 0
        2.200 event exitSuccess(task)
        3.000 spawn task#4
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 123.
#[test]
fn a_coprocess_with_one_restart() {
    let trace = trace(
        "
        job co: exec exits 1 after 1s | exits 1 after 1s | runs; restarts 1
        job app: exec runs
        at 5s reload
          job co: version v2; restarts 1
          job app: exec runs
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn co#1
        0.000 spawn app#1
        1.000 > co#1 exits 1
        1.000 event exitFailed(co)
        1.000 spawn co#2
        2.000 > co#2 exits 1
        2.000 event exitFailed(co)
        2.000 event stopping(co)
        2.000 event stopped(co)
        5.000 > reload
        5.000 spawn co#3 v2
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 124.
#[test]
fn setup_comes_before_the_application() {
    let trace = trace(
        "
        job setup: exec exits 0 after 2s
        job app: exec exits 0 after 1s; when once exitSuccess(setup)
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn setup#1
        2.000 > setup#1 exits 0
        2.000 event exitSuccess(setup)
        2.000 event stopping(setup)
        2.000 spawn app#1
        2.000 event stopped(setup)
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopping(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 124: the application never starts, and the helper stays until it is asked to stop.
#[test]
fn setup_fails() {
    let trace = trace(
        "
        job setup: exec exits 4 after 2s
        job app: exec runs; when once exitSuccess(setup)
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn setup#1
        2.000 > setup#1 exits 4
        2.000 event exitFailed(setup)
        2.000 event stopping(setup)
        2.000 event stopped(setup)
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 125, 194.
#[test]
fn the_first_job_that_failed_for_good_gives_the_status() {
    let trace = trace(
        "
        job fine: exec exits 0 after 1s
        job bad: exec exits 7 after 2s
        job worse: exec exits 9 after 1s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn fine#1
        0.000 spawn bad#1
        0.000 spawn worse#1
        1.000 > fine#1 exits 0
        1.000 event exitSuccess(fine)
        1.000 event stopping(fine)
        1.000 event stopped(fine)
        1.000 > worse#1 exits 9
        1.000 event exitFailed(worse)
        1.000 event stopping(worse)
        1.000 event stopped(worse)
        2.000 > bad#1 exits 7
        2.000 event exitFailed(bad)
        2.000 event stopping(bad)
        2.000 event stopped(bad)
        2.000 exit 9
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 127: a queued run does not outlive the request to stop.
#[test]
fn a_start_event_while_a_run_is_on_waits_and_a_stop_forgets_it() {
    let trace = trace(
        "
        job hup: exec runs; when on HUP
        at 1s HUP
        at 2s HUP
        at 3s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGHUP
        1.000 event signal(SIGHUP)
        1.000 spawn hup#1
        2.000 > SIGHUP
        2.000 event signal(SIGHUP)
        3.000 > SIGTERM
        3.000 event shutdown(global)
        3.000 event stopping(hup)
        3.000 stop hup#1 SIGTERM
        3.000 > hup#1 dies of SIGTERM
        3.000 event exitFailed(hup)
        3.000 event stopped(hup)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// One more run follows, however many events came.
#[test]
fn overlapping_starts_queue_one() {
    let trace = trace(
        "
        job hup: exec exits 0 after 2s; when on HUP
        at 1s HUP
        at 1500ms HUP
        at 2s HUP
        until 10s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGHUP
        1.000 event signal(SIGHUP)
        1.000 spawn hup#1
        1.500 > SIGHUP
        1.500 event signal(SIGHUP)
        2.000 > SIGHUP
        2.000 event signal(SIGHUP)
        3.000 > hup#1 exits 0
        3.000 event exitSuccess(hup)
        3.000 spawn hup#2
        5.000 > hup#2 exits 0
        5.000 event exitSuccess(hup)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn overlapping_starts_are_skipped() {
    let trace = trace(
        "
        job hup: exec exits 0 after 2s; when on HUP; overlap skip
        at 1s HUP
        at 2s HUP
        until 10s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGHUP
        1.000 event signal(SIGHUP)
        1.000 spawn hup#1
        2.000 > SIGHUP
        2.000 event signal(SIGHUP)
        3.000 > hup#1 exits 0
        3.000 event exitSuccess(hup)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn an_overlapping_start_replaces_the_run_which_must_be_killed() {
    let trace = trace(
        "
        stop timeout 2s
        job hup: exec runs, ignores TERM | runs; when on HUP; overlap replace
        at 1s HUP
        at 2s HUP
        until 10s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGHUP
        1.000 event signal(SIGHUP)
        1.000 spawn hup#1
        2.000 > SIGHUP
        2.000 event signal(SIGHUP)
        2.000 stop hup#1 SIGTERM
        4.000 kill hup#1
        4.000 > hup#1 dies of SIGKILL
        4.000 event exitFailed(hup)
        4.000 spawn hup#2
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 128: beats that were missed are not made up for.
#[test]
fn no_burst_after_a_long_run() {
    let trace = trace(
        "
        job task: exec exits 0 after 1500ms | passes; when every 200ms; timeout 5s
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn task#1
        1.500 > task#1 exits 0
        1.500 event exitSuccess(task)
        1.600 spawn task#2
        1.600 > task#2 exits 0
        1.600 event exitSuccess(task)
        1.800 spawn task#3
        1.800 > task#3 exits 0
        1.800 event exitSuccess(task)
        2.000 spawn task#4
        2.000 > task#4 exits 0
        2.000 event exitSuccess(task)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 129.
#[test]
fn a_missing_program_is_not_hammered() {
    let trace = trace(
        "
        job app: exec missing; restarts unlimited
        until 20s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > app#1 cannot start
        0.000 event exitFailed(app)
        0.000 spawn app#2
        0.000 > app#2 cannot start
        0.000 event exitFailed(app)
        0.530 spawn app#3
        0.530 > app#3 cannot start
        0.530 event exitFailed(app)
        1.627 spawn app#4
        1.627 > app#4 cannot start
        1.627 event exitFailed(app)
        3.311 spawn app#5
        3.311 > app#5 cannot start
        3.311 event exitFailed(app)
        7.871 spawn app#6
        7.871 > app#6 cannot start
        7.871 event exitFailed(app)
        14.671 spawn app#7
        14.671 > app#7 cannot start
        14.671 event exitFailed(app)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 130: the shell has asked the child; the core kills it when the budget is spent.
#[test]
fn children_of_a_finished_job_have_a_budget() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec exits 0 after 1s, leaves a child for ever
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 0, not its children
        1.000 event exitSuccess(app)
        2.000 kill app#1
        2.000 > app#1 is gone
        2.000 event stopping(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_restart_waits_for_the_children_of_the_run_before() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s, leaves a child for 2s; restarts 1
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 0, not its children
        1.000 event exitSuccess(app)
        3.000 > app#1 is gone
        3.000 spawn app#2
        4.000 > app#2 exits 0, not its children
        4.000 event exitSuccess(app)
        6.000 > app#2 is gone
        6.000 event stopping(app)
        6.000 event stopped(app)
        6.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn all_of_several_events() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s; when once all[healthy(watch.db), healthy(watch.mq)]
        watch db
        watch mq
        at 1s answer mq a
        at 2s answer db a
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 follow mq
        0.000 event startup(global)
        1.000 > mq is [a]
        1.000 event changed(watch.mq)
        1.000 event healthy(watch.mq)
        2.000 > db is [a]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        2.000 spawn app#1
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopping(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn any_of_several_events() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s; when once any[healthy(watch.db), healthy(watch.mq)]
        watch db
        watch mq
        at 1s answer mq a
        at 2s answer db a
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 follow mq
        0.000 event startup(global)
        1.000 > mq is [a]
        1.000 event changed(watch.mq)
        1.000 event healthy(watch.mq)
        1.000 spawn app#1
        2.000 > db is [a]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        2.000 > app#1 exits 0
        2.000 event exitSuccess(app)
        2.000 event stopping(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Its own end is for `restarts` to answer, not for `when`.
#[test]
fn a_job_is_not_started_by_its_own_end() {
    let trace = trace(
        "
        job app: exec passes; when each any[startup(global), exitSuccess(app)]
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > app#1 exits 0
        0.000 event exitSuccess(app)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn each_start_shares_one_budget_of_restarts() {
    let trace = trace(
        "
        job app: exec fails; when each changed(watch.db); restarts 1; backoff none
        watch db
        at 1s answer db a
        at 2s answer db a b
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        1.000 spawn app#1
        1.000 > app#1 exits 1
        1.000 event exitFailed(app)
        1.000 spawn app#2
        1.000 > app#2 exits 1
        1.000 event exitFailed(app)
        2.000 > db is [a b]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        2.000 spawn app#3
        2.000 > app#3 exits 1
        2.000 event exitFailed(app)
    "#]]
    .assert_eq(&trace);
}

/// The status of the essential job is the status of the container.
#[test]
fn the_end_of_an_essential_job_ends_the_container() {
    let trace = trace(
        "
        job app: exec exits 3 after 1s; essential
        job side: exec runs, takes 1s to stop
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 event stopping(side)
        1.000 stop side#1 SIGTERM
        2.000 > side#1 exits 0
        2.000 event exitSuccess(side)
        2.000 event stopped(side)
        2.000 exit 3
    "#]]
    .assert_eq(&trace);
}

/// The first TERM in such a stop asks for nothing new.
#[test]
fn an_essential_job_has_ended_and_others_hang() {
    let trace = trace(
        "
        job app: exec exits 3 after 1s; essential
        job side: exec runs, ignores TERM
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 event stopping(side)
        1.000 stop side#1 SIGTERM
        2.000 > SIGTERM
        6.000 kill side#1
        6.000 > side#1 dies of SIGKILL
        6.000 event exitFailed(side)
        6.000 event stopped(side)
        6.000 exit 3
    "#]]
    .assert_eq(&trace);
}

#[test]
fn an_essential_job_that_dies_of_a_signal() {
    let trace = trace(
        "
        job app: exec runs; essential
        at 1s signal INT app
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > signal SIGINT app
        1.000 signal app#1 SIGINT
        1.000 > app#1 dies of SIGINT
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 exit 130
    "#]]
    .assert_eq(&trace);
}

/// A telemetry server is nobody's reason to run on.
#[test]
fn a_companion_does_not_keep_the_container_running() {
    let trace = trace(
        "
        job app: exec exits 3 after 1s
        job telemetry: companion; service; health 500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.500 event healthy(telemetry)
        0.500 publish telemetry passing 'ok'
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event shutdown(global)
        1.000 withdraw telemetry
        1.000 > telemetry is out of the catalog
        1.000 event stopping(telemetry)
        1.000 event stopped(telemetry)
        1.000 exit 3
    "#]]
    .assert_eq(&trace);
}

/// Whoever waits for it waits for nothing, so the container ends, and not as if all were well.
#[test]
fn an_essential_job_that_gives_up_ends_the_container() {
    let trace = trace(
        "
        job side: exec runs
        job boss: exec runs; essential; when once exitFailed(side); within 1s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn side#1
        1.000 event timerExpired(boss)
        1.000 event stopping(boss)
        1.000 event stopped(boss)
        1.000 event shutdown(global)
        1.000 event stopping(side)
        1.000 stop side#1 SIGTERM
        1.000 > side#1 dies of SIGTERM
        1.000 event exitFailed(side)
        1.000 event stopped(side)
        1.000 exit 1
    "#]]
    .assert_eq(&trace);
}

/// `tasks` of ContainerPilot 2: the beat begins with a pause, also for one that joins later.
#[test]
fn a_beat_that_begins_with_a_pause() {
    let trace = trace(
        "
        job app: exec runs
        job task: exec passes; when every 400ms after one
        at 1s show
        at 1s reload
          job app: exec runs
          job late: exec passes; when every 300ms after one; restarts 1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.400 spawn task#1
        0.400 > task#1 exits 0
        0.400 event exitSuccess(task)
        0.800 spawn task#2
        0.800 > task#2 exits 0
        0.800 event exitSuccess(task)
        1.000 = app running/unknown/out, task idle/unknown/out
        1.000 > reload
        1.000 event stopping(task)
        1.000 event stopped(task)
        1.300 spawn late#1
        1.300 > late#1 exits 0
        1.300 event exitSuccess(late)
        1.600 spawn late#2
        1.600 > late#2 exits 0
        1.600 event exitSuccess(late)
        1.600 event stopping(late)
        1.600 event stopped(late)
    "#]]
    .assert_eq(&trace);
}
