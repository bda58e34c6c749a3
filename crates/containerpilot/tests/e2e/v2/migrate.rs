//! Files of 3 in the place of old ones, and what only ours does with an old one.

use rustix::process::Signal;

use super::{APP, SLEEP, alone, around, file};
use crate::harness::{Catalog, Ended, Pilot, Running, own_binary, refusing};

/// A helper with the same file written anew.
fn migrated(consul: impl std::fmt::Display, members: &str, program: &[&str]) -> Pilot {
    let words: Vec<&str> = ["migrate", "@DIR/old.json", "--"]
        .iter()
        .chain(program)
        .copied()
        .collect();
    let pilot = Pilot::new().file("old.json", &file(consul, members));
    let ended = pilot.clone().args(&words).run().expect_code(0);
    // Beside others the default socket may be taken, which ends one with a file of 3.
    let control = "control: { socket: \"@DIR/socket\" },\n  jobs:";
    pilot.config(&ended.stdout.replacen("jobs:", control, 1))
}

/// What hooks and applications said, in its order.
fn said(ended: &Ended) -> Vec<&str> {
    let words = |line: &'_ String| line.find("say ").map(|at| at + 4);
    let lines = ended.lines.iter();
    lines.filter_map(|line| line.get(words(line)?..)).collect()
}

// 2.7: lacks.
#[test]
fn both_forms_do_the_same_and_end_the_same() {
    let hooks = |before: u8, after: u8| {
        format!(
            r#""preStart": ["sh", "-c", "echo say before; exit {before}"],
               "postStop": ["sh", "-c", "echo say after; exit {after}"]"#
        )
    };
    let app = |code: u8| format!("echo say app; exit {code}");
    for (members, program, code, words) in [
        (hooks(0, 0), &*app(5), 5, &["before", "app", "after"][..]),
        (hooks(0, 4), &app(0), 4, &["before", "app", "after"]),
        (hooks(0, 4), &app(5), 4, &["before", "app", "after"]),
        (
            r#""preStart": ["sh", "-c", "echo say before; exit 9"]"#.to_owned(),
            &app(0),
            9,
            &["before"],
        ),
        (
            r#""preStart": "/no/such/program""#.to_owned(),
            &app(0),
            127,
            &[],
        ),
        (APP.to_owned(), &app(255), 255, &["app"]),
    ] {
        let program = ["sh", "-c", program];
        for pilot in [
            alone(&members, &program),
            migrated(refusing(), &members, &program),
        ] {
            let ended = pilot.run().expect_code(code);
            assert_eq!(said(&ended), words, "{ended:#?}");
        }
    }
}

// 2.7: lacks. The status after a stop differs, as `migrate` says.
#[test]
fn both_forms_stop_in_the_same_order() {
    let members =
        r#""preStop": "echo say draining", "postStop": "echo say after", "stopTimeout": 9"#;
    let app = "trap 'echo say got TERM; exit 2' TERM; echo say up; while :; do sleep 0.05; done";
    for (pilot, code) in [
        (alone(members, &["@DIR/app"]), 2),
        (migrated(refusing(), members, &["@DIR/app"]), 0),
    ] {
        let running = pilot.script("app", app).start();
        running.wait_for_log("say up");
        let ended = running.stop().expect_code(code);
        assert_eq!(
            said(&ended),
            ["up", "draining", "got TERM", "after"],
            "{ended:#?}"
        );
    }
}

