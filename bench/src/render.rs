//! Files rendered from a big catalog: once, and again after each change, beside a fixed reference
//! program on the same Consul.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::inotify::{self, CreateFlags, WatchFlags},
};
use serde_json::{Value, json};

use crate::{
    consul::Consul,
    figures::Samples,
    http::Client,
    idle::float,
    kernel::{count, pss, tree},
    program::Running,
    report::{Row, Table, ratio},
    workshop::Workshop,
};

const SERVICES: u32 = 1_000;
const INSTANCES: u32 = 20;
const TEMPLATE: &str =
    "{{range services}}{{range service .Name}}{{.Name}} {{.Address}}:{{.Port}}\n{{end}}{{end}}";
const REFERENCE: &str = "reference: one line, no watch";
/// As many operations as Consul takes in one transaction.
const BATCH: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn measure(workshop: &mut Workshop, runs: u16, watched: Duration) -> Vec<Table> {
    match Place::open(workshop) {
        Ok(place) => vec![place.once(runs), place.daemon(runs), place.rest(watched)],
        Err(reason) => vec![Table {
            name: "render",
            title: "Rendering".to_owned(),
            columns: &[],
            rows: vec![Row::failed("containerpilot", reason)],
        }],
    }
}

/// A Consul full of services, and the program under its second name.
struct Place {
    consul: Consul,
    child: PathBuf,
    renderer: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn open(workshop: &Workshop) -> Result<Self, String> {
        let folder = workshop.path("render");
        fs::create_dir(&folder).map_err(|error| error.to_string())?;
        let renderer = folder.join("consul-template");
        std::os::unix::fs::symlink(&workshop.pilot, &renderer)
            .map_err(|error| error.to_string())?;
        let program = crate::root().join(".cache/consul/usr/bin/consul");
        let consul = Consul::start(&workshop.child_line("exec"), &program, &folder)?;
        let place = Self {
            consul,
            child: workshop.child.clone(),
            renderer,
            folder,
        };
        place.fill()?;
        fs::write(place.path("in"), TEMPLATE).map_err(|error| error.to_string())?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn fill(&self) -> Result<(), String> {
        let mut client = self.consul.client()?;
        let node = |n| json!({ "Node": { "Verb": "set", "Node": { "Node": node(n), "Address": format!("10.0.0.{n}") } } });
        let nodes: Vec<Value> = (0..INSTANCES).map(node).collect();
        commit(&mut client, &nodes)?;
        let all = (0..SERVICES)
            .flat_map(|service| (0..INSTANCES).map(move |n| instance(service, n, 8_000)));
        let all: Vec<Value> = all.collect();
        all.chunks(BATCH)
            .try_for_each(|batch| commit(&mut client, batch))
    }

    fn line(&self, more: &[&str], target: &str) -> Vec<String> {
        let (source, target) = (self.path("in"), self.path(target));
        let template = format!("{}:{}", source.display(), target.display());
        let renderer = self.renderer.display().to_string();
        let words = ["-consul-addr", &self.consul.address, "-template", &template];
        let words = words.into_iter().chain(more.iter().copied());
        [renderer]
            .into_iter()
            .chain(words.map(str::to_owned))
            .collect()
    }

    fn once(&self, runs: u16) -> Table {
        let mine = env::current_exe().map(|path| path.display().to_string());
        let reference = mine.map(|mine| {
            let target = self.path("reference.out").display().to_string();
            vec![
                mine,
                "reference".to_owned(),
                self.consul.address.clone(),
                target,
            ]
        });
        let ours = self.line(&["-once"], "once.out");
        let (mut theirs, mut own) = (Cost::default(), Cost::default());
        let mut failed = None;
        let rounds = (runs / 3).max(3);
        for _ in 0..rounds {
            let _ = fs::remove_file(self.path("once.out"));
            let done = reference
                .as_ref()
                .map_err(ToString::to_string)
                .and_then(|line| theirs.add(line))
                .and_then(|()| own.add(&ours))
                .and_then(|()| same(&self.path("reference.out"), &self.path("once.out")));
            failed = failed.or(done.err());
        }
        let row = match failed {
            Some(reason) => Row::failed("consul-template -once", reason),
            None => Row::new("consul-template -once", own.values(&theirs)),
        };
        Table {
            name: "render-once",
            title: format!(
                "One template over {SERVICES} services of {INSTANCES} instances, once ({rounds} runs)"
            ),
            columns: &["wall ms", "CPU ms", "peak MB", "x wall", "x CPU", "x peak"],
            rows: vec![Row::new(REFERENCE, theirs.values(&theirs)), row],
        }
    }

    fn daemon(&self, runs: u16) -> Table {
        let row = match self.changes(runs) {
            Ok((samples, cpu, memory, connections)) => {
                let at = |share| samples.quantile(share);
                let values = vec![at(0.5), at(0.9), at(1.0), cpu, memory, connections];
                Row::new("consul-template", values)
                    .bar("p50 ms", samples.median(), 25.0)
                    .bar("PSS MB", memory, 30.0)
                    .bar("connections", connections, 64.0)
            }
            Err(reason) => Row::failed("consul-template", reason),
        };
        Table {
            name: "render-daemon",
            title: format!(
                "The same as a daemon: one changed instance to the file replaced ({runs} runs)"
            ),
            columns: &[
                "p50",
                "p90",
                "max",
                "CPU ms/change",
                "PSS MB",
                "connections",
            ],
            rows: vec![row],
        }
    }

    fn changes(&self, runs: u16) -> Result<Changes, String> {
        let target = self.path("daemon.out");
        let running = self.start(&self.line(&[], "daemon.out"))?;
        let lines = usize::try_from(SERVICES * INSTANCES).map_err(|error| error.to_string())?;
        wait_for(&running, || {
            fs::read_to_string(&target).is_ok_and(|text| text.lines().count() > lines)
        })?;
        thread::sleep(Duration::from_secs(3));
        let pids = tree(running.pid(), &self.child);
        let mut client = self.consul.client()?;
        let mut samples = Samples::default();
        let begin = count(&pids);
        let mut most = 0;
        for run in 1..=runs {
            thread::sleep(Duration::from_millis(300 + u64::from(run) * 37 % 150));
            let service = u32::from(run) * 7919 % SERVICES;
            let port = 9_000 + run;
            let watch = Replaced::watch(&self.folder)?;
            let since = Instant::now();
            commit(
                &mut client,
                &[instance(service, u32::from(run) % INSTANCES, port)],
            )?;
            let text = format!(
                "svc-{service} 10.1.0.{}:{port}\n",
                u32::from(run) % INSTANCES
            );
            let took = watch
                .until(since, || {
                    fs::read_to_string(&target).is_ok_and(|said| said.contains(&text))
                })
                .map_err(|reason| running.explain(&reason))?;
            samples.add(took.as_secs_f64() * 1_000.0);
            most = most.max(self.connections());
        }
        let spent = float(count(&pids).cpu.saturating_sub(begin.cpu)) / 1e6 / f64::from(runs);
        let memory = float(pss(&pids)) / 1_000.0;
        Ok((samples, Some(spent), Some(memory), Some(f64::from(most))))
    }

    /// Connections to this Consul, counted at the side of the clients; one is the bench's own.
    fn connections(&self) -> u32 {
        let port = self.consul.address.rsplit(':').next();
        let port: u16 = port.and_then(|port| port.parse().ok()).unwrap_or(0);
        let remote = format!(":{port:04X}");
        let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let to_it = |line: &&str| {
            let mut words = line.split_whitespace().skip(2);
            words.next().is_some_and(|there| there.ends_with(&remote)) && words.next() == Some("01")
        };
        let found = table.lines().filter(to_it).count();
        u32::try_from(found).unwrap_or(u32::MAX).saturating_sub(1)
    }

    fn rest(&self, watched: Duration) -> Table {
        let row = match self.at_rest(watched) {
            Ok((wake_ups, memory)) => {
                Row::new("consul-template", vec![wake_ups, memory]).bar("PSS MB", memory, 12.0)
            }
            Err(reason) => Row::failed("consul-template", reason),
        };
        Table {
            name: "render-rest",
            title: format!(
                "50 templates over 200 services at rest, over {} s",
                watched.as_secs()
            ),
            columns: &["wake-ups/min", "PSS MB"],
            rows: vec![row],
        }
    }

    fn at_rest(&self, watched: Duration) -> Result<(Option<f64>, Option<f64>), String> {
        let mut config = format!("consul {{ address = \"{}\" }}\n", self.consul.address);
        for n in 0..50 {
            let mut contents = String::new();
            for service in n * 4..n * 4 + 4 {
                let _ = write!(
                    contents,
                    "{{{{range service \"svc-{service}\"}}}}{{{{.Port}}}} {{{{end}}}}"
                );
            }
            let target = self.path(&format!("rest-{n}.out"));
            let _ = writeln!(
                config,
                "template {{\n  contents = {contents:?}\n  destination = {target:?}\n}}"
            );
        }
        fs::write(self.path("rest.hcl"), config).map_err(|error| error.to_string())?;
        let words = [
            self.renderer.clone(),
            "-config".into(),
            self.path("rest.hcl"),
        ];
        let line: Vec<String> = words
            .iter()
            .map(|word| word.display().to_string())
            .collect();
        let running = self.start(&line)?;
        wait_for(&running, || {
            (0..50).all(|n| self.path(&format!("rest-{n}.out")).exists())
        })?;
        thread::sleep(Duration::from_secs(5));
        let pids = tree(running.pid(), &self.child);
        let begin = count(&pids);
        thread::sleep(watched);
        let woken = float(count(&pids).wake_ups.saturating_sub(begin.wake_ups));
        let wake_ups = woken * 60.0 / watched.as_secs_f64();
        Ok((Some(wake_ups), Some(float(pss(&pids)) / 1_000.0)))
    }

    fn start(&self, line: &[String]) -> Result<Running, String> {
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]);
        Running::start(&mut command, self.path("renderer.log"))
    }
}

