//! Strings: plain, quoted, in hexadecimal.

use super::Printer;
use crate::{
    quote::{self, Alphabet},
    value::Value,
};

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

impl Printer {
    pub(super) fn string_verb(&mut self, value: &Value, bytes: &[u8], verb: char) {
        match verb {
            'v' if self.spec.syntax => self.quoted(bytes),
            'v' | 's' => self.string(bytes),
            'q' => self.quoted(bytes),
            'x' => self.hexadecimal(bytes, LOWER, b'x'),
            'X' => self.hexadecimal(bytes, UPPER, b'X'),
            _ => self.bad_verb(value, verb),
        }
    }

    pub(super) fn string(&mut self, bytes: &[u8]) {
        self.pad(self.spec.truncated(bytes));
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.spec.truncated(bytes);
        if self.spec.sharp && quote::can_backquote(bytes) {
            self.pad(&[b"`", bytes, b"`"].concat());
            return;
        }
        let alphabet = if self.spec.plus {
            Alphabet::Ascii
        } else {
            Alphabet::Unicode
        };
        self.pad(quote::quoted_in(bytes, alphabet).as_bytes());
    }

    fn hexadecimal(&mut self, bytes: &[u8], digits: &[u8; 16], mark: u8) {
        let length = self
            .spec
            .precision
            .map_or(bytes.len(), |precision| precision.min(bytes.len()));
        let mut text = Vec::with_capacity(2 * length);
        for (index, byte) in bytes[..length].iter().enumerate() {
            if self.spec.space && index > 0 {
                text.push(b' ');
            }
            if self.spec.sharp && (self.spec.space || index == 0) {
                text.extend([b'0', mark]);
            }
            text.extend([
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]);
        }
        self.pad(&text);
    }
}
