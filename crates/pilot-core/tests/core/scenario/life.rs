//! When jobs start, and what follows each run (acceptance 113 to 130).

use expect_test::expect;

use super::trace;

#[test]
fn a_job_that_is_asked_to_stop() {
    let trace = trace(
        "
        job app: exec runs
        at 1s TERM
        ",
    );
    expect![[r#""#]].assert_eq(&trace);
}
