//! What befalls a catalog is not felt by the application, and is made good afterwards.
//!
//! Each test lets one fault come over real servers, last, and go. In each must hold, by one shared
//! check (`scene`): the application runs on as the process that it was; one that ends runs again
//! within a second; a helper that is told to stop does so within its budget; and within the longer
//! of twice the interval and the TTL after the fault the catalog shows the truth, and what is
//! followed is what the catalog shows. Each says how long that took.

mod agents;
mod answers;
mod claims;
mod elections;
mod etcd;
mod frozen;
mod kind;
mod network;
mod partitions;
mod proxy;
mod scene;
mod server;
mod timeline;
mod tokens;
mod zookeeper;

use kind::Kind;

/// One fault.
type Fault = (&'static str, fn(Kind));

/// Lets faults come over a catalog, side by side, for each is mostly waiting.
///
/// With `FAULTS_ONLY` in the environment, those only whose name holds it.
fn together(kind: Kind, faults: &[Fault]) {
    let only = std::env::var("FAULTS_ONLY").unwrap_or_default();
    let chosen = faults.iter().filter(|(name, _)| name.contains(&only));
    let under_way = chosen.map(|(name, fault)| {
        let fault = *fault;
        let thread = std::thread::Builder::new().name((*name).to_owned());
        (*name, thread.spawn(move || fault(kind)).unwrap())
    });
    let under_way: Vec<_> = under_way.collect();
    let failed = under_way.into_iter().filter_map(|(name, fault)| {
        let came = fault.join();
        came.is_err().then_some(name)
    });
    let failed: Vec<_> = failed.collect();
    assert!(failed.is_empty(), "{kind:?} did not survive {failed:?}");
}

/// Names faults by their functions.
macro_rules! faults {
    ($($fault:ident),* $(,)?) => {
        &[$((stringify!($fault), $fault as fn(Kind))),*]
    };
}
use faults;
