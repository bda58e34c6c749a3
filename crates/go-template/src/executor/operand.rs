//! Values with what Go's static types say about where they come from.

use std::borrow::Cow;

use crate::value::{Element, Value};

/// How Go prints nothing.
pub(crate) const NO_VALUE: &str = "<no value>";

/// A value in the middle of an evaluation.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// No value at all, such as a missing key.
    Absent,
    /// A value in a place that can hold anything, such as an element of an
    /// `[]interface {}`; nil there is a value.
    Boxed(Value),
    /// A value whose type is known; never nil.
    Plain(Value),
}

impl Operand {
    /// Takes a value out of whatever place it was in.
    pub(crate) fn plain(value: Value) -> Self {
        if matches!(value, Value::Nil) {
            Self::Absent
        } else {
            Self::Plain(value)
        }
    }

    /// Takes a value from a container.
    pub(crate) fn element(element: &Element, value: Value) -> Self {
        if *element == Element::Any {
            Self::Boxed(value)
        } else {
            Self::plain(value)
        }
    }

    /// Forgets that the place could have held anything.
    pub(crate) fn unboxed(self) -> Self {
        if let Self::Boxed(value) = self {
            Self::plain(value)
        } else {
            self
        }
    }

    /// Gives the value, which may be a nil in a place for anything.
    pub(crate) fn value(&self) -> Option<&Value> {
        match self {
            Self::Absent => None,
            Self::Boxed(value) | Self::Plain(value) => Some(value),
        }
    }

    /// Gives the value unless it is nil.
    pub(crate) fn concrete(&self) -> Option<&Value> {
        self.value().filter(|value| !matches!(value, Value::Nil))
    }

    /// Gives the value as a function receives it.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Absent => Value::Nil,
            Self::Boxed(value) | Self::Plain(value) => value,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.value().is_some_and(Value::is_true)
    }

    /// Gives the name of the static type.
    pub(crate) fn type_name(&self) -> Cow<'_, str> {
        match self {
            Self::Absent => "<nil>".into(),
            Self::Boxed(_) => "interface {}".into(),
            Self::Plain(value) => value.type_name(),
        }
    }
}
