//! Keeps the nodes of our own services as they should be, one order after the other.
//!
//! A node lives with our session, so it says by itself that we are gone. That we are there and say
//! nothing it cannot say: the keeper does, once the TTL has passed. Every node of ours is watched,
//! so whatever others do to it is known at once, and a report that changes nothing costs no call.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc, oneshot, watch,
    },
    time::{Instant, sleep_until},
};

use super::{
    Settings,
    place::above,
    request::{Code, Create, Node, Reply, Request},
    session::{Session, State, Up},
};
use crate::{
    CatalogError,
    record::Record,
    registrar::{Claim, Order, Outcome},
};

/// How often something may be tried again because others were faster.
const RACES: u32 = 5;

/// An order, and who waits for its outcome.
pub(super) struct Job {
    pub(super) name: JobName,
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// The one who keeps them.
pub(super) struct Keeper {
    pub(super) settings: Arc<Settings>,
    pub(super) session: Session,
    pub(super) jobs: mpsc::Receiver<Job>,
    /// What has gone without our doing, for whoever registers it again.
    pub(super) lapsed: watch::Sender<Vec<String>>,
    /// Tells us from every other helper, and from those we were.
    pub(super) owner: String,
    pub(super) own: BTreeMap<String, Own>,
    /// The session and the connection we last knew.
    pub(super) known: (i64, u64),
}

/// A node of ours.
pub(super) struct Own {
    path: String,
    record: Record,
    ttl: Duration,
    /// Whether the node is known to hold the record.
    is_told: bool,
    /// When it was last published.
    heard_at: Instant,
    standing: Standing,
}

/// What there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Ours, or nothing: an order was not answered.
    Doubtful,
    /// Ours.
    Held { version: i32 },
    /// Nothing any more; whoever comes meanwhile keeps it.
    Gone,
    /// Somebody else's.
    Taken { by: String },
}

impl Keeper {
    /// Works until nobody gives orders any more.
    pub(super) async fn run(mut self) {
        let mut state = self.session.state();
        let mut events = self.session.events();
        loop {
            let silent_at = self.silent_at();
            tokio::select! {
                job = self.jobs.recv() => match job {
                    Some(job) => {
                        let outcome = self.carry_out(&job.name, &job.order).await;
                        // Whoever gave the order may be gone.
                        let _ = job.answer.send(outcome);
                    }
                    None => break,
                },
                Ok(()) = state.changed() => {
                    let now = state.borrow_and_update().clone();
                    if let State::Up(up) = now {
                        self.catch_up(up).await;
                    }
                }
                event = events.recv() => self.on_event(event).await,
                () = sleep_until(silent_at.unwrap_or_else(Instant::now)), if silent_at.is_some() => {
                    self.on_silence().await;
                }
            }
        }
        if self.own.is_empty() {
            self.session.leave().await;
        }
    }

    /// Learns which session and connection there are now.
    async fn catch_up(&mut self, up: Up) {
        let (session, connection) = std::mem::replace(&mut self.known, (up.session, up.connection));
        if session != up.session && session != 0 {
            self.lose_all();
        } else if connection != up.connection {
            for id in self.ids(|own| own.standing != Standing::Gone) {
                self.look_after(&id).await;
            }
        }
    }

    async fn on_event(&mut self, event: Result<Arc<str>, broadcast::error::RecvError>) {
        let ids = match event {
            Ok(path) => self.ids(|own| *own.path == *path),
            Err(RecvError::Lagged(_)) => self.ids(|_| true),
            // The session outlives us.
            Err(RecvError::Closed) => Vec::new(),
        };
        for id in ids {
            // It is looked at again when there is a connection again.
            let _ = self.look(&id).await;
        }
    }

    fn ids(&self, which: impl Fn(&Own) -> bool) -> Vec<String> {
        let chosen = self.own.iter().filter(|(_, own)| which(own));
        chosen.map(|(id, _)| id.clone()).collect()
    }

    /// What lived with the session that has ended is gone.
    fn lose_all(&mut self) {
        let mut lost = Vec::new();
        for (id, own) in &mut self.own {
            if let Standing::Held { .. } | Standing::Doubtful = own.standing {
                own.standing = Standing::Gone;
                lost.push(id.clone());
            }
        }
        self.report(lost);
    }

    fn report(&self, lost: Vec<String>) {
        self.lapsed.send_if_modified(|lapsed| {
            let is_news = !lost.is_empty();
            lapsed.extend(lost);
            is_news
        });
    }

