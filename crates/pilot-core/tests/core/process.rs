//! Simulated processes: what a command does, in a few words.
//!
//! ```text
//! runs                          until it is asked to end
//! exits 1 after 3s              by itself; `passes` and `fails` are short for 0 and 1 at once
//! missing                       cannot be started
//!   , ignores TERM              only KILL ends it
//!   , takes 2s to stop          and then exits 0
//!   , exits 3 on TERM           at once
//!   , leaves a child for 2s     that outlives it by so much, or `for ever`
//!   , stuck                     not even KILL ends it
//! ```
//! `|` separates what successive runs do; the last goes on for ever. `x3` repeats.

use std::{collections::BTreeMap, time::Duration};

use crate::read::duration;

/// What one run does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    pub(crate) missing: bool,
    pub(crate) ends: Option<(Duration, u8)>,
    pub(crate) on_term: OnTerm,
    pub(crate) child: Option<Child>,
    pub(crate) stuck: bool,
}

/// What a process does when it is asked to end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum OnTerm {
    #[default]
    Dies,
    Exits(u8),
    Takes(Duration),
    Ignores,
}

/// What is left when a process has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Child {
    For(Duration),
    ForEver,
}

/// What the runs of a purpose do, one after another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripts(BTreeMap<String, Vec<Behaviour>>);

impl Scripts {
    pub(crate) fn set(&mut self, purpose: String, runs: Vec<Behaviour>) {
        self.0.insert(purpose, runs);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What the run does that is the `nth`, counted from 0.
    pub(crate) fn behaviour(&self, purpose: &str, nth: usize) -> Behaviour {
        let runs = self.0.get(purpose).map(Vec::as_slice).unwrap_or_default();
        runs.get(nth).or(runs.last()).cloned().unwrap_or_default()
    }
}

pub(crate) fn behaviours(text: &str) -> Vec<Behaviour> {
    let mut runs = Vec::new();
    for part in text.split('|') {
        let part = part.trim();
        let (words, times) = match part.rsplit_once(" x") {
            Some((words, times)) => (words, times.parse().expect("a number after x")),
            None => (part, 1),
        };
        runs.extend(std::iter::repeat_n(behaviour(words), times));
    }
    runs
}

fn behaviour(text: &str) -> Behaviour {
    let mut what = Behaviour::default();
    for phrase in text.split(',') {
        let words: Vec<&str> = phrase.split_whitespace().collect();
        match *words.as_slice() {
            ["runs"] => {}
            ["passes"] => what.ends = Some((Duration::ZERO, 0)),
            ["fails"] => what.ends = Some((Duration::ZERO, 1)),
            ["missing"] => what.missing = true,
            ["stuck"] => what.stuck = true,
            ["exits", code, "after", span] => what.ends = Some((duration(span), number(code))),
            ["exits", code, "on", "TERM"] => what.on_term = OnTerm::Exits(number(code)),
            ["takes", span, "to", "stop"] => what.on_term = OnTerm::Takes(duration(span)),
            ["ignores", "TERM"] => what.on_term = OnTerm::Ignores,
            ["leaves", "a", "child", "for", "ever"] => what.child = Some(Child::ForEver),
            ["leaves", "a", "child", "for", span] => what.child = Some(Child::For(duration(span))),
            _ => panic!("no such behaviour: {phrase}"),
        }
    }
    what
}

fn number(word: &str) -> u8 {
    word.parse().expect("an exit status")
}
