//! The whole: owns every job, watch and template, and the order in which they hear of events.

mod address;
mod change;
mod fact;
mod finish;
mod reload;
mod rendering;
mod route;
mod signal;
mod turn;

use std::{collections::VecDeque, time::Duration};

use self::{change::Changes, signal::Meaning};
use crate::{
    Effect, Event, EventKind, Input, JobCommand, JobName, Level, Source, Spec, Time,
    job::{Job, Then},
    run::Run,
    spec::{AskedStatus, Signals, Stay, Turn},
    step::{Ids, Step},
    template::Template,
    watch::Watch,
};

/// Owns every job, watch and template.
#[derive(Debug)]
pub struct Supervisor {
    pub(crate) jobs: Vec<Job>,
    pub(crate) watches: Vec<Watch>,
    pub(crate) templates: Vec<Template>,
    stop_timeout: Duration,
    signals: Signals,
    asked_status: AskedStatus,
    stay: Stay,
    /// When the catalog was lost, if it has not come back.
    lost_at: Option<Time>,
    /// When everything began, as long as nobody was told what a helper that renders once waits for.
    begun_at: Option<Time>,
    changes: Changes,
    pub(crate) maintenance: bool,
    pub(crate) life: Life,
    /// What came before everything was in place; it is taken up then.
    early: Vec<Input>,
    /// A reload that waits until a job is over that it takes away.
    postponed: Option<Box<Spec>>,
    /// Runs whose answer has been taken, though something of their tree remains.
    left_behind: Vec<Run>,
    ids: Ids,
}

/// How many early inputs are kept; they come from people, within the moments of a start.
const EARLY: usize = 64;

/// Where the helper is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Nothing has been started; a request to stop is honoured all the same.
    Starting,
    Running,
    Stopping(Stopping),
    Exited,
}

/// A stop of the helper that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopping {
    /// How often somebody has asked for it.
    asked: u32,
    verdict: Verdict,
}

/// What the status will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Somebody asked for the stop: what the spec says of that, and how the jobs end.
    Asked,
    /// This one, decided by what ended before the stop.
    Decided(u8),
    /// That of a job with a veto, which nothing but a later veto changes.
    Vetoed(u8),
}

impl Supervisor {
    /// Takes a specification, and a seed for the spread of its pauses.
    pub fn new(spec: Spec, seed: u64) -> Self {
        Self {
            jobs: spec.jobs.into_iter().map(Job::new).collect(),
            watches: spec.watches.into_iter().map(Watch::new).collect(),
            templates: spec.templates.into_iter().map(Template::new).collect(),
            stop_timeout: spec.stop_timeout,
            signals: spec.signals,
            asked_status: spec.asked_status,
            stay: spec.stay,
            lost_at: None,
            begun_at: None,
            changes: Changes::new(spec.after_changes),
            maintenance: false,
            life: Life::Starting,
            early: Vec::new(),
            postponed: None,
            left_behind: Vec::new(),
            ids: Ids::new(seed),
        }
    }

    /// Takes one fact and gives the orders that follow from it. Every job hears every event in
    /// the same order.
    #[must_use = "effects are orders; perform all of them, in order"]
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Effect> {
        if self.life == Life::Exited {
            return Vec::new();
        }
        let mut ids = std::mem::replace(&mut self.ids, Ids::new(1));
        let mut step = Step {
            now,
            stop_timeout: self.stop_timeout,
            maintenance: self.maintenance,
            stay: self.stay,
            running: self.jobs.iter().any(|job| job.run().is_some()),
            bus: VecDeque::new(),
            effects: Vec::new(),
            left_behind: Vec::new(),
            ids: &mut ids,
        };
        self.on_input(input, &mut step);
        self.take_up_changes(&mut step);
        self.heed_vetoes(&mut step);
        self.drain(&mut step);
        self.finish(&mut step);
        self.left_behind.append(&mut step.left_behind);
        let effects = step.effects;
        self.ids = ids;
        effects
    }

    /// When to call `handle(.., Input::Woken)` at the latest.
    pub fn next_deadline(&self) -> Option<Time> {
        if matches!(self.life, Life::Starting | Life::Exited) {
            return None;
        }
        let jobs = self.jobs.iter().filter_map(|job| {
            let hooks = job.awaits_hooks_until();
            [job.deadline(), hooks].into_iter().flatten().min()
        });
        let watches = self.watches.iter().filter_map(Watch::deadline);
        let templates = self.templates.iter().filter_map(Template::deadline);
        let left_behind = self.left_behind.iter().filter_map(Run::deadline);
        let changes = self.changes.deadline().into_iter();
        let patience = self.patience_ends().into_iter().chain(self.silence_ends());
        let rest = left_behind.chain(changes).chain(patience);
        jobs.chain(watches).chain(templates).chain(rest).min()
    }

