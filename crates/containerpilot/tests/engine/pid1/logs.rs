//! `docker logs` has every line as it was said.

use std::{
    collections::BTreeMap,
    io::Read,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::pilot;
use crate::harness::{Container, docker, image, unique, until};

const FORMATS: [&str; 3] = ["default", "text", "json"];

/// How many jobs speak at once, and how many lines each.
const JOBS: usize = 4;
const LINES: usize = 25_000;

/// What a job said, in whatever format; nothing for what the helper says itself.
fn said(format: &str, line: &str) -> Option<(String, String)> {
    match format {
        "json" => {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("mangled: {line:?}"));
            let job = line["job"].as_str()?;
            Some((job.to_owned(), line["msg"].as_str().unwrap().to_owned()))
        }
        "text" => {
            assert!(line.starts_with("time=\""), "mangled: {line:?}");
            let (head, tail) = line.rsplit_once(" job=")?;
            let (_, message) = head.split_once(" msg=").unwrap_or((head, ""));
            let message = message
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(message);
            Some((
                tail.split(' ').next().unwrap().to_owned(),
                message.to_owned(),
            ))
        }
        _ => {
            let mut words = line.splitn(4, ' ');
            let time = words.next().unwrap();
            assert!(time.len() == 30 && time.ends_with('Z'), "mangled: {line:?}");
            let (job, pid) = (words.next()?, words.next()?);
            pid.parse::<u32>().ok()?;
            Some((job.to_owned(), words.next().unwrap_or_default().to_owned()))
        }
    }
}

/// What every job said, in its own order.
fn by_job(format: &str, output: &[u8]) -> BTreeMap<String, Vec<String>> {
    let text = String::from_utf8_lossy(output);
    assert!(text.ends_with('\n'), "the last line is not whole");
    let mut jobs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (job, message) in text.lines().filter_map(|line| said(format, line)) {
        jobs.entry(job).or_default().push(message);
    }
    jobs
}

/// A job that says this many numbered lines, and the one for whose end the container waits.
fn speakers(format: &str) -> String {
    let speaker = |nth: usize| {
        format!(
            "{{ name: 'job{nth}', exec: ['perl', '-e', 'print qq(line $_ of {nth}\\\\n) for 1..{LINES}'] }}"
        )
    };
    let jobs: Vec<String> = (0..JOBS).map(speaker).collect();
    format!(
        "{{ logging: {{ format: '{format}' }}, jobs: [{}] }}",
        jobs.join(", ")
    )
}

#[track_caller]
fn expect_every_line(format: &str, output: &[u8]) {
    let jobs = by_job(format, output);
    assert_eq!(jobs.len(), JOBS, "{:?}", jobs.keys());
    for (job, lines) in jobs {
        let of = job.strip_prefix("job").unwrap();
        let wanted = (1..=LINES).map(|nth| format!("line {nth} of {of}"));
        let wrong = lines
            .iter()
            .zip(wanted)
            .find(|(line, wanted)| *line != wanted);
        assert_eq!(wrong, None, "{format}, {job}");
        assert_eq!(lines.len(), LINES, "{format}, {job}");
    }
}

#[test]
fn a_hundred_thousand_lines_of_several_jobs_at_once_are_all_there() {
    let check = |format: &str| {
        let container = pilot("lines", &[], &speakers(format), &[]);
        assert_eq!(container.wait(), 0);
        expect_every_line(format, &container.stdout());
    };
    std::thread::scope(|scope| {
        for format in FORMATS {
            scope.spawn(move || check(format));
        }
    });
}

