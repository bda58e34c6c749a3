//! What a file may look like, and how several become one.

use std::time::Duration;

use expect_test::expect;
use pilot_config::Level;
use pilot_core::spec::{TemplateSource, Wait};

use super::{Given, by_file, check, check_all, command, consul, only_template};

#[test]
fn everything_that_the_language_has() {
    let config = by_file(
        r#"
# a comment
// another
/* and
   one more */
log_level = "info", max_stale = "10m"
consul {
  address = "c:1",
  "token" = "t\"\u0041\x42\103\t",
  retry = { attempts = 0x3  backoff = "1s" }
}
template {
  contents = <<EOF
{{ key "a" }}
  EOF
"quoted" \n
EOF
  destination = "/a"
  perms = 0600
}
template {
  contents = <<-EOF
    one
      two
    EOF
  destination = "/b"
  perms = "0640"
  command = ["a", "b c",]
}
template {
  contents = "${ key "x" } {{ key \"y\" }}"
  destination = "/c"
  backup = true
}
"#,
    );
    assert_eq!(config.warnings, []);
    assert_eq!(consul(&config).token.as_ref().unwrap().reveal(), "t\"ABC\t");
    let said: Vec<_> = config
        .spec
        .templates
        .iter()
        .map(|template| match &template.source {
            TemplateSource::Inline(text) => (text.as_str(), template.perms),
            TemplateSource::File(_) => panic!("a file"),
        })
        .collect();
    assert_eq!(
        said,
        [
            ("{{ key \"a\" }}\n  EOF\n\"quoted\" \\n\n", Some(0o600)),
            ("one\n  two\n", Some(0o640)),
            ("${ key \"x\" } {{ key \"y\" }}", None),
        ]
    );
    assert_eq!(command(&config.spec.templates[1]).argv, ["a", "b c"]);
    assert!(config.spec.templates[2].writing.backup);
}

