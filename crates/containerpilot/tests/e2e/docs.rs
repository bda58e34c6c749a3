//! The configurations that the documents show do what the documents say.

use std::{fs, path::PathBuf};

use crate::harness::Pilot;

/// A block, where it stands, and what must come of it.
struct Block {
    place: String,
    /// What a file of it is called, by its language.
    file: &'static str,
    text: String,
    /// What its refusal says; none loads.
    fails: Option<String>,
}

fn documents() -> Vec<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let in_docs = fs::read_dir(format!("{root}/docs")).unwrap();
    let mut all: Vec<PathBuf> = in_docs.map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    all.push(format!("{root}/README.md").into());
    all
}

/// The marked blocks of a document; a mark must stand right before its block.
fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(mark) = line.trim().strip_prefix("<!-- test: ") else {
            continue;
        };
        let mark = mark.strip_suffix("-->").unwrap_or(mark).trim();
        let place = format!("{name}:{}", number + 1);
        let fails = match mark.strip_prefix("fails:") {
            Some(text) => Some(text.trim().to_owned()),
            None if mark == "loads" => None,
            None => panic!("{place}: unknown mark `{mark}`"),
        };
        let fence = lines.next().map_or("", |(_, line)| line.trim());
        let file = match fence {
            "```json5" | "```json" => "block.json5",
            "```yaml" => "block.yaml",
            _ => panic!("{place}: no block after the mark, but `{fence}`"),
        };
        let body = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim() != "```");
        let text = body.collect::<Vec<_>>().join("\n");
        found.push(Block {
            place,
            file,
            text,
            fails,
        });
    }
    found
}

// 3.8: lacks.
#[test]
fn every_marked_block_does_what_its_mark_says() {
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for block in blocks(&path.file_name().unwrap().to_string_lossy(), &text) {
            count += 1;
            let pilot = Pilot::new().file(block.file, &block.text);
            let path = format!("@DIR/{}", block.file);
            let ended = pilot.args(&["check", "--config", &path]).run();
            let said = ended.lines.join("\n");
            let wanted = if block.fails.is_some() {
                Some(1)
            } else {
                Some(0)
            };
            assert_eq!(ended.code(), wanted, "{}:\n{said}", block.place);
            let text = block.fails.as_deref().unwrap_or("ok: ");
            assert!(
                said.contains(text),
                "{}: no `{text}` in\n{said}",
                block.place
            );
        }
    }
    assert!(count > 0, "no document has a marked block");
}

// 3.8: lacks.
#[test]
fn marks_are_read_as_they_are_written() {
    let text = "a\n<!-- test: loads -->\n```json5\n{ a: 1 }\n```\n<!-- test: fails: no such key -->\n```yaml\n{\n}\n```\n";
    let found = blocks("x.md", text);
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].text.as_str(), found[0].fails.as_deref()),
        ("{ a: 1 }", None)
    );
    assert_eq!(
        (found[1].text.as_str(), found[1].fails.as_deref()),
        ("{\n}", Some("no such key"))
    );
    assert_eq!(
        (found[1].place.as_str(), found[1].file),
        ("x.md:6", "block.yaml")
    );
}
