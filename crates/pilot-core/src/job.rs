//! One job: when it starts, what follows a run, how it stops.
//!
//! ```text
//! Waiting ──start event──▶ Running ──run over──▶ BackingOff ──▶ Running …
//!    │                        │ └──▶ Idle (each, interval, signal) ──▶ Running …
//!    │ gives up               │ last run over, or asked to stop
//!    ▼                        ▼
//! Stopping: Withdrawing → Draining → Hooks → Ending ──▶ Complete | Held | fresh again
//! ```
//! A stop always takes the same road, whether the job ended by itself, the helper shuts down, a
//! reload changed the job, or a person asked: out of the catalog, a pause for clients to notice,
//! the `stopping` event and the jobs that run on it, the signal, KILL when the budget is spent,
//! and `stopped` when no process is left. `Up` is the running of a job without a process.
//!
//! A job that runs on the `stopping` or `stopped` of another has its turn in that other's stop.
//! While the helper stops, or a reload takes it away, it stays until its turn has come or cannot
//! come any more; when that other begins a new life, it is made ready for one more turn.

mod address;
mod health;
mod maintenance;
mod start;
mod stop;

use address::Whereabouts;
pub(crate) use health::{Health, HealthStatus};
pub(crate) use stop::{Leaving, Stop, StopPhase, Then};

use std::time::Duration;

use crate::{
    Event, EventKind, ExitStatus, JobName, Signal, Source, Time,
    run::Run,
    spec::{Condition, JobSpec, Restarts, Role, Status, When},
    step::Step,
};

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) spec: JobSpec,
    pub(crate) state: State,
    /// Events of an `all` condition that have occurred since the last start.
    occurred: Vec<Event>,
    /// Whether its `when` counts.
    release: Release,
    restarts: Restarts,
    /// Restarts since the last run that was long enough to count as stable.
    failures: u32,
    tick_at: Option<Time>,
    pub(crate) health: Health,
    pub(crate) catalog: Catalog,
    address: Whereabouts,
    /// Runs so far.
    pub(crate) runs: u32,
    pub(crate) last_exit: Option<ExitStatus>,
    /// How a run of it failed that has a say in the end of the helper.
    pub(crate) veto: Option<ExitStatus>,
    /// A start is to be made good when maintenance ends.
    owed: bool,
    /// The helper is stopping, so nothing is started that is not part of the stop.
    quitting: bool,
    /// Its start event may start it once more, though a run is on and its `when` says `once`.
    turn_ahead: bool,
    /// It has begun a new life, so the jobs that run on its stop must be made ready.
    pub(crate) fresh: bool,
    /// A reload takes it away as soon as no turn of it is ahead.
    pub(crate) leaving: Option<Leaving>,
    /// How long its stop may wait for the jobs that run on its `stopping`.
    pub(crate) hook_budget: Duration,
}

/// Where a job is in its life; each state carries exactly what it needs.
#[derive(Debug)]
pub(crate) enum State {
    Waiting {
        give_up_at: Option<Time>,
    },
    Idle,
    BackingOff {
        until: Time,
    },
    Running {
        run: Run,
        after: After,
    },
    Up,
    Stopping(Stop),
    Held,
    Complete(Outcome),
    /// Its stop for a reload is over; the supervisor puts what follows in its place.
    Superseded(Option<Box<JobSpec>>),
}

/// How far it is from what must have been before its `when` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    Awaited,
    /// It has been, and is still to settle.
    Settling {
        until: Time,
    },
    Given,
}

/// What follows a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// What the restart policy says.
    Decide,
    /// One more run, since its start event came meanwhile.
    Again,
}

/// How a job stands in the catalog, as far as the core has ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catalog {
    Out,
    In(Status),
}

/// How a job came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The status of its last run, if it had one.
    pub(crate) status: Option<ExitStatus>,
    /// Whether it ended by itself rather than being asked to.
    pub(crate) natural: bool,
    /// Whether it had to be killed.
    pub(crate) killed: bool,
    /// When it was over.
    pub(crate) at: Time,
}

impl Job {
    pub(crate) fn new(spec: JobSpec) -> Self {
        Self {
            state: State::Waiting { give_up_at: None },
            occurred: Vec::new(),
            release: if spec.after.is_some() {
                Release::Awaited
            } else {
                Release::Given
            },
            restarts: spec.restarts,
            failures: 0,
            tick_at: None,
            health: Health::default(),
            catalog: Catalog::Out,
            address: Whereabouts::default(),
            runs: 0,
            last_exit: None,
            veto: None,
            owed: false,
            quitting: false,
            turn_ahead: false,
            fresh: false,
            leaving: None,
            hook_budget: Duration::ZERO,
            spec,
        }
    }

    pub(crate) fn name(&self) -> &JobName {
        &self.spec.name
    }

