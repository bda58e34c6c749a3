//! JSON5 (<https://spec.json5.org>) to a tree of values with positions.
//!
//! The messages are those of Go's JSON parser, which users of ContainerPilot 3 know.

mod number;
mod scan;
mod string;
#[cfg(test)]
mod tests;

use scan::Scan;

use crate::syntax::DEEPEST;
pub(crate) use crate::syntax::SyntaxError;
use crate::value::{Kind, Member, Span, Spanned, Value};

/// Reads a whole document.
pub(crate) fn parse(text: &str) -> Result<Value, SyntaxError> {
    let mut reader = Reader {
        scan: Scan::new(text),
        open: Vec::new(),
    };
    reader
        .scan
        .skip_blank()
        .map_err(|error| reader.name_open(error))?;
    let value = reader.value().map_err(|error| reader.name_open(error))?;
    reader.scan.skip_blank()?;
    match reader.scan.peek() {
        None => Ok(value),
        Some(_) => Err(reader.scan.unexpected("after top-level value")),
    }
}

struct Reader<'t> {
    scan: Scan<'t>,
    /// The brackets that are open, with their offsets.
    open: Vec<(char, usize)>,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, SyntaxError> {
        let start = self.scan.offset();
        let kind = match self.scan.peek() {
            Some('{') => self.nested('{', Self::object)?,
            Some('[') => self.nested('[', Self::list)?,
            Some('"' | '\'') => Kind::Text(string::quoted(&mut self.scan)?),
            Some('+' | '-' | '.' | 'I' | 'N') => Kind::Number(number::number(&mut self.scan)?),
            Some(c) if c.is_ascii_digit() => Kind::Number(number::number(&mut self.scan)?),
            Some('t') => self.word("true", Kind::Bool(true))?,
            Some('f') => self.word("false", Kind::Bool(false))?,
            Some('n') => self.word("null", Kind::Null)?,
            _ => return Err(self.scan.unexpected("looking for beginning of value")),
        };
        Ok(Value {
            span: Span::new(start, self.scan.offset()),
            kind,
        })
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, SyntaxError> {
        number::literal(&mut self.scan, word)?;
        Ok(kind)
    }

    fn nested(
        &mut self,
        bracket: char,
        inside: fn(&mut Self) -> Result<Kind, SyntaxError>,
    ) -> Result<Kind, SyntaxError> {
        if self.open.len() == DEEPEST {
            return Err(self.scan.error(format!("exceeded max depth of {DEEPEST}")));
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
            self.refuse_comma("looking for beginning of value")?;
            items.push(self.value()?);
            self.scan.skip_blank()?;
            if !self.scan.take(',') && self.scan.peek() != Some(']') {
                return Err(self.after("after array element"));
            }
        }
    }

    fn object(&mut self) -> Result<Kind, SyntaxError> {
        let mut members = Vec::new();
        loop {
            self.scan.skip_blank()?;
            if self.scan.take('}') {
                return Ok(Kind::Object(members));
            }
            self.refuse_comma("looking for beginning of object key string")?;
            members.push(self.member()?);
            self.scan.skip_blank()?;
            if !self.scan.take(',') && self.scan.peek() != Some('}') {
                return Err(self.after("after object key:value pair"));
            }
        }
    }

    fn member(&mut self) -> Result<Member, SyntaxError> {
        let start = self.scan.offset();
        let key = match self.scan.peek() {
            Some('"' | '\'') => string::quoted(&mut self.scan)?,
            _ => string::identifier(&mut self.scan)?,
        };
        let key = Spanned::new(Span::new(start, self.scan.offset()), key);
        self.scan.skip_blank()?;
        if !self.scan.take(':') {
            return Err(self.after_key());
        }
        self.scan.skip_blank()?;
        let value = self.value()?;
        Ok(Member { key, value })
    }

    /// Says that a comma has nothing before it.
    fn refuse_comma(&self, context: &str) -> Result<(), SyntaxError> {
        if self.scan.peek() != Some(',') {
            return Ok(());
        }
        let mut error = self.scan.unexpected(context);
        error.hint = Some("do you have an extra comma somewhere?".to_owned());
        Err(error)
    }

    /// Says what stands where a colon should.
    fn after_key(&self) -> SyntaxError {
        let mut error = self.scan.unexpected("after object key");
        if matches!(self.scan.peek(), Some('-' | '.')) {
            error.hint = Some("a key with other characters than letters needs quotes".to_owned());
        }
        error
    }

    /// Says what stands where a comma or a closing bracket should.
    fn after(&self, place: &str) -> SyntaxError {
        let mut error = self.scan.unexpected(place);
        if self.scan.peek().is_some_and(string::starts_value) {
            error.hint = Some("a comma may be missing before it".to_owned());
        }
        error
    }

    /// Names the bracket that is still open where the text ends or another one closes.
    fn name_open(&self, mut error: SyntaxError) -> SyntaxError {
        let at_end = error.offset >= self.scan.text().len();
        let at_close = self.scan.text()[error.offset..].starts_with([']', '}']);
        let open = self
            .open
            .last()
            .filter(|_| error.hint.is_none() && (at_end || at_close));
        if let Some((bracket, offset)) = open {
            let (line, column) = self.scan.position(*offset);
            let hint = format!("the `{bracket}` at {line}:{column} is not closed");
            error.hint = Some(hint);
        }
        error
    }
}
