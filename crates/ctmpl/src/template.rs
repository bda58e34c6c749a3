//! A template of consul-template: parsed once, executed whenever something changed.

use std::{collections::BTreeSet, sync::Arc};

use go_template::{Functions, Memory, MissingKey, Options, Value};
use pilot_core::spec::Language;

use crate::{
    brain::Brain,
    dependency::Dependency,
    function::{self, Entry},
    scene::Scene,
    world::World,
};

/// A template that can be executed any number of times; cheap to clone.
#[derive(Clone, Debug)]
pub struct Template {
    parsed: go_template::Template,
    /// What it may call, by the number under which it was declared.
    functions: Arc<[Entry]>,
    sandbox: Option<String>,
}

/// What one execution came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What the file shall hold; or why not, in consul-template's words (`execute: template: …`),
    /// to go behind the name of the source and a colon. Neither counts while something is missing.
    pub text: Result<Vec<u8>, String>,
    /// Everything it looked at.
    pub used: BTreeSet<Dependency>,
    /// What it looked at and what is not known yet, or, where it waits for a key, is not there.
    pub missing: BTreeSet<Dependency>,
}

impl Template {
    /// Parses a text. The name shows in messages as `template: NAME:LINE`; consul-template leaves
    /// it empty. An error reads `parse: template: …`, to go behind the source's name and a colon.
    pub fn parse(name: &str, text: &str, language: &Language) -> Result<Self, String> {
        let mut declared = Functions::new();
        let functions = function::allowed(&language.denied);
        for (number, entry) in functions.iter().enumerate() {
            declared.declare(entry.name, entry.signature(), number);
        }
        function::constant().for_each(|name| declared.promise_constant(name));
        let options = Options {
            delimiters: language.delimiters.clone().unwrap_or_default(),
            missing_key: if language.missing_key_is_error {
                MissingKey::Error
            } else {
                MissingKey::Zero
            },
        };
        let parsed = go_template::Template::parse(name, text, &options, &declared)
            .map_err(|error| parse_error(&error))?;
        Ok(Self {
            parsed,
            functions: functions.into(),
            sandbox: language.sandbox.clone(),
        })
    }

    /// Executes it over what is known now, with a memory of its executions before: what did not
    /// change is said again and not executed.
    pub fn execute_again(&self, brain: &Brain, world: &dyn World, memory: &mut Memory) -> Pass {
        let scene = Scene::new(self, brain, world);
        let text = self.parsed.execute_again(&Value::Nil, &scene, memory);
        pass(scene, text.map_err(|error| error.to_string()))
    }

    /// Executes it over what is known now.
    pub fn execute(&self, brain: &Brain, world: &dyn World) -> Pass {
        let scene = Scene::new(self, brain, world);
        let text = self.parsed.execute_with(None, &Value::Nil, &scene);
        pass(scene, text.map_err(|error| error.to_string()))
    }

    pub(crate) fn parsed(&self) -> &go_template::Template {
        &self.parsed
    }

    pub(crate) fn functions(&self) -> &[Entry] {
        &self.functions
    }

    pub(crate) fn sandbox(&self) -> Option<&str> {
        self.sandbox.as_deref()
    }
}

/// A short name for the work of a template: a text read in this language. Two are the same
/// wherever and whenever they are made, if text and language are.
pub fn fingerprint(language: &Language, text: &str) -> String {
    let delimiters = language.delimiters.as_ref();
    let (left, right) = delimiters.map_or(("", ""), |(left, right)| (left, right));
    let strict = if language.missing_key_is_error {
        "strict"
    } else {
        ""
    };
    let sandbox = language.sandbox.as_deref().unwrap_or_default();
    let fixed = [text, left, right, strict, sandbox].into_iter();
    let mut work = String::new();
    for part in fixed.chain(language.denied.iter().map(String::as_str)) {
        // With its length before it, no part can be taken for the end of another.
        work += &format!("{}:{part}", part.len());
    }
    function::sha256(work.as_bytes())
}

fn pass(scene: Scene<'_>, text: Result<Vec<u8>, String>) -> Pass {
    let (used, missing) = scene.into_dependencies();
    Pass {
        text: text.map_err(|error| format!("execute: {error}")),
        used,
        missing,
    }
}

/// A function that nobody declared may be one that we know of and do not have.
fn parse_error(error: &go_template::Error) -> String {
    let families = [("sprig_", "sprig"), ("spew_", "spew")];
    let family = families.iter().find(|(prefix, _)| {
        let unknown = format!("function \"{prefix}");
        error.message().starts_with(&unknown)
    });
    let hint = family.map(|(_, name)| format!("\nhint: the functions of {name} are not supported"));
    format!("parse: {error}{}", hint.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_work_has_the_same_fingerprint_and_no_other() {
        let plain = Language::default();
        let delimited = |left: &str, right: &str| Language {
            delimiters: Some((left.to_owned(), right.to_owned())),
            ..Language::default()
        };
        let denying = Language {
            denied: vec!["env".to_owned()],
            ..Language::default()
        };
        let prints = [
            fingerprint(&plain, "a"),
            fingerprint(&plain, "b"),
            fingerprint(&delimited("a", ""), ""),
            fingerprint(&delimited("", "a"), ""),
            fingerprint(&denying, "a"),
        ];
        let different: BTreeSet<&String> = prints.iter().collect();
        assert_eq!(different.len(), prints.len());
        // Helpers of different versions must agree.
        assert_eq!(&prints[0][..16], "6d2e84f4529ee263");
    }
}
