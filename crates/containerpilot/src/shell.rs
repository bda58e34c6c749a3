//! The loop: facts in, orders out. What is decided, the core decides.

mod addresses;
mod children;
mod files;
mod follows;
mod inputs;
mod link;
mod lookout;
mod meter;
mod oom;
mod perform;
mod reload;
mod requests;
mod sensors;
mod shares;
mod sights;
mod templates;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use catalog::{CatalogEvent, Journal};
use logbook::Logbook;
use pilot_config::Config;
use pilot_core::{Input, RunId, Supervisor, Time};
use reaper::Reaper;
use tokio::{sync::mpsc, task::JoinSet};

use self::{
    addresses::Addresses, children::Child, files::Files, follows::Follows, link::Link,
    lookout::Lookout, meter::Meter, oom::Toll, sensors::Sensors, shares::Shares, sights::Ink,
    templates::Desk,
};
pub(crate) use self::{
    addresses::in_one_line,
    link::EMBEDDED,
    templates::{TemplateFault, prove_template},
};
use crate::{
    control::{self, Request},
    environment::Environment,
    memory,
    pid_file::PidFile,
    signals::Ears,
    source::Reading,
};

/// How many facts of each kind may wait for the loop.
const QUEUE: usize = 64;
/// How many facts are taken up before the system is looked at again.
const TURN: usize = 64;
/// How long the last output of children may take to arrive after everything has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(1);
/// How long the last log records may take to be written.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// How long after the start everything has been done once that is done again and again at rest.
const SETTLING: Duration = Duration::from_secs(15);

/// Owns the core and everything of the system that it gives orders about.
pub(crate) struct Shell {
    core: Supervisor,
    started: Instant,
    inputs: VecDeque<Input>,
    reaper: Reaper,
    children: BTreeMap<RunId, Child>,
    captures: JoinSet<()>,
    environment: Environment,
    terminal: bool,
    log: Logbook,
    link: Link,
    catalog_events: mpsc::Receiver<CatalogEvent>,
    journal: Journal,
    follows: Follows,
    files: Files,
    addresses: Addresses,
    lookout: Lookout,
    ink: Ink,
    desk: Desk,
    shares: Shares,
    control: Option<control::Server>,
    requests: mpsc::Receiver<Request>,
    requests_in: mpsc::Sender<Request>,
    reading: Option<Reading>,
    config: Config,
    meter: Meter,
    sensors: Sensors,
    toll: Toll,
    exit: Option<u8>,
    _pid_file: Option<PidFile>,
}

/// What a shell is made of before it runs.
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// What a reload reads; without it there is none.
    pub(crate) reading: Option<Reading>,
    pub(crate) environment: Environment,
    /// Whether the main application gets the terminal, as under an init.
    pub(crate) terminal: bool,
    pub(crate) log: Logbook,
}

impl Shell {
    /// Opens everything that can fail before anything is started.
    pub(crate) fn open(parts: Parts) -> Result<Self, String> {
        let Parts {
            config,
            reading,
            environment,
            terminal,
            log,
        } = parts;
        let reaper =
            Reaper::new().map_err(|error| format!("cannot take charge of children: {error}"))?;
        let (requests_in, requests) = mpsc::channel(QUEUE);
        let (link, catalog_events) = Link::open(&config.catalog, log.clone())?;
        let pid_file = config.pid_file.clone().map(PidFile::write).transpose()?;
        let mut shell = Self {
            core: Supervisor::new(config.spec.clone(), seed()),
            started: Instant::now(),
            inputs: VecDeque::new(),
            reaper,
            children: BTreeMap::new(),
            captures: JoinSet::new(),
            environment,
            terminal,
            log,
            link,
            catalog_events,
            journal: Journal::default(),
            follows: Follows::default(),
            files: Files::default(),
            addresses: Addresses::default(),
            lookout: Lookout::default(),
            ink: Ink::default(),
            desk: Desk::default(),
            shares: Shares::default(),
            control: None,
            requests,
            requests_in,
            reading,
            config,
            meter: Meter::new(),
            sensors: Sensors::default(),
            toll: Toll::begin(),
            exit: None,
            _pid_file: pid_file,
        };
        shell.say_what_is_out_of_sight();
        shell.meter.declare(shell.config.telemetry.as_ref())?;
        shell.announce_addresses();
        shell.follow_addresses(&[]);
        shell.serve_control()?;
        shell.serve_telemetry();
        shell.say_what_was_accepted();
        Ok(shell)
    }

    /// Runs until the core says that it is over, and gives the status to exit with.
    pub(crate) async fn run(mut self, ears: Ears) -> u8 {
        self.inputs.push_back(Input::Started);
        self.handle_inputs();
        // What has changed since the configuration was loaded is not told.
        self.look_at_addresses();
        memory::forget();
        // The first checks and registrations come after the start, and touch much of it again.
        let settled = tokio::time::sleep(SETTLING);
        tokio::pin!(settled);
        loop {
            self.handle_inputs();
            if let Some(code) = self.exit {
                self.leave(&ears).await;
                return code;
            }
            let deadline = self.deadline();
            tokio::select! {
                biased;
                heard = ears.heard() => heard.for_each(|signal| self.on_signal(signal)),
                Some(event) = self.catalog_events.recv() => self.on_catalog_event(event),
                Some(request) = self.requests.recv() => self.on_request(request),
                Some(ask) = self.meter.asks.recv() => self.on_telemetry_asked(ask),
                () = self.addresses.changed() => self.look_at_addresses(),
                paths = self.files.changed() => self.on_files_changed(paths),
                seen = self.lookout.seen() => self.on_file_seen(seen),
                news = self.shares.news() => self.on_share_news(news),
                done = self.desk.done() => self.on_file_done(done),
                () = tokio::task::yield_now(), if !self.inputs.is_empty() => {}
                () = until(deadline) => self.inputs.push_back(Input::Woken),
                () = &mut settled, if !settled.is_elapsed() => memory::forget(),
                Some(_) = self.captures.join_next() => {}
            }
        }
    }

    /// Takes up what has happened, but no more than a turn's worth: orders that fail at once come
    /// back as facts at once, and signals must be heard in between.
    fn handle_inputs(&mut self) {
        for _ in 0..TURN {
            let Some(input) = self.inputs.pop_front() else {
                return;
            };
            self.meter.count_fact(&input);
            for effect in self.core.handle(self.now(), input) {
                self.perform(effect);
            }
        }
    }

    fn now(&self) -> Time {
        Time::after_start(self.started.elapsed())
    }

    fn deadline(&self) -> Option<tokio::time::Instant> {
        let at = self.core.next_deadline()?;
        Some((self.started + at.since_start()).into())
    }

    /// Nothing runs any more: lets the last words out, and takes away what others could stumble
    /// over.
    async fn leave(&mut self, ears: &Ears) {
        self.end_strays(ears).await;
        if let Some(control) = self.control.take() {
            control.close();
        }
        let captures = &mut self.captures;
        let ended = async { while captures.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_OUTPUT, ended).await;
        self.shares.leave().await;
        self.link.leave().await;
        self.log.flush(LAST_RECORDS).await;
    }
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A seed that differs between helpers, so that their pauses do too.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
