//! The parsed template: the door of the crate.

use std::sync::Arc;

use crate::{
    builtin,
    error::Error,
    executor::Executor,
    function::{Functions, Host, Nobody},
    node::Forest,
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
        let parsed = Parsed {
            forest: parser::parse(text, &context)?,
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
        self.execute_bytes(&self.parsed.name, data, &Nobody)
            .map(into_string)
    }

    /// Executes one of the templates that the text defines.
    pub fn execute_template(&self, name: &str, data: &Value) -> Result<String, Error> {
        self.execute_bytes(&Text::from(name), data, &Nobody)
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
            Some(name) => self.execute_bytes(&Text::from(name), data, host),
            None => self.execute_bytes(&self.parsed.name, data, host),
        }
    }

    /// Tells whether the text defines a template of this name.
    pub fn defines(&self, name: &str) -> bool {
        self.parsed.forest.by_name.contains_key(name.as_bytes())
    }

    fn execute_bytes(&self, name: &Text, data: &Value, host: &dyn Host) -> Result<Vec<u8>, Error> {
        Executor::new(&self.parsed, name, data, host)?.run()
    }
}

fn into_string(output: Vec<u8>) -> String {
    String::from_utf8(output)
        .unwrap_or_else(|error| crate::text::lossy(error.as_bytes()).into_owned())
}
