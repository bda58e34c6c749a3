//! Triggers as they are written.

use crate::{
    decode::Fields,
    findings::Findings,
    value::{Kind, Member, Span, Spanned, Value},
};

/// A trigger as it is written.
///
/// One event is `{source, once}` or `{source, each}`. Several are `{all: [{source, event}, …]}` or
/// `{any: […]}`, once unless `each: true` stands beside them; their entries may be `{all}` and
/// `{any}` again. Beside any of them `after: {source, event}` and `settle` keep what comes too early.
pub(crate) struct RawWhen<'v> {
    pub(crate) span: Span,
    pub(crate) source: Option<Spanned<String>>,
    pub(crate) once: Option<&'v Member>,
    pub(crate) each: Option<&'v Member>,
    pub(crate) interval: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<String>>,
    pub(crate) all: Option<Spanned<Vec<RawCondition>>>,
    pub(crate) any: Option<Spanned<Vec<RawCondition>>>,
    pub(crate) after: Option<Spanned<RawCondition>>,
    pub(crate) settle: Option<Spanned<String>>,
    /// Whether a key was refused that may have been the trigger.
    pub(crate) broken: bool,
}

/// One of several conditions as it is written.
pub(crate) enum RawCondition {
    Event {
        span: Span,
        source: Option<Spanned<String>>,
        event: Option<Spanned<String>>,
    },
    All(Vec<RawCondition>),
    Any(Vec<RawCondition>),
}

impl<'v> RawWhen<'v> {
    pub(super) fn decode(mut fields: Fields<'v, '_>) -> Self {
        let findings = fields.findings();
        let count = findings.count();
        let mut when = Self {
            span: fields.span(),
            source: fields.filled("source"),
            once: fields.take("once"),
            each: fields.take("each"),
            interval: fields.filled("interval"),
            timeout: fields.filled("timeout"),
            all: conditions(&mut fields, "all"),
            any: conditions(&mut fields, "any"),
            after: after(&mut fields),
            settle: fields.filled("settle"),
            broken: false,
        };
        fields.refuse(&["cron", "timezone"]);
        fields.finish();
        when.broken = findings.count() > count;
        when
    }
}

fn after(fields: &mut Fields<'_, '_>) -> Option<Spanned<RawCondition>> {
    let path = format!("{}.after", fields.path());
    let findings = fields.findings();
    let value = fields.value("after")?;
    condition(value, &path, findings).map(|condition| Spanned::new(value.head(), condition))
}

fn conditions(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
) -> Option<Spanned<Vec<RawCondition>>> {
    let path = format!("{}.{name}", fields.path());
    let findings = fields.findings();
    let value = fields.value(name)?;
    list(value, &path, findings).map(|parts| Spanned::new(value.head(), parts))
}

fn list(value: &Value, path: &str, findings: &Findings) -> Option<Vec<RawCondition>> {
    let Kind::List(items) = &value.kind else {
        let got = value.go_kind();
        let reason = format!("'{path}': source data must be an array or slice, got {got}");
        findings.error(value.head(), reason);
        return None;
    };
    if items.is_empty() {
        findings.error(
            value.head(),
            format!("cannot wait for '{path}': the list is empty"),
        );
        return None;
    }
    let numbered = items.iter().enumerate();
    Some(
        numbered
            .filter_map(|(at, item)| condition(item, &format!("{path}[{at}]"), findings))
            .collect(),
    )
}

fn condition(value: &Value, path: &str, findings: &Findings) -> Option<RawCondition> {
    let mut fields = Fields::open(value, path, findings)?;
    let all = conditions(&mut fields, "all");
    let any = conditions(&mut fields, "any");
    let (source, event) = (fields.filled("source"), fields.filled("event"));
    let span = fields.span();
    fields.finish();
    let alone = source.is_none() && event.is_none();
    match (all, any) {
        (None, None) => Some(RawCondition::Event {
            span,
            source,
            event,
        }),
        (Some(parts), None) if alone => Some(RawCondition::All(parts.value)),
        (None, Some(parts)) if alone => Some(RawCondition::Any(parts.value)),
        _ => {
            let reason = format!("'{path}' can have only one of 'event', 'all', or 'any'");
            findings.error(span, reason);
            None
        }
    }
}
