//! When something is due for each of many named things.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The times by name, and the names by time: a catalog with thousands of checks hears a heartbeat
/// every millisecond, and must not look at all of them each time.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    times: BTreeMap<String, Duration>,
    due: BTreeSet<(Duration, String)>,
}

impl Timetable {
    /// Sets when a name is due, or that it is not.
    pub(super) fn set(&mut self, name: &str, at: Option<Duration>) {
        let before = self.times.get(name).copied();
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, name.to_owned()));
            self.times.remove(name);
        }
        if let Some(at) = at {
            self.due.insert((at, name.to_owned()));
            self.times.insert(name.to_owned(), at);
        }
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The names that are due, in the order of their names.
    pub(super) fn due(&self, now: Duration) -> BTreeSet<String> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, name)| name.clone()).collect()
    }
}
