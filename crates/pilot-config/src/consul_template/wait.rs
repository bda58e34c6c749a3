//! How long changes have to settle, as consul-template writes it.

use std::time::Duration;

use pilot_core::spec::Wait;

use crate::duration;

/// Without it, a change is rendered at once.
pub(super) const NONE: Wait = Wait {
    min: Duration::ZERO,
    max: Duration::ZERO,
};

/// Reads `MIN` or `MIN:MAX`.
pub(super) fn parse(text: &str) -> Result<Wait, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(NONE);
    }
    let (min, max) = match text.split_once(':') {
        Some((min, max)) => (min, Some(max)),
        None => (text, None),
    };
    let min = duration::parse_go(min.trim())?;
    let max = max.map(|max| duration::parse_go(max.trim())).transpose()?;
    of(min, max)
}

/// Makes the longest delay four times the quiet time, unless it is given.
pub(super) fn of(min: duration::Nanos, max: Option<duration::Nanos>) -> Result<Wait, String> {
    let longest = max.unwrap_or_else(|| min.saturating_mul(4));
    if min < 0 || longest < 0 {
        return Err("wait: cannot be negative".to_owned());
    }
    if longest < min {
        return Err("wait: min must be less than max".to_owned());
    }
    Ok(Wait {
        min: duration::clamp(min),
        max: duration::clamp(longest),
    })
}
