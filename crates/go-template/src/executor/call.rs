//! Calls of functions: how many arguments, of which types, and what comes back.

use super::{Executor, Operand, Result, argument};
use crate::{
    builtin::{self, Body},
    function::{Function, Known, Signature},
    node::{Located, Term},
    value::Value,
};

/// The arguments of a call: those written, then the value of the stage before.
pub(super) struct Passed<'t> {
    pub(super) terms: &'t [Term],
    pub(super) last: Option<Operand>,
}

impl Passed<'_> {
    pub(super) fn nothing() -> Self {
        Self {
            terms: &[],
            last: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.last.is_none()
    }

    fn len(&self) -> usize {
        self.terms.len() + usize::from(self.last.is_some())
    }
}

impl<'t> Executor<'t> {
    /// Calls a function by name; `site` is what an error of the function is blamed on.
    pub(super) fn function(
        &mut self,
        name: &'t str,
        word: &'t Term,
        site: &'t dyn Located,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Operand> {
        self.place = Some(word);
        match self.parsed.functions.find(name) {
            Some(Known::Defined(function)) => {
                return self.call_function(function, name, site, passed, dot);
            }
            Some(Known::Declared(signature, number)) => {
                let values = self.values(signature, name, passed, dot)?;
                let called = self.host.call(*number, &values);
                return self.blame(called.map(Operand::plain), name, site);
            }
            None => {}
        }
        let Some(builtin) = builtin::find(name) else {
            return Err(format!("\"{name}\" is not a defined function"));
        };
        let signature = builtin.signature();
        check_count(&signature, name, &passed)?;
        match builtin.body() {
            Body::Decide(truth) => self.decide(passed, dot, truth),
            Body::Call => {
                let callee = passed
                    .terms
                    .first()
                    .map_or_else(|| "value".to_owned(), ToString::to_string);
                let operands = self.arguments(&signature, passed, dot)?;
                self.blame(builtin::call(&callee, &operands), name, site)
            }
            Body::Plain(body) => {
                let operands = self.arguments(&signature, passed, dot)?;
                self.blame(body(&operands), name, site)
            }
        }
    }

    /// Calls a function of the caller's, or a method.
    pub(super) fn call_function(
        &mut self,
        function: &Function,
        name: &str,
        site: &'t dyn Located,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Operand> {
        let values = self.values(function.signature(), name, passed, dot)?;
        self.blame(function.call(&values).map(Operand::plain), name, site)
    }

    fn values(
        &mut self,
        signature: &Signature,
        name: &str,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Vec<Value>> {
        check_count(signature, name, &passed)?;
        let operands = self.arguments(signature, passed, dot)?;
        Ok(operands.into_iter().map(Operand::into_value).collect())
    }

    fn blame(
        &mut self,
        called: Result<Operand>,
        name: &str,
        site: &'t dyn Located,
    ) -> Result<Operand> {
        called.map_err(|message| {
            self.place = Some(site);
            format!("error calling {name}: {message}")
        })
    }

    /// Evaluates arguments up to the first whose truth decides, and gives that one.
    fn decide(&mut self, passed: Passed<'t>, dot: &Operand, truth: bool) -> Result<Operand> {
        let mut value = Operand::Absent;
        for term in passed.terms {
            value = self.term(term, dot)?;
            if value.is_true() == truth {
                return Ok(value);
            }
        }
        Ok(passed.last.unwrap_or(value))
    }

    fn arguments(
        &mut self,
        signature: &Signature,
        passed: Passed<'t>,
        dot: &Operand,
    ) -> Result<Vec<Operand>> {
        let mut operands = Vec::with_capacity(passed.len());
        for (index, term) in passed.terms.iter().enumerate() {
            operands.push(self.argument(signature.kind(index), term, dot)?);
        }
        if let Some(last) = passed.last {
            operands.push(argument::checked(last, signature.kind(operands.len()))?);
        }
        Ok(operands)
    }
}

fn check_count(signature: &Signature, name: &str, passed: &Passed<'_>) -> Result<()> {
    let (want, got) = (signature.fixed(), passed.len());
    if signature.is_variadic() && got < want {
        // Go does not count the piped argument in this message.
        return Err(format!(
            "wrong number of args for {name}: want at least {want} got {}",
            passed.terms.len()
        ));
    }
    if !signature.is_variadic() && got != want {
        return Err(format!(
            "wrong number of args for {name}: want {want} got {got}"
        ));
    }
    Ok(())
}
