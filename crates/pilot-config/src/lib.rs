//! Configuration text to a validated specification, or every problem in it.
//!
//! # Theory of operation
//! ```text
//! bytes ─render→ text ─parse→ Value with spans ─decode→ raw ─check→ Config
//! ```
//! Rendering and parsing stop at their first error, since nothing sensible can be said about what
//! follows in that file; the documents of several files are then put over each other. Decoding (what was written, weakly typed as ContainerPilot 3 reads it) and checking
//! (what it means, and whether it can work) put everything they find into one list of findings
//! and go on. Nothing here reads a file, a clock, the environment or the network: what a
//! configuration may ask comes in as a [`World`].

mod address;
mod check;
mod command;
mod config;
pub mod consul_template;
mod decode;
mod duration;
mod findings;
mod json5;
mod layers;
mod migrate;
mod problem;
mod raw;
mod render;
mod socket;
mod sources;
pub mod spelling;
mod syntax;
mod value;
mod world;
mod yaml;

use std::{path::PathBuf, time::Duration};

pub use address::{Chosen, Selection};
pub use check::OWN_NAME;
pub use config::{
    Catalog, Config, Consul, Control, Credentials, Deduplicate, Dialect, Embedded, Etcd, Format,
    Level, LogOutput, Logging, Login, Metric, MetricKind, Password, Retry, Scheme, Secret,
    Telemetry, Tls, Zookeeper,
};
use findings::Findings;
pub use layers::Override;
pub use migrate::Migration;
pub use problem::{Excerpt, Place, Problem, Problems, Severity};
pub use world::{Interface, Standing, World};

/// A text and the name it goes by in messages.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name, usually a path.
    pub name: &'a str,
    /// The text, not yet rendered.
    pub text: &'a str,
}

/// Reads a time as configurations write it: whole seconds, or a Go duration. It is not negative.
pub fn duration(text: &str) -> Result<Duration, String> {
    let nanos = duration::parse(text)?;
    let nanos = u64::try_from(nanos).map_err(|_| format!("`{text}` is negative"))?;
    Ok(Duration::from_nanos(nanos))
}

/// Renders the texts as Go templates over the environment, or says everything that is wrong.
pub fn render(sources: &[Source<'_>], world: &World<'_>) -> Result<Vec<String>, Problems> {
    let (mut texts, mut list) = (Vec::new(), Vec::new());
    for rendered in sources::render_all(sources, world) {
        match rendered {
            Ok(text) => texts.push(text),
            Err(problems) => list.extend(problems.list),
        }
    }
    if list.is_empty() {
        Ok(texts)
    } else {
        Err(Problems { list })
    }
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
/// A client needs nothing else of the files, so a broken one should not keep it from its daemon.
pub fn socket_of(sources: &[Source<'_>], world: &World<'_>) -> PathBuf {
    socket::find(sources, world)
}

/// Reads a configuration, or says everything that is wrong with it.
///
/// Of several sources a later one counts where it says something else than those before it; what
/// it replaced is in [`Config::overrides`].
pub fn load(sources: &[Source<'_>], world: &World<'_>) -> Result<Config, Problems> {
    let rendered = sources::render_all(sources, world);
    let (texts, documents) = sources::read_all(sources, &rendered)?;
    if let Some(problem) = layers::mixed(&documents, &texts) {
        let list = vec![problem];
        return Err(Problems { list });
    }
    let findings = Findings::default();
    let (document, overrides) = layers::merge(documents, &texts, &findings);
    let config = check::config(&document, world, &findings);
    let failed = findings.any_error();
    let list = findings.into_problems(|span| texts.place(span));
    match config {
        Some(config) if !failed => Ok(Config {
            overrides,
            warnings: list,
            ..config
        }),
        _ => Err(Problems { list }),
    }
}

/// Writes a configuration of ContainerPilot 1 or 2 in the form of 3. It was one file then; the
/// program that it wraps, if it is known, is [`World::program`].
pub fn migrate(sources: &[Source<'_>], world: &World<'_>) -> Result<Migration, Problems> {
    migrate::migrate(sources, world)
}
