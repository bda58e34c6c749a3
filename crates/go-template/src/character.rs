//! Go's view of runes: what is a letter, a digit, printable, and what bytes hold.

use std::iter;

/// One step of a walk over a string of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rune {
    /// The rune, U+FFFD for a byte that is not UTF-8.
    pub(crate) char: char,
    /// The byte itself when it is not UTF-8.
    pub(crate) invalid: Option<u8>,
}

/// Walks over the runes of a string, one step for each invalid byte.
pub(crate) fn runes(bytes: &[u8]) -> impl Iterator<Item = Rune> + '_ {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|char| Rune {
            char,
            invalid: None,
        });
        let invalid = chunk.invalid().iter();
        valid.chain(invalid.map(|&byte| Rune {
            char: char::REPLACEMENT_CHARACTER,
            invalid: Some(byte),
        }))
    })
}

/// Gives the first `count` runes of a string.
pub(crate) fn first_runes(bytes: &[u8], count: usize) -> &[u8] {
    let length = runes(bytes).take(count).map(width).sum();
    &bytes[..length]
}

fn width(rune: Rune) -> usize {
    rune.invalid.map_or(rune.char.len_utf8(), |_| 1)
}

/// Tells whether a rune may stand in an identifier.
pub(crate) fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric() || (!c.is_ascii() && (c.is_alphabetic() || is_digit(c)))
}

/// Tells whether a rune is white space inside an action.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Tells whether Go prints a rune as it is when quoting.
pub(crate) fn is_printable(c: char) -> bool {
    // The debug form of a string escapes what is not printable; a mark that
    // combines with the rune before it is spared only behind such a rune.
    matches!(c, '\'' | '"' | '\\') || iter::once(c).eq(format!("a{c}").escape_debug().skip(1))
}

/// The zeros of the scripts whose ten digits follow each other.
const ZEROS: [u32; 60] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The mathematical digits, five alphabets of them in one run.
const MATHEMATICAL: std::ops::RangeInclusive<u32> = 0x1d7ce..=0x1d7ff;

fn is_digit(c: char) -> bool {
    let code = u32::from(c);
    MATHEMATICAL.contains(&code) || ZEROS.iter().any(|&zero| (zero..zero + 10).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invalid_byte_is_a_rune() {
        let seen: Vec<_> = runes(b"a\xe2\x82b")
            .map(|rune| (rune.char, rune.invalid))
            .collect();
        assert_eq!(
            seen,
            [
                ('a', None),
                ('\u{fffd}', Some(0xe2)),
                ('\u{fffd}', Some(0x82)),
                ('b', None)
            ]
        );
    }

    #[test]
    fn identifiers_take_letters_and_decimal_digits_only() {
        assert!(['ß', '日', '٣', '_', '9'].into_iter().all(is_alphanumeric));
        assert!(
            !['²', '½', '-', '\u{a0}', '€']
                .into_iter()
                .any(is_alphanumeric)
        );
    }

    #[test]
    fn printable_is_what_shows() {
        assert!(
            ['a', ' ', 'é', '"', '\'', '\\', '\u{301}', '\u{fffd}']
                .into_iter()
                .all(is_printable)
        );
        assert!(
            !['\n', '\u{a0}', '\u{2028}', '\u{200b}', '\u{7f}', '\u{e000}']
                .into_iter()
                .any(is_printable)
        );
    }
}
