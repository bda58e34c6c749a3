//! A place in the tokens, which can step back.

use crate::token::{Kind, Token};

pub(super) struct Cursor<'t, 's> {
    tokens: &'t [Token<'s>],
    next: usize,
    furthest: usize,
}

impl<'t, 's> Cursor<'t, 's> {
    /// Takes the tokens of a text, of which there is at least the last.
    pub(super) fn new(tokens: &'t [Token<'s>]) -> Self {
        Self {
            tokens,
            next: 0,
            furthest: 0,
        }
    }

    pub(super) fn place(&self) -> usize {
        self.next
    }

    pub(super) fn return_to(&mut self, place: usize) {
        self.next = place;
    }

    /// Steps back over the token just read.
    pub(super) fn back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    /// Gives the next token without reading it; after the last comes the last again.
    pub(super) fn peek(&mut self) -> &'t Token<'s> {
        let index = self.next.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(index);
        &self.tokens[index]
    }

    pub(super) fn next(&mut self) -> &'t Token<'s> {
        let token = self.peek();
        self.next += 1;
        token
    }

    pub(super) fn next_non_space(&mut self) -> &'t Token<'s> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    pub(super) fn peek_non_space(&mut self) -> &'t Token<'s> {
        self.next_non_space();
        self.back();
        self.peek()
    }

    /// Gives the last token anyone has looked at.
    pub(super) fn furthest(&self) -> &'t Token<'s> {
        &self.tokens[self.furthest]
    }
}
