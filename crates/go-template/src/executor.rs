//! Tree and data to text. Statements wait on a stack of their own, so that
//! templates can call each other as deeply as in Go.

mod argument;
mod call;
mod expression;
mod field;
mod frame;
mod operand;
mod variable;

pub(crate) use {
    argument::empty,
    operand::{NO_VALUE, Operand},
};

use std::{io::Write, slice};

use frame::{Elements, Frame, Scope, Step};
use variable::Variables;

use crate::{
    error::{self, Error},
    format,
    function::Host,
    memory::Memory,
    node::{Action, BodyId, Branches, Call, Located, Loop, Node},
    quote,
    template::Parsed,
    text::Text,
    value::{List, Value},
};

/// How many templates may be in the middle of calling each other, as in Go.
const MAX_CALLS: usize = 100_000;

/// One execution of a template.
pub(crate) struct Executor<'t> {
    parsed: &'t Parsed,
    host: &'t dyn Host,
    memory: Option<&'t mut Memory>,
    /// The name of the template being executed.
    template: Text,
    /// The node an error would be blamed on.
    place: Option<&'t dyn Located>,
    variables: Variables<'t>,
    frames: Vec<Frame<'t>>,
    calls: usize,
    output: Vec<u8>,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl<'t> Executor<'t> {
    /// Prepares to execute one of the templates of a text.
    pub(crate) fn new(
        parsed: &'t Parsed,
        template: &Text,
        data: &Value,
        host: &'t dyn Host,
        memory: Option<&'t mut Memory>,
    ) -> Result<Self, Error> {
        let Some(&body) = parsed.forest.by_name.get(template) else {
            let (name, wanted) = (parsed.name.to_str(), template.to_str());
            return Err(Error::unknown_template(&name, &wanted));
        };
        let mut executor = Self {
            parsed,
            host,
            memory,
            template: template.clone(),
            place: None,
            variables: Variables::default(),
            frames: Vec::new(),
            calls: 0,
            output: Vec::new(),
        };
        let data = Operand::plain(data.clone());
        executor.variables.push("$", data.clone());
        executor.enter(body, data, Scope::from(0));
        Ok(executor)
    }

    /// Executes to the end and gives the output.
    pub(crate) fn run(mut self) -> Result<Vec<u8>, Error> {
        while let Some(frame) = self.frames.last_mut() {
            let step = match frame.next() {
                Step::Statement(node, dot) => self.statement(node, &dot),
                Step::Element(range, index, element) => self.iterate(range, index, element),
                Step::Done => {
                    self.leave();
                    Ok(())
                }
            };
            step.map_err(|message| self.error(message))?;
        }
        Ok(self.output)
    }

    fn error(&self, message: String) -> Error {
        let offset = self.place.map_or(0, Located::offset);
        let position = error::position(&self.parsed.source, offset);
        let context = self.place.map(ToString::to_string).unwrap_or_default();
        Error::execute(
            &self.parsed.name.to_str(),
            position,
            message,
            &self.template.to_str(),
            context,
        )
    }

    fn enter(&mut self, body: BodyId, dot: Operand, scope: Scope) {
        let nodes = self.parsed.forest.body(body).iter();
        self.frames.push(Frame::Body { nodes, dot, scope });
    }

    /// Leaves the innermost frame and forgets the variables it declared.
    fn leave(&mut self) {
        match self.frames.pop() {
            Some(Frame::Body { scope, .. }) => self.variables.truncate(scope.variables()),
            Some(Frame::Loop {
                range,
                scope,
                began,
                ..
            }) => {
                self.variables.truncate(scope.variables());
                if let (Some(memory), Some((list, from))) = (&mut self.memory, began) {
                    memory.note(range.body, list, &self.output[from..]);
                }
            }
            Some(Frame::Call { template, base }) => {
                self.template = template;
                self.variables.return_to(base);
                self.calls -= 1;
            }
            None => {}
        }
    }

    fn statement(&mut self, node: &'t Node, dot: &Operand) -> Result<()> {
        match node {
            Node::Text(text) => self.output.extend_from_slice(text.as_bytes()),
            Node::Action(action) => self.print(action, dot)?,
            Node::If(branches) => self.branch(branches, dot, |_| dot.clone())?,
            Node::With(branches) => self.branch(branches, dot, Clone::clone)?,
            Node::Range(range) => self.range(range, dot)?,
            Node::Template(call) => self.call(call, dot)?,
            Node::Break => self.leave_body_of_loop(Frame::exhaust),
            Node::Continue => self.leave_body_of_loop(|_| {}),
        }
        Ok(())
    }

    fn print(&mut self, action: &'t Action, dot: &Operand) -> Result<()> {
        let operand = self.pipe(&action.pipe, dot)?;
        if !action.pipe.declared.is_empty() {
            return Ok(());
        }
        self.place = Some(action);
        let Some(value) = operand.concrete() else {
            self.output.extend_from_slice(NO_VALUE.as_bytes());
            return Ok(());
        };
        if let Value::Function(function) = value {
            return Err(format!(
                "can't print {action} of type {}",
                function.type_name()
            ));
        }
        // What nearly all actions come to needs no formatter in between.
        if let Value::String(text) = value {
            self.output.extend_from_slice(text.as_bytes());
        } else if let Value::Int(int) = value {
            // Writing to memory does not fail.
            let _ = write!(self.output, "{int}");
        } else {
            self.output.extend(format::print(slice::from_ref(value)));
        }
        Ok(())
    }

    /// Enters the body of the first arm that holds, with the dot it asks for.
    fn branch(
        &mut self,
        branches: &'t Branches,
        dot: &Operand,
        inside: impl Fn(&Operand) -> Operand,
    ) -> Result<()> {
        let scope = Scope::from(self.variables.len());
        for (pipe, body) in &branches.arms {
            let value = self.pipe(pipe, dot)?;
            if value.is_true() {
                self.enter(*body, inside(&value), scope);
                return Ok(());
            }
        }
        self.enter_otherwise(branches.otherwise, dot, scope);
        Ok(())
    }

    fn enter_otherwise(&mut self, otherwise: Option<BodyId>, dot: &Operand, scope: Scope) {
        match otherwise {
            Some(body) => self.enter(body, dot.clone(), scope),
            None => self.variables.truncate(scope.variables()),
        }
    }

    fn range(&mut self, range: &'t Loop, dot: &Operand) -> Result<()> {
        let scope = Scope::from(self.variables.len());
        let value = self.pipe(&range.pipe, dot)?;
        let elements = Elements::of(&value, range.pipe.declared.len())?;
        if elements.is_empty() {
            self.enter_otherwise(range.otherwise, dot, scope);
        } else if self.recall(range, &value) {
            self.variables.truncate(scope.variables());
        } else {
            self.frames.push(Frame::Loop {
                range,
                elements,
                scope,
                began: self.listed(range, &value),
            });
        }
        Ok(())
    }

    /// Says again what the loop said over this very list, if that is remembered.
    fn recall(&mut self, range: &Loop, value: &Operand) -> bool {
        let listed = self.listed(range, value);
        let (Some(memory), Some((list, _))) = (&mut self.memory, listed) else {
            return false;
        };
        let said = memory.recall(range.body, &list);
        said.map(|text| self.output.extend_from_slice(text))
            .is_some()
    }

    /// The list of a loop whose output is worth remembering, and where it begins.
    fn listed(&self, range: &Loop, value: &Operand) -> Option<(List, usize)> {
        let list = value.value().and_then(Value::as_list);
        let list = list.filter(|list| range.closed && list.identity().is_some())?;
        let listens = self.memory.is_some();
        listens.then(|| (list.clone(), self.output.len()))
    }

    /// Runs the body of a loop for one element.
    fn iterate(&mut self, range: &'t Loop, index: Operand, element: Operand) -> Result<()> {
        let pipe = &range.pipe;
        match pipe.declared.as_slice() {
            [] => {}
            [name] if pipe.assigns => self.variables.assign(name, element.clone())?,
            [first, second, ..] if pipe.assigns => {
                self.variables.assign(first, index)?;
                self.variables.assign(second, element.clone())?;
            }
            [_] => self.variables.set_from_top(1, element.clone()),
            [_, _, ..] => {
                self.variables.set_from_top(1, element.clone());
                self.variables.set_from_top(2, index);
            }
        }
        let scope = Scope::from(self.variables.len());
        self.enter(range.body, element, scope);
        Ok(())
    }

    fn leave_body_of_loop(&mut self, then: impl Fn(&mut Frame<'t>)) {
        while let Some(Frame::Body { scope, .. }) = self.frames.last() {
            self.variables.truncate(scope.variables());
            self.frames.pop();
        }
        if let Some(frame) = self.frames.last_mut() {
            then(frame);
        }
    }

    fn call(&mut self, call: &'t Call, dot: &Operand) -> Result<()> {
        self.place = Some(call);
        let Some(&body) = self.parsed.forest.by_name.get(&call.name) else {
            return Err(format!(
                "template {} not defined",
                quote::quoted(call.name.as_bytes())
            ));
        };
        if self.calls == MAX_CALLS {
            return Err(format!("exceeded maximum template depth ({MAX_CALLS})"));
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Operand::Absent,
        };
        self.calls += 1;
        let template = std::mem::replace(&mut self.template, call.name.clone());
        let base = self.variables.hide();
        self.frames.push(Frame::Call { template, base });
        let scope = Scope::from(self.variables.len());
        self.variables.push("$", dot.clone());
        self.enter(body, dot, scope);
        Ok(())
    }
}
