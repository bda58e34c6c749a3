//! How many calls were made, by what they were about and what came of them.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Call, Reply};
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
pub(super) struct Tally([[AtomicU64; OUTCOMES.len()]; OPERATIONS.len()]);

impl Tally {
    pub(super) fn add(&self, call: &Call, came: Result<&Reply, &CatalogError>) {
        let at = |words: &[&str], word| words.iter().position(|known| *known == word);
        let place = at(&OPERATIONS, operation(&call.path));
        let place = place.zip(at(&OUTCOMES, outcome(call, came)));
        if let Some((operation, outcome)) = place {
            self.0[operation][outcome].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives what occurred at least once.
    pub(super) fn counts(&self) -> Vec<CallCount> {
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

fn operation(path: &str) -> &'static str {
    const PATHS: [(&str, &str); 7] = [
        ("/v1/agent/service/register", "register"),
        ("/v1/agent/check/update/", "update"),
        ("/v1/agent/service/deregister/", "deregister"),
        ("/v1/health/", "health"),
        ("/v1/catalog/", "catalog"),
        ("/v1/kv/", "kv"),
        ("/v1/session/", "session"),
    ];
    let known = PATHS.iter().find(|(begin, _)| path.starts_with(begin));
    known.map_or("other", |(_, word)| word)
}

fn outcome(call: &Call, came: Result<&Reply, &CatalogError>) -> &'static str {
    match came {
        Ok(answer) if (200..300).contains(&answer.status) => "ok",
        // That there is no such key is an answer like any other.
        Ok(answer) if answer.status == 404 && operation(&call.path) == "kv" => "ok",
        Ok(_) | Err(CatalogError::Refused { .. }) => "refused",
        Err(CatalogError::Silent { .. } | CatalogError::Overdue { .. }) => "timeout",
        Err(CatalogError::Unreachable { .. }) => "unreachable",
        Err(
            CatalogError::Interrupted { .. }
            | CatalogError::Malformed { .. }
            | CatalogError::Oversized { .. }
            | CatalogError::Doubtful { .. }
            | CatalogError::Token { .. }
            | CatalogError::Forgetful,
        ) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::*;

    fn answered(status: u16) -> Reply {
        Reply::new(status, &HeaderMap::new(), Bytes::new())
    }

    #[test]
    fn calls_are_counted_by_what_they_are_about_and_what_came_of_them() {
        let tally = Tally::default();
        let register = Call::put("/v1/agent/service/register".to_owned(), "");
        let key = Call::get("/v1/kv/a".to_owned());
        let odd = Call::get("/v1/agent/self".to_owned());
        let unreachable = CatalogError::Unreachable {
            address: String::new(),
            reason: String::new(),
        };
        tally.add(&register, Ok(&answered(200)));
        tally.add(&register, Ok(&answered(200)));
        tally.add(&register, Ok(&answered(500)));
        tally.add(&key, Ok(&answered(404)));
        tally.add(&odd, Ok(&answered(404)));
        tally.add(&odd, Err(&unreachable));
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
                ("other", "refused", 1),
                ("other", "unreachable", 1),
            ]
        );
    }
}
