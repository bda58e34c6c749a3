//! Follows: a few streams tell of everything that is looked at, from the revision on at which it was
//! read. Whatever ends them, the next ones go on where they ended; what etcd no longer remembers is
//! read anew.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Client,
    cluster::Cluster,
    cover::cover,
    layout::Stretch,
    shelf::{Shelf, Zone},
    stream::WATCH,
    wire::{self, Event, Seen},
};
use crate::{
    Backend, CatalogError,
    agent::{Follows, Said},
    backoff::{Backoff, Jitter},
    query::Query,
};

/// How long a member may be silent before it is asked whether it is still there. Where services of
/// ours are published more often, their answers say so and nothing is asked.
const QUIET: Duration = Duration::from_secs(30);

/// How long a stream has to last to have been worth its opening.
const LASTING: Duration = Duration::from_secs(1);

/// When to try again what the user of etcd may not read.
const REFUSED: Duration = Duration::from_secs(30);

/// How many connections there may be to watch, beside those for calls.
const STREAMS: usize = 4;

/// How many words of all streams may wait to be taken.
const QUEUE: usize = 64;

/// What is followed is right again within the longest of these after a fault.
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(500),
    cap: Duration::from_secs(2),
};

/// What follows.
pub(super) struct Follower {
    client: Arc<Client>,
    followed: watch::Receiver<Follows>,
    said: mpsc::Sender<Said>,
    zones: BTreeMap<Zone, Watched>,
    /// Queries that etcd has no answer to, and was said so.
    refused: BTreeMap<Arc<Query>, ()>,
    jitter: Jitter,
    /// The newest term of a leader that was heard of.
    term: i64,
    /// How many streams in a row did not last.
    streak: usize,
    /// Whether nobody could say how things stand, when that was last told.
    is_troubled: bool,
}

/// A zone and those who look at it.
struct Watched {
    queries: Vec<Arc<Query>>,
    state: State,
    /// Whether they are to be told.
    is_due: bool,
}

enum State {
    Unread,
    Known(Shelf),
    /// The user of etcd may not read it; until then it is not asked for again.
    Refused(Instant),
}

/// A stretch that is watched, and the first revision that was not heard of.
struct Cover {
    stretch: Stretch,
    next: i64,
}

/// What the streams tell, each by its number. They end when this is dropped.
struct Streams {
    heard: mpsc::Receiver<(usize, Result<Seen, CatalogError>)>,
    _tasks: JoinSet<()>,
}

/// Why a stream ended.
enum End {
    /// Something is to be done before the next.
    Again,
    /// Nobody listens any more.
    Gone,
    /// All members were asked in vain.
    Lost(CatalogError),
    /// This member has failed us; another may not.
    Failed(CatalogError),
}

