//! Section C: parsing and the top level; section D where it shows in a file.

use std::time::Duration;

use expect_test::expect;
use pilot_config::{Source, World};

use crate::harness::{check, check_reasons, load, loaded};

#[test]
fn case_4_an_empty_configuration() {
    check_reasons(
        [
            "{}",
            "null",
            "{ jobs: [] }",
            "{ consul: 5 }",
            "{ consul: null }",
        ],
        &expect![[r#"
            {}
              error: no discovery backend defined
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            null
              error: no discovery backend defined
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { jobs: [] }
              error: no discovery backend defined
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
            { consul: 5 }
              error: no discovery backend defined: `consul` is neither text nor object
              hint: write `consul: "localhost:8500"`
            { consul: null }
              error: no discovery backend defined
              hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without
        "#]],
    );
}

#[test]
fn case_35_36_syntax_errors_begin_as_ever() {
    check(
        "<>",
        &expect![[r#"
        error: parse error at line:col [1:1]: invalid character '<' looking for beginning of value
            1: <>
        -------^
          --> app.json5:1:1"#]],
    );
    check(
        "{\"test\": , \"test2\": \"hello\"}",
        &expect![[r#"
        error: parse error at line:col [1:10]: invalid character ',' looking for beginning of value
            1: {"test": , "test2": "hello"}
        ----------------^
          --> app.json5:1:10"#]],
    );
}

#[test]
fn case_37_the_big_sample() {
    let config = loaded(include_str!("big.json5"));
    assert_eq!(config.spec.jobs.len(), 10);
    assert_eq!(config.spec.watches.len(), 2);
    let ttl = config.spec.jobs[2].service.as_ref().unwrap().ttl;
    assert_eq!(ttl, Duration::from_secs(103));
    expect![[r#"
        [
            (
                "CONTAINERPILOT_SERVICEA_IP",
                "10.2.0.1",
            ),
            (
                "CONTAINERPILOT_SERVICEB_IP",
                "10.2.0.1",
            ),
            (
                "CONTAINERPILOT_CONTAINERPILOT_IP",
                "10.2.0.1",
            ),
        ]
    "#]]
    .assert_debug_eq(&config.addresses);
}

#[test]
fn case_38_the_control_socket() {
    let config = loaded("{control:{socket:\"/var/run/cp3-test.sock\"}, consul:\"consul:8500\"}");
    assert_eq!(
        config.control.socket.to_str(),
        Some("/var/run/cp3-test.sock")
    );
    let config = loaded("{consul:\"consul:8500\"}");
    assert_eq!(
        config.control.socket.to_str(),
        Some("/var/run/containerpilot.socket")
    );
    assert_eq!(config.control.mode, 0o600);
}

#[test]
fn case_39_to_41_the_dialect() {
    let text = "// line\n{ /* block */ consul: 'consul:8500', stopTimeout: 0x10, jobs: [ ], }";
    assert_eq!(loaded(text).spec.stop_timeout, Duration::from_secs(16));
    loaded("{ 'consul': 'c:8500' }");
    loaded("/* a * b / c */ { consul: \"c:8500\" }");
}

#[test]
fn case_42_unknown_keys() {
    check(
        "{consul:\"C\", bogus: 1}",
        &expect![[r#"
        error: cannot use key `bogus`: unknown config keys: [bogus]
          --> app.json5:1:14
        1 | {consul:"C", bogus: 1}
          |              ^^^^^"#]],
    );
    check_reasons(
        ["{consul: \"C\", b: 1, a: 2, Jobs: [], watch: []}"],
        &expect![[r#"
            {consul: "C", b: 1, a: 2, Jobs: [], watch: []}
              error: cannot use key `b`: unknown config keys: [b a Jobs watch]
              error: cannot use key `a`: unknown config keys: [b a Jobs watch]
              error: cannot use key `Jobs`: unknown config keys: [b a Jobs watch]
              hint: did you mean `jobs`?
              error: cannot use key `watch`: unknown config keys: [b a Jobs watch]
              hint: did you mean `watches`?
        "#]],
    );
}

#[test]
fn case_43_jobs_of_the_wrong_type() {
    let texts = [
        "{ consul: \"c:1\", jobs: {} }",
        "{ consul: \"c:1\", jobs: \"x\", watches: 1, templates: true }",
        "{ consul: \"c:1\", jobs: [null, 5, \"x\", []] }",
    ];
    check_reasons(
        texts,
        &expect![[r#"
        { consul: "c:1", jobs: {} }
          error: unable to parse jobs: source data must be an array or slice, got map
        { consul: "c:1", jobs: "x", watches: 1, templates: true }
          error: unable to parse jobs: source data must be an array or slice, got string
          error: unable to parse watches: source data must be an array or slice, got float64
          error: unable to parse templates: source data must be an array or slice, got bool
        { consul: "c:1", jobs: [null, 5, "x", []] }
          warning: an empty entry of `jobs` has no effect
          error: '[0]' expected a map, got 'float64'
          error: '[0]' expected a map, got 'string'
          error: 'name' must not be blank
    "#]],
    );
}

#[test]
fn case_44_a_missing_comma() {
    check(
        "{\n  consul: \"c:8500\"\n  stopTimeout: 5,\n}",
        &expect![[r#"
        error: parse error at line:col [3:3]: invalid character 's' after object key:value pair
            2:   consul: "c:8500"
            3:   stopTimeout: 5,
        ---------^
          --> app.json5:3:3
        hint: a comma may be missing before it"#]],
    );
}

#[test]
fn case_45_stop_timeout() {
    check(
        "{ consul: \"c:8500\", stopTimeout: \"5s\" }",
        &expect![[r#"
        error: cannot parse 'stopTimeout' as int: strconv.ParseInt: parsing "5s": invalid syntax
          --> app.json5:1:34
        1 | { consul: "c:8500", stopTimeout: "5s" }
          |                                  ^^^^
        hint: the top-level `stopTimeout` is a number of seconds"#]],
    );
    let cases = [
        ("\"7\"", 7),
        ("0", 5),
        ("null", 5),
        ("-1", 0),
        ("8.9", 8),
        ("true", 1),
    ];
    for (written, seconds) in cases {
        let text = format!("{{ consul: \"c:8500\", stopTimeout: {written} }}");
        assert_eq!(
            loaded(&text).spec.stop_timeout,
            Duration::from_secs(seconds),
            "{written}"
        );
    }
    assert_eq!(
        loaded("{ consul: \"c:8500\" }").spec.stop_timeout,
        Duration::from_secs(5)
    );
}

#[test]
fn case_46_the_top_level_is_an_object() {
    check_reasons(
        ["[]", "\"text\"", "5", "true"],
        &expect![[r#"
        []
          error: could not parse configuration: json: cannot unmarshal array into Go value of type map[string]interface {}
        "text"
          error: could not parse configuration: json: cannot unmarshal string into Go value of type map[string]interface {}
        5
          error: could not parse configuration: json: cannot unmarshal number into Go value of type map[string]interface {}
        true
          error: could not parse configuration: json: cannot unmarshal bool into Go value of type map[string]interface {}
    "#]],
    );
}

#[test]
fn syntax_errors_say_where_and_why() {
    let texts = [
        "",
        "{",
        "{ a: [1, 2 }",
        "{ a: 1 ]",
        "{ a: \"text\n\" }",
        "{ a: \"text",
        "{ a b }",
        "{ a: 1 } x",
        "{ a-b: 1 }",
        "{ 1: 1 }",
        "[,]",
        "{,}",
        "[1,,2]",
        "{ a: tru }",
        "{ a: 0x }",
        "{ a: 1e }",
        "{ a: . }",
        "{ a: 010 }",
        "{ a: 1e999 }",
        "{ a: '\\x4' }",
        "{ a: '\\u12' }",
        "{ a: '\\1' }",
        "/* open",
        "{ a: \\u0020 }",
        "{ \\u0020: 1 }",
    ];
    check_reasons(
        texts,
        &expect![[r#"

              error: parse error at line:col [1:1]: unexpected end of JSON input
            {
              error: parse error at line:col [1:2]: unexpected end of JSON input
              hint: the `{` at 1:1 is not closed
            { a: [1, 2 }
              error: parse error at line:col [1:12]: invalid character '}' after array element
              hint: the `[` at 1:6 is not closed
            { a: 1 ]
              error: parse error at line:col [1:8]: invalid character ']' after object key:value pair
              hint: the `{` at 1:1 is not closed
            { a: "text
            " }
              error: parse error at line:col [1:11]: invalid character '\n' in string literal
              hint: the string that begins at 1:6 is not closed
            { a: "text
              error: parse error at line:col [1:11]: unexpected end of JSON input
              hint: the string that begins at 1:6 is not closed
            { a b }
              error: parse error at line:col [1:5]: invalid character 'b' after object key
            { a: 1 } x
              error: parse error at line:col [1:10]: invalid character 'x' after top-level value
            { a-b: 1 }
              error: parse error at line:col [1:4]: invalid character '-' after object key
              hint: a key with other characters than letters needs quotes
            { 1: 1 }
              error: parse error at line:col [1:3]: invalid character '1' looking for beginning of object key string
            [,]
              error: parse error at line:col [1:2]: invalid character ',' looking for beginning of value
              hint: do you have an extra comma somewhere?
            {,}
              error: parse error at line:col [1:2]: invalid character ',' looking for beginning of object key string
              hint: do you have an extra comma somewhere?
            [1,,2]
              error: parse error at line:col [1:4]: invalid character ',' looking for beginning of value
              hint: do you have an extra comma somewhere?
            { a: tru }
              error: parse error at line:col [1:9]: invalid character ' ' in literal true (expecting 'e')
            { a: 0x }
              error: parse error at line:col [1:8]: invalid character ' ' in hexadecimal numeric literal
            { a: 1e }
              error: parse error at line:col [1:8]: invalid character ' ' in exponent of numeric literal
            { a: . }
              error: parse error at line:col [1:7]: invalid character ' ' in numeric literal
            { a: 010 }
              error: parse error at line:col [1:7]: invalid character '1' in numeric literal
              hint: a number has no leading zeros; octal digits go in quotes
            { a: 1e999 }
              error: parse error at line:col [1:6]: cannot unmarshal number 1e999 into Go value of type float64
            { a: '\x4' }
              error: parse error at line:col [1:10]: invalid character '\'' in \x hexadecimal character escape
            { a: '\u12' }
              error: parse error at line:col [1:11]: invalid character '\'' in \u hexadecimal character escape
            { a: '\1' }
              error: parse error at line:col [1:8]: invalid character '1' in string escape code
            /* open
              error: parse error at line:col [1:8]: unexpected end of JSON input
              hint: the comment that begins at 1:1 has no end
            { a: \u0020 }
              error: parse error at line:col [1:6]: invalid character '\\' looking for beginning of value
            { \u0020: 1 }
              error: parse error at line:col [1:3]: invalid character escape in object key
        "#]],
    );
}

#[test]
fn an_unclosed_brace_is_named_at_both_ends() {
    check(
        "{\n  consul: \"c:8500\",\n  jobs: [\n    { name: \"a\",\n  ]\n}",
        &expect![[r#"
            error: parse error at line:col [5:3]: invalid character ']' looking for beginning of object key string
                4:     { name: "a",
                5:   ]
            ---------^
              --> app.json5:5:3
            hint: the `{` at 4:5 is not closed"#]],
    );
    check(
        "{\n  consul: \"c:8500\",\n  jobs: [\n    { name: \"a\" }\n",
        &expect![[r#"
            error: parse error at line:col [5:1]: unexpected end of JSON input
                4:     { name: "a" }
                5: 
            -------^
              --> app.json5:5:1
            hint: the `[` at 3:9 is not closed"#]],
    );
}

#[test]
fn too_much_nesting_is_an_error() {
    let text = "[".repeat(100_000);
    let problems = load(&text).unwrap_err();
    expect!["parse error at line:col [1:129]: exceeded max depth of 128"]
        .assert_eq(&problems.list[0].reason);
    let text = format!("{}{}", "[".repeat(128), "]".repeat(128));
    expect!["could not parse configuration: json: cannot unmarshal array into Go value of type map[string]interface {}"].assert_eq(&load(&text).unwrap_err().list[0].reason);
}

#[test]
fn other_dialects_are_recognised() {
    check_reasons(
        [
            "{ consul: \"c:1\", services: [] }",
            "{ \"preStart\": \"x\", \"etcd\": {} }",
            "{ consul: \"c:1\", etcd: {} }",
        ],
        &expect![[r#"
            { consul: "c:1", services: [] }
              warning: Unable to parse command arguments: received zero-length argument
              hint: there is no application; name it after the flags: `containerpilot -config FILE PROGRAM ARGUMENTS`
            { "preStart": "x", "etcd": {} }
              warning: Unable to parse command arguments: received zero-length argument
              hint: there is no application; name it after the flags: `containerpilot -config FILE PROGRAM ARGUMENTS`
              error: Must provide etcd endpoints
              hint: such as `"http://localhost:2379"`
            { consul: "c:1", etcd: {} }
              warning: Unable to parse command arguments: received zero-length argument
              hint: there is no application; name it after the flags: `containerpilot -config FILE PROGRAM ARGUMENTS`
              error: More than one discovery backend defined
        "#]],
    );
}

#[test]
fn case_17_the_socket_of_a_broken_file() {
    let cases = [
        (
            "{ control: { socket: '/run/a.sock' }, bogus: 1 }",
            "/run/a.sock",
        ),
        (
            "{ control: { Socket: \"/run/{{ .NAME }}.sock\" }, jobs: 5 }",
            "/run/web.sock",
        ),
        (
            "{ jobs: [ }\n  control: {\n    socket: \"/run/b.sock\",\n",
            "/run/b.sock",
        ),
        ("{ control: { \"socket\": '/run/c.sock' ", "/run/c.sock"),
        (
            "// socket: \"/no\"\n{ nothing",
            "/var/run/containerpilot.socket",
        ),
        ("{ control: 5 }", "/var/run/containerpilot.socket"),
    ];
    let environment = crate::harness::environment(&[("NAME", "web")]);
    let world = World {
        environment: &environment,
        ..World::default()
    };
    for (text, expected) in cases {
        let path = pilot_config::socket_of(
            &[Source {
                name: "app.json5",
                text,
            }],
            &world,
        );
        assert_eq!(path.to_str(), Some(expected), "{text}");
    }
}
