//! Reads a scenario from text.
//!
//! ```text
//! stop timeout 2s                      the common budget (5s)
//! forwarded                            TERM and INT go to the main application
//! signals stop INT; reload HUP; maintenance USR1
//!                                      what they mean to the helper, and nothing else does
//! catalog slow 100ms | silent          how it answers a withdrawal (at once)
//! asked status application | 12        after a request to stop (clean)
//! stay asked | rendered [10s]          and how long it waits for a catalog (with jobs)
//! after changes HUP app                or `after changes restart app [2s]`, at random
//! errors                               are shown, too
//! job app: exec runs; essential        attributes after `;`, see `attribute`
//! watch db: debounce 2s; min 2; hold  a service; `key`, `prefix` and `file` look at those
//! template conf: data v1; check fails | passes; change exec exits 0 after 1s
//! at 3s TERM                           see `deed`
//! at 4s reload                         the indented lines are the new configuration
//!   job app: exec runs; version 2
//! until 10s                            else until nothing is left to happen
//! ```

use std::time::Duration;

use pilot_core::{
    Event, EventKind, FileSight, Fingerprint, Input, Instance, JobCommand, JobName, Sight, Signal,
    Source, Spec,
    spec::{
        AfterChanges, AskedStatus, Backoff, Beat, Command, Condition, First, HealthSpec,
        InMaintenance, JobSpec, Leaves, Notice, OnChange, OnEmpty, OnReload, Overlap, Restarts,
        Role, ServiceSpec, Signals, Status, Stay, Subject, TemplateSource, TemplateSpec, Turn,
        WatchId, WatchSpec, When,
    },
};

use crate::{
    process::{Scripts, behaviours},
    trace::ADDRESS,
};

/// A configuration, and what its programs do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) spec: Spec,
    pub(crate) scripts: Scripts,
    /// What templates are made of from the beginning.
    pub(crate) data: Vec<(String, String)>,
}

/// What happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Input(Input),
    Reload(Box<Config>),
    Data { template: String, text: String },
    Show,
}

/// How the catalog answers a withdrawal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answers {
    After(Duration),
    Never,
}

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) config: Config,
    pub(crate) answers: Answers,
    pub(crate) deeds: Vec<(Duration, Deed)>,
    pub(crate) until: Option<Duration>,
    /// Whether errors are part of the trace.
    pub(crate) errors: bool,
}

pub(crate) fn scenario(text: &str) -> Scenario {
    let mut scenario = Scenario {
        config: Config::default(),
        answers: Answers::After(Duration::ZERO),
        deeds: Vec::new(),
        until: None,
        errors: false,
    };
    let margin = text.lines().find(|line| !line.trim().is_empty());
    let margin = margin.map_or(0, |line| line.len() - line.trim_start().len());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indented = line.len() - line.trim_start().len() > margin;
        let line = line.trim();
        match scenario.deeds.last_mut() {
            Some((_, Deed::Reload(config))) if indented => config_line(config, line),
            Some(_) | None => scenario_line(&mut scenario, line),
        }
    }
    scenario
}

