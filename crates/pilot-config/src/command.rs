//! The two ways to write a command.

use crate::value::{Kind, Value, decimal};

/// Splits what `exec` says into a program and its arguments.
///
/// A list is taken as it is; a text is split at every single space, without quoting, as in
/// ContainerPilot 3: there is no shell.
pub(crate) fn arguments(value: &Value) -> Result<Vec<String>, String> {
    match &value.kind {
        Kind::Text(text) if !text.is_empty() => {
            Ok(text.trim().split(' ').map(str::to_owned).collect())
        }
        Kind::List(items) if !items.is_empty() => items.iter().map(argument).collect(),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Object(_) => Err("received zero-length argument".to_owned()),
    }
}

/// Writes an element of the list as Go's `%v` does, except that numbers keep their digits.
fn argument(value: &Value) -> Result<String, String> {
    match &value.kind {
        Kind::Null => Ok("<nil>".to_owned()),
        Kind::Bool(truth) => Ok(truth.to_string()),
        Kind::Number(number) => Ok(decimal(*number)),
        Kind::Text(text) => Ok(text.clone()),
        Kind::List(_) | Kind::Object(_) => {
            Err(format!("an argument must be text, got {}", value.go_type()))
        }
    }
}
