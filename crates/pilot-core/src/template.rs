//! A rendered file: one safe reconfiguration for each burst of changes.
//!
//! ```text
//! Blocked ─data there─▶ Settling ─quiet─▶ Rendering ─▶ Checking ─▶ Installing ─▶ Written ─▶ Reconfiguring
//!                          ▲                  │            │           │                      │
//!                          └─ data changed ─ Settled ◀─────┴───────────┴──────────────────────┘
//!                                            Failed: retried on the next change, or in time
//! ```
//! A change that comes while the machine is busy is remembered, and leads to exactly one more
//! render after it. When a written file is taken up, the supervisor decides, since templates share
//! commands. When the helper stops, the machine ceases: nothing of it goes on.
//!
//! Where templates are rendered once, a failure is final and what stands is not touched again.

use std::time::Duration;

use crate::{
    Effect, EventKind, ExitStatus, Level, Rendering, Rest, Signal, Source, Time,
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
    /// The first run that can have read the file as it is now.
    pub(crate) read_by: RunId,
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
    /// In place, and waiting to be taken up.
    Written,
    /// The command that takes it up runs.
    Reconfiguring,
    Settled,
    Failed {
        reason: String,
        /// None is never.
        retry_at: Option<Time>,
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
            read_by: RunId(0),
            told: None,
            renders: 0,
        }
    }

    pub(crate) fn source(&self) -> Source {
        Source::Template(self.spec.name.clone())
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.state {
            State::Settling { due, .. } => Some(*due),
            State::Checking { run, .. } => run.deadline(),
            State::Failed { retry_at, .. } => *retry_at,
            State::Blocked { .. }
            | State::Rendering
            | State::Installing
            | State::Written
            | State::Reconfiguring
            | State::Settled
            | State::Ceased => None,
        }
    }

    /// Whether a text is being made of what is known now.
    pub(crate) fn at_work(&self) -> bool {
        match self.state {
            State::Rendering | State::Checking { .. } | State::Installing => true,
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Written
            | State::Reconfiguring
            | State::Settled
            | State::Failed { .. }
            | State::Ceased => false,
        }
    }

    /// Whether a change is on its way through it.
    pub(crate) fn under_way(&self) -> bool {
        self.at_work() || matches!(self.state, State::Written | State::Reconfiguring)
    }

    /// Whether its file waits for a command that has to run, for the first time or once more.
    pub(crate) fn waits_for_a_command(&self) -> bool {
        match &self.state {
            State::Written => true,
            State::Failed {
                retry, retry_at, ..
            } => *retry == Retry::Reconfigure && retry_at.is_some(),
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Checking { .. }
            | State::Installing
            | State::Reconfiguring
            | State::Settled
            | State::Ceased => false,
        }
    }

    pub(crate) fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Checking { run, .. } => Some(run),
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Written
            | State::Reconfiguring
            | State::Settled
            | State::Failed { .. }
            | State::Ceased => None,
        }
    }

    pub(crate) fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.state {
            State::Checking { run, .. } => Some(run),
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Written
            | State::Reconfiguring
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
            State::Settled | State::Failed { .. } if step.renders_once() => {}
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
            | State::Written
            | State::Reconfiguring => self.dirty = true,
            State::Ceased => {}
        }
    }

    pub(crate) fn on_woken(&mut self, step: &mut Step<'_>) {
        let now = step.now;
        match &mut self.state {
            State::Settling { due, .. } if *due <= now => self.render(step),
            State::Failed {
                retry_at: Some(at),
                retry,
                ..
            } if *at <= now => match retry {
                Retry::Render => self.render(step),
                Retry::Reconfigure => self.state = State::Written,
            },
            State::Checking { run, .. } => {
                run.on_woken(None, step);
                if run.over() {
                    self.on_checked("does not end", step);
                }
            }
            State::Blocked { .. }
            | State::Settling { .. }
            | State::Failed { .. }
            | State::Rendering
            | State::Installing
            | State::Written
            | State::Reconfiguring
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
            Rendering::Unchanged if self.owed => self.state = State::Written,
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

    /// The candidate was put in place, or could not be; tells whether it was.
    pub(crate) fn on_installed(&mut self, failure: Option<String>, step: &mut Step<'_>) -> bool {
        if !matches!(self.state, State::Installing) {
            return false;
        }
        if let Some(reason) = failure {
            self.fail(reason, Retry::Render, step);
            return false;
        }
        let message = format!("{} written to {}", self.source(), self.spec.destination);
        step.log(Level::Info, message);
        step.publish(EventKind::Changed, self.source());
        self.read_by = step.next_run();
        let first = !self.standing && !step.takes_up_first_texts();
        self.standing = true;
        if first {
            self.tell(EventKind::Healthy, step);
        }
        // Where nothing has been started from an older file, nothing must take up the new one.
        if self.spec.on_change == OnChange::None || (first && !step.running) {
            self.settle(step);
        } else {
            self.owed = true;
            self.state = State::Written;
        }
        true
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
            self.on_checked(reason, step);
        }
    }

    /// The process of a check ended.
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
        let over = self.on_checked(output, step);
        step.left_behind.extend(over.filter(|run| !run.over()));
    }

    fn owns(&self, run: RunId) -> bool {
        self.run().is_some_and(|own| own.id == run)
    }

    /// Goes on after a check, and gives its run back.
    fn on_checked(&mut self, output: &str, step: &mut Step<'_>) -> Option<Run> {
        let run = match std::mem::replace(&mut self.state, State::Settled) {
            State::Checking { run, .. } => run,
            other @ (State::Blocked { .. }
            | State::Settling { .. }
            | State::Rendering
            | State::Installing
            | State::Written
            | State::Reconfiguring
            | State::Settled
            | State::Failed { .. }
            | State::Ceased) => {
                self.state = other;
                return None;
            }
        };
        let status = run.ended.unwrap_or(ExitStatus::Signaled(Signal::KILL));
        if status.success() {
            self.install(step);
        } else {
            self.discard(step);
            let reason = failure(&run.purpose, status, output);
            self.fail(reason, Retry::Render, step);
        }
        Some(run)
    }

    fn discard(&self, step: &mut Step<'_>) {
        step.effects.push(Effect::Discard {
            template: self.spec.name.clone(),
        });
    }

    /// The file holds what it should, and whoever needed to know was told.
    pub(crate) fn settle(&mut self, step: &mut Step<'_>) {
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

    /// The last good file stays; the failure is told, and the work is tried again.
    fn fail(&mut self, reason: String, retry: Retry, step: &mut Step<'_>) {
        let retry_at = self.next_try(step);
        report(&self.source().to_string(), &reason, retry_at, step);
        self.fail_until(retry_at, reason, retry, step);
    }

    /// When what failed is tried again.
    pub(crate) fn next_try(&self, step: &mut Step<'_>) -> Option<Time> {
        let pause = RETRY_INITIAL
            .saturating_mul(1 << self.failures.min(10))
            .min(RETRY_MAX);
        let pause = step.jitter(pause).min(RETRY_MAX);
        (!step.renders_once()).then_some(step.now + pause)
    }

    pub(crate) fn fail_until(
        &mut self,
        retry_at: Option<Time>,
        reason: String,
        retry: Retry,
        step: &mut Step<'_>,
    ) {
        self.tell(EventKind::Unhealthy, step);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Failed {
            reason,
            retry_at,
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

/// Says what failed, and when it is tried again.
pub(crate) fn report(whose: &str, reason: &str, retry_at: Option<Time>, step: &mut Step<'_>) {
    let message = match retry_at.map(|at| at - step.now) {
        Some(pause) => format!("{whose}: {reason}; next try in {pause:.1?}"),
        None => format!("{whose}: {reason}"),
    };
    step.log(Level::Error, message);
}

pub(crate) fn failure(purpose: &Purpose, status: ExitStatus, output: &str) -> String {
    if output.is_empty() {
        format!("{purpose} failed with {status}")
    } else {
        format!("{purpose} failed with {status}: {}", output.trim_end())
    }
}
