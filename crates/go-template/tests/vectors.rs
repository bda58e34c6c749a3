//! Every recorded case of real Go, rendered through the public interface.

#[path = "vectors/functions.rs"]
mod functions;
#[path = "json/value.rs"]
mod json;

use std::collections::BTreeMap;

use go_template::{Functions, Map, MissingKey, Options, Stage, Template, Value};
use serde_json::Value as Json;

/// What one case came to, against what Go made of it.
#[derive(Debug, PartialEq)]
enum Outcome {
    Rendered(String),
    Failed {
        stage: &'static str,
        message: String,
    },
}

fn outcome(case: &Json) -> Outcome {
    let rendered = template(case).and_then(|template| template.execute(&data(case)));
    match rendered {
        Ok(text) => Outcome::Rendered(text),
        Err(error) => {
            let stage = match error.stage() {
                Stage::Parse => "parse",
                Stage::Execute => "exec",
            };
            Outcome::Failed {
                stage,
                message: error.to_string(),
            }
        }
    }
}

/// Gives the data of a case.
fn data(case: &Json) -> Value {
    if case["data_type"] != "strmap" && case["mode"] != "containerpilot" {
        return json::value(&case["data"]);
    }
    let entries = case["data"].as_object().expect("an object");
    Map::strings(
        entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().expect("a string"))),
    )
    .into()
}

fn template(case: &Json) -> Result<Template, go_template::Error> {
    let containerpilot = case["mode"] == "containerpilot";
    let delimiter = |index: usize| {
        case["delims"][index]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let missing_key = match case["missingkey"].as_str() {
        Some("zero") => MissingKey::Zero,
        Some("error") => MissingKey::Error,
        _ if containerpilot => MissingKey::Zero,
        _ => MissingKey::Default,
    };
    let options = Options {
        delimiters: (delimiter(0), delimiter(1)),
        missing_key,
    };
    let functions = if containerpilot {
        functions::containerpilot(environment(case))
    } else {
        Functions::new()
    };
    Template::parse(
        "",
        case["template"].as_str().expect("a string"),
        &options,
        &functions,
    )
}

fn environment(case: &Json) -> BTreeMap<String, String> {
    let variables = case["os_env"].as_object().into_iter().flatten();
    variables
        .map(|(name, value)| (name.clone(), value.as_str().expect("a string").to_owned()))
        .collect()
}

fn expected(case: &Json) -> Outcome {
    let text = |field: &str| case[field].as_str().expect("a string").to_owned();
    if case["error"] != true {
        return Outcome::Rendered(text("expected"));
    }
    let stage = if case["error_stage"] == "parse" {
        "parse"
    } else {
        "exec"
    };
    Outcome::Failed {
        stage,
        message: text("go_error"),
    }
}

/// Messages of other libraries, which the functions of this test do not repeat.
const FOREIGN_WORDS: [&str; 3] = [
    "cp/regex-backref-unsupported",
    "cp/regex-lookahead-unsupported",
    "cp/loop-",
];

/// Syntax of RE2 that the regex library of this test lacks.
const FOREIGN_SYNTAX: [&str; 1] = ["cp/regex-unicode-class"];

fn agree(name: &str, ours: &Outcome, gos: &Outcome) -> bool {
    if FOREIGN_SYNTAX.contains(&name) {
        return matches!(ours, Outcome::Failed { stage: "exec", .. });
    }
    match (ours, gos) {
        (
            Outcome::Failed { stage, .. },
            Outcome::Failed {
                stage: expected, ..
            },
        ) if FOREIGN_WORDS
            .iter()
            .any(|foreign| name.starts_with(foreign)) =>
        {
            stage == expected
        }
        _ => ours == gos,
    }
}

#[test]
fn every_case_comes_out_as_in_go() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let (mut wrong, mut wrong_optional, mut optional) = (Vec::new(), Vec::new(), 0);
    for case in &cases {
        let name = case["name"].as_str().expect("a string");
        let (ours, gos) = (outcome(case), expected(case));
        let is_optional = case["optional"] == true;
        optional += usize::from(is_optional);
        if !agree(name, &ours, &gos) {
            let report = format!(
                "{name}: {}\n  ours {ours:?}\n  Go's {gos:?}",
                case["template"]
            );
            if is_optional {
                wrong_optional.push(report);
            } else {
                wrong.push(report);
            }
        }
    }
    println!(
        "{} cases, {} of {optional} optional ones differ",
        cases.len(),
        wrong_optional.len()
    );
    println!("{}", wrong_optional.join("\n"));
    assert_eq!(cases.len(), 615);
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        wrong_optional.is_empty(),
        "{} optional ones differ",
        wrong_optional.len()
    );
}
