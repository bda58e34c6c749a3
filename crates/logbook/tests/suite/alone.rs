//! What only a process of its own can show: its environment, its streams, its threads.

use std::process::{Command, Output as Ran};

use logbook::{Format, Level, Logbook, Output, Settings, Stream};

use crate::stage::{Stage, after_time, app, eventually, info, log_threads, to, within_soon};

const ALONE: &str = "LOGBOOK_ALONE";

/// Runs a test again in a process of its own. Answers nothing within that process.
fn alone(test: &str, env: &[(&str, &str)]) -> Option<Ran> {
    alone_after("", test, env)
}

/// The same, from a shell that has run something before.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no reaper, and waits for the process it starts"
)]
fn alone_after(setup: &str, test: &str, env: &[(&str, &str)]) -> Option<Ran> {
    if std::env::var_os(ALONE).is_some() {
        return None;
    }
    let ran = Command::new("sh")
        .args(["-c", &format!("{setup}\nexec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1", test])
        .env(ALONE, "1")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    Some(ran)
}

fn stdout() -> Settings {
    Settings {
        level: Level::Info,
        format: Format::Default,
        output: Output::Stdout,
    }
}

#[tokio::test]
async fn times_are_local() {
    if alone("alone::times_are_local", &[("TZ", "XYZ-5:30")]).is_some() {
        return;
    }
    let stage = Stage::new(Format::Default);
    stage.log.record(info("hello"));
    let text = stage.text().await;
    assert!(text.contains("+05:30 hello\n"), "{text}");
}

#[tokio::test]
async fn without_a_zone_times_are_utc() {
    if alone("alone::without_a_zone_times_are_utc", &[("TZ", "")]).is_some() {
        return;
    }
    let stage = Stage::new(Format::Default);
    stage.log.record(info("hello"));
    let text = stage.text().await;
    assert!(text.contains("Z hello\n"), "{text}");
}

#[tokio::test]
async fn the_standard_streams_are_written_to() {
    let Some(ran) = alone("alone::the_standard_streams_are_written_to", &[]) else {
        let log = Logbook::open(stdout()).unwrap();
        log.record(info("to stdout"));
        let to_stderr = Settings {
            output: Output::Stderr,
            ..stdout()
        };
        log.change(to_stderr).unwrap();
        log.record(info("to stderr"));
        assert!(!log.reopens());
        log.reopen();
        assert!(within_soon(log.flush(crate::stage::SOON)).await);
        return;
    };
    assert!(String::from_utf8_lossy(&ran.stdout).contains(" to stdout\n"));
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(after_time(&stderr), ["to stderr"]);
}

#[tokio::test]
async fn a_thread_is_there_from_the_first_record_to_the_flush() {
    let test = "alone::a_thread_is_there_from_the_first_record_to_the_flush";
    if alone(test, &[]).is_some() {
        return;
    }
    let stage = Stage::new(Format::Default);
    stage
        .log
        .change(to(stage.path("log"), Format::Text))
        .unwrap();
    assert!(within_soon(stage.log.flush(crate::stage::SOON)).await);
    assert_eq!(log_threads(), 0, "before anything is said");
    for message in ["one", "two"] {
        stage.log.record(info(message));
        eventually("a thread that writes", || log_threads() == 1);
        assert!(stage.text().await.contains(&format!("msg={message} \n")));
        eventually("the end of the thread", || log_threads() == 0);
    }
}

#[tokio::test]
async fn a_full_disk_is_told_of_once_on_stderr() {
    let Some(ran) = alone("alone::a_full_disk_is_told_of_once_on_stderr", &[]) else {
        let stage = Stage::new(Format::Default);
        stage.log.change(to("/dev/full", Format::Default)).unwrap();
        for message in ["one", "two", "three"] {
            stage.log.record(info(message));
            assert!(within_soon(stage.log.flush(crate::stage::SOON)).await);
        }
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"a\nb\n").unwrap();
        drop(writer);
        let capture = stage.log.capture(reader.into(), app(Stream::Stdout), None);
        within_soon(capture).await;
        stage
            .log
            .change(to(stage.path("log"), Format::Default))
            .unwrap();
        stage.log.record(info("four"));
        let text = stage.text().await;
        assert_eq!(
            after_time(&text),
            [
                "four",
                "could not write the log: no space left on device; lines lost: 5"
            ]
        );
        return;
    };
    assert_eq!(
        String::from_utf8(ran.stderr).unwrap(),
        "cannot write the log: no space left on device\n"
    );
}

#[tokio::test]
async fn a_stream_that_others_made_non_blocking_gets_it_all() {
    let test = "alone::a_stream_that_others_made_non_blocking_gets_it_all";
    let Some(ran) = alone(test, &[]) else {
        let stderr = std::io::stderr();
        rustix::fs::fcntl_setfl(&stderr, rustix::fs::OFlags::NONBLOCK).unwrap();
        let to_stderr = Settings {
            output: Output::Stderr,
            ..stdout()
        };
        let log = Logbook::open(to_stderr).unwrap();
        for count in 0..2000 {
            log.record(info(format!("{count} {}", "x".repeat(1000))));
            if count % 100 == 99 {
                assert!(within_soon(log.flush(crate::stage::SOON)).await);
            }
        }
        return;
    };
    let stderr = String::from_utf8(ran.stderr).unwrap();
    let lines = after_time(&stderr);
    assert_eq!(lines.len(), 2000);
    for (count, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{count} x")), "{line}");
    }
}

#[tokio::test]
async fn what_follows_a_torn_line_begins_a_line() {
    let test = "alone::what_follows_a_torn_line_begins_a_line";
    // Files may have 512 or 1024 bytes, as the shell counts, and a write beyond is an error.
    if alone_after("trap '' XFSZ; ulimit -f 1", test, &[]).is_some() {
        return;
    }
    let stage = Stage::new(Format::Default);
    stage.log.record(info("x".repeat(2000)));
    let torn = stage.text().await;
    assert!(!torn.is_empty() && !torn.ends_with('\n'), "{torn}");
    std::fs::File::options()
        .write(true)
        .open(stage.path("log"))
        .unwrap()
        .set_len(100)
        .unwrap();
    stage.log.record(info("again"));
    let text = stage.text().await;
    assert_eq!(
        after_time(&text)[1..],
        [
            "again",
            "could not write the log: file too large; lines lost: 1"
        ]
    );
}
