//! The seven functions that ContainerPilot adds to those of Go.

use std::collections::BTreeMap;

use go_template::{Element, Functions, Kind, List, Signature, Value};
use re2::Pattern;

use crate::World;

/// A list longer than this is a mistake that would only fill the memory.
const LONGEST_LOOP: u64 = 1_000_000;

/// Makes the functions.
pub(crate) fn all(world: &World<'_>) -> Functions {
    let text = || Kind::String;
    let mut functions = Functions::new();
    functions.add("default", Signature::new([Kind::Any, Kind::Any]), |args| {
        Ok(default(args))
    });
    functions.add("env", Signature::new([text()]), env(world));
    functions.add("split", Signature::new([text(), text()]), |args| {
        Ok(split(args))
    });
    functions.add("join", Signature::new([text(), Kind::Strings]), |args| {
        Ok(join(args))
    });
    let three = || Signature::new([text(), text(), text()]);
    functions.add("replaceAll", three(), |args| Ok(replace_all(args)));
    functions.add("regexReplaceAll", three(), regex_replace_all);
    functions.add("loop", Signature::new([]).variadic(Kind::Any), numbers);
    functions
}

/// Gives an argument of a text parameter, which the signature has made sure of.
fn text(arguments: &[Value], at: usize) -> String {
    let text = arguments.get(at).and_then(Value::as_str);
    text.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// `default D V`: V if it is a text that is not empty, else D as a text.
fn default(arguments: &[Value]) -> Value {
    let value = text(arguments, 1);
    let fallback = || {
        arguments
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    if value.is_empty() {
        fallback().into()
    } else {
        value.into()
    }
}

fn env(world: &World<'_>) -> impl Fn(&[Value]) -> Result<Value, String> + use<> {
    let entries = world.environment.iter().rev().cloned();
    let variables: BTreeMap<String, String> = entries.collect();
    move |arguments| {
        let value = variables.get(&text(arguments, 0)).cloned();
        Ok(value.unwrap_or_default().into())
    }
}

fn split(arguments: &[Value]) -> Value {
    let (separator, value) = (text(arguments, 0), text(arguments, 1));
    let value = value.trim();
    if value.is_empty() {
        return List::strings::<&str>([]).into();
    }
    if separator.is_empty() {
        return List::strings(value.chars().map(String::from)).into();
    }
    List::strings(value.split(&separator)).into()
}

fn join(arguments: &[Value]) -> Value {
    let items = arguments.get(1).and_then(Value::as_list);
    let items = items.into_iter().flat_map(List::iter);
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    items.join(&text(arguments, 0)).into()
}

fn replace_all(arguments: &[Value]) -> Value {
    let (from, to, value) = (text(arguments, 0), text(arguments, 1), text(arguments, 2));
    value.replace(&from, &to).into()
}

fn regex_replace_all(arguments: &[Value]) -> Result<Value, String> {
    let (pattern, to, value) = (text(arguments, 0), text(arguments, 1), text(arguments, 2));
    Ok(Pattern::new(&pattern)?.replace_all(&value, &to).into())
}

/// `loop N` from 0 to N, `loop A B` from A to B, the end excluded, in either direction.
fn numbers(arguments: &[Value]) -> Result<Value, String> {
    let (from, to) = match arguments {
        [to] => (0, number(to)?),
        [from, to] => (number(from)?, number(to)?),
        _ => {
            let count = arguments.len();
            return Err(format!(
                "loop: wrong number of arguments, expected 1 or 2, but got {count}"
            ));
        }
    };
    if from.abs_diff(to) > LONGEST_LOOP {
        return Err(format!(
            "loop: cannot count from {from} to {to}: too many steps"
        ));
    }
    let numbers: Vec<i64> = if from <= to {
        (from..to).collect()
    } else {
        (to + 1..=from).rev().collect()
    };
    Ok(List::new(Element::Int, numbers.into_iter().map(Value::Int)).into())
}

fn number(value: &Value) -> Result<i64, String> {
    if let Some(number) = value.as_int() {
        return Ok(number);
    }
    let Some(text) = value.as_str() else {
        return Err(format!(
            "loop: expected an int or a string, but got {}",
            value.type_name()
        ));
    };
    text.parse()
        .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
}
