//! Two thousand instances at one Consul: each is a client of ours with one service, as a helper
//! has it, all of them in one process so that one machine can bear them.

use std::{
    env, fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use catalog::{CatalogEvent, CatalogHandle, ServiceEvent, consul::Settings};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use pilot_core::{
    JobName,
    spec::{OutOfService, ServiceSpec, Status},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout_at};

use crate::{
    consul::Consul,
    idle::float,
    kernel::coarse_cpu,
    program::end_orphans,
    report::{Row, Table, ratio},
    workshop::Workshop,
};

const SIZES: [u32; 3] = [500, 1_000, 2_000];
/// How often an instance tells its status, as with a health check of the usual interval.
const INTERVAL: Duration = Duration::from_secs(10);
const STORM: Duration = Duration::from_secs(120);
const GOAL: f64 = 60.0;
/// How much the cost of one may grow from the smallest swarm to the largest.
const FLAT: f64 = 1.25;

pub(super) fn measure(workshop: &mut Workshop, watched: Duration) -> Table {
    let mut rows = Vec::new();
    let mut first = None;
    for size in SIZES {
        let name = format!("{size} instances");
        match one(workshop, size, watched) {
            Ok(told) => {
                let number = |key: &str| told[key].as_f64();
                let grown = ratio(number("cpu"), *first.get_or_insert(number("cpu")));
                let values =
                    ["seconds", "storm", "errors", "requests", "cpu", "consul"].map(number);
                let row = Row::new(&name, values.into_iter().chain([grown]).collect());
                let row = row.bar("s", number("seconds"), GOAL);
                let row = row.bar("errors", number("errors"), 0.0);
                rows.push(row.bar("x the smallest", grown, FLAT));
            }
            Err(reason) => rows.push(Row::failed(&name, reason)),
        }
        end_orphans(&[workshop.consul.running.pid()]);
    }
    Table {
        name: "swarm",
        title: format!(
            "Instances that all register at once at one Consul, then tell their status every {} s \
             (CPU in ms per instance and minute)",
            INTERVAL.as_secs()
        ),
        columns: &[
            "s to stand",
            "tries lost",
            "errors",
            "requests/s each",
            "own CPU",
            "Consul's CPU",
            "x smallest",
        ],
        rows,
    }
}

fn one(workshop: &Workshop, size: u32, watched: Duration) -> Result<Value, String> {
    let folder = workshop.path(&format!("swarm-{size}"));
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let program = crate::root().join(".cache/consul/usr/bin/consul");
    // They would come from as many machines; here all come from one, which has a limit of its own.
    let limits = "limits { http_max_conns_per_client = 10000 }";
    let exec = workshop.child_line("exec");
    let consul = Consul::limited(&exec, &program, &folder, limits)?;
    let mine = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(mine)
        .arg("instances")
        .arg(&consul.address)
        .arg(size.to_string())
        .arg(watched.as_secs().to_string())
        .arg(consul.running.pid().as_raw_nonzero().to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("the swarm failed (above)".to_owned());
    }
    let mut told: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let held = consul.client()?.order("GET", "/v1/agent/services", "")?;
    let held: Value = serde_json::from_slice(&held.body).map_err(|error| error.to_string())?;
    let held = held.as_object().map_or(0, serde_json::Map::len);
    if u32::try_from(held) != Ok(size) {
        return Err(format!("Consul holds {held} of them"));
    }
    told["size"] = size.into();
    Ok(told)
}

/// The swarm, in a process of its own: `ADDRESS SIZE SECONDS PID-OF-CONSUL`.
pub(crate) fn instances(words: &[String]) -> Result<(), String> {
    let [address, size, seconds, consul] = words else {
        return Err("usage: instances ADDRESS SIZE SECONDS PID".to_owned());
    };
    let number = |word: &String| word.parse::<u32>().map_err(|error| error.to_string());
    let (size, seconds, consul) = (number(size)?, number(seconds)?, number(consul)?);
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|error| error.to_string())?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let watched = Duration::from_secs(u64::from(seconds));
    let told = runtime.block_on(swarm(address, size, watched, consul))?;
    println!("{told}");
    Ok(())
}

struct Swarm {
    handles: Vec<(JobName, ServiceSpec, CatalogHandle)>,
    events: mpsc::Receiver<CatalogEvent>,
    registered: u32,
    errors: u64,
}

