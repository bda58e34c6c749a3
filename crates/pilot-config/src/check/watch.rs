//! Watches.

use std::{collections::HashSet, path::Path, time::Duration};

use pilot_core::spec::{OnEmpty, ServiceSubject, Subject, WatchSpec};

use super::{Ground, choices, service, text, word};
use crate::{
    raw::RawWatch,
    value::{Span, Spanned},
};

/// The longest staleness of a key that a watch looks at, unless it says another.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long a file is quiet before a change of it is told, unless the watch says otherwise: who
/// writes one writes more than once.
const QUIET: Duration = Duration::from_millis(50);

const ON_EMPTY: [(&str, OnEmpty); 2] = [("hold", OnEmpty::Hold), ("tell", OnEmpty::Tell)];

pub(super) fn check_all(raw: &[RawWatch], ground: Ground<'_>) -> Vec<WatchSpec> {
    check_names(raw, ground);
    let mut seen = Vec::new();
    let mut watches: Vec<WatchSpec> = raw
        .iter()
        .map(|raw| Check { raw, ground }.watch())
        .collect();
    // Two that look at one thing under one name are one.
    watches.retain(|watch| {
        let id = watch.id();
        let is_new = !seen.contains(&id);
        seen.push(id);
        is_new
    });
    watches
}

/// Services may share a name, and their events, as ever; what else is watched may not.
fn check_names(raw: &[RawWatch], ground: Ground<'_>) {
    let mut seen = HashSet::new();
    for watch in raw {
        let Some(name) = &watch.name else {
            continue;
        };
        if seen.insert(&name.value) {
            continue;
        }
        let same = raw.iter().filter(|other| {
            let other = other.name.as_ref();
            other.is_some_and(|other| other.value == name.value)
        });
        if same.into_iter().all(RawWatch::is_of_service) {
            let reason = format!(
                "there is another watch[{}], and they share their events",
                name.value
            );
            ground.findings.warn(name.span, reason);
        } else {
            let reason = format!("cannot have two watches with the name `{}`", name.value);
            ground.findings.error(name.span, reason);
        }
    }
}

struct Check<'a> {
    raw: &'a RawWatch,
    ground: Ground<'a>,
}

