//! The log.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Pilot, Running};

fn with_logging(members: &str) -> Pilot {
    Pilot::new().top(&format!("logging: {{ {members} }},"))
}

// 3.8: passes (case 177).
#[test]
fn children_are_logged_or_raw() {
    let running = with_logging("level: 'DEBUG', format: 'text'")
        .jobs(
            "{ name: 'job1', exec: ['sh', '-c', 'echo job1 exec; exec sleep 1000'] },
             { name: 'job2', exec: ['sh', '-c', 'echo job2 exec; exec sleep 1000'], logging: { raw: true } },
             { name: 'job3', exec: 'sleep 1000', health: { exec: 'echo job3 health', interval: 1, ttl: 5, logging: { raw: true } } },
             { name: 'job4', exec: 'sleep 1000', health: { exec: 'echo job4 health', interval: 1, ttl: 5 } }",
        )
        .start();
    for text in [
        "loaded config:",
        "msg=\"job1 exec\"",
        "job2 exec",
        "job3 health",
        "msg=\"job4 health\"",
    ] {
        running.wait_for_log(text);
    }
    let ended = running.stop().expect_code(0);
    for raw in ["job2 exec", "job3 health"] {
        assert!(
            ended.lines.iter().any(|line| line == raw),
            "{raw}: {ended:#?}"
        );
    }
    let line = ended
        .lines
        .iter()
        .find(|line| line.contains("job4 health"))
        .unwrap();
    assert!(line.contains("check=check.job4"), "{line}");
}

// 3.8: passes (20.2).
#[test]
fn the_default_format_has_time_job_and_pid() {
    let running = Pilot::new()
        .jobs("{ name: 'app', exec: ['sh', '-c', 'echo said this; exec sleep 1000'] }")
        .start()
        .ready();
    let pid = running.wait_for_state("app", "running")["pid"].to_string();
    let line = running.wait_for_log("said this");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1..], ["app", &pid, "said", "this"], "{line}");
    assert!(words[0].len() >= 20 && words[0].contains('T'), "{line}");
    running.stop().expect_code(0);
}

// 3.8: passes (20.4), apart from the stream.
#[test]
fn json_is_one_object_for_each_line() {
    let pilot = with_logging("level: 'DEBUG', format: 'json'")
        .jobs("{ name: 'app', exec: ['sh', '-c', 'printf \"quote \\\\\" tab\\\\t nul\\\\0 end\\\\n\"; echo went wrong >&2'] }");
    let ended = pilot.run().expect_code(0);
    let records: Vec<Value> = ended
        .lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let said = records
        .iter()
        .find(|record| record["msg"].as_str().unwrap().contains("quote"))
        .unwrap();
    assert_eq!(
        (&said["job"], &said["level"]),
        (&"app".into(), &"info".into())
    );
    assert_eq!(said["msg"], "quote \" tab\t nul\0 end");
    assert!(
        said["pid"].is_number() && said["time"].is_string(),
        "{said}"
    );
    let wrong = records
        .iter()
        .find(|record| record["msg"] == "went wrong")
        .unwrap();
    assert_eq!(wrong["stream"], "stderr");
}

// 3.8: passes (case 178).
#[test]
fn the_log_goes_where_it_shall() {
    let jobs = "{ name: 'app', exec: 'echo said this' }";
    let ended = with_logging("level: 'DEBUG', format: 'text', output: 'stderr'")
        .jobs(jobs)
        .run()
        .expect_code(0);
    assert!(
        ended.stdout.is_empty() && ended.stderr.contains("said this"),
        "{ended:#?}"
    );
    let ended = Pilot::new()
        .jobs(jobs)
        .run()
        .expect_code(0)
        .expect_no_text("loaded config:");
    assert!(
        ended.stderr.is_empty() && ended.stdout.contains("said this"),
        "{ended:#?}"
    );
    let pilot = with_logging("output: '@DIR/log'").jobs(jobs);
    let ended = pilot.clone().run().expect_code(0);
    assert!(ended.lines.is_empty(), "{ended:#?}");
    assert!(
        fs::read_to_string(pilot.path("log"))
            .unwrap()
            .contains("said this")
    );
}

// 3.8: passes (20.1).
#[test]
fn quieter_levels_leave_out_what_is_below_them() {
    let jobs = "{ name: 'app', exec: ['sh', '-c', 'echo said this; exit 3'] }";
    let ended = with_logging("level: 'ERROR'")
        .jobs(jobs)
        .run()
        .expect_code(3);
    ended
        .expect_text("app exited with error: exit status 3")
        .expect_no_text("serving at");
}

