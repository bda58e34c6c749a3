//! Files of ContainerPilot 1 and 2, around the program of the command line. The original of these
//! is 2.7.8, against which the suite is not held; the cases are those of the acceptance list.

use rustix::process::Signal;

use crate::harness::{Catalog, Ended, Pilot, Running};

/// A configuration of old around a program.
fn around(members: &str, program: &[&str]) -> Pilot {
    let mut words = vec!["-config", "file://@DIR/config.json5"];
    words.extend(program);
    Pilot::new()
        .config(&format!(
            "{{ \"control\": {{ \"socket\": \"@DIR/socket\" }}, {members} }}"
        ))
        .args(&words)
}

/// The same without a catalog, to its end.
#[track_caller]
fn run(members: &str, program: &[&str]) -> Ended {
    around(&format!("\"catalog\": \"none\", {members}"), program).run()
}

fn sh(script: &str) -> [&str; 3] {
    ["/bin/sh", "-c", script]
}

#[test]
fn case_207_208_whose_status_it_ends_with() {
    for (members, script, code) in [
        ("\"stopTimeout\": 1", "exit 0", 0),
        ("\"stopTimeout\": 1", "exit 255", 255),
        ("\"stopTimeout\": 1", "kill -KILL $$", 255),
        (
            "\"postStop\": [\"/bin/sh\", \"-c\", \"exit 4\"]",
            "exit 3",
            4,
        ),
        ("\"postStop\": \"true\"", "exit 3", 3),
    ] {
        run(members, &sh(script)).expect_code(code);
    }
    run("\"stopTimeout\": 1", &["@DIR/nothing"]).expect_code(127);
    run(
        "\"preStart\": [\"/bin/sh\", \"-c\", \"exit 9\"]",
        &sh("echo ran"),
    )
    .expect_code(9)
    .expect_no_text("ran");
}

/// That of 2.7.7 and later was always 0 there.
#[test]
fn case_207_it_is_so_for_pid_1_too() {
    let pilot = around(
        "\"catalog\": \"none\"",
        &sh("until [ -e @DIR/go ]; do sleep 0.05; done; exit 7"),
    );
    let running = pilot.in_namespace().start().ready();
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_exit().expect_code(7);
}

#[test]
fn case_206_an_argument_has_the_address_of_a_service() {
    let service = "\"services\": [{ \"name\": \"my-app\", \"port\": 80, \"poll\": 1, \"ttl\": 5, \"interfaces\": \"static:10.9.8.7\" }]";
    let ended = run(
        service,
        &[
            "/bin/echo",
            "binds {{ .CONTAINERPILOT_MY_APP_IP }}",
            "{{ .NO",
        ],
    );
    ended.expect_code(0).expect_text("binds {{ .CONTAINERPILOT");
    let ended = run(
        service,
        &["/bin/echo", "binds {{ .CONTAINERPILOT_MY_APP_IP }}"],
    );
    ended.expect_code(0).expect_text("binds 10.9.8.7");
}

#[test]
fn case_209_the_old_name_of_a_hook() {
    run("\"onStart\": \"echo prepared\"", &sh("echo ran"))
        .expect_code(0)
        .expect_order(&["has been deprecated", "prepared", "ran"]);
}

#[test]
fn case_211_a_stop_goes_in_order_and_ends_with_the_programs_status() {
    let running = around(
        "\"catalog\": \"none\", \"stopTimeout\": 5, \"preStop\": \"echo before\", \"postStop\": \"echo after\",
         \"coprocesses\": [{ \"name\": \"agent\", \"command\": [\"/bin/sh\", \"-c\", \"trap 'echo agent leaves; exit 0' TERM; while :; do sleep 0.05; done\"] }]",
        &sh("trap 'echo asked; exit 2' TERM; echo up; while :; do sleep 0.05; done"),
    )
    .start();
    running.wait_for_log("up");
    running
        .stop()
        .expect_code(2)
        .expect_order(&["before", "asked", "after", "agent leaves"]);
}

const SERVICE: &str = "\"services\": [{ \"name\": \"app\", \"port\": 80, \"poll\": 1, \"ttl\": 5, \"interfaces\": \"lo\", \"health\": \"true\" }]";

fn in_catalog(catalog: &Catalog, members: &str, program: &[&str]) -> Running {
    let consul = format!("\"consul\": \"{}\", {members}", catalog.address());
    around(&consul, program).start().ready()
}

#[test]
fn case_210_212_maintenance_begins_and_ends_with_a_signal() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = in_catalog(&catalog, SERVICE, &["/bin/sleep", "1000"]);
    eye.wait_for_status("app", "passing");
    running.signal(Signal::USR1);
    eye.wait_gone("app");
    running.signal(Signal::HUP);
    running.wait_for_log("Reloading configuration.");
    running.signal(Signal::USR1);
    eye.wait_for_status("app", "passing");
    running.stop().expect_code(255);
    eye.wait_gone("app");
}

