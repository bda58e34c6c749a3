//! A new configuration, applied by difference: what did not change is not touched.

use std::time::Duration;

use super::{Life, Supervisor};
use crate::{
    Effect, Event, ExitStatus, JobName, Level, Spec, Time, budget,
    job::{Job, Leaving, Outcome, State, Then},
    spec::{JobSpec, OnReload, Role, TemplateSpec, WatchSpec},
    step::Step,
    template::Template,
    watch::Watch,
};

impl Supervisor {
    /// Jobs that are the same keep their processes, registration and health; changed ones stop as
    /// they would at the end, and start anew when nothing of them is left.
    pub(super) fn on_reloaded(&mut self, spec: Spec, step: &mut Step<'_>) {
        if self.life != Life::Running {
            return;
        }
        self.postponed = None;
        if let Some(job) = self.outlasts(&spec) {
            let message = format!("the new configuration is taken up when {job} is over");
            step.log(Level::Info, message);
            self.postponed = Some(Box::new(spec));
            return;
        }
        self.stop_timeout = spec.stop_timeout;
        step.stop_timeout = spec.stop_timeout;
        self.signals = spec.signals;
        self.asked_status = spec.asked_status;
        self.stay = spec.stay;
        step.stay = spec.stay;
        self.changes.replace_after(spec.after_changes);
        self.replace_watches(spec.watches, step);
        self.replace_templates(spec.templates, step);
        self.replace_jobs(spec.jobs, step);
        self.refresh_hook_budgets();
    }

    /// A job that no reload touches, and that this one takes away before it is over: others were
    /// to wait for it, and still do.
    fn outlasts(&self, spec: &Spec) -> Option<&JobName> {
        let gone = |job: &&Job| !spec.jobs.iter().any(|new| new.name == job.spec.name);
        let mut first = self.jobs.iter().filter(|job| goes_before(&job.spec));
        first
            .find(|job| gone(job) && !job.complete())
            .map(Job::name)
    }

    /// Takes up a reload that waited, when nothing is left that it waited for.
    pub(super) fn take_up_postponed(&mut self, step: &mut Step<'_>) -> bool {
        let running = self.life == Life::Running;
        let postponed = self.postponed.as_deref();
        if postponed.is_none_or(|spec| !running || self.outlasts(spec).is_some()) {
            return false;
        }
        if let Some(spec) = self.postponed.take() {
            self.on_reloaded(*spec, step);
        }
        true
    }

    fn replace_watches(&mut self, specs: Vec<WatchSpec>, step: &mut Step<'_>) {
        let mut old = std::mem::take(&mut self.watches);
        for spec in specs {
            match old.iter().position(|watch| watch.spec == spec) {
                Some(n) => self.watches.push(old.remove(n)),
                None => {
                    if let Some(n) = old.iter().position(|w| w.spec.id() == spec.id()) {
                        unfollow(&old.remove(n), step);
                    }
                    step.effects.push(Effect::Follow {
                        watch: spec.clone(),
                    });
                    self.watches.push(Watch::new(spec));
                }
            }
        }
        old.iter().for_each(|watch| unfollow(watch, step));
    }

    fn replace_templates(&mut self, specs: Vec<TemplateSpec>, step: &mut Step<'_>) {
        let mut old = std::mem::take(&mut self.templates);
        for spec in specs {
            match old.iter().position(|template| template.spec == spec) {
                Some(n) => self.templates.push(old.remove(n)),
                None => {
                    if let Some(n) = old.iter().position(|t| t.spec.name == spec.name) {
                        drop_template(old.remove(n), step);
                    }
                    step.effects.push(Effect::LoadTemplate {
                        template: Box::new(spec.clone()),
                    });
                    self.templates.push(Template::new(spec));
                }
            }
        }
        old.into_iter()
            .for_each(|template| drop_template(template, step));
        self.drop_command_of_nobody(step);
    }

    fn replace_jobs(&mut self, specs: Vec<JobSpec>, step: &mut Step<'_>) {
        let mut old = std::mem::take(&mut self.jobs);
        let (mut fresh, mut renewed) = (Vec::new(), Vec::new());
        for spec in specs {
            match old.iter().position(|job| job.spec.name == spec.name) {
                Some(n) => {
                    let job = old.remove(n);
                    if spec.reload == OnReload::Renews && job.pending() == Some(&spec) {
                        renewed.push(spec.name.clone());
                    }
                    self.jobs.push(keep_or_change(job, spec, step));
                }
                // What it goes before has long begun.
                None if goes_before(&spec) => self.jobs.push(Job::passed_over(spec, step.now)),
                None => {
                    fresh.push(spec.name.clone());
                    self.jobs.push(Job::new(spec));
                }
            }
        }
        for mut job in old {
            job.supersede(None, step);
            self.jobs.push(job);
        }
        for name in fresh {
            self.join(&name, step);
        }
        for name in renewed {
            self.renew(&name, step);
        }
    }

    /// A job that the reload leaves as it is begins a new life, if its old one is over.
    fn renew(&mut self, name: &JobName, step: &mut Step<'_>) {
        let mut over = false;
        self.with_job(name, |job| {
            job.renew_restarts();
            over = job.complete();
            if over {
                job.fresh = true;
                job.wait_again();
            } else if let Some(Then::Complete { .. }) = job.then() {
                if job.runs > 0 {
                    job.start_after_its_stop(step);
                } else {
                    job.begin_stop(Then::Wait, step);
                }
            }
        });
        if over {
            self.join(name, step);
        }
    }

