//! Sessions: who may hold a key, and until when.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use super::{catalog::NODE, stamps::Stamps};
use crate::{
    definition::{Behavior, SessionDefinition},
    duration,
    record::Indexes,
};

/// How much longer than its time to live a session lives, as Consul has it.
const MULTIPLIER: u32 = 2;

/// What all sessions together may take, in bytes.
const HELD_MAX: usize = 16 << 20;

/// The sessions there are.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: BTreeMap<String, Session>,
    chance: RandomState,
    made: u64,
    index: u64,
    /// When each session, and the sessions of each node, last changed.
    ids: Stamps,
    nodes: Stamps,
    held: usize,
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
    pub(super) fn has_room(&self, definition: &SessionDefinition) -> bool {
        self.held + definition.weight() <= HELD_MAX
    }

    pub(super) fn create(
        &mut self,
        now: Duration,
        at: u64,
        definition: SessionDefinition,
    ) -> String {
        let id = self.new_id();
        self.held += definition.weight();
        let session = Session {
            ends_at: ends_at(now, &definition),
            definition,
            indexes: Indexes {
                create_index: at,
                modify_index: at,
            },
        };
        self.mark(at, &id, session.node());
        self.known.insert(id.clone(), session);
        id
    }

    pub(super) fn renew(&mut self, now: Duration, id: &str) -> Option<&Session> {
        let session = self.known.get_mut(id)?;
        session.ends_at = ends_at(now, &session.definition);
        Some(session)
    }

    pub(super) fn remove(&mut self, at: u64, id: &str) -> Option<Session> {
        let session = self.known.remove(id)?;
        self.held -= session.definition.weight();
        self.mark(at, id, session.node());
        Some(session)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Session> {
        self.known.get(id)
    }

    /// All of them, by identity.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Session)> {
        self.known
            .iter()
            .map(|(id, session)| (id.as_str(), session))
    }

    /// Those that depend on a check of a node.
    pub(super) fn depending_on(&self, node: &str, check: &str) -> Vec<String> {
        let depends = |session: &Session| {
            session.is_of(node) && session.definition.checks().any(|own| own == check)
        };
        let known = self.iter().filter(|(_, session)| depends(session));
        known.map(|(id, _)| id.to_owned()).collect()
    }

    /// Those of a node.
    pub(super) fn of_node(&self, node: &str) -> Vec<String> {
        let known = self.iter().filter(|(_, session)| session.is_of(node));
        known.map(|(id, _)| id.to_owned()).collect()
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

    /// When any session last came or went.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    pub(super) fn touched(&self, id: &str) -> u64 {
        self.ids.of(id)
    }

    pub(super) fn touched_of(&self, node: &str) -> u64 {
        self.nodes.of(&node.to_lowercase())
    }

    fn mark(&mut self, at: u64, id: &str, node: &str) {
        self.index = at;
        self.ids.mark(id, at);
        self.nodes.mark(&node.to_lowercase(), at);
    }

    fn new_id(&mut self) -> String {
        self.made += 1;
        let (high, low) = (
            self.chance.hash_one((self.made, 'h')),
            self.chance.hash_one((self.made, 'l')),
        );
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

impl Session {
    pub(super) fn node(&self) -> &str {
        self.definition.node.as_deref().unwrap_or(NODE)
    }

    pub(super) fn deletes(&self) -> bool {
        self.definition.behavior == Behavior::Delete
    }

    pub(super) fn lock_delay(&self) -> Duration {
        duration::from_nanos(self.definition.lock_delay)
    }

    fn is_of(&self, node: &str) -> bool {
        self.node().eq_ignore_ascii_case(node)
    }
}

fn ends_at(now: Duration, definition: &SessionDefinition) -> Option<Duration> {
    definition.ttl.map(|ttl| now + ttl * MULTIPLIER)
}
