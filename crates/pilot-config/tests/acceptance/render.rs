//! Section B: the text as a template over the environment.

use expect_test::{Expect, expect};
use pilot_config::{Source, World};

use crate::harness::{environment, load_in};

#[track_caller]
fn check(entries: &[(&str, &str)], texts: &[&str], expect: &Expect) {
    let environment = environment(entries);
    let world = World {
        environment: &environment,
        ..World::default()
    };
    let line = |text: &&str| {
        let name = "app.json5";
        match pilot_config::render(&[Source { name, text }], &world) {
            Ok(rendered) => format!("{text} => {}\n", rendered[0]),
            Err(problems) => format!("{text}\n{problems}\n"),
        }
    };
    expect.assert_eq(&texts.iter().map(line).collect::<String>());
}

#[test]
fn case_18_19_variables() {
    check(
        &[("NAME", "Template")],
        &["Hello, {{.NAME}}!"],
        &expect![[r#"
        Hello, {{.NAME}}! => Hello, Template!
    "#]],
    );
    check(
        &[],
        &[
            "Hello, {{.NAME}}!",
            "Hello, {{ .NAME }}!",
            "{{ index . \"NA-ME\" }}|",
        ],
        &expect![[r#"
            Hello, {{.NAME}}! => Hello, !
            Hello, {{ .NAME }}! => Hello, !
            {{ index . "NA-ME" }}| => |
        "#]],
    );
}

#[test]
fn case_20_to_22_loop() {
    let texts = [
        "{{ loop 2 5 }}",
        "{{ loop 10 1 }}",
        "{{ loop 5 }}",
        "{{ loop -3 }}",
        "{{ loop 2 2 }}",
        "{{ loop .COUNT }}",
        "{{ loop 1 .COUNT }}",
        "{{ range $i := loop 2 5 -}}i={{$i}},{{ end }}",
    ];
    check(
        &[("COUNT", "3")],
        &texts,
        &expect![[r#"
        {{ loop 2 5 }} => [2 3 4]
        {{ loop 10 1 }} => [10 9 8 7 6 5 4 3 2]
        {{ loop 5 }} => [0 1 2 3 4]
        {{ loop -3 }} => [0 -1 -2]
        {{ loop 2 2 }} => []
        {{ loop .COUNT }} => [0 1 2]
        {{ loop 1 .COUNT }} => [1 2]
        {{ range $i := loop 2 5 -}}i={{$i}},{{ end }} => i=2,i=3,i=4,
    "#]],
    );
}

#[test]
fn case_23_env() {
    check(
        &[("NAME_1", "Template")],
        &["{{ env (printf \"NA%s\" \"ME_1\") }}", "{{ env \"NO\" }}|"],
        &expect![[r#"
            {{ env (printf "NA%s" "ME_1") }} => Template
            {{ env "NO" }}| => |
        "#]],
    );
}

#[test]
fn case_24_29_default() {
    let texts = [
        "{{ .NONE | default \"World\" }}",
        "{{ .NONE | default 100 }}",
        "{{ .NONE | default 10.1 }}",
        "{{ .NONE | default 1.50 }}",
        "{{ .NONE | default true }}",
        "{{ .EMPTY | default \"set\" }}",
        "{{ .FULL | default \"set\" }}",
        "{{ 5 | default 3 }}",
    ];
    check(
        &[("EMPTY", ""), ("FULL", "full")],
        &texts,
        &expect![[r#"
        {{ .NONE | default "World" }} => World
        {{ .NONE | default 100 }} => 100
        {{ .NONE | default 10.1 }} => 10.1
        {{ .NONE | default 1.50 }} => 1.5
        {{ .NONE | default true }} => true
        {{ .EMPTY | default "set" }} => set
        {{ .FULL | default "set" }} => full
        {{ 5 | default 3 }} => 3
    "#]],
    );
}

#[test]
fn case_25_split_and_join() {
    let entries = [("PARTS", "a:b:c"), ("ODD", " a:b::c "), ("EMPTY", "")];
    let texts = [
        "{{ .PARTS | split \":\" | join \".\" }}",
        "{{ range .ODD | split \":\" }}<{{ . }}>{{ end }}",
        "{{ .EMPTY | split \":\" | len }}",
        "{{ .EMPTY | split \":\" | join \".\" }}|",
        "{{ join \",\" (loop 3) }}",
    ];
    check(
        &entries,
        &texts,
        &expect![[r#"
        {{ .PARTS | split ":" | join "." }} => a.b.c
        {{ range .ODD | split ":" }}<{{ . }}>{{ end }} => <a><b><><c>
        {{ .EMPTY | split ":" | len }} => 0
        {{ .EMPTY | split ":" | join "." }}| => |
        {{ join "," (loop 3) }}
        error: could not apply template to config: template: app.json5:1:18: executing "app.json5" at <3>: wrong type for value; expected []string; got []int
          --> app.json5:1:19
        1 | {{ join "," (loop 3) }}
          |                   ^
    "#]],
    );
}

#[test]
fn case_26_30_replace() {
    let texts = [
        "{{ .NAME | replaceAll \"e\" \"_\" }}",
        "{{ .NAME | regexReplaceAll \"[epa]+\" \"_\" }}",
        "{{ regexReplaceAll \"(o+)\" \"<$1>\" \"foo boo\" }}",
        "{{ regexReplaceAll \"(?P<x>o+)\" \"<${x}>\" \"foo boo\" }}",
        "{{ regexReplaceAll \"(\" \"\" \"a\" }}",
    ];
    check(
        &[("NAME", "Template")],
        &texts,
        &expect![[r#"
        {{ .NAME | replaceAll "e" "_" }} => T_mplat_
        {{ .NAME | regexReplaceAll "[epa]+" "_" }} => T_m_l_t_
        {{ regexReplaceAll "(o+)" "<$1>" "foo boo" }} => f<oo> b<oo>
        {{ regexReplaceAll "(?P<x>o+)" "<${x}>" "foo boo" }} => f<oo> b<oo>
        {{ regexReplaceAll "(" "" "a" }}
        error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <regexReplaceAll "(" "" "a">: error calling regexReplaceAll: cannot use `(`: found open group without closing ')'
          --> app.json5:1:4
        1 | {{ regexReplaceAll "(" "" "a" }}
          |    ^
    "#]],
    );
}

#[test]
fn case_27_28_environment() {
    let entries = [("VAR1", "test"), ("VAR2", "test2"), ("EQ", "a=b=c")];
    check(
        &entries,
        &["{{ .VAR1 }} {{ .VAR2 }}", "{{ .EQ }}", "{{ env \"EQ\" }}"],
        &expect![[r#"
            {{ .VAR1 }} {{ .VAR2 }} => test test2
            {{ .EQ }} => a=b=c
            {{ env "EQ" }} => a=b=c
        "#]],
    );
}

#[test]
fn case_31_errors() {
    let texts = [
        "{{ nonsense }}",
        "one\n  two {{ .A ",
        "{{ loop }}",
        "{{ loop 1 2 3 }}",
        "{{ loop 1.5 }}",
        "{{ loop \"x\" }}",
        "{{ loop 9999999999 }}",
    ];
    check(
        &[],
        &texts,
        &expect![[r#"
            {{ nonsense }}
            error: could not apply template to config: template: app.json5:1: function "nonsense" not defined
              --> app.json5:1:4
            1 | {{ nonsense }}
              |    ^
            one
              two {{ .A 
            error: could not apply template to config: template: app.json5:2: unclosed action
              --> app.json5:2:13
            2 |   two {{ .A 
              |             ^
            {{ loop }}
            error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <loop>: error calling loop: loop: wrong number of arguments, expected 1 or 2, but got 0
              --> app.json5:1:4
            1 | {{ loop }}
              |    ^
            {{ loop 1 2 3 }}
            error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <loop 1 2 3>: error calling loop: loop: wrong number of arguments, expected 1 or 2, but got 3
              --> app.json5:1:4
            1 | {{ loop 1 2 3 }}
              |    ^
            {{ loop 1.5 }}
            error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <loop 1.5>: error calling loop: loop: expected an int or a string, but got float64
              --> app.json5:1:4
            1 | {{ loop 1.5 }}
              |    ^
            {{ loop "x" }}
            error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <loop "x">: error calling loop: strconv.ParseInt: parsing "x": invalid syntax
              --> app.json5:1:4
            1 | {{ loop "x" }}
              |    ^
            {{ loop 9999999999 }}
            error: could not apply template to config: template: app.json5:1:3: executing "app.json5" at <loop 9999999999>: error calling loop: loop: cannot count from 0 to 9999999999: too many steps
              --> app.json5:1:4
            1 | {{ loop 9999999999 }}
              |    ^
        "#]],
    );
}

#[test]
fn case_32_the_language() {
    let texts = [
        "{{- if and (eq .A \"1\") (not .B) -}} yes {{- else -}} no {{- end -}}",
        "{{/* comment */}}{{ with .A }}{{ . }}{{ end }}",
        "{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" .A }}",
        "{{ index . \"A\" }}{{ printf \"%03d\" 7 }}{{ len .A }}{{ if or (lt 2 1) (gt 2 1) }}!{{ end }}",
    ];
    check(
        &[("A", "1")],
        &texts,
        &expect![[r#"
        {{- if and (eq .A "1") (not .B) -}} yes {{- else -}} no {{- end -}} => yes
        {{/* comment */}}{{ with .A }}{{ . }}{{ end }} => 1
        {{ define "x" }}<{{ . }}>{{ end }}{{ template "x" .A }} => <1>
        {{ index . "A" }}{{ printf "%03d" 7 }}{{ len .A }}{{ if or (lt 2 1) (gt 2 1) }}!{{ end }} => 10071!
    "#]],
    );
}

#[test]
fn case_33_names_come_from_the_environment() {
    let text = "{ consul: \"c:8500\", watches: [{ name: \"upstreamA{{.X}}\", interval: 11 }],
        jobs: [{ name: \"a\", exec: \"a\", when: { source: \"watch.upstreamA-ok\", each: \"changed\" } }] }";
    let config = load_in(text, &[("X", "-ok")]).unwrap();
    assert_eq!(config.spec.watches[0].name.as_str(), "upstreamA-ok");
}

#[test]
fn case_34_lists_come_from_numbered_variables() {
    let text = "{ consul: \"localhost:8500\",
      watches: [ {{ range $i := loop 0 4 }}{{ if env (printf \"UP_%d\" $i) }}
        { name: \"{{ env (printf \"UP_%d\" $i) }}\", interval: 5 },{{ end }}{{ end }} ] }";
    let config = load_in(text, &[("UP_0", "alpha"), ("UP_2", "gamma")]).unwrap();
    let names: Vec<&str> = config
        .spec
        .watches
        .iter()
        .map(|watch| watch.name.as_str())
        .collect();
    assert_eq!(names, ["alpha", "gamma"]);
}

#[test]
fn problems_name_the_line_of_the_source_where_rendering_moved_it() {
    let text = "{
  consul: \"c:8500\",
  watches: [
{{ range $i := loop 3 }}
    { name: \"up{{ $i }}\", interval: 5 },
{{ end }}
  ],
  bogus: 1,
  stopTimeout: \"{{ .WAIT }}\",
}
";
    let problems = load_in(text, &[("WAIT", "5s")]).unwrap_err();
    expect![[r#"
        error: cannot use key `bogus`: unknown config keys: [bogus]
          --> app.json5:12:3 as rendered, from line 8 of the source
        12 |   bogus: 1,
           |   ^^^^^

        error: cannot parse 'stopTimeout' as int: strconv.ParseInt: parsing "5s": invalid syntax
          --> app.json5:13:16 as rendered, from line 9 of the source
        13 |   stopTimeout: "5s",
           |                ^^^^
        hint: the top-level `stopTimeout` is a number of seconds"#]]
    .assert_eq(&problems.to_string());
}