#[test]
fn a_label_is_one_more_object() {
    check(
        "template \"web\" {\n  source = \"a\"\n}\nexec env \"custom\" { }",
        &expect![[r#"
            ends with 15
            error: cannot use key `web`: 'template[0]' has invalid keys: web
              --> ct.hcl:1:10
            1 | template "web" {
              |          ^^^^^

            error: template: must specify exactly one of 'source' or 'contents'
              --> ct.hcl:1:16
            1 | template "web" {
              |                ^

            error: template: missing destination
              --> ct.hcl:1:16
            1 | template "web" {
              |                ^
            hint: say where to write it, or see it with -dry
        "#]],
    );
}

#[test]
fn lines_that_are_less_indented_than_the_end_stay() {
    let config = by_file(
        "template {\n  contents = <<-EOF\n  one\n      two\n    EOF\n  destination = \"/a\"\n}",
    );
    let source = TemplateSource::Inline("  one\n      two\n".to_owned());
    assert_eq!(only_template(&config).source, source);
}

#[test]
fn json_says_the_same() {
    let config = Given {
        files: &[(
            "ct.json",
            r#"{"consul": [{"address": "c:1", "retry": {"attempts": 0}}],
               "wait": {"min": "1s"},
               "template": [{"source": "a", "destination": "/a", "perms": 384},
                            {"source": "b", "destination": "/b", "wait": {"min": "2s", "max": "3s"}}]}"#,
        )],
        ..Given::default()
    }
    .loaded();
    assert_eq!(consul(&config).address, "c:1");
    assert_eq!(config.spec.templates[0].perms, Some(0o600));
    let waits: Vec<Wait> = config.spec.templates.iter().map(|one| one.wait).collect();
    let wait = |min, max| Wait {
        min: Duration::from_secs(min),
        max: Duration::from_secs(max),
    };
    assert_eq!(waits, [wait(1, 4), wait(2, 3)]);
}

#[test]
fn later_files_win_key_by_key_and_the_command_line_over_all() {
    let config = Given {
        files: &[
            ("a.hcl", "consul { address = \"a:1\" token = \"a\" }\nlog_level = \"debug\"\ntemplate { source = \"a\" destination = \"/a\" }"),
            ("b.hcl", "consul = \"b:1\"\nlog_level = \"info\"\ntemplate { source = \"b\" destination = \"/b\" }"),
        ],
        line: &["-log-level=err", "-template=c:/c", "-consul-retry=false"],
        environment: &[("CT_LOCAL_CONFIG", "consul { address = \"local:1\" token = \"local\" auth { username = \"me\" } }")],
    }
    .loaded();
    let way = consul(&config);
    assert_eq!(way.address, "b:1");
    assert_eq!(way.token.as_ref().unwrap().reveal(), "a");
    assert_eq!(way.login.as_ref().unwrap().user, "me");
    assert_eq!(config.logging.level, Level::Error);
    let names: Vec<&str> = config
        .spec
        .templates
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["/a", "/b", "/c"]);
    assert_eq!(config.warnings, []);
}

#[test]
fn sections_from_before_0_18() {
    let config = by_file(
        "consul = \"c:1\"\ntoken = \"t\"\nretry = \"3s\"\nauth { enabled = true username = \"u\" password = \"p\" }\nssl { enabled = true verify = false }",
    );
    let way = consul(&config);
    assert_eq!(way.retry.unwrap().backoff, Duration::from_secs(3));
    assert_eq!(way.login.as_ref().unwrap().user, "u");
    assert!(!way.tls.verify);
}

#[test]
fn a_text_that_is_no_hcl_has_its_place() {
    check(
        "consul {\n  address = \"a\n}",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: a text that has no end
            1: consul {
            2:   address = "a
        -------------------^
          --> ct.hcl:2:13
        hint: it ends on its line; `<<END` begins one of several lines
    "#]],
    );
    check(
        "consul {\n  address \"a\"\n}",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unexpected `}` after a key
            2:   address "a"
            3: }
        -------^
          --> ct.hcl:3:1
        hint: a key is followed by `= value` or by `{`
    "#]],
    );
    check(
        "template {\n  source = \"a\"\n",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unexpected end of the text
            2:   source = "a"
            3: 
        -------^
          --> ct.hcl:3:1
        hint: the `{` at 1:10 is not closed
    "#]],
    );
    check(
        "log_level = warn",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unknown word `warn` where a value should be
            1: log_level = warn
        -------------------^
          --> ct.hcl:1:13
        hint: a text needs quotes: "warn"
    "#]],
    );
    check(
        "log_level: \"warn\"",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unexpected `:` after a key
            1: log_level: "warn"
        ----------------^
          --> ct.hcl:1:10
        hint: HCL has `key = value`; a JSON file begins with `{`
    "#]],
    );
}

#[test]
fn a_list_a_number_or_a_text_that_is_none_has_its_place() {
    check(
        "exec { command = [\"a\" \"b\"] }",
        &expect![[r#"
            ends with 15
            error: cannot read the configuration: unexpected `"` in a list
                1: exec { command = ["a" "b"] }
            -----------------------------^
              --> ct.hcl:1:23
            hint: a comma may be missing before it
        "#]],
    );
    check(
        "template { contents = <<EOF\nabc\n EOF\n}",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: a text of several lines that has no end
            1: template { contents = <<EOF
        -----------------------------^
          --> ct.hcl:1:23
        hint: a line of its own with `EOF`, and nothing after it, ends it
    "#]],
    );
    check(
        "template { perms = 0o644 }",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: `0o644` is not a number
            1: template { perms = 0o644 }
        --------------------------^
          --> ct.hcl:1:20
        hint: a text needs quotes
    "#]],
    );
    check(
        "template { source = \"a\\d\" }",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: an escape that does not exist
            1: template { source = "a\d" }
        -----------------------------^
          --> ct.hcl:1:23
        hint: a backslash is written as `\\`
    "#]],
    );
}

#[test]
fn what_has_no_end_has_its_place() {
    check(
        "/* open",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: a comment that has no end
            1: /* open
        -------^
          --> ct.hcl:1:1
    "#]],
    );
    check(
        "a = \"${ {} \"",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: a `${` that has no end
            1: a = "${ {} "
        ------------^
          --> ct.hcl:1:6
    "#]],
    );
    check(
        "}",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unexpected `}` where a key should be
            1: }
        -------^
          --> ct.hcl:1:1
    "#]],
    );
    check(
        "a = << \n",
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: `<<` without the word that ends the text
            1: a = << 
        -----------^
          --> ct.hcl:1:5
    "#]],
    );
}

#[test]
fn every_file_that_cannot_be_read_is_told() {
    let given = Given {
        files: &[
            ("a.hcl", "a ="),
            ("good.hcl", "bogus = 1"),
            ("b.json", "{\"a\": }"),
        ],
        ..Given::default()
    };
    check_all(
        &given,
        &expect![[r#"
        ends with 15
        error: cannot read the configuration: unexpected end of the text where a value should be
            1: a =
        ----------^
          --> a.hcl:1:4

        error: cannot read the configuration: invalid character '}' looking for beginning of value
            1: {"a": }
        -------------^
          --> b.json:1:7
        hint: the `{` at 1:1 is not closed
    "#]],
    );
}
