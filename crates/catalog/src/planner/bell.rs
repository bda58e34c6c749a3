//! Held questions about everything at once, and whom they mean when they ring.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{HELD, Order, Planner, REST, Ticket};
use crate::{
    CatalogError,
    cursor::{Cursor, Pace, Reading},
    query::Query,
};

/// How many of the held questions may be bells that are no matter of a single node.
const BELLS: usize = 24;

/// A held question about everything of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bell {
    pub(crate) ring: Ring,
    /// The datacenter; none is the agent's own.
    pub(crate) dc: Option<String>,
}

/// What a bell rings for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ring {
    /// Any registration; names those whose name or tags changed.
    Services,
    /// Checks that get critical, or are no longer; names their services.
    Critical,
    /// The same for checks that warn.
    Warning,
    /// Nodes that come, go, or change.
    Nodes,
    /// Any key under a prefix.
    Keys(String),
    /// Whatever is registered on one node; names the services that differ.
    OnNode(String),
}

/// What a bell tells: what there is, as a number for each thing, and the service it belongs to,
/// which is empty where it is the matter of a whole node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chime {
    /// Two chimes of one index are the same.
    pub(crate) index: Option<u64>,
    pub(crate) things: Things,
}

/// A number for each thing, with a name; in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Things(Arc<[(u64, Arc<str>)]>);

/// How far apart the answers of a bell of a node are at least, for each such bell.
const EACH: Duration = Duration::from_millis(50);

impl Things {
    /// Puts things in order.
    pub(crate) fn new(mut things: Vec<(u64, Arc<str>)>) -> Self {
        things.sort_unstable();
        Self(things.into())
    }

    fn has(&self, number: u64) -> bool {
        self.0
            .binary_search_by_key(&number, |(number, _)| *number)
            .is_ok()
    }

    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter().map(|(_, name)| name)
    }

    /// The names of what only one of the two has.
    fn difference(&self, other: &Self) -> BTreeSet<Arc<str>> {
        let gone = self.0.iter().filter(|(number, _)| !other.has(*number));
        let new = other.0.iter().filter(|(number, _)| !self.has(*number));
        gone.chain(new).map(|(_, name)| name.clone()).collect()
    }
}

/// A bell and what it told.
#[derive(Debug)]
pub(super) struct Ringer {
    cursor: Cursor<Chime>,
    pub(super) ticket: Ticket,
    pub(super) last: Last,
    /// When everyone was looked at for it.
    swept_at: Duration,
    /// Its next question is put off.
    pub(super) is_resting: bool,
}

/// What a bell told last.
#[derive(Debug)]
pub(super) enum Last {
    /// It has not been heard yet.
    Nothing,
    Chime(Chime),
    /// It does not answer.
    Lost,
}

/// Who is meant by a ring.
enum Meant {
    Nobody,
    /// These services surely.
    Named(BTreeSet<Arc<str>>),
    /// These surely, and perhaps anyone.
    Anyone(BTreeSet<Arc<str>>),
}

impl Ringer {
    pub(super) fn new(now: Duration, pace: Pace, seed: u64) -> Self {
        let mut cursor = Cursor::new(pace, seed);
        cursor.on_moved(now);
        Self {
            cursor,
            ticket: Ticket(0),
            last: Last::Nothing,
            swept_at: now,
            is_resting: false,
        }
    }

    /// Tells whether it was ever asked.
    pub(super) fn is_asked(&self) -> bool {
        self.ticket != Ticket(0)
    }

    /// Takes note of how many bells there are whose answers are as large as its own: together they
    /// are not to cost more than looking at everyone would.
    pub(super) fn share_weight(&mut self, bells: u32) {
        self.cursor.set_heavy(EACH * bells);
    }

    pub(super) fn on_moved(&mut self, now: Duration) {
        self.cursor.on_moved(now);
        self.last = Last::Nothing;
    }
}

