//! How several problems look together.

use expect_test::expect;

use crate::harness::check;

#[test]
fn every_problem_at_once() {
    let text = "{
  consul: \"consul:8500\",
  loging: { level: \"debug\" },
  jobs: [
    {
      name: \"web\",
      exec: \"\",
      port: 8080,
      stopTimout: \"5s\",
      when: { source: \"setpu\", once: \"exitSuccess\" },
    },
    { name: \"setup\", exec: \"/bin/setup\",\ttimeout: \"xx\" },
  ],
  watches: [{ name: \"db\" }],
}
";
    check(
        text,
        &expect![[r#"
        error: cannot use key `loging`: unknown config keys: [loging]
          --> app.json5:3:3
        3 |   loging: { level: "debug" },
          |   ^^^^^^
        hint: did you mean `logging`?

        error: unable to create job[web].exec: received zero-length argument
          --> app.json5:7:13
        7 |       exec: "",
          |             ^^

        error: job[web].health must be set if 'port' is set
          --> app.json5:8:13
        8 |       port: 8080,
          |             ^^^^

        error: cannot use key `stopTimout`: '[0]' has invalid keys: stopTimout
          --> app.json5:9:7
        9 |       stopTimout: "5s",
          |       ^^^^^^^^^^
        hint: did you mean `stopTimeout`?

        error: cannot start job[web]: its source `setpu` does not exist
          --> app.json5:10:23
        10 |       when: { source: "setpu", once: "exitSuccess" },
           |                       ^^^^^^^
        hint: did you mean `setup`?

        error: unable to parse job[setup].timeout 'xx': time: invalid duration xx
          --> app.json5:12:51
        12 |     { name: "setup", exec: "/bin/setup",	timeout: "xx" },
           |                                         	         ^^^^

        error: watch[db].interval must be > 0
          --> app.json5:14:13
        14 |   watches: [{ name: "db" }],
           |             ^"#]],
    );
}
