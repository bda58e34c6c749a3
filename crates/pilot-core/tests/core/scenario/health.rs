//! Health, the catalog, and maintenance (acceptance 133 to 143).

use expect_test::expect;

use super::trace;

/// Acceptance 133, 137.
#[test]
fn registered_at_the_first_pass() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: fails | passes
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 1
        1.000 event exitFailed(check.app)
        1.000 event unhealthy(app)
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 0
        2.000 event exitSuccess(check.app)
        2.000 event healthy(app)
        2.000 publish app passing 'ok'
        3.000 spawn check.app#3
        3.000 > check.app#3 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
    "#]]
    .assert_eq(&trace);
}

/// What is up before its first check is due is found so sooner; that it was not up yet tells nobody
/// anything.
#[test]
fn checks_before_the_first_interval_tell_good_news_only() {
    let trace = trace(
        "
        job app: exec runs; service; health 10s: fails x2 | passes | fails
        until 21s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 1
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 1
        4.000 spawn check.app#3
        4.000 > check.app#3 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        4.000 publish app passing 'ok'
        10.000 spawn check.app#4
        10.000 > check.app#4 exits 1
        10.000 event exitFailed(check.app)
        10.000 event unhealthy(app)
        10.000 publish app critical 'exit status 1'
        20.000 spawn check.app#5
        20.000 > check.app#5 exits 1
        20.000 event exitFailed(check.app)
        20.000 event unhealthy(app)
    "#]]
    .assert_eq(&trace);
}

/// They are 1 s, 2 s, 4 s … after the start, and over with the first one that is due.
#[test]
fn checks_before_the_first_interval_are_few() {
    let trace = trace(
        "
        job app: exec runs; service warning; health 7s: fails
        until 15s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app warning ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 1
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 1
        4.000 spawn check.app#3
        4.000 > check.app#3 exits 1
        7.000 spawn check.app#4
        7.000 > check.app#4 exits 1
        7.000 event exitFailed(check.app)
        7.000 event unhealthy(app)
        7.000 publish app critical 'exit status 1'
        14.000 spawn check.app#5
        14.000 > check.app#5 exits 1
        14.000 event exitFailed(check.app)
        14.000 event unhealthy(app)
    "#]]
    .assert_eq(&trace);
}

/// A process that starts anew is asked anew.
#[test]
fn a_restart_has_its_own_checks_before_the_first_interval() {
    let trace = trace(
        "
        job app: exec exits 1 after 5s | runs; restarts unlimited; service; health 30s: passes | fails | passes
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        5.000 > app#1 exits 1
        5.000 event exitFailed(app)
        5.000 publish app critical 'app ended (exit status 1) and restarts'
        5.000 spawn app#2
        6.000 spawn check.app#2
        6.000 > check.app#2 exits 1
        7.000 spawn check.app#3
        7.000 > check.app#3 exits 0
        7.000 event exitSuccess(check.app)
        7.000 event healthy(app)
        7.000 publish app passing 'ok'
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 134.
#[test]
fn an_initial_status_registers_before_any_check() {
    let trace = trace(
        "
        job app: exec runs; service warning; health 1s: passes; when once healthy(watch.db)
        watch db
        at 2s answer db a
        until 3500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 publish app warning ''
        0.000 event startup(global)
        2.000 > db is [a]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        2.000 spawn app#1
        3.000 spawn check.app#1
        3.000 > check.app#1 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
        3.000 publish app passing 'ok'
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 138, product: critical at once.
#[test]
fn a_failing_check_is_told_at_once() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes | fails x2 | passes
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 1
        2.000 event exitFailed(check.app)
        2.000 event unhealthy(app)
        2.000 publish app critical 'exit status 1'
        3.000 spawn check.app#3
        3.000 > check.app#3 exits 1
        3.000 event exitFailed(check.app)
        3.000 event unhealthy(app)
        4.000 spawn check.app#4
        4.000 > check.app#4 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        4.000 publish app passing 'ok'
    "#]]
    .assert_eq(&trace);
}

/// A service without a check passes on every beat.
#[test]
fn no_check() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 event healthy(app)
    "#]]
    .assert_eq(&trace);
}

/// A service that is to be marked stays in the catalog, and is checked as ever.
#[test]
fn maintenance_marks_who_wants_to_stay() {
    let trace = trace(
        "
        job app: exec runs; service; marked; health 1s: passes, fails, passes
        at 1500ms maintenance on
        at 3500ms maintenance off
        until 3600ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        1.500 > maintenance on
        1.500 mark app 'containerpilot: in maintenance'
        1.500 event enterMaintenance(global)
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 0
        2.000 event exitSuccess(check.app)
        2.000 event healthy(app)
        3.000 spawn check.app#3
        3.000 > check.app#3 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
        3.500 > maintenance off
        3.500 mark app no more
        3.500 event exitMaintenance(global)
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 139, 140: checks pause, and the next pass brings it back.
#[test]
fn maintenance() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes
        at 1500ms maintenance on
        at 1500ms maintenance on
        at 3s show
        at 3500ms maintenance off
        at 3600ms show
        at 4s show
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        1.500 > maintenance on
        1.500 withdraw app
        1.500 event enterMaintenance(global)
        1.500 > maintenance on
        1.500 > app is out of the catalog
        3.000 = app running/maintenance/out
        3.500 > maintenance off
        3.500 event exitMaintenance(global)
        3.600 = app running/unknown/out
        4.000 = app running/unknown/out
        4.000 spawn check.app#2
        4.000 > check.app#2 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        4.000 publish app passing 'ok'
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_a_check_says_in_maintenance_does_not_count() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: exits 1 after 500ms
        at 1200ms maintenance on
        at 2s show
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.200 > maintenance on
        1.200 event enterMaintenance(global)
        1.500 > check.app#1 exits 1
        1.500 event exitFailed(check.app)
        2.000 = app running/maintenance/out
    "#]]
    .assert_eq(&trace);
}

#[test]
fn maintenance_ends_with_the_initial_status() {
    let trace = trace(
        "
        job app: exec runs; service warning
        job crash: exec fails; restarts unlimited; service warning
        at 1s maintenance on
        at 1100ms maintenance off
        until 1200ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app warning ''
        0.000 publish crash warning ''
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn crash#1
        0.000 > crash#1 exits 1
        0.000 event exitFailed(crash)
        0.000 publish crash critical 'crash ended (exit status 1) and restarts'
        0.000 spawn crash#2
        0.000 > crash#2 exits 1
        0.000 event exitFailed(crash)
        0.530 spawn crash#3
        0.530 > crash#3 exits 1
        0.530 event exitFailed(crash)
        1.000 > maintenance on
        1.000 withdraw app
        1.000 withdraw crash
        1.000 event enterMaintenance(global)
        1.000 > app is out of the catalog
        1.000 > crash is out of the catalog
        1.100 > maintenance off
        1.100 publish app warning ''
        1.100 event exitMaintenance(global)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn maintenance_starts_the_jobs_that_wait_for_it() {
    let trace = trace(
        "
        job app: exec runs
        job on: exec passes; when each enterMaintenance(global)
        job off: exec passes; when each exitMaintenance(global)
        at 1s maintenance on
        at 2s maintenance off
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > maintenance on
        1.000 event enterMaintenance(global)
        1.000 spawn on#1
        1.000 > on#1 exits 0
        1.000 event exitSuccess(on)
        2.000 > maintenance off
        2.000 event exitMaintenance(global)
        2.000 spawn off#1
        2.000 > off#1 exits 0
        2.000 event exitSuccess(off)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn one_check_at_a_time() {
    let trace = trace(
        "
        job app: exec runs; health 1s: exits 0 after 2500ms
        until 4500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        3.500 > check.app#1 exits 0
        3.500 event exitSuccess(check.app)
        3.500 event healthy(app)
        4.000 spawn check.app#2
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_check_that_takes_too_long_has_failed() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s timeout 300ms: passes | runs
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 spawn check.app#2
        2.300 warn check.app timeout after 300ms: '[check.app]'
        2.300 kill check.app#2
        2.300 > check.app#2 dies of SIGKILL
        2.300 event exitFailed(check.app)
        2.300 event unhealthy(app)
        2.300 publish app critical 'signal: killed'
        3.000 spawn check.app#3
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_check_is_killed_when_its_job_stops() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes | runs
        at 2500ms TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 spawn check.app#2
        2.500 > SIGTERM
        2.500 event shutdown(global)
        2.500 kill check.app#2
        2.500 withdraw app
        2.500 > check.app#2 dies of SIGKILL
        2.500 > app is out of the catalog
        2.500 event stopping(app)
        2.500 stop app#1 SIGTERM
        2.500 > app#1 dies of SIGTERM
        2.500 event exitFailed(app)
        2.500 event stopped(app)
        2.500 exit 0
    "#]]
    .assert_eq(&trace);
}

/// It is about a process that is no more.
#[test]
fn a_check_of_a_process_that_ended_is_not_believed() {
    let trace = trace(
        "
        job app: exec exits 1 after 1500ms | runs; service; restarts 1; backoff none; health 1s: exits 0 after 2s
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.500 > app#1 exits 1
        1.500 event exitFailed(app)
        1.500 kill check.app#1
        1.500 spawn app#2
        1.500 > check.app#1 dies of SIGKILL
        2.500 spawn check.app#2
        4.500 > check.app#2 exits 0
        4.500 event exitSuccess(check.app)
        4.500 event healthy(app)
        4.500 publish app passing 'ok'
        4.500 spawn check.app#3
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_restart_is_critical_until_the_next_pass() {
    let trace = trace(
        "
        job app: exec exits 1 after 1500ms | runs; service; restarts 1; health 1s: passes
        at 1700ms show
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        1.500 > app#1 exits 1
        1.500 event exitFailed(app)
        1.500 publish app critical 'app ended (exit status 1) and restarts'
        1.500 spawn app#2
        1.700 = app running/unknown/critical
        2.500 spawn check.app#2
        2.500 > check.app#2 exits 0
        2.500 event exitSuccess(check.app)
        2.500 event healthy(app)
        2.500 publish app passing 'ok'
    "#]]
    .assert_eq(&trace);
}

#[test]
fn checks_of_an_interval_job_go_on_between_its_runs() {
    let trace = trace(
        "
        job task: exec passes; when every 400ms; health 1s: passes
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn task#1
        0.000 > task#1 exits 0
        0.000 event exitSuccess(task)
        0.400 spawn task#2
        0.400 > task#2 exits 0
        0.400 event exitSuccess(task)
        0.800 spawn task#3
        0.800 > task#3 exits 0
        0.800 event exitSuccess(task)
        1.000 spawn check.task#1
        1.000 > check.task#1 exits 0
        1.000 event exitSuccess(check.task)
        1.000 event healthy(task)
        1.200 spawn task#4
        1.200 > task#4 exits 0
        1.200 event exitSuccess(task)
        1.600 spawn task#5
        1.600 > task#5 exits 0
        1.600 event exitSuccess(task)
        2.000 spawn task#6
        2.000 spawn check.task#2
        2.000 > task#6 exits 0
        2.000 event exitSuccess(task)
        2.000 > check.task#2 exits 0
        2.000 event exitSuccess(check.task)
        2.000 event healthy(task)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_check_that_cannot_be_killed_has_failed() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s timeout 500ms: passes | runs, stuck
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 spawn check.app#2
        2.500 warn check.app timeout after 500ms: '[check.app]'
        2.500 kill check.app#2
        4.500 event unhealthy(app)
        4.500 publish app critical 'does not end'
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_missing_check_program_has_failed() {
    let trace = trace(
        "
        job app: exec runs; service passing; health 1s: missing
        until 1s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 cannot start
        1.000 event exitFailed(check.app)
        1.000 event unhealthy(app)
        1.000 publish app critical 'no such file or directory'
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 143.
#[test]
fn withdrawn_even_if_nobody_answers() {
    let trace = trace(
        "
        catalog silent
        stop timeout 1s
        job app: exec runs, ignores TERM; service; health 1s: passes
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 withdraw app
        2.250 event stopping(app)
        2.250 stop app#1 SIGTERM
        3.250 kill app#1
        3.250 > app#1 dies of SIGKILL
        3.250 event exitFailed(app)
        3.250 event stopped(app)
        3.250 exit 137
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_service_leaves_when_its_application_ends() {
    let trace = trace(
        "
        job app: exec exits 0 after 2s; service; health 1s: passes
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        2.000 > app#1 exits 0
        2.000 event exitSuccess(app)
        2.000 withdraw app
        2.000 > app is out of the catalog
        2.000 event stopping(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn healthy_starts_whoever_waits_for_it_once() {
    let trace = trace(
        "
        job db: exec runs; health 1s: fails | passes
        job app: exec runs; when once healthy(db)
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn db#1
        1.000 spawn check.db#1
        1.000 > check.db#1 exits 1
        1.000 event exitFailed(check.db)
        1.000 event unhealthy(db)
        2.000 spawn check.db#2
        2.000 > check.db#2 exits 0
        2.000 event exitSuccess(check.db)
        2.000 event healthy(db)
        2.000 spawn app#1
        3.000 spawn check.db#3
        3.000 > check.db#3 exits 0
        3.000 event exitSuccess(check.db)
        3.000 event healthy(db)
        4.000 spawn check.db#4
        4.000 > check.db#4 exits 0
        4.000 event exitSuccess(check.db)
        4.000 event healthy(db)
    "#]]
    .assert_eq(&trace);
}

/// It is started by hand first.
#[test]
fn a_job_on_its_own_health() {
    let trace = trace(
        "
        job app: exec exits 0 after 1500ms; health 1s: passes; when each healthy(app)
        at 1s start app
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > start app
        1.000 spawn app#1
        2.000 spawn check.app#1
        2.000 > check.app#1 exits 0
        2.000 event exitSuccess(check.app)
        2.000 event healthy(app)
        2.500 > app#1 exits 0
        2.500 event exitSuccess(app)
        2.500 spawn app#2
        3.000 spawn check.app#2
        3.000 > check.app#2 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
        4.000 > app#2 exits 0
        4.000 event exitSuccess(app)
        4.000 spawn app#3
        4.000 spawn check.app#3
        4.000 > check.app#3 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        5.000 spawn check.app#4
        5.000 > check.app#4 exits 0
        5.000 event exitSuccess(check.app)
        5.000 event healthy(app)
    "#]]
    .assert_eq(&trace);
}
