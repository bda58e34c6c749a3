//! What can be asked over the control socket, and by the subcommands.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
};

use rustix::process::Signal;

use crate::harness::{Pilot, Running};

fn idle() -> Running {
    Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'show', exec: ['sh', '-c', 'echo \"V=<${V-unset}>\"'], when: { source: 'SIGHUP' } }")
        .start()
        .ready()
}

/// Lets a new process tell what it sees.
fn shown(running: &Running, nth: usize) -> String {
    running.signal(Signal::HUP);
    let line = running.wait_for_lines("V=<", nth);
    line[line.find("V=<").unwrap()..].to_owned()
}

// 3.8: passes (case 155).
#[test]
fn wrong_methods_and_paths_are_refused() {
    let running = idle();
    for path in [
        "/v3/environ",
        "/v3/metric",
        "/v3/reload",
        "/v3/maintenance/enable",
        "/v3/maintenance/disable",
    ] {
        let answer = running.ask("GET", path, "").expect(405);
        assert_eq!(answer.body, "Method Not Allowed\n", "{path}");
    }
    for path in ["/", "/v3", "/v3/bogus", "/v3/ping/"] {
        let answer = running.ask("POST", path, "").expect(404);
        assert_eq!(answer.body, "404 page not found\n", "{path}");
    }
    let answer = running.ask("GET", "//v3//ping", "").expect(301);
    assert!(
        answer.head.to_lowercase().contains("location: /v3/ping"),
        "{answer:?}"
    );
    running.stop().expect_code(0);
}

