//! How changed files are taken up: one signal, one restart, one command for all that changed
//! together, in the order of the templates.
//!
//! Nothing is taken up while a text is being made: what it is for may be for others as well.

use super::{Life, Supervisor};
use crate::{
    Effect, ExitStatus, JobName, Rest, Signal, TemplateName, Time,
    effect::Purpose,
    job::{Job, State},
    run::{Run, RunId},
    spec::{AfterChanges, Notice, OnChange},
    step::Step,
    template::{self, Retry, Template},
};

/// What changed files still have to lead to.
#[derive(Debug)]
pub(super) struct Changes {
    /// The command that is on.
    command: Option<Shared>,
    /// What follows once all commands are over.
    after: Option<AfterChanges>,
    /// The first run that can have read all that changed, if somebody has yet to be told.
    untold: Option<RunId>,
    /// A restart that waits for its moment.
    restart: Option<Restart>,
}

/// A command, and the templates whose files it takes up.
#[derive(Debug)]
struct Shared {
    run: Run,
    serves: Vec<TemplateName>,
}

/// When to stop a run that knows only older files.
#[derive(Clone, Copy, Debug)]
struct Restart {
    at: Time,
    run: RunId,
}

impl Changes {
    pub(super) fn new(after: Option<AfterChanges>) -> Self {
        Self {
            command: None,
            after,
            untold: None,
            restart: None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let command = self
            .command
            .as_ref()
            .and_then(|shared| shared.run.deadline());
        let restart = self.restart.map(|restart| restart.at);
        [command, restart].into_iter().flatten().min()
    }

    /// The helper stops: nothing of it goes on.
    pub(super) fn cease(&mut self, step: &mut Step<'_>) {
        if let Some(mut shared) = self.command.take() {
            shared.run.kill(step);
        }
        (self.untold, self.restart) = (None, None);
    }

    /// A reload may want something else to follow.
    pub(super) fn replace_after(&mut self, after: Option<AfterChanges>) {
        if self.after != after {
            self.after = after;
            self.restart = None;
        }
    }

    /// The command that is on ended, if this is its run.
    fn take(&mut self, run: RunId) -> Option<Shared> {
        self.command.take_if(|shared| shared.run.id == run)
    }
}

impl Supervisor {
    pub(super) fn on_template_installed(
        &mut self,
        name: &TemplateName,
        failure: Option<String>,
        step: &mut Step<'_>,
    ) {
        let template = self.templates.iter_mut().find(|t| t.spec.name == *name);
        if template.is_some_and(|t| t.on_installed(failure, step)) {
            self.changes.untold = Some(step.next_run());
        }
    }

    /// Takes up what is written. Before jobs hear of it: who starts upon it reads the new file.
    pub(super) fn take_up_changes(&mut self, step: &mut Step<'_>) {
        if self.life != Life::Running || self.templates.iter().any(Template::at_work) {
            return;
        }
        let is_written = |t: &Template| matches!(t.state, template::State::Written);
        while self.changes.command.is_none()
            && let Some(n) = self.templates.iter().position(is_written)
        {
            self.take_up(n, step);
        }
        if !self.templates.iter().any(Template::under_way) {
            self.tell_of_changes(step);
        }
    }

    fn take_up(&mut self, n: usize, step: &mut Step<'_>) {
        let change = self.templates[n].spec.on_change.clone();
        if let OnChange::Exec { command, timeout } = &change {
            let purpose = Purpose::Reconfigure(self.templates[n].spec.name.clone());
            let run = step.spawn(purpose, command, *timeout);
            let serves = self.begin_command(&change);
            self.changes.command = Some(Shared { run, serves });
            return;
        }
        let like = |t: &&mut Template| {
            t.spec.on_change == change && matches!(t.state, template::State::Written)
        };
        let mut read_by = RunId(0);
        for template in self.templates.iter_mut().filter(like) {
            read_by = read_by.max(template.read_by);
            template.settle(step);
        }
        match change {
            OnChange::Signal { signal, job } => self.signal_older(&job, read_by, signal, step),
            OnChange::Restart { job } => {
                if let Some(run) = self.older_run(&job, read_by) {
                    self.restart_run(&job, run, step);
                }
            }
            OnChange::None | OnChange::Exec { .. } => {}
        }
    }

    /// Those whose files are in place and wait for the same command.
    fn begin_command(&mut self, change: &OnChange) -> Vec<TemplateName> {
        let waits = |t: &&mut Template| {
            t.waits_for_a_command() && command_of(&t.spec.on_change) == command_of(change)
        };
        let served = self.templates.iter_mut().filter(waits);
        let begin = |template: &mut Template| {
            template.state = template::State::Reconfiguring;
            template.spec.name.clone()
        };
        served.map(begin).collect()
    }

