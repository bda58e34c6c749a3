//! The parsed template: the door of the crate.

use std::sync::Arc;

use crate::{
    builtin, closed,
    error::Error,
    executor::Executor,
    function::{Functions, Host, Nobody},
    memory::Memory,
    node::{Forest, Node},
    parser::{self, Context},
    text::Text,
    value::Value,
};

/// What a map gives for a key it does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// Nothing, printed as `<no value>`; Go's `default` and `invalid`.
    #[default]
    Default,
    /// The zero value of the map's element type.
    Zero,
    /// An execution error.
    Error,
}

/// How to read and execute a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The left and right delimiter; an empty one means Go's `{{` or `}}`.
    pub delimiters: (String, String),
    /// What a missing key of a map means.
    pub missing_key: MissingKey,
}

impl Options {
    fn left(&self) -> &str {
        if self.delimiters.0.is_empty() {
            "{{"
        } else {
            &self.delimiters.0
        }
    }

    fn right(&self) -> &str {
        if self.delimiters.1.is_empty() {
            "}}"
        } else {
            &self.delimiters.1
        }
    }
}

/// A template ready to be executed; cheap to clone.
#[derive(Clone, Debug)]
pub struct Template {
    parsed: Arc<Parsed>,
}

#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) name: Text,
    pub(crate) source: String,
    pub(crate) forest: Forest,
    pub(crate) functions: Functions,
    pub(crate) missing_key: MissingKey,
}

impl Template {
    /// Parses a text; only Go's own functions and the given ones are known to it.
    pub fn parse(
        name: &str,
        text: &str,
        options: &Options,
        functions: &Functions,
    ) -> Result<Self, Error> {
        let context = Context {
            name,
            left: options.left(),
            right: options.right(),
            is_function: &|name| functions.find(name).is_some() || builtin::find(name).is_some(),
        };
        let mut forest = parser::parse(text, &context)?;
        mark_closed(&mut forest, &|name| functions.is_constant(name));
        let parsed = Parsed {
            forest,
            name: Text::from(name),
            source: text.to_owned(),
            functions: functions.clone(),
            missing_key: options.missing_key,
        };
        Ok(Self {
            parsed: Arc::new(parsed),
        })
    }

    /// Executes the template over a value.
    pub fn execute(&self, data: &Value) -> Result<String, Error> {
        self.execute_bytes(&self.parsed.name, data, &Nobody, None)
            .map(into_string)
    }

    /// Executes one of the templates that the text defines.
    pub fn execute_template(&self, name: &str, data: &Value) -> Result<String, Error> {
        self.execute_bytes(&Text::from(name), data, &Nobody, None)
            .map(into_string)
    }

    /// Executes the template, or the one of this name that it defines, with a host that answers
    /// the functions it only declared. The output is any bytes, as Go's is.
    pub fn execute_with(
        &self,
        name: Option<&str>,
        data: &Value,
        host: &dyn Host,
    ) -> Result<Vec<u8>, Error> {
        match name {
            Some(name) => self.execute_bytes(&Text::from(name), data, host, None),
            None => self.execute_bytes(&self.parsed.name, data, host, None),
        }
    }

    /// Executes the template with a host, and with a memory of the executions before, which must
    /// all have been of this template.
    pub fn execute_again(
        &self,
        data: &Value,
        host: &dyn Host,
        memory: &mut Memory,
    ) -> Result<Vec<u8>, Error> {
        memory.begin();
        let output = self.execute_bytes(&self.parsed.name, data, host, Some(memory))?;
        memory.end();
        Ok(output)
    }

    /// Tells whether the text defines a template of this name.
    pub fn defines(&self, name: &str) -> bool {
        self.parsed.forest.by_name.contains_key(name.as_bytes())
    }

    /// Tells how deep the parentheses of the text nest at most. A host that executes a template
    /// from within a call needs stack for each of them.
    pub fn deepest_expression(&self) -> usize {
        self.parsed.forest.deepest
    }

    fn execute_bytes(
        &self,
        name: &Text,
        data: &Value,
        host: &dyn Host,
        memory: Option<&mut Memory>,
    ) -> Result<Vec<u8>, Error> {
        Executor::new(&self.parsed, name, data, host, memory)?.run()
    }
}

/// Marks the loops that say nothing but what their lists say.
fn mark_closed(forest: &mut Forest, is_constant: &dyn Fn(&str) -> bool) {
    let mut marks = Vec::new();
    for (body, nodes) in forest.bodies.iter().enumerate() {
        for (at, node) in nodes.iter().enumerate() {
            if let Node::Range(range) = node
                && closed::is_closed(forest, range, is_constant)
            {
                marks.push((body, at));
            }
        }
    }
    for (body, at) in marks {
        if let Some(Node::Range(range)) = forest.bodies[body].get_mut(at) {
            range.closed = true;
        }
    }
}

fn into_string(output: Vec<u8>) -> String {
    String::from_utf8(output)
        .unwrap_or_else(|error| crate::text::lossy(error.as_bytes()).into_owned())
}
