//! No text makes the loader panic.

use pilot_config::Source;
use proptest::prelude::*;

use crate::harness::{load, load_sources};

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "jobs",
    "name",
    "when",
    "once",
    "each",
    "source",
    "all",
    "any",
    "event",
    "\"a\"",
    "\"b\"",
    "\"startup\"",
    "\"healthy\"",
    "\"watch.a\"",
    "exec",
    "port",
    "health",
    "interval",
    "ttl",
    "timeout",
    "1",
    "-1",
    "1e9",
    "0x10",
    "\"1s\"",
    "\"xx\"",
    "consul",
    "catalog",
    "\"none\"",
    "telemetry",
    "metrics",
    "watches",
    "templates",
    "destination",
    "contents",
    "wait",
    "onChange",
    "restarts",
    "backoff",
    "null",
    "true",
    "[]",
    "{}",
    "//",
    "/*",
    "*/",
    "\n",
    "\u{2028}",
    "é",
    "\\",
    "{{",
    "}}",
    ".A",
    "loop",
    "$",
    "\t",
];

/// Any value with keys and texts of the schema, so that decoding and checking see much of it.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(WORDS).prop_map(|word| {
        let plain = word.chars().all(char::is_alphanumeric);
        if plain && word.parse::<f64>().is_err() {
            format!("\"{word}\"")
        } else {
            word.to_owned()
        }
    });
    leaf.prop_recursive(5, 40, 5, |inner| {
        let is_key = |word: &&&str| word.chars().all(|c| c.is_ascii_alphabetic());
        let keys: Vec<&str> = WORDS.iter().filter(is_key).copied().collect();
        let key = prop::sample::select(keys);
        let members = prop::collection::vec((key, inner.clone()), 0..6);
        let object = members.prop_map(|members| {
            let members = members.iter().map(|(key, value)| format!("{key}: {value}"));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        });
        let list =
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        prop_oneof![3 => object, 2 => list]
    })
}

/// A job in which anything may be wrong.
fn job() -> impl Strategy<Value = String> {
    let event = prop::sample::select(vec![
        "exitSuccess",
        "healthy",
        "stopping",
        "stopped",
        "changed",
        "startup",
    ]);
    let name = || {
        prop::sample::select(vec![
            "a", "b", "c", "watch.a", "check.b", "global", "SIGHUP",
        ])
    };
    (name(), name(), event, value()).prop_map(|(name, source, event, extra)| {
        format!("{{ name: \"{name}\", exec: \"x\", when: {{ source: \"{source}\", once: \"{event}\" }}, health: {extra} }}")
    })
}

/// A member of the top level, as JSON5 and as YAML.
fn member() -> impl Strategy<Value = (String, bool)> {
    let sections = [
        "jobs",
        "watches",
        "logging",
        "consul",
        "catalog",
        "control",
        "telemetry",
        "templates",
        "services",
        "tasks",
        "é",
    ];
    let section = prop::sample::select(sections.to_vec());
    (section, value(), any::<bool>()).prop_map(|(key, value, is_yaml)| {
        let text = if is_yaml {
            format!("{key}: {value}\n")
        } else {
            format!("{{ {key}: {value} }}")
        };
        (text, is_yaml)
    })
}

proptest! {
    #[test]
    fn any_files_are_answered(members in prop::collection::vec(member(), 0..4)) {
        let named = members.iter().map(|(text, is_yaml)| Source {
            name: if *is_yaml { "app.yaml" } else { "app.json5" },
            text,
        });
        let sources: Vec<Source<'_>> = named.collect();
        match load_sources(&sources, &[], &[]) {
            Ok(config) => config.overrides.iter().for_each(|one| assert!(!one.to_string().is_empty())),
            Err(problems) => assert!(!problems.to_string().is_empty()),
        }
    }

    #[test]
    fn any_text_is_answered_as_yaml(text in "[-a-z:, \\n\\té\\[\\]{}&*!|'\"]{0,60}") {
        let name = "app.yaml";
        let _ = load_sources(&[Source { name, text: &text }], &[], &[]).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_text_is_answered(text in ".*") {
        let _ = load(&text).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_sequence_of_words_is_answered(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        let _ = load(&words.concat()).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_value_is_answered(value in value()) {
        let _ = load(&value).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_jobs_are_answered(jobs in prop::collection::vec(job(), 0..6)) {
        let text = format!("{{ consul: \"c:1\", watches: [{{ name: \"a\" }}], jobs: [{}] }}", jobs.join(", "));
        let _ = load(&text).map_err(|problems| problems.to_string());
    }
}
