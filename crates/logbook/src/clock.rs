//! Moments as RFC 3339 writes them.

use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// How much of a second is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Precision {
    Seconds,
    Nanoseconds,
}

/// Writes moments in local time; what changes once a minute is kept.
#[derive(Debug)]
pub(crate) struct Clock {
    /// What local time is ahead of UTC, by the moment.
    ahead_of_utc: fn(i64) -> i64,
    /// The minute since 1970 that the rest is for.
    minute: Option<i64>,
    ahead: i64,
    date: Vec<u8>,
    offset: Vec<u8>,
}

impl Clock {
    pub(crate) fn new(ahead_of_utc: fn(i64) -> i64) -> Self {
        Self {
            ahead_of_utc,
            minute: None,
            ahead: 0,
            date: Vec::new(),
            offset: Vec::new(),
        }
    }

    /// Writes a moment; always with nine digits, where Go leaves out zeroes at the end, so that the
    /// columns after it stand still.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, at: SystemTime, precision: Precision) {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs().cast_signed();
        let minute = seconds.div_euclid(MINUTE);
        if self.minute != Some(minute) {
            self.turn(seconds);
            self.minute = Some(minute);
        }
        out.extend_from_slice(&self.date);
        digits(out, (seconds + self.ahead).rem_euclid(MINUTE), 2);
        match precision {
            Precision::Seconds => {}
            Precision::Nanoseconds => {
                out.push(b'.');
                digits(out, since.subsec_nanos().into(), 9);
            }
        }
        out.extend_from_slice(&self.offset);
    }

    /// Begins a new minute.
    fn turn(&mut self, seconds: i64) {
        let ahead = (self.ahead_of_utc)(seconds);
        // RFC 3339 has no seconds in an offset; zones of the nineteenth century did.
        self.ahead = ahead - ahead % MINUTE;
        let local = seconds + self.ahead;
        let (year, month, day) = date(local.div_euclid(DAY));
        let minutes = local.rem_euclid(DAY) / MINUTE;
        self.date.clear();
        for (number, width, after) in [
            (year, 4, b'-'),
            (month, 2, b'-'),
            (day, 2, b'T'),
            (minutes / 60, 2, b':'),
            (minutes % 60, 2, b':'),
        ] {
            digits(&mut self.date, number, width);
            self.date.push(after);
        }
        self.offset.clear();
        write_offset(&mut self.offset, self.ahead / MINUTE);
    }
}

fn write_offset(out: &mut Vec<u8>, minutes: i64) {
    if minutes == 0 {
        out.push(b'Z');
        return;
    }
    out.push(if minutes < 0 { b'-' } else { b'+' });
    digits(out, minutes.abs() / 60, 2);
    out.push(b':');
    digits(out, minutes.abs() % 60, 2);
}

/// Writes a number in at least so many digits.
fn digits(out: &mut Vec<u8>, mut number: i64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// The civil date of a day counted from 1970-01-01, by Howard Hinnant's arithmetic on years that
/// begin in March, so that a leap day is the last of its year.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (year + era * 400 + later, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::{Expect, expect};

    use super::*;

    fn check(ahead: fn(i64) -> i64, seconds: u64, nanos: u32, expected: &Expect) {
        let mut clock = Clock::new(ahead);
        let at = UNIX_EPOCH + Duration::new(seconds, nanos);
        let mut out = Vec::new();
        clock.write(&mut out, at, Precision::Seconds);
        out.push(b' ');
        clock.write(&mut out, at, Precision::Nanoseconds);
        expected.assert_eq(std::str::from_utf8(&out).unwrap());
    }

    #[test]
    fn moments_in_several_zones() {
        let utc = |_| 0;
        check(
            utc,
            0,
            0,
            &expect!["1970-01-01T00:00:00Z 1970-01-01T00:00:00.000000000Z"],
        );
        check(
            utc,
            951_782_400,
            7,
            &expect!["2000-02-29T00:00:00Z 2000-02-29T00:00:00.000000007Z"],
        );
        check(
            utc,
            1_798_761_599,
            999_999_999,
            &expect!["2026-12-31T23:59:59Z 2026-12-31T23:59:59.999999999Z"],
        );
        check(
            |_| 3600,
            1_798_761_599,
            120_000_000,
            &expect!["2027-01-01T00:59:59+01:00 2027-01-01T00:59:59.120000000+01:00"],
        );
        check(
            |_| -(9 * 3600 + 30 * 60),
            3600,
            0,
            &expect!["1969-12-31T15:30:00-09:30 1969-12-31T15:30:00.000000000-09:30"],
        );
        check(
            |_| 1172,
            100,
            0,
            &expect!["1970-01-01T00:20:40+00:19 1970-01-01T00:20:40.000000000+00:19"],
        );
    }

    #[test]
    fn the_offset_is_asked_for_again_every_minute() {
        let mut clock = Clock::new(|seconds| if seconds < 60 { 0 } else { 3600 });
        let mut out = Vec::new();
        for second in [59, 60] {
            let at = UNIX_EPOCH + Duration::from_secs(second);
            clock.write(&mut out, at, Precision::Seconds);
            out.push(b'\n');
        }
        expect![[r"
            1970-01-01T00:00:59Z
            1970-01-01T01:01:00+01:00
        "]]
        .assert_eq(std::str::from_utf8(&out).unwrap());
    }

    #[test]
    fn dates_are_those_of_counting_day_by_day() {
        let lengths = |year: i64| {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            [
                31,
                if leap { 29 } else { 28 },
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ]
        };
        let mut count = 0;
        for year in 1970..2420 {
            for (month, length) in (1..).zip(lengths(year)) {
                for day in 1..=length {
                    assert_eq!(date(count), (year, month, day), "day {count}");
                    count += 1;
                }
            }
        }
    }
}
