//! Values that the user's programs send.

use std::{fmt, time::Duration};

use thiserror::Error;

use super::Registry;
use crate::{number, value::Unfit};

/// How many names a message lists.
const NAMES_MAX: usize = 10;

/// How much of what was sent a message repeats.
const REPEATED_MAX: usize = 64;

/// Why a value cannot be recorded; the metric is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// No metric has this name.
    #[error("cannot record `{}`: there is no such metric; {}", Short(key), meant(nearest.as_deref(), known))]
    Unknown {
        /// The name that was sent.
        key: String,
        /// The name that may have been meant.
        nearest: Option<String>,
        /// All names there are.
        known: Vec<String>,
    },
    /// The value is no number.
    #[error(
        "cannot record `{key}`: metric produced non-numeric value: `{}`",
        Short(value)
    )]
    NotANumber {
        /// The name that was sent.
        key: String,
        /// The value that was sent.
        value: String,
    },
    /// The metric is a counter, and the value would make it go down.
    #[error("cannot record `{key}`: a counter only goes up, and {value} is negative")]
    Negative {
        /// The name that was sent.
        key: String,
        /// The value that was sent.
        value: String,
    },
    /// The metric adds values up, and this one has no sum with others.
    #[error("cannot record `{key}`: {value} cannot be added up; only a gauge takes it")]
    NotFinite {
        /// The name that was sent.
        key: String,
        /// The value that was sent.
        value: String,
    },
}

/// A value that can be recorded, and for which metric.
struct Reading {
    at: usize,
    number: f64,
}

impl Registry {
    /// Records a value for the metric with this name: the one shown, or ContainerPilot 3's.
    ///
    /// A value is a number, or a text that holds one. A counter adds it, a gauge takes it, a
    /// histogram and a summary observe it.
    ///
    /// # Errors
    ///
    /// Fails when there is no such metric, or it does not take the value.
    pub fn record(
        &mut self,
        now: Duration,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<(), RecordError> {
        let reading = self.reading(key, value)?;
        self.keep(now, &reading);
        Ok(())
    }

    /// Records all of these values or, when one of them is wrong, none.
    ///
    /// So whoever sent them can send them again without counting any twice.
    ///
    /// # Errors
    ///
    /// Fails with everything that [`Registry::record`] would fail with.
    pub fn record_all(
        &mut self,
        now: Duration,
        pairs: &[(String, serde_json::Value)],
    ) -> Result<(), Vec<RecordError>> {
        let mut readings = Vec::new();
        let mut errors = Vec::new();
        for (key, value) in pairs {
            match self.reading(key, value) {
                Ok(reading) => readings.push(reading),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        for reading in &readings {
            self.keep(now, reading);
        }
        Ok(())
    }

    fn keep(&mut self, now: Duration, reading: &Reading) {
        self.declared[reading.at].value.record(now, reading.number);
    }

    fn reading(&self, key: &str, value: &serde_json::Value) -> Result<Reading, RecordError> {
        let at = self.find(key).ok_or_else(|| self.unknown(key))?;
        let number = number_in(value).ok_or_else(|| RecordError::NotANumber {
            key: key.to_owned(),
            value: shown(value),
        })?;
        let fits = self.declared[at].value.fits(number);
        fits.map_err(|unfit| {
            let (key, value) = (key.to_owned(), number::print(number));
            match unfit {
                Unfit::Negative => RecordError::Negative { key, value },
                Unfit::NotFinite => RecordError::NotFinite { key, value },
            }
        })?;
        Ok(Reading { at, number })
    }

    fn find(&self, key: &str) -> Option<usize> {
        let mut declared = self.declared.iter();
        let shown = declared.position(|metric| metric.name == key);
        let mut declared = self.declared.iter();
        shown.or_else(|| declared.position(|metric| metric.legacy == key))
    }

    fn unknown(&self, key: &str) -> RecordError {
        let known = self.declared.iter().map(|metric| metric.name.clone());
        let known: Vec<String> = known.collect();
        RecordError::Unknown {
            key: key.to_owned(),
            nearest: nearest(key, &known).map(str::to_owned),
            known,
        }
    }
}

fn number_in(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => number::parse(text),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    }
}

fn shown(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// A text from outside, cut to what a message has room for.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(REPEATED_MAX) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

fn meant(nearest: Option<&str>, known: &[String]) -> String {
    if let Some(name) = nearest {
        return format!("did you mean `{name}`?");
    }
    if known.is_empty() {
        return "none is declared".to_owned();
    }
    let mut names = known[..known.len().min(NAMES_MAX)].join(", ");
    if known.len() > NAMES_MAX {
        names.push_str(&format!(" and {} more", known.len() - NAMES_MAX));
    }
    format!("there are: {names}")
}

/// Finds the name that is nearest to a wrong one, if any is near enough to be meant.
fn nearest<'a>(wrong: &str, known: &'a [String]) -> Option<&'a str> {
    // A key is sent by anybody, and comparing takes the product of both lengths.
    if wrong.chars().count() > REPEATED_MAX {
        return None;
    }
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', '.'], "");
    let wanted = plain(wrong);
    let most = (wanted.chars().count() / 3).clamp(1, 3);
    let steps = |name: &&String| distance(&wanted, &plain(name));
    let near = known.iter().min_by_key(steps)?;
    let meant = steps(&near) <= most;
    // Someone who leaves out the namespace sends the end of the name.
    let mut ends = known
        .iter()
        .filter(|name| name.ends_with(&format!("_{wrong}")));
    let end = ends.next().filter(|_| !wrong.is_empty());
    meant.then_some(near).or(end).map(String::as_str)
}

/// Counts the insertions, deletions and replacements from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for j in 0..to.len() {
            let replaced = diagonal + usize::from(letter != to[j]);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
