//! Files of ContainerPilot 1 and 2 in the form of 3.

use expect_test::{Expect, expect, expect_file};
use pilot_config::{Config, Dialect, Migration, Problems, Source, World};
use pilot_core::spec::{Command, JobSpec};

use crate::harness::{environment, interfaces, load_around, load_in};

const PROGRAM: [&str; 2] = ["node", "app.js"];

fn migrate(program: &[&str], text: &str) -> Result<Migration, Problems> {
    let program: Vec<String> = program.iter().map(|word| (*word).to_owned()).collect();
    let (environment, interfaces) = (environment(&[]), interfaces());
    let world = World {
        environment: &environment,
        interfaces: &interfaces,
        hostname: "host",
        version: "1.2.3",
        program: &program,
    };
    let name = "app.json";
    pilot_config::migrate(&[Source { name, text }], &world)
}

#[track_caller]
fn migrated(program: &[&str], text: &str) -> Migration {
    migrate(program, text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Compares the new file, and loads it.
#[track_caller]
fn check(text: &str, expect: &Expect) -> Config {
    let migration = migrated(&PROGRAM, text);
    expect.assert_eq(&migration.text);
    load(&migration)
}

#[track_caller]
fn load(migration: &Migration) -> Config {
    let config = load_in(&migration.text, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.dialect, Dialect::V3);
    config
}

fn job<'c>(config: &'c Config, name: &str) -> &'c JobSpec {
    let job = config
        .spec
        .jobs
        .iter()
        .find(|job| job.name.as_str() == name);
    job.unwrap_or_else(|| panic!("no job {name}"))
}

#[test]
fn the_whole_of_it() {
    let text = include_str!("v2.json");
    let migration = migrated(&PROGRAM, text);
    expect_file!["v2.migrated.json5"].assert_eq(&migration.text);
    let (old, new) = (load_around(&PROGRAM, text, &[]).unwrap(), load(&migration));
    assert!(new.warnings.is_empty(), "{:?}", new.warnings);
    assert_eq!(old.catalog, new.catalog);
    assert_eq!(old.logging, new.logging);
    assert_eq!(old.telemetry, new.telemetry);
    assert_eq!(old.spec.watches, new.spec.watches);
    assert_eq!(old.spec.stop_timeout, new.spec.stop_timeout);
    let mut addresses = (old.addresses.clone(), new.addresses.clone());
    addresses.0.sort();
    addresses.1.sort();
    assert_eq!(addresses.0, addresses.1);
    let named = |name: &str| match name {
        "app" => "application".to_owned(),
        name => name.to_owned(),
    };
    for name in [
        "app",
        "preStart",
        "preStop",
        "postStop",
        "onChange-db",
        "task-report",
        "coprocess-consul",
    ] {
        let (old, new) = (job(&old, name), job(&new, &named(name)));
        // What a run may leave behind cannot be said in the new form.
        let exec = |job: &JobSpec| {
            let exec = job.exec.clone();
            exec.map(|command| Command {
                leaves_rest: false,
                ..command
            })
        };
        assert_eq!(exec(old), exec(new), "{name}");
        assert_eq!(old.timeout, new.timeout, "{name}");
        assert_eq!(old.restarts, new.restarts, "{name}");
        assert_eq!(old.overlap, new.overlap, "{name}");
    }
    for name in ["app", "preStart", "coprocess-consul", "onChange-db"] {
        assert_eq!(job(&old, name).when, job(&new, &named(name)).when, "{name}");
    }
    for name in ["app", "preStart", "postStop"] {
        assert_eq!(job(&old, name).role, job(&new, &named(name)).role, "{name}");
    }
    let leaves = |config: &Config, name: &str| job(config, name).leaves;
    assert_eq!(leaves(&old, "app"), leaves(&new, "application"));
    // A service keeps its name, since the catalog knows it by that.
    let (service, alone) = (job(&old, "service-app"), job(&new, "app"));
    assert_eq!(service.health, alone.health);
    assert_eq!(service.when, alone.when);
    let mut known = service.service.clone().unwrap();
    known.name = None;
    assert_eq!(Some(known), alone.service);
}

