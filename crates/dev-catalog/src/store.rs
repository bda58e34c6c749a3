//! The catalog as a value: the time and an order go in, an answer comes out.
//!
//! There are two views, as in Consul. The agent keeps what it was told and lets checks run out; what
//! it finds worth telling, it reports to the catalog as [`Fact`]s. Only the catalog and the
//! key-value store have an index, so only they can be waited for.

mod agent;
mod answer;
mod base64;
mod catalog;
mod kv;
mod session;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};

use self::{
    agent::Agent,
    catalog::{Catalog, NODE},
    kv::{Keys, Put},
    session::{Session, Sessions},
};
use crate::{
    definition::Behavior,
    reply::Reply,
    request::{Claim, Command, Query},
};

/// Everything the development catalog knows.
#[derive(Debug)]
pub(crate) struct Store {
    index: u64,
    agent: Agent,
    catalog: Catalog,
    keys: Keys,
    sessions: Sessions,
}

/// What the agent has to tell the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fact {
    ServiceKnown(String),
    ServiceGone(String),
    CheckKnown(String),
    CheckGone(String),
}

/// The change with which the node and the catalog's own service came to be.
const FIRST_INDEX: u64 = 1;

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            index: FIRST_INDEX,
            agent: Agent::default(),
            catalog: Catalog::new(FIRST_INDEX),
            keys: Keys::default(),
            sessions: Sessions::default(),
        }
    }

    /// Does what a client asks for.
    pub(crate) fn apply(&mut self, now: Duration, command: Command) -> Reply {
        match command {
            Command::PutKey {
                key,
                value,
                flags,
                claim,
            } => {
                if let Err(reply) = self.is_sound(&claim) {
                    return reply;
                }
                let put = Put {
                    key,
                    value,
                    flags,
                    claim,
                };
                match self.keys.put(now, self.index + 1, put) {
                    Ok(done) => self.written(done),
                    Err(error) => Reply::text(500, error.to_string()),
                }
            }
            Command::CreateSession(definition) => {
                self.index += 1;
                let id = self.sessions.create(now, self.index, *definition);
                Reply::json(&json!({ "ID": id }))
            }
            Command::RenewSession(id) => self.renew(now, &id),
            Command::DestroySession(id) => match sound_id(&id) {
                Ok(()) => {
                    self.end_session(now, &id);
                    Reply::json(&true)
                }
                Err(reply) => reply,
            },
            Command::DeleteKey { key, cas } => {
                let done = self.keys.delete(self.index + 1, &key, cas);
                self.written(done)
            }
            Command::DeleteTree { prefix } => {
                self.keys.delete_tree(self.index + 1, &prefix);
                self.written(true)
            }
            Command::RegisterService { .. }
            | Command::DeregisterService(_)
            | Command::RegisterCheck(_)
            | Command::DeregisterCheck(_)
            | Command::UpdateCheck { .. }
            | Command::EnterMaintenance { .. }
            | Command::LeaveMaintenance { .. } => match self.agent.apply(now, command) {
                Ok(facts) => {
                    self.report(&facts);
                    Reply::empty(200)
                }
                Err(error) => Reply::text(error.status(), error.to_string()),
            },
        }
    }

    /// Lets everything happen that is due.
    pub(crate) fn expire(&mut self, now: Duration) {
        let facts = self.agent.expire(now);
        self.report(&facts);
        while let Some(id) = self.sessions.ended(now) {
            self.end_session(now, &id);
        }
    }

    /// When to call [`Store::expire`] at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let agent = self.agent.next_deadline().into_iter();
        agent.chain(self.sessions.next_deadline()).min()
    }

    /// The index an answer to the query has now, never zero.
    pub(crate) fn index(&self, query: &Query) -> u64 {
        let index = match query {
            Query::Services => self.catalog.services_index(),
            Query::Nodes => FIRST_INDEX,
            Query::Node { name } if self.catalog.is_node(name) => self.catalog.services_index(),
            Query::Node { .. } => FIRST_INDEX,
            Query::Service { name, .. } | Query::Health { name, .. } => self.catalog.index_of(name),
            Query::Checks { .. } | Query::State { .. } => self.catalog.checks_index(),
            Query::Key { key, .. } => self.keys.index_of(key),
            Query::Tree { prefix } | Query::Keys { prefix, .. } => self.keys.index_below(prefix),
        };
        index.max(1)
    }

    /// The last change that a query waiting for one has to hear of.
    ///
    /// This differs from [`Store::index`] for what does not exist: the index of an absent key or
    /// service moves with its surroundings, but that is no reason to wake anyone.
    pub(crate) fn touched(&self, query: &Query) -> u64 {
        match query {
            Query::Services | Query::Nodes | Query::Node { .. } | Query::State { .. } => {
                self.index(query)
            }
            Query::Service { name, .. }
            | Query::Health { name, .. }
            | Query::Checks { service: name } => self.catalog.touched(name),
            Query::Key { key, .. } => self.keys.touched(key),
            Query::Tree { prefix } | Query::Keys { prefix, .. } => self.keys.touched_below(prefix),
        }
    }

    fn is_sound(&self, claim: &Claim) -> Result<(), Reply> {
        let id = match claim {
            Claim::Acquire(id) | Claim::Release(id) => id,
            Claim::None | Claim::Unchanged(_) => return Ok(()),
        };
        if id.is_empty() {
            return Err(Reply::text(500, "missing session"));
        }
        if matches!(claim, Claim::Acquire(_)) {
            sound_id(id)?;
            if !self.sessions.has(id) {
                return Err(Reply::text(500, format!("invalid session {id:?}")));
            }
        }
        Ok(())
    }

    fn renew(&mut self, now: Duration, id: &str) -> Reply {
        if let Err(reply) = sound_id(id) {
            return reply;
        }
        match self.sessions.renew(now, id) {
            Some(session) => Reply::json(&[session_record(id, session)]),
            None => Reply::text(404, format!("Session id '{id}' not found")),
        }
    }

    /// What a session held is let go, or goes with it.
    fn end_session(&mut self, now: Duration, id: &str) {
        let Some(session) = self.sessions.remove(id) else {
            return;
        };
        self.index += 1;
        let until = now + session.definition.lock_delay;
        self.keys.let_go(self.index, id, session.deletes(), until);
    }

    fn written(&mut self, done: bool) -> Reply {
        self.index = self.index.max(self.keys.index());
        Reply::json(&done)
    }

    /// Brings the catalog up to date; all facts of one cause share one index.
    fn report(&mut self, facts: &[Fact]) {
        let next = self.index + 1;
        let mut changed = false;
        for fact in facts {
            changed |= match fact {
                Fact::ServiceKnown(id) => self
                    .agent
                    .service(id)
                    .is_some_and(|service| self.catalog.put_service(next, service)),
                Fact::CheckKnown(id) => self
                    .agent
                    .check(id)
                    .is_some_and(|check| self.catalog.put_check(next, check)),
                Fact::ServiceGone(id) => self.catalog.remove_service(next, id),
                Fact::CheckGone(id) => self.catalog.remove_check(next, id),
            };
        }
        if changed {
            self.index = next;
        }
    }
}

/// Consul looks a session up by an identity of the right length only.
fn sound_id(id: &str) -> Result<(), Reply> {
    if id.len() == 36 {
        return Ok(());
    }
    let text = "failed session lookup: index error: UUID must be 36 characters";
    Err(Reply::text(500, text))
}

fn session_record(id: &str, session: &Session) -> Value {
    let definition = &session.definition;
    let behavior = match definition.behavior {
        Behavior::Release => "release",
        Behavior::Delete => "delete",
    };
    json!({
        "ID": id,
        "Name": definition.name,
        "Node": NODE,
        "LockDelay": u64::try_from(definition.lock_delay.as_nanos()).unwrap_or(u64::MAX),
        "Behavior": behavior,
        "TTL": definition.ttl_text,
        "NodeChecks": ["serfHealth"],
        "ServiceChecks": null,
        "CreateIndex": session.indexes.create_index,
        "ModifyIndex": session.indexes.modify_index,
    })
}
