//! Whatever is wrong with what it is given: said at once, with its place, and nothing is lost.

use std::{fs, os::unix::net::UnixListener};

use crate::harness::Pilot;

fn job(members: &str) -> String {
    format!("{{ consul: 'localhost:1',\n  jobs: [{{ {members} }}] }}")
}

/// Asserts what is said of a configuration, by the check and by the run alike.
#[track_caller]
fn refused(config: &str, texts: &[&str]) {
    let pilot = Pilot::new().config(config);
    pilot.write_config();
    for words in [
        ["check", "--config", "@DIR/config.json5"].as_slice(),
        &["-config", "@DIR/config.json5"],
    ] {
        let mut ended = pilot.clone().args(words).run().expect_code(1);
        for text in texts {
            ended = ended.expect_text(text);
        }
    }
}

// 3.8: passes (case 35).
#[test]
fn text_that_is_no_configuration_is_refused() {
    refused("<>", &["parse error at line:col [1:1]"]);
    refused("", &["parse error"]);
    refused("[]", &["could not parse configuration"]);
    refused(
        "{ consul: 'x', jobs: [{ name: 'a' exec: 'true' }] }",
        &["parse error at line:col [1:35]"],
    );
    refused("{ consul: 'x', jobs: [", &["parse error"]);
}

// 3.8: passes (case 36).
#[test]
fn a_value_that_a_template_left_out_is_found() {
    refused(
        "{\"test\": {{ .NO_SUCH_KEY }}, \"test2\": \"hello\"}",
        &["parse error at line:col [1:10]"],
    );
}

// 3.8: differs (cases 42 and 87): without place and hint, one at a time.
#[test]
fn unknown_keys_are_told_all_at_once_with_what_was_meant() {
    let config =
        "{ consul: 'x', jbos: [],\n jobs: [{ name: 'a', exce: 'true', restarts: 'sometimes' }] }";
    refused(
        config,
        &[
            "config.json5:1:16",
            "unknown config keys: [jbos]",
            "did you mean `jobs`?",
            "config.json5:2:22",
            "did you mean `exec`?",
            "accepts positive integers, \"unlimited\", or \"never\"",
        ],
    );
}

// 3.8: passes (case 31), apart from the column.
#[test]
fn a_template_error_has_its_place() {
    let config = "{ consul: 'x',\n  jobs: [{{ nofunc }}] }";
    refused(
        config,
        &[
            "could not apply template to config:",
            "config.json5:2:",
            "\"nofunc\" not defined",
        ],
    );
    refused(
        "{ consul: '{{ .X' }",
        &["could not apply template to config:"],
    );
    refused("{{ loop 1 2 3 }}", &["wrong number of arguments"]);
}

// 3.8: differs (cases 89 to 91, 189, pitfall 26): it accepts them, and hangs or never runs.
#[test]
fn what_can_never_run_is_refused() {
    refused(
        &job(
            "name: 'a', exec: 'true', when: { source: 'bb', once: 'exitSuccess' } }, { name: 'b', exec: 'true'",
        ),
        &["its source `bb` does not exist", "did you mean `b`?"],
    );
    refused(
        &job("name: 'a', exec: 'true' }, { name: 'a', exec: 'true'"),
        &["cannot have two jobs with the name `a`"],
    );
    refused(&job("name: 'a', exec: 'true', when: {}"), &["when"]);
    refused(
        &job(
            "name: 'a', exec: 'true', when: { source: 'b', once: 'bogus' } }, { name: 'b', exec: 'true'",
        ),
        &["bogus is not a valid event code"],
    );
    refused(
        &job("name: 'a', exec: 'true', when: { interval: '1s', once: 'startup' }"),
        &["job[a].when can have only one of 'interval', 'once', or 'each'"],
    );
}

// 3.8: differs (case 43): silently no jobs.
#[test]
fn sections_of_the_wrong_kind_are_refused() {
    refused(
        "{ consul: 'x', jobs: {} }",
        &["unable to parse jobs", "config.json5:1:22"],
    );
    refused("{ consul: 'x', stopTimeout: '5s' }", &["stopTimeout"]);
}

// 3.8: passes (cases 67 to 70), apart from a ttl that cannot hold (pitfall 13).
#[test]
fn services_that_cannot_be_are_refused() {
    let health = "health: { exec: 'true', interval: 1, ttl: 5 }";
    refused(
        &job(&format!(
            "name: 'my_app', exec: 'true', port: 80, interfaces: 'lo', {health}"
        )),
        &["service names must be alphanumeric with dashes"],
    );
    refused(
        &job("name: 'app', exec: 'true', port: 80, interfaces: 'lo'"),
        &["job[app].health must be set if 'port' is set"],
    );
    refused(
        &job(
            "name: 'app', exec: 'true', port: 80, interfaces: 'lo', health: { exec: 'true', interval: 10, ttl: 5 }",
        ),
        &["job[app].health.ttl cannot hold"],
    );
}

// 3.8: passes (case 61).
#[test]
fn an_interface_that_cannot_be_resolved_is_told_with_those_there_are() {
    refused(
        &job(
            "name: 'app', exec: 'true', port: 80, interfaces: ['eth77', '203.0.113.0/24'], health: { exec: 'true', interval: 1, ttl: 5 }",
        ),
        &[
            "none of the interface specifications were able to match",
            "eth77",
            "lo:127.0.0.1",
        ],
    );
}

