//! Integers: in any base, and as the runes they stand for.

use super::Printer;
use crate::{
    character,
    quote::{self, Alphabet},
    value::Value,
};

/// An integer as its sign and magnitude.
#[derive(Clone, Copy, Debug)]
struct Integer {
    magnitude: u64,
    negative: bool,
}

impl Printer {
    pub(super) fn integer_verb(
        &mut self,
        value: &Value,
        magnitude: u64,
        negative: bool,
        verb: char,
    ) {
        let integer = Integer {
            magnitude,
            negative,
        };
        let unsigned = !matches!(value, Value::Int(_));
        match verb {
            'v' if self.spec.syntax && unsigned => {
                let sharp = std::mem::replace(&mut self.spec.sharp, true);
                self.integer(integer, 'x');
                self.spec.sharp = sharp;
            }
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.integer(integer, verb),
            'c' => self.pad(integer.rune().encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => {
                let alphabet = if self.spec.plus {
                    Alphabet::Ascii
                } else {
                    Alphabet::Unicode
                };
                self.pad(quote::quoted_rune(integer.rune(), alphabet).as_bytes());
            }
            'U' => self.code_point(integer),
            _ => self.bad_verb(value, verb),
        }
    }

    fn integer(&mut self, integer: Integer, verb: char) {
        if self.spec.precision == Some(0) && integer.magnitude == 0 {
            self.pad_with_spaces(b"");
            return;
        }
        let sign = integer.sign(self.spec.plus, self.spec.space);
        let digits = digits(integer.magnitude, verb);
        let zeros = self
            .spec
            .zero_width()
            .map(|width| width.saturating_sub(sign.len()));
        let least = self.spec.precision.or(zeros).unwrap_or(0);
        let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
        let mark = match verb {
            'b' if self.spec.sharp => "0b",
            'o' if self.spec.sharp && !digits.starts_with('0') => "0",
            'x' if self.spec.sharp => "0x",
            'X' if self.spec.sharp => "0X",
            'O' => "0o",
            _ => "",
        };
        self.pad_with_spaces(format!("{sign}{mark}{digits}").as_bytes());
    }

    fn code_point(&mut self, integer: Integer) {
        let code = integer.bits();
        let digits = self.spec.precision.unwrap_or(0).max(4);
        let mut text = format!("{code:X}");
        text.insert_str(0, &"0".repeat(digits.saturating_sub(text.len())));
        let rune = u32::try_from(code).ok().and_then(char::from_u32);
        let shown = rune.filter(|&rune| self.spec.sharp && character::is_printable(rune));
        let shown = shown.map(|rune| format!(" '{rune}'")).unwrap_or_default();
        self.pad_with_spaces(format!("U+{text}{shown}").as_bytes());
    }
}

impl Integer {
    fn sign(self, plus: bool, space: bool) -> &'static str {
        match (self.negative, plus, space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// Gives the bits the integer has in two's complement.
    fn bits(self) -> u64 {
        if self.negative {
            self.magnitude.wrapping_neg()
        } else {
            self.magnitude
        }
    }

    fn rune(self) -> char {
        let code = u32::try_from(self.bits()).ok();
        code.and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

fn digits(magnitude: u64, verb: char) -> String {
    match verb {
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => magnitude.to_string(),
    }
}
