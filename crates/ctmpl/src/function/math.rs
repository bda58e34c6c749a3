//! Numbers: `OP B A` is `A OP B`, so that a number can be piped in.

use go_template::{Kind, Value};

use super::{Entry, Result, argument};

pub(super) const ALL: &[Entry] = &[
    Entry::new("add", TWO, |_, words| {
        let sum = Operation {
            ints: |a, b| Ok(a.wrapping_add(b)),
            uints: |a, b| Ok(a.wrapping_add(b)),
            floats: |a, b| a + b,
        };
        sum.of("add", words)
    }),
    Entry::new("subtract", TWO, |_, words| {
        let difference = Operation {
            ints: |a, b| Ok(a.wrapping_sub(b)),
            uints: |a, b| Ok(a.wrapping_sub(b)),
            floats: |a, b| a - b,
        };
        difference.of("subtract", words)
    }),
    Entry::new("multiply", TWO, |_, words| {
        let product = Operation {
            ints: |a, b| Ok(a.wrapping_mul(b)),
            uints: |a, b| Ok(a.wrapping_mul(b)),
            floats: |a, b| a * b,
        };
        product.of("multiply", words)
    }),
    Entry::new("divide", TWO, |_, words| {
        let quotient = Operation {
            ints: |a, b| some(b != 0, || a.wrapping_div(b)),
            uints: |a, b| some(b != 0, || a / b),
            floats: |a, b| a / b,
        };
        quotient.of("divide", words)
    }),
    Entry::new("modulo", TWO, |_, words| modulo(words)),
    Entry::new("minimum", TWO, |_, words| {
        choose("minimum", words, |a, b| a < b)
    }),
    Entry::new("maximum", TWO, |_, words| {
        choose("maximum", words, |a, b| a > b)
    }),
];

const TWO: &[Kind] = &[Kind::Any, Kind::Any];

fn some<T>(possible: bool, result: impl Fn() -> T) -> Result<T> {
    if possible {
        Ok(result())
    } else {
        Err("runtime error: integer divide by zero".to_owned())
    }
}

#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

impl Number {
    fn of(function: &str, value: &Value) -> Result<Self> {
        if let Value::Float(float) = value {
            return Ok(Self::Float(*float));
        }
        let number = value.as_int().map(Self::Int);
        let number = number.or_else(|| value.as_uint().map(Self::Uint));
        number.ok_or_else(|| unknown(function, value))
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Uint(uint) => uint as f64,
            Self::Float(float) => float,
        }
    }

    /// The same number where signs may be; one that is too large wraps, as in Go.
    fn int(self) -> i64 {
        match self {
            Self::Int(int) => int,
            Self::Uint(uint) => uint.cast_signed(),
            Self::Float(float) => float as i64,
        }
    }
}

/// Says that a value is not a number, in the words of Go.
fn unknown(function: &str, value: &Value) -> String {
    let name = value.type_name();
    let shown = match value.as_str() {
        Some(text) => format!("{text:?}"),
        None if matches!(value, Value::Nil) => "<invalid reflect.Value>".to_owned(),
        None => format!("%!q({name}={value})"),
    };
    format!("{function}: unknown type for {shown} ({name})")
}

/// Gives A and B, of which the second comes first.
fn operands(function: &str, words: &[Value]) -> Result<(Number, Number)> {
    let a = Number::of(function, argument(words, 1))?;
    let b = Number::of(function, argument(words, 0))?;
    Ok((a, b))
}

struct Operation {
    ints: fn(i64, i64) -> Result<i64>,
    uints: fn(u64, u64) -> Result<u64>,
    floats: fn(f64, f64) -> f64,
}

impl Operation {
    fn of(&self, function: &str, words: &[Value]) -> Result {
        let (a, b) = operands(function, words)?;
        match (a, b) {
            (Number::Float(_), _) | (_, Number::Float(_)) => {
                Ok(Value::Float((self.floats)(a.float(), b.float())))
            }
            (Number::Uint(a), Number::Uint(b)) => (self.uints)(a, b).map(Value::Uint),
            (Number::Int(_) | Number::Uint(_), _) => (self.ints)(a.int(), b.int()).map(Value::Int),
        }
    }
}

/// What is left of a division; only integers have that.
fn modulo(words: &[Value]) -> Result {
    for value in [argument(words, 1), argument(words, 0)] {
        if let Value::Float(_) = value {
            return Err(unknown("modulo", value));
        }
    }
    let rest = Operation {
        ints: |a, b| some(b != 0, || a.wrapping_rem(b)),
        uints: |a, b| some(b != 0, || a % b),
        floats: |a, b| a % b,
    };
    rest.of("modulo", words)
}

/// Gives A if it goes before B, else B.
fn choose(function: &str, words: &[Value], goes_before: fn(f64, f64) -> bool) -> Result {
    let (a, b) = operands(function, words)?;
    let first = match (a, b) {
        // Floats cannot tell large integers apart, but their difference can be told.
        (Number::Int(a), Number::Int(b)) => goes_before(f64::from(a.cmp(&b) as i8), 0.0),
        (Number::Uint(a), Number::Uint(b)) => goes_before(f64::from(a.cmp(&b) as i8), 0.0),
        (Number::Int(_) | Number::Uint(_) | Number::Float(_), _) => {
            goes_before(a.float(), b.float())
        }
    };
    Ok(argument(words, usize::from(first)).clone())
}
