//! The catalog: what is asked of it, and how fresh its answers are.

use std::time::Duration;

use crate::{Registry, family::Family, labelled::Labelled};

#[derive(Clone, Debug)]
pub(super) struct Catalogs {
    requests: Labelled<f64, 2>,
    instances: Labelled<f64, 1>,
    stale: Labelled<f64, 1>,
    answer_age: Labelled<f64, 1>,
}

impl Registry {
    /// Sets how many requests of one kind had one outcome so far.
    pub fn catalog_requests(&mut self, operation: &str, outcome: &str, requests: u64) {
        *self.own.catalogs.requests.at([operation, outcome]) = requests as f64;
    }

    /// Sets how many instances a watch sees.
    ///
    /// Beyond the number of watches there is room for, one is left out.
    pub fn watch_instances(&mut self, service: &str, instances: usize) {
        if let Some(value) = self.own.catalogs.instances.only_at([service]) {
            *value = instances as f64;
        }
    }

    /// Sets whether what a watch knows may be old.
    ///
    /// Beyond the number of watches there is room for, one is left out.
    pub fn watch_stale(&mut self, watch: &str, is_stale: bool) {
        if let Some(value) = self.own.catalogs.stale.only_at([watch]) {
            *value = f64::from(u8::from(is_stale));
        }
    }

    /// Shows a watch no longer, as nobody follows it.
    pub fn forget_watch(&mut self, watch: &str) {
        self.own.catalogs.instances.remove([watch]);
        self.own.catalogs.stale.remove([watch]);
    }

    /// Sets how long ago the catalog last answered each query that is followed, with news or
    /// without.
    ///
    /// Beyond the number of queries there is room for, they are left out.
    pub fn answer_ages<'a>(&mut self, ages: impl IntoIterator<Item = (&'a str, Duration)>) {
        let shown = &mut self.own.catalogs.answer_age;
        shown.clear();
        for (query, age) in ages {
            if let Some(value) = shown.only_at([query]) {
                *value = age.as_secs_f64();
            }
        }
    }
}

impl Catalogs {
    /// The instances are named as ContainerPilot 3 names them.
    pub(super) fn new() -> Self {
        Self {
            requests: Labelled::counter(
                "containerpilot_catalog_requests_total",
                ["operation", "outcome"],
                "Requests to the catalog, by what they are about and what came of them.",
            ),
            instances: Labelled::gauge(
                "containerpilot_watch_instances",
                ["service"],
                "Instances that each watch sees, by service.",
            ),
            stale: Labelled::gauge(
                "containerpilot_watch_stale",
                ["watch"],
                "Whether what each watch knows may be old: 1 while nobody answers or an empty answer is held.",
            ),
            answer_age: Labelled::gauge(
                "containerpilot_catalog_answer_age_seconds",
                ["query"],
                "Time since the catalog last answered each query that is followed, with news or without.",
            ),
        }
    }

    pub(super) fn families(&self) -> Vec<Family<'_>> {
        vec![
            self.requests.family(),
            self.instances.family(),
            self.stale.family(),
            self.answer_age.family(),
        ]
    }
}
