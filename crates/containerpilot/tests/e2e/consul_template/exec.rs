//! The program that it looks after.

use rustix::process::Signal;

use super::consul_template;
use crate::harness::{Catalog, PATIENCE, Pilot};

const APP: &str = "for s in HUP USR1; do trap \"echo got $s\" $s; done
    trap 'echo got INT; exit 4' INT
    trap 'echo got TERM; exit 5' TERM
    echo up $$; while :; do sleep 0.05; done";

fn with_app(catalog: &Catalog, words: &[&str]) -> Pilot {
    let address = catalog.address().to_string();
    let first = [
        "-consul-addr",
        &address,
        "-template",
        "@DIR/in:@DIR/out",
        "-exec",
        "@DIR/app",
    ];
    let words: Vec<&str> = first.iter().chain(words).copied().collect();
    consul_template(&words).script("app", APP).file(
        "in",
        "{{ range service \"db\" }}{{ .Port }}\n{{ end }}# end\n",
    )
}

// 0.19: passes.
#[test]
fn it_starts_when_every_file_is_there_and_is_sent_the_reload_signal() {
    let catalog = Catalog::start();
    let running = with_app(&catalog, &["-exec-reload-signal", "SIGHUP"]).start();
    running.wait_for_log("up ");
    assert_eq!(running.read("out"), "# end\n");
    catalog.eye().register("db", "db-1", 5432);
    running.wait_for_log("got HUP");
    assert_eq!(running.read("out"), "5432\n# end\n");
    // Any other signal is for the program.
    running.signal(Signal::USR1);
    running.wait_for_log("got USR1");
    running.signal(Signal::INT);
    let ended = running.wait(PATIENCE).expect_code(12);
    assert_eq!(
        (ended.count("up "), ended.count("got INT")),
        (1, 1),
        "{ended:#?}"
    );
}

// 0.19: passes.
#[test]
fn without_a_reload_signal_it_is_started_anew() {
    let catalog = Catalog::start();
    let running = with_app(&catalog, &["-exec-kill-signal", "SIGTERM"]).start();
    running.wait_for_lines("up ", 1);
    catalog.eye().register("db", "db-1", 5432);
    running.wait_for_lines("up ", 2);
    running.signal(Signal::INT);
    let ended = running.wait(PATIENCE).expect_code(12);
    assert_eq!(
        (ended.count("up "), ended.count("got TERM")),
        (2, 2),
        "{ended:#?}"
    );
}

// 0.19: passes.
#[test]
fn one_that_ignores_its_signal_is_killed() {
    let catalog = Catalog::start();
    let running = with_app(&catalog, &["-exec-kill-timeout", "200ms"])
        .script(
            "app",
            "trap '' INT; echo up $$; while :; do sleep 0.05; done",
        )
        .start();
    running.wait_for_lines("up ", 1);
    catalog.eye().register("db", "db-1", 5432);
    running.wait_for_lines("up ", 2);
    running.signal(Signal::INT);
    running.wait(PATIENCE).expect_code(12);
}

// 0.19: passes.
#[test]
fn once_waits_for_its_end() {
    let catalog = Catalog::start();
    with_app(&catalog, &["-once"])
        .script("app", "sleep 0.3; cat @DIR/out; exit 3")
        .start()
        .wait(PATIENCE)
        .expect_code(3)
        .expect_text("# end");
}

// 0.19: passes.
#[test]
fn its_own_end_is_the_end() {
    let catalog = Catalog::start();
    let running = with_app(&catalog, &[])
        .script(
            "app",
            "echo up; while [ ! -e @DIR/end ]; do sleep 0.05; done; exit 3",
        )
        .start();
    running.wait_for_log("up");
    std::fs::write(running.path("end"), "").unwrap();
    running.wait(PATIENCE).expect_code(3);
}