fn wait_for_text(running: &Running, name: &str, text: &str) {
    running.until(&format!("{text} is in {name}"), || {
        running.read(name).contains(text).then_some(())
    });
}

// 3.8: passes (case 179).
#[test]
fn a_log_file_that_was_moved_is_opened_anew() {
    let running = with_logging("output: '@DIR/log'")
        .jobs("{ name: 'app', exec: 'sleep 1000', essential: true }, { name: 'clock', exec: 'echo tick', when: { interval: '50ms' } }")
        .start();
    wait_for_text(&running, "log", "tick");
    fs::rename(running.path("log"), running.path("log.1")).unwrap();
    let before = running.read("log.1").len();
    running.until("the moved file grows", || {
        (running.read("log.1").len() > before).then_some(())
    });
    assert!(!running.path("log").exists());
    running.signal(Signal::USR1);
    wait_for_text(&running, "log", "tick");
    running.stop().expect_code(0);
}

// 3.8: differs (case 181, pitfall 33): the child gets EPIPE.
#[test]
fn a_line_of_any_length_is_logged_whole() {
    for length in [70_000, 1 << 20] {
        let pilot = Pilot::new().jobs(&format!(
            "{{ name: 'app', exec: ['sh', '-c', 'head -c {length} /dev/zero | tr \"\\\\0\" x; echo; echo and after'] }}"
        ));
        let ended = pilot.run().expect_code(0).expect_text("and after");
        let count: usize = ended
            .lines
            .iter()
            .map(|line| line.matches('x').count())
            .sum();
        assert!(
            count >= length && count < length + 100,
            "{count} of {length}"
        );
    }
}

// 3.8: differs (case 182, pitfall 33).
#[test]
fn a_last_line_without_its_end_is_logged() {
    for end in ["exit 0", "kill -9 $$"] {
        let jobs = format!("{{ name: 'app', exec: ['sh', '-c', 'printf \"last words\"; {end}'] }}");
        Pilot::new().jobs(&jobs).run().expect_text("last words");
    }
}

// 3.8: differs (24.26, pitfall 33).
#[test]
fn no_secret_is_logged() {
    let config = "{ consul: { address: 'localhost:1', token: 's3cr3t-token' }, control: { socket: '@DIR/socket' }, logging: { level: 'DEBUG' },
        jobs: [{ name: 'app', exec: ['sh', '-c', 'exec sleep 1000', 's3cr3t-argument'], port: 80, interfaces: 'lo', initial_status: 'passing', health: { exec: 'true', interval: 1, ttl: 5 } }] }";
    let running = Pilot::new().config(config).start().ready();
    running.wait_for_log("{StatusHealthy app}");
    running
        .cli(&["status"])
        .expect_code(0)
        .expect_no_text("s3cr3t");
    running.stop().expect_code(0).expect_no_text("s3cr3t");
}

// 3.8: passes.
#[test]
fn a_reader_that_is_gone_ends_nobody() {
    let running = Pilot::new()
        .under(&["sh", "-c", "exec \"$@\" >&- 2>&-", "sh"])
        .jobs("{ name: 'app', exec: ['sh', '-c', 'while :; do echo tick || exit 9; sleep 0.01; done'] }, { name: 'mark', exec: ['sh', '-c', 'echo x >> @DIR/marks'], when: { interval: '50ms' } }")
        .start()
        .ready();
    running.until("time passes", || {
        (running.read("marks").lines().count() > 10).then_some(())
    });
    assert_eq!(running.job("app")["restarts"], 0);
    assert_eq!(running.job("app")["state"], "running");
    running.stop().expect_code(0);
}

// 3.8: passes: the output of a check that failed is told to the catalog.
#[test]
fn the_last_words_of_a_check_are_kept() {
    let catalog = crate::harness::Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs("{ name: 'app', exec: 'sleep 1000', port: 80, interfaces: 'lo', initial_status: 'passing', health: { exec: ['sh', '-c', 'echo disk is full; exit 1'], interval: 1, ttl: 60 } }")
        .start()
        .ready();
    let check = catalog.eye().wait_for_status("app", "critical");
    assert!(
        check["Output"].as_str().unwrap().contains("disk is full"),
        "{check}"
    );
    let job = running.job("app");
    assert!(
        job["lastCheck"]["output"]
            .as_str()
            .unwrap()
            .contains("disk is full"),
        "{job}"
    );
    running.stop().expect_code(0);
}
