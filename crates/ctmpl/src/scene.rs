//! One execution of a template: what it may look at, and what it looked at.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use bytes::Bytes;
use go_template::{Host, Value};
use re2::Pattern;

use crate::{
    brain::{Brain, Known},
    dependency::{Dependency, Source},
    function,
    template::Template,
    world::World,
};

type Result<T, E = String> = std::result::Result<T, E>;

/// How many expressions may be in the middle of each other when templates execute each other from
/// within them, all of which take the stack.
const DEEPEST: usize = 200;

pub(crate) struct Scene<'p> {
    template: &'p Template,
    brain: &'p Brain,
    world: &'p dyn World,
    used: RefCell<BTreeSet<Dependency>>,
    missing: RefCell<BTreeSet<Dependency>>,
    scratch: Value,
    patterns: RefCell<BTreeMap<String, Rc<Pattern>>>,
    /// How many templates are in the middle of executing each other.
    depth: Cell<usize>,
}

impl<'p> Scene<'p> {
    pub(crate) fn new(template: &'p Template, brain: &'p Brain, world: &'p dyn World) -> Self {
        Self {
            template,
            brain,
            world,
            used: RefCell::default(),
            missing: RefCell::default(),
            scratch: function::scratch(),
            patterns: RefCell::default(),
            depth: Cell::new(1),
        }
    }

    /// Gives what is known of a dependency, and notes that it was looked at.
    pub(crate) fn look(&self, dependency: &Dependency) -> Option<&'p Known> {
        let known = self.brain.known(&dependency.source());
        if known.is_none() {
            self.lack(dependency);
        }
        let mut used = self.used.borrow_mut();
        if !used.contains(dependency) {
            used.insert(dependency.clone());
        }
        known
    }

    /// Notes that the template cannot be rendered without this.
    pub(crate) fn lack(&self, dependency: &Dependency) {
        self.missing.borrow_mut().insert(dependency.clone());
    }

    /// Gives the last value of a key that is no more.
    pub(crate) fn last_value(&self, dependency: &Dependency) -> Option<&'p Bytes> {
        match dependency.source() {
            Source::Catalog(query) => self.brain.last_value(&query),
            Source::File(_) => None,
        }
    }

    pub(crate) fn world(&self) -> &'p dyn World {
        self.world
    }

    /// The directory that `file` may not leave.
    pub(crate) fn sandbox(&self) -> Option<&'p str> {
        self.template.sandbox()
    }

    /// What templates note for themselves.
    pub(crate) fn scratch(&self) -> &Value {
        &self.scratch
    }

    /// Gives a regular expression; a loop that uses one reads it once.
    pub(crate) fn pattern(&self, text: &str) -> Result<Rc<Pattern>> {
        let mut patterns = self.patterns.borrow_mut();
        if let Some(pattern) = patterns.get(text) {
            return Ok(pattern.clone());
        }
        let pattern = Rc::new(Pattern::new(text)?);
        patterns.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }

    /// Executes a template that the text defines, from within an expression.
    pub(crate) fn execute(&self, name: &str, dot: &Value) -> Result<Vec<u8>> {
        let depth = self.depth.get();
        let parsed = self.template.parsed();
        if depth > DEEPEST / (parsed.deepest_expression() + 3) {
            return Err(format!("exceeded maximum template depth ({depth})"));
        }
        self.depth.set(depth + 1);
        let output = parsed.execute_with(Some(name), dot, self);
        self.depth.set(depth);
        output.map_err(|error| error.to_string())
    }

    /// Gives what was used and what was missing.
    pub(crate) fn into_dependencies(self) -> (BTreeSet<Dependency>, BTreeSet<Dependency>) {
        (self.used.into_inner(), self.missing.into_inner())
    }
}

impl Host for Scene<'_> {
    fn call(&self, function: usize, arguments: &[Value]) -> Result<Value> {
        let entry = self.template.functions().get(function);
        let entry = entry.ok_or("not a function of this template")?;
        (entry.body)(self, arguments)
    }
}