    fn on_input(&mut self, input: Input, step: &mut Step<'_>) {
        if self.life == Life::Starting && !self.matters_before_the_start(&input) {
            return self.keep_for_the_start(input, step);
        }
        match input {
            Input::Started => self.on_begun(step),
            Input::Woken => self.on_woken(step),
            Input::SignalArrived(signal) => self.on_signal(signal, step),
            Input::RunStarted { run, pid } => self.on_run_started(run, pid),
            Input::RunFailedToStart { run, reason, code } => {
                self.on_run_failed_to_start(run, &reason, code, step);
            }
            Input::RunExited {
                run,
                status,
                output,
                rest,
            } => self.on_run_exited(run, status, &output, rest, step),
            Input::RunGone { run } => self.on_run_gone(run, step),
            Input::CatalogLost => self.lost_at = self.lost_at.or(Some(step.now)),
            Input::CatalogBack => self.lost_at = None,
            Input::Withdrawn { job } => self.with_job(&job, |job| job.on_withdrawn(step)),
            Input::AddressFound {
                job,
                address,
                reason,
            } => self.on_address_found(&job, &address, &reason, step),
            Input::AddressMissing { job, reason } => {
                self.with_job(&job, |job| job.on_address_missing(reason, step));
            }
            Input::WatchAnswered { watch, sight } => {
                self.with_watch(&watch, |w| w.on_answered(sight, step));
            }
            Input::WatchLost { watch, reason } => {
                self.with_watch(&watch, |w| w.on_lost(reason, step));
            }
            Input::WatchBack { watch } => self.with_watch(&watch, |w| w.on_back(step)),
            Input::TemplateDataChanged { template } => {
                self.with_template(&template, |t| t.on_data_changed(step));
            }
            Input::TemplateRendered {
                template,
                rendering,
            } => self.with_template(&template, |t| t.on_rendered(rendering, step)),
            Input::TemplateInstalled { template, failure } => {
                self.on_template_installed(&template, failure, step);
            }
            Input::MaintenanceRequested { enable } => self.on_maintenance(enable, step),
            Input::JobCommanded { job, command } => self.on_job_commanded(&job, command, step),
            Input::Reloaded(spec) => self.on_reloaded(*spec, step),
        }
    }

    fn matters_before_the_start(&self, input: &Input) -> bool {
        match input {
            Input::Started => true,
            Input::SignalArrived(signal) => self.meaning(*signal) == Meaning::Stop,
            Input::Woken
            | Input::RunStarted { .. }
            | Input::RunFailedToStart { .. }
            | Input::RunExited { .. }
            | Input::RunGone { .. }
            | Input::CatalogLost
            | Input::CatalogBack
            | Input::Withdrawn { .. }
            | Input::AddressFound { .. }
            | Input::AddressMissing { .. }
            | Input::WatchAnswered { .. }
            | Input::WatchLost { .. }
            | Input::WatchBack { .. }
            | Input::TemplateDataChanged { .. }
            | Input::TemplateRendered { .. }
            | Input::TemplateInstalled { .. }
            | Input::MaintenanceRequested { .. }
            | Input::JobCommanded { .. }
            | Input::Reloaded(_) => false,
        }
    }

    fn keep_for_the_start(&mut self, input: Input, step: &mut Step<'_>) {
        if input == Input::Woken {
            return;
        }
        if self.early.len() < EARLY {
            self.early.push(input);
        } else {
            step.log(
                Level::Warn,
                "too much before the start: passed over".to_owned(),
            );
        }
    }

    /// Everything is in place: follow, load, and let `startup` ring.
    fn on_begun(&mut self, step: &mut Step<'_>) {
        if self.life != Life::Starting {
            return;
        }
        self.life = Life::Running;
        self.begun_at = Some(step.now);
        self.refresh_hook_budgets();
        for watch in &self.watches {
            let watch = watch.spec.clone();
            step.effects.push(Effect::Follow { watch });
        }
        for template in &self.templates {
            let template = Box::new(template.spec.clone());
            step.effects.push(Effect::LoadTemplate { template });
        }
        for job in &mut self.jobs {
            job.activate(step);
        }
        step.publish(EventKind::Startup, Source::Global);
        for input in std::mem::take(&mut self.early) {
            self.drain(step);
            self.on_input(input, step);
        }
    }