/// A line longer than any may be (of ASCII: the engine itself cuts lines after 16 KiB, within
/// characters, and spoils those when it shows them), bytes that are no text, a character in two writes, control
/// characters, an empty line, and one without an end.
const STRANGE: &str = r#"$| = 1; binmode STDOUT; print "0123456789" x 100_000, "\n"; print "raw \xff\xfe.\n";
    print "half \xc3"; select undef, undef, undef, 0.2; print "\xa9.\n";
    print qq(tab \t, esc \e[1m, quote ", back \\ .\n\n); print "no end";"#;

#[test]
fn strange_lines_come_through_in_each_format() {
    for format in FORMATS {
        let program = serde_json::to_string(STRANGE).unwrap();
        let config = format!(
            "{{ logging: {{ format: '{format}' }}, jobs: [{{ name: 'app', exec: ['perl', '-e', {program}], essential: true }}] }}"
        );
        let container = pilot("strange", &[], &config, &[]);
        assert_eq!(container.wait(), 0, "{}", container.logs());
        let lines = by_job(format, &container.stdout()).remove("app").unwrap();
        let (pieces, rest) = lines.split_at(lines.len() - 5);
        let whole: String = pieces
            .iter()
            .map(|piece| piece.strip_suffix(" [partial]").unwrap_or(piece))
            .collect();
        assert!(
            whole == "0123456789".repeat(100_000),
            "{format}: {} pieces, {} bytes",
            pieces.len(),
            whole.len()
        );
        assert!(pieces.len() >= 16, "{format}");
        let (raw, odd) = match format {
            "text" => (
                "raw \\xff\\xfe.",
                "tab \\t, esc \\x1b[1m, quote \\\", back \\\\ .",
            ),
            _ => (
                "raw \u{fffd}\u{fffd}.",
                "tab \t, esc \u{1b}[1m, quote \", back \\ .",
            ),
        };
        assert_eq!(rest, [raw, "half é.", odd, "", "no end"], "{format}");
    }
}

#[test]
fn nothing_that_was_said_before_the_end_is_lost() {
    // It speaks without a pause until it is asked to end, and then some more.
    let program = "my $n = 0; my $go = 1; $SIG{TERM} = sub { $go = 0 }; print qq(line ), ++$n, qq(\\n) while $go; \
                   print qq(line ), ++$n, qq(\\n) for 1..5000; print qq(last $n)";
    let config = format!(
        "{{ stopTimeout: 20, jobs: [{{ name: 'app', exec: ['perl', '-e', '{program}'], essential: true }}] }}"
    );
    let container = pilot("last-words", &["--log-opt", "max-size=200m"], &config, &[]);
    until(
        "it speaks",
        || "nothing is there".to_owned(),
        || container.stdout().starts_with(b"20").then_some(()),
    );
    container.stop(60);
    assert_eq!(container.code(), 0);
    let lines = by_job("default", &container.stdout())
        .remove("app")
        .unwrap();
    let (last, lines) = lines.split_last().unwrap();
    let wrong = lines
        .iter()
        .enumerate()
        .find(|(nth, line)| **line != format!("line {}", nth + 1));
    assert_eq!(wrong, None);
    assert_eq!(*last, format!("last {}", lines.len()));
}

/// Whoever is attached and does not read makes the engine's pipe full; it is the jobs that wait.
#[test]
fn a_reader_who_does_not_read_loses_nothing_and_stops_nobody() {
    let name = unique("reader");
    let variable = format!(
        "CONTAINERPILOT={}",
        speakers("default").replace(
            "jobs: [",
            "jobs: [{ name: 'stays', exec: 'sleep 1000', essential: true }, "
        )
    );
    let mut client = Command::new("docker")
        .args([
            "run",
            "--name",
            &name,
            "-e",
            &variable,
            &image("base"),
            "/bin/containerpilot",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let container = Container::to_remove(&name);
    until(
        "the helper answers while nobody reads",
        || name.clone(),
        || {
            let status = container.try_exec(&["containerpilot", "status"]).ok()?;
            status.contains("stays").then_some(())
        },
    );
    let mut stdout = client.stdout.take().unwrap();
    let mut begin = vec![0; 1 << 16];
    stdout.read_exact(&mut begin).unwrap();
    let read = std::thread::spawn(move || {
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        [begin, rest].concat()
    });
    until(
        "everything is said",
        || container.logs(),
        || {
            let status = container.try_exec(&["containerpilot", "status"]).ok()?;
            (status.matches("complete").count() == JOBS).then_some(())
        },
    );
    docker(&["stop", "-t", "30", &name]);
    let seen = read.join().unwrap();
    assert!(client.wait().unwrap().success());
    for output in [seen, container.stdout()] {
        expect_every_line("default", &output);
    }
}

/// Whoever was attached is gone; the container is not.
#[test]
fn a_client_that_is_killed_takes_nothing_with_it() {
    let name = unique("gone");
    let config = "CONTAINERPILOT={ jobs: [{ name: 'app', exec: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done'], essential: true }] }";
    let mut client = Command::new("docker")
        .args([
            "run",
            "--name",
            &name,
            "-e",
            config,
            &image("base"),
            "/bin/containerpilot",
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let container = Container::to_remove(&name);
    let lines = || container.logs().lines().count();
    until(
        "it speaks",
        || name.clone(),
        || (lines() > 20).then_some(()),
    );
    client.kill().unwrap();
    client.wait().unwrap();
    let before = lines();
    until(
        "it goes on",
        || container.logs(),
        || (lines() > before + 20).then_some(()),
    );
    container.stop(20);
    assert_eq!(container.code(), 0);
    let lines = by_job("default", &container.stdout())
        .remove("app")
        .unwrap();
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("line "))
        .collect();
    let wrong = lines
        .iter()
        .enumerate()
        .find(|(nth, line)| ***line != format!("line {}", nth + 1));
    assert_eq!(wrong, None);
}