// 2.7: lacks.
#[test]
fn both_forms_hear_of_the_same_changes_and_restart_as_often() {
    let members = format!(
        r#"{APP}, "preStart": "echo say before",
           "backends": [{{ "name": "db", "poll": 1, "onChange": "echo say changed" }}],
           "coprocesses": [{{ "name": "co", "command": ["sh", "-c", "echo say co; exit 1"], "restarts": 2 }}]"#
    );
    let told = |running: Running, catalog: &Catalog| {
        let eye = catalog.eye();
        running.wait_for_lines("say co", 3);
        eye.wait_for_status("app", "passing");
        let id = eye.service("app")["ID"].clone();
        eye.register("db", "db-1", 5432);
        running.wait_for_lines("say changed", 1);
        eye.set_status("db-1", "critical");
        running.wait_for_lines("say changed", 2);
        let ended = running.stop_alone();
        eye.wait_gone("app");
        let mut all: Vec<String> = said(&ended).into_iter().map(str::to_owned).collect();
        all.sort();
        (all, id)
    };
    let program = ["sleep", "1000"];
    let (one, other) = (Catalog::start(), Catalog::start());
    let old = around(one.address(), &members, &program).start();
    let new = migrated(other.address(), &members, &program).start();
    let old = told(old, &one);
    assert_eq!(old.0, ["before", "changed", "changed", "co", "co", "co"]);
    assert_eq!(told(new, &other), old);
}

// 2.7: lacks. A HUP reloads in both, and the application does not hear of it.
#[test]
fn both_forms_reload_at_a_hup() {
    let app = "trap 'echo say got HUP' HUP; echo say up; while :; do sleep 0.05; done";
    for pilot in [
        alone(APP, &["@DIR/app"]),
        migrated(refusing(), APP, &["@DIR/app"])
            .env("CONTAINERPILOT", "@DIR/config.json5")
            .env("PATH", "@DIR:/usr/bin:/bin"),
    ] {
        // The migrated file calls the helper by its name.
        std::os::unix::fs::symlink(own_binary(), pilot.path("containerpilot")).unwrap();
        let running = pilot.script("app", app).start();
        running.wait_for_log("say up");
        let config = running.read("config.json5");
        let broken = config.replacen('{', "{ \"bogus\": 1,", 1);
        std::fs::write(running.path("config.json5"), broken).unwrap();
        running.signal(Signal::HUP);
        running.wait_for_log("the old one stays");
        let ended = running.stop_alone();
        assert_eq!(said(&ended), ["up"], "{ended:#?}");
    }
}

// 2.7: lacks. In both a reload may change the service, and the application ends after it.
#[test]
fn both_forms_keep_the_application_apart_from_its_service() {
    let members = r#""services": [{ "name": "web", "port": 80, "poll": 1, "ttl": 10, "interfaces": "lo", "tags": ["blue"] }]"#;
    let (one, other) = (Catalog::start(), Catalog::start());
    for (pilot, catalog) in [
        (around(one.address(), members, &["@DIR/app"]), &one),
        (
            migrated(other.address(), members, &["@DIR/app"])
                .env("CONTAINERPILOT", "@DIR/config.json5")
                .env("PATH", "@DIR:/usr/bin:/bin"),
            &other,
        ),
    ] {
        std::os::unix::fs::symlink(own_binary(), pilot.path("containerpilot")).unwrap();
        let app = format!(
            "trap 'echo say \"left $(curl -s http://{}/v1/agent/services)\"; exit 2' TERM; echo say up; while :; do sleep 0.05; done",
            catalog.address()
        );
        let running = pilot.script("app", &app).start();
        running.wait_for_log("say up");
        let eye = catalog.eye();
        eye.wait_for_status("web", "passing");
        let config = running.read("config.json5").replace("blue", "green");
        std::fs::write(running.path("config.json5"), config).unwrap();
        running.signal(Signal::HUP);
        running.wait_for_log("configuration reloaded: ");
        eye.until("the new tag", || {
            (eye.service("web")["Tags"][0] == "green").then_some(())
        });
        let ended = running.stop_alone();
        assert_eq!(said(&ended), ["up", "left {}"], "{ended:#?}");
    }
}