fn scenario_line(scenario: &mut Scenario, line: &str) {
    if let Some(rest) = line.strip_prefix("at ") {
        let (at, what) = rest.split_once(' ').expect("at TIME DEED");
        return scenario.deeds.push((duration(at), deed(what)));
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    match *words.as_slice() {
        ["until", time] => scenario.until = Some(duration(time)),
        ["catalog", "silent"] => scenario.answers = Answers::Never,
        ["catalog", "slow", span] => scenario.answers = Answers::After(duration(span)),
        ["errors"] => scenario.errors = true,
        _ => config_line(&mut scenario.config, line),
    }
}

fn config_line(config: &mut Config, line: &str) {
    let (head, attributes) = line.split_once(':').unwrap_or((line, ""));
    let words: Vec<&str> = head.split_whitespace().collect();
    match *words.as_slice() {
        ["stop", "timeout", span] => config.spec.stop_timeout = duration(span),
        ["stay", "asked"] => config.spec.stay = Stay::UntilAsked,
        ["stay", "rendered", ref patience @ ..] => {
            let patience = patience.first().map(|span| duration(span));
            config.spec.stay = Stay::UntilRendered { patience };
        }
        ["after", "changes", how, job, ref splay @ ..] => {
            config.spec.after_changes = Some(after_changes(how, job, splay.first()));
        }
        ["asked", "status", what] => {
            config.spec.asked_status = match what {
                "application" => AskedStatus::OfTheApplication,
                code => AskedStatus::Fixed(code.parse().expect("a status")),
            }
        }
        ["signals", ..] => config.spec.signals = signals(line),
        ["forwarded"] => config.spec.signals = Signals::forwarded(),
        ["job", name] => job(config, name, attributes),
        ["watch", name] => config.spec.watches.push(watch_with(name, attributes)),
        ["template", name] => template(config, name, attributes),
        _ => panic!("no such line: {line}"),
    }
}

fn after_changes(how: &str, job: &str, splay: Option<&&str>) -> AfterChanges {
    let notice = match how {
        "restart" => Notice::Restart {
            splay: splay.map_or(Duration::ZERO, |span| duration(span)),
        },
        name => Notice::Signal(signal(name)),
    };
    AfterChanges {
        job: job.into(),
        notice,
    }
}

fn signals(line: &str) -> Signals {
    let mut signals = Signals::forwarded();
    let parts = line.strip_prefix("signals").unwrap_or(line);
    for part in parts.split(';') {
        let words: Vec<&str> = part.split_whitespace().collect();
        match *words.as_slice() {
            ["stop", ref names @ ..] => {
                signals.stop = names.iter().map(|name| signal(name)).collect();
            }
            ["reload", name] => signals.reload = Some(signal(name)),
            ["maintenance", name] => signals.maintenance = Some(signal(name)),
            _ => panic!("no such meaning: {part}"),
        }
    }
    signals
}

fn job(config: &mut Config, name: &str, attributes: &str) {
    let mut job = JobSpec::new(name);
    for text in attributes.split(';').map(str::trim) {
        attribute(&mut job, &mut config.scripts, text);
    }
    config.spec.jobs.push(job);
}

fn attribute(job: &mut JobSpec, scripts: &mut Scripts, text: &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "" => {}
        "exec" => {
            scripts.set(job.name.to_string(), behaviours(rest));
            job.exec = Some(Command::new([job.name.as_str()]));
        }
        "version" => job.exec = Some(Command::new([job.name.as_str(), rest])),
        "when" => job.when = when(job, rest),
        "after" => job.after = Some(event(rest)),
        "leaves" => job.leaves = leaves(rest),
        "settle" => job.settle = duration(rest),
        "fixed" => job.reload = OnReload::Fixed,
        "within" => job.start_within = Some(duration(rest)),
        "restarts" => job.restarts = restarts(rest),
        "backoff" => job.backoff = backoff(rest),
        "timeout" => job.timeout = Some(duration(rest)),
        "stop-timeout" => job.stop.timeout = Some(duration(rest)),
        "stop-signal" => job.stop.signal = signal(rest),
        "drain" => job.stop.drain = duration(rest),
        "overlap" => job.overlap = overlap(rest),
        "essential" => job.role = Role::Essential,
        "companion" => job.role = Role::Companion,
        "pauses" => job.maintenance = InMaintenance::Pauses,
        "renews" => job.reload = OnReload::Renews,
        "veto" => job.role = Role::Veto,
        "after-a-run" => job.turn = Turn::AfterARun,
        "while-running" => job.turn = Turn::WhileRunning,
        "service" => job.service = Some(service(&job.name, rest)),
        "marked" => {
            let service = job
                .service
                .as_mut()
                .expect("a service, before it is marked");
            service.maintenance = pilot_core::spec::OutOfService::Marked;
        }
        "nowhere" => nowhere(job, duration(rest)),
        "health" => health(job, scripts, rest),
        _ => panic!("no such attribute: {text}"),
    }
}

fn leaves(text: &str) -> Leaves {
    match text {
        "after services" => Leaves::AfterServices,
        "last" => Leaves::Last,
        _ => panic!("leaves after services, or last: {text}"),
    }
}

