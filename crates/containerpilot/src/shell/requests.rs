//! Answers what is asked over the control socket.

use pilot_core::{Input, JobCommand, JobName, Level};

use super::Shell;
use crate::{
    control::{Reply, Request, What},
    standing,
};

impl Shell {
    pub(super) fn on_request(&mut self, request: Request) {
        let (reply, status) = match request.what {
            Ok(what) => {
                let reply = self.refusal(&what).unwrap_or_else(|| self.answer(what));
                let status = reply.status();
                (reply, status)
            }
            Err(status) => (Reply::Done, status),
        };
        self.meter.registry.control_request(status, &request.path);
        // The answer reflects what was asked: orders that follow from it are given first.
        self.handle_inputs();
        // Whoever asked may be gone.
        let _ = request.reply.send(reply);
    }

    fn answer(&mut self, what: What) -> Reply {
        match what {
            What::Ping => Reply::Done,
            What::Environ(pairs) => self.set_environment(pairs),
            What::Metric(pairs) => self.record_metrics(&pairs),
            What::Reload => match self.reload() {
                Ok(()) => Reply::Done,
                Err(reason) => Reply::Unprocessable(reason),
            },
            What::Maintenance { enable } => {
                let word = if enable { "enable" } else { "disable" };
                self.say(Level::Info, &format!("control: maintenance {word}"));
                self.inputs
                    .push_back(Input::MaintenanceRequested { enable });
                Reply::Done
            }
            What::Status => Reply::Json(self.standing()),
            What::Job { name, command } => self.command_job(name, command),
        }
    }

    fn set_environment(&mut self, pairs: Vec<(String, Option<String>)>) -> Reply {
        for (name, value) in pairs {
            match value {
                Some(value) => self.environment.set(&name, value),
                None => self.environment.unset(&name),
            }
        }
        Reply::Done
    }

    fn record_metrics(&mut self, pairs: &[(String, serde_json::Value)]) -> Reply {
        let now = self.now().since_start();
        match self.meter.registry.record_all(now, pairs) {
            Ok(()) => Reply::Done,
            Err(errors) => {
                let reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
                Reply::Unprocessable(reasons.join("; "))
            }
        }
    }

    fn command_job(&mut self, name: JobName, command: JobCommand) -> Reply {
        let jobs = &self.config.spec.jobs;
        if !jobs.iter().any(|job| job.name == name) {
            let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
            let reason = format!("there is no job `{name}`; there are: {}", names.join(", "));
            return Reply::NotFound(reason);
        }
        let status = self.core.status(self.now());
        let job = status.jobs.iter().find(|job| job.name == name);
        let runs = job.is_some_and(|job| job.pid.is_some());
        if matches!(command, JobCommand::Signal(_)) && !runs {
            return Reply::Unprocessable(format!("job `{name}` has no process to signal"));
        }
        self.say(Level::Info, &format!("control: {} {name}", verb(command)));
        self.inputs
            .push_back(Input::JobCommanded { job: name, command });
        Reply::Done
    }

    /// While the helper stops there is nothing left to change.
    fn refusal(&self, what: &What) -> Option<Reply> {
        let changes = matches!(what, What::Reload | What::Job { .. });
        let stopping = changes && self.core.status(self.now()).stopping;
        stopping.then(|| Reply::Unprocessable("the helper is stopping".to_owned()))
    }

    fn standing(&self) -> serde_json::Value {
        let now = self.now();
        let status = self.core.status(now);
        let link = self.link.status();
        standing::to_json(&status, link.as_ref(), &self.config.selections, now)
    }
}

fn verb(command: JobCommand) -> String {
    match command {
        JobCommand::Start => "start".to_owned(),
        JobCommand::Stop => "stop".to_owned(),
        JobCommand::Restart => "restart".to_owned(),
        JobCommand::Signal(signal) => format!("{signal} to"),
    }
}
