//! `check`: everything that is wrong with a configuration, without running anything.

use std::process::ExitCode;

use pilot_config::{Catalog, Config, Problem, Problems, Severity};
use serde_json::Value as Json;

use crate::{
    environment::Environment,
    run,
    shell::{TemplateFault, prove_template},
    source::{LoadError, Origin},
};

/// `check`: every problem, or what the configuration comes to.
pub(crate) fn check(flag: Option<&str>, program: &[String], as_json: bool) -> ExitCode {
    let environment = Environment::of_this_process();
    let checked = Origin::find(flag, &environment)
        .and_then(|origin| origin.wrapping(program).load(&environment))
        .and_then(prove);
    if as_json {
        return check_json(&checked);
    }
    match checked {
        Ok(config) => {
            for warning in &config.warnings {
                crate::say::err(&format!("{warning}\n"));
            }
            for change in &config.overrides {
                crate::say::out(&change.to_string());
            }
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

fn check_json(checked: &Result<Config, LoadError>) -> ExitCode {
    let problems = match checked {
        Ok(config) => config.warnings.iter().map(problem).collect(),
        Err(LoadError::Problems(problems)) => problems.list.iter().map(problem).collect(),
        Err(error) => vec![serde_json::json!({"severity": "error", "reason": error.to_string()})],
    };
    let overrides = checked.as_ref().map_or(&[][..], |config| &config.overrides);
    let overrides: Vec<Json> = overrides.iter().map(replaced).collect();
    let ok = checked.is_ok();
    crate::say::out(&format!(
        "{}",
        serde_json::json!({"ok": ok, "problems": problems, "overrides": overrides})
    ));
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
