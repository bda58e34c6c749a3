//! One helper that watches a thousand services, each told of every change.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    consul::Consul,
    figures::Samples,
    http::Client,
    idle::float,
    kernel::{pss, tree},
    program::{Running, end_orphans},
    report::{Row, Table},
    workshop::Workshop,
};

const FEW: u16 = 10;
const MANY: u16 = 1_000;
/// How many services change, one after the other.
const CHANGES: u16 = 50;
const CONNECTIONS: f64 = 64.0;
const KILOBYTES: f64 = 20.0;
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure(workshop: &mut Workshop) -> Table {
    let rows = rows(workshop).unwrap_or_else(|reason| vec![Row::failed("containerpilot", reason)]);
    end_orphans(&[workshop.consul.running.pid()]);
    Table {
        name: "watches",
        title: format!(
            "One helper with many watches, {CHANGES} of which change (Consul's default limits; \
             memory in kB, delays in ms)"
        ),
        columns: &["connections", "missed", "p50", "max", "PSS", "kB/watch"],
        rows,
    }
}

fn rows(workshop: &mut Workshop) -> Result<Vec<Row>, String> {
    let folder = workshop.path("many");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let program = crate::root().join(".cache/consul/usr/bin/consul");
    let consul = Consul::start(&workshop.child_line("exec"), &program, &folder)?;
    let mut client = consul.client()?;
    for number in 0..MANY {
        register(&mut client, &name(number), 0)?;
    }
    let few = one(workshop, &consul, FEW)?;
    let many = one(workshop, &consul, MANY)?;
    let each = (many.memory - few.memory) / f64::from(MANY - FEW);
    let row = |name: &str, seen: &Seen, each| {
        Row::new(
            name,
            vec![
                Some(seen.connections),
                Some(seen.missed),
                seen.delays.median(),
                seen.delays.quantile(1.0),
                Some(seen.memory),
                each,
            ],
        )
    };
    Ok(vec![
        row("10 watches", &few, None),
        row("1,000 watches", &many, Some(each))
            .bar("connections", Some(many.connections), CONNECTIONS)
            .bar("missed", Some(many.missed), 0.0)
            .bar("kB/watch", Some(each), KILOBYTES),
    ])
}

#[derive(Default)]
struct Seen {
    connections: f64,
    missed: f64,
    delays: Samples,
    memory: f64,
}

fn one(workshop: &mut Workshop, consul: &Consul, watches: u16) -> Result<Seen, String> {
    let watched: Vec<Value> = (0..watches)
        .map(|number| json!({ "name": name(number), "interval": 10 }))
        .collect();
    let log = workshop.path("many.log");
    let line = workshop.configured(
        "many.json5",
        json!({
            "consul": consul.address,
            "watches": watched,
            "logging": { "level": "DEBUG", "output": log },
            "jobs": [{ "name": "app", "exec": workshop.child_line("term") }],
        }),
    )?;
    let mut running = workshop.start(&line)?;
    let mut client = consul.client()?;
    let mut ear = Ear::open(&log, &running)?;
    let all = usize::from(watches);
    ear.until(|known| known.len() == all)
        .map_err(|reason| running.explain(&reason))?;
    thread::sleep(Duration::from_secs(5));
    let mut seen = Seen {
        connections: float(connections(&running, &consul.address)),
        memory: float(pss(&tree(running.pid(), &workshop.child))),
        ..Seen::default()
    };
    for change in 0..CHANGES.min(watches) {
        // Neighbours are looked at together, so those that change are far apart.
        let name = name(change * 787 % watches);
        let truth = ear.known.get(&name).copied().unwrap_or(0) + 1;
        let began = Instant::now();
        register(&mut client, &name, truth)?;
        match ear.until(|known| known.get(&name) == Some(&truth)) {
            Ok(()) => seen.delays.add(began.elapsed().as_secs_f64() * 1_000.0),
            Err(_) => seen.missed += 1.0,
        }
    }
    running.stop(Duration::from_secs(10))?;
    fs::remove_file(&log).map_err(|error| error.to_string())?;
    Ok(seen)
}

/// Hears what the helper tells of its watches, by its log.
struct Ear {
    log: BufReader<File>,
    line: String,
    /// How many instances it knows of each service.
    known: BTreeMap<String, u64>,
}

impl Ear {
    fn open(log: &Path, running: &Running) -> Result<Self, String> {
        let deadline = Instant::now() + PATIENCE;
        let file = loop {
            match File::open(log) {
                Ok(file) => break file,
                Err(error) if Instant::now() > deadline => {
                    return Err(running.explain(&format!("it has no log: {error}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        Ok(Self {
            log: BufReader::new(file),
            line: String::new(),
            known: BTreeMap::new(),
        })
    }

    fn until(&mut self, is_so: impl Fn(&BTreeMap<String, u64>) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.known) {
            if self.hear()? {
                continue;
            }
            if Instant::now() > deadline {
                let known = self.known.len();
                return Err(format!("{known} are known after {} s", PATIENCE.as_secs()));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Takes one more line, if there is one.
    fn hear(&mut self) -> Result<bool, String> {
        let read = self.log.read_line(&mut self.line);
        read.map_err(|error| error.to_string())?;
        if !self.line.ends_with('\n') {
            return Ok(false);
        }
        let words = self.line.trim_end().strip_suffix(" instances");
        let told = words.and_then(|words| words.rsplit(' ').next()?.parse().ok());
        let name = words.and_then(|words| words.split("watch.").nth(1)?.split(':').next());
        if let (Some(name), Some(told)) = (name, told) {
            self.known.insert(name.to_owned(), told);
        }
        self.line.clear();
        Ok(true)
    }
}

fn name(number: u16) -> String {
    format!("bench-many-{number:04}")
}

fn register(client: &mut Client, name: &str, instance: u64) -> Result<(), String> {
    let id = format!("{name}-{instance}");
    let body = json!({ "ID": id, "Name": name, "Address": "127.0.0.1", "Port": 1 });
    client.order("PUT", "/v1/agent/service/register", &body.to_string())?;
    Ok(())
}

/// The connections that the program has to an address, by the kernel's own tables.
fn connections(running: &Running, address: &str) -> u64 {
    let port: u16 = address
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .unwrap_or(0);
    let pid = running.pid().as_raw_nonzero();
    let links = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let sockets: BTreeSet<String> = links
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let is_ours = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let leads_there = fields
            .get(2)
            .is_some_and(|far| far.ends_with(&format!(":{port:04X}")));
        let inode = fields.get(9).copied().unwrap_or_default();
        leads_there && sockets.contains(&format!("socket:[{inode}]"))
    };
    table
        .lines()
        .filter(is_ours)
        .count()
        .try_into()
        .unwrap_or(u64::MAX)
}
