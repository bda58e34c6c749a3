//! Several files as one configuration.

use expect_test::{Expect, expect};
use pilot_config::{Config, Problems, Source};

use crate::harness::load_sources;

fn load(files: &[(&str, &str)]) -> Result<Config, Problems> {
    let sources: Vec<Source<'_>> = files
        .iter()
        .map(|(name, text)| Source { name, text })
        .collect();
    load_sources(&sources, &[], &[])
}

/// Compares what was overridden and everything that is said, with places.
#[track_caller]
fn check(files: &[(&str, &str)], expect: &Expect) {
    let said = match load(files) {
        Ok(config) => {
            let overrides = config.overrides.iter().map(ToString::to_string);
            let warnings = config.warnings.iter().map(ToString::to_string);
            overrides.chain(warnings).collect::<Vec<_>>().join("\n")
        }
        Err(problems) => problems.to_string(),
    };
    expect.assert_eq(&said);
}

/// A base, what an image puts over it, and what a host does.
const THREE: [(&str, &str); 3] = [
    (
        "00-base.json5",
        "{
  consul: { address: \"consul:8500\", tls: { verify: true, cafile: \"/ca\" } },
  stopTimeout: 10,
  logging: { level: \"INFO\", format: \"json\" },
  jobs: [
    { name: \"setup\", exec: \"/opt/setup\" },
    { name: \"web\", exec: \"/opt/web\", env: { A: \"1\" } },
    { name: \"tail\", exec: \"/opt/tail\" },
  ],
  watches: [{ name: \"db\", interval: 3 }],
}
",
    ),
    (
        "20-app.json5",
        "{
  consul: { tls: { verify: false } },
  logging: { Level: \"DEBUG\" },
  jobs: [
    { name: \"extra\", exec: \"/opt/extra\" },
    { name: \"web\", exec: \"/opt/new\" },
  ],
  watches: [{ name: \"cache\", interval: 5 }, { name: \"db\", interval: 9 }],
}
",
    ),
    (
        "30-local.json5",
        "{ stopTimeout: 5, logging: { level: \"WARN\" } }",
    ),
];

#[test]
fn what_a_later_file_says_counts_and_the_rest_stays() {
    let config = load(&THREE).unwrap();
    let jobs: Vec<String> = config
        .spec
        .jobs
        .iter()
        .map(|job| job.name.to_string())
        .collect();
    assert_eq!(jobs, ["setup", "web", "tail", "extra"]);
    let web = config.spec.jobs[1].exec.as_ref().unwrap();
    assert_eq!((web.argv[0].as_str(), web.env.len()), ("/opt/new", 0));
    let watches: Vec<u64> = config
        .spec
        .watches
        .iter()
        .map(|watch| watch.interval.as_secs())
        .collect();
    assert_eq!(watches, [9, 5]);
    assert_eq!(config.spec.stop_timeout.as_secs(), 5);
    assert_eq!(config.logging.level, pilot_config::Level::Warn);
    assert_eq!(config.logging.format, pilot_config::Format::Json);
    let pilot_config::Catalog::Consul(consul) = &config.catalog else {
        panic!("{:?}", config.catalog);
    };
    assert!(!consul.tls.verify);
    assert_eq!(consul.tls.ca_file.as_deref(), Some("/ca".as_ref()));
    check(
        &THREE,
        &expect![[r#"
        `consul.tls.verify`: 20-app.json5:2:20 replaces 00-base.json5:2:44
        `logging.Level`: 20-app.json5:3:14 replaces 00-base.json5:4:14
        `job[web]`: 20-app.json5:6:13 replaces 00-base.json5:7:13
        `watch[db]`: 20-app.json5:8:53 replaces 00-base.json5:10:21
        `stopTimeout`: 30-local.json5:1:3 replaces 00-base.json5:3:3
        `logging.level`: 30-local.json5:1:30 replaces 20-app.json5:3:14
        warning: the agent's certificate is not verified: `verify: false`
          --> 20-app.json5:2:28
        2 |   consul: { tls: { verify: false } },
          |                            ^^^^^"#]],
    );
}

#[test]
fn there_is_one_catalog() {
    check(
        &[
            (
                "a.json5",
                "{ consul: { address: \"c:1\", token: \"t\" }, jobs: [{ name: \"a\", exec: \"x\" }] }",
            ),
            ("b.json5", "{ catalog: { embedded: {} } }"),
            ("c.json5", "{ catalog: { consul: { address: \"d:1\" } } }"),
            ("d.json5", "{ catalog: { consul: { token: \"u\" } } }"),
            ("e.json5", "{ consul: \"e:1\" }"),
        ],
        &expect![[r#"
            `consul`: b.json5:1:3 replaces a.json5:1:3
            `catalog`: c.json5:1:3 replaces b.json5:1:3
            `catalog`: e.json5:1:3 replaces c.json5:1:3"#]],
    );
    check(
        &[
            ("a.json5", "{ jobs: [{ name: \"a\", exec: \"x\" }] }"),
            ("b.json5", "{ catalog: \"none\", consul: \"c:1\" }"),
        ],
        &expect![[r#"
            error: cannot use `catalog` beside `consul`: there is one catalog
              --> b.json5:1:3
            1 | { catalog: "none", consul: "c:1" }
              |   ^^^^^^^"#]],
    );
}

#[test]
fn null_takes_back() {
    check(
        &[
            (
                "a.json5",
                "{ telemetry: { port: 9090, tags: [\"a\", \"b\"], metrics: [
  { namespace: \"n\", subsystem: \"s\", name: \"m\", help: \"h\", type: \"counter\" },
] }, logging: { level: \"DEBUG\" }, jobs: [{ name: \"a\", exec: \"x\" }], stopTimeout: null }",
            ),
            (
                "b.json5",
                "{ stopTimeout: 3, telemetry: { tags: [\"c\"], metrics: [
  { namespace: \"n\", subsystem: \"s\", name: \"m\", help: \"h\", type: \"gauge\" },
  { namespace: \"n\", subsystem: \"s\", name: \"o\", help: \"h\", type: \"gauge\" },
] }, logging: { level: null } }",
            ),
            (
                "c.json5",
                "{ watches: null, telemetry: null, jobs: [{ name: \"b\", exec: \"y\" }] }",
            ),
            ("d.json5", "null"),
        ],
        &expect![[r#"
            `telemetry.tags`: b.json5:1:32 replaces a.json5:1:28
            `metric[n_s_m]`: b.json5:2:43 replaces a.json5:2:43
            `logging.level`: b.json5:4:17 takes back a.json5:3:17
            `telemetry`: c.json5:1:18 takes back a.json5:1:3"#]],
    );
}

#[test]
fn templates_are_known_by_their_file() {
    check(
        &[
            (
                "a.json5",
                "{ templates: [{ source: \"/a\", destination: \"/etc/nginx.conf\" }], jobs: [{ name: \"a\", exec: \"x\" }] }",
            ),
            (
                "b.json5",
                "{ templates: [{ name: \"nginx.conf\", source: \"/b\", destination: \"/etc/n.conf\" }] }",
            ),
        ],
        &expect!["`template[nginx.conf]`: b.json5:1:23 replaces a.json5:1:44"],
    );
}

#[test]
fn one_file_alone_cannot_repeat_a_name() {
    check(
        &[
            ("a.json5", "{ jobs: [{ name: \"a\", exec: \"x\" }] }"),
            (
                "b.json5",
                "{ jobs: [{ name: \"b\", exec: \"x\" }, { name: \"b\", exec: \"y\" }],\n  logging: { level: \"INFO\", level: \"DEBUG\" } }",
            ),
        ],
        &expect![[r#"
            error: cannot have two jobs with the name `b`
              --> b.json5:1:44
            1 | { jobs: [{ name: "b", exec: "x" }, { name: "b", exec: "y" }],
              |                                            ^^^

            warning: the key `level` is given twice, and only the last one counts
              --> b.json5:2:29
            2 |   logging: { level: "INFO", level: "DEBUG" } }
              |                             ^^^^^"#]],
    );
}

#[test]
fn every_problem_names_its_file() {
    check(
        &[
            ("a.json5", "{ jobs: [\n  { name: \"a\", exce: \"x\" } ] }"),
            (
                "b.json5",
                "{ jobs: [{ name: \"b\", exec: \"x\", when: { source: \"nobody\", once: \"healthy\" } }],\n  loging: {} }",
            ),
        ],
        &expect![[r#"
            error: cannot use key `exce`: '[0]' has invalid keys: exce
              --> a.json5:2:16
            2 |   { name: "a", exce: "x" } ] }
              |                ^^^^
            hint: did you mean `exec`?

            error: cannot start job[b]: its source `nobody` does not exist
              --> b.json5:1:50
            1 | { jobs: [{ name: "b", exec: "x", when: { source: "nobody", once: "healthy" } }],
              |                                                  ^^^^^^^^

            error: cannot use key `loging`: unknown config keys: [loging]
              --> b.json5:2:3
            2 |   loging: {} }
              |   ^^^^^^
            hint: did you mean `logging`?"#]],
    );
    check(
        &[
            ("a.json5", "{ jobs: [ }"),
            ("b.json5", "{ consul: \"c:1\" }"),
            ("c.json5", "{ consul: {{ .A }"),
            ("d.json5", "\n{ consul \"c:1\" }"),
        ],
        &expect![[r#"
            error: parse error at line:col [1:11]: invalid character '}' looking for beginning of value
                1: { jobs: [ }
            -----------------^
              --> a.json5:1:11
            hint: the `[` at 1:9 is not closed

            error: could not apply template to config: template: c.json5:1: unexpected "}" in operand
              --> c.json5:1:17
            1 | { consul: {{ .A }
              |                 ^

            error: parse error at line:col [2:10]: invalid character '"' after object key
                1: 
                2: { consul "c:1" }
            ----------------^
              --> d.json5:2:10"#]],
    );
    check(
        &[
            ("a.json5", "{ consul: \"c:1\" }"),
            ("b.json5", "[]"),
            ("c.json5", "{}"),
        ],
        &expect![[r#"
            error: could not parse configuration: json: cannot unmarshal array into Go value of type map[string]interface {}
              --> b.json5:1:1
            1 | []
              | ^"#]],
    );
}

#[test]
fn files_of_two_dialects_are_refused() {
    check(
        &[
            ("00-log.yaml", "logging: {level: DEBUG}\n"),
            ("10-old.json5", "{ consul: \"c:1\",\n  services: [] }"),
            ("20-new.yaml", "consul: c:1\njobs:\n  - name: a\n"),
        ],
        &expect![[r#"
            error: cannot put files of two dialects together: `jobs` is of ContainerPilot 3, and `services` at 10-old.json5:2:3 is of ContainerPilot 1 and 2
              --> 20-new.yaml:2:1
            2 | jobs:
              | ^^^^"#]],
    );
}

#[test]
fn json5_and_yaml_go_together() {
    check(
        &[
            (
                "00-base.json5",
                "{ jobs: [{ name: \"web\", exec: \"a\" }], telemetry: { port: 1 } }",
            ),
            (
                "10-app.yaml",
                "# All of it may be left out:\ntelemetry:\njobs:\n  - name: web\n    exec: b\n    prot: 1\n",
            ),
            (
                "20-app.yml",
                "consul: ~\ntelemetry: ~\nwatches:\n  - {name: w}\n",
            ),
            ("30-empty.yml", "# nothing\n"),
        ],
        &expect![[r#"
            error: cannot use key `prot`: '[0]' has invalid keys: prot
              --> 10-app.yaml:6:5
            6 |     prot: 1
              |     ^^^^
            hint: did you mean `port`?

            error: watch[w].interval must be > 0
              --> 20-app.yml:4:5
            4 |   - {name: w}
              |     ^

            error: no discovery backend defined, but there is watch[w]
              --> 20-app.yml:4:5
            4 |   - {name: w}
              |     ^
            hint: add `consul: "localhost:8500"`, or `catalog: "none"` to do without

            error: service names must be alphanumeric with dashes to comply with service discovery: `w`
              --> 20-app.yml:4:12
            4 |   - {name: w}
              |            ^
            hint: begin with a lower-case letter, and use two characters or more"#]],
    );
    check(
        &[
            (
                "00-base.json5",
                "{ jobs: [{ name: \"web\", exec: \"a\" }], telemetry: { port: 1 } }",
            ),
            (
                "10-app.yaml",
                "telemetry:\njobs:\n  - name: web\n    exec: b\n",
            ),
            ("20-app.yml", "telemetry: ~\n"),
        ],
        &expect![[r#"
            `job[web]`: 10-app.yaml:3:11 replaces 00-base.json5:1:18
            `telemetry`: 20-app.yml:1:1 takes back 00-base.json5:1:39"#]],
    );
}

/// Every section may stand in a file of its own, in either language.
#[test]
fn files_of_one_section_each_are_the_whole() {
    let whole = load(&[(
        "app.json5",
        "{ consul: \"c:1\", jobs: [{ name: \"a\", exec: \"x\" }, { name: \"b\", exec: \"y\" }],
           watches: [{ name: \"db\", interval: 3 }], control: { mode: \"0660\" } }",
    )]);
    let parts = load(&[
        ("a.yml", "consul: c:1"),
        (
            "b.json",
            "{ \"jobs\": [{ \"name\": \"a\", \"exec\": \"x\" }] }",
        ),
        ("c.yaml", "jobs: [{name: b, exec: y}]"),
        ("d.json5", "{ watches: [{ name: 'db', interval: 3 }] }"),
        ("e.yaml", "control: {mode: 0660}"),
    ]);
    assert_eq!(parts, whole);
}

#[test]
fn files_of_the_older_dialect_go_together_too() {
    let program = ["/bin/app".to_owned()];
    let sources = [
        (
            "a.json",
            "{ \"consul\": \"c:1\", \"preStart\": \"/bin/pre\",
  \"services\": [{ \"name\": \"app\", \"port\": 80, \"health\": \"/bin/check\", \"poll\": 5, \"ttl\": 10 }],
  \"backends\": [{ \"name\": \"db\", \"poll\": 3, \"onChange\": \"/bin/reload\" }] }",
        ),
        (
            "b.yaml",
            "PreStart: /bin/other
backends:
- {name: db, poll: 7, onChange: /bin/reload}
- {name: cache, poll: 5, onChange: /bin/reload}
",
        ),
    ];
    let sources = sources.map(|(name, text)| Source { name, text });
    let config = load_sources(&sources, &program, &[]).unwrap();
    let changes: Vec<String> = config.overrides.iter().map(ToString::to_string).collect();
    expect![[r#"
        `PreStart`: b.yaml:1:1 replaces a.json:1:20
        `backend[db]`: b.yaml:3:10 replaces a.json:3:26"#]]
    .assert_eq(&changes.join("\n"));
    let watches = config.spec.watches.iter();
    let watches: Vec<(String, u64)> = watches
        .map(|watch| (watch.name.to_string(), watch.interval.as_secs()))
        .collect();
    assert_eq!(watches, [("db".to_owned(), 7), ("cache".to_owned(), 5)]);
}
