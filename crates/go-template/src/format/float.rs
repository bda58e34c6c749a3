//! Floating-point and complex numbers.

use super::Printer;
use crate::value::Value;

/// How many decimals after which a double has only zeros left.
const MAX_DECIMALS: usize = 1100;

impl Printer {
    pub(super) fn float_verb(&mut self, value: &Value, float: f64, verb: char) {
        if is_float_verb(verb) {
            self.float(float, verb);
        } else {
            self.bad_verb(value, verb);
        }
    }

    pub(super) fn complex_verb(&mut self, value: &Value, real: f64, imaginary: f64, verb: char) {
        if !is_float_verb(verb) {
            self.bad_verb(value, verb);
            return;
        }
        self.out.push(b'(');
        self.float(real, verb);
        let plus = std::mem::replace(&mut self.spec.plus, true);
        self.float(imaginary, verb);
        self.spec.plus = plus;
        self.out.extend_from_slice(b"i)");
    }

    fn float(&mut self, float: f64, verb: char) {
        let sign = self.float_sign(float);
        if !float.is_finite() {
            self.not_finite(float, sign);
            return;
        }
        let mut number = unsigned(float.abs(), verb, self.spec.precision);
        if self.spec.sharp && verb != 'b' {
            number = with_point(&number, verb, self.spec.precision);
        }
        match self.spec.zero_width() {
            Some(width) if !sign.is_empty() => {
                let zeros = "0".repeat(width.saturating_sub(sign.len() + number.len()));
                self.out
                    .extend_from_slice(format!("{sign}{zeros}{number}").as_bytes());
            }
            _ => self.pad(format!("{sign}{number}").as_bytes()),
        }
    }

    fn float_sign(&self, float: f64) -> &'static str {
        match (
            float.is_sign_negative() && !float.is_nan(),
            self.spec.plus,
            self.spec.space,
        ) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// Prints an infinity, which always has a sign, or a NaN; zeros never fill up.
    fn not_finite(&mut self, float: f64, sign: &str) {
        let text = match (float.is_nan(), sign) {
            (true, _) => format!("{sign}NaN"),
            (false, "") => "+Inf".to_owned(),
            (false, _) => format!("{sign}Inf"),
        };
        self.pad_with_spaces(text.as_bytes());
    }
}

fn is_float_verb(verb: char) -> bool {
    matches!(
        verb,
        'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
    )
}

fn unsigned(float: f64, verb: char, precision: Option<usize>) -> String {
    match verb {
        'b' => binary(float),
        'x' => hexadecimal(float, precision),
        'X' => hexadecimal(float, precision).to_ascii_uppercase(),
        'f' | 'F' => fixed(float, precision.unwrap_or(6)),
        'e' => scientific(float, precision.unwrap_or(6)),
        'E' => scientific(float, precision.unwrap_or(6)).to_ascii_uppercase(),
        'G' => general(float, precision).to_ascii_uppercase(),
        _ => general(float, precision),
    }
}

fn fixed(float: f64, precision: usize) -> String {
    let decimals = precision.min(MAX_DECIMALS);
    let zeros = "0".repeat(precision - decimals);
    format!("{float:.decimals$}{zeros}")
}

fn scientific(float: f64, precision: usize) -> String {
    let decimals = precision.min(MAX_DECIMALS);
    let zeros = "0".repeat(precision - decimals);
    let number = format!("{float:.decimals$e}");
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    format!(
        "{mantissa}{zeros}{}",
        exponent_of(exponent.parse().unwrap_or(0))
    )
}

fn exponent_of(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.unsigned_abs())
}

