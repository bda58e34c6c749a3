//! Many who speak at once.

use std::{collections::BTreeMap, io::Write};

use logbook::{Format, Origin, Stream};
use proptest::prelude::*;
use serde_json::Value;

use crate::stage::{Outlet, SOON, info, within_soon};

/// Lines of these lengths, each beginning with its number.
fn numbered(lengths: &[usize]) -> Vec<String> {
    let line = |(count, length): (usize, &usize)| format!("{count} {}", "y".repeat(*length));
    lengths.iter().enumerate().map(line).collect()
}

async fn speak_at_once(children: &[Vec<usize>], own: usize) -> Vec<u8> {
    let outlet = Outlet::new();
    let log = outlet.log(Format::Json);
    let reading = outlet.read();
    let mut captures = tokio::task::JoinSet::new();
    let mut threads = Vec::new();
    for (pid, lengths) in (0..).zip(children) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let origin = Origin::new("app", pid, Stream::Stderr);
        captures.spawn(log.capture(reader.into(), origin, None));
        let lines = numbered(lengths);
        threads.push(std::thread::spawn(move || {
            for line in lines {
                writeln!(writer, "{line}").unwrap();
            }
        }));
    }
    for count in 0..own {
        log.record(info(format!("{count} ")));
        tokio::task::yield_now().await;
    }
    within_soon(captures.join_all()).await;
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(within_soon(log.flush(SOON)).await);
    drop(log);
    reading.join().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No line is torn or lost, and everybody's stay in order.
    #[test]
    fn lines_stay_whole(
        children in prop::collection::vec(
            prop::collection::vec(prop_oneof![8 => 0..300_usize, 1 => 0..60_000_usize], 0..200),
            1..6,
        ),
        own in 0..200_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let log = runtime.block_on(speak_at_once(&children, own));
        let mut by_pid: BTreeMap<Option<u64>, Vec<String>> = BTreeMap::new();
        for line in std::str::from_utf8(&log).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let lines = by_pid.entry(record["pid"].as_u64()).or_default();
            lines.push(record["msg"].as_str().unwrap().to_owned());
        }
        let own = numbered(&vec![0; own]);
        prop_assert_eq!(by_pid.remove(&None).unwrap_or_default(), own);
        for (pid, lengths) in (0..).zip(&children) {
            prop_assert_eq!(by_pid.remove(&Some(pid)).unwrap_or_default(), numbered(lengths));
        }
        prop_assert!(by_pid.is_empty());
    }
}
