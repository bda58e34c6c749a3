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

/// Services are out before the application hears of the stop, and what it may need stays.
#[test]
fn a_stop_in_order() {
    let trace = trace(
        "
        catalog slow 100ms
        job agent: exec runs; restarts unlimited; leaves last; companion
        job web: service; health 1s; companion
        job app: exec runs; essential; leaves after services
        job before: exec exits 0 after 1s; when once stopping(app); companion
        job after: exec exits 0 after 1s; when once stopped(app); companion
        at 2500ms TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn agent#1
        0.000 spawn app#1
        1.000 event healthy(web)
        1.000 publish web passing 'ok'
        2.000 event healthy(web)
        2.500 > SIGTERM
        2.500 event shutdown(global)
        2.500 withdraw web
        2.600 > web is out of the catalog
        2.600 event stopping(web)
        2.600 event stopped(web)
        2.600 event stopping(app)
        2.600 spawn before#1
        3.600 > before#1 exits 0
        3.600 event exitSuccess(before)
        3.600 event stopping(before)
        3.600 event stopped(before)
        3.600 stop app#1 SIGTERM
        3.600 > app#1 dies of SIGTERM
        3.600 event exitFailed(app)
        3.600 event stopped(app)
        3.600 spawn after#1
        4.600 > after#1 exits 0
        4.600 event exitSuccess(after)
        4.600 event stopping(after)
        4.600 event stopped(after)
        4.600 event stopping(agent)
        4.600 stop agent#1 SIGTERM
        4.600 > agent#1 dies of SIGTERM
        4.600 event exitFailed(agent)
        4.600 event stopped(agent)
        4.600 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_leaves_later_is_not_waited_for_when_asked_twice() {
    let trace = trace(
        "
        catalog silent
        job agent: exec runs; leaves last; companion
        job web: service; health 1s; companion
        job app: exec ignores TERM; essential; leaves after services
        at 2500ms TERM
        at 2600ms TERM
        at 2700ms TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn agent#1
        0.000 spawn app#1
        1.000 event healthy(web)
        1.000 publish web passing 'ok'
        2.000 event healthy(web)
        2.500 > SIGTERM
        2.500 event shutdown(global)
        2.500 withdraw web
        2.600 > SIGTERM
        2.600 warn asked to stop again: not waiting any longer
        2.600 event stopping(agent)
        2.600 event stopping(app)
        2.600 stop agent#1 SIGTERM
        2.600 event stopping(web)
        2.600 event stopped(web)
        2.600 stop app#1 SIGTERM
        2.600 > agent#1 dies of SIGTERM
        2.600 event exitFailed(agent)
        2.600 event stopped(agent)
        2.700 > SIGTERM
        2.700 warn asked to stop once more: killing
        2.700 kill app#1
        2.700 > app#1 dies of SIGKILL
        2.700 event exitFailed(app)
        2.700 event stopped(app)
        2.700 exit 137
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_leaves_later_does_not_start_again_meanwhile() {
    let trace = trace(
        "
        job agent: exec exits 1 after 3s | runs; restarts unlimited; leaves last; companion
        job app: exec takes 2s to stop; essential
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn agent#1
        0.000 spawn app#1
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 stop app#1 SIGTERM
        3.000 > agent#1 exits 1
        3.000 event exitFailed(agent)
        3.000 event stopping(agent)
        3.000 event stopped(agent)
        4.000 > app#1 exits 0
        4.000 event exitSuccess(app)
        4.000 event stopped(app)
        4.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// What a change is told to has time to get ready, as with the first poll of ContainerPilot 2;
/// what came meanwhile is told once, and what comes later at once.
#[test]
fn what_comes_before_it_has_settled_is_made_good_once() {
    let trace = trace(
        "
        job app: exec runs
        job taken: exec exits 0 after 0s; when each changed(watch.db); after startup(global); settle 3s
        watch db
        at 1s answer db a
        at 2s answer db a b
        at 4s answer db a
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > db is [a b]
        2.000 event changed(watch.db)
        2.000 event healthy(watch.db)
        3.000 spawn taken#1
        3.000 > taken#1 exits 0
        3.000 event exitSuccess(taken)
        4.000 > db is [a]
        4.000 event changed(watch.db)
        4.000 event healthy(watch.db)
        4.000 spawn taken#2
        4.000 > taken#2 exits 0
        4.000 event exitSuccess(taken)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_stop_does_not_wait_for_what_has_not_settled() {
    let trace = trace(
        "
        job app: exec runs
        job taken: exec exits 0 after 0s; when each changed(watch.db); after startup(global); settle 3s
        watch db
        at 1s answer db a
        at 2s TERM
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > db is [a]
        1.000 event changed(watch.db)
        1.000 event healthy(watch.db)
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        2.000 event stopping(taken)
        2.000 stop app#1 SIGTERM
        2.000 event stopped(taken)
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// What cleans up after an application has nothing to do when that never began.
#[test]
fn a_turn_after_a_run_wants_a_run() {
    let trace = trace(
        "
        job prepare: exec fails; veto
        job app: exec runs; essential; when once exitSuccess(prepare)
        job clean: exec exits 0 after 1s; when once stopped(app); after-a-run; veto
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn prepare#1
        0.000 > prepare#1 exits 1
        0.000 event exitFailed(prepare)
        0.000 event stopping(prepare)
        0.000 event shutdown(global)
        0.000 event stopping(app)
        0.000 event stopped(prepare)
        0.000 event stopped(app)
        0.000 event stopping(clean)
        0.000 event stopped(clean)
        0.000 exit 1
    "#]]
    .assert_eq(&trace);
    let trace = super::trace(
        "
        job app: exec missing; essential
        job clean: exec exits 0 after 1s; when once stopped(app); after-a-run; veto
        until 5s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > app#1 cannot start
        0.000 event exitFailed(app)
        0.000 event stopping(app)
        0.000 event stopped(app)
        0.000 spawn clean#1
        0.000 event shutdown(global)
        1.000 > clean#1 exits 0
        1.000 event exitSuccess(clean)
        1.000 event stopping(clean)
        1.000 event stopped(clean)
        1.000 exit 127
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_fixed_job_that_a_reload_adds_counts_as_done() {
    let trace = trace(
        "
        job app: exec runs; fixed; essential
        at 1s reload
          job first: exec exits 1 after 0s; fixed; veto
          job app: exec runs; fixed; essential; when once exitSuccess(first)
          job side: exec runs; when once exitSuccess(first)
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > reload
        1.000 spawn side#1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_reload_that_takes_a_fixed_job_away_waits_until_it_is_over() {
    let trace = trace(
        "
        job first: exec exits 0 after 2s; fixed; veto
        job app: exec runs; fixed; essential; when once exitSuccess(first)
        job web: service; health 1s; when once exitSuccess(first)
        at 1s reload
          job app: exec runs; fixed; essential
          job web: service; health 1s
          job side: exec runs
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn first#1
        1.000 > reload
        2.000 > first#1 exits 0
        2.000 event exitSuccess(first)
        2.000 event stopping(first)
        2.000 spawn app#1
        2.000 event stopped(first)
        2.000 event stopping(web)
        2.000 spawn side#1
        2.000 event stopped(web)
        3.000 event healthy(web)
        3.000 publish web passing 'ok'
        4.000 event healthy(web)
    "#]]
    .assert_eq(&trace);
}
