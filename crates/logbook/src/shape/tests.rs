//! Every format, to the letter.

use std::{sync::Arc, time::Duration};

use expect_test::{Expect, expect};
use tokio::sync::Semaphore;

use super::*;
use crate::Stream;

const AT: Duration = Duration::new(1_767_323_045, 6_007_000);

fn shape(format: Format) -> Shape {
    Shape::with_clock(format, Clock::new(|_| 3600))
}

/// Formats lines of a child in all three formats; `|` stands at every end, since spaces matter.
fn check_child(name: &str, stream: Stream, text: &[u8], end: End, expected: &Expect) {
    let room = Arc::new(Semaphore::new(1));
    let lines = Lines {
        text: text.into(),
        end,
        origin: Arc::new(Origin::new(name, 12, stream)),
        at: SystemTime::UNIX_EPOCH + AT,
        _room: room.try_acquire_owned().unwrap(),
    };
    let mut out = Vec::new();
    for format in [Format::Default, Format::Text, Format::Json] {
        let mut shape = shape(format);
        shape.begin(lines.at, Some(&lines.origin));
        assert_eq!(shape.lines(&mut out, &lines, 0), text.len());
    }
    assert_lines(&out, expected);
}

fn check_own(level: Level, message: &str, expected: &Expect) {
    let record = Record::own(level, message);
    let mut out = Vec::new();
    for format in [Format::Default, Format::Text, Format::Json] {
        shape(format).record(&mut out, &record, SystemTime::UNIX_EPOCH + AT);
    }
    assert_lines(&out, expected);
}

#[track_caller]
fn assert_lines(out: &[u8], expected: &Expect) {
    let lines = out.strip_suffix(b"\n").expect("a whole line at the end");
    let shown: String = lines
        .split(|byte| *byte == b'\n')
        .map(|line| {
            format!(
                "{}|\n",
                line.escape_ascii().to_string().replace("\\\"", "\"")
            )
        })
        .collect();
    expected.assert_eq(&shown);
}

#[test]
fn own_records() {
    check_own(
        Level::Info,
        "control: serving",
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 control: serving|
        time="2026-01-02T04:04:05+01:00" level=info msg="control: serving" |
        {"level":"info","msg":"control: serving","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
    check_own(
        Level::Warn,
        "plain-word.1",
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 plain-word.1|
        time="2026-01-02T04:04:05+01:00" level=warning msg=plain-word.1 |
        {"level":"warning","msg":"plain-word.1","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
    check_own(
        Level::Error,
        "",
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 |
        time="2026-01-02T04:04:05+01:00" level=error |
        {"level":"error","msg":"","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn messages_of_several_lines_are_several_lines_in_the_default_format_only() {
    check_own(
        Level::Debug,
        "loaded config:\n{\"a\": 1}",
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 loaded config:|
        {"a": 1}|
        time="2026-01-02T04:04:05+01:00" level=debug msg="loaded config:\\n{\\"a\\": 1}" |
        {"level":"debug","msg":"loaded config:\\n{\\"a\\": 1}","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn a_jobs_output_and_errors() {
    check_child(
        "app",
        Stream::Stdout,
        b"hello\nyou there\r\n",
        End::Line,
        &expect![[r#"
            2026-01-02T04:04:05.006007000+01:00 app 12 hello|
            2026-01-02T04:04:05.006007000+01:00 app 12 you there|
            time="2026-01-02T04:04:05+01:00" level=info msg=hello job=app pid=12 |
            time="2026-01-02T04:04:05+01:00" level=info msg="you there" job=app pid=12 |
            {"job":"app","level":"info","msg":"hello","pid":12,"time":"2026-01-02T04:04:05.006007000+01:00"}|
            {"job":"app","level":"info","msg":"you there","pid":12,"time":"2026-01-02T04:04:05.006007000+01:00"}|
        "#]],
    );
    check_child(
        "app",
        Stream::Stderr,
        b"oh no\n\n",
        End::Line,
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 app 12 oh no|
        2026-01-02T04:04:05.006007000+01:00 app 12 |
        time="2026-01-02T04:04:05+01:00" level=info msg="oh no" job=app pid=12 stream=stderr |
        time="2026-01-02T04:04:05+01:00" level=info job=app pid=12 stream=stderr |
        {"job":"app","level":"info","msg":"oh no","pid":12,"stream":"stderr","time":"2026-01-02T04:04:05.006007000+01:00"}|
        {"job":"app","level":"info","msg":"","pid":12,"stream":"stderr","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn a_check_has_no_job() {
    check_child(
        "check.app",
        Stream::Stdout,
        b"ok\n",
        End::Line,
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 12 ok|
        time="2026-01-02T04:04:05+01:00" level=info msg=ok check=check.app pid=12 |
        {"check":"check.app","level":"info","msg":"ok","pid":12,"time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn a_piece_of_a_long_line_is_marked() {
    check_child(
        "app",
        Stream::Stderr,
        b"begin\r",
        End::Cut,
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 app 12 begin\r [partial]|
        time="2026-01-02T04:04:05+01:00" level=info msg="begin\\r" job=app partial=true pid=12 stream=stderr |
        {"job":"app","level":"info","msg":"begin\\r","partial":true,"pid":12,"stream":"stderr","time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn awkward_bytes() {
    let text = b"\0 \x1b[1m \xff\xc3 \"q\" \\ \t \x7f \xe2\x82\xac <&>\n";
    check_child(
        "a_b",
        Stream::Stdout,
        text,
        End::Line,
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 a_b 12 \x00 \x1b[1m \xff\xc3 "q" \\ \t \x7f \xe2\x82\xac <&>|
        time="2026-01-02T04:04:05+01:00" level=info msg="\\x00 \\x1b[1m \\xff\\xc3 \\"q\\" \\\\ \\t \\x7f \xe2\x82\xac <&>" job="a_b" pid=12 |
        {"job":"a_b","level":"info","msg":"\\u0000 \\u001b[1m \xef\xbf\xbd\xef\xbf\xbd \\"q\\" \\\\ \\t \x7f \xe2\x82\xac <&>","pid":12,"time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}

#[test]
fn a_json_line_keeps_its_level_in_json() {
    let text = b"{\"level\":\"error\",\"msg\":\"x\"}\n";
    check_child(
        "app",
        Stream::Stdout,
        text,
        End::Line,
        &expect![[r#"
        2026-01-02T04:04:05.006007000+01:00 app 12 {"level":"error","msg":"x"}|
        time="2026-01-02T04:04:05+01:00" level=info msg="{\\"level\\":\\"error\\",\\"msg\\":\\"x\\"}" job=app pid=12 |
        {"job":"app","level":"error","msg":"{\\"level\\":\\"error\\",\\"msg\\":\\"x\\"}","pid":12,"time":"2026-01-02T04:04:05.006007000+01:00"}|
    "#]],
    );
}
