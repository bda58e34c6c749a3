//! A new configuration (acceptance 163 to 167).

use expect_test::expect;

use super::trace;

#[test]
fn what_did_not_change_is_not_touched() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes
        job side: exec runs
        watch db
        at 1500ms answer db a
        at 2s reload
          job app: exec runs; service; health 1s: passes
          job side: version v2
          watch db
        at 3s show
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app passing 'ok'
        1.500 > db is [a]
        1.500 event changed(watch.db)
        1.500 event healthy(watch.db)
        2.000 > reload
        2.000 event stopping(side)
        2.000 stop side#1 SIGTERM
        2.000 > side#1 dies of SIGTERM
        2.000 event exitFailed(side)
        2.000 event stopped(side)
        2.000 spawn side#2 v2
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 0
        2.000 event exitSuccess(check.app)
        2.000 event healthy(app)
        3.000 = app running/healthy/passing, side running/unknown/out, db healthy
        3.000 spawn check.app#3
        3.000 > check.app#3 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn the_same_again_is_nothing() {
    let trace = trace(
        "
        job app: exec runs
        watch db
        template conf: data v1
        at 1s reload
          job app: exec runs
          watch db
          template conf: data v1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        1.000 > reload
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 167.
#[test]
fn the_old_process_is_gone_before_the_new_one_comes() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs, ignores TERM | runs
        at 1s reload
          stop timeout 1s
          job app: version v2
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
        2.000 kill app#1
        2.000 > app#1 dies of SIGKILL
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 spawn app#2 v2
    "#]]
    .assert_eq(&trace);
}

