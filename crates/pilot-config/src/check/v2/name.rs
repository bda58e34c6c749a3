//! Names of jobs, each given once.

use std::collections::HashSet;

use pilot_core::JobName;

use crate::check::job::OWN_NAME;

/// The job of the program.
pub(super) const APP: &str = "app";
/// The job before it.
pub(super) const PRE_START: &str = "preStart";
/// The job before its stop.
pub(super) const PRE_STOP: &str = "preStop";
/// The job after its stop.
pub(super) const POST_STOP: &str = "postStop";

/// The names that are taken.
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// None is taken but those that this dialect itself gives.
    pub(super) fn new() -> Self {
        let own = [APP, PRE_START, PRE_STOP, POST_STOP, OWN_NAME];
        Self {
            taken: own.map(str::to_owned).into(),
        }
    }

    /// Gives a service its own name, if no other job has it.
    pub(super) fn of_service(&mut self, name: &str) -> JobName {
        if self.taken.insert(name.to_owned()) {
            return JobName::new(name);
        }
        self.give("service", name)
    }

    /// Gives an entry a name out of what it is and its own, with a number where that is taken.
    pub(super) fn give(&mut self, what: &str, name: &str) -> JobName {
        let wanted = if name.is_empty() {
            what.to_owned()
        } else {
            format!("{what}-{name}")
        };
        let mut name = wanted.clone();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        JobName::new(name)
    }
}
