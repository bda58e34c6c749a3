//! What must hold in every world, whatever happens in it.

mod watch;

use std::collections::{BTreeMap, BTreeSet};

use pilot_core::{
    Effect, Event, EventKind, Input, JobName, Purpose, RunId, Source, Spec, TemplateName, Time,
    spec::{InMaintenance, JobSpec, OnChange, When},
    status::Status,
};

use self::watch::Watches;

#[derive(Debug)]
struct Tree {
    purpose: Purpose,
    /// Whether its own process is there.
    alive: bool,
    killed: bool,
}

/// Follows the orders of one supervisor, and says which rule one breaks.
#[derive(Debug)]
pub(crate) struct Law {
    trees: BTreeMap<RunId, Tree>,
    published: BTreeSet<JobName>,
    stopping: BTreeSet<JobName>,
    /// What a job may start upon; none may start upon anything.
    causes: BTreeMap<JobName, Vec<Event>>,
    announced: BTreeSet<Event>,
    /// Jobs that nothing may start while maintenance is on.
    pausing: BTreeSet<JobName>,
    maintenance: bool,
    /// Jobs whose address nobody knows.
    nowhere: BTreeSet<JobName>,
    /// Templates of which a text is made, or put in place.
    making: BTreeSet<TemplateName>,
    exited: bool,
    shutdown: bool,
    watches: Watches,
    states: BTreeMap<JobName, &'static str>,
    /// The changes of state that were seen from outside.
    pub(crate) seen: BTreeSet<(&'static str, &'static str)>,
}

/// The jobs that pause, but for those that a template restarts.
fn pausing(spec: &Spec) -> BTreeSet<JobName> {
    let restarts = |job: &JobName| {
        let mut changes = spec.templates.iter().map(|template| &template.on_change);
        changes.any(|change| matches!(change, OnChange::Restart { job: target } if target == job))
    };
    let told = |job: &JobName| {
        spec.after_changes
            .as_ref()
            .is_some_and(|after| after.job == *job)
    };
    let pauses = |job: &&JobSpec| {
        let pauses = job.maintenance == InMaintenance::Pauses;
        pauses && !restarts(&job.name) && !told(&job.name)
    };
    let jobs = spec.jobs.iter().filter(pauses);
    jobs.map(|job| job.name.clone()).collect()
}

fn nowhere(spec: &Spec) -> BTreeSet<JobName> {
    let jobs = spec.jobs.iter().filter(|job| job.address_within.is_some());
    jobs.map(|job| job.name.clone()).collect()
}

type Verdict = Result<(), &'static str>;

fn must(holds: bool, rule: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(rule) }
}