#[test]
fn jobs_come_and_go() {
    let trace = trace(
        "
        job old: exec runs; service passing
        watch db
        template conf: data v1
        at 1s reload
          job new: exec runs
          watch mq
          template other: data v1
        at 2s show
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 load conf
        0.000 publish old passing ''
        0.000 event startup(global)
        0.000 spawn old#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        1.000 > reload
        1.000 follow mq
        1.000 unfollow db
        1.000 load other
        1.000 drop conf
        1.000 withdraw old
        1.000 spawn new#1
        1.000 > old is out of the catalog
        1.000 event stopping(old)
        1.000 stop old#1 SIGTERM
        1.000 > old#1 dies of SIGTERM
        1.000 event exitFailed(old)
        1.000 event stopped(old)
        2.000 = new running/unknown/out, mq unknown, other blocked
    "#]]
    .assert_eq(&trace);
}

#[test]
fn back_and_forth_during_one_stop() {
    let trace = trace(
        "
        job app: exec runs, takes 2s to stop | runs
        at 1s reload
          job app: version v2
        at 2s reload
          job app: exec runs
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
        2.000 > reload
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 spawn app#2
    "#]]
    .assert_eq(&trace);
}

#[test]
fn removed_and_added_again_during_one_stop() {
    let trace = trace(
        "
        job app: exec runs, takes 2s to stop | runs
        job side: exec runs
        at 1s reload
          job side: exec runs
        at 2s reload
          job app: exec runs
          job side: exec runs
        at 5s show
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > reload
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        2.000 > reload
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 spawn app#2
        5.000 = app running/unknown/out, side running/unknown/out
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_held_job_that_changes_starts_anew() {
    let trace = trace(
        "
        job app: exec runs
        job side: exec runs
        at 1s stop app
        at 2s reload
          job app: version v2
          job side: exec runs
        until 3s
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
        2.000 > reload
        2.000 spawn app#2 v2
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_late_job_starts_if_its_event_has_been() {
    let trace = trace(
        "
        job db: exec runs; health 1s: passes
        watch mq
        at 1s answer mq a
        at 2s reload
          job db: exec runs; health 1s: passes
          watch mq
          watch api
          job one: exec runs; when once healthy(db)
          job two: exec runs; when once healthy(watch.mq)
          job both: exec runs; when once all[healthy(watch.mq), healthy(watch.api)]
          job not: exec runs; when once unhealthy(db)
        at 3s answer api a
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow mq
        0.000 event startup(global)
        0.000 spawn db#1
        1.000 > mq is [a]
        1.000 event changed(watch.mq)
        1.000 event healthy(watch.mq)
        1.000 spawn check.db#1
        1.000 > check.db#1 exits 0
        1.000 event exitSuccess(check.db)
        1.000 event healthy(db)
        2.000 > reload
        2.000 follow api
        2.000 spawn one#1
        2.000 spawn two#1
        2.000 spawn check.db#2
        2.000 > check.db#2 exits 0
        2.000 event exitSuccess(check.db)
        2.000 event healthy(db)
        3.000 > api is [a]
        3.000 event changed(watch.api)
        3.000 event healthy(watch.api)
        3.000 spawn both#1
        3.000 spawn check.db#3
        3.000 > check.db#3 exits 0
        3.000 event exitSuccess(check.db)
        3.000 event healthy(db)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn turns_run_for_a_changed_job_and_are_ready_again() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        job post: exec exits 0 after 1s; when once stopped(app)
        at 1s reload
          job app: version v2
          job pre: exec exits 0 after 1s; when once stopping(app)
          job post: exec exits 0 after 1s; when once stopped(app)
        at 2500ms TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
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
        2.000 spawn post#1
        2.000 spawn app#2 v2
        2.500 > SIGTERM
        2.500 event shutdown(global)
        2.500 event stopping(app)
        2.500 spawn pre#2
        3.000 > post#1 exits 0
        3.000 event exitSuccess(post)
        3.000 event stopping(post)
        3.000 event stopped(post)
        3.500 > pre#2 exits 0
        3.500 event exitSuccess(pre)
        3.500 event stopping(pre)
        3.500 event stopped(pre)
        3.500 stop app#2 SIGTERM
        3.500 > app#2 dies of SIGTERM
        3.500 event exitFailed(app)
        3.500 event stopped(app)
        3.500 spawn post#2
        4.500 > post#2 exits 0
        4.500 event exitSuccess(post)
        4.500 event stopping(post)
        4.500 event stopped(post)
        4.500 exit 0
    "#]]
    .assert_eq(&trace);
}

/// The old ones have their turn in the stop of the old application.
#[test]
fn turns_that_change_with_their_job() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        job post: exec exits 0 after 1s; when once stopped(app)
        at 1s reload
          job app: version v2
          job pre: version v2; when once stopping(app)
          job post: version v2; when once stopped(app)
        at 10s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
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
        2.000 spawn post#1
        2.000 spawn app#2 v2
        3.000 > post#1 exits 0
        3.000 event exitSuccess(post)
        3.000 event stopping(post)
        3.000 event stopped(post)
        10.000 > SIGTERM
        10.000 event shutdown(global)
        10.000 event stopping(app)
        10.000 spawn pre#2 v2
        11.000 > pre#2 exits 0
        11.000 event exitSuccess(pre)
        11.000 event stopping(pre)
        11.000 event stopped(pre)
        11.000 stop app#2 SIGTERM
        11.000 > app#2 dies of SIGTERM
        11.000 event exitFailed(app)
        11.000 event stopped(app)
        11.000 spawn post#2 v2
        12.000 > post#2 exits 0
        12.000 event exitSuccess(post)
        12.000 event stopping(post)
        12.000 event stopped(post)
        12.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn turns_that_go_with_their_job() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        job post: exec exits 0 after 1s; when once stopped(app)
        job side: exec runs
        at 1s reload
          job side: exec runs
        at 10s show
        until 10s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > reload
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
        2.000 spawn post#1
        3.000 > post#1 exits 0
        3.000 event exitSuccess(post)
        3.000 event stopping(post)
        3.000 event stopped(post)
        10.000 = side running/unknown/out
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_changed_turn_alone_is_changed_at_once() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec exits 0 after 1s; when once stopping(app)
        at 1s reload
          job app: exec runs
          job pre: version v2; when once stopping(app)
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        1.000 event stopping(pre)
        1.000 event stopped(pre)
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 spawn pre#1 v2
        3.000 > pre#1 exits 0
        3.000 event exitSuccess(pre)
        3.000 event stopping(pre)
        3.000 event stopped(pre)
        3.000 stop app#1 SIGTERM
        3.000 > app#1 dies of SIGTERM
        3.000 event exitFailed(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// The turns have run already; nothing of the new configuration starts.
#[test]
fn a_shutdown_during_a_reload() {
    let trace = trace(
        "
        job app: exec runs, takes 2s to stop
        job post: exec exits 0 after 1s; when once stopped(app)
        at 1s reload
          job app: version v2
          job post: exec exits 0 after 1s; when once stopped(app)
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        2.000 > SIGTERM
        2.000 event shutdown(global)
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 spawn post#1
        4.000 > post#1 exits 0
        4.000 event exitSuccess(post)
        4.000 event stopping(post)
        4.000 event stopped(post)
        4.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_job_that_is_over_stays_over_unless_it_changed() {
    let trace = trace(
        "
        job setup: exec exits 0 after 1s
        job app: exec runs
        at 2s reload
          job setup: exec exits 0 after 1s
          job app: exec runs
        at 3s reload
          job setup: version v2
          job app: exec runs
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn setup#1
        0.000 spawn app#1
        1.000 > setup#1 exits 0
        1.000 event exitSuccess(setup)
        1.000 event stopping(setup)
        1.000 event stopped(setup)
        2.000 > reload
        3.000 > reload
        3.000 spawn setup#2 v2
        4.000 > setup#2 exits 0
        4.000 event exitSuccess(setup)
        4.000 event stopping(setup)
        4.000 event stopped(setup)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_reload_changes_what_term_means() {
    let trace = trace(
        "
        job app: exec runs, ignores TERM
        at 1s reload
          forwarded
          job app: exec runs, ignores TERM
        at 2s TERM
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        2.000 > SIGTERM
        2.000 signal app#1 SIGTERM
    "#]]
    .assert_eq(&trace);
}

/// What the newest configuration says is what counts.
#[test]
fn two_reloads_while_a_turn_is_taken() {
    let trace = trace(
        "
        job app: exec runs; stop-timeout 1s
        job pre: exec runs, takes 5s to stop | passes; when each stopping(app)
        at 1s reload
          job app: version v2; stop-timeout 1s
          job pre: version v2; when each stopping(app)
        at 3s reload
          job app: version v2; stop-timeout 1s
          job pre: version v3; when each stopping(app)
        at 4s reload
          job app: version v2; stop-timeout 1s
          job pre: version v2; when each stopping(app)
        at 10s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        1.000 event stopping(app)
        1.000 spawn pre#1
        2.000 warn pre is out of time: the stop of app goes on without it
        2.000 event stopping(pre)
        2.000 stop pre#1 SIGTERM
        2.000 stop app#1 SIGTERM
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 spawn app#2 v2
        3.000 > reload
        4.000 > reload
        7.000 > pre#1 exits 0
        7.000 event exitSuccess(pre)
        7.000 event stopped(pre)
        10.000 > SIGTERM
        10.000 event shutdown(global)
        10.000 event stopping(app)
        10.000 spawn pre#2 v2
        10.000 > pre#2 exits 0
        10.000 event exitSuccess(pre)
        10.000 event stopping(pre)
        10.000 event stopped(pre)
        10.000 stop app#2 SIGTERM
        10.000 > app#2 dies of SIGTERM
        10.000 event exitFailed(app)
        10.000 event stopped(app)
        10.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn maintenance_outlives_a_reload() {
    let trace = trace(
        "
        job app: exec runs; service warning
        at 1s maintenance on
        at 2s reload
          job app: version v2; service warning
        at 3s maintenance off
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app warning ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > maintenance on
        1.000 withdraw app
        1.000 event enterMaintenance(global)
        1.000 > app is out of the catalog
        2.000 > reload
        2.000 event stopping(app)
        2.000 stop app#1 SIGTERM
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 spawn app#2 v2
        3.000 > maintenance off
        3.000 publish app warning ''
        3.000 event exitMaintenance(global)
    "#]]
    .assert_eq(&trace);
}

/// A service without a process is described anew where it stands (section 20.18 of 2.x).
#[test]
fn a_service_that_is_described_otherwise_stays_in_the_catalog() {
    let trace = trace(
        "
        job web: service; health 5s: passes
        at 6s reload
          job web: service warning; health 3s: passes
        at 7s show
        until 10s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 spawn check.web#1
        1.000 > check.web#1 exits 0
        1.000 event exitSuccess(check.web)
        1.000 event healthy(web)
        1.000 publish web passing 'ok'
        5.000 spawn check.web#2
        5.000 > check.web#2 exits 0
        5.000 event exitSuccess(check.web)
        5.000 event healthy(web)
        6.000 > reload
        7.000 = web up/healthy/passing
        9.000 spawn check.web#3
        9.000 > check.web#3 exits 0
        9.000 event exitSuccess(check.web)
        9.000 event healthy(web)
    "#]]
    .assert_eq(&trace);
}
