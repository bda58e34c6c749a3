//! What a configuration says, once every question about it is answered.

mod zookeeper;

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use pilot_core::Spec;

use crate::{Chosen, Override, Problem, Selection, check::OWN_NAME};

pub use zookeeper::Zookeeper;

/// A configuration that holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// What it was written in.
    pub dialect: Dialect,
    /// What the core runs. With telemetry its last job is `containerpilot`, which stands for the
    /// telemetry service.
    pub spec: Spec,
    /// Where services are announced and looked up.
    pub catalog: Catalog,
    /// How the log looks, and where it goes.
    pub logging: Logging,
    /// The control socket.
    pub control: Control,
    /// The metrics server; none is off.
    pub telemetry: Option<Telemetry>,
    /// Variables that children and templates find in the environment: `CONTAINERPILOT_<JOB>_IP`
    /// for every advertised job, in the order of the file; for consul-template how to reach
    /// Consul.
    pub addresses: Vec<(String, String)>,
    /// How the addresses of jobs are chosen among those of the machine, where they are.
    pub selections: Vec<Selection>,
    /// How helpers share the work of following a catalog (consul-template's `deduplicate`); none
    /// is each for itself.
    pub deduplicate: Option<Deduplicate>,
    /// The file that holds the helper's pid while it runs.
    pub pid_file: Option<PathBuf>,
    /// What later sources said in place of earlier ones.
    pub overrides: Vec<Override>,
    /// What was accepted, but should not pass unseen.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Takes the address that was chosen for a job, wherever it is part of what is wanted.
    pub fn take_address(&mut self, job: &str, chosen: &Chosen) {
        let own = self.selections.iter_mut().find(|one| one.job == job);
        let Some(selection) = own else {
            return;
        };
        selection.chosen = Some(chosen.clone());
        let text = chosen.address.to_string();
        let known = self
            .addresses
            .iter_mut()
            .find(|(name, _)| *name == selection.variable);
        match known {
            Some((_, address)) => address.clone_from(&text),
            None => self
                .addresses
                .push((selection.variable.clone(), text.clone())),
        }
        let spec = self.spec.jobs.iter_mut().find(|own| own.name == job.into());
        spec.into_iter().for_each(|spec| spec.take_address(&text));
        if let Some(telemetry) = self.telemetry.as_mut().filter(|_| job == OWN_NAME) {
            telemetry.address = Some(chosen.address);
        }
    }

    /// Keeps the addresses of jobs that choose them as before.
    pub fn keep_addresses(&mut self, before: &[Selection]) {
        let kept = before.iter().filter(|old| {
            let alike = |new: &Selection| new.chooses_like(old);
            self.selections.iter().any(alike)
        });
        let kept: Vec<(&str, &Chosen)> = kept
            .filter_map(|old| Some((old.job.as_str(), old.chosen.as_ref()?)))
            .collect();
        for (job, chosen) in kept {
            self.take_address(job, chosen);
        }
    }
}

/// What a configuration is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// That of ContainerPilot 1 and 2, which wrap a program of the command line.
    V2,
    /// That of ContainerPilot 3, in which everything is a job.
    #[default]
    V3,
}

/// Where services are announced and looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Catalog {
    /// Nowhere.
    #[default]
    None,
    /// A Consul agent.
    Consul(Box<Consul>),
    /// A cluster of etcd.
    Etcd(Box<Etcd>),
    /// A catalog of the helper's own, for development.
    Embedded(Embedded),
    /// An ensemble of ZooKeeper.
    Zookeeper(Box<Zookeeper>),
}

/// How helpers share the work of following a catalog: one of them does, and leaves what it found
/// in the catalog for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deduplicate {
    /// Where in the catalog they share it, with its last `/`.
    pub prefix: String,
    /// Life of the session of the one that does the work.
    pub ttl: Duration,
    /// How old what they share may be.
    pub max_stale: Duration,
}

/// A catalog that the helper itself serves.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Embedded {
    /// Where it listens, `host:port`; none leaves it to the helper.
    pub address: Option<String>,
}

/// How to reach a Consul agent, the environment already taken into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consul {
    /// `host:port`, or the path of a Unix socket.
    pub address: String,
    /// How to speak to it.
    pub scheme: Scheme,
    /// The token to send.
    pub token: Option<Secret>,
    /// A file that holds the token; never set beside `token`.
    pub token_file: Option<PathBuf>,
    /// Who to be for a proxy before it that asks (HTTP basic authentication).
    pub login: Option<Login>,
    /// How old answers may be that no leader has confirmed; none leaves it to who asks, zero
    /// wants the leader.
    pub max_stale: Option<Duration>,
    /// The datacenter to ask where a question names none; none is the agent's own.
    pub datacenter: Option<String>,
    /// The namespace of everything (Consul Enterprise).
    pub namespace: Option<String>,
    /// The admin partition of everything (Consul Enterprise).
    pub partition: Option<String>,
    /// How long the agent is asked to hold a question; none leaves it to the client.
    pub wait: Option<Duration>,
    /// Whether nobody waits for changes: what was answered is not asked for again.
    pub once: bool,
    /// The pauses between tries while it does not answer; none leaves them to the client.
    pub retry: Option<Retry>,
    /// How to trust it; of no effect without https.
    pub tls: Tls,
}

