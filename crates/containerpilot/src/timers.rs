//! `check --for`: what a scheduler has to be told so that its timers fit those of a configuration.
//! Pure; every number comes with where it is from.

mod engine;
mod kubernetes;
mod marathon;
mod nomad;

use std::{path::Path, time::Duration};

use pilot_config::{Config, Control, Dialect, OWN_NAME};
use pilot_core::{
    JobName, StopPart, StopStep,
    spec::{JobSpec, Restarts, Role},
};
use serde_json::{Value, json};

/// What KILL, the last lines of the log and the helper itself may take at the end of a stop.
const LAST: Duration = Duration::from_secs(2);
/// How long a scheduler waits for a probe: what `health` itself waits, and a second to be started.
const PROBE_TIMEOUT: u64 = 6;
/// How many probes in a row have to fail; what every scheduler has by itself.
const FAILURES: u64 = 3;
/// Between two probes of what has no check; also the longest and the shortest pause.
const LONGEST_PAUSE: u64 = 30;
const SHORTEST_PAUSE: u64 = 5;

/// Who runs the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    Docker,
    Compose,
    Swarm,
    Kubernetes,
    Nomad,
    Marathon,
}

impl Target {
    /// What it is called, and how many seconds it waits from TERM to KILL unless told otherwise.
    fn usual(self) -> (&'static str, u64) {
        match self {
            Self::Docker => ("Docker", 10),
            Self::Compose => ("Compose", 10),
            Self::Swarm => ("Swarm", 10),
            Self::Kubernetes => ("Kubernetes", 30),
            Self::Nomad => ("Nomad", 5),
            Self::Marathon => ("Marathon", 3),
        }
    }
}

/// The timers that fit a configuration.
#[derive(Debug)]
pub(crate) struct Timers {
    /// What to call the container.
    name: String,
    stop: Stop,
    probe: Probe,
    stays: Stays,
    address: Option<&'static str>,
    exits: String,
}

/// How long it may take to stop.
#[derive(Debug)]
struct Stop {
    seconds: u64,
    steps: Vec<StopStep>,
    /// The jobs of the stop that have no limit, whose time is in no step.
    unlimited: Vec<JobName>,
}

/// How it is probed.
#[derive(Debug)]
struct Probe {
    /// What to run, before `--ready` or `--live`.
    command: Vec<String>,
    interval: u64,
    start: u64,
    /// Where the pause and the start are from.
    why: String,
}

/// Whether it is there to stay, or to do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stays {
    Always,
    UntilDone,
}

impl Timers {
    pub(crate) fn of(config: &Config) -> Self {
        let jobs = || config.spec.jobs.iter();
        let essential = jobs().find(|job| job.role == Role::Essential);
        let serves = jobs().find(|job| job.service.is_some() && job.name.as_str() != OWN_NAME);
        let main = essential.or(serves).or_else(|| jobs().next());
        let lasts = |job: &JobSpec| {
            job.service.is_some() || job.health.is_some() || job.restarts == Restarts::Unlimited
        };
        Self {
            name: main.map_or_else(|| "app".to_owned(), |job| label(job.name.as_str())),
            stop: Stop::of(config),
            probe: Probe::of(config),
            stays: if jobs().any(lasts) {
                Stays::Always
            } else {
                Stays::UntilDone
            },
            address: jobs()
                .any(|job| job.service.is_some())
                .then_some(match config.dialect {
                    Dialect::V2 => r#"interfaces: ["static:{{ .POD_IP }}"]"#,
                    Dialect::V3 => r#"address: "env:POD_IP""#,
                }),
            exits: exits(config.dialect, essential),
        }
    }

    /// What to paste, and what to know about it.
    pub(crate) fn text(&self, target: Target) -> Text {
        match target {
            Target::Docker => engine::docker(self),
            Target::Compose => engine::compose(self),
            Target::Swarm => engine::swarm(self),
            Target::Kubernetes => kubernetes::pod(self),
            Target::Nomad => nomad::task(self),
            Target::Marathon => marathon::app(self),
        }
    }

