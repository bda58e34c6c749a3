//! No template may panic or exhaust the stack, however strange.

#[path = "json/value.rs"]
mod json;

use std::thread;

use go_template::{Error, Functions, MissingKey, Options, Stage, Template, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// The stack threads of a Rust program usually get.
const STACK: usize = 2 * 1024 * 1024;

fn render(text: &str, data: &Value) -> Result<String, Error> {
    Template::parse("", text, &Options::default(), &Functions::new())?.execute(data)
}

/// Renders on a thread of the usual stack, with room for a caller's own frames taken off.
fn render_on_thread(text: String) -> Result<String, Error> {
    let thread = thread::Builder::new().stack_size(STACK);
    let rendered = thread.spawn(move || render(&text, &Value::Nil));
    rendered.expect("a thread").join().expect("no panic")
}

fn nested(open: &str, core: &str, close: &str, depth: usize) -> String {
    format!("{}{core}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn too_many_parentheses_are_an_error() {
    let error = render_on_thread(
        nested("{{(", "1", ")}}", 1).replace("1", &nested("(", "1", ")", 100_000)),
    );
    let error = error.expect_err("too deep");
    assert_eq!(
        (error.stage(), error.message()),
        (Stage::Parse, "max expression depth exceeded")
    );
}

#[test]
fn unclosed_parentheses_are_an_error() {
    let error = render_on_thread(format!("{{{{{}", "(".repeat(100_000))).expect_err("unclosed");
    assert_eq!(error.message(), "max expression depth exceeded");
}

#[test]
fn as_many_parentheses_as_anyone_writes_fit() {
    let deepest = nested("(print ", "1", ")", 200);
    assert_eq!(
        render_on_thread(format!("{{{{{deepest}}}}}")),
        Ok("1".to_owned())
    );
    let failing = nested("(print ", "(index 1 2)", ")", 199);
    let error = render_on_thread(format!("{{{{{failing}}}}}")).expect_err("an int has no elements");
    assert_eq!(
        error.message(),
        "error calling index: can't index item of type int"
    );
}

#[test]
fn blocks_nest_without_a_limit() {
    for open in [
        "{{if true}}",
        "{{with 1}}",
        "{{range 1}}",
        r#"{{block "b" .}}{{end}}{{if 1}}"#,
    ] {
        let text = nested(&open.replace(r#""b""#, "`b`"), "x", "{{end}}", 1000);
        assert!(
            render_on_thread(text).is_ok_and(|text| text == "x"),
            "{open}"
        );
    }
    let ladder = format!(
        "{{{{if false}}}}{}{{{{end}}}}",
        "{{else if false}}a".repeat(50_000)
    );
    assert_eq!(render_on_thread(ladder), Ok(String::new()));
    assert!(render_on_thread("{{if true}}".repeat(100_000)).is_err());
}

#[test]
fn endless_recursion_is_an_error() {
    for text in [
        r#"{{define "t"}}{{template "t"}}{{end}}{{template "t"}}"#,
        r#"{{define "t"}}{{range 2}}{{with 1}}{{template "t" .}}{{end}}{{end}}{{end}}{{template "t"}}"#,
        r#"{{define "a"}}{{template "b"}}{{end}}{{define "b"}}{{template "a"}}{{end}}{{template "a"}}"#,
    ] {
        let error = render_on_thread(text.to_owned()).expect_err("endless");
        assert_eq!(error.message(), "exceeded maximum template depth (100000)");
    }
}

#[test]
fn huge_widths_are_refused() {
    assert_eq!(
        render(r#"{{printf "%99999999d|%.9999999f" 1 2.5}}"#, &Value::Nil).unwrap(),
        "%!(NOVERB)%!(EXTRA int=1, float64=2.5)"
    );
    let precise = render(r#"{{printf "%.70000f" 0.5}}"#, &Value::Nil).unwrap();
    assert_eq!(
        (precise.len(), precise.trim_end_matches('0')),
        (70_002, "0.5")
    );
    let exponent = render(r#"{{printf "%.70000e %.70000g" 0.5 0.5}}"#, &Value::Nil).unwrap();
    assert!(exponent.ends_with("e-01 0.5"));
}

/// Pieces that templates are made of, so that random ones get past the lexer.
const PIECES: [&str; 72] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "\n",
    "text",
    "{{/*",
    "*/}}",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    "continue",
    "nil",
    "true",
    ".",
    "..",
    ".a",
    ".l",
    ".m.x",
    "$",
    "$x",
    "$x :=",
    "$i, $e :=",
    "$x =",
    "(",
    ")",
    "|",
    ",",
    "\"s\"",
    "`r`",
    "'c'",
    "\"%v %d %s %q %x\"",
    "\"%*[2]d%[9]s\"",
    "0",
    "1",
    "-7",
    "1.5",
    "1e9",
    "0x1p4",
    "1i",
    "9223372036854775807",
    "18446744073709551615",
    "and",
    "or",
    "not",
    "len",
    "index",
    "slice",
    "print",
    "printf",
    "println",
    "html",
    "js",
    "urlquery",
    "call",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "é",
    "\u{a0}",
    "\\",
    "\0",
];

/// Data small enough for nested loops to end.
fn data() -> Value {
    let json =
        r#"{"a": 1, "l": [1, "é", null, [2.5]], "m": {"x": {"y": true}}, "s": "häß", "n": null}"#;
    json::value(&serde_json::from_str(json).expect("JSON"))
}

fn templates() -> Vec<String> {
    let cases: Vec<Json> = serde_json::from_str(include_str!("vectors.json")).expect("JSON");
    let text = |case: &Json| case["template"].as_str().expect("a string").to_owned();
    cases.iter().map(text).collect()
}

fn survives(text: &str) {
    for missing_key in [MissingKey::Default, MissingKey::Zero, MissingKey::Error] {
        let options = Options {
            missing_key,
            ..Options::default()
        };
        if let Ok(template) = Template::parse("fuzz", text, &options, &Functions::new()) {
            let rendered = template.execute(&data());
            assert!(
                rendered.is_ok_and(|text| text.len() < 1 << 30)
                    || template.execute(&data()).is_err()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_in_any_order_do_not_panic(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24),
        spaced in any::<bool>(),
    ) {
        let text = pieces.join(if spaced { " " } else { "" });
        // Glued together, digits can make a loop that is legal and does not end.
        prop_assume!(!text.contains("range") || (spaced && !text.contains("9223")));
        survives(&text);
    }

    #[test]
    fn an_action_of_any_pieces_does_not_panic(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[15..]), 1..10),
    ) {
        survives(&format!("{{{{{}}}}}", pieces.join(" ")));
    }

    #[test]
    fn a_format_of_any_bytes_does_not_panic(
        format in r#"[%\[\]*.+#0 -9vTtbcdoqxXUeEfFgGsp!é]{0,16}"#,
        int in any::<i64>(),
        float in any::<f64>(),
    ) {
        let data = json::value(&serde_json::json!({ "i": int, "f": float, "s": "a\u{e9}", "l": [1, "x"], "n": null }));
        let text = format!("{{{{printf `{format}` .i .f .s .l .n $}}}}");
        prop_assert!(render(&text, &data).is_ok());
    }

    #[test]
    fn any_text_does_not_panic(text in "\\PC{0,40}") {
        survives(&text);
        survives(&format!("{{{{{text}}}}}"));
    }

    #[test]
    fn mutated_templates_do_not_panic(
        text in prop::sample::select(templates()),
        cut in any::<prop::sample::Index>(),
        length in 0usize..4,
        piece in prop::sample::select(&PIECES[..]),
    ) {
        let chars: Vec<char> = text.chars().collect();
        let cut = cut.index(chars.len() + 1);
        let (before, after) = chars.split_at(cut);
        let mutated: String = before.iter().copied().chain(piece.chars()).chain(after.iter().skip(length).copied()).collect();
        // One more digit can make a loop that is legal and does not end.
        prop_assume!(!mutated.contains("range") || !piece.contains(|c: char| c.is_ascii_digit()));
        survives(&mutated);
    }
}
