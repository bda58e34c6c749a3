//! A document as a tree in which everything knows where it stands; every dialect makes one.

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn moved(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// Something, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

impl<T> Spanned<T> {
    pub(crate) fn new(span: Span, value: T) -> Self {
        Self { span, value }
    }
}

/// A value of the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Value,
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// Names the type as Go's JSON names it, which ContainerPilot's messages quote.
    pub(crate) fn go_type(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nil",
            Kind::Bool(_) => "bool",
            Kind::Number(_) => "float64",
            Kind::Text(_) => "string",
            Kind::List(_) => "[]interface {}",
            Kind::Object(_) => "map[string]interface {}",
        }
    }

    /// Names the kind as Go's reflection names it.
    pub(crate) fn go_kind(&self) -> &'static str {
        match self.kind {
            Kind::Null => "invalid",
            Kind::Bool(_) => "bool",
            Kind::Number(_) => "float64",
            Kind::Text(_) => "string",
            Kind::List(_) => "slice",
            Kind::Object(_) => "map",
        }
    }

    /// Marks the first character alone, which is enough for a list or an object.
    pub(crate) fn head(&self) -> Span {
        match self.kind {
            Kind::List(_) | Kind::Object(_) => Span::new(self.span.start, self.span.start + 1),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => self.span,
        }
    }

    /// Moves everything by so many bytes: to where the text begins among others.
    #[must_use]
    pub(crate) fn moved(self, by: usize) -> Self {
        let kind = match self.kind {
            Kind::List(items) => Kind::List(items.into_iter().map(|item| item.moved(by)).collect()),
            Kind::Object(members) => {
                Kind::Object(members.into_iter().map(|one| one.moved(by)).collect())
            }
            kind @ (Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_)) => kind,
        };
        Self {
            span: self.span.moved(by),
            kind,
        }
    }

    /// Finds a member by its exact name; of several the last counts.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|member| member.key.value == name),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => None,
        }
    }
}

impl Member {
    fn moved(self, by: usize) -> Self {
        Self {
            key: Spanned::new(self.key.span.moved(by), self.key.value),
            value: self.value.moved(by),
        }
    }
}

/// Writes a number in decimal without exponent.
pub(crate) fn decimal(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    number.to_string()
}
