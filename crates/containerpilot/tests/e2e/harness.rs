//! Starts the binary, watches it, and leaves nothing behind.

mod catalog;
mod consul;
mod container;
mod ended;
mod etcd;
mod http;
mod liar;
mod network;
mod pilot;
mod proc;
mod prometheus;
mod recorder;
mod running;
mod tap;
mod zookeeper;

use std::time::{Duration, Instant};

pub(crate) use test_ports::free_ports;

pub(crate) use self::{
    catalog::{Catalog, Eye, Faulty, Trouble, hostname, refusing},
    consul::{Consul, binary as consul_binary},
    container::{Bridge, Contained, Container},
    ended::Ended,
    etcd::Etcd,
    http::{Answer, over_tcp},
    liar::{Liar, Word},
    network::{Network, ip},
    pilot::{Pilot, own_binary},
    proc::{Process, descriptors, field, is_alive, processes, resident_kib, send},
    prometheus::{OpenMetricsOnly, Prometheus, complaints},
    recorder::Recorder,
    running::Running,
    tap::Tap,
    zookeeper::Zookeeper,
};

/// How long a fact may take to come true. Far more than any should need, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(25);
/// The time between two looks at a fact that tells nobody when it comes true.
const BEAT: Duration = Duration::from_millis(5);

/// Looks until there is something to see; gives up in the end, with what `told` has to tell.
#[track_caller]
pub(crate) fn until<T>(
    what: &str,
    told: impl Fn() -> String,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            Instant::now() < deadline,
            "not so within {PATIENCE:?}: {what}\n{}",
            told()
        );
        std::thread::sleep(BEAT);
    }
}
