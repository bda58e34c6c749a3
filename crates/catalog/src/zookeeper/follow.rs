//! Follows queries: each has a mirror of what it asks about, and one session keeps them all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{broadcast::error::RecvError, mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    Settings,
    mirror::{Mirror, named},
    place::unescape,
    request::{Node, Request},
    session::{Session, State, Up},
};
use crate::{
    Backend, CatalogError,
    agent::{Follows, Said},
    answer::{Answer, Pair, ServiceName},
    query::Query,
    record::{self, Record},
};

/// Everything below, however deep.
const WHOLE: usize = usize::MAX - 1;
/// When what could not be read is tried again, while the connection stands.
const AGAIN: Duration = Duration::from_secs(2);

/// The one who follows.
pub(super) struct Follower {
    settings: Arc<Settings>,
    session: Session,
    said: mpsc::Sender<Said>,
    queries: BTreeMap<Arc<Query>, Mirror>,
    /// What ZooKeeper has no answer to, which has been said.
    unanswerable: BTreeSet<Arc<Query>>,
    /// The connection we last knew; what is watched over another is not watched.
    connection: Option<u64>,
    /// What is watched over it.
    watched: BTreeSet<String>,
    again_at: Option<Instant>,
}

/// Nobody listens any more.
struct Gone;

impl Follower {
    pub(super) fn new(settings: Arc<Settings>, session: Session, said: mpsc::Sender<Said>) -> Self {
        Self {
            settings,
            session,
            said,
            queries: BTreeMap::new(),
            unanswerable: BTreeSet::new(),
            connection: None,
            watched: BTreeSet::new(),
            again_at: None,
        }
    }

    /// Follows until nobody listens.
    pub(super) async fn run(mut self, mut followed: watch::Receiver<Follows>) {
        let mut state = self.session.state();
        let mut events = self.session.events();
        loop {
            let wanted: Vec<_> = followed.borrow_and_update().keys().cloned().collect();
            let now = state.borrow_and_update().clone();
            if self.step(wanted, now).await.is_err() {
                return;
            }
            let again_at = self.again_at.unwrap_or_else(Instant::now);
            tokio::select! {
                changed = followed.changed() => if changed.is_err() {
                    return;
                },
                changed = state.changed() => if changed.is_err() {
                    return;
                },
                event = events.recv() => {
                    self.hear(&event);
                    // Many changes at once are read at once.
                    while let Ok(path) = events.try_recv() {
                        self.hear(&Ok(path));
                    }
                }
                () = sleep_until(again_at), if self.again_at.is_some() => {}
            }
        }
    }

    fn hear(&mut self, event: &Result<Arc<str>, RecvError>) {
        for mirror in self.queries.values_mut() {
            match event {
                Ok(path) => mirror.hear(path),
                Err(RecvError::Lagged(_)) => mirror.doubt(),
                Err(RecvError::Closed) => {}
            }
        }
    }

    async fn step(&mut self, wanted: Vec<Arc<Query>>, state: State) -> Result<(), Gone> {
        self.again_at = None;
        self.want(wanted).await?;
        if self.queries.is_empty() {
            return Ok(());
        }
        match state {
            State::Idle => {
                self.session.open().await;
                Ok(())
            }
            State::Opening => Ok(()),
            State::Down(error) => {
                let queries: Vec<_> = self.queries.keys().cloned().collect();
                for query in queries {
                    self.say(query, Err(error.clone())).await?;
                }
                Ok(())
            }
            State::Up(up) => self.read(up).await,
        }
    }

