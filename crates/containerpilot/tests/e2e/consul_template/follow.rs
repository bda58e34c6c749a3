//! What it makes of what it looks at, pass after pass and change after change.

use rustix::process::Signal;

use super::consul_template;
use crate::harness::{Catalog, Pilot, Running, refusing};

const SERVERS: &str =
    "{{ range service \"db\" }}server {{ .Address }}:{{ .Port }};\n{{ end }}# end\n";

/// Asks this catalog; `-consul` is how 0.18 and older spelled it.
fn asking(catalog: &Catalog, words: &[&str]) -> Pilot {
    let address = catalog.address().to_string();
    let words: Vec<&str> = ["-consul", &address].iter().chain(words).copied().collect();
    consul_template(&words)
}

#[track_caller]
fn wait_for_text(running: &Running, name: &str, text: &str) {
    running.until(&format!("{name} holds {text:?}"), || {
        running.read(name).contains(text).then_some(())
    });
}

fn end(running: Running) {
    running.signal(Signal::INT);
    running.wait(crate::harness::PATIENCE).expect_code(12);
}

// 0.19: passes.
#[test]
fn every_change_is_rendered_and_told_once() {
    let catalog = Catalog::start();
    let eye = catalog.eye();
    let running = asking(
        &catalog,
        &["-template", "@DIR/in:@DIR/out:cat @DIR/out; echo told"],
    )
    .file("in", SERVERS)
    .start();
    running.wait_for_lines("told", 1);
    eye.register("db", "db-1", 5432);
    running.wait_for_log("server 127.0.0.1:5432;");
    running.wait_for_lines("told", 2);
    // The same again, and something else, change nothing of the file.
    eye.register("db", "db-1", 5432);
    eye.register("other", "other-1", 1);
    eye.register("db", "db-2", 5433);
    running.wait_for_log("server 127.0.0.1:5433;");
    running.wait_for_lines("told", 3);
    eye.set_status("db-1", "critical");
    eye.deregister("db-2");
    running.until("nobody is left", || {
        (running.read("out") == "# end\n").then_some(())
    });
    running.wait_for_lines("told", 4);
    end(running);
}

