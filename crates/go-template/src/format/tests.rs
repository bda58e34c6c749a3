//! Verbs and flags against what Go prints, one table per value.

use super::printf;
use crate::value::{List, Map, Value};

type Table = &'static [(&'static str, &'static str)];

#[track_caller]
fn check(format: &str, values: &[Value], expected: &str) {
    let printed = printf(format.as_bytes(), values);
    assert_eq!(String::from_utf8_lossy(&printed), expected, "{format}");
}

#[track_caller]
fn check_one(value: impl Into<Value>, cases: Table) {
    let value = value.into();
    for (format, expected) in cases {
        check(format, std::slice::from_ref(&value), expected);
    }
}

const FORTY_TWO: Table = &[
    ("%d", "42"),
    ("%+d", "+42"),
    ("% d", " 42"),
    ("%+v", "42"),
    ("%6d|", "    42|"),
    ("%-6d|", "42    |"),
    ("%06d", "000042"),
    ("%+06d", "+00042"),
    ("%-06d|", "42    |"),
    ("%.4d", "0042"),
    ("%6.4d", "  0042"),
    ("%06.4d", "  0042"),
    ("%o", "52"),
    ("%#o", "052"),
    ("%O", "0o52"),
    ("%b", "101010"),
    ("%#b", "0b101010"),
    ("%x", "2a"),
    ("%X", "2A"),
    ("%#x", "0x2a"),
    ("%#X", "0X2A"),
    ("%#08x", "0x0000002a"),
    ("%c", "*"),
    ("%q", "'*'"),
    ("%U", "U+002A"),
    ("%#U", "U+002A '*'"),
    ("%5c|", "    *|"),
    ("%t", "%!t(int=42)"),
    ("%6t", "%!t(int=    42)"),
    ("%.3v", "042"),
    ("%T", "int"),
    ("%e", "%!e(int=42)"),
    ("%p", "%!p(int=42)"),
];

const NEGATIVE: Table = &[
    ("%d", "-42"),
    ("%06d", "-00042"),
    ("%x", "-2a"),
    ("%+.3d", "-042"),
    ("%U", "U+FFFFFFFFFFFFFFD6"),
];

const ZERO: Table = &[
    ("%.0d|", "|"),
    ("%5.0d|", "     |"),
    ("%05.0d|", "     |"),
    ("%c", "\0"),
    ("%#x", "0x0"),
];

const SMALLEST: Table = &[("%d", "-9223372036854775808"), ("%x", "-8000000000000000")];

const LAST_RUNE: Table = &[("%q", r"'\U0010ffff'"), ("%U", "U+10FFFF")];

const BEYOND_RUNES: Table = &[("%c", "\u{fffd}"), ("%q", "'\u{fffd}'")];

const E_ACUTE: Table = &[
    ("%+q", r"'\u00e9'"),
    ("%#.6U", "U+0000E9 'é'"),
    ("%010U|", "    U+00E9|"),
];

const BYTE: Table = &[("%v", "97"), ("%c", "a"), ("%#v", "0x61"), ("%T", "uint8")];

#[test]
fn integers() {
    check_one(42i64, FORTY_TWO);
    check_one(-42i64, NEGATIVE);
    check_one(0i64, ZERO);
    check_one(i64::MIN, SMALLEST);
    check_one(0x0010_ffffi64, LAST_RUNE);
    check_one(0x0011_0000i64, BEYOND_RUNES);
    check_one(233i64, E_ACUTE);
    check_one(Value::Byte(97), BYTE);
}

const THREE: Table = &[
    ("%v", "3"),
    ("%g", "3"),
    ("%f", "3.000000"),
    ("%.2f", "3.00"),
    ("%e", "3.000000e+00"),
    ("%E", "3.000000E+00"),
    ("%+v", "3"),
    ("%+g", "+3"),
    ("% f", " 3.000000"),
    ("%08.2f", "00003.00"),
    ("%-8.2f|", "3.00    |"),
    ("%+08.2f", "+0003.00"),
    ("%.0f", "3"),
    ("%#.0f", "3."),
    ("%#g", "3.00000"),
    ("%F", "3.000000"),
    ("%b", "6755399441055744p-51"),
    ("%x", "0x1.8p+01"),
    ("%X", "0X1.8P+01"),
    ("%.3x", "0x1.800p+01"),
    ("%d", "%!d(float64=3)"),
    ("%s", "%!s(float64=3)"),
    ("%5v|", "    3|"),
    ("%#v", "3"),
    ("%T", "float64"),
    ("%.3g", "3"),
    ("%#.3g", "3.00"),
    ("%q", "%!q(float64=3)"),
    ("%U", "%!U(float64=3)"),
];

