//! Number literals: which of int, uint, float and complex a text can be.

use crate::quote;

/// A number as written, with every reading Go finds in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

impl Number {
    fn none(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            int: None,
            uint: None,
            float: None,
            complex: None,
        }
    }

    /// Reads a character constant, quotes included.
    pub(crate) fn parse_char(text: &str) -> Result<Self, String> {
        let Some(code) = quote::unquote_rune(text) else {
            return Err(format!("malformed character constant: {text}"));
        };
        let mut number = Self::none(text);
        number.int = Some(i64::from(code));
        number.uint = Some(u64::from(code));
        number.float = Some(f64::from(code));
        Ok(number)
    }

    /// Reads a sum of a real and an imaginary constant, such as `1+2i`.
    pub(crate) fn parse_complex(text: &str) -> Result<Self, String> {
        let parts = split_complex(text).and_then(|(real, imaginary)| {
            Some((
                parse_float(real)?,
                parse_float(imaginary.strip_suffix('i')?)?,
            ))
        });
        let (real, imaginary) = parts.ok_or_else(|| illegal(text))?;
        Ok(Self::complex(text, real, imaginary))
    }

    /// Reads any other number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            return Ok(Self::complex(text, 0.0, imaginary));
        }
        let mut number = Self::none(text);
        number.uint = parse_uint(text);
        number.int = parse_int(text);
        if number.int == Some(0) {
            number.uint = Some(0);
        }
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(uint) = number.uint {
            number.float = Some(uint as f64);
        } else {
            number.set_float(parse_float(text).ok_or_else(|| illegal(text))?);
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!(
                    "integer overflow: {}",
                    quote::quoted(text.as_bytes())
                ));
            }
        }
        Ok(number)
    }

    fn complex(text: &str, real: f64, imaginary: f64) -> Self {
        let mut number = Self::none(text);
        number.complex = Some((real, imaginary));
        if imaginary == 0.0 {
            number.set_float(real);
        }
        number
    }

    fn set_float(&mut self, float: f64) {
        self.float = Some(float);
        // The bounds are powers of two, hence exact; a cast alone would saturate.
        self.int =
            (float.trunc() == float && (-TWO_63..TWO_63).contains(&float)).then_some(float as i64);
        self.uint = (float.trunc() == float && (0.0..2.0 * TWO_63).contains(&float))
            .then_some(float as u64);
    }

    /// Tells whether the constant is a float when nothing asks for another type.
    pub(crate) fn is_ideal_float(&self) -> bool {
        let hex = matches!(self.text.as_bytes(), [b'0', b'x' | b'X', ..]);
        let hex_int = hex && !self.text.contains(['p', 'P']);
        let rune = self.text.starts_with('\'');
        self.float.is_some() && !hex_int && !rune && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

fn illegal(text: &str) -> String {
    format!("illegal number syntax: {}", quote::quoted(text.as_bytes()))
}

/// Splits before the sign that is not at the start and not of an exponent.
fn split_complex(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let hex = text
        .trim_start_matches(['+', '-'])
        .to_ascii_lowercase()
        .starts_with("0x");
    let exponent = |byte: u8| matches!(byte, b'p' | b'P') || (!hex && matches!(byte, b'e' | b'E'));
    let sign =
        (1..bytes.len()).find(|&i| matches!(bytes[i], b'+' | b'-') && !exponent(bytes[i - 1]))?;
    Some(text.split_at(sign))
}

fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = parse_uint(digits)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

fn parse_uint(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let plain = digits.chars().all(|c| c == '_' || c.is_digit(radix));
    (plain && underscores_separate(text))
        .then(|| u64::from_str_radix(&digits.replace('_', ""), radix).ok())
        .flatten()
}

/// Tells whether every underscore stands between digits; a base prefix counts as one.
fn underscores_separate(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut last = '!';
    let mut rest = text;
    let mut hex = false;
    if let [b'0', base, ..] = text.as_bytes()
        && matches!(base.to_ascii_lowercase(), b'x' | b'o' | b'b')
    {
        (hex, last, rest) = (base.eq_ignore_ascii_case(&b'x'), '0', &text[2..]);
    }
    for c in rest.chars() {
        let digit = c.is_ascii_digit() || (hex && c.is_ascii_hexdigit());
        let adjacent = (c == '_' && last != '0') || (c != '_' && !digit && last == '_');
        if adjacent {
            return false;
        }
        last = if digit { '0' } else { c };
    }
    last != '_'
}

/// Reads a decimal or hexadecimal float that is in range.
fn parse_float(text: &str) -> Option<f64> {
    if !underscores_separate(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let (sign, magnitude) = match plain.strip_prefix('-') {
        Some(magnitude) => (-1.0, magnitude),
        None => (1.0, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let float = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => parse_hex_float(&magnitude[2..])?,
        _ => parse_decimal_float(magnitude)?,
    };
    float.is_finite().then_some(sign * float)
}

fn parse_decimal_float(text: &str) -> Option<f64> {
    let decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    decimal.then(|| text.parse().ok()).flatten()
}

/// Reads `1.8p3`: hexadecimal digits and a binary exponent, which is mandatory.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent = parse_exponent(exponent)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut bits: u64 = 0;
    let mut shift = -4 * i64::try_from(fraction.len()).ok()?;
    for c in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(c.to_digit(16)?);
        if bits >> 59 == 0 {
            bits = bits << 4 | digit;
        } else {
            // What no longer fits only matters as a sticky bit for rounding.
            bits |= u64::from(digit != 0);
            shift += 4;
        }
    }
    Some(scale(bits, exponent + shift))
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bounded = digits.parse().unwrap_or(i64::MAX).min(1 << 40);
    plain.then_some(if text.starts_with('-') {
        -bounded
    } else {
        bounded
    })
}

/// Gives `bits * 2^exponent`, rounded once.
fn scale(bits: u64, exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let (mut bits, mut exponent) = (bits, exponent);
    let top = 64 - i64::from(bits.leading_zeros());
    // A double keeps 53 bits, fewer below the normal range.
    let kept = (top + exponent + 1074).clamp(0, 53);
    let dropped = top - kept;
    if dropped > 0 {
        let half = 1u128 << (dropped - 1);
        let rest = u128::from(bits) & ((1u128 << dropped) - 1);
        bits = u64::try_from(u128::from(bits) >> dropped).unwrap_or(0);
        exponent += dropped;
        if rest > half || (rest == half && bits & 1 == 1) {
            bits += 1;
        }
    }
    let power = |n: i64| 2f64.powi(i32::try_from(n.clamp(-1074, 1100)).unwrap_or(0));
    if exponent < -1022 {
        bits as f64 * power(exponent + 60) * power(-60)
    } else {
        bits as f64 * power(exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, int: Option<i64>, float: Option<f64>) {
        let number = Number::parse(text).unwrap();
        assert_eq!((number.int, number.float), (int, float), "{text}");
    }

    #[test]
    fn integers_of_every_base() {
        for (text, int) in [
            ("0", 0),
            ("-0", 0),
            ("73", 73),
            ("+7", 7),
            ("0x_1F", 31),
            ("0777", 511),
            ("0o17", 15),
            ("0b1_01", 5),
            ("1_000", 1000),
            ("-0x10", -16),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            check(text, Some(int), Some(int as f64));
        }
    }

    #[test]
    fn floats_are_ints_when_whole() {
        check("2.", Some(2), Some(2.0));
        check("1e3", Some(1000), Some(1000.0));
        check(".5", None, Some(0.5));
        check("1_0.2_5", None, Some(10.25));
        check("1e19", None, Some(1e19));
        check("0x1.8p1", Some(3), Some(3.0));
        check("0x1p-1074", None, Some(5e-324));
        check("0x1.fffffffffffff8p0", Some(2), Some(2.0));
        assert_eq!(
            Number::parse("9223372036854775808").unwrap().uint,
            Some(1 << 63)
        );
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "08", "1__0", "_1", "1_", "0x", "0x1.8", "1e", "+", ".", "1e999", "0b2", "1_.5",
        ] {
            assert!(Number::parse(text).is_err(), "{text}");
        }
        let overflow = Number::parse("18446744073709551616").unwrap_err();
        assert_eq!(overflow, "integer overflow: \"18446744073709551616\"");
    }

    #[test]
    fn complex_numbers_have_two_parts() {
        assert_eq!(Number::parse("2i").unwrap().complex, Some((0.0, 2.0)));
        assert_eq!(
            Number::parse_complex("1e+2-2.5i").unwrap().complex,
            Some((100.0, -2.5))
        );
        assert_eq!(
            Number::parse_complex("0x1p+2+1i").unwrap().complex,
            Some((4.0, 1.0))
        );
        assert!(Number::parse_complex("1+2").is_err());
    }
}
