//! consul-template's command line and configuration files, to the same [`Config`] as any other.
//!
//! The words of the command line become a tree as a file would have it. The trees of all sources
//! lie over each other, the command line on top, and are read once. Each source keeps its place
//! in one line of offsets, so that a problem knows where it was written.

mod command;
mod consul;
mod exec;
mod flags;
mod hcl;
mod layer;
mod spec;
mod take;
mod template;
mod wait;

use std::fmt;

pub use self::flags::{Stop, Words, usage};
use self::layer::Layers;
use crate::{
    Config, Problem, Problems, Severity, Source, World,
    findings::Findings,
    json5,
    problem::{Text, Texts},
    syntax::SyntaxError,
    value::{Kind, Member, Value},
};

/// The variable that holds a configuration as text, under all others.
const LOCAL: &str = "CT_LOCAL_CONFIG";

/// Why a configuration cannot be run, and the status that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Everything that is wrong.
    pub problems: Problems,
    /// The status to end with.
    pub status: u8,
}

impl Refused {
    /// The status of a command line that cannot be understood.
    pub const USAGE: u8 = 13;
    /// The status of templates that cannot be rendered, whatever the catalog says.
    pub const RUN: u8 = 14;
    /// The status of a configuration that cannot be understood.
    pub const CONFIG: u8 = 15;
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.fmt(f)
    }
}

/// Makes a configuration of a command line and the texts of the files it names, in their order.
pub fn load(words: &Words, files: &[Source<'_>], world: &World<'_>) -> Result<Config, Refused> {
    let (mut texts, findings) = (Texts::default(), Findings::default());
    let mut layers = Layers::default();
    let local = world.filled(LOCAL).map(|text| Source {
        name: "$CT_LOCAL_CONFIG",
        text,
    });
    let mut unreadable = Vec::new();
    for source in local.iter().chain(files) {
        let text = Text::new(source.name, source.text, source.text);
        match parse(source.text) {
            Ok(document) => {
                let base = texts.add(text);
                layers.put(members(document.moved(base)), base, &findings);
            }
            Err(error) => unreadable.push(syntax(error, &text)),
        }
    }
    if !unreadable.is_empty() {
        return Err(refused(unreadable, Refused::CONFIG));
    }
    let base = texts.add(Text::new("command line", &words.text, &words.text));
    layers.put(members(words.document().moved(base)), base, &findings);
    let (whole, templates) = layers.into_parts();
    let (config, status) = spec::config(&whole, &templates, words.dry, world, &findings);
    let failed = findings.any_error();
    let list = findings.into_problems(|span| texts.place(span));
    if failed {
        return Err(refused(list, status));
    }
    Ok(Config {
        warnings: list,
        ..config
    })
}

fn refused(list: Vec<Problem>, status: u8) -> Refused {
    Refused {
        problems: Problems { list },
        status,
    }
}

/// Reads a text: JSON if it begins with a brace, else HCL.
fn parse(text: &str) -> Result<Value, SyntaxError> {
    if text.trim_start().starts_with('{') {
        json5::parse(text)
    } else {
        hcl::parse(text)
    }
}

/// What a document holds, which is an object in either language.
fn members(document: Value) -> Vec<Member> {
    match document.kind {
        Kind::Object(members) => members,
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => Vec::new(),
    }
}

fn syntax(error: SyntaxError, text: &Text<'_>) -> Problem {
    Problem {
        severity: Severity::Error,
        place: Some(text.syntax(error.offset)),
        reason: format!("cannot read the configuration: {}", error.reason),
        hint: error.hint,
    }
}
