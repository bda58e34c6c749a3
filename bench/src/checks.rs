//! What a health check costs us: our own time on a processor, at fifty checks a second.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::{
    idle::float,
    kernel::{coarse_cpu, count, pss, tree},
    program::end_orphans,
    report::{Row, Table, ratio},
    stamps::What,
    workshop::Workshop,
};

const JOBS: u16 = 50;
const FLOOR: &str = "floor: spawn, wait, one PUT";

pub(crate) fn measure(workshop: &mut Workshop, watched: Duration) -> Vec<Table> {
    let floor = floor(workshop, watched / 2);
    let base = floor.as_ref().ok().copied();
    let ours = ours(workshop, watched);
    end_orphans(&[workshop.consul.running.pid()]);
    let floor = match floor {
        Ok(each) => Row::new(FLOOR, vec![Some(each), Some(1.0), None, None, None]),
        Err(reason) => Row::failed(FLOOR, reason),
    };
    let ours = match ours {
        Ok(Cost {
            each,
            checks,
            wake_ups,
            memory,
        }) => {
            let values = vec![
                Some(each),
                ratio(Some(each), base),
                Some(wake_ups),
                Some(memory),
                Some(checks),
            ];
            Row::new("containerpilot", values).bar("microseconds", Some(each), 150.0)
        }
        Err(reason) => Row::failed("containerpilot", reason),
    };
    vec![Table {
        name: "check",
        title: format!(
            "Own CPU per exec check with its TTL update (microseconds; {JOBS} jobs, one check a second each, {} s)",
            watched.as_secs()
        ),
        columns: &["CPU/check", "x floor", "wake-ups/chk", "PSS kB", "checks"],
        rows: vec![floor, ours],
    }]
}

struct Cost {
    each: f64,
    checks: f64,
    wake_ups: f64,
    memory: f64,
}

fn ours(workshop: &mut Workshop, watched: Duration) -> Result<Cost, String> {
    let jobs = (0..JOBS).map(|number| {
        json!({
            "name": format!("bench-check-{number}"), "exec": workshop.child_line("term"),
            "port": 8100 + number, "interfaces": ["static:127.0.0.1"],
            "health": { "exec": workshop.child_line("exit"), "interval": 1, "ttl": 5 },
        })
    });
    let config = json!({ "consul": workshop.consul.address, "jobs": jobs.collect::<Vec<_>>() });
    let line = workshop.configured("checks.json5", config)?;
    workshop.stamps.forget();
    let mut running = workshop.start(&line)?;
    let measured = (|| {
        for _ in 0..JOBS {
            workshop
                .stamps
                .wait_for(What::Started, Duration::from_secs(20))?;
        }
        let settle = Instant::now() + Duration::from_secs(5);
        while let Some(left) = settle.checked_duration_since(Instant::now()) {
            workshop.stamps.next(left);
        }
        let own = [running.pid().as_raw_nonzero().get()];
        if tree(running.pid(), &workshop.child).is_empty() {
            return Err("it ended".to_owned());
        }
        let (before, coarse_before) = (count(&own), coarse_cpu(own[0]));
        let end = Instant::now() + watched;
        let mut checks = 0_u64;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            checks += u64::from(workshop.stamps.next(left).is_some());
        }
        let (after, coarse_after) = (count(&own), coarse_cpu(own[0]));
        // The exact count loses the time of threads that ended; the coarse one is off by two ticks.
        let coarse = coarse_after
            .saturating_sub(coarse_before)
            .saturating_sub(20_000_000);
        let spent = after.cpu.saturating_sub(before.cpu).max(coarse);
        if checks < watched.as_secs() * u64::from(JOBS) / 2 {
            return Err(format!("only {checks} checks in {} s", watched.as_secs()));
        }
        let checks = float(checks);
        Ok(Cost {
            each: float(spent) / 1e3 / checks,
            checks,
            wake_ups: float(after.wake_ups.saturating_sub(before.wake_ups)) / checks,
            memory: float(pss(&own)),
        })
    })();
    let measured = measured.map_err(|reason| running.explain(&reason));
    let _ = running.stop(Duration::from_secs(15));
    measured
}

/// The least that a check can cost: the same child and the same update, and nothing around them.
fn floor(workshop: &mut Workshop, watched: Duration) -> Result<f64, String> {
    let service = json!({
        "Name": "bench-floor", "Address": "127.0.0.1", "Port": 8099, "Check": { "TTL": "60s" },
    });
    let mut consul = workshop.consul.client()?;
    consul.order("PUT", "/v1/agent/service/register", &service.to_string())?;
    let line = workshop.child_line("exit");
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).stdin(Stdio::inherit());
    let pace = Duration::from_millis(1_000 / u64::from(JOBS));
    let begin = Instant::now();
    let (mut spent, mut checks) = (0_u64, 0_u64);
    while begin.elapsed() < watched {
        let before = own_cpu();
        let status = command.status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("the child ended with {status}"));
        }
        consul.order("PUT", "/v1/agent/check/pass/service:bench-floor", "")?;
        spent += own_cpu() - before;
        checks += 1;
        workshop.stamps.forget();
        thread::sleep(pace);
    }
    consul.order("PUT", "/v1/agent/service/deregister/bench-floor", "")?;
    Ok(float(spent) / 1e3 / float(checks))
}

/// Nanoseconds that this thread has spent on a processor.
fn own_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
