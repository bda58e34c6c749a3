//! Requests through nginx, while something happens.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{Timeline, http::over_tcp, until};

/// Who asks side by side; each sends one request after the other over connections of their own, and
/// tries none twice.
const CLIENTS: usize = 4;
/// The time between two requests of one client: some two hundred a second in all.
const PACE: Duration = Duration::from_millis(20);
/// It ends by itself after this, whatever the test does.
const LONGEST: Duration = Duration::from_secs(300);

/// Requests to one address until it is ended.
pub(crate) struct Load {
    ends: Arc<AtomicBool>,
    good: Arc<AtomicUsize>,
    served: Served,
    /// In microseconds.
    slowest: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
    failures: mpsc::Receiver<(Instant, String)>,
    timeline: Timeline,
}

/// When each container first answered since it was last asked for, by `SERVICE:HOSTNAME`.
type Served = Arc<Mutex<BTreeMap<String, Instant>>>;

/// How a load went.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    /// When, and how, each failed.
    pub(crate) failed: Vec<(Instant, String)>,
}

impl Load {
    /// Asks for these paths in turn; whatever is not a 200 with a body that names its source is a
    /// failure.
    pub(crate) fn on(
        address: SocketAddr,
        paths: &'static [&'static str],
        timeline: &Timeline,
    ) -> Self {
        let (ends, good) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let served = Served::default();
        let slowest = Arc::new(AtomicU64::new(0));
        let (fails, failures) = mpsc::channel();
        let client = |nth: usize| {
            let (ends, good) = (ends.clone(), good.clone());
            let (fails, timeline) = (fails.clone(), timeline.clone());
            let (served, slowest) = (served.clone(), slowest.clone());
            std::thread::spawn(move || {
                let deadline = Instant::now() + LONGEST;
                for path in paths.iter().cycle().skip(nth) {
                    if ends.load(Ordering::SeqCst) || Instant::now() > deadline {
                        break;
                    }
                    let sent = Instant::now();
                    let answer = over_tcp(address, "GET", path, "");
                    slowest.fetch_max(sent.elapsed().as_micros() as u64, Ordering::SeqCst);
                    match answer {
                        Ok(answer) if answer.status == 200 && answer.body.contains("source") => {
                            good.fetch_add(1, Ordering::SeqCst);
                            note_source(&served, &answer.body);
                        }
                        other => {
                            let what = match other {
                                Ok(answer) => format!("{path}: status {}", answer.status),
                                Err(error) => format!("{path}: {error}"),
                            };
                            timeline.note("load", &format!("failed {what}"));
                            let _ = fails.send((Instant::now(), what));
                        }
                    }
                    std::thread::sleep(PACE);
                }
            })
        };
        Self {
            clients: (0..CLIENTS).map(client).collect(),
            ends,
            good,
            served,
            slowest,
            failures,
            timeline: timeline.clone(),
        }
    }

    /// Waits until all of these have answered since now; gives when the last of them first did.
    #[track_caller]
    pub(crate) fn wait_for_all(&self, service: &str, hosts: &[String]) -> Instant {
        let sources: Vec<String> = hosts
            .iter()
            .map(|host| format!("{service}:{host}"))
            .collect();
        let seen = |source: &String| self.served().get(source).copied();
        until(
            &format!("{sources:?} answer"),
            || self.timeline.told(),
            || sources.iter().map(seen).collect::<Option<Vec<_>>>(),
        )
        .into_iter()
        .max()
        .unwrap()
    }

    /// Who answered before counts no more.
    pub(crate) fn forget(&self) {
        self.served().clear();
    }

    fn served(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Instant>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on for a time: the length of a fault, not a wait for a fact.
    pub(crate) fn go_on_for(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Waits until some more requests have been answered.
    #[track_caller]
    pub(crate) fn wait_for_more(&self) {
        let before = self.good.load(Ordering::SeqCst);
        until(
            "more requests are answered",
            || self.timeline.told(),
            || (self.good.load(Ordering::SeqCst) > before + 100).then_some(()),
        );
    }

    /// Ends it, and says how it went.
    pub(crate) fn end(self) -> Tally {
        let title = self.timeline.title().to_owned();
        self.end_of(&title)
    }

    /// The same, for a part of a scenario.
    pub(crate) fn end_of(self, part: &str) -> Tally {
        self.ends.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().unwrap();
        }
        let failed: Vec<_> = self.failures.try_iter().collect();
        let tally = Tally {
            sent: self.good.load(Ordering::SeqCst) + failed.len(),
            failed,
        };
        let slowest = Duration::from_micros(self.slowest.load(Ordering::SeqCst));
        let line = format!(
            "{part}: requests sent {}, failed {}, slowest {:.1} s",
            tally.sent,
            tally.failed.len(),
            slowest.as_secs_f64()
        );
        self.timeline.note("load", &line);
        println!("{line}");
        tally
    }
}

/// Takes note of who answered: the first of the first row's sources.
fn note_source(served: &Served, body: &str) {
    let source = body
        .split_once("\"source\":[\"")
        .and_then(|(_, rest)| rest.split('"').next());
    if let Some(source) = source {
        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
        served.entry(source.to_owned()).or_insert_with(Instant::now);
    }
}

impl Tally {
    /// An ungraceful change may lose requests, for as long as the catalog can believe in what is
    /// gone.
    #[track_caller]
    pub(crate) fn expect_failed_only_within(&self, from: Instant, window: Duration) {
        let outside: Vec<_> = self
            .failed
            .iter()
            .filter(|(at, _)| *at < from || *at > from + window)
            .collect();
        assert!(
            outside.is_empty(),
            "{} of {} failed outside of {window:?}: {:?}",
            outside.len(),
            self.sent,
            outside.iter().take(10).collect::<Vec<_>>()
        );
        assert!(self.sent > 100, "only {} were sent", self.sent);
    }

    /// A graceful change loses nothing.
    #[track_caller]
    pub(crate) fn expect_none_failed(&self) {
        assert!(
            self.failed.is_empty(),
            "{} of {} failed: {:?}",
            self.failed.len(),
            self.sent,
            self.failed.iter().take(10).collect::<Vec<_>>()
        );
        assert!(self.sent > 100, "only {} were sent", self.sent);
    }
}
