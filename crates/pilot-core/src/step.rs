//! What one call of `handle` has produced so far.

use std::{collections::VecDeque, time::Duration};

use crate::{
    Effect, Event, EventKind, Level, RunId, Source, Time, budget,
    effect::Purpose,
    run::Run,
    spec::{Command, Stay},
};

/// The time, the bus and the orders of one step, and what jobs need to know of the whole.
pub(crate) struct Step<'a> {
    pub(crate) now: Time,
    pub(crate) stop_timeout: Duration,
    pub(crate) maintenance: bool,
    pub(crate) stay: Stay,
    /// Whether the process of some job is there.
    pub(crate) running: bool,
    pub(crate) bus: VecDeque<Event>,
    pub(crate) effects: Vec<Effect>,
    /// Runs whose answer has been taken, though something of their tree remains.
    pub(crate) left_behind: Vec<Run>,
    pub(crate) ids: &'a mut Ids,
}

/// The sources of fresh run numbers and of jitter.
#[derive(Debug)]
pub(crate) struct Ids {
    next_run: u64,
    seed: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            next_run: 1,
            seed: seed | 1,
        }
    }

    fn next_run(&self) -> RunId {
        RunId(self.next_run)
    }

    fn run(&mut self) -> RunId {
        let run = RunId(self.next_run);
        self.next_run += 1;
        run
    }

    /// A number in 0..1000, by Marsaglia's xorshift: spread matters here, secrecy does not.
    fn per_mille(&mut self) -> u32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        u32::try_from(self.seed % 1000).unwrap_or(0)
    }
}

impl Step<'_> {
    /// Puts an event on the bus. The world hears of it before anything is done about it.
    pub(crate) fn publish(&mut self, kind: EventKind, source: Source) {
        let event = Event::new(kind, source);
        self.effects.push(Effect::Announce(event.clone()));
        self.bus.push_back(event);
    }

    pub(crate) fn log(&mut self, level: Level, message: String) {
        self.effects.push(Effect::Log { level, message });
    }

    /// How long a job may take that runs on another's stop. No time at all for processes to end
    /// (`stopTimeout: -1`) does not mean that such jobs must not run.
    pub(crate) fn turn_budget(&self) -> Duration {
        budget::of_a_turn(self.stop_timeout)
    }

    /// The next run to be.
    pub(crate) fn next_run(&self) -> RunId {
        self.ids.next_run()
    }

    /// Whether templates are rendered once, so that a failure is final.
    pub(crate) fn renders_once(&self) -> bool {
        matches!(self.stay, Stay::UntilRendered { .. })
    }

    /// Whether a first text is a change that somebody must take up, whoever runs. A helper that
    /// lives for its jobs has nobody then; one that lives for its templates has its commands.
    pub(crate) fn takes_up_first_texts(&self) -> bool {
        self.stay != Stay::WithJobs
    }

    /// Starts a process and gives the run that follows it.
    pub(crate) fn spawn(
        &mut self,
        purpose: Purpose,
        command: &Command,
        timeout: Option<Duration>,
    ) -> Run {
        let run = self.ids.run();
        self.effects.push(Effect::Spawn {
            run,
            purpose: purpose.clone(),
            command: command.clone(),
        });
        Run::new(run, purpose, command, self.now, timeout)
    }

    /// A random part of a span.
    pub(crate) fn part_of(&mut self, span: Duration) -> Duration {
        span.saturating_mul(self.ids.per_mille()) / 1000
    }

    /// Spreads a pause by a fifth to either side, so that many helpers do not act as one.
    pub(crate) fn jitter(&mut self, span: Duration) -> Duration {
        span.saturating_mul(800 + self.ids.per_mille() * 2 / 5) / 1000
    }
}
