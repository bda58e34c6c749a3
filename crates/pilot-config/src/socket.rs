//! The path of the control socket, out of a file that may be broken.

use std::path::PathBuf;

use regex_lite::Regex;

use crate::{
    Control, Source, World, json5, render,
    value::{Kind, Value},
};

/// Finds the path: in the document if it can be read, else where a line looks like it.
pub(crate) fn find(source: Source<'_>, world: &World<'_>) -> PathBuf {
    let rendered = render::render(source.text, source.name, world);
    let text = rendered.unwrap_or_else(|_| source.text.to_owned());
    let found = match json5::parse(&text) {
        Ok(document) => in_document(&document),
        Err(_) => in_text(&text),
    };
    PathBuf::from(found.unwrap_or_else(|| Control::SOCKET.to_owned()))
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

fn in_text(text: &str) -> Option<String> {
    let line = r#"(?m)^[^/\n]*\bsocket["']?\s*:\s*["']([^"'\n{}]+)["']"#;
    let line = Regex::new(line).expect("the pattern is a constant that a test runs");
    line.captures(text).map(|found| found[1].to_owned())
}
