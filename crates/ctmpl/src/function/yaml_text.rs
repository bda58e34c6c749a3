//! Texts in YAML: bare where they mean themselves, quoted or as a block where they would not.

/// Writes a key.
pub(super) fn key(text: &str) -> String {
    let nature = Nature::of(text);
    if reads_as_another_type(text) || nature.has_breaks {
        double_quoted(text)
    } else {
        inline(text, nature)
    }
}

/// Writes a value; the lines of a block begin this deep.
pub(super) fn value(text: &str, depth: usize) -> String {
    let nature = Nature::of(text);
    if nature.has_breaks && !nature.no_block {
        block(text, depth)
    } else if nature.has_breaks || reads_as_another_type(text) {
        double_quoted(text)
    } else {
        inline(text, nature)
    }
}

fn inline(text: &str, nature: Nature) -> String {
    if !nature.no_plain {
        text.to_owned()
    } else if !nature.no_single {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

/// Which ways of writing a text would not read back as it.
#[derive(Clone, Copy, Default)]
struct Nature {
    has_breaks: bool,
    no_plain: bool,
    no_single: bool,
    no_block: bool,
}

impl Nature {
    fn of(text: &str) -> Self {
        let mut nature = Self {
            no_plain: begins_like_something_else(text),
            ..Self::default()
        };
        let mut before = '\n';
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            match c {
                ':' if is_blank(next) => nature.no_plain = true,
                '#' if is_blank(Some(before)) => nature.no_plain = true,
                ' ' if next.is_none() => {
                    nature.no_plain = true;
                    nature.no_block = true;
                }
                '\n' => {
                    nature.has_breaks = true;
                    nature.no_plain = true;
                    // A break behind a space would lose the space.
                    nature.no_block |= before == ' ';
                    nature.no_single |= before == ' ';
                }
                ' ' if before == '\n' => nature.no_single = true,
                c if !is_printable(c) => {
                    nature.no_plain = true;
                    nature.no_single = true;
                    nature.no_block = true;
                }
                _ => {}
            }
            before = c;
        }
        // The start of a text is not the end of a line.
        if text.starts_with(' ') {
            nature.no_plain = true;
            nature.no_single = text.contains('\n') && nature.no_single;
        }
        nature
    }
}

fn is_blank(c: Option<char>) -> bool {
    matches!(c, None | Some(' ' | '\t' | '\n' | '\r'))
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Tells whether the first characters mark something other than a bare text.
fn begins_like_something_else(text: &str) -> bool {
    let mut characters = text.chars();
    let (first, second) = (characters.next(), characters.next());
    match first {
        None => false,
        Some('-' | '?' | ':') if is_blank(second) => true,
        Some(c) => {
            "#,[]{}&*!|>'\"%@`".contains(c) || text.starts_with("---") || text.starts_with("...")
        }
    }
}

/// Tells whether a bare text would be read as null, a truth, a number or a date.
fn reads_as_another_type(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "true", "false", "y", "yes", "n", "no", "on", "off", ".nan", ".inf",
        "+.inf", "-.inf", "<<", "=",
    ];
    let lower = text.to_ascii_lowercase();
    let is_one_case = text == lower
        || text == text.to_ascii_uppercase()
        || text.chars().skip(1).all(|c| !c.is_ascii_uppercase());
    if is_one_case && WORDS.contains(&lower.as_str()) {
        return true;
    }
    let is_marked = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    is_marked && (is_number(text) || is_sexagesimal(text) || is_date(text))
}

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        }
    }
    let is_float = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".e+-".contains(&byte));
    is_float && digits.parse::<f64>().is_ok()
}

/// `1:30`, which the first YAML took for ninety.
fn is_sexagesimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let parts = digits.split(':');
    digits.contains(':')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && parts.into_iter().all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || "._".contains(c))
        })
}

/// `2006-01-02`, perhaps with a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut digits = |lengths: &[usize]| {
        let part = parts.next().unwrap_or_default();
        let number = part.split(['T', 't', ' ']).next().unwrap_or_default();
        lengths.contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit())
    };
    digits(&[4]) && digits(&[1, 2]) && digits(&[1, 2])
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            '\0' => out += "\\0",
            '\x1b' => out += "\\e",
            c if is_printable(c) => out.push(c),
            c => out += &escape(u32::from(c)),
        }
    }
    out.push('"');
    out
}

fn escape(code: u32) -> String {
    match code {
        ..0x100 => format!("\\x{code:02X}"),
        0x100..0x1_0000 => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    }
}

/// Writes `|` and every line by itself; the mark behind says how the text ends.
fn block(text: &str, depth: usize) -> String {
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    let starts_blank = text.starts_with([' ', '\n']);
    let mut out = String::from("|");
    if starts_blank {
        out.push('2');
    }
    out += match breaks {
        0 => "-",
        1 if !body.is_empty() => "",
        _ => "+",
    };
    out.push('\n');
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out += &"  ".repeat(depth);
        }
        out += line;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_itself_stands_bare() {
        for text in [
            "a",
            "a b",
            "http://x:80/y",
            "10.0.0.1",
            "a#b",
            "-x",
            "v1.2",
            "It's",
        ] {
            assert_eq!(value(text, 1), text);
        }
    }

    #[test]
    fn what_would_read_as_something_else_is_quoted() {
        for text in [
            "",
            "true",
            "No",
            "1",
            "1.5",
            "1e3",
            "0x1f",
            "12:30",
            "2024-01-02",
            "~",
            ".5",
        ] {
            assert_eq!(value(text, 1), format!("\"{text}\""));
        }
        for text in ["x: y", "a #b", "- a", "*a", "a:", " a", "a ", "{a}", "%a"] {
            assert_eq!(value(text, 1), format!("'{text}'"));
        }
        assert_eq!(value("'a", 1), "'''a'");
        assert_eq!(value("a\tb", 1), "\"a\\tb\"");
        assert_eq!(value("a \nb", 1), "\"a \\nb\"");
    }

    #[test]
    fn lines_become_a_block() {
        assert_eq!(value("a\nb", 1), "|-\n  a\n  b");
        assert_eq!(value("a\n\nb\n", 2), "|\n    a\n\n    b\n");
        assert_eq!(value("a\n\n", 1), "|+\n  a\n\n");
        assert_eq!(key("a\nb"), "\"a\\nb\"");
    }
}
