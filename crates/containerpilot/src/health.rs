//! `health`: whether the container is well, for those who probe it from outside.

mod verdict;

use std::{path::Path, process::ExitCode, time::Duration};

use hyper::Method;
use serde_json::{Value, json};

use self::verdict::{Question, Verdict};
use crate::{ask, control::client, run};

/// What an unhealthy container answers, and any question that makes no sense: Docker reserves 2.
pub(crate) const EXIT_UNHEALTHY: u8 = 1;

/// What is asked.
#[derive(clap::Args, Debug)]
pub(crate) struct Order {
    /// The jobs to look at; all of them if none is named
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Ask whether it serves right now: no also in maintenance, and while it stops (readiness)
    #[arg(long)]
    ready: bool,
    /// Ask only whether the helper itself answers, however its jobs are (liveness)
    #[arg(long, conflicts_with_all = ["ready", "jobs"])]
    live: bool,
    /// How long the helper may take to answer: seconds, or a duration such as 800ms
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = patience)]
    timeout: Duration,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Asks the helper, says how it is in one line, and ends with 0 or 1.
pub(crate) fn health(config: Option<&str>, socket: Option<&Path>, order: &Order) -> ExitCode {
    let found = ask::find(config, socket);
    let answer = found.and_then(|socket| order.answer(&socket));
    match answer {
        Ok(answer) => order.show(&answer),
        Err(why) => order.show_failure(&why),
    }
}

/// What the helper answered.
enum Answer {
    /// It is there; nothing else was asked.
    Alive,
    Judged(Verdict),
}

impl Order {
    fn answer(&self, socket: &Path) -> Result<Answer, String> {
        let path = if self.live { "/v3/ping" } else { "/v3/status" };
        let asked = client::ask_within(self.timeout, socket, Method::GET, path, String::new());
        let body = run::block_on(asked).map_err(|error| error.with_hint())?;
        if self.live {
            return Ok(Answer::Alive);
        }
        let status: Value = serde_json::from_str(&body)
            .map_err(|error| format!("cannot understand the answer of the helper: {error}"))?;
        let question = if self.ready {
            Question::Serves
        } else {
            Question::Works
        };
        verdict::judge(&status, &self.jobs, question).map(Answer::Judged)
    }

    fn show(&self, answer: &Answer) -> ExitCode {
        let (good, line, json) = match answer {
            Answer::Alive => (
                true,
                "alive: the helper answers".to_owned(),
                json!({"ok": true, "verdict": "alive", "why": "the helper answers", "jobs": []}),
            ),
            Answer::Judged(verdict) => (verdict.good(), verdict.line(), verdict.json()),
        };
        if self.json {
            crate::say::out(&json.to_string());
        } else {
            crate::say::out(&line);
        }
        ExitCode::from(if good { 0 } else { EXIT_UNHEALTHY })
    }

    fn show_failure(&self, why: &str) -> ExitCode {
        if self.json {
            let answer = json!({"ok": false, "verdict": "unknown", "why": why, "jobs": []});
            crate::say::out(&answer.to_string());
        } else {
            crate::say::err(&format!("unhealthy: {why}"));
        }
        ExitCode::from(EXIT_UNHEALTHY)
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let patience = pilot_config::duration(text)?;
    if patience.is_zero() {
        return Err("it must be more than nothing".to_owned());
    }
    Ok(patience)
}
