//! The functions every template knows.

mod comparison;
mod element;
mod escape;

use crate::{
    executor::Operand,
    format,
    function::{Kind, Signature},
    value::Value,
};

type Result<T, E = String> = std::result::Result<T, E>;

/// One of Go's own functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Builtin {
    fixed: &'static [Kind],
    rest: Option<Kind>,
    body: Body,
}

/// How a function gets from arguments to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// Evaluates its arguments itself, up to one with this truth.
    Decide(bool),
    /// Calls its first argument.
    Call,
    /// Has its arguments evaluated for it.
    Plain(fn(&[Operand]) -> Result<Operand>),
}

impl Builtin {
    pub(crate) fn signature(self) -> Signature {
        let signature = Signature::new(self.fixed.iter().copied());
        self.rest
            .map_or(signature.clone(), |rest| signature.variadic(rest))
    }

    pub(crate) fn body(self) -> Body {
        self.body
    }
}

const ONE: &[Kind] = &[Kind::Any];
const TWO: &[Kind] = &[Kind::Any, Kind::Any];

/// Finds one of Go's own functions.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    let exactly = |fixed, body| Builtin {
        fixed,
        rest: None,
        body: Body::Plain(body),
    };
    let at_least = |fixed, body| Builtin {
        fixed,
        rest: Some(Kind::Any),
        body,
    };
    Some(match name {
        "and" => at_least(ONE, Body::Decide(false)),
        "or" => at_least(ONE, Body::Decide(true)),
        "not" => exactly(ONE, not),
        "call" => at_least(ONE, Body::Call),
        "len" => exactly(ONE, element::len),
        "index" => at_least(ONE, Body::Plain(element::index)),
        "slice" => at_least(ONE, Body::Plain(element::slice)),
        "print" => at_least(&[], Body::Plain(print)),
        "println" => at_least(&[], Body::Plain(println)),
        "printf" => at_least(&[Kind::String], Body::Plain(printf)),
        "html" => at_least(&[], Body::Plain(escape::html)),
        "js" => at_least(&[], Body::Plain(escape::js)),
        "urlquery" => at_least(&[], Body::Plain(escape::urlquery)),
        "eq" => at_least(ONE, Body::Plain(comparison::eq)),
        "ne" => exactly(TWO, comparison::ne),
        "lt" => exactly(TWO, comparison::lt),
        "le" => exactly(TWO, comparison::le),
        "gt" => exactly(TWO, comparison::gt),
        "ge" => exactly(TWO, comparison::ge),
        _ => return None,
    })
}

/// Calls the function that is the first operand with the others.
pub(crate) fn call(callee: &str, operands: &[Operand]) -> Result<Operand> {
    let Some((first, arguments)) = operands.split_first() else {
        return Err("call of nil".to_owned());
    };
    let function = match first.concrete() {
        None => return Err("call of nil".to_owned()),
        Some(Value::Function(function)) => function,
        Some(value) => {
            return Err(format!(
                "non-function {callee} of type {}",
                value.type_name()
            ));
        }
    };
    let signature = function.signature();
    let (got, want) = (arguments.len(), signature.fixed());
    if signature.is_variadic() && got < want {
        return Err(format!(
            "wrong number of args for {callee}: got {got} want at least {want}"
        ));
    }
    if !signature.is_variadic() && got != want {
        return Err(format!(
            "wrong number of args for {callee}: got {got} want {want}"
        ));
    }
    let mut values = Vec::with_capacity(got);
    for (index, argument) in arguments.iter().enumerate() {
        values.push(
            element::prepared(argument, signature.kind(index))
                .map_err(|error| format!("arg {index}: {error}"))?,
        );
    }
    function.call(&values).map(Operand::plain)
}

fn not(operands: &[Operand]) -> Result<Operand> {
    Ok(truth(!operands.iter().any(Operand::is_true)))
}

fn truth(truth: bool) -> Operand {
    Operand::Plain(Value::Bool(truth))
}

fn text(bytes: Vec<u8>) -> Operand {
    Operand::Plain(Value::String(bytes.into()))
}

fn values(operands: &[Operand]) -> Vec<Value> {
    operands.iter().cloned().map(Operand::into_value).collect()
}

fn print(operands: &[Operand]) -> Result<Operand> {
    Ok(text(format::print(&values(operands))))
}

fn println(operands: &[Operand]) -> Result<Operand> {
    Ok(text(format::println(&values(operands))))
}

fn printf(operands: &[Operand]) -> Result<Operand> {
    let values = values(operands);
    let format = values.first().and_then(Value::as_bytes).unwrap_or_default();
    Ok(text(format::printf(
        format,
        values.get(1..).unwrap_or_default(),
    )))
}
