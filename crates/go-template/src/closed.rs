//! Which loops say nothing but what their list says.
//!
//! The output of such a loop depends on its elements alone: its body reads no variable from outside
//! and not `$`, assigns to none, calls no function but Go's own and others that give the same for the
//! same, and no other template. So for the same list it need not be executed twice.

use std::sync::Arc;

use crate::node::{BodyId, Command, Forest, Loop, Node, Pipe, Term, TermKind};

/// Whether the loop is of this kind; `is_constant` tells functions that give the same for the same.
pub(crate) fn is_closed(forest: &Forest, range: &Loop, is_constant: &dyn Fn(&str) -> bool) -> bool {
    let mut reader = Reader {
        forest,
        is_constant,
        inside: Vec::new(),
    };
    !range.pipe.assigns && reader.branch(&range.pipe.declared, range.body)
}

struct Reader<'f> {
    forest: &'f Forest,
    is_constant: &'f dyn Fn(&str) -> bool,
    /// Variables that were declared within the loop.
    inside: Vec<&'f Arc<str>>,
}

impl<'f> Reader<'f> {
    /// A body in which these variables are declared, and forgotten at its end.
    fn branch(&mut self, declared: &'f [Arc<str>], body: BodyId) -> bool {
        let before = self.inside.len();
        self.inside.extend(declared);
        let forest = self.forest;
        let closed = forest.body(body).iter().all(|node| self.node(node));
        self.inside.truncate(before);
        closed
    }

    fn node(&mut self, node: &'f Node) -> bool {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => true,
            Node::Action(action) => {
                let closed = self.pipe(&action.pipe);
                self.inside.extend(&action.pipe.declared);
                closed
            }
            Node::If(branches) | Node::With(branches) => {
                let before = self.inside.len();
                let mut closed = true;
                for (pipe, body) in &branches.arms {
                    closed = closed && self.pipe(pipe);
                    self.inside.extend(&pipe.declared);
                    closed = closed && self.branch(&[], *body);
                }
                let otherwise = branches.otherwise;
                closed = closed && otherwise.is_none_or(|body| self.branch(&[], body));
                self.inside.truncate(before);
                closed
            }
            Node::Range(range) => {
                let otherwise = range.otherwise;
                self.pipe(&range.pipe)
                    && self.branch(&range.pipe.declared, range.body)
                    && otherwise.is_none_or(|body| self.branch(&[], body))
            }
            Node::Template(_) => false,
        }
    }

    fn pipe(&self, pipe: &Pipe) -> bool {
        !pipe.assigns && pipe.commands.iter().all(|command| self.command(command))
    }

    fn command(&self, command: &Command) -> bool {
        let terms = std::iter::once(&command.first).chain(&command.arguments);
        terms.into_iter().all(|term| self.term(term))
    }

    fn term(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Bool(_)
            | TermKind::Dot
            | TermKind::Nil
            | TermKind::Number(_)
            | TermKind::String { .. }
            | TermKind::Field(_) => true,
            TermKind::Variable { name, .. } => self.inside.contains(&name),
            TermKind::Function(name) => (self.is_constant)(name),
            TermKind::Chain { base, .. } => self.term(base),
            TermKind::Pipe(pipe) => self.pipe(pipe),
        }
    }
}
