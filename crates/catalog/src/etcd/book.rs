//! What we have registered, and the orders that change it.
//!
//! Each instance hangs on a lease of its own, which every publish keeps. A lease is ours alone, so
//! "it hangs on our lease" is what every change of a key is guarded by: whoever takes an instance
//! over puts it on a lease of theirs, after which neither our changes nor the end of our lease
//! reaches it.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pilot_core::{JobName, spec::ServiceSpec};
use serde_json::{Value, json};

use super::{
    Client,
    cluster::Call,
    wire::{self, Lease, Pair, Streamed, Transacted},
};
use crate::{
    CatalogError,
    record::Record,
    registrar::{Claim, Order, Outcome},
};

/// What one helper has registered; clients of the same cluster that follow each other share it.
pub(super) struct Book {
    /// Tells this helper from all others, and from itself before a restart.
    owner: String,
    // Only ever held for a copy.
    entries: Mutex<BTreeMap<String, Entry>>,
}

/// An instance of ours.
#[derive(Clone)]
struct Entry {
    key: String,
    lease: i64,
    /// What the lease was asked to last, in seconds.
    ttl: u64,
    record: Record,
    /// Whether something else may stand there, since a write was not answered.
    is_doubtful: bool,
}

impl Default for Book {
    fn default() -> Self {
        let draw = |salt: u8| RandomState::new().hash_one(salt);
        Self {
            owner: format!("{:016x}{:016x}", draw(0), draw(1)),
            entries: Mutex::default(),
        }
    }
}

impl Book {
    fn entry(&self, id: &str) -> Option<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(id).cloned()
    }

    fn note(&self, id: &str, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(id.to_owned(), entry);
    }

    fn strike(&self, id: &str) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(id);
    }
}

impl Client {
    /// Carries out an order.
    pub(crate) async fn tell(&self, job: &JobName, order: &Order) -> Outcome {
        let came = match order {
            Order::Register {
                spec,
                status,
                output,
                maintenance,
                claim,
                ..
            } => {
                let mut record = Record::new(job, spec, &self.node, &self.book.owner);
                status.word().clone_into(&mut record.status);
                record.output = (**output).to_owned();
                record.maintenance = maintenance.as_deref().map(str::to_owned);
                self.register(spec, record, *claim).await
            }
            Order::Update {
                spec,
                status,
                output,
                ..
            } => match self.book.entry(&spec.id) {
                Some(entry) => {
                    let mut record = entry.record.clone();
                    status.word().clone_into(&mut record.status);
                    record.output = (**output).to_owned();
                    self.update(&spec.id, entry, record).await
                }
                None => Ok(Outcome::Unknown),
            },
            Order::Maintain { spec, reason } => match self.book.entry(&spec.id) {
                Some(entry) => {
                    let mut record = entry.record.clone();
                    record.maintenance = reason.as_deref().map(str::to_owned);
                    self.write(&spec.id, entry, record).await
                }
                None => Ok(Outcome::Unknown),
            },
            Order::Deregister { spec } => match self.book.entry(&spec.id) {
                Some(entry) => self.deregister(&spec.id, entry).await,
                None => Ok(Outcome::Unknown),
            },
        };
        came.unwrap_or_else(Outcome::Failed)
    }

    async fn register(
        &self,
        spec: &Arc<ServiceSpec>,
        record: Record,
        claim: Claim,
    ) -> Result<Outcome, CatalogError> {
        let key = self.layout.instance(&record.name, &record.id);
        let id = spec.id.as_str();
        if claim == Claim::Leave
            && let Some(by) = self.claimant(&key).await?
        {
            return Ok(Outcome::Claimed { by });
        }
        let ttl = seconds(spec.ttl);
        let mut earlier = self.book.entry(id);
        // The lease that it hangs on serves again, unless it is no longer the right one or gone.
        let kept = earlier.take_if(|entry| entry.ttl == ttl && entry.key == key);
        if let Some(entry) = kept {
            let record = record.clone();
            let entry = Entry {
                record,
                is_doubtful: false,
                ..entry
            };
            let put = self.put(id, entry, claim).await;
            match put {
                Err(error) if is_unknown_lease(&error) => {}
                Ok(_) | Err(_) => return put,
            }
        }
        let lease = self.grant(ttl).await?;
        let entry = Entry {
            key,
            lease,
            ttl,
            record,
            is_doubtful: false,
        };
        let put = self.put(id, entry, claim).await?;
        if let Some(earlier) = earlier {
            // It stood under another name, or with another TTL. If this fails, its TTL tells.
            let _ = self.revoke("register", earlier.lease).await;
        }
        Ok(put)
    }

    /// Writes an instance, and notes it first: whatever comes of it, its lease is to be ended.
    async fn put(&self, id: &str, entry: Entry, claim: Claim) -> Result<Outcome, CatalogError> {
        self.book.note(id, entry.clone());
        let key = &*entry.key;
        let expected = match claim {
            Claim::Take => Vec::new(),
            Claim::Leave => vec![wire::is_absent(key)],
        };
        let put = wire::put(key, &entry.record.to_json(), entry.lease);
        let body = wire::transaction(&expected, &[put], &[wire::look(key)]);
        let call = Call::new(TXN, "register", &body);
        let transacted: Transacted = self.cluster.call(&call).await?;
        if transacted.succeeded {
            return Ok(Outcome::Done);
        }
        match self.judge(&transacted) {
            // A call of ours that was made twice found itself.
            Outcome::Unknown if transacted_pair(&transacted).is_some() => Ok(Outcome::Done),
            outcome @ (Outcome::Done
            | Outcome::Described
            | Outcome::Repaired { .. }
            | Outcome::Unknown
            | Outcome::Claimed { .. }
            | Outcome::Failed(_)) => {
                self.forget(id, entry.lease).await;
                Ok(outcome)
            }
        }
    }

