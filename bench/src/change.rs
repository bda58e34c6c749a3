//! From a change in Consul to the first instruction of the handler that is to hear of it.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::{
    figures::Samples,
    http::Client,
    lifecycle::micros,
    program::end_orphans,
    report::{Row, Table, ratio},
    stamps::{What, now},
    workshop::Workshop,
};

/// Watched by the floor and by us: two services, so that a change of one wakes one of the two.
const FLOOR_SERVICE: &str = "bench-floor-change";
const OUR_SERVICE: &str = "bench-change";
const FLOOR: &str = "floor: blocking query, spawn";

pub(crate) fn measure(workshop: &mut Workshop, runs: u16) -> Vec<Table> {
    let mut floor = Samples::default();
    let ours = side_by_side(workshop, runs, &mut floor);
    end_orphans(&[workshop.consul.running.pid()]);
    let spread = |samples: &Samples, base: &Samples| {
        let at = |share| samples.quantile(share);
        vec![
            at(0.0),
            at(0.5),
            at(0.9),
            at(1.0),
            ratio(at(0.5), base.median()),
        ]
    };
    let ours = match ours {
        Ok(samples) => {
            let row = Row::new("containerpilot", spread(&samples, &floor));
            row.bar("ms p50", samples.median(), 6.0)
        }
        Err(reason) => Row::failed("containerpilot", reason),
    };
    vec![Table {
        name: "change",
        title: format!(
            "Change in Consul to the handler's first instruction (milliseconds, {runs} runs)"
        ),
        columns: &["min", "p50", "p90", "max", "x floor"],
        rows: vec![Row::new(FLOOR, spread(&floor, &floor)), ours],
    }]
}

fn side_by_side(
    workshop: &mut Workshop,
    runs: u16,
    floor: &mut Samples,
) -> Result<Samples, String> {
    let mut consul = workshop.consul.client()?;
    register(&mut consul, FLOOR_SERVICE, 9_000)?;
    register(&mut consul, OUR_SERVICE, 9_000)?;
    let watcher = Watcher::start(workshop)?;
    let line = workshop.configured(
        "change.json5",
        json!({
            "consul": workshop.consul.address,
            "watches": [{ "name": OUR_SERVICE, "interval": 1 }],
            "jobs": [
                { "name": "app", "exec": workshop.child_line("term") },
                { "name": "handler", "exec": workshop.child_line("exit"),
                  "when": { "source": format!("watch.{OUR_SERVICE}"), "each": "changed" } },
            ],
        }),
    )?;
    let mut running = workshop.start(&line)?;
    let mut ours = Samples::default();
    let mut failed = workshop
        .stamps
        .wait_for(What::Started, Duration::from_secs(10))
        .err();
    thread::sleep(Duration::from_secs(3));
    for run in 1..=runs {
        // The pauses differ, so that nothing periodic falls into step with us.
        thread::sleep(Duration::from_millis(200 + u64::from(run) * 37 % 150));
        floor.add(one_change(
            workshop,
            &mut consul,
            FLOOR_SERVICE,
            9_000 + run,
        )?);
        thread::sleep(Duration::from_millis(200 + u64::from(run) * 53 % 150));
        if failed.is_none() {
            match one_change(workshop, &mut consul, OUR_SERVICE, 9_000 + run) {
                Ok(sample) => ours.add(sample),
                Err(reason) => failed = Some(reason),
            }
        }
    }
    let result = failed.map_or(Ok(ours), |reason| Err(running.explain(&reason)));
    let _ = running.stop(Duration::from_secs(10));
    watcher.stop(&mut consul)?;
    result
}

fn one_change(
    workshop: &mut Workshop,
    consul: &mut Client,
    service: &str,
    port: u16,
) -> Result<f64, String> {
    workshop.stamps.forget();
    let before = now();
    register(consul, service, port)?;
    let handled = workshop
        .stamps
        .wait_for(What::Started, Duration::from_secs(10))?;
    Ok(micros(before, handled.at) / 1_000.0)
}

fn register(consul: &mut Client, service: &str, port: u16) -> Result<(), String> {
    let body = json!({ "ID": service, "Name": service, "Address": "127.0.0.1", "Port": port });
    consul.order("PUT", "/v1/agent/service/register", &body.to_string())?;
    Ok(())
}

/// The least that hearing of a change can take: one blocking query after the other, and a spawn.
struct Watcher {
    ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watcher {
    fn start(workshop: &Workshop) -> Result<Self, String> {
        let ending = Arc::new(AtomicBool::new(false));
        let mut consul = workshop.consul.client()?;
        let line = workshop.child_line("exit");
        let seen = Arc::clone(&ending);
        let thread = thread::spawn(move || {
            let mut index = 0;
            while !seen.load(Ordering::Relaxed) {
                let path =
                    format!("/v1/health/service/{FLOOR_SERVICE}?passing&wait=10s&index={index}");
                let Ok(answer) = consul.order("GET", &path, "") else {
                    return;
                };
                let new = answer.index.unwrap_or(0);
                if index != 0 && new != index {
                    let _ = Command::new(&line[0]).args(&line[1..]).status();
                }
                index = new;
            }
        });
        Ok(Self { ending, thread })
    }

    fn stop(self, consul: &mut Client) -> Result<(), String> {
        self.ending.store(true, Ordering::Relaxed);
        register(consul, FLOOR_SERVICE, 1)?;
        self.thread
            .join()
            .map_err(|_| "the watcher of the floor panicked".to_owned())
    }
}