impl Bell {
    /// Whom the difference between two chimes means.
    fn meant(&self, before: &Chime, after: &Chime) -> Meant {
        let names = || before.things.difference(&after.things);
        match &self.ring {
            // That nothing happened in all of a wait is a good time to look once, for what rings
            // no bell: texts of checks that pass.
            Ring::Services => Meant::Anyone(names()),
            Ring::Critical | Ring::Warning => {
                let mut names = names();
                if names.remove("") {
                    Meant::Anyone(names)
                } else {
                    Meant::Named(names)
                }
            }
            Ring::OnNode(_) => Meant::Named(names()),
            Ring::Nodes | Ring::Keys(_) if before.index == after.index => Meant::Nobody,
            Ring::Nodes | Ring::Keys(_) => Meant::Anyone(BTreeSet::new()),
        }
    }

    pub(super) fn is_of_a_node(&self) -> bool {
        matches!(self.ring, Ring::OnNode(_))
    }

    fn concerns(&self, query: &Query) -> bool {
        bells(query).any(|(ring, dc)| {
            self.dc.as_ref() == dc
                && match (&self.ring, &ring) {
                    (Ring::Keys(prefix), Ring::Keys(key)) => key.starts_with(prefix.as_str()),
                    (mine, its) => mine == its,
                }
        })
    }
}

/// The bells that a query needs to hear; a key's own name stands for its prefix.
fn bells(query: &Query) -> impl Iterator<Item = (Ring, Option<&String>)> {
    let (rings, dc): (Vec<Ring>, _) = match query {
        Query::Service(query) => (
            vec![Ring::Services, Ring::Critical, Ring::Warning, Ring::Nodes],
            &query.dc,
        ),
        Query::Services { dc } => (vec![Ring::Services], dc),
        Query::Nodes { dc, .. } => (vec![Ring::Nodes], dc),
        Query::Node { dc, .. } => (vec![Ring::Services, Ring::Nodes], dc),
        Query::Key { path, dc } => (vec![Ring::Keys(path.clone())], dc),
        Query::Pairs { prefix, dc } => (vec![Ring::Keys(prefix.clone())], dc),
        Query::Datacenters { .. } => (Vec::new(), &None),
    };
    rings.into_iter().map(move |ring| (ring, dc.as_ref()))
}

/// The bells that these queries need, as many as there may be.
pub(super) fn all<'a>(
    queries: impl Iterator<Item = &'a Query>,
    most: usize,
) -> BTreeSet<Arc<Bell>> {
    let mut plain = BTreeSet::new();
    let mut prefixes: BTreeMap<Option<String>, String> = BTreeMap::new();
    for (ring, dc) in queries.flat_map(bells) {
        let dc = dc.cloned();
        match ring {
            Ring::Keys(key) => {
                let known = prefixes.entry(dc).or_insert_with(|| key.clone());
                let common = known.bytes().zip(key.bytes());
                let mut end = common.take_while(|(one, other)| one == other).count();
                while !known.is_char_boundary(end) {
                    end -= 1;
                }
                known.truncate(end);
            }
            ring @ (Ring::Services
            | Ring::Critical
            | Ring::Warning
            | Ring::Nodes
            | Ring::OnNode(_)) => {
                plain.insert(Arc::new(Bell { ring, dc }));
            }
        }
    }
    let keys = prefixes.into_iter().map(|(dc, prefix)| {
        // Whole folders: what comes next to them is under them.
        let folder = prefix.rfind('/').map_or(0, |end| end + 1);
        let ring = Ring::Keys(prefix[..folder].to_owned());
        Arc::new(Bell { ring, dc })
    });
    plain.extend(keys);
    plain.into_iter().take(most).collect()
}

