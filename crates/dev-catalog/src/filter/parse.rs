//! From text to an expression that fits.

use super::{Expression, FilterError, Literal, Match, Test, shape::Kind};

/// How deep an expression may be nested; each `and` and `or` is one step deeper.
const DEPTH_MAX: usize = 64;

pub(super) fn expression(text: &str, kind: Kind) -> Result<Expression, FilterError> {
    let mut reader = Reader { text, at: 0, kind };
    let whole = reader.either(0)?;
    reader.space();
    if reader.rest().is_empty() {
        Ok(whole)
    } else {
        Err(reader.wants("`and`, `or` or the end"))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    kind: Kind,
}

/// What stands on either side of an operator.
struct Operand {
    text: String,
    /// The parts of a selector; none of a quoted text.
    path: Option<Vec<String>>,
}

/// An operator, as written.
enum Operator {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Empty,
    NotEmpty,
    In,
    NotIn,
}

impl Reader<'_> {
    fn either(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let left = self.both(depth)?;
        if !self.word("or") {
            return Ok(left);
        }
        let right = self.either(depth + 1)?;
        Ok(Expression::Or(Box::new(left), Box::new(right)))
    }

    fn both(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let left = self.one(depth)?;
        if !self.word("and") {
            return Ok(left);
        }
        let right = self.both(depth + 1)?;
        Ok(Expression::And(Box::new(left), Box::new(right)))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if depth > DEPTH_MAX {
            return Err(FilterError::Depth { at: self.at + 1 });
        }
        if self.word("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let inner = self.either(depth + 1)?;
            return if self.sign(")") {
                Ok(inner)
            } else {
                Err(self.wants("a closing parenthesis"))
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, FilterError> {
        let left = self.operand("a selector or a value")?;
        let operator = self.operator()?;
        let (selector, value) = match operator {
            Operator::In | Operator::NotIn => (self.operand("a selector")?, Some(left)),
            Operator::Empty | Operator::NotEmpty => (left, None),
            Operator::Equal | Operator::NotEqual | Operator::Contains | Operator::NotContains => {
                (left, Some(self.operand("a value")?))
            }
        };
        let invalid = || FilterError::Selector(selector.text.clone());
        let path = selector.path.as_ref().ok_or_else(invalid)?;
        let kind = find(self.kind, path).ok_or_else(invalid)?;
        let value = value.map(|value| value.text).unwrap_or_default();
        let test = test(kind, &operator, value, &selector.text)?;
        let path = path.clone();
        Ok(Expression::Match(Match { path, test }))
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        if self.sign("==") {
            return Ok(Operator::Equal);
        }
        if self.sign("!=") {
            return Ok(Operator::NotEqual);
        }
        let negated = self.word("not");
        if self.word("contains") {
            return Ok(if negated {
                Operator::NotContains
            } else {
                Operator::Contains
            });
        }
        if self.word("in") {
            return Ok(if negated {
                Operator::NotIn
            } else {
                Operator::In
            });
        }
        if self.word("matches") {
            return Err(FilterError::Matches);
        }
        if !negated && self.word("is") {
            let negated = self.word("not");
            if self.word("empty") {
                return Ok(if negated {
                    Operator::NotEmpty
                } else {
                    Operator::Empty
                });
            }
        }
        Err(self.wants("an operator"))
    }

    fn operand(&mut self, wanted: &'static str) -> Result<Operand, FilterError> {
        self.space();
        if let Some(text) = self.quoted() {
            return Ok(Operand { text, path: None });
        }
        if let Some(text) = self.number() {
            return Ok(Operand { text, path: None });
        }
        let start = self.at;
        let mut path = Vec::new();
        loop {
            let part = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
            if part.is_empty() {
                return Err(self.wants(wanted));
            }
            path.push(part);
            while self.rest().starts_with('[') {
                self.at += 1;
                let key = self.quoted().ok_or_else(|| self.wants("a quoted name"))?;
                if !self.sign("]") {
                    return Err(self.wants("a closing bracket"));
                }
                path.push(key);
            }
            if !self.rest().starts_with('.') {
                break;
            }
            self.at += 1;
        }
        let text = self.text[start..self.at].to_owned();
        Ok(Operand {
            text,
            path: Some(path),
        })
    }

    /// A number stands for itself.
    fn number(&mut self) -> Option<String> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.');
        let length = rest.len() - digits.len() + end.unwrap_or(digits.len());
        let text = rest[..length].to_owned();
        self.at += length;
        Some(text)
    }

    /// A text in double quotes or backticks.
    fn quoted(&mut self) -> Option<String> {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '`'))?;
        let mut text = String::new();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            if escaped {
                text.push(c);
                escaped = false;
            } else if c == '\\' && quote == '"' {
                escaped = true;
            } else if c == quote {
                self.at += at + 1;
                return Some(text);
            } else {
                text.push(c);
            }
        }
        None
    }

    /// A word with nothing of a name right after it.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let Some(rest) = self.rest().strip_prefix(word) else {
            return false;
        };
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[');
        if rest.starts_with(goes_on) {
            return false;
        }
        self.at += word.len();
        true
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn space(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let taken = rest[..end].to_owned();
        self.at += end;
        taken
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wants(&self, wanted: &'static str) -> FilterError {
        FilterError::Syntax {
            at: self.at + 1,
            wanted,
        }
    }
}

/// The kind of what a selector stands for.
fn find(kind: Kind, path: &[String]) -> Option<Kind> {
    let Some((first, rest)) = path.split_first() else {
        return Some(kind);
    };
    match kind {
        Kind::Object(members) | Kind::Objects(members) => {
            let (_, kind) = members.iter().find(|(name, _)| name == first)?;
            find(*kind, rest)
        }
        Kind::Map(inner) => find(*inner, rest),
        Kind::Text | Kind::Number | Kind::Truth | Kind::Texts => None,
    }
}

fn test(
    kind: Kind,
    operator: &Operator,
    value: String,
    selector: &str,
) -> Result<Test, FilterError> {
    let invalid = |operator| {
        let selector = selector.to_owned();
        FilterError::Operator { operator, selector }
    };
    let compares = matches!(kind, Kind::Text | Kind::Number | Kind::Truth);
    let holds = matches!(kind, Kind::Text | Kind::Texts | Kind::Map(_));
    let has_size = matches!(kind, Kind::Texts | Kind::Map(_) | Kind::Objects(_));
    match operator {
        Operator::Equal if compares => literal(kind, value, selector).map(Test::Equal),
        Operator::NotEqual if compares => literal(kind, value, selector).map(Test::NotEqual),
        Operator::In | Operator::Contains if holds => Ok(Test::In(value)),
        Operator::NotIn | Operator::NotContains if holds => Ok(Test::NotIn(value)),
        Operator::Empty if has_size => Ok(Test::Empty),
        Operator::NotEmpty if has_size => Ok(Test::NotEmpty),
        Operator::Equal => Err(invalid("Equal")),
        Operator::NotEqual => Err(invalid("Not Equal")),
        Operator::In | Operator::Contains => Err(invalid("In")),
        Operator::NotIn | Operator::NotContains => Err(invalid("Not In")),
        Operator::Empty => Err(invalid("Is Empty")),
        Operator::NotEmpty => Err(invalid("Is Not Empty")),
    }
}

fn literal(kind: Kind, value: String, selector: &str) -> Result<Literal, FilterError> {
    let wrong = |value: &str, function: &str| FilterError::Coercion {
        value: value.to_owned(),
        selector: selector.to_owned(),
        reason: format!("strconv.{function}: parsing {value:?}: invalid syntax"),
    };
    match kind {
        Kind::Number => match value.parse() {
            Ok(number) => Ok(Literal::Number(number)),
            Err(_) => Err(wrong(&value, "ParseInt")),
        },
        Kind::Truth => match crate::route::boolean(&value) {
            Some(truth) => Ok(Literal::Truth(truth)),
            None => Err(wrong(&value, "ParseBool")),
        },
        Kind::Text | Kind::Texts | Kind::Map(_) | Kind::Object(_) | Kind::Objects(_) => {
            Ok(Literal::Text(value))
        }
    }
}
