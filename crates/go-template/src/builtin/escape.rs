//! `html`, `js` and `urlquery`.

use super::{Result, text, values};
use crate::{
    character,
    executor::{NO_VALUE, Operand},
    format,
    value::Value,
};

pub(super) fn html(operands: &[Operand]) -> Result<Operand> {
    let mut out = Vec::new();
    for byte in printed(operands) {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(byte),
        }
    }
    Ok(text(out))
}

pub(super) fn js(operands: &[Operand]) -> Result<Operand> {
    let mut out = Vec::new();
    for rune in character::runes(&printed(operands)) {
        match (rune.invalid, rune.char) {
            (Some(byte), _) => out.push(byte),
            (_, c @ ('\\' | '\'' | '"')) => out.extend([b'\\', c as u8]),
            (_, c) if is_hidden_in_js(c) => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes());
            }
            (_, c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(text(out))
}

fn is_hidden_in_js(c: char) -> bool {
    let marks = matches!(c, '<' | '>' | '&' | '=');
    marks || c < ' ' || (!c.is_ascii() && !character::is_printable(c))
}

pub(super) fn urlquery(operands: &[Operand]) -> Result<Operand> {
    let mut out = Vec::new();
    for byte in printed(operands) {
        match byte {
            b' ' => out.push(b'+'),
            b'-' | b'_' | b'.' | b'~' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    Ok(text(out))
}

/// Prints operands as an action would print each of them.
fn printed(operands: &[Operand]) -> Vec<u8> {
    let shown = |value| {
        if matches!(value, Value::Nil) {
            Value::from(NO_VALUE)
        } else {
            value
        }
    };
    let values: Vec<Value> = values(operands).into_iter().map(shown).collect();
    format::print(&values)
}
