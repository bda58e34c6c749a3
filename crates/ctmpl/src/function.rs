//! Every function of the language, by name.

mod api;
mod encode;
mod group;
mod json;
mod list;
mod math;
mod md5;
mod outside;
mod parse;
mod parse_yaml;
mod scratch;
mod text;
mod time;
mod toml;
mod unsupported;
mod yaml;
mod yaml_text;

use go_template::{Kind, Signature, Value};

pub(crate) use encode::sha256;
pub(crate) use scratch::new as scratch;

use pilot_core::pattern;

use crate::scene::Scene;

pub(crate) type Result<T = Value, E = String> = std::result::Result<T, E>;

/// What a function does with its arguments, which fit its signature.
pub(crate) type Body = fn(&Scene<'_>, &[Value]) -> Result;

/// One function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    parameters: &'static [Kind],
    rest: Option<Kind>,
    pub(crate) body: Body,
}

impl Entry {
    /// A function that takes exactly these.
    const fn new(name: &'static str, parameters: &'static [Kind], body: Body) -> Self {
        Self {
            name,
            parameters,
            rest: None,
            body,
        }
    }

    /// Lets any number of further arguments follow.
    const fn and(self, rest: Kind) -> Self {
        Self {
            rest: Some(rest),
            ..self
        }
    }

    pub(crate) fn signature(&self) -> Signature {
        let signature = Signature::new(self.parameters.iter().copied());
        match self.rest {
            Some(rest) => signature.variadic(rest),
            None => signature,
        }
    }
}

const TEXT: &[Kind] = &[Kind::String];
const TWO_TEXTS: &[Kind] = &[Kind::String; 2];
const THREE_TEXTS: &[Kind] = &[Kind::String; 3];

/// Functions that give the same for the same arguments, whenever they are called.
const CONSTANT: &[&[Entry]] = &[
    encode::ALL,
    group::ALL,
    json::ALL,
    list::ALL,
    math::ALL,
    parse::ALL,
    parse_yaml::ALL,
    text::ALL,
    toml::ALL,
    unsupported::ALL,
    yaml::ALL,
];

/// Functions that look at something besides their arguments, or note something.
const LOOKING: &[&[Entry]] = &[api::ALL, outside::ALL, scratch::ALL, time::ALL];

/// Gives all functions; those whose name fits a pattern only say that they are denied.
pub(crate) fn allowed(denied: &[String]) -> Vec<Entry> {
    let known = CONSTANT.iter().chain(LOOKING).copied().flatten();
    let refused = |name| denied.iter().any(|pattern| pattern::matches(pattern, name));
    let entry = |entry: &Entry| {
        if refused(entry.name) {
            Entry::new(entry.name, &[], refuse).and(Kind::Any)
        } else {
            *entry
        }
    };
    known.map(entry).collect()
}

/// The names of the functions that give the same for the same arguments.
pub(crate) fn constant() -> impl Iterator<Item = &'static str> {
    CONSTANT.iter().copied().flatten().map(|entry| entry.name)
}

fn refuse(_: &Scene<'_>, _: &[Value]) -> Result {
    Err("function is disabled".to_owned())
}

/// Gives an argument of a text parameter, which the signature has made sure of.
fn text(arguments: &[Value], index: usize) -> String {
    let text = arguments.get(index).and_then(Value::as_str);
    text.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// Gives an argument; nil if there are not so many.
fn argument(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Nil)
}

/// The words for the wrong number of arguments to a function that takes a few or fewer.
fn wrong_number(name: &str, expected: &str, arguments: &[Value]) -> String {
    let got = arguments.len();
    format!("{name}: wrong number of arguments, expected {expected}, but got {got}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_one_name_and_is_documented() {
        let page = include_str!("../../../docs/templates.md");
        let mut names: Vec<&str> = allowed(&[]).iter().map(|entry| entry.name).collect();
        let starts = |name: &&str| {
            ["`", " ", "\""]
                .iter()
                .any(|end| page.contains(&format!("`{name}{end}")))
        };
        let missing: Vec<&&str> = names.iter().filter(|name| !starts(name)).collect();
        assert!(missing.is_empty(), "not on the page: {missing:?}");
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