    fn silent_at(&self) -> Option<Instant> {
        let held = self.own.values().filter(|own| !own.is_silent());
        held.map(|own| own.heard_at + own.ttl).min()
    }

    /// Says of services whose TTL has passed that nobody reports.
    async fn on_silence(&mut self) {
        let now = Instant::now();
        for id in self.ids(|own| !own.is_silent() && own.heard_at + own.ttl <= now) {
            if let Some(own) = self.own.get_mut(&id) {
                own.record.status = Status::Critical.word().to_owned();
                own.record.output = silence(own.ttl);
                own.is_told = false;
                // If it fails, there is no connection, and it is written with the next.
                let _ = self.look(&id).await;
            }
        }
    }

    /// Has a node of ours watched over this connection, and looks at it.
    async fn look_after(&mut self, id: &str) {
        let Some(path) = self.own.get(id).map(|own| own.path.clone()) else {
            return;
        };
        // Without a connection there is nothing to watch; with the next it is done again.
        let _ = self.session.call("other", Request::Watch { path }).await;
        let _ = self.look(id).await;
    }

    /// Finds out what there is of a node of ours, and writes it if it is not as it should be.
    async fn look(&mut self, id: &str) -> Result<(), CatalogError> {
        for _ in 0..RACES {
            let Some(own) = self.own.get_mut(id) else {
                return Ok(());
            };
            let is_gone = own.standing == Standing::Gone;
            let found = read(&self.session, "other", &own.path).await?;
            let Some(node) = found else {
                own.standing = Standing::Gone;
                if !is_gone {
                    self.report(vec![id.to_owned()]);
                }
                return Ok(());
            };
            if node.stat.owner != self.known.0 {
                own.standing = Standing::Taken {
                    by: holder(&node, &self.owner).unwrap_or_else(|| "we ourselves".to_owned()),
                };
                return Ok(());
            }
            let version = node.stat.version;
            own.standing = Standing::Held { version };
            let value = own.record.to_json();
            if *node.value == *value {
                own.is_told = true;
                return Ok(());
            }
            if own.write(&self.session, value, version).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, name: &JobName, order: &Order) -> Outcome {
        let mut outcome = self.attempt(name, order).await;
        if let Err(CatalogError::Interrupted { .. }) = outcome {
            // The server in use is gone, and there may be others. Every order may be given twice.
            outcome = self.attempt(name, order).await;
        }
        outcome.unwrap_or_else(Outcome::Failed)
    }

    async fn attempt(&mut self, name: &JobName, order: &Order) -> Result<Outcome, CatalogError> {
        match order {
            Order::Register {
                spec,
                status,
                output,
                maintenance,
                claim,
                ..
            } => {
                let node = &self.settings.node;
                let mut record = Record::new(name, spec, node, &self.owner);
                record.status = status.word().to_owned();
                record.output = output.to_string();
                record.maintenance = maintenance.as_ref().map(ToString::to_string);
                self.register(spec, record, *claim).await
            }
            Order::Update {
                spec,
                status,
                output,
                ..
            } => {
                let change = |record: &mut Record| {
                    record.status = status.word().to_owned();
                    record.output = output.to_string();
                };
                self.change(&spec.id, true, change).await
            }
            Order::Maintain { spec, reason } => {
                let reason = reason.as_ref().map(ToString::to_string);
                self.change(&spec.id, false, |record| record.maintenance = reason)
                    .await
            }
            Order::Deregister { spec } => self.deregister(&spec.id).await,
        }
    }

    async fn register(
        &mut self,
        spec: &ServiceSpec,
        record: Record,
        claim: Claim,
    ) -> Result<Outcome, CatalogError> {
        let path = self.settings.instance(&record.name, &spec.id);
        self.session.outlive(spec.ttl).await;
        let up = self.session.ready(&format!("create {path}")).await?;
        self.catch_up(up).await;
        if self.describe(spec, &path, &record).await? {
            return Ok(Outcome::Done);
        }
        let known = self.own.get(&spec.id);
        let was_gone = known.is_some_and(|own| own.standing == Standing::Gone);
        // What was lost without our doing is no reason to take it from whoever came meanwhile.
        let claim = if was_gone { Claim::Leave } else { claim };
        let moved = known
            .filter(|own| own.path != path)
            .map(|own| own.path.clone());
        if let Some(path) = moved {
            // The same identity under another name.
            let version = None;
            let away = Request::Delete { path, version };
            let _ = self.session.call("deregister", away).await?;
        }
        self.own.insert(
            spec.id.clone(),
            Own {
                path: path.clone(),
                record: record.clone(),
                ttl: spec.ttl,
                is_told: false,
                heard_at: Instant::now(),
                standing: Standing::Doubtful,
            },
        );
        let watch = Request::Watch { path: path.clone() };
        self.call(watch).await?;
        let create = Create {
            path,
            value: record.to_json().into(),
            acl: self.settings.acl,
            is_ephemeral: true,
        };
        let by = place(&self.session, &create, claim, &self.owner).await?;
        match by {
            None => {
                self.look(&spec.id).await?;
                // Whoever was to register it again has done so.
                self.lapsed.send_if_modified(|lapsed| {
                    lapsed.retain(|id| *id != spec.id);
                    false
                });
                Ok(Outcome::Done)
            }
            Some(by) => {
                self.own.remove(&spec.id);
                Ok(Outcome::Claimed { by })
            }
        }
    }

    /// Describes anew what is known to be ours; tells whether that is all there is to do.
    ///
    /// To make a node that is there is refused, and a refusal goes through ZooKeeper's log to the
    /// disk as every change does: those who watch would wait for two of them.
    async fn describe(
        &mut self,
        spec: &ServiceSpec,
        path: &str,
        record: &Record,
    ) -> Result<bool, CatalogError> {
        let own = self.own.get_mut(&spec.id);
        let is_held =
            |own: &&mut Own| own.path == path && matches!(own.standing, Standing::Held { .. });
        let Some(own) = own.filter(is_held) else {
            return Ok(false);
        };
        own.record = record.clone();
        own.ttl = spec.ttl;
        own.heard_at = Instant::now();
        own.is_told = false;
        self.look(&spec.id).await?;
        let own = self.own.get(&spec.id);
        Ok(own.is_some_and(|own| own.is_told && matches!(own.standing, Standing::Held { .. })))
    }

    /// Changes what is said of a service of ours.
    async fn change(
        &mut self,
        id: &str,
        is_report: bool,
        change: impl FnOnce(&mut Record),
    ) -> Result<Outcome, CatalogError> {
        let Some(own) = self.own.get_mut(id) else {
            return Ok(Outcome::Unknown);
        };
        let path = own.path.clone();
        let before = own.record.clone();
        if is_report {
            own.heard_at = Instant::now();
        }
        change(&mut own.record);
        own.is_told &= own.record == before;
        let up = self.session.ready(&format!("set {path}")).await?;
        self.catch_up(up).await;
        let is_news = |own: &Own| !own.is_told && own.standing != Standing::Gone;
        if self.own.get(id).is_some_and(is_news) {
            self.look(id).await?;
        }
        Ok(match self.own.get(id).map(|own| &own.standing) {
            Some(Standing::Taken { by }) => {
                let by = by.clone();
                self.own.remove(id);
                Outcome::Claimed { by }
            }
            Some(Standing::Gone) | None => Outcome::Unknown,
            Some(Standing::Held { .. } | Standing::Doubtful) => Outcome::Done,
        })
    }

    async fn deregister(&mut self, id: &str) -> Result<Outcome, CatalogError> {
        for _ in 0..RACES {
            let Some(own) = self.own.get(id) else {
                return Ok(Outcome::Done);
            };
            let path = own.path.clone();
            let version = match own.standing {
                Standing::Held { version } => Some(version),
                Standing::Doubtful => match read(&self.session, "deregister", &path).await? {
                    Some(node) if node.stat.owner == self.known.0 => Some(node.stat.version),
                    Some(_) | None => None,
                },
                Standing::Gone | Standing::Taken { .. } => None,
            };
            if version.is_some() {
                let delete = Request::Delete {
                    path: path.clone(),
                    version,
                };
                match self.session.call("deregister", delete.clone()).await? {
                    Ok(_) | Err(Code::NO_NODE) => {}
                    Err(Code::BAD_VERSION) => {
                        self.look(id).await?;
                        continue;
                    }
                    Err(code) => return Err(delete.refused(code)),
                }
            }
            self.own.remove(id);
            // It is told of no more; that it was not does no harm.
            let _ = self.session.call("other", Request::Unwatch { path }).await;
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Done)
    }

    async fn call(&self, request: Request) -> Result<Reply, CatalogError> {
        let came = self.session.call("other", request.clone()).await?;
        came.map_err(|code| request.refused(code))
    }
}

impl Own {
    /// Whether it says of itself that nobody reports.
    fn is_silent(&self) -> bool {
        let is_there = matches!(self.standing, Standing::Held { .. });
        !is_there || self.record.output == silence(self.ttl)
    }

