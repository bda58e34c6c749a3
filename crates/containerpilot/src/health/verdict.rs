//! From the status to a verdict; pure.

use std::fmt::Write;

use pilot_config::{OWN_NAME, spelling};
use serde_json::{Value, json};

use crate::standing::span;

/// How much of a probe's output Docker keeps.
const KEPT: usize = 4096;
/// How much of that may go to the outputs of checks.
const OUTPUTS: usize = 3000;
/// How little of a check's output still tells something.
const LEAST: usize = 100;

/// What a prober wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether nothing is wrong: what a person wants so, maintenance or a stop, is not wrong.
    Works,
    /// Whether it can be sent work right now.
    Serves,
}

/// How a job is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// As it should be.
    Healthy,
    /// Not there, because somebody wants it so.
    Away,
    /// Not yet known.
    Pending,
    /// Not as it should be.
    Unhealthy,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Away => "away",
            Self::Pending => "pending",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// What there is to say about one job.
#[derive(Debug)]
struct Finding {
    job: String,
    grade: Grade,
    checked: bool,
    why: String,
    /// What its check said last, if that matters.
    output: Option<String>,
}

/// What there is to say about everything that was looked at.
#[derive(Debug)]
pub(super) struct Verdict {
    question: Question,
    grade: Grade,
    /// What holds for the whole, whatever its jobs do.
    whole: Option<&'static str>,
    /// Whether the jobs were chosen by name.
    named: bool,
    findings: Vec<Finding>,
}

