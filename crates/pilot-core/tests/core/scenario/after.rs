//! Jobs whose `when` counts only after something else has been.

use expect_test::expect;

use super::trace;

/// Acceptance 206, 224: nothing of ContainerPilot 2 runs before `preStart` has succeeded.
#[test]
fn what_came_earlier_is_made_good_once() {
    let trace = trace(
        "
        job prepare: exec exits 0 after 5s
        job taken: exec exits 0 after 0s; when each changed(watch.db); after exitSuccess(prepare)
        job beat: exec exits 0 after 0s; when every 2s; after exitSuccess(prepare)
        watch db
        at 1s answer db a
        at 2s answer db a b
        at 6s answer db a
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn prepare#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is [a b]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        5.000 > prepare#1 exits 0
        5.000 event exitSuccess(prepare)
        5.000 event stopping(prepare)
        5.000 spawn taken#1
        5.000 spawn beat#1
        5.000 event stopped(prepare)
        5.000 > taken#1 exits 0
        5.000 event exitSuccess(taken)
        5.000 > beat#1 exits 0
        5.000 event exitSuccess(beat)
        6.000 > db is [a]
        6.000 event changed(watch.db)
        6.000 event healthy(watch.db)
        6.000 spawn taken#2
        6.000 > taken#2 exits 0
        6.000 event exitSuccess(taken)
        7.000 spawn beat#2
        7.000 > beat#2 exits 0
        7.000 event exitSuccess(beat)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn without_what_must_have_been_it_never_starts() {
    let trace = trace(
        "
        job prepare: exec exits 1 after 1s
        job beat: exec exits 0 after 0s; when every 2s; after exitSuccess(prepare); companion
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn prepare#1
        1.000 > prepare#1 exits 1
        1.000 event exitFailed(prepare)
        1.000 event stopping(prepare)
        1.000 event stopped(prepare)
        1.000 event shutdown(global)
        1.000 event stopping(beat)
        1.000 event stopped(beat)
        1.000 exit 1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_job_that_a_reload_brings_heeds_what_has_been() {
    let trace = trace(
        "
        job app: exec runs
        job prepare: exec exits 0 after 1s
        at 3s reload
          job app: exec runs
          job prepare: exec exits 0 after 1s
          job beat: exec exits 0 after 0s; when every 2s; after exitSuccess(prepare)
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn prepare#1
        1.000 > prepare#1 exits 0
        1.000 event exitSuccess(prepare)
        1.000 event stopping(prepare)
        1.000 event stopped(prepare)
        3.000 > reload
        3.000 spawn beat#1
        3.000 > beat#1 exits 0
        3.000 event exitSuccess(beat)
        5.000 spawn beat#2
        5.000 > beat#2 exits 0
        5.000 event exitSuccess(beat)
    "#]]
    .assert_eq(&trace);
}

/// A reload of ContainerPilot 2 touches neither the application nor `preStart`.
#[test]
fn a_fixed_job_is_what_it_was_at_the_start() {
    let trace = trace(
        "
        job app: exec runs; fixed
        at 3s reload
          job app: version v2; fixed
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        3.000 > reload
    "#]]
    .assert_eq(&trace);
}
