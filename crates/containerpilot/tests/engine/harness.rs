//! Drives the engine as a person does, by its command line, and looks at what comes of it.

mod compose;
mod container;
mod docker;
mod engine;
mod hosts;
#[path = "../e2e/harness/http.rs"]
#[expect(
    dead_code,
    reason = "sockets and more are for the tests of the binary alone"
)]
mod http;
mod load;
#[path = "../e2e/harness/network.rs"]
#[expect(dead_code, reason = "the other suite does more with its networks")]
mod machine;
mod page;
mod swarm;
mod terminal;
mod timeline;
mod view;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

pub(crate) use self::{
    compose::Stack,
    container::{Container, Network},
    docker::{docker, image, try_docker},
    engine::Engine,
    hosts::{Host, Hosts},
    http::over_tcp,
    load::Load,
    machine::ip,
    page::commands,
    swarm::Swarm,
    terminal::Terminal,
    timeline::Timeline,
    view::wait_for_newest,
};

/// How long a fact may take to come true. Far more than any should need, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The time between two looks at a fact that tells nobody when it comes true.
const BEAT: Duration = Duration::from_millis(200);

/// Looks until there is something to see; gives up in the end, with what `told` has to tell.
#[track_caller]
pub(crate) fn until<T>(
    what: &str,
    told: impl Fn() -> String,
    look: impl FnMut() -> Option<T>,
) -> T {
    within(PATIENCE, what, told, look)
}

/// The same, for what takes its own time.
#[track_caller]
pub(crate) fn within<T>(
    patience: Duration,
    what: &str,
    told: impl Fn() -> String,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            Instant::now() < deadline,
            "not so within {patience:?}: {what}\n{}",
            told()
        );
        std::thread::sleep(BEAT);
    }
}

/// A name that no other test on this engine has.
pub(crate) fn unique(title: &str) -> String {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let nth = GIVEN.fetch_add(1, Ordering::SeqCst);
    format!("cp{}-{nth}-{title}", std::process::id())
}
