//! `print`, `println` and `printf`, with the verbs and flags of Go's fmt.

mod directive;
mod float;
mod integer;
mod spec;
mod string;
mod value;

use directive::Directives;
use spec::Spec;

use crate::value::Value;

/// Prints values with spaces between those that are not strings.
pub(crate) fn print(values: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    let mut previous_is_string = true;
    for value in values {
        let is_string = matches!(value, Value::String(_));
        if !is_string && !previous_is_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
        previous_is_string = is_string;
    }
    printer.out
}

/// Prints values with spaces between them and a newline at the end.
pub(crate) fn println(values: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
    }
    printer.out.push(b'\n');
    printer.out
}

/// Prints values as a format asks for them.
pub(crate) fn printf(format: &[u8], values: &[Value]) -> Vec<u8> {
    Directives::new(format, values).print()
}

/// Where output goes, and how the value at hand is to be printed.
#[derive(Default)]
struct Printer {
    out: Vec<u8>,
    spec: Spec,
}

#[cfg(test)]
mod tests;
