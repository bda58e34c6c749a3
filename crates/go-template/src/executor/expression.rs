//! Pipelines and commands: everything that has a value.

use super::{Executor, Operand, Result, call::Passed};
use crate::{
    node::{Command, Pipe, Term, TermKind},
    number::Number,
    value::Value,
};

impl<'t> Executor<'t> {
    /// Evaluates a pipeline and sets the variables it declares.
    pub(super) fn pipe(&mut self, pipe: &'t Pipe, dot: &Operand) -> Result<Operand> {
        self.place = Some(pipe);
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?.unboxed());
        }
        let value = last.unwrap_or(Operand::Absent);
        for name in &pipe.declared {
            if pipe.assigns {
                self.variables.assign(name, value.clone())?;
            } else {
                self.variables.push(name, value.clone());
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        command: &'t Command,
        dot: &Operand,
        last: Option<Operand>,
    ) -> Result<Operand> {
        let word = &command.first;
        let passed = Passed {
            terms: &command.arguments,
            last,
        };
        match &word.kind {
            TermKind::Field(_) | TermKind::Chain { .. } | TermKind::Variable { .. } => {
                self.fields(word, passed, dot)
            }
            TermKind::Function(name) => self.function(name, word, command, passed, dot),
            TermKind::Pipe(pipe) => {
                not_a_function(word, &passed)?;
                self.pipe(pipe, dot)
            }
            TermKind::Nil => {
                self.place = Some(word);
                not_a_function(word, &passed)?;
                Err("nil is not a command".to_owned())
            }
            TermKind::Bool(_) | TermKind::Dot | TermKind::Number(_) | TermKind::String { .. } => {
                self.place = Some(word);
                not_a_function(word, &passed)?;
                self.term(word, dot)
            }
        }
    }

    /// Evaluates a term that stands alone, as an argument does.
    pub(super) fn term(&mut self, term: &'t Term, dot: &Operand) -> Result<Operand> {
        self.place = Some(term);
        match &term.kind {
            TermKind::Bool(truth) => Ok(Operand::Plain(Value::Bool(*truth))),
            TermKind::Dot => Ok(dot.clone()),
            TermKind::Nil => Ok(Operand::Absent),
            TermKind::Number(number) => ideal(number).map(Operand::Plain),
            TermKind::String { value, .. } => Ok(Operand::Plain(Value::String(value.clone()))),
            TermKind::Field(_) | TermKind::Chain { .. } | TermKind::Variable { .. } => {
                self.fields(term, Passed::nothing(), dot)
            }
            TermKind::Function(name) => self.function(name, term, term, Passed::nothing(), dot),
            TermKind::Pipe(pipe) => self.pipe(pipe, dot),
        }
    }
}

/// Refuses arguments after a word that cannot take any.
pub(super) fn not_a_function(word: &Term, passed: &Passed<'_>) -> Result<()> {
    if passed.is_empty() {
        Ok(())
    } else {
        Err(format!("can't give argument to non-function {word}"))
    }
}

/// Gives a number the type it has when nothing asks for another.
fn ideal(number: &Number) -> Result<Value> {
    if let Some((real, imaginary)) = number.complex {
        return Ok(Value::Complex(real, imaginary));
    }
    match (number.int, number.float) {
        (_, Some(float)) if number.is_ideal_float() => Ok(Value::Float(float)),
        (Some(int), _) => Ok(Value::Int(int)),
        _ => Err(format!("{} overflows int", number.text)),
    }
}