    fn source(&self) -> Source {
        Source::Job(self.spec.name.clone())
    }

    /// Begins to wait for its start event.
    pub(crate) fn activate(&mut self, step: &mut Step<'_>) {
        self.state = State::Waiting {
            give_up_at: self.spec.start_within.map(|limit| step.now + limit),
        };
        self.await_address(step);
        self.register_initially(step);
    }

    /// Enters the catalog with the status that the configuration names, before any check.
    fn register_initially(&mut self, step: &mut Step<'_>) {
        let service = self.spec.service.as_ref();
        let Some(status) = service.and_then(|service| service.initial_status) else {
            return;
        };
        if self.catalog != Catalog::Out
            || self.is_unattended(step)
            || self.spec.address_within.is_some()
        {
            return;
        }
        let message = format!(
            "Registering service {} with initial status set to {}",
            self.spec.name,
            status.word()
        );
        step.log(crate::Level::Info, message);
        self.publish_status(status, String::new(), step);
    }

    /// The earliest moment at which the job has something to do.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let own = match &self.state {
            State::Waiting { give_up_at } => *give_up_at,
            State::BackingOff { until } => Some(*until),
            State::Running { run, .. } => run.deadline(),
            State::Stopping(stop) => stop.deadline(),
            State::Idle | State::Up | State::Held | State::Complete(_) | State::Superseded(_) => {
                None
            }
        };
        let tick = self.ticking().then_some(self.tick_at).flatten();
        let (settled, address) = (self.settled_at(), self.address_deadline());
        [own, tick, settled, address, self.health.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn ticking(&self) -> bool {
        match self.state {
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Running { .. }
            | State::Up => true,
            State::Stopping(_) | State::Held | State::Complete(_) | State::Superseded(_) => false,
        }
    }

    /// Does whatever is due.
    pub(crate) fn on_woken(&mut self, step: &mut Step<'_>) {
        self.on_settled(step);
        self.on_tick(step);
        self.on_address_overdue(step);
        self.on_health_woken(step);
        match &mut self.state {
            State::Waiting { give_up_at } => {
                if give_up_at.is_some_and(|at| at <= step.now) {
                    self.give_up(step);
                }
            }
            State::BackingOff { until } => {
                if *until <= step.now {
                    self.start_next(step);
                }
            }
            State::Running { run, .. } => {
                // A bound that nobody configured is no reason to kill without asking.
                let unnamed = self.quitting && self.spec.timeout.is_none();
                let grace = unnamed.then(|| step.turn_budget());
                run.on_woken(self.spec.stop.timeout.or(grace), step);
                self.go_on_without_a_stuck_run(step);
            }
            State::Stopping(_) => self.on_stop_woken(step),
            State::Idle | State::Up | State::Held | State::Complete(_) | State::Superseded(_) => {}
        }
    }

    /// The start event did not come in time. A job that runs on another's stop stays: its time
    /// comes later.
    fn give_up(&mut self, step: &mut Step<'_>) {
        step.publish(EventKind::TimerExpired, self.source());
        if self.runs_on_a_stop() {
            self.state = State::Waiting { give_up_at: None };
        } else {
            // Whoever waits for the essential job waits for nothing from now on.
            let natural = self.spec.role == Role::Essential;
            self.begin_stop(Then::Complete { natural }, step);
        }
    }

    /// Hears an event of the bus.
    pub(crate) fn on_event(&mut self, event: &Event, step: &mut Step<'_>) {
        if self.concerns(event, step.now) {
            self.on_start_event(step);
        }
    }

    /// Whether the event makes its condition hold. What follows the end of its own run is said by
    /// its restarts, so that end is no start event (ContainerPilot 3.8: jobs.go processEvent).
    fn concerns(&mut self, event: &Event, now: Time) -> bool {
        let ends = [EventKind::ExitSuccess, EventKind::ExitFailed].contains(&event.kind);
        if ends && event.source == self.source() {
            return false;
        }
        let awaits = self.release == Release::Awaited;
        let releases = awaits && self.spec.after.as_ref() == Some(event) && self.let_settle(now);
        let counts = self.release == Release::Given;
        match &self.spec.when {
            When::Once(condition) | When::Each(condition) => {
                let awaited = condition.events().contains(&event);
                if awaited && !self.occurred.contains(event) {
                    self.occurred.push(event.clone());
                }
                counts && (awaited || releases) && self.takes_what_occurred()
            }
            When::OnSignal(signal) => counts && event.source == Source::Signal(*signal),
            When::Every(_) => {
                let started = *event == Event::global(EventKind::Startup);
                releases || (counts && started)
            }
        }
    }

    /// What must have been has been. Tells whether its `when` counts from now on.
    fn let_settle(&mut self, now: Time) -> bool {
        self.release = if self.spec.settle.is_zero() {
            Release::Given
        } else {
            Release::Settling {
                until: now + self.spec.settle,
            }
        };
        self.release == Release::Given
    }

    /// When its `when` begins to count, if that is to come by itself.
    fn settled_at(&self) -> Option<Time> {
        match self.release {
            Release::Settling { until } => self.ticking().then_some(until),
            Release::Awaited | Release::Given => None,
        }
    }

    /// Makes good what came before its `when` counted.
    fn on_settled(&mut self, step: &mut Step<'_>) {
        if self.settled_at().is_none_or(|at| at > step.now) {
            return;
        }
        self.release = Release::Given;
        let due = match &self.spec.when {
            When::Once(_) | When::Each(_) => self.takes_what_occurred(),
            When::Every(_) => true,
            When::OnSignal(_) => false,
        };
        if due {
            self.on_start_event(step);
        }
    }

    /// Whether its condition holds by now; it then begins anew.
    fn takes_what_occurred(&mut self) -> bool {
        let (When::Once(condition) | When::Each(condition)) = &self.spec.when else {
            return false;
        };
        let holds = holds(condition, &|event| self.occurred.contains(event));
        if holds {
            self.occurred.clear();
        }
        holds
    }

    /// The events that must be for it to start.
    pub(crate) fn start_events(&self) -> Vec<&Event> {
        let own = match &self.spec.when {
            When::Once(condition) | When::Each(condition) => condition.events(),
            When::Every(_) | When::OnSignal(_) => Vec::new(),
        };
        own.into_iter().chain(&self.spec.after).collect()
    }

    /// Takes up events from before it was there; a job that joins by a reload must not wait for
    /// what has already been.
    pub(crate) fn catch_up(&mut self, happened: Vec<Event>, step: &mut Step<'_>) {
        // What has been for a while has settled: the application is up when a file is changed.
        let after = self.spec.after.as_ref();
        if after.is_none_or(|after| happened.contains(after)) {
            self.release = Release::Given;
        }
        let due = match &self.spec.when {
            When::Once(condition) | When::Each(condition) => {
                holds(condition, &|event| happened.contains(event))
            }
            When::Every(_) => true,
            When::OnSignal(_) => false,
        };
        if due && self.release == Release::Given {
            self.on_start_event(step);
        } else {
            self.occurred = happened;
        }
    }

    /// Whether it waits for this signal, which the main application then does not get.
    pub(crate) fn claims(&self, signal: Signal) -> bool {
        match &self.spec.when {
            When::OnSignal(claimed) => *claimed == signal,
            When::Once(condition) | When::Each(condition) => {
                let events = condition.events();
                events.iter().any(|e| e.source == Source::Signal(signal))
            }
            When::Every(_) => false,
        }
    }

    /// Whether it runs on the `stopping` or `stopped` of some job, and so belongs to the stop.
    pub(crate) fn runs_on_a_stop(&self) -> bool {
        self.spec.runs_on_a_stop()
    }

    /// The jobs on whose `stopping` or `stopped` it runs.
    pub(crate) fn stop_sources(&self) -> Vec<&JobName> {
        self.spec.stop_sources()
    }

    /// Whether that job's stop must wait for this one.
    pub(crate) fn is_hook_of(&self, job: &JobName) -> bool {
        self.spec.is_hook_of(job)
    }

    /// Whether it has a run on or ahead, as opposed to waiting for an event or being over.
    pub(crate) fn busy(&self) -> bool {
        match self.state {
            State::BackingOff { .. } | State::Running { .. } | State::Stopping(_) => true,
            State::Waiting { .. }
            | State::Idle
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => false,
        }
    }

    pub(crate) fn complete(&self) -> bool {
        self.outcome().is_some()
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self.state {
            State::Complete(outcome) => Some(outcome),
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Running { .. }
            | State::Up
            | State::Stopping(_)
            | State::Held
            | State::Superseded(_) => None,
        }
    }

    /// The run of the job's own process, if there is one.
    pub(crate) fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Running { run, .. } => Some(run),
            State::Stopping(stop) => stop.run.as_ref(),
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => None,
        }
    }

    pub(crate) fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.state {
            State::Running { run, .. } => Some(run),
            State::Stopping(stop) => stop.run.as_mut(),
            State::Waiting { .. }
            | State::Idle
            | State::BackingOff { .. }
            | State::Up
            | State::Held
            | State::Complete(_)
            | State::Superseded(_) => None,
        }
    }
}

fn holds(condition: &Condition, happened: &dyn Fn(&Event) -> bool) -> bool {
    match condition {
        Condition::Event(event) => happened(event),
        Condition::All(parts) => parts.iter().all(|part| holds(part, happened)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, happened)),
    }
}