    /// Puts what follows in the place of each job whose stop for a reload is over.
    pub(super) fn replace_superseded(&mut self, step: &mut Step<'_>) -> bool {
        let is_superseded = |job: &Job| matches!(job.state, State::Superseded(_));
        let Some(n) = self.jobs.iter().position(is_superseded) else {
            return false;
        };
        let State::Superseded(Some(spec)) = std::mem::replace(&mut self.jobs[n].state, State::Idle)
        else {
            self.jobs.remove(n);
            return true;
        };
        let name = spec.name.clone();
        self.jobs[n] = Job::new(*spec);
        self.refresh_hook_budgets();
        if self.life == Life::Running {
            self.jobs[n].fresh = true;
            self.join(&name, step);
        } else if self.jobs[n].runs_on_a_stop() {
            self.jobs[n].quit(step);
        } else {
            self.jobs[n].end_unstarted();
        }
        true
    }

    /// A job that comes late starts at once if what it waits for has already been.
    fn join(&mut self, name: &JobName, step: &mut Step<'_>) {
        self.with_job(name, |job| job.activate(step));
        let awaited = self.job(name).map(Job::start_events).unwrap_or_default();
        let happened = awaited.into_iter().filter(|event| self.happened(event));
        let happened: Vec<Event> = happened.cloned().collect();
        self.with_job(name, |job| job.catch_up(happened, step));
    }

    /// Tells each job how long its stop may wait for the jobs that run on its `stopping`.
    pub(super) fn refresh_hook_budgets(&mut self) {
        let specs = || self.jobs.iter().map(|job| &job.spec);
        let budget = |job| budget::of_hooks(job, specs(), self.stop_timeout);
        let budgets: Vec<Duration> = specs().map(budget).collect();
        for (job, budget) in self.jobs.iter_mut().zip(budgets) {
            job.hook_budget = budget;
        }
    }
}

/// Whether it is a fixed job that others wait for, as opposed to the application itself.
fn goes_before(spec: &JobSpec) -> bool {
    spec.reload == OnReload::Fixed && spec.role != Role::Essential
}

fn keep_or_change(mut job: Job, spec: JobSpec, step: &mut Step<'_>) -> Job {
    let fixed = job.spec.reload == OnReload::Fixed && spec.reload == OnReload::Fixed;
    if fixed || job.pending() == Some(&spec) {
        return job;
    }
    if job.only_its_service_differs(&spec) {
        job.revise(spec, step);
    } else {
        job.supersede(Some(Box::new(spec)), step);
    }
    job
}

fn unfollow(watch: &Watch, step: &mut Step<'_>) {
    step.effects.push(Effect::Unfollow {
        watch: watch.spec.id(),
    });
}

fn drop_template(mut template: Template, step: &mut Step<'_>) {
    template.cease(step);
    step.effects.push(Effect::DropTemplate {
        template: template.spec.name.clone(),
    });
}

impl Job {
    /// A job whose moment was before it was there: it never runs, and nobody waits for it.
    fn passed_over(spec: JobSpec, now: Time) -> Self {
        let status = Some(ExitStatus::Exited(0));
        let mut job = Self::new(spec);
        job.last_exit = status;
        job.state = State::Complete(Outcome {
            status,
            natural: true,
            killed: false,
            at: now,
        });
        job
    }

    /// Whether it stands for a service without a process, and would go on to do so.
    fn only_its_service_differs(&self, spec: &JobSpec) -> bool {
        let identity = |spec: &JobSpec| {
            let service = spec.service.as_ref()?;
            Some((service.id.clone(), service.name.clone()))
        };
        let same = JobSpec {
            health: spec.health.clone(),
            service: spec.service.clone(),
            ..self.spec.clone()
        };
        matches!(self.state, State::Up)
            && self.leaving.is_none()
            && same == *spec
            && identity(spec).is_some()
            && identity(spec) == identity(&self.spec)
    }

    /// Describes its service anew; it never leaves the catalog for that.
    fn revise(&mut self, spec: JobSpec, step: &mut Step<'_>) {
        let before = std::mem::replace(&mut self.spec, spec);
        let command = |spec: &JobSpec| spec.health.as_ref().and_then(|health| health.exec.clone());
        let another = command(&before) != command(&self.spec);
        self.health.on_revised(&self.spec, another, step);
        if before.service != self.spec.service {
            self.tell_catalog_again(step);
        }
    }

    /// Stops for a reload; the new spec, or nothing, takes its place.
    /// A job that runs on another's stop goes later, since that other may go just now.
    fn supersede(&mut self, spec: Option<Box<JobSpec>>, step: &mut Step<'_>) {
        let then = match spec {
            Some(spec) => Then::Replace(spec),
            None => Then::Remove,
        };
        let before = self.leaving.take();
        if !self.runs_on_a_stop() || matches!(self.state, State::Stopping(_)) {
            return self.give_way(then, step);
        }
        let was_busy = before.map_or(self.busy(), |before| before.was_busy);
        self.leaving = Some(Leaving { then, was_busy });
        self.end_restarts();
    }

    /// The spec it follows, or will follow after a stop that is on.
    fn pending(&self) -> Option<&JobSpec> {
        let leaving = self.leaving.as_ref().map(|leaving| &leaving.then);
        match leaving.or(self.then()) {
            Some(Then::Replace(spec)) => Some(spec),
            Some(Then::Remove) => None,
            Some(Then::Complete { .. } | Then::Hold | Then::Wait | Then::Start) | None => {
                Some(&self.spec)
            }
        }
    }
}
