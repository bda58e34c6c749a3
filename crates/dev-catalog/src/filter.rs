//! Filter expressions: `Service.Port == 80 and "blue" in Service.Tags`.
//!
//! This is the language of Consul's `filter`, without `matches`: its regular expressions are not
//! known here, and a filter that cannot be held to the letter is refused rather than guessed.

mod parse;
mod shape;

use serde_json::Value;

pub(crate) use self::shape::Shape;

/// An expression that fits what it is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter(Expression);

/// Why an expression is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("{at}: no match found, expected: {wanted}")]
    Syntax { at: usize, wanted: &'static str },
    #[error("{at}: the expression is nested too deeply")]
    Depth { at: usize },
    #[error("Selector {0:?} is not valid")]
    Selector(String),
    #[error("Invalid match operator {operator:?} for selector {selector:?}")]
    Operator {
        operator: &'static str,
        selector: String,
    },
    #[error("Failed to coerce value {value:?} for selector {selector:?}: {reason}")]
    Coercion {
        value: String,
        selector: String,
        reason: String,
    },
    #[error("`matches` is not supported by the development catalog")]
    Matches,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Match(Match),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Match {
    path: Vec<String>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Equal(Literal),
    NotEqual(Literal),
    In(String),
    NotIn(String),
    Empty,
    NotEmpty,
}

/// What a value is compared with, in its own kind.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Filter {
    pub(crate) fn parse(text: &str, shape: Shape) -> Result<Self, FilterError> {
        parse::expression(text, shape.kind()).map(Self)
    }

    pub(crate) fn lets(&self, item: &Value) -> bool {
        self.0.holds(item)
    }
}

impl Expression {
    fn holds(&self, item: &Value) -> bool {
        match self {
            Self::Or(left, right) => left.holds(item) || right.holds(item),
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Match(test) => test.test.holds_at(item, &test.path),
        }
    }
}

impl Test {
    /// Of several objects it is enough that one passes; what is not there passes what denies.
    fn holds_at(&self, value: &Value, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return self.holds(value);
        };
        match value {
            Value::Array(items) => items.iter().any(|item| self.holds_at(item, path)),
            Value::Object(members) => match members.get(first) {
                Some(member) => self.holds_at(member, rest),
                None => self.denies(),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.denies(),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Equal(literal) => literal.is(value),
            Self::NotEqual(literal) => !literal.is(value),
            Self::In(text) => contains(value, text),
            Self::NotIn(text) => !contains(value, text),
            Self::Empty => is_empty(value),
            Self::NotEmpty => !is_empty(value),
        }
    }

    fn denies(&self) -> bool {
        match self {
            Self::NotEqual(_) | Self::NotIn(_) | Self::Empty => true,
            Self::Equal(_) | Self::In(_) | Self::NotEmpty => false,
        }
    }
}

impl Literal {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Number(number) => value.as_i64() == Some(*number),
            Self::Truth(truth) => value.as_bool() == Some(*truth),
        }
    }
}

fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(whole) => whole.contains(text),
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(text)),
        Value::Object(members) => members.contains_key(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Filter, Shape};

    #[test]
    fn expressions_hold_or_not() {
        let item = json!({
            "Service": {
                "ID": "web-1", "Service": "web", "Tags": ["a", "b"], "Port": 80,
                "Meta": { "k": "v" }, "EnableTagOverride": false,
            },
            "Checks": [{ "Status": "passing" }, { "Status": "warning" }],
        });
        for (text, holds) in [
            ("Service.Port == 80", true),
            ("Service.Port==80 and Service.ID != web", true),
            ("Service.Port == 81 or (\"a\" in Service.Tags)", true),
            ("not Service.Port == 80", false),
            ("not not Service.Port == 80", true),
            ("Service.Tags contains `b`", true),
            ("Service.Tags not contains \"b\"", false),
            ("c not in Service.Tags", true),
            ("Service.Meta.k == v", true),
            ("Service.Meta[\"none\"] == v", false),
            ("Service.Meta.none != v", true),
            ("Checks.Status == warning", true),
            ("Checks.Status == critical", false),
            ("Service.Meta is empty", false),
            ("Service.Tags is not empty", true),
            ("Service.EnableTagOverride == false", true),
            ("Service.ID contains \"eb-\"", true),
        ] {
            let filter = Filter::parse(text, Shape::Health);
            let filter = filter.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.lets(&item), holds, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, reason) in [
            ("any", "4: no match found, expected: an operator"),
            (
                "(Service.Port == 1",
                "19: no match found, expected: a closing parenthesis",
            ),
            (
                "Service.Bogus == 1",
                "Selector \"Service.Bogus\" is not valid",
            ),
            (
                "Service == 1",
                "Invalid match operator \"Equal\" for selector \"Service\"",
            ),
            (
                "Service.Tags == a",
                "Invalid match operator \"Equal\" for selector \"Service.Tags\"",
            ),
            (
                "Service.ID matches \"x\"",
                "`matches` is not supported by the development catalog",
            ),
            (
                "Service.Port == abc",
                "Failed to coerce value \"abc\" for selector \"Service.Port\": \
                 strconv.ParseInt: parsing \"abc\": invalid syntax",
            ),
            ("Service.ID == \"x", "15: no match found, expected: a value"),
            ("", "1: no match found, expected: a selector or a value"),
        ] {
            let error = Filter::parse(text, Shape::Health).expect_err(text);
            assert_eq!(error.to_string(), reason, "{text}");
        }
        let deep = format!("{}Service.Port == 1", "(".repeat(10_000));
        assert!(Filter::parse(&deep, Shape::Health).is_err());
        let deep = format!("{}Service.Port == 1", "not ".repeat(10_000));
        assert!(Filter::parse(&deep, Shape::Health).is_err());
        let long = vec!["Service.Port == 1"; 2000].join(" and ");
        assert!(Filter::parse(&long, Shape::Health).is_err());
    }

    #[test]
    fn every_text_is_read_or_refused() {
        let pieces = [
            "not", "(", ")", "Service", ".", "ID", "[", "\"", "]", "==", "in", "`", "é", " ", "is",
            "1",
        ];
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..seed % 12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(3);
            // What it comes to is of no matter, only that it comes to something.
            let read = Filter::parse(&text, Shape::Health);
            assert!(read.is_ok() || read.is_err());
        }
    }
}
