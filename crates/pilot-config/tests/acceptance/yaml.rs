//! Configurations in YAML. That YAML says the same as JSON5 is seen in every other case: the
//! harness loads each text that is both as either.

use expect_test::{Expect, expect};
use pilot_config::{Config, Problems, Source, World};

use crate::harness::load_sources;

fn load(text: &str, entries: &[(&str, &str)]) -> Result<Config, Problems> {
    let name = "app.yaml";
    load_sources(&[Source { name, text }], &[], entries)
}

/// Compares everything that is said about a text, with places.
#[track_caller]
fn check(text: &str, expect: &Expect) {
    let said = match load(text, &[]) {
        Ok(config) => config
            .warnings
            .iter()
            .map(|one| format!("{one}\n"))
            .collect(),
        Err(problems) => problems.to_string(),
    };
    expect.assert_eq(&said);
}

const WEB: &str = r#"
# A web server.
consul: localhost:8500
stopTimeout: 10
jobs:
  - name: setup
    exec: [/opt/setup, --once]
    timeout: 30s
  - &web
    name: web
    exec: >-
      /opt/web
      --port 8080
    when:
      all:
        - {source: setup, event: exitSuccess}
        - source: watch.db
          event: healthy
    essential: true
    restarts: unlimited
    port: 8080
    interfaces: [eth0, inet]
    tags: [blue, 1.5, on]
    env:
      UMASK: 0o22
      DEBUG: "true"
    health: {exec: /opt/probe 8080, interval: 5, ttl: 15, timeout: 2s}
  - <<: *web
    name: web-admin
    port: {{ .ADMIN_PORT }}
    essential: false
watches:
- name: db
  interval: 3
control:
  mode: 0o660
logging:
"#;

const WEB_JSON5: &str = r#"{
  consul: "localhost:8500",
  stopTimeout: 10,
  jobs: [
    { name: "setup", exec: ["/opt/setup", "--once"], timeout: "30s" },
    { name: "web", exec: "/opt/web --port 8080",
      when: { all: [{ source: "setup", event: "exitSuccess" }, { source: "watch.db", event: "healthy" }] },
      essential: true, restarts: "unlimited", port: 8080, interfaces: ["eth0", "inet"],
      tags: ["blue", 1.5, "on"], env: { UMASK: "0o22", DEBUG: "true" },
      health: { exec: "/opt/probe 8080", interval: 5, ttl: 15, timeout: "2s" } },
    { name: "web-admin", exec: "/opt/web --port 8080",
      when: { all: [{ source: "setup", event: "exitSuccess" }, { source: "watch.db", event: "healthy" }] },
      essential: false, restarts: "unlimited", port: 8090, interfaces: ["eth0", "inet"],
      tags: ["blue", 1.5, "on"], env: { UMASK: "0o22", DEBUG: "true" },
      health: { exec: "/opt/probe 8080", interval: 5, ttl: 15, timeout: "2s" } },
  ],
  watches: [{ name: "db", interval: 3 }],
  control: { mode: "0660" },
}"#;

#[test]
fn a_whole_file() {
    let name = "app.json5";
    let text = WEB_JSON5;
    let json5 = load_sources(&[Source { name, text }], &[], &[]).unwrap();
    let yaml = load(WEB, &[("ADMIN_PORT", "8090")]).unwrap();
    assert_eq!(yaml, json5);
}

