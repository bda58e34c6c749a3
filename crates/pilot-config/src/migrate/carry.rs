//! Which words of the old file become which of the new one.

mod left;
mod service;

use std::collections::HashSet;

use super::page::{Entry, Node};
use crate::value::{Kind, Value};

/// The word that makes a limit none, as `JobSpec::UNLIMITED` does for a file that is not migrated.
const NO_LIMIT: &str = "24h";

/// Makes the new file.
pub(super) fn carry(document: &Value, program: &[String], report: &mut Vec<String>) -> Node {
    let mut carry = Carry {
        document,
        program,
        report,
        first: None,
        names: HashSet::new(),
        watches: Vec::new(),
    };
    carry.file()
}

struct Carry<'a> {
    document: &'a Value,
    /// The words of the command line.
    program: &'a [String],
    report: &'a mut Vec<String>,
    /// The job before all others, if there is one.
    first: Option<String>,
    /// The names of jobs so far.
    names: HashSet<String>,
    watches: Vec<(Vec<String>, Node)>,
}

type Jobs = Vec<(Vec<String>, Node)>;

impl Carry<'_> {
    fn file(&mut self) -> Node {
        let document = self.document;
        let mut entries: Vec<Entry> = ["consul", "catalog", "logging", "control", "stopTimeout"]
            .into_iter()
            .filter_map(|key| same(document, key))
            .collect();
        // An etcd is a catalog like others by now.
        let etcd = same(document, "etcd").map(|etcd| Node::Object(vec![etcd]));
        entries.extend(etcd.map(|etcd| Entry::new("catalog", etcd)));
        let jobs = self.jobs();
        entries.push(Entry::new("jobs", Node::List(jobs)));
        if !self.watches.is_empty() {
            let watches = std::mem::take(&mut self.watches);
            entries.push(Entry::new("watches", Node::List(watches)));
        }
        entries.extend(self.telemetry());
        self.say_what_is_left();
        Node::Object(entries)
    }

    fn jobs(&mut self) -> Jobs {
        // They come first: a service is known by its name, all others can have another one.
        let services = self.service_names();
        let taken = self.names.contains("app");
        let app = self.name(if taken { "application" } else { "app" }, "");
        let mut jobs = Vec::new();
        jobs.extend(self.pre_start());
        let coprocesses = list(self.document, "coprocesses");
        jobs.extend(coprocesses.into_iter().map(|entry| self.coprocess(entry)));
        jobs.push(self.app(&app));
        jobs.extend(
            services
                .iter()
                .map(|(name, entry)| self.service(name, entry)),
        );
        let backends = list(self.document, "backends");
        jobs.extend(backends.into_iter().map(|backend| self.backend(backend)));
        let tasks = list(self.document, "tasks");
        jobs.extend(tasks.into_iter().map(|task| self.task(task)));
        jobs.extend(self.sensors());
        jobs.extend(self.hook("preStop", &app, "stopping"));
        jobs.extend(self.hook("postStop", &app, "stopped"));
        let reload = Node::Object(vec![
            Entry::new("name", Node::text(&self.name("reload", ""))),
            Entry::new("exec", self.own_command("reload")),
            Entry::new("when", when(&[("source", "SIGHUP")])),
        ]);
        let note = "SIGHUP went to ContainerPilot and reloaded; without this job it would go to the \
                    application.";
        jobs.push((vec![note.to_owned()], reload));
        jobs
    }

    /// The command before all others, under its old name or its new one.
    fn before(&self) -> Option<&Value> {
        get(self.document, "preStart").or_else(|| get(self.document, "onStart"))
    }

    fn pre_start(&mut self) -> Option<(Vec<String>, Node)> {
        let exec = Node::value(self.before()?);
        let name = self.name("preStart", "");
        self.first = Some(name.clone());
        let job = Node::Object(vec![
            Entry::new("name", Node::text(&name)),
            Entry::new("exec", exec),
            raw(),
            Entry::new("essential", Node::text("failure")),
        ]);
        Some((Vec::new(), job))
    }

    /// The start of what runs once: after `preStart`, if there is one.
    fn start(&self) -> Option<Entry> {
        let when = when(&[("source", self.first.as_ref()?), ("once", "exitSuccess")]);
        Some(Entry::new("when", when))
    }

    fn app(&mut self, name: &str) -> (Vec<String>, Node) {
        let mut notes = Vec::new();
        let mut entries = vec![Entry::new("name", Node::text(name))];
        if self.program.is_empty() {
            notes.push(
                "The program was on the command line, which this file replaces: give it here, as \
                 exec: [\"PROGRAM\", \"ARGUMENT\"], with `essential: true`, `terminal: true` and \
                 `logging: { raw: true }`."
                    .to_owned(),
            );
            self.report.push(format!(
                "The program is not known: name it after the file, `containerpilot migrate FILE -- \
                 PROGRAM ARGUMENTS`, or write the `exec` of job `{name}` by hand."
            ));
        } else {
            entries.push(Entry::new("exec", Node::texts(self.program)));
            entries.push(raw());
            for key in ["terminal", "essential"] {
                entries.push(Entry::new(key, Node::Inline("true".to_owned())));
            }
        }
        entries.extend(self.start());
        if name != "app" {
            let variable = name.to_uppercase().replace('-', "_");
            self.report.push(format!(
                "The program's pid is in CONTAINERPILOT_{variable}_PID, no longer in \
                 CONTAINERPILOT_APP_PID."
            ));
        }
        (notes, Node::Object(entries))
    }

    fn backend(&mut self, backend: &Value) -> (Vec<String>, Node) {
        let service = text(backend, "name").unwrap_or_default();
        let number = self.watches.len() + 1;
        let name = service::in_legal_letters(&service);
        let watch = if self.names.insert(format!("watch.{name}")) {
            name
        } else {
            format!("{name}-{number}")
        };
        let mut entries = vec![Entry::new("name", Node::text(&watch))];
        if watch != service {
            entries.push(Entry::new("service", Node::text(&service)));
        }
        entries.extend(get(backend, "poll").map(|poll| Entry::new("interval", Node::value(poll))));
        entries.extend(same(backend, "tag"));
        self.watches.push((Vec::new(), Node::Object(entries)));
        let source = format!("watch.{watch}");
        let name = self.name("onChange", &service);
        let mut job = vec![Entry::new("name", Node::text(&name))];
        job.extend(get(backend, "onChange").map(|exec| Entry::new("exec", Node::value(exec))));
        job.push(Entry::new("when", self.change_of(&source, backend)));
        job.extend(same(backend, "timeout"));
        (Vec::new(), Node::Object(job))
    }

    fn task(&mut self, task: &Value) -> (Vec<String>, Node) {
        let name = self.name("task", &text(task, "name").unwrap_or_default());
        let mut job = vec![Entry::new("name", Node::text(&name))];
        job.extend(get(task, "command").map(|exec| Entry::new("exec", Node::value(exec))));
        job.extend(get(task, "frequency").map(interval));
        job.extend(same(task, "timeout"));
        (vec![AT_ONCE.to_owned()], Node::Object(job))
    }

    fn coprocess(&mut self, coprocess: &Value) -> (Vec<String>, Node) {
        let command = get(coprocess, "command");
        let program = || {
            let words = command.map(words).unwrap_or_default();
            let program = words.first().cloned().unwrap_or_default();
            program.rsplit('/').next().unwrap_or_default().to_owned()
        };
        let written = text(coprocess, "name").filter(|name| !name.is_empty());
        let name = self.name("coprocess", &written.unwrap_or_else(program));
        let mut job = vec![Entry::new("name", Node::text(&name))];
        job.extend(command.map(|exec| Entry::new("exec", Node::value(exec))));
        job.extend(self.start());
        job.extend(same(coprocess, "restarts"));
        (Vec::new(), Node::Object(job))
    }

    fn sensors(&mut self) -> Jobs {
        let Some(telemetry) = get(self.document, "telemetry") else {
            return Vec::new();
        };
        let sensors = some(telemetry, "sensors");
        sensors
            .into_iter()
            .map(|sensor| self.sensor(sensor))
            .collect()
    }

    fn sensor(&mut self, sensor: &Value) -> (Vec<String>, Node) {
        let metric = metric_name(sensor);
        let name = self.name("sensor", &metric);
        let mut job = vec![Entry::new("name", Node::text(&name))];
        if let Some(check) = get(sensor, "check") {
            let command: Vec<String> = words(check).iter().map(|word| for_shell(word)).collect();
            let record = self.recording();
            let command = command.join(" ");
            let script = format!("value=$({command}) && {record} \"{metric}=$value\"");
            let exec = ["/bin/sh".to_owned(), "-c".to_owned(), script];
            job.push(Entry::new("exec", Node::texts(&exec)));
        }
        if let Some(poll) = get(sensor, "poll") {
            job.push(interval(poll));
        }
        job.extend(same(sensor, "timeout"));
        let note = "A sensor is a job that records what its command prints; it needs a shell, and \
                    `containerpilot` on the PATH.";
        (vec![note.to_owned(), AT_ONCE.to_owned()], Node::Object(job))
    }

    fn telemetry(&self) -> Option<Entry> {
        let telemetry = get(self.document, "telemetry")?;
        let mut entries: Vec<Entry> = ["port", "interfaces", "tags"]
            .into_iter()
            .filter_map(|key| same(telemetry, key))
            .collect();
        let sensors = some(telemetry, "sensors");
        if !sensors.is_empty() {
            let metric = |sensor: &Value| {
                let keys = ["namespace", "subsystem", "name", "help", "type"];
                let entries = keys.into_iter().filter_map(|key| same(sensor, key));
                (Vec::new(), Node::Object(entries.collect()))
            };
            let metrics = sensors.into_iter().map(metric).collect();
            entries.push(Entry::new("metrics", Node::List(metrics)));
        }
        Some(Entry::new("telemetry", Node::Object(entries)))
    }

    fn hook(&mut self, key: &'static str, app: &str, event: &str) -> Option<(Vec<String>, Node)> {
        let exec = Node::value(get(self.document, key)?);
        let name = self.name(key, "");
        let mut job = vec![
            Entry::new("name", Node::text(&name)),
            Entry::new("exec", exec),
            raw(),
            Entry::new("when", when(&[("source", app), ("once", event)])),
            Entry::new("timeout", Node::text(NO_LIMIT)),
        ];
        let mut notes = Vec::new();
        if event == "stopped" {
            job.push(Entry::new("essential", Node::text("failure")));
            let also = "It runs also when preStart has failed, and the application never began.";
            notes.extend(self.first.as_ref().map(|_| also.to_owned()));
        } else {
            notes.push("It runs also when the application has ended by itself.".to_owned());
        }
        Some((notes, Node::Object(job)))
    }

    /// Every change, but the first not before one `poll`: what is told of it must be up by then.
    fn change_of(&self, source: &str, backend: &Value) -> Node {
        let mut entries = vec![
            Entry::new("source", Node::text(source)),
            Entry::new("each", Node::text("changed")),
        ];
        if let Some(first) = &self.first {
            let event = [("source", first.as_str()), ("event", "exitSuccess")];
            entries.push(Entry::new("after", when(&event)));
        }
        entries.extend(get(backend, "poll").map(|poll| Entry::new("settle", seconds(poll))));
        Node::Object(entries)
    }

    /// Gives a job a name that no other has.
    fn name(&mut self, what: &str, name: &str) -> String {
        let wanted = if name.is_empty() {
            what.to_owned()
        } else {
            format!("{what}-{name}")
        };
        let mut name = wanted.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        name
    }
}

