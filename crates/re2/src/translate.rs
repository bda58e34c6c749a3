//! RE2's regular expressions, where they say more than the library we match with: classes of
//! Unicode's general categories, and literal stretches.

use std::fmt::Write;

use unicode_general_category::get_general_category;

/// Writes a pattern of RE2 as one of `regex-lite`: `\pL`, `\p{Lu}`, `\P{Nd}`, `\p{^L}` become the
/// characters they stand for, `\Q…\E` the characters it holds. Everything else stays.
pub(crate) fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, in_class, &mut out)?,
            '[' if !in_class => {
                in_class = true;
                out.push(c);
                // A bracket that closes at once is a character of the class.
                for first in ["^]", "^", "]"] {
                    if let Some(more) = rest.strip_prefix(first) {
                        out += first;
                        rest = more;
                        break;
                    }
                }
            }
            '[' => rest = named(rest, &mut out),
            ']' => {
                in_class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// `[:alpha:]` inside a class, whose brackets are not the class's own.
fn named<'a>(rest: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    match rest.strip_prefix(':').and_then(|name| name.find(":]")) {
        Some(end) => {
            let (name, more) = rest.split_at(end + 3);
            out.push_str(name);
            more
        }
        None => rest,
    }
}

/// What follows a backslash.
fn escape<'a>(rest: &'a str, in_class: bool, out: &mut String) -> Result<&'a str, String> {
    if let Some(literal) = rest.strip_prefix('Q') {
        let (literal, more) = literal.split_once("\\E").unwrap_or((literal, ""));
        out.push_str(&regex_lite::escape(literal));
        return Ok(more);
    }
    let negated = match rest.chars().next() {
        Some('p') => false,
        Some('P') => true,
        Some(c) => {
            out.push('\\');
            out.push(c);
            return Ok(&rest[c.len_utf8()..]);
        }
        None => {
            out.push('\\');
            return Ok("");
        }
    };
    let (name, more) = category(&rest[1..])?;
    let (name, negated) = match name.strip_prefix('^') {
        Some(name) => (name, !negated),
        None => (name, negated),
    };
    let ranges = ranges(name, negated)
        .ok_or_else(|| format!("invalid character class range: `\\p{{{name}}}`"))?;
    if in_class {
        out.push_str(&ranges);
    } else {
        let _ = write!(out, "[{ranges}]");
    }
    Ok(more)
}

/// The name after `\p`: one letter, or any in braces.
fn category(rest: &str) -> Result<(&str, &str), String> {
    if let Some(braced) = rest.strip_prefix('{') {
        return braced
            .split_once('}')
            .ok_or_else(|| "invalid character class range: `\\p{` is not closed".to_owned());
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    Ok(rest.split_at(first))
}

/// The characters of a category as the inside of a class; none for a name that is not one.
fn ranges(name: &str, negated: bool) -> Option<String> {
    let known = matches!(name, "L" | "M" | "N" | "P" | "S" | "Z" | "C" | "Any") || {
        let mut letters = name.chars();
        let (first, second) = (letters.next()?, letters.next()?);
        letters.next().is_none() && "LMNPSZC".contains(first) && SECOND.contains(second)
    };
    if !known {
        return None;
    }
    let belongs =
        |c: char| name == "Any" || get_general_category(c).abbreviation().starts_with(name);
    let mut text = String::new();
    let mut open: Option<(char, char)> = None;
    for c in '\0'..=char::MAX {
        if belongs(c) == negated {
            continue;
        }
        open = match open {
            Some((from, to)) if u32::from(to) + 1 == u32::from(c) => Some((from, c)),
            before => {
                close(before, &mut text);
                Some((c, c))
            }
        };
    }
    close(open, &mut text);
    Some(text)
}

const SECOND: &str = "ultmocednpsikf";

fn close(range: Option<(char, char)>, text: &mut String) {
    if let Some((from, to)) = range {
        let _ = write!(
            text,
            "\\x{{{:x}}}-\\x{{{:x}}}",
            u32::from(from),
            u32::from(to)
        );
    }
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::translate;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: &str) {
        let pattern = Regex::new(&translate(pattern).unwrap()).unwrap();
        assert_eq!(pattern.replace_all(text, "_"), expected);
    }

    #[test]
    fn categories_are_the_characters_they_stand_for() {
        check(r"\pL", "é1", "_1");
        check(r"\p{Lu}+", "ÀBc", "_c");
        check(r"\PL", "é1", "é_");
        check(r"\p{^L}", "é1", "é_");
        check(r"[\pL\d]+", "é1-", "_-");
        check(r"[^\pN]", "a٣3", "_٣3");
    }

    #[test]
    fn everything_else_stays() {
        check(r"\Qa.b\E.", "a.bcaxbc", "_axbc");
        check(r"[[:upper:]]", "Ab", "_b");
        check(r"[]a]", "]ab", "__b");
        check(r"\\pL", r"\pLx", "_x");
        assert!(translate(r"\p{Bogus}").is_err());
        assert!(translate(r"\p{L").is_err());
    }
}
