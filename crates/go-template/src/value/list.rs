//! Slices: a window on shared elements of one type.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{Text, Value};

/// The type of the elements of a list or of the values of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`: anything, and nil where something is missing.
    Any,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float64`.
    Float,
    /// `string`.
    String,
    /// Any other type by its Go name; its zero value counts as nil.
    Named(&'static str),
}

impl Element {
    /// Gives the zero value of the type.
    pub fn zero(&self) -> Value {
        match self {
            Self::Any | Self::Named(_) => Value::Nil,
            Self::Bool => Value::Bool(false),
            Self::Int => Value::Int(0),
            Self::Float => Value::Float(0.0),
            Self::String => Value::String(Text::from("")),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float64",
            Self::String => "string",
            Self::Named(name) => name,
        })
    }
}

/// Elements that are made when someone comes to them.
pub trait Items: Send + Sync {
    /// Counts them.
    fn count(&self) -> usize;

    /// Makes one; nil for an index that is not below the count.
    fn item(&self, index: usize) -> Value;

    /// Gives a number that no other items have while these are held, unless they are made of the
    /// very same data; none if there is no such number.
    fn identity(&self) -> Option<usize> {
        None
    }

    /// Gives the name of the type as Go prints it, if it is not `[]` and that of the elements.
    fn type_name(&self) -> Option<&'static str> {
        None
    }
}

#[derive(Clone)]
enum Storage {
    Held(Arc<[Value]>),
    Made(Arc<dyn Items>),
}

/// A slice of values; slices of it share the storage. As large as a pointer, since values are
/// moved all the time.
#[derive(Clone)]
pub struct List(Arc<Slice>);

#[derive(Clone)]
struct Slice {
    storage: Storage,
    start: usize,
    end: usize,
    /// Where slices of this list must end.
    limit: usize,
    element: Element,
}

impl List {
    /// Makes a list whose elements are of the given type.
    pub fn new(element: Element, items: impl IntoIterator<Item = Value>) -> Self {
        let storage: Arc<[Value]> = items.into_iter().collect();
        Self::over(element, storage.len(), Storage::Held(storage))
    }

    /// Makes a list of elements that are only made when they are asked for.
    pub fn made(element: Element, items: Arc<dyn Items>) -> Self {
        Self::over(element, items.count(), Storage::Made(items))
    }

    fn over(element: Element, count: usize, storage: Storage) -> Self {
        Self(Arc::new(Slice {
            start: 0,
            end: count,
            limit: count,
            storage,
            element,
        }))
    }

    /// Makes a `[]string`.
    pub fn strings<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::new(
            Element::String,
            items.into_iter().map(|item| Value::String(item.into())),
        )
    }

    /// Counts the elements.
    pub fn len(&self) -> usize {
        self.0.end - self.0.start
    }

    /// Tells whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.start == self.0.end
    }

    /// Gives one element.
    pub fn get(&self, index: usize) -> Option<Value> {
        if index >= self.len() {
            return None;
        }
        Some(match &self.0.storage {
            Storage::Held(items) => items[self.0.start + index].clone(),
            Storage::Made(items) => items.item(self.0.start + index),
        })
    }

    /// Gives the elements in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Gives the type of the elements.
    pub fn element(&self) -> &Element {
        &self.0.element
    }

    /// Gives the number `%p` prints, which only tells lists apart.
    pub(crate) fn address(&self) -> usize {
        match &self.0.storage {
            Storage::Held(items) => items[self.0.start..].as_ptr().addr(),
            Storage::Made(items) => Arc::as_ptr(items).addr() + self.0.start,
        }
    }

    /// Gives the name of the type as Go prints it.
    pub(crate) fn type_name(&self) -> Cow<'static, str> {
        let own = match &self.0.storage {
            Storage::Held(_) => None,
            Storage::Made(items) => items.type_name(),
        };
        own.map_or_else(|| format!("[]{}", self.0.element).into(), Cow::Borrowed)
    }

    /// Gives a number that tells what the list is made of as long as it is held, if there is one.
    pub(crate) fn identity(&self) -> Option<usize> {
        match &self.0.storage {
            Storage::Held(_) => None,
            Storage::Made(items) => items.identity(),
        }
    }

    /// Tells whether both are the same part of the same data.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let part = |list: &Self| (list.identity(), list.0.start, list.0.end);
        self.identity().is_some() && part(self) == part(other) && self.0.element == other.0.element
    }

    /// Counts the elements a slice of the list can have at most.
    pub(crate) fn capacity(&self) -> usize {
        self.0.limit - self.0.start
    }

    /// Gives the part between two offsets, itself limited by a third; the caller has
    /// checked that they lie in order within the capacity.
    pub(crate) fn slice(&self, from: usize, to: usize, limit: usize) -> Self {
        debug_assert!(from <= to && to <= limit && limit <= self.capacity());
        let start = self.0.start;
        Self(Arc::new(Slice {
            start: start + from,
            end: start + to,
            limit: start + limit,
            ..(*self.0).clone()
        }))
    }
}

/// Collects an `[]interface {}`.
impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::new(Element::Any, items)
    }
}
