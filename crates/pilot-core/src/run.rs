//! One execution of a command, from its spawn until the last of its processes is gone.

use std::time::Duration;

use crate::{
    Effect, ExitStatus, Level, Rest, Signal, Time,
    effect::Purpose,
    spec::{Command, Output},
    step::Step,
};

/// One execution; a late fact about an older one cannot be mistaken for this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// How long a killed tree may take to vanish before a stop goes on without it; only a process
/// stuck inside the kernel takes longer.
const VANISH: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) purpose: Purpose,
    pub(crate) started_at: Time,
    pub(crate) pid: Option<u32>,
    argv: Vec<String>,
    timeout: Option<Duration>,
    /// How loud it is that the timeout is over.
    alarm: Level,
    /// How the run's own process ended; others of its tree may still live.
    pub(crate) ended: Option<ExitStatus>,
    /// Whether every process of its tree is gone.
    gone: bool,
    pressure: Pressure,
}

/// What is being done to make a run end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressure {
    Free { timeout_at: Option<Time> },
    Asked { kill_at: Time },
    Killed { give_up_at: Time },
    GivenUp,
}

/// How loud a failure of a command is. Whoever reads the value of a sensor says what became of it,
/// and not at every tick.
pub(crate) fn level_of_failure(command: &Command, otherwise: Level) -> Level {
    match command.output {
        Output::Metric(_) => Level::Debug,
        Output::Logged | Output::Raw => otherwise,
    }
}

impl Run {
    pub(crate) fn new(
        id: RunId,
        purpose: Purpose,
        command: &Command,
        now: Time,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            id,
            purpose,
            started_at: now,
            pid: None,
            argv: command.argv.clone(),
            timeout,
            alarm: level_of_failure(command, Level::Warn),
            ended: None,
            gone: false,
            pressure: Pressure::Free {
                timeout_at: timeout.map(|limit| now + limit),
            },
        }
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        match self.pressure {
            Pressure::Free { timeout_at } => timeout_at,
            Pressure::Asked { kill_at } => Some(kill_at),
            Pressure::Killed { give_up_at } => Some(give_up_at),
            Pressure::GivenUp => None,
        }
    }

    /// Whether its own process is still there, as far as is known.
    pub(crate) fn alive(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it had to be killed.
    pub(crate) fn was_killed(&self) -> bool {
        match self.pressure {
            Pressure::Killed { .. } | Pressure::GivenUp => true,
            Pressure::Free { .. } | Pressure::Asked { .. } => false,
        }
    }

    /// Whether it was asked, or made, to end.
    pub(crate) fn was_asked(&self) -> bool {
        !matches!(self.pressure, Pressure::Free { .. })
    }

    /// Whether nothing of it is left, or nothing that could be waited for.
    pub(crate) fn over(&self) -> bool {
        self.gone || self.pressure == Pressure::GivenUp
    }

    pub(crate) fn on_gone(&mut self) {
        self.gone = true;
    }

    /// Gives it until then, if it has not less already.
    pub(crate) fn bound(&mut self, until: Time) {
        if let Pressure::Free { timeout_at } = &mut self.pressure
            && timeout_at.is_none_or(|at| at > until)
        {
            *timeout_at = Some(until);
            self.timeout = Some(until - self.started_at);
        }
    }

    /// Takes note that its own process ended. What it left behind has been asked to end, and has
    /// `budget` to do so.
    pub(crate) fn on_exited(
        &mut self,
        status: ExitStatus,
        rest: Rest,
        budget: Duration,
        now: Time,
    ) {
        self.ended = Some(status);
        self.gone = rest == Rest::Gone;
        match (rest, self.pressure) {
            (Rest::Remaining, Pressure::Free { .. }) => {
                self.pressure = Pressure::Asked {
                    kill_at: now + budget,
                };
            }
            (Rest::Gone, _)
            | (
                Rest::Remaining,
                Pressure::Asked { .. } | Pressure::Killed { .. } | Pressure::GivenUp,
            ) => {}
        }
    }

    /// Asks the whole tree to end, and sets the moment at which it is killed. Asking again never
    /// gives it more time.
    pub(crate) fn stop(&mut self, signal: Signal, budget: Duration, step: &mut Step<'_>) {
        let kill_at = step.now + budget;
        match self.pressure {
            Pressure::Free { .. } | Pressure::Asked { .. } if budget.is_zero() => self.kill(step),
            Pressure::Free { .. } => {
                step.effects.push(Effect::StopTree {
                    run: self.id,
                    signal,
                });
                self.pressure = Pressure::Asked { kill_at };
            }
            Pressure::Asked { kill_at: before } => {
                if before > step.now {
                    step.effects.push(Effect::StopTree {
                        run: self.id,
                        signal,
                    });
                }
                self.pressure = Pressure::Asked {
                    kill_at: before.min(kill_at),
                };
            }
            Pressure::Killed { .. } | Pressure::GivenUp => {}
        }
    }

    pub(crate) fn kill(&mut self, step: &mut Step<'_>) {
        match self.pressure {
            Pressure::Free { .. } | Pressure::Asked { .. } => {
                step.effects.push(Effect::KillTree { run: self.id });
                self.pressure = Pressure::Killed {
                    give_up_at: step.now + VANISH,
                };
            }
            Pressure::Killed { .. } | Pressure::GivenUp => {}
        }
    }

    /// Does what is due. `grace` is the time between TERM and KILL at a timeout; none kills at
    /// once, as ContainerPilot 3 does.
    pub(crate) fn on_woken(&mut self, grace: Option<Duration>, step: &mut Step<'_>) {
        if self.deadline().is_none_or(|at| at > step.now) {
            return;
        }
        match self.pressure {
            Pressure::Free { .. } => self.on_timeout(grace, step),
            Pressure::Asked { .. } => self.kill(step),
            Pressure::Killed { .. } => {
                let message = format!("{} was killed but does not vanish; going on", self.purpose);
                step.log(Level::Error, message);
                self.pressure = Pressure::GivenUp;
            }
            Pressure::GivenUp => {}
        }
    }

    fn on_timeout(&mut self, grace: Option<Duration>, step: &mut Step<'_>) {
        let limit = self.timeout.unwrap_or_default();
        let message = format!(
            "{} timeout after {limit:?}: '[{}]'",
            self.purpose,
            self.argv.join(" ")
        );
        step.log(self.alarm, message);
        match grace {
            Some(grace) => self.stop(Signal::TERM, grace, step),
            None => self.kill(step),
        }
    }
}
