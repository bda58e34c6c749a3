//! Templates: one safe reconfiguration for each burst of changes.

use expect_test::expect;

use super::trace;

#[test]
fn the_first_text_lets_the_application_start() {
    let trace = trace(
        "
        job app: exec runs; when once healthy(template.conf)
        template conf: change exec passes
        at 1s data conf v1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        1.000 > data of conf
        1.000 render conf
        1.000 install conf
        1.000 event changed(template.conf)
        1.000 event healthy(template.conf)
        1.000 spawn app#1
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_burst_is_one_change() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; change HUP app
        at 1s data conf v2
        at 1020ms data conf v3
        at 1040ms data conf v4
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 signal app#1 SIGHUP
        1.000 > data of conf
        1.020 > data of conf
        1.040 > data of conf
        1.090 render conf
        1.090 install conf
        1.090 event changed(template.conf)
        1.090 signal app#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_stream_of_changes_waits_no_longer_than_max() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1
        at 1000ms data conf a
        at 1049ms data conf b
        at 1098ms data conf c
        at 1147ms data conf d
        at 1196ms data conf e
        at 1245ms data conf f
        at 1294ms data conf g
        at 1343ms data conf h
        at 1392ms data conf i
        at 1441ms data conf j
        at 1490ms data conf k
        at 1539ms data conf l
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        1.000 > data of conf
        1.049 > data of conf
        1.098 > data of conf
        1.147 > data of conf
        1.196 > data of conf
        1.245 > data of conf
        1.294 > data of conf
        1.343 > data of conf
        1.392 > data of conf
        1.441 > data of conf
        1.490 > data of conf
        1.500 render conf
        1.500 install conf
        1.500 event changed(template.conf)
        1.539 > data of conf
        1.589 render conf
        1.589 install conf
        1.589 event changed(template.conf)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_change_during_the_reconfiguration_is_exactly_one_more() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; change exec exits 0 after 1s
        at 2s data conf v2
        at 2500ms data conf v3
        at 2600ms data conf v4
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 spawn template.conf.onChange#1
        1.000 > template.conf.onChange#1 exits 0
        2.000 > data of conf
        2.050 render conf
        2.050 install conf
        2.050 event changed(template.conf)
        2.050 spawn template.conf.onChange#2
        2.500 > data of conf
        2.600 > data of conf
        3.050 > template.conf.onChange#2 exits 0
        3.100 render conf
        3.100 install conf
        3.100 event changed(template.conf)
        3.100 spawn template.conf.onChange#3
        4.100 > template.conf.onChange#3 exits 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_check_that_fails_keeps_the_old_file_and_is_tried_again() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; check passes | fails | passes; change HUP app
        at 1s data conf v2
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 spawn template.conf.check#1
        0.000 > template.conf.check#1 exits 0
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 signal app#1 SIGHUP
        1.000 > data of conf
        1.050 render conf
        1.050 spawn template.conf.check#2
        1.050 > template.conf.check#2 exits 1
        1.050 discard conf
        1.050 event unhealthy(template.conf)
        1.980 render conf
        1.980 spawn template.conf.check#3
        1.980 > template.conf.check#3 exits 0
        1.980 install conf
        1.980 event changed(template.conf)
        1.980 event healthy(template.conf)
        1.980 signal app#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

#[test]
fn the_same_text_is_nothing() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; change HUP app
        at 1s data conf v1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 signal app#1 SIGHUP
        1.000 > data of conf
        1.050 render conf
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_reconfiguration_that_fails_is_tried_again() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; change exec passes | fails x2 | passes
        at 1s data conf v2
        at 1500ms data conf v2
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 spawn template.conf.onChange#1
        0.000 > template.conf.onChange#1 exits 0
        1.000 > data of conf
        1.050 render conf
        1.050 install conf
        1.050 event changed(template.conf)
        1.050 spawn template.conf.onChange#2
        1.050 > template.conf.onChange#2 exits 1
        1.050 event unhealthy(template.conf)
        1.500 > data of conf
        1.550 render conf
        1.550 spawn template.conf.onChange#3
        1.550 > template.conf.onChange#3 exits 1
        3.670 spawn template.conf.onChange#4
        3.670 > template.conf.onChange#4 exits 0
        3.670 event healthy(template.conf)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_failed_first_render_is_healthy_once_it_works() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data broken
        at 500ms data conf v1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 event unhealthy(template.conf)
        0.500 > data of conf
        0.550 render conf
        0.550 install conf
        0.550 event changed(template.conf)
        0.550 event healthy(template.conf)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_restart_takes_the_whole_road() {
    let trace = trace(
        "
        job app: exec runs, takes 1s to stop; service passing
        template conf: data v1; change restart app
        at 1s data conf v2
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 publish app passing ''
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 withdraw app
        0.000 > app is out of the catalog
        0.000 event stopping(app)
        0.000 stop app#1 SIGTERM
        1.000 > data of conf
        1.000 > app#1 exits 0
        1.000 event exitSuccess(app)
        1.000 event stopped(app)
        1.000 publish app passing ''
        1.000 spawn app#2
        1.050 render conf
        1.050 install conf
        1.050 event changed(template.conf)
        1.050 withdraw app
        1.050 > app is out of the catalog
        1.050 event stopping(app)
        1.050 stop app#2 SIGTERM
        2.050 > app#2 exits 0
        2.050 event exitSuccess(app)
        2.050 event stopped(app)
        2.050 publish app passing ''
        2.050 spawn app#3
    "#]]
    .assert_eq(&trace);
}

/// A stop by hand is not undone by a new file.
#[test]
fn a_held_job_is_not_restarted() {
    let trace = trace(
        "
        job app: exec runs, takes 1s to stop
        template conf: data v1; change restart app
        at 5s stop app
        at 5500ms data conf v2
        until 8s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 event stopping(app)
        0.000 stop app#1 SIGTERM
        1.000 > app#1 exits 0
        1.000 event exitSuccess(app)
        1.000 event stopped(app)
        1.000 spawn app#2
        5.000 > stop app
        5.000 event stopping(app)
        5.000 stop app#2 SIGTERM
        5.500 > data of conf
        5.550 render conf
        5.550 install conf
        5.550 event changed(template.conf)
        6.000 > app#2 exits 0
        6.000 event exitSuccess(app)
        6.000 event stopped(app)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn nothing_goes_on_while_the_helper_stops() {
    let trace = trace(
        "
        stop timeout 3s
        job app: exec runs, takes 3s to stop
        template one: data v1; check runs
        template two: data v1
        at 1s data two v2
        at 1s TERM
        at 2s data two v3
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of one
        0.000 render one
        0.000 > data of two
        0.000 render two
        0.000 spawn template.one.check#1
        0.000 install two
        0.000 event changed(template.two)
        0.000 event healthy(template.two)
        1.000 > data of two
        1.000 > SIGTERM
        1.000 event shutdown(global)
        1.000 kill template.one.check#1
        1.000 discard one
        1.000 event stopping(app)
        1.000 stop app#1 SIGTERM
        1.000 > template.one.check#1 dies of SIGKILL
        2.000 > data of two
        4.000 > app#1 exits 0
        4.000 event exitSuccess(app)
        4.000 event stopped(app)
        4.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn what_a_reconfiguration_leaves_behind_is_killed() {
    let trace = trace(
        "
        stop timeout 1s
        job app: exec runs
        template conf: data v1; change exec passes, leaves a child for ever
        at 5s TERM
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 install conf
        0.000 event changed(template.conf)
        0.000 event healthy(template.conf)
        0.000 spawn template.conf.onChange#1
        0.000 > template.conf.onChange#1 exits 0, not its children
        1.000 kill template.conf.onChange#1
        1.000 > template.conf.onChange#1 is gone
        5.000 > SIGTERM
        5.000 event shutdown(global)
        5.000 event stopping(app)
        5.000 stop app#1 SIGTERM
        5.000 > app#1 dies of SIGTERM
        5.000 event exitFailed(app)
        5.000 event stopped(app)
        5.000 exit 0
    "#]]
    .assert_eq(&trace);
}

/// Nothing waits for it, and the check is tried again.
#[test]
fn a_check_that_cannot_be_killed_has_failed() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; check runs, stuck | passes
        until 40s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 spawn template.conf.check#1
        30.000 warn template.conf.check timeout after 30s: '[template.conf.check /etc/conf.new]'
        30.000 kill template.conf.check#1
        32.000 discard conf
        32.000 event unhealthy(template.conf)
        32.930 render conf
        32.930 spawn template.conf.check#2
        32.930 > template.conf.check#2 exits 0
        32.930 install conf
        32.930 event changed(template.conf)
        32.930 event healthy(template.conf)
    "#]]
    .assert_eq(&trace);
}

/// It may have started from an older file.
#[test]
fn a_first_text_for_an_application_that_runs_already() {
    let trace = trace(
        "
        job app: exec runs
        template conf: change HUP app
        at 1s data conf v1
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        1.000 > data of conf
        1.000 render conf
        1.000 install conf
        1.000 event changed(template.conf)
        1.000 event healthy(template.conf)
        1.000 signal app#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_dropped_template_is_not_heard_again() {
    let trace = trace(
        "
        job app: exec runs
        template conf: data v1; check exits 0 after 1s
        at 500ms reload
          job app: exec runs
        until 3s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load conf
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of conf
        0.000 render conf
        0.000 spawn template.conf.check#1
        0.500 > reload
        0.500 kill template.conf.check#1
        0.500 discard conf
        0.500 drop conf
        0.500 > template.conf.check#1 dies of SIGKILL
    "#]]
    .assert_eq(&trace);
}
