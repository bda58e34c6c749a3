//! Lines of every length and content.

use std::io::Write;

use logbook::{Format, LINE, Stream};
use proptest::prelude::*;
use serde_json::Value;

use crate::stage::{Stage, app, within_soon};

/// The lines of a log in json, with the pieces of one line put together again, and how many pieces
/// each was in.
fn whole_lines(log: &str) -> Vec<(String, usize)> {
    let mut lines = Vec::new();
    let mut begun = (String::new(), 0);
    for line in log.lines() {
        let record: Value = serde_json::from_str(line).expect("an object in every line");
        let message = record["msg"].as_str().expect("a message");
        assert!(message.len() <= LINE, "a piece that is too long");
        begun.0 += message;
        begun.1 += 1;
        if record.get("partial").is_none() {
            lines.push(std::mem::take(&mut begun));
        }
    }
    assert_eq!(begun.1, 0, "the last line goes on");
    lines
}

#[tokio::test]
async fn lines_of_every_length() {
    let long = 1024 * 1024;
    for (length, pieces) in [
        (0, 1),
        (1, 1),
        (LINE - 1, 1),
        (LINE, 1),
        (LINE + 1, 2),
        (LINE + 2, 2),
        (2 * LINE, 2),
        (2 * LINE + 1, 3),
        (long, long / LINE),
    ] {
        for end in ["\n", "\r\n", ""] {
            let stage = Stage::new(Format::Json);
            let line: String = ('a'..='z').cycle().take(length).collect();
            let output = format!("before\n{line}{end}");
            stage.child_says(output.as_bytes()).await;
            stage.child_says(format!("{line}{end}").as_bytes()).await;
            let lines = whole_lines(&stage.text().await);
            let mut expected = vec![("before".to_owned(), 1)];
            let copies = if length == 0 && end.is_empty() { 0 } else { 2 };
            expected.extend(std::iter::repeat_n((line, pieces), copies));
            assert!(lines == expected, "{length} bytes and {end:?}");
        }
    }
}

#[tokio::test]
async fn a_long_line_is_cut_between_characters() {
    for before in 0..4 {
        let stage = Stage::new(Format::Json);
        let line = "x".repeat(before) + &"€".repeat(LINE);
        stage.child_says(line.as_bytes()).await;
        let lines = whole_lines(&stage.text().await);
        assert!(lines[0].0 == line, "{before} bytes before");
    }
}

#[tokio::test]
async fn the_last_piece_of_a_long_line_does_not_wait_for_more() {
    let stage = Stage::new(Format::Json);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let capture = stage.log.capture(reader.into(), app(Stream::Stdout), None);
    let capture = tokio::spawn(capture);
    let line = "x".repeat(LINE + 1);
    let said = format!("{line}\n");
    let child = std::thread::spawn(move || {
        writer.write_all(said.as_bytes()).unwrap();
        writer
    });
    let written = async {
        loop {
            let text = stage.text().await;
            if text.lines().count() == 2 {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(whole_lines(&within_soon(written).await), [(line, 2)]);
    drop(child.join().unwrap());
    within_soon(capture).await.unwrap();
}

#[tokio::test]
async fn bytes_stay_what_they_are_in_the_default_format() {
    let stage = Stage::new(Format::Default);
    let line = b"\0 \xff\xfe \x1b[31m \xc3\n";
    stage.child_says(line).await;
    let bytes = stage.bytes().await;
    let at = bytes.iter().position(|byte| *byte == b' ').unwrap();
    assert_eq!(&bytes[at..], [b" app 12 ".as_slice(), line].concat());
}

#[tokio::test]
async fn a_json_line_comes_back_byte_for_byte() {
    let stage = Stage::new(Format::Json);
    let line = r#"{"level":"warn", "msg":"a \"b\" \u0000 <&>", "n":1.50}"#;
    stage.child_says(line.as_bytes()).await;
    let record: Value = serde_json::from_str(&stage.text().await).unwrap();
    assert_eq!(record["msg"], line);
    assert_eq!(record["level"], "warning");
}

/// The lines that a child's output has.
fn expected_lines(output: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = output.split(|byte| *byte == b'\n').collect();
    lines.pop_if(|last| last.is_empty());
    lines
        .into_iter()
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written, in whatever portions, comes out line by line.
    #[test]
    fn any_output_in_any_portions(
        portions in prop::collection::vec(
            prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n'), 1 => Just(b'\r')], 0..200),
            0..20,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let output = portions.concat();
        let bytes = runtime.block_on(async {
            let stage = Stage::new(Format::Default);
            let (reader, mut writer) = std::io::pipe().unwrap();
            let child = std::thread::spawn(move || {
                for portion in &portions {
                    writer.write_all(portion).unwrap();
                    std::thread::yield_now();
                }
            });
            within_soon(stage.log.capture(reader.into(), app(Stream::Stdout), None)).await;
            child.join().unwrap();
            stage.bytes().await
        });
        let logged: Vec<Vec<u8>> = bytes
            .strip_suffix(b"\n")
            .map(|bytes| bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .map(|line| line[line.iter().position(|byte| *byte == b' ').unwrap() + 8..].to_owned())
            .collect();
        prop_assert_eq!(logged, expected_lines(&output));
    }
}
