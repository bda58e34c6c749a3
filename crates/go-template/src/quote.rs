//! Go's quoted strings and runes, written and read.

use std::fmt::Write as _;

use crate::character::{self, Rune};

/// How much of Unicode a quoted form may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Unicode,
    Ascii,
}

/// Writes a string as a Go literal in double quotes.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    quoted_in(bytes, Alphabet::Unicode)
}

/// Writes a string as a Go literal in double quotes, within an alphabet.
pub(crate) fn quoted_in(bytes: &[u8], alphabet: Alphabet) -> String {
    let mut out = String::from("\"");
    for rune in character::runes(bytes) {
        escape(&mut out, rune, '"', alphabet);
    }
    out.push('"');
    out
}

/// Writes a rune as a Go character constant.
pub(crate) fn quoted_rune(char: char, alphabet: Alphabet) -> String {
    let mut out = String::from("'");
    escape(
        &mut out,
        Rune {
            char,
            invalid: None,
        },
        '\'',
        alphabet,
    );
    out.push('\'');
    out
}

/// Tells whether a raw string literal can hold a string.
pub(crate) fn can_backquote(bytes: &[u8]) -> bool {
    character::runes(bytes).all(|Rune { char, invalid }| {
        let control = (char < ' ' && char != '\t') || char == '\u{7f}';
        invalid.is_none() && !control && char != '`' && char != '\u{feff}'
    })
}

fn escape(out: &mut String, rune: Rune, quote: char, alphabet: Alphabet) {
    if let Some(byte) = rune.invalid {
        push(out, format_args!("\\x{byte:02x}"));
        return;
    }
    let shown = alphabet == Alphabet::Unicode || rune.char.is_ascii();
    match rune.char {
        c if c == quote || c == '\\' => out.extend(['\\', c]),
        c if shown && character::is_printable(c) => out.push(c),
        c => escape_hidden(out, c),
    }
}

fn escape_hidden(out: &mut String, c: char) {
    match c {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\0'..' ' | '\u{7f}' => push(out, format_args!("\\x{:02x}", u32::from(c))),
        '\u{10000}'.. => push(out, format_args!("\\U{:08x}", u32::from(c))),
        _ => push(out, format_args!("\\u{:04x}", u32::from(c))),
    }
}

/// Appends formatted text, which cannot fail for a `String`.
pub(crate) fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a string takes anything");
}

/// Reads a string literal, quotes included; `None` when Go calls its syntax invalid.
pub(crate) fn unquote(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return Some(raw.bytes().filter(|&byte| byte != b'\r').collect());
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    while !rest.is_empty() {
        let (unit, tail) = unquote_unit(rest, '"')?;
        unit.append(&mut bytes);
        rest = tail;
    }
    Some(bytes)
}

/// Reads a character constant, quotes included; `None` when it is not one.
pub(crate) fn unquote_rune(literal: &str) -> Option<u32> {
    let (unit, tail) = unquote_unit(literal.strip_prefix('\'')?, '\'')?;
    (tail == "'").then(|| unit.code())
}

/// One character of a literal: an escape may stand for a byte rather than a rune.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Byte(u8),
    Rune(char),
}

impl Unit {
    fn code(self) -> u32 {
        match self {
            Self::Byte(byte) => u32::from(byte),
            Self::Rune(rune) => u32::from(rune),
        }
    }

    fn append(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => bytes.push(byte),
            Self::Rune(rune) => bytes.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn unquote_unit(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut chars = text.chars();
    match chars.next()? {
        '\\' => unquote_escape(chars.as_str(), quote),
        c if c == quote || c == '\n' => None,
        c => Some((Unit::Rune(c), chars.as_str())),
    }
}

fn unquote_escape(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut chars = text.chars();
    let rune = match chars.next()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        c if c == quote => c,
        'x' => return unquote_code(chars.as_str(), 2, 16),
        'u' => return unquote_code(chars.as_str(), 4, 16),
        'U' => return unquote_code(chars.as_str(), 8, 16),
        '0'..='7' => return unquote_code(text, 3, 8),
        _ => return None,
    };
    Some((Unit::Rune(rune), chars.as_str()))
}

/// Reads a fixed number of digits; the short forms name a byte, the long ones a rune.
fn unquote_code(text: &str, digits: usize, radix: u32) -> Option<(Unit, &str)> {
    let (code, rest) = text.split_at_checked(digits)?;
    let plain = code.chars().all(|c| c.is_digit(radix));
    let code = u32::from_str_radix(code, radix).ok().filter(|_| plain)?;
    let unit = if digits < 4 {
        Unit::Byte(u8::try_from(code).ok()?)
    } else {
        Unit::Rune(char::from_u32(code)?)
    };
    Some((unit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_escapes_what_does_not_show() {
        assert_eq!(
            quoted("a\"b\n\\é\0\u{7f}\u{200b}\u{e0001}".as_bytes()),
            r#""a\"b\n\\é\x00\x7f\u200b\U000e0001""#
        );
        assert_eq!(quoted(b"\xff'"), r#""\xff'""#);
        assert_eq!(
            quoted_in("hé😀".as_bytes(), Alphabet::Ascii),
            r#""h\u00e9\U0001f600""#
        );
        assert_eq!(quoted_rune('\'', Alphabet::Unicode), r"'\''");
        assert_eq!(quoted_rune('"', Alphabet::Unicode), "'\"'");
    }

    #[test]
    fn unquoting_knows_every_escape() {
        assert_eq!(
            unquote(r#""\a\b\f\n\r\t\v\\\"""#).unwrap(),
            b"\x07\x08\x0c\n\r\t\x0b\\\""
        );
        assert_eq!(
            unquote(r#""\101\x41\u00e9\U0001F600\xff""#).unwrap(),
            b"AA\xc3\xa9\xf0\x9f\x98\x80\xff"
        );
        assert_eq!(unquote("`a\r\n\\n`").unwrap(), b"a\n\\n");
    }

    #[test]
    fn unquoting_rejects_bad_escapes() {
        for bad in [
            r#""\q""#,
            r#""\'""#,
            r#""\400""#,
            r#""\x4""#,
            r#""\x+1""#,
            r#""\ud800""#,
            r#""\U00110000""#,
        ] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }

    #[test]
    fn character_constants_hold_one_rune() {
        assert_eq!(unquote_rune("'é'"), Some(233));
        assert_eq!(unquote_rune(r"'\xff'"), Some(255));
        assert_eq!(unquote_rune(r"'\''"), Some(39));
        assert_eq!(unquote_rune("'\"'"), Some(34));
        for bad in ["''", "'ab'", r#"'\"'"#] {
            assert_eq!(unquote_rune(bad), None, "{bad}");
        }
    }
}
