//! Base64 with padding, as Go writes it and reads it: with line breaks anywhere, and an error that
//! is a place. Consul's API, etcd's gateway and the functions of templates all speak it.

/// The 64 digits, and what each byte is worth as one of them.
#[derive(Debug)]
pub struct Alphabet {
    digits: [u8; 64],
    values: [u8; 256],
}

/// The digits of RFC 4648, section 4.
pub static STANDARD: Alphabet =
    Alphabet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/// Those of section 5, which need no escapes in an address.
pub static FOR_URLS: Alphabet =
    Alphabet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

/// What no digit is worth.
const NONE: u8 = u8::MAX;

impl Alphabet {
    const fn of(digits: &[u8; 64]) -> Self {
        let mut values = [NONE; 256];
        let mut value = 0;
        while value < 64 {
            values[digits[value as usize] as usize] = value;
            value += 1;
        }
        Self {
            digits: *digits,
            values,
        }
    }

    /// Encodes with padding.
    pub fn encode(&self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            for place in 0..4 {
                let digit = self.digits[(bits >> (18 - 6 * place) & 63) as usize];
                let is_filled = place <= chunk.len();
                text.push(char::from(if is_filled { digit } else { b'=' }));
            }
        }
        text
    }

    /// Decodes what is padded, line breaks left out.
    ///
    /// # Errors
    /// Gives the offset of what cannot be read, as Go tells it: behind the end if something is
    /// missing from the padding, and that many bytes before it as there are digits too many.
    pub fn decode(&self, text: &[u8]) -> Result<Vec<u8>, usize> {
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
        let is_read = |(_, byte): &(usize, &u8)| !matches!(byte, b'\r' | b'\n');
        let mut rest = text.iter().enumerate().filter(is_read);
        loop {
            let (mut bits, mut digits, mut is_padded) = (0_u32, 0, false);
            while digits < 4 && !is_padded {
                let Some((at, byte)) = rest.next() else {
                    return match digits {
                        0 => Ok(bytes),
                        _ => Err(text.len() - digits),
                    };
                };
                match self.values[usize::from(*byte)] {
                    NONE if *byte == b'=' && digits >= 2 => is_padded = true,
                    NONE => return Err(at),
                    value => {
                        bits = bits << 6 | u32::from(value);
                        digits += 1;
                    }
                }
            }
            let [_, read @ ..] = (bits << (6 * (4 - digits))).to_be_bytes();
            bytes.extend_from_slice(&read[..digits - 1]);
            if !is_padded {
                continue;
            }
            if digits == 2 {
                match rest.next() {
                    Some((_, b'=')) => {}
                    Some((at, _)) => return Err(at - 1),
                    None => return Err(text.len()),
                }
            }
            return rest.next().map_or(Ok(bytes), |(behind, _)| Err(behind));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{7ff}~~", "379+fg=="),
        ] {
            assert_eq!(STANDARD.encode(bytes.as_bytes()), text, "{bytes:?}");
            let decoded = STANDARD.decode(text.as_bytes());
            assert_eq!(decoded.as_deref(), Ok(bytes.as_bytes()), "{text:?}");
        }
        assert_eq!(FOR_URLS.encode(&[0xfb, 0xff]), "-_8=");
        assert_eq!(FOR_URLS.decode(b"-_8="), Ok(vec![0xfb, 0xff]));
        assert_eq!(STANDARD.decode(b"Zm\r\n9v\n"), Ok(b"foo".to_vec()));
    }

    #[test]
    fn what_is_no_base64_is_told_by_its_place() {
        for (text, at) in [
            ("!!", 0),
            ("AAAAAAAAAA", 8),
            ("aGVsbG8", 4),
            ("Zg", 0),
            ("Zg=x", 2),
            ("Zg=", 3),
            ("Zg==Zg==", 4),
            ("Z===", 1),
            ("=", 0),
            ("Z", 0),
            ("-_8=", 0),
            ("aG\nVsbG8", 5),
        ] {
            assert_eq!(STANDARD.decode(text.as_bytes()), Err(at), "{text:?}");
        }
    }
}
