//! Numbers as they are read and written.

/// Where plain digits stop being readable, as for Go's `%g`.
const LARGE: f64 = 1e21;

/// Where leading zeros stop being readable.
const SMALL: f64 = 1e-6;

/// Reads a number as Go's `ParseFloat` does, after trimming; what does not fit is none.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = text.parse().ok()?;
    // `1e999` is no infinity, it is a mistake.
    let overflows = number.is_infinite() && text.contains(|c: char| c.is_ascii_digit());
    (!overflows).then_some(number)
}

/// Writes a number so that every reader of either format gets the same number back.
pub(crate) fn print(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if size != 0.0 && !(SMALL..LARGE).contains(&size) {
        format!("{number:e}")
    } else {
        format!("{number}")
    }
}

/// Writes a number for a label of OpenMetrics, where a whole one keeps its point.
pub(crate) fn print_with_point(number: f64) -> String {
    let mut text = print(number);
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            ("42", Some(42.0)),
            (" 1.5\n", Some(1.5)),
            ("+1e3", Some(1000.0)),
            (".5", Some(0.5)),
            ("-0.25", Some(-0.25)),
            ("Inf", Some(f64::INFINITY)),
            ("-infinity", Some(f64::NEG_INFINITY)),
            ("1e999", None),
            ("", None),
            ("1,5", None),
            ("1_000", None),
            ("x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text:?}");
        }
        assert!(parse("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn writes_what_can_be_read_back() {
        let cases = [
            (42.0, "42", "42.0"),
            (0.0, "0", "0.0"),
            (-3.0, "-3", "-3.0"),
            (0.005, "0.005", "0.005"),
            (1e21, "1e21", "1e21"),
            (1e-7, "1e-7", "1e-7"),
            (123_456_789_012.0, "123456789012", "123456789012.0"),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ];
        for (number, plain, with_point) in cases {
            assert_eq!(print(number), plain);
            assert_eq!(print_with_point(number), with_point);
        }
    }
}
