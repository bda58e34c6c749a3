//! Addresses that come late, change, and go.

use expect_test::expect;

use super::trace;

#[test]
fn a_job_starts_when_its_address_is_there_and_others_do_not_wait() {
    let trace = trace(
        "
        job app: exec runs; service warning; health 1s: passes; nowhere 30s
        job side: exec runs
        at 500ms missing app
        at 1s show
        at 3s found app 10.0.0.7
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn side#1
        0.500 > app is nowhere
        1.000 = app waiting/unknown/out, side running/unknown/out
        3.000 > app is at 10.0.0.7
        3.000 publish app at 10.0.0.7 warning ''
        3.000 spawn app#1
        4.000 spawn check.app#1
        4.000 > check.app#1 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        4.000 publish app at 10.0.0.7 passing 'ok'
    "#]]
    .assert_eq(&trace);
}

#[test]
fn an_address_that_does_not_come_ends_the_helper_with_what_was_looked_for() {
    let trace = trace(
        "
        errors
        job app: exec runs; service; health 1s: passes; nowhere 2s
        job side: exec runs
        at 500ms missing app
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn side#1
        0.500 > app is nowhere
        2.000 error cannot start app: no address within 2s: nothing fits
        2.000 error there is nothing
        2.000 error app failed (exit status 1): ending with its status
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 event stopping(side)
        2.000 event stopped(app)
        2.000 stop side#1 SIGTERM
        2.000 > side#1 dies of SIGTERM
        2.000 event exitFailed(side)
        2.000 event stopped(side)
        2.000 exit 1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_stop_does_not_wait_for_an_address() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes; nowhere 30s
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn another_address_is_told_and_nothing_restarts() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes
        at 1500ms found app 10.0.0.7
        at 2500ms missing app
        at 2600ms missing app
        at 3500ms found app 10.0.0.7
        at 4500ms found app 10.0.0.8
        at 4600ms show
        until 4700ms
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
        1.500 > app is at 10.0.0.7
        1.500 publish app at 10.0.0.7 passing 'ok'
        2.000 spawn check.app#2
        2.000 > check.app#2 exits 0
        2.000 event exitSuccess(check.app)
        2.000 event healthy(app)
        2.500 > app is nowhere
        2.500 warn address of app: 10.0.0.7 is gone and kept, since nothing else fits: nothing fits; there is nothing
        2.600 > app is nowhere
        3.000 spawn check.app#3
        3.000 > check.app#3 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
        3.500 > app is at 10.0.0.7
        4.000 spawn check.app#4
        4.000 > check.app#4 exits 0
        4.000 event exitSuccess(check.app)
        4.000 event healthy(app)
        4.500 > app is at 10.0.0.8
        4.500 publish app at 10.0.0.8 passing 'ok'
        4.600 = app running/healthy/passing
    "#]].assert_eq(&trace);
}

#[test]
fn what_is_not_in_the_catalog_is_told_later() {
    let trace = trace(
        "
        job app: exec runs; service; health 1s: passes
        at 500ms found app 10.0.0.7
        at 1500ms maintenance on
        at 1600ms found app 10.0.0.8
        at 2500ms maintenance off
        until 3500ms
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.500 > app is at 10.0.0.7
        1.000 spawn check.app#1
        1.000 > check.app#1 exits 0
        1.000 event exitSuccess(check.app)
        1.000 event healthy(app)
        1.000 publish app at 10.0.0.7 passing 'ok'
        1.500 > maintenance on
        1.500 withdraw app
        1.500 event enterMaintenance(global)
        1.500 > app is out of the catalog
        1.600 > app is at 10.0.0.8
        2.500 > maintenance off
        2.500 event exitMaintenance(global)
        3.000 spawn check.app#2
        3.000 > check.app#2 exits 0
        3.000 event exitSuccess(check.app)
        3.000 event healthy(app)
        3.000 publish app at 10.0.0.8 passing 'ok'
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_start_by_hand_and_a_tick_wait_too() {
    let trace = trace(
        "
        job app: exec exits 0 after 100ms; when each startup(global); service; health 1s: passes; nowhere 30s
        job beat: exec exits 0 after 100ms; when every 1s; service; nowhere 30s
        at 500ms start app
        at 2500ms found app 10.0.0.7
        at 2500ms found beat 10.0.0.7
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.500 > start app
        2.500 > app is at 10.0.0.7
        2.500 spawn app#1
        2.500 > beat is at 10.0.0.7
        2.500 spawn beat#1
        2.600 > app#1 exits 0
        2.600 event exitSuccess(app)
        2.600 > beat#1 exits 0
        2.600 event exitSuccess(beat)
        3.500 spawn check.app#1
        3.500 spawn beat#2
        3.500 > check.app#1 exits 0
        3.500 event exitSuccess(check.app)
        3.500 event healthy(app)
        3.500 publish app at 10.0.0.7 passing 'ok'
        3.600 > beat#2 exits 0
        3.600 event exitSuccess(beat)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_job_that_a_reload_adds_waits_from_then_on() {
    let trace = trace(
        "
        job side: exec runs
        at 1s reload
          job side: exec runs
          job app: exec runs; service; nowhere 2s
        at 2500ms found app 10.0.0.7
        at 4s show
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn side#1
        1.000 > reload
        2.500 > app is at 10.0.0.7
        2.500 spawn app#1
        4.000 = side running/unknown/out, app running/unknown/out
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_follows_a_stop_knows_the_new_address() {
    let trace = trace(
        "
        job app: exec runs, takes 2s to stop; service; health 1s: passes
        at 1500ms reload
          job app: version v2; service; health 1s: passes
        at 2s found app 10.0.0.7
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
        1.500 > reload
        1.500 withdraw app
        1.500 > app is out of the catalog
        1.500 event stopping(app)
        1.500 stop app#1 SIGTERM
        2.000 > app is at 10.0.0.7
        3.500 > app#1 exits 0
        3.500 event exitSuccess(app)
        3.500 event stopped(app)
        3.500 spawn app#2 v2
        4.500 spawn check.app#2
        4.500 > check.app#2 exits 0
        4.500 event exitSuccess(check.app)
        4.500 event healthy(app)
        4.500 publish app at 10.0.0.7 passing 'ok'
    "#]]
    .assert_eq(&trace);
}
