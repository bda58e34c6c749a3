//! Lists: what is in them, and counting.

use std::sync::Arc;

use go_template::{Element, Items, Kind, List, Value};

use super::{Entry, Result, argument, wrong_number};
use crate::scene::Scene;

pub(super) const ALL: &[Entry] = &[
    Entry::new("contains", &[Kind::Any, Kind::Any], |_, words| {
        Ok(is_in(argument(words, 1), argument(words, 0)).into())
    }),
    Entry::new("in", &[Kind::Any, Kind::Any], |_, words| {
        Ok(is_in(argument(words, 0), argument(words, 1)).into())
    }),
    Entry::new("containsAll", NEEDLES, |_, words| {
        Ok(needles(words).all(|found| found).into())
    }),
    Entry::new("containsAny", NEEDLES, |_, words| {
        Ok(needles(words).any(|found| found).into())
    }),
    Entry::new("containsNone", NEEDLES, |_, words| {
        Ok((!needles(words).any(|found| found)).into())
    }),
    Entry::new("containsNotAll", NEEDLES, |_, words| {
        Ok((!needles(words).all(|found| found)).into())
    }),
    Entry::new("loop", &[], count).and(Kind::Any),
];

const NEEDLES: &[Kind] = &[Kind::List, Kind::Any];

/// Tells for each of the needles whether it is in the other argument.
fn needles(words: &[Value]) -> impl Iterator<Item = bool> {
    let needles = argument(words, 0)
        .as_list()
        .into_iter()
        .flat_map(List::iter);
    needles.map(|needle| is_in(argument(words, 1), &needle))
}

/// Tells whether a list has an element, or a text a part; never an error.
fn is_in(whole: &Value, part: &Value) -> bool {
    if let Value::List(list) = whole {
        return list.iter().any(|item| are_equal(&item, part));
    }
    match (whole.as_bytes(), part.as_bytes()) {
        (Some(_), Some([])) => true,
        (Some(whole), Some(part)) => whole.windows(part.len()).any(|window| window == part),
        _ => false,
    }
}

/// Compares signed integers, floats and texts; nothing else is equal to anything.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::String(one), Value::String(other)) => one == other,
        _ => false,
    }
}

/// Longer than anyone can want, and short enough to end.
const LONGEST_LOOP: u64 = 1_000_000;

/// `loop STOP` counts from 0, `loop START STOP` from START, both to before STOP and never down.
fn count(_: &Scene<'_>, words: &[Value]) -> Result {
    let (start, stop) = match words {
        [stop] => (0, number(stop)?),
        [start, stop] => (number(start)?, number(stop)?),
        _ => return Err(wrong_number("loop", "1 or 2", words)),
    };
    let stop = stop.max(start);
    if stop.abs_diff(start) > LONGEST_LOOP {
        return Err(format!(
            "loop: cannot count from {start} to {stop}: too many steps"
        ));
    }
    Ok(List::made(Element::Int, Arc::new(Numbers { start, stop })).into())
}

struct Numbers {
    start: i64,
    stop: i64,
}

impl Items for Numbers {
    fn count(&self) -> usize {
        usize::try_from(self.stop - self.start).unwrap_or_default()
    }

    fn item(&self, index: usize) -> Value {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        Value::Int(self.start.saturating_add(index))
    }
}

/// Takes an integer, or a text that is one; an empty text is 0.
fn number(value: &Value) -> Result<i64> {
    if let Some(int) = value.as_int() {
        return Ok(int);
    }
    if let Some(uint) = value.as_uint() {
        return i64::try_from(uint).map_err(|_| format!("loop: {uint} is too large"));
    }
    let Some(text) = value.as_str() else {
        return Err(format!(
            "loop: expected an int or a string, but got {}",
            value.type_name()
        ));
    };
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse();
    number.map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
}
