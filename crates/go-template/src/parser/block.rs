//! The blocks that wait for their `end`.

use super::{Parser, Result, unexpected};
use crate::{
    node::{BodyId, Branches, Call, Loop, Node},
    text::Text,
    token::{Keyword, Kind},
};

/// A block whose end has not been read yet.
pub(super) struct Open {
    pub(super) owner: Owner,
    pub(super) body: BodyId,
    /// How many variables were in scope before it.
    variables: usize,
}

/// What a body belongs to.
pub(super) enum Owner {
    Text,
    Define(Text),
    Block(Call),
    If(Branches, Part),
    With(Branches, Part),
    Range(Loop, Part),
}

/// Which part of a control structure is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Else,
}

/// The control structures by the keyword that starts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    If,
    Range,
    With,
}

impl Ending {
    fn context(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Range => "range",
            Self::With => "with",
        }
    }
}

impl Parser<'_, '_> {
    pub(super) fn append(&mut self, node: Node) {
        let body = self
            .open
            .last()
            .and_then(|open| self.forest.bodies.get_mut(open.body.0));
        if let Some(body) = body {
            body.push(node);
        }
    }

    fn new_body(&mut self) -> BodyId {
        self.forest.bodies.push(Vec::new());
        BodyId(self.forest.bodies.len() - 1)
    }

    /// Opens a template's body, in which only `$` is known.
    pub(super) fn open_block(&mut self, owner: Owner) {
        let body = self.new_body();
        self.open.push(Open {
            owner,
            body,
            variables: self.variables.len(),
        });
        self.variables.push("$".into());
    }

    /// Gives the index from which variables are visible.
    pub(super) fn scope(&self) -> usize {
        let template = self.open.iter().rfind(|open| open.owner.is_template());
        template.map_or(0, |open| open.variables)
    }

    pub(super) fn in_loop(&self) -> bool {
        let inside = self
            .open
            .iter()
            .rev()
            .take_while(|open| !open.owner.is_template());
        inside
            .into_iter()
            .any(|open| matches!(open.owner, Owner::Range(_, Part::First)))
    }

    pub(super) fn control(&mut self, ending: Ending) -> Result<()> {
        let variables = self.variables.len();
        let pipe = self.pipeline(ending.context(), Kind::RightDelim)?;
        let body = self.new_body();
        let branches = |pipe| Branches {
            arms: vec![(pipe, body)],
            otherwise: None,
        };
        let owner = match ending {
            Ending::If => Owner::If(branches(pipe), Part::First),
            Ending::With => Owner::With(branches(pipe), Part::First),
            Ending::Range => Owner::Range(
                Loop {
                    pipe,
                    body,
                    otherwise: None,
                    closed: false,
                },
                Part::First,
            ),
        };
        self.open.push(Open {
            owner,
            body,
            variables,
        });
        Ok(())
    }

    pub(super) fn else_clause(&mut self) -> Result<()> {
        let token = self.cursor.peek_non_space();
        let chains = [(Keyword::If, Ending::If), (Keyword::With, Ending::With)];
        let chained = chains
            .into_iter()
            .find_map(|(keyword, ending)| (token.kind == Kind::Keyword(keyword)).then_some(ending));
        if chained.is_none() {
            self.expect_right_delim("else")?;
        }
        let open = self.open.last().map(|open| &open.owner);
        match (open, chained) {
            (Some(Owner::If(_, Part::First)), Some(Ending::If)) => self.chain("if"),
            (Some(Owner::With(_, Part::First)), Some(Ending::With)) => self.chain("with"),
            (Some(Owner::If(..) | Owner::With(..) | Owner::Range(..)), _) => {
                self.otherwise(chained.is_some())
            }
            (Some(Owner::Define(_)), _) => Err("unexpected {{else}} in define clause".to_owned()),
            (Some(Owner::Block(_)), _) => Err("unexpected {{else}} in block clause".to_owned()),
            (Some(Owner::Text) | None, _) => Err("unexpected {{else}}".to_owned()),
        }
    }

    /// Goes on with an `else if` or `else with` as one more arm of the same block.
    fn chain(&mut self, context: &str) -> Result<()> {
        self.cursor.next_non_space();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let id = self.new_body();
        if let Some(Open {
            owner: Owner::If(branches, _) | Owner::With(branches, _),
            body,
            ..
        }) = self.open.last_mut()
        {
            branches.arms.push((pipe, id));
            *body = id;
        }
        Ok(())
    }

    fn otherwise(&mut self, chained: bool) -> Result<()> {
        let id = self.new_body();
        let Some(Open { owner, body, .. }) = self.open.last_mut() else {
            return Ok(());
        };
        let (slot, part) = match owner {
            Owner::If(branches, part) | Owner::With(branches, part) => {
                (&mut branches.otherwise, part)
            }
            Owner::Range(range, part) => (&mut range.otherwise, part),
            Owner::Text | Owner::Define(_) | Owner::Block(_) => return Ok(()),
        };
        if *part == Part::Else {
            return Err("expected end; found {{else}}".to_owned());
        }
        (*slot, *body, *part) = (Some(id), id, Part::Else);
        if chained {
            // The other keyword is left over, where a text or an action should be.
            let token = self.cursor.next_non_space();
            return Err(unexpected(token, "input"));
        }
        Ok(())
    }

    pub(super) fn end_clause(&mut self) -> Result<()> {
        self.expect_right_delim("end")?;
        if self.open.len() == 1 {
            return Err("unexpected {{end}}".to_owned());
        }
        let Some(Open {
            owner,
            body,
            variables,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        self.variables.truncate(variables);
        match owner {
            Owner::If(branches, _) => self.append(Node::If(branches)),
            Owner::With(branches, _) => self.append(Node::With(branches)),
            Owner::Range(range, _) => self.append(Node::Range(range)),
            Owner::Define(name) => self.define(name, body)?,
            Owner::Block(call) => {
                self.define(call.name.clone(), body)?;
                self.append(Node::Template(call));
            }
            Owner::Text => {}
        }
        Ok(())
    }
}

impl Owner {
    /// Tells whether the body is a template of its own, which sees no outer variables.
    fn is_template(&self) -> bool {
        matches!(self, Self::Text | Self::Define(_) | Self::Block(_))
    }
}
