//! Times as ContainerPilot 3 writes them: whole seconds, or Go durations.

use std::time::Duration;

/// A duration with a sign, in nanoseconds.
pub(crate) type Nanos = i64;

const MILLISECOND: Nanos = 1_000_000;
const SECOND: Nanos = 1_000_000_000;

/// The units, longest name first where one begins with another.
const UNITS: [(&str, Nanos); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
];

/// The shortest time that a run or a period may take.
pub(crate) const SHORTEST: Nanos = MILLISECOND;

/// Reads whole seconds (`10`) or a Go duration (`1m30s`).
pub(crate) fn parse(text: &str) -> Result<Nanos, String> {
    match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(SECOND).ok_or_else(|| invalid(text)),
        Err(_) => parse_go(text),
    }
}

/// Reads a Go duration, which needs a unit unless it is `0`.
pub(crate) fn parse_go(text: &str) -> Result<Nanos, String> {
    let (sign, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(invalid(text));
    }
    let mut rest = unsigned;
    let mut total: Nanos = 0;
    while !rest.is_empty() {
        let (part, after) = part(rest, text)?;
        total = total.checked_add(part).ok_or_else(|| invalid(text))?;
        rest = after;
    }
    Ok(sign * total)
}

/// Reads one number with its unit.
fn part<'t>(rest: &'t str, text: &str) -> Result<(Nanos, &'t str), String> {
    let (whole, after) = digits(rest);
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => digits(after),
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid(text));
    }
    let end = after
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(after.len());
    let (unit, after) = after.split_at(end);
    if unit.is_empty() {
        return Err(format!("time: missing unit in duration {text}"));
    }
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, size) = known.ok_or_else(|| format!("time: unknown unit {unit} in duration {text}"))?;
    let length = length(whole, fraction, *size).ok_or_else(|| invalid(text))?;
    Ok((length, after))
}

fn length(whole: &str, fraction: &str, unit: Nanos) -> Option<Nanos> {
    let whole: Nanos = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let (mut parts, mut scale) = (0_i128, 1_i128);
    // Digits past the eighteenth are below a nanosecond for every unit.
    for digit in fraction.bytes().take(18) {
        parts = parts * 10 + i128::from(digit - b'0');
        scale *= 10;
    }
    let small = Nanos::try_from(parts * i128::from(unit) / scale).ok()?;
    whole.checked_mul(unit)?.checked_add(small)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn invalid(text: &str) -> String {
    format!("time: invalid duration {text}")
}

/// Takes a duration for what it is, and a negative one for none at all.
pub(crate) fn clamp(nanos: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// Takes a duration for a limit: one that is not above zero is none.
pub(crate) fn limit(nanos: Nanos) -> Option<Duration> {
    Some(clamp(nanos)).filter(|limit| !limit.is_zero())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(texts: &[&str], read: fn(&str) -> Result<Nanos, String>, expect: &Expect) {
        let line = |text: &&str| match read(text) {
            Ok(nanos) => format!("{text:?} = {nanos}\n"),
            Err(reason) => format!("{text:?}: {reason}\n"),
        };
        expect.assert_eq(&texts.iter().map(line).collect::<String>());
    }

    #[test]
    fn case_47_integers_are_seconds() {
        check(
            &["1", "10", "0", "-3", "+5"],
            parse,
            &expect![[r#"
            "1" = 1000000000
            "10" = 10000000000
            "0" = 0
            "-3" = -3000000000
            "+5" = 5000000000
        "#]],
        );
    }

    #[test]
    fn case_48_units() {
        let texts = [
            "10ns", "10us", "10µs", "10ms", "10s", "10m", "10h", "1h30m", "1.5s", ".5s", "-1ms",
        ];
        check(
            &texts,
            parse,
            &expect![[r#"
            "10ns" = 10
            "10us" = 10000
            "10µs" = 10000
            "10ms" = 10000000
            "10s" = 10000000000
            "10m" = 600000000000
            "10h" = 36000000000000
            "1h30m" = 5400000000000
            "1.5s" = 1500000000
            ".5s" = 500000000
            "-1ms" = -1000000
        "#]],
        );
    }

    #[test]
    fn case_49_wordings() {
        let texts = [
            "asf",
            "20yy",
            "0.5",
            "",
            "-",
            ".s",
            "1.",
            "3000000h",
            "99999999999999999",
            "1 s",
            "1h3",
            "xx",
        ];
        check(
            &texts,
            parse,
            &expect![[r#"
            "asf": time: invalid duration asf
            "20yy": time: unknown unit yy in duration 20yy
            "0.5": time: missing unit in duration 0.5
            "": time: invalid duration 
            "-": time: invalid duration -
            ".s": time: invalid duration .s
            "1.": time: missing unit in duration 1.
            "3000000h": time: invalid duration 3000000h
            "99999999999999999": time: invalid duration 99999999999999999
            "1 s": time: unknown unit  s in duration 1 s
            "1h3": time: missing unit in duration 1h3
            "xx": time: invalid duration xx
        "#]],
        );
    }

    #[test]
    fn go_durations_need_a_unit() {
        check(
            &["10", "0", "10m", "", "nope"],
            parse_go,
            &expect![[r#"
            "10": time: missing unit in duration 10
            "0" = 0
            "10m" = 600000000000
            "": time: invalid duration 
            "nope": time: invalid duration nope
        "#]],
        );
    }

    #[test]
    fn every_go_vector_that_ends_in_a_digit_of_nanoseconds() {
        let texts = [
            "0.3333333333333333333h",
            "9223372036854775807ns",
            "9223372036s",
            "39h9m14.425s",
        ];
        check(
            &texts,
            parse,
            &expect![[r#"
            "0.3333333333333333333h" = 1199999999999
            "9223372036854775807ns" = 9223372036854775807
            "9223372036s" = 9223372036000000000
            "39h9m14.425s" = 140954425000000
        "#]],
        );
    }
}