#[test]
fn case_213_a_reload_changes_all_but_the_program() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    eye.register("db", "db-1", 5432);
    let mut running = in_catalog(&catalog, SERVICE, &sh("echo up; exec sleep 1000"));
    eye.wait_for_status("app", "passing");
    let pid = running.job("app")["pid"].clone();
    running.rewrite(|pilot| pilot.config("{ \"services\": "));
    running.signal(Signal::HUP);
    running.wait_for_log("the old one stays");
    let consul = catalog.address();
    running.rewrite(|pilot| {
        pilot.config(&format!(
            "{{ \"control\": {{ \"socket\": \"@DIR/socket\" }}, \"consul\": \"{consul}\", \"preStart\": \"true\",
              \"backends\": [{{ \"name\": \"db\", \"poll\": 1, \"onChange\": \"echo db has changed\" }}] }}"
        ))
    });
    running.signal(Signal::HUP);
    running.wait_for_log("db has changed");
    eye.wait_gone("app");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop();
}

#[test]
fn case_215_a_storm_of_reloads() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = in_catalog(&catalog, SERVICE, &["/bin/sleep", "1000"]);
    let pid = running.job("app")["pid"].clone();
    for n in 0..300_u64 {
        running.signal(Signal::HUP);
        // Uneven pauses are the point of it; nothing is waited for.
        std::thread::sleep(std::time::Duration::from_millis(n * 7 % 10));
    }
    running.ask("GET", "/v3/ping", "").expect(200);
    eye.wait_for_status("app", "passing");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop();
    eye.wait_gone("app");
}

#[test]
fn case_221_a_check_that_hangs_holds_up_no_stop() {
    let catalog = Catalog::start();
    let service = SERVICE.replace(
        "\"true\"",
        "[\"/bin/sh\", \"-c\", \"echo hangs; exec sleep 1000\"]",
    );
    let running = in_catalog(&catalog, &service, &["/bin/sleep", "1000"]);
    running.wait_for_log("hangs");
    let ended = running.stop().expect_code(255);
    assert!(!ended.lines.iter().any(|line| line.contains("killing")));
}

#[test]
fn a_file_of_3_in_its_place_takes_the_program_away_from_nobody() {
    let mut running = around("\"catalog\": \"none\"", &["/bin/sleep", "1000"])
        .start()
        .ready();
    running.rewrite(|pilot| {
        pilot.config("{ control: { socket: \"@DIR/socket\" }, jobs: [{ name: \"other\", exec: \"sleep 1000\" }] }")
    });
    running.signal(Signal::HUP);
    running.wait_for_log("takes no program: make it a job");
    assert_eq!(running.job("app")["state"], "running");
    running.stop();
}

#[test]
fn case_222_an_end_by_itself_takes_the_service_out() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = in_catalog(
        &catalog,
        SERVICE,
        &sh("until [ -e @DIR/go ]; do sleep 0.05; done; exit 7"),
    );
    eye.wait_for_status("app", "passing");
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_exit().expect_code(7);
    eye.wait_gone("app");
}

#[test]
fn case_223_a_stop_is_heard_without_a_program_and_before_it() {
    let running = around("\"catalog\": \"none\", \"tasks\": []", &[])
        .start()
        .ready();
    running.wait_for_log("Unable to parse command arguments: received zero-length argument");
    running.stop().expect_code(0);
    let running = around(
        "\"catalog\": \"none\", \"preStart\": [\"/bin/sh\", \"-c\", \"echo prepares; exec sleep 1000\"]",
        &sh("echo ran"),
    )
    .start();
    running.wait_for_log("prepares");
    running.stop().expect_no_text("ran");
}

#[test]
fn case_214_224_a_reload_before_the_program_starts_nothing_twice() {
    let running = around(
        "\"catalog\": \"none\",
         \"preStart\": [\"/bin/sh\", \"-c\", \"kill -HUP $CONTAINERPILOT_PID; until [ -e @DIR/go ]; do sleep 0.05; done\"],
         \"coprocesses\": [{ \"name\": \"agent\", \"command\": [\"/bin/sh\", \"-c\", \"echo agent is up; exec sleep 1000\"] }]",
        &sh("echo up; exec sleep 1000"),
    )
    .start();
    running.wait_for_log("Reloading configuration.");
    std::fs::write(running.path("go"), "").unwrap();
    running.wait_for_log("up");
    running.wait_for_log("agent is up");
    let ended = running.stop();
    assert_eq!(ended.count("agent is up"), 1);
}

#[test]
fn a_file_is_migrated_and_runs() {
    let ended = Pilot::new()
        .file("old.json", "{ \"catalog\": \"none\", \"control\": { \"socket\": \"socket\" }, \"preStart\": \"echo prepared\", \"postStop\": \"echo cleaned\" }")
        .args(&["migrate", "@DIR/old.json", "--", "/bin/sh", "-c", "echo ran; exit 5"])
        .run()
        .expect_code(0)
        .expect_text("note: SIGUSR1");
    Pilot::new()
        .config(&ended.stdout)
        .run()
        .expect_code(5)
        .expect_order(&["prepared", "ran", "cleaned"]);
}