const MILLION: Table = &[
    ("%v", "1.234567891e+06"),
    ("%.3g", "1.23e+06"),
    ("%.10g", "1234567.891"),
    ("%f", "1234567.891000"),
    ("%.3e", "1.235e+06"),
    ("%g", "1.234567891e+06"),
    ("%G", "1.234567891E+06"),
    ("%.0e", "1e+06"),
    ("%12.1f|", "   1234567.9|"),
    ("%#.3e", "1.235e+06"),
    ("%#g", "1.234567891e+06"),
];

const FLOAT_ZERO: Table = &[
    ("%v", "0"),
    ("%e", "0.000000e+00"),
    ("%g", "0"),
    ("%.3g", "0"),
    ("%#g", "0.00000"),
    ("%x", "0x0p+00"),
];

const NEGATIVE_ZERO: Table = &[("%v", "-0"), ("%.1f", "-0.0"), ("%08.1f", "-00000.0")];

const SMALL: Table = &[
    ("%v", "1e-05"),
    ("%f", "0.000010"),
    ("%.2f", "0.00"),
    ("%.2g", "1e-05"),
];

const ROUNDS_UP: Table = &[("%v", "999999.5"), ("%.6g", "1e+06"), ("%.0f", "1000000")];

const HUGE: Table = &[("%v", "1e+100"), ("%.3e", "1.000e+100")];

const INFINITE: Table = &[
    ("%v", "+Inf"),
    ("%5d", "%!d(float64= +Inf)"),
    ("%08f|", "    +Inf|"),
    ("%+g", "+Inf"),
];

const NOT_A_NUMBER: Table = &[("%v", "NaN"), ("%6.2f|", "   NaN|"), ("%+f", "+NaN")];

const HALF: Table = &[("%.0f", "2"), ("%.0e", "2e+00"), ("%.1g", "2")];

const TENTH: Table = &[
    ("%.20f", "0.10000000000000000555"),
    ("%.1x", "0x1.ap-04"),
    ("%g", "0.1"),
];

const SIX_DIGITS: Table = &[("%v", "100000"), ("%.3g", "1e+05"), ("%#.8g", "100000.00")];

#[test]
fn floats() {
    check_one(3.0, THREE);
    check_one(1_234_567.891, MILLION);
    check_one(0.0, FLOAT_ZERO);
    check_one(-0.0, NEGATIVE_ZERO);
    check_one(0.00001, SMALL);
    check_one(999_999.5, ROUNDS_UP);
    check_one(1e100, HUGE);
    check_one(f64::INFINITY, INFINITE);
    check_one(f64::NAN, NOT_A_NUMBER);
    check_one(2.5, HALF);
    check_one(0.1, TENTH);
    check_one(100_000.0, SIX_DIGITS);
}

const HELLO: Table = &[
    ("%s", "héllo"),
    ("%v", "héllo"),
    ("%.2s", "hé"),
    ("%8s|", "   héllo|"),
    ("%-8s|", "héllo   |"),
    ("%08s", "000héllo"),
    ("%q", "\"héllo\""),
    ("%+q", "\"h\\u00e9llo\""),
    ("%#q", "`héllo`"),
    ("%.1q", "\"h\""),
    ("%x", "68c3a96c6c6f"),
    ("%X", "68C3A96C6C6F"),
    ("% x", "68 c3 a9 6c 6c 6f"),
    ("%#x", "0x68c3a96c6c6f"),
    ("%# x", "0x68 0xc3 0xa9 0x6c 0x6c 0x6f"),
    ("%.2x", "68c3"),
    ("%6.2x|", "  68c3|"),
    ("%-6.2x|", "68c3  |"),
    ("%#v", "\"héllo\""),
    ("%T", "string"),
    ("%d", "%!d(string=héllo)"),
    ("%8d", "%!d(string=   héllo)"),
    ("%c", "%!c(string=héllo)"),
    ("%U", "%!U(string=héllo)"),
    ("%10q|", "   \"héllo\"|"),
    ("%t", "%!t(string=héllo)"),
    ("%!", "%!!(string=héllo)"),
    ("%é", "%!é(string=héllo)"),
];

const BACKQUOTE: Table = &[("%#q", "\"a`b\"")];

const EMPTY: Table = &[
    ("%x|", "|"),
    ("%4x|", "    |"),
    ("%q", "\"\""),
    ("%.0s|", "|"),
];

#[test]
fn strings() {
    check_one("héllo", HELLO);
    check_one("a`b", BACKQUOTE);
    check_one("", EMPTY);
}

const TRUE: Table = &[
    ("%t", "true"),
    ("%v", "true"),
    ("%6t|", "  true|"),
    ("%-6v|", "true  |"),
    ("%d", "%!d(bool=true)"),
    ("%06t", "00true"),
];

const NIL: Table = &[
    ("%v", "<nil>"),
    ("%s", "%!s(<nil>)"),
    ("%d", "%!d(<nil>)"),
    ("%T", "<nil>"),
    ("%7v|", "  <nil>|"),
    ("%#v", "<nil>"),
    ("%+v", "<nil>"),
];

