//! The tree of a template, which prints itself the way Go does.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{number::Number, quote, text::Text};

/// A place in a list of bodies; bodies refer to each other so that no tree is deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BodyId(pub(crate) usize);

/// Everything a text defines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forest {
    /// How deep parentheses nest at most.
    pub(crate) deepest: usize,
    pub(crate) bodies: Vec<Vec<Node>>,
    pub(crate) by_name: BTreeMap<Text, BodyId>,
}

impl Forest {
    pub(crate) fn body(&self, id: BodyId) -> &[Node] {
        self.bodies.get(id.0).map_or(&[], Vec::as_slice)
    }

    /// Tells whether a body prints nothing but white space.
    pub(crate) fn is_blank(&self, id: BodyId) -> bool {
        self.body(id)
            .iter()
            .all(|node| matches!(node, Node::Text(text) if text.to_str().trim().is_empty()))
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(Text),
    Action(Action),
    If(Branches),
    With(Branches),
    Range(Loop),
    Template(Call),
    Break,
    Continue,
}

/// A pipeline in delimiters, whose value is printed.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) offset: usize,
    pub(crate) pipe: Pipe,
}

/// An `if` or `with` and what its `else` leads to.
#[derive(Clone, Debug)]
pub(crate) struct Branches {
    /// The conditions in order: the first, then each `else if` or `else with`.
    pub(crate) arms: Vec<(Pipe, BodyId)>,
    pub(crate) otherwise: Option<BodyId>,
}

/// A `range`.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) pipe: Pipe,
    pub(crate) body: BodyId,
    pub(crate) otherwise: Option<BodyId>,
    /// Whether it says nothing but what its list says.
    pub(crate) closed: bool,
}

/// A `template`, or the call a `block` makes.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) offset: usize,
    pub(crate) name: Text,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands, each taking the value of the one before it as its last argument.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    pub(crate) offset: usize,
    pub(crate) declared: Vec<Arc<str>>,
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// A word and its arguments; the parser lets none be empty.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) offset: usize,
    pub(crate) first: Term,
    pub(crate) arguments: Vec<Term>,
}

/// One operand.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) offset: usize,
    pub(crate) kind: TermKind,
}

#[derive(Clone, Debug)]
pub(crate) enum TermKind {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    String {
        literal: String,
        value: Text,
    },
    Field(Vec<Arc<str>>),
    Variable {
        name: Arc<str>,
        fields: Vec<Arc<str>>,
    },
    Function(Arc<str>),
    Chain {
        base: Box<Term>,
        fields: Vec<Arc<str>>,
    },
    Pipe(Pipe),
}

impl TermKind {
    /// Tells whether a pipeline stage after the first could take an argument here.
    pub(crate) fn is_executable(&self) -> bool {
        !matches!(
            self,
            Self::Bool(_) | Self::Dot | Self::Nil | Self::Number(_) | Self::String { .. }
        )
    }
}

/// A node an error can point at.
pub(crate) trait Located: fmt::Display {
    fn offset(&self) -> usize;
}

macro_rules! located {
    ($($Node:ty),*) => {
        $(impl Located for $Node {
            fn offset(&self) -> usize {
                self.offset
            }
        })*
    };
}

located!(Action, Call, Pipe, Command, Term);

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{}}}}}", self.pipe)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote::quoted(self.name.as_bytes()))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.declared.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.declared.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            let bar = if index > 0 { " | " } else { "" };
            write!(f, "{bar}{command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.write_in_parens(f)?;
        for argument in &self.arguments {
            f.write_str(" ")?;
            argument.write_in_parens(f)?;
        }
        Ok(())
    }
}

impl Term {
    fn write_in_parens(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pipe = matches!(self.kind, TermKind::Pipe(_));
        let (open, close) = if pipe { ("(", ")") } else { ("", "") };
        write!(f, "{open}{self}{close}")
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)
    }
}

impl fmt::Display for TermKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Dot => f.write_str("."),
            Self::Nil => f.write_str("nil"),
            Self::Number(number) => f.write_str(&number.text),
            Self::String { literal, .. } => f.write_str(literal),
            Self::Field(fields) => write_fields(f, fields),
            Self::Variable { name, fields } => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            Self::Function(name) => f.write_str(name),
            Self::Chain { base, fields } => {
                base.write_in_parens(f)?;
                write_fields(f, fields)
            }
            Self::Pipe(pipe) => write!(f, "{pipe}"),
        }
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Arc<str>]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}
