//! What the recorded cases leave open: scopes, positions, bytes, definitions.

#[path = "json/value.rs"]
mod json;

use expect_test::{Expect, expect};
use go_template::{Error, Functions, MissingKey, Options, Stage, Template, Value};

fn render(text: &str, data: &Value) -> Result<String, Error> {
    Template::parse("page", text, &Options::default(), &Functions::new())?.execute(data)
}

fn data(json: &str) -> Value {
    json::value(&serde_json::from_str(json).expect("JSON"))
}

#[track_caller]
fn check(text: &str, json: &str, expected: &str) {
    let rendered = render(text, &data(json)).map_err(|error| error.to_string());
    assert_eq!(rendered.as_deref(), Ok(expected), "{text}");
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "an expectation is written where it is used"
)]
#[track_caller]
fn check_error(text: &str, json: &str, expected: Expect) {
    let error = render(text, &data(json)).expect_err(text);
    expected.assert_eq(&error.to_string());
}

#[test]
fn errors_tell_where_they_are() {
    let text = "one\ntwo {{ .a }}\n  {{ if true }}{{ index .b 7 }}{{ end }}";
    let error = render(text, &data(r#"{"b": [1]}"#)).unwrap_err();
    assert_eq!((error.stage(), error.name()), (Stage::Execute, "page"));
    assert_eq!((error.line(), error.column()), (3, 18));
    assert_eq!(error.context(), Some("index .b 7"));
    assert_eq!(
        error.message(),
        "error calling index: index out of range: 7"
    );
    expect![[r#"template: page:3:18: executing "page" at <index .b 7>: error calling index: index out of range: 7"#]]
        .assert_eq(&error.to_string());
}

#[test]
fn parse_errors_tell_where_they_are() {
    let error = render("one\n{{ .a\n  | nosuch }}", &Value::Nil).unwrap_err();
    assert_eq!(
        (error.stage(), error.line(), error.column()),
        (Stage::Parse, 3, 4)
    );
    assert_eq!(error.context(), None);
    expect![[r#"template: page:3: function "nosuch" not defined"#]].assert_eq(&error.to_string());
}

#[test]
fn unfinished_actions_tell_where_they_started() {
    check_error(
        "a\n{{ .a\n\n",
        "{}",
        expect!["template: page:4: unclosed action started at page:2"],
    );
    check_error(
        "{{ .a\n`b",
        "{}",
        expect!["template: page:2: unterminated raw quoted string in action started at page:1"],
    );
    check_error("{{ .a", "{}", expect!["template: page:1: unclosed action"]);
    check_error(
        "{{/* a",
        "{}",
        expect!["template: page:1: unclosed comment"],
    );
    check_error(
        "{{ .a\u{7f} }}",
        "{}",
        expect!["template: page:1: bad character U+007F"],
    );
    check_error(
        "{{ € }}",
        "{}",
        expect!["template: page:1: unrecognized character in action: U+20AC '€'"],
    );
}

#[test]
fn errors_print_expressions_as_go_does() {
    check_error(
        "{{ printf  \"%d\"   (len  (slice .l 0 9)) .a.b  $.c | print 'x' 0x10 nil true }}",
        r#"{"l": []}"#,
        expect![[
            r#"template: page:1:25: executing "page" at <slice .l 0 9>: error calling slice: index out of range: 9"#
        ]],
    );
    check_error(
        "{{ index (printf \"%d\" (len .l) | print) 'x' 0x10 $.c (.l).m nil true }}",
        r#"{"l": {}}"#,
        expect![[
            r#"template: page:1:3: executing "page" at <index (printf "%d" (len .l) | print) 'x' 0x10 $.c (.l).m nil true>: error calling index: index out of range: 120"#
        ]],
    );
    check_error(
        "{{define \"t\"}}{{range $i, $e := .}}{{$i.x}}{{end}}{{end}}{{template \"t\" .}}",
        "[1]",
        expect![[
            r#"template: page:1:39: executing "t" at <$i.x>: can't evaluate field x in type int"#
        ]],
    );
}

#[test]
fn scopes_end_where_blocks_do() {
    check(
        "{{$x := 1}}{{with 2}}{{$x = .}}{{$x := 3}}{{end}}{{$x}}",
        "null",
        "2",
    );
    check(
        "{{$x := 1}}{{range 3}}{{$x := .}}{{end}}{{$x}}",
        "null",
        "1",
    );
    check("{{range $i := 2}}{{$y := $i}}{{$y}}{{end}}", "null", "01");
    check(
        "{{if $x := 0}}{{else if $y := 2}}{{$x}}{{$y}}{{end}}",
        "null",
        "02",
    );
    check(
        "{{with 0}}{{else with $x := 5}}{{.}}{{$x}}{{end}}",
        "null",
        "55",
    );
    check("{{$x := 0}}{{range $x = .}}{{end}}{{$x}}", "[]", "[]");
    check(
        "{{range $i, $e := .}}{{$i = 7}}{{$i}}{{$e}} {{end}}",
        r#"["a", "b"]"#,
        "7a 7b ",
    );
    check_error(
        "{{if 0}}{{$x := 1}}{{else}}{{$x}}{{end}}",
        "1",
        expect![[r#"template: page:1:29: executing "page" at <$x>: undefined variable: $x"#]],
    );
    check_error(
        "{{range .}}{{$x := 1}}{{end}}{{$x}}",
        "[]",
        expect![[r#"template: page:1: undefined variable "$x""#]],
    );
}

#[test]
fn loops_break_and_continue_out_of_blocks() {
    check(
        "{{range .}}{{if eq . 2}}{{continue}}{{end}}{{with .}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}{{end}}|",
        "[1,2,3,4,5]",
        "13|",
    );
    check(
        "{{range .}}{{range .}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}};{{end}}",
        "[[1,2],[3,2,1]]",
        "1;3;",
    );
    check(
        "{{range 3}}{{range $}}{{else}}{{break}}{{end}}never{{end}}|",
        "[]",
        "|",
    );
    check("{{range .}}{{continue}}{{else}}x{{end}}", "[]", "x");
    check("{{range -3}}x{{else}}none{{end}}", "null", "none");
    check_error(
        "{{range $i, $e := 3}}{{end}}",
        "null",
        expect![[
            r#"template: page:1:18: executing "page" at <3>: can't use 3 to iterate over more than one variable"#
        ]],
    );
}

#[test]
fn templates_are_defined_once_unless_blank() {
    check(
        "{{define \"t\"}} \n{{end}}{{define \"t\"}}x{{end}}{{template \"t\"}}",
        "null",
        "x",
    );
    check(
        "{{define \"t\"}}x{{end}}{{define \"t\"}}{{/* c */}}{{end}}{{template \"t\"}}",
        "null",
        "x",
    );
    check(
        "{{block \"t\" 1}}{{$x := 2}}{{.}}{{$}}{{$x}}{{end}}",
        "null",
        "112",
    );
    check(
        "{{block \"a\" 1}}{{block \"b\" 2}}{{.}}{{end}}{{.}}{{end}}{{template \"b\" 3}}",
        "null",
        "213",
    );
    check("{{define \"page\"}}in{{end}} \n", "null", "in");
    check_error(
        "{{define \"page\"}}a{{end}}b",
        "1",
        expect![[r#"template: page:1: template: multiple definition of template "page""#]],
    );
    check_error(
        "{{define \"t\"}}x{{else}}y{{end}}",
        "1",
        expect!["template: page:1: unexpected {{else}} in define clause"],
    );
    check_error(
        "{{block \"t\" .}}x{{else}}y{{end}}",
        "1",
        expect!["template: page:1: unexpected {{else}} in block clause"],
    );
    check_error(
        "{{template \"t\" .}}",
        "1",
        expect![[
            r#"template: page:1:11: executing "page" at <{{template "t" .}}>: template "t" not defined"#
        ]],
    );
}

#[test]
fn strings_are_bytes() {
    check(
        r#"{{slice "é" 0 1 | len}}{{slice "é" 0 1}}|{{slice "é" 0 1 | printf "%q"}}"#,
        "null",
        "1\u{fffd}|\"\\xc3\"",
    );
    check(r#"{{print (slice "é" 0 1) (slice "é" 1)}}"#, "null", "é");
    check(
        r#"{{"\xe2\x82"}}{{len "\xff"}}{{index "é" 1}}"#,
        "null",
        "\u{fffd}\u{fffd}1169",
    );
    check(
        r#"{{eq "\xff" "\xff"}}{{lt "é" "\xff"}}{{printf "%x" "\xff\x00"}}"#,
        "null",
        "truetrueff00",
    );
}

#[test]
fn slices_share_what_they_are_cut_from() {
    check(
        "{{slice (slice . 0 1) 0 3}} {{slice . 1 2 2}}",
        "[1,2,3]",
        "[1 2 3] [2]",
    );
    check_error(
        "{{slice (slice . 0 1 1) 0 3}}",
        "[1,2,3]",
        expect![[
            r#"template: page:1:2: executing "page" at <slice (slice . 0 1 1) 0 3>: error calling slice: index out of range: 3"#
        ]],
    );
}

#[test]
fn comparisons_follow_go() {
    check(
        "{{eq (index \"a\" 0) 97}}{{lt -1 (index \"a\" 0)}}{{le \"a\" \"a\"}}{{ge 2.5 2.5}}{{eq 1i 1i}}",
        "null",
        "truetruetruetruetrue",
    );
    check(
        "{{eq .l nil}}{{eq nil .l}}{{ne .zz 1}}{{eq 1 2 .zz}}",
        r#"{"l": []}"#,
        "falsefalsetruefalse",
    );
    check_error(
        "{{eq .l .m}}",
        r#"{"l": [1], "m": {}}"#,
        expect![[
            r#"template: page:1:2: executing "page" at <eq .l .m>: error calling eq: non-comparable types [%!s(int=1)]: []interface {}, map[string]interface {}: map[]"#
        ]],
    );
    check_error(
        "{{lt 1i 2i}}",
        "1",
        expect![[
            r#"template: page:1:2: executing "page" at <lt 1i 2i>: error calling lt: invalid type for comparison"#
        ]],
    );
}

#[test]
fn named_templates_can_be_executed_alone() {
    let options = Options {
        delimiters: ("<%".to_owned(), "%>".to_owned()),
        missing_key: MissingKey::Error,
    };
    let template = Template::parse(
        "p",
        "<%define `t`%>[<%.%>]<%end%>main {{.}}",
        &options,
        &Functions::new(),
    )
    .unwrap();
    assert!(template.defines("t") && !template.defines("u"));
    assert_eq!(
        template.execute_template("t", &Value::Int(1)).unwrap(),
        "[1]"
    );
    assert_eq!(template.execute(&Value::Nil).unwrap(), "main {{.}}");
    let error = template.execute_template("u", &Value::Nil).unwrap_err();
    assert_eq!((error.stage(), error.context()), (Stage::Execute, None));
    expect![[r#"template: no template "u" associated with template "p""#]]
        .assert_eq(&error.to_string());
}

#[test]
fn names_may_use_any_letters() {
    check(
        "{{.日本}}{{$é1 := 2}}{{$é1}}{{define `ß`}}{{.}}{{end}}{{template `ß` 3}}",
        r#"{"日本": 1}"#,
        "123",
    );
    check_error(
        "{{.a²}}",
        "{}",
        expect!["template: page:1: bad character U+00B2 '²'"],
    );
}

#[test]
fn constants_have_the_types_of_go() {
    let types = r#"{{printf "%T %T %T %T %T %T" 1 1.0 1e3 'a' 0x1e -0x1e}} {{printf "%T %T %T" 0x1p4 0i "s"}}"#;
    check(
        types,
        "null",
        "int float64 float64 int int float64 float64 complex128 string",
    );
    check(
        "{{1e6}} {{1_000}} {{0b11}} {{0o17}} {{017}} {{-0}} {{.5}} {{0x.8p1}}",
        "null",
        "1e+06 1000 3 15 15 0 0.5 1",
    );
    check_error(
        "{{18446744073709551616}}",
        "1",
        expect![[r#"template: page:1: integer overflow: "18446744073709551616""#]],
    );
    check_error(
        "{{-9223372036854775809}}",
        "1",
        expect![[r#"template: page:1: integer overflow: "-9223372036854775809""#]],
    );
    check_error(
        "{{08}}",
        "1",
        expect![[r#"template: page:1: integer overflow: "08""#]],
    );
    check_error(
        "{{'ab'}}",
        "1",
        expect!["template: page:1: malformed character constant: 'ab'"],
    );
    check_error(
        r#"{{"\q"}}"#,
        "1",
        expect!["template: page:1: invalid syntax"],
    );
}

#[test]
fn declarations_are_checked() {
    check("{{print ($x := 2) $x}}", "null", "2 2");
    check_error(
        "{{with $x, $y := 1}}{{end}}",
        "1",
        expect!["template: page:1: too many declarations in with"],
    );
    check_error(
        "{{range $x, 1 := .}}{{end}}",
        "[]",
        expect!["template: page:1: range can only initialize variables"],
    );
    check_error(
        "{{if .}}{{else}}{{else if .}}{{end}}",
        "1",
        expect!["template: page:1: expected end; found {{else}}"],
    );
    check_error(
        "a{{else if .}}",
        "1",
        expect!["template: page:1: unexpected {{else}}"],
    );
    check_error(
        "{{range 3}}{{block `b` .}}{{break}}{{end}}{{end}}",
        "1",
        expect!["template: page:1: {{break}} outside {{range}}"],
    );
}
