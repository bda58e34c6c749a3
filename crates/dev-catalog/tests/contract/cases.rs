//! The cases, by what they are about. Names are unique to a case, since all share one agent.

mod blocking;
mod checks;
mod errors;
mod filters;
mod health;
mod kv;
mod locks;
mod nodes;
mod outside;
mod own;
mod services;
mod sessions;
mod transactions;

use super::agent::Agent;

/// A case with its name.
pub(super) type Case = (&'static str, fn(&Agent));

/// Names each function after itself.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CASES: &[crate::contract::cases::Case] = &[$((stringify!($name), $name)),+];
    };
}
use cases;

/// Those that can run beside each other.
pub(super) fn shared() -> Vec<Case> {
    let parts = [
        blocking::CASES,
        checks::CASES,
        services::CASES,
        health::CASES,
        kv::CASES,
        locks::CASES,
        sessions::CASES,
        transactions::CASES,
        outside::CASES,
        own::CASES,
        filters::CASES,
        errors::CASES,
    ];
    parts.concat()
}

/// Those that touch what all services have in common, and so disturb whoever waits.
pub(super) fn alone() -> Vec<Case> {
    nodes::CASES.to_vec()
}
