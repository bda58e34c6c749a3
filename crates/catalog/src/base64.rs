//! Standard base64, in which Consul writes values and HTTP wants a name and its password.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let letter = if digit <= chunk.len() {
                ALPHABET[value as usize]
            } else {
                b'='
            };
            text.push(char::from(letter));
        }
    }
    text
}

/// Decodes what was padded; none if it is no base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut letters = text.trim_end_matches('=').bytes().peekable();
    while letters.peek().is_some() {
        let mut bits = 0_u32;
        let mut digits = 0;
        for letter in letters.by_ref().take(4) {
            bits = bits << 6 | value(letter)?;
            digits += 1;
        }
        let whole = bits << (6 * (4 - digits));
        let count = match digits {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        bytes.extend_from_slice(&whole.to_be_bytes()[1..=count]);
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("\u{7ff}~~", "379+fg=="),
        ] {
            assert_eq!(encode(plain.as_bytes()), text, "{plain:?}");
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()), "{text:?}");
        }
        for text in ["Z", "Zg=", "Z===", "Zm9v!!!!", "Zg==Zg=="] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
