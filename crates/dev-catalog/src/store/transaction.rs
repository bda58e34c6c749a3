//! Transactions: all of it happens, at one index, or none of it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Store,
    answer::key_record,
    kv::{Entry, Put},
};
use crate::{
    record::HealthService,
    reply::Reply,
    request::Claim,
    transaction::{KeyOperation, Operation, Verb},
};

/// What one step shows, or why it cannot be.
type Shown = Result<Vec<Value>, String>;

impl Store {
    pub(super) fn transact(&mut self, now: Duration, operations: Vec<Operation>) -> Reply {
        let writes = operations.iter().any(Operation::is_write);
        let steps = operations.iter();
        // What can be seen beforehand is told alone.
        let early = steps.map(|operation| self.precheck(now, operation));
        let errors: Vec<_> = early.enumerate().filter_map(fault).collect();
        if !errors.is_empty() {
            return outcome(writes, Err(errors));
        }
        self.keys.begin();
        let at = self.index + 1;
        let (mut shown, mut errors) = (Vec::new(), Vec::new());
        for (n, operation) in operations.into_iter().enumerate() {
            match self.step(now, at, operation) {
                Ok(values) => shown.extend(values),
                Err(what) => errors.push(json!({ "OpIndex": n, "What": what })),
            }
        }
        if errors.is_empty() {
            self.keys.commit();
            self.index = self.index.max(self.keys.index());
            outcome(writes, Ok(shown))
        } else {
            self.keys.roll_back();
            outcome(writes, Err(errors))
        }
    }

    fn precheck(&self, now: Duration, operation: &Operation) -> Result<(), String> {
        let Operation::Key(KeyOperation { verb, key, .. }) = operation else {
            return Ok(());
        };
        if key.is_empty() && *verb != Verb::DeleteTree {
            return Err("Must provide key".to_owned());
        }
        if *verb == Verb::Lock && self.keys.is_delayed(now, key) {
            return Err(format!("failed to lock key {key:?} due to lock delay"));
        }
        Ok(())
    }

    fn step(&mut self, now: Duration, at: u64, operation: Operation) -> Shown {
        match operation {
            Operation::Key(operation) => self.key_step(now, at, operation),
            Operation::Node { name } => match self.catalog.host(&name) {
                None => Err(format!("node {name:?} doesn't exist")),
                Some(host) => Ok(vec![json!({ "Node": host.record })]),
            },
            Operation::Service { node, id } => {
                let host = self.catalog.host(&node);
                match host.and_then(|host| host.service(&id)) {
                    None => Err(format!("service {id:?} on node {node:?} doesn't exist")),
                    Some(found) => Ok(vec![json!({ "Service": HealthService::from(found) })]),
                }
            }
            Operation::Check { node, id } => {
                let host = self.catalog.host(&node);
                match host.and_then(|host| host.check(&id)) {
                    None => Err(format!("check {id:?} on node {node:?} doesn't exist")),
                    Some(check) => Ok(vec![json!({ "Check": check })]),
                }
            }
            Operation::Nothing => Ok(Vec::new()),
        }
    }

    fn key_step(&mut self, now: Duration, at: u64, operation: KeyOperation) -> Shown {
        let key = operation.key.clone();
        match operation.verb {
            Verb::Set => self.put_step(now, at, operation, Claim::None, ""),
            Verb::Cas => {
                let claim = Claim::Unchanged(operation.index);
                let stale = format!("failed to set key {key:?}, index is stale");
                self.put_step(now, at, operation, claim, &stale)
            }
            Verb::Lock => {
                let claim = Claim::Acquire(operation.session.clone());
                let held = format!("failed to lock key {key:?}, lock is already held");
                self.put_step(now, at, operation, claim, &held)
            }
            Verb::Unlock => {
                let claim = Claim::Release(operation.session.clone());
                let why = "lock isn't held, or is held by another session";
                let held = format!("failed to unlock key {key:?}, {why}");
                self.put_step(now, at, operation, claim, &held)
            }
            Verb::Get => match self.keys.get(&key) {
                None => Err(format!("key {key:?} doesn't exist")),
                Some(entry) => Ok(vec![json!({ "KV": key_record((&key, entry)) })]),
            },
            Verb::GetTree => {
                let found = self.keys.below(&key);
                Ok(found
                    .map(|pair| json!({ "KV": key_record(pair) }))
                    .collect())
            }
            Verb::CheckIndex | Verb::CheckSession | Verb::CheckNotExists => self.check(&operation),
            Verb::Delete => {
                self.keys.delete(at, &key, None);
                Ok(Vec::new())
            }
            Verb::DeleteTree => {
                self.keys.delete_tree(at, &key);
                Ok(Vec::new())
            }
            Verb::DeleteCas if self.keys.delete(at, &key, Some(operation.index)) => Ok(Vec::new()),
            Verb::DeleteCas => Err(format!("failed to delete key {key:?}, index is stale")),
            Verb::Unknown(verb) => Err(format!("unknown KV verb {verb:?}")),
        }
    }

