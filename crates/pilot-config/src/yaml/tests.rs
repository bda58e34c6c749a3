//! The reader against that of JSON5, and on what only YAML has.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::{json5, value::Member};

/// Writes a tree without its places, for a comparison in which NaN is like NaN.
fn plain(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Number(number) => format!("{number:?}"),
        Kind::Text(text) => format!("{text:?}"),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Object(members) => {
            let pair = |member: &Member| format!("{}: {}", member.key.value, plain(&member.value));
            let members: Vec<String> = members.iter().map(pair).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn said(text: &str) -> String {
    match parse(text) {
        Ok(value) => plain(&value),
        Err(errors) => {
            let line = |error: &SyntaxError| {
                let hint = error.hint.as_ref().map(|hint| format!(" ({hint})"));
                format!(
                    "{}: {}{}",
                    error.offset,
                    error.reason,
                    hint.unwrap_or_default()
                )
            };
            errors.iter().map(line).collect::<Vec<_>>().join("; ")
        }
    }
}

fn table(texts: &[&str]) -> String {
    let line = |text: &&str| format!("{text:?}\n  {}\n", said(text));
    texts.iter().map(line).collect()
}

#[test]
fn scalars_are_those_of_the_core_schema() {
    let texts = [
        "[~, null, Null, NULL, nULL, 'null', \"\"]",
        "[true, True, TRUE, false, yes, no, on, off, y, 'true']",
        "[0, 1, -2, +3, 010, 0o17, 0x1F, -0x1F, 0x, 0b1, 1_000, 12:30, '1']",
        "[1.5, .5, 6., -.5, 1e3, 1E-3, 1.5e+2, ., +, e3, 1e, 1.2.3, .e3, 1.10]",
        "[.inf, -.inf, +.INF, .nan, inf, Infinity, NaN]",
        "[2026-11-21, 10.0.0.1, 5s, a b, 0.0.0.0:80, http://a/b#c]",
        "a: 70000\nb: 0xffffffffff\nc: 123456789012345678",
        "1e999",
        "|\n  a\n  b\n",
        ">-\n  a\n  b\n",
        "[!!str 1, !!int 2, !!float 3, !!bool true, !!null '', ! 4, !!int x, !foo 5, !!binary YQ==]",
        "!!map {a: !!seq [1], b: !!set {c}}",
    ];
    expect![[r#"
        "[~, null, Null, NULL, nULL, 'null', \"\"]"
          [null, null, null, null, "nULL", "null", ""]
        "[true, True, TRUE, false, yes, no, on, off, y, 'true']"
          [true, true, true, false, "yes", "no", "on", "off", "y", "true"]
        "[0, 1, -2, +3, 010, 0o17, 0x1F, -0x1F, 0x, 0b1, 1_000, 12:30, '1']"
          [0.0, 1.0, -2.0, 3.0, 10.0, "0o17", 31.0, "-0x1F", "0x", "0b1", "1_000", "12:30", "1"]
        "[1.5, .5, 6., -.5, 1e3, 1E-3, 1.5e+2, ., +, e3, 1e, 1.2.3, .e3, 1.10]"
          [1.5, 0.5, 6.0, -0.5, 1000.0, 0.001, 150.0, ".", "+", "e3", "1e", "1.2.3", ".e3", 1.1]
        "[.inf, -.inf, +.INF, .nan, inf, Infinity, NaN]"
          [inf, -inf, inf, NaN, "inf", "Infinity", "NaN"]
        "[2026-11-21, 10.0.0.1, 5s, a b, 0.0.0.0:80, http://a/b#c]"
          ["2026-11-21", "10.0.0.1", "5s", "a b", "0.0.0.0:80", "http://a/b#c"]
        "a: 70000\nb: 0xffffffffff\nc: 123456789012345678"
          {a: 70000.0, b: 1099511627775.0, c: 1.2345678901234568e17}
        "1e999"
          0: the number 1e999 is too large
        "|\n  a\n  b\n"
          "a\nb\n"
        ">-\n  a\n  b\n"
          "a b"
        "[!!str 1, !!int 2, !!float 3, !!bool true, !!null '', ! 4, !!int x, !foo 5, !!binary YQ==]"
          59: this is no `!!int`; 68: cannot use the tag `!foo`: it has no meaning here; 76: cannot use the tag `!!binary`: it has no meaning here
        "!!map {a: !!seq [1], b: !!set {c}}"
          24: cannot use the tag `!!set`: it has no meaning here
    "#]].assert_eq(&table(&texts));
}

#[test]
fn keys_are_text_and_stand_once() {
    let texts = [
        "yes: 1\non: 2\n'3': 3\n? d\n: 4\n\"<<\": 5",
        "1: a\ntrue: b\n~: c\n: d\n",
        "? [a]\n: b\n? {c: d}\n: e",
        "{{ .NAME }}: 1",
        "a: 1\nb: 2\na: 3\n",
        "x:\n  é: 1\n  é: 2\n  é: 3\n",
    ];
    expect![[r#"
        "yes: 1\non: 2\n'3': 3\n? d\n: 4\n\"<<\": 5"
          {yes: 1.0, on: 2.0, 3: 3.0, d: 4.0, <<: 5.0}
        "1: a\ntrue: b\n~: c\n: d\n"
          0: a key must be text, and this is a number (put it in quotes); 5: a key must be text, and this is a truth value (put it in quotes); 13: a key is missing; 18: a key is missing
        "? [a]\n: b\n? {c: d}\n: e"
          2: a key must be text, and this is a list; 12: a key must be text, and this is a mapping (a text that begins with `{` needs quotes)
        "{{ .NAME }}: 1"
          1: a key must be text, and this is a mapping (a text that begins with `{` needs quotes); 0: a key must be text, and this is a mapping (a text that begins with `{` needs quotes)
        "a: 1\nb: 2\na: 3\n"
          10: the key `a` is given twice (the first one is at 1:1)
        "x:\n  é: 1\n  é: 2\n  é: 3\n"
          13: the key `é` is given twice (the first one is at 2:3); 21: the key `é` is given twice (the first one is at 3:3)
    "#]].assert_eq(&table(&texts));
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let texts = [
        "a: &x {b: 1}\nc: *x\nd: [*x, *x]",
        "a: &x 1\nb: &x 2\nc: *x",
        "base: &b {name: b, port: 1, env: {A: 1}}\njob:\n  <<: *b\n  name: j\n",
        "job:\n  name: j\n  <<: [{name: a, x: 1}, {x: 2, y: 3}]\n",
        "<<: 5",
        "<<: [a]",
        "<<: {a: 1}\n<<: {b: 2}",
        "a: *nobody",
        "a: &a [1, *a]",
        "a: &a {b: &b [*a]}",
        "&k key: *k",
    ];
    expect![[r#"
        "a: &x {b: 1}\nc: *x\nd: [*x, *x]"
          {a: {b: 1.0}, c: {b: 1.0}, d: [{b: 1.0}, {b: 1.0}]}
        "a: &x 1\nb: &x 2\nc: *x"
          {a: 1.0, b: 2.0, c: 2.0}
        "base: &b {name: b, port: 1, env: {A: 1}}\njob:\n  <<: *b\n  name: j\n"
          {base: {name: "b", port: 1.0, env: {A: 1.0}}, job: {name: "j", port: 1.0, env: {A: 1.0}}}
        "job:\n  name: j\n  <<: [{name: a, x: 1}, {x: 2, y: 3}]\n"
          {job: {name: "j", x: 1.0, y: 3.0}}
        "<<: 5"
          4: `<<` takes a mapping, or a list of mappings
        "<<: [a]"
          5: `<<` takes a mapping, or a list of mappings
        "<<: {a: 1}\n<<: {b: 2}"
          11: the key `<<` is given twice (the first one is at 1:1)
        "a: *nobody"
          3: while parsing node, found unknown anchor (a text that begins with `*` needs quotes)
        "a: &a [1, *a]"
          10: an alias cannot stand within what it names
        "a: &a {b: &b [*a]}"
          14: an alias cannot stand within what it names
        "&k key: *k"
          {key: "key"}
    "#]]
    .assert_eq(&table(&texts));
}

#[test]
fn a_billion_laughs_are_cut_short() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    expect!["270: the aliases stand for more than 262144 values and characters (an alias is a copy of all that its anchor names)"].assert_eq(&said(&text));
    let long = "x".repeat(MOST_COPIED);
    expect!["262154: the aliases stand for more than 262144 values and characters (an alias is a copy of all that its anchor names)"].assert_eq(&said(&format!("a: &a {long}\nb: *a\n")).replace(&long, "x…"));
}

#[test]
fn nesting_has_the_limit_of_json5() {
    let flow = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&flow(128)).is_ok());
    expect!["128: exceeded max depth of 128"].assert_eq(&said(&flow(129)));
    assert!(parse(&"- ".repeat(128)).is_ok());
    expect!["256: exceeded max depth of 128"].assert_eq(&said(&"- ".repeat(100_000)));
    expect!["255: recursion limit exceeded"].assert_eq(&said(&"[".repeat(100_000)));
    let chain = format!(
        "a: &a {}\nb: {}*a{}",
        flow(100),
        "[".repeat(28),
        "]".repeat(28)
    );
    expect!["105: exceeded max depth of 128"].assert_eq(&said(&chain));
}

#[test]
fn one_text_holds_one_document() {
    let texts = [
        "",
        "# nothing\n",
        "---\n",
        "---\na: 1\n...\n",
        "a: 1\n---\nb: 2\n",
        "--- a\n--- b\n",
        "\u{feff}a: 1\r\nb: [1,\r\n 2]\r\n",
        "%YAML 1.2\n---\na: 1",
    ];
    expect![[r##"
        ""
          null
        "# nothing\n"
          null
        "---\n"
          null
        "---\na: 1\n...\n"
          {a: 1.0}
        "a: 1\n---\nb: 2\n"
          5: a second document begins (one file is one configuration; a directory may hold several files)
        "--- a\n--- b\n"
          6: a second document begins (one file is one configuration; a directory may hold several files)
        "\u{feff}a: 1\r\nb: [1,\r\n 2]\r\n"
          {a: 1.0, b: [1.0, 2.0]}
        "%YAML 1.2\n---\na: 1"
          {a: 1.0}
    "##]].assert_eq(&table(&texts));
}

#[test]
fn mistakes_are_told_with_what_may_be_behind_them() {
    let texts = [
        "jobs:\n\t- name: a\n",
        "jobs:\n  - name: a\n\t  port: 1\n",
        "jobs: [\n\t1\n]",
        "a: b: c\n",
        "a: 'x\nb: 1\n",
        "a: \"x\n",
        "a: [1, 2\nb: 3\n",
        "a: {b: 1\n",
        "a:\n  b: 1\n c: 2\n",
        "jobs:\n  - name: x\n   exec: y\n",
        "  a: 1\nb: 2\n",
        "a: *\n",
        "a: @b\n",
        "a: `b`\n",
        "a: %b\n",
        "when: * * * * *\n",
        "a: \"\\q\"\n",
        "- a\nb: 1\n",
        "a: 1}\n",
        "{a: 1}}",
        "a: \0\n",
    ];
    expect![[r#"
        "jobs:\n\t- name: a\n"
          7: tabs disallowed within this context (block indentation) (line 2 is indented with a tab, and YAML takes only spaces)
        "jobs:\n  - name: a\n\t  port: 1\n"
          16: while scanning a plain scalar, found a tab (line 3 is indented with a tab, and YAML takes only spaces)
        "jobs: [\n\t1\n]"
          9: tabs disallowed within this context (block indentation) (line 2 is indented with a tab, and YAML takes only spaces)
        "a: b: c\n"
          4: mapping values are not allowed in this context (a text with `: ` in it needs quotes; or the line before it is not closed)
        "a: 'x\nb: 1\n"
          3: invalid indentation in quoted scalar (the quote that begins here may not be closed)
        "a: \"x\n"
          3: while scanning a quoted scalar, found unexpected end of stream (the quote that begins here is not closed)
        "a: [1, 2\nb: 3\n"
          10: illegal placement of ':' indicator (a comma may be missing, or the bracket that closes the list or the mapping)
        "a: {b: 1\n"
          9: while parsing a flow mapping, did not find expected ',' or '}' (a comma may be missing, or the bracket that closes the list or the mapping)
        "a:\n  b: 1\n c: 2\n"
          11: while parsing a block mapping, did not find expected key (the line is indented like none of those it could belong to)
        "jobs:\n  - name: x\n   exec: y\n"
          21: while parsing a block collection, did not find expected '-' indicator (the line is indented like none of those it could belong to)
        "  a: 1\nb: 2\n"
          7: did not find expected <document start> (the line is indented like none of those it could belong to)
        "a: *\n"
          3: while scanning an anchor or alias, did not find expected alphabetic or numeric character (a text that begins with `*` or `&` needs quotes)
        "a: @b\n"
          3: unexpected character: `@' (a text that begins with this character needs quotes)
        "a: `b`\n"
          3: unexpected character: ``' (a text that begins with this character needs quotes)
        "a: %b\n"
          3: unexpected character: `%' (a text that begins with this character needs quotes)
        "when: * * * * *\n"
          6: while scanning an anchor or alias, did not find expected alphabetic or numeric character (a text that begins with `*` or `&` needs quotes)
        "a: \"\\q\"\n"
          3: while parsing a quoted scalar, found unknown escape character
        "- a\nb: 1\n"
          4: while parsing a block collection, did not find expected '-' indicator (the line is indented like none of those it could belong to)
        "a: 1}\n"
          {a: "1}"}
        "{a: 1}}"
          6: misplaced bracket
        "a: \0\n"
          3: found unprintable character
    "#]].assert_eq(&table(&texts));
}

#[test]
fn knows_where_everything_is() {
    let text = "é: ü\njobs:\n  - name: 'ä'\n    exec: [x, y]\n    port:\n  - &w\n    <<: {a: 1}\n    tags: |\n      t\nend: {b: 1}\n";
    let mut shown = String::new();
    walk(&parse(text).unwrap(), text, &mut shown);
    expect![[r#"
        "é: ü\njobs:\n  - name: 'ä'\n    exec: [x, y]\n    port:\n  - &w\n    <<: {a: 1}\n    tags: |\n      t\nend: {b: 1}"
        é: "ü"
        jobs: "- name: 'ä'\n    exec: [x, y]\n    port:\n  - &w\n    <<: {a: 1}\n    tags: |\n      t\n"
        "name: 'ä'\n    exec: [x, y]\n    port"
        name: "'ä'"
        exec: "[x, y]"
        "x"
        "y"
        port: ""
        "&w\n    <<: {a: 1}\n    tags: |\n      t"
        tags: "t"
        a: "1"
        end: "{b: 1}"
        b: "1"
    "#]].assert_eq(&shown);
}

fn walk(value: &Value, text: &str, shown: &mut String) {
    *shown += &format!("{:?}\n", &text[value.span.start..value.span.end]);
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| walk(item, text, shown)),
        Kind::Object(members) => {
            for member in members {
                *shown += &format!("{}: ", &text[member.key.span.start..member.key.span.end]);
                walk(&member.value, text, shown);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {}
    }
}

/// A value, and how to write it: as JSON5, and as YAML in lines of their own or in brackets.
#[derive(Clone, Debug)]
enum Sample {
    Leaf { json5: String, yaml: String },
    List(Vec<Sample>),
    Object(Vec<(String, Sample)>),
}

impl Sample {
    fn text(text: &str) -> Self {
        let quoted = serde_json::to_string(text).unwrap();
        Self::Leaf {
            json5: quoted.clone(),
            yaml: quoted,
        }
    }

    fn json5(&self) -> String {
        match self {
            Self::Leaf { json5, .. } => json5.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::json5).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let pair = |(key, value): &(String, Self)| format!("\"{key}\":{}", value.json5());
                let members: Vec<String> = members.iter().map(pair).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Writes what follows a key or a dash at this indentation.
    fn yaml(&self, indent: usize) -> String {
        let blank = " ".repeat(indent);
        match self {
            Self::Leaf { yaml, .. } => format!(" {yaml}\n"),
            Self::List(items) if items.is_empty() => " []\n".to_owned(),
            Self::Object(members) if members.is_empty() => " {}\n".to_owned(),
            Self::List(items) => {
                let item = |item: &Self| format!("{blank}-{}", item.yaml(indent + 2));
                format!("\n{}", items.iter().map(item).collect::<String>())
            }
            Self::Object(members) => {
                let member = |(key, value): &(String, Self)| {
                    format!("{blank}{key}:{}", value.yaml(indent + 1))
                };
                format!("\n{}", members.iter().map(member).collect::<String>())
            }
        }
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let same = prop::sample::select(vec![
        "null", "true", "false", "0", "-1", "1.5", "1e3", "0x1F", ".5", "6.", "70000",
    ]);
    let leaf = prop_oneof![
        same.prop_map(|word| Sample::Leaf {
            json5: word.to_owned(),
            yaml: word.to_owned()
        }),
        "[ -~éü\n\t]{0,12}".prop_map(|text| Sample::text(&text)),
        "[a-z]{1,3}( [a-z]{1,3}){0,2}[xz]".prop_map(|text| Sample::Leaf {
            json5: format!("'{text}'"),
            yaml: text
        }),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let members = prop::collection::btree_map("[b-m]{1,5}_", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Sample::List),
            members.prop_map(|members| Sample::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn says_the_same_as_json5(sample in sample()) {
        let json5 = plain(&json5::parse(&sample.json5()).unwrap());
        let yaml = sample.yaml(0);
        prop_assert_eq!(&said(&yaml), &json5, "{}", yaml);
        // What is JSON is YAML too.
        prop_assert_eq!(&said(&sample.json5()), &json5, "{}", sample.json5());
    }

    #[test]
    fn never_panics(text in "[-a-b:,?{}\\[\\]&*!|>'\"%@#~<.0-9 \n\té]{0,60}") {
        if let Ok(value) = parse(&text) {
            walk(&value, &text, &mut String::new());
        }
    }
}
