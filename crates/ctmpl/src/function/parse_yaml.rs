//! `parseYAML`: values out of YAML, with the types that Go programs of its first version read.

use std::collections::{BTreeMap, HashMap};

use go_template::{Element, List, Map, Text, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Entry, Result, TEXT, text};

pub(super) const ALL: &[Entry] = &[Entry::new("parseYAML", TEXT, |_, words| {
    let text = text(words, 0);
    if text.is_empty() {
        return Ok(Map::new(Element::Any, []).into());
    }
    let mut reader = Reader::new(&text);
    reader.document().map_err(|error| format!("yaml: {error}"))
})];

/// How deep lists and maps may lie in each other, which takes stack to walk and to drop.
const DEEPEST: usize = 100;

/// How many values all aliases may stand for together: whoever writes them out meets every one.
const MOST_COPIED: usize = 1 << 18;

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    /// What an anchor names, and how many values that is.
    anchors: HashMap<usize, (Value, usize)>,
    /// How many values were read, copies counted.
    count: usize,
    /// How many of them are copies.
    copied: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            anchors: HashMap::new(),
            count: 0,
            copied: 0,
            depth: 0,
        }
    }

    fn next(&mut self) -> Result<Event<'t>> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => {
                let at = error.marker();
                let (line, column) = (at.line(), at.col() + 1);
                Err(format!("line {line}, column {column}: {}", error.info()))
            }
            None => Ok(Event::StreamEnd),
        }
    }

    /// Reads the first document; a text without any is nil.
    fn document(&mut self) -> Result {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(Value::Nil),
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                event @ (Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd) => return self.value(event),
            }
        }
    }

    /// Reads the value that begins with an event.
    fn value(&mut self, event: Event<'t>) -> Result {
        let before = self.count;
        self.count += 1;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref())?, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.nested(Self::list)?, anchor),
            Event::MappingStart(anchor, _) => (self.nested(Self::map)?, anchor),
            Event::Alias(anchor) => return self.copy(anchor),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err("a value is missing".to_owned()),
        };
        if anchor > 0 {
            let size = self.count - before;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Result) -> Result {
        if self.depth == DEEPEST {
            return Err(format!("nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(items.into_iter().collect::<List>().into());
            }
            items.push(self.value(event)?);
        }
    }

    fn map(&mut self) -> Result {
        let (mut entries, mut merged) = (BTreeMap::new(), Vec::new());
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let (key, is_merge) = if let Event::Scalar(text, style, ..) = &event {
                let is_merge = text == "<<" && *style == ScalarStyle::Plain;
                (Text::from(&**text), is_merge)
            } else {
                (self.value(event)?.to_string().into(), false)
            };
            let event = self.next()?;
            let value = self.value(event)?;
            if is_merge {
                merged.push(value);
            } else {
                entries.insert(key, value);
            }
        }
        for value in merged {
            merge(&mut entries, &value)?;
        }
        Ok(entries.into_iter().collect::<Map>().into())
    }

    /// Gives what an alias stands for.
    fn copy(&mut self, anchor: usize) -> Result {
        let known = self.anchors.get(&anchor).cloned();
        let (value, size) = known.ok_or("an alias cannot stand within what it names")?;
        self.count += size;
        self.copied += size;
        if self.copied > MOST_COPIED {
            return Err(format!(
                "the aliases stand for more than {MOST_COPIED} values"
            ));
        }
        Ok(value)
    }
}

/// Takes over what a map does not have itself, the first of several winning.
fn merge(entries: &mut BTreeMap<Text, Value>, value: &Value) -> Result<()> {
    if let Some(list) = value.as_list() {
        return list.iter().try_for_each(|item| merge(entries, &item));
    }
    let map = value
        .as_map()
        .ok_or("map merge requires map or sequence of maps as the value")?;
    for (key, value) in map.entries() {
        entries.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Ok(())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result {
    let tag = tag.filter(|tag| tag.is_yaml_core_schema());
    match tag.map(|tag| tag.suffix.as_str()) {
        Some("str") => Ok(text.into()),
        Some("float") => {
            let value = plain(text);
            Ok(value.as_int().map_or(value, |int| Value::Float(int as f64)))
        }
        Some(_) => Ok(plain(text)),
        None if style == ScalarStyle::Plain => Ok(plain(text)),
        None => Ok(text.into()),
    }
}

/// Reads a text without quotes: `yes` and `on` are truths here.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Nil,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => number(text).unwrap_or_else(|| text.into()),
    }
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let digits = text.replace('_', "");
    let (sign, size) = match digits.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let based = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let (size, radix) = based
        .iter()
        .find_map(|(prefix, radix)| {
            let rest = size.strip_prefix(prefix)?;
            (!rest.is_empty()).then_some((rest, *radix))
        })
        .unwrap_or((size, 10));
    if size.chars().all(|c| c.is_digit(radix)) && !size.is_empty() {
        let int = i128::from_str_radix(size, radix).ok()?.checked_mul(sign)?;
        let int_or_uint = i64::try_from(int).map(Value::Int);
        return int_or_uint
            .or_else(|_| u64::try_from(int).map(Value::Uint))
            .ok()
            .or(Some(Value::Float(int as f64)));
    }
    let is_float = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    is_float.then(|| digits.parse().ok().map(Value::Float))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = Reader::new(text).document();
        let shown = read.map_or_else(|error| error, |value| format!("{value:?}"));
        assert_eq!(shown, expected);
    }

    #[test]
    fn scalars_have_types() {
        check(
            "[1, -0x1f, 0o17, 017, 1_000, 1.5, 1e3, 12e, yes, Off, ~, 'yes', 2024-01-02, 1.2.3, !!str 1]",
            "[]interface {}{1, -31, 15, 15, 1000, 1.5, 1000, \"12e\", true, false, interface {}(nil), \
             \"yes\", \"2024-01-02\", \"1.2.3\", \"1\"}",
        );
        check("18446744073709551615", "0xffffffffffffffff");
        check("# nothing\n", "<nil>");
    }

    #[test]
    fn maps_lists_anchors_and_merges() {
        check(
            "base: &b {x: 1, y: [a]}\nmore:\n  <<: *b\n  x: 2\n1: one\n",
            "map[string]interface {}{\"1\":\"one\", \
             \"base\":map[string]interface {}{\"x\":1, \"y\":[]interface {}{\"a\"}}, \
             \"more\":map[string]interface {}{\"x\":2, \"y\":[]interface {}{\"a\"}}}",
        );
    }

    #[test]
    fn what_is_wrong_or_endless_is_said() {
        check(
            "a: [",
            "line 2, column 1: while parsing a node, did not find expected node content",
        );
        check("a: &a [*a]", "an alias cannot stand within what it names");
        let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            laughs += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        check(&laughs, "the aliases stand for more than 262144 values");
        check(&"- ".repeat(10_000), "nested more than 100 deep");
        check(
            &"[".repeat(10_000),
            "line 1, column 256: recursion limit exceeded",
        );
    }
}