/// Judges the jobs of that name, else all but the helper's own; says if there is no such job.
pub(super) fn judge(
    status: &Value,
    wanted: &[String],
    question: Question,
) -> Result<Verdict, String> {
    let jobs = status["jobs"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |job: &Value| job["name"].as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = jobs.iter().map(name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(no_such_job(unknown, &names));
    }
    let looked_at = |job: &&Value| match name(job) {
        // It stands for the telemetry of the helper, and says nothing of the application.
        own if wanted.is_empty() => own != OWN_NAME,
        own => wanted.contains(&own),
    };
    let findings: Vec<Finding> = jobs.iter().filter(looked_at).map(look).collect();
    let whole = if status["stopping"] == true {
        Some("stopping")
    } else if status["maintenance"] == true {
        Some("in maintenance")
    } else {
        None
    };
    let worst = findings.iter().map(|finding| finding.grade).max();
    let grade = match whole {
        Some(_) => Grade::Away,
        None => worst.unwrap_or(Grade::Healthy),
    };
    Ok(Verdict {
        question,
        grade,
        whole,
        named: !wanted.is_empty(),
        findings,
    })
}

fn no_such_job(written: &str, names: &[String]) -> String {
    let names = || names.iter().map(String::as_str);
    let hint = spelling::hint(written, names()).unwrap_or_else(|| {
        let all: Vec<&str> = names().collect();
        format!("there are: {}", all.join(", "))
    });
    format!("there is no job `{written}`\nhint: {hint}")
}

/// Looks at one job.
fn look(job: &Value) -> Finding {
    let text = |key: &str| job[key].as_str();
    let checked = job["checked"] == true;
    // What has a check, or is what the container is for, has to be there.
    let needed = checked || job["essential"] == true;
    let last = text("lastExit");
    let failed = last.is_some_and(|last| last != SUCCESS);
    let ended = last.map_or("never ran".to_owned(), |last| format!("ended with {last}"));
    let next = || match (job["next"]["what"].as_str(), &job["next"]["in"]) {
        (Some(what), span_to) => format!(", {what} in {}", span(span_to)),
        (None, _) => String::new(),
    };
    let (grade, why) = match text("state").unwrap_or_default() {
        "running" | "up" | "idle" if checked => return checked_one(job),
        "running" => (Grade::Healthy, format!("runs for {}", span(&job["uptime"]))),
        "up" => (Grade::Healthy, "is up".to_owned()),
        "idle" => (Grade::Healthy, "waits for its next run".to_owned()),
        "waiting" if needed => (
            Grade::Pending,
            "waits for its start event or its address".to_owned(),
        ),
        "waiting" => (Grade::Healthy, "waits for its start event".to_owned()),
        "backing-off" if failed => (Grade::Unhealthy, format!("{ended}{}", next())),
        "backing-off" if needed => (Grade::Pending, format!("{ended}{}", next())),
        "backing-off" => (Grade::Healthy, format!("{ended}{}", next())),
        "withdrawing" | "draining" | "hooks" | "ending" | "superseded" => {
            (Grade::Away, "is stopping".to_owned())
        }
        "held" => (Grade::Away, "was stopped by hand".to_owned()),
        "complete" if last.is_some() && !failed && !checked => {
            (Grade::Healthy, "has done its work".to_owned())
        }
        "complete" => (Grade::Unhealthy, format!("{ended}, and is over for good")),
        other => (
            Grade::Unhealthy,
            format!("is in the unknown state `{other}`"),
        ),
    };
    finding(job, grade, why)
}

/// How the core words the end of a run that succeeded.
const SUCCESS: &str = "exit status 0";

/// Looks at a job whose check tells how it is.
fn checked_one(job: &Value) -> Finding {
    let lasts = span(&job["healthFor"]);
    match job["health"].as_str().unwrap_or_default() {
        "healthy" => finding(job, Grade::Healthy, format!("has been healthy for {lasts}")),
        "maintenance" => finding(job, Grade::Away, "is in maintenance".to_owned()),
        "unhealthy" => {
            let ago = span(&job["lastCheck"]["ago"]);
            let said = job["lastCheck"]["output"].as_str().map(in_one_line);
            let said = said.filter(|said| !said.is_empty());
            let why = match said {
                Some(_) => format!("has failed its check for {lasts}, which said {ago} ago"),
                None => format!("has failed its check for {lasts}, the last time {ago} ago"),
            };
            let output = said;
            Finding {
                output,
                ..finding(job, Grade::Unhealthy, why)
            }
        }
        _ => unknown_one(job, &lasts),
    }
}

/// Looks at a job of which nothing is known since its start. What its check said before the first
/// interval was over does not make it unhealthy, but it tells whom to look at.
fn unknown_one(job: &Value, up_for: &str) -> Finding {
    let next = match job["next"]["what"].as_str() {
        Some("check") => format!("; the next check is in {}", span(&job["next"]["in"])),
        Some(_) | None => String::new(),
    };
    let check = &job["lastCheck"];
    let is_of_this_start = check["ago"].as_f64() < job["healthFor"].as_f64();
    if check.is_null() || !is_of_this_start {
        let why = format!("has not been checked yet, {up_for} after its start{next}");
        return finding(job, Grade::Pending, why);
    }
    let ago = span(&check["ago"]);
    let why = format!(
        "has not passed a check yet, {up_for} after its start{next}; the last, {ago} ago, failed"
    );
    let output = check["output"].as_str().map(in_one_line);
    Finding {
        output: output.filter(|output| !output.is_empty()),
        ..finding(job, Grade::Pending, why)
    }
}

fn finding(job: &Value, grade: Grade, why: String) -> Finding {
    Finding {
        job: job["name"].as_str().unwrap_or_default().to_owned(),
        grade,
        checked: job["checked"] == true,
        why,
        output: None,
    }
}

impl Verdict {
    /// Whether the answer to the question is yes.
    pub(super) fn good(&self) -> bool {
        match self.question {
            Question::Works => self.grade <= Grade::Away,
            Question::Serves => self.grade == Grade::Healthy,
        }
    }

    /// The verdict in one line, short enough for Docker to keep all of it.
    pub(super) fn line(&self) -> String {
        let (head, why) = (self.head(), self.why());
        // The newline is kept too.
        shortened(&format!("{head}: {why}"), KEPT - 1)
    }

    fn head(&self) -> &'static str {
        match self.grade {
            Grade::Healthy => "healthy",
            Grade::Away if self.good() => "healthy",
            Grade::Away | Grade::Pending => "not ready",
            Grade::Unhealthy => "unhealthy",
        }
    }

    fn why(&self) -> String {
        if let Some(whole) = self.whole {
            return format!("the helper is {whole}, so its jobs are not looked at");
        }
        let mut told: Vec<&Finding> = self.findings.iter().filter(|f| self.tells(f)).collect();
        // The worst first; of equals the order of the configuration.
        told.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        let outputs = told.iter().filter(|finding| finding.output.is_some());
        let room = (OUTPUTS / outputs.count().max(1)).max(LEAST);
        let mut parts: Vec<String> = told.iter().map(|finding| finding.text(room)).collect();
        let rest = self.findings.len() - told.len();
        if self.grade == Grade::Healthy && rest > 0 {
            let jobs = if rest == 1 { "job" } else { "jobs" };
            parts.push(format!("{rest} {jobs} without a check"));
        }
        if parts.is_empty() {
            parts.push("there is no job".to_owned());
        }
        parts.join("; ")
    }

    /// Whether a finding is worth a place in the line.
    fn tells(&self, finding: &Finding) -> bool {
        match self.grade {
            Grade::Healthy => self.named || finding.checked,
            Grade::Away | Grade::Pending | Grade::Unhealthy => finding.grade != Grade::Healthy,
        }
    }

    /// The verdict for programs.
    pub(super) fn json(&self) -> Value {
        let jobs = self.findings.iter().map(|finding| {
            json!({
                "name": finding.job,
                "verdict": finding.grade.word(),
                "why": finding.why,
                "output": finding.output,
            })
        });
        json!({
            "ok": self.good(),
            "verdict": self.grade.word(),
            "why": self.why(),
            "jobs": jobs.collect::<Vec<_>>(),
        })
    }
}

impl Finding {
    fn text(&self, room: usize) -> String {
        let mut text = format!("{} {}", self.job, self.why);
        if let Some(output) = &self.output {
            let _ = write!(text, ": {}", ending(output, room));
        }
        text
    }
}

/// The lines of a check as one, without what would disturb a terminal.
fn in_one_line(output: &str) -> String {
    let lines = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" | ");
    let plain = |one: char| if one.is_control() { ' ' } else { one };
    line.chars().map(plain).collect()
}

/// The beginning of a text, in so many bytes.
fn shortened(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(room - MORE.len());
    format!("{}{MORE}", &text[..end])
}

/// The end of a text, where a program usually says what went wrong, in so many bytes.
fn ending(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let start = text.ceil_char_boundary(text.len() - (room - MORE.len()));
    format!("{MORE}{}", &text[start..])
}

const MORE: &str = "…";

#[cfg(test)]
mod tests;
