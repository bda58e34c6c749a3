//! The key-value store.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;

use crate::{record::Indexes, request::Claim};

/// How many deleted keys are remembered, so that whoever waits for one hears of it.
const TOMBSTONES_MAX: usize = 4096;

/// What all keys and values together may take, in bytes.
const HELD_MAX: usize = 64 << 20;

/// What a key counts for beside its name and value, in bytes.
const ENTRY_WEIGHT: usize = 256;

/// How many delayed keys are remembered.
const DELAYS_MAX: usize = 65536;

/// Keys, and when each last changed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    entries: BTreeMap<String, Entry>,
    tombstones: BTreeMap<String, u64>,
    index: u64,
    /// The last change of which no tombstone tells any more.
    forgotten_index: u64,
    held: usize,
    /// Until when nobody gets a key whose session ended while it held the key.
    delays: BTreeMap<String, Duration>,
    /// What stood where a transaction under way has written.
    journal: Option<Journal>,
}

/// What it takes to undo a transaction.
#[derive(Debug)]
struct Journal {
    before: Vec<(String, Option<Entry>, Option<u64>)>,
    index: u64,
    held: usize,
}

/// A value with its flags, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) value: Bytes,
    pub(super) flags: u64,
    pub(super) lock_index: u64,
    pub(super) session: Option<String>,
    pub(super) indexes: Indexes,
}

/// A value to store.
pub(super) struct Put {
    pub(super) key: String,
    pub(super) value: Bytes,
    pub(super) flags: u64,
    pub(super) claim: Claim,
}

/// There is no room for another value.
#[derive(Debug, thiserror::Error)]
#[error("the development catalog holds {HELD_MAX} bytes of keys and values and takes no more")]
pub(super) struct Full;

impl Keys {
    /// Stores a value, unless the key is not as it was claimed to be.
    pub(super) fn put(&mut self, now: Duration, at: u64, put: Put) -> Result<bool, Full> {
        self.delays.retain(|_, until| *until > now);
        let Put {
            key,
            value,
            flags,
            claim,
        } = put;
        let before = self.entries.get(&key);
        let holder = before.and_then(|entry| entry.session.clone());
        let locked = before.map_or(0, |entry| entry.lock_index);
        let (lock_index, session) = match claim {
            // Consul forgets how often it was locked, but not who holds it.
            Claim::None => (0, holder),
            Claim::Unchanged(wanted) => {
                let found = before.map_or(0, |entry| entry.indexes.modify_index);
                if wanted != found {
                    return Ok(false);
                }
                (0, holder)
            }
            Claim::Acquire(id) if holder.as_ref() == Some(&id) => (locked, Some(id)),
            Claim::Acquire(id) => {
                if holder.is_some() || self.delays.contains_key(&key) {
                    return Ok(false);
                }
                (locked + 1, Some(id))
            }
            Claim::Release(id) => {
                if holder != Some(id) {
                    return Ok(false);
                }
                (locked, None)
            }
        };
        let mut entry = Entry {
            value,
            flags,
            lock_index,
            session,
            indexes: before.map_or_else(Indexes::default, |entry| entry.indexes),
        };
        if before.is_some_and(|before| *before == entry) {
            return Ok(true);
        }
        let freed = before.map_or(0, |before| weight(&key, before));
        let held = self.held - freed + weight(&key, &entry);
        if held > HELD_MAX {
            return Err(Full);
        }
        if before.is_none() {
            entry.indexes.create_index = at;
        }
        entry.indexes.modify_index = at;
        self.note(&key);
        self.entries.insert(key, entry);
        self.index = at;
        self.held = held;
        Ok(true)
    }

