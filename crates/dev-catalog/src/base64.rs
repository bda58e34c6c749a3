//! Standard base64, in which values travel.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let filled = digit <= chunk.len();
            text.push(if filled {
                char::from(ALPHABET[value as usize])
            } else {
                '='
            });
        }
    }
    text
}

/// Decodes what is padded and holds nothing else but line ends; else the place of the first byte
/// that does not belong there.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0_u32, 0, 0);
    let plain = |(_, byte): &(usize, u8)| !matches!(byte, b'\r' | b'\n');
    for (at, byte) in text.bytes().enumerate().filter(plain) {
        let value = ALPHABET.iter().position(|digit| *digit == byte);
        match (value, byte) {
            (Some(value), _) if padding == 0 => bits = bits << 6 | value as u32,
            (None, b'=') if digits >= 2 => {
                padding += 1;
                bits <<= 6;
            }
            // Go names the padding that is not followed by more of it.
            (Some(_), _) if padding > 0 => return Err(at - 1),
            (Some(_) | None, _) => return Err(at),
        }
        digits += 1;
        if digits == 4 {
            if padding > 0 && bytes_end(text, at) {
                bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
                return Ok(bytes);
            }
            if padding > 0 {
                return Err(at + 1);
            }
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, digits) = (0, 0);
        }
    }
    // Go names the start of the group that is not whole.
    if digits == 0 {
        Ok(bytes)
    } else {
        Err(text.len() - digits)
    }
}

/// Whether only line ends follow.
fn bytes_end(text: &str, at: usize) -> bool {
    text.as_bytes()[at + 1..]
        .iter()
        .all(|byte| matches!(byte, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes() {
        for (text, bytes) in [
            ("", Ok("")),
            ("Zg==", Ok("f")),
            ("Zm8=", Ok("fo")),
            ("Zm\r\n9v\n", Ok("foo")),
            ("379+fg==\n", Ok("\u{7ff}~~")),
            ("!!", Err(0)),
            ("AAAAAAAAAA", Err(8)),
            ("Zg", Err(0)),
            ("Z===", Err(1)),
            ("Zg==Zg==", Err(4)),
            ("Zg=a", Err(2)),
        ] {
            let wanted = bytes.map(|bytes| bytes.as_bytes().to_vec());
            assert_eq!(super::decode(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn encodes() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("\u{7ff}~~", "379+fg=="),
        ] {
            assert_eq!(super::encode(plain.as_bytes()), text, "{plain:?}");
        }
    }
}
