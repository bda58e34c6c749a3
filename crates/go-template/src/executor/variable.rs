//! The variables in scope.

use std::mem;

use super::{Operand, Result};

/// A stack of variables, of which a template sees only its own.
#[derive(Default)]
pub(super) struct Variables<'t> {
    stack: Vec<(&'t str, Operand)>,
    /// Where the variables of the current template start.
    base: usize,
}

impl<'t> Variables<'t> {
    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn push(&mut self, name: &'t str, operand: Operand) {
        self.stack.push((name, operand));
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.stack.truncate(length);
    }

    /// Hides everything from the template about to be called; gives what undoes it.
    pub(super) fn hide(&mut self) -> usize {
        mem::replace(&mut self.base, self.stack.len())
    }

    pub(super) fn return_to(&mut self, base: usize) {
        self.stack.truncate(self.base);
        self.base = base;
    }

    pub(super) fn value(&self, name: &str) -> Result<Operand> {
        let found = self.stack[self.base..]
            .iter()
            .rfind(|(known, _)| *known == name);
        found
            .map(|(_, operand)| operand.clone())
            .ok_or_else(|| undefined(name))
    }

    pub(super) fn assign(&mut self, name: &str, operand: Operand) -> Result<()> {
        let found = self.stack[self.base..]
            .iter_mut()
            .rfind(|(known, _)| *known == name);
        found.ok_or_else(|| undefined(name))?.1 = operand;
        Ok(())
    }

    /// Replaces the value of the variable that was declared last, or last but one.
    pub(super) fn set_from_top(&mut self, distance: usize, operand: Operand) {
        let index = self.stack.len().checked_sub(distance);
        if let Some(variable) = index.and_then(|index| self.stack.get_mut(index)) {
            variable.1 = operand;
        }
    }
}

fn undefined(name: &str) -> String {
    format!("undefined variable: {name}")
}
