//! Maps: values of one type under string keys, in the order of the keys.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use super::{Element, Text, Value};

/// A map with string keys, which a template always walks in sorted order.
#[derive(Clone)]
pub struct Map(Arc<Entries>);

#[derive(Clone)]
struct Entries {
    by_key: BTreeMap<Text, Value>,
    element: Element,
}

impl Map {
    /// Makes a map whose values are of the given type.
    pub fn new(element: Element, entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        let by_key = entries.into_iter().collect();
        Self(Arc::new(Entries { by_key, element }))
    }

    /// Makes a `map[string]string`, where a missing key stands for an empty string.
    pub fn strings<K: Into<Text>, V: Into<Text>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::new(
            Element::String,
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), Value::String(value.into()))),
        )
    }

    /// Puts a value under a key; copies the map only if someone else holds it too.
    pub fn insert(&mut self, key: Text, value: Value) {
        Arc::make_mut(&mut self.0).by_key.insert(key, value);
    }

    /// Gives the value under a key.
    pub fn entry(&self, key: &[u8]) -> Option<&Value> {
        self.0.by_key.get(key)
    }

    /// Walks over the entries in the order of the keys.
    pub fn entries(&self) -> impl Iterator<Item = (&Text, &Value)> {
        self.0.by_key.iter()
    }

    /// Gives the entry that follows a key in order, or the first.
    pub(crate) fn entry_after(&self, key: Option<&Text>) -> Option<(&Text, &Value)> {
        let after = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.0
            .by_key
            .range::<Text, _>((after, Bound::Unbounded))
            .next()
    }

    /// Gives the type of the values.
    pub fn element(&self) -> &Element {
        &self.0.element
    }

    /// Counts the entries.
    pub fn len(&self) -> usize {
        self.0.by_key.len()
    }

    /// Tells whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.by_key.is_empty()
    }
}

/// Collects a `map[string]interface {}`.
impl<K: Into<Text>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        Self::new(
            Element::Any,
            entries.into_iter().map(|(key, value)| (key.into(), value)),
        )
    }
}
