//! Quoted strings, and the names that need no quotes.

use super::{
    SyntaxError,
    scan::{Scan, is_line_end},
};

/// Says whether a value or a key can begin with the character.
pub(super) fn starts_value(c: char) -> bool {
    matches!(c, '"' | '\'' | '{' | '[' | '+' | '-' | '.') || is_start(c) || c.is_ascii_digit()
}

/// Reads a string in quotes of either kind.
pub(super) fn quoted(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let opened_at = scan.offset();
    let Some(quote) = scan.next() else {
        return Err(scan.unexpected("in string literal"));
    };
    let mut text = String::new();
    loop {
        match scan.peek() {
            None | Some('\n' | '\r') => return Err(unclosed(scan, opened_at)),
            Some('\\') => escape(scan, &mut text)?,
            Some(c) => {
                scan.next();
                if c == quote {
                    return Ok(text);
                }
                text.push(c);
            }
        }
    }
}

fn unclosed(scan: &Scan<'_>, opened_at: usize) -> SyntaxError {
    let (line, column) = scan.position(opened_at);
    let hint = format!("the string that begins at {line}:{column} is not closed");
    SyntaxError {
        hint: Some(hint),
        ..scan.unexpected("in string literal")
    }
}

fn escape(scan: &mut Scan<'_>, text: &mut String) -> Result<(), SyntaxError> {
    scan.next();
    let Some(c) = scan.peek() else {
        return Err(scan.unexpected("in string escape code"));
    };
    let digit_follows = scan.rest()[c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
    if matches!(c, '1'..='9') || (c == '0' && digit_follows) {
        return Err(scan.unexpected("in string escape code"));
    }
    scan.next();
    match c {
        'b' => text.push('\u{8}'),
        'f' => text.push('\u{c}'),
        'n' => text.push('\n'),
        'r' => text.push('\r'),
        't' => text.push('\t'),
        'v' => text.push('\u{b}'),
        '0' => text.push('\0'),
        // Two digits give at most 255, which is always a character.
        'x' => text.extend(char::from_u32(code(scan, 2)?)),
        'u' => text.push(unicode(scan)?),
        '\r' => {
            scan.take('\n');
        }
        _ if is_line_end(c) => {}
        _ => text.push(c),
    }
    Ok(())
}

/// Reads what follows `\u`, both halves of a surrogate pair; a half alone becomes U+FFFD, as in
/// Go.
fn unicode(scan: &mut Scan<'_>) -> Result<char, SyntaxError> {
    let first = code(scan, 4)?;
    if (0xd800..0xdc00).contains(&first) && scan.rest().starts_with("\\u") {
        let low = scan
            .rest()
            .get(2..6)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(low) = low.filter(|low| (0xdc00..0xe000).contains(low)) {
            for _ in 0..6 {
                scan.next();
            }
            let joined = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn code(scan: &mut Scan<'_>, digits: usize) -> Result<u32, SyntaxError> {
    let kind = if digits == 2 {
        "in \\x hexadecimal"
    } else {
        "in \\u hexadecimal"
    };
    let mut code = 0;
    for _ in 0..digits {
        let digit = scan.peek().and_then(|c| c.to_digit(16));
        let digit = digit.ok_or_else(|| scan.unexpected(&format!("{kind} character escape")))?;
        code = code * 16 + digit;
        scan.next();
    }
    Ok(code)
}

/// Reads a key without quotes.
pub(super) fn identifier(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let mut name = String::new();
    loop {
        let escaped = scan.rest().starts_with("\\u");
        let before = scan.offset();
        let c = match scan.peek() {
            Some('\\') if escaped => {
                scan.next();
                scan.next();
                unicode(scan)?
            }
            Some(c) if allowed(c, name.is_empty()) => {
                scan.next();
                c
            }
            _ if name.is_empty() => {
                return Err(scan.unexpected("looking for beginning of object key string"));
            }
            _ => return Ok(name),
        };
        if !allowed(c, name.is_empty()) {
            let reason = "invalid character escape in object key".to_owned();
            return Err(SyntaxError {
                offset: before,
                ..scan.error(reason)
            });
        }
        name.push(c);
    }
}

fn allowed(c: char, first: bool) -> bool {
    is_start(c) || (!first && is_part(c))
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '$' | '_')
}

fn is_part(c: char) -> bool {
    // Combining marks are no letters, but may stand within a name.
    let mark =
        matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}');
    c.is_alphanumeric() || mark || matches!(c, '\u{200c}' | '\u{200d}' | '\u{203f}' | '\u{2040}')
}