    fn on_woken(&mut self, step: &mut Step<'_>) {
        for job in &mut self.jobs {
            job.on_woken(step);
        }
        for watch in &mut self.watches {
            watch.on_woken(step);
        }
        for template in &mut self.templates {
            template.on_woken(step);
        }
        self.on_changes_woken(step);
        for run in &mut self.left_behind {
            run.on_woken(None, step);
        }
        self.left_behind.retain(|run| !run.over());
    }

    /// Somebody asks the helper to stop: gently, at the second time without waiting for others,
    /// at the third without asking the processes.
    fn on_stop_asked(&mut self, step: &mut Step<'_>) {
        match &mut self.life {
            Life::Starting => {
                self.jobs.iter_mut().for_each(Job::end_unstarted);
                self.begin_shutdown(Verdict::Asked, step);
            }
            Life::Running => self.begin_shutdown(Verdict::Asked, step),
            Life::Stopping(stopping) => {
                stopping.asked += 1;
                let asked = stopping.asked;
                self.on_stop_asked_again(asked, step);
            }
            Life::Exited => {}
        }
    }

    fn on_stop_asked_again(&mut self, asked: u32, step: &mut Step<'_>) {
        match asked {
            0 | 1 => step.log(Level::Info, "asked to stop: already stopping".into()),
            2 => {
                step.log(
                    Level::Warn,
                    "asked to stop again: not waiting any longer".into(),
                );
                self.let_all_leave(step);
                self.jobs.iter_mut().for_each(|job| job.hasten(step));
            }
            3.. => {
                step.log(Level::Warn, "asked to stop once more: killing".into());
                self.let_all_leave(step);
                self.jobs.iter_mut().for_each(|job| job.kill(step));
            }
        }
    }

    fn begin_shutdown(&mut self, verdict: Verdict, step: &mut Step<'_>) {
        let asked = u32::from(verdict == Verdict::Asked);
        self.life = Life::Stopping(Stopping { asked, verdict });
        step.publish(EventKind::Shutdown, Source::Global);
        self.cease(step);
    }

    /// Ends what no job owns.
    fn cease(&mut self, step: &mut Step<'_>) {
        for template in &mut self.templates {
            template.cease(step);
        }
        self.changes.cease(step);
        self.left_behind.append(&mut step.left_behind);
        for run in &mut self.left_behind {
            run.kill(step);
        }
    }

    fn on_maintenance(&mut self, enable: bool, step: &mut Step<'_>) {
        if self.maintenance == enable {
            return;
        }
        let kind = if enable {
            self.jobs
                .iter_mut()
                .for_each(|job| job.enter_maintenance(step));
            EventKind::EnterMaintenance
        } else {
            step.maintenance = false;
            self.jobs
                .iter_mut()
                .for_each(|job| job.exit_maintenance(step));
            EventKind::ExitMaintenance
        };
        self.maintenance = enable;
        step.maintenance = enable;
        step.publish(kind, Source::Global);
    }

    fn on_job_commanded(&mut self, name: &JobName, command: JobCommand, step: &mut Step<'_>) {
        if self.life != Life::Running {
            return;
        }
        match command {
            JobCommand::Start => self.with_job(name, |job| job.start_by_hand(step)),
            JobCommand::Stop => self.with_job(name, |job| job.begin_stop(Then::Hold, step)),
            JobCommand::Restart => self.with_job(name, |job| job.restart_by_hand(step)),
            JobCommand::Signal(signal) => {
                if let Some(run) = self.job(name).and_then(Job::run).filter(|run| run.alive()) {
                    let run = run.id;
                    step.effects.push(Effect::Signal { run, signal });
                }
            }
        }
    }

    /// Lets every job hear every event, and moves stops along, until nothing moves any more.
    fn drain(&mut self, step: &mut Step<'_>) {
        loop {
            while let Some(event) = step.bus.pop_front() {
                self.on_event(&event, step);
            }
            self.rearm_turns();
            let moved = self.move_stops_along(step)
                || self.let_go(step)
                || self.replace_superseded(step)
                || self.let_leave(step);
            let moved = moved || (step.bus.is_empty() && self.take_up_postponed(step));
            if !moved && step.bus.is_empty() {
                break;
            }
        }
    }

    fn on_event(&mut self, event: &Event, step: &mut Step<'_>) {
        if event.kind == EventKind::Shutdown {
            return self.on_shutdown(step);
        }
        let by_itself = self.tells_of_an_end(event);
        let of_nothing = self.tells_of_no_run(event);
        for job in &mut self.jobs {
            let has_its_turn = match job.spec.turn {
                Turn::Always => true,
                Turn::WhileRunning => !by_itself,
                Turn::AfterARun => !of_nothing,
            };
            if has_its_turn {
                job.on_event(event, step);
            }
        }
    }

    pub(crate) fn job(&self, name: &JobName) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name() == name)
    }
}
