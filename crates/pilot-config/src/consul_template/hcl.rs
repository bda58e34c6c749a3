//! HCL of version 1 to a tree of values with positions.
//!
//! A block `key { … }` is a member whose value is an object; `key "label" { … }` puts an object
//! under the label in between. What is given several times stands in the tree several times.

mod number;
mod scan;
mod string;

use scan::Scan;

use crate::{
    syntax::{DEEPEST, SyntaxError},
    value::{Kind, Member, Span, Spanned, Value},
};

/// Reads a whole document.
pub(super) fn parse(text: &str) -> Result<Value, SyntaxError> {
    let mut reader = Reader {
        scan: Scan::new(text),
        open: Vec::new(),
    };
    let members = reader.members(None)?;
    Ok(Value {
        span: Span::new(0, text.len()),
        kind: Kind::Object(members),
    })
}

struct Reader<'t> {
    scan: Scan<'t>,
    /// The brackets that are open, with their offsets.
    open: Vec<(char, usize)>,
}

impl Reader<'_> {
    /// Reads members up to a closing bracket, or to the end of the text.
    fn members(&mut self, close: Option<char>) -> Result<Vec<Member>, SyntaxError> {
        let mut members = Vec::new();
        loop {
            self.scan.skip_blank()?;
            match self.scan.peek() {
                None if close.is_none() => return Ok(members),
                found if found == close => {
                    self.scan.next();
                    return Ok(members);
                }
                None => return Err(self.not_closed()),
                Some(_) => members.push(self.member()?),
            }
            self.scan.skip_blank()?;
            self.scan.take(',');
        }
    }

    /// Reads `key = value`, or keys and a block.
    fn member(&mut self) -> Result<Member, SyntaxError> {
        let mut keys = vec![self.key()?];
        loop {
            self.scan.skip_blank()?;
            match self.scan.peek() {
                Some('=') if keys.len() == 1 => {
                    self.scan.next();
                    self.scan.skip_blank()?;
                    let value = self.value()?;
                    return Ok(nested(keys, value));
                }
                Some('{') => {
                    let value = self.value()?;
                    return Ok(nested(keys, value));
                }
                Some(c) if c == '"' || scan::begins_key(c) => keys.push(self.key()?),
                Some(':') => {
                    let mut error = self.scan.unexpected("after a key");
                    error.hint = Some("HCL has `key = value`; a JSON file begins with `{`".into());
                    return Err(error);
                }
                _ => {
                    let mut error = self.scan.unexpected("after a key");
                    error.hint = Some("a key is followed by `= value` or by `{`".to_owned());
                    return Err(error);
                }
            }
        }
    }

    fn key(&mut self) -> Result<Spanned<String>, SyntaxError> {
        let start = self.scan.offset();
        let text = match self.scan.peek() {
            Some('"') => string::quoted(&mut self.scan)?,
            Some(c) if scan::begins_key(c) => self.scan.word().to_owned(),
            _ => return Err(self.scan.unexpected("where a key should be")),
        };
        Ok(Spanned::new(Span::new(start, self.scan.offset()), text))
    }

    fn value(&mut self) -> Result<Value, SyntaxError> {
        let start = self.scan.offset();
        let kind = match self.scan.peek() {
            Some('{') => {
                self.bracket('{', |reader| Ok(Kind::Object(reader.members(Some('}'))?)))?
            }
            Some('[') => self.bracket('[', Self::list)?,
            Some('"') => Kind::Text(string::quoted(&mut self.scan)?),
            Some('<') => Kind::Text(string::heredoc(&mut self.scan)?),
            Some('-' | '.' | '0'..='9') => Kind::Number(number::number(&mut self.scan)?),
            Some(c) if scan::begins_key(c) => self.truth()?,
            _ => return Err(self.scan.unexpected("where a value should be")),
        };
        Ok(Value {
            span: Span::new(start, self.scan.offset()),
            kind,
        })
    }

    fn truth(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.scan.offset();
        match self.scan.word() {
            "true" => Ok(Kind::Bool(true)),
            "false" => Ok(Kind::Bool(false)),
            word => Err(SyntaxError {
                offset: start,
                reason: format!("unknown word `{word}` where a value should be"),
                hint: Some(format!("a text needs quotes: \"{word}\"")),
            }),
        }
    }

    fn bracket(
        &mut self,
        bracket: char,
        inside: fn(&mut Self) -> Result<Kind, SyntaxError>,
    ) -> Result<Kind, SyntaxError> {
        if self.open.len() == DEEPEST {
            return Err(self
                .scan
                .error(format!("more than {DEEPEST} brackets within each other")));
        }
        self.open.push((bracket, self.scan.offset()));
        self.scan.next();
        let kind = inside(self)?;
        self.open.pop();
        Ok(kind)
    }

    fn list(&mut self) -> Result<Kind, SyntaxError> {
        let mut items = Vec::new();
        loop {
            self.scan.skip_blank()?;
            if self.scan.take(']') {
                return Ok(Kind::List(items));
            }
            if self.scan.peek().is_none() {
                return Err(self.not_closed());
            }
            items.push(self.value()?);
            self.scan.skip_blank()?;
            if !self.scan.take(',') && !matches!(self.scan.peek(), Some(']') | None) {
                let mut error = self.scan.unexpected("in a list");
                error.hint = Some("a comma may be missing before it".to_owned());
                return Err(error);
            }
        }
    }

    /// Names the bracket that is still open where the text ends.
    fn not_closed(&self) -> SyntaxError {
        let mut error = self.scan.error("unexpected end of the text".to_owned());
        error.hint = self.open.last().map(|(bracket, offset)| {
            let (line, column) = self.scan.position(*offset);
            format!("the `{bracket}` at {line}:{column} is not closed")
        });
        error
    }
}

/// Puts a value under its keys, the first outermost.
fn nested(keys: Vec<Spanned<String>>, value: Value) -> Member {
    let mut keys = keys.into_iter().rev();
    let last = keys
        .next()
        .unwrap_or(Spanned::new(value.span, String::new()));
    keys.fold(Member { key: last, value }, |inner, key| Member {
        value: Value {
            span: inner.value.span,
            kind: Kind::Object(vec![inner]),
        },
        key,
    })
}
