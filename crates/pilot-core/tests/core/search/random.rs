//! What a random world is made of.

use std::{fmt, time::Duration};

use pilot_core::{
    EventKind, Input, JobCommand, JobName, RunId, Signal, Source, Spec,
    spec::{
        AfterChanges, AskedStatus, Backoff, Beat, Command, Condition, First, HealthSpec,
        InMaintenance, JobSpec, Leaves, Notice, OnChange, OnEmpty, OnReload, Overlap, Restarts,
        Role, Signals, Stay, StopSpec, TemplateSpec, Turn, WatchId, WatchSpec, When,
    },
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    process::{Scripts, behaviours},
    read::{self, Answers, Config},
};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A random world.
#[derive(Clone)]
pub(crate) struct Case {
    /// The first is the one to begin with.
    pub(crate) reloads: Vec<Spec>,
    scripts: Vec<(String, Vec<&'static str>)>,
    pub(crate) answers: Answers,
    /// Whether facts come only after the start.
    pub(crate) started: bool,
    pub(crate) facts: Vec<(Duration, Fact)>,
}

/// A random fact.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Input(Input),
    Data(&'static str, &'static str),
    SameAgain,
    Reload(usize),
    /// The end of a run is told once more, long after it.
    Stale(RunId),
}

/// One line for each part, since a failure is read by people.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for spec in &self.reloads {
            writeln!(
                f,
                "\nstop timeout {:?}, {:?}, {:?}, {:?}, {:?}",
                spec.stop_timeout, spec.signals, spec.asked_status, spec.stay, spec.after_changes
            )?;
            for template in &spec.templates {
                writeln!(f, "  {template:?}")?;
            }
            for job in &spec.jobs {
                writeln!(f, "  {job:?}")?;
            }
        }
        for (purpose, runs) in &self.scripts {
            writeln!(f, "{purpose}: {}", runs.join(" | "))?;
        }
        for fact in &self.facts {
            writeln!(f, "{fact:?}")?;
        }
        write!(f, "{:?}, started {}", self.answers, self.started)
    }
}

impl Case {
    pub(crate) fn config(&self) -> Config {
        let mut scripts = Scripts::default();
        for (purpose, runs) in &self.scripts {
            scripts.set(purpose.clone(), behaviours(&runs.join(" | ")));
        }
        let spec = self.reloads.first().cloned().unwrap_or_default();
        Config {
            spec,
            scripts,
            data: Vec::new(),
        }
    }
}

prop_compose! {
    pub(crate) fn case()(
        reloads in vec(spec(), 1..4),
        scripts in scripts(),
        answers in prop_oneof![
            Just(Answers::After(Duration::ZERO)),
            Just(Answers::After(Duration::from_millis(100))),
            Just(Answers::Never),
        ],
        started in prop::bool::weighted(0.9),
        facts in vec((0_u64..12_000, fact()), 0..14),
    ) -> Case {
        let at = |(at, fact)| (Duration::from_millis(at), fact);
        let facts = facts.into_iter().map(at).collect();
        Case { reloads, scripts, answers, started, facts }
    }
}

prop_compose! {
    /// A world that is only asked to stop.
    pub(crate) fn stopping_case()(mut case in case(), facts in vec((0_u64..12_000, watched()), 0..6)) -> Case {
        case.reloads.truncate(1);
        for spec in &mut case.reloads {
            spec.templates.clear();
            spec.after_changes = None;
            spec.signals = Signals::stopping();
        }
        let ends = |way: &'static str| !way.contains("stuck") && !way.contains("leaves a child");
        for (_, ways) in &mut case.scripts {
            ways.retain(|way| ends(way));
            if ways.is_empty() {
                ways.push("runs, ignores TERM");
            }
        }
        let at = |(at, fact)| (Duration::from_millis(at), Fact::Input(fact));
        case.facts = facts.into_iter().map(at).collect();
        case.started = true;
        case
    }
}

fn scripts() -> impl Strategy<Value = Vec<(String, Vec<&'static str>)>> {
    let purposes = NAMES
        .iter()
        .flat_map(|n| [(*n).to_owned(), format!("check.{n}")]);
    let template = [
        "template.conf.check",
        "template.conf.onChange",
        "template.other.onChange",
    ];
    let purposes = purposes.chain(template.map(str::to_owned));
    purposes
        .map(|purpose| (Just(purpose), vec(behaviour(), 1..4)))
        .collect::<Vec<_>>()
}

