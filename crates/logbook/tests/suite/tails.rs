//! The last output of a check.

use std::io::{PipeWriter, Write};

use logbook::{Format, Stream, Tail};
use tokio::task::JoinHandle;

use crate::stage::{Stage, after_time, app, within_soon};

/// A child that is only the writing end of its pipe.
fn child(stage: &Stage, stream: Stream, tail: &Tail) -> (PipeWriter, JoinHandle<()>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let capture = stage
        .log
        .capture(reader.into(), app(stream), Some(tail.clone()));
    (writer, tokio::spawn(capture))
}

#[tokio::test]
async fn both_streams_are_kept_line_by_line() {
    let stage = Stage::new(Format::Default);
    let tail = Tail::new();
    let (mut out, captured_out) = child(&stage, Stream::Stdout, &tail);
    let (mut err, captured_err) = child(&stage, Stream::Stderr, &tail);
    out.write_all(b"out one\nout").unwrap();
    err.write_all(b"err\n").unwrap();
    tokio::task::yield_now().await;
    out.write_all(b" two\nout three").unwrap();
    drop((out, err));
    within_soon(captured_out).await.unwrap();
    within_soon(captured_err).await.unwrap();
    let mut lines: Vec<_> = tail.finish().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["err", "out one", "out three", "out two"]);
}

#[tokio::test]
async fn what_waits_in_the_pipe_is_seen_at_once_and_logged_once() {
    let stage = Stage::new(Format::Default);
    let tail = Tail::new();
    let (mut out, captured) = child(&stage, Stream::Stdout, &tail);
    // Nobody has had a turn to read it, and the writing end is still held, as by a daemon.
    out.write_all(b"cannot connect\nexit 1").unwrap();
    assert_eq!(tail.finish(), "cannot connect\nexit 1");
    out.write_all(b"\nfrom the daemon\n").unwrap();
    drop(out);
    within_soon(captured).await.unwrap();
    assert_eq!(tail.finish(), "cannot connect\nexit 1");
    assert_eq!(
        after_time(&stage.text().await),
        [
            "app 12 cannot connect",
            "app 12 exit 1",
            "app 12 from the daemon"
        ]
    );
}

#[tokio::test]
async fn only_the_end_is_kept() {
    let stage = Stage::new(Format::Default);
    for unread in [false, true] {
        let tail = Tail::new();
        let (mut out, captured) = child(&stage, Stream::Stdout, &tail);
        let said: String = (0..2000).map(|count| format!("€ {count}\n")).collect();
        out.write_all(said.as_bytes()).unwrap();
        if !unread {
            drop(out);
            within_soon(captured).await.unwrap();
        }
        let kept = tail.finish();
        assert!(said.trim_end().ends_with(&kept), "{kept}");
        assert!(
            (4090..=4096).contains(&(kept.len() + 1)),
            "{} bytes",
            kept.len()
        );
    }
}

#[tokio::test]
async fn nothing_said_is_nothing_kept() {
    let stage = Stage::new(Format::Default);
    let tail = Tail::new();
    let (out, captured) = child(&stage, Stream::Stdout, &tail);
    assert_eq!(tail.finish(), "");
    drop(out);
    within_soon(captured).await.unwrap();
    assert_eq!(Tail::new().finish(), "");
}

#[tokio::test]
async fn what_is_only_kept_is_not_logged() {
    let stage = Stage::new(Format::Default);
    let tail = Tail::new();
    let (reader, mut out) = std::io::pipe().unwrap();
    let kept = stage
        .log
        .keep(reader.into(), app(Stream::Stdout), tail.clone());
    let kept = tokio::spawn(kept);
    out.write_all(b"42\n").unwrap();
    drop(out);
    within_soon(kept).await.unwrap();
    assert_eq!(tail.finish(), "42");
    assert_eq!(stage.text().await, "");
}