    /// The same for programs.
    pub(crate) fn json(&self, target: Target) -> Value {
        let (_, usual) = target.usual();
        let steps = self.stop.steps.iter().map(|step| {
            json!({"job": step.job.as_str(), "what": words(&step.part), "seconds": step.span.as_secs_f64()})
        });
        let unlimited = self.stop.unlimited.iter().map(JobName::as_str);
        json!({
            "for": target.usual().0.to_lowercase(),
            "stop": {
                "seconds": self.stop.seconds,
                "default": usual,
                "defaultIsEnough": self.stop.seconds <= usual && self.stop.unlimited.is_empty(),
                "signal": "SIGTERM",
                "steps": steps.collect::<Vec<_>>(),
                "rest": LAST.as_secs(),
                "unlimited": unlimited.collect::<Vec<_>>(),
            },
            "probe": {
                "command": self.probe.command,
                "interval": self.probe.interval,
                "timeout": PROBE_TIMEOUT,
                "start": self.probe.start,
                "failures": FAILURES,
            },
            "restart": match self.stays {
                Stays::Always => "always",
                Stays::UntilDone => "on-failure",
            },
            "text": self.text(target).paste,
        })
    }

    /// Why the time to stop is what it is, a line each.
    fn about_the_stop(&self, target: Target) -> Vec<String> {
        let seconds = self.stop.seconds;
        let mut lines = vec![match self.stop.unlimited.is_empty() {
            true => format!("A stop takes {seconds} s at most:"),
            false => format!("A stop takes {seconds} s at most, and what has no limit:"),
        }];
        let line = |span: Duration, what: &str| format!("  {:>6} s  {what}", span.as_secs_f64());
        for step in &self.stop.steps {
            lines.push(line(
                step.span,
                &format!("{} {}", step.job, words(&step.part)),
            ));
        }
        lines.push(line(
            LAST,
            "KILL takes effect, the last lines are logged, the helper ends",
        ));
        for job in &self.stop.unlimited {
            lines.push(format!(
                "  ??      {job} runs as long as it likes: ADD ITS TIME, or give it a limit ({LIMITS})"
            ));
        }
        let (name, usual) = target.usual();
        let judged = if seconds > usual {
            "too early"
        } else if self.stop.unlimited.is_empty() {
            "enough"
        } else {
            "too early if what has no limit takes longer than the rest leaves it"
        };
        lines.push(format!(
            "{name} kills after {usual} s unless it is told: {judged}."
        ));
        lines
    }

    fn about_the_restart(&self) -> [String; 2] {
        let why = match self.stays {
            Stays::Always => "It is there to stay, so it is started again even after 0.",
            Stays::UntilDone => "It is over when its work is done, so only a failure is repeated.",
        };
        [why.to_owned(), self.exits.clone()]
    }

    fn probe<'a>(&'a self, question: Option<&'a str>) -> Vec<&'a str> {
        let command = self.probe.command.iter().map(String::as_str);
        command.chain(question).collect()
    }
}

/// How a job of an old file, which has no words for it, gets a limit.
const LIMITS: &str = "`containerpilot migrate`, then its `timeout`; or `timeout 30 COMMAND`";

/// What is said.
pub(crate) struct Text {
    /// For stdout: what to paste, with comments where its syntax has any.
    pub(crate) paste: String,
    /// For stderr: what has no place in it.
    pub(crate) notes: Vec<String>,
}

impl Stop {
    fn of(config: &Config) -> Self {
        let endless =
            |job: &&mut JobSpec| job.timeout.is_some_and(|limit| limit >= JobSpec::UNLIMITED);
        let mut spec = config.spec.clone();
        let mut unlimited = Vec::new();
        for job in spec.jobs.iter_mut().filter(endless) {
            if job.runs_on_a_stop() {
                unlimited.push(job.name.clone());
            }
            job.timeout = Some(Duration::ZERO);
        }
        let steps = spec.longest_stop();
        let takes: Duration = steps.iter().map(|step| step.span).sum::<Duration>() + LAST;
        Self {
            seconds: whole(takes),
            steps,
            unlimited,
        }
    }
}

