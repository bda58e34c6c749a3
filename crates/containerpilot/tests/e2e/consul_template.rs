//! The binary as consul-template.
//!
//! Here the measure is consul-template 0.19.5; `0.19: passes` and so on.

mod exec;
mod follow;
mod trouble;

use std::{fs, os::unix::fs::symlink};

use rustix::process::Signal;

use crate::harness::{Pilot, Recorder, own_binary, refusing};

fn consul_template(words: &[&str]) -> Pilot {
    let line: Vec<&str> = ["consul-template"].iter().chain(words).copied().collect();
    Pilot::new().of_this_repository().args(&line)
}

// 0.19: passes, without the hints.
#[test]
fn a_wrong_flag_ends_with_13() {
    consul_template(&["-consul-adr", "x"])
        .run()
        .expect_code(13)
        .expect_text("flag provided but not defined: -consul-adr")
        .expect_text("hint: did you mean `-consul-addr`?");
    consul_template(&["-once", "false"])
        .run()
        .expect_code(13)
        .expect_text("cli: extra args: [\"false\"]");
}

// 0.19: differs: the version is told on stderr.
#[test]
fn version_and_help_end_with_0() {
    let ended = consul_template(&["-v"]).run().expect_code(0);
    assert!(
        ended
            .stdout
            .starts_with("consul-template v0.19.5 (containerpilot "),
        "{ended:?}"
    );
    let ended = consul_template(&["-h"]).run().expect_code(0);
    assert!(ended.stderr.contains("  -template=<in:out[:command]>\n"));
}

// 0.19: passes, without place and hint.
#[test]
fn a_wrong_file_ends_with_15() {
    consul_template(&["-config", "@DIR/ct.hcl"])
        .file("ct.hcl", "consul {\n  adress = \"x\"\n}\n")
        .run()
        .expect_code(15)
        .expect_text("ct.hcl:2:3")
        .expect_text("hint: did you mean `address`?");
    consul_template(&["-config", "@DIR/none.hcl"])
        .run()
        .expect_code(15)
        .expect_text("none.hcl: no such file or directory");
}

// 0.19: passes, without place and hint.
#[test]
fn a_template_without_destination_ends_with_14() {
    consul_template(&["-once", "-template", "a"])
        .run()
        .expect_code(14)
        .expect_text("missing destination");
}

// 0.19: lacks; newer ones have it.
#[test]
fn what_is_only_read_ends_with_0() {
    let pilot = consul_template(&["-parse-only", "-config", "@DIR/conf"]);
    fs::create_dir_all(pilot.path("conf/..data")).unwrap();
    fs::write(pilot.path("conf/..data/a.hcl"), "log_level = \"info\"\n").unwrap();
    symlink("..data/a.hcl", pilot.path("conf/a.hcl")).unwrap();
    symlink("..data", pilot.path("conf/link")).unwrap();
    pilot.clone().run().expect_code(0);
    fs::write(pilot.path("conf/b.json"), "{ \"bogus\": 1 }").unwrap();
    pilot
        .run()
        .expect_code(15)
        .expect_text("conf/b.json:1:3")
        .expect_no_text("..data");
}

// 0.19: passes.
#[test]
fn the_name_of_the_program_is_enough() {
    let pilot = Pilot::new().of_this_repository();
    let name = pilot.path("consul-template");
    symlink(own_binary(), &name).unwrap();
    // The binary that follows is left alone.
    let ended = pilot
        .under(&["sh", "-c", "exec \"$0\" -v", "@DIR/consul-template"])
        .args(&[])
        .run()
        .expect_code(0);
    assert!(ended.stdout.starts_with("consul-template v"), "{ended:?}");
}

// 0.19: differs: of the command only the first `echo` is run, and the file is said to be written.
#[test]
fn once_renders_runs_its_command_and_ends() {
    let ended = consul_template(&[
        "-once",
        "-consul",
        "consul:1",
        "-template",
        "@DIR/in:@DIR/new/out:echo one && cat @DIR/new/out",
    ])
    .file("in", "{{ env \"CONSUL_HTTP_ADDR\" }}\n")
    .run()
    .expect_code(0);
    assert_eq!(ended.stdout, "one\nconsul:1\n");
}

// 0.19: passes.
#[test]
fn what_only_looks_writes_nothing() {
    let pilot = consul_template(&["-once", "-dry", "-template", "@DIR/in:@DIR/out"])
        .file("in", "{{ printf \"text\" }}\n");
    let ended = pilot.clone().run().expect_code(0);
    assert_eq!(ended.stdout, pilot.filled("> @DIR/out\ntext\n"));
    assert!(!pilot.path("out").exists());
}

// 0.19: passes.
#[test]
fn once_ends_with_14_when_something_fails() {
    let template = "@DIR/in:@DIR/out";
    let bad = consul_template(&["-once", "-template", template]).file("in", "{{ nope }}");
    bad.run()
        .expect_code(14)
        .expect_text("function \"nope\" not defined");
    consul_template(&["-once", "-template", template])
        .run()
        .expect_code(14)
        .expect_text("no such file or directory");
    consul_template(&["-once", "-template", "@DIR/in:@DIR/out:exit 3"])
        .file("in", "text\n")
        .run()
        .expect_code(14);
    let consul = refusing().to_string();
    consul_template(&[
        "-once",
        "-consul",
        &consul,
        "-consul-retry=false",
        "-template",
        template,
    ])
    .file("in", "{{ key \"a\" }}")
    .run()
    .expect_code(14)
    .expect_text("cannot reach Consul");
}

