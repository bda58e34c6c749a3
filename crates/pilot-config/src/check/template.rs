//! Templates.

use std::{collections::HashSet, time::Duration};

use pilot_core::{
    Signal,
    spec::{Command, OnChange, TemplateSource, TemplateSpec, Wait},
};

use super::{Ground, job, text};
use crate::{
    command, duration,
    raw::{RawJob, RawOnChange, RawTemplate, RawWait},
    value::{Span, Spanned, Value},
};

/// The name of a template: its own, or else the file name of its destination.
pub(super) fn called<'r>(raw: &'r RawTemplate<'_>) -> Option<&'r str> {
    if let Some(name) = &raw.name {
        return Some(&name.value);
    }
    let destination = &raw.destination.as_ref()?.value;
    destination.rsplit('/').find(|part| !part.is_empty())
}

pub(super) fn check_all(
    raw: &[RawTemplate<'_>],
    jobs: &[RawJob<'_>],
    ground: Ground<'_>,
) -> Vec<TemplateSpec> {
    let (mut names, mut destinations) = (HashSet::new(), HashSet::new());
    for template in raw {
        let at = template
            .name
            .as_ref()
            .map_or(template.span, |name| name.span);
        if let Some(name) = called(template).filter(|name| !names.insert(*name)) {
            ground.findings.error(
                at,
                format!("cannot have two templates with the name `{name}`"),
            );
        }
        if let Some(to) = template
            .destination
            .as_ref()
            .filter(|to| !destinations.insert(&to.value))
        {
            let reason = format!("cannot have two templates write `{}`", to.value);
            ground.findings.error(to.span, reason);
        }
    }
    raw.iter()
        .filter_map(|raw| Check { raw, jobs, ground }.template())
        .collect()
}

struct Check<'a, 'v> {
    raw: &'a RawTemplate<'v>,
    jobs: &'a [RawJob<'v>],
    ground: Ground<'a>,
}

impl Check<'_, '_> {
    fn template(&self) -> Option<TemplateSpec> {
        let raw = self.raw;
        let source = self.source();
        if raw.destination.is_none() {
            self.error(
                raw.span,
                format!("{} must have a 'destination'", self.what()),
            );
        }
        let check = raw.check.and_then(|check| self.command(check, "check"));
        let on_change = raw
            .on_change
            .as_ref()
            .and_then(|change| self.on_change(change));
        let what = format!("{}.perms", self.what());
        let perms = raw
            .perms
            .as_ref()
            .and_then(|perms| self.ground.permissions(perms, &what));
        let wait = raw
            .wait
            .as_ref()
            .map_or(Wait::DEFAULT, |wait| self.wait(wait));
        let (name, destination) = (called(raw)?, text(raw.destination.as_ref())?);
        Some(TemplateSpec {
            perms,
            user: text(raw.user.as_ref()),
            group: text(raw.group.as_ref()),
            check,
            on_change: on_change.unwrap_or(OnChange::None),
            wait,
            ..TemplateSpec::new(name, source?, destination)
        })
    }

    fn what(&self) -> String {
        format!("template[{}]", called(self.raw).unwrap_or_default())
    }

    fn error(&self, at: Span, reason: String) {
        self.ground.findings.error(at, reason);
    }

    fn source(&self) -> Option<TemplateSource> {
        match (&self.raw.source, &self.raw.contents) {
            (Some(file), None) => Some(TemplateSource::File(file.value.clone())),
            (None, Some(contents)) => Some(TemplateSource::Inline(contents.value.clone())),
            (Some(_), Some(contents)) => {
                let only = "can have only one of 'source' or 'contents'";
                self.error(contents.span, format!("{} {only}", self.what()));
                None
            }
            (None, None) => {
                let reason = format!("{} must have a 'source' or 'contents'", self.what());
                self.error(self.raw.span, reason);
                None
            }
        }
    }

    fn command(&self, value: &Value, key: &str) -> Option<Command> {
        let report = |reason| {
            self.error(
                value.head(),
                format!("unable to create {}.{key}: {reason}", self.what()),
            );
        };
        command::arguments(value)
            .map(Command::new)
            .map_err(report)
            .ok()
    }

    fn on_change(&self, raw: &RawOnChange<'_>) -> Option<OnChange> {
        let (span, signal, job, exec, timeout, restart) = match raw {
            RawOnChange::Word(word) if word.value == "none" => return Some(OnChange::None),
            RawOnChange::Word(word) => return self.no_change(word.span),
            RawOnChange::Steps {
                span,
                signal,
                job,
                exec,
                timeout,
                restart,
            } => (*span, signal, job, exec, timeout, restart),
        };
        let reaction = match (signal, exec, restart) {
            (Some(signal), None, None) => self.signal(signal, job.as_ref(), span),
            (None, Some(exec), None) => self.exec(exec, timeout.as_ref()),
            (None, None, Some(job)) => {
                job::check_exists(
                    job,
                    &format!("{}.onChange", self.what()),
                    self.jobs,
                    self.ground,
                );
                Some(OnChange::Restart {
                    job: job.value.as_str().into(),
                })
            }
            _ => return self.no_change(span),
        };
        let (stray, key) = match (job, timeout) {
            (Some(job), _) if signal.is_none() => (Some(job.span), "job"),
            (_, Some(timeout)) if exec.is_none() => (Some(timeout.span), "timeout"),
            _ => (None, ""),
        };
        if let Some(at) = stray {
            let reason = format!("{}.onChange.{key} has no effect here", self.what());
            self.ground.findings.warn(at, reason);
        }
        reaction
    }

    fn no_change(&self, at: Span) -> Option<OnChange> {
        let reason = format!("cannot use this as {}.onChange", self.what());
        let hint = "one of \"none\", {signal, job}, {exec, timeout}, {restart: job}";
        self.ground.findings.hinted(at, reason, hint);
        None
    }

    fn signal(
        &self,
        signal: &Spanned<String>,
        job: Option<&Spanned<String>>,
        at: Span,
    ) -> Option<OnChange> {
        let what = format!("{}.onChange", self.what());
        let Some(job) = job else {
            self.error(at, format!("{what} must say which 'job' gets the signal"));
            return None;
        };
        job::check_exists(job, &what, self.jobs, self.ground);
        let Some(known) = Signal::parse(&signal.value) else {
            self.error(
                signal.span,
                format!(
                    "cannot use `{}` as {what}.signal: not a signal",
                    signal.value
                ),
            );
            return None;
        };
        Some(OnChange::Signal {
            signal: known,
            job: job.value.as_str().into(),
        })
    }

    fn exec(&self, exec: &Value, timeout: Option<&Spanned<String>>) -> Option<OnChange> {
        let what = format!("{}.onChange.timeout", self.what());
        let timeout = timeout.and_then(|text| self.ground.duration(text, &what));
        let command = self.command(exec, "onChange.exec")?;
        Some(OnChange::Exec {
            command,
            timeout: timeout.and_then(duration::limit),
        })
    }

    fn wait(&self, raw: &RawWait) -> Wait {
        let what = format!("{}.wait", self.what());
        let read = |text: &Option<Spanned<String>>| {
            text.as_ref()
                .and_then(|text| self.ground.span_of_time(text, &what))
        };
        let (min, max, at) = match raw {
            RawWait::Quiet(text) => (self.ground.span_of_time(text, &what), None, text.span),
            RawWait::Range { min, max } => {
                let at = max
                    .as_ref()
                    .or(min.as_ref())
                    .map_or(self.raw.span, |text| text.span);
                (read(min), read(max), at)
            }
        };
        let min = min.unwrap_or(Wait::DEFAULT.min);
        let wait = Wait {
            min,
            max: max.unwrap_or(longest(min)),
        };
        if wait.min > wait.max {
            self.error(at, format!("{what}.min cannot be longer than 'max'"));
        }
        wait
    }
}

/// Keeps the proportion of the default where only the quiet time is given.
fn longest(min: Duration) -> Duration {
    min.saturating_mul(10)
}