// 3.8: passes (case 180).
#[test]
fn a_log_that_cannot_be_is_refused() {
    refused(
        "{ consul: 'x', logging: { level: 'LOUD' } }",
        &["Unknown log level 'LOUD'"],
    );
    refused(
        "{ consul: 'x', logging: { format: 'xml' } }",
        &["Unknown log format 'xml'"],
    );
    let config = "{ consul: 'x', control: { socket: '@DIR/socket' }, logging: { output: '@DIR/no/such/log' }, jobs: [{ name: 'a', exec: 'echo ran' }] }";
    let ended = Pilot::new()
        .config(config)
        .run()
        .expect_code(1)
        .expect_no_text("ran");
    ended
        .expect_text("Error initializing log file")
        .expect_text("no such file or directory");
}

// 3.8: passes.
#[test]
fn a_configuration_that_cannot_be_read_is_told_with_the_reason() {
    let pilot = Pilot::new().for_nobody().file("secret", "{}");
    let none = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(pilot.path("secret"), none).unwrap();
    let ended = pilot.args(&["-config", "@DIR/secret"]).run().expect_code(1);
    ended
        .expect_text("could not read config file: open")
        .expect_text("permission denied");
    let folder = Pilot::new()
        .args(&["-config", "/no/such"])
        .run()
        .expect_code(1);
    folder.expect_text("no such file or directory");
    let pilot = Pilot::new();
    fs::write(pilot.path("bytes"), b"{ consul: '\xff\xfe' }").unwrap();
    pilot
        .args(&["-config", "@DIR/bytes"])
        .run()
        .expect_code(1)
        .expect_text("not UTF-8");
}

// 3.8: lacks.
#[test]
fn problems_are_told_to_programs_in_json() {
    let pilot = Pilot::new().config("{ consul: 'x',\n jbos: [] }");
    pilot.write_config();
    let ended = pilot
        .args(&["check", "--json", "--config", "@DIR/config.json5"])
        .run()
        .expect_code(1);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["ok"], false);
    let problem = &json["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["severity"]),
        (&2.into(), &2.into(), &"error".into())
    );
    assert_eq!(problem["hint"], "did you mean `jobs`?");
}

// 3.8: differs (24.24): the second takes the socket of the first.
#[test]
fn the_socket_of_a_live_helper_is_left_alone() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'sleep 1000' }");
    let first = pilot.clone().start().ready();
    let second = pilot.start().wait(crate::harness::PATIENCE).expect_code(1);
    second
        .expect_text("cannot listen on control socket")
        .expect_text("another containerpilot answers there");
    first.ask("GET", "/v3/ping", "").expect(200);
    first.stop().expect_code(0);
}

// 3.8: differs (case 95): it removes the file.
#[test]
fn a_file_at_the_place_of_the_socket_is_left_alone() {
    let pilot = Pilot::new()
        .file("socket", "precious")
        .jobs("{ name: 'main', exec: 'echo ran' }");
    let ended = pilot.clone().run().expect_code(1).expect_no_text("ran");
    ended.expect_text("there is a file that is not a socket");
    assert_eq!(
        fs::read_to_string(pilot.path("socket")).unwrap(),
        "precious"
    );
}

// 3.8: passes (case 95, pitfall 31).
#[test]
fn a_socket_that_nobody_serves_any_more_is_replaced() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'sleep 1000' }");
    drop(UnixListener::bind(pilot.path("socket")).unwrap());
    let mut running = pilot.start().ready();
    running.kill();
    assert!(running.path("socket").exists());
    running
        .pilot()
        .clone()
        .start()
        .ready()
        .stop_alone()
        .expect_code(0);
}

// 3.8: differs (19.3): it tries for ten seconds.
#[test]
fn a_named_socket_that_cannot_be_made_is_refused() {
    let config = |path: &str| {
        format!(
            "{{ catalog: 'none', control: {{ socket: '{path}' }}, jobs: [{{ name: 'main', exec: 'echo ran' }}] }}"
        )
    };
    let ended = Pilot::new()
        .config(&config("@DIR/no/such/socket"))
        .run()
        .expect_code(1);
    ended
        .expect_text("cannot listen on control socket")
        .expect_text("no such file or directory")
        .expect_no_text("ran");
    let pilot = Pilot::new().for_nobody().config(&config("/usr/socket"));
    pilot
        .run()
        .expect_code(1)
        .expect_text("permission denied")
        .expect_no_text("ran");
    let long = "x".repeat(200);
    let ended = Pilot::new()
        .config(&config(&format!("@DIR/{long}")))
        .run()
        .expect_code(1);
    ended.expect_text("cannot listen on control socket");
}

// 3.8: differs (pitfall 31): it does not start.
#[test]
fn a_read_only_root_and_a_nameless_user_are_fine() {
    let running = Pilot::new()
        .open_to_all()
        .under(&["unshare", "--mount", "sh", "-c", "mount -o remount,ro,bind / && exec \"$@\"", "sh"])
        .under(&["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"])
        .config("{ catalog: 'none', jobs: [{ name: 'main', exec: ['sh', '-c', 'echo \"user $(id -u)\"; touch /var/run/x 2>/dev/null || echo read-only; exec sleep 1000'] }] }")
        .start();
    running.wait_for_log("user 12345");
    running.wait_for_log("read-only");
    running.wait_for_log("going on without a control socket");
    running.stop().expect_code(0);
}
