//! The catalog as a value: the time and an order go in, an answer comes out.
//!
//! There are two views, as in Consul. The agent keeps what it was told and lets checks run out; what
//! it finds worth telling, it reports to the catalog as [`Fact`]s. Only the catalog, the key-value
//! store and the sessions have an index, so only they can be waited for.

mod agent;
mod answer;
mod catalog;
mod kv;
mod picture;
mod registration;
mod session;
mod stamps;
mod timetable;
mod transaction;
mod view;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::json;

use self::{
    agent::Agent,
    catalog::{Catalog, NODE},
    kv::{Keys, Put},
    session::Sessions,
};
use crate::{
    definition::SessionDefinition,
    reply::Reply,
    request::{Claim, Command, Query},
    status::Status,
};

/// Everything the development catalog knows.
#[derive(Debug)]
pub(crate) struct Store {
    index: u64,
    agent: Agent,
    catalog: Catalog,
    keys: Keys,
    sessions: Sessions,
    /// When the agent next looks whether the catalog still says what it told.
    sync_at: Option<Duration>,
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
            sync_at: None,
        }
    }

    /// Does what a client asks for.
    pub(crate) fn apply(&mut self, now: Duration, command: Command) -> Reply {
        self.catalog.set_time(now);
        match command {
            Command::PutKey {
                key,
                value,
                flags,
                claim,
            } => {
                let put = Put {
                    key,
                    value,
                    flags,
                    claim,
                };
                self.put_key(now, put)
            }
            Command::DeleteKey { key, cas } => {
                let done = self.keys.delete(self.index + 1, &key, cas);
                self.written(done)
            }
            Command::DeleteTree { prefix } => {
                self.keys.delete_tree(self.index + 1, &prefix);
                self.written(true)
            }
            Command::CreateSession(definition) => self.create_session(now, *definition),
            Command::RenewSession(id) => self.renew(now, &id),
            Command::DestroySession(id) => match sound_id(&id) {
                Ok(()) => {
                    self.end_session(now, self.index + 1, &id);
                    Reply::json(&true)
                }
                Err(reason) => Reply::text(500, reason),
            },
            Command::RegisterNode(definition) => self.register_node(now, *definition),
            Command::Deregister(departure) => self.deregister(now, &departure),
            Command::Transact(operations) => self.transact(now, operations),
            Command::RegisterService { .. }
            | Command::DeregisterService(_)
            | Command::RegisterCheck(_)
            | Command::DeregisterCheck(_)
            | Command::UpdateCheck { .. }
            | Command::EnterMaintenance { .. }
            | Command::LeaveMaintenance { .. } => self.tell_agent(now, command),
        }
    }

    fn tell_agent(&mut self, now: Duration, command: Command) -> Reply {
        let weight = if let Command::RegisterService { service, .. } = &command {
            service.weight()
        } else if let Command::RegisterCheck(check) = &command {
            check.weight()
        } else {
            0
        };
        if weight > 0 && !self.catalog.has_room(weight) {
            return full();
        }
        match self.agent.apply(now, command) {
            Ok(facts) => {
                self.report(now, &facts);
                Reply::empty(200)
            }
            Err(error) => Reply::text(error.status(), error.to_string()),
        }
    }

    /// Lets everything happen that is due.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.catalog.set_time(now);
        let facts = self.agent.expire(now);
        self.report(now, &facts);
        while let Some(id) = self.sessions.ended(now) {
            self.end_session(now, self.index + 1, &id);
        }
        if self.sync_at.is_some_and(|at| at <= now) {
            self.sync_at = None;
            self.synchronize(now);
        }
    }

    /// When to call [`Store::expire`] at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let agent = self.agent.next_deadline().into_iter();
        let sessions = self.sessions.next_deadline();
        agent.chain(sessions).chain(self.sync_at).min()
    }

    /// The index an answer to the query has now, never zero.
    pub(crate) fn index(&self, query: &Query) -> u64 {
        let latest = &self.catalog.latest;
        let index = match query {
            Query::Services => latest.services(),
            Query::Nodes => latest.nodes(),
            Query::Node { name, .. } if self.catalog.host(name).is_some() => {
                latest.services().max(latest.nodes())
            }
            Query::Node { .. } => FIRST_INDEX,
            Query::Service { name, .. } | Query::Health { name, .. } => self.catalog.index_of(name),
            Query::Checks { .. } | Query::State { .. } | Query::NodeChecks { .. } => {
                latest.checks()
            }
            Query::Key { key, .. } => self.keys.index_of(key),
            Query::Tree { prefix } | Query::Keys { prefix, .. } => self.keys.index_below(prefix),
            Query::Sessions | Query::SessionsOf { .. } | Query::Session { .. } => {
                self.sessions.index()
            }
            Query::Picture => self.index,
        };
        index.max(1)
    }

    /// Whether a query that waits for something newer than an index has to be answered.
    ///
    /// That the index of an answer moved is not enough: the index of an absent key or service moves
    /// with its surroundings, but that is no reason to wake anyone.
    pub(crate) fn is_news(&self, query: &Query, index: u64) -> bool {
        self.touched(query) > index && self.index(query) > index
    }

    fn touched(&self, query: &Query) -> u64 {
        let latest = &self.catalog.latest;
        match query {
            Query::Services | Query::Nodes | Query::Sessions | Query::Picture => self.index(query),
            Query::Node { name, .. } => latest.host(name),
            Query::NodeChecks { name } => latest.checks_of_host(name),
            Query::State { status } => latest.state(status),
            Query::Service { name, .. } | Query::Health { name, .. } => self.catalog.touched(name),
            Query::Checks { service } => latest.checks_of_name(service),
            Query::Key { key, .. } => self.keys.touched(key),
            Query::Tree { prefix } | Query::Keys { prefix, .. } => self.keys.touched_below(prefix),
            Query::SessionsOf { node } => self.sessions.touched_of(node),
            Query::Session { id } => self.sessions.touched(id),
        }
    }

    fn put_key(&mut self, now: Duration, put: Put) -> Reply {
        if let Err(reason) = self.is_sound(&put.claim) {
            return Reply::text(500, reason);
        }
        match self.keys.put(now, self.index + 1, put) {
            Ok(done) => self.written(done),
            Err(error) => Reply::text(500, error.to_string()),
        }
    }

    /// Whether the session that claims a key is one, or why not.
    fn is_sound(&self, claim: &Claim) -> Result<(), String> {
        let id = match claim {
            Claim::Acquire(id) | Claim::Release(id) => id,
            Claim::None | Claim::Unchanged(_) => return Ok(()),
        };
        if id.is_empty() {
            return Err("missing session".to_owned());
        }
        if matches!(claim, Claim::Acquire(_)) {
            sound_id(id)?;
            if self.sessions.get(id).is_none() {
                return Err(format!("invalid session {id:?}"));
            }
        }
        Ok(())
    }

    fn create_session(&mut self, now: Duration, definition: SessionDefinition) -> Reply {
        if !self.sessions.has_room(&definition) {
            return full();
        }
        let failed = |text: String| Reply::text(500, text);
        let node = definition.node.as_deref().unwrap_or(NODE);
        let Some(host) = self.catalog.host(node) else {
            return failed("Missing node registration".to_owned());
        };
        for id in definition.checks() {
            match host.check(id) {
                None => return failed(format!("Missing check '{id}' registration")),
                Some(check) if check.status == Status::Critical => {
                    return failed(format!("Check '{id}' is in critical state"));
                }
                Some(_) => {}
            }
        }
        self.index += 1;
        let id = self.sessions.create(now, self.index, definition);
        Reply::json(&json!({ "ID": id }))
    }

    fn renew(&mut self, now: Duration, id: &str) -> Reply {
        if let Err(reason) = sound_id(id) {
            return Reply::text(500, reason);
        }
        match self.sessions.renew(now, id) {
            Some(session) => Reply::json(&[answer::session_record(id, session)]),
            None => Reply::text(404, format!("Session id '{id}' not found")),
        }
    }

    /// What a session held is let go, or goes with it.
    fn end_session(&mut self, now: Duration, at: u64, id: &str) {
        let Some(session) = self.sessions.remove(at, id) else {
            return;
        };
        self.index = at;
        let until = now + session.lock_delay();
        self.keys.let_go(at, id, session.deletes(), until);
    }

    fn end_sessions(&mut self, now: Duration, at: u64, ids: &[String]) {
        for id in ids {
            self.end_session(now, at, id);
        }
    }

    fn written(&mut self, done: bool) -> Reply {
        self.index = self.index.max(self.keys.index());
        Reply::json(&done)
    }

    /// Brings the catalog up to date; all facts of one cause share one index.
    fn report(&mut self, now: Duration, facts: &[Fact]) {
        let next = self.index + 1;
        let mut changed = false;
        for fact in facts {
            changed |= match fact {
                Fact::ServiceKnown(id) => self
                    .agent
                    .service(id)
                    .is_some_and(|service| self.catalog.put_service(next, NODE, service)),
                Fact::CheckKnown(id) => self.report_check(now, next, id),
                Fact::ServiceGone(id) => self.catalog.remove_service(next, NODE, id),
                Fact::CheckGone(id) => {
                    let gone = self.catalog.remove_check(next, NODE, id);
                    let ended = self.sessions.depending_on(NODE, id);
                    self.end_sessions(now, next, &ended);
                    gone
                }
            };
        }
        if changed {
            self.index = next;
        }
    }

    /// Sessions end with a check that they depend on.
    fn report_check(&mut self, now: Duration, at: u64, id: &str) -> bool {
        let Some(check) = self.agent.check(id) else {
            return false;
        };
        let is_critical = check.status == Status::Critical;
        let changed = self.catalog.put_check(at, NODE, check);
        if changed && is_critical {
            let ended = self.sessions.depending_on(NODE, id);
            self.end_sessions(now, at, &ended);
        }
        changed
    }
}

fn full() -> Reply {
    Reply::text(
        500,
        "the development catalog is full: it takes 64 MiB of services and checks, and 16 MiB of sessions",
    )
}

/// Consul looks a session up by an identity of the right length only.
fn sound_id(id: &str) -> Result<(), String> {
    if id.len() == 36 {
        return Ok(());
    }
    Err("failed session lookup: index error: UUID must be 36 characters".to_owned())
}