fn behaviour() -> impl Strategy<Value = &'static str> {
    let ways = [
        "runs",
        "passes",
        "fails",
        "missing",
        "exits 0 after 50ms",
        "exits 3 after 700ms",
        "exits 0 after 12s",
        "runs, ignores TERM",
        "runs, takes 2s to stop",
        "runs, exits 3 on TERM",
        "passes, leaves a child for 2s",
        "exits 1 after 300ms, leaves a child for ever",
        "runs, ignores TERM, leaves a child for ever",
        "runs, ignores TERM, stuck",
        "fails, leaves a child for ever, stuck",
    ];
    select(ways.to_vec())
}

fn spec() -> impl Strategy<Value = Spec> {
    let jobs = (0..NAMES.len())
        .map(|n| option::weighted(0.6, job(n)))
        .collect::<Vec<_>>();
    let timeouts = select(vec![0_u64, 300, 1500]).prop_map(Duration::from_millis);
    let whole = (timeouts, signals(), asked_status(), stay());
    let changes = (0..4_usize, any::<bool>(), notice());
    (jobs, whole, changes, watches()).prop_map(|(jobs, whole, changes, watches)| {
        let (extra, shared, notice) = changes;
        let (stop_timeout, signals, asked_status, stay) = whole;
        let mut spec = Spec {
            stop_timeout,
            jobs: jobs.into_iter().flatten().collect(),
            signals,
            asked_status,
            stay,
            ..Spec::default()
        };
        if extra & 1 == 1 {
            spec.watches = watches;
        }
        if extra & 2 == 2 {
            let target = spec.jobs.first().map(|job| job.name.clone());
            spec.templates = templates(target.as_ref().filter(|_| extra == 3), shared);
            spec.after_changes = target.map(|job| AfterChanges { job, notice });
            spec.after_changes.take_if(|_| extra == 3);
        }
        drop_dangling(&mut spec);
        spec
    })
}

/// A service and a key, of which some change is always on its way.
fn watches() -> impl Strategy<Value = Vec<WatchSpec>> {
    let debounce = || select(vec![0_u64, 0, 300]).prop_map(Duration::from_millis);
    let service = (debounce(), 1..3_usize, any::<bool>());
    (service, debounce()).prop_map(|((debounce, min, holds), of_key)| {
        let on_empty = if holds { OnEmpty::Hold } else { OnEmpty::Tell };
        let service = WatchSpec {
            debounce,
            min,
            on_empty,
            ..read::watch("w")
        };
        let id = read::key("k");
        let interval = service.interval;
        let mut key = WatchSpec::new(id.name, id.subject, interval);
        key.debounce = of_key;
        vec![service, key]
    })
}

fn asked_status() -> impl Strategy<Value = AskedStatus> {
    let others = [AskedStatus::OfTheApplication, AskedStatus::Fixed(12)];
    prop_oneof![2 => Just(AskedStatus::Clean), 1 => select(others.to_vec())]
}

fn signals() -> impl Strategy<Value = Signals> {
    let second = Signals {
        stop: vec![Signal::TERM],
        reload: Some(Signal::HUP),
        maintenance: Some(Signal::USR1),
    };
    prop_oneof![
        7 => Just(Signals::stopping()),
        1 => Just(Signals::forwarded()),
        2 => Just(second),
    ]
}

/// A configuration names only jobs that are there.
fn drop_dangling(spec: &mut Spec) {
    loop {
        let names: Vec<_> = spec.jobs.iter().map(|job| job.name.clone()).collect();
        let before = spec.jobs.len();
        spec.jobs.retain(|job| match &job.when {
            When::Once(condition) | When::Each(condition) => {
                condition.events().iter().all(|event| match &event.source {
                    Source::Job(name) | Source::Check(name) => names.contains(name),
                    Source::Global | Source::Watch(_) | Source::Template(_) | Source::Signal(_) => {
                        true
                    }
                })
            }
            When::Every(_) | When::OnSignal(_) => true,
        });
        if spec.jobs.len() == before {
            return;
        }
    }
}

/// Two templates, which may have one command.
fn templates(target: Option<&JobName>, shared: bool) -> Vec<TemplateSpec> {
    let text = "
        template conf: check passes; change exec passes
        template other: change exec exits 0 after 300ms
    ";
    let mut templates = read::scenario(text).config.spec.templates;
    if let Some(job) = target.cloned() {
        templates[0].on_change = OnChange::Restart { job };
    }
    if shared {
        templates[1].on_change = templates[0].on_change.clone();
    }
    templates
}

