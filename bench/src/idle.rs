//! At rest: memory and wake-ups of a supervisor whose one child does nothing.

use std::{collections::BTreeSet, thread, time::Duration};

use crate::{
    kernel::{count, pss, tree},
    peers::{self, Peer, everybody},
    program::{Running, end_orphans},
    report::{Row, Table},
    stamps::What,
    workshop::Workshop,
};

/// What starting leaves behind is over after this.
const SETTLE: Duration = Duration::from_secs(5);

pub(crate) fn measure(workshop: &mut Workshop, watched: Duration) -> Vec<Table> {
    // Ours one after the other: side by side they would share the pages of one binary, and each
    // would look smaller than it is. The others are different programs and rest together.
    let (ours, others): (Vec<Peer>, Vec<Peer>) = everybody(workshop)
        .into_iter()
        .skip(1)
        .partition(|peer| peer.name.starts_with("containerpilot"));
    let mut rows = rest(workshop, others, watched);
    for peer in ours {
        rows.extend(rest(workshop, vec![peer], watched));
    }
    vec![Table {
        name: "idle",
        title: format!(
            "At rest over {} s (memory in kB; the registered one is checked every 10 s)",
            watched.as_secs()
        ),
        columns: &["PSS", "wake-ups/min", "CPU ms/min", "threads", "processes"],
        rows,
    }]
}

fn rest(workshop: &mut Workshop, peers: Vec<Peer>, watched: Duration) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut resting = Vec::new();
    for peer in peers {
        match peer.line.and_then(|line| start(workshop, &line)) {
            Ok(running) => resting.push((peer.name, running)),
            Err(reason) => rows.push(Row::failed(peer.name, reason)),
        }
    }
    thread::sleep(SETTLE);
    let begin: Vec<_> = resting
        .iter()
        .map(|(_, running)| {
            let pids = tree(running.pid(), &workshop.child);
            (count(&pids), pids)
        })
        .collect();
    thread::sleep(watched);
    for ((name, running), (before, pids)) in resting.iter().zip(begin) {
        // A check that happens to run at either moment is not the supervisor's.
        let still = tree(running.pid(), &workshop.child);
        let pids: BTreeSet<i32> = pids.intersection(&still).copied().collect();
        let after = count(&pids);
        if pids.is_empty() {
            rows.push(Row::failed(name, running.explain("it ended")));
            continue;
        }
        let a_minute = 60.0 / watched.as_secs_f64();
        let memory = Some(float(pss(&pids)));
        let row = Row::new(
            name,
            vec![
                memory,
                Some(float(after.wake_ups.saturating_sub(before.wake_ups)) * a_minute),
                Some(float(after.cpu.saturating_sub(before.cpu)) / 1e6 * a_minute),
                Some(float(after.threads)),
                u32::try_from(pids.len()).ok().map(f64::from),
            ],
        );
        rows.push(match *name {
            peers::OURS_REGISTERED => row.bar("kB", memory, 3_500.0),
            _ => row,
        });
    }
    for (_, running) in &mut resting {
        let _ = running.stop(Duration::from_secs(10));
    }
    drop(resting);
    end_orphans(&[workshop.consul.running.pid()]);
    rows
}

fn start(workshop: &mut Workshop, line: &[String]) -> Result<Running, String> {
    workshop.stamps.forget();
    let running = workshop.start(line)?;
    let started = workshop
        .stamps
        .wait_for(What::Started, Duration::from_secs(10));
    started.map_err(|reason| running.explain(&reason))?;
    Ok(running)
}

/// A count as a number to calculate with.
pub(crate) fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let float = count as f64;
    float
}