#[test]
fn mistakes_have_their_places() {
    check(
        "consul: c:1
jobs:
  - name: web
    exce: /opt/web
    port: \"80a\"
    when: {source: nobody, once: healthy}
  - exec: [/opt/a]
    timeout: 1
    name:
  - 5
logging:
  level: loud
",
        &expect![[r#"
            error: cannot use key `exce`: '[0]' has invalid keys: exce
              --> app.yaml:4:5
            4 |     exce: /opt/web
              |     ^^^^
            hint: did you mean `exec`?

            error: cannot parse '[0].port' as int: strconv.ParseInt: parsing "80a": invalid syntax
              --> app.yaml:5:11
            5 |     port: "80a"
              |           ^^^^^

            error: cannot start job[web]: its source `nobody` does not exist
              --> app.yaml:6:20
            6 |     when: {source: nobody, once: healthy}
              |                    ^^^^^^

            error: 'name' must not be blank
              --> app.yaml:7:5
            7 |   - exec: [/opt/a]
              |     ^

            error: '[2]' expected a map, got 'float64'
              --> app.yaml:10:5
            10 |   - 5
               |     ^

            error: Unknown log level 'loud': not a valid logrus Level: "loud"
              --> app.yaml:12:10
            12 |   level: loud
               |          ^^^^
            hint: one of debug, info, warn, warning, error, fatal, panic"#]],
    );
    check(
        "- jobs\n",
        &expect![[r#"
        error: could not parse configuration: json: cannot unmarshal array into Go value of type map[string]interface {}
          --> app.yaml:1:1
        1 | - jobs
          | ^"#]],
    );
    check(
        "jobs\n",
        &expect![[r#"
        error: could not parse configuration: json: cannot unmarshal string into Go value of type map[string]interface {}
          --> app.yaml:1:1
        1 | jobs
          | ^^^^"#]],
    );
    check(
        "# nothing\n",
        &expect![[r#"
        error: no discovery backend defined
          --> app.yaml:1:1
        1 | # nothing
          | ^
        hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without"#]],
    );
}

/// A mapping in lines of its own has no bracket to mark, but its first key.
#[test]
fn a_mapping_may_begin_with_any_character() {
    check(
        "jobs:\n  - é: 1\n",
        &expect![[r#"
        error: cannot use key `é`: '[0]' has invalid keys: é
          --> app.yaml:2:5
        2 |   - é: 1
          |     ^

        error: 'name' must not be blank
          --> app.yaml:2:5
        2 |   - é: 1
          |     ^"#]],
    );
}

#[test]
fn what_is_no_yaml_has_its_place() {
    check(
        "consul: c:1\njobs:\n  - name: a\n\texec: b\n",
        &expect![[r#"
        error: parse error at line:col [3:11]: while scanning a plain scalar, found a tab
            2: jobs:
            3:   - name: a
        -----------------^
          --> app.yaml:3:11
        hint: line 4 is indented with a tab, and YAML takes only spaces"#]],
    );
    check(
        "consul: c:1\njobs:\n  - name: é\n   exec: b\n",
        &expect![[r#"
            error: parse error at line:col [4:4]: while parsing a block collection, did not find expected '-' indicator
                3:   - name: é
                4:    exec: b
            ----------^
              --> app.yaml:4:4
            hint: the line is indented like none of those it could belong to"#]],
    );
    check(
        "jobs:\n  - name: a\n    exec: b\n    exec: c\n    8080: d\n    cwd: *home\n",
        &expect![[r#"
            error: parse error at line:col [6:10]: while parsing node, found unknown anchor
                5:     8080: d
                6:     cwd: *home
            ----------------^
              --> app.yaml:6:10
            hint: a text that begins with `*` needs quotes"#]],
    );
    check(
        "jobs:\n  - name: a\n    exec: b\n    exec: c\n    8080: d\nlogging: !env LEVEL\n",
        &expect![[r#"
            error: parse error at line:col [4:5]: the key `exec` is given twice
                3:     exec: b
                4:     exec: c
            -----------^
              --> app.yaml:4:5
            hint: the first one is at 3:5

            error: parse error at line:col [5:5]: a key must be text, and this is a number
                4:     exec: c
                5:     8080: d
            -----------^
              --> app.yaml:5:5
            hint: put it in quotes

            error: parse error at line:col [6:10]: cannot use the tag `!env`: it has no meaning here
                5:     8080: d
                6: logging: !env LEVEL
            ----------------^
              --> app.yaml:6:10"#]],
    );
    check(
        "jobs: []\n---\njobs: []\n",
        &expect![[r#"
        error: parse error at line:col [2:1]: a second document begins
            1: jobs: []
            2: ---
        -------^
          --> app.yaml:2:1
        hint: one file is one configuration; a directory may hold several files"#]],
    );
}

#[test]
fn a_line_that_rendering_moved_is_found() {
    let text = "{{ if .A }}\nconsul: c:1\n{{ end }}\n{{ range loop 2 }}\n# {{ . }}\n{{ end }}\njobs:\n  - nam: a\n";
    let problems = load(text, &[("A", "1")]).unwrap_err();
    expect![[r#"
        error: cannot use key `nam`: '[0]' has invalid keys: nam
          --> app.yaml:10:5 as rendered, from line 8 of the source
        10 |   - nam: a
           |     ^^^
        hint: did you mean `name`?

        error: 'name' must not be blank
          --> app.yaml:10:5 as rendered, from line 8 of the source
        10 |   - nam: a
           |     ^"#]]
    .assert_eq(&problems.to_string());
}

#[test]
fn the_socket_of_a_broken_file() {
    let cases = [
        ("control:\n  socket: /run/a.sock\nbogus: 1\n", "/run/a.sock"),
        (
            "control: {Socket: '/run/{{ .NAME }}.sock'}\njobs: 5\n",
            "/run/web.sock",
        ),
        (
            "jobs: [\ncontrol:\n  socket: /run/b.sock # here\n",
            "/run/b.sock",
        ),
        ("jobs: [\ncontrol: {socket: '/run/b.sock'}\n", "/run/b.sock"),
        ("# socket: /no\njobs: [\n", "/var/run/containerpilot.socket"),
        ("", "/var/run/containerpilot.socket"),
    ];
    let environment = crate::harness::environment(&[("NAME", "web")]);
    let world = World {
        environment: &environment,
        ..World::default()
    };
    for (text, expected) in cases {
        let name = "app.yml";
        let path = pilot_config::socket_of(&[Source { name, text }], &world);
        assert_eq!(path.to_str(), Some(expected), "{text}");
    }
}

#[test]
fn the_last_file_that_names_a_socket_counts() {
    let sources = [
        ("a.json5", "{ control: { socket: \"/run/a.sock\" } }"),
        ("b.yaml", "control: {socket: /run/b.sock\n"),
        ("c.json5", "{ jobs: [], control: {} }"),
    ];
    let sources = sources.map(|(name, text)| Source { name, text });
    let path = pilot_config::socket_of(&sources, &World::default());
    assert_eq!(path.to_str(), Some("/run/b.sock"));
}
