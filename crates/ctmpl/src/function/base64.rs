//! Base64 with padding, in both alphabets.

pub(super) type Alphabet = [u8; 64];

pub(super) const STANDARD: &Alphabet =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(super) const FOR_URLS: &Alphabet =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8], alphabet: &Alphabet) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain([&0; 3])
            .take(3)
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = alphabet[bits >> (18 - 6 * place) & 63];
            out.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

/// Decodes, line breaks left out; an error is the offset of what cannot be read, as Go tells it.
pub(super) fn decode(text: &[u8], alphabet: &Alphabet) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let is_read = |(_, byte): &(usize, &u8)| !matches!(byte, b'\r' | b'\n');
    let mut rest = text.iter().enumerate().filter(is_read);
    loop {
        let (mut bits, mut digits, mut is_padded) = (0_u32, 0, false);
        while digits < 4 && !is_padded {
            let Some((at, byte)) = rest.next() else {
                return match digits {
                    0 => Ok(out),
                    _ => Err(text.len() - digits),
                };
            };
            match alphabet.iter().position(|known| known == byte) {
                Some(digit) => {
                    bits = bits << 6 | u32::try_from(digit).unwrap_or(0);
                    digits += 1;
                }
                None if *byte == b'=' && digits >= 2 => is_padded = true,
                None => return Err(at),
            }
        }
        let [_, bytes @ ..] = (bits << (6 * (4 - digits))).to_be_bytes();
        out.extend_from_slice(&bytes[..digits - 1]);
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
        return rest.next().map_or(Ok(out), |(behind, _)| Err(behind));
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
        ] {
            assert_eq!(encode(bytes.as_bytes(), STANDARD), text);
            assert_eq!(decode(text.as_bytes(), STANDARD).unwrap(), bytes.as_bytes());
        }
        assert_eq!(encode(&[0xfb, 0xff], FOR_URLS), "-_8=");
    }

    #[test]
    fn what_is_no_base64_is_told_by_its_place() {
        for (text, at) in [
            ("!!", 0),
            ("aGVsbG8", 4),
            ("Zg=x", 2),
            ("Zg=", 3),
            ("Zg==Zg==", 4),
            ("=", 0),
            ("Z", 0),
            ("aG\nVsbG8", 5),
        ] {
            assert_eq!(decode(text.as_bytes(), STANDARD), Err(at), "{text}");
        }
    }
}
