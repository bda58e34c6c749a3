//! Tokens to tree: pipelines and what they are made of.

use std::sync::Arc;

use super::{Parser, Result, unexpected};
use crate::{
    node::{Command, Pipe, Term, TermKind},
    number::Number,
    quote,
    text::Text,
    token::{Keyword, Kind, Token},
};

/// How many parentheses may stand within each other. Go allows 10000; here each
/// level costs the program's stack, both in parsing and in executing.
const MAX_DEPTH: usize = 200;

impl<'t, 's> Parser<'t, 's> {
    /// Reads a pipeline and the token that ends it.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let offset = self.cursor.peek_non_space().offset;
        let mut pipe = Pipe {
            offset,
            declared: Vec::new(),
            assigns: false,
            commands: Vec::new(),
        };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let token = self.cursor.next_non_space();
            if token.kind == end {
                check_stages(&pipe, context)?;
                return Ok(pipe);
            }
            if !starts_operand(token.kind) {
                return Err(unexpected(token, context));
            }
            self.cursor.back();
            let command = self.command()?;
            pipe.commands.push(command);
        }
    }

    /// Reads a variable being declared, and tells whether another one follows.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Result<bool> {
        let token = self.cursor.peek_non_space();
        if token.kind != Kind::Variable {
            return Ok(false);
        }
        let place = self.cursor.place();
        self.cursor.next();
        let next = self.cursor.next_non_space();
        let comma = next.kind == Kind::Char && next.text == ",";
        if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
            self.cursor.return_to(place);
            return Ok(false);
        }
        let name: Arc<str> = Arc::from(&*token.text);
        pipe.declared.push(name.clone());
        self.variables.push(name);
        if !comma {
            pipe.assigns = next.kind == Kind::Assign;
            return Ok(false);
        }
        if context != "range" || pipe.declared.len() > 1 {
            return Err(format!("too many declarations in {context}"));
        }
        let after = self.cursor.peek_non_space().kind;
        if !matches!(after, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
            return Err("range can only initialize variables".to_owned());
        }
        Ok(true)
    }

    fn command(&mut self) -> Result<Command> {
        let offset = self.cursor.peek_non_space().offset;
        let mut words = Vec::new();
        loop {
            words.extend(self.operand()?);
            let token = self.cursor.next();
            if token.kind == Kind::Pipe {
                break;
            }
            if matches!(token.kind, Kind::RightDelim | Kind::RightParen) {
                self.cursor.back();
                break;
            }
            if token.kind != Kind::Space {
                return Err(unexpected(token, "operand"));
            }
        }
        let mut words = words.into_iter();
        let first = words.next().ok_or("empty command")?;
        Ok(Command {
            offset,
            first,
            arguments: words.collect(),
        })
    }

    /// Reads a term and the fields after it, if there is a term.
    fn operand(&mut self) -> Result<Option<Term>> {
        let Some(mut term) = self.term()? else {
            return Ok(None);
        };
        let first = self.cursor.peek();
        let mut fields: Vec<Arc<str>> = Vec::new();
        while self.cursor.peek().kind == Kind::Field {
            fields.push(field_name(self.cursor.next()));
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        match &mut term.kind {
            TermKind::Field(names) | TermKind::Variable { fields: names, .. } => {
                names.extend(fields);
                term.offset = first.offset;
            }
            TermKind::Pipe(_) | TermKind::Function(_) | TermKind::Chain { .. } => {
                term = Term {
                    offset: first.offset,
                    kind: TermKind::Chain {
                        base: Box::new(term),
                        fields,
                    },
                };
            }
            TermKind::Bool(_)
            | TermKind::Dot
            | TermKind::Nil
            | TermKind::Number(_)
            | TermKind::String { .. } => {
                return Err(format!(
                    "unexpected . after term {}",
                    quote::quoted(term.to_string().as_bytes())
                ));
            }
        }
        Ok(Some(term))
    }

    fn term(&mut self) -> Result<Option<Term>> {
        let token = self.cursor.next_non_space();
        if token.kind == Kind::LeftParen {
            let pipe = self.parenthesized()?;
            return Ok(Some(Term {
                offset: pipe.offset,
                kind: TermKind::Pipe(pipe),
            }));
        }
        let kind = self.simple_term(token)?;
        if kind.is_none() {
            self.cursor.back();
        }
        Ok(kind.map(|kind| Term {
            offset: token.offset,
            kind,
        }))
    }

    fn parenthesized(&mut self) -> Result<Pipe> {
        if self.depth == MAX_DEPTH {
            return Err("max expression depth exceeded".to_owned());
        }
        self.depth += 1;
        self.forest.deepest = self.forest.deepest.max(self.depth);
        let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
        self.depth -= 1;
        Ok(pipe)
    }

    fn simple_term(&self, token: &'t Token<'s>) -> Result<Option<TermKind>> {
        let text = &*token.text;
        Ok(Some(match token.kind {
            Kind::Identifier if (self.is_function)(text) => TermKind::Function(text.into()),
            Kind::Identifier => {
                return Err(format!(
                    "function {} not defined",
                    quote::quoted(text.as_bytes())
                ));
            }
            Kind::Keyword(Keyword::Dot) => TermKind::Dot,
            Kind::Keyword(Keyword::Nil) => TermKind::Nil,
            Kind::Variable => self.variable(text)?,
            Kind::Field => TermKind::Field(vec![field_name(token)]),
            Kind::Bool => TermKind::Bool(text == "true"),
            Kind::CharConstant => TermKind::Number(Number::parse_char(text)?),
            Kind::Complex => TermKind::Number(Number::parse_complex(text)?),
            Kind::Number => TermKind::Number(Number::parse(text)?),
            Kind::String | Kind::RawString => {
                let value = quote::unquote(text)
                    .map(Text::from)
                    .ok_or("invalid syntax")?;
                TermKind::String {
                    literal: text.to_owned(),
                    value,
                }
            }
            Kind::Keyword(_)
            | Kind::Error
            | Kind::Eof
            | Kind::Text
            | Kind::LeftDelim
            | Kind::RightDelim
            | Kind::LeftParen
            | Kind::RightParen
            | Kind::Space
            | Kind::Pipe
            | Kind::Declare
            | Kind::Assign
            | Kind::Char => return Ok(None),
        }))
    }

    fn variable(&self, name: &str) -> Result<TermKind> {
        let known = self.variables[self.scope()..]
            .iter()
            .any(|variable| &**variable == name);
        if !known {
            return Err(format!(
                "undefined variable {}",
                quote::quoted(name.as_bytes())
            ));
        }
        Ok(TermKind::Variable {
            name: name.into(),
            fields: Vec::new(),
        })
    }
}

fn field_name(token: &Token<'_>) -> Arc<str> {
    Arc::from(token.text.trim_start_matches('.'))
}

fn starts_operand(kind: Kind) -> bool {
    let term =
        Kind::Bool == kind || matches!(kind, Kind::CharConstant | Kind::Complex | Kind::Number);
    let name = matches!(kind, Kind::Field | Kind::Identifier | Kind::Variable);
    let text = matches!(kind, Kind::RawString | Kind::String);
    let word = matches!(kind, Kind::Keyword(Keyword::Dot | Keyword::Nil));
    term || name || text || word || kind == Kind::LeftParen
}

/// Only the first stage of a pipeline may be a plain value.
fn check_stages(pipe: &Pipe, context: &str) -> Result<()> {
    if pipe.commands.is_empty() {
        return Err(format!("missing value for {context}"));
    }
    let stage = pipe
        .commands
        .iter()
        .skip(1)
        .position(|command| !command.first.kind.is_executable());
    match stage {
        Some(stage) => Err(format!(
            "non executable command in pipeline stage {}",
            stage + 2
        )),
        None => Ok(()),
    }
}
