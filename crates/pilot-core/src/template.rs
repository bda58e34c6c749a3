//! A rendered file: one safe reconfiguration for each burst of changes.
//!
//! ```text
//! Blocked ──data there──▶ Settling ──quiet──▶ Rendering ─▶ Checking ─▶ Installing ─▶ Reconfiguring
//!                            ▲                    │            │           │              │
//!                            └── data changed ── Settled ◀─────┴───────────┴──────────────┘
//!                                                Failed: retried on the next change, or in time
//! ```
//! A change that comes while the machine is busy is remembered, and leads to exactly one more
//! render after it. When the helper stops, the machine ceases: nothing of it goes on.

use std::time::Duration;

use crate::{
    Effect, EventKind, ExitStatus, JobName, Level, Rendering, Rest, Signal, Source, Time,
    effect::Purpose,
    run::{Run, RunId},
    spec::{OnChange, TemplateSpec},
    step::Step,
};

/// How long a check of a candidate may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_INITIAL: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) spec: TemplateSpec,
    pub(crate) state: State,
    /// Data changed while a render was under way.
    dirty: bool,
    failures: u32,
    /// Whether the file is known to hold a rendered text, be it an older one.
    pub(crate) standing: bool,
    /// Whether the application has yet to take up the file as it is now.
    owed: bool,
    /// What was last said of its health.
    told: Option<EventKind>,
    pub(crate) renders: u32,
}

#[derive(Debug)]
pub(crate) enum State {
    Blocked {
        missing: Vec<String>,
    },
    Settling {
        since: Time,
        due: Time,
    },
    Rendering,
    Checking {
        run: Run,
        path: String,
    },
    Installing,
    Reconfiguring {
        run: Run,
    },
    Settled,
    Failed {
        reason: String,
        retry_at: Time,
        retry: Retry,
    },
    Ceased,
}

/// What is tried again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Render,
    Reconfigure,
}

/// What a template asks of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Signal(JobName, Signal),
    Restart(JobName),
}

impl Template {
    pub(crate) fn new(spec: TemplateSpec) -> Self {
        Self {
            spec,
            state: State::Blocked {
                missing: Vec::new(),
            },
            dirty: false,
            failures: 0,
            standing: false,
            owed: false,
            told: None,
            renders: 0,
        }
    }

    fn source(&self) -> Source {
        Source::Template(self.spec.name.clone())
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.state {
            State::Settling { due, .. } => Some(*due),
            State::Checking { run, .. } | State::Reconfiguring { run } => run.deadline(),
            State::Failed { retry_at, .. } => Some(*retry_at),
            State::Blocked { .. }
            | State::Rendering
            | State::Installing
            | State::Settled
            | State::Ceased => None,
        }
    }