    /// Takes up what is new, and leaves what nobody wants any more.
    async fn want(&mut self, wanted: Vec<Arc<Query>>) -> Result<(), Gone> {
        let keep: BTreeSet<_> = wanted.iter().cloned().collect();
        self.queries.retain(|query, _| keep.contains(query));
        self.unanswerable.retain(|query| keep.contains(query));
        let bases: BTreeSet<_> = self.queries.values().map(Mirror::base).collect();
        let is_idle = |path: &&String| !bases.contains(path.as_str());
        let idle: Vec<_> = self.watched.iter().filter(is_idle).cloned().collect();
        for path in idle {
            self.watched.remove(&path);
            // It is told of no more; that it was not does no harm.
            let path = named(&path);
            let _ = self.session.call("other", Request::Unwatch { path }).await;
        }
        for query in wanted {
            if self.queries.contains_key(&query) || self.unanswerable.contains(&query) {
                continue;
            }
            match mirror(&self.settings, &query) {
                Ok(mirror) => drop(self.queries.insert(query, mirror)),
                Err(error) => {
                    self.unanswerable.insert(query.clone());
                    self.say(query, Err(error)).await?;
                }
            }
        }
        Ok(())
    }

    /// Has everything watched over this connection, reads what may have changed, and tells it.
    async fn read(&mut self, up: Up) -> Result<(), Gone> {
        if self.connection != Some(up.connection) {
            self.connection = Some(up.connection);
            self.watched.clear();
            self.queries.values_mut().for_each(Mirror::doubt);
        }
        let stale = self.queries.iter().filter(|(_, mirror)| mirror.is_stale());
        let stale: Vec<_> = stale.map(|(query, _)| query.clone()).collect();
        if let Err(error) = self.watch(&stale).await {
            return self.fail(stale, error).await;
        }
        for query in stale {
            let Some(mirror) = self.queries.get_mut(&query) else {
                continue;
            };
            let answer = match mirror.read(&self.session).await {
                Ok(()) => answer(&self.settings, &query, mirror),
                Err(error) => {
                    self.fail(vec![query], error).await?;
                    continue;
                }
            };
            self.say(query, answer).await?;
        }
        Ok(())
    }

    /// Watches before it is read, so that nothing happens in between.
    async fn watch(&mut self, queries: &[Arc<Query>]) -> Result<(), CatalogError> {
        let bases: BTreeSet<_> = queries
            .iter()
            .filter_map(|query| Some(self.queries.get(query)?.base().to_owned()))
            .filter(|base| !self.watched.contains(base))
            .collect();
        let bases: Vec<_> = bases.into_iter().collect();
        for bases in bases.chunks(100) {
            let mut made = Vec::new();
            for base in bases {
                let path = named(base);
                made.push(self.session.make("catalog", Request::Watch { path }).await);
            }
            for (made, base) in made.into_iter().zip(bases) {
                let request = Request::Watch { path: named(base) };
                if let Err(code) = self.session.answer(made).await? {
                    return Err(request.refused(code));
                }
                self.watched.insert(base.clone());
            }
        }
        Ok(())
    }

    /// Says why something could not be read, unless another connection will tell soon.
    async fn fail(&mut self, queries: Vec<Arc<Query>>, error: CatalogError) -> Result<(), Gone> {
        self.again_at = Some(Instant::now() + AGAIN);
        if let CatalogError::Interrupted { .. } = error {
            return Ok(());
        }
        for query in queries {
            self.say(query, Err(error.clone())).await?;
        }
        Ok(())
    }

    async fn say(
        &self,
        query: Arc<Query>,
        answer: Result<Answer, CatalogError>,
    ) -> Result<(), Gone> {
        let said = Said { query, answer };
        self.said.send(said).await.map_err(|_| Gone)
    }
}

fn unsupported<T>(what: &'static str) -> Result<T, CatalogError> {
    let who = Backend::Zookeeper;
    Err(CatalogError::Unsupported { who, what })
}

