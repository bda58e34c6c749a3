//! Tasks, coprocesses, sensors: what runs around the application.

use rustix::process::Signal;

use super::{APP, SLEEP, alone, around};
use crate::harness::{Catalog, Eye, free_ports, send};

// 2.7: passes (case 203).
#[test]
fn a_task_runs_once_in_each_period() {
    let ended = alone(
        r#""tasks": [{ "name": "often", "command": "echo task ran", "frequency": "100ms" }]"#,
        &["sleep", "1.05"],
    )
    .run()
    .expect_code(0);
    let runs = ended.count("task ran");
    // Ten at most: the first is due after a whole period.
    assert!((8..=10).contains(&runs), "{runs}: {ended:#?}");
}

// 2.7: passes (case 203).
#[test]
fn a_task_is_killed_at_its_timeout() {
    let running = alone(
        r#""tasks": [{ "name": "slow", "command": "@DIR/slow", "frequency": "400ms", "timeout": "200ms" }]"#,
        SLEEP,
    )
    .script("slow", "echo begun; sleep 1000; echo over")
    .start();
    running.wait_for_lines("begun", 3);
    running.wait_for_log("timeout after 200ms");
    running.stop().expect_no_text("over");
}

// 2.7: passes (case 204), without pauses.
#[test]
fn coprocesses_are_restarted_as_often_as_they_may() {
    let running = alone(
        r#""coprocesses": [
            { "name": "three", "command": ["sh", "-c", "echo ran thrice more; exit 1"], "restarts": 3 },
            { "name": "one", "command": "echo ran once more", "restarts": "1" },
            { "command": "echo ran once" } ],
          "tasks": [{ "command": "echo tick", "frequency": "100ms" }]"#,
        SLEEP,
    )
    .start();
    running.wait_for_lines("ran thrice more", 4);
    running.wait_for_lines("ran once more", 2);
    let ticks = running.count("tick");
    running.wait_for_lines("tick", ticks + 15);
    let ended = running.stop();
    let counts = ["ran thrice more", "ran once more", "ran once"].map(|words| {
        let own = |line: &&String| line.ends_with(words);
        ended.lines.iter().filter(own).count()
    });
    assert_eq!(counts, [4, 2, 1], "{ended:#?}");
}

// 2.7: passes (section 13), but that nothing stops them at the end.
#[test]
fn a_reload_gives_a_coprocess_a_new_life() {
    let members = |word: &str| {
        format!(
            r#""coprocesses": [{{ "name": "co", "restarts": 1,
                "command": ["sh", "-c", "echo $$ > @DIR/pid; echo co {word}; exec sleep 1000"] }}]"#
        )
    };
    let mut running = alone(&members("first"), SLEEP).start();
    let kill = |running: &crate::harness::Running| send(running.wait_for_pid("pid"), Signal::KILL);
    running.wait_for_lines("co first", 1);
    kill(&running);
    running.wait_for_lines("co first", 2);
    let old = running.wait_for_pid("pid");
    running.rewrite(|pilot| {
        pilot.config(&super::file(crate::harness::refusing(), &members("second")))
    });
    running.signal(Signal::HUP);
    running.wait_for_lines("co second", 1);
    running.wait_gone(old);
    kill(&running);
    running.wait_for_lines("co second", 2);
    running.stop();
}

// 2.7: differs (case 224): it starts two of them.
#[test]
fn a_reload_during_pre_start_doubles_nothing() {
    let running = alone(
        r#""preStart": ["sh", "-c", "kill -HUP $CONTAINERPILOT_PID; sleep 0.5"],
           "coprocesses": [{ "name": "co", "command": ["sh", "-c", "echo co up; exec sleep 1000"] }]"#,
        &["@DIR/app"],
    )
    .script("app", "echo app up; exec sleep 1000")
    .start();
    running.wait_for_log("app up");
    running.wait_for_log("co up");
    let ended = running.stop();
    assert_eq!(
        (ended.count("co up"), ended.count("app up")),
        (1, 1),
        "{ended:#?}"
    );
}

// 2.7: passes (cases 216 and 217), and crashes at a counter that is to go down (case 225).
#[test]
fn a_sensor_feeds_its_metric() {
    let catalog = Catalog::start();
    let [port] = free_ports();
    let members = format!(
        r#"{APP}, "telemetry": {{ "port": {port}, "interfaces": ["lo"], "sensors": [
            {{ "namespace": "containerpilot", "subsystem": "app", "name": "some_counter",
              "help": "help text", "type": "counter", "poll": 1, "check": "echo 42" }},
            {{ "name": "negative", "help": "help text", "type": "counter", "poll": 1, "check": "echo -1" }},
            {{ "name": "words", "help": "help text", "type": "gauge", "poll": 1, "check": "echo many" }},
            {{ "name": "absent", "help": "help text", "type": "gauge", "poll": 1, "check": "/no/such/program" }} ] }}"#
    );
    let running = around(catalog.address(), &members, SLEEP).start();
    let metrics = Eye(([127, 0, 0, 1], port).into());
    running.until("the counter has counted", || {
        let page = metrics.try_get("/metrics")?.body;
        page.contains("\ncontainerpilot_app_some_counter 42\n")
            .then_some(())
    });
    for (sensor, why) in [
        ("sensor-negative", "a counter only goes up"),
        ("sensor-words", "non-numeric value: `many`"),
        ("sensor-absent", "no such file or directory"),
    ] {
        let line = running.wait_for_log(sensor);
        assert!(line.contains(why), "{line}");
    }
    catalog.eye().wait_for_status("containerpilot", "passing");
    running.stop_alone().expect_code(255);
    catalog.eye().wait_gone("containerpilot");
}
