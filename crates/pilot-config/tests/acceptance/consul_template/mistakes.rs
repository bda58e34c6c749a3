//! What is refused, and with which status.

use expect_test::expect;
use proptest::prelude::*;

use super::{Given, check, check_all, words};

#[test]
fn unknown_keys_are_told_with_what_was_meant() {
    check(
        "consul {\n  adress = \"a\"\n}\ntemplates {}\ntemplate {\n  source = \"a\"\n  destination = \"b\"\n  left_delim = \"<<\"\n}\nexec { env { custm = [] } }",
        &expect![[r#"
            ends with 15
            error: cannot use key `adress`: 'consul' has invalid keys: adress
              --> ct.hcl:2:3
            2 |   adress = "a"
              |   ^^^^^^
            hint: did you mean `address`?

            error: cannot use key `templates`: '' has invalid keys: templates
              --> ct.hcl:4:1
            4 | templates {}
              | ^^^^^^^^^
            hint: did you mean `template`?

            error: cannot use key `left_delim`: 'template[0]' has invalid keys: left_delim
              --> ct.hcl:8:3
            8 |   left_delim = "<<"
              |   ^^^^^^^^^^

            error: cannot use key `custm`: 'exec.env' has invalid keys: custm
              --> ct.hcl:10:14
            10 | exec { env { custm = [] } }
               |              ^^^^^
            hint: did you mean `custom`?
        "#]],
    );
}

#[test]
fn values_that_cannot_be() {
    check(
        r#"
max_stale = "10"
wait = "4s:1s"
kill_signal = "NOPE"
log_level = "loud"
consul { retry { attempts = -1 backoff = "-1s" } address = "ftp://x" }
exec { kill_timeout = [] }
"#,
        &expect![[r#"
            ends with 15
            error: cannot use "10" as max_stale: time: missing unit in duration 10
              --> ct.hcl:2:13
            2 | max_stale = "10"
              |             ^^^^
            hint: a duration has a unit, such as "10s" or "1m30s"

            error: wait: min must be less than max
              --> ct.hcl:3:8
            3 | wait = "4s:1s"
              |        ^^^^^^^

            error: cannot use `NOPE` as kill_signal: not a signal
              --> ct.hcl:4:15
            4 | kill_signal = "NOPE"
              |               ^^^^^^
            hint: a name such as SIGHUP, or a number

            error: cannot use `loud` as log_level
              --> ct.hcl:5:13
            5 | log_level = "loud"
              |             ^^^^^^
            hint: one of trace, debug, info, warn, err

            error: cannot use -1 as consul.retry.attempts
              --> ct.hcl:6:29
            6 | consul { retry { attempts = -1 backoff = "-1s" } address = "ftp://x" }
              |                             ^^

            error: consul.retry.backoff cannot be negative
              --> ct.hcl:6:42
            6 | consul { retry { attempts = -1 backoff = "-1s" } address = "ftp://x" }
              |                                          ^^^^^

            error: cannot reach Consul by `ftp://`
              --> ct.hcl:6:60
            6 | consul { retry { attempts = -1 backoff = "-1s" } address = "ftp://x" }
              |                                                            ^^^^^^^^^
            hint: one of http, https, unix

            error: 'exec.kill_timeout' expected type 'string', got unconvertible type '[]interface {}'
              --> ct.hcl:7:23
            7 | exec { kill_timeout = [] }
              |                       ^
            hint: a duration has a unit, such as "10s" or "1m30s"
        "#]],
    );
}

#[test]
fn values_of_a_template_that_cannot_be() {
    check(
        r#"
template {
  source = "a"
  destination = "b"
  perms = "rw-r--r--"
  wait { min = "5s" max = "1s" }
  command_timeout = "soon"
  command = { a = 1 }
}
"#,
        &expect![[r#"
            ends with 15
            error: cannot use this as template[0].perms: not permission bits
              --> ct.hcl:5:11
            5 |   perms = "rw-r--r--"
              |           ^^^^^^^^^^^
            hint: octal digits, such as 0644

            error: wait: min must be less than max
              --> ct.hcl:6:8
            6 |   wait { min = "5s" max = "1s" }
              |        ^

            error: cannot use "soon" as template[0].command_timeout: time: invalid duration soon
              --> ct.hcl:7:21
            7 |   command_timeout = "soon"
              |                     ^^^^^^
            hint: a duration has a unit, such as "10s" or "1m30s"

            error: 'template[0].command' expected type 'string', got unconvertible type 'map[string]interface {}'
              --> ct.hcl:8:13
            8 |   command = { a = 1 }
              |             ^
        "#]],
    );
}

#[test]
fn a_template_needs_one_source_and_a_destination() {
    let text = "template { source = \"a\" }\ntemplate { destination = \"/b\" }\ntemplate { source = \"a\" contents = \"\" destination = \"/c\" }";
    check(
        text,
        &expect![[r#"
        ends with 14
        error: template: missing destination
          --> ct.hcl:1:10
        1 | template { source = "a" }
          |          ^
        hint: say where to write it, or see it with -dry

        error: template: must specify exactly one of 'source' or 'contents'
          --> ct.hcl:2:10
        2 | template { destination = "/b" }
          |          ^

        error: template: cannot specify both 'source' and 'contents'
          --> ct.hcl:3:10
        3 | template { source = "a" contents = "" destination = "/c" }
          |          ^
    "#]],
    );
    // What is wrong with the configuration weighs more.
    check(
        &format!("bogus = 1\n{text}"),
        &expect![[r#"
        ends with 15
        error: cannot use key `bogus`: '' has invalid keys: bogus
          --> ct.hcl:1:1
        1 | bogus = 1
          | ^^^^^

        error: template: missing destination
          --> ct.hcl:2:10
        2 | template { source = "a" }
          |          ^
        hint: say where to write it, or see it with -dry

        error: template: must specify exactly one of 'source' or 'contents'
          --> ct.hcl:3:10
        3 | template { destination = "/b" }
          |          ^

        error: template: cannot specify both 'source' and 'contents'
          --> ct.hcl:4:10
        4 | template { source = "a" contents = "" destination = "/c" }
          |          ^
    "#]],
    );
    let given = Given {
        line: &["-dry", "-template", "a"],
        ..Given::default()
    };
    check_all(
        &given,
        &expect![[r#"
        loads
    "#]],
    );
    let given = Given {
        line: &["-template", "a", "-once"],
        ..Given::default()
    };
    check_all(
        &given,
        &expect![[r#"
        ends with 14
        error: template: missing destination
          --> command line:1:11
        1 | -template a -once
          |           ^
        hint: say where to write it, or see it with -dry
    "#]],
    );
}

#[test]
fn what_has_no_effect_is_told() {
    check(
        r#"
syslog { enabled = true facility = "LOCAL1" }
vault { address = "http://v:8200" }
nomad { address = "n" }
consul { transport { dial_timeout = "5s" } }
template_error_fatal = false
log_level = "warn"
log_level = "info"
template { source = "a" destination = "b" perms = 644 command_timeout = 30 }
"#,
        &expect![[r#"
            loads
            warning: syslog is not supported, the log goes to stderr
              --> ct.hcl:2:1
            2 | syslog { enabled = true facility = "LOCAL1" }
              | ^^^^^^
            warning: Vault is not supported, `vault` has no effect
              --> ct.hcl:3:1
            3 | vault { address = "http://v:8200" }
              | ^^^^^
            warning: Nomad is not supported, `nomad` has no effect
              --> ct.hcl:4:1
            4 | nomad { address = "n" }
              | ^^^^^
            warning: the key `dial_timeout` has no effect
              --> ct.hcl:5:22
            5 | consul { transport { dial_timeout = "5s" } }
              |                      ^^^^^^^^^^^^
            warning: the key `template_error_fatal` has no effect
              --> ct.hcl:6:1
            6 | template_error_fatal = false
              | ^^^^^^^^^^^^^^^^^^^^
            warning: the key `log_level` is given twice, and only the last one counts
              --> ct.hcl:8:1
            8 | log_level = "info"
              | ^^^^^^^^^
            warning: template[0].perms is 644 in decimal, 1204 in octal
              --> ct.hcl:9:51
            9 | template { source = "a" destination = "b" perms = 644 command_timeout = 30 }
              |                                                   ^^^
            hint: octal digits begin with 0: 0644
            warning: template[0].command_timeout is 30 nanoseconds: it has no unit
              --> ct.hcl:9:73
            9 | template { source = "a" destination = "b" perms = 644 command_timeout = 30 }
              |                                                                         ^^
            hint: write "30s" for seconds
        "#]],
    );
}

#[test]
fn what_is_switched_off_is_no_reason_to_warn() {
    check(
        "vault { renew_token = false }\nnomad { enabled = false address = \"n\" }\nsyslog { enabled = false }",
        &expect![[r#"
            loads
        "#]],
    );
    let given = Given {
        line: &["-vault-renew-token=false", "-syslog=false"],
        ..Given::default()
    };
    check_all(
        &given,
        &expect![[r#"
        loads
    "#]],
    );
    let given = Given {
        line: &[
            "-vault-addr",
            "http://v:8200",
            "-vault-token",
            "secret",
            "-syslog",
        ],
        ..Given::default()
    };
    check_all(
        &given,
        &expect![[r#"
        loads
        warning: Vault is not supported, `vault` has no effect
          --> command line:1:40
        1 | -vault-addr http://v:8200 -vault-token *** -syslog
          |                                        ^^^
        warning: syslog is not supported, the log goes to stderr
          --> command line:1:44
        1 | -vault-addr http://v:8200 -vault-token *** -syslog
          |                                            ^^^^^^^
    "#]],
    );
}

const WORDS: &[&str] = &[
    "{", "}", "[", "]", ",", "=", "\"", "<<EOF\n", "<<-E\n", "EOF\n", "\nE\n", "${", "\\", "#",
    "//", "/*", "*/", "\n", "consul", "template", "exec", "wait", "retry", "env", "vault",
    "syslog", "perms", "command", "address", "min", "attempts", "0", "-1", "0644", "0x1", "1e9",
    "true", "\"1s\"", "\"a\"", "é", "custom",
];

proptest! {
    #[test]
    fn any_file_is_answered(text in prop_oneof![
        ".*",
        prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.join(" ")),
        prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.concat()),
    ]) {
        let given = Given { files: &[("ct.hcl", &text)], ..Given::default() };
        let _ = given.load().map_err(|refused| refused.to_string());
    }

    #[test]
    fn any_command_line_is_answered(line in prop::collection::vec("-{0,3}(once|template|wait|exec|[a-z=:é ]*)(=.*)?", 0..6)) {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        if words(&line).is_ok() {
            let given = Given { line: &line, ..Given::default() };
            let _ = given.load().map_err(|refused| refused.to_string());
        }
    }
}
