//! A simulated world around the supervisor: it performs every order, and time jumps.

use std::{collections::BTreeMap, time::Duration};

use pilot_core::{
    Effect, ExitStatus, Input, Purpose, Rendering, Rest, RunId, Signal, Spec, Supervisor, Time,
    spec::{JobSpec, OnReload},
};

use crate::{
    law::Law,
    process::{Behaviour, Child, OnTerm, Scripts},
    read::{Answers, Config},
    trace::Trace,
};

/// Something that will happen.
#[derive(Debug)]
enum Pending {
    Input(Input),
    /// The own process of a run ends, unless it has ended before.
    Exit(RunId, ExitStatus),
    /// It cannot be started.
    Missing(RunId),
    /// What it left behind ends.
    Gone(RunId),
    Reload(Box<Config>),
    /// A reload to what is there already, which must change nothing.
    SameAgain,
    /// The end of a run that is long over is told again.
    Stale(RunId),
    Data(String, String),
    Show,
}

#[derive(Debug)]
struct Process {
    behaviour: Behaviour,
    alive: bool,
    killed: bool,
}

/// A template's file, and what it is made of.
#[derive(Debug, Default)]
struct File {
    data: Option<String>,
    candidate: Option<String>,
    installed: Option<String>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) supervisor: Supervisor,
    pub(crate) trace: Trace,
    pub(crate) law: Law,
    pub(crate) answers: Answers,
    pub(crate) exit: Option<u8>,
    /// How many orders there have been.
    pub(crate) orders: usize,
    /// What the supervisor was last told to be.
    pub(crate) spec: Spec,
    pending: BTreeMap<(Time, u64), Pending>,
    order: u64,
    /// The runs whose tree is there.
    processes: BTreeMap<RunId, Process>,
    spawned: BTreeMap<String, usize>,
    scripts: Scripts,
    files: BTreeMap<String, File>,
}

impl World {
    pub(crate) fn new(config: Config, answers: Answers) -> Self {
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        for (name, text) in config.data {
            files.entry(name).or_default().data = Some(text);
        }
        Self {
            now: Time::ZERO,
            supervisor: Supervisor::new(config.spec.clone(), 7),
            trace: Trace::default(),
            law: Law::new(&config.spec),
            answers,
            exit: None,
            orders: 0,
            spec: config.spec,
            pending: BTreeMap::new(),
            order: 0,
            processes: BTreeMap::new(),
            spawned: BTreeMap::new(),
            scripts: config.scripts,
            files,
        }
    }

    pub(crate) fn input_at(&mut self, at: Duration, input: Input) {
        self.push(Time::after_start(at), Pending::Input(input));
    }

    pub(crate) fn reload_at(&mut self, at: Duration, config: Box<Config>) {
        self.push(Time::after_start(at), Pending::Reload(config));
    }

    pub(crate) fn same_again_at(&mut self, at: Duration) {
        self.push(Time::after_start(at), Pending::SameAgain);
    }

    pub(crate) fn stale_at(&mut self, at: Duration, run: RunId) {
        self.push(Time::after_start(at), Pending::Stale(run));
    }

    pub(crate) fn data_at(&mut self, at: Duration, template: &str, text: &str) {
        let pending = Pending::Data(template.to_owned(), text.to_owned());
        self.push(Time::after_start(at), pending);
    }

    pub(crate) fn show_at(&mut self, at: Duration) {
        self.push(Time::after_start(at), Pending::Show);
    }

    fn push(&mut self, at: Time, pending: Pending) {
        self.order += 1;
        self.pending.insert((at, self.order), pending);
    }

    fn soon(&mut self, input: Input) {
        self.push(self.now, Pending::Input(input));
    }

    /// Runs until nothing is left to happen, or until then; livelock is a failure.
    pub(crate) fn drive(&mut self, until: Option<Duration>, limit: u32) {
        let until = until.map(Time::after_start);
        for _ in 0..limit {
            let Some(next) = self.next() else {
                return self.rest();
            };
            if until.is_some_and(|until| next > until) {
                self.now = until.unwrap_or(self.now);
                return;
            }
            self.now = self.now.max(next);
            self.step();
        }
        panic!("livelock:\n{}", self.trace.text());
    }

    /// After the end, nothing moves the supervisor any more.
    fn rest(&mut self) {
        for input in [Input::Woken, Input::SignalArrived(Signal::TERM)] {
            if self.exit.is_some() {
                assert_eq!(self.supervisor.handle(self.now, input), []);
                assert_eq!(self.supervisor.next_deadline(), None);
            }
        }
    }

