//! `eq`, `ne` and the orders: only values of the same basic kind compare.

use std::cmp::Ordering;

use super::{Result, truth};
use crate::{executor::Operand, format, text, value::Value};

const BAD_TYPE: &str = "invalid type for comparison";

/// A value of a kind that can be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Basic<'v> {
    Bool(bool),
    /// Any integer, which only another type can make incomparable.
    Int(i128),
    Float(f64),
    Complex(f64, f64),
    String(&'v [u8]),
}

impl<'v> Basic<'v> {
    fn of(operand: &'v Operand) -> Option<Self> {
        match operand.concrete()? {
            Value::Bool(truth) => Some(Self::Bool(*truth)),
            Value::Int(int) => Some(Self::Int(i128::from(*int))),
            Value::Uint(uint) => Some(Self::Int(i128::from(*uint))),
            Value::Byte(byte) => Some(Self::Int(i128::from(*byte))),
            Value::Float(float) => Some(Self::Float(*float)),
            Value::Complex(real, imaginary) => Some(Self::Complex(*real, *imaginary)),
            Value::String(text) => Some(Self::String(text.as_bytes())),
            Value::Nil | Value::List(_) | Value::Map(_) | Value::Object(_) | Value::Function(_) => {
                None
            }
        }
    }

    fn is_of_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

pub(super) fn eq(operands: &[Operand]) -> Result<Operand> {
    let Some((first, others)) = operands
        .split_first()
        .filter(|(_, others)| !others.is_empty())
    else {
        return Err("missing argument for comparison".to_owned());
    };
    for other in others {
        if is_equal(first, other)? {
            return Ok(truth(true));
        }
    }
    Ok(truth(false))
}

pub(super) fn ne(operands: &[Operand]) -> Result<Operand> {
    let [left, right] = pair(operands)?;
    Ok(truth(!is_equal(left, right)?))
}

pub(super) fn lt(operands: &[Operand]) -> Result<Operand> {
    Ok(truth(order(operands)? == Some(Ordering::Less)))
}

pub(super) fn le(operands: &[Operand]) -> Result<Operand> {
    Ok(truth(matches!(
        order(operands)?,
        Some(Ordering::Less | Ordering::Equal)
    )))
}

/// Like Go, takes whatever is not less or equal for greater, be it not a number.
pub(super) fn gt(operands: &[Operand]) -> Result<Operand> {
    Ok(truth(!matches!(
        order(operands)?,
        Some(Ordering::Less | Ordering::Equal)
    )))
}

pub(super) fn ge(operands: &[Operand]) -> Result<Operand> {
    Ok(truth(order(operands)? != Some(Ordering::Less)))
}

fn pair(operands: &[Operand]) -> Result<&[Operand; 2]> {
    operands
        .try_into()
        .map_err(|_| "missing argument for comparison".to_owned())
}

fn is_equal(left: &Operand, right: &Operand) -> Result<bool> {
    match (Basic::of(left), Basic::of(right)) {
        (Some(first), Some(second)) if first.is_of_kind(&second) => Ok(first == second),
        (None, None) => are_same(left, right),
        _ if left.concrete().is_some() && right.concrete().is_some() => {
            Err(incompatible(left, right))
        }
        _ => Ok(false),
    }
}

/// Compares values that have no basic kind, most of which Go cannot compare.
fn are_same(left: &Operand, right: &Operand) -> Result<bool> {
    let (Some(first), Some(second)) = (left.concrete(), right.concrete()) else {
        return Ok(is_nil(left) && is_nil(right));
    };
    match (first, second) {
        (Value::Object(one), Value::Object(other)) => Ok(std::sync::Arc::ptr_eq(one, other)),
        _ if std::mem::discriminant(first) == std::mem::discriminant(second) => Err(format!(
            "non-comparable type {}: {}",
            shown("%s", second),
            second.type_name()
        )),
        _ => {
            let (one, other) = (shown("%s", first), shown("%v", second));
            Err(format!(
                "non-comparable types {one}: {}, {}: {other}",
                first.type_name(),
                second.type_name()
            ))
        }
    }
}

fn is_nil(operand: &Operand) -> bool {
    match operand.concrete() {
        None => true,
        Some(Value::Object(object)) => object.is_nil(),
        Some(_) => false,
    }
}

fn shown(verb: &str, value: &Value) -> String {
    text::lossy(&format::printf(
        verb.as_bytes(),
        std::slice::from_ref(value),
    ))
    .into_owned()
}

fn order(operands: &[Operand]) -> Result<Option<Ordering>> {
    let [left, right] = pair(operands)?;
    let (Some(first), Some(second)) = (Basic::of(left), Basic::of(right)) else {
        return Err(BAD_TYPE.to_owned());
    };
    match (first, second) {
        (Basic::Int(first), Basic::Int(second)) => Ok(Some(first.cmp(&second))),
        (Basic::Float(first), Basic::Float(second)) => Ok(first.partial_cmp(&second)),
        (Basic::String(first), Basic::String(second)) => Ok(Some(first.cmp(second))),
        _ if first.is_of_kind(&second) => Err(BAD_TYPE.to_owned()),
        _ => Err(incompatible(left, right)),
    }
}

fn incompatible(left: &Operand, right: &Operand) -> String {
    let name = |operand: &Operand| {
        operand
            .concrete()
            .map(|value| value.type_name().into_owned())
            .unwrap_or_default()
    };
    format!(
        "incompatible types for comparison: {} and {}",
        name(left),
        name(right)
    )
}
