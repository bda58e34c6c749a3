//! Held questions about everything at once, and whom they mean when they ring.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{Order, Planner, Ticket};
use crate::{
    CatalogError,
    cursor::{Cursor, Pace, Reading},
    query::Query,
};

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
}

/// What a bell tells: what there is, as a number for each thing, and the service it belongs to,
/// which is empty where it is the matter of a whole node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chime {
    /// Two chimes of one index are the same.
    pub(crate) index: Option<u64>,
    pub(crate) things: Arc<BTreeMap<u64, Box<str>>>,
}

/// A bell and what it told.
#[derive(Debug)]
pub(super) struct Ringer {
    cursor: Cursor<Chime>,
    ticket: Ticket,
    last: Last,
}

/// What a bell told last.
#[derive(Debug)]
enum Last {
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
    Named(BTreeSet<Box<str>>),
    /// These surely, and perhaps anyone.
    Anyone(BTreeSet<Box<str>>),
}

impl Ringer {
    pub(super) fn new(now: Duration, pace: Pace, seed: u64) -> Self {
        let mut cursor = Cursor::new(pace, seed);
        cursor.on_moved(now);
        Self {
            cursor,
            ticket: Ticket(0),
            last: Last::Nothing,
        }
    }

    pub(super) fn on_moved(&mut self, now: Duration) {
        self.cursor.on_moved(now);
        self.last = Last::Nothing;
    }
}

impl Bell {
    /// Whom the difference between two chimes means.
    fn meant(&self, before: &Chime, after: &Chime) -> Meant {
        let names = || {
            let (before, after) = (&before.things, &after.things);
            let gone = before.iter().filter(|(key, _)| !after.contains_key(key));
            let new = after.iter().filter(|(key, _)| !before.contains_key(key));
            gone.chain(new)
                .map(|(_, name)| name.clone())
                .collect::<BTreeSet<_>>()
        };
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
            Ring::Nodes | Ring::Keys(_) if before.index == after.index => Meant::Nobody,
            Ring::Nodes | Ring::Keys(_) => Meant::Anyone(BTreeSet::new()),
        }
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
            ring @ (Ring::Services | Ring::Critical | Ring::Warning | Ring::Nodes) => {
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
                    Last::Nothing => self.suspect(now, bell),
                    // The one that answers may not be the one that was asked before.
                    Last::Lost => self.doubt(now, bell),
                    Last::Chime(before) => match bell.meant(&before, &chime) {
                        Meant::Nobody => {}
                        Meant::Named(names) => self.name(bell, &names),
                        Meant::Anyone(names) => {
                            self.name(bell, &names);
                            self.sweep(now, bell);
                        }
                    },
                }
            }
            Err(error) => {
                let _ = ringer.cursor.on_failed(now, error);
                match std::mem::replace(&mut ringer.last, Last::Lost) {
                    // Those it was to speak for have to speak for themselves.
                    Last::Nothing | Last::Chime(_) => self.suspect(now, bell),
                    Last::Lost => {}
                }
            }
        }
        self.listen(bell);
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

    /// Asks those in full that a bell names.
    fn name(&mut self, bell: &Bell, names: &BTreeSet<Box<str>>) {
        if names.is_empty() {
            return;
        }
        // To Consul a name is the same in any case.
        let names = names.iter().map(|name| name.to_ascii_lowercase());
        let names: BTreeSet<String> = names.collect();
        let named = |entry: &super::Entry| match &*entry.query {
            Query::Service(query) => {
                query.dc == bell.dc && names.contains(&query.name.to_ascii_lowercase())
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
    fn sweep(&mut self, now: Duration, bell: &Arc<Bell>) {
        if now < self.sweep.not_before {
            self.sweep.pending.insert(bell.clone());
        } else {
            self.suspect(now, bell);
        }
    }

    pub(super) fn suspect(&mut self, now: Duration, bell: &Bell) {
        self.sweep.started_at.get_or_insert(now);
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