impl Follower {
    pub(super) fn new(
        client: Arc<Client>,
        followed: watch::Receiver<Follows>,
        said: mpsc::Sender<Said>,
    ) -> Self {
        Self {
            jitter: Jitter::new(client.seed()),
            client,
            followed,
            said,
            zones: BTreeMap::new(),
            refused: BTreeMap::new(),
            term: 0,
            streak: 0,
            is_troubled: false,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.take_up();
            let error = match self.round().await {
                End::Again => continue,
                End::Gone => return,
                End::Failed(error) => {
                    self.streak += 1;
                    if self.streak <= self.cluster().size() {
                        continue;
                    }
                    error
                }
                End::Lost(error) => {
                    self.streak = self.streak.max(self.cluster().size()) + 1;
                    error
                }
            };
            if self.lament(&error).await.is_err() {
                return;
            }
            let failures = self.streak - self.cluster().size();
            let failures = u32::try_from(failures).unwrap_or(u32::MAX);
            let pause = BACKOFF.pause(failures, &mut self.jitter);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                changed = self.followed.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }

    fn cluster(&self) -> &Cluster {
        &self.client.cluster
    }

    /// Takes up what is followed now; tells whether the stream has to be another.
    fn take_up(&mut self) -> bool {
        let followed: Vec<_> = self.followed.borrow_and_update().keys().cloned().collect();
        let mut before = std::mem::take(&mut self.zones);
        let mut is_other = false;
        for query in followed {
            let Ok(zone) = Zone::of(&query) else {
                is_other |= !self.refused.contains_key(&query);
                continue;
            };
            let watched = self.zones.entry(zone.clone()).or_insert_with(|| {
                let known = before.remove(&zone);
                is_other |= known.is_none();
                known.unwrap_or(Watched {
                    queries: Vec::new(),
                    state: State::Unread,
                    is_due: false,
                })
            });
            if !watched.queries.contains(&query) {
                watched.queries.push(query);
                watched.is_due = true;
            }
        }
        let followed = self.followed.borrow();
        for watched in self.zones.values_mut() {
            watched.queries.retain(|query| followed.contains_key(query));
        }
        self.refused
            .retain(|query, ()| followed.contains_key(query));
        is_other || !before.is_empty()
    }

    /// Reads what has not been read, and follows until something ends that.
    async fn round(&mut self) -> End {
        if let Err(end) = self.refuse().await {
            return end;
        }
        if let Err(end) = self.read().await {
            return end;
        }
        if !self.is_troubled && self.tell().await.is_err() {
            return End::Gone;
        }
        let mut covers = self.covers();
        if covers.is_empty() {
            return self.wait().await;
        }
        let member = *self.cluster().current().borrow();
        let mut streams = match self.open(member, &covers).await {
            Ok(streams) => streams,
            Err(error) => {
                self.cluster().leave(member);
                return End::Failed(error);
            }
        };
        let began_at = Instant::now();
        let end = self.follow(member, &mut streams, &mut covers).await;
        self.close(&covers);
        if began_at.elapsed() > LASTING {
            self.streak = 0;
        }
        if let End::Failed(_) = &end {
            self.cluster().leave(member);
        }
        end
    }

    /// What to watch, and from when on.
    fn covers(&self) -> Vec<Cover> {
        let layout = &self.client.layout;
        let known: Vec<_> = self
            .known()
            .map(|(zone, shelf)| (zone.stretch(layout), shelf.next))
            .collect();
        let stretches = cover(known.iter().map(|(stretch, _)| stretch.clone()), STREAMS);
        let covers = stretches.into_iter().map(|stretch| {
            let within = known.iter().filter(|(one, _)| stretch.contains(&one.begin));
            let next = within.map(|(_, next)| *next).min().unwrap_or(0);
            Cover { stretch, next }
        });
        covers.collect()
    }

    /// Takes note of how far what is known is known.
    fn close(&mut self, covers: &[Cover]) {
        for (zone, watched) in &mut self.zones {
            let State::Known(shelf) = &mut watched.state else {
                continue;
            };
            let begin = zone.stretch(&self.client.layout).begin;
            if let Some(cover) = covers.iter().find(|cover| cover.stretch.contains(&begin)) {
                shelf.next = shelf.next.max(cover.next);
            }
        }
    }

    /// Begins to watch, each stretch on a connection of its own.
    async fn open(&self, member: usize, covers: &[Cover]) -> Result<Streams, CatalogError> {
        let (words, heard) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        for (at, cover) in covers.iter().enumerate() {
            let body = wire::watch(&cover.stretch, cover.next).to_string();
            let mut stream = self.cluster().watch(member, body.into()).await?;
            let (words, client) = (words.clone(), self.client.clone());
            tasks.spawn(async move {
                loop {
                    let seen = client.cluster.next(member, &mut stream).await;
                    let is_over = seen.is_err();
                    if words.send((at, seen)).await.is_err() || is_over {
                        return;
                    }
                }
            });
        }
        Ok(Streams {
            heard,
            _tasks: tasks,
        })
    }

    fn known(&self) -> impl Iterator<Item = (&Zone, &Shelf)> {
        self.zones
            .iter()
            .filter_map(|(zone, watched)| match &watched.state {
                State::Known(shelf) => Some((zone, shelf)),
                State::Unread | State::Refused(_) => None,
            })
    }

    /// Waits for something to follow.
    async fn wait(&mut self) -> End {
        let wake = self.retry_at().unwrap_or_else(Instant::now);
        tokio::select! {
            changed = self.followed.changed() => match changed {
                Ok(()) => End::Again,
                Err(_) => End::Gone,
            },
            () = sleep_until(wake), if self.retry_at().is_some() => {
                self.retry();
                End::Again
            }
        }
    }

    async fn follow(&mut self, member: usize, streams: &mut Streams, covers: &mut [Cover]) -> End {
        let mut current = self.cluster().current();
        let mut heard_at = Instant::now();
        let mut created = 0;
        loop {
            let wake = self.heard(member, heard_at) + QUIET;
            let wake = self.retry_at().map_or(wake, |at| at.min(wake));
            tokio::select! {
                changed = self.followed.changed() => {
                    if changed.is_err() {
                        return End::Gone;
                    }
                    if self.take_up() {
                        return End::Again;
                    }
                }
                () = leads_elsewhere(&mut current, member) => return End::Again,
                // Each stream says why it ends before it does.
                Some((at, seen)) = streams.heard.recv() => {
                    let seen = match seen {
                        Ok(seen) => seen,
                        Err(error) => return End::Failed(error),
                    };
                    heard_at = Instant::now();
                    created += usize::from(seen.created);
                    if let Err(end) = self.on_seen(&seen, &mut covers[at]) {
                        return end;
                    }
                }
                () = sleep_until(wake) => {
                    if self.retry() {
                        return End::Again;
                    }
                    let is_quiet = self.heard(member, heard_at).elapsed() >= QUIET;
                    if is_quiet && let Err(error) = self.cluster().probe().await {
                        return End::Lost(error);
                    }
                }
            }
            if created == covers.len() && self.is_troubled {
                self.is_troubled = false;
                let all = self.zones.values_mut();
                all.for_each(|watched| watched.is_due = true);
            }
            if !self.is_troubled && streams.heard.is_empty() && self.tell().await.is_err() {
                return End::Gone;
            }
        }
    }

    /// When a member was last heard of, by a stream or by any call.
    fn heard(&self, member: usize, heard_at: Instant) -> Instant {
        let called = self.cluster().heard(member);
        called.map_or(heard_at, |at| at.max(heard_at))
    }

    /// Takes a word of a stream.
    fn on_seen(&mut self, seen: &Seen, cover: &mut Cover) -> Result<(), End> {
        if seen.compact_revision > 0 {
            // What happened until then is forgotten: what was not known then is read anew.
            let zones = self.zones.values_mut();
            zones.for_each(|watched| watched.unread_before(seen.compact_revision));
            return Err(End::Again);
        }
        if seen.canceled {
            return Err(self.on_canceled(seen));
        }
        let (revision, term) = (seen.header.revision, seen.header.raft_term);
        // Whoever has less behind it than was seen has lost it, or has not caught up yet. Either
        // way what it holds now has to be read.
        if seen.created && (revision + 1 < cover.next || term < self.term) {
            self.term = term;
            let zones = self.zones.values_mut();
            zones.for_each(|watched| watched.unread_before(i64::MAX));
            return Err(End::Again);
        }
        self.term = self.term.max(term);
        if !seen.created && seen.events.is_empty() {
            // Nothing has happened up to here.
            cover.next = cover.next.max(revision + 1);
        }
        for event in &seen.events {
            self.on_event(event);
            // The rest of a revision that comes in parts is not known yet.
            let known = event.kv.mod_revision + i64::from(!seen.fragment);
            cover.next = cover.next.max(known);
        }
        Ok(())
    }

    /// Takes a change to all who look at it.
    fn on_event(&mut self, event: &Event) {
        let name = event.kv.name();
        let layout = &self.client.layout;
        let mut concerned = Vec::new();
        if let Some(service) = layout.service_of(&name) {
            concerned.extend([Zone::Service(service.into()), Zone::Services]);
        }
        if let Some(path) = layout.path_of(&name) {
            concerned.push(Zone::Key(path.into()));
            let prefixes = self.zones.keys().filter(|zone| match zone {
                Zone::Keys(prefix) => path.starts_with(&**prefix),
                Zone::Service(_) | Zone::Services | Zone::Key(_) => false,
            });
            concerned.extend(prefixes.cloned());
        }
        for zone in concerned {
            if let Some(watched) = self.zones.get_mut(&zone)
                && let State::Known(shelf) = &mut watched.state
            {
                watched.is_due |= shelf.take(event);
            }
        }
    }

    fn on_canceled(&self, seen: &Seen) -> End {
        // Of a token that is no longer taken some say no more than that this may not be read.
        self.cluster().drop_token();
        let reason = &seen.cancel_reason;
        let text = reason.rsplit("etcdserver: ").next().unwrap_or(reason);
        End::Failed(CatalogError::Refused {
            who: Backend::Etcd,
            status: if text.contains("token") { 401 } else { 403 },
            call: WATCH.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Reads what has not been read.
    async fn read(&mut self) -> Result<(), End> {
        let is_unread = |watched: &Watched| matches!(watched.state, State::Unread);
        let unread = self.zones.iter().filter(|(_, watched)| is_unread(watched));
        let unread: Vec<Zone> = unread.map(|(zone, _)| zone.clone()).collect();
        if unread.is_empty() {
            return Ok(());
        }
        let layout = &self.client.layout;
        let stretches: Vec<_> = unread.iter().map(|zone| zone.stretch(layout)).collect();
        let client = self.client.clone();
        let holdings = client.cluster.read_many(&stretches).await;
        for (zone, holding) in unread.iter().zip(holdings) {
            let Some(watched) = self.zones.get_mut(zone) else {
                continue;
            };
            match holding {
                Ok(holding) => {
                    self.term = holding.header.raft_term.max(self.term);
                    watched.state = State::Known(Shelf::new(holding));
                    watched.is_due = true;
                }
                Err(error) if error.is_denied() => {
                    watched.state = State::Refused(Instant::now() + REFUSED);
                    let queries = watched.queries.clone();
                    for query in queries {
                        self.say(query, Err(error.clone())).await?;
                    }
                }
                Err(error) => return Err(End::Lost(error)),
            }
        }
        Ok(())
    }

    /// When what was refused is to be tried again.
    fn retry_at(&self) -> Option<Instant> {
        let refused = self
            .zones
            .values()
            .filter_map(|watched| match watched.state {
                State::Refused(until) => Some(until),
                State::Unread | State::Known(_) => None,
            });
        refused.min()
    }

    /// Has what was refused long ago tried again; tells whether there is any.
    fn retry(&mut self) -> bool {
        let now = Instant::now();
        let mut is_any = false;
        for watched in self.zones.values_mut() {
            if matches!(watched.state, State::Refused(until) if until <= now) {
                watched.state = State::Unread;
                is_any = true;
            }
        }
        is_any
    }

    /// Tells those who are to be told.
    async fn tell(&mut self) -> Result<(), End> {
        let mut answers = Vec::new();
        for watched in self.zones.values_mut() {
            let State::Known(shelf) = &watched.state else {
                continue;
            };
            if std::mem::take(&mut watched.is_due) {
                let answer =
                    |query: &Arc<Query>| (query.clone(), shelf.answer(query, &self.client.layout));
                answers.extend(watched.queries.iter().map(answer));
            }
        }
        for (query, answer) in answers {
            self.say(query, answer).await?;
        }
        Ok(())
    }

    /// Tells, once, of queries that etcd has no answer to.
    async fn refuse(&mut self) -> Result<(), End> {
        let followed: Vec<_> = self.followed.borrow().keys().cloned().collect();
        for query in followed {
            if let Err(error) = Zone::of(&query)
                && self.refused.insert(query.clone(), ()).is_none()
            {
                self.say(query, Err(error)).await?;
            }
        }
        Ok(())
    }

    /// Tells everybody that nobody can say how things stand.
    async fn lament(&mut self, error: &CatalogError) -> Result<(), End> {
        self.is_troubled = true;
        let queries = self
            .zones
            .values()
            .flat_map(|watched| watched.queries.clone());
        let queries: Vec<_> = queries.collect();
        for query in queries {
            self.say(query, Err(error.clone())).await?;
        }
        Ok(())
    }

    async fn say(
        &self,
        query: Arc<Query>,
        answer: Result<crate::answer::Answer, CatalogError>,
    ) -> Result<(), End> {
        let said = Said { query, answer };
        self.said.send(said).await.map_err(|_| End::Gone)
    }
}

/// Waits until another member is asked.
async fn leads_elsewhere(current: &mut watch::Receiver<usize>, member: usize) {
    // Its sender lives as long as the cluster does.
    let _ = current.wait_for(|now| *now != member).await;
}

impl Watched {
    /// Has it read anew, unless it is known up to a revision.
    fn unread_before(&mut self, revision: i64) {
        if matches!(&self.state, State::Known(shelf) if shelf.next < revision) {
            self.state = State::Unread;
        }
    }
}
