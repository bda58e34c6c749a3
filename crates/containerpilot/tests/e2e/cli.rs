//! What the command line answers, and with which status.

use std::fs;

use crate::harness::Pilot;

/// Without a configuration, and with nothing in the environment.
fn bare(words: &[&str]) -> Pilot {
    Pilot::new().args(words)
}

// 3.8: passes (case 1).
#[test]
fn the_version_is_told_in_two_lines() {
    for word in ["-version", "--version", "-version=true"] {
        let ended = bare(&[word]).run().expect_code(0);
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{ended:#?}");
        assert!(lines[0].starts_with("Version: "), "{ended:#?}");
        assert!(lines[1].starts_with("GitHash: "), "{ended:#?}");
    }
}

// 3.8: lacks.
#[test]
fn the_version_is_told_to_programs_in_json() {
    let ended = bare(&["version", "--json"]).run().expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let plain = bare(&["-version"]).run().stdout;
    let version = json["version"].as_str().unwrap();
    assert!(plain.contains(version), "{json}, {plain}");
}

// 3.8: passes (case 2).
#[test]
fn without_a_configuration_there_is_a_hint() {
    bare(&[])
        .run()
        .expect_code(1)
        .expect_text("-config flag is required");
}

// 3.8: passes (case 3).
#[test]
fn an_absent_configuration_is_named() {
    let text = "could not read config file: open /xxxx: no such file or directory";
    bare(&["-config", "/xxxx"])
        .run()
        .expect_code(1)
        .expect_text(text);
}

// 3.8: passes (case 4).
#[test]
fn a_configuration_without_a_catalog_is_refused() {
    let pilot = Pilot::new().config("{}");
    pilot
        .run()
        .expect_code(1)
        .expect_text("no discovery backend defined");
}

// 3.8: passes (case 5).
#[test]
fn the_environment_names_the_configuration_and_the_flag_wins() {
    let job = |word: &str| {
        format!(
            "{{ consul: 'localhost:1', stopTimeout: 1, control: {{ socket: '@DIR/{word}.socket' }}, jobs: [{{ name: 'main', exec: 'echo from the {word}' }}] }}"
        )
    };
    let pilot = Pilot::new()
        .file("env", &job("environment"))
        .file("flag", &job("flag"))
        .env("CONTAINERPILOT", "@DIR/env");
    let ended = pilot.clone().args(&[]).run();
    ended.expect_code(0).expect_text("from the environment");
    let ended = pilot.args(&["-config", "@DIR/flag"]).run();
    ended
        .expect_code(0)
        .expect_text("from the flag")
        .expect_no_text("from the environment");
}

// 3.8: differs (case 15): it does not know the prefix.
#[test]
fn a_file_url_names_the_configuration() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'echo hello' }");
    pilot.write_config();
    let ended = pilot.args(&["-config", "file://@DIR/config.json5"]).run();
    ended.expect_code(0).expect_text("hello");
}

// 3.8: passes (cases 6 and 163).
#[test]
fn a_variable_is_put_with_everything_after_the_first_sign() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'show', exec: ['sh', '-c', 'echo it is $ENV_VALUE'], when: { source: 'SIGHUP' } }")
        .start()
        .ready();
    let ended = running
        .cli(&["-putenv", "ENV_VALUE=PART1=PART2"])
        .expect_code(0);
    assert_eq!(ended.stdout, "");
    running.signal(rustix::process::Signal::HUP);
    running.wait_for_log("it is PART1=PART2");
    running.stop().expect_code(0);
}

// 3.8: passes (case 7).
#[test]
fn a_pair_without_a_sign_is_a_usage_error() {
    for flag in ["-putenv", "-putmetric"] {
        let ended = bare(&[flag, "NAME"]).run().expect_code(2);
        assert!(
            ended.stderr.contains("was not in the format 'key=val'"),
            "{ended:#?}"
        );
        assert!(ended.stderr.contains("Usage of "), "{ended:#?}");
    }
}

