//! The path of the control socket, out of files that may be broken.

use std::path::PathBuf;

use regex_lite::Regex;

use crate::{
    Control, Source, World, render,
    syntax::Syntax,
    value::{Kind, Value},
};

/// Finds the path that the last of the sources to name one names.
pub(crate) fn find(sources: &[Source<'_>], world: &World<'_>) -> PathBuf {
    let mut last_first = sources.iter().rev();
    let found = last_first.find_map(|source| in_source(source, world));
    PathBuf::from(found.unwrap_or_else(|| Control::SOCKET.to_owned()))
}

/// Looks in the document if it can be read, else where a line looks like it.
fn in_source(source: &Source<'_>, world: &World<'_>) -> Option<String> {
    let rendered = render::render(source.text, source.name, world);
    let text = rendered.unwrap_or_else(|_| source.text.to_owned());
    let syntax = Syntax::of(source.name);
    match syntax.parse(&text) {
        Ok(document) => in_document(&document),
        Err(_) => in_text(&text, syntax),
    }
}

fn in_document(document: &Value) -> Option<String> {
    let Kind::Object(members) = &document.member("control")?.value.kind else {
        return None;
    };
    let socket = members
        .iter()
        .rfind(|member| member.key.value.eq_ignore_ascii_case("socket"))?;
    match &socket.value.kind {
        Kind::Text(path) if !path.is_empty() => Some(path.clone()),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Object(_) => None,
    }
}

fn in_text(text: &str, syntax: Syntax) -> Option<String> {
    let line = match syntax {
        Syntax::Json5 => r#"(?m)^[^/\n]*\bsocket["']?\s*:\s*["']([^"'\n{}]+)["']"#,
        Syntax::Yaml => r#"(?m)^[^#\n]*\bsocket["']?[ \t]*:[ \t]+["']?([^"'\s#{}]+)"#,
    };
    let line = Regex::new(line).expect("the patterns are constants that a test runs");
    line.captures(text).map(|found| found[1].to_owned())
}
