//! A log in a file: opened, renamed away, opened again.

use std::fs;

use expect_test::expect;
use logbook::{Format, Level, Logbook, Output, Settings};

use crate::stage::{Stage, after_time, app, info, to};

#[tokio::test]
async fn a_renamed_file_is_written_to_until_it_is_reopened() {
    let stage = Stage::new(Format::Default);
    assert!(stage.log.reopens());
    stage.log.record(info("one"));
    stage.text().await;
    fs::rename(stage.path("log"), stage.path("log.1")).unwrap();
    stage.log.record(info("two"));
    stage.log.reopen();
    stage.log.record(info("three"));
    let new = stage.text().await;
    let old = fs::read_to_string(stage.path("log.1")).unwrap();
    assert_eq!(after_time(&old), ["one", "two"]);
    assert_eq!(after_time(&new), ["three"]);
}

#[tokio::test]
async fn an_existing_file_is_added_to() {
    let stage = Stage::new(Format::Default);
    fs::write(stage.path("log"), "TIME of the last run\n").unwrap();
    stage.log.record(info("hello"));
    stage.log.reopen();
    stage.log.record(info("again"));
    let text = stage.text().await;
    assert_eq!(after_time(&text), ["of the last run", "hello", "again"]);
}

#[tokio::test]
async fn a_failed_reopen_is_told_of_in_the_old_file_which_stays() {
    let stage = Stage::new(Format::Text);
    stage.log.record(info("one"));
    stage.text().await;
    fs::rename(stage.path("log"), stage.path("log.1")).unwrap();
    fs::create_dir(stage.path("log")).unwrap();
    stage.log.reopen();
    stage.log.record(info("two"));
    assert!(stage.log.flush(crate::stage::SOON).await);
    let text = fs::read_to_string(stage.path("log.1")).unwrap();
    let shown: Vec<_> = after_time(&text)
        .iter()
        .map(|line| line.replace(stage.folder.path().to_str().unwrap(), "FOLDER"))
        .collect();
    expect![[r#"
        level=info msg=one 
        level=error msg="cannot reopen the log file `FOLDER/log`: is a directory" 
        level=info msg=two "#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_file_that_cannot_be_opened_is_refused() {
    let check = |path: &str| {
        Logbook::open(to(path, Format::Default))
            .unwrap_err()
            .to_string()
    };
    expect!["Error initializing log file '/proc/none/log': open /proc/none/log: no such file or directory"]
        .assert_eq(&check("/proc/none/log"));
    expect!["Error initializing log file '/proc': open /proc: is a directory"]
        .assert_eq(&check("/proc"));
}

#[tokio::test]
async fn other_settings_hold_for_what_is_said_after_them() {
    let stage = Stage::new(Format::Default);
    stage.log.record(info("one"));
    let other = Settings {
        level: Level::Warn,
        format: Format::Text,
        output: Output::File(stage.path("other")),
    };
    stage.log.change(other).unwrap();
    stage.log.record(info("two"));
    stage.log.record(logbook::Record::own(Level::Warn, "three"));
    let bad = to("/proc/none/log", Format::Json);
    assert!(stage.log.change(bad).is_err(), "it cannot be opened");
    stage.log.record(logbook::Record::own(Level::Fatal, "four"));
    assert_eq!(after_time(&stage.text().await), ["one"]);
    let other = fs::read_to_string(stage.path("other")).unwrap();
    assert_eq!(
        after_time(&other),
        ["level=warning msg=three ", "level=fatal msg=four "]
    );
}

#[tokio::test]
async fn above_info_children_are_read_and_not_logged() {
    let stage = Stage::new(Format::Default);
    let quiet = Settings {
        level: Level::Warn,
        ..to(stage.path("log"), Format::Default)
    };
    stage.log.change(quiet).unwrap();
    stage.child_says(&b"hello\n".repeat(100_000)).await;
    stage.child_says(b"without an end").await;
    assert_eq!(stage.text().await, "");
    stage
        .log
        .change(to(stage.path("log"), Format::Default))
        .unwrap();
    stage.child_says(b"hello\n").await;
    assert_eq!(after_time(&stage.text().await), ["app 12 hello"]);
}

#[tokio::test]
async fn a_record_can_speak_for_a_process() {
    let stage = Stage::new(Format::Text);
    stage.log.record(logbook::Record {
        level: Level::Error,
        message: "timeout".into(),
        origin: Some(app(logbook::Stream::Stdout)),
    });
    let text = stage.text().await;
    assert_eq!(
        after_time(&text),
        ["level=error msg=timeout job=app pid=12 "]
    );
}