// 3.8: passes (case 8).
#[test]
fn the_rendered_configuration_goes_to_a_file_or_to_stdout() {
    let pilot = Pilot::new()
        .env("WORD", "a=b")
        .config("{ word: '{{ env \"WORD\" }}', none: '{{ .NONE | default \"x\" }}' }");
    pilot.write_config();
    let to_file = pilot.clone().args(&[
        "-template",
        "-config",
        "@DIR/config.json5",
        "-out",
        "@DIR/out",
    ]);
    let ended = to_file.run().expect_code(0);
    assert_eq!(ended.lines, Vec::<String>::new());
    let written = fs::read_to_string(pilot.path("out")).unwrap();
    assert_eq!(written, "{ word: 'a=b', none: 'x' }");
    for words in [
        ["-template", "-config", "@DIR/config.json5", "-out", "-"].as_slice(),
        &["-template", "-config", "@DIR/config.json5"],
    ] {
        let ended = pilot.clone().args(words).run().expect_code(0);
        assert_eq!(ended.stdout.trim_end_matches('\n'), written);
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(pilot.path("out")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o7133, 0, "{mode:o}");
}

// 3.8: passes (case 9).
#[test]
fn rendering_an_absent_configuration_fails() {
    let ended = bare(&["-template", "-config", "/xxxx"])
        .run()
        .expect_code(1);
    ended.expect_text("could not read config file: open /xxxx: no such file or directory");
}

// 3.8: passes (case 10).
#[test]
fn rendering_into_an_absent_folder_fails() {
    let pilot = Pilot::new();
    pilot.write_config();
    let words = [
        "-template",
        "-config",
        "@DIR/config.json5",
        "-out",
        "./no/dir/file",
    ];
    let ended = pilot.args(&words).run().expect_code(1);
    ended.expect_text("could not write config file: open ./no/dir/file: no such file or directory");
}

// 3.8: passes (case 11).
#[test]
fn ping_tells_whether_anybody_is_there() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'sleep 1000' }");
    pilot.write_config();
    let words = ["-config", "@DIR/config.json5", "-ping"];
    let ended = pilot.clone().args(&words).run().expect_code(1);
    assert!(
        ended.lines.concat().contains("-ping: failed: "),
        "{ended:#?}"
    );
    let running = pilot.start().ready();
    let ended = running.cli(&["-ping"]).expect_code(0);
    assert_eq!(ended.stdout, "ok\n");
    running.stop().expect_code(0);
}

// 3.8: passes (case 12).
#[test]
fn an_unknown_flag_is_answered_with_the_usage() {
    let ended = bare(&["-bogus"]).run().expect_code(2);
    assert!(
        ended
            .stderr
            .starts_with("flag provided but not defined: -bogus\nUsage of "),
        "{ended:#?}"
    );
    for flag in [
        "config",
        "maintenance",
        "out",
        "ping",
        "putenv",
        "putmetric",
        "reload",
        "template",
        "version",
    ] {
        assert!(
            ended.stderr.contains(&format!("\n  -{flag}")),
            "{flag}: {ended:#?}"
        );
    }
}

// 3.8: differs (2.4): built with Go 1.9 it ends with 2.
#[test]
fn help_is_told_on_stderr() {
    for word in ["-help", "-h", "--help"] {
        let ended = bare(&[word]).run().expect_code(0);
        assert!(ended.stderr.starts_with("Usage of "), "{ended:#?}");
    }
}

// 3.8: differs (case 14): it ends maintenance.
#[test]
fn maintenance_takes_two_words_only() {
    let ended = bare(&["-maintenance", "bogus"]).run().expect_code(2);
    ended.expect_text("`enable` or `disable`");
}

// 3.8: differs (case 16): it runs without them.
#[test]
fn a_program_beside_a_configuration_is_an_error() {
    let pilot = Pilot::new().jobs("{ name: 'main', exec: 'echo ran' }");
    pilot.write_config();
    let ended = pilot
        .args(&["-config", "@DIR/config.json5", "node", "app.js"])
        .run();
    ended
        .expect_code(2)
        .expect_text("`node`")
        .expect_no_text("ran");
}

// 3.8: differs (case 17): it wants the whole file to be sound.
#[test]
fn ping_works_beside_a_file_that_broke() {
    let mut running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.rewrite(|pilot| pilot.top("bogus: 1, "));
    assert_eq!(running.cli(&["-ping"]).expect_code(0).stdout, "ok\n");
    running.stop().expect_code(0);
}