    fn next(&self) -> Option<Time> {
        if self.exit.is_some() {
            return None;
        }
        let pending = self.pending.first_key_value().map(|((at, _), _)| *at);
        [pending, self.supervisor.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets the one next thing happen: the world's, if it is due, else a deadline.
    fn step(&mut self) {
        let due = self.pending.first_key_value();
        let due = due.is_some_and(|((at, _), _)| *at <= self.now);
        match due.then(|| self.pending.pop_first()).flatten() {
            Some((_, pending)) => self.happen(pending),
            None => self.wake(),
        }
    }

    fn wake(&mut self) {
        self.tell(Input::Woken);
        if self.exit.is_none() {
            let next = self.supervisor.next_deadline();
            assert!(
                next.is_none_or(|at| at > self.now),
                "a deadline is past after waking\n{}",
                self.trace.text()
            );
            let again = self.supervisor.handle(self.now, Input::Woken);
            assert_eq!(again, [], "waking twice\n{}", self.trace.text());
        }
    }

    fn happen(&mut self, pending: Pending) {
        match pending {
            Pending::Input(input) => self.tell(input),
            Pending::Exit(run, status) => self.end(run, status),
            Pending::Missing(run) => {
                self.processes.remove(&run);
                self.law.on_gone(run);
                self.tell(Input::RunFailedToStart {
                    run,
                    reason: "no such file or directory".to_owned(),
                    code: 127,
                });
            }
            Pending::Gone(run) => self.vanish(run),
            Pending::Reload(config) => {
                self.scripts.merge(config.scripts);
                self.spec = config.spec.clone();
                self.tell(Input::Reloaded(Box::new(config.spec)));
            }
            Pending::Stale(run) => {
                if !self.processes.contains_key(&run) {
                    self.tell(Input::RunExited {
                        run,
                        status: ExitStatus::Exited(1),
                        output: String::new(),
                        rest: Rest::Remaining,
                    });
                    self.tell(Input::RunGone { run });
                }
            }
            Pending::SameAgain => {
                // What is due just now is not the reload's doing.
                self.tell(Input::Woken);
                let before = self.orders;
                self.tell(Input::Reloaded(Box::new(self.spec.clone())));
                let renews = |job: &JobSpec| job.reload == OnReload::Renews;
                assert!(
                    self.orders == before || self.spec.jobs.iter().any(renews),
                    "the same again\n{}",
                    self.trace.text()
                );
            }
            Pending::Data(template, text) => {
                let text = Some(text).filter(|text| text != "?");
                self.files.entry(template.clone()).or_default().data = text;
                let template = template.as_str().into();
                self.tell(Input::TemplateDataChanged { template });
            }
            Pending::Show => self
                .trace
                .on_show(&self.supervisor.status(self.now), self.now),
        }
    }

    /// Tells the supervisor a fact, and performs what it orders.
    pub(crate) fn tell(&mut self, input: Input) {
        self.trace.on_input(&input, self.now);
        self.law.on_input(&input);
        let begins = input == Input::Started;
        if let Input::AddressFound { job, address, .. } = &input {
            // The next configuration is loaded on the same machine.
            let own = self.spec.jobs.iter_mut().find(|own| own.name == *job);
            let service = own.and_then(|own| {
                own.service.is_some().then(|| own.address_within = None);
                own.service.as_mut()
            });
            service
                .into_iter()
                .for_each(|service| address.clone_into(&mut service.address));
        }
        let effects = self.supervisor.handle(self.now, input);
        let maintenance = self.supervisor.status(self.now).maintenance;
        self.law.on_maintenance(maintenance && !begins);
        self.orders += effects.len();
        for effect in effects {
            if let Err(broken) = self.law.on_effect(&effect) {
                panic!("{broken}: {effect:?}\n{}", self.trace.text());
            }
            self.trace.on_effect(&effect, self.now);
            self.perform(effect);
        }
        let status = self.supervisor.status(self.now);
        if let Err(broken) = self.law.on_status(&status, self.now) {
            panic!("{broken}: {status:?}\n{}", self.trace.text());
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            // Templates share commands, whatever they are run for.
            Effect::Spawn {
                run,
                purpose: Purpose::Reconfigure(_),
                command,
            } => self.spawn(run, &command.argv[0]),
            Effect::Spawn { run, purpose, .. } => self.spawn(run, &purpose.to_string()),
            Effect::Signal { run, signal } | Effect::StopTree { run, signal } => {
                self.ask(run, signal);
            }
            Effect::KillTree { run } => self.kill(run),
            Effect::Withdraw { job } => match self.answers {
                Answers::After(span) => {
                    self.push(self.now + span, Pending::Input(Input::Withdrawn { job }));
                }
                Answers::Never => {}
            },
            Effect::LoadTemplate { template } => {
                let known = self.files.entry(template.name.to_string()).or_default();
                if known.data.is_some() {
                    let template = template.name.clone();
                    self.soon(Input::TemplateDataChanged { template });
                }
            }
            Effect::Render { template } => {
                let rendering = self.render(template.as_str());
                self.soon(Input::TemplateRendered {
                    template,
                    rendering,
                });
            }
            Effect::Install { template } => {
                let file = self.files.entry(template.to_string()).or_default();
                let text = file.candidate.take();
                let fails = text.as_deref() == Some("unwritable");
                let failure = fails.then(|| "disk full".to_owned());
                if !fails {
                    file.installed = text;
                }
                self.soon(Input::TemplateInstalled { template, failure });
            }
            Effect::Discard { template } => {
                self.files
                    .entry(template.to_string())
                    .or_default()
                    .candidate = None;
            }
            Effect::Exit { code } => self.exit = Some(code),
            Effect::Publish { .. }
            | Effect::Maintain { .. }
            | Effect::Reload
            | Effect::Follow { .. }
            | Effect::Unfollow { .. }
            | Effect::DropTemplate { .. }
            | Effect::Announce(_)
            | Effect::Log { .. } => {}
        }
    }

    fn render(&mut self, template: &str) -> Rendering {
        let file = self.files.entry(template.to_owned()).or_default();
        match &file.data {
            None => Rendering::Missing(vec!["its data".to_owned()]),
            Some(text) if text == "broken" => Rendering::Failed("broken".to_owned()),
            Some(_) if file.data == file.installed => Rendering::Unchanged,
            Some(text) => {
                file.candidate = Some(text.clone());
                let path = format!("/etc/{template}.new");
                Rendering::Candidate { path }
            }
        }
    }

    fn spawn(&mut self, run: RunId, purpose: &str) {
        let nth = self.spawned.entry(purpose.to_owned()).or_default();
        let behaviour = self.scripts.behaviour(purpose, *nth);
        *nth += 1;
        if behaviour.missing {
            self.push(self.now, Pending::Missing(run));
        } else {
            let pid = 1000 + u32::try_from(run.0).unwrap_or(0);
            self.soon(Input::RunStarted { run, pid });
        }
        if let Some((after, code)) = behaviour.ends {
            let exit = Pending::Exit(run, ExitStatus::Exited(code));
            self.push(self.now + after, exit);
        }
        self.processes.insert(
            run,
            Process {
                behaviour,
                alive: true,
                killed: false,
            },
        );
    }

    /// A signal reaches the process of a run.
    fn ask(&mut self, run: RunId, signal: Signal) {
        let Some(process) = self.processes.get(&run).filter(|process| process.alive) else {
            return;
        };
        let stops = [Signal::TERM, Signal::INT, Signal::QUIT].contains(&signal);
        let (after, status) = match process.behaviour.on_term {
            OnTerm::Ignores => return,
            OnTerm::Dies => (Duration::ZERO, ExitStatus::Signaled(signal)),
            OnTerm::Exits(code) => (Duration::ZERO, ExitStatus::Exited(code)),
            OnTerm::Takes(span) => (span, ExitStatus::Exited(0)),
        };
        if stops {
            self.push(self.now + after, Pending::Exit(run, status));
        }
    }

    fn kill(&mut self, run: RunId) {
        let Some(process) = self.processes.get_mut(&run) else {
            return;
        };
        if process.behaviour.stuck {
            return;
        }
        process.killed = true;
        let pending = if process.alive {
            Pending::Exit(run, ExitStatus::Signaled(Signal::KILL))
        } else {
            Pending::Gone(run)
        };
        self.push(self.now, pending);
    }

    fn end(&mut self, run: RunId, status: ExitStatus) {
        let process = self.processes.get_mut(&run);
        let Some(process) = process.filter(|process| process.alive) else {
            return;
        };
        process.alive = false;
        let child = process.behaviour.child.filter(|_| !process.killed);
        let rest = match child {
            None => Rest::Gone,
            Some(Child::For(span)) => {
                self.push(self.now + span, Pending::Gone(run));
                Rest::Remaining
            }
            Some(Child::ForEver) => Rest::Remaining,
        };
        if rest == Rest::Gone {
            self.processes.remove(&run);
            self.law.on_gone(run);
        }
        self.tell(Input::RunExited {
            run,
            status,
            output: String::new(),
            rest,
        });
    }

    fn vanish(&mut self, run: RunId) {
        if self.processes.remove(&run).is_some() {
            self.law.on_gone(run);
            self.tell(Input::RunGone { run });
        }
    }
}
