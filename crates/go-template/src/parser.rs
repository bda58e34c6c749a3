//! Tokens to tree: the statements. Open blocks wait on a stack of their own,
//! so that no nesting of blocks can exhaust the program's.

mod block;
mod cursor;
mod expression;

use std::sync::Arc;

use block::{Ending, Open, Owner};
use cursor::Cursor;

use crate::{
    error::{self, Error},
    lexer::{self, PlainWords},
    node::{Action, BodyId, Call, Forest, Node, Pipe},
    quote,
    text::Text,
    token::{Keyword, Kind, Token},
};

/// What the parser has to know besides the text.
pub(crate) struct Context<'c> {
    pub(crate) name: &'c str,
    pub(crate) left: &'c str,
    pub(crate) right: &'c str,
    pub(crate) is_function: &'c dyn Fn(&str) -> bool,
}

/// Parses a text and all the templates it defines.
pub(crate) fn parse(source: &str, context: &Context<'_>) -> Result<Forest, Error> {
    let plain = PlainWords {
        r#break: (context.is_function)("break"),
        r#continue: (context.is_function)("continue"),
    };
    let tokens = lexer::tokens(source, context.left, context.right, plain);
    let mut parser = Parser::new(&tokens, context);
    parser.run().map_err(|message| {
        // Like Go, the parser stands where the lexer has got to.
        let furthest = parser.cursor.furthest();
        let (line, column) = error::position(source, furthest.offset);
        let lexical = furthest.kind == Kind::Error && furthest.text == message;
        let started = parser
            .action
            .filter(|_| lexical)
            .map(|offset| error::position(source, offset).0);
        let message = match started.filter(|&started| started != line) {
            Some(started) => started_at(&message, context.name, started),
            None => message,
        };
        Error::parse(context.name, (line, column), message)
    })?;
    Ok(parser.forest)
}

fn started_at(message: &str, name: &str, line: usize) -> String {
    let place = if message.ends_with(" action") {
        ""
    } else {
        " in action"
    };
    format!("{message}{place} started at {name}:{line}")
}

pub(crate) struct Parser<'t, 's> {
    cursor: Cursor<'t, 's>,
    name: Text,
    is_function: &'t dyn Fn(&str) -> bool,
    forest: Forest,
    open: Vec<Open>,
    variables: Vec<Arc<str>>,
    /// How many parentheses are open around the current expression.
    depth: usize,
    /// Where the action being read starts.
    action: Option<usize>,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl<'t, 's> Parser<'t, 's> {
    fn new(tokens: &'t [Token<'s>], context: &Context<'t>) -> Self {
        Self {
            cursor: Cursor::new(tokens),
            name: Text::from(context.name),
            is_function: context.is_function,
            forest: Forest::default(),
            open: Vec::new(),
            variables: vec!["$".into()],
            depth: 0,
            action: None,
        }
    }

    fn run(&mut self) -> Result<()> {
        self.open_block(Owner::Text);
        loop {
            let token = self.cursor.next_non_space();
            if token.kind == Kind::Eof {
                break;
            }
            if token.kind == Kind::Text {
                self.append(Node::Text(Text::from(&*token.text)));
            } else if token.kind == Kind::LeftDelim {
                self.action = Some(token.offset);
                self.statement()?;
                self.action = None;
            } else {
                return Err(unexpected(token, "input"));
            }
        }
        match self.open.pop() {
            Some(Open {
                owner: Owner::Text,
                body,
                ..
            }) if self.open.is_empty() => self.define(self.name.clone(), body),
            _ => Err("unexpected EOF".to_owned()),
        }
    }

    fn statement(&mut self) -> Result<()> {
        let token = self.cursor.next_non_space();
        let Kind::Keyword(keyword) = token.kind else {
            return self.print(token);
        };
        match keyword {
            Keyword::Block => self.block(),
            Keyword::Break => self.leave_loop("{{break}}", Node::Break),
            Keyword::Continue => self.leave_loop("{{continue}}", Node::Continue),
            Keyword::Define if self.open.len() == 1 => self.definition(),
            Keyword::Else => self.else_clause(),
            Keyword::End => self.end_clause(),
            Keyword::If => self.control(Ending::If),
            Keyword::Range => self.control(Ending::Range),
            Keyword::Template => self.call(),
            Keyword::With => self.control(Ending::With),
            Keyword::Define | Keyword::Dot | Keyword::Nil => self.print(token),
        }
    }

    fn print(&mut self, first: &Token<'_>) -> Result<()> {
        self.cursor.back();
        let pipe = self.pipeline("command", Kind::RightDelim)?;
        self.append(Node::Action(Action {
            offset: first.offset,
            pipe,
        }));
        Ok(())
    }

    fn leave_loop(&mut self, context: &str, node: Node) -> Result<()> {
        let token = self.cursor.next_non_space();
        if token.kind != Kind::RightDelim {
            return Err(unexpected(token, context));
        }
        if !self.in_loop() {
            return Err(format!("{context} outside {{{{range}}}}"));
        }
        self.append(node);
        Ok(())
    }

    fn definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.cursor.next_non_space();
        let name = template_name(token, CONTEXT)?;
        self.expect_right_delim(CONTEXT)?;
        self.open_block(Owner::Define(name));
        Ok(())
    }

    fn block(&mut self) -> Result<()> {
        const CONTEXT: &str = "block clause";
        let token = self.cursor.next_non_space();
        let name = template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let call = Call {
            offset: token.offset,
            name,
            pipe: Some(pipe),
        };
        self.open_block(Owner::Block(call));
        Ok(())
    }

    fn call(&mut self) -> Result<()> {
        const CONTEXT: &str = "template clause";
        let token = self.cursor.next_non_space();
        let name = template_name(token, CONTEXT)?;
        let mut pipe: Option<Pipe> = None;
        if self.cursor.next_non_space().kind != Kind::RightDelim {
            self.cursor.back();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        self.append(Node::Template(Call {
            offset: token.offset,
            name,
            pipe,
        }));
        Ok(())
    }

    fn expect_right_delim(&mut self, context: &str) -> Result<()> {
        let token = self.cursor.next_non_space();
        if token.kind == Kind::RightDelim {
            Ok(())
        } else {
            Err(unexpected(token, context))
        }
    }

    /// Gives a body its name; of two with the same name one must be blank.
    fn define(&mut self, name: Text, body: BodyId) -> Result<()> {
        let taken = self
            .forest
            .by_name
            .get(&name)
            .is_some_and(|&old| !self.forest.is_blank(old));
        if !taken {
            self.forest.by_name.insert(name, body);
        } else if !self.forest.is_blank(body) {
            let name = quote::quoted(name.as_bytes());
            return Err(format!("template: multiple definition of template {name}"));
        }
        Ok(())
    }
}

/// Refuses a token, or passes on the message of the lexer.
fn unexpected(token: &Token<'_>, context: &str) -> String {
    if token.kind == Kind::Error {
        token.text.to_string()
    } else {
        format!("unexpected {token} in {context}")
    }
}

fn template_name(token: &Token<'_>, context: &str) -> Result<Text> {
    if !matches!(token.kind, Kind::String | Kind::RawString) {
        return Err(unexpected(token, context));
    }
    quote::unquote(&token.text)
        .map(Text::from)
        .ok_or_else(|| "invalid syntax".to_owned())
}
