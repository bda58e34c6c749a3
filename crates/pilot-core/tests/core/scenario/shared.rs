//! How files that change together are taken up together.

use expect_test::expect;

use super::trace;

#[test]
fn equal_commands_run_once_and_others_in_their_order() {
    let trace = trace(
        "
        job app: exec runs
        template one: data v1; change shared reload exits 0 after 1s
        template two: data v1; check exits 0 after 300ms; change exec exits 0 after 1s
        template three: data v1; change shared reload exits 0 after 1s
        until 4s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 load three
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > data of one
        0.000 render one
        0.000 > data of two
        0.000 render two
        0.000 > data of three
        0.000 render three
        0.000 install one
        0.000 spawn template.two.check#1
        0.000 install three
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 event changed(template.three)
        0.000 event healthy(template.three)
        0.300 > template.two.check#1 exits 0
        0.300 install two
        0.300 event changed(template.two)
        0.300 event healthy(template.two)
        0.300 spawn template.one.onChange#1
        1.300 > template.one.onChange#1 exits 0
        1.300 spawn template.two.onChange#1
        2.300 > template.two.onChange#1 exits 0
    "#]]
    .assert_eq(&trace);
}

/// A file that is written while the command runs is not served by it.
#[test]
fn a_command_serves_what_was_there_before_it() {
    let trace = trace(
        "
        job app: exec runs
        template one: data v1; change shared reload exits 0 after 1s
        template two: change shared reload exits 0 after 1s
        at 500ms data two v1
        until 4s
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
        0.000 install one
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 spawn template.one.onChange#1
        0.500 > data of two
        0.500 render two
        0.500 install two
        0.500 event changed(template.two)
        0.500 event healthy(template.two)
        1.000 > template.one.onChange#1 exits 0
        1.000 spawn template.two.onChange#1
        2.000 > template.two.onChange#1 exits 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_shared_command_fails_for_all_and_is_tried_once() {
    let trace = trace(
        "
        errors
        job app: exec runs
        template one: data v1; change shared reload fails | passes
        template two: data v1; change shared reload fails | passes
        until 4s
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
        0.000 install one
        0.000 install two
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 event changed(template.two)
        0.000 event healthy(template.two)
        0.000 spawn template.one.onChange#1
        0.000 > template.one.onChange#1 exits 1
        0.000 error template.one, template.two: template.one.onChange failed with exit status 1; next try in 930.0ms
        0.000 event unhealthy(template.one)
        0.000 event unhealthy(template.two)
        0.930 spawn template.one.onChange#2
        0.930 > template.one.onChange#2 exits 0
        0.930 event healthy(template.one)
        0.930 event healthy(template.two)
    "#]].assert_eq(&trace);
}

/// What one has to try again is done with the change of the other.
#[test]
fn a_change_makes_good_what_failed() {
    let trace = trace(
        "
        job app: exec runs
        template one: data v1; change shared reload fails | passes
        template two: data v1; change shared reload fails | passes
        at 500ms data two v2
        until 4s
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
        0.000 install one
        0.000 install two
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 event changed(template.two)
        0.000 event healthy(template.two)
        0.000 spawn template.one.onChange#1
        0.000 > template.one.onChange#1 exits 1
        0.000 event unhealthy(template.one)
        0.000 event unhealthy(template.two)
        0.500 > data of two
        0.550 render two
        0.550 install two
        0.550 event changed(template.two)
        0.550 spawn template.two.onChange#1
        0.550 > template.two.onChange#1 exits 0
        0.550 event healthy(template.one)
        0.550 event healthy(template.two)
    "#]]
    .assert_eq(&trace);
}

#[test]
fn one_signal_and_one_restart() {
    let trace = trace(
        "
        job app: exec runs
        job other: exec runs, takes 500ms to stop
        template one: data v1; change HUP app
        template two: data v1; change restart other
        template three: data v1; change HUP app
        template four: data v1; change restart other
        until 2s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 load three
        0.000 load four
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 spawn other#1
        0.000 > data of one
        0.000 render one
        0.000 > data of two
        0.000 render two
        0.000 > data of three
        0.000 render three
        0.000 > data of four
        0.000 render four
        0.000 install one
        0.000 install two
        0.000 install three
        0.000 install four
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 event changed(template.two)
        0.000 event healthy(template.two)
        0.000 event changed(template.three)
        0.000 event healthy(template.three)
        0.000 event changed(template.four)
        0.000 event healthy(template.four)
        0.000 signal app#1 SIGHUP
        0.000 event stopping(other)
        0.000 stop other#1 SIGTERM
        0.500 > other#1 exits 0
        0.500 event exitSuccess(other)
        0.500 event stopped(other)
        0.500 spawn other#2
    "#]]
    .assert_eq(&trace);
}

/// It started upon the file, while the text of another was made.
#[test]
fn who_has_read_the_file_is_not_told() {
    let trace = trace(
        "
        job app: exec runs
        job late: exec runs; when once healthy(template.one)
        template one: data v1; change HUP late
        template two: data v1; check exits 0 after 1s
        at 3s data one v2
        until 4s
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
        0.000 install one
        0.000 spawn template.two.check#1
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 spawn late#1
        1.000 > template.two.check#1 exits 0
        1.000 install two
        1.000 event changed(template.two)
        1.000 event healthy(template.two)
        3.000 > data of one
        3.050 render one
        3.050 install one
        3.050 event changed(template.one)
        3.050 signal late#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_reload_takes_the_leader_of_a_command() {
    let trace = trace(
        "
        job app: exec runs
        template one: data v1; change shared reload exits 0 after 1s
        template two: data v1; change shared reload exits 0 after 1s
        at 500ms reload
          job app: exec runs
          template two: data v1; change shared reload exits 0 after 1s
        at 3s data two v2
        at 3500ms reload
          job app: exec runs
        until 5s
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
        0.000 install one
        0.000 install two
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 event changed(template.two)
        0.000 event healthy(template.two)
        0.000 spawn template.one.onChange#1
        0.500 > reload
        0.500 drop one
        1.000 > template.one.onChange#1 exits 0
        3.000 > data of two
        3.050 render two
        3.050 install two
        3.050 event changed(template.two)
        3.050 spawn template.two.onChange#1
        3.500 > reload
        3.500 drop two
        3.500 kill template.two.onChange#1
        3.500 > template.two.onChange#1 dies of SIGKILL
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_job_is_told_once_after_all_commands() {
    let trace = trace(
        "
        stay asked
        after changes HUP app
        job app: exec runs; when once all[healthy(template.one), healthy(template.two)]
        template one: data v1; change exec exits 0 after 500ms
        template two: data v1; change exec exits 0 after 500ms
        at 3s data one v2
        at 3s data two v2
        until 6s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 > data of two
        0.000 render two
        0.000 install one
        0.000 install two
        0.000 event changed(template.one)
        0.000 event changed(template.two)
        0.000 spawn template.one.onChange#1
        0.500 > template.one.onChange#1 exits 0
        0.500 event healthy(template.one)
        0.500 spawn template.two.onChange#1
        1.000 > template.two.onChange#1 exits 0
        1.000 event healthy(template.two)
        1.000 spawn app#1
        3.000 > data of one
        3.000 > data of two
        3.050 render one
        3.050 render two
        3.050 install one
        3.050 install two
        3.050 event changed(template.one)
        3.050 event changed(template.two)
        3.050 spawn template.one.onChange#2
        3.550 > template.one.onChange#2 exits 0
        3.550 spawn template.two.onChange#2
        4.050 > template.two.onChange#2 exits 0
        4.050 signal app#1 SIGHUP
    "#]]
    .assert_eq(&trace);
}

/// It is restarted after a pause, for both changes, unless it was started meanwhile.
#[test]
fn a_job_is_restarted_once_after_a_pause() {
    let trace = trace(
        "
        stay asked
        after changes restart app 10s
        job app: exec runs, takes 200ms to stop; when once healthy(template.one)
        template one: data v1
        at 1s data one v2
        at 1500ms data one v3
        at 15s data one v4
        at 15500ms restart app
        until 30s
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 install one
        0.000 event changed(template.one)
        0.000 event healthy(template.one)
        0.000 spawn app#1
        1.000 > data of one
        1.050 render one
        1.050 install one
        1.050 event changed(template.one)
        1.500 > data of one
        1.550 render one
        1.550 install one
        1.550 event changed(template.one)
        4.320 event stopping(app)
        4.320 stop app#1 SIGTERM
        4.520 > app#1 exits 0
        4.520 event exitSuccess(app)
        4.520 event stopped(app)
        4.520 spawn app#2
        15.000 > data of one
        15.050 render one
        15.050 install one
        15.050 event changed(template.one)
        15.500 > restart app
        15.500 event stopping(app)
        15.500 stop app#2 SIGTERM
        15.700 > app#2 exits 0
        15.700 event exitSuccess(app)
        15.700 event stopped(app)
        15.700 spawn app#3
    "#]]
    .assert_eq(&trace);
}