fn notice() -> impl Strategy<Value = Notice> {
    let splays = select(vec![0_u64, 2000]).prop_map(|ms| Notice::Restart {
        splay: Duration::from_millis(ms),
    });
    prop_oneof![Just(Notice::Signal(Signal::HUP)), splays]
}

fn stay() -> impl Strategy<Value = Stay> {
    let once = option::of(Just(Duration::from_secs(3)));
    prop_oneof![
        8 => Just(Stay::WithJobs),
        1 => Just(Stay::UntilAsked),
        1 => once.prop_map(|patience| Stay::UntilRendered { patience }),
    ]
}

fn job(n: usize) -> impl Strategy<Value = JobSpec> {
    let span = || select(vec![0_u64, 200, 1000]).prop_map(Duration::from_millis);
    let timeout = || option::weighted(0.3, (100_u64..3000).prop_map(Duration::from_millis));
    let first = (
        prop::bool::weighted(0.85),
        when(n),
        timeout(),
        select(vec![
            Restarts::NEVER,
            Restarts::Left(2),
            Restarts::Unlimited,
        ]),
        prop::bool::weighted(0.9),
        timeout(),
    );
    let second = (
        timeout(),
        span(),
        select(vec![Overlap::Skip, Overlap::Queue, Overlap::Replace]),
        role(n),
        option::weighted(0.5, timeout()),
        option::weighted(0.5, select(vec!["", "warning"])),
    );
    let nowhere = option::weighted(0.1, (1_u64..16).prop_map(Duration::from_secs));
    (first, second, nowhere).prop_map(move |(first, second, nowhere)| {
        let (exec, when, start_within, restarts, slow, timeout) = first;
        let (stop_timeout, drain, overlap, way, check_timeout, service) = second;
        let each = matches!(when, When::Each(_) | When::OnSignal(_));
        let mut job = JobSpec::new(NAMES[n]);
        job.exec = exec.then(|| Command::new([NAMES[n], "v1"]));
        job.when = when;
        job.start_within = start_within;
        job.restarts = match restarts {
            Restarts::Unlimited if each => Restarts::NEVER,
            Restarts::Unlimited | Restarts::Left(_) => restarts,
        };
        job.backoff = Backoff::Exponential {
            initial: Duration::from_millis(if slow { 500 } else { 100 }),
            max: Duration::from_secs(3),
            reset: Duration::from_secs(10),
        };
        job.timeout = timeout;
        job.stop = StopSpec {
            timeout: stop_timeout,
            drain,
            ..StopSpec::DEFAULT
        };
        job.overlap = overlap;
        (job.role, job.turn, job.maintenance, job.reload, job.leaves) = way;
        job.health = check_timeout.map(|timeout| HealthSpec {
            exec: Some(Command::new(["check"])),
            interval: Duration::from_secs(1),
            timeout,
        });
        job.service = service.map(|initial| read::service(&job.name, initial));
        nowhere
            .into_iter()
            .for_each(|within| read::nowhere(&mut job, within));
        job
    })
}

/// One job at most is essential.
fn role(n: usize) -> impl Strategy<Value = (Role, Turn, InMaintenance, OnReload, Leaves)> {
    let special = if n == 0 {
        Role::Essential
    } else {
        Role::Companion
    };
    let role = prop_oneof![
        7 => Just(Role::Ordinary),
        1 => Just(special),
        1 => Just(Role::Veto),
    ];
    let pauses = prop_oneof![3 => Just(InMaintenance::Runs), 1 => Just(InMaintenance::Pauses)];
    let reload = prop_oneof![4 => Just(OnReload::Stays), 1 => Just(OnReload::Renews)];
    let turn = prop_oneof![
        3 => Just(Turn::Always),
        1 => Just(Turn::WhileRunning),
        1 => Just(Turn::AfterARun),
    ];
    let leaves = prop_oneof![
        4 => Just(Leaves::AtOnce),
        1 => Just(Leaves::AfterServices),
        1 => Just(Leaves::Last),
    ];
    (role, turn, pauses, reload, leaves)
}

