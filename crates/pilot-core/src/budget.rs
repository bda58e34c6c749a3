//! How long stops may take: the bounds that a stop keeps, and what they come to for the whole.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    Event, EventKind, JobName, Signal, Source, Spec,
    spec::{Condition, JobSpec, Leaves, When},
};

/// How long a stop waits for the catalog's word that a service is out. A catalog that is slow or
/// gone must not be felt.
pub(crate) const WITHDRAW_WAIT: Duration = Duration::from_millis(250);

/// How long a job may take that runs on another's stop and names no timeout.
pub(crate) fn of_a_turn(stop_timeout: Duration) -> Duration {
    if stop_timeout.is_zero() {
        Spec::STOP_TIMEOUT
    } else {
        stop_timeout
    }
}

/// How long the stop of a job may wait for the jobs that run on its `stopping`: its own
/// `stopTimeout`, else what those jobs' own timeouts allow, else the common budget.
pub(crate) fn of_hooks<'s>(
    job: &JobSpec,
    jobs: impl Iterator<Item = &'s JobSpec>,
    stop_timeout: Duration,
) -> Duration {
    let hooks = jobs.filter(|other| other.is_hook_of(&job.name));
    let allowed = hooks.filter_map(|hook| hook.timeout).max();
    let common = of_a_turn(stop_timeout);
    let own = job.stop.timeout;
    own.unwrap_or_else(|| allowed.unwrap_or(common).max(common))
}

impl JobSpec {
    /// Whether the stop of that job must wait for this one.
    pub(crate) fn is_hook_of(&self, job: &JobName) -> bool {
        self.sources_of(&[EventKind::Stopping]).contains(&job)
    }

    /// Whether it runs on the `stopping` or `stopped` of some job, and so belongs to the stop.
    pub fn runs_on_a_stop(&self) -> bool {
        self.exec.is_some() && !self.stop_sources().is_empty()
    }

    /// The jobs on whose `stopping` or `stopped` it runs.
    pub(crate) fn stop_sources(&self) -> Vec<&JobName> {
        self.sources_of(&[EventKind::Stopping, EventKind::Stopped])
    }

    fn sources_of(&self, kinds: &[EventKind]) -> Vec<&JobName> {
        let events = self.start_condition().map(Condition::events);
        let events = events.unwrap_or_default().into_iter();
        let jobs = events
            .filter(|event| kinds.contains(&event.kind))
            .filter_map(|event| job_of(&event.source));
        jobs.filter(|name| **name != self.name).collect()
    }

    fn start_condition(&self) -> Option<&Condition> {
        match &self.when {
            When::Once(condition) | When::Each(condition) => Some(condition),
            When::Every(_) | When::OnSignal(_) => None,
        }
    }

    /// From the signal to KILL.
    fn ending(&self, stop_timeout: Duration) -> Duration {
        self.stop.timeout.unwrap_or(stop_timeout)
    }

    /// How long its turn in another's stop may take: its timeout, and what it gets to end then.
    fn turn(&self, stop_timeout: Duration) -> Duration {
        let common = of_a_turn(stop_timeout);
        match self.timeout {
            Some(timeout) => timeout + self.stop.timeout.unwrap_or_default(),
            None => common + self.stop.timeout.unwrap_or(common),
        }
    }

    /// How long a run of it may go on that was on before, if it runs on the stop of another.
    fn rest_of_a_run(&self, stop_timeout: Duration) -> Duration {
        let own = self.stop.timeout.unwrap_or(of_a_turn(stop_timeout));
        match self.timeout {
            Some(_) => self.turn(stop_timeout),
            None => own * 2,
        }
    }
}

fn job_of(source: &Source) -> Option<&JobName> {
    match source {
        Source::Job(name) => Some(name),
        Source::Global
        | Source::Check(_)
        | Source::Watch(_)
        | Source::Template(_)
        | Source::Signal(_) => None,
    }
}

/// One of the parts, one after another, that make a stop as long as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopStep {
    /// The job that takes the time.
    pub job: JobName,
    /// What it takes it for.
    pub part: StopPart,
    /// How long it may.
    pub span: Duration,
}

/// What a job takes time for in a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopPart {
    /// It leaves the catalog.
    Withdraws,
    /// Its clients take notice.
    Drains,
    /// A run of it that began before, when something else had happened.
    RunsOn,
    /// It runs on the `stopping` of that job, which waits for it.
    Before(JobName),
    /// It runs on the `stopped` of others.
    After,
    /// It runs on the `stopping` of others, and is longer than they wait.
    Beside,
    /// Its processes end, from the signal to KILL.
    Ends(Signal),
}

impl Spec {
    /// Tells what a stop of the helper takes at most, part by part along its longest way, where
    /// every process uses up what it is given and none is left behind by a run that has ended.
    ///
    /// What KILL itself takes is not in it, nor is a job in it that somebody has just restarted.
    pub fn longest_stop(&self) -> Vec<StopStep> {
        let mut reckoner = Reckoner {
            spec: self,
            known: BTreeMap::new(),
            ending: Vec::new(),
            announcing: Vec::new(),
        };
        let all = (0..self.jobs.len()).map(|n| reckoner.ends(n));
        all.fold(Way::default(), Way::or_longer).steps
    }
}

