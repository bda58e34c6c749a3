//! `timestamp`: the time in UTC, laid out as Go does.

use go_template::{Kind, Value};

use super::{Entry, Result, text, wrong_number};
use crate::scene::Scene;

pub(super) const ALL: &[Entry] = &[Entry::new("timestamp", &[], timestamp).and(Kind::String)];

const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// `timestamp [LAYOUT]`; the layout `unix` stands for the seconds since 1970.
fn timestamp(scene: &Scene<'_>, words: &[Value]) -> Result {
    let now = scene.world().now();
    let layout = match words.len() {
        0 => RFC3339.to_owned(),
        1 => text(words, 0),
        _ => return Err(wrong_number("timestamp", "0 or 1", words)),
    };
    if layout == "unix" {
        return Ok(now.as_secs().to_string().into());
    }
    Ok(Moment::new(now.as_secs(), now.subsec_nanos())
        .laid_out(&layout)
        .into())
}

/// A moment in the calendar.
struct Moment {
    year: u64,
    /// From 1.
    month: usize,
    day: u64,
    /// From 1.
    day_of_year: u64,
    /// From Sunday, which is 0.
    weekday: usize,
    hour: u64,
    minute: u64,
    second: u64,
    nanoseconds: u32,
}

impl Moment {
    /// Reads the calendar of Gregory, which repeats every 400 years; a year begins in March here,
    /// so that the day that comes and goes is its last.
    fn new(seconds: u64, nanoseconds: u32) -> Self {
        let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
        let since_march_of_0 = days + 719_468;
        let (era, day_of_era) = (since_march_of_0 / 146_097, since_march_of_0 % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let is_leap =
            year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let month = usize::try_from(month).unwrap_or(1);
        Self {
            year,
            month,
            day,
            day_of_year: before[month - 1] + day + u64::from(is_leap && month > 2),
            weekday: usize::try_from((days + 4) % 7).unwrap_or(0),
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            nanoseconds,
        }
    }

    fn laid_out(&self, layout: &str) -> String {
        let mut out = String::new();
        let mut rest = layout;
        while let Some(c) = rest.chars().next() {
            let token = TOKENS.iter().find(|(token, _)| begins(rest, token));
            if let Some((token, part)) = token {
                out += &part(self);
                rest = &rest[token.len()..];
            } else if let Some(length) = fraction(rest, &out) {
                out += &self.fraction(&rest[..length]);
                rest = &rest[length..];
            } else {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        out
    }

    /// Writes `.000` with as many digits, `.999` with as many as say something.
    fn fraction(&self, token: &str) -> String {
        let digits = format!("{:09}", self.nanoseconds);
        let digits: String = digits.chars().cycle().take(token.len() - 1).collect();
        let (mark, _) = token.split_at(1);
        if !token.ends_with('9') {
            return format!("{mark}{digits}");
        }
        match digits.trim_end_matches('0') {
            "" => String::new(),
            some => format!("{mark}{some}"),
        }
    }

    fn hour_of_twelve(&self) -> u64 {
        match self.hour % 12 {
            0 => 12,
            hour => hour,
        }
    }
}

type Part = fn(&Moment) -> String;

/// What stands for a part of a moment, the longer before what it begins with.
const TOKENS: &[(&str, Part)] = &[
    ("January", |moment| MONTHS[moment.month - 1].to_owned()),
    ("Jan", |moment| MONTHS[moment.month - 1][..3].to_owned()),
    ("Monday", |moment| DAYS[moment.weekday].to_owned()),
    ("Mon", |moment| DAYS[moment.weekday][..3].to_owned()),
    ("MST", |_| "UTC".to_owned()),
    ("2006", |moment| format!("{:04}", moment.year)),
    ("_2006", |moment| format!("_{:04}", moment.year)),
    ("__2", |moment| format!("{:>3}", moment.day_of_year)),
    ("_2", |moment| format!("{:>2}", moment.day)),
    ("002", |moment| format!("{:03}", moment.day_of_year)),
    ("01", |moment| format!("{:02}", moment.month)),
    ("02", |moment| format!("{:02}", moment.day)),
    ("03", |moment| format!("{:02}", moment.hour_of_twelve())),
    ("04", |moment| format!("{:02}", moment.minute)),
    ("05", |moment| format!("{:02}", moment.second)),
    ("06", |moment| format!("{:02}", moment.year % 100)),
    ("15", |moment| format!("{:02}", moment.hour)),
    ("1", |moment| moment.month.to_string()),
    ("2", |moment| moment.day.to_string()),
    ("3", |moment| moment.hour_of_twelve().to_string()),
    ("4", |moment| moment.minute.to_string()),
    ("5", |moment| moment.second.to_string()),
    ("PM", |moment| {
        if moment.hour < 12 { "AM" } else { "PM" }.to_owned()
    }),
    ("pm", |moment| {
        if moment.hour < 12 { "am" } else { "pm" }.to_owned()
    }),
    ("-07:00:00", |_| "+00:00:00".to_owned()),
    ("-07:00", |_| "+00:00".to_owned()),
    ("-070000", |_| "+000000".to_owned()),
    ("-0700", |_| "+0000".to_owned()),
    ("-07", |_| "+00".to_owned()),
    ("Z07:00:00", |_| "Z".to_owned()),
    ("Z070000", |_| "Z".to_owned()),
    ("Z07:00", |_| "Z".to_owned()),
    ("Z0700", |_| "Z".to_owned()),
    ("Z07", |_| "Z".to_owned()),
];

fn begins(rest: &str, token: &str) -> bool {
    let Some(behind) = rest.strip_prefix(token) else {
        return false;
    };
    match token {
        // The beginning of another word is not the name of a month or day.
        "Jan" | "Mon" => !behind.starts_with(|c: char| c.is_ascii_lowercase()),
        _ => true,
    }
}

/// Gives the length of a fraction of seconds at the start of a text, behind the seconds.
fn fraction(rest: &str, before: &str) -> Option<usize> {
    let digits = rest.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| "09".contains(*c))?;
    let behind = digits.trim_start_matches(digit);
    let apart = !behind.starts_with(|c: char| c.is_ascii_digit());
    let follows = before.ends_with(|c: char| c.is_ascii_digit());
    (apart && follows).then(|| rest.len() - behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, layout: &str, expected: &str) {
        let moment = Moment::new(seconds, 120_000_000);
        assert_eq!(moment.laid_out(layout), expected);
    }

    #[test]
    fn layouts_are_those_of_go() {
        let moment = 1_136_214_245;
        check(moment, RFC3339, "2006-01-02T15:04:05Z");
        check(
            moment,
            "Mon Jan _2 15:04:05 2006",
            "Mon Jan  2 15:04:05 2006",
        );
        check(
            moment,
            "Monday, 02-Jan-06 15:04:05 MST",
            "Monday, 02-Jan-06 15:04:05 UTC",
        );
        check(
            moment,
            "Mon, 02 Jan 2006 15:04:05 -0700",
            "Mon, 02 Jan 2006 15:04:05 +0000",
        );
        check(moment, "3:04PM", "3:04PM");
        check(moment, "January 2", "January 2");
        check(moment, "15:04:05.000", "15:04:05.120");
        check(moment, "15:04:05.999999", "15:04:05.12");
        check(moment, "[x]", "[x]");
        check(moment, "Month", "Month");
        check(moment, "002 __2", "002   2");
    }

    #[test]
    fn the_calendar_knows_leap_years() {
        check(951_782_400, "2006-01-02 002 Mon", "2000-02-29 060 Tue");
        check(4_107_542_400, "2006-01-02 002", "2100-03-01 060");
        check(1_735_603_200, "2006-01-02 002 3PM", "2024-12-31 366 12AM");
        check(0, "2006-01-02 Mon", "1970-01-01 Thu");
    }
}
