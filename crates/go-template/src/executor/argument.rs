//! Arguments against the types of parameters.

use super::{Executor, Operand, Result};
use crate::{
    function::Kind,
    node::{Term, TermKind},
    number::Number,
    value::{Element, List, Map, Value},
};

impl<'t> Executor<'t> {
    /// Evaluates an argument for a parameter of the given type.
    pub(super) fn argument(
        &mut self,
        kind: Kind,
        term: &'t Term,
        dot: &Operand,
    ) -> Result<Operand> {
        self.place = Some(term);
        match &term.kind {
            TermKind::Nil => nil(kind),
            TermKind::Bool(_) | TermKind::Number(_) | TermKind::String { .. } => {
                self.constant(kind, term, dot)
            }
            TermKind::Dot
            | TermKind::Field(_)
            | TermKind::Variable { .. }
            | TermKind::Function(_)
            | TermKind::Chain { .. }
            | TermKind::Pipe(_) => checked(self.term(term, dot)?, kind),
        }
    }

    /// Reads a constant as the type the parameter asks for.
    fn constant(&mut self, kind: Kind, term: &'t Term, dot: &Operand) -> Result<Operand> {
        let value = match (kind, &term.kind) {
            (Kind::Any, _) => return self.term(term, dot),
            (Kind::Strings | Kind::List | Kind::Map, _) => {
                return Err(format!("can't handle {term} for arg of type {kind}"));
            }
            (Kind::Bool, TermKind::Bool(truth)) => Some(Value::Bool(*truth)),
            (Kind::String, TermKind::String { value, .. }) => Some(Value::String(value.clone())),
            (Kind::Int, TermKind::Number(Number { int, .. })) => int.map(Value::Int),
            (Kind::Float, TermKind::Number(Number { float, .. })) => float.map(Value::Float),
            _ => None,
        };
        value
            .map(Operand::Plain)
            .ok_or_else(|| format!("expected {}; found {term}", wanted(kind)))
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "value",
        Kind::Bool => "bool",
        Kind::Int => "integer",
        Kind::Float => "float",
        Kind::String => "string",
        Kind::Strings => "list of strings",
        Kind::List => "list",
        Kind::Map => "map",
    }
}

fn nil(kind: Kind) -> Result<Operand> {
    match kind {
        Kind::Any => Ok(Operand::Absent),
        Kind::Strings | Kind::List | Kind::Map => Ok(Operand::Plain(empty(kind))),
        Kind::Bool | Kind::Int | Kind::Float | Kind::String => {
            Err(format!("cannot assign nil to {kind}"))
        }
    }
}

/// Gives what nil is to a parameter that takes a container.
pub(crate) fn empty(kind: Kind) -> Value {
    match kind {
        Kind::Strings => Value::List(List::new(Element::String, [])),
        Kind::List => Value::List(List::new(Element::Any, [])),
        Kind::Map => Value::Map(Map::new(Element::Any, [])),
        Kind::Any | Kind::Bool | Kind::Int | Kind::Float | Kind::String => Value::Nil,
    }
}

/// Checks a computed value against the type of a parameter.
pub(super) fn checked(operand: Operand, kind: Kind) -> Result<Operand> {
    let Some(value) = operand.value() else {
        return match kind {
            Kind::Any => Ok(operand),
            Kind::Strings | Kind::List | Kind::Map => Ok(Operand::Plain(empty(kind))),
            Kind::Bool | Kind::Int | Kind::Float | Kind::String => {
                Err(format!("invalid value; expected {kind}"))
            }
        };
    };
    if accepts(kind, value) {
        return Ok(operand);
    }
    // A value behind an interface is judged by its own type, a nil by the interface's.
    let got = operand
        .concrete()
        .map_or_else(|| operand.type_name(), Value::type_name);
    Err(format!("wrong type for value; expected {kind}; got {got}"))
}

fn accepts(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Int => matches!(value, Value::Int(_)),
        Kind::Float => matches!(value, Value::Float(_)),
        Kind::String => matches!(value, Value::String(_)),
        Kind::Strings => matches!(value, Value::List(list) if *list.element() == Element::String),
        Kind::List => matches!(value, Value::List(list) if *list.element() == Element::Any),
        Kind::Map => matches!(value, Value::Map(map) if *map.element() == Element::Any),
    }
}
