//! The kinds of values that consul-template's keys have, taken from an object.

use std::time::Duration;

use pilot_core::Signal;

use super::{command, wait};
use crate::{
    decode::{self, Fields},
    duration::{self, Nanos},
    value::{Kind, Span, Spanned, Value, decimal},
};
use pilot_core::spec::Wait;

fn path_of(fields: &Fields<'_, '_>, name: &str) -> String {
    match fields.path() {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Takes a Go duration. A number is nanoseconds, which nobody means.
fn nanos(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Spanned<Nanos>> {
    let path = path_of(fields, name);
    let value = fields.value(name)?;
    if let Kind::Number(number) = value.kind {
        if number != 0.0 {
            let reason = format!("{path} is {} nanoseconds: it has no unit", decimal(number));
            let hint = format!("write \"{}s\" for seconds", decimal(number));
            fields.findings().warn_hinted(value.span, reason, hint);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, which is long enough"
        )]
        return Some(Spanned::new(value.span, number as Nanos));
    }
    let text = decode::text(value, &path);
    let read = text.and_then(|text| {
        duration::parse_go(&text)
            .map_err(|reason| format!("cannot use {text:?} as {path}: {reason}"))
    });
    match read {
        Ok(nanos) => Some(Spanned::new(value.span, nanos)),
        Err(reason) => {
            let hint = "a duration has a unit, such as \"10s\" or \"1m30s\"";
            fields.findings().hinted(value.head(), reason, hint);
            None
        }
    }
}

/// Takes a duration that cannot be negative.
pub(super) fn length(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Duration> {
    let nanos = nanos(fields, name)?;
    if nanos.value < 0 {
        let reason = format!("{} cannot be negative", path_of(fields, name));
        fields.findings().error(nanos.span, reason);
        return None;
    }
    Some(duration::clamp(nanos.value))
}

/// Takes a number that counts something.
pub(super) fn count(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<u32> {
    let number = fields.number(name)?;
    let count = u32::try_from(number.value);
    let report = |_| {
        let path = path_of(fields, name);
        let reason = format!("cannot use {} as {path}", number.value);
        fields.findings().error(number.span, reason);
    };
    count.map_err(report).ok()
}

/// Takes a signal; an empty text is none, in place of a default.
pub(super) fn signal(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    usual: Option<Signal>,
) -> Option<Signal> {
    let Some(text) = fields.text(name) else {
        return usual;
    };
    if text.value.is_empty() {
        return None;
    }
    let signal = Signal::parse(&text.value);
    if signal.is_none() {
        let path = path_of(fields, name);
        let reason = format!("cannot use `{}` as {path}: not a signal", text.value);
        let hint = "a name such as SIGHUP, or a number";
        fields.findings().hinted(text.span, reason, hint);
    }
    signal
}

/// Takes permission bits: a number as it is, or octal digits as text. 0 is none.
pub(super) fn permissions(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<u32> {
    const ALL: f64 = 0o7777 as f64;
    let path = path_of(fields, name);
    let value = fields.value(name)?;
    let findings = fields.findings();
    let bits = match &value.kind {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number between 0 and 0o7777"
        )]
        Kind::Number(number) if number.fract() == 0.0 && (0.0..=ALL).contains(number) => {
            let bits = *number as u32;
            if bits > 0o777 {
                let reason = format!("{path} is {bits} in decimal, {bits:04o} in octal");
                let hint = format!("octal digits begin with 0: 0{bits}");
                findings.warn_hinted(value.span, reason, hint);
            }
            Some(bits)
        }
        Kind::Text(text) => u32::from_str_radix(text, 8)
            .ok()
            .filter(|bits| *bits <= 0o7777 && !text.starts_with('+')),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Object(_) => None,
    };
    if bits.is_none() {
        let reason = format!("cannot use this as {path}: not permission bits");
        findings.hinted(value.head(), reason, "octal digits, such as 0644");
    }
    bits.filter(|bits| *bits != 0)
}

/// Takes a text or a list of texts that is a command. An empty one is none.
pub(super) fn arguments(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Vec<String>> {
    let path = path_of(fields, name);
    let value = fields.value(name)?;
    let words = match &value.kind {
        Kind::List(_) => decode::texts(value, &path),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Object(_) => {
            decode::text(value, &path).map(|text| vec![text])
        }
    };
    let report = |reason: String| fields.findings().error(value.head(), reason);
    let words = words.map_err(report).ok()?;
    let words = match words.as_slice() {
        // Alone, it is a whole command in a list too.
        [text] => command::arguments(text),
        _ => words,
    };
    Some(words).filter(|words| !words.is_empty())
}

/// Takes how long changes have to settle, in either form.
pub(super) fn quiet(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Wait> {
    let path = path_of(fields, name);
    let findings = fields.findings();
    let value = fields.value(name)?;
    if !matches!(value.kind, Kind::Object(_)) {
        let text = decode::text(value, &path);
        return report(text.and_then(|text| wait::parse(&text)), value, fields);
    }
    let mut range = Fields::open(value, &path, findings)?;
    let enabled = range.truth("enabled").is_none_or(|enabled| enabled.value);
    let (min, max) = (nanos(&mut range, "min"), nanos(&mut range, "max"));
    range.finish();
    let Some(min) = min.filter(|_| enabled) else {
        return Some(wait::NONE);
    };
    report(wait::of(min.value, max.map(|max| max.value)), value, fields)
}

fn report<T>(read: Result<T, String>, value: &Value, fields: &Fields<'_, '_>) -> Option<T> {
    let report = |reason: String| fields.findings().error(value.head(), reason);
    read.map_err(report).ok()
}

/// Takes a truth, or what stands for it when nothing is said.
pub(super) fn truth(fields: &mut Fields<'_, '_>, name: &'static str, usual: bool) -> bool {
    fields.truth(name).map_or(usual, |truth| truth.value)
}

/// Takes a text that is not empty.
pub(super) fn text(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    fields.filled(name).map(|text| text.value)
}

/// Takes a list of texts under either of its names; both are joined.
pub(super) fn texts(fields: &mut Fields<'_, '_>, names: [&'static str; 2]) -> Vec<String> {
    let lists = names.map(|name| fields.texts(name).map(|list| list.value));
    lists.into_iter().flatten().flatten().collect()
}

/// Where a key of an object stands.
pub(super) fn key_span(value: &Value, name: &str) -> Span {
    value
        .member(name)
        .map_or(value.head(), |member| member.key.span)
}
