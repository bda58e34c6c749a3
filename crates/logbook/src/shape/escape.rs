//! Messages made safe for the formats that quote them.

/// What a JSON string cannot hold as it is.
const JSON: [bool; 256] = special(&[]);

/// What a quoted value of the text format does not hold as it is.
const TEXT: [bool; 256] = special(&[0x7f]);

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes bytes as the inside of a JSON string; what is not UTF-8 becomes U+FFFD.
pub(super) fn json(out: &mut Vec<u8>, message: &[u8]) {
    if let Ok(text) = std::str::from_utf8(message) {
        escape(out, text.as_bytes(), &JSON, json_escape);
        return;
    }
    for chunk in message.utf8_chunks() {
        escape(out, chunk.valid().as_bytes(), &JSON, json_escape);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Writes a value of the text format: bare when it is a plain word, else quoted as Go quotes, so
/// that quotes, newlines and bytes that are not UTF-8 can be told from what they stand for.
pub(super) fn text_value(out: &mut Vec<u8>, value: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if value.iter().all(plain) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    if let Ok(text) = std::str::from_utf8(value) {
        escape(out, text.as_bytes(), &TEXT, text_escape);
    } else {
        for chunk in value.utf8_chunks() {
            escape(out, chunk.valid().as_bytes(), &TEXT, text_escape);
            for byte in chunk.invalid() {
                hex_escape(out, b"\\x", *byte);
            }
        }
    }
    out.push(b'"');
}

/// Copies what is not special in as long runs as there are.
fn escape(out: &mut Vec<u8>, mut text: &[u8], special: &[bool; 256], one: fn(&mut Vec<u8>, u8)) {
    while let Some(at) = text.iter().position(|byte| special[usize::from(*byte)]) {
        out.extend_from_slice(&text[..at]);
        one(out, text[at]);
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

fn json_escape(out: &mut Vec<u8>, byte: u8) {
    match short_escape(byte) {
        Some(letter) => out.extend_from_slice(&[b'\\', letter]),
        None => hex_escape(out, b"\\u00", byte),
    }
}

fn text_escape(out: &mut Vec<u8>, byte: u8) {
    match short_escape(byte) {
        Some(letter) => out.extend_from_slice(&[b'\\', letter]),
        None => hex_escape(out, b"\\x", byte),
    }
}

/// The escapes that JSON and Go share.
fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        0x08 => Some(b'b'),
        0x0c => Some(b'f'),
        _ => None,
    }
}

fn hex_escape(out: &mut Vec<u8>, before: &[u8], byte: u8) {
    out.extend_from_slice(before);
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

/// A table of the quote, the backslash, the control characters, and some more.
const fn special(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    let mut at = 0;
    while at < more.len() {
        table[more[at] as usize] = true;
        at += 1;
    }
    table
}
