//! What starts a job.

use std::time::Duration;

use pilot_core::{
    Event, EventKind, Signal, Source,
    spec::{Beat, Condition, When},
};

use super::Ground;
use crate::{
    decode, duration,
    raw::{RawCondition, RawJob, RawWhen},
    spelling,
    value::{Member, Span, Spanned},
};

/// An event that starts a job, and where it is written.
pub(super) struct Mention {
    pub(super) event: Event,
    pub(super) span: Span,
}

/// What starts a job, once its own words make sense.
pub(super) struct Trigger {
    pub(super) when: When,
    pub(super) within: Option<Duration>,
    pub(super) after: Option<Event>,
    pub(super) settle: Duration,
    pub(super) mentions: Vec<Mention>,
    pub(super) broken: bool,
}

impl Trigger {
    fn new(when: When) -> Self {
        Self {
            when,
            within: None,
            after: None,
            settle: Duration::ZERO,
            mentions: Vec::new(),
            broken: false,
        }
    }
}

/// Says whether the job starts each time its event comes.
pub(super) fn repeats(raw: &RawWhen<'_>) -> bool {
    match raw.each {
        Some(each) if several(raw) => decode::truth(&each.value, "each").unwrap_or(false),
        Some(each) => decode::text(&each.value, "each").is_ok_and(|word| !word.is_empty()),
        None => false,
    }
}

fn several(raw: &RawWhen<'_>) -> bool {
    raw.all.is_some() || raw.any.is_some()
}

pub(super) fn check(raw: &RawJob<'_>, ground: Ground<'_>) -> Trigger {
    let Some(when) = &raw.when else {
        return Trigger::new(When::Once(Condition::startup()));
    };
    let mut reader = Reader {
        name: raw.called(),
        ground,
        mentions: Vec::new(),
    };
    let read = if when.broken { None } else { reader.when(when) };
    let broken = read.is_none();
    let mut trigger = Trigger::new(read.unwrap_or_else(|| When::Once(Condition::startup())));
    trigger.broken = broken;
    trigger.within = reader.within(when);
    trigger.settle = reader.settle(when);
    let startup = || Event::global(EventKind::Startup);
    let settles = !trigger.settle.is_zero();
    trigger.after = reader.after(when).or(settles.then(startup));
    trigger.mentions = reader.mentions;
    trigger
}

struct Reader<'a> {
    name: &'a str,
    ground: Ground<'a>,
    mentions: Vec<Mention>,
}

