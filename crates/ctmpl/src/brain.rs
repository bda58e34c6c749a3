//! What is known so far.

use std::collections::HashMap;

use bytes::Bytes;
use catalog::{answer::Answer, query::Query};

use crate::dependency::Source;

/// What came back for a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The catalog's answer to a query.
    Answer(Answer),
    /// What a file holds.
    File(Bytes),
}

/// Everything that was fetched for templates; its owner keeps it up to date.
#[derive(Debug, Default)]
pub struct Brain {
    sources: HashMap<Source, Known>,
    /// The last values of keys that are gone: `key` goes on to give them, as in consul-template.
    gone: HashMap<Query, Bytes>,
}

impl Brain {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up what came back, in place of what was known before; tells whether that differs.
    pub fn remember(&mut self, source: Source, known: Known) -> bool {
        let before = self.sources.get(&source);
        if before == Some(&known) {
            return false;
        }
        if let Source::Catalog(query @ Query::Key { .. }) = &source {
            match (&known, before) {
                (Known::Answer(Answer::Value(Some(_))), _) => {
                    self.gone.remove(query);
                }
                (_, Some(Known::Answer(Answer::Value(Some(last))))) => {
                    self.gone.insert(query.clone(), last.clone());
                }
                _ => {}
            }
        }
        self.sources.insert(source, known);
        true
    }

    /// Gives what is known.
    pub fn known(&self, source: &Source) -> Option<&Known> {
        self.sources.get(source)
    }

    /// Forgets what nobody asks for any more.
    pub fn forget(&mut self, source: &Source) {
        self.sources.remove(source);
        if let Source::Catalog(query) = source {
            self.gone.remove(query);
        }
    }

    /// Keeps only what is still asked for.
    pub fn retain(&mut self, mut wanted: impl FnMut(&Source) -> bool) {
        let sources: Vec<Source> = self.sources.keys().cloned().collect();
        for source in sources {
            if !wanted(&source) {
                self.forget(&source);
            }
        }
    }

    /// Gives the last value of a key that is no more.
    pub(crate) fn last_value(&self, query: &Query) -> Option<&Bytes> {
        self.gone.get(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Query {
        Query::Key {
            path: "a".to_owned(),
            dc: None,
        }
    }

    fn value(value: Option<&'static str>) -> Known {
        Known::Answer(Answer::Value(value.map(Bytes::from)))
    }

    #[test]
    fn tells_whether_something_changed() {
        let mut brain = Brain::new();
        let source = Source::Catalog(key());
        assert!(brain.remember(source.clone(), value(Some("1"))));
        assert!(!brain.remember(source.clone(), value(Some("1"))));
        assert!(brain.remember(source.clone(), value(None)));
        brain.retain(|_| false);
        assert_eq!(brain.known(&source), None);
        assert_eq!(brain.last_value(&key()), None);
    }

    #[test]
    fn keeps_the_last_value_of_a_key_until_there_is_a_new_one() {
        let mut brain = Brain::new();
        let source = Source::Catalog(key());
        brain.remember(source.clone(), value(None));
        assert_eq!(brain.last_value(&key()), None);
        brain.remember(source.clone(), value(Some("1")));
        brain.remember(source.clone(), value(None));
        assert_eq!(brain.last_value(&key()), Some(&Bytes::from("1")));
        brain.remember(source, value(Some("2")));
        assert_eq!(brain.last_value(&key()), None);
    }
}