/// A job runs on the stop of an earlier one only, so that there is no ring of stops.
fn when(n: usize) -> BoxedStrategy<When> {
    let condition = || match n {
        0 => single(n).boxed(),
        _ => prop_oneof![
            2 => single(n),
            1 => vec(single(n), 1..3).prop_map(Condition::All),
            1 => vec(single(n), 1..3).prop_map(Condition::Any),
        ]
        .boxed(),
    };
    prop_oneof![
        3 => Just(When::Once(Condition::startup())),
        4 => condition().prop_map(When::Once),
        3 => condition().prop_map(When::Each),
        1 => (200_u64..2000, any::<bool>()).prop_map(|(ms, at_once)| When::Every(Beat {
            period: Duration::from_millis(ms),
            first: if at_once { First::AtOnce } else { First::AfterOne },
        })),
        1 => Just(When::OnSignal(Signal::HUP)),
    ]
    .boxed()
}

fn single(n: usize) -> impl Strategy<Value = Condition> {
    let word = |text: String| read::condition(&text);
    let any = select(NAMES.to_vec()).prop_flat_map(move |name| {
        let kinds = [
            "exitSuccess",
            "exitFailed",
            "healthy",
            "unhealthy",
            "timerExpired",
        ];
        select(kinds.to_vec()).prop_map(move |kind| word(format!("{kind}({name})")))
    });
    let other = select(vec![
        "startup(global)",
        "enterMaintenance(global)",
        "changed(watch.w)",
        "stale(watch.w)",
        "healthy(watch.k)",
        "healthy(template.conf)",
        "exitFailed(check.a)",
    ]);
    let other = other.prop_map(move |text| word(text.to_owned()));
    if n == 0 {
        return prop_oneof![any, other].boxed();
    }
    let earlier = select(NAMES[..n].to_vec()).prop_flat_map(move |name| {
        let kinds = vec![EventKind::Stopping, EventKind::Stopped];
        select(kinds).prop_map(move |kind| word(format!("{kind}({name})")))
    });
    prop_oneof![1 => any, 1 => other, 3 => earlier].boxed()
}

fn fact() -> impl Strategy<Value = Fact> {
    let signals = [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1];
    let commands = [
        JobCommand::Start,
        JobCommand::Stop,
        JobCommand::Restart,
        JobCommand::Signal(Signal::USR2),
    ];
    let command = (select(NAMES.to_vec()), select(commands.to_vec()));
    let texts = ["v1", "v2", "?", "broken", "unwritable"];
    let old = (1_u64..20).prop_map(RunId);
    prop_oneof![
        1 => select(signals.to_vec()).prop_map(|signal| Fact::Input(Input::SignalArrived(signal))),
        4 => command.prop_map(|(job, command)| Fact::Input(Input::JobCommanded {
            job: job.into(),
            command,
        })),
        3 => (0..3_usize).prop_map(Fact::Reload),
        2 => Just(Fact::SameAgain),
        1 => any::<bool>().prop_map(|enable| {
            Fact::Input(Input::MaintenanceRequested { enable })
        }),
        3 => watched().prop_map(Fact::Input),
        3 => (select(vec!["conf", "other"]), select(texts.to_vec()))
            .prop_map(|(template, text)| Fact::Data(template, text)),
        1 => select(vec![Input::CatalogLost, Input::CatalogBack]).prop_map(Fact::Input),
        1 => (select(NAMES.to_vec())).prop_map(|job| {
            Fact::Input(Input::Withdrawn { job: job.into() })
        }),
        2 => (select(NAMES.to_vec()), select(vec!["10.0.0.1", "10.0.0.2", ""]))
            .prop_map(|(job, address)| Fact::Input(match address {
                "" => read::missing(job),
                address => read::found(job, address),
            })),
        1 => old.prop_map(Fact::Stale),
    ]
}

fn watched() -> impl Strategy<Value = Input> {
    let instances = select(vec!["x", "x y", ""]).prop_map(|ids| Input::WatchAnswered {
        watch: "w".into(),
        sight: read::instances(&ids.split_whitespace().collect::<Vec<_>>()),
    });
    let value = select(vec!["", "v1", "v2"]).prop_map(|value| Input::WatchAnswered {
        watch: read::key("k"),
        sight: read::value(Some(value).filter(|value| !value.is_empty())),
    });
    let which = || select(vec![WatchId::from("w"), read::key("k")]);
    let lost = which().prop_map(|watch| Input::WatchLost {
        watch,
        reason: "no leader".to_owned(),
    });
    let back = which().prop_map(|watch| Input::WatchBack { watch });
    prop_oneof![2 => instances, 2 => value, 1 => lost, 1 => back]
}
