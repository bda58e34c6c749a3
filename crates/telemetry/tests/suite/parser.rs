//! A reader of both text formats that takes nothing but what they allow.

use std::collections::HashSet;

/// A metric as it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// A sample as it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

/// Reads the plain text format.
pub(crate) fn text(page: &str) -> Vec<Read> {
    let suffixes = |kind: &str| match kind {
        "counter" | "gauge" => &[""][..],
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["", "_sum", "_count"],
        _ => panic!("`{kind}` is no type"),
    };
    families(page, &['\\', 'n'], suffixes)
}

/// Reads OpenMetrics.
pub(crate) fn open_metrics(page: &str) -> Vec<Read> {
    let page = page.strip_suffix("# EOF\n").expect("the end is marked");
    let suffixes = |kind: &str| match kind {
        "counter" => &["_total"][..],
        "gauge" | "unknown" => &[""],
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["", "_sum", "_count"],
        _ => panic!("`{kind}` is no type"),
    };
    families(page, &['\\', 'n', '"'], suffixes)
}

fn families(
    page: &str,
    help_escapes: &[char],
    suffixes: fn(&str) -> &'static [&'static str],
) -> Vec<Read> {
    assert!(page.is_empty() || page.ends_with('\n'));
    let mut families: Vec<Read> = Vec::new();
    let mut names = HashSet::new();
    let mut series = HashSet::new();
    let mut lines = page.split_terminator('\n').peekable();
    while let Some(line) = lines.next() {
        let (name, help) = line
            .strip_prefix("# HELP ")
            .and_then(|rest| rest.split_once(' '))
            .expect("a family begins with its help");
        let kind = lines.next().expect("a type follows the help");
        let kind = kind
            .strip_prefix(&format!("# TYPE {name} "))
            .expect("the type has the same name");
        assert!(is_name(name), "{name}");
        assert!(names.insert(name.to_owned()), "{name} is there twice");
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = sample(line);
            let known = suffixes(kind).iter();
            let known: Vec<String> = known.map(|suffix| format!("{name}{suffix}")).collect();
            assert!(known.contains(&sample.name), "{line} under {name}");
            let identity = (sample.name.clone(), sample.labels.clone());
            assert!(series.insert(identity), "{line} is there twice");
            samples.push(sample);
        }
        families.push(Read {
            name: name.to_owned(),
            help: unescaped(help, help_escapes),
            kind: kind.to_owned(),
            samples,
        });
    }
    families
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a sample has a value");
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").expect("a label has a value");
            assert!(is_name(label) && !label.contains(':'), "{line}");
            let end = end_of_text(after);
            labels.push((
                label.to_owned(),
                unescaped(&after[..end], &['\\', 'n', '"']),
            ));
            rest = &after[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    assert!(value.parse::<f64>().is_ok(), "{line}");
    Sample {
        name: name.to_owned(),
        labels,
        value: value.to_owned(),
    }
}

/// Finds the quote that no backslash goes with.
fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    end.expect("a text ends")
}

fn unescaped(text: &str, escapes: &[char]) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        assert!(letter != '\n');
        if letter != '\\' {
            assert!(letter != '"' || !escapes.contains(&'"'));
            plain.push(letter);
            continue;
        }
        let escaped = letters.next().expect("something follows a backslash");
        assert!(escapes.contains(&escaped), "{escaped:?} is not escaped");
        plain.push(if escaped == 'n' { '\n' } else { escaped });
    }
    plain
}

fn is_name(name: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    !name.is_empty()
        && name.chars().all(legal)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}