const AT_ONCE: &str = "It runs at once, and then on each interval; before, the first run came after \
                       one interval.";

/// Finds a member in any letter case; of several the last counts.
fn get<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let Kind::Object(members) = &value.kind else {
        return None;
    };
    let same = |key: &str| key.eq_ignore_ascii_case(name);
    let member = members
        .iter()
        .rev()
        .find(|member| same(&member.key.value))?;
    (!member.value.is_null()).then_some(&member.value)
}

fn text(value: &Value, name: &str) -> Option<String> {
    crate::decode::text(get(value, name)?, name).ok()
}

fn list<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    match get(value, name).map(|value| &value.kind) {
        Some(Kind::List(items)) => items.iter().filter(|item| !item.is_null()).collect(),
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Object(_))
        | None => Vec::new(),
    }
}

/// Reads a list of objects, or one.
fn some<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    let one = get(value, name).filter(|value| matches!(value.kind, Kind::Object(_)));
    one.map_or_else(|| list(value, name), |one| vec![one])
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<i64> {
    crate::decode::number(value, "number").ok()
}

fn words(value: &Value) -> Vec<String> {
    crate::command::arguments(value).unwrap_or_default()
}

/// Carries a member over as it is.
fn same(value: &Value, key: &'static str) -> Option<Entry> {
    get(value, key).map(|value| Entry::new(key, Node::value(value)))
}

fn when(pairs: &[(&'static str, &str)]) -> Node {
    let entry = |(key, value): &(&'static str, &str)| Entry::new(key, Node::text(value));
    Node::Object(pairs.iter().map(entry).collect())
}

fn interval(written: &Value) -> Entry {
    let interval = Entry::new("interval", seconds(written));
    Entry::new("when", Node::Object(vec![interval]))
}

/// A duration; a bare number is of seconds.
fn seconds(written: &Value) -> Node {
    let mut text = crate::decode::text(written, "interval").unwrap_or_default();
    if number(written).is_some() {
        text.push('s');
    }
    Node::text(&text)
}

fn raw() -> Entry {
    let raw = Entry::new("raw", Node::Inline("true".to_owned()));
    Entry::new("logging", Node::Object(vec![raw]))
}

fn metric_name(sensor: &Value) -> String {
    let parts = ["namespace", "subsystem", "name"].map(|key| text(sensor, key));
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("_")
}

/// Writes a word so that a shell takes it for one.
fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