// 3.8: differs (case 13): it sends the variables only.
#[test]
fn variables_and_metrics_can_be_put_at_once() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }, { name: 'show', exec: ['sh', '-c', 'echo it is $WORD'], when: { source: 'SIGHUP' } }")
        .start()
        .ready();
    // No telemetry is configured, so the metric is refused, and that is told.
    let ended = running
        .cli(&["-putenv", "WORD=sent", "-putmetric", "m=1"])
        .expect_code(1);
    ended.expect_text("-putmetric: failed to run subcommand: ");
    running.signal(rustix::process::Signal::HUP);
    running.wait_for_log("it is sent");
    running.stop().expect_code(0);
}

// 3.8: passes (2.4), apart from the stream and the flag that is named.
#[test]
fn flags_that_find_nobody_say_so() {
    for (words, begin) in [
        (
            ["-reload", "-config"].as_slice(),
            "-reload: failed to run subcommand: ",
        ),
        (
            &["-maintenance", "enable", "-config"],
            "-maintenance: failed to run subcommand: ",
        ),
        (
            &["-putenv", "A=1", "-config"],
            "-putenv: failed to run subcommand: ",
        ),
        (
            &["-putmetric", "a=1", "-config"],
            "-putmetric: failed to run subcommand: ",
        ),
        (&["-ping", "-config"], "-ping: failed: "),
    ] {
        let pilot = Pilot::new();
        pilot.write_config();
        let words: Vec<&str> = words.iter().copied().chain(["@DIR/config.json5"]).collect();
        let ended = pilot.args(&words).run().expect_code(1);
        assert!(
            ended.lines.iter().any(|line| line.contains(begin)),
            "{begin}: {ended:#?}"
        );
    }
}

// 3.8: passes (2.4): success is silent.
#[test]
fn flags_that_find_somebody_are_silent() {
    let running = Pilot::new()
        .jobs("{ name: 'main', exec: 'sleep 1000' }")
        .start()
        .ready();
    for words in [
        ["-reload"].as_slice(),
        &["-maintenance", "enable"],
        &["-maintenance", "disable"],
        &["-putenv", "A=1"],
    ] {
        let ended = running.cli(words).expect_code(0);
        assert_eq!(ended.lines, Vec::<String>::new(), "{words:?}");
    }
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn a_sound_configuration_is_summed_up() {
    let pilot = Pilot::new()
        .jobs("{ name: 'main', exec: 'true' }, { name: 'other', exec: 'true' }")
        .top("watches: [{ name: 'db', interval: 1 }],");
    pilot.write_config();
    for words in [
        ["check", "@DIR/config.json5"].as_slice(),
        &["check", "--config", "@DIR/config.json5"],
        &["check", "-c", "@DIR/config.json5"],
    ] {
        let ended = pilot.clone().args(words).run().expect_code(0);
        assert_eq!(ended.stdout, "ok: 2 jobs, 1 watches, 0 templates\n");
    }
}

// 3.8: lacks.
#[test]
fn a_template_is_rendered_over_data() {
    let pilot = Pilot::new()
        .file(
            "in.tmpl",
            "{{ range .hosts }}{{ .name }}={{ .port }};{{ end }}",
        )
        .file(
            "data.json",
            "{\"hosts\": [{\"name\": \"a\", \"port\": 1}, {\"name\": \"b\", \"port\": 2}]}",
        );
    let words = [
        "render",
        "--template",
        "@DIR/in.tmpl",
        "--data",
        "@DIR/data.json",
    ];
    let ended = pilot.clone().args(&words).run().expect_code(0);
    assert_eq!(ended.stdout.trim_end(), "a=1;b=2;");
    let broken = pilot
        .file("in.tmpl", "{{ range }}")
        .args(&words)
        .run()
        .expect_code(1);
    broken.expect_text("in.tmpl:1");
}

// 3.8: lacks.
#[test]
fn a_word_that_is_a_program_too_is_explained() {
    let ended = bare(&["env"]).run().expect_code(2);
    ended.expect_text(
        "hint: `env` was taken as a subcommand; to run the program: containerpilot -- env",
    );
}
