//! What a user wants, validated: every value here is legal and needs no second look.
//!
//! The configuration crate makes these from text; tests make them by hand. Two equal specs mean
//! the same behaviour, which is what a reload by difference rests on.

mod watch;

use std::time::Duration;

pub use self::watch::{OnEmpty, ServiceSubject, Subject, WatchId, WatchSpec};
pub use crate::inherited::Inherited;
use crate::{Event, JobName, Signal, TemplateName};

/// Everything the core runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The jobs, in the order of the file.
    pub jobs: Vec<JobSpec>,
    /// The watches, in the order of the file.
    pub watches: Vec<WatchSpec>,
    /// The templates, in the order of the file.
    pub templates: Vec<TemplateSpec>,
    /// Budget from TERM to KILL for every job that sets none of its own.
    pub stop_timeout: Duration,
    /// What signals mean to the helper itself.
    pub signals: Signals,
    /// The status to end with after a request to stop.
    pub asked_status: AskedStatus,
    /// What follows once changed templates have all been taken up.
    pub after_changes: Option<AfterChanges>,
    /// How long the helper stays.
    pub stay: Stay,
}

/// What signals mean to the helper itself. It comes before a job that claims the same signal, as
/// stopping comes before reloading and maintenance. Any other signal goes to the jobs that claim
/// it, else to the main application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    /// They ask to stop everything, in order. TERM and INT do so too where there is no main
    /// application that could hear them.
    pub stop: Vec<Signal>,
    /// It asks to load the configuration anew; passed over while the helper stops, and kept until
    /// everything is in place if it comes before.
    pub reload: Option<Signal>,
    /// It begins maintenance, and ends it; when it comes too early or too late is as for `reload`.
    pub maintenance: Option<Signal>,
}

impl Signals {
    /// Those of ContainerPilot 3: TERM and INT stop.
    pub fn stopping() -> Self {
        Self {
            stop: vec![Signal::TERM, Signal::INT],
            reload: None,
            maintenance: None,
        }
    }

    /// None: the main application gets them all, and its end is the end of the helper. That is
    /// what an init without a configuration does.
    pub fn forwarded() -> Self {
        Self {
            stop: Vec::new(),
            reload: None,
            maintenance: None,
        }
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::stopping()
    }
}

/// The status to end with after a request to stop. Without one it is that of the main application,
/// else of the first job that failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AskedStatus {
    /// 0, if no job had to be killed.
    #[default]
    Clean,
    /// That of the essential job, however it came to its end; 0 if it never ran. A process that a
    /// signal ended counts as 255, also where nobody asked (ContainerPilot 1 and 2).
    OfTheApplication,
    /// Always this one (consul-template: 12).
    Fixed(u8),
}

/// What follows once templates have changed and every command that takes them up is over: one
/// notice for all that changed together. A run that began after the last file was in place has
/// read them, and gets none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterChanges {
    /// The job that has to take notice; nothing happens while it does not run.
    pub job: JobName,
    /// How it does.
    pub notice: Notice,
}

/// How a job takes notice of changed files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// By a signal.
    Signal(Signal),
    /// By starting anew, after a pause of a random part of `splay`.
    Restart {
        /// The longest pause. A change during it leads to no second restart.
        splay: Duration,
    },
}

/// How long the helper stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Stay {
    /// While there are jobs.
    #[default]
    WithJobs,
    /// Until it is asked to stop, or an essential job ends, whatever becomes of its templates.
    ///
    /// A first text is taken up like any other, and a template is healthy once that is done.
    UntilAsked,
    /// Until every template stands and was taken up, and no job runs; an essential job is waited
    /// for. A template or a command that fails ends it with status [`Stay::FAILED`], when what is
    /// under way has come to its end and the other commands have run.
    ///
    /// Each template is rendered once: what stands is not touched again. Else as `UntilAsked`.
    UntilRendered {
        /// How long a catalog that does not answer is waited for, counted from
        /// [`Input::CatalogLost`](crate::Input::CatalogLost), while a template waits for it; none
        /// is for ever.
        patience: Option<Duration>,
    },
}

