//! A log whose reader does not read.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use logbook::{Format, Stream};
use tokio::{net::unix::pipe::Sender, time::timeout};

use crate::stage::{Outlet, SOON, after_time, app, info, within_soon};

/// How long a child is watched before it counts as waiting.
const WAITING: Duration = Duration::from_millis(300);

#[tokio::test]
async fn own_records_never_wait_and_losses_are_told() {
    let outlet = Outlet::new();
    let log = outlet.log(Format::Default);
    let filler = "x".repeat(1000);
    let began = Instant::now();
    for count in 0..10_000 {
        log.record(info(format!("{count} {filler}")));
    }
    assert!(began.elapsed() < SOON, "it waits");
    let reading = outlet.read();
    assert!(within_soon(log.flush(SOON)).await);
    log.record(info("after"));
    assert!(within_soon(log.flush(SOON)).await);
    let counted = log.lost();
    drop(log);
    let text = String::from_utf8(reading.join().unwrap()).unwrap();
    let lines = after_time(&text);
    assert_eq!(lines.last(), Some(&"after"));
    let told = "the reader of the log is too slow: records lost: ";
    let (notices, kept): (Vec<&str>, Vec<&str>) = lines[..lines.len() - 1]
        .iter()
        .partition(|line| line.starts_with(told));
    let kept: Vec<usize> = kept
        .iter()
        .map(|line| line.strip_suffix(&filler).unwrap().trim().parse().unwrap())
        .collect();
    assert!(kept.is_sorted_by(|one, next| one < next), "{kept:?}");
    assert!(kept.len() > 200, "only {} are kept", kept.len());
    let lost: usize = notices
        .iter()
        .map(|line| line[told.len()..].parse::<usize>().unwrap())
        .sum();
    assert_eq!(kept.len() + lost, 10_000);
    assert_eq!(counted, lost as u64);
}

/// Writes numbered lines until nobody takes them any more. Answers how many were begun, and what of
/// the last is still to be written.
async fn flood(child: &Sender) -> (usize, Vec<u8>) {
    let mut count = 0;
    let mut left = Vec::new();
    loop {
        if left.is_empty() {
            left = format!("{count} {}\n", "x".repeat(100)).into_bytes();
            count += 1;
        }
        match child.try_write(&left) {
            Ok(written) => drop(left.drain(..written)),
            Err(_) if timeout(WAITING, child.writable()).await.is_err() => return (count, left),
            Err(_) => {}
        }
    }
}

#[tokio::test]
async fn a_child_waits_and_nothing_of_it_is_lost() {
    let outlet = Outlet::new();
    let log = outlet.log(Format::Default);
    let (reader, writer) = std::io::pipe().unwrap();
    let capture = tokio::spawn(log.capture(reader.into(), app(Stream::Stdout), None));
    let child = Sender::from_owned_fd(writer.into()).unwrap();
    let (count, left) = within_soon(flood(&child)).await;
    assert!(count * 100 < 1024 * 1024, "{count} lines are in memory");

    log.record(info("the supervisor goes on"));
    assert!(!within_soon(log.flush(WAITING)).await, "nobody reads");

    let reading = outlet.read();
    let mut writer = std::fs::File::from(child.into_blocking_fd().unwrap());
    let child = std::thread::spawn(move || writer.write_all(&left).unwrap());
    within_soon(capture).await.unwrap();
    child.join().unwrap();
    assert!(within_soon(log.flush(SOON)).await);
    drop(log);
    let text = String::from_utf8(reading.join().unwrap()).unwrap();
    let lines = after_time(&text);
    let of_child: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("app 12 "))
        .collect();
    assert_eq!(of_child.len(), count);
    for (count, line) in of_child.iter().enumerate() {
        assert!(line.starts_with(&format!("{count} x")), "{line}");
    }
    let own = lines.iter().filter(|line| !line.starts_with("app 12 "));
    assert_eq!(own.collect::<Vec<_>>(), [&"the supervisor goes on"]);
}

#[tokio::test]
async fn a_flush_ends_when_its_time_is_up() {
    let outlet = Outlet::new();
    let log = outlet.log(Format::Default);
    log.record(info("x".repeat(200_000)));
    let began = Instant::now();
    assert!(!log.flush(Duration::from_millis(50)).await);
    assert!(began.elapsed() < SOON);
    drop(outlet);
}
