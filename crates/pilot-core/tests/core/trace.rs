//! Prints what happens, one line each, with the time in seconds.

use std::{collections::BTreeMap, fmt::Write};

use pilot_core::{
    Effect, EventKind, ExitStatus, Input, JobCommand, JobName, Level, Rest, RunId, Sight, Time,
    spec::Status as CatalogStatus, status::Status,
};

#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// Whether errors are part of it.
    pub(crate) errors: bool,
    text: String,
    labels: BTreeMap<RunId, String>,
    counts: BTreeMap<String, u32>,
    /// What the catalog last heard; a repeated report is not printed.
    published: BTreeMap<JobName, (CatalogStatus, String, String)>,
}

/// Where every service is that moves nowhere.
pub(crate) const ADDRESS: &str = "10.0.0.1";

impl Trace {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn line(&mut self, now: Time, text: &str) {
        let seconds = now.since_start().as_secs_f64();
        writeln!(self.text, "{seconds:.3} {text}").expect("a String takes all");
    }

    fn label(&self, run: RunId) -> String {
        self.labels.get(&run).cloned().unwrap_or("?".to_owned())
    }

    pub(crate) fn on_input(&mut self, input: &Input, now: Time) {
        let text = match input {
            Input::SignalArrived(signal) => format!("> {signal}"),
            Input::RunFailedToStart { run, .. } => format!("> {} cannot start", self.label(*run)),
            Input::RunExited {
                run, status, rest, ..
            } => self.ended(*run, *status, *rest),
            Input::RunGone { run } => format!("> {} is gone", self.label(*run)),
            Input::WatchAnswered { watch, sight } => match sight {
                Sight::Instances(instances) => {
                    let ids: Vec<&str> = instances.iter().map(|i| i.id.as_str()).collect();
                    format!("> {watch} is [{}]", ids.join(" "))
                }
                Sight::Value(_) | Sight::Keys(_) | Sight::File(_) => {
                    format!("> {watch} is {sight}")
                }
            },
            Input::WatchLost { watch, .. } => format!("> {watch} is lost"),
            Input::WatchBack { watch } => format!("> {watch} is back"),
            Input::TemplateDataChanged { template } => format!("> data of {template}"),
            Input::MaintenanceRequested { enable: true } => "> maintenance on".to_owned(),
            Input::MaintenanceRequested { enable: false } => "> maintenance off".to_owned(),
            Input::JobCommanded { job, command } => match command {
                JobCommand::Start => format!("> start {job}"),
                JobCommand::Stop => format!("> stop {job}"),
                JobCommand::Restart => format!("> restart {job}"),
                JobCommand::Signal(signal) => format!("> signal {signal} {job}"),
            },
            Input::Reloaded(_) => "> reload".to_owned(),
            Input::CatalogLost => "> the catalog is lost".to_owned(),
            Input::CatalogBack => "> the catalog is back".to_owned(),
            Input::Withdrawn { job } => format!("> {job} is out of the catalog"),
            Input::AddressFound { job, address, .. } => format!("> {job} is at {address}"),
            Input::AddressMissing { job, .. } => format!("> {job} is nowhere"),
            Input::Started => "> started".to_owned(),
            Input::Woken
            | Input::RunStarted { .. }
            | Input::TemplateRendered { .. }
            | Input::TemplateInstalled { .. } => return,
        };
        self.line(now, &text);
    }

    fn ended(&self, run: RunId, status: ExitStatus, rest: Rest) -> String {
        let rest = match rest {
            Rest::Gone => "",
            Rest::Remaining => ", not its children",
        };
        let how = match status {
            ExitStatus::Exited(code) => format!("exits {code}"),
            ExitStatus::Signaled(signal) => format!("dies of {signal}"),
        };
        format!("> {} {how}{rest}", self.label(run))
    }

    pub(crate) fn on_effect(&mut self, effect: &Effect, now: Time) {
        let text = match effect {
            Effect::Spawn {
                run,
                purpose,
                command,
            } => {
                let label = self.count(&purpose.to_string());
                self.labels.insert(*run, label.clone());
                let version = command.argv.get(1).filter(|word| !word.contains('/'));
                version.map_or(format!("spawn {label}"), |v| format!("spawn {label} {v}"))
            }
            Effect::Signal { run, signal } => format!("signal {} {signal}", self.label(*run)),
            Effect::StopTree { run, signal } => format!("stop {} {signal}", self.label(*run)),
            Effect::KillTree { run } => format!("kill {}", self.label(*run)),
            Effect::Publish {
                job,
                service,
                status,
                output,
            } => {
                let news = (*status, output.clone(), service.address.clone());
                if self.published.insert(job.clone(), news.clone()) == Some(news) {
                    return;
                }
                let usual = service.address == ADDRESS;
                let at = if usual {
                    String::new()
                } else {
                    format!(" at {}", service.address)
                };
                format!("publish {job}{at} {} '{output}'", status.word())
            }
            Effect::Maintain { job, reason } => match reason {
                Some(reason) => format!("mark {job} '{reason}'"),
                None => format!("mark {job} no more"),
            },
            Effect::Withdraw { job } => {
                self.published.remove(job);
                format!("withdraw {job}")
            }
            Effect::Follow { watch } => format!("follow {}", watch.name),
            Effect::Reload => "reload".to_owned(),
            Effect::Unfollow { watch } => format!("unfollow {watch}"),
            Effect::LoadTemplate { template } => format!("load {}", template.name),
            Effect::DropTemplate { template } => format!("drop {template}"),
            Effect::Render { template } => format!("render {template}"),
            Effect::Install { template } => format!("install {template}"),
            Effect::Discard { template } => format!("discard {template}"),
            Effect::Announce(event) if event.kind == EventKind::Error => return,
            Effect::Announce(event) => format!("event {event}"),
            Effect::Log {
                level: Level::Warn,
                message,
            } => format!("warn {message}"),
            Effect::Log {
                level: Level::Error,
                message,
            } if self.errors => format!("error {message}"),
            Effect::Log { .. } => return,
            Effect::Exit { code } => format!("exit {code}"),
        };
        self.line(now, &text);
    }

    fn count(&mut self, purpose: &str) -> String {
        let nth = self.counts.entry(purpose.to_owned()).or_default();
        *nth += 1;
        format!("{purpose}#{nth}")
    }

    pub(crate) fn on_show(&mut self, status: &Status, now: Time) {
        let mut words = Vec::new();
        for job in &status.jobs {
            let catalog = job.catalog.map_or("out", CatalogStatus::word);
            words.push(format!(
                "{} {}/{}/{catalog}",
                job.name, job.state, job.health
            ));
        }
        for watch in &status.watches {
            let stale = watch.stale.as_ref();
            let stale = stale.map_or(String::new(), |why| format!(", stale: {why}"));
            let settling = if watch.settling { ", settling" } else { "" };
            words.push(format!("{} {}{stale}{settling}", watch.name, watch.health));
        }
        for template in &status.templates {
            words.push(format!("{} {}", template.name, template.state));
        }
        self.line(now, &format!("= {}", words.join(", ")));
    }
}
