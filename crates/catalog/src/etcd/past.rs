//! How far a cluster has come, so that one that began anew is known.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How far a cluster has come. Only the one that follows writes it, and the next takes it over.
#[derive(Debug, Default)]
pub(super) struct Past {
    revision: AtomicI64,
    losses: AtomicU64,
}

impl Past {
    /// How often the cluster was found to have lost what it knew.
    pub(super) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// Takes note that a revision was heard of.
    pub(super) fn reach(&self, revision: i64) {
        self.revision.fetch_max(revision, Ordering::Relaxed);
    }

    /// Takes note of what was read, at these revisions and all that lie between. Whoever leads knows
    /// every revision there was, so that none can be earlier than one before it.
    pub(super) fn read(&self, revisions: impl Iterator<Item = i64> + Clone) {
        let (Some(first), Some(last)) = (revisions.clone().min(), revisions.max()) else {
            return;
        };
        if first < self.revision.load(Ordering::Relaxed) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            self.revision.store(last, Ordering::Relaxed);
        } else {
            self.reach(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_that_goes_backwards_is_a_loss() {
        let past = Past::default();
        past.read([5, 7, 5].into_iter());
        past.read([7, 8].into_iter());
        past.reach(9);
        past.reach(3);
        past.read([].into_iter());
        past.read([9].into_iter());
        assert_eq!(past.losses(), 0);
        past.read([2, 4].into_iter());
        assert_eq!(past.losses(), 1);
        past.read([4].into_iter());
        assert_eq!(past.losses(), 1);
    }
}
