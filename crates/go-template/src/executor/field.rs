//! Fields of maps and objects, and methods.

use super::{Executor, Operand, Result, call::Passed, expression::not_a_function};
use crate::{
    node::{Term, TermKind},
    quote,
    template::MissingKey,
    value::{Map, Object, Value},
};

impl<'t> Executor<'t> {
    /// Evaluates a term with fields; only the last of them can be a method with arguments.
    pub(super) fn fields(
        &mut self,
        term: &'t Term,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Operand> {
        self.place = Some(term);
        let (mut receiver, fields) = match &term.kind {
            TermKind::Field(fields) => (dot.clone(), fields),
            TermKind::Variable { name, fields } => (self.variables.value(name)?, fields),
            TermKind::Chain { base, fields } => (self.term(base, dot)?, fields),
            TermKind::Bool(_)
            | TermKind::Dot
            | TermKind::Nil
            | TermKind::Number(_)
            | TermKind::String { .. }
            | TermKind::Function(_)
            | TermKind::Pipe(_) => {
                let shown = quote::quoted(term.to_string().as_bytes());
                return Err(format!("can't evaluate command {shown}"));
            }
        };
        let Some((last, first)) = fields.split_last() else {
            not_a_function(term, &passed)?;
            return Ok(receiver);
        };
        for field in first {
            receiver = self.field(&receiver, field, term, Passed::nothing(), dot)?;
        }
        self.field(&receiver, last, term, passed, dot)
    }

    fn field(
        &mut self,
        receiver: &Operand,
        name: &'t str,
        term: &'t Term,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Operand> {
        match receiver.value() {
            None if self.parsed.missing_key == MissingKey::Error => {
                Err(format!("nil data; no entry for key \"{name}\""))
            }
            None => Ok(Operand::Absent),
            Some(Value::Nil) => Err(format!(
                "nil pointer evaluating {}.{name}",
                receiver.type_name()
            )),
            Some(Value::Map(map)) if passed.is_empty() => self.entry(map, name),
            Some(Value::Map(_)) => Err(format!("{name} is not a method but has arguments")),
            Some(Value::Object(object)) => self.member(&**object, name, term, passed, dot),
            Some(_) => Err(format!(
                "can't evaluate field {name} in type {}",
                receiver.type_name()
            )),
        }
    }

    fn entry(&self, map: &Map, name: &str) -> Result<Operand> {
        if let Some(value) = map.entry(name.as_bytes()) {
            return Ok(Operand::element(map.element(), value.clone()));
        }
        match self.parsed.missing_key {
            MissingKey::Default => Ok(Operand::Absent),
            MissingKey::Zero => Ok(Operand::element(map.element(), map.element().zero())),
            MissingKey::Error => Err(format!("map has no entry for key \"{name}\"")),
        }
    }

    fn member(
        &mut self,
        object: &dyn Object,
        name: &'t str,
        term: &'t Term,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Operand> {
        if let Some(method) = object.method(name) {
            return self.call_function(&method, name, term, passed, dot);
        }
        if object.is_nil() {
            return Err(format!(
                "nil pointer evaluating {}.{name}",
                object.type_name()
            ));
        }
        match object.field(name) {
            Some(_) if !passed.is_empty() => Err(format!(
                "{name} has arguments but cannot be invoked as function"
            )),
            Some(value) => Ok(Operand::plain(value)),
            None => Err(format!(
                "can't evaluate field {name} in type {}",
                object.type_name()
            )),
        }
    }
}
