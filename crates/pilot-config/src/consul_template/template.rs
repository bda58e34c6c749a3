//! The sections `template`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use pilot_core::{
    TemplateName,
    spec::{Language, OnChange, TemplateSource, TemplateSpec, Wait, Writing},
};

use super::{
    exec::{self, Section},
    take, wait,
};
use crate::{
    decode::Fields,
    findings::Findings,
    value::{Span, Value},
};

/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// What all templates have in common.
pub(super) struct Common<'a> {
    pub(super) wait: Option<Wait>,
    pub(super) delimiters: (Option<String>, Option<String>),
    pub(super) once: bool,
    pub(super) dry: bool,
    pub(super) variables: &'a [(String, String)],
}

/// A template, as it is written.
pub(super) struct Written {
    span: Span,
    source: Option<String>,
    contents: Option<String>,
    destination: Option<String>,
    perms: Option<u32>,
    user: Option<String>,
    group: Option<String>,
    on_change: OnChange,
    wait: Wait,
    language: Language,
    writing: Writing,
}

impl Written {
    pub(super) fn read(
        value: &Value,
        at: usize,
        common: &Common<'_>,
        findings: &Findings,
    ) -> Option<Self> {
        let mut fields = Fields::open(value, &format!("template[{at}]"), findings)?;
        let own_wait = take::quiet(&mut fields, "wait").or(common.wait);
        let written = Self {
            span: value.head(),
            source: take::text(&mut fields, "source"),
            contents: fields.text("contents").map(|text| text.value),
            destination: take::text(&mut fields, "destination"),
            perms: take::permissions(&mut fields, "perms"),
            user: take::text(&mut fields, "user").or_else(|| take::text(&mut fields, "uid")),
            group: take::text(&mut fields, "group").or_else(|| take::text(&mut fields, "gid")),
            on_change: on_change(&mut fields, common),
            wait: own_wait.filter(|_| !common.once).unwrap_or(wait::NONE),
            language: language(&mut fields, common),
            writing: Writing {
                make_directories: take::truth(&mut fields, "create_dest_dirs", true),
                backup: take::truth(&mut fields, "backup", false),
                dry: common.dry,
            },
        };
        fields.ignore(&["error_fatal"]);
        fields.finish();
        Some(written)
    }

    /// Makes the template, if it has one text and one place to go to.
    pub(super) fn template(
        self,
        names: &mut BTreeSet<String>,
        findings: &Findings,
    ) -> Option<TemplateSpec> {
        let name = self.name(names);
        let source = match (self.source, self.contents) {
            (Some(file), None) => Some(TemplateSource::File(file)),
            (None, Some(contents)) => Some(TemplateSource::Inline(contents)),
            (Some(_), Some(_)) => {
                let reason = "template: cannot specify both 'source' and 'contents'";
                findings.error(self.span, reason);
                None
            }
            (None, None) => {
                let reason = "template: must specify exactly one of 'source' or 'contents'";
                findings.error(self.span, reason);
                None
            }
        };
        if self.destination.is_none() && !self.writing.dry {
            let reason = "template: missing destination";
            let hint = "say where to write it, or see it with -dry";
            findings.hinted(self.span, reason, hint);
            return None;
        }
        Some(TemplateSpec {
            perms: self.perms,
            user: self.user,
            group: self.group,
            on_change: self.on_change,
            wait: self.wait,
            language: self.language,
            writing: self.writing,
            ..TemplateSpec::new(name, source?, self.destination.unwrap_or_default())
        })
    }

    /// Calls it by where it goes to, else by where it comes from, with a number if that is taken.
    fn name(&self, names: &mut BTreeSet<String>) -> TemplateName {
        let called = self.destination.as_ref().or(self.source.as_ref());
        let called = called.map_or("contents", String::as_str);
        let numbered = (2..).map(|number| format!("{called}#{number}"));
        let mut candidates = std::iter::once(called.to_owned()).chain(numbered);
        let free = candidates.find(|name| names.insert(name.clone()));
        TemplateName::new(free.unwrap_or_default())
    }
}

/// Leaves out templates whose file a later one writes again: only the last of them can stand.
pub(super) fn last_of_each_file(written: Vec<Written>, findings: &Findings) -> Vec<Written> {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for (at, one) in written.iter().enumerate() {
        if let Some(destination) = one.destination.clone().filter(|_| !one.writing.dry) {
            last.insert(destination, at);
        }
    }
    let is_last = |(at, one): &(usize, Written)| {
        let destination = one.destination.as_ref().filter(|_| !one.writing.dry);
        let later = destination.and_then(|destination| last.get(destination));
        let stays = later.is_none_or(|later| later == at);
        if !stays {
            let name = destination.map_or("", String::as_str);
            let reason = format!("template: left out, since a later one writes `{name}` too");
            findings.warn(one.span, reason);
        }
        stays
    };
    let numbered = written.into_iter().enumerate().filter(is_last);
    numbered.map(|(_, one)| one).collect()
}

fn on_change(fields: &mut Fields<'_, '_>, common: &Common<'_>) -> OnChange {
    let argv = take::arguments(fields, "command");
    let timeout = take::length(fields, "command_timeout");
    let section = fields.object("exec").map(Section::read);
    let limit = |own: Option<Duration>| {
        Some(own.or(timeout).unwrap_or(COMMAND_TIMEOUT)).filter(|limit| !limit.is_zero())
    };
    let (command, timeout) = match section {
        Some(section) if section.is_off => return OnChange::None,
        Some(section) => {
            let Some(argv) = section.argv.clone().or(argv) else {
                return OnChange::None;
            };
            (
                section.command(argv, common.variables),
                limit(section.timeout),
            )
        }
        None => match argv {
            Some(argv) => (exec::command(argv), limit(None)),
            None => return OnChange::None,
        },
    };
    OnChange::Exec { command, timeout }
}

fn language(fields: &mut Fields<'_, '_>, common: &Common<'_>) -> Language {
    let (left, right) = &common.delimiters;
    let left = take::text(fields, "left_delimiter").or_else(|| left.clone());
    let right = take::text(fields, "right_delimiter").or_else(|| right.clone());
    let or = |delimiter: Option<String>, usual: &str| delimiter.unwrap_or(usual.to_owned());
    Language {
        delimiters: (left.is_some() || right.is_some()).then(|| (or(left, "{{"), or(right, "}}"))),
        missing_key_is_error: take::truth(fields, "error_on_missing_key", false),
        denied: take::texts(fields, ["function_denylist", "function_blacklist"]),
        sandbox: take::text(fields, "sandbox_path"),
    }
}