fn when(job: &mut JobSpec, text: &str) -> When {
    let (word, rest) = text.split_once(' ').expect("when HOW WHAT");
    match word {
        "once" => When::Once(condition(rest)),
        "each" => When::Each(condition(rest)),
        "on" => When::OnSignal(signal(rest)),
        "every" => {
            job.overlap = Overlap::Skip;
            job.restarts = Restarts::Unlimited;
            let (period, first) = match rest.split_once(' ') {
                Some((period, "after one")) => (period, First::AfterOne),
                Some(_) => panic!("every SPAN [after one]: {text}"),
                None => (rest, First::AtOnce),
            };
            When::Every(Beat {
                period: duration(period),
                first,
            })
        }
        _ => panic!("no such trigger: {text}"),
    }
}

/// `stopping(app)`, `all[healthy(watch.a), healthy(b)]`, `any[…]`.
pub(crate) fn condition(text: &str) -> Condition {
    let text = text.trim();
    let inner = |word: &str| text.strip_prefix(word).and_then(|s| s.strip_suffix(']'));
    if let Some(parts) = inner("all[") {
        return Condition::All(parts_of(parts).map(condition).collect());
    }
    if let Some(parts) = inner("any[") {
        return Condition::Any(parts_of(parts).map(condition).collect());
    }
    Condition::Event(event(text))
}

/// Splits at the commas that stand in no inner brackets.
fn parts_of(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == ',' && depth == 0
    })
}

pub(crate) fn event(text: &str) -> Event {
    let text = text.strip_suffix(')').expect("event(source)");
    let (kind, source) = text.split_once('(').expect("event(source)");
    let kind = EventKind::parse(kind).unwrap_or_else(|| panic!("no such event: {kind}"));
    Event::new(kind, origin(source))
}

fn origin(text: &str) -> Source {
    match text.split_once('.') {
        Some(("watch", name)) => Source::Watch(name.into()),
        Some(("template", name)) => Source::Template(name.into()),
        Some(("check", name)) => Source::Check(name.into()),
        Some((_, _)) => panic!("no such source: {text}"),
        None if text == "global" => Source::Global,
        None => Source::Job(text.into()),
    }
}

fn restarts(text: &str) -> Restarts {
    match text {
        "unlimited" => Restarts::Unlimited,
        "never" => Restarts::NEVER,
        number => Restarts::Left(number.parse().expect("a number of restarts")),
    }
}

fn backoff(text: &str) -> Backoff {
    match *text.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["none"] => Backoff::None,
        [initial, max, reset] => Backoff::Exponential {
            initial: duration(initial),
            max: duration(max),
            reset: duration(reset),
        },
        _ => panic!("no such backoff: {text}"),
    }
}

fn overlap(text: &str) -> Overlap {
    match text {
        "skip" => Overlap::Skip,
        "queue" => Overlap::Queue,
        "replace" => Overlap::Replace,
        _ => panic!("no such overlap: {text}"),
    }
}

/// `1s` alone, `1s: fails | passes`, `1s timeout 500ms: runs`.
fn health(job: &mut JobSpec, scripts: &mut Scripts, text: &str) {
    let (head, exec) = text.split_once(':').unwrap_or((text, ""));
    let (interval, timeout) = match head.split_once(" timeout ") {
        Some((interval, timeout)) => (interval, Some(duration(timeout))),
        None => (head, None),
    };
    let purpose = format!("check.{}", job.name);
    job.health = Some(HealthSpec {
        exec: (!exec.is_empty()).then(|| Command::new([&purpose])),
        interval: duration(interval.trim()),
        timeout,
    });
    if !exec.is_empty() {
        scripts.set(purpose, behaviours(exec));
    }
}

/// The address of its service is not known.
pub(crate) fn nowhere(job: &mut JobSpec, within: Duration) {
    if let Some(service) = &mut job.service {
        service.address.clear();
        job.address_within = Some(within);
    }
}