impl Probe {
    fn of(config: &Config) -> Self {
        let jobs = config.spec.jobs.iter();
        let checked = jobs.filter(|job| job.name.as_str() != OWN_NAME);
        let checks: Vec<(&JobSpec, u64, u64)> = checked
            .filter_map(|job| {
                let health = job.health.as_ref()?;
                let takes = health.exec.as_ref().and(health.timeout).unwrap_or_default();
                let waits = job.address_within.unwrap_or_default();
                Some((
                    job,
                    whole(health.interval),
                    whole(waits + health.interval + takes),
                ))
            })
            .collect();
        let often = checks.iter().map(|(_, interval, _)| *interval).min();
        let first = checks.iter().max_by_key(|(_, _, start)| *start);
        let why = match first {
            Some((job, interval, start)) => format!(
                "The first check of {} comes {interval} s after its start and is over after {start} s; longer if the job waits for others.",
                job.name
            ),
            None => "No job has a health check: only what runs and what failed is seen.".to_owned(),
        };
        Self {
            command: command(&config.control.socket),
            interval: often
                .unwrap_or(LONGEST_PAUSE)
                .clamp(SHORTEST_PAUSE, LONGEST_PAUSE),
            start: first.map_or(SHORTEST_PAUSE, |(_, _, start)| *start),
            why,
        }
    }
}

/// What a probe runs. The socket is named where it is not at its usual place, so that the probe
/// finds it without reading the configuration.
fn command(socket: &Path) -> Vec<String> {
    let mut words = vec!["containerpilot".to_owned(), "health".to_owned()];
    if socket != Path::new(Control::SOCKET) {
        words.extend(["--socket".to_owned(), socket.display().to_string()]);
    }
    words
}

fn exits(dialect: Dialect, essential: Option<&JobSpec>) -> String {
    let of = essential.map_or_else(
        || "that of the first job that failed for good".to_owned(),
        |job| format!("that of {}", job.name),
    );
    match dialect {
        Dialect::V2 => format!("Its status is always {of}, 255 if a signal ended it."),
        Dialect::V3 => format!("Its status is 0 after a stop, 137 if KILL was needed, else {of}."),
    }
}

fn words(part: &StopPart) -> String {
    match part {
        StopPart::Withdraws => "leaves the catalog".to_owned(),
        StopPart::Drains => "drains (`drain`)".to_owned(),
        StopPart::RunsOn => "goes on with what it may be doing (`timeout`)".to_owned(),
        StopPart::Before(job) => format!("runs on the `stopping` of {job}"),
        StopPart::After => "runs on a `stopped`".to_owned(),
        StopPart::Beside => "runs on a `stopping`".to_owned(),
        StopPart::Ends(signal) => format!("ends: {signal}, then KILL (`stopTimeout`)"),
    }
}

fn whole(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// A name that every scheduler takes.
fn label(name: &str) -> String {
    let plain = |one: char| {
        if one.is_ascii_alphanumeric() {
            one
        } else {
            '-'
        }
    };
    let label: String = name.to_lowercase().chars().map(plain).collect();
    let label = label.trim_matches('-');
    if label.is_empty() {
        "app".to_owned()
    } else {
        label.to_owned()
    }
}

/// Words as a list, as JSON, YAML, HCL and Dockerfiles write it.
fn list(words: &[&str]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| Value::from(*word).to_string())
        .collect();
    format!("[{}]", words.join(", "))
}

/// Lines under a mark of a comment, so far from the margin.
fn comment(depth: usize, lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let line = |line: &str| format!("{:depth$}# {line}", "").trim_end().to_owned() + "\n";
    lines.into_iter().map(|text| line(text.as_ref())).collect()
}

#[cfg(test)]
mod tests;
