//! Texts: cutting, joining, replacing, reading numbers out of them.

use go_template::{Kind, List, Map, Value};

use super::{Entry, Result, TEXT, THREE_TEXTS, TWO_TEXTS, argument, text, wrong_number};
use crate::scene::Scene;

pub(super) const ALL: &[Entry] = &[
    Entry::new("default", &[Kind::Any, Kind::Any], |_, words| {
        Ok(default(words))
    }),
    Entry::new("indent", &[Kind::Int, Kind::String], indent),
    Entry::new("join", &[Kind::String, Kind::Strings], |_, words| {
        Ok(join(words))
    }),
    Entry::new("regexMatch", TWO_TEXTS, |scene, words| {
        let pattern = scene.pattern(&text(words, 0))?;
        Ok(pattern.matches(&text(words, 1)).into())
    }),
    Entry::new("regexReplaceAll", THREE_TEXTS, |scene, words| {
        let pattern = scene.pattern(&text(words, 0))?;
        Ok(pattern.replace_all(&text(words, 2), &text(words, 1)).into())
    }),
    Entry::new("replaceAll", THREE_TEXTS, |_, words| {
        Ok(text(words, 2)
            .replace(&text(words, 0), &text(words, 1))
            .into())
    }),
    Entry::new("split", TWO_TEXTS, |_, words| Ok(split(words))),
    Entry::new("splitToMap", THREE_TEXTS, |_, words| {
        Ok(split_to_map(words))
    }),
    Entry::new("toLower", TEXT, |_, words| {
        Ok(each(&text(words, 0), |c| only(c, c.to_lowercase())).into())
    }),
    Entry::new(
        "toTitle",
        TEXT,
        |_, words| Ok(title(&text(words, 0)).into()),
    ),
    Entry::new("toUpper", TEXT, |_, words| {
        Ok(each(&text(words, 0), upper).into())
    }),
    Entry::new("trim", TWO_TEXTS, |_, words| {
        let cut = text(words, 0);
        Ok(text(words, 1).trim_matches(|c| cut.contains(c)).into())
    }),
    Entry::new("trimPrefix", TWO_TEXTS, |_, words| {
        let value = text(words, 1);
        Ok(value.strip_prefix(&text(words, 0)).unwrap_or(&value).into())
    }),
    Entry::new("trimSpace", TEXT, |_, words| {
        Ok(text(words, 0).trim().into())
    }),
    Entry::new("trimSuffix", TWO_TEXTS, |_, words| {
        let value = text(words, 1);
        Ok(value.strip_suffix(&text(words, 0)).unwrap_or(&value).into())
    }),
];

/// `default D V` of ContainerPilot: V if it is a text that is not empty, else D as a text.
fn default(words: &[Value]) -> Value {
    let value = text(words, 1);
    if value.is_empty() {
        argument(words, 0).to_string().into()
    } else {
        value.into()
    }
}

/// `executeTemplate NAME [DOT]`: what a template of this text comes to, as a text.
pub(super) fn execute_template(scene: &Scene<'_>, words: &[Value]) -> Result {
    if words.len() > 2 {
        return Err(wrong_number("executeTemplate", "1 or 2", words));
    }
    let output = scene.execute(&text(words, 0), argument(words, 1))?;
    Ok(output.into())
}

/// Wider than any page, and far from filling the memory.
const WIDEST_INDENT: i64 = 10_000;

fn indent(_: &Scene<'_>, words: &[Value]) -> Result {
    let spaces = argument(words, 0).as_int().unwrap_or_default();
    let spaces = match spaces {
        ..0 => return Err("indent value must be a positive integer".to_owned()),
        0..=WIDEST_INDENT => " ".repeat(usize::try_from(spaces).unwrap_or_default()),
        _ => return Err(format!("indent: cannot indent by {spaces}: too far")),
    };
    let value = text(words, 1);
    let lines = value.split_inclusive('\n').flat_map(|line| {
        let spaces = if line == "\n" { "" } else { spaces.as_str() };
        [spaces, line]
    });
    Ok(lines.collect::<String>().into())
}

fn join(words: &[Value]) -> Value {
    let items = argument(words, 1)
        .as_list()
        .into_iter()
        .flat_map(List::iter);
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    items.join(&text(words, 0)).into()
}

fn split(words: &[Value]) -> Value {
    let (separator, value) = (text(words, 0), text(words, 1));
    let value = value.trim();
    if value.is_empty() {
        return List::strings::<&str>([]).into();
    }
    if separator.is_empty() {
        return List::strings(value.chars().map(String::from)).into();
    }
    List::strings(value.split(&separator)).into()
}

/// `splitToMap SEPARATOR BETWEEN TEXT`; what has nothing between key and value is left out.
fn split_to_map(words: &[Value]) -> Value {
    let (separator, between, value) = (text(words, 0), text(words, 1), text(words, 2));
    let value = value.trim();
    let pieces: Vec<&str> = match (value.is_empty(), separator.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec![value],
        (false, false) => value.split(&separator).collect(),
    };
    let entries = pieces.iter().filter_map(|piece| piece.split_once(&between));
    Map::strings(entries).into()
}

/// Maps characters one to one, as Go does: what has no single counterpart stays.
fn each(text: &str, map: impl Fn(char) -> char) -> String {
    text.chars().map(map).collect()
}

fn only(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn upper(c: char) -> char {
    only(c, c.to_uppercase())
}

/// Raises the first letter of every word, where even an apostrophe begins a word.
fn title(text: &str) -> String {
    let mut begins = true;
    let raise = |c: char| {
        let raised = if begins { upper(c) } else { c };
        begins = match c {
            '_' => false,
            c if c.is_ascii() => !c.is_ascii_alphanumeric(),
            c => !c.is_alphanumeric() && c.is_whitespace(),
        };
        raised
    };
    text.chars().map(raise).collect()
}
