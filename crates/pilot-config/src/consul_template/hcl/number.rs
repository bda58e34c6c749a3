//! Numbers: decimal, octal with a leading 0, hexadecimal, with fraction and exponent.

use super::scan::Scan;
use crate::syntax::SyntaxError;

pub(super) fn number(scan: &mut Scan<'_>) -> Result<f64, SyntaxError> {
    let start = scan.offset();
    let sign = if scan.take('-') { -1.0 } else { 1.0 };
    let rest = scan.rest();
    let mut before = ' ';
    let end = rest.find(|c: char| {
        let exponent = matches!(before, 'e' | 'E') && !rest.starts_with("0x");
        let more = c.is_alphanumeric() || matches!(c, '.' | '_') || exponent && "+-".contains(c);
        before = c;
        !more
    });
    let digits = scan.pass(end.unwrap_or(rest.len()));
    read(digits)
        .map(|number| sign * number)
        .ok_or_else(|| SyntaxError {
            offset: start,
            reason: format!("`{digits}` is not a number"),
            hint: Some("a text needs quotes".to_owned()),
        })
}

fn read(digits: &str) -> Option<f64> {
    let whole = |digits: &str, base| {
        let plain = digits.chars().all(|c| c.is_digit(base));
        let number = u32::from_str_radix(digits, base).ok().filter(|_| plain)?;
        Some(f64::from(number))
    };
    if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return whole(digits, 16);
    }
    let is_octal = digits.len() > 1 && digits.bytes().all(|digit| digit.is_ascii_digit());
    match digits.strip_prefix('0').filter(|_| is_octal) {
        Some(digits) => whole(digits, 8),
        None => {
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
            let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            digits
                .parse()
                .ok()
                .filter(|_| begins && digits.chars().all(plain))
        }
    }
}
