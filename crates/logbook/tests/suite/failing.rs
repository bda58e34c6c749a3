//! Outputs that take nothing any more.

use logbook::Format;

use crate::stage::{Outlet, SOON, Stage, after_time, info, to, within_soon};

#[tokio::test]
async fn a_reader_that_is_gone_costs_lines_and_nothing_else() {
    let outlet = Outlet::new();
    let log = outlet.log(Format::Default);
    drop(outlet);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    for count in 0..10 {
        log.record(info(format!("{count}")));
    }
    assert!(within_soon(log.flush(SOON)).await);
    let stage = Stage { folder, log };
    stage.child_says(b"hello\n").await;
    stage.log.change(to(path, Format::Default)).unwrap();
    stage.log.record(info("back"));
    assert_eq!(
        after_time(&stage.text().await),
        [
            "back",
            "could not write the log: broken pipe; lines lost: 11"
        ]
    );
}
