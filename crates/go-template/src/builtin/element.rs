//! `index`, `slice` and `len`.

use super::Result;
use crate::{
    executor::{Operand, empty},
    function::Kind,
    value::Value,
};

pub(super) fn len(operands: &[Operand]) -> Result<Operand> {
    let value = match operands.first() {
        Some(operand @ (Operand::Boxed(_) | Operand::Plain(_))) => operand.concrete(),
        // The words of the panic that Go turns into this error.
        Some(Operand::Absent) | None => {
            return Err("reflect: call of reflect.Value.Type on zero Value".to_owned());
        }
    };
    let length = match value {
        None => return Err("len of nil pointer".to_owned()),
        Some(Value::Object(object)) if object.is_nil() => {
            return Err("len of nil pointer".to_owned());
        }
        Some(Value::String(text)) => text.as_bytes().len(),
        Some(Value::List(list)) => list.len(),
        Some(Value::Map(map)) => map.len(),
        Some(value) => return Err(format!("len of type {}", value.type_name())),
    };
    Ok(Operand::Plain(Value::Int(
        i64::try_from(length).unwrap_or(i64::MAX),
    )))
}

pub(super) fn index(operands: &[Operand]) -> Result<Operand> {
    let Some((item, indexes)) = operands
        .split_first()
        .filter(|(item, _)| item.concrete().is_some())
    else {
        return Err("index of untyped nil".to_owned());
    };
    let mut item = item.clone();
    for index in indexes {
        item = element(&item, index)?;
    }
    Ok(item)
}

fn element(item: &Operand, index: &Operand) -> Result<Operand> {
    match item.concrete() {
        None => Err("index of nil pointer".to_owned()),
        Some(Value::Object(object)) if object.is_nil() => Err("index of nil pointer".to_owned()),
        Some(Value::List(list)) => {
            let item = list.get(offset(index, list.len())?);
            let item = item.ok_or("reflect: slice index out of range")?;
            Ok(Operand::element(list.element(), item))
        }
        Some(Value::String(text)) => {
            let byte = text.as_bytes().get(offset(index, text.as_bytes().len())?);
            let byte = byte.ok_or("reflect: string index out of range")?;
            Ok(Operand::Plain(Value::Byte(*byte)))
        }
        Some(Value::Map(map)) => {
            let value = map
                .entry(key(index)?)
                .cloned()
                .unwrap_or_else(|| map.element().zero());
            Ok(Operand::element(map.element(), value))
        }
        Some(value) => Err(format!("can't index item of type {}", value.type_name())),
    }
}

fn key(index: &Operand) -> Result<&[u8]> {
    let Some(value) = index.concrete() else {
        return Err("value is nil; should be of type string".to_owned());
    };
    value
        .as_bytes()
        .ok_or_else(|| format!("value has type {}; should be string", value.type_name()))
}

/// Reads an index, which may be one past the end.
fn offset(index: &Operand, limit: usize) -> Result<usize> {
    let Some(value) = index.concrete() else {
        return Err("cannot index slice/array with nil".to_owned());
    };
    let number = value
        .as_int()
        .or_else(|| value.as_uint().map(u64::cast_signed));
    let number = number
        .ok_or_else(|| format!("cannot index slice/array with type {}", value.type_name()))?;
    let offset = usize::try_from(number)
        .ok()
        .filter(|&offset| offset <= limit);
    offset.ok_or_else(|| format!("index out of range: {number}"))
}

pub(super) fn slice(operands: &[Operand]) -> Result<Operand> {
    let Some((item, indexes)) = operands.split_first() else {
        return Err("slice of untyped nil".to_owned());
    };
    let value = item.concrete().ok_or("slice of untyped nil")?;
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let (length, capacity) = extent(value)?;
    if indexes.len() == 3 && value.as_bytes().is_some() {
        return Err("cannot 3-index slice a string".to_owned());
    }
    let mut bounds = [0, length, capacity];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = offset(index, capacity)?;
    }
    let [from, to, end] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    if to > end {
        return Err(format!("invalid slice index: {to} > {end}"));
    }
    Ok(Operand::Plain(part(value, bounds)))
}

/// Gives the length of what can be sliced, and how far a slice of it can reach.
fn extent(value: &Value) -> Result<(usize, usize)> {
    if let Value::List(list) = value {
        return Ok((list.len(), list.capacity()));
    }
    let bytes = value.as_bytes();
    let length = bytes.map(<[u8]>::len);
    let length = length.ok_or_else(|| format!("can't slice item of type {}", value.type_name()))?;
    Ok((length, length))
}

fn part(value: &Value, [from, to, limit]: [usize; 3]) -> Value {
    if let Value::List(list) = value {
        return Value::List(list.slice(from, to, limit));
    }
    let bytes = value.as_bytes().and_then(|bytes| bytes.get(from..to));
    Value::String(bytes.unwrap_or_default().into())
}

/// Checks an argument of `call` against the type of the parameter.
pub(super) fn prepared(argument: &Operand, kind: Kind) -> Result<Value> {
    let fits = match (kind, argument.concrete()) {
        (Kind::Any, _) => return Ok(argument.clone().into_value()),
        (Kind::Strings | Kind::List | Kind::Map, None) => return Ok(empty(kind)),
        (_, None) => return Err(format!("value is nil; should be of type {kind}")),
        (_, Some(value)) => value.type_name() == kind.to_string(),
    };
    let value = argument.clone().into_value();
    if fits {
        Ok(value)
    } else {
        Err(format!(
            "value has type {}; should be {kind}",
            value.type_name()
        ))
    }
}
