//! A new configuration, taken up without a break.

use std::mem;

use pilot_config::{Config, Problem};
use pilot_core::{
    Input, Level,
    spec::{JobSpec, OnReload},
};

use super::{Shell, meter};
use crate::{control, logging, source::Reading};

impl Shell {
    /// Loads the configuration anew. A bad one changes nothing; its problems are the answer.
    pub(super) fn reload(&mut self) -> Result<(), String> {
        let reading = self.reading.as_ref();
        let reading = reading.ok_or("cannot reload: there is no configuration file")?;
        let config = reading.load(&self.environment);
        let taken_up = config.and_then(|config| self.take_up(config));
        self.meter.registry.reload(taken_up.is_ok());
        match taken_up {
            Ok(changes) => {
                self.say(Level::Info, &format!("configuration reloaded: {changes}"));
                self.say(Level::Debug, "control: reloaded app via control plane");
                Ok(())
            }
            Err(reason) => {
                let gist = reason.lines().next().unwrap_or_default();
                self.say(
                    Level::Error,
                    &format!("configuration not reloaded, the old one stays: {gist}"),
                );
                Err(reason)
            }
        }
    }

    /// Gives what has changed, for the log.
    fn take_up(&mut self, mut config: Config) -> Result<String, String> {
        let settings = logging::settings(&config.logging);
        meter::check(config.telemetry.as_ref())?;
        // What may be refused comes first, and what was granted before it is taken back.
        let control_moves = self.config.control.socket != config.control.socket;
        let moved_control = if control_moves {
            self.open_control(&config)?
        } else {
            None
        };
        if let Some(server) = self.control.as_ref().filter(|_| !control_moves) {
            server
                .change(&config.control)
                .map_err(|error| error.to_string())?;
        }
        if self.config.logging != config.logging {
            self.log
                .change(settings)
                .map_err(|error| error.to_string())?;
        }
        if self.config.catalog != config.catalog
            && let Err(reason) = self.link.lead_to(&config.catalog)
        {
            // The old place was good enough until now.
            let _ = self.log.change(logging::settings(&self.config.logging));
            return Err(reason);
        }
        if self.config.catalog != config.catalog {
            // One that takes the place of none has not been asked anything; another has, and knows.
            for ask in self.follows.asks() {
                self.ask(ask);
            }
            if !self.link.is_there() {
                self.on_catalog_gone();
            }
        }
        self.keep_addresses(&mut config);
        let old = mem::replace(&mut self.config, config);
        if old.deduplicate != self.config.deduplicate || old.catalog != self.config.catalog {
            self.share_anew();
        }
        for (name, _) in &old.addresses {
            self.environment.unset(name);
        }
        self.announce_addresses();
        self.follow_addresses(&old.selections);
        if let Err(reason) = self.meter.declare(self.config.telemetry.as_ref()) {
            self.say(Level::Error, &reason);
        }
        self.sensors.forget();
        self.serve_telemetry();
        if control_moves {
            self.control = moved_control;
        }
        // Said again, moved or not: who knows the original counts these lines.
        self.say_where_control_is();
        self.say_what_was_accepted();
        let spec = Box::new(self.config.spec.clone());
        self.inputs.push_back(Input::Reloaded(spec));
        self.look_at_templates_again();
        Ok(changes(&old.spec.jobs, &self.config.spec.jobs))
    }

    /// Gives the addresses of the jobs to the children, as `CONTAINERPILOT_<JOB>_IP`.
    pub(super) fn announce_addresses(&mut self) {
        for (name, address) in &self.config.addresses {
            self.environment.set(name, address);
        }
    }

    pub(super) fn serve_control(&mut self) -> Result<(), String> {
        if !self.reading.as_ref().is_some_and(Reading::is_controlled) {
            return Ok(());
        }
        self.control = self.open_control(&self.config)?;
        self.say_where_control_is();
        Ok(())
    }

    /// Opens the socket that a configuration asks for; none where it can do without.
    fn open_control(&self, config: &Config) -> Result<Option<control::Server>, String> {
        match control::Server::open(&config.control, self.requests_in.clone()) {
            Ok(server) => Ok(Some(server)),
            Err(error) if error.is_excusable(config) => {
                // The hint is for those whom it stops.
                let error = error.to_string();
                let reason = error.lines().next().unwrap_or_default();
                let message = format!("{reason}; going on without a control socket");
                self.say(Level::Warn, &message);
                Ok(None)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn say_where_control_is(&self) {
        if self.control.is_some() {
            let path = self.config.control.socket.display();
            self.say(Level::Info, &format!("control: serving at {path}"));
        }
    }

    /// Warns where the kernel does not show the processes that a stop has to find.
    pub(super) fn say_what_is_out_of_sight(&self) {
        if !self.reaper.sees_processes() {
            let message = "/proc is not mounted, or not this container's: a stop does not find processes that have left their process group";
            self.say(Level::Warn, message);
        }
    }

    pub(super) fn say_what_was_accepted(&self) {
        for warning in &self.config.warnings {
            self.say(Level::Warn, &in_one_line(warning));
        }
        for one in &self.config.overrides {
            self.say(Level::Debug, &one.to_string());
        }
        let spec = &self.config.spec;
        let names: Vec<&str> = spec.jobs.iter().map(|job| job.name.as_str()).collect();
        let message = format!(
            "loaded config: {} jobs [{}], {} watches, {} templates",
            spec.jobs.len(),
            names.join(" "),
            spec.watches.len(),
            spec.templates.len()
        );
        self.say(Level::Debug, &message);
    }
}

/// A problem as one record of the log.
fn in_one_line(problem: &Problem) -> String {
    let reason = problem.reason.lines().next().unwrap_or_default();
    let place = problem.place.as_ref();
    let place = place.map(|place| format!(" ({}:{}:{})", place.name, place.line, place.column));
    let hint = problem.hint.as_ref().map(|hint| format!("; {hint}"));
    format!(
        "{reason}{}{}",
        place.unwrap_or_default(),
        hint.unwrap_or_default()
    )
}

/// Says in numbers how jobs differ. One that a reload leaves as it was has not changed.
fn changes(old: &[JobSpec], new: &[JobSpec]) -> String {
    let is_in = |jobs: &[JobSpec], name| jobs.iter().any(|job| &job.name == name);
    let came = new.iter().filter(|job| !is_in(old, &job.name)).count();
    let went = old.iter().filter(|job| !is_in(new, &job.name)).count();
    let changed = |job: &&JobSpec| {
        let before = old.iter().find(|before| before.name == job.name);
        job.reload != OnReload::Fixed && before.is_some_and(|before| before != *job)
    };
    let changed = new.iter().filter(changed).count();
    let total = new.len();
    format!("{total} jobs, of which {came} are new and {changed} changed; {went} are gone")
}