    pub(crate) fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Checking { run, .. } | State::Reconfiguring { run } => Some(run),
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Settled
            | State::Failed { .. }
            | State::Ceased => None,
        }
    }

    pub(crate) fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.state {
            State::Checking { run, .. } | State::Reconfiguring { run } => Some(run),
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Settled
            | State::Failed { .. }
            | State::Ceased => None,
        }
    }

    /// What it is made of has changed. The first text is wanted at once; later changes wait for
    /// the burst to end.
    pub(crate) fn on_data_changed(&mut self, step: &mut Step<'_>) {
        let wait = self.spec.wait;
        match &mut self.state {
            State::Blocked { .. } if !self.standing => self.render(step),
            State::Blocked { .. } | State::Settled | State::Failed { .. } => {
                self.state = State::Settling {
                    since: step.now,
                    due: step.now + wait.min,
                };
            }
            State::Settling { since, due } => {
                *due = (step.now + wait.min).min(*since + wait.max);
            }
            State::Rendering
            | State::Checking { .. }
            | State::Installing
            | State::Reconfiguring { .. } => self.dirty = true,
            State::Ceased => {}
        }
    }

    pub(crate) fn on_woken(&mut self, step: &mut Step<'_>) {
        let now = step.now;
        match &mut self.state {
            State::Settling { due, .. } if *due <= now => self.render(step),
            State::Failed {
                retry_at, retry, ..
            } if *retry_at <= now => match retry {
                Retry::Render => self.render(step),
                Retry::Reconfigure => self.run_on_change(step),
            },
            State::Checking { run, .. } | State::Reconfiguring { run } => {
                run.on_woken(None, step);
                if run.over() {
                    self.on_run_over("does not end", step);
                }
            }
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Failed { .. }
            | State::Rendering
            | State::Installing
            | State::Settled
            | State::Ceased => {}
        }
    }

    fn render(&mut self, step: &mut Step<'_>) {
        self.dirty = false;
        self.renders += 1;
        self.state = State::Rendering;
        step.effects.push(Effect::Render {
            template: self.spec.name.clone(),
        });
    }

    /// A render is over. One that nobody waits for any more, since the template ceased or is
    /// another now, leaves nothing behind.
    pub(crate) fn on_rendered(&mut self, rendering: Rendering, step: &mut Step<'_>) {
        if !matches!(self.state, State::Rendering) {
            if let Rendering::Candidate { .. } = rendering {
                self.discard(step);
            }
            return;
        }
        match rendering {
            Rendering::Missing(missing) => {
                self.state = State::Blocked { missing };
                self.catch_up(step);
            }
            Rendering::Unchanged if self.owed => self.run_on_change(step),
            Rendering::Unchanged => self.settle(step),
            Rendering::Candidate { path } => self.check(path, step),
            Rendering::Failed(reason) => self.fail(reason, Retry::Render, step),
        }
    }

    fn check(&mut self, path: String, step: &mut Step<'_>) {
        let Some(command) = &self.spec.check else {
            return self.install(step);
        };
        let mut command = command.clone();
        for argument in &mut command.argv {
            *argument = argument.replace("{}", &path);
        }
        let purpose = Purpose::TemplateCheck(self.spec.name.clone());
        let run = step.spawn(purpose, &command, Some(CHECK_TIMEOUT));
        self.state = State::Checking { run, path };
    }

    fn install(&mut self, step: &mut Step<'_>) {
        self.state = State::Installing;
        step.effects.push(Effect::Install {
            template: self.spec.name.clone(),
        });
    }

    pub(crate) fn on_installed(
        &mut self,
        failure: Option<String>,
        step: &mut Step<'_>,
    ) -> Option<Ask> {
        if !matches!(self.state, State::Installing) {
            return None;
        }
        if let Some(reason) = failure {
            self.fail(reason, Retry::Render, step);
            return None;
        }
        let message = format!("{} written to {}", self.source(), self.spec.destination);
        step.log(Level::Info, message);
        step.publish(EventKind::Changed, self.source());
        let first = !self.standing;
        self.standing = true;
        if first {
            self.tell(EventKind::Healthy, step);
        }
        if first && !step.running {
            // Nothing has been started from an older file, so nothing must take up the new one.
            self.settle(step);
            return None;
        }
        self.reconfigure(step)
    }

    /// Makes the application take up the new file.
    fn reconfigure(&mut self, step: &mut Step<'_>) -> Option<Ask> {
        match &self.spec.on_change {
            OnChange::None => {
                self.settle(step);
                None
            }
            OnChange::Signal { signal, job } => {
                let ask = Ask::Signal(job.clone(), *signal);
                self.settle(step);
                Some(ask)
            }
            OnChange::Restart { job } => {
                let ask = Ask::Restart(job.clone());
                self.settle(step);
                Some(ask)
            }
            OnChange::Exec { .. } => {
                self.run_on_change(step);
                None
            }
        }
    }

    fn run_on_change(&mut self, step: &mut Step<'_>) {
        if let OnChange::Exec { command, timeout } = &self.spec.on_change {
            let purpose = Purpose::Reconfigure(self.spec.name.clone());
            let run = step.spawn(purpose, command, *timeout);
            self.owed = true;
            self.state = State::Reconfiguring { run };
        }
    }

    pub(crate) fn on_started(&mut self, run: RunId, pid: u32) {
        if let Some(own) = self.run_mut().filter(|own| own.id == run) {
            own.pid = Some(pid);
        }
    }

    pub(crate) fn on_failed_to_start(&mut self, run: RunId, reason: &str, step: &mut Step<'_>) {
        let code = 127;
        if self.owns(run) {
            if let Some(own) = self.run_mut() {
                own.on_exited(
                    ExitStatus::Exited(code),
                    Rest::Gone,
                    Duration::ZERO,
                    step.now,
                );
            }
            self.on_run_over(reason, step);
        }
    }

    /// The process of a check or of a reconfiguration ended.
    pub(crate) fn on_exited(
        &mut self,
        run: RunId,
        status: ExitStatus,
        output: &str,
        rest: Rest,
        step: &mut Step<'_>,
    ) {
        if !self.owns(run) {
            return;
        }
        if let Some(own) = self.run_mut() {
            own.on_exited(status, rest, step.stop_timeout, step.now);
        }
        // What it left behind does not matter to the file: the answer is its own status.
        let over = self.on_run_over(output, step);
        step.left_behind.extend(over.filter(|run| !run.over()));
    }

    fn owns(&self, run: RunId) -> bool {
        self.run().is_some_and(|own| own.id == run)
    }

    /// Goes on after a run of its own, and gives that run back.
    fn on_run_over(&mut self, output: &str, step: &mut Step<'_>) -> Option<Run> {
        let (run, checked) = match std::mem::replace(&mut self.state, State::Settled) {
            State::Checking { run, .. } => (run, true),
            State::Reconfiguring { run } => (run, false),
            other @ (State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Settled
            | State::Failed { .. }
            | State::Ceased) => {
                self.state = other;
                return None;
            }
        };
        let status = run.ended.unwrap_or(ExitStatus::Signaled(Signal::KILL));
        match (status.success(), checked) {
            (true, true) => self.install(step),
            (true, false) => self.settle(step),
            (false, true) => {
                self.discard(step);
                let reason = failure(&run.purpose, status, output);
                self.fail(reason, Retry::Render, step);
            }
            (false, false) => {
                let reason = failure(&run.purpose, status, output);
                self.fail(reason, Retry::Reconfigure, step);
            }
        }
        Some(run)
    }

    fn discard(&self, step: &mut Step<'_>) {
        step.effects.push(Effect::Discard {
            template: self.spec.name.clone(),
        });
    }

    /// The file holds what it should, and whoever needed to know was told.
    fn settle(&mut self, step: &mut Step<'_>) {
        self.failures = 0;
        self.owed = false;
        self.standing = true;
        self.state = State::Settled;
        self.tell(EventKind::Healthy, step);
        self.catch_up(step);
    }

    /// Says how it is, if that is news.
    fn tell(&mut self, health: EventKind, step: &mut Step<'_>) {
        if self.told.replace(health) != Some(health) {
            step.publish(health, self.source());
        }
    }

    /// The last good file stays; the failure is told once, and the work is tried again.
    fn fail(&mut self, reason: String, retry: Retry, step: &mut Step<'_>) {
        let pause = RETRY_INITIAL
            .saturating_mul(1 << self.failures.min(10))
            .min(RETRY_MAX);
        let pause = step.jitter(pause).min(RETRY_MAX);
        let message = format!("{}: {reason}; next try in {pause:.1?}", self.source());
        step.log(Level::Error, message);
        self.tell(EventKind::Unhealthy, step);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Failed {
            reason,
            retry_at: step.now + pause,
            retry,
        };
        self.catch_up(step);
    }

    fn catch_up(&mut self, step: &mut Step<'_>) {
        if std::mem::take(&mut self.dirty) {
            self.on_data_changed(step);
        }
    }

    /// The helper stops or the template is dropped: nothing of it goes on.
    pub(crate) fn cease(&mut self, step: &mut Step<'_>) {
        if let Some(run) = self.run_mut() {
            run.kill(step);
        }
        if matches!(self.state, State::Checking { .. }) {
            self.discard(step);
        }
        self.state = State::Ceased;
    }
}

fn failure(purpose: &Purpose, status: ExitStatus, output: &str) -> String {
    if output.is_empty() {
        format!("{purpose} failed with {status}")
    } else {
        format!("{purpose} failed with {status}: {}", output.trim_end())
    }
}