async fn swarm(address: &str, size: u32, watched: Duration, consul: u32) -> Result<Value, String> {
    let began = Instant::now();
    let mut swarm = Swarm::start(address, size)?;
    swarm.until_registered(began + STORM, size).await?;
    let stood = began.elapsed();
    let consul = i32::try_from(consul).map_err(|error| error.to_string())?;
    let before = (swarm.calls(), own_cpu(), coarse_cpu(consul));
    let in_storm = std::mem::take(&mut swarm.errors);
    swarm.live(watched).await;
    let calls = swarm.calls() - before.0;
    let minutes = watched.as_secs_f64() / 60.0;
    let each = |nanoseconds: u64| float(nanoseconds) / 1e6 / f64::from(size) / minutes;
    Ok(json!({
        "seconds": stood.as_secs_f64(),
        "storm": in_storm,
        "errors": swarm.errors,
        "requests": float(calls) / f64::from(size) / watched.as_secs_f64(),
        "cpu": each(own_cpu() - before.1),
        "consul": each(coarse_cpu(consul) - before.2),
    }))
}

impl Swarm {
    fn start(address: &str, size: u32) -> Result<Self, String> {
        let (sender, events) = mpsc::channel(1_024);
        let mut handles = Vec::new();
        for number in 0..size {
            let told = |error: catalog::SettingsError| error.to_string();
            let settings = Settings::parse(address).map_err(told)?;
            let handle = CatalogHandle::spawn(settings, sender.clone()).map_err(told)?;
            let job = JobName::from(format!("swarm-{}", number % 50).as_str());
            let spec = spec(number);
            handle.publish(&job, &spec, Status::Passing, "ok");
            handles.push((job, spec, handle));
        }
        Ok(Self {
            handles,
            events,
            registered: 0,
            errors: 0,
        })
    }

    async fn until_registered(&mut self, deadline: Instant, size: u32) -> Result<(), String> {
        while self.registered < size {
            match timeout_at(deadline.into(), self.events.recv()).await {
                Ok(Some(event)) => self.hear(&event),
                Ok(None) | Err(_) => {
                    let (registered, errors) = (self.registered, self.errors);
                    let after = STORM.as_secs();
                    return Err(format!(
                        "{registered} stand after {after} s, with {errors} errors"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Lets each tell its status once per interval, spread over it.
    async fn live(&mut self, watched: Duration) {
        let count = u32::try_from(self.handles.len()).unwrap_or(u32::MAX);
        let began = Instant::now();
        let mut next = 0;
        loop {
            let at = began + INTERVAL * next / count;
            if at > began + watched {
                return;
            }
            match timeout_at(at.into(), self.events.recv()).await {
                Ok(Some(event)) => self.hear(&event),
                Ok(None) => return,
                Err(_) => {
                    let who = usize::try_from(next % count).unwrap_or(0);
                    let (job, spec, handle) = &self.handles[who];
                    handle.publish(job, spec, Status::Passing, "ok");
                    next += 1;
                }
            }
        }
    }

    fn hear(&mut self, event: &CatalogEvent) {
        let CatalogEvent::Service { name, event } = event else {
            return;
        };
        match event {
            ServiceEvent::Registered => {
                self.registered += 1;
                return;
            }
            ServiceEvent::Back => return,
            ServiceEvent::Failing { .. }
            | ServiceEvent::Forgotten
            | ServiceEvent::Repaired { .. }
            | ServiceEvent::Overtaken { .. }
            | ServiceEvent::Withdrawn { .. } => {}
        }
        if self.errors < 5 {
            eprintln!("bench: swarm: {name}: {event:?}");
        }
        self.errors += 1;
    }

    fn calls(&self) -> u64 {
        let counts = self
            .handles
            .iter()
            .flat_map(|(_, _, handle)| handle.calls());
        counts.map(|count| count.calls).sum()
    }
}

pub(super) fn spec(number: u32) -> ServiceSpec {
    ServiceSpec {
        name: None,
        id: format!("swarm-{number}"),
        address: "127.0.0.1".to_owned(),
        port: 8_000,
        tags: Vec::new(),
        meta: Vec::new(),
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl: INTERVAL * 3,
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
        maintenance: OutOfService::Withdrawn,
    }
}

/// Nanoseconds on a processor of this process.
fn own_cpu() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF);
    let times = usage.map(|usage| [usage.user_time(), usage.system_time()]);
    let nanoseconds = |time: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        let rest = u64::try_from(time.tv_usec()).unwrap_or(0);
        seconds * 1_000_000_000 + rest * 1_000
    };
    times.map_or(0, |times| times.map(nanoseconds).iter().sum())
}