/// What has to be known to answer a query.
fn mirror(settings: &Settings, query: &Query) -> Result<Mirror, CatalogError> {
    const DATACENTERS: &str = "datacenters";
    let (place, depth) = match query {
        Query::Service(service) => {
            // It says what it does not have.
            record::select(Backend::Zookeeper, service, [])?;
            (Some(settings.service(&service.name)), 1)
        }
        Query::Services { dc: None } => (Some(settings.home()), 2),
        Query::Key { path, dc: None } => (settings.key(path), 0),
        Query::Pairs { prefix, dc: None } => (settings.shelf_of(prefix), WHOLE),
        Query::Services { dc: Some(_) }
        | Query::Key { dc: Some(_), .. }
        | Query::Pairs { dc: Some(_), .. }
        | Query::Datacenters { .. } => return unsupported(DATACENTERS),
        Query::Nodes { .. } | Query::Node { .. } => return unsupported("nodes"),
    };
    match place {
        Some(base) => Ok(Mirror::new(base, depth)),
        None => unsupported(super::place::NAMES),
    }
}

fn answer(settings: &Settings, query: &Query, mirror: &Mirror) -> Result<Answer, CatalogError> {
    match query {
        Query::Service(service) => {
            let nodes = mirror.nodes().filter(|(path, _)| *path != mirror.base());
            // What is no instance is nothing to send requests to.
            let records = nodes.filter_map(|(_, node)| Record::read(&node.value).ok());
            record::select(Backend::Zookeeper, service, records)
        }
        Query::Services { .. } => Ok(services(mirror)),
        Query::Key { .. } => {
            let node = mirror.node(mirror.base()).filter(|node| is_key(node));
            Ok(Answer::Value(node.map(|node| node.value.clone())))
        }
        Query::Pairs { prefix, .. } => Ok(Answer::Pairs(pairs(settings, prefix, mirror).into())),
        Query::Nodes { .. } | Query::Node { .. } | Query::Datacenters { .. } => {
            unsupported("nodes and datacenters")
        }
    }
}

fn services(mirror: &Mirror) -> Answer {
    let mut names = BTreeMap::<String, BTreeSet<String>>::new();
    for (path, node) in mirror.nodes() {
        let below = path.strip_prefix(mirror.base()).unwrap_or("");
        let parts: Vec<_> = below.split('/').collect();
        if let ["", name, _] = parts[..]
            && let Ok(record) = Record::read(&node.value)
        {
            names.entry(unescape(name)).or_default().extend(record.tags);
        }
    }
    let names = names.into_iter().map(|(name, tags)| ServiceName {
        name: name.into(),
        tags: tags.into_iter().map(String::into_boxed_str).collect(),
    });
    Answer::Services(names.collect())
}

/// Tells whether a node is a key, and not just what keys are below.
pub(super) fn is_key(node: &Node) -> bool {
    !node.value.is_empty() || node.stat.children == 0
}

/// The keys that begin so, sorted.
pub(super) fn pairs(settings: &Settings, prefix: &str, mirror: &Mirror) -> Vec<Pair> {
    let shelf = settings.shelf();
    let prefix = prefix.strip_prefix('/').unwrap_or(prefix);
    // What is ZooKeeper's and what is the catalog's is nobody's key.
    let others = [format!("{}/zookeeper", settings.chroot), settings.home()];
    let is_others = |path: &str| {
        let below = |other: &String| {
            let rest = path.strip_prefix(other.as_str());
            !shelf.starts_with(other.as_str())
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        others.iter().any(below)
    };
    let found = mirror.nodes().filter_map(|(path, node)| {
        let key = path.strip_prefix(shelf.as_str())?.strip_prefix('/')?;
        let is_wanted = key.starts_with(prefix) && is_key(node) && !is_others(path);
        is_wanted.then(|| Pair {
            path: key.into(),
            value: node.value.clone(),
            create_index: node.stat.created.unsigned_abs(),
            modify_index: node.stat.modified.unsigned_abs(),
            lock_index: 0,
            flags: 0,
            session: "".into(),
        })
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// A mirror of every key that begins so, for whoever wants to know once.
pub(super) fn mirror_of_pairs(settings: &Settings, prefix: &str) -> Option<Mirror> {
    Some(Mirror::new(settings.shelf_of(prefix)?, WHOLE))
}
