//! When each of many named things last changed, remembered in bounded room.

use std::collections::BTreeMap;

/// How many names are remembered one by one.
const NAMES_MAX: usize = 8192;

/// The index of the last change of each name, also of names that are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    known: BTreeMap<String, u64>,
    /// The last change of all that is no longer remembered by name.
    forgotten_index: u64,
}

impl Stamps {
    pub(super) fn mark(&mut self, name: &str, at: u64) {
        match self.known.get_mut(name) {
            Some(index) => *index = at,
            None => drop(self.known.insert(name.to_owned(), at)),
        }
        if self.known.len() > NAMES_MAX {
            // Whoever waited for the older half was woken when it changed.
            let mut changes: Vec<_> = self.known.values().copied().collect();
            changes.sort_unstable();
            self.forgotten_index = changes[changes.len() / 2];
            self.known.retain(|_, at| *at > self.forgotten_index);
        }
    }

    /// The last change of a name, or one not before it.
    pub(super) fn of(&self, name: &str) -> u64 {
        let known = self.known.get(name).copied();
        known.unwrap_or(self.forgotten_index)
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES_MAX, Stamps};

    #[test]
    fn what_is_forgotten_never_goes_back() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.of("never"), 0);
        let last = 3 * NAMES_MAX as u64;
        for at in 1..=last {
            stamps.mark(&format!("name-{at}"), at);
        }
        assert!(stamps.known.len() <= NAMES_MAX);
        assert_eq!(stamps.of(&format!("name-{last}")), last);
        for at in 1..last {
            assert!(stamps.of(&format!("name-{at}")) >= at);
        }
    }
}
