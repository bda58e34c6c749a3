//! Who did what when: the test, the helpers, the catalog. Printed when a test fails, and always
//! where the environment has `FAULTS_TIMELINE`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::harness::Tap;

/// A record that everybody writes to.
#[derive(Clone)]
pub(super) struct Timeline(Arc<Record>);

struct Record {
    title: String,
    began: Instant,
    notes: Mutex<Vec<Note>>,
    /// The logs of helpers, which bear their times already.
    logs: Mutex<Vec<(&'static str, Tap)>>,
}

struct Note {
    at: Instant,
    who: &'static str,
    what: String,
}

impl Timeline {
    pub(super) fn new(title: String) -> Self {
        Self(Arc::new(Record {
            title,
            began: Instant::now(),
            notes: Mutex::default(),
            logs: Mutex::default(),
        }))
    }

    pub(super) fn title(&self) -> &str {
        &self.0.title
    }

    /// What the test does.
    pub(super) fn act(&self, what: impl Into<String>) {
        self.note("test", what);
    }

    pub(super) fn note(&self, who: &'static str, what: impl Into<String>) {
        let note = Note {
            at: Instant::now(),
            who,
            what: what.into(),
        };
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(note);
    }

    /// Takes in what a helper writes.
    pub(super) fn follow(&self, who: &'static str, tap: Tap) {
        let mut logs = self.0.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.push((who, tap));
    }

    /// Everything, in the order of time.
    pub(super) fn told(&self) -> String {
        let notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let logs = self.0.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = notes
            .iter()
            .map(|note| (note.at, note.who, note.what.clone()))
            .collect();
        for (who, tap) in logs.iter() {
            let lines = tap.timed().into_iter();
            all.extend(lines.map(|(at, text)| (at, *who, text)));
        }
        all.sort_by_key(|(at, ..)| *at);
        let lines = all.iter().map(|(at, who, what)| {
            let at = at.saturating_duration_since(self.0.began).as_secs_f64();
            let what: String = what.chars().take(300).collect();
            format!("  {at:8.3} {who:>8} | {what}\n")
        });
        let lines: String = lines.collect();
        format!("timeline of {}:\n{lines}", self.0.title)
    }
}