impl Stay {
    /// The status of a run that was to render once and failed (consul-template's).
    pub const FAILED: u8 = 14;
}

impl Spec {
    /// The budget of a spec that names none, as in ContainerPilot 3.
    pub const STOP_TIMEOUT: Duration = Duration::from_secs(5);
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            jobs: Vec::new(),
            watches: Vec::new(),
            templates: Vec::new(),
            stop_timeout: Self::STOP_TIMEOUT,
            signals: Signals::stopping(),
            asked_status: AskedStatus::Clean,
            after_changes: None,
            stay: Stay::WithJobs,
        }
    }
}

/// One job: a process, a service in the catalog, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// Its name.
    pub name: JobName,
    /// What to run; a job without it only stands for a service or a check.
    pub exec: Option<Command>,
    /// When to run it.
    pub when: When,
    /// What must have been before its `when` counts. It makes the first tick's time run, and makes
    /// good a start event that came earlier.
    pub after: Option<Event>,
    /// How long from then its `when` still does not count, so that what it is about can get ready
    /// for it (`onChange` of ContainerPilot 2, which looked for the first time after one `poll`).
    /// Zero without `after`.
    pub settle: Duration,
    /// How long to wait for the start event before giving up; none waits for ever.
    pub start_within: Option<Duration>,
    /// How often a finished run is followed by another.
    pub restarts: Restarts,
    /// How long to wait before such a restart.
    pub backoff: Backoff,
    /// How long a run may take before it is killed.
    pub timeout: Option<Duration>,
    /// How the job stops.
    pub stop: StopSpec,
    /// What happens when the start event comes while a run is on.
    pub overlap: Overlap,
    /// What its end means for the container.
    pub role: Role,
    /// On which stops of another job it has its turn, if it runs on such stops.
    pub turn: Turn,
    /// When its process is told to end, if it runs when the helper begins to stop.
    pub leaves: Leaves,
    /// What maintenance means to its runs.
    pub maintenance: InMaintenance,
    /// What a reload that leaves it as it is means to it.
    pub reload: OnReload,
    /// How to find out whether it is well.
    pub health: Option<HealthSpec>,
    /// How it stands in the catalog.
    pub service: Option<ServiceSpec>,
    /// How long the address of its service may take to be there, counted from when the job begins
    /// to wait for its start event. It is not started before, and the helper ends if it does not
    /// come. None where the address is known.
    pub address_within: Option<Duration>,
}

impl JobSpec {
    /// A timeout that is a limit in name only (`preStop` and `postStop` of ContainerPilot 1 and 2).
    pub const UNLIMITED: Duration = Duration::from_secs(24 * 3600);

    /// A job with the defaults of ContainerPilot 3: one run at startup, no restart.
    pub fn new(name: impl Into<JobName>) -> Self {
        Self {
            name: name.into(),
            exec: None,
            when: When::Once(Condition::startup()),
            after: None,
            settle: Duration::ZERO,
            start_within: None,
            restarts: Restarts::NEVER,
            backoff: Backoff::DEFAULT,
            timeout: None,
            stop: StopSpec::DEFAULT,
            overlap: Overlap::Queue,
            role: Role::Ordinary,
            turn: Turn::Always,
            leaves: Leaves::AtOnce,
            maintenance: InMaintenance::Runs,
            reload: OnReload::Stays,
            health: None,
            service: None,
            address_within: None,
        }
    }
}

/// What the end of a job means for the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Role {
    /// It ends the container, with its status.
    Essential,
    /// The container runs until all such jobs have ended.
    #[default]
    Ordinary,
    /// Nothing: the job is there for the others, and ends with them.
    Companion,
    /// Each failed run of it ends the container, with its status, even if another status was
    /// decided already; being told to end is no failure. Its success means nothing, and it does not
    /// keep the container running (`preStart` and `postStop` of ContainerPilot 1 and 2).
    Veto,
}

