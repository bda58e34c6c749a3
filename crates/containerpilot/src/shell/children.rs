//! Processes: how they are started, signalled and heard of.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use logbook::{Origin, Stream, Tail};
use pilot_config::Config;
use pilot_core::{
    ExitStatus, Input, JobName, Purpose, Rest, RunId, Signal,
    spec::{Command, JobSpec, Output},
};
use reaper::{Change, Launch, SpawnError, Stdin, has_terminal};
use telemetry::TemplateCommand;

use super::{Shell, meter::count_exit, sensors::Failure};
use crate::{account, environment::pid_variable, limits, signals::Ears};

/// How long processes that belong to no run may take to vanish at the very end.
const STRAYS: Duration = Duration::from_millis(500);

/// A process the shell started.
pub(super) struct Child {
    purpose: Purpose,
    pid: u32,
    /// Its last output, kept for checks, whose output says why they failed.
    tail: Option<Tail>,
    /// What a sensor prints, and for which metric.
    reading: Option<Reading>,
    /// Whether it was told to end.
    is_asked: bool,
    started: Instant,
}

/// The value that a sensor prints.
struct Reading {
    metric: String,
    text: Tail,
}

impl Shell {
    pub(super) fn spawn(&mut self, run: RunId, purpose: Purpose, command: &Command) {
        let launched = self
            .launch(command)
            .map_err(|reason| (reason, 126))
            .and_then(|launch| {
                self.reaper
                    .spawn(id(run), &launch)
                    .map_err(|error| (in_words(&error), error.code()))
            });
        let spawned = match launched {
            Ok(spawned) => spawned,
            Err((reason, code)) => {
                if self.terminal {
                    // An init keeps no log, and has nothing else to say.
                    crate::say::err(&format!(
                        "containerpilot: unable to start {purpose}: {reason}"
                    ));
                }
                if let (Purpose::Job(job), Output::Metric(metric)) = (&purpose, &command.output) {
                    self.on_sensed(job, metric, Err(Failure::Start(reason.clone())));
                }
                self.inputs
                    .push_back(Input::RunFailedToStart { run, reason, code });
                return;
            }
        };
        let pid = spawned.pid;
        let tail = keeps_tail(&purpose).then(Tail::new);
        let reading = reading(command);
        let origin = |stream| Origin::new(&purpose.to_string(), pid, stream);
        if let Some(stdout) = spawned.stdout {
            let origin = origin(Stream::Stdout);
            match &reading {
                Some(reading) => {
                    let kept = self.log.keep(stdout, origin, reading.text.clone());
                    self.captures.spawn(kept);
                }
                None => {
                    let captured = self.log.capture(stdout, origin, tail.clone());
                    self.captures.spawn(captured);
                }
            }
        }
        if let Some(stderr) = spawned.stderr {
            let captured = self
                .log
                .capture(stderr, origin(Stream::Stderr), tail.clone());
            self.captures.spawn(captured);
        }
        if let Purpose::Job(job) = &purpose {
            let spec = job_spec(&self.config, job);
            self.meter.count_start(job, spec.map(|spec| &spec.when));
        }
        let name = self.pid_name(&purpose);
        self.environment.set(&name, pid.to_string());
        self.children.insert(
            run,
            Child {
                purpose,
                pid,
                tail,
                reading,
                is_asked: false,
                started: Instant::now(),
            },
        );
        self.inputs.push_back(Input::RunStarted { run, pid });
    }

    fn launch(&self, command: &Command) -> Result<Launch, String> {
        let (program, args) = command.argv.split_first().ok_or("exec: no command")?;
        let mut launch = Launch::new(program);
        launch.args = args.iter().map(Into::into).collect();
        launch.env = self.environment.for_child(command);
        launch.leaves_rest = command.leaves_rest;
        launch.path = self.environment.get("PATH").map(Into::into);
        launch.cwd = command.cwd.as_ref().map(Into::into);
        launch.identity = account::identity(command.user.as_deref(), command.group.as_deref())?;
        launch.output = match command.output {
            Output::Logged | Output::Metric(_) => reaper::Output::Piped,
            Output::Raw => reaper::Output::Inherit,
        };
        if self.terminal || (command.terminal && has_terminal()) {
            launch.stdin = Stdin::Inherit;
            launch.output = reaper::Output::Inherit;
            launch.foreground = true;
        }
        Ok(launch)
    }

    fn pid_name(&self, purpose: &Purpose) -> String {
        pid_variable(&purpose.to_string())
    }

    fn note_asked(&mut self, run: RunId) {
        if let Some(child) = self.children.get_mut(&run) {
            child.is_asked = true;
        }
    }

    pub(super) fn signal_run(&mut self, run: RunId, signal: Signal) {
        self.reaper.signal(id(run), reaper::Signal(signal.0));
    }

    /// Forces every process of a run's tree to end.
    pub(super) fn kill_tree(&mut self, run: RunId) {
        self.note_asked(run);
        self.reaper.kill_tree(id(run), reaper::Signal::KILL);
    }

    /// Asks every process of a run's tree to end.
    pub(super) fn stop_tree(&mut self, run: RunId, signal: Signal) {
        self.note_asked(run);
        self.reaper.ask(id(run), reaper::Signal(signal.0));
    }