pub(crate) fn service(name: &JobName, initial: &str) -> ServiceSpec {
    ServiceSpec {
        name: None,
        id: format!("{name}-host"),
        address: ADDRESS.to_owned(),
        port: 80,
        tags: Vec::new(),
        meta: Vec::new(),
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl: Duration::from_secs(5),
        initial_status: Status::parse(initial),
        enable_tag_override: false,
        deregister_critical_after: None,
        maintenance: pilot_core::spec::OutOfService::Withdrawn,
    }
}

pub(crate) fn watch(name: &str) -> WatchSpec {
    WatchSpec::new(name, Subject::service(name), Duration::from_secs(1))
}

fn watch_with(name: &str, attributes: &str) -> WatchSpec {
    let mut watch = watch(name);
    let place = name.to_owned();
    for text in attributes.split(';').map(str::trim) {
        match *text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => {}
            ["key"] => {
                watch.subject = key(name).subject;
            }
            ["prefix"] => {
                watch.subject = Subject::Prefix {
                    prefix: place.clone(),
                    dc: None,
                };
            }
            ["file"] => {
                watch.subject = Subject::File {
                    path: place.clone(),
                };
            }
            ["debounce", span] => watch.debounce = duration(span),
            ["min", number] => watch.min = number.parse().expect("a number of instances"),
            ["hold"] => watch.on_empty = OnEmpty::Hold,
            _ => panic!("no such attribute: {text}"),
        }
    }
    watch
}

fn template(config: &mut Config, name: &str, attributes: &str) {
    let source = TemplateSource::Inline(String::new());
    let mut template = TemplateSpec::new(name, source, format!("/etc/{name}"));
    for text in attributes.split(';').map(str::trim) {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "" => {}
            "data" => config.data.push((name.to_owned(), rest.to_owned())),
            "check" => {
                let purpose = format!("template.{name}.check");
                template.check = Some(Command::new([purpose.as_str(), "{}"]));
                config.scripts.set(purpose, behaviours(rest));
            }
            "change" => template.on_change = on_change(&mut config.scripts, name, rest),
            _ => panic!("no such attribute: {text}"),
        }
    }
    config.spec.templates.push(template);
}

fn on_change(scripts: &mut Scripts, name: &str, text: &str) -> OnChange {
    match text.split_once(' ') {
        Some(("exec", runs)) => {
            let purpose = format!("template.{name}.onChange");
            scripts.set(purpose.clone(), behaviours(runs));
            OnChange::Exec {
                command: Command::new([purpose]),
                timeout: None,
            }
        }
        Some(("shared", rest)) => {
            let (name, runs) = rest.split_once(' ').expect("shared NAME RUNS");
            scripts.set(name.to_owned(), behaviours(runs));
            OnChange::Exec {
                command: Command::new([name]),
                timeout: None,
            }
        }
        Some(("restart", job)) => OnChange::Restart { job: job.into() },
        Some((number, job)) => OnChange::Signal {
            signal: signal(number),
            job: job.into(),
        },
        None => panic!("no such change: {text}"),
    }
}

/// `TERM`, `stop app`, `signal HUP app`, `maintenance on`, `answer db a b`, `value conf v1`,
/// `keys conf a=v1 b=v2`, `file conf v1` (`!why`: unreadable; nothing: absent), `lost db WHY`,
/// `back db`, `catalog lost`, `found app 10.0.0.2`, `missing app`,
/// `data conf v2` (`?`: unknown, `broken`: no text, `unwritable`: no file), `reload`, `show`.
fn deed(text: &str) -> Deed {
    let words: Vec<&str> = text.split_whitespace().collect();
    let command = |job: &str, command| {
        Deed::Input(Input::JobCommanded {
            job: job.into(),
            command,
        })
    };
    match *words.as_slice() {
        ["start", job] => command(job, JobCommand::Start),
        ["stop", job] => command(job, JobCommand::Stop),
        ["restart", job] => command(job, JobCommand::Restart),
        ["signal", name, job] => command(job, JobCommand::Signal(signal(name))),
        ["maintenance", word] => Deed::Input(Input::MaintenanceRequested {
            enable: word == "on",
        }),
        ["answer", name, ref ids @ ..] => answer(Subject::service(name), instances(ids)),
        ["value", name, ref words @ ..] => {
            let sight = value(words.first().copied());
            answer(key(name).subject, sight)
        }
        ["keys", name, ref pairs @ ..] => {
            let (prefix, dc) = (name.to_owned(), None);
            answer(Subject::Prefix { prefix, dc }, keys(pairs))
        }
        ["file", name, ref what @ ..] => {
            let path = name.to_owned();
            answer(Subject::File { path }, file(what))
        }
        ["lost", name, ref reason @ ..] => Deed::Input(Input::WatchLost {
            watch: name.into(),
            reason: reason.join(" "),
        }),
        ["back", name] => Deed::Input(Input::WatchBack { watch: name.into() }),
        ["data", template, text] => Deed::Data {
            template: template.to_owned(),
            text: text.to_owned(),
        },
        ["found", job, address] => Deed::Input(found(job, address)),
        ["missing", job] => Deed::Input(missing(job)),
        ["catalog", "lost"] => Deed::Input(Input::CatalogLost),
        ["catalog", "back"] => Deed::Input(Input::CatalogBack),
        ["reload"] => Deed::Reload(Box::default()),
        ["started"] => Deed::Input(Input::Started),
        ["show"] => Deed::Show,
        [name] => Deed::Input(Input::SignalArrived(signal(name))),
        _ => panic!("no such deed: {text}"),
    }
}