/// Prints the shorter of the fixed and the scientific form, without trailing zeros.
fn general(float: f64, precision: Option<usize>) -> String {
    let wanted = precision.map(|precision| precision.max(1));
    let number = match wanted {
        Some(digits) => format!("{float:.*e}", (digits - 1).min(MAX_DECIMALS)),
        None => format!("{float:e}"),
    };
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(|&c| c != '.').collect();
    let digits = digits.trim_end_matches('0');
    let (count, point) = (
        digits.len(),
        if digits.is_empty() {
            0
        } else {
            i64::from(exponent) + 1
        },
    );
    // The exponent from which on Go prefers the scientific form.
    let limit = match wanted {
        None => 6,
        Some(wanted) if wanted > count && to_i64(count) >= point => to_i64(count),
        Some(wanted) => to_i64(wanted),
    };
    if point - 1 < -4 || point > limit {
        let (first, rest) = digits.split_at(1.min(count));
        let dot = if rest.is_empty() { "" } else { "." };
        return format!("{first}{dot}{rest}{}", exponent_of(exponent));
    }
    plain_digits(digits, point)
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Prints significant digits with the point after the given number of them.
fn plain_digits(digits: &str, point: i64) -> String {
    let Ok(whole) = usize::try_from(point) else {
        let zeros = usize::try_from(-point).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    let missing = "0".repeat(whole.saturating_sub(digits.len()));
    let (before, after) = digits.split_at(whole.min(digits.len()));
    let before = if whole == 0 { "0" } else { before };
    let dot = if after.is_empty() { "" } else { "." };
    format!("{before}{missing}{dot}{after}")
}

/// Gives a number a decimal point, and for `%g` the digits that were trimmed.
fn with_point(number: &str, verb: char, precision: Option<usize>) -> String {
    let hexadecimal = matches!(verb, 'x' | 'X');
    let tail_at =
        number.find(|c| matches!(c, 'p' | 'P') || (!hexadecimal && matches!(c, 'e' | 'E')));
    let (mantissa, tail) = number.split_at(tail_at.unwrap_or(number.len()));
    let mut mantissa = mantissa.to_owned();
    if !mantissa.contains('.') {
        mantissa.push('.');
    }
    if matches!(verb, 'v' | 'g' | 'G' | 'x') {
        let wanted = precision.unwrap_or(6);
        let zero = mantissa == "0.";
        let significant = mantissa
            .chars()
            .filter(|&c| c != '.')
            .skip_while(|&c| c == '0')
            .count()
            + usize::from(zero);
        mantissa.push_str(&"0".repeat(wanted.saturating_sub(significant)));
    }
    format!("{mantissa}{tail}")
}

const MANTISSA_BITS: u32 = 52;

/// Takes a finite number apart into its mantissa and the exponent of the mantissa's last bit.
fn parts(float: f64) -> (u64, i64) {
    let bits = float.to_bits();
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    let exponent = i64::try_from(bits >> MANTISSA_BITS & 0x7ff).unwrap_or(0);
    if exponent == 0 {
        (mantissa, -1074)
    } else {
        (mantissa | 1 << MANTISSA_BITS, exponent - 1075)
    }
}

fn binary(float: f64) -> String {
    let (mantissa, exponent) = parts(float);
    format!("{mantissa}p{exponent:+}")
}

/// Prints a number as `0x1.8p+01`: a binary exponent of a mantissa in hexadecimal.
fn hexadecimal(float: f64, precision: Option<usize>) -> String {
    const TOP: u64 = 1 << 60;
    let (mut mantissa, mut exponent) = parts(float);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - 3;
        mantissa <<= shift;
        exponent += 60 - i64::from(shift);
    }
    if let Some(digits) = precision.filter(|&digits| digits < 15) {
        let shift = 4 * digits;
        let extra = (mantissa << shift) & (TOP - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > TOP >> 1 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & TOP << 1 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let fraction = format!("{:015x}", mantissa & (TOP - 1));
    let fraction = match precision {
        Some(digits) if digits <= 15 => fraction[..digits].to_owned(),
        Some(digits) => fraction + &"0".repeat(digits - 15),
        None => fraction.trim_end_matches('0').to_owned(),
    };
    let dot = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "0x{}{dot}{fraction}p{sign}{:02}",
        mantissa >> 60,
        exponent.unsigned_abs()
    )
}
