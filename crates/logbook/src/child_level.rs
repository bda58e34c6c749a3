//! The level that a child's own JSON line states.

use crate::Level;

/// The level of a line that is a JSON object with a known word at its top-level key `level`.
///
/// It looks no further than that key: an object that goes wrong after it has a level all the same.
pub(crate) fn child_level(line: &[u8]) -> Option<Level> {
    let line = line.trim_ascii();
    let inside = line.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut rest = inside.trim_ascii_start();
    while !rest.is_empty() {
        let (key, after) = string(rest)?;
        let value = after.trim_ascii_start().strip_prefix(b":")?;
        let value = value.trim_ascii_start();
        if key == b"level" {
            return string(value).and_then(|(word, _)| level(word));
        }
        let after = past_value(value)?.trim_ascii_start();
        rest = match after.strip_prefix(b",") {
            Some(next) => next.trim_ascii_start(),
            None => return None,
        };
    }
    None
}

/// The words of the common logging libraries.
fn level(word: &[u8]) -> Option<Level> {
    let word = std::str::from_utf8(word).ok()?.to_ascii_lowercase();
    match word.as_str() {
        "trace" | "debug" => Some(Level::Debug),
        "info" | "information" | "notice" => Some(Level::Info),
        "warn" | "warning" => Some(Level::Warn),
        "err" | "error" => Some(Level::Error),
        "alert" | "crit" | "critical" | "emerg" | "emergency" | "fatal" | "panic" => {
            Some(Level::Fatal)
        }
        _ => None,
    }
}

/// Splits a string, still escaped, from what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inside.get(at..)?)?;
        if inside[at] == b'"' {
            return Some((&inside[..at], &inside[at + 1..]));
        }
        at += 2;
    }
}

/// What follows a value.
fn past_value(text: &[u8]) -> Option<&[u8]> {
    match text.first()? {
        b'"' => string(text).map(|(_, rest)| rest),
        b'{' | b'[' => past_brackets(text),
        _ => {
            let end = text.iter().position(|byte| b",]}".contains(byte));
            Some(&text[end.unwrap_or(text.len())..])
        }
    }
}

/// What follows a value in brackets, whatever is in it.
fn past_brackets(mut text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_u32;
    loop {
        match text.first()? {
            b'"' => {
                text = string(text)?.1;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        text = &text[1..];
        if depth == 0 {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn known_words_are_taken_from_the_top_of_an_object() {
        for (line, expected) in [
            (r#"{"level":"warn","msg":"x"}"#, Some(Level::Warn)),
            (r#" {"level":"ERROR"} "#, Some(Level::Error)),
            (
                r#"{"a":{"level":"error"},"level" : "debug"}"#,
                Some(Level::Debug),
            ),
            (
                r#"{"a":["]","\"",{}],"b":-1.5e3,"level":"fatal"}"#,
                Some(Level::Fatal),
            ),
            (r#"{"msg":"\\","level":"info"}"#, Some(Level::Info)),
            (r#"{"msg":"\"level\":\"error\""}"#, None),
            (r#"{"a":{"level":"error"}}"#, None),
            (r#"{"level":30}"#, None),
            (r#"{"level":"loud"}"#, None),
            (r#"["level","warn"]"#, None),
            ("{}", None),
            ("{", None),
            ("", None),
            ("level=warn", None),
            (r#"{"msg":"cut in the mid"#, None),
            (r#"{"a":"\"#, None),
            (r#"{"a":[[[}"#, None),
            (r#"{"a"}"#, None),
        ] {
            assert_eq!(child_level(line.as_bytes()), expected, "{line}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\],: \n]{0,8}".prop_map(Value::from),
            Just(json!("error")),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let key = prop_oneof![Just("level".to_owned()), "[a-z\"\\\\]{0,4}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_whole_parser(value in value()) {
            let expected = value
                .as_object()
                .and_then(|object| object.get("level")?.as_str())
                .and_then(|word| level(word.as_bytes()));
            prop_assert_eq!(child_level(value.to_string().as_bytes()), expected);
        }

        #[test]
        fn survives_anything(line in prop::collection::vec(any::<u8>(), 0..64)) {
            child_level(&line);
            child_level(&[b"{", line.as_slice(), b"}"].concat());
        }
    }
}