    fn put_step(
        &mut self,
        now: Duration,
        at: u64,
        operation: KeyOperation,
        claim: Claim,
        refused: &str,
    ) -> Shown {
        self.is_sound(&claim)?;
        let key = operation.key;
        let put = Put {
            key: key.clone(),
            value: operation.value,
            flags: operation.flags,
            claim,
        };
        match self.keys.put(now, at, put) {
            Ok(true) => {
                let entry = self.keys.get(&key);
                let shown = entry.map(|entry| without_value(&key, entry));
                Ok(shown.into_iter().collect())
            }
            Ok(false) => Err(refused.to_owned()),
            Err(full) => Err(full.to_string()),
        }
    }

    fn check(&self, operation: &KeyOperation) -> Shown {
        let key = &operation.key;
        let entry = self.keys.get(key);
        match (&operation.verb, entry) {
            (Verb::CheckNotExists, None) => Ok(Vec::new()),
            (Verb::CheckNotExists, Some(_)) => Err(format!("key {key:?} exists")),
            (Verb::CheckIndex, None) => {
                Err(format!("failed to check index, key {key:?} doesn't exist"))
            }
            (_, None) => Err(format!(
                "failed to check session, key {key:?} doesn't exist"
            )),
            (Verb::CheckIndex, Some(entry)) => {
                let (found, wanted) = (entry.indexes.modify_index, operation.index);
                if found == wanted {
                    return Ok(vec![without_value(key, entry)]);
                }
                let found = format!("current modify index {found} != {wanted}");
                Err(format!("failed index check for key {key:?}, {found}"))
            }
            (_, Some(entry)) => {
                let (found, wanted) = (entry.session.as_deref(), &operation.session);
                let found = found.unwrap_or("");
                if found == wanted {
                    return Ok(vec![without_value(key, entry)]);
                }
                let found = format!("current session {found:?} != {wanted:?}");
                Err(format!("failed session check for key {key:?}, {found}"))
            }
        }
    }
}

/// A key that was written, as it is then shown: the writer knows the value.
fn without_value(key: &str, entry: &Entry) -> Value {
    let mut record = key_record((key, entry));
    record.value = None;
    json!({ "KV": record })
}

fn fault((n, done): (usize, Result<(), String>)) -> Option<Value> {
    let what = done.err()?;
    Some(json!({ "OpIndex": n, "What": what }))
}

/// A transaction that only reads is answered as a query is.
fn outcome(writes: bool, done: Result<Vec<Value>, Vec<Value>>) -> Reply {
    let (status, shown, errors) = match done {
        Ok(shown) => (200, Value::from(shown), Value::Null),
        Err(errors) => (409, Value::Null, Value::from(errors)),
    };
    let mut body = Map::new();
    body.insert("Results".to_owned(), shown);
    body.insert("Errors".to_owned(), errors);
    if writes {
        return Reply::json(&body).of_status(status);
    }
    body.insert("Index".to_owned(), json!(0));
    body.insert("LastContact".to_owned(), json!(0));
    body.insert("KnownLeader".to_owned(), json!(true));
    body.insert("ConsistencyLevel".to_owned(), json!(""));
    Reply::json(&body).of_status(status).known_leader()
}