impl Planner {
    /// Has as many bells as those who share need, and none while nobody does.
    pub(super) fn share(&mut self, now: Duration) {
        let mut wanted = if !self.once && self.entries.len() > HELD {
            all(self.entries.values().map(|entry| &*entry.query), BELLS)
        } else {
            BTreeSet::new()
        };
        let of_nodes = self.of_nodes(&wanted);
        let weight = u32::try_from(of_nodes.len()).unwrap_or(u32::MAX);
        wanted.extend(of_nodes);
        let gone = self.bells.keys().filter(|bell| !wanted.contains(*bell));
        for bell in gone.cloned().collect::<Vec<_>>() {
            self.silence(bell);
        }
        let pace = self.entries.values().map(|entry| entry.cursor.pace());
        let pace = pace.min_by_key(|pace| pace.interval);
        for bell in wanted {
            if !self.bells.contains_key(&bell)
                && let Some(pace) = pace
            {
                let seed = self.seed.wrapping_add(self.tickets);
                let ringer = Ringer::new(now, pace, seed);
                self.bells.insert(bell.clone(), ringer);
                if !bell.is_of_a_node() {
                    self.listen(&bell);
                }
            }
            if bell.is_of_a_node()
                && let Some(ringer) = self.bells.get_mut(&bell)
            {
                ringer.share_weight(weight);
            }
        }
        self.listen_to_nodes();
        self.cover(now);
        while self.held + self.bells.len() > HELD {
            let Some(id) = self.quietest() else { break };
            self.demote(id);
        }
    }

    pub(super) fn silence(&mut self, bell: Arc<Bell>) {
        self.bells.remove(&bell);
        self.sweep.pending.remove(&bell);
        self.orders.push(Order::Silence(bell));
    }

    /// Tells whether a chime is one that is waited for.
    pub(crate) fn listens(&self, bell: &Arc<Bell>, ticket: Ticket) -> bool {
        let ringer = self.bells.get(bell);
        ringer.is_some_and(|ringer| ringer.ticket == ticket)
    }

    /// Takes a chime, or the news that there is none.
    pub(crate) fn on_chimed(
        &mut self,
        now: Duration,
        bell: &Arc<Bell>,
        asked_at: Duration,
        chime: Result<Chime, CatalogError>,
    ) {
        let Some(ringer) = self.bells.get_mut(bell) else {
            return;
        };
        ringer.cursor.on_asked(asked_at);
        match chime {
            Ok(chime) => {
                let index = chime.index;
                let value = chime.clone();
                // Only when to ask next is the cursor's concern here.
                let _ = ringer.cursor.on_answered(now, Reading { index, value });
                match std::mem::replace(&mut ringer.last, Last::Chime(chime.clone())) {
                    // What was asked before the first chime may have changed before it.
                    Last::Nothing if !bell.is_of_a_node() => self.suspect(now, bell),
                    // The one that answers may not be the one that was asked before.
                    Last::Lost if !bell.is_of_a_node() => self.doubt(now, bell),
                    // Until all of them are heard, another bell speaks for them.
                    Last::Nothing | Last::Lost => {}
                    Last::Chime(before) => {
                        self.ask_who_was_seen_between(bell, before.index, index);
                        match bell.meant(&before, &chime) {
                            Meant::Nobody => {}
                            Meant::Named(names) => self.name(bell, &names, index),
                            Meant::Anyone(names) => {
                                self.name(bell, &names, index);
                                if self.has_others_to_tell(now, bell) {
                                    self.ask_the_costly(bell);
                                } else {
                                    self.sweep(now, bell);
                                }
                            }
                        }
                    }
                }
                if bell.ring == Ring::Nodes {
                    self.share(now);
                }
            }
            Err(error) => {
                let _ = ringer.cursor.on_failed(now, error);
                match std::mem::replace(&mut ringer.last, Last::Lost) {
                    // Those it was to speak for have to speak for themselves.
                    Last::Nothing | Last::Chime(_) if !bell.is_of_a_node() => {
                        self.suspect(now, bell);
                    }
                    Last::Nothing | Last::Chime(_) | Last::Lost => {}
                }
            }
        }
        if let Some(ringer) = self.bells.get_mut(bell) {
            ringer.is_resting = ringer.cursor.question().at > now + REST / 2;
        }
        self.listen(bell);
        self.listen_to_nodes();
        self.cover(now);
    }

    /// Asks those again whose answers are from between two chimes: what they hold may have come and
    /// gone since, so that it makes no difference between the two.
    fn ask_who_was_seen_between(&mut self, bell: &Bell, before: Option<u64>, index: Option<u64>) {
        let was_between = |entry: &super::Entry| {
            let known = entry.cursor.question().index;
            !entry.is_costly() && known > before && known < index
        };
        for id in self.concerned(bell) {
            if self.entries.get(&id).is_some_and(was_between) {
                self.enqueue(id, false);
            }
        }
    }