/// On which stops of another job a job has its turn that runs on that other's `stopping` or
/// `stopped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Turn {
    /// On every one.
    #[default]
    Always,
    /// Only while the other's process is there to be stopped, not after it ended by itself. A turn
    /// passed over is waited for by nobody (`preStop` of ContainerPilot 1 and 2).
    WhileRunning,
    /// Only when the other has run, or was to run and could not (`postStop` of ContainerPilot 1
    /// and 2, whose `preStart` may be the end of it all).
    AfterARun,
}

/// When the process of a job is told to end, in a stop of the helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Leaves {
    /// With all others.
    #[default]
    AtOnce,
    /// When the services of all others are out of the catalog: it is the process behind them (the
    /// application of ContainerPilot 1 and 2).
    AfterServices,
    /// When all others are over: they may need it to the end, as they do a local agent of the
    /// catalog (`coprocesses` of ContainerPilot 2).
    Last,
}

/// What maintenance means to the runs of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InMaintenance {
    /// Nothing.
    #[default]
    Runs,
    /// None is started, but by a person and after a change of a template; a run that is on goes on.
    /// One start that was due meanwhile is made good at the end, a tick is not.
    Pauses,
}

/// What a reload means to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnReload {
    /// Nothing, if it leaves the job as it is; else the job stops, and starts as it is now.
    #[default]
    Stays,
    /// The same, and left as it is its restarts are counted anew; if it is over it starts again
    /// (`coprocesses` of ContainerPilot 2).
    Renews,
    /// Nothing, even if another job of its name takes its place (the application and `preStart`
    /// of ContainerPilot 1 and 2). One that is not essential goes before others: a reload that adds
    /// it comes too late, so it counts as done, and one that takes it away waits until it is over.
    Fixed,
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Command {
    /// The program and its arguments; never empty, though the program may be an empty text.
    pub argv: Vec<String>,
    /// Which of the helper's own variables it gets.
    pub inherited: Inherited,
    /// Variables set over those.
    pub env: Vec<(String, String)>,
    /// The directory to run in; none is the helper's own.
    pub cwd: Option<String>,
    /// The user to run as, by name or number.
    pub user: Option<String>,
    /// The group to run as, by name or number; none is the user's own.
    pub group: Option<String>,
    /// Where its output goes.
    pub output: Output,
    /// Whether it is to have the terminal that the helper was started on, if there is one, for
    /// input, output and the keys that send signals. Without one this means nothing.
    pub terminal: bool,
    /// Whether processes that it leaves behind when it ends by itself may go on, until the helper
    /// ends (`preStart` and `onChange` of ContainerPilot 1 and 2, which start daemons with `&`);
    /// else they are asked to end with it.
    pub leaves_rest: bool,
}

impl Command {
    /// A command with nothing but its arguments.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

/// Where the output of a command goes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Output {
    /// Line by line into the log, with the job's name.
    #[default]
    Logged,
    /// The helper's own stdout and stderr, inherited (`logging.raw`).
    Raw,
    /// Stdout is a value of this metric if the run succeeds, stderr is logged (`sensors`).
    Metric(String),
}

/// When a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Once, at the first time the condition holds.
    Once(Condition),
    /// Each time the condition holds.
    Each(Condition),
    /// On every tick.
    Every(Beat),
    /// On each arrival of a signal, which the main application then does not get.
    OnSignal(Signal),
}

/// The ticks of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The time from one to the next.
    pub period: Duration,
    /// When the first one is; for a job that joins by a reload, counted from then.
    pub first: First,
}

/// When the first tick of a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// At startup.
    AtOnce,
    /// One period after startup (`tasks` and `sensors` of ContainerPilot 2).
    AfterOne,
}

impl Beat {
    /// A tick at startup, and then one every period.
    pub fn every(period: Duration) -> Self {
        Self {
            period,
            first: First::AtOnce,
        }
    }
}

/// What must have happened for a job to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This one event.
    Event(Event),
    /// All of these, in any order, since the last start.
    All(Vec<Condition>),
    /// Any of these.
    Any(Vec<Condition>),
}

impl Condition {
    /// The condition of a job without `when`.
    pub fn startup() -> Self {
        Self::Event(Event::global(crate::EventKind::Startup))
    }

