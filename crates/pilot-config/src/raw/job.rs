//! Jobs as they are written.

use crate::{
    decode::{self, Fields},
    raw::{RawServiceExtras, RawTaggedAddress, RawWeights, RawWhen},
    value::{Kind, Member, Span, Spanned, Value},
};

/// A job as it is written.
pub(crate) struct RawJob<'v> {
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) exec: Option<&'v Value>,
    pub(crate) env: Vec<(Spanned<String>, String)>,
    pub(crate) cwd: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) group: Option<Spanned<String>>,
    pub(crate) raw_output: bool,
    pub(crate) terminal: Option<Spanned<bool>>,
    pub(crate) when: Option<RawWhen<'v>>,
    pub(crate) timeout: Option<Spanned<String>>,
    pub(crate) restarts: Option<&'v Value>,
    pub(crate) backoff: Option<RawBackoff>,
    pub(crate) stop_signal: Option<Spanned<String>>,
    pub(crate) stop_timeout: Option<Spanned<String>>,
    pub(crate) drain: Option<Spanned<String>>,
    pub(crate) overlap: Option<Spanned<String>>,
    pub(crate) essential: Option<Spanned<Essential>>,
    pub(crate) health: Option<RawHealth<'v>>,
    pub(crate) port: Option<Spanned<i64>>,
    pub(crate) id: Option<Spanned<String>>,
    pub(crate) initial_status: Option<Spanned<String>>,
    pub(crate) interfaces: Option<&'v Member>,
    pub(crate) address: Option<Spanned<String>>,
    pub(crate) wait_for_address: Option<Spanned<String>>,
    pub(crate) tags: Vec<String>,
    pub(crate) meta: Vec<(Spanned<String>, String)>,
    pub(crate) weights: Option<RawWeights>,
    pub(crate) tagged_addresses: Vec<RawTaggedAddress>,
    pub(crate) maintenance: Option<Spanned<String>>,
    pub(crate) stop_last: Option<Spanned<bool>>,
    pub(crate) consul: RawServiceExtras,
}

impl<'v> RawJob<'v> {
    pub(super) fn decode(mut fields: Fields<'v, '_>) -> Self {
        let job = Self {
            span: fields.span(),
            name: fields.text("name"),
            exec: fields.value("exec"),
            env: fields.pairs("env"),
            cwd: fields.filled("cwd"),
            user: fields.filled("user"),
            group: fields.filled("group"),
            raw_output: raw_output(&mut fields),
            terminal: fields.truth("terminal"),
            when: fields.object("when").map(RawWhen::decode),
            timeout: fields.filled("timeout"),
            restarts: fields.value("restarts"),
            backoff: RawBackoff::decode(&mut fields),
            stop_signal: fields.filled("stopSignal"),
            stop_timeout: fields.filled("stopTimeout"),
            drain: fields.filled("drain"),
            overlap: fields.filled("overlap"),
            essential: Essential::decode(&mut fields),
            health: RawHealth::decode(&mut fields),
            port: fields.number("port"),
            id: fields.filled("id"),
            initial_status: fields.filled("initial_status"),
            interfaces: fields.take("interfaces"),
            address: fields.filled("address"),
            wait_for_address: fields.filled("waitForAddress"),
            tags: fields
                .texts("tags")
                .map(|tags| tags.value)
                .unwrap_or_default(),
            meta: fields.pairs("meta"),
            weights: fields.object("weights").map(RawWeights::decode),
            tagged_addresses: RawTaggedAddress::decode_all(&mut fields),
            maintenance: fields.filled("maintenance"),
            stop_last: fields.truth("stopLast"),
            consul: fields
                .object("consul")
                .map_or_else(RawServiceExtras::default, RawServiceExtras::decode),
        };
        // Fields of ContainerPilot's own structures, which its decoder took for keys.
        fields.ignore(&["ttl", "execTimeout", "restartLimit", "heartbeatInterval"]);
        fields.ignore(&["freqInterval", "whenTimeout", "stoppingTimeout"]);
        fields.refuse(&["ready", "limits", "oneAtATime", "onUnhealthy"]);
        fields.finish();
        job
    }