    /// Tells whether the bells of the nodes name those that this one cannot. Once in a while it
    /// looks at everyone all the same, for what rings no bell.
    fn has_others_to_tell(&self, now: Duration, bell: &Bell) -> bool {
        let is_recent = |ringer: &Ringer| now < ringer.swept_at + ringer.cursor.pace().wait;
        bell.ring == Ring::Services
            && self.covered.contains(&bell.dc)
            && self.bells.get(bell).is_some_and(is_recent)
    }

    /// Asks those that a bell may mean and that are no services.
    fn ask_the_costly(&mut self, bell: &Bell) {
        for id in self.concerned(bell) {
            if self.entries.get(&id).is_some_and(super::Entry::is_costly) {
                self.enqueue(id, false);
            }
        }
    }

    pub(super) fn listen(&mut self, bell: &Arc<Bell>) {
        let ticket = Ticket(self.number());
        if let Some(ringer) = self.bells.get_mut(bell) {
            ringer.ticket = ticket;
            self.orders.push(Order::Listen {
                bell: bell.clone(),
                ticket,
                question: ringer.cursor.question(),
            });
        }
    }

    /// Tells whether every bell that a query needs is there and answers.
    pub(super) fn is_rung_for(&self, query: &Query) -> bool {
        let mut needs = bells(query).peekable();
        needs.peek().is_some()
            && needs.all(|(ring, dc)| {
                self.bells.iter().any(|(bell, ringer)| {
                    let is_it = match (&bell.ring, &ring) {
                        (Ring::Keys(prefix), Ring::Keys(key)) => key.starts_with(prefix.as_str()),
                        (mine, its) => mine == its,
                    };
                    is_it && bell.dc.as_ref() == dc && matches!(ringer.last, Last::Chime(_))
                })
            })
    }

    /// Asks those in full that a bell names, unless their answers are as new as the chime.
    fn name(&mut self, bell: &Bell, names: &BTreeSet<Arc<str>>, index: Option<u64>) {
        if names.is_empty() {
            return;
        }
        // To Consul a name is the same in any case.
        let names = names.iter().map(|name| name.to_ascii_lowercase());
        let names: BTreeSet<String> = names.collect();
        let named = |entry: &super::Entry| match &*entry.query {
            Query::Service(query) => {
                let known = entry.cursor.question().index;
                let is_old = index.is_none() || known < index;
                query.dc == bell.dc && is_old && names.contains(&query.name.to_ascii_lowercase())
            }
            Query::Services { .. }
            | Query::Nodes { .. }
            | Query::Node { .. }
            | Query::Datacenters { .. }
            | Query::Key { .. }
            | Query::Pairs { .. } => false,
        };
        let named = self.entries.iter().filter(|(_, entry)| named(entry));
        for id in named.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.enqueue(id, true);
        }
    }

    /// Looks at everyone a bell may mean, now or when it is time again.
    pub(super) fn sweep(&mut self, now: Duration, bell: &Arc<Bell>) {
        if now < self.sweep.not_before {
            self.sweep.pending.insert(bell.clone());
        } else {
            self.suspect(now, bell);
        }
    }

    pub(super) fn suspect(&mut self, now: Duration, bell: &Bell) {
        self.sweep.started_at.get_or_insert(now);
        if let Some(ringer) = self.bells.get_mut(bell) {
            ringer.swept_at = now;
        }
        for id in self.concerned(bell) {
            self.enqueue(id, false);
        }
    }

    /// What is known may be of another catalog than the one that answers: asks in full, later those
    /// that were asked before.
    fn doubt(&mut self, now: Duration, bell: &Bell) {
        for id in self.concerned(bell) {
            if let Some(entry) = self.entries.get_mut(&id)
                && entry.cursor.knows()
                && !entry.is_held()
            {
                entry.cursor.on_moved(now);
            }
            self.enqueue(id, false);
        }
    }

    fn concerned(&self, bell: &Bell) -> Vec<super::Id> {
        let concerned = self.entries.iter();
        concerned
            .filter(|(_, entry)| !entry.is_held() && bell.concerns(&entry.query))
            .map(|(id, _)| *id)
            .collect()
    }
}
