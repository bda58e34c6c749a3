//! The tokens between the delimiters.

use super::{Lexer, Trim};
use crate::{
    character::{is_alphanumeric, is_printable, is_space},
    quote,
    token::{Keyword, Kind},
};

impl Lexer<'_, '_> {
    /// Reads up to and including the closing delimiter.
    pub(super) fn inside_action(&mut self) -> Result<(), String> {
        let mut parens = 0usize;
        loop {
            if let Some(trim) = self.right_delimiter_ahead() {
                if parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                self.right_delimiter(trim);
                return Ok(());
            }
            match self.peek() {
                Some('(') => parens += 1,
                Some(')') if parens == 0 => {
                    self.next();
                    return Err("unexpected right paren".to_owned());
                }
                Some(')') => parens -= 1,
                _ => {}
            }
            self.token()?;
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.offset += next.map_or(0, char::len_utf8);
        next
    }

    fn token(&mut self) -> Result<(), String> {
        match self.next().ok_or("unclosed action")? {
            c if is_space(c) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' if self.next() == Some('=') => self.emit(Kind::Declare),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.emit(Kind::Pipe),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => {
                return self.quoted('\'', Kind::CharConstant, "unterminated character constant");
            }
            '`' => return self.raw_string(),
            '$' => return self.name_after_mark(Kind::Variable, Kind::Variable),
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) && !self.rest().is_empty() => {
                return self.name_after_mark(Kind::Field, Kind::Keyword(Keyword::Dot));
            }
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            c if is_alphanumeric(c) => return self.identifier(),
            '(' => self.emit(Kind::LeftParen),
            ')' => self.emit(Kind::RightParen),
            c if c.is_ascii() && is_printable(c) => self.emit(Kind::Char),
            c => return Err(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(())
    }

    fn space(&mut self) {
        let run = super::leading_space(&self.source[self.start..]);
        self.offset = self.start + run;
        // The last space belongs to a trim marker when one follows.
        let last = self.offset - 1;
        let marker = super::has_right_trim(&self.source[last..]);
        if marker && self.source[last + super::TRIM_MARKER..].starts_with(self.right) {
            self.offset = last;
            self.emit_unless_empty(Kind::Space);
            debug_assert_eq!(
                self.right_delimiter_ahead(),
                Some(Trim::Following),
                "the marker was just seen"
            );
            return;
        }
        self.emit(Kind::Space);
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') if !matches!(self.next(), None | Some('\n')) => {}
                Some(c) if c == quote => break,
                None | Some('\\' | '\n') => return Err(unterminated.to_owned()),
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn raw_string(&mut self) -> Result<(), String> {
        let length = self
            .rest()
            .find('`')
            .ok_or("unterminated raw quoted string")?;
        self.offset += length + 1;
        self.emit(Kind::RawString);
        Ok(())
    }

    /// Reads the name of a field or variable, which may be missing after `.` or `$`.
    fn name_after_mark(&mut self, named: Kind, bare: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(bare);
            return Ok(());
        }
        self.name()?;
        self.emit(named);
        Ok(())
    }

    fn name(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        match self.peek() {
            Some(c) if !self.at_terminator() => Err(format!("bad character {}", unicode(c))),
            _ => Ok(()),
        }
    }

    fn identifier(&mut self) -> Result<(), String> {
        self.name()?;
        let kind = match &self.source[self.start..self.offset] {
            "break" if self.plain.r#break => Kind::Identifier,
            "continue" if self.plain.r#continue => Kind::Identifier,
            "true" | "false" => Kind::Bool,
            word => Keyword::find(word).map_or(Kind::Identifier, Kind::Keyword),
        };
        self.emit(kind);
        Ok(())
    }

    fn at_terminator(&self) -> bool {
        let terminator = |c: char| is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(');
        self.peek().is_none_or(terminator) || self.rest().starts_with(self.right)
    }

    fn number(&mut self) -> Result<(), String> {
        self.offset = self.start;
        let mut kind = Kind::Number;
        let mut good = self.scan_number();
        if good && matches!(self.peek(), Some('+' | '-')) {
            kind = Kind::Complex;
            good = self.scan_number() && self.source[..self.offset].ends_with('i');
        }
        if !good {
            let read = &self.source[self.start..self.offset];
            return Err(format!(
                "bad number syntax: {}",
                quote::quoted(read.as_bytes())
            ));
        }
        self.emit(kind);
        Ok(())
    }

    /// Reads what looks like a number; the parser finds out whether it is one.
    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEXADECIMAL;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept("eE")) || (digits == HEXADECIMAL && self.accept("pP"))
        {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        let ended = !self.peek().is_some_and(is_alphanumeric);
        if !ended {
            self.next();
        }
        ended
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.offset += 1;
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }
}

const DECIMAL: &str = "0123456789_";
const HEXADECIMAL: &str = "0123456789abcdefABCDEF_";

/// Names a character by its code point, and shows it where it can be shown.
fn unicode(c: char) -> String {
    let shown = if is_printable(c) {
        format!(" '{c}'")
    } else {
        String::new()
    };
    format!("U+{:04X}{shown}", u32::from(c))
}