/// What has to pass until something happens, counted from the request to stop.
#[derive(Clone, Debug, Default)]
struct Way {
    steps: Vec<StopStep>,
    takes: Duration,
}

impl Way {
    fn then(mut self, job: &JobSpec, part: StopPart, span: Duration) -> Self {
        if !span.is_zero() {
            self.takes += span;
            let job = job.name.clone();
            self.steps.push(StopStep { job, part, span });
        }
        self
    }

    fn or_longer(self, other: Self) -> Self {
        if other.takes > self.takes {
            other
        } else {
            self
        }
    }
}

struct Reckoner<'a> {
    spec: &'a Spec,
    /// When each job is over.
    known: BTreeMap<usize, Way>,
    /// The jobs whose end, or `stopping`, is being found out; a ring of hooks is cut where it
    /// closes.
    ending: Vec<usize>,
    announcing: Vec<usize>,
}

impl<'a> Reckoner<'a> {
    fn index(&self, name: &JobName) -> Option<usize> {
        self.spec.jobs.iter().position(|job| job.name == *name)
    }

    /// Until a job is over.
    fn ends(&mut self, n: usize) -> Way {
        if let Some(known) = self.known.get(&n) {
            return known.clone();
        }
        if self.ending.contains(&n) {
            return Way::default();
        }
        self.ending.push(n);
        let way = self.reckon(n);
        self.ending.pop();
        self.known.insert(n, way.clone());
        way
    }

    fn reckon(&mut self, n: usize) -> Way {
        let job = &self.spec.jobs[n];
        if job.runs_on_a_stop() {
            return self.turn_ends(n);
        }
        let announced = self.announces(n);
        let way = self.awaits_hooks(announced, job);
        match job.exec {
            Some(_) => {
                let span = job.ending(self.spec.stop_timeout);
                way.then(job, StopPart::Ends(job.stop.signal), span)
            }
            None => way,
        }
    }

    /// Until a job that runs on other stops is over, whether its turn comes or cannot come.
    fn turn_ends(&mut self, n: usize) -> Way {
        let job = &self.spec.jobs[n];
        let announced = self.announces(n);
        let taken = self.awaits_hooks(announced, job);
        let taken = match self.out_of_time(n) {
            Some(cut) if cut.takes < taken.takes => cut,
            Some(_) => taken,
            None => taken.or_longer(self.awaits_hooks(leaves_catalog(self.runs_on(job), job), job)),
        };
        let sources = job.stop_sources().into_iter().cloned();
        let sources: Vec<usize> = sources.filter_map(|name| self.index(&name)).collect();
        let others = sources.into_iter().map(|source| self.ends(source));
        let passed = others.fold(Way::default(), Way::or_longer);
        let passed = self.awaits_hooks(leaves_catalog(passed, job), job);
        taken.or_longer(passed)
    }

    /// Until a job is over that nobody waits for any longer, if it runs only on the `stopping` of
    /// jobs that have waited.
    fn out_of_time(&mut self, n: usize) -> Option<Way> {
        let job = &self.spec.jobs[n];
        let events = job.start_condition().map(Condition::events)?;
        if !events.iter().all(|event| event.kind == EventKind::Stopping) {
            return None;
        }
        let mut cut = Way::default();
        for source in job.sources_of(&[EventKind::Stopping]) {
            let source = self.index(source)?;
            let waits = &self.spec.jobs[source];
            if waits.runs_on_a_stop() {
                // When it is out of time itself it waits for nobody.
                return None;
            }
            let span = of_hooks(waits, self.spec.jobs.iter(), self.spec.stop_timeout);
            let way = self.announces(source);
            cut = cut.or_longer(way.then(job, StopPart::Before(waits.name.clone()), span));
        }
        let span = job.ending(self.spec.stop_timeout);
        Some(cut.then(job, StopPart::Ends(job.stop.signal), span))
    }

    /// Until a job says `stopping`.
    fn announces(&mut self, n: usize) -> Way {
        if self.announcing.contains(&n) {
            return Way::default();
        }
        self.announcing.push(n);
        let way = self.reckon_stopping(n);
        self.announcing.pop();
        way
    }

    fn reckon_stopping(&mut self, n: usize) -> Way {
        let job = &self.spec.jobs[n];
        if job.runs_on_a_stop() {
            let way = self.turn_begins(n);
            let part = if job.sources_of(&[EventKind::Stopped]).is_empty() {
                StopPart::Beside
            } else {
                StopPart::After
            };
            return leaves_catalog(way.then(job, part, self.turn(job)), job);
        }
        let way = leaves_catalog(self.is_told(job), job);
        match (&job.service, &job.exec) {
            (Some(_), Some(_)) => way.then(job, StopPart::Drains, job.stop.drain),
            (Some(_) | None, _) => way,
        }
    }