    /// Writes it; tells whether it was still what it was known to be.
    async fn write(
        &mut self,
        session: &Session,
        value: Vec<u8>,
        version: i32,
    ) -> Result<bool, CatalogError> {
        let write = Request::Write {
            path: self.path.clone(),
            value: value.into(),
            version: Some(version),
        };
        match session.call("update", write.clone()).await? {
            Ok(Reply::Written(stat)) => {
                let version = stat.version;
                self.standing = Standing::Held { version };
                self.is_told = true;
                Ok(true)
            }
            Ok(Reply::Done | Reply::Node(_) | Reply::Names(_)) => Ok(true),
            Err(Code::NO_NODE | Code::BAD_VERSION) => Ok(false),
            Err(code) => Err(write.refused(code)),
        }
    }
}

fn silence(ttl: Duration) -> String {
    format!("nobody has reported on it for {ttl:?}; its helper is there")
}

/// Says whose node it is, unless it is our own of an earlier session.
fn holder(node: &Node, owner: &str) -> Option<String> {
    let record = std::str::from_utf8(&node.value).ok();
    let record = record.and_then(|text| Record::read(text.as_bytes()).ok());
    match record {
        Some(record) if record.owner == owner => None,
        Some(record) if record.node.is_empty() => Some(record.address),
        Some(record) => Some(format!("{} at {}", record.node, record.address)),
        None => Some("somebody who wrote no instance there".to_owned()),
    }
}

/// Gives what a node holds; none if there is no such node.
pub(super) async fn read(
    session: &Session,
    operation: &'static str,
    path: &str,
) -> Result<Option<Node>, CatalogError> {
    let path = path.to_owned();
    let request = Request::Read { path };
    match session.call(operation, request.clone()).await? {
        Ok(Reply::Node(node)) => Ok(Some(node)),
        Ok(Reply::Done | Reply::Names(_) | Reply::Written(_)) | Err(Code::NO_NODE) => Ok(None),
        Err(code) => Err(request.refused(code)),
    }
}

/// Makes a node that lives with our session; says who has it, if they are to keep it.
async fn place(
    session: &Session,
    create: &Create,
    claim: Claim,
    owner: &str,
) -> Result<Option<String>, CatalogError> {
    let mut refusal = Code::NODE_EXISTS;
    for _ in 0..RACES {
        let request = Request::Create(create.clone());
        match session.call("register", request.clone()).await? {
            Ok(_) => return Ok(None),
            Err(Code::NO_NODE) => {
                make_above(session, create).await?;
                continue;
            }
            Err(Code::NODE_EXISTS) => {}
            Err(code) => return Err(request.refused(code)),
        }
        let up = session.ready(&request.describe()).await?;
        let Some(node) = read(session, "register", &create.path).await? else {
            continue;
        };
        let version = node.stat.version;
        let (path, value) = (create.path.clone(), create.value.clone());
        let request = if node.stat.owner == up.session {
            let version = Some(version);
            Request::Write {
                path,
                value,
                version,
            }
        } else {
            match (claim, holder(&node, owner)) {
                (Claim::Leave, Some(by)) => return Ok(Some(by)),
                (Claim::Take, _) | (Claim::Leave, None) => {}
            }
            let version = Some(version);
            let away = Request::Delete { path, version };
            Request::Together(vec![away, Request::Create(create.clone())])
        };
        match session.call("register", request.clone()).await? {
            Ok(_) => return Ok(None),
            Err(code @ (Code::NO_NODE | Code::BAD_VERSION | Code::NODE_EXISTS)) => refusal = code,
            Err(code) => return Err(request.refused(code)),
        }
    }
    Err(Request::Create(create.clone()).refused(refusal))
}

/// Makes every node above one that is not there yet; they stay.
pub(super) async fn make_above(session: &Session, below: &Create) -> Result<(), CatalogError> {
    for path in above(&below.path) {
        let request = Request::Create(Create {
            path: path.to_owned(),
            value: Bytes::new(),
            acl: below.acl,
            is_ephemeral: false,
        });
        match session.call("register", request.clone()).await? {
            // Where one may not be made, it is there, or the next cannot be made either.
            Ok(_) | Err(Code::NODE_EXISTS | Code::NO_AUTH) => {}
            Err(code) => return Err(request.refused(code)),
        }
    }
    Ok(())
}