// 3.8: differs (case 156): null makes a variable empty.
#[test]
fn variables_are_set_emptied_and_unset() {
    let running = idle();
    let put = |body: &str| running.ask("POST", "/v3/environ", body);
    assert_eq!(shown(&running, 1), "V=<unset>");
    assert_eq!(put(r#"{"V": "updated=2"}"#).expect(200).body, "\n");
    assert_eq!(shown(&running, 2), "V=<updated=2>");
    let refused = put("{{").expect(422);
    assert!(
        refused.body.starts_with("Unprocessable Entity"),
        "{refused:?}"
    );
    put(r#"{"V": 5}"#).expect(422);
    assert_eq!(shown(&running, 3), "V=<updated=2>");
    put(r#"{"V": ""}"#).expect(200);
    assert_eq!(shown(&running, 4), "V=<>");
    put(r#"{"V": "null"}"#).expect(200);
    assert_eq!(shown(&running, 5), "V=<null>");
    put(r#"{"V": null}"#).expect(200);
    assert_eq!(shown(&running, 6), "V=<unset>");
    put("null").expect(200);
    running.stop().expect_code(0);
}

// 3.8: differs (19.3): it serves one of the two paths.
#[test]
fn the_documented_path_of_variables_is_there_too() {
    let running = idle();
    running.ask("POST", "/v3/env", r#"{"V": "1"}"#).expect(200);
    assert_eq!(shown(&running, 1), "V=<1>");
    running.stop().expect_code(0);
}

// 3.8: passes (case 163).
#[test]
fn variables_are_seen_by_the_template_of_the_next_reload() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'show', exec: ['echo', 'rendered <{{ .Z | default \"none\" }}>'] }")
        .start()
        .ready();
    running.wait_for_log("rendered <none>");
    running.cli(&["-putenv", "Z=1=2"]).expect_code(0);
    running.reload().expect(200);
    running.wait_for_log("rendered <1=2>");
    running.stop().expect_code(0);
}

// 3.8: passes (cases 158 to 160).
#[test]
fn maintenance_and_ping_take_any_body() {
    let running = idle();
    for path in ["/v3/maintenance/enable", "/v3/maintenance/disable"] {
        for body in ["", "{{", "null"] {
            assert_eq!(running.ask("POST", path, body).expect(200).body, "\n");
        }
    }
    for method in ["GET", "POST"] {
        assert_eq!(running.ask(method, "/v3/ping", "").expect(200).body, "\n");
    }
    running.stop().expect_code(0);
}

// 3.8: passes (case 157), apart from metrics that nobody configured.
#[test]
fn metrics_that_are_no_object_are_refused() {
    let running = idle();
    for body in ["{{", "[]", "5"] {
        running.ask("POST", "/v3/metric", body).expect(422);
    }
    running.ask("GET", "/v3/ping", "").expect(200);
    running.stop().expect_code(0);
}

// 3.8: differs (19.1): any mode that the umask leaves.
#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_helper() {
    let running = idle();
    let socket = running.path("socket");
    let mode = fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    let folder = running.pilot().clone();
    running.stop().expect_code(0);
    assert!(!socket.exists());
    drop(folder);
}

// 3.8: lacks.
#[test]
fn the_mode_of_the_socket_can_be_chosen() {
    let config = "{ catalog: 'none', control: { socket: '@DIR/socket', mode: '0660', group: '12345' }, jobs: [{ name: 'main', exec: 'sleep 1000' }] }";
    let running = Pilot::new().config(config).start().ready();
    let found = fs::metadata(running.path("socket")).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o660);
    assert_eq!(std::os::unix::fs::MetadataExt::gid(&found), 12345);
    running.stop().expect_code(0);
}

// 3.8: differs (case 164): a reload waits for ever.
#[test]
fn clients_that_dawdle_hold_up_nobody() {
    let running = idle();
    let mut dawdlers = Vec::new();
    for begin in [
        "",
        "POST /v3/environ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "GET /v3/pi",
    ] {
        let mut stream = UnixStream::connect(running.path("socket")).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        dawdlers.push(stream);
    }
    running.reload().expect(200);
    running.ask("GET", "/v3/ping", "").expect(200);
    running.stop().expect_code(0);
    drop(dawdlers);
}

// 3.8: lacks.
#[test]
fn nonsense_on_the_socket_harms_nobody() {
    let running = idle();
    for nonsense in [
        &b"\0\0\0\0"[..],
        b"hello\r\n\r\n",
        &[0xff; 10_000],
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = UnixStream::connect(running.path("socket")).unwrap();
        let _ = stream.write_all(nonsense);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let large = format!("{{\"V\": \"{}\"}}", "x".repeat(2 << 20));
    if let Ok(answer) = running.try_ask("POST", "/v3/environ", &large) {
        assert_eq!(answer.status, 413);
    }
    running.ask("GET", "/v3/ping", "").expect(200);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn the_status_tells_how_everything_stands() {
    let running = Pilot::new()
        .jobs(
            "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: ['sh', '-c', 'echo fine'], interval: 1, ttl: 5 } },
             { name: 'setup', exec: ['sh', '-c', 'exit 3'] },
             { name: 'later', exec: 'true', when: { source: 'app', once: 'exitSuccess' } }",
        )
        .top("watches: [{ name: 'db', interval: 1 }],")
        .start()
        .ready();
    running.wait_for_state("setup", "complete");
    let status = running.until("app is healthy", || {
        let status = running.status();
        (status["jobs"][0]["health"] == "healthy").then_some(status)
    });
    assert_eq!(status["pid"], running.pid());
    assert_eq!(
        (&status["maintenance"], &status["stopping"]),
        (&false.into(), &false.into())
    );
    let app = &status["jobs"][0];
    assert_eq!(
        (&app["name"], &app["state"], &app["restarts"]),
        (&"app".into(), &"running".into(), &0.into())
    );
    assert_eq!(
        (&app["service"]["address"], &app["service"]["port"]),
        (&"10.1.2.3".into(), &8000.into())
    );
    assert_eq!(status["jobs"][1]["lastExit"], "exit status 3");
    assert_eq!(status["jobs"][2]["state"], "waiting");
    assert_eq!(status["watches"][0]["name"], "db");
    let json = running.cli(&["status", "--json"]).expect_code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["jobs"][0]["pid"], app["pid"]);
    let table = running.cli(&["status"]).expect_code(0).stdout;
    for words in [
        "JOB",
        "STATE",
        "app ",
        "running",
        "complete (exit status 3)",
        "waiting",
        "db ",
        "HEALTH",
    ] {
        assert!(table.contains(words), "no `{words}` in\n{table}");
    }
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn subcommands_do_what_the_flags_do() {
    let running = idle();
    assert_eq!(running.cli(&["ping"]).expect_code(0).stdout, "ok\n");
    running.cli(&["env", "V=by subcommand"]).expect_code(0);
    assert_eq!(shown(&running, 1), "V=<by subcommand>");
    running.cli(&["env", "V"]).expect_code(0);
    assert_eq!(shown(&running, 2), "V=<unset>");
    running.cli(&["maintenance", "enable"]).expect_code(0);
    assert_eq!(running.status()["maintenance"], true);
    running.cli(&["maintenance", "disable"]).expect_code(0);
    assert_eq!(running.status()["maintenance"], false);
    running.cli(&["reload"]).expect_code(0);
    running.cli(&["maintenance", "sideways"]).expect_code(2);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_helper_is_found_by_its_socket_alone() {
    let running = idle();
    let socket = running.path("socket").display().to_string();
    let ended = Pilot::new()
        .args(&["ping", "--socket", &socket])
        .run()
        .expect_code(0);
    assert_eq!(ended.stdout, "ok\n");
    running.stop().expect_code(0);
}