    /// Says who else holds a key.
    async fn claimant(&self, key: &str) -> Result<Option<String>, CatalogError> {
        let body = wire::transaction(&[], &[wire::look(key)], &[]);
        let call = Call::new(TXN, "register", &body);
        let transacted: Transacted = self.cluster.call(&call).await?;
        match self.judge(&transacted) {
            Outcome::Claimed { by } => Ok(Some(by)),
            Outcome::Done
            | Outcome::Described
            | Outcome::Repaired { .. }
            | Outcome::Unknown
            | Outcome::Failed(_) => Ok(None),
        }
    }

    async fn update(
        &self,
        id: &str,
        entry: Entry,
        record: Record,
    ) -> Result<Outcome, CatalogError> {
        let body = json!({ "ID": entry.lease.to_string() });
        let call = Call::new("/v3/lease/keepalive", "update", &body);
        let kept: Streamed<Lease> = self.cluster.call(&call).await?;
        // Where it is gone, what hung on it is too. What follows finds out what stands there now.
        let is_gone = kept.result.is_none_or(|lease| lease.ttl <= 0);
        let record = if is_gone {
            entry.record.clone()
        } else {
            record
        };
        self.write(id, entry, record).await
    }

    /// Writes an instance anew if it differs, and sees in any case whether it is still ours.
    async fn write(&self, id: &str, entry: Entry, record: Record) -> Result<Outcome, CatalogError> {
        let (key, lease) = (&*entry.key, entry.lease);
        let differs = entry.is_doubtful || record != entry.record;
        let put = differs.then(|| wire::put(key, &record.to_json(), lease));
        let expected = [wire::hangs_on(key, lease)];
        let body = wire::transaction(&expected, put.as_slice(), &[wire::look(key)]);
        let call = Call::new(TXN, "update", &body);
        let transacted: Result<Transacted, _> = self.cluster.call(&call).await;
        let transacted = match transacted {
            Ok(transacted) => transacted,
            Err(error) if is_unknown_lease(&error) => Transacted::default(),
            Err(error) => {
                if error.leaves_doubt() {
                    let is_doubtful = true;
                    let entry = Entry {
                        is_doubtful,
                        ..entry
                    };
                    self.book.note(id, entry);
                }
                return Err(error);
            }
        };
        if transacted.succeeded {
            let is_doubtful = false;
            let entry = Entry {
                record,
                is_doubtful,
                ..entry
            };
            self.book.note(id, entry);
            return Ok(Outcome::Done);
        }
        self.forget(id, lease).await;
        Ok(self.judge(&transacted))
    }

    async fn deregister(&self, id: &str, entry: Entry) -> Result<Outcome, CatalogError> {
        self.revoke("deregister", entry.lease).await?;
        self.book.strike(id);
        Ok(Outcome::Done)
    }

    /// Says what it means that a key is not as we left it.
    fn judge(&self, transacted: &Transacted) -> Outcome {
        let Some(pair) = transacted_pair(transacted) else {
            return Outcome::Unknown;
        };
        match Record::read(&pair.value) {
            Ok(record) if record.owner == self.book.owner => Outcome::Unknown,
            Ok(record) => Outcome::Claimed {
                by: describe(&record),
            },
            Err(_) => Outcome::Claimed {
                by: "somebody who writes no instances".to_owned(),
            },
        }
    }

    /// Strikes what is no longer ours. Its lease would end by itself; nobody has to wait for it.
    async fn forget(&self, id: &str, lease: i64) {
        self.book.strike(id);
        let _ = self.revoke("update", lease).await;
    }

    async fn grant(&self, ttl: u64) -> Result<i64, CatalogError> {
        let body = json!({ "TTL": ttl.to_string() });
        let call = Call::new("/v3/lease/grant", "register", &body);
        let lease: Lease = self.cluster.call(&call).await?;
        Ok(lease.id)
    }

    /// Ends a lease, and with it what hangs on it; that it is gone already is no error.
    async fn revoke(&self, operation: &'static str, lease: i64) -> Result<(), CatalogError> {
        let body = json!({ "ID": lease.to_string() });
        let call = Call::new("/v3/lease/revoke", operation, &body);
        let came: Result<Value, _> = self.cluster.call(&call).await;
        match came {
            Err(error) if is_unknown_lease(&error) => Ok(()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) const TXN: &str = "/v3/kv/txn";

fn transacted_pair(transacted: &Transacted) -> Option<&Pair> {
    let found = transacted.responses.first()?.response_range.as_ref()?;
    found.kvs.first()
}

fn is_unknown_lease(error: &CatalogError) -> bool {
    matches!(error, CatalogError::Refused { text, .. } if text == "requested lease not found")
}

/// Says whose it is, as far as a person can tell.
fn describe(record: &Record) -> String {
    let Record {
        address,
        port,
        node,
        ..
    } = record;
    let place = if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    };
    if node.is_empty() {
        place
    } else {
        format!("{node} ({place})")
    }
}

/// A lease lasts whole seconds; one that is too short would not outlive its renewal.
fn seconds(ttl: Duration) -> u64 {
    let part = u64::from(ttl.subsec_nanos() > 0);
    (ttl.as_secs() + part).max(1)
}