// 0.19: passes.
#[test]
fn the_program_gives_its_status_and_the_environment_it_may_have() {
    let config = "
template {
  contents = \"text\\n\"
  destination = \"@DIR/out\"
}
exec {
  command = \"cat @DIR/out; env; exit 7\"
  env {
    allowlist = [\"PATH\", \"SOME_*\"]
    denylist = [\"*_SECRET\"]
    custom = [\"OWN=1\"]
  }
}
";
    let ended = consul_template(&["-config", "@DIR/ct.hcl"])
        .file("ct.hcl", config)
        .env("SOME_THING", "yes")
        .env("SOME_SECRET", "no")
        .env("OTHER", "no")
        .run()
        .expect_code(7);
    assert!(ended.stdout.starts_with("text\n"), "{ended:?}");
    for line in ["SOME_THING=yes", "OWN=1", "CONSUL_HTTP_SSL=false"] {
        assert!(
            ended.stdout.lines().any(|one| one == line),
            "{line}: {ended:?}"
        );
    }
    for name in ["SOME_SECRET", "OTHER"] {
        assert!(!ended.stdout.contains(name), "{name}: {ended:?}");
    }
}

// 0.19: differs: without a program it does not hear TERM.
#[test]
fn a_daemon_stays_until_it_is_asked_and_ends_with_12() {
    for signal in [Signal::INT, Signal::TERM] {
        let running = consul_template(&["-template", "@DIR/in:@DIR/out"])
            .file("in", "text\n")
            .start();
        running.wait_for_file("out");
        running.signal(signal);
        running.wait_exit().expect_code(12);
    }
}

// 0.19: differs: it ends with 15, and takes the program with it.
#[test]
fn a_reload_takes_up_what_changed_and_refuses_what_is_wrong() {
    let template = |number: u8| {
        format!("template {{ contents = \"text\\n\" destination = \"@DIR/out{number}\" }}\n")
    };
    let running = consul_template(&["-config", "@DIR/ct.hcl"])
        .file("ct.hcl", &template(1))
        .start();
    running.wait_for_file("out1");
    let write =
        |text: &str| fs::write(running.path("ct.hcl"), running.pilot().filled(text)).unwrap();
    write("\nbogus = 1\n");
    running.signal(Signal::HUP);
    running.wait_for_log("configuration not reloaded, the old one stays");
    running.wait_for_log("ct.hcl:2:1");
    write(&(template(1) + &template(2)));
    running.signal(Signal::HUP);
    running.wait_for_file("out2");
    running.signal(Signal::INT);
    running.wait_exit().expect_code(12);
}

// 0.19: passes.
#[test]
fn consul_is_asked_as_the_flags_say() {
    let recorder = Recorder::start("/v1/kv/");
    let consul = recorder.address().to_string();
    let running = consul_template(&[
        "-consul-addr",
        &consul,
        "-consul-auth=user:word",
        "-consul-token=t0ken",
        "-template",
        "@DIR/in:@DIR/out",
    ])
    .file("in", "{{ key \"a\" }}")
    .start();
    let asked = running.until("the key is asked for", || recorder.asked("/v1/kv/a").pop());
    assert!(asked.line.contains("stale"), "{asked:?}");
    let head = asked.head.to_lowercase();
    // That is `user:word`.
    let login = "authorization: basic dXNlcjp3b3Jk".to_lowercase();
    assert!(head.contains(&login), "{asked:?}");
    assert!(head.contains("x-consul-token: t0ken"), "{asked:?}");
    running.signal(Signal::INT);
    running.wait_exit().expect_code(12);
}

// 0.19: differs: both are written, one after the other.
#[test]
fn of_two_templates_with_one_destination_the_last_stands() {
    let pilot = consul_template(&[
        "-once",
        "-template",
        "@DIR/a:@DIR/out",
        "-template",
        "@DIR/b:@DIR/out",
    ])
    .file("a", "one")
    .file("b", "two");
    let out = pilot.path("out");
    pilot.clone().run().expect_code(0).expect_text("left out");
    assert_eq!(fs::read_to_string(out).unwrap(), "two");
}

// 0.19: passes, save for the words of the shell.
#[test]
fn a_command_is_found_without_a_path_of_its_own_and_may_be_a_word_of_the_shell() {
    let config = "template { contents = \"x\" destination = \"@DIR/out\" \
                  exec { command = \"echo found\" env { pristine = true } } }\n\
                  template { contents = \"y\" destination = \"@DIR/other\" \
                  command = \"exec echo replaced\" }\n";
    consul_template(&["-once", "-config", "@DIR/ct.hcl"])
        .file("ct.hcl", config)
        .run()
        .expect_code(0)
        .expect_text("found")
        .expect_text("replaced");
}
