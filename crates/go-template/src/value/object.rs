//! Structs: values whose fields and methods the caller defines.

use std::borrow::Cow;

use super::Value;
use crate::function::Function;

/// A value with fields and methods of its own; asking for any other name is an error.
pub trait Object: Send + Sync {
    /// Gives the name of the type as Go prints it, such as `*dependency.HealthService`.
    fn type_name(&self) -> Cow<'_, str>;

    /// Gives the exported fields in the order of their declaration.
    fn fields(&self) -> Vec<(Cow<'_, str>, Value)>;

    /// Gives one field.
    fn field(&self, name: &str) -> Option<Value> {
        self.fields()
            .into_iter()
            .find_map(|(field, value)| (field == name).then_some(value))
    }

    /// Gives a method, which may hold on to the object's state.
    fn method(&self, _name: &str) -> Option<Function> {
        None
    }

    /// Tells whether this is a nil pointer, whose fields cannot be read.
    fn is_nil(&self) -> bool {
        false
    }
}