/// Times, and CPU, memory and connections.
type Changes = (Samples, Option<f64>, Option<f64>, Option<f64>);

fn node(n: u32) -> String {
    format!("node-{n}")
}

fn instance(service: u32, n: u32, port: u16) -> Value {
    json!({ "Service": { "Verb": "set", "Node": node(n), "Service": {
        "ID": format!("svc-{service}-{n}"), "Service": format!("svc-{service}"),
        "Address": format!("10.1.0.{n}"), "Port": port,
    } } })
}

fn commit(client: &mut Client, batch: &[Value]) -> Result<(), String> {
    client.order("PUT", "/v1/txn", &Value::from(batch).to_string())?;
    Ok(())
}

fn same(reference: &Path, ours: &Path) -> Result<(), String> {
    let (reference, ours) = (fs::read(reference), fs::read(ours));
    match (reference, ours) {
        (Ok(reference), Ok(ours)) if reference == ours => Ok(()),
        (Ok(_), Ok(_)) => Err("the rendered text differs from the reference".to_owned()),
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
    }
}

fn wait_for(running: &Running, holds: impl Fn() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        if Instant::now() > deadline {
            return Err(running.explain("nothing rendered within 60 s"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Wakes up when a file of a folder is replaced.
struct Replaced(rustix::fd::OwnedFd);

impl Replaced {
    fn watch(folder: &Path) -> Result<Self, String> {
        let told = |error: rustix::io::Errno| error.to_string();
        let events = inotify::init(CreateFlags::NONBLOCK).map_err(told)?;
        inotify::add_watch(&events, folder, WatchFlags::MOVED_TO).map_err(told)?;
        Ok(Self(events))
    }

    fn until(&self, since: Instant, holds: impl Fn() -> bool) -> Result<Duration, String> {
        let second = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        while since.elapsed() < PATIENCE {
            let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&second));
            let now = since.elapsed();
            let _ = rustix::io::read(&self.0, &mut [0_u8; 4096]);
            if holds() {
                return Ok(now);
            }
        }
        Err("the file was not replaced within 60 s".to_owned())
    }
}

/// What runs of one command line cost.
#[derive(Default)]
struct Cost {
    wall: Samples,
    cpu: Samples,
    peak: Samples,
}

impl Cost {
    /// Runs it below a process of its own, which tells what only its children have used.
    fn add(&mut self, line: &[String]) -> Result<(), String> {
        let told = |error: std::io::Error| format!("cannot measure: {error}");
        let mine = env::current_exe().map_err(told)?;
        let mut command = Command::new(mine);
        command.arg("usage").args(line).stdin(Stdio::null());
        let output = command.output().map_err(told)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [wall, cpu, peak] = numbers[..] else {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty());
            return Err(format!("{} failed: {}", line[0], last.unwrap_or_default()));
        };
        self.wall.add(wall);
        self.cpu.add(cpu);
        self.peak.add(peak);
        Ok(())
    }

    fn values(&self, base: &Self) -> Vec<Option<f64>> {
        let medians = |cost: &Self| [cost.wall.median(), cost.cpu.median(), cost.peak.median()];
        let (own, base) = (medians(self), medians(base));
        let ratios = own.iter().zip(base).map(|(own, base)| ratio(*own, base));
        own.iter().copied().chain(ratios).collect()
    }
}

/// Runs a command line and prints its wall time and CPU in milliseconds and its peak in megabytes.
pub(crate) fn usage(line: &[String]) -> Result<(), String> {
    let (program, words) = line.split_first().ok_or("usage: no program")?;
    let begin = Instant::now();
    let status = Command::new(program)
        .args(words)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| error.to_string())?;
    let wall = begin.elapsed();
    if !status.success() {
        return Err(status.to_string());
    }
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let micros = |time: nix::sys::time::TimeVal| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
        u64::try_from(micros).map_or(0.0, float)
    };
    let cpu = (micros(used.user_time()) + micros(used.system_time())) / 1e3;
    let peak = u64::try_from(used.max_rss()).map_or(0.0, float) / 1e3;
    println!("{} {cpu} {peak}", wall.as_secs_f64() * 1e3);
    Ok(())
}