pub(crate) fn found(job: &str, address: &str) -> Input {
    Input::AddressFound {
        job: job.into(),
        address: address.to_owned(),
        reason: "by a test".to_owned(),
    }
}

pub(crate) fn missing(job: &str) -> Input {
    Input::AddressMissing {
        job: job.into(),
        reason: "nothing fits\nthere is nothing".to_owned(),
    }
}

/// Told to the watch that has the name of what it looks at.
fn answer(subject: Subject, sight: Sight) -> Deed {
    let name = subject.place().into();
    let watch = WatchId { name, subject };
    Deed::Input(Input::WatchAnswered { watch, sight })
}

/// The watch of a key that both have this name.
pub(crate) fn key(name: &str) -> WatchId {
    let subject = Subject::Key {
        path: name.to_owned(),
        dc: None,
    };
    let name = name.into();
    WatchId { name, subject }
}

pub(crate) fn value(text: Option<&str>) -> Sight {
    Sight::Value(text.map(fingerprint))
}

pub(crate) fn instances(ids: &[&str]) -> Sight {
    Sight::Instances(ids.iter().map(|id| instance(id)).collect())
}

/// `a=v1 b=v2`.
fn keys(pairs: &[&str]) -> Sight {
    let pair = |pair: &&str| {
        let (key, value) = pair.split_once('=').expect("KEY=VALUE");
        (key.to_owned(), fingerprint(value))
    };
    Sight::Keys(pairs.iter().map(pair).collect())
}

fn file(what: &[&str]) -> Sight {
    Sight::File(match what.first() {
        None => FileSight::Absent,
        Some(word) => match word.strip_prefix('!') {
            Some(reason) => FileSight::Unreadable {
                reason: reason.to_owned(),
            },
            None => FileSight::Readable(fingerprint(word)),
        },
    })
}

/// Other for other short texts.
fn fingerprint(text: &str) -> Fingerprint {
    let digits = text.bytes().map(u128::from);
    Fingerprint(digits.fold(0, |sum, byte| (sum << 8) | byte))
}

/// `a`, or `a:8080` with a port.
pub(crate) fn instance(text: &str) -> Instance {
    let (id, port) = text.split_once(':').unwrap_or((text, "80"));
    Instance {
        id: id.to_owned(),
        address: "10.0.0.2".to_owned(),
        port: port.parse().expect("a port"),
        tags: Vec::new(),
        meta: Vec::new(),
    }
}

fn signal(text: &str) -> Signal {
    Signal::parse(text).unwrap_or_else(|| panic!("no such deed or signal: {text}"))
}

/// `250ms`, `3s`, `2m`, `3h`.
pub(crate) fn duration(text: &str) -> Duration {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .unwrap_or_else(|_| panic!("no such span: {text}"));
    match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(60 * number),
        "h" => Duration::from_secs(3600 * number),
        unit => panic!("no such unit: {unit}"),
    }
}
