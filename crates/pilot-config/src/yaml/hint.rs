//! What may be behind a text that is not YAML.

use crate::syntax::position;

/// What the reason says, and what is then likely. The first that fits counts.
const LIKELY: [(&str, &str); 11] = [
    ("unknown anchor", "a text that begins with `*` needs quotes"),
    (
        "expected alphabetic or numeric character",
        "a text that begins with `*` or `&` needs quotes",
    ),
    (
        "mapping values are not allowed",
        "a text with `: ` in it needs quotes; or the line before it is not closed",
    ),
    ("illegal placement of ':'", BRACKET),
    ("expected ',' or", BRACKET),
    (
        "unexpected end of stream",
        "the quote that begins here is not closed",
    ),
    (
        "invalid indentation in quoted scalar",
        "the quote that begins here may not be closed",
    ),
    ("expected key", INDENTATION),
    ("expected '-'", INDENTATION),
    ("expected <document start>", INDENTATION),
    (
        "unexpected character",
        "a text that begins with this character needs quotes",
    ),
];

const BRACKET: &str = "a comma may be missing, or the bracket that closes the list or the mapping";
const INDENTATION: &str = "the line is indented like none of those it could belong to";

/// Finds the likely cause.
pub(super) fn find(text: &str, offset: usize, reason: &str) -> Option<String> {
    // An error about a tab may be told of the line before it.
    let lines = if reason.contains("tab") { 2 } else { 1 };
    if let Some(line) = tab_in(text, offset, lines) {
        return Some(format!(
            "line {line} is indented with a tab, and YAML takes only spaces"
        ));
    }
    let fits = |(part, _): &&(&str, &str)| reason.contains(part);
    let likely = LIKELY.iter().find(fits)?;
    Some(likely.1.to_owned())
}

/// Finds a line with a tab in its indentation among so many from this one on.
fn tab_in(text: &str, offset: usize, count: usize) -> Option<usize> {
    let (line, _) = position(text, offset);
    let begins = |line: &str| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line[..blank].contains('\t')
    };
    let mut lines = text.lines().enumerate().skip(line - 1).take(count);
    lines.find(|(_, line)| begins(line)).map(|(at, _)| at + 1)
}
