//! `check`: everything that is wrong with a configuration, without running anything.

use std::process::ExitCode;

use pilot_config::{Catalog, Config, Problem, Problems, Severity};
use serde_json::Value as Json;

use crate::{
    environment::Environment,
    machine, run,
    shell::{TemplateFault, in_one_line, prove_template},
    source::{LoadError, Origin},
    timers::{Target, Timers},
};

/// How `check` answers.
#[derive(clap::Args, Debug)]
pub(crate) struct Manner {
    /// Print the timers that this scheduler needs to fit the configuration
    #[arg(long = "for", value_name = "SCHEDULER", value_enum)]
    target: Option<Target>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// `check`: every problem, or what the configuration comes to.
pub(crate) fn check(flag: Option<&str>, program: &[String], manner: &Manner) -> ExitCode {
    let environment = Environment::of_this_process();
    let checked = Origin::find(flag, &environment)
        .and_then(|origin| origin.wrapping(program).load(&environment))
        .and_then(prove);
    if manner.json {
        return check_json(&checked, manner.target);
    }
    match checked {
        Ok(config) => {
            for warning in &config.warnings {
                crate::say::err(&format!("{warning}\n"));
            }
            if let Some(target) = manner.target {
                return say_timers(&config, target);
            }
            for change in &config.overrides {
                crate::say::out(&change.to_string());
            }
            say_addresses(&config);
            let spec = &config.spec;
            crate::say::out(&format!(
                "ok: {} jobs, {} watches, {} templates",
                spec.jobs.len(),
                spec.watches.len(),
                spec.templates.len()
            ));
            ExitCode::SUCCESS
        }
        Err(error) => run::refuse(&error.to_string()),
    }
}

/// Says what fits; what cannot be pasted goes to stderr.
fn say_timers(config: &Config, target: Target) -> ExitCode {
    let text = Timers::of(config).text(target);
    for note in &text.notes {
        crate::say::err(note);
    }
    crate::say::out(text.paste.trim_end());
    ExitCode::SUCCESS
}

/// Says which address each job would have on this machine.
fn say_addresses(config: &Config) {
    if config.selections.is_empty() {
        return;
    }
    let interfaces = machine::interfaces();
    for selection in &config.selections {
        let waits = || format!("address of {}: not there yet, waited for", selection.job);
        let line = in_one_line(selection, &interfaces).unwrap_or_else(waits);
        crate::say::out(&line);
    }
}

/// Reads and parses the texts of the templates, which are otherwise looked at when they are
/// rendered.
fn prove(mut config: Config) -> Result<Config, LoadError> {
    let catalog = config.catalog != Catalog::None;
    let templates = config.spec.templates.iter();
    let faults = templates.filter_map(|spec| Some((spec, prove_template(spec, catalog).err()?)));
    let problems = faults.map(|(spec, fault)| {
        let (severity, reason, hint) = match fault {
            // It may be there when it is needed.
            TemplateFault::Unreadable(reason) => {
                (Severity::Warning, reason, "its text could not be checked")
            }
            TemplateFault::Malformed(reason) => {
                (Severity::Error, reason, "it would never be rendered")
            }
        };
        Problem {
            severity,
            place: None,
            reason: format!("template[{}]: {reason}", spec.name),
            hint: Some(hint.to_owned()),
        }
    });
    let problems: Vec<Problem> = problems.collect();
    let broken = problems
        .iter()
        .any(|found| found.severity == Severity::Error);
    config.warnings.extend(problems);
    if broken {
        let list = config.warnings;
        return Err(LoadError::Problems(Problems { list }));
    }
    Ok(config)
}

fn check_json(checked: &Result<Config, LoadError>, target: Option<Target>) -> ExitCode {
    let problems = match checked {
        Ok(config) => config.warnings.iter().map(problem).collect(),
        Err(LoadError::Problems(problems)) => problems.list.iter().map(problem).collect(),
        Err(error) => vec![serde_json::json!({"severity": "error", "reason": error.to_string()})],
    };
    let overrides = checked.as_ref().map_or(&[][..], |config| &config.overrides);
    let overrides: Vec<Json> = overrides.iter().map(replaced).collect();
    let ok = checked.is_ok();
    let mut answer = serde_json::json!({"ok": ok, "problems": problems, "overrides": overrides});
    if let (Ok(config), Some(target)) = (checked, target) {
        answer["timers"] = Timers::of(config).json(target);
    }
    crate::say::out(&answer.to_string());
    if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn problem(problem: &Problem) -> Json {
    let place = problem.place.as_ref();
    serde_json::json!({
        "severity": problem.severity.to_string(),
        "reason": problem.reason,
        "hint": problem.hint,
        "file": place.map(|place| &place.name),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "sourceLine": place.and_then(|place| place.source_line),
    })
}

fn replaced(change: &pilot_config::Override) -> Json {
    let place = |place: &pilot_config::Place| {
        serde_json::json!({
            "file": place.name,
            "line": place.line,
            "column": place.column,
            "sourceLine": place.source_line,
        })
    };
    serde_json::json!({
        "what": change.what,
        "earlier": place(&change.earlier),
        "later": place(&change.later),
        "takenBack": change.taken_back,
    })
}