/// How to reach a cluster of etcd, the environment already taken into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    /// Where its members listen, `host:port`, with `http://` or `https://` before it or without;
    /// at least one.
    pub endpoints: Vec<String>,
    /// What the keys of services begin with.
    pub prefix: String,
    /// What all other keys begin with.
    pub keys: String,
    /// Who to be; none for a cluster that does not ask.
    pub login: Option<Credentials>,
    /// How to trust it; of no effect without https.
    pub tls: Tls,
}

/// A user, and what proves to be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// Where the password comes from.
    pub password: Password,
}

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// Written down, or from the environment.
    Value(Secret),
    /// From a file.
    File(PathBuf),
}

/// How both sides of a connection prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// A file with the authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// A directory with the authorities to trust.
    pub ca_path: Option<PathBuf>,
    /// A file with the certificate to show.
    pub client_cert: Option<PathBuf>,
    /// A file with the key of that certificate.
    pub client_key: Option<PathBuf>,
    /// The name that certificates must carry; none is the host of the address.
    pub server_name: Option<String>,
    /// Whether certificates are verified.
    pub verify: bool,
}

/// A name, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password, or empty.
    pub password: Secret,
}

/// The pauses between tries, each twice the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The first pause.
    pub backoff: Duration,
    /// The longest pause; none is no limit.
    pub max_backoff: Option<Duration>,
}

/// How to speak to a Consul agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Plain HTTP over a Unix socket.
    Unix,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Gives the text itself, for use on the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How the log looks, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Logging {
    /// The least important record that is written.
    pub level: Level,
    /// The shape of a record.
    pub format: Format,
    /// Where records go.
    pub output: LogOutput,
}

/// How important a log record is, the most important last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// For those who read the code.
    Debug,
    /// The normal course.
    #[default]
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
    /// Something failed, and the helper with it.
    Fatal,
    /// Kept for ContainerPilot's files; nothing is logged at it.
    Panic,
}

impl Level {
    /// Every level under the word a configuration uses for it.
    pub const WORDS: &[(&str, Self)] = &[
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("warn", Self::Warn),
        ("warning", Self::Warn),
        ("error", Self::Error),
        ("fatal", Self::Fatal),
        ("panic", Self::Panic),
    ];
}

/// The shape of a log record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Time, job, pid and message.
    #[default]
    Default,
    /// `key=value` pairs.
    Text,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// Every format under the word a configuration uses for it.
    pub const WORDS: &[(&str, Self)] = &[
        ("default", Self::Default),
        ("text", Self::Text),
        ("json", Self::Json),
    ];
}

/// Where log records go.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum LogOutput {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, appended to.
    File(PathBuf),
}

/// The control socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The path of the socket.
    pub socket: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// The group it belongs to, by name or number; none is the helper's own.
    pub group: Option<String>,
}

impl Control {
    /// The path of a configuration that names none.
    pub const SOCKET: &str = "/var/run/containerpilot.socket";
    /// The permission bits of a configuration that names none.
    pub const MODE: u32 = 0o600;
}

impl Default for Control {
    fn default() -> Self {
        Self {
            socket: PathBuf::from(Self::SOCKET),
            mode: Self::MODE,
            group: None,
        }
    }
}

/// The metrics server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// The address it listens on, one of the machine's own; none while it is waited for.
    pub address: Option<IpAddr>,
    /// The port it listens on.
    pub port: u16,
    /// Tags of its service, as the user wrote them.
    pub tags: Vec<String>,
    /// The user's metrics.
    pub metrics: Vec<Metric>,
}

/// A metric that the user's programs feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// First part of its name, or empty.
    pub namespace: String,
    /// Second part of its name, or empty.
    pub subsystem: String,
    /// Last part of its name.
    pub name: String,
    /// What it means.
    pub help: String,
    /// How it counts.
    pub kind: MetricKind,
}

impl Metric {
    /// Gives the name under which it is shown: the parts that are not empty, joined by `_`.
    pub fn full_name(&self) -> String {
        let parts = [&self.namespace, &self.subsystem, &self.name];
        let given: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        given.join("_")
    }

    /// Gives the name that ContainerPilot 3 expects from `-putmetric`, empty parts included.
    pub fn legacy_name(&self) -> String {
        format!("{}_{}_{}", self.namespace, self.subsystem, self.name)
    }
}

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only up.
    Counter,
    /// To any value.
    Gauge,
    /// By buckets.
    Histogram,
    /// By quantiles.
    Summary,
}

impl MetricKind {
    /// Every kind under the word a configuration uses for it.
    pub const WORDS: &[(&str, Self)] = &[
        ("counter", Self::Counter),
        ("gauge", Self::Gauge),
        ("histogram", Self::Histogram),
        ("summary", Self::Summary),
    ];
}
