//! A helper that lives for its templates (consul-template).

use expect_test::expect;

use super::trace;

#[test]
fn all_is_rendered_and_taken_up() {
    let trace = trace(
        "
        stay rendered
        template one: data v1; change exec exits 0 after 1s
        template two: change exec exits 0 after 1s
        template three: data v1
        at 500ms data one v2
        at 3s data two v1
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 load three
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 > data of three
        0.000 render three
        0.000 install one
        0.000 install three
        0.000 event changed(template.one)
        0.000 event changed(template.three)
        0.000 event healthy(template.three)
        0.000 spawn template.one.onChange#1
        0.500 > data of one
        1.000 > template.one.onChange#1 exits 0
        1.000 event healthy(template.one)
        3.000 > data of two
        3.000 render two
        3.000 install two
        3.000 event changed(template.two)
        3.000 spawn template.two.onChange#1
        4.000 > template.two.onChange#1 exits 0
        4.000 event healthy(template.two)
        4.000 event shutdown(global)
        4.000 exit 0
    "#]]
    .assert_eq(&trace);
}

#[test]
fn without_templates_there_is_nothing_to_do() {
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 event shutdown(global)
        0.000 exit 0
    "#]]
    .assert_eq(&trace("stay rendered"));
    let asked = trace(
        "
        stay asked
        asked status 12
        job app: exec passes
        at 1s INT
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 event startup(global)
        0.000 spawn app#1
        0.000 > app#1 exits 0
        0.000 event exitSuccess(app)
        0.000 event stopping(app)
        0.000 event stopped(app)
        1.000 > SIGINT
        1.000 event shutdown(global)
        1.000 exit 12
    "#]]
    .assert_eq(&asked);
}

/// The other commands run first.
#[test]
fn a_command_that_fails_ends_it() {
    let trace = trace(
        "
        errors
        stay rendered
        template one: data v1; change exec exits 2 after 2s
        template two: data v1; change exec exits 0 after 1s
        template three: change exec passes
        job side: exec runs
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 load three
        0.000 event startup(global)
        0.000 spawn side#1
        0.000 > data of one
        0.000 render one
        0.000 > data of two
        0.000 render two
        0.000 install one
        0.000 install two
        0.000 event changed(template.one)
        0.000 event changed(template.two)
        0.000 spawn template.one.onChange#1
        2.000 > template.one.onChange#1 exits 2
        2.000 error template.one: template.one.onChange failed with exit status 2
        2.000 event unhealthy(template.one)
        2.000 spawn template.two.onChange#1
        3.000 > template.two.onChange#1 exits 0
        3.000 event healthy(template.two)
        3.000 event shutdown(global)
        3.000 event stopping(side)
        3.000 stop side#1 SIGTERM
        3.000 > side#1 dies of SIGTERM
        3.000 event exitFailed(side)
        3.000 event stopped(side)
        3.000 exit 14
    "#]]
    .assert_eq(&trace);
}

#[test]
fn a_text_that_fails_ends_it() {
    let text = trace(
        "
        errors
        stay rendered
        template one: data v1; change exec exits 0 after 2s
        template two: data broken
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
        0.000 error template.two: broken
        0.000 event unhealthy(template.two)
        0.000 event changed(template.one)
        0.000 spawn template.one.onChange#1
        2.000 > template.one.onChange#1 exits 0
        2.000 event healthy(template.one)
        2.000 event shutdown(global)
        2.000 exit 14
    "#]]
    .assert_eq(&text);
    let check = trace("stay rendered\ntemplate one: data v1; check fails");
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 spawn template.one.check#1
        0.000 > template.one.check#1 exits 1
        0.000 discard one
        0.000 event unhealthy(template.one)
        0.000 event shutdown(global)
        0.000 exit 14
    "#]]
    .assert_eq(&check);
    let write = trace("stay rendered\ntemplate one: data unwritable");
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 install one
        0.000 event unhealthy(template.one)
        0.000 event shutdown(global)
        0.000 exit 14
    "#]]
    .assert_eq(&write);
}

/// Each template is rendered once; the end of the application is the end.
#[test]
fn an_application_starts_when_all_is_rendered() {
    let trace = trace(
        "
        stay rendered
        job app: exec exits 3 after 5s; essential; when once healthy(template.one)
        template one: data v1; change exec exits 0 after 1s
        at 2s data one broken
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
        0.000 spawn template.one.onChange#1
        1.000 > template.one.onChange#1 exits 0
        1.000 event healthy(template.one)
        1.000 spawn app#1
        2.000 > data of one
        6.000 > app#1 exits 3
        6.000 event exitFailed(app)
        6.000 event stopping(app)
        6.000 event stopped(app)
        6.000 event shutdown(global)
        6.000 exit 3
    "#]]
    .assert_eq(&trace);
}

/// The clock runs only while the catalog is gone and something is missing.
#[test]
fn patience_with_a_catalog_that_is_gone() {
    let lost = trace(
        "
        errors
        stay rendered 10s
        template one: data v1; change exec exits 0 after 1s
        template two
        at 500ms data two ?
        at 1s catalog lost
        at 2s catalog lost
        at 8s catalog back
        at 9s catalog lost
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 load two
        0.000 event startup(global)
        0.000 > data of one
        0.000 render one
        0.000 install one
        0.000 event changed(template.one)
        0.000 spawn template.one.onChange#1
        0.500 > data of two
        0.500 render two
        1.000 > the catalog is lost
        1.000 > template.one.onChange#1 exits 0
        1.000 event healthy(template.one)
        2.000 > the catalog is lost
        8.000 > the catalog is back
        9.000 > the catalog is lost
        10.000 warn template.two waits for its data
        19.000 error template.two: the catalog has not answered for 10.0s, and this is missing: its data
        19.000 event shutdown(global)
        19.000 exit 14
    "#]]
    .assert_eq(&lost);
    let rendered = trace(
        "
        stay rendered 10s
        template one: change exec exits 0 after 5s
        at 1s catalog lost
        at 8s data one v1
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 event startup(global)
        1.000 > the catalog is lost
        8.000 > data of one
        8.000 render one
        8.000 install one
        8.000 event changed(template.one)
        8.000 spawn template.one.onChange#1
        13.000 > template.one.onChange#1 exits 0
        13.000 event healthy(template.one)
        13.000 event shutdown(global)
        13.000 exit 0
    "#]]
    .assert_eq(&rendered);
}

#[test]
fn without_a_limit_it_waits_for_ever() {
    let trace = trace(
        "
        stay rendered
        template one
        at 1s catalog lost
        until 1h
        ",
    );
    expect![[r#"
        0.000 > started
        0.000 load one
        0.000 event startup(global)
        1.000 > the catalog is lost
        10.000 warn template.one waits for everything it asks for
    "#]]
    .assert_eq(&trace);
}

/// What fails is tried again, as ever.
#[test]
fn a_helper_that_stays_tries_again() {
    let trace = trace(
        "
        stay asked
        template one: data v1; change exec fails | passes
        until 4s
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
        0.000 spawn template.one.onChange#1
        0.000 > template.one.onChange#1 exits 1
        0.000 event unhealthy(template.one)
        0.930 spawn template.one.onChange#2
        0.930 > template.one.onChange#2 exits 0
        0.930 event healthy(template.one)
    "#]]
    .assert_eq(&trace);
}
