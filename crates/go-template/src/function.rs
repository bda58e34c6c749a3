//! The functions a template may call besides Go's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use crate::value::Value;

/// The type of a parameter, checked before a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `interface {}`: anything, a missing value arriving as nil.
    Any,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float64`.
    Float,
    /// `string`.
    String,
    /// `[]string`; nil arrives as an empty list.
    Strings,
    /// `[]interface {}`; nil arrives as an empty list.
    List,
    /// `map[string]interface {}`; nil arrives as an empty map.
    Map,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float64",
            Self::String => "string",
            Self::Strings => "[]string",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
        })
    }
}

/// How many arguments of which types a function takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    fixed: Vec<Kind>,
    rest: Option<Kind>,
}

impl Signature {
    /// Declares a function with exactly these parameters.
    pub fn new(parameters: impl IntoIterator<Item = Kind>) -> Self {
        Self {
            fixed: parameters.into_iter().collect(),
            rest: None,
        }
    }

    /// Lets any number of further arguments follow.
    pub fn variadic(mut self, rest: Kind) -> Self {
        self.rest = Some(rest);
        self
    }

    pub(crate) fn fixed(&self) -> usize {
        self.fixed.len()
    }

    pub(crate) fn is_variadic(&self) -> bool {
        self.rest.is_some()
    }

    /// Gives the type of the argument at an index the signature allows.
    pub(crate) fn kind(&self, index: usize) -> Kind {
        self.fixed
            .get(index)
            .copied()
            .or(self.rest)
            .unwrap_or(Kind::Any)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.rest.map(|kind| format!("...{kind}"));
        let parameters: Vec<_> = self
            .fixed
            .iter()
            .map(ToString::to_string)
            .chain(rest)
            .collect();
        write!(f, "func({})", parameters.join(", "))
    }
}

type Body = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// A function with whatever state its closure captured; cheap to clone.
#[derive(Clone)]
pub struct Function(Arc<Defined>);

struct Defined {
    signature: Signature,
    body: Box<Body>,
}

impl Function {
    /// Makes a function; the text of its error becomes `error calling NAME: TEXT`.
    pub fn new(
        signature: Signature,
        body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Defined {
            signature,
            body: Box::new(body),
        }))
    }

    pub(crate) fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Calls the function with arguments that fit its signature.
    pub(crate) fn call(&self, arguments: &[Value]) -> Result<Value, String> {
        (self.0.body)(arguments)
    }

    pub(crate) fn type_name(&self) -> String {
        self.0.signature.to_string()
    }

    /// Gives the number `%p` prints, which only tells functions apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.signature.fmt(f)
    }
}

/// Whoever executes a template, and answers the functions that were only declared when it was
/// parsed: so one parsed template can be executed over facts that change.
pub trait Host {
    /// Calls the function that was declared under a number, with arguments that fit its
    /// signature; the text of an error becomes `error calling NAME: TEXT`.
    fn call(&self, function: usize, arguments: &[Value]) -> Result<Value, String>;
}

/// The host of a template that only calls functions with bodies of their own.
pub(crate) struct Nobody;

impl Host for Nobody {
    fn call(&self, _: usize, _: &[Value]) -> Result<Value, String> {
        Err("nobody is there to answer it".to_owned())
    }
}

/// What a name of a function stands for.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// A function with its body.
    Defined(Function),
    /// One that the host answers under this number.
    Declared(Arc<Signature>, usize),
}

/// A set of functions by name; a name of Go's own functions replaces that function.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    by_name: BTreeMap<String, Known>,
    /// The names of those that give the same for the same arguments, whenever they are called.
    constant: BTreeSet<String>,
}

impl Functions {
    /// Makes an empty set, which leaves a template Go's own functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function, replacing one of the same name.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        signature: Signature,
        body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) {
        let function = Function::new(signature, body);
        self.by_name.insert(name.into(), Known::Defined(function));
    }

    /// Adds a function that the [`Host`] of an execution answers, under a number of its own.
    pub fn declare(&mut self, name: impl Into<String>, signature: Signature, number: usize) {
        let declared = Known::Declared(Arc::new(signature), number);
        self.by_name.insert(name.into(), declared);
    }

    /// Promises that a function gives the same for the same arguments, whenever it is called, so
    /// that what a loop says with it may be remembered.
    pub fn promise_constant(&mut self, name: impl Into<String>) {
        self.constant.insert(name.into());
    }

    /// Tells whether a function, one of Go's own included, gives the same for the same arguments.
    pub(crate) fn is_constant(&self, name: &str) -> bool {
        self.find(name).is_none() || self.constant.contains(name)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Known> {
        self.by_name.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_read_like_go() {
        let signature = Signature::new([Kind::String, Kind::Any]).variadic(Kind::Int);
        assert_eq!(signature.to_string(), "func(string, interface {}, ...int)");
        assert_eq!(
            (signature.kind(0), signature.kind(9)),
            (Kind::String, Kind::Int)
        );
    }
}
