//! Start: from exec to the child's first instruction. Stop: from TERM until the supervisor is gone.

use std::{thread, time::Duration};

use crate::{
    figures::Samples,
    peers::{self, Peer, everybody},
    program::end_orphans,
    report::{Row, Table, ratio},
    stamps::What,
    workshop::Workshop,
};

/// Between the child's start and TERM, so that neither is measured in the other's wake.
const PAUSE: Duration = Duration::from_millis(10);

struct Measured {
    peer: Peer,
    start: Samples,
    heard: Samples,
    gone: Samples,
    failed: Option<String>,
}

/// One life, in microseconds.
struct Life {
    start: f64,
    heard: f64,
    gone: f64,
}

pub(crate) fn measure(workshop: &mut Workshop, rounds: usize) -> Vec<Table> {
    let mut all: Vec<Measured> = everybody(workshop).into_iter().map(Measured::new).collect();
    let count = all.len();
    for round in 0..rounds {
        // Every round begins with somebody else, so that nobody always follows the same one.
        for turn in 0..count {
            let measured = &mut all[(round + turn) % count];
            if round % measured.peer.every == 0 {
                measured.live(workshop);
            }
        }
    }
    vec![start_table(&all, rounds), stop_table(&all, rounds)]
}

impl Measured {
    fn new(peer: Peer) -> Self {
        let failed = peer.line.as_ref().err().cloned();
        let none = Samples::default;
        Self {
            peer,
            start: none(),
            heard: none(),
            gone: none(),
            failed,
        }
    }

    fn live(&mut self, workshop: &mut Workshop) {
        let (None, Ok(line)) = (&self.failed, &self.peer.line) else {
            return;
        };
        match one_life(workshop, line) {
            Ok(life) => {
                self.start.add(life.start);
                self.heard.add(life.heard);
                self.gone.add(life.gone);
            }
            Err(reason) => self.failed = Some(reason),
        }
        end_orphans(&[workshop.consul.running.pid()]);
    }

    fn row(&self, samples: &Samples, values: impl FnOnce(&Samples) -> Vec<Option<f64>>) -> Row {
        match &self.failed {
            Some(reason) => Row::failed(self.peer.name, reason.clone()),
            None => Row::new(self.peer.name, values(samples)),
        }
    }
}

fn one_life(workshop: &mut Workshop, line: &[String]) -> Result<Life, String> {
    workshop.stamps.forget();
    let mut running = workshop.start(line)?;
    let life = (|| {
        let exec = workshop
            .stamps
            .wait_for(What::AboutToExec, Duration::from_secs(5))?;
        let started = workshop
            .stamps
            .wait_for(What::Started, Duration::from_secs(10))?;
        thread::sleep(PAUSE);
        let (asked, gone) = running.stop(Duration::from_secs(15))?;
        let heard = workshop
            .stamps
            .wait_for(What::HeardTerm, Duration::from_secs(1))?;
        Ok(Life {
            start: micros(exec.at, started.at),
            heard: micros(asked, heard.at),
            gone: micros(asked, gone),
        })
    })();
    life.map_err(|reason: String| running.explain(&reason))
}

/// The microseconds between two moments.
pub(crate) fn micros(from: u64, to: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds at most")]
    let nanos = to.saturating_sub(from) as f64;
    nanos / 1_000.0
}

fn start_table(all: &[Measured], rounds: usize) -> Table {
    let tini = tini(all, |measured| &measured.start);
    let rows = all.iter().map(|measured| {
        let median = measured.start.median();
        let times = ratio(median, tini);
        let row = measured.row(&measured.start, |samples| {
            vec![median, samples.quantile(0.9), times, count(samples)]
        });
        match measured.peer.name {
            peers::OURS => row.bar("x tini", times, 1.1),
            peers::OURS_CONFIGURED => row.bar("x tini", times, 1.3),
            _ => row,
        }
    });
    Table {
        name: "start",
        title: format!(
            "Start: exec to the child's first instruction (microseconds, {rounds} rounds)"
        ),
        columns: &["p50", "p90", "x tini", "runs"],
        rows: rows.collect(),
    }
}

fn stop_table(all: &[Measured], rounds: usize) -> Table {
    let tini = tini(all, |measured| &measured.gone);
    let rows = all.iter().map(|measured| {
        let median = measured.gone.median();
        let times = ratio(median, tini);
        let row = measured.row(&measured.gone, |samples| {
            vec![
                measured.heard.median(),
                median,
                samples.quantile(0.9),
                times,
                count(samples),
            ]
        });
        match measured.peer.name {
            peers::OURS | peers::OURS_CONFIGURED => row.bar("x tini", times, 2.0),
            _ => row,
        }
    });
    Table {
        name: "stop",
        title: format!(
            "Stop: TERM until the child has it, and until all are gone (microseconds, {rounds} rounds)"
        ),
        columns: &["has it p50", "gone p50", "gone p90", "x tini", "runs"],
        rows: rows.collect(),
    }
}

fn tini(all: &[Measured], of: impl Fn(&Measured) -> &Samples) -> Option<f64> {
    all.iter()
        .find(|measured| measured.peer.name == peers::TINI)
        .and_then(|tini| of(tini).median())
}

fn count(samples: &Samples) -> Option<f64> {
    u32::try_from(samples.count()).ok().map(f64::from)
}