impl Reader<'_> {
    fn when(&mut self, raw: &RawWhen<'_>) -> Option<When> {
        if several(raw) {
            return self.several(raw);
        }
        let (once, each) = (self.word(raw.once, "once")?, self.word(raw.each, "each")?);
        let given = [raw.interval.is_some(), once.is_some(), each.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let only = "can have only one of 'interval', 'once', or 'each'";
            return self.refuse(raw.span, &format!("job[{}].when {only}", self.name));
        }
        if let Some(interval) = &raw.interval {
            return self
                .interval(interval, raw)
                .map(|period| When::Every(Beat::every(period)));
        }
        let repeats = each.is_some();
        let word = once.or(each);
        if let Some(signal) = self.signal(raw, word.as_ref())? {
            return Some(When::OnSignal(signal));
        }
        let Some(word) = word else {
            return self.nothing(raw);
        };
        let event = self.event(&word, raw.source.as_ref())?;
        let condition = Condition::Event(event);
        Some(if repeats {
            When::Each(condition)
        } else {
            When::Once(condition)
        })
    }

    /// Reads `all` and `any`, with `once: true` or `each: true` beside them.
    fn several(&mut self, raw: &RawWhen<'_>) -> Option<When> {
        let single = raw.interval.as_ref().or(raw.source.as_ref());
        if raw.all.is_some() && raw.any.is_some() {
            return self.refuse(
                raw.span,
                &format!(
                    "job[{}].when can have only one of 'all' or 'any'",
                    self.name
                ),
            );
        }
        if let Some(single) = single {
            let reason = "can have neither 'interval' nor 'source' beside 'all' or 'any'";
            return self.refuse(single.span, &format!("job[{}].when {reason}", self.name));
        }
        let (once, each) = (self.truth(raw.once, "once")?, self.truth(raw.each, "each")?);
        if once && each {
            let reason = format!(
                "job[{}].when can have only one of 'once' or 'each'",
                self.name
            );
            return self.refuse(raw.span, &reason);
        }
        let condition = match (&raw.all, &raw.any) {
            (Some(parts), _) => Condition::All(self.conditions(&parts.value)?),
            (None, Some(parts)) => Condition::Any(self.conditions(&parts.value)?),
            (None, None) => return None,
        };
        Some(if each {
            When::Each(condition)
        } else {
            When::Once(condition)
        })
    }

    fn conditions(&mut self, raw: &[RawCondition]) -> Option<Vec<Condition>> {
        let read: Vec<_> = raw.iter().map(|part| self.condition(part)).collect();
        read.into_iter().collect()
    }

    fn condition(&mut self, raw: &RawCondition) -> Option<Condition> {
        match raw {
            RawCondition::All(parts) => self.conditions(parts).map(Condition::All),
            RawCondition::Any(parts) => self.conditions(parts).map(Condition::Any),
            RawCondition::Event {
                span,
                source,
                event,
            } => {
                let signal = source
                    .as_ref()
                    .and_then(|source| signal_name(&source.value));
                if let (Some(signal), None, Some(source)) = (signal, event, source) {
                    return Some(Condition::Event(self.arrival(signal, source.span)));
                }
                let Some(event) = event else {
                    let reason = format!("job[{}].when needs an 'event' here", self.name);
                    self.ground.findings.error(*span, reason);
                    return None;
                };
                self.event(event, source.as_ref()).map(Condition::Event)
            }
        }
    }

    fn word(&self, member: Option<&Member>, key: &str) -> Option<Option<Spanned<String>>> {
        let Some(member) = member else {
            return Some(None);
        };
        let path = format!("job[{}].when.{key}", self.name);
        match decode::text(&member.value, &path) {
            Ok(word) if word.is_empty() => Some(None),
            Ok(word) => Some(Some(Spanned::new(member.value.span, word))),
            Err(reason) => {
                self.ground.findings.error(member.value.head(), reason);
                None
            }
        }
    }

    fn truth(&self, member: Option<&Member>, key: &str) -> Option<bool> {
        let Some(member) = member else {
            return Some(false);
        };
        let truth = decode::truth(&member.value, &format!("job[{}].when.{key}", self.name));
        let hint = format!("beside 'all' or 'any', write `{key}: true`");
        let report = |reason: String| {
            self.ground
                .findings
                .hinted(member.value.head(), reason, hint);
        };
        truth.map_err(report).ok()
    }

    fn interval(&self, written: &Spanned<String>, raw: &RawWhen<'_>) -> Option<Duration> {
        for (key, ignored) in [("source", &raw.source), ("timeout", &raw.timeout)] {
            if let Some(ignored) = ignored {
                let reason = format!(
                    "job[{}].when.{key} has no effect beside 'interval'",
                    self.name
                );
                self.ground.findings.warn(ignored.span, reason);
            }
        }
        let what = format!("job[{}].when.interval", self.name);
        let nanos = self.ground.duration(written, &what)?;
        if nanos < duration::SHORTEST {
            return self.refuse(
                written.span,
                &format!("{what} '{}' cannot be less than 1ms", written.value),
            );
        }
        Some(duration::clamp(nanos))
    }

    /// Finds out whether a signal starts the job: as the source, or as the event without one.
    fn signal(
        &mut self,
        raw: &RawWhen<'_>,
        word: Option<&Spanned<String>>,
    ) -> Option<Option<Signal>> {
        let by_source = raw
            .source
            .as_ref()
            .and_then(|source| Some((signal_name(&source.value)?, source.span)));
        let by_word = word.and_then(|word| Some((signal_name(&word.value)?, word.span)));
        if let (Some(_), None, Some(word)) = (by_source, by_word, word) {
            self.kind(word)?;
        }
        match (by_source, by_word, &raw.source) {
            (None, Some((signal, at)), Some(source)) => {
                let reason = format!(
                    "cannot start job[{}]: `{}` has no event `{signal}`",
                    self.name, source.value
                );
                self.ground
                    .findings
                    .hinted(at, reason, format!("write `source: \"{signal}\"`"));
                None
            }
            (Some((signal, at)), _, _) | (None, Some((signal, at)), None) => {
                self.arrival(signal, at);
                Some(Some(signal))
            }
            (None, None, _) => Some(None),
        }
    }

    fn arrival(&mut self, signal: Signal, span: Span) -> Event {
        let event = Event::new(EventKind::Signal, Source::Signal(signal));
        self.mentions.push(Mention {
            event: event.clone(),
            span,
        });
        event
    }

    fn nothing(&self, raw: &RawWhen<'_>) -> Option<When> {
        let name = self.name;
        let (at, reason) = match &raw.source {
            Some(source) if source.value.starts_with("SIG") => (
                source.span,
                format!(
                    "cannot start job[{name}]: `{}` is not a signal",
                    source.value
                ),
            ),
            Some(source) => (
                source.span,
                format!("cannot start job[{name}]: 'when' has a 'source' but no event"),
            ),
            None => (
                raw.span,
                format!("cannot start job[{name}]: 'when' names no event"),
            ),
        };
        let hint = "add 'once', 'each' or 'interval', or leave 'when' out to start at once";
        self.ground.findings.hinted(at, reason, hint);
        None
    }

    fn kind(&self, word: &Spanned<String>) -> Option<EventKind> {
        let kind = EventKind::parse(&word.value);
        if kind.is_none() {
            let (name, written) = (self.name, &word.value);
            let reason = format!(
                "unable to parse job[{name}].when.event: {written} is not a valid event code"
            );
            let words = EventKind::ALL.iter().map(|kind| kind.word());
            self.ground
                .findings
                .guessed(word.span, reason, spelling::hint(written, words));
        }
        kind
    }

    fn event(&mut self, word: &Spanned<String>, source: Option<&Spanned<String>>) -> Option<Event> {
        let kind = self.kind(word)?;
        let global = matches!(
            kind,
            EventKind::Startup
                | EventKind::Shutdown
                | EventKind::EnterMaintenance
                | EventKind::ExitMaintenance
        );
        let (source, span) = match source {
            Some(written) => (source_of(&written.value), written.span),
            None if global => (Source::Global, word.span),
            None => {
                let reason = format!(
                    "cannot start job[{}]: `{}` needs a 'source'",
                    self.name, word.value
                );
                let hint =
                    "add the name of a job, or `watch.` and the name of a watch, as 'source'";
                self.ground.findings.hinted(word.span, reason, hint);
                return None;
            }
        };
        let event = Event::new(kind, source);
        self.mentions.push(Mention {
            event: event.clone(),
            span,
        });
        Some(event)
    }

    fn within(&self, raw: &RawWhen<'_>) -> Option<Duration> {
        let written = raw.timeout.as_ref().filter(|_| raw.interval.is_none())?;
        match duration::parse(&written.value) {
            Ok(nanos) => duration::limit(nanos),
            Err(reason) => {
                let reason = format!("unable to parse job[{}].when.timeout: {reason}", self.name);
                self.ground.findings.error(written.span, reason);
                None
            }
        }
    }

    fn after(&mut self, raw: &RawWhen<'_>) -> Option<Event> {
        let written = raw.after.as_ref()?;
        if let Condition::Event(event) = self.condition(&written.value)? {
            return Some(event);
        }
        let reason = format!("job[{}].when.after must be one event", self.name);
        self.refuse(written.span, &reason)
    }

    fn settle(&self, raw: &RawWhen<'_>) -> Duration {
        let what = format!("job[{}].when.settle", self.name);
        let written = raw.settle.as_ref();
        let settle = written.and_then(|written| self.ground.span_of_time(written, &what));
        settle.unwrap_or_default()
    }

    fn refuse<T>(&self, at: Span, reason: &str) -> Option<T> {
        self.ground.findings.error(at, reason);
        None
    }
}

/// Reads `SIGHUP` and the like; a bare `HUP` may be the name of a job.
fn signal_name(text: &str) -> Option<Signal> {
    text.starts_with("SIG")
        .then(|| Signal::parse(text))
        .flatten()
}

/// Reads a source as `when.source` spells it.
fn source_of(text: &str) -> Source {
    if text == "global" {
        return Source::Global;
    }
    match text.split_once('.') {
        Some(("check", name)) => Source::Check(name.into()),
        Some(("watch", name)) => Source::Watch(name.into()),
        Some(("template", name)) => Source::Template(name.into()),
        _ => Source::Job(text.into()),
    }
}
