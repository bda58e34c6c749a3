//! Jobs that a reload gives a new life (ContainerPilot 2: coprocesses).

use expect_test::expect;

use super::trace;

#[test]
fn a_job_that_is_over_starts_again() {
    let trace = trace(
        "
        job pre: exec passes
        job app: exec runs
        job side: exec exits 1 after 500ms | runs; when once exitSuccess(pre); renews
        at 1s reload
          job pre: exec passes
          job app: exec runs
          job side: exec exits 1 after 500ms | runs; when once exitSuccess(pre); renews
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn pre#1
        0.000 spawn app#1
        0.000 > pre#1 exits 0
        0.000 event exitSuccess(pre)
        0.000 event stopping(pre)
        0.000 spawn side#1
        0.000 event stopped(pre)
        0.500 > side#1 exits 1
        0.500 event exitFailed(side)
        0.500 event stopping(side)
        0.500 event stopped(side)
        1.000 > reload
        1.000 spawn side#2
    "#]]
    .assert_eq(&trace);
}

/// It waits on, since what it waits for has not been.
#[test]
fn a_job_that_gave_up_waits_again() {
    let trace = trace(
        "
        job app: exec runs
        job side: exec runs; when once healthy(watch.db); within 500ms; renews
        watch db
        at 1s reload
          job app: exec runs
          job side: exec runs; when once healthy(watch.db); within 500ms; renews
          watch db
        at 1200ms answer db a
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        0.500 event timerExpired(side)
        0.500 event stopping(side)
        0.500 event stopped(side)
        1.000 > reload
        1.200 > db is [a]
        1.200 event changed(watch.db)
        1.200 event healthy(watch.db)
        1.200 spawn side#1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn restarts_are_counted_anew() {
    let trace = trace(
        "
        job app: exec runs
        job side: exec exits 1 after 1s; restarts 1; backoff none; renews
        at 1500ms reload
          job app: exec runs
          job side: exec exits 1 after 1s; restarts 1; backoff none; renews
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > side#1 exits 1
        1.000 event exitFailed(side)
        1.000 spawn side#2
        1.500 > reload
        2.000 > side#2 exits 1
        2.000 event exitFailed(side)
        2.000 spawn side#3
        3.000 > side#3 exits 1
        3.000 event exitFailed(side)
        3.000 event stopping(side)
        3.000 event stopped(side)
    "#]]
    .assert_eq(&trace);
}

/// What is about to be over is not forgotten.
#[test]
fn a_reload_during_the_last_stop() {
    let trace = trace(
        "
        catalog slow 200ms
        job app: exec runs
        job side: exec exits 1 after 1s | runs; service passing; renews
        at 1100ms reload
          job app: exec runs
          job side: version v1; exec exits 1 after 1s | runs; service passing; renews
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish side passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn side#1
        1.000 > side#1 exits 1
        1.000 event exitFailed(side)
        1.000 withdraw side
        1.100 > reload
        1.200 > side is out of the catalog
        1.200 event stopping(side)
        1.200 event stopped(side)
        1.200 publish side passing ''
        1.200 spawn side#2
    "#]]
    .assert_eq(&trace);
}