/// The reference: asks for one service after the other over one connection, and writes the file.
pub(crate) fn reference(words: &[String]) -> Result<(), String> {
    let [address, target] = words else {
        return Err("usage: bench reference ADDRESS FILE".to_owned());
    };
    let mut client = Client::connect(address)?;
    let told = |error: serde_json::Error| error.to_string();
    let services = client.order("GET", "/v1/catalog/services", "")?.body;
    let services: Value = serde_json::from_slice(&services).map_err(told)?;
    let mut names: Vec<&String> = services
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let path = format!("/v1/health/service/{name}?passing=1");
        let found = client.order("GET", &path, "")?.body;
        let found: Value = serde_json::from_slice(&found).map_err(told)?;
        let mut lines: Vec<(String, String, String)> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(line_of)
            .collect();
        lines.sort();
        text.extend(lines.into_iter().map(|(_, _, line)| line));
    }
    fs::write(target, text).map_err(|error| error.to_string())
}

fn line_of(entry: &Value) -> (String, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let service = &entry["Service"];
    let own = text(&service["Address"]);
    let address = if own.is_empty() {
        text(&entry["Node"]["Address"])
    } else {
        own
    };
    let line = format!(
        "{} {address}:{}\n",
        text(&service["Service"]),
        service["Port"]
    );
    (text(&entry["Node"]["Node"]), text(&service["ID"]), line)
}
