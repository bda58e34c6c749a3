//! The text as a Go template over the environment.

mod function;

pub(crate) use function::all as functions;

use go_template::{Map, MissingKey, Options, Template, Value};

use crate::{Problem, Problems, Severity, World, problem::Text, value::Span};

/// Renders a text; the first thing that is wrong with it ends the work.
pub(crate) fn render(text: &str, name: &str, world: &World<'_>) -> Result<String, Problems> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let options = Options {
        missing_key: MissingKey::Zero,
        ..Options::default()
    };
    let functions = function::all(world);
    let template = Template::parse(name, text, &options, &functions);
    let rendered = template.and_then(|template| template.execute(&root(world)));
    rendered.map_err(|error| problems(&error, text, name))
}

/// Makes what `.` stands for; of several variables of one name the first counts, as in Go.
fn root(world: &World<'_>) -> Value {
    let entries = world.environment.iter().rev();
    Map::strings(entries.map(|(name, value)| (name.as_str(), value.as_str()))).into()
}

fn problems(error: &go_template::Error, text: &str, name: &str) -> Problems {
    let lines = Text::new(name, text, text);
    let at = lines.offset(error.line(), error.column());
    let problem = Problem {
        severity: Severity::Error,
        place: Some(lines.place(Span::new(at, at))),
        reason: format!("could not apply template to config: {error}"),
        hint: None,
    };
    Problems {
        list: vec![problem],
    }
}
