//! Sessions: who may hold a key, and until when.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use crate::{
    definition::{Behavior, SessionDefinition},
    record::Indexes,
};

/// How much longer than its time to live a session lives, as Consul has it.
const MULTIPLIER: u32 = 2;

/// The sessions there are.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: BTreeMap<String, Session>,
    chance: RandomState,
    made: u64,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) definition: SessionDefinition,
    pub(super) indexes: Indexes,
    /// When it ends unless it is renewed.
    ends_at: Option<Duration>,
}

impl Sessions {
    pub(super) fn create(
        &mut self,
        now: Duration,
        at: u64,
        definition: SessionDefinition,
    ) -> String {
        self.made += 1;
        let (high, low) = (
            self.chance.hash_one((self.made, 'h')),
            self.chance.hash_one((self.made, 'l')),
        );
        let id = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        );
        let session = Session {
            ends_at: ends_at(now, &definition),
            definition,
            indexes: Indexes {
                create_index: at,
                modify_index: at,
            },
        };
        self.known.insert(id.clone(), session);
        id
    }

    pub(super) fn renew(&mut self, now: Duration, id: &str) -> Option<&Session> {
        let session = self.known.get_mut(id)?;
        session.ends_at = ends_at(now, &session.definition);
        Some(session)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Session> {
        self.known.remove(id)
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// One whose time is over.
    pub(super) fn ended(&self, now: Duration) -> Option<String> {
        let mut known = self.known.iter();
        let ended = known.find(|(_, session)| session.ends_at.is_some_and(|at| at <= now));
        ended.map(|(id, _)| id.clone())
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.known
            .values()
            .filter_map(|session| session.ends_at)
            .min()
    }
}

impl Session {
    pub(super) fn deletes(&self) -> bool {
        self.definition.behavior == Behavior::Delete
    }
}

fn ends_at(now: Duration, definition: &SessionDefinition) -> Option<Duration> {
    definition.ttl.map(|ttl| now + ttl * MULTIPLIER)
}