// 2.7: lacks.
#[test]
fn what_it_writes_and_does_not_load_is_no_success() {
    let pilot = Pilot::new().file(
        "old.json",
        r#"{ "services": [{ "name": "web", "port": 80, "poll": 1, "ttl": 10, "interfaces": "lo" }] }"#,
    );
    let words = ["migrate", "@DIR/old.json", "--", "sleep", "1"];
    let ended = pilot.args(&words).run().expect_code(1);
    assert!(ended.stdout.contains("jobs:"), "{ended:#?}");
    ended.expect_text("error: the new file does not load here: ");
}

// 2.7: lacks.
#[test]
fn the_old_file_is_never_written_over() {
    let old = file(refusing(), APP);
    let pilot = Pilot::new().file("old.json", &old);
    let path = pilot.path("old.json");
    let words = ["migrate", "@DIR/old.json", "--out", "@DIR/./old.json"];
    let ended = pilot.clone().args(&words).run().expect_code(1);
    ended.expect_text("it is the old configuration itself");
    assert_eq!(std::fs::read_to_string(path).unwrap(), old);
}

// 2.7: lacks. Without its configuration the program is not what was meant.
#[test]
fn a_file_that_is_not_there_is_no_reason_to_do_without() {
    let words = ["-config", "file://@DIR/none.json", "sh", "-c", "echo ran"];
    let ended = Pilot::new().args(&words).run().expect_code(1);
    ended
        .expect_text("could not read config file")
        .expect_no_text("is not a subcommand");
}

// 2.7: lacks.
#[test]
fn a_file_is_migrated_and_runs() {
    let ended = Pilot::new()
        .file(
            "old.json",
            r#"{ "catalog": "none", "control": { "socket": "socket" }, "preStart": "echo prepared", "postStop": "echo cleaned" }"#,
        )
        .args(&["migrate", "@DIR/old.json", "--", "sh", "-c", "echo ran; exit 5"])
        .run()
        .expect_code(0)
        .expect_text("note: SIGUSR1");
    Pilot::new()
        .config(&ended.stdout)
        .run()
        .expect_code(5)
        .expect_order(&["prepared", "ran", "cleaned"]);
}

// 2.7: lacks.
#[test]
fn a_file_of_3_in_its_place_takes_the_application_from_nobody() {
    let mut running = alone(r#""control": { "socket": "@DIR/socket" }"#, SLEEP)
        .start()
        .ready();
    running.rewrite(|pilot| {
        pilot.config(
            r#"{ control: { socket: "@DIR/socket" }, jobs: [{ name: "other", exec: "sleep 1000" }] }"#,
        )
    });
    running.signal(Signal::HUP);
    running.wait_for_log("takes no program: make it a job");
    assert_eq!(running.job("app")["state"], "running");
    running.stop();
}

// 2.7: differs: coprocesses are not stopped.
#[test]
fn a_coprocess_leaves_when_nobody_needs_it_any_more() {
    let running = alone(
        r#""preStop": "echo draining", "postStop": "echo after",
           "coprocesses": [{ "name": "agent", "command": "@DIR/agent" }]"#,
        &["@DIR/app"],
    )
    .script(
        "agent",
        "trap 'echo agent leaves; exit 0' TERM; echo agent is up; while :; do sleep 0.05; done",
    )
    .script(
        "app",
        "trap 'echo got TERM; exit 2' TERM; echo up; while :; do sleep 0.05; done",
    )
    .start();
    running.wait_for_log("agent is up");
    running.wait_for_lines("up", 2);
    let ended = running.stop().expect_code(2);
    ended.expect_order(&["draining", "got TERM", "after", "agent leaves"]);
}

// 2.7: differs: as PID 1 it ends with 0.
#[test]
fn the_status_is_that_of_the_application_for_pid_1_too() {
    let program = [
        "sh",
        "-c",
        "until [ -e @DIR/go ]; do sleep 0.05; done; exit 7",
    ];
    let pilot = alone(r#""control": { "socket": "@DIR/socket" }"#, &program);
    let running = pilot.in_namespace().start().ready();
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_exit().expect_code(7);
}