impl Check<'_> {
    fn watch(&self) -> WatchSpec {
        let raw = self.raw;
        let name = self.name();
        let at = raw.name.as_ref().map_or(raw.span, |name| name.span);
        service::check_name(name, at, self.ground);
        self.check_kind();
        let is_file = raw.file.is_some();
        WatchSpec {
            name: name.into(),
            subject: self.subject(),
            interval: self.interval(),
            debounce: self
                .debounce()
                .unwrap_or(if is_file { QUIET } else { Duration::ZERO }),
            min: self.min(),
            on_empty: self.on_empty(),
        }
    }

    fn name(&self) -> &str {
        self.raw.name.as_ref().map_or("", |name| &name.value)
    }

    /// Reports what does not go together: several things to look at, or words of services.
    fn check_kind(&self) {
        let raw = self.raw;
        let kinds = [
            ("service", &raw.service),
            ("key", &raw.key),
            ("prefix", &raw.prefix),
            ("file", &raw.file),
        ];
        let given = kinds
            .into_iter()
            .filter_map(|(kind, given)| Some((kind, given.as_ref()?)));
        let given: Vec<(&str, &Spanned<String>)> = given.collect();
        if let [_, (_, second), ..] = given.as_slice() {
            let words: Vec<String> = given.iter().map(|(kind, _)| format!("'{kind}'")).collect();
            let reason = format!(
                "watch[{}] can have only one of 'service', 'key', 'prefix', or 'file', but has {}",
                self.name(),
                words.join(", ")
            );
            let hint = "give each its own watch; a job can wait for several with `all` or `any`";
            self.ground.findings.hinted(second.span, reason, hint);
            return;
        }
        if let [(kind @ ("key" | "prefix" | "file"), _)] = given.as_slice() {
            self.check_words_of_services(kind);
        }
    }

    fn check_words_of_services(&self, kind: &str) {
        let raw = self.raw;
        let span = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.span);
        let words = [
            ("tag", span(&raw.tag)),
            ("near", span(&raw.near)),
            ("filter", span(&raw.filter)),
            ("min", raw.min.as_ref().map(|min| min.span)),
            ("dc", span(&raw.dc).filter(|_| kind == "file")),
        ];
        for (word, at) in words {
            if let Some(at) = at {
                let reason = format!(
                    "watch[{}].{word} has no meaning beside '{kind}'",
                    self.name()
                );
                let hint = if word == "dc" {
                    "it is for what the catalog says"
                } else {
                    "it is for services"
                };
                self.ground.findings.hinted(at, reason, hint);
            }
        }
        if let Some(interval) = raw.interval.as_ref().filter(|_| kind == "file") {
            let reason = format!(
                "watch[{}].interval has no effect beside 'file', which is never polled",
                self.name()
            );
            self.ground.findings.warn(interval.span, reason);
        }
    }

    fn subject(&self) -> Subject {
        let raw = self.raw;
        let dc = text(raw.dc.as_ref());
        if let Some(key) = &raw.key {
            let path = self.in_catalog(key, "key");
            Subject::Key { path, dc }
        } else if let Some(prefix) = &raw.prefix {
            let prefix = self.in_catalog(prefix, "prefix");
            Subject::Prefix { prefix, dc }
        } else if let Some(file) = &raw.file {
            let path = self.path(file);
            Subject::File { path }
        } else {
            Subject::Service(ServiceSubject {
                service: text(raw.service.as_ref()).unwrap_or_else(|| self.name().to_owned()),
                tag: text(raw.tag.as_ref()),
                dc,
                near: text(raw.near.as_ref()),
                filter: text(raw.filter.as_ref()),
            })
        }
    }

    /// Keys begin without a `/`, and are forgiven one.
    fn in_catalog(&self, written: &Spanned<String>, kind: &str) -> String {
        let path = written.value.trim_start_matches('/');
        // All keys there are begin with nothing, but somebody must have meant that.
        let is_nothing = match kind {
            "prefix" => written.value.is_empty(),
            _ => path.is_empty(),
        };
        if is_nothing {
            let reason = format!("watch[{}].{kind} must name something", self.name());
            let hint = "it may be a variable that is not set";
            self.ground.findings.hinted(written.span, reason, hint);
        } else if kind == "key" && path.ends_with('/') {
            let reason = format!("watch[{}].key ends with a `/`", self.name());
            let hint = format!("to watch all keys under it, write `prefix: \"{path}\"`");
            self.ground.findings.warn_hinted(written.span, reason, hint);
        }
        path.to_owned()
    }

    fn path(&self, written: &Spanned<String>) -> String {
        let path = &written.value;
        let refuse = |reason: &str, hint: String| {
            let reason = format!("cannot watch the file `{path}`: {reason}");
            self.ground.findings.hinted(written.span, reason, hint);
        };
        if path.is_empty() {
            refuse(
                "it has no name",
                "it may be a variable that is not set".to_owned(),
            );
        } else if !Path::new(path).is_absolute() {
            let hint = format!(
                "the helper may run anywhere; write the whole path, such as `/etc/{}`",
                path.trim_start_matches("./")
            );
            refuse("it is relative", hint);
        } else if path.ends_with('/') {
            refuse("it is a directory", "name a file in it".to_owned());
        }
        path.clone()
    }

    fn interval(&self) -> Duration {
        let raw = self.raw;
        let written = raw.interval.as_ref();
        let seconds = written.map_or(0, |interval| interval.value);
        let may_lack = !raw.is_of_service() && written.is_none();
        if seconds < 1 && !may_lack && !raw.broken {
            let at = written.map_or(raw.span, |interval| interval.span);
            let reason = format!("watch[{}].interval must be > 0", self.name());
            self.ground.findings.error(at, reason);
        }
        u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map_or(INTERVAL, Duration::from_secs)
    }

    fn debounce(&self) -> Option<Duration> {
        let what = format!("watch[{}].debounce", self.name());
        let written = self.raw.debounce.as_ref()?;
        self.ground.span_of_time(written, &what)
    }

    fn min(&self) -> usize {
        let Some(min) = &self.raw.min else {
            return 1;
        };
        let read = usize::try_from(min.value).ok().filter(|min| *min > 0);
        if read.is_none() {
            let reason = format!("watch[{}].min must be > 0", self.name());
            let hint = "it is the fewest instances that are `healthy`; leave it out for 1";
            self.ground.findings.hinted(min.span, reason, hint);
        }
        read.unwrap_or(1)
    }

    fn on_empty(&self) -> OnEmpty {
        let Some(written) = &self.raw.on_empty else {
            return OnEmpty::default();
        };
        let read = word(&written.value, &ON_EMPTY);
        if read.is_none() {
            let what = format!("watch[{}].onEmpty", self.name());
            let reason = format!("cannot use `{}` as {what}", written.value);
            self.refuse_word(written.span, reason);
        }
        read.unwrap_or_default()
    }

    fn refuse_word(&self, at: Span, reason: String) {
        self.ground.findings.hinted(at, reason, choices(&ON_EMPTY));
    }
}
