//! How often a helper with one service and two watches asks Consul while nothing happens.

use std::{thread, time::Duration};

use serde_json::json;

use super::tap::Tap;
use crate::{
    idle::float,
    program::end_orphans,
    report::{Row, Table},
    stamps::What,
    workshop::Workshop,
};

/// What ContainerPilot 3.8 came to.
const ORIGINAL: f64 = 140.0;
const GOAL: f64 = 25.0;
const SETTLE: Duration = Duration::from_secs(15);

pub(super) fn measure(workshop: &mut Workshop, watched: Duration) -> Table {
    let asked = asked(workshop, watched);
    end_orphans(&[workshop.consul.running.pid()]);
    let row = match asked {
        Ok(asked) => Row::new("containerpilot", vec![Some(asked), Some(asked / ORIGINAL)]).bar(
            "a minute",
            Some(asked),
            GOAL,
        ),
        Err(reason) => Row::failed("containerpilot", reason),
    };
    Table {
        name: "requests",
        title: format!(
            "Requests to Consul at rest, one service checked every 10 s and two watches (over {} s)",
            watched.as_secs()
        ),
        columns: &["a minute", "x the original's"],
        rows: vec![row],
    }
}

fn asked(workshop: &mut Workshop, watched: Duration) -> Result<f64, String> {
    let tap = Tap::before(&workshop.consul.address)?;
    let mut consul = workshop.consul.client()?;
    for name in ["bench-quiet-a", "bench-quiet-b"] {
        let body = json!({ "ID": name, "Name": name, "Address": "127.0.0.1", "Port": 1 });
        consul.order("PUT", "/v1/agent/service/register", &body.to_string())?;
    }
    let line = workshop.configured(
        "quiet.json5",
        json!({
            "consul": tap.address,
            "watches": [
                { "name": "bench-quiet-a", "interval": 10 },
                { "name": "bench-quiet-b", "interval": 10 },
            ],
            "jobs": [workshop.registered_job(10)],
        }),
    )?;
    workshop.stamps.forget();
    let mut running = workshop.start(&line)?;
    let patience = Duration::from_secs(10);
    let started = workshop.stamps.wait_for(What::Started, patience);
    started.map_err(|reason| running.explain(&reason))?;
    thread::sleep(SETTLE);
    let before = tap.count();
    if before == 0 {
        return Err(running.explain("it never asked"));
    }
    thread::sleep(watched);
    let asked = float(tap.count() - before) * 60.0 / watched.as_secs_f64();
    running.stop(patience)?;
    Ok(asked)
}
