//! Files made from the catalog.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use crate::harness::{Catalog, Pilot, Running};

const SOURCE: &str =
    "{{ range service \"db\" }}server {{ .Address }}:{{ .Port }}\n{{ end }}# end\n";

fn pilot(catalog: &Catalog, template: &str) -> Pilot {
    Pilot::new()
        .consul(catalog.address())
        .file("in.tmpl", SOURCE)
        .top(&format!("templates: [{{ name: 'conf', source: '@DIR/in.tmpl', destination: '@DIR/out', {template} }}],"))
}

fn wait_for_text(running: &Running, name: &str, text: &str) {
    running.until(&format!("{name} holds {text:?}"), || {
        running.read(name).contains(text).then_some(())
    });
}

fn template(running: &Running) -> serde_json::Value {
    running.status()["templates"][0].clone()
}

// 3.8: lacks, as all of these.
#[test]
fn a_file_follows_the_catalog() {
    let catalog = Catalog::start();
    let running = pilot(
        &catalog,
        "onChange: { exec: 'echo taken up', timeout: '5s' }, perms: '0640'",
    )
    .jobs("{ name: 'app', exec: 'sleep 1000', when: { source: 'template.conf', once: 'healthy' } }")
    .start()
    .ready();
    wait_for_text(&running, "out", "# end");
    running.wait_for_state("app", "running");
    let mode = fs::metadata(running.path("out"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    catalog.eye().register("db", "db-1", 5432);
    wait_for_text(&running, "out", "server 127.0.0.1:5432\n");
    catalog.eye().deregister("db-1");
    running.until("the server is gone", || {
        (running.read("out") == "# end\n").then_some(())
    });
    running.wait_for_lines("taken up", 2);
    running.stop().expect_code(0);
}

#[test]
fn a_candidate_that_fails_its_check_leaves_the_old_file() {
    let catalog = Catalog::start();
    let running = pilot(
        &catalog,
        "check: ['sh', '-c', '! grep -q 6666 {}'], onChange: { exec: 'echo taken up' }",
    )
    .jobs("{ name: 'main', exec: 'sleep 1000' }")
    .start()
    .ready();
    wait_for_text(&running, "out", "# end");
    catalog.eye().register("db", "db-1", 5432);
    wait_for_text(&running, "out", ":5432");
    catalog.eye().register("db", "db-1", 6666);
    running.until("the check failed", || {
        (template(&running)["state"] == "failed").then_some(())
    });
    assert!(running.read("out").contains(":5432"));
    catalog.eye().register("db", "db-1", 5555);
    wait_for_text(&running, "out", ":5555");
    let names: Vec<String> = fs::read_dir(running.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !names.iter().any(|name| name.contains("containerpilot-")),
        "{names:?}"
    );
    running.stop().expect_code(0);
}

// Pitfall 21.
#[test]
fn a_check_that_fails_is_tried_again_with_the_same_text() {
    let catalog = Catalog::start();
    let running = pilot(
        &catalog,
        "check: ['sh', '-c', 'test -e @DIR/ok || { touch @DIR/ok; exit 1; }']",
    )
    .jobs("{ name: 'main', exec: 'sleep 1000' }")
    .start()
    .ready();
    wait_for_text(&running, "out", "# end");
    running.stop().expect_code(0);
}

// Pitfall 36.
#[test]
fn a_destination_that_is_a_link_is_replaced_and_its_target_left_alone() {
    let catalog = Catalog::start();
    let pilot = pilot(&catalog, "")
        .file("precious", "do not touch\n")
        .jobs("{ name: 'main', exec: 'sleep 1000' }");
    symlink(pilot.path("precious"), pilot.path("out")).unwrap();
    let running = pilot.start().ready();
    running.until("the file is there", || {
        (running.read("out") == "# end\n").then_some(())
    });
    assert_eq!(running.read("precious"), "do not touch\n");
    assert!(
        !fs::symlink_metadata(running.path("out"))
            .unwrap()
            .is_symlink()
    );
    running.stop().expect_code(0);
}

// Pitfall 36.
#[test]
fn a_reader_never_sees_half_a_file() {
    let catalog = Catalog::start();
    let long = format!(
        "{{{{ range service \"db\" }}}}{}{{{{ .Port }}}}\n{{{{ end }}}}# end\n",
        "x".repeat(200_000)
    );
    let running = pilot(&catalog, "wait: '1ms'")
        .file("in.tmpl", &long)
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    wait_for_text(&running, "out", "# end");
    let last = 5040;
    let eye = catalog.eye();
    let writer = std::thread::spawn(move || {
        for port in 5000..=last {
            eye.register("db", "db-1", port);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    running.until("the last change is written", || {
        let text = running.read("out");
        assert!(
            text.ends_with("# end\n"),
            "half a file: {} bytes",
            text.len()
        );
        assert!(
            text.len() == 6 || text.len() > 200_000,
            "half a file: {} bytes",
            text.len()
        );
        text.contains(&last.to_string()).then_some(())
    });
    writer.join().unwrap();
    running.stop().expect_code(0);
}

// Pitfall 20.
#[test]
fn a_burst_of_changes_is_taken_up_once() {
    let catalog = Catalog::start();
    let running = pilot(
        &catalog,
        "wait: { min: '2s', max: '20s' }, onChange: { exec: 'echo taken up' }",
    )
    .jobs("{ name: 'main', exec: 'sleep 1000' }")
    .start()
    .ready();
    wait_for_text(&running, "out", "# end");
    running.until("it is settled", || {
        (template(&running)["state"] == "settled").then_some(())
    });
    running.wait_for_lines("taken up", 1);
    for port in 5001..=5020 {
        catalog.eye().register("db", &format!("db-{port}"), port);
    }
    wait_for_text(&running, "out", ":5020");
    running.wait_for_lines("taken up", 2);
    running.until("it is settled", || {
        (template(&running)["state"] == "settled").then_some(())
    });
    assert_eq!(running.stop().expect_code(0).count("taken up"), 2);
}

// Pitfall 27.
#[test]
fn the_same_text_again_is_not_taken_up() {
    let catalog = Catalog::start();
    let running = pilot(&catalog, "onChange: { exec: 'echo taken up' }")
        .file("out", "# end\n")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.until("it is settled", || {
        (template(&running)["state"] == "settled").then_some(())
    });
    running.reload().expect(200);
    running.stop().expect_code(0).expect_no_text("taken up");
}

// Pitfall 21.
#[test]
fn a_change_during_an_action_is_followed_by_one_more() {
    let catalog = Catalog::start();
    let running = pilot(&catalog, "onChange: { exec: ['sh', '-c', 'echo action; while [ ! -e @DIR/go ]; do sleep 0.02; done'], timeout: '60s' }")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.wait_for_log("action");
    catalog.eye().register("db", "db-1", 5001);
    catalog.eye().register("db", "db-1", 5002);
    fs::write(running.path("go"), "").unwrap();
    running.wait_for_lines("action", 2);
    wait_for_text(&running, "out", ":5002");
    running.until("it is settled", || {
        (template(&running)["state"] == "settled").then_some(())
    });
    assert!(running.stop().expect_code(0).count("action") <= 3);
}

#[test]
fn a_change_is_taken_up_by_a_signal_or_a_restart() {
    let catalog = Catalog::start();
    for action in ["{ signal: 'SIGUSR1', job: 'app' }", "{ restart: 'app' }"] {
        let running = pilot(&catalog, &format!("onChange: {action}"))
            .file("out", "# end\n")
            .script(
                "app",
                "trap 'echo got usr1' USR1; echo app up; while :; do sleep 0.05; done",
            )
            .jobs("{ name: 'app', exec: '@DIR/app' }")
            .start()
            .ready();
        running.wait_for_log("app up");
        running.until("it is settled", || {
            (template(&running)["state"] == "settled").then_some(())
        });
        catalog.eye().register("db", "db-1", 5001);
        if action.contains("restart") {
            running.wait_for_lines("app up", 2);
        } else {
            running.wait_for_log("got usr1");
        }
        running.stop().expect_code(0);
        catalog.eye().deregister("db-1");
    }
}

#[test]
fn a_template_with_a_mistake_harms_nobody() {
    let catalog = Catalog::start();
    let running = pilot(&catalog, "")
        .file("in.tmpl", "one\n{{ nofunc }}\n")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start();
    let line = running.wait_for_log("nofunc");
    assert!(line.contains("in.tmpl:2"), "{line}");
    let code = running.stop().code();
    assert!(code == Some(0) || code == Some(1), "{code:?}");
}

#[test]
fn a_destination_that_cannot_be_written_harms_nobody() {
    let catalog = Catalog::start();
    let running = pilot(&catalog, "")
        .top("")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .config(&format!("{{ consul: '{}', control: {{ socket: '@DIR/socket' }}, templates: [{{ contents: 'x', destination: '@DIR/no/such/out' }}], jobs: [{{ name: 'main', exec: 'sleep 1000' }}] }}", catalog.address()))
        .start()
        .ready();
    running.until("the failure is told", || {
        (template(&running)["state"] == "failed").then_some(())
    });
    running.wait_for_log("no such file or directory");
    assert_eq!(running.job("main")["state"], "running");
    running.stop().expect_code(0);
}

#[test]
fn a_destination_that_is_no_file_is_refused_and_keeps_nobody_waiting() {
    let running = Pilot::new()
        .top("templates: [{ name: 'conf', contents: 'text', destination: '/dev/stdin' }],")
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.until("the template has failed", || {
        (template(&running)["state"] == "failed").then_some(())
    });
    running.stop().expect_code(0);
}

#[test]
fn permissions_that_are_asked_for_are_set_on_a_file_that_is_the_same_otherwise() {
    let pilot = Pilot::new()
        .file("out", "text")
        .top("templates: [{ name: 'conf', contents: 'text', destination: '@DIR/out', perms: '0600' }],")
        .jobs("{ name: 'app', exec: 'sleep 1000' }");
    let running = pilot.start().ready();
    running.until("the file is private", || {
        let mode = fs::metadata(running.path("out"))
            .unwrap()
            .permissions()
            .mode();
        (mode & 0o777 == 0o600).then_some(())
    });
}

#[test]
fn check_reads_the_texts_of_templates() {
    let config = "{ templates: [{ source: '@DIR/bad.tmpl', destination: '/x/a' }, \
         { source: '@DIR/absent.tmpl', destination: '/x/b' }], \
         jobs: [{ name: 'a', exec: 'true' }] }";
    Pilot::new()
        .file("bad.tmpl", "one\n{{ nofunc }}\n")
        .config(config)
        .args(&["check", "@DIR/config.json5"])
        .run()
        .expect_code(1)
        .expect_text("bad.tmpl:2: function \"nofunc\" not defined")
        .expect_text("absent.tmpl: no such file or directory");
}

// 3.8: lacks.
#[test]
fn a_reload_reads_the_text_anew() {
    let catalog = Catalog::start();
    let running = pilot(&catalog, "onChange: { exec: 'echo taken up' }")
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    wait_for_text(&running, "out", "# end");
    running.wait_for_lines("taken up", 1);
    fs::write(running.path("in.tmpl"), "# another end\n").unwrap();
    running.reload().expect(200);
    wait_for_text(&running, "out", "# another end");
    running.wait_for_lines("taken up", 2);
    running.stop().expect_code(0);
}