    /// Every event named in the condition.
    pub fn events(&self) -> Vec<&Event> {
        match self {
            Self::Event(event) => vec![event],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::events).collect(),
        }
    }
}

/// How often a finished run is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarts {
    /// Always.
    Unlimited,
    /// So many times in the life of the job.
    Left(u32),
}

impl Restarts {
    /// Not at all.
    pub const NEVER: Self = Self::Left(0);
}

/// The pause before a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// None: the job restarts at once, every time (`backoff: "none"`).
    None,
    /// The first restart at once, then doubling pauses with jitter.
    Exponential {
        /// The second restart's pause.
        initial: Duration,
        /// The longest pause.
        max: Duration,
        /// A run at least this long makes the next restart a first one again.
        reset: Duration,
    },
}

impl Backoff {
    /// The pauses of a job that names none.
    pub const DEFAULT: Self = Self::Exponential {
        initial: Duration::from_millis(500),
        max: Duration::from_secs(30),
        reset: Duration::from_secs(10),
    };
}

/// How a job stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopSpec {
    /// The signal that asks its process to end.
    pub signal: Signal,
    /// Budget for the jobs that run on its `stopping`, and again from the signal to KILL; none
    /// takes the spec's `stop_timeout`.
    pub timeout: Option<Duration>,
    /// Pause between leaving the catalog and the signal, for clients to take notice.
    pub drain: Duration,
}

impl StopSpec {
    /// TERM, the common budget, no pause.
    pub const DEFAULT: Self = Self {
        signal: Signal::TERM,
        timeout: None,
        drain: Duration::ZERO,
    };
}

/// What happens when a job's start event comes while a run is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Nothing: the event is passed over (default for `interval`).
    Skip,
    /// One more run follows, however many events came (default for `each` and signals).
    Queue,
    /// The run is stopped and a new one started.
    Replace,
}

/// How to find out whether a job is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSpec {
    /// What to run; none counts as passing on every tick.
    pub exec: Option<Command>,
    /// Time between two checks.
    pub interval: Duration,
    /// How long a check may take; none is unlimited.
    pub timeout: Option<Duration>,
}

/// How a job stands in the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its name; none is the job's.
    pub name: Option<String>,
    /// Its identity, `<name>-<hostname>`.
    pub id: String,
    /// The address to advertise; empty while [`JobSpec::address_within`] waits for it.
    pub address: String,
    /// The port to advertise.
    pub port: u16,
    /// Its tags.
    pub tags: Vec<String>,
    /// Free key and value pairs.
    pub meta: Vec<(String, String)>,
    /// How much of the load it should get; none leaves it to the catalog.
    pub weights: Option<Weights>,
    /// Its addresses by the network they are for.
    pub tagged_addresses: Vec<TaggedAddress>,
    /// Checks beside ours that the catalog's agent runs by itself, where there is one.
    pub checks: Vec<ServiceCheck>,
    /// Life of a status without a new report.
    pub ttl: Duration,
    /// Status to register with before any check has run.
    pub initial_status: Option<Status>,
    /// Whether others may change its tags in the catalog.
    pub enable_tag_override: bool,
    /// Time in critical after which the catalog drops it.
    pub deregister_critical_after: Option<Duration>,
    /// What becomes of it in maintenance.
    pub maintenance: OutOfService,
}

/// What becomes of a service in maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OutOfService {
    /// It leaves the catalog, and is not checked (ContainerPilot 3).
    #[default]
    Withdrawn,
    /// It stays there, marked as out of service; its checks go on.
    Marked,
}

/// A check of a service that the catalog's agent runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCheck {
    /// Its name, one of a kind among the checks of its service.
    pub name: String,
    /// What is checked.
    pub kind: CheckKind,
    /// Time between two checks; an alias needs none.
    pub interval: Option<Duration>,
    /// How long one may take; none leaves it to the agent.
    pub timeout: Option<Duration>,
}