    pub(super) fn on_changes_woken(&mut self, step: &mut Step<'_>) {
        if let Some(shared) = &mut self.changes.command {
            shared.run.on_woken(None, step);
            if shared.run.over() {
                let run = shared.run.id;
                let killed = ExitStatus::Signaled(Signal::KILL);
                self.on_command_exited(run, killed, "does not end", Rest::Gone, step);
            }
        }
        if let Some(restart) = self
            .changes
            .restart
            .take_if(|restart| restart.at <= step.now)
            && let Some(after) = &self.changes.after
        {
            let job = after.job.clone();
            self.restart_run(&job, restart.run, step);
        }
    }

    pub(super) fn on_command_started(&mut self, run: RunId, pid: u32) {
        if let Some(shared) = &mut self.changes.command
            && shared.run.id == run
        {
            shared.run.pid = Some(pid);
        }
    }

    pub(super) fn on_command_exited(
        &mut self,
        run: RunId,
        status: ExitStatus,
        output: &str,
        rest: Rest,
        step: &mut Step<'_>,
    ) {
        let Some(Shared { mut run, serves }) = self.changes.take(run) else {
            return;
        };
        run.on_exited(status, rest, step.stop_timeout, step.now);
        let served = |t: &&mut Template| {
            serves.contains(&t.spec.name) && matches!(t.state, template::State::Reconfiguring)
        };
        let mut served: Vec<&mut Template> = self.templates.iter_mut().filter(served).collect();
        if status.success() {
            served.iter_mut().for_each(|template| template.settle(step));
        } else if let Some(first) = served.first() {
            let reason = template::failure(&run.purpose, status, output);
            let retry_at = first.next_try(step);
            let whose: Vec<String> = served.iter().map(|t| t.source().to_string()).collect();
            template::report(&whose.join(", "), &reason, retry_at, step);
            for template in served {
                template.fail_until(retry_at, reason.clone(), Retry::Reconfigure, step);
            }
        }
        // What it left behind does not matter to the file: the answer is its own status.
        step.left_behind.extend(Some(run).filter(|run| !run.over()));
    }

    /// A reload may have taken away all whom the command served.
    pub(super) fn drop_command_of_nobody(&mut self, step: &mut Step<'_>) {
        let templates = &self.templates;
        let waits = |name: &TemplateName| {
            let mut named = templates.iter().filter(|t| t.spec.name == *name);
            named.any(|t| matches!(t.state, template::State::Reconfiguring))
        };
        let of_nobody = |shared: &mut Shared| !shared.serves.iter().any(waits);
        if let Some(mut shared) = self.changes.command.take_if(of_nobody) {
            shared.run.kill(step);
        }
    }

    /// Everything is taken up: once, the job that has to take notice does.
    fn tell_of_changes(&mut self, step: &mut Step<'_>) {
        let Some(read_by) = self.changes.untold.take() else {
            return;
        };
        let Some(AfterChanges { job, notice }) = self.changes.after.clone() else {
            return;
        };
        match notice {
            Notice::Signal(signal) => self.signal_older(&job, read_by, signal, step),
            Notice::Restart { splay } => {
                if let Some(run) = self.older_run(&job, read_by) {
                    let at = step.now + step.part_of(splay);
                    let pending = self.changes.restart.filter(|restart| restart.run == run);
                    self.changes.restart = pending.or(Some(Restart { at, run }));
                    self.on_changes_woken(step);
                }
            }
        }
    }

    /// The run of a job that is alive and began before those files were in place.
    fn older_run(&self, job: &JobName, read_by: RunId) -> Option<RunId> {
        let run = self.job(job).and_then(Job::run)?;
        (run.alive() && run.id < read_by).then_some(run.id)
    }

    fn signal_older(&self, job: &JobName, read_by: RunId, signal: Signal, step: &mut Step<'_>) {
        if let Some(run) = self.older_run(job, read_by) {
            step.effects.push(Effect::Signal { run, signal });
        }
    }

    /// A job that is about to stop takes up the new file when it starts again.
    fn restart_run(&mut self, job: &JobName, run: RunId, step: &mut Step<'_>) {
        let runs =
            |job: &Job| matches!(&job.state, State::Running { run: own, .. } if own.id == run);
        if self.job(job).is_some_and(runs) {
            self.with_job(job, |job| job.restart_by_hand(step));
        }
    }
}

fn command_of(change: &OnChange) -> Option<&crate::spec::Command> {
    match change {
        OnChange::Exec { command, .. } => Some(command),
        OnChange::None | OnChange::Signal { .. } | OnChange::Restart { .. } => None,
    }
}
