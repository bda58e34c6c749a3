//! What is left to do, innermost last.

use std::slice;

use super::{Operand, Result};
use crate::{
    node::{Loop, Node},
    text::Text,
    value::{List, Map, Value},
};

/// How many variables to keep when a body ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope(usize);

impl From<usize> for Scope {
    fn from(variables: usize) -> Self {
        Self(variables)
    }
}

impl Scope {
    pub(super) fn variables(self) -> usize {
        self.0
    }
}

pub(super) enum Frame<'t> {
    Body {
        nodes: slice::Iter<'t, Node>,
        dot: Operand,
        scope: Scope,
    },
    Loop {
        range: &'t Loop,
        elements: Elements,
        scope: Scope,
        /// The list and where the output began, for whoever remembers what it says.
        began: Option<(List, usize)>,
    },
    /// The template to go back to.
    Call { template: Text, base: usize },
}

/// What a frame does next.
pub(super) enum Step<'t> {
    Statement(&'t Node, Operand),
    Element(&'t Loop, Operand, Operand),
    Done,
}

impl<'t> Frame<'t> {
    pub(super) fn next(&mut self) -> Step<'t> {
        match self {
            Self::Body { nodes, dot, .. } => nodes
                .next()
                .map_or(Step::Done, |node| Step::Statement(node, dot.clone())),
            Self::Loop {
                range, elements, ..
            } => match elements.next() {
                Some((index, element)) => Step::Element(range, index, element),
                None => Step::Done,
            },
            Self::Call { .. } => Step::Done,
        }
    }

    /// Drops the elements a loop has not come to.
    pub(super) fn exhaust(&mut self) {
        if let Self::Loop { elements, .. } = self {
            *elements = Elements::None;
        }
    }
}

/// The elements of a `range` that are still to come.
pub(super) enum Elements {
    None,
    Counted { next: i64, end: i64 },
    Listed { list: List, next: usize },
    Keyed { map: Map, last: Option<Text> },
}

impl Elements {
    /// Gives what a value ranges over.
    pub(super) fn of(operand: &Operand, variables: usize) -> Result<Self> {
        let Some(value) = operand.concrete() else {
            return Ok(Self::None);
        };
        if let Value::List(list) = value {
            return Ok(Self::Listed {
                list: list.clone(),
                next: 0,
            });
        }
        if let Value::Map(map) = value {
            return Ok(Self::Keyed {
                map: map.clone(),
                last: None,
            });
        }
        if matches!(value, Value::Object(object) if object.is_nil()) {
            return Ok(Self::None);
        }
        let end = count(value)?;
        if variables > 1 {
            return Err(format!(
                "can't use {end} to iterate over more than one variable"
            ));
        }
        Ok(Self::Counted { next: 0, end })
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Counted { next, end } => next >= end,
            Self::Listed { list, next } => *next >= list.len(),
            Self::Keyed { map, .. } => map.is_empty(),
        }
    }

    fn next(&mut self) -> Option<(Operand, Operand)> {
        match self {
            Self::None => None,
            Self::Counted { next, end } => (*next < *end).then(|| {
                *next += 1;
                (Operand::Absent, Operand::Plain(Value::Int(*next - 1)))
            }),
            Self::Listed { list, next } => list.get(*next).map(|item| {
                let index = i64::try_from(*next).unwrap_or(i64::MAX);
                *next += 1;
                (
                    Operand::Plain(Value::Int(index)),
                    Operand::element(list.element(), item),
                )
            }),
            Self::Keyed { map, last } => {
                let (key, value) = map.entry_after(last.as_ref())?;
                *last = Some(key.clone());
                let value = Operand::element(map.element(), value.clone());
                Some((Operand::Plain(Value::String(key.clone())), value))
            }
        }
    }
}

fn count(value: &Value) -> Result<i64> {
    if let Some(int) = value.as_int() {
        return Ok(int);
    }
    let uint = value
        .as_uint()
        .ok_or_else(|| format!("range can't iterate over {value}"))?;
    Ok(i64::try_from(uint).unwrap_or(i64::MAX))
}