// 0.19: passes.
#[test]
fn a_file_that_is_as_it_should_be_is_left_alone() {
    let catalog = Catalog::start();
    let pilot = asking(
        &catalog,
        &["-once", "-template", "@DIR/in:@DIR/out:echo told"],
    )
    .file("in", SERVERS)
    .file("out", "# end\n");
    let written = || {
        std::fs::metadata(pilot.path("out"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = written();
    pilot.clone().run().expect_code(0).expect_no_text("told");
    assert_eq!(written(), before);
}

// 0.19: passes.
#[test]
fn a_command_of_several_templates_runs_once_and_in_their_order() {
    let config = "
template { source = \"@DIR/in\" destination = \"@DIR/one\" command = \"echo first\" }
template { source = \"@DIR/in\" destination = \"@DIR/two\" command = \"echo second\" }
template { source = \"@DIR/in\" destination = \"@DIR/three\" command = \"echo first\" }
";
    let catalog = Catalog::start();
    let ended = asking(&catalog, &["-once", "-config", "@DIR/ct.hcl"])
        .file("ct.hcl", config)
        .file("in", SERVERS)
        .run()
        .expect_code(0);
    assert_eq!(
        (ended.count("first"), ended.count("second")),
        (1, 1),
        "{ended:#?}"
    );
    ended.expect_order(&["first", "second"]);
}

// 0.19: passes.
#[test]
fn a_command_that_fails_keeps_no_other_from_running() {
    let ended = consul_template(&[
        "-once",
        "-template",
        "@DIR/in:@DIR/one:echo first; exit 3",
        "-template",
        "@DIR/in:@DIR/two:echo second",
    ])
    .file("in", "text\n")
    .run()
    .expect_code(14);
    ended.expect_order(&["first", "second"]);
}

// 0.19: passes.
#[test]
fn a_key_is_waited_for_and_holds_up_its_own_template_only() {
    let catalog = Catalog::start();
    let running = asking(
        &catalog,
        &[
            "-once",
            "-template",
            "@DIR/in:@DIR/out",
            "-template",
            "@DIR/in2:@DIR/out2",
        ],
    )
    .file("in", "{{ key \"app/name\" }}\n")
    .file("in2", "{{ keyOrDefault \"app/name\" \"nobody\" }}\n")
    .start();
    assert_eq!(running.wait_for_file("out2"), "nobody");
    assert!(!running.path("out").exists());
    catalog.eye().set_key("app/name", "Alice");
    assert_eq!(running.wait_for_file("out"), "Alice");
    running.wait(crate::harness::PATIENCE).expect_code(0);
}

// 0.19: passes.
#[test]
fn what_is_known_in_steps_is_rendered_when_all_is_known() {
    let catalog = Catalog::start();
    catalog.eye().set_key("which", "where");
    catalog.eye().set_key("where", "db");
    catalog.eye().register("db", "db-1", 5432);
    asking(
        &catalog,
        &["-once", "-template", "@DIR/in:@DIR/out:cat @DIR/out"],
    )
    .file(
        "in",
        "{{ range service (key (key \"which\")) }}{{ .Name }} {{ .Port }}\n{{ end }}",
    )
    .run()
    .expect_code(0)
    .expect_text("db 5432");
}

// 0.19: passes.
#[test]
fn what_fails_in_a_later_pass_ends_with_14_and_leaves_the_file() {
    let catalog = Catalog::start();
    catalog.eye().set_key("which", "where");
    catalog.eye().set_key("where", "{ broken");
    let pilot = asking(
        &catalog,
        &["-once", "-template", "@DIR/in:@DIR/out:echo told"],
    )
    .file(
        "in",
        "{{ with key (key \"which\") }}{{ parseJSON . }}{{ end }}\n",
    )
    .file("out", "as it was\n");
    pilot
        .clone()
        .run()
        .expect_code(14)
        .expect_text("parseJSON")
        .expect_no_text("told");
    assert_eq!(
        std::fs::read_to_string(pilot.path("out")).unwrap(),
        "as it was\n"
    );
}

// 0.19: passes.
#[test]
fn changes_that_follow_each_other_are_waited_for() {
    let catalog = Catalog::start();
    let running = asking(
        &catalog,
        &[
            "-wait",
            "500ms:10s",
            "-template",
            "@DIR/in:@DIR/out:echo told",
        ],
    )
    .file("in", SERVERS)
    .start();
    running.wait_for_lines("told", 1);
    for port in 1..=9 {
        catalog.eye().register("db", &format!("db-{port}"), port);
    }
    running.wait_for_lines("told", 2);
    wait_for_text(&running, "out", "server 127.0.0.1:9;");
    assert_eq!(running.count("told"), 2, "{}", running.told());
    end(running);
}

// 0.19: passes.
#[test]
fn a_reload_reads_the_template_anew() {
    let running = consul_template(&["-log-level=info", "-template", "@DIR/in:@DIR/out"])
        .file("in", "one\n")
        .start();
    assert_eq!(running.wait_for_file("out"), "one");
    std::fs::write(running.path("in"), "two\n").unwrap();
    running.signal(Signal::HUP);
    wait_for_text(&running, "out", "two");
    running.wait_for_log("Reloading configuration");
    end(running);
}

// 0.19: differs: after twelve tries it ends, and with it the program.
#[test]
fn a_catalog_that_comes_late_is_waited_for() {
    let running = consul_template(&[
        "-consul-addr",
        &refusing().to_string(),
        "-template",
        "@DIR/in:@DIR/out",
        "-template",
        "@DIR/in2:@DIR/out2",
    ])
    .file("in", SERVERS)
    .file("in2", "text\n")
    .start();
    assert_eq!(running.wait_for_file("out2"), "text");
    running.wait_for_log("cannot reach Consul");
    assert!(!running.path("out").exists());
    end(running);
}
