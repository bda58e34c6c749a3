//! Brings a fact to whom it concerns.

use super::Supervisor;
use crate::{
    ExitStatus, JobName, Rest, TemplateName, job::Job, run::RunId, spec::WatchId, step::Step,
    template::Template, watch::Watch,
};

impl Supervisor {
    pub(super) fn with_job(&mut self, name: &JobName, act: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.name() == name) {
            act(job);
        }
    }

    pub(super) fn with_template(&mut self, name: &TemplateName, act: impl FnOnce(&mut Template)) {
        if let Some(template) = self.templates.iter_mut().find(|t| t.spec.name == *name) {
            act(template);
        }
    }

    pub(super) fn with_watch(&mut self, id: &WatchId, act: impl FnOnce(&mut Watch)) {
        if let Some(watch) = self.watches.iter_mut().find(|w| w.spec.id() == *id) {
            act(watch);
        }
    }

    // Each part knows its own runs, and passes over facts about others: a run belongs to one.

    pub(super) fn on_run_started(&mut self, run: RunId, pid: u32) {
        for job in &mut self.jobs {
            job.on_started(run, pid);
            job.on_check_started(run, pid);
        }
        for template in &mut self.templates {
            template.on_started(run, pid);
        }
        self.on_command_started(run, pid);
    }

    pub(super) fn on_run_failed_to_start(
        &mut self,
        run: RunId,
        reason: &str,
        code: u8,
        step: &mut Step<'_>,
    ) {
        for job in &mut self.jobs {
            job.on_failed_to_start(run, reason, code, step);
            job.on_check_failed_to_start(run, reason, step);
        }
        for template in &mut self.templates {
            template.on_failed_to_start(run, reason, step);
        }
        let status = ExitStatus::Exited(code);
        self.on_command_exited(run, status, reason, Rest::Gone, step);
    }

    pub(super) fn on_run_exited(
        &mut self,
        run: RunId,
        status: ExitStatus,
        output: &str,
        rest: Rest,
        step: &mut Step<'_>,
    ) {
        for job in &mut self.jobs {
            job.on_exited(run, status, rest, step);
            job.on_check_exited(run, status, output, rest, step);
        }
        for template in &mut self.templates {
            template.on_exited(run, status, output, rest, step);
        }
        self.on_command_exited(run, status, output, rest, step);
    }

    pub(super) fn on_run_gone(&mut self, run: RunId, step: &mut Step<'_>) {
        for job in &mut self.jobs {
            job.on_gone(run, step);
            job.on_check_gone(run, step);
        }
        self.left_behind.retain(|left| left.id != run);
    }
}
