//! How everything stops (acceptance 183 to 191).

use expect_test::expect;

use super::trace;

/// Acceptance 183, 185; product: deregister, drain, `stopping` jobs, TERM, KILL, `stopped` jobs.
#[test]
fn the_order_of_a_stop() {
    let trace = trace(
        "
        stop timeout 2s
        catalog slow 100ms
        job app: exec runs, ignores TERM; service passing; drain 1s
        job pre: exec exits 0 after 1s; when once stopping(app)
        job post: exec exits 0 after 1s; when once stopped(app)
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 withdraw app
        5.100 > app is out of the catalog
        6.100 event stopping(app)
        6.100 spawn pre#1
        7.100 > pre#1 exits 0
        7.100 event exitSuccess(pre)
        7.100 event stopping(pre)
        7.100 event stopped(pre)
        7.100 stop app#1 SIGTERM
        9.100 kill app#1
        9.100 > app#1 dies of SIGKILL
        9.100 event exitFailed(app)
        9.100 event stopped(app)
        9.100 spawn post#1
        10.100 > post#1 exits 0
        10.100 event exitSuccess(post)
        10.100 event stopping(post)
        10.100 event stopped(post)
        10.100 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 184.
#[test]
fn a_clean_stop_is_a_success() {
    let trace = trace(
        "
        job app: exec runs, exits 3 on TERM
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
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 event stopped(app)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 186.
#[test]
fn a_job_that_ignores_term_is_killed() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs, ignores TERM
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
        2.000 kill app#1
        2.000 > app#1 dies of SIGKILL
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 187.
#[test]
fn nothing_to_wait_for() {
    let trace = trace(
        "
        job app: exec exits 0 after 1s
        job lazy: exec runs; when once healthy(watch.db)
        watch db
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 0
        1.000 event exitSuccess(app)
        1.000 event stopping(app)
        1.000 event stopped(app)
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(lazy)
        2.000 event stopped(lazy)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 188.
#[test]
fn a_job_waits_for_its_turns_no_longer_than_its_budget() {
    let trace = trace(
        "
        job app: exec runs; stop-timeout 1s
        job pre: exec exits 0 after 6s; when once stopping(app)
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
        1.000 spawn pre#1
        2.000 warn pre is out of time: the stop of app goes on without it
        2.000 event stopping(pre)
        2.000 stop pre#1 SIGTERM
        2.000 stop app#1 SIGTERM
        2.000 > pre#1 dies of SIGTERM
        2.000 event exitFailed(pre)
        2.000 event stopped(pre)
        2.000 > app#1 dies of SIGTERM
        2.000 event exitFailed(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 189: it has been over long since.
#[test]
fn a_turn_on_the_end_of_a_job_that_is_over() {
    let trace = trace(
        "
        job setup: exec exits 0 after 1s
        job app: exec runs
        job late: exec exits 0 after 1s; when each stopped(setup)
        at 5s TERM
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
        1.000 spawn late#1
        2.000 > late#1 exits 0
        2.000 event exitSuccess(late)
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 stop app#1 SIGTERM
        5.000 event stopping(late)
        5.000 event stopped(late)
        5.000 > app#1 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 189.
#[test]
fn a_turn_with_unlimited_restarts() {
    let trace = trace(
        "
        job app: exec runs
        job pre: exec fails; when once stopping(app); restarts unlimited
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 spawn pre#1
        5.000 > pre#1 exits 1
        5.000 event exitFailed(pre)
        5.000 event stopping(pre)
        5.000 event stopped(pre)
        5.000 stop app#1 SIGTERM
        5.000 > app#1 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 189: the jobs of a stop are bounded too.
#[test]
fn turns_that_sleep_for_ever() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs
        job pre: exec runs, ignores TERM; when once stopping(app)
        job post: exec runs, ignores TERM; when each stopped(app)
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 spawn pre#1
        6.000 warn pre timeout after 1s: '[pre]'
        6.000 stop pre#1 SIGTERM
        6.000 warn pre is out of time: the stop of app goes on without it
        6.000 event stopping(pre)
        6.000 stop pre#1 SIGTERM
        6.000 stop app#1 SIGTERM
        6.000 > app#1 dies of SIGTERM
        6.000 event exitFailed(app)
        6.000 event stopped(app)
        6.000 spawn post#1
        7.000 kill pre#1
        7.000 warn post timeout after 1s: '[post]'
        7.000 stop post#1 SIGTERM
        7.000 > pre#1 dies of SIGKILL
        7.000 event exitFailed(pre)
        7.000 event stopped(pre)
        8.000 kill post#1
        8.000 > post#1 dies of SIGKILL
        8.000 event exitFailed(post)
        8.000 event stopping(post)
        8.000 event stopped(post)
        8.000 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 190.
#[test]
fn no_jobs_at_all() {
    let trace = trace(
        "
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 191.
#[test]
fn two_turns_on_one_stop() {
    let trace = trace(
        "
        job app: exec runs
        job one: exec exits 0 after 1s; when once stopping(app)
        job two: exec exits 0 after 2s; when once stopping(app)
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
        1.000 spawn one#1
        1.000 spawn two#1
        2.000 > one#1 exits 0
        2.000 event exitSuccess(one)
        2.000 event stopping(one)
        2.000 event stopped(one)
        3.000 > two#1 exits 0
        3.000 event exitSuccess(two)
        3.000 event stopping(two)
        3.000 event stopped(two)
        3.000 stop app#1 SIGTERM
        3.000 > app#1 dies of SIGTERM
        3.000 event exitFailed(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A catalog that is gone is not felt.
#[test]
fn the_catalog_does_not_answer() {
    let trace = trace(
        "
        catalog silent
        job app: exec runs; service passing
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 withdraw app
        1.250 event stopping(app)
        1.250 stop app#1 SIGTERM
        1.250 > app#1 dies of SIGTERM
        1.250 event exitFailed(app)
        1.250 event stopped(app)
        1.250 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_second_term_hastens() {
    let trace = trace(
        "
        job app: exec runs, takes 1s to stop; service passing; drain 1m
        job pre: exec exits 0 after 1m; when once stopping(app)
        job post: exec exits 0 after 1m; when once stopped(app)
        at 1s TERM
        at 2s INT
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 withdraw app
        1.000 > app is out of the catalog
        2.000 > SIGINT
        2.000 warn asked to stop again: not waiting any longer
        2.000 event stopping(app)
        2.000 stop app#1 SIGTERM
        2.000 event stopping(pre)
        2.000 event stopped(pre)
        2.000 event stopping(post)
        2.000 event stopped(post)
        3.000 > app#1 exits 0
        3.000 event exitSuccess(app)
        3.000 event stopped(app)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_third_term_kills() {
    let trace = trace(
        "
        stop timeout 1m
        job app: exec runs, ignores TERM
        at 1s TERM
        at 2s TERM
        at 3s TERM
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
        2.000 > SIGTERM
        2.000 warn asked to stop again: not waiting any longer
        3.000 > SIGTERM
        3.000 warn asked to stop once more: killing
        3.000 kill app#1
        3.000 > app#1 dies of SIGKILL
        3.000 event exitFailed(app)
        3.000 event stopped(app)
        3.000 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Nothing that was killed keeps the helper, even if it is stuck inside the kernel.
#[test]
fn a_process_that_does_not_vanish() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs, ignores TERM, stuck
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
        2.000 kill app#1
        4.000 event stopped(app)
        4.000 exit 137
    "#]]
    .assert_eq(&trace);
}

/// Acceptance 196: nothing is started, before or after.
#[test]
fn term_before_the_start() {
    let trace = trace(
        "
        job app: exec runs
        job post: exec runs; when once stopped(app)
        at 1s TERM
        at 2s started
        ",
    );
    expect![[r#"
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_comes_before_the_start_is_taken_up_then() {
    let trace = trace(
        "
        job app: exec runs
        job hup: exec passes; when on HUP
        at 1s HUP
        at 1s maintenance on
        at 2s started
        until 3s
        ",
    );
    expect![[r#"
        1.000 > SIGHUP
        1.000 > maintenance on
        2.000 > started
        2.000 event startup(global)
        2.000 spawn app#1
        2.000 event signal(SIGHUP)
        2.000 spawn hup#1
        2.000 event enterMaintenance(global)
        2.000 > hup#1 exits 0
        2.000 event exitSuccess(hup)
    "#]]
    .assert_eq(&trace);
}

/// The process ended while clients took notice: there is nobody left to talk to.
#[test]
fn a_process_that_ends_during_the_drain() {
    let trace = trace(
        "
        job app: exec exits 0 after 2s; service passing; drain 1m
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 withdraw app
        1.000 > app is out of the catalog
        2.000 > app#1 exits 0
        2.000 event exitSuccess(app)
        2.000 event stopping(app)
        2.000 event stopped(app)
        2.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// The configuration refuses it; the core ends all the same.
#[test]
fn jobs_that_wait_for_the_stop_of_each_other() {
    let trace = trace(
        "
        job a: exec exits 0 after 1s; when once stopping(b)
        job b: exec exits 0 after 1s; when once stopping(a)
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(a)
        1.000 spawn b#1
        2.000 > b#1 exits 0
        2.000 event exitSuccess(b)
        2.000 event stopping(b)
        6.000 warn b is out of time: the stop of a goes on without it
        6.000 event stopped(b)
        6.000 event stopped(a)
        6.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A shutdown reaches a chain from its head.
#[test]
fn a_chain_of_stops() {
    let trace = trace(
        "
        job db: exec runs
        job app: exec exits 0 after 1s; when once stopping(db)
        job log: exec exits 0 after 1s; when once stopped(app)
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn db#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(db)
        1.000 spawn app#1
        2.000 > app#1 exits 0
        2.000 event exitSuccess(app)
        2.000 event stopping(app)
        2.000 event stopped(app)
        2.000 spawn log#1
        2.000 stop db#1 SIGTERM
        2.000 > db#1 dies of SIGTERM
        2.000 event exitFailed(db)
        2.000 event stopped(db)
        3.000 > log#1 exits 0
        3.000 event exitSuccess(log)
        3.000 event stopping(log)
        3.000 event stopped(log)
        3.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// It is busy with something else when its turn comes: one more run.
#[test]
fn a_turn_that_is_busy() {
    let trace = trace(
        "
        job app: exec runs, takes 1s to stop
        job sync: exec exits 0 after 2s; when each any[changed(watch.db), stopping(app)]
        watch db
        at 1s answer db a
        at 2s TERM
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
        1.000 spawn sync#1
        2.000 > SIGTERM
        2.000 event shutdown(global)
        2.000 event stopping(app)
        3.000 > sync#1 exits 0
        3.000 event exitSuccess(sync)
        3.000 spawn sync#2
        5.000 > sync#2 exits 0
        5.000 event exitSuccess(sync)
        5.000 event stopping(sync)
        5.000 event stopped(sync)
        5.000 stop app#1 SIGTERM
        6.000 > app#1 exits 0
        6.000 event exitSuccess(app)
        6.000 event stopped(app)
        6.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A job that could run on a stop, but runs for another reason, is bounded all the same.
#[test]
fn a_running_turn_does_not_hold_the_end() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs
        job both: exec runs, takes 500ms to stop; when once any[startup(global), stopped(app)]
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn both#1
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 stop app#1 SIGTERM
        5.000 > app#1 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        6.000 warn both timeout after 6s: '[both]'
        6.000 stop both#1 SIGTERM
        6.500 > both#1 exits 0
        6.500 event exitSuccess(both)
        6.500 event stopping(both)
        6.500 event stopped(both)
        6.500 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn an_init_without_a_configuration_forwards() {
    let trace = trace(
        "
        forwarded
        job main: exec runs, exits 5 on TERM
        at 1s HUP
        at 2s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn main#1
        1.000 > SIGHUP
        1.000 signal main#1 SIGHUP
        2.000 > SIGTERM
        2.000 signal main#1 SIGTERM
        2.000 > main#1 exits 5
        2.000 event exitFailed(main)
        2.000 event stopping(main)
        2.000 event stopped(main)
        2.000 exit 5
    "#]]
    .assert_eq(&trace);
}

/// `preStop` of ContainerPilot 2.
#[test]
fn a_turn_while_the_process_is_there() {
    let trace = trace(
        "
        job app: exec runs; service passing
        job pre: exec exits 0 after 1s; when once stopping(app); while-running
        at 1s restart app
        at 4s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > restart app
        1.000 withdraw app
        1.000 > app is out of the catalog
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
        2.000 publish app passing ''
        2.000 spawn app#2
        4.000 > SIGTERM
        4.000 event shutdown(global)
        4.000 withdraw app
        4.000 > app is out of the catalog
        4.000 event stopping(app)
        4.000 spawn pre#2
        5.000 > pre#2 exits 0
        5.000 event exitSuccess(pre)
        5.000 event stopping(pre)
        5.000 event stopped(pre)
        5.000 stop app#2 SIGTERM
        5.000 > app#2 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// A turn that is passed over keeps nobody.
#[test]
fn no_turn_where_the_process_is_not_there() {
    let by_itself = trace(
        "
        job app: exec exits 3 after 1s; service passing
        job pre: exec exits 0 after 1s; when once stopping(app); while-running
        job post: exec passes; when once stopped(app)
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > app#1 exits 3
        1.000 event exitFailed(app)
        1.000 withdraw app
        1.000 > app is out of the catalog
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 spawn post#1
        1.000 > post#1 exits 0
        1.000 event exitSuccess(post)
        1.000 event stopping(post)
        1.000 event stopped(post)
        1.000 event shutdown(global)
        1.000 event stopping(pre)
        1.000 event stopped(pre)
        1.000 exit 3
    "#]]
    .assert_eq(&by_itself);
    let before_it_ran = trace(
        "
        job app: exec runs; when once healthy(watch.db)
        job pre: exec exits 0 after 1s; when once stopping(app); while-running
        watch db
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 follow db
        0.000 event startup(global)
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 event stopping(app)
        1.000 event stopped(app)
        1.000 event stopping(pre)
        1.000 event stopped(pre)
        1.000 exit 0
    "#]]
    .assert_eq(&before_it_ran);
}

#[test]
fn no_turn_for_a_process_that_ended_while_clients_took_notice() {
    let trace = trace(
        "
        job app: exec exits 0 after 1500ms; service passing; drain 1s
        job pre: exec exits 0 after 1s; when once stopping(app); while-running
        at 1s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 withdraw app
        1.000 > app is out of the catalog
        1.500 > app#1 exits 0
        1.500 event exitSuccess(app)
        1.500 event stopping(app)
        1.500 event stopped(app)
        1.500 event stopping(pre)
        1.500 event stopped(pre)
        1.500 exit 0
    "#]]
    .assert_eq(&trace);
}

/// What a job says of its own time holds for its turn as well, whoever ended the application.
#[test]
fn a_turn_has_the_time_that_its_job_names() {
    let trace = trace(
        "
        job app: exec exits 3 after 1s; essential
        job post: exec exits 0 after 20s; timeout 30s; when once stopped(app)
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
        1.000 spawn post#1
        1.000 event shutdown(global)
        21.000 > post#1 exits 0
        21.000 event exitSuccess(post)
        21.000 event stopping(post)
        21.000 event stopped(post)
        21.000 exit 3
    "#]]
    .assert_eq(&trace);
}
