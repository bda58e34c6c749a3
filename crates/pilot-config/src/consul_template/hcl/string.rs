//! Texts: in quotes, with escapes and `${…}`, or from `<<WORD` to a line with that word.

use super::scan::Scan;
use crate::syntax::SyntaxError;

/// Reads a text in double quotes. What stands in `${…}` is kept as it is, quotes included.
pub(super) fn quoted(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let open = scan.error("a text that has no end".to_owned());
    let mut text = String::new();
    scan.next();
    loop {
        if scan.rest().starts_with("${") {
            text.push_str(interpolation(scan)?);
            continue;
        }
        let at = scan.offset();
        match scan.next() {
            None | Some('\n') => {
                let hint = "it ends on its line; `<<END` begins one of several lines";
                return Err(SyntaxError {
                    hint: Some(hint.to_owned()),
                    ..open
                });
            }
            Some('"') => return Ok(text),
            Some('\\') => match escape(scan) {
                Some(c) => text.push(c),
                None => return Err(bad_escape(at)),
            },
            Some(c) => text.push(c),
        }
    }
}

fn bad_escape(offset: usize) -> SyntaxError {
    SyntaxError {
        offset,
        reason: "an escape that does not exist".to_owned(),
        hint: Some(r"a backslash is written as `\\`".to_owned()),
    }
}

fn interpolation<'t>(scan: &mut Scan<'t>) -> Result<&'t str, SyntaxError> {
    let open = scan.error("a `${` that has no end".to_owned());
    let rest = scan.rest();
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Ok(scan.pass(at + 1)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    Err(open)
}

/// Reads what follows a backslash, as Go does.
fn escape(scan: &mut Scan<'_>) -> Option<char> {
    Some(match scan.next()? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '"' => '"',
        'x' => code(scan, 2, 16)?,
        'u' => code(scan, 4, 16)?,
        'U' => code(scan, 8, 16)?,
        c @ '0'..='7' => {
            let high = c.to_digit(8)? * 64;
            let low = u32::from(code(scan, 2, 8)?);
            char::from_u32(high + low)?
        }
        _ => return None,
    })
}

fn code(scan: &mut Scan<'_>, digits: usize, base: u32) -> Option<char> {
    let text = scan.rest().get(..digits)?;
    let plain = text.chars().all(|c| c.is_digit(base));
    let code = u32::from_str_radix(text, base).ok().filter(|_| plain)?;
    scan.pass(digits);
    char::from_u32(code)
}

/// Reads `<<WORD`, lines, and a line that is that word. With `<<-WORD` the last line may be
/// indented, and all lines lose as much if they have as much.
pub(super) fn heredoc(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let open = scan.error("a text of several lines that has no end".to_owned());
    let Some((head, body)) = scan.rest().split_once('\n') else {
        return Err(open);
    };
    let word = head.strip_prefix("<<").unwrap_or_default();
    let (indented, word) = match word.strip_prefix('-') {
        Some(word) => (true, word.trim_end()),
        None => (false, word.trim_end()),
    };
    if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || c == '_') {
        let reason = "`<<` without the word that ends the text".to_owned();
        return Err(SyntaxError { reason, ..open });
    }
    let mut lines = Vec::new();
    let mut passed = head.len() + 1;
    for line in body.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let content = if indented { bare.trim_start() } else { bare };
        if content == word {
            scan.pass(passed + bare.len());
            return Ok(unindented(&lines, &bare[..bare.len() - word.len()]));
        }
        lines.push(line);
        passed += line.len();
    }
    let hint = format!("a line of its own with `{word}`, and nothing after it, ends it");
    Err(SyntaxError {
        hint: Some(hint),
        ..open
    })
}

fn unindented(lines: &[&str], indent: &str) -> String {
    let bare: Option<Vec<&str>> = lines.iter().map(|line| line.strip_prefix(indent)).collect();
    bare.map_or_else(|| lines.concat(), |lines| lines.concat())
}