/// What an agent checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// That a request is answered: 2xx passes, 429 warns.
    Http {
        /// Where.
        url: String,
        /// The method; none is GET.
        method: Option<String>,
        /// Headers to send.
        headers: Vec<(String, String)>,
        /// Whether a certificate is verified.
        verify: bool,
    },
    /// That a connection can be made.
    Tcp {
        /// Host and port.
        address: String,
    },
    /// That another service of the same agent is well.
    Alias {
        /// Its identity.
        service: String,
    },
}

/// How much of the load an instance should get, compared with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// While it passes; at least 1.
    pub passing: u32,
    /// While it warns.
    pub warning: u32,
}

/// An address for those who come by a certain network, such as `lan` or `wan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedAddress {
    /// The network.
    pub tag: String,
    /// The address.
    pub address: String,
    /// The port.
    pub port: u16,
}

/// A status in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It serves.
    Passing,
    /// It serves, with a worry.
    Warning,
    /// It does not serve.
    Critical,
}

impl Status {
    /// The word that configuration and catalog use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Finds the status for a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Passing, Self::Warning, Self::Critical]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

/// A file rendered from the catalog and the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSpec {
    /// Its name; the file name of its destination unless given.
    pub name: TemplateName,
    /// Where its text comes from.
    pub source: TemplateSource,
    /// The file to write.
    pub destination: String,
    /// Permission bits of the file; none keeps those of the file it replaces, or 0644.
    pub perms: Option<u32>,
    /// Owner of the file, by name or number.
    pub user: Option<String>,
    /// Group of the file, by name or number.
    pub group: Option<String>,
    /// What must succeed on the candidate before it replaces the file. `{}` in an argument stands
    /// for the candidate's path.
    pub check: Option<Command>,
    /// What to do when the file has changed.
    pub on_change: OnChange,
    /// How long to wait for a burst of changes to settle.
    pub wait: Wait,
    /// How its text is read.
    pub language: Language,
    /// How its file is written.
    pub writing: Writing,
}

impl TemplateSpec {
    /// A template with defaults for everything but where it comes from and goes to.
    pub fn new(
        name: impl Into<TemplateName>,
        source: TemplateSource,
        destination: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            source,
            destination: destination.into(),
            perms: None,
            user: None,
            group: None,
            check: None,
            on_change: OnChange::None,
            wait: Wait::DEFAULT,
            language: Language::default(),
            writing: Writing::default(),
        }
    }
}

/// How the text of a template is read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Language {
    /// What begins and ends an action; none are `{{` and `}}`.
    pub delimiters: Option<(String, String)>,
    /// Whether a key that a map does not have is an error.
    pub missing_key_is_error: bool,
    /// Functions it may not call, as patterns ([`crate::pattern`]).
    pub denied: Vec<String>,
    /// The directory that `file` may not leave, wherever links lead.
    pub sandbox: Option<String>,
}

/// How the file of a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Writing {
    /// Whether missing directories above it are made.
    pub make_directories: bool,
    /// Whether the file it replaces stays beside it, as `NAME.bak`.
    pub backup: bool,
    /// Whether it is shown on stdout instead (`-dry`).
    pub dry: bool,
}

/// Where the text of a template comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateSource {
    /// A file.
    File(String),
    /// The configuration itself.
    Inline(String),
}

/// What to do when a template's file has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// Nothing but the `changed` event.
    None,
    /// Send a signal to a job's process.
    Signal {
        /// The signal.
        signal: Signal,
        /// The job.
        job: JobName,
    },
    /// Run a command.
    Exec {
        /// The command.
        command: Command,
        /// How long it may take; none is unlimited.
        timeout: Option<Duration>,
    },
    /// Restart a job.
    Restart {
        /// The job.
        job: JobName,
    },
}

/// Quiescence: wait until nothing has changed for `min`, but no longer than `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The quiet time.
    pub min: Duration,
    /// The longest delay of a render.
    pub max: Duration,
}

impl Wait {
    /// Long enough to see a burst as one change, short enough not to be noticed.
    pub const DEFAULT: Self = Self {
        min: Duration::from_millis(50),
        max: Duration::from_millis(500),
    };
}
