//! How often a job runs again, and after what pause.

use std::time::Duration;

use pilot_core::spec::{Backoff, Restarts};

use super::Ground;
use crate::{
    raw::{RawBackoff, RawJob},
    value::{Kind, Value, decimal},
};

const WORDS: &str = r#"accepts positive integers, "unlimited", or "never""#;
const NEGATIVE: &str = "number must be positive integer";
const ENDLESS: &str = "may not be used when 'job.when.each' is set because it may result in \
                       infinite processes";

/// Reads `restarts`; without it a periodic job goes on for ever, and any other runs once.
pub(super) fn check(raw: &RawJob<'_>, ground: Ground<'_>) -> Restarts {
    let when = raw.when.as_ref();
    let periodic = when.is_some_and(|when| when.interval.is_some());
    let usual = if periodic {
        Restarts::Unlimited
    } else {
        Restarts::NEVER
    };
    let Some(value) = raw.restarts else {
        return usual;
    };
    let each = when.is_some_and(super::when::repeats);
    match read(value) {
        Ok(Restarts::Unlimited) if each => refuse(raw, value, ENDLESS, ground),
        Ok(restarts) => restarts,
        Err(reason) => refuse(raw, value, reason, ground),
    }
}

fn refuse(raw: &RawJob<'_>, value: &Value, reason: &str, ground: Ground<'_>) -> Restarts {
    let (name, written) = (raw.called(), written(value));
    let reason = format!("job[{name}].restarts field '{written}' invalid: {reason}");
    ground.findings.error(value.head(), reason);
    Restarts::NEVER
}

pub(super) fn read(value: &Value) -> Result<Restarts, &'static str> {
    match &value.kind {
        Kind::Text(text) => match text.as_str() {
            "unlimited" => Ok(Restarts::Unlimited),
            "never" => Ok(Restarts::NEVER),
            _ => text.parse().map(Restarts::Left).map_err(|_| WORDS),
        },
        Kind::Number(number) if number.is_nan() || *number <= -1.0 => Err(NEGATIVE),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and cuts the fraction as ContainerPilot does"
        )]
        Kind::Number(number) => Ok(Restarts::Left(*number as u32)),
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Object(_) => Err(WORDS),
    }
}

pub(super) fn written(value: &Value) -> String {
    match &value.kind {
        Kind::Text(text) => text.clone(),
        Kind::Number(number) => decimal(*number),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Null | Kind::List(_) | Kind::Object(_) => value.go_type().to_owned(),
    }
}

/// Reads `backoff`; what it leaves out is as in a job without it.
pub(super) fn backoff(raw: &RawJob<'_>, ground: Ground<'_>) -> Backoff {
    let name = raw.called();
    let (span, initial, max, reset) = match &raw.backoff {
        None => return Backoff::DEFAULT,
        Some(RawBackoff::Word(word)) if word.value == "none" => return Backoff::None,
        Some(RawBackoff::Word(word)) => {
            let reason = format!("cannot use `{}` as job[{name}].backoff", word.value);
            let hint = "\"none\" or {initial: \"500ms\", max: \"30s\", reset: \"10s\"}";
            ground.findings.hinted(word.span, reason, hint);
            return Backoff::DEFAULT;
        }
        Some(RawBackoff::Pauses {
            span,
            initial,
            max,
            reset,
        }) => (*span, initial, max, reset),
    };
    let Backoff::Exponential {
        initial: first,
        max: longest,
        reset: stable,
    } = Backoff::DEFAULT
    else {
        return Backoff::None;
    };
    let read = |key: &str, text: &Option<_>, usual: Duration| {
        let what = format!("job[{name}].backoff.{key}");
        text.as_ref()
            .and_then(|text| ground.span_of_time(text, &what))
            .unwrap_or(usual)
    };
    let initial = read("initial", initial, first);
    let most = read("max", max, longest.max(initial));
    if initial > most {
        let reason = format!("job[{name}].backoff.initial cannot be longer than 'max'");
        ground.findings.error(span, reason);
    }
    Backoff::Exponential {
        initial,
        max: most,
        reset: read("reset", reset, stable),
    }
}
