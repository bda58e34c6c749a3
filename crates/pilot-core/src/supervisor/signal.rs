//! What a signal means: to the helper itself, to a job that waits for it, to the application.

use super::{Life, Supervisor};
use crate::{
    Effect, EventKind, Level, Signal, Source,
    job::Job,
    spec::{Role, When},
    step::Step,
};

/// What a signal means. The first that fits, in this order, is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It asks the helper to stop.
    Stop,
    /// It asks to load the configuration anew.
    Reload,
    /// It begins maintenance, or ends it.
    Maintenance,
    /// Some job waits for it.
    Claimed,
    /// It is for the main application.
    Passed,
}

impl Supervisor {
    pub(super) fn on_signal(&mut self, signal: Signal, step: &mut Step<'_>) {
        match self.meaning(signal) {
            Meaning::Stop => self.on_stop_asked(step),
            Meaning::Reload => self.on_reload_asked(signal, step),
            Meaning::Maintenance => self.toggle_maintenance(signal, step),
            Meaning::Claimed => step.publish(EventKind::Signal, Source::Signal(signal)),
            Meaning::Passed => self.pass_on(signal, step),
        }
    }

    pub(super) fn meaning(&self, signal: Signal) -> Meaning {
        let heard = || {
            self.main_application()
                .is_some_and(|job| job.run().is_some())
        };
        let usual = signal == Signal::TERM || signal == Signal::INT;
        if self.signals.stop.contains(&signal) {
            Meaning::Stop
        } else if self.signals.reload == Some(signal) {
            Meaning::Reload
        } else if self.signals.maintenance == Some(signal) {
            Meaning::Maintenance
        } else if usual && !heard() {
            Meaning::Stop
        } else if self.jobs.iter().any(|job| job.claims(signal)) {
            Meaning::Claimed
        } else {
            Meaning::Passed
        }
    }

    fn on_reload_asked(&self, signal: Signal, step: &mut Step<'_>) {
        if self.life == Life::Running {
            step.log(Level::Info, "Reloading configuration.".to_owned());
            step.effects.push(Effect::Reload);
        } else {
            pass_over(signal, "already stopping", step);
        }
    }

    /// The lines are those of ContainerPilot 2, one for each service.
    fn toggle_maintenance(&mut self, signal: Signal, step: &mut Step<'_>) {
        if self.life != Life::Running {
            return pass_over(signal, "already stopping", step);
        }
        let enable = !self.maintenance;
        if enable {
            for job in self.jobs.iter().filter(|job| job.spec.service.is_some()) {
                let message = format!("Marking for maintenance: {}", job.name());
                step.log(Level::Info, message);
            }
        } else {
            step.log(Level::Info, "maintenance ends".to_owned());
        }
        self.on_maintenance(enable, step);
    }

    fn pass_on(&self, signal: Signal, step: &mut Step<'_>) {
        match self.main_application().map(|job| job.run()) {
            Some(Some(run)) if run.alive() => {
                let run = run.id;
                step.effects.push(Effect::Signal { run, signal });
            }
            Some(_) => pass_over(signal, "the main application does not run", step),
            None => pass_over(
                signal,
                "no job claims it, and none is the main application",
                step,
            ),
        }
    }

    /// The job that stands for the container: the essential one, or the only one that runs a
    /// process once for good.
    fn main_application(&self) -> Option<&Job> {
        if let Some(essential) = self
            .jobs
            .iter()
            .find(|job| job.spec.role == Role::Essential)
        {
            return Some(essential);
        }
        let mut candidates = self.jobs.iter().filter(|job| {
            let once = matches!(job.spec.when, When::Once(_));
            once && job.spec.exec.is_some() && !job.runs_on_a_stop() && !job.complete()
        });
        let first = candidates.next()?;
        candidates.next().is_none().then_some(first)
    }
}

fn pass_over(signal: Signal, why: &str, step: &mut Step<'_>) {
    step.log(Level::Info, format!("{signal} passed over: {why}"));
}
