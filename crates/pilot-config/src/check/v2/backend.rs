//! Backends: services of others, and what to do when they change.

use pilot_core::{
    Event, EventKind, Source, WatchName,
    spec::{
        Command, Condition, InMaintenance, JobSpec, Overlap, ServiceSubject, Subject, WatchSpec,
        When,
    },
};

use super::{Around, service::check_name};
use crate::{check::text, raw::v2::RawBackend};

/// Makes a watch for every service and tag, and a job for every backend.
pub(super) fn check_all(
    raw: &[RawBackend<'_>],
    around: &mut Around<'_>,
) -> (Vec<WatchSpec>, Vec<JobSpec>) {
    let (mut watches, mut jobs) = (Vec::new(), Vec::new());
    for backend in raw {
        if let Some((watch, job)) = check(backend, &mut watches, around) {
            jobs.push(taker(job, watch, around));
        }
    }
    (watches, jobs)
}

fn check(
    raw: &RawBackend<'_>,
    watches: &mut Vec<WatchSpec>,
    around: &mut Around<'_>,
) -> Option<(WatchName, JobSpec)> {
    let ground = around.ground;
    let (name, called) = (raw.name.text.as_str(), raw.name.called());
    check_name(&raw.name, ground);
    let refusal = format!("Could not parse `onChange` in backend {called}");
    let timeout = ground.limit(raw.timeout.as_ref(), &refusal);
    let argv = match raw.on_change {
        Some(value) => ground.command(value, &refusal),
        None => {
            if !raw.broken {
                let reason = format!("`onChange` is required in backend {called}");
                ground.findings.error(raw.name.span, reason);
            }
            None
        }
    };
    let what = format!("`poll` must be > 0 in backend {called}");
    let interval = ground.period(raw.poll.as_ref(), raw.name.span, raw.broken, &what);
    let watch = follow(name, text(raw.tag.as_ref()), interval, watches);
    let job = JobSpec {
        exec: Some(Command {
            leaves_rest: true,
            ..Command::new(argv?)
        }),
        timeout,
        settle: interval,
        ..JobSpec::new(around.names.give("onChange", name))
    };
    Some((watch, job))
}

/// Finds the watch of a service and tag, or makes it. Two backends of one service have two names,
/// since each wants to hear of its own tag only.
fn follow(
    service: &str,
    tag: Option<String>,
    interval: std::time::Duration,
    watches: &mut Vec<WatchSpec>,
) -> WatchName {
    let tagged = tag.as_ref().map(|tag| format!("{service}-{tag}"));
    let subject = Subject::Service(ServiceSubject {
        service: service.to_owned(),
        tag,
        ..ServiceSubject::default()
    });
    let same = |watch: &&mut WatchSpec| watch.subject == subject;
    if let Some(watch) = watches.iter_mut().find(same) {
        watch.interval = watch.interval.min(interval);
        return watch.name.clone();
    }
    let taken = |name: &str| watches.iter().any(|watch| watch.name.as_str() == name);
    let numbered = (2..).map(|number| format!("{service}-{number}"));
    let mut names = std::iter::once(service.to_owned())
        .chain(tagged)
        .chain(numbered);
    let name = names.find(|name| !taken(name));
    let name = WatchName::new(name.unwrap_or_default());
    watches.push(WatchSpec::new(name.clone(), subject, interval));
    name
}

/// It hears of the first change one `poll` after the application's start, as ever: what it sends a
/// signal to, or asks to reload, is up by then.
fn taker(job: JobSpec, watch: WatchName, around: &Around<'_>) -> JobSpec {
    let changed = Event::new(EventKind::Changed, Source::Watch(watch));
    let startup = || Event::global(EventKind::Startup);
    JobSpec {
        when: When::Each(Condition::Event(changed)),
        after: Some(around.gate().unwrap_or_else(startup)),
        settle: job.settle,
        overlap: Overlap::Queue,
        maintenance: InMaintenance::Pauses,
        exec: job.exec,
        timeout: job.timeout,
        ..around.companion(job.name)
    }
}
