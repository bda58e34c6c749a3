//! How many calls were made, by what they were about and what came of them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::CatalogError;

/// What calls can be about, in the words of metrics: the part of the API, and for services of ours
/// what is done to them.
const OPERATIONS: [&str; 8] = [
    "register",
    "update",
    "deregister",
    "health",
    "catalog",
    "kv",
    "session",
    "other",
];

/// What can come of a call, in the words of metrics.
const OUTCOMES: [&str; 5] = ["ok", "refused", "timeout", "unreachable", "failed"];

/// How many calls of one kind had one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCount {
    /// What they were about: `register`, `update`, `deregister`, `health`, `catalog`, `kv`,
    /// `session` or `other`.
    pub operation: &'static str,
    /// What came of them: `ok`, `refused` (an answer that is an error), `timeout`, `unreachable`
    /// (no connection) or `failed` (an answer nobody can use).
    pub outcome: &'static str,
    /// How many, since the first of all.
    pub calls: u64,
}

/// Counts calls; many tasks make them at once, so it is counted without an owner.
#[derive(Debug, Default)]
pub(crate) struct Tally([[AtomicU64; OUTCOMES.len()]; OPERATIONS.len()]);

impl Tally {
    /// Counts one, by words of the two tables above; others are not counted.
    pub(crate) fn add(&self, operation: &str, outcome: &str) {
        let at = |words: &[&str], word| words.iter().position(|known| *known == word);
        let place = at(&OPERATIONS, operation).zip(at(&OUTCOMES, outcome));
        if let Some((operation, outcome)) = place {
            self.0[operation][outcome].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives what occurred at least once.
    pub(crate) fn counts(&self) -> Vec<CallCount> {
        let rows = OPERATIONS.iter().zip(&self.0);
        let all = rows.flat_map(|(operation, row)| {
            OUTCOMES.iter().zip(row).map(|(outcome, calls)| CallCount {
                operation,
                outcome,
                calls: calls.load(Ordering::Relaxed),
            })
        });
        all.filter(|count| count.calls > 0).collect()
    }
}

/// What came of a call, in the words of metrics.
pub(crate) fn outcome<T>(came: &Result<T, CatalogError>) -> &'static str {
    match came {
        Ok(_) => "ok",
        Err(CatalogError::Refused { .. }) => "refused",
        Err(CatalogError::Silent { .. } | CatalogError::Overdue { .. }) => "timeout",
        Err(CatalogError::Unreachable { .. }) => "unreachable",
        Err(
            CatalogError::Interrupted { .. }
            | CatalogError::Malformed { .. }
            | CatalogError::Oversized { .. }
            | CatalogError::Doubtful { .. }
            | CatalogError::Token { .. }
            | CatalogError::Unsupported { .. }
            | CatalogError::Outdated { .. }
            | CatalogError::Forgetful,
        ) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;

    #[test]
    fn calls_are_counted_by_what_they_are_about_and_what_came_of_them() {
        let tally = Tally::default();
        let unreachable = outcome::<()>(&Err(CatalogError::Unreachable {
            who: Backend::Consul,
            address: String::new(),
            reason: String::new(),
        }));
        tally.add("register", outcome(&Ok(())));
        tally.add("register", "ok");
        tally.add("register", "refused");
        tally.add("kv", "ok");
        tally.add("other", unreachable);
        let counts: Vec<_> = tally
            .counts()
            .into_iter()
            .map(|count| (count.operation, count.outcome, count.calls))
            .collect();
        assert_eq!(
            counts,
            [
                ("register", "ok", 2),
                ("register", "refused", 1),
                ("kv", "ok", 1),
                ("other", "unreachable", 1),
            ]
        );
    }
}
