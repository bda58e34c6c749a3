//! Durations as Go writes them: `10s`, `1h30m`, `1.5ms`.

use std::time::Duration;

/// Parses a Go duration into nanoseconds, which may be negative.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let nanos = magnitude(rest)?;
    Some(if negative { -nanos } else { nanos })
}

/// A length of time, with everything below zero taken as none.
pub(crate) fn from_nanos(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn magnitude(mut rest: &str) -> Option<i64> {
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let (number, tail) = split_at_end_of(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, tail) = split_at_end_of(tail, |c| !c.is_ascii_digit() && c != '.');
        total += number.parse::<f64>().ok()? * nanos_per(unit)?;
        rest = tail;
    }
    // Go refuses what does not fit 63 bits; so does the cast's input here.
    #[expect(clippy::cast_possible_truncation, reason = "checked just before")]
    let nanos = (total < i64::MAX as f64).then_some(total.round() as i64);
    nanos
}

fn split_at_end_of(text: &str, part: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn nanos_per(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn go_durations() {
        for (text, nanos) in [
            ("10s", Some(10_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("0.3s", Some(300_000_000)),
            ("60000ms", Some(60_000_000_000)),
            ("-1s", Some(-1_000_000_000)),
            ("0", Some(0)),
            ("+1us", Some(1000)),
            ("5", None),
            ("", None),
            ("-", None),
            ("abc", None),
            ("1d", None),
            ("1s2", None),
            ("..s", None),
            ("999999999h", None),
        ] {
            assert_eq!(parse(text), nanos, "{text}");
        }
    }
}