    /// Lets go of what a session held, or deletes it; nobody gets it before the time given.
    pub(super) fn let_go(&mut self, at: u64, session: &str, deletes: bool, until: Duration) {
        let is_held = |entry: &Entry| entry.session.as_deref() == Some(session);
        let held = self.entries.iter().filter(|(_, entry)| is_held(entry));
        for key in held.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            // A delay that finds no room is none: the key is only free sooner.
            if self.delays.len() < DELAYS_MAX {
                self.delays.insert(key.clone(), until);
            }
            if deletes {
                self.bury(at, &key);
            } else if let Some(entry) = self.entries.get_mut(&key) {
                entry.session = None;
                entry.indexes.modify_index = at;
                self.index = at;
            }
        }
    }

    /// Deletes a key, unless `cas` is not its index; deleting what is not there is fine.
    pub(super) fn delete(&mut self, at: u64, key: &str, cas: Option<u64>) -> bool {
        let Some(entry) = self.entries.get(key) else {
            return true;
        };
        if cas.is_some_and(|wanted| wanted != entry.indexes.modify_index) {
            return false;
        }
        self.bury(at, key);
        true
    }

    pub(super) fn delete_tree(&mut self, at: u64, prefix: &str) {
        let keys: Vec<_> = self.below(prefix).map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            self.bury(at, &key);
        }
    }

    /// Whether a key is kept from everybody since its last session ended.
    pub(super) fn is_delayed(&self, now: Duration, key: &str) -> bool {
        self.delays.get(key).is_some_and(|until| *until > now)
    }

    /// Starts to write down what it takes to undo all that follows.
    pub(super) fn begin(&mut self) {
        self.journal = Some(Journal {
            before: Vec::new(),
            index: self.index,
            held: self.held,
        });
    }

    pub(super) fn commit(&mut self) {
        self.journal = None;
        self.forget_old_deaths();
    }

    /// Makes everything as it was at the beginning.
    pub(super) fn roll_back(&mut self) {
        let Some(journal) = self.journal.take() else {
            return;
        };
        for (key, entry, died) in journal.before.into_iter().rev() {
            restore(&mut self.tombstones, &key, died);
            restore(&mut self.entries, &key, entry);
        }
        self.index = journal.index;
        self.held = journal.held;
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &Entry)> {
        from(&self.entries, prefix)
    }

    pub(super) fn index(&self) -> u64 {
        self.index
    }

    pub(super) fn index_of(&self, key: &str) -> u64 {
        self.get(key)
            .map_or(self.index, |entry| entry.indexes.modify_index)
    }

    pub(super) fn index_below(&self, prefix: &str) -> u64 {
        match self.below(prefix).next() {
            // What is forgotten counts for all prefixes, so that no index ever goes back.
            Some(_) => self.touched_below(prefix).max(self.forgotten_index),
            None => self.index,
        }
    }

    pub(super) fn touched(&self, key: &str) -> u64 {
        match self.get(key) {
            Some(entry) => entry.indexes.modify_index,
            None => self.tombstones.get(key).copied().unwrap_or(0),
        }
    }

    pub(super) fn touched_below(&self, prefix: &str) -> u64 {
        let alive = self
            .below(prefix)
            .map(|(_, entry)| entry.indexes.modify_index);
        let dead = from(&self.tombstones, prefix).map(|(_, at)| *at);
        alive.chain(dead).max().unwrap_or(0)
    }

    fn bury(&mut self, at: u64, key: &str) {
        if !self.entries.contains_key(key) {
            return;
        }
        self.note(key);
        if let Some(entry) = self.entries.remove(key) {
            self.held -= weight(key, &entry);
            self.tombstones.insert(key.to_owned(), at);
            self.index = at;
        }
        self.forget_old_deaths();
    }

    fn note(&mut self, key: &str) {
        if let Some(journal) = &mut self.journal {
            let before = self.entries.get(key).cloned();
            let died = self.tombstones.get(key).copied();
            journal.before.push((key.to_owned(), before, died));
        }
    }

    fn forget_old_deaths(&mut self) {
        if self.tombstones.len() > TOMBSTONES_MAX && self.journal.is_none() {
            // Everyone who waited for the older half was woken when it died.
            let mut deaths: Vec<_> = self.tombstones.values().copied().collect();
            deaths.sort_unstable();
            self.forgotten_index = deaths[deaths.len() / 2];
            self.tombstones
                .retain(|_, died| *died > self.forgotten_index);
        }
    }
}

fn weight(key: &str, entry: &Entry) -> usize {
    ENTRY_WEIGHT + key.len() + entry.value.len()
}

fn restore<T>(map: &mut BTreeMap<String, T>, key: &str, before: Option<T>) {
    match before {
        Some(value) => drop(map.insert(key.to_owned(), value)),
        None => drop(map.remove(key)),
    }
}

fn from<'a, T>(
    map: &'a BTreeMap<String, T>,
    prefix: &str,
) -> impl Iterator<Item = (&'a str, &'a T)> {
    let owned = prefix.to_owned();
    let rest = map.range(prefix.to_owned()..);
    rest.take_while(move |(key, _)| key.starts_with(&owned))
        .map(|(key, value)| (key.as_str(), value))
}