impl Law {
    pub(crate) fn new(spec: &Spec) -> Self {
        let causes = spec.jobs.iter().filter_map(|job| match &job.when {
            When::Once(condition) | When::Each(condition) => {
                let events = condition.events().into_iter().cloned().collect();
                Some((job.name.clone(), events))
            }
            When::Every(_) | When::OnSignal(_) => None,
        });
        Self {
            trees: BTreeMap::new(),
            published: BTreeSet::new(),
            stopping: BTreeSet::new(),
            causes: causes.collect(),
            announced: BTreeSet::new(),
            pausing: pausing(spec),
            maintenance: false,
            nowhere: nowhere(spec),
            making: BTreeSet::new(),
            exited: false,
            shutdown: false,
            watches: Watches::default(),
            states: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    pub(crate) fn on_input(&mut self, input: &Input) {
        self.watches.on_input(input);
        match input {
            Input::AddressFound { job, .. } => {
                self.nowhere.remove(job);
            }
            Input::JobCommanded { job, .. } => {
                self.causes.remove(job);
                self.pausing.remove(job);
            }
            // What a job of a new configuration starts upon may have been long before.
            Input::Reloaded(spec) => {
                self.causes.clear();
                // What leaves has its last turn by its old words.
                let now = pausing(spec);
                self.pausing.retain(|job| now.contains(job));
                let now = nowhere(spec);
                self.nowhere.retain(|job| now.contains(job));
            }
            Input::TemplateRendered { template, .. }
            | Input::TemplateInstalled { template, .. } => {
                self.making.remove(template);
            }
            Input::RunExited { run, .. } => {
                if let Some(tree) = self.trees.get_mut(run) {
                    tree.alive = false;
                }
            }
            Input::Started
            | Input::Woken
            | Input::SignalArrived(_)
            | Input::RunStarted { .. }
            | Input::RunFailedToStart { .. }
            | Input::RunGone { .. }
            | Input::CatalogLost
            | Input::CatalogBack
            | Input::Withdrawn { .. }
            | Input::AddressMissing { .. }
            | Input::WatchAnswered { .. }
            | Input::WatchLost { .. }
            | Input::WatchBack { .. }
            | Input::TemplateDataChanged { .. }
            | Input::MaintenanceRequested { .. } => {}
        }
    }

    pub(crate) fn on_maintenance(&mut self, on: bool) {
        self.maintenance = on;
    }

    /// The last process of a run is gone; the supervisor hears of it next.
    pub(crate) fn on_gone(&mut self, run: RunId) {
        self.trees.remove(&run);
    }

    pub(crate) fn on_effect(&mut self, effect: &Effect) -> Verdict {
        must(!self.exited, "an order after the last one")?;
        self.watches.on_effect(effect);
        match effect {
            Effect::Spawn { run, purpose, .. } => self.on_spawn(*run, purpose),
            Effect::Signal { run, .. } | Effect::StopTree { run, .. } => {
                let there = self.trees.contains_key(run);
                must(there, "a signal to a tree that is gone")
            }
            Effect::KillTree { run } => {
                let tree = self.trees.get_mut(run).ok_or("a kill of nothing")?;
                must(!tree.killed, "killed twice")?;
                tree.killed = true;
                Ok(())
            }
            Effect::Publish { job, service, .. } => {
                self.published.insert(job.clone());
                must(!service.address.is_empty(), "published without an address")?;
                must(!self.stopping.contains(job), "published while stopping")
            }
            Effect::Maintain { job, .. } => {
                must(self.published.contains(job), "marked what is not in")
            }
            Effect::Withdraw { job } => {
                must(self.published.remove(job), "withdrawn what is not in")
            }
            Effect::Announce(event) => self.on_announced(event),
            Effect::Exit { .. } => self.on_exit(),
            Effect::Render { template } | Effect::Install { template } => {
                self.making.insert(template.clone());
                let install = matches!(effect, Effect::Install { .. });
                must(install || !self.shutdown, "a render while stopping")
            }
            Effect::DropTemplate { template } => {
                self.making.remove(template);
                Ok(())
            }
            Effect::Reload
            | Effect::Follow { .. }
            | Effect::Unfollow { .. }
            | Effect::LoadTemplate { .. }
            | Effect::Discard { .. }
            | Effect::Log { .. } => Ok(()),
        }
    }

    fn on_spawn(&mut self, run: RunId, purpose: &Purpose) -> Verdict {
        match purpose {
            Purpose::Job(job) => {
                let alone = self.alone(purpose);
                must(alone, "a second tree of a job")?;
                must(!self.stopping.contains(job), "started while stopping")?;
                let pauses = self.maintenance && !self.shutdown && self.pausing.contains(job);
                must(!pauses, "started in maintenance")?;
                let known = self.shutdown || !self.nowhere.contains(job);
                must(known, "started before its address was known")?;
                let causes = self.causes.get(job);
                let caused =
                    causes.is_none_or(|any| any.iter().any(|e| self.announced.contains(e)));
                must(caused, "started before its event was told")?;
            }
            Purpose::Check(_) => must(self.alone(purpose), "a second check of a job")?,
            Purpose::TemplateCheck(_) => must(!self.shutdown, "template work while stopping")?,
            Purpose::Reconfigure(_) => {
                must(!self.shutdown, "template work while stopping")?;
                must(self.making.is_empty(), "a command while a text is made")?;
                let another = |tree: &Tree| {
                    tree.alive && !tree.killed && matches!(tree.purpose, Purpose::Reconfigure(_))
                };
                must(!self.trees.values().any(another), "two commands at a time")?;
            }
        }
        let purpose = purpose.clone();
        let (alive, killed) = (true, false);
        let tree = Tree {
            purpose,
            alive,
            killed,
        };
        self.trees.insert(run, tree);
        Ok(())
    }

    /// Whether nothing lives that has this purpose; what was killed but is stuck does not live.
    fn alone(&self, purpose: &Purpose) -> bool {
        let mut trees = self.trees.values();
        !trees.any(|tree| tree.purpose == *purpose && !tree.killed)
    }

    fn on_announced(&mut self, event: &Event) -> Verdict {
        self.announced.insert(event.clone());
        self.shutdown |= event.kind == EventKind::Shutdown;
        self.watches.on_announced(event)?;
        let Source::Job(job) = &event.source else {
            return Ok(());
        };
        match event.kind {
            EventKind::Stopping => {
                must(!self.published.contains(job), "stopping, but not withdrawn")?;
                must(self.stopping.insert(job.clone()), "stopping twice")
            }
            EventKind::Stopped => {
                must(self.stopping.remove(job), "stopped, but not stopping")?;
                let own = self.alone(&Purpose::Job(job.clone()));
                must(own, "stopped, but its process lives")?;
                let check = self.alone(&Purpose::Check(job.clone()));
                must(check, "stopped, but its check lives")
            }
            EventKind::ExitSuccess
            | EventKind::ExitFailed
            | EventKind::Healthy
            | EventKind::Unhealthy
            | EventKind::Changed
            | EventKind::Stale
            | EventKind::Fresh
            | EventKind::TimerExpired
            | EventKind::EnterMaintenance
            | EventKind::ExitMaintenance
            | EventKind::Error
            | EventKind::Quit
            | EventKind::Startup
            | EventKind::Shutdown
            | EventKind::Signal => Ok(()),
        }
    }

    fn on_exit(&mut self) -> Verdict {
        self.exited = true;
        let ended = self.trees.values().all(|tree| tree.killed);
        must(ended, "the end, but something lives that was not killed")?;
        must(self.published.is_empty(), "the end, but not withdrawn")?;
        must(self.stopping.is_empty(), "the end, but not stopped")
    }

    /// Takes note of how everything stands between two facts.
    pub(crate) fn on_status(&mut self, status: &Status, now: Time) -> Verdict {
        let mut states = BTreeMap::new();
        for job in &status.jobs {
            if let Some(before) = self.states.get(&job.name).filter(|s| **s != job.state) {
                self.seen.insert((before, job.state));
            }
            states.insert(job.name.clone(), job.state);
        }
        self.states = states;
        self.watches.on_status(status, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilot_core::{Signal, spec};

    /// Which rule the last of these orders breaks.
    #[track_caller]
    fn check(effects: &[Effect], rule: &str) {
        let mut law = Law::new(&Spec {
            jobs: vec![spec::JobSpec::new("app")],
            ..Spec::default()
        });
        let (last, before) = effects.split_last().expect("an order");
        for effect in before {
            assert_eq!(law.on_effect(effect), Ok(()), "{effect:?}");
        }
        assert_eq!(law.on_effect(last).err(), Some(rule));
    }

    fn event(text: &str) -> Effect {
        Effect::Announce(crate::read::event(text))
    }

    fn spawn(run: u64) -> Effect {
        Effect::Spawn {
            run: RunId(run),
            purpose: Purpose::Job("app".into()),
            command: spec::Command::new(["app"]),
        }
    }

    #[track_caller]
    fn breaks(law: &mut Law, effect: &Effect, rule: &str) {
        assert_eq!(law.on_effect(effect).err(), Some(rule));
    }

    #[test]
    fn the_law_of_commands_can_be_broken() {
        let reconfigure = |run: u64| Effect::Spawn {
            run: RunId(run),
            purpose: Purpose::Reconfigure("conf".into()),
            command: spec::Command::new(["reload"]),
        };
        let install = Effect::Install {
            template: "other".into(),
        };
        let mut law = Law::new(&Spec::default());
        assert_eq!(law.on_effect(&install), Ok(()));
        breaks(&mut law, &reconfigure(1), "a command while a text is made");
        law.on_input(&Input::TemplateInstalled {
            template: "other".into(),
            failure: None,
        });
        assert_eq!(law.on_effect(&reconfigure(1)), Ok(()));
        breaks(&mut law, &reconfigure(2), "two commands at a time");
    }

    #[test]
    fn the_law_of_maintenance_can_be_broken() {
        let mut job = spec::JobSpec::new("app");
        job.maintenance = InMaintenance::Pauses;
        let mut law = Law::new(&Spec {
            jobs: vec![job],
            ..Spec::default()
        });
        assert_eq!(law.on_effect(&event("startup(global)")), Ok(()));
        law.on_maintenance(true);
        breaks(&mut law, &spawn(1), "started in maintenance");
        law.on_maintenance(false);
        assert_eq!(law.on_effect(&spawn(1)), Ok(()));
    }

    fn publish() -> Effect {
        Effect::Publish {
            job: "app".into(),
            service: Box::new(crate::read::service(&"app".into(), "")),
            status: spec::Status::Passing,
            output: String::new(),
        }
    }

    #[test]
    fn the_law_can_be_broken() {
        let startup = || event("startup(global)");
        let exit = || Effect::Exit { code: 0 };
        let kill = || Effect::KillTree { run: RunId(1) };
        let stop = Effect::StopTree {
            run: RunId(2),
            signal: Signal::TERM,
        };
        let withdraw = Effect::Withdraw { job: "app".into() };
        let render = Effect::Render {
            template: "conf".into(),
        };
        check(&[spawn(1)], "started before its event was told");
        check(&[startup(), spawn(1), spawn(2)], "a second tree of a job");
        check(
            &[startup(), spawn(1), stop],
            "a signal to a tree that is gone",
        );
        check(&[startup(), spawn(1), kill(), kill()], "killed twice");
        let lives = "the end, but something lives that was not killed";
        check(&[startup(), spawn(1), exit()], lives);
        check(&[publish(), exit()], "the end, but not withdrawn");
        check(&[exit(), startup()], "an order after the last one");
        check(&[withdraw], "withdrawn what is not in");
        let stopping = || event("stopping(app)");
        check(&[publish(), stopping()], "stopping, but not withdrawn");
        check(&[stopping(), publish()], "published while stopping");
        check(&[stopping(), stopping()], "stopping twice");
        check(&[event("stopped(app)")], "stopped, but not stopping");
        check(&[stopping(), exit()], "the end, but not stopped");
        let stopped = [startup(), spawn(1), stopping(), event("stopped(app)")];
        check(&stopped, "stopped, but its process lives");
        check(
            &[event("shutdown(global)"), render],
            "a render while stopping",
        );
    }
}
