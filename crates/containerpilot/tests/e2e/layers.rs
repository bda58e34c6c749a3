//! A directory of files is one configuration, and files may be YAML.

use std::{fs, os::unix::fs::symlink};

use crate::harness::Pilot;

const BASE: &str =
    "{ control: { socket: '@DIR/socket' }, stopTimeout: 1, logging: { level: 'DEBUG' },
  jobs: [{ name: 'main', exec: 'sleep 1000' }, { name: 'greet', exec: 'echo of the base' }] }";

fn with_directory() -> Pilot {
    let pilot = Pilot::new();
    fs::create_dir(pilot.path("conf.d")).unwrap();
    pilot.args(&["-config", "@DIR/conf.d"])
}

fn layered() -> Pilot {
    let image = "jobs:\n  - name: greet\n    exec: [echo, of, the, \"{{ .WHO }}\"]\n";
    with_directory()
        .env("WHO", "image")
        .file("conf.d/00-base.json5", BASE)
        .file("conf.d/10-image.yaml", image)
}

// 3.8: lacks.
#[test]
fn later_files_replace_what_earlier_ones_say_and_a_reload_reads_the_directory_anew() {
    let running = layered().start().ready();
    running.wait_for_log("of the image");
    assert_eq!(running.count("of the base"), 0);
    let more = "jobs: [{name: late, exec: echo another file}]\n";
    fs::write(running.path("conf.d/20-more.yml"), more).unwrap();
    running.cli(&["-reload"]).expect_code(0);
    running.wait_for_log("another file");
    fs::write(running.path("conf.d/30-wrong.yml"), "jobs: [{nam: x}]\n").unwrap();
    running
        .cli(&["-reload"])
        .expect_code(1)
        .expect_text("30-wrong.yml:1:9");
    running.job("main");
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn check_tells_which_file_replaced_what() {
    layered()
        .args(&["check", "--config", "@DIR/conf.d"])
        .run()
        .expect_code(0)
        .expect_text("`job[greet]`: ")
        .expect_text("/conf.d/10-image.yaml:2:11 replaces ")
        .expect_text("/conf.d/00-base.json5:2:56")
        .expect_text("ok: 2 jobs, 0 watches, 0 templates");
    let ended = layered()
        .args(&["check", "--json", "--config", "@DIR/conf.d"])
        .run()
        .expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let change = &json["overrides"][0];
    assert_eq!(change["what"], "job[greet]");
    assert_eq!(
        (&change["later"]["line"], &change["earlier"]["line"]),
        (&2.into(), &2.into())
    );
    assert_eq!(change["takenBack"], false);
}

// 3.8: lacks.
#[test]
fn rendering_a_directory_names_each_file() {
    let pilot = layered();
    let base = pilot.filled("// @DIR/conf.d/00-base.json5");
    let image = pilot.filled("# @DIR/conf.d/10-image.yaml");
    let exec = "    exec: [echo, of, the, \"image\"]";
    pilot
        .args(&["-config", "@DIR/conf.d", "-template"])
        .run()
        .expect_code(0)
        .expect_order(&[&base, "{ control: ", &image, "jobs:", exec]);
}

// 3.8: lacks.
#[test]
fn other_files_and_folders_of_the_directory_are_left_alone() {
    let pilot = layered();
    for name in [
        ".20-hidden.yaml",
        "20-backup.yaml~",
        "20-swap.yaml.swp",
        "20-old.json5.bak",
        "README.md",
    ] {
        fs::write(pilot.path("conf.d").join(name), "{ no configuration").unwrap();
    }
    fs::create_dir(pilot.path("conf.d/30-folder.yaml")).unwrap();
    // As Kubernetes mounts them: the files are links into a hidden folder.
    fs::create_dir(pilot.path("conf.d/..data")).unwrap();
    let linked = pilot.path("conf.d/..data/40-linked.json");
    fs::write(
        &linked,
        "{ \"jobs\": [{ \"name\": \"more\", \"exec\": \"true\" }] }",
    )
    .unwrap();
    symlink(&linked, pilot.path("conf.d/40-linked.json")).unwrap();
    pilot
        .args(&["check", "--config", "@DIR/conf.d"])
        .run()
        .expect_code(0)
        .expect_text("ok: 3 jobs");
}

// 3.8: differs: a directory cannot be read.
#[test]
fn a_directory_that_is_empty_or_cannot_be_read_is_refused() {
    let check = ["check", "--config", "@DIR/conf.d"];
    with_directory()
        .args(&check)
        .run()
        .expect_code(1)
        .expect_text("there is no configuration in it")
        .expect_text("hint: files that end with .json5, .json, .yaml or .yml are read");
    let pilot = layered();
    symlink("nowhere", pilot.path("conf.d/20-broken.yaml")).unwrap();
    pilot
        .args(&check)
        .run()
        .expect_code(1)
        .expect_text("/conf.d/20-broken.yaml: no such file or directory");
}

// 3.8: lacks.
#[test]
fn the_socket_is_found_in_a_broken_directory() {
    let pilot = with_directory()
        .file(
            "conf.d/a.yml",
            "control:\n  socket: @DIR/other.sock\njobs: [",
        )
        .file("conf.d/b.json5", "{ jobs: ");
    let asked = pilot.args(&["-config", "@DIR/conf.d", "-ping"]).run();
    asked.expect_code(1).expect_text("other.sock");
}
