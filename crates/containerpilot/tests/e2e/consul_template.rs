//! The binary as consul-template.
//!
//! Here the measure is consul-template 0.19.5; `0.19: passes` and so on.

use std::{fs, os::unix::fs::symlink};

use crate::harness::{Pilot, own_binary};

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
