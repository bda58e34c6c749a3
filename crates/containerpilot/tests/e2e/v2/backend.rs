//! Backends: what is done when others come and go.

use super::{SLEEP, around};
use crate::harness::{Catalog, Running};

fn ran(running: &Running) -> usize {
    running.read("ran").lines().count()
}

#[track_caller]
fn wait_for_runs(running: &Running, count: usize) {
    running.until(&format!("onChange ran {count} times"), || {
        (ran(running) >= count).then_some(())
    });
}

const TICK: &str =
    r#""tasks": [{ "name": "clock", "command": "echo tick", "frequency": "100ms" }]"#;

// 2.7: passes; it sees changes at its polls only, so some may become one.
#[test]
fn on_change_runs_at_each_change() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let members = format!(
        r#""backends": [{{ "name": "db", "poll": 1, "onChange": ["sh", "-c", "echo x >> @DIR/ran; exit 1"] }}], {TICK}"#
    );
    let running = around(catalog.address(), &members, SLEEP).start();
    // Nobody is there, which is no change.
    running.wait_for_lines("tick", 20);
    assert_eq!(ran(&running), 0, "{}", running.told());
    eye.register("db", "db-1", 5432);
    wait_for_runs(&running, 1);
    eye.register("db", "db-2", 5432);
    wait_for_runs(&running, 2);
    eye.set_status("db-1", "critical");
    wait_for_runs(&running, 3);
    eye.deregister("db-2");
    wait_for_runs(&running, 4);
    let ticks = running.count("tick");
    running.wait_for_lines("tick", ticks + 15);
    assert_eq!(
        ran(&running),
        4,
        "it failed, and was not repeated: {}",
        running.told()
    );
    running.stop_alone();
}

// 2.7: passes.
#[test]
fn the_first_look_tells_of_those_who_are_there() {
    let catalog = Catalog::start();
    catalog.eye().register("db", "db-1", 5432);
    let running = around(
        catalog.address(),
        r#""backends": [{ "name": "db", "poll": 1, "onChange": ["sh", "-c", "echo x >> @DIR/ran"] }]"#,
        SLEEP,
    )
    .start();
    wait_for_runs(&running, 1);
    running.stop_alone();
}

// 2.7: passes: its first look is one `poll` after the application's start, and so is the first HUP.
#[test]
fn an_application_has_time_to_listen_to_signals_before_the_first_change() {
    let catalog = Catalog::start();
    catalog.eye().register("db", "db-1", 5432);
    let running = around(
        catalog.address(),
        r#""backends": [{ "name": "db", "poll": 1, "onChange": ["sh", "-c", "kill -HUP $(cat @DIR/pid)"] }]"#,
        &["@DIR/app"],
    )
    .script(
        "app",
        "echo $$ > @DIR/pid; sleep 0.3; trap 'echo got HUP' HUP; echo up; while :; do sleep 0.05; done",
    )
    .start();
    running.wait_for_log("got HUP");
    running.stop_alone();
}
