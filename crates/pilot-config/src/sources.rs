//! From the texts of a configuration to one document.

use crate::{
    Problem, Problems, Severity, Source, World,
    problem::{Text, Texts},
    render,
    syntax::{Syntax, SyntaxError},
    value::Value,
};

/// Renders every text; a problem in one does not hide those of the others.
pub(crate) fn render_all(
    sources: &[Source<'_>],
    world: &World<'_>,
) -> Vec<Result<String, Problems>> {
    let render = |source: &Source<'_>| render::render(source.text, source.name, world);
    sources.iter().map(render).collect()
}

/// Reads every rendered text, in one space of offsets, or tells everything that keeps one from
/// being read.
pub(crate) fn read_all<'a>(
    sources: &[Source<'a>],
    rendered: &'a [Result<String, Problems>],
) -> Result<(Texts<'a>, Vec<Value>), Problems> {
    let (mut texts, mut documents, mut list) = (Texts::default(), Vec::new(), Vec::new());
    for (source, rendered) in sources.iter().zip(rendered) {
        match rendered {
            Ok(rendered) => {
                let text = Text::new(source.name, source.text, rendered);
                match Syntax::of(source.name).parse(rendered) {
                    Ok(document) => documents.push(document.moved(texts.add(text))),
                    Err(errors) => list.extend(errors.into_iter().map(|one| problem(one, &text))),
                }
            }
            Err(problems) => list.extend(problems.list.iter().cloned()),
        }
    }
    if list.is_empty() {
        Ok((texts, documents))
    } else {
        Err(Problems { list })
    }
}

fn problem(error: SyntaxError, text: &Text<'_>) -> Problem {
    let (line, column) = text.position(error.offset);
    let reason = error.reason;
    Problem {
        severity: Severity::Error,
        place: Some(text.syntax(error.offset)),
        reason: format!("parse error at line:col [{line}:{column}]: {reason}"),
        hint: error.hint,
    }
}