    /// Until a job is told to stop.
    fn is_told(&mut self, job: &JobSpec) -> Way {
        // Only a process leaves later.
        let leaves = job.exec.as_ref().map_or(Leaves::AtOnce, |_| job.leaves);
        match leaves {
            Leaves::AtOnce => Way::default(),
            Leaves::AfterServices => {
                let jobs = self.spec.jobs.iter();
                let mut others = jobs.filter(|other| other.name != job.name);
                let first = others.find(|other| other.service.is_some());
                first.map_or_else(Way::default, |first| leaves_catalog(Way::default(), first))
            }
            Leaves::Last => {
                let others = (0..self.spec.jobs.len()).filter(|n| !self.stays_to_the_last(*n, 0));
                let others: Vec<usize> = others.collect();
                let ends = others.into_iter().map(|n| self.ends(n));
                ends.fold(Way::default(), Way::or_longer)
            }
        }
    }

    /// Whether a job leaves last, or has its turn when one has that does.
    fn stays_to_the_last(&self, n: usize, depth: usize) -> bool {
        let job = &self.spec.jobs[n];
        let is_hook = job.runs_on_a_stop() && depth < self.spec.jobs.len();
        let follows = |name: &&JobName| {
            let source = self.index(name);
            source.is_some_and(|source| self.stays_to_the_last(source, depth + 1))
        };
        let is_last = job.leaves == Leaves::Last && job.exec.is_some();
        is_last || (is_hook && job.stop_sources().iter().any(follows))
    }

    /// Until the turn of a job begins that runs on other stops: the last of them, since no other
    /// may count. A run that is on for another reason comes first.
    fn turn_begins(&mut self, n: usize) -> Way {
        let job = &self.spec.jobs[n];
        let events: Vec<&'a Event> = job
            .start_condition()
            .map_or_else(Vec::new, Condition::events);
        let mut begins = Way::default();
        let mut for_others = false;
        for event in events {
            let source = job_of(&event.source).filter(|name| **name != job.name);
            match (event.kind, source.and_then(|name| self.index(name))) {
                (EventKind::Stopping, Some(source)) => {
                    begins = begins.or_longer(self.announces(source));
                }
                (EventKind::Stopped, Some(source)) => begins = begins.or_longer(self.ends(source)),
                _ => for_others = true,
            }
        }
        if for_others {
            begins = begins.or_longer(self.runs_on(job));
        }
        begins
    }

    /// Until a run of a job is over that is on already: of a job that has its turn when others
    /// stop, and one of them has done so by itself.
    fn runs_on(&self, job: &JobSpec) -> Way {
        let span = job.rest_of_a_run(self.spec.stop_timeout);
        Way::default().then(job, StopPart::RunsOn, span)
    }

    fn turn(&self, job: &JobSpec) -> Duration {
        job.turn(self.spec.stop_timeout)
    }

    /// Until the jobs that run on its `stopping` are done, or out of time.
    fn awaits_hooks(&self, way: Way, job: &JobSpec) -> Way {
        let hooks = self.spec.jobs.iter();
        let hooks = hooks.filter(|hook| hook.is_hook_of(&job.name));
        let longest = hooks
            .map(|hook| (self.is_busy(hook, 0), hook))
            .max_by_key(|(span, _)| *span);
        let Some((span, hook)) = longest else {
            return way;
        };
        let limit = of_hooks(job, self.spec.jobs.iter(), self.spec.stop_timeout);
        let part = StopPart::Before(job.name.clone());
        way.then(hook, part, span.min(limit))
    }

    /// How long a job may be busy from the `stopping` it runs on.
    fn is_busy(&self, hook: &JobSpec, depth: usize) -> Duration {
        let leaves = leaves_catalog(Way::default(), hook).takes;
        let mut busy = leaves;
        if hook.exec.is_some() {
            let own =
                |event: &&Event| [EventKind::Stopping, EventKind::Stopped].contains(&event.kind);
            let events = hook.start_condition().map(Condition::events);
            let stops_only = events.is_some_and(|events| events.iter().all(own));
            busy += self.turn(hook) * if stops_only { 1 } else { 2 };
        }
        let hooks = self.spec.jobs.iter();
        let hooks = hooks.filter(|other| other.is_hook_of(&hook.name));
        let hooks = hooks.filter(|_| depth < self.spec.jobs.len());
        let longest = hooks.map(|other| self.is_busy(other, depth + 1)).max();
        let limit = of_hooks(hook, self.spec.jobs.iter(), self.spec.stop_timeout);
        busy + longest.unwrap_or_default().min(limit)
    }
}

/// Until a service is out of the catalog.
fn leaves_catalog(way: Way, job: &JobSpec) -> Way {
    match job.service {
        Some(_) => way.then(job, StopPart::Withdraws, WITHDRAW_WAIT),
        None => way,
    }
}