#[test]
fn booleans_and_nil() {
    check_one(true, TRUE);
    check_one(Value::Nil, NIL);
}

const MIXED: Table = &[
    ("%v", "[1 a <nil> 2.5 true]"),
    (
        "%d",
        "[1 %!d(string=a) <nil> %!d(float64=2.5) %!d(bool=true)]",
    ),
    ("%s", "[%!s(int=1) a <nil> %!s(float64=2.5) %!s(bool=true)]"),
    ("%T", "[]interface {}"),
    (
        "%#v",
        "[]interface {}{1, \"a\", interface {}(nil), 2.5, true}",
    ),
    ("%3v", "[  1   a <nil> 2.5 true]"),
];

const TEXTS: Table = &[
    ("%q", "[\"a\" \"b c\"]"),
    ("%x", "[61 622063]"),
    ("%#v", "[]string{\"a\", \"b c\"}"),
];

const MAP: Table = &[
    ("%v", "map[a:1 b:[x]]"),
    ("%+v", "map[a:1 b:[x]]"),
    (
        "%#v",
        "map[string]interface {}{\"a\":1, \"b\":[]string{\"x\"}}",
    ),
    ("%d", "map[%!d(string=a):1 %!d(string=b):[%!d(string=x)]]"),
    ("%T", "map[string]interface {}"),
];

const NO_ITEMS: Table = &[("%v", "[]"), ("%#v", "[]interface {}{}")];

#[test]
fn containers() {
    let list = List::from_iter([
        Value::Int(1),
        "a".into(),
        Value::Nil,
        2.5.into(),
        true.into(),
    ]);
    check_one(list, MIXED);
    check_one(List::strings(["a", "b c"]), TEXTS);
    let map = Map::from_iter([
        ("b", Value::from(List::strings(["x"]))),
        ("a", Value::Int(1)),
    ]);
    check_one(map, MAP);
    check_one(List::from_iter([]), NO_ITEMS);
    check_one(
        Map::strings([("", ""); 0]),
        &[("%v", "map[]"), ("%#v", "map[string]string{}")],
    );
}

const COMPLEX: Table = &[
    ("%v", "(1-2.5i)"),
    ("%.1f", "(1.0-2.5i)"),
    ("%d", "%!d(complex128=(1-2.5i))"),
    ("%+g", "(+1-2.5i)"),
];

#[test]
fn complex_numbers() {
    check_one(Value::Complex(1.0, -2.5), COMPLEX);
}

const ONE_TWO_THREE: Table = &[
    ("%[3]d %[1]d", "3 1"),
    ("%[2]d %d", "2 3"),
    ("%[4]d", "%!d(BADINDEX)"),
    ("%[0]d", "%!d(BADINDEX)"),
    ("%[x]d", "%!d(BADINDEX)"),
    ("%[1d", "%!d(BADINDEX)"),
    ("%[1]", "%!(NOVERB)"),
    ("%d %d %d %d", "1 2 3 %!d(MISSING)"),
    ("%[3]*.[2]*[1]d|", " 01|"),
    ("%d%%", "1%%!(EXTRA int=2, int=3)"),
    ("%", "%!(NOVERB)%!(EXTRA int=1, int=2, int=3)"),
    ("%5", "%!(NOVERB)%!(EXTRA int=1, int=2, int=3)"),
    ("%[2]*d|", " 3|"),
    ("%[1]2d", "%!d(BADINDEX)"),
    ("%-*d|%d", "2|3"),
    ("%.d%d%d", "123"),
    ("%[1].2d", "%!d(BADINDEX)"),
    ("%5%|%d%d%d", "%|123"),
    ("%w%d%d", "%!w(int=1)23"),
    ("%.[2]d", "2"),
];

#[test]
fn directives() {
    let ints: Vec<Value> = (1..=3i64).map(Value::from).collect();
    for (format, expected) in ONE_TWO_THREE {
        check(format, &ints, expected);
    }
    check("%*d", &["x".into(), Value::Int(1)], "%!(BADWIDTH)1");
    check("%.*f", &["x".into(), 1.5.into()], "%!(BADPREC)1.500000");
    check("%.*f", &[Value::Int(-1), 1.5.into()], "%!(BADPREC)1.500000");
    check("%*d|", &[Value::Int(-4), Value::Int(1)], "1   |");
    check(
        "%*d",
        &[Value::Int(10_000_000), Value::Int(1)],
        "%!(BADWIDTH)1",
    );
    check(
        "%99999999999d",
        &[Value::Int(1)],
        "%!(NOVERB)%!(EXTRA int=1)",
    );
    check("%d", &[], "%!d(MISSING)");
    check("%s", &[Value::Nil, Value::Nil], "%!s(<nil>)%!(EXTRA <nil>)");
    check("%[1]d", &ints, "1");
}
