//! The conversions of the mapstructure library in its weak mode, messages included.

use crate::value::{Kind, Value, decimal};

/// Takes a value for a text.
pub(crate) fn text(value: &Value, path: &str) -> Result<String, String> {
    match &value.kind {
        Kind::Text(text) => Ok(text.clone()),
        Kind::Bool(truth) => Ok(u8::from(*truth).to_string()),
        Kind::Number(number) => Ok(decimal(*number)),
        Kind::Null => Ok(String::new()),
        Kind::List(_) | Kind::Object(_) => Err(mismatch(value, path, "string")),
    }
}

/// Takes a value for a whole number; a fraction is cut off.
pub(crate) fn number(value: &Value, path: &str) -> Result<i64, String> {
    match &value.kind {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, and cuts as Go does"
        )]
        Kind::Number(number) => Ok(*number as i64),
        Kind::Bool(truth) => Ok(i64::from(*truth)),
        Kind::Text(text) => prefixed(text).ok_or_else(|| {
            let reason = format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
            format!("cannot parse '{path}' as int: {reason}")
        }),
        Kind::Null => Ok(0),
        Kind::List(_) | Kind::Object(_) => Err(mismatch(value, path, "int")),
    }
}

/// Reads a whole number with the prefixes of Go: `0x` for hexadecimal, `0` and `0o` for octal.
fn prefixed(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (base, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    let plain = digits.starts_with(|c: char| c.is_digit(base));
    i64::from_str_radix(&format!("{sign}{digits}"), base)
        .ok()
        .filter(|_| plain)
}

/// Takes a value for yes or no.
pub(crate) fn truth(value: &Value, path: &str) -> Result<bool, String> {
    match &value.kind {
        Kind::Bool(truth) => Ok(*truth),
        Kind::Number(number) => Ok(*number != 0.0),
        Kind::Null => Ok(false),
        Kind::Text(text) => match text.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            _ => {
                let reason = format!("strconv.ParseBool: parsing {text:?}: invalid syntax");
                Err(format!("cannot parse '{path}' as bool: {reason}"))
            }
        },
        Kind::List(_) | Kind::Object(_) => Err(mismatch(value, path, "bool")),
    }
}

/// Takes a value for a list of texts.
pub(crate) fn texts(value: &Value, path: &str) -> Result<Vec<String>, String> {
    match &value.kind {
        Kind::List(items) => {
            let numbered = items.iter().enumerate();
            numbered
                .map(|(at, item)| text(item, &format!("{path}[{at}]")))
                .collect()
        }
        Kind::Object(members) if members.is_empty() => Ok(Vec::new()),
        Kind::Null => Ok(Vec::new()),
        Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Object(_) => Err(format!(
            "'{path}': source data must be an array or slice, got {}",
            value.go_kind()
        )),
    }
}

/// Says that a value cannot be taken for what is wanted.
pub(crate) fn mismatch(value: &Value, path: &str, wanted: &str) -> String {
    format!(
        "'{path}' expected type '{wanted}', got unconvertible type '{}'",
        value.go_type()
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::json5;

    fn table<T: std::fmt::Debug>(
        read: fn(&Value, &str) -> Result<T, String>,
        texts: &[&str],
    ) -> String {
        let line = |text: &&str| match read(&json5::parse(text).unwrap(), "[0].key") {
            Ok(value) => format!("{text} = {value:?}\n"),
            Err(reason) => format!("{text}: {reason}\n"),
        };
        texts.iter().map(line).collect()
    }

    #[test]
    fn numbers() {
        let texts = [
            "1.9", "-1.9", "'0x10'", "'010'", "'12'", "'-7'", "'+7'", "'0'", "true", "false",
            "null", "'5s'", "''", "'0x'", "'1.5'", "'--1'", "'08'", "[]", "{}", "1e30",
        ];
        expect![[r#"
            1.9 = 1
            -1.9 = -1
            '0x10' = 16
            '010' = 8
            '12' = 12
            '-7' = -7
            '+7' = 7
            '0' = 0
            true = 1
            false = 0
            null = 0
            '5s': cannot parse '[0].key' as int: strconv.ParseInt: parsing "5s": invalid syntax
            '': cannot parse '[0].key' as int: strconv.ParseInt: parsing "": invalid syntax
            '0x': cannot parse '[0].key' as int: strconv.ParseInt: parsing "0x": invalid syntax
            '1.5': cannot parse '[0].key' as int: strconv.ParseInt: parsing "1.5": invalid syntax
            '--1': cannot parse '[0].key' as int: strconv.ParseInt: parsing "--1": invalid syntax
            '08': cannot parse '[0].key' as int: strconv.ParseInt: parsing "08": invalid syntax
            []: '[0].key' expected type 'int', got unconvertible type '[]interface {}'
            {}: '[0].key' expected type 'int', got unconvertible type 'map[string]interface {}'
            1e30 = 9223372036854775807
        "#]]
        .assert_eq(&table(number, &texts));
    }

    #[test]
    fn strings() {
        let texts = [
            "'a'", "1000000", "1.5", "1e21", "true", "false", "null", "[1]", "{}", "Infinity",
        ];
        expect![[r#"
            'a' = "a"
            1000000 = "1000000"
            1.5 = "1.5"
            1e21 = "1000000000000000000000"
            true = "1"
            false = "0"
            null = ""
            [1]: '[0].key' expected type 'string', got unconvertible type '[]interface {}'
            {}: '[0].key' expected type 'string', got unconvertible type 'map[string]interface {}'
            Infinity = "+Inf"
        "#]]
        .assert_eq(&table(text, &texts));
    }

    #[test]
    fn truths() {
        let texts = [
            "true", "0", "2", "'t'", "'TRUE'", "'True'", "'f'", "''", "'nope'", "'yes'", "null",
            "[]",
        ];
        expect![[r#"
            true = true
            0 = false
            2 = true
            't' = true
            'TRUE' = true
            'True' = true
            'f' = false
            '' = false
            'nope': cannot parse '[0].key' as bool: strconv.ParseBool: parsing "nope": invalid syntax
            'yes': cannot parse '[0].key' as bool: strconv.ParseBool: parsing "yes": invalid syntax
            null = false
            []: '[0].key' expected type 'bool', got unconvertible type '[]interface {}'
        "#]].assert_eq(&table(truth, &texts));
    }

    #[test]
    fn lists() {
        let texts = [
            "['a', 1, true, null]",
            "{}",
            "'a'",
            "1",
            "{a: 1}",
            "[[]]",
            "null",
        ];
        expect![[r#"
            ['a', 1, true, null] = ["a", "1", "1", ""]
            {} = []
            'a': '[0].key': source data must be an array or slice, got string
            1: '[0].key': source data must be an array or slice, got float64
            {a: 1}: '[0].key': source data must be an array or slice, got map
            [[]]: '[0].key[0]' expected type 'string', got unconvertible type '[]interface {}'
            null = []
        "#]]
        .assert_eq(&table(super::texts, &texts));
    }
}