#[test]
fn an_article_of_2016() {
    check(
        "{ \"consul\": \"http://{{ .CONSUL }}:8500\", \"preStart\": [ \"consul-template\", \"-once\",
            \"-consul\", \"{{ .CONSUL }}:8500\", \"-template\", \"/etc/nginx.conf.ctmpl:/etc/nginx/nginx.conf\" ],
          \"services\": [ { \"name\": \"nginx\", \"port\": 80, \"interfaces\": [\"eth1\", \"eth0\"],
            \"health\": \"/usr/bin/curl --fail -s http://localhost/health\", \"poll\": 10, \"ttl\": 25 } ],
          \"backends\": [
            { \"name\": \"sales\", \"poll\": 3, \"onChange\": \"pkill --signal SIGHUP node\" },
            { \"name\": \"customers\", \"poll\": 4, \"onChange\": [\"nginx\", \"-s\", \"reload\"] } ] }",
        &expect![[r#"
            // Written by `containerpilot migrate` from app.json, a configuration of ContainerPilot 1 or 2.
            // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
            // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
            // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
            // - A reload restarts the application if its own entry has changed; before, none did.
            // - In maintenance, jobs on changes and on intervals go on; only services are taken out and not checked.
            {
              consul: "http://{{ .CONSUL }}:8500",
              jobs: [
                {
                  name: "preStart",
                  exec: ["consul-template", "-once", "-consul", "{{ .CONSUL }}:8500", "-template", "/etc/nginx.conf.ctmpl:/etc/nginx/nginx.conf"],
                  logging: { raw: true },
                  essential: "failure",
                },
                {
                  name: "app",
                  exec: ["node", "app.js"],
                  logging: { raw: true },
                  terminal: true,
                  essential: true,
                  when: { source: "preStart", once: "exitSuccess" },
                },
                {
                  name: "nginx",
                  when: { source: "preStart", once: "exitSuccess" },
                  port: 80,
                  interfaces: ["eth1", "eth0"],
                  // A check may take as long as its interval now; it had no limit before.
                  health: { exec: "/usr/bin/curl --fail -s http://localhost/health", interval: 10, ttl: 25 },
                },
                {
                  name: "onChange-sales",
                  exec: "pkill --signal SIGHUP node",
                  when: {
                    source: "watch.sales",
                    each: "changed",
                    after: { source: "preStart", event: "exitSuccess" },
                    settle: "3s",
                  },
                },
                {
                  name: "onChange-customers",
                  exec: ["nginx", "-s", "reload"],
                  when: {
                    source: "watch.customers",
                    each: "changed",
                    after: { source: "preStart", event: "exitSuccess" },
                    settle: "4s",
                  },
                },
                // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
                { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
              ],
              watches: [
                { name: "sales", interval: 3 },
                { name: "customers", interval: 4 },
              ],
            }
        "#]],
    );
}

#[test]
fn actions_stay_where_they_can_move_with_their_text() {
    let migration = migrated(
        &["/opt/{{ .NAME | default \"x\" }}", "{{ .CONTAINERPILOT_WEB_IP }}"],
        "{ \"consul\": \"{{ if .CONSUL }}{{ .CONSUL }}{{ else }}localhost{{ end }}:8500\",
          \"stopTimeout\": {{ .STOP | default \"7\" }},
          \"tasks\": [ { \"name\": \"t\", \"command\": [\"/x\", \"{{ .A | default \"}}\" }}\"], \"frequency\": \"{{ .F | default \"1m\" }}\" } ],
          \"services\": [ { \"name\": \"web\", \"port\": {{ .PORT | default \"80\" }}, \"poll\": {{ .POLL | default \"5\" }}, \"ttl\": 20 } ] }",
    );
    expect![[r#"
        // Written by `containerpilot migrate` from app.json, a configuration of ContainerPilot 1 or 2.
        // - An argument of the program takes its address from a template (.CONTAINERPILOT_WEB_IP), which is not known yet when a file of ContainerPilot 3 is rendered: take it from the environment, with `sh -c`.
        // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        // - A reload restarts the application if its own entry has changed; before, none did.
        // - In maintenance, jobs on changes and on intervals go on; only services are taken out and not checked.
        {
          consul: "{{ if .CONSUL }}{{ .CONSUL }}{{ else }}localhost{{ end }}:8500",
          stopTimeout: {{ .STOP | default "7" }},
          jobs: [
            {
              name: "app",
              exec: ["/opt/{{ .NAME | default "x" }}", "{{ .CONTAINERPILOT_WEB_IP }}"],
              logging: { raw: true },
              terminal: true,
              essential: true,
            },
            { name: "web", port: {{ .PORT | default "80" }}, health: { interval: {{ .POLL | default "5" }}, ttl: 20 } },
            // It runs at once, and then on each interval; before, the first run came after one interval.
            { name: "task-t", exec: ["/x", "{{ .A | default "}}" }}"], when: { interval: "{{ .F | default "1m" }}" } },
            // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
            { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
          ],
        }
    "#]].assert_eq(&migration.text);
    let config = load(&migration);
    assert_eq!(config.spec.stop_timeout.as_secs(), 7);
    assert_eq!(job(&config, "web").service.as_ref().unwrap().port, 80);
}

#[test]
fn actions_around_sections_are_rendered_and_it_is_said() {
    let migration = migrated(
        &PROGRAM,
        "{ \"consul\": \"c:8500\", {{ if .X }}\"preStop\": \"/x\",{{ else }}\"preStart\": \"/y {{ \"{{\" }} z\",{{ end }} \"tasks\": [] }",
    );
    expect![[r#"
        // Written by `containerpilot migrate` from app.json, a configuration of ContainerPilot 1 or 2.
        // - Template actions stand around keys or entries, not only inside of values, so this is what the template gives in this environment: put them back by hand.
        // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        // - A reload restarts the application if its own entry has changed; before, none did.
        // - In maintenance, jobs on changes and on intervals go on; only services are taken out and not checked.
        {
          consul: "c:8500",
          jobs: [
            { name: "preStart", exec: "/y {{`{{`}} z", logging: { raw: true }, essential: "failure" },
            {
              name: "app",
              exec: ["node", "app.js"],
              logging: { raw: true },
              terminal: true,
              essential: true,
              when: { source: "preStart", once: "exitSuccess" },
            },
            // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
            { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
          ],
        }
    "#]].assert_eq(&migration.text);
    load(&migration);
}

#[test]
fn what_cannot_be_carried_over_is_said() {
    let migration = migrated(
        &[],
        "{ \"consul\": \"c:8500\", \"onStart\": \"/x\", \"coprocesses\": [ { \"command\": \"/bin/agent -x\" } ],
          \"services\": [ { \"name\": \"my_app\", \"port\": 80, \"poll\": 10, \"ttl\": 5 }, { \"name\": \"admin\", \"port\": 81, \"poll\": 10, \"ttl\": 25 } ] }",
    );
    expect![[r#"
        // Written by `containerpilot migrate` from app.json, a configuration of ContainerPilot 1 or 2.
        // - ContainerPilot 3 takes no service with the name `my_app`: it is `my-app` now, for whoever looks for it.
        // - The program is not known: name it after the file, `containerpilot migrate FILE -- PROGRAM ARGUMENTS`, or write the `exec` of job `app` by hand.
        // - A `ttl` of 5 with a `poll` of 10 let the service lapse between two checks: it is 20 now.
        // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        // - A reload restarts the application if its own entry has changed; before, none did.
        // - At a stop, coprocesses get TERM with all others; before, they were the last to go. A Consul agent among them may not hear that the services are out.
        // - A reload leaves a coprocess as it is if its entry did not change; restart it by `containerpilot restart JOB`.
        {
          consul: "c:8500",
          jobs: [
            { name: "preStart", exec: "/x", logging: { raw: true }, essential: "failure" },
            {
              name: "coprocess-agent",
              exec: "/bin/agent -x",
              when: { source: "preStart", once: "exitSuccess" },
            },
            // The program was on the command line, which this file replaces: give it here, as exec: ["PROGRAM", "ARGUMENT"], with `essential: true`, `terminal: true` and `logging: { raw: true }`.
            { name: "app", when: { source: "preStart", once: "exitSuccess" } },
            {
              name: "my-app",
              when: { source: "preStart", once: "exitSuccess" },
              port: 80,
              health: { interval: 10, ttl: 20 },
            },
            {
              name: "admin",
              when: { source: "preStart", once: "exitSuccess" },
              port: 81,
              health: { interval: 10, ttl: 25 },
            },
            // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
            { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
          ],
        }
    "#]].assert_eq(&migration.text);
}

#[test]
fn a_file_that_does_not_load_here_is_written_all_the_same() {
    let migration = migrated(
        &PROGRAM,
        "{ \"consul\": \"c:8500\", \"services\": [ { \"name\": \"web\", \"port\": {{ .PORT }}, \"interfaces\": \"eth9\", \"poll\": 5, \"ttl\": 20 } ] }",
    );
    expect![[r#"
        // Written by `containerpilot migrate` from app.json, a configuration of ContainerPilot 1 or 2.
        // - The old file does not load here: parse error at line:col [1:62]: invalid character ',' looking for beginning of value (line 1).
        // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        // - A reload restarts the application if its own entry has changed; before, none did.
        {
          consul: "c:8500",
          jobs: [
            {
              name: "app",
              exec: ["node", "app.js"],
              logging: { raw: true },
              terminal: true,
              essential: true,
            },
            { name: "web", port: {{ .PORT }}, interfaces: "eth9", health: { interval: 5, ttl: 20 } },
            // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
            { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
          ],
        }
    "#]].assert_eq(&migration.text);
}

#[test]
fn a_backend_keeps_the_service_it_follows() {
    let config = load(&migrated(
        &PROGRAM,
        "{ \"consul\": \"c:8500\", \"backends\": [
            { \"name\": \"my_db\", \"poll\": 5, \"onChange\": \"/a\" },
            { \"name\": \"my_db\", \"poll\": 5, \"onChange\": \"/b\", \"tag\": \"t\" } ] }",
    ));
    let watches = config.spec.watches.iter();
    let watches: Vec<String> = watches
        .map(|watch| format!("{} {}", watch.name, watch.subject.place()))
        .collect();
    assert_eq!(watches, ["my-db my_db", "my-db-2 my_db"]);
}

#[test]
fn a_change_of_a_service_leaves_the_application_alone() {
    let app = |tag: &str| {
        let text = format!(
            "{{ \"consul\": \"c:8500\", \"services\": [ {{ \"name\": \"web\", \"port\": 80, \"poll\": 5, \"ttl\": 20, \"tags\": [\"{tag}\"] }} ] }}"
        );
        job(&load(&migrated(&PROGRAM, &text)), "app").clone()
    };
    assert_eq!(app("blue"), app("green"));
}

#[test]
fn every_service_gets_a_name_that_loads() {
    let service = |name: &str| {
        format!("{{ \"name\": \"{name}\", \"port\": 80, \"poll\": \"2\", \"ttl\": \"1\" }}")
    };
    let names = ["My_Other", "s", "1web", "my-Other", "preStart", "é_", "_x"];
    let services: Vec<String> = names.iter().map(|name| service(name)).collect();
    let text = format!(
        "{{ \"consul\": \"c:8500\", \"preStart\": \"/x\", \"services\": [ {} ] }}",
        services.join(", ")
    );
    let migration = migrated(&PROGRAM, &text);
    assert_eq!(migration.faults, Vec::<String>::new());
    let config = load(&migration);
    let jobs = config.spec.jobs.iter();
    let services: Vec<&str> = jobs
        .filter(|job| job.service.is_some())
        .map(|job| job.name.as_str())
        .collect();
    expect![[r#"
        [
            "my-Other",
            "service-s",
            "service-1web",
            "my-Other-2",
            "preStart",
            "service-",
            "service-x",
        ]
    "#]]
    .assert_debug_eq(&services);
    // What waits for the hook waits for the hook.
    assert_eq!(
        format!("{:?}", job(&config, "app").when),
        format!("{:?}", job(&config, "preStart").when)
    );
    assert!(format!("{:?}", job(&config, "app").when).contains("preStart-2"));
    assert_eq!(
        migration
            .report
            .iter()
            .filter(|line| line.starts_with("A `ttl` of 1"))
            .count(),
        7
    );
}

#[test]
fn an_old_catalog_of_etcd_is_carried_over() {
    let migration = migrated(
        &PROGRAM,
        "{ \"etcd\": { \"endpoints\": [\"http://e:4001\"] }, \"services\": [ { \"name\": \"web\", \"port\": 80, \"poll\": 5, \"ttl\": 20 } ] }",
    );
    let pilot_config::Catalog::Etcd(etcd) = load(&migration).catalog else {
        panic!("{}", migration.text);
    };
    assert_eq!(etcd.endpoints, ["http://e:4001"]);
    assert_eq!(etcd.prefix, "/containerpilot");
    let warning = "do not see each other's services";
    assert!(migration.text.contains(warning), "{}", migration.text);
}

#[test]
fn commands_for_the_helper_find_its_socket() {
    let migration = migrated(
        &PROGRAM,
        "{ \"catalog\": \"none\", \"control\": { \"socket\": \"/run/my pilot\" }, \"telemetry\": { \"port\": 9090, \"sensors\": [
            { \"namespace\": \"a\", \"subsystem\": \"b\", \"name\": \"c\", \"help\": \"d\", \"type\": \"gauge\", \"poll\": 5, \"check\": \"/q\" } ] } }",
    );
    let config = load(&migration);
    let words = |name: &str| job(&config, name).exec.as_ref().unwrap().argv.join(" ");
    assert_eq!(
        words("reload"),
        "containerpilot reload --socket /run/my pilot"
    );
    assert_eq!(
        words("sensor-a_b_c"),
        "/bin/sh -c value=$(/q) && containerpilot metric --socket '/run/my pilot' \"a_b_c=$value\""
    );
}

#[test]
fn what_is_no_old_file_is_refused() {
    for (program, text) in [
        (&PROGRAM[..], "{ jobs: [] }"),
        (&[], "{ \"consul\": \"c:8500\" }"),
        (&PROGRAM, "[]"),
        (&PROGRAM, "{ {{ if }"),
        (&PROGRAM, "{ \"services\": "),
    ] {
        let problems = migrate(program, text).unwrap_err();
        assert_eq!(problems.list.len(), 1, "{text}: {problems}");
    }
    let reason = migrate(&PROGRAM, "{ jobs: [] }").unwrap_err().to_string();
    expect![[r#"
        error: cannot migrate `app.json`: not a configuration of ContainerPilot 1 or 2
        hint: one that names only a catalog needs the program beside it: `containerpilot migrate FILE -- PROGRAM ARGUMENTS`"#]].assert_eq(&reason);
}

#[test]
fn a_file_in_yaml_is_written_as_json5() {
    let text = "consul: c:8500
services:
  - name: app
    port: 80
    health: /bin/check {{ .PORT }}
    poll: 5
    ttl: 10
";
    let program = ["/bin/app".to_owned()];
    let environment = environment(&[("PORT", "8080")]);
    let world = World {
        environment: &environment,
        program: &program,
        interfaces: &interfaces(),
        hostname: "host",
        ..World::default()
    };
    let name = "old.yaml";
    let migrated = pilot_config::migrate(&[Source { name, text }], &world).unwrap();
    expect![[r#"
        Template actions are not carried over from YAML, so this is what the template gives in this environment: put them back by hand.
        The program's pid is in CONTAINERPILOT_APPLICATION_PID, no longer in CONTAINERPILOT_APP_PID.
        SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        A reload restarts the application if its own entry has changed; before, none did.
        // Written by `containerpilot migrate` from old.yaml, a configuration of ContainerPilot 1 or 2.
        // - Template actions are not carried over from YAML, so this is what the template gives in this environment: put them back by hand.
        // - The program's pid is in CONTAINERPILOT_APPLICATION_PID, no longer in CONTAINERPILOT_APP_PID.
        // - SIGUSR1 no longer begins and ends maintenance: `containerpilot -maintenance enable` and `disable` do.
        // - After a request to stop the status is 0 (or 137 if something had to be killed), not the application's.
        // - An application that a signal ended gives 128 and the number of the signal (137 for KILL), no longer 255.
        // - A reload restarts the application if its own entry has changed; before, none did.
        {
          consul: "c:8500",
          jobs: [
            {
              name: "application",
              exec: ["/bin/app"],
              logging: { raw: true },
              terminal: true,
              essential: true,
            },
            {
              name: "app",
              port: 80,
              // A check may take as long as its interval now; it had no limit before.
              health: { exec: "/bin/check 8080", interval: 5, ttl: 10 },
            },
            // SIGHUP went to ContainerPilot and reloaded; without this job it would go to the application.
            { name: "reload", exec: "containerpilot -reload", when: { source: "SIGHUP" } },
          ],
        }
    "#]].assert_eq(&format!(
        "{}\n{}",
        migrated.report.join("\n"),
        migrated.text
    ));
}
