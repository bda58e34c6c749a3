//! What a scalar is, by the core schema of YAML 1.2.

use saphyr_parser::Tag;

use crate::value::Kind;

/// Reads a scalar without quotes: `null`, `true`, a number, or else text. `yes` and `on` are text.
pub(super) fn plain(text: &str) -> Result<Kind, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Kind::Number(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Kind::Number(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Kind::Number(f64::NAN),
        _ => match hexadecimal(text) {
            Some(number) => Kind::Number(number),
            // An octal number stays text, so that what is wanted decides: a number reads it as
            // one, and permission bits are not their own value written in decimal.
            None if is_decimal(text) => Kind::Number(decimal(text)?),
            None => Kind::Text(text.to_owned()),
        },
    })
}

/// Reads a scalar with a tag, which says what it is.
pub(super) fn tagged(text: &str, tag: &Tag) -> Result<Kind, String> {
    if tag.handle.is_empty() && tag.suffix == "!" || tag.handle == "!" && tag.suffix.is_empty() {
        return Ok(Kind::Text(text.to_owned()));
    }
    if !tag.is_yaml_core_schema() {
        return Err(unknown_tag(tag));
    }
    let kind = plain(text)?;
    let fits = match tag.suffix.as_str() {
        "str" => return Ok(Kind::Text(text.to_owned())),
        "null" => matches!(kind, Kind::Null),
        "bool" => matches!(kind, Kind::Bool(_)),
        "int" | "float" => matches!(kind, Kind::Number(_)),
        _ => return Err(unknown_tag(tag)),
    };
    if fits {
        Ok(kind)
    } else {
        Err(format!("this is no `!!{}`", tag.suffix))
    }
}

/// Says that a tag has no meaning here.
pub(super) fn unknown_tag(tag: &Tag) -> String {
    let tag = if tag.is_yaml_core_schema() {
        format!("!!{}", tag.suffix)
    } else {
        format!("{}{}", tag.handle, tag.suffix)
    };
    format!("cannot use the tag `{tag}`: it has no meaning here")
}

fn hexadecimal(text: &str) -> Option<f64> {
    let digits = text
        .strip_prefix("0x")
        .filter(|digits| !digits.is_empty())?;
    let digit = |c: char| c.to_digit(16).map(f64::from);
    let digits: Option<Vec<f64>> = digits.chars().map(digit).collect();
    Some(
        digits?
            .into_iter()
            .fold(0.0, |size, digit| size * 16.0 + digit),
    )
}

/// Whether a text is `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_decimal(text: &str) -> bool {
    let size = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (size, exponent) = match size.split_once(['e', 'E']) {
        Some((size, exponent)) => (size, Some(exponent)),
        None => (size, None),
    };
    let (whole, fraction) = match size.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (size, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = |text: &str| !text.is_empty() && digits(text);
    let exponent = exponent.is_none_or(|text| some(text.strip_prefix(['-', '+']).unwrap_or(text)));
    let size = match fraction {
        Some(fraction) => digits(whole) && digits(fraction) && size.len() > 1,
        None => some(whole),
    };
    size && exponent
}

fn decimal(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| format!("the number {text} is too large"))
}