    /// Some child ended: reaps all that did, and tells the core.
    pub(super) fn on_children(&mut self) {
        for change in self.reaper.reap() {
            match change {
                Change::Exited { run, status, rest } => self.on_exited(run, status, rest),
                Change::Gone { run } => {
                    let run = RunId(run.0);
                    self.inputs.push_back(Input::RunGone { run });
                }
                Change::Orphan { .. } => self.meter.registry.orphan(),
            }
        }
    }

    fn on_exited(&mut self, run: reaper::RunId, status: reaper::Status, rest: reaper::Rest) {
        self.say_who_was_short_of_memory();
        if self.on_plugin_exited(run, status, rest) {
            return;
        }
        let run = RunId(run.0);
        let status = match status {
            reaper::Status::Exited(code) => ExitStatus::Exited(code),
            reaper::Status::Signaled { signal, .. } => ExitStatus::Signaled(Signal(signal.0)),
        };
        let child = self.children.remove(&run);
        let output = child.as_ref().and_then(|child| child.tail.as_ref());
        let output = output.map(Tail::finish).unwrap_or_default();
        if let Some(child) = child {
            self.on_child_ended(&child, status);
        }
        self.inputs.push_back(Input::RunExited {
            run,
            status,
            output,
            rest: match rest {
                reaper::Rest::Gone => Rest::Gone,
                reaper::Rest::Remaining => Rest::Remaining,
            },
        });
    }

    fn on_child_ended(&mut self, child: &Child, status: ExitStatus) {
        let name = self.pid_name(&child.purpose);
        // Another command of the same short name may have taken the variable meanwhile.
        if self.environment.get(&name) == Some(child.pid.to_string().as_str()) {
            self.environment.unset(&name);
        }
        let ran = child.started.elapsed();
        let registry = &mut self.meter.registry;
        match &child.purpose {
            Purpose::Job(job) => {
                count_exit(registry, job.as_str(), status, ran);
                self.read_sensor(child, job, status);
            }
            Purpose::Check(job) => registry.check(job.as_str(), status.success(), ran),
            Purpose::TemplateCheck(template) => {
                let command = TemplateCommand::Check;
                registry.template_command(template.as_str(), command, status.success());
            }
            Purpose::Reconfigure(template) => {
                let command = TemplateCommand::OnChange;
                registry.template_command(template.as_str(), command, status.success());
            }
        }
    }

    fn read_sensor(&mut self, child: &Child, job: &JobName, status: ExitStatus) {
        let Some(Reading { metric, text }) = &child.reading else {
            return;
        };
        let limit = job_spec(&self.config, job).and_then(|spec| spec.timeout);
        let limit = limit.filter(|limit| child.started.elapsed() >= *limit);
        let printed = match limit {
            Some(limit) if child.is_asked => Err(Failure::Timeout(limit)),
            // What stops has not failed by doing so.
            None if child.is_asked => return,
            Some(_) | None if status.success() => Ok(text.finish()),
            Some(_) | None => Err(Failure::Exit(status)),
        };
        self.on_sensed(job, metric, printed);
    }

    /// Ends what is left of the helper's descendants: daemons that jobs left behind have nobody
    /// to look after them any more.
    pub(super) async fn end_strays(&mut self, ears: &Ears) {
        for signal in [Signal::TERM, Signal::KILL] {
            // Asking for children costs nothing; looking for descendants does.
            if !self.reaper.has_children() {
                return;
            }
            self.reaper.kill_everything(reaper::Signal(signal.0));
            self.await_strays(ears).await;
        }
    }

    async fn await_strays(&mut self, ears: &Ears) {
        let deadline = tokio::time::Instant::now() + STRAYS;
        loop {
            self.reaper.reap();
            if !self.reaper.has_children() {
                return;
            }
            if tokio::time::timeout_at(deadline, ears.heard())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// What the system says, and which limit it means if it only says that it cannot at the moment.
fn in_words(error: &SpawnError) -> String {
    let limit = match error {
        SpawnError::Refused { errno, .. } if errno.kind() == ErrorKind::WouldBlock => {
            limits::out_of_processes()
        }
        SpawnError::Refused { .. }
        | SpawnError::NoCommand
        | SpawnError::NotInPath { .. }
        | SpawnError::Directory { .. }
        | SpawnError::Taken { .. } => None,
    };
    let limit = limit.map(|limit| format!(" ({limit})"));
    format!("{error}{}", limit.unwrap_or_default())
}

fn id(run: RunId) -> reaper::RunId {
    reaper::RunId(run.0)
}

fn job_spec<'a>(config: &'a Config, job: &JobName) -> Option<&'a JobSpec> {
    config.spec.jobs.iter().find(|spec| spec.name == *job)
}

/// Where the value goes that a command prints, if it is a sensor's.
fn reading(command: &Command) -> Option<Reading> {
    match &command.output {
        Output::Metric(metric) => Some(Reading {
            metric: metric.clone(),
            text: Tail::new(),
        }),
        Output::Logged | Output::Raw => None,
    }
}

fn keeps_tail(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Job(_) => false,
        Purpose::Check(_) | Purpose::TemplateCheck(_) | Purpose::Reconfigure(_) => true,
    }
}
