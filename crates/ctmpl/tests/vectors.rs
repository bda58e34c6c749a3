//! Every recorded case of the real consul-template, through the public interface.

#[path = "vectors/brain.rs"]
mod brain;

use std::{collections::BTreeSet, time::Duration};

use ctmpl::{Brain, Dependency, Language, PluginFailure, Template, World, WrittenFile};
use serde_json::Value as Json;

/// What lies around a case.
struct Around<'c>(&'c Json);

impl World for Around<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let set = |kind: &str| self.0[kind][name].as_str().map(str::to_owned);
        set("child_env").or_else(|| set("os_env"))
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1_528_000_000)
    }

    fn run_plugin(&self, program: &str, arguments: &[String]) -> Result<Vec<u8>, PluginFailure> {
        match program {
            "echo" => Ok(format!("{}\n", arguments.join(" ")).into_bytes()),
            "false" => Err(PluginFailure {
                reason: "exit status 1".to_owned(),
                ..PluginFailure::default()
            }),
            _ => Err(PluginFailure {
                reason: format!("fork/exec {program}: no such file or directory"),
                ..PluginFailure::default()
            }),
        }
    }

    fn write_file(&self, file: &WrittenFile<'_>) -> Result<(), String> {
        panic!("no case writes a file, such as {file:?}")
    }
}

/// What a case came to.
#[derive(Debug, PartialEq)]
enum Outcome {
    Rendered {
        text: String,
        used: BTreeSet<String>,
        missing: BTreeSet<String>,
    },
    Failed(String),
}

fn words(dependencies: &BTreeSet<Dependency>) -> BTreeSet<String> {
    dependencies.iter().map(ToString::to_string).collect()
}

fn outcome(case: &Json, brains: &[Brain]) -> Outcome {
    let nothing = Brain::new();
    let brain = case["brain"].as_u64().map_or(&nothing, |index| {
        &brains[usize::try_from(index).expect("an index")]
    });
    let delimiters = case["delims"].as_array().map(|both| {
        let text = |index: usize| both[index].as_str().expect("a string").to_owned();
        (text(0), text(1))
    });
    let language = Language {
        delimiters,
        missing_key_is_error: case["missingkey"] == "error",
        ..Language::default()
    };
    let text = case["template"].as_str().expect("a string");
    let template = match Template::parse("", text, &language) {
        Ok(template) => template,
        Err(error) => return Outcome::Failed(error),
    };
    let pass = template.execute(brain, &Around(case));
    match pass.text {
        Err(error) => Outcome::Failed(error),
        Ok(text) => Outcome::Rendered {
            text: String::from_utf8(text).expect("UTF-8"),
            used: words(&pass.used),
            missing: words(&pass.missing),
        },
    }
}

fn expected(case: &Json) -> Outcome {
    let set = |name: &str| {
        let list = case[name].as_array().into_iter().flatten();
        list.map(|item| item.as_str().expect("a string").to_owned())
            .collect()
    };
    if case["error"] == true {
        return Outcome::Failed(case["go_error"].as_str().expect("a string").to_owned());
    }
    Outcome::Rendered {
        text: case["expected"].as_str().expect("a string").to_owned(),
        used: set("used"),
        missing: set("missing"),
    }
}

/// Cases that cannot hold, and why.
const NOT_HELD: &[(&str, &str)] = &[(
    "ct/loop-from-len",
    "0.19.5 refuses the result of `len`; later versions count with it, and so do we",
)];

fn agree(name: &str, ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        // The cases of later helpers were recorded without the runner, which adds the word.
        (Outcome::Failed(ours), Outcome::Failed(theirs)) if name.starts_with("cthead/") => {
            ours.strip_prefix("execute: ") == Some(theirs)
        }
        _ => ours == theirs,
    }
}

#[test]
fn every_case_comes_out_as_in_consul_template() {
    let json: Json = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let brains: Vec<Brain> = json["brains"]
        .as_array()
        .unwrap()
        .iter()
        .map(brain::read)
        .collect();
    let cases = json["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let (ours, theirs) = (outcome(case, &brains), expected(case));
        let is_held = !NOT_HELD.iter().any(|(not_held, _)| *not_held == name);
        if agree(name, &ours, &theirs) != is_held {
            wrong.push(format!(
                "{name}: {}\n  ours   {ours:?}\n  theirs {theirs:?}",
                case["template"]
            ));
        }
    }
    assert_eq!(cases.len(), 165);
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
