//! How soon a change in each catalog is heard, and what a catalog has to bear from helpers: how often one asks at rest, how many connections a
//! helper takes that watches a thousand services, what two thousand instances cost.

mod floor;
mod heard;
mod many;
mod quiet;
mod servers;
mod swarm;
mod tap;

use std::time::Duration;

pub(crate) use swarm::instances;

use crate::{report::Table, workshop::Workshop};

pub(crate) fn heard(workshop: &mut Workshop, runs: u16) -> Vec<Table> {
    vec![heard::measure(workshop, runs)]
}

pub(crate) fn measure(workshop: &mut Workshop, watched: Duration) -> Vec<Table> {
    vec![
        quiet::measure(workshop, watched * 3),
        many::measure(workshop),
        swarm::measure(workshop, watched * 2),
    ]
}
