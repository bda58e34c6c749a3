//! Numbers, and the other words that stand for themselves.

use super::{SyntaxError, scan::Scan};

/// Reads a number.
pub(super) fn number(scan: &mut Scan<'_>) -> Result<f64, SyntaxError> {
    let negative = scan.peek() == Some('-');
    if matches!(scan.peek(), Some('+' | '-')) {
        scan.next();
    }
    let size = match scan.peek() {
        Some('I') => literal(scan, "Infinity").map(|()| f64::INFINITY)?,
        Some('N') => literal(scan, "NaN").map(|()| f64::NAN)?,
        _ if scan.rest().starts_with("0x") || scan.rest().starts_with("0X") => hex(scan)?,
        _ => decimal(scan)?,
    };
    Ok(if negative { -size } else { size })
}

/// Reads a word that must stand here letter by letter.
pub(super) fn literal(scan: &mut Scan<'_>, word: &str) -> Result<(), SyntaxError> {
    for wanted in word.chars() {
        if !scan.take(wanted) {
            return Err(scan.unexpected(&format!("in literal {word} (expecting '{wanted}')")));
        }
    }
    Ok(())
}

fn hex(scan: &mut Scan<'_>) -> Result<f64, SyntaxError> {
    scan.next();
    scan.next();
    let mut size: Option<f64> = None;
    while let Some(digit) = scan.peek().and_then(|c| c.to_digit(16)) {
        size = Some(size.unwrap_or(0.0) * 16.0 + f64::from(digit));
        scan.next();
    }
    size.ok_or_else(|| scan.unexpected("in hexadecimal numeric literal"))
}

fn decimal(scan: &mut Scan<'_>) -> Result<f64, SyntaxError> {
    let (text, start) = (scan.rest(), scan.offset());
    let whole = if scan.take('0') {
        leading_zero(scan)?
    } else {
        digits(scan)
    };
    let fraction = if scan.take('.') { digits(scan) } else { 0 };
    if whole + fraction == 0 {
        return Err(scan.unexpected("in numeric literal"));
    }
    if matches!(scan.peek(), Some('e' | 'E')) {
        scan.next();
        if matches!(scan.peek(), Some('+' | '-')) {
            scan.next();
        }
        if digits(scan) == 0 {
            return Err(scan.unexpected("in exponent of numeric literal"));
        }
    }
    let written = &text[..text.len() - scan.rest().len()];
    let number: Option<f64> = written
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| {
        let reason = format!("cannot unmarshal number {written} into Go value of type float64");
        SyntaxError {
            offset: start,
            ..scan.error(reason)
        }
    })
}

/// A number is the same in every reader only without leading zeros.
fn leading_zero(scan: &Scan<'_>) -> Result<usize, SyntaxError> {
    if !scan.peek().is_some_and(|c| c.is_ascii_digit()) {
        return Ok(1);
    }
    let hint = "a number has no leading zeros; octal digits go in quotes";
    let error = scan.unexpected("in numeric literal");
    Err(SyntaxError {
        hint: Some(hint.to_owned()),
        ..error
    })
}

fn digits(scan: &mut Scan<'_>) -> usize {
    let mut count = 0;
    while scan.peek().is_some_and(|c| c.is_ascii_digit()) {
        scan.next();
        count += 1;
    }
    count
}
