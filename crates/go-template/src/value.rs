//! What templates compute with.

mod list;
mod map;
mod object;

use std::{borrow::Cow, fmt, sync::Arc};

pub use list::{Element, Items, List};
pub use map::Map;
pub use object::Object;

use crate::{function::Function, text::Text};

/// A value of one of the types a template can meet; cheap to clone.
#[derive(Clone)]
pub enum Value {
    /// Go's nil, which is also what a missing value becomes as an argument.
    Nil,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `uint64`.
    Uint(u64),
    /// A `uint8`, which is what indexing a string gives.
    Byte(u8),
    /// A `float64`.
    Float(f64),
    /// A `complex128`, real part first.
    Complex(f64, f64),
    /// A `string`.
    String(Text),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// A struct or anything else with fields and methods of its own.
    Object(Arc<dyn Object>),
    /// A function value.
    Function(Function),
}

impl Value {
    /// Gives the text of a string value, invalid bytes replaced.
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        self.as_bytes().map(crate::text::lossy)
    }

    /// Gives the bytes of a string value.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::String(text) = self {
            Some(text.as_bytes())
        } else {
            None
        }
    }

    /// Gives a list.
    pub fn as_list(&self) -> Option<&List> {
        if let Self::List(list) = self {
            Some(list)
        } else {
            None
        }
    }

    /// Gives a map.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self {
            Some(map)
        } else {
            None
        }
    }

    /// Gives a signed integer.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self {
            Some(*int)
        } else {
            None
        }
    }

    /// Gives an unsigned integer.
    pub fn as_uint(&self) -> Option<u64> {
        if let Self::Byte(byte) = self {
            return Some(u64::from(*byte));
        }
        if let Self::Uint(uint) = self {
            Some(*uint)
        } else {
            None
        }
    }

    /// Tells the truth of a value as `if` sees it.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(int) => *int != 0,
            Self::Uint(uint) => *uint != 0,
            Self::Byte(byte) => *byte != 0,
            Self::Float(float) => *float != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::String(text) => !text.as_bytes().is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => !object.is_nil(),
            Self::Function(_) => true,
        }
    }

    /// Gives the name of the type as Go prints it.
    pub fn type_name(&self) -> Cow<'_, str> {
        match self {
            Self::Nil => "<nil>".into(),
            Self::Bool(_) => "bool".into(),
            Self::Int(_) => "int".into(),
            Self::Uint(_) => "uint64".into(),
            Self::Byte(_) => "uint8".into(),
            Self::Float(_) => "float64".into(),
            Self::Complex(..) => "complex128".into(),
            Self::String(_) => "string".into(),
            Self::List(list) => list.type_name(),
            Self::Map(map) => format!("map[string]{}", map.element()).into(),
            Self::Object(object) => object.type_name(),
            Self::Function(function) => function.type_name().into(),
        }
    }
}

/// Shows the value as `print` does.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::lossy(&crate::format::print(
            std::slice::from_ref(self),
        )))
    }
}

/// Shows the value in Go syntax.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::lossy(&crate::format::printf(
            b"%#v",
            std::slice::from_ref(self),
        )))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u64> for Value {
    fn from(uint: u64) -> Self {
        Self::Uint(uint)
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Self::Float(float)
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::String(bytes.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::String(bytes.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Function> for Value {
    fn from(function: Function) -> Self {
        Self::Function(function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_small() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn values_cross_threads() {
        fn sendable<T: Send + Sync>() {}
        sendable::<Value>();
    }

    #[test]
    fn types_have_go_names() {
        let list = List::from_iter([Value::Int(1)]);
        let map = Map::strings([("a", "b")]);
        let names: Vec<_> = [
            Value::Nil,
            1.5.into(),
            list.into(),
            List::strings(["a"]).into(),
            map.into(),
        ]
        .iter()
        .map(|value| value.type_name().into_owned())
        .collect();
        assert_eq!(
            names,
            [
                "<nil>",
                "float64",
                "[]interface {}",
                "[]string",
                "map[string]string"
            ]
        );
    }

    #[test]
    fn display_prints_and_debug_shows_go_syntax() {
        let value = Value::from(List::strings(["a", "b"]));
        assert_eq!(format!("{value} {value:?}"), r#"[a b] []string{"a", "b"}"#);
    }
}