    /// The name, for messages.
    pub(crate) fn called(&self) -> &str {
        self.name.as_ref().map_or("", |name| &name.value)
    }

    /// Where the name is written, or else the job.
    pub(crate) fn called_at(&self) -> Span {
        self.name.as_ref().map_or(self.span, |name| name.span)
    }
}

fn raw_output(fields: &mut Fields<'_, '_>) -> bool {
    let Some(mut logging) = fields.object("logging") else {
        return false;
    };
    let raw = logging.truth("raw").is_some_and(|raw| raw.value);
    logging.finish();
    raw
}

/// Which end of a job ends the container, as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Essential {
    No,
    /// Its end, however it comes.
    Yes,
    /// Its failure.
    Failure,
}

impl Essential {
    fn decode(fields: &mut Fields<'_, '_>) -> Option<Spanned<Self>> {
        let path = format!("{}.essential", fields.path());
        let findings = fields.findings();
        let value = fields.value("essential")?;
        let word = matches!(&value.kind, Kind::Text(text) if text == "failure");
        let read = if word {
            Ok(Self::Failure)
        } else {
            decode::truth(value, &path).map(|truth| if truth { Self::Yes } else { Self::No })
        };
        let hint = "true, false, or \"failure\" for a job whose failure alone counts";
        let report = |reason: String| findings.hinted(value.head(), reason, hint);
        let essential = read.map_err(report).ok()?;
        Some(Spanned::new(value.span, essential))
    }
}

/// A pause before restarts as it is written.
pub(crate) enum RawBackoff {
    Word(Spanned<String>),
    Pauses {
        span: Span,
        initial: Option<Spanned<String>>,
        max: Option<Spanned<String>>,
        reset: Option<Spanned<String>>,
    },
}

impl RawBackoff {
    fn decode(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let path = format!("{}.backoff", fields.path());
        let findings = fields.findings();
        let value = fields.value("backoff")?;
        if let Kind::Text(text) = &value.kind {
            return Some(Self::Word(Spanned::new(value.span, text.clone())));
        }
        let mut fields = Fields::open(value, &path, findings)?;
        let pauses = Self::Pauses {
            span: fields.span(),
            initial: fields.filled("initial"),
            max: fields.filled("max"),
            reset: fields.filled("reset"),
        };
        fields.finish();
        Some(pauses)
    }
}

/// A health check as it is written.
pub(crate) struct RawHealth<'v> {
    pub(crate) span: Span,
    pub(crate) exec: Option<&'v Value>,
    pub(crate) interval: Option<Spanned<i64>>,
    pub(crate) ttl: Option<Spanned<i64>>,
    pub(crate) timeout: Option<Spanned<String>>,
    pub(crate) raw_output: bool,
    /// Whether something in it could not be read, so that what is missing may not be.
    pub(crate) broken: bool,
}

impl<'v> RawHealth<'v> {
    fn decode(fields: &mut Fields<'v, '_>) -> Option<Self> {
        let path = format!("{}.health", fields.path());
        let findings = fields.findings();
        let value = fields.value("health")?;
        if matches!(&value.kind, Kind::List(items) if !items.is_empty()) {
            findings.error(
                value.head(),
                "cannot use a list of health checks: not supported yet",
            );
            return Some(Self::broken(value.head()));
        }
        let Some(mut fields) = Fields::open(value, &path, findings) else {
            return Some(Self::broken(value.head()));
        };
        let count = findings.count();
        let mut health = Self {
            span: fields.span(),
            exec: fields.value("exec"),
            interval: fields.number("interval"),
            ttl: fields.number("ttl"),
            timeout: fields.filled("timeout"),
            raw_output: raw_output(&mut fields),
            broken: false,
        };
        fields.refuse(&[
            "http",
            "tcp",
            "grpc",
            "failures",
            "successes",
            "threshold",
            "thresholds",
        ]);
        fields.refuse(&["startPeriod", "onUnhealthy"]);
        health.broken = findings.count() > count;
        fields.finish();
        Some(health)
    }

    fn broken(span: Span) -> Self {
        Self {
            span,
            exec: None,
            interval: None,
            ttl: None,
            timeout: None,
            raw_output: false,
            broken: true,
        }
    }
}
