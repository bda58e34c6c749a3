//! Configuration text to a validated specification, or every problem in it.
//!
//! # Theory of operation
//! ```text
//! bytes ─render→ text ─parse→ Value with spans ─decode→ raw ─check→ Config
//! ```
//! Rendering and parsing stop at their first error, since nothing sensible can be said about what
//! follows. Decoding (what was written, weakly typed as ContainerPilot 3 reads it) and checking
//! (what it means, and whether it can work) put everything they find into one list of findings
//! and go on. Nothing here reads a file, a clock, the environment or the network: what a
//! configuration may ask comes in as a [`World`].

mod address;
mod check;
mod command;
mod config;
mod decode;
mod duration;
mod findings;
mod json5;
mod problem;
mod raw;
mod render;
mod socket;
mod spelling;
mod value;
mod world;

use std::path::PathBuf;

pub use config::{
    Catalog, Config, Consul, Control, Deduplicate, Dialect, Embedded, Format, Level, LogOutput,
    Logging, Login, Metric, MetricKind, Retry, Scheme, Secret, Telemetry,
};
use findings::Findings;
use problem::Text;
pub use problem::{Excerpt, Place, Problem, Problems, Severity};
pub use world::{Interface, World};

/// A text and the name it goes by in messages.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name, usually a path.
    pub name: &'a str,
    /// The text, not yet rendered.
    pub text: &'a str,
}

/// Renders the text as a Go template over the environment.
pub fn render(text: &str, name: &str, world: &World<'_>) -> Result<String, Problems> {
    render::render(text, name, world)
}

/// Gives the functions that ContainerPilot adds to Go's own, over these variables.
pub fn template_functions(environment: &[(String, String)]) -> go_template::Functions {
    render::functions(&World {
        environment,
        ..World::default()
    })
}

/// Finds the path of the control socket as well as can be done when the rest is wrong.
///
/// A client needs nothing else of the file, so a broken one should not keep it from its daemon.
pub fn socket_of(source: Source<'_>, world: &World<'_>) -> PathBuf {
    socket::find(source, world)
}

/// Reads a configuration, or says everything that is wrong with it.
pub fn load(source: Source<'_>, world: &World<'_>) -> Result<Config, Problems> {
    refuse_yaml(source.name)?;
    let rendered = render(source.text, source.name, world)?;
    let text = Text::new(source.name, source.text, &rendered);
    let document = json5::parse(&rendered).map_err(|error| syntax(&error, &text))?;
    let findings = Findings::default();
    let config = check::config(&document, world, &findings);
    let failed = findings.any_error();
    let list = findings.into_problems(&text);
    match config {
        Some(config) if !failed => Ok(Config {
            warnings: list,
            ..config
        }),
        _ => Err(Problems { list }),
    }
}

fn refuse_yaml(name: &str) -> Result<(), Problems> {
    if !name.ends_with(".yaml") && !name.ends_with(".yml") {
        return Ok(());
    }
    let problem = Problem {
        severity: Severity::Error,
        place: None,
        reason: format!("cannot load `{name}`: YAML is not supported yet"),
        hint: Some("write it as JSON5".to_owned()),
    };
    Err(Problems {
        list: vec![problem],
    })
}

fn syntax(error: &json5::SyntaxError, text: &Text<'_>) -> Problems {
    let (line, column) = text.position(error.offset);
    let problem = Problem {
        severity: Severity::Error,
        place: Some(text.syntax(error.offset)),
        reason: format!(
            "parse error at line:col [{line}:{column}]: {}",
            error.reason
        ),
        hint: error.hint.clone(),
    };
    Problems {
        list: vec![problem],
    }
}
