//! Who is asked about next: many queries over few connections.
//!
//! Pure: time comes in, chance comes from a seed. While there are few queries each has a held
//! question of its own. Beyond [`HELD`] connections the rest share: *bells* ([`Bell`]) are held
//! questions about everything at once, and when one rings, those it names are asked in full, and
//! those it may mean are looked at, the ones that changed last first, over a few kept lines.
//! While there are few nodes each has a bell too, which names whose registration changed.
//! Whoever changes gets a held question of its own: a free place, or that of a quieter one when
//! its question comes back. It is not taken back before, for Consul keeps a connection until the
//! question on it ends, whether or not anyone is still there. Where a bell cannot be had, its part
//! is looked at once per interval.
//!
//! Decision 9 says what of this rests on Consul, and how it was found.

mod bell;
mod entry;
mod nodes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use self::{
    bell::Ringer,
    entry::{Entry, Rank, State},
};
pub(crate) use self::{
    bell::{Bell, Chime, Ring, Things},
    entry::{Id, Ticket},
    nodes::MOST as NODES,
};
use crate::{
    CatalogError,
    agent::Known,
    answer::Answer,
    backoff::Jitter,
    cursor::{Cursor, Pace, Question, Reading, Report},
    query::Query,
};

/// How many connections may carry a held question.
const HELD: usize = 48;
/// How many connections may carry the questions of those that share.
pub(crate) const LINES: usize = 16;
/// The longest rest between two looks at everybody.
const REST: Duration = Duration::from_millis(500);

/// What to do outside.
#[derive(Debug)]
pub(crate) enum Order {
    /// Ask this over a connection of its own, which is kept between its questions.
    Hold {
        id: Id,
        ticket: Ticket,
        query: Arc<Query>,
        question: Question,
    },
    /// The held question is of no interest any more.
    TakeBack(Id),
    /// The connection of one, whose question came back, is another's from now on.
    PassOn { from: Id, to: Id },
    /// Ask this over a shared line: in full, unless its index still is the one given.
    Look {
        id: Id,
        ticket: Ticket,
        query: Arc<Query>,
        known: Option<u64>,
    },
    /// Ask for the next chime of a bell, over a connection of its own.
    Listen {
        bell: Arc<Bell>,
        ticket: Ticket,
        question: Question,
    },
    /// A bell is of no interest any more.
    Silence(Arc<Bell>),
}

/// What to tell the caller.
pub(crate) type Told = Vec<(Arc<Query>, Report<Answer>)>;

/// What came of a look.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Its index is the known one.
    Same,
    /// This was said.
    Said(Reading<Answer>),
}

/// The queries that are followed, and how.
#[derive(Debug)]
pub(crate) struct Planner {
    once: bool,
    ids: BTreeMap<Arc<Query>, Id>,
    entries: BTreeMap<Id, Entry>,
    bells: BTreeMap<Arc<Bell>, Ringer>,
    /// The datacenters in which the bells of the nodes name all that changes.
    covered: BTreeSet<Option<String>>,
    /// Who is to be looked at, the next first.
    queue: BTreeSet<(Rank, Id)>,
    /// When those that share are due by themselves.
    timers: BTreeSet<(Duration, Id)>,
    /// How many have a held question of their own.
    held: usize,
    lines: usize,
    sweep: Sweep,
    orders: Vec<Order>,
    tickets: u64,
    seed: u64,
    jitter: Jitter,
    /// What was told of queries that are not followed here yet.
    recalled: BTreeMap<Arc<Query>, Known>,
}

/// When everybody that shares is looked at. A catalog in which something changes all the time
/// costs no more than a quarter of the time it takes to look.
#[derive(Debug, Default)]
struct Sweep {
    started_at: Option<Duration>,
    not_before: Duration,
    /// Those who have to wait for the end of the rest.
    pending: BTreeSet<Arc<Bell>>,
}

impl Planner {
    /// With `once`, what was answered is not asked for again, save what is absent.
    pub(crate) fn new(seed: u64, once: bool) -> Self {
        Self {
            once,
            ids: BTreeMap::new(),
            entries: BTreeMap::new(),
            bells: BTreeMap::new(),
            covered: BTreeSet::new(),
            queue: BTreeSet::new(),
            timers: BTreeSet::new(),
            held: 0,
            lines: 0,
            sweep: Sweep::default(),
            orders: Vec::new(),
            tickets: 0,
            seed,
            jitter: Jitter::new(seed),
            recalled: BTreeMap::new(),
        }
    }

    /// Remembers what was told of queries before it was asked about any, as if by its own answers.
    pub(crate) fn recall(&mut self, told: BTreeMap<Arc<Query>, Known>) {
        self.recalled = told;
    }

    /// Gives what was told last of each query.
    pub(crate) fn known(&self) -> BTreeMap<Arc<Query>, Known> {
        let entries = self.entries.values();
        entries
            .map(|entry| {
                let (last, trouble) = entry.cursor.known();
                (entry.query.clone(), Known { last, trouble })
            })
            .collect()
    }

    /// Gives the orders that have come up since the last call.
    pub(crate) fn orders(&mut self, now: Duration) -> Vec<Order> {
        self.look(now);
        std::mem::take(&mut self.orders)
    }

    /// Says when to call [`Self::on_woken`] at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let due = self.timers.first().map(|(at, _)| *at);
        let sweep = (!self.sweep.pending.is_empty()).then_some(self.sweep.not_before);
        due.into_iter().chain(sweep).min()
    }

    /// Takes what is wanted now, all of it.
    pub(crate) fn on_followed(&mut self, now: Duration, wanted: &BTreeMap<Arc<Query>, Pace>) {
        let gone = |(query, id): (&Arc<Query>, &Id)| {
            (!wanted.contains_key(query)).then(|| (query.clone(), *id))
        };
        for (query, id) in self.ids.iter().filter_map(gone).collect::<Vec<_>>() {
            self.ids.remove(&query);
            self.dismiss(id);
            self.entries.remove(&id);
        }
        let mut new = Vec::new();
        for (query, pace) in wanted {
            match self.ids.get(query).and_then(|id| self.entries.get_mut(id)) {
                Some(entry) => entry.cursor.set_pace(*pace),
                None => new.push(self.enter(now, query, *pace)),
            }
        }
        // Whoever is followed again later is told afresh.
        self.recalled.clear();
        self.share(now);
        for id in new {
            let is_costly = self.entries.get(&id).is_some_and(Entry::is_costly);
            if !self.once && self.has_room() && (is_costly || self.bells.is_empty()) {
                self.hold(id);
            } else {
                self.enqueue(id, true);
            }
        }
        self.fill();
    }

    /// Takes note that another agent is in charge: every question is a first one again.
    pub(crate) fn on_moved(&mut self, now: Duration) {
        let ids: Vec<_> = self.entries.keys().copied().collect();
        self.lines = 0;
        for id in ids {
            let was_held = self.entries.get(&id).is_some_and(Entry::is_held);
            self.dismiss(id);
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.cursor.on_moved(now);
            }
            if was_held {
                self.hold(id);
            } else {
                self.enqueue(id, true);
            }
        }
        self.covered.clear();
        for bell in self.bells.keys().cloned().collect::<Vec<_>>() {
            if bell.is_of_a_node() {
                // There may be other nodes.
                self.silence(bell);
                continue;
            }
            if let Some(ringer) = self.bells.get_mut(&bell) {
                ringer.on_moved(now);
            }
            self.orders.push(Order::Silence(bell.clone()));
            self.listen(&bell);
        }
    }

    /// Takes note that deadlines may have passed.
    pub(crate) fn on_woken(&mut self, now: Duration) {
        while let Some((at, id)) = self.timers.first().copied()
            && at <= now
        {
            self.set_due(id, None);
            self.enqueue(id, false);
        }
        if !self.sweep.pending.is_empty() && now >= self.sweep.not_before {
            for bell in std::mem::take(&mut self.sweep.pending) {
                self.suspect(now, &bell);
            }
        }
    }

    /// Tells whether an answer is one to the present question.
    pub(crate) fn expects(&self, id: Id, ticket: Ticket) -> bool {
        let entry = self.entries.get(&id);
        entry.is_some_and(|entry| entry.ticket() == Some(ticket))
    }

    /// Takes an answer to a held question.
    pub(crate) fn on_held(
        &mut self,
        now: Duration,
        id: Id,
        asked_at: Duration,
        said: Result<Reading<Answer>, CatalogError>,
    ) -> Told {
        let is_answered = said.is_ok();
        let is_settled = self.once && said.as_ref().is_ok_and(|said| !is_absent(&said.value));
        let told = self.answered(now, id, asked_at, said);
        if is_settled {
            self.settle(id);
            return told;
        }
        match self.hotter_than(id) {
            Some(hotter) if is_answered => self.pass_on(id, hotter),
            Some(_) | None => self.hold(id),
        }
        told
    }

    /// The one without a held question that changed last, if that was after this one did.
    fn hotter_than(&self, id: Id) -> Option<Id> {
        let place = self.entries.get(&id).filter(|entry| !entry.is_costly())?;
        let others = self.entries.iter();
        let others = others.filter(|(_, entry)| entry.is_resting() && entry.cursor.knows());
        let (hottest, entry) = others.max_by_key(|(_, entry)| entry.changed_at)?;
        (entry.changed_at > place.changed_at).then_some(*hottest)
    }

    fn pass_on(&mut self, from: Id, to: Id) {
        if let Some(entry) = self.entries.get_mut(&from) {
            entry.state = State::Resting;
            self.held -= 1;
        }
        // A bell may have rung for it while its last answer was on its way.
        self.enqueue(from, false);
        self.orders.push(Order::PassOn { from, to });
        self.set_due(to, None);
        self.hold(to);
    }

    /// Takes note that a shared line is free again, whatever it carried.
    pub(crate) fn on_line_free(&mut self) {
        self.lines = self.lines.saturating_sub(1);
    }

    /// Takes what came of a look.
    pub(crate) fn on_looked(
        &mut self,
        now: Duration,
        id: Id,
        asked_at: Duration,
        seen: Result<Seen, CatalogError>,
    ) -> Told {
        let Some(entry) = self.entries.get_mut(&id) else {
            return Vec::new();
        };
        let again = matches!(entry.state, State::Asked { again: true, .. });
        entry.state = State::Resting;
        let is_first = !entry.cursor.knows();
        let is_absent = matches!(&seen, Ok(Seen::Said(reading)) if is_absent(&reading.value));
        let told = match seen {
            Ok(Seen::Same) => Vec::new(),
            Ok(Seen::Said(reading)) => self.answered(now, id, asked_at, Ok(reading)),
            Err(error) => {
                let is_everyone = !error.was_answered();
                let mut told = self.answered(now, id, asked_at, Err(error.clone()));
                if is_everyone {
                    told.extend(self.fail_the_queue(now, &error));
                }
                return told;
            }
        };
        if self.once && !is_absent {
            self.settle(id);
            return told;
        }
        if self.bells.is_empty() && self.has_room() {
            self.hold(id);
            return told;
        }
        if again {
            self.enqueue(id, false);
        } else {
            self.rest(now, id);
        }
        let has_changed = told
            .iter()
            .any(|(_, report)| matches!(report, Report::Update(_)));
        // Its first answer says nothing of how often it changes.
        let is_resting = self.entries.get(&id).is_some_and(Entry::is_resting);
        if has_changed && !is_first && is_resting && self.has_room() {
            self.set_due(id, None);
            self.hold(id);
        }
        told
    }

    /// Nobody waits for a change of it any more.
    fn settle(&mut self, id: Id) {
        self.set_due(id, None);
        if let Some(entry) = self.entries.get_mut(&id) {
            if entry.is_held() {
                self.held -= 1;
            }
            entry.state = State::Resting;
        }
    }

    /// Everybody that waits would fail the same way, one after the other.
    fn fail_the_queue(&mut self, now: Duration, error: &CatalogError) -> Told {
        let ids: Vec<_> = self.queue.iter().map(|(_, id)| *id).collect();
        self.queue.clear();
        let mut told = Vec::new();
        for id in ids {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.state = State::Resting;
            }
            told.extend(self.answered(now, id, now, Err(error.clone())));
        }
        told
    }

    fn answered(
        &mut self,
        now: Duration,
        id: Id,
        asked_at: Duration,
        said: Result<Reading<Answer>, CatalogError>,
    ) -> Told {
        let Some(entry) = self.entries.get_mut(&id) else {
            return Vec::new();
        };
        let is_first = !entry.cursor.knows();
        entry.cursor.on_asked(asked_at);
        let reports = match said {
            Ok(reading) => entry.cursor.on_answered(now, reading),
            Err(error) => entry.cursor.on_failed(now, error),
        };
        let due = entry.retry_at();
        let is_update = |report: &Report<Answer>| matches!(report, Report::Update(_));
        if reports.iter().any(is_update) {
            entry.changed_at = if is_first { Duration::ZERO } else { now };
        }
        let query = entry.query.clone();
        self.set_due(id, due);
        reports
            .into_iter()
            .map(|report| (query.clone(), report))
            .collect()
    }

    fn enter(&mut self, now: Duration, query: &Arc<Query>, pace: Pace) -> Id {
        let number = self.number();
        let id = Id(number);
        let mut cursor = Cursor::new(pace, self.seed.wrapping_add(number));
        if let Some(known) = self.recalled.remove(query) {
            cursor.recall(known.last, known.trouble);
        }
        cursor.on_moved(now);
        let entry = Entry {
            query: query.clone(),
            cursor,
            changed_at: Duration::ZERO,
            state: State::Resting,
            due: None,
        };
        self.entries.insert(id, entry);
        self.ids.insert(query.clone(), id);
        id
    }

    fn number(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    fn has_room(&self) -> bool {
        self.held + self.bells.len() < HELD
    }

    fn quietest(&self) -> Option<Id> {
        let held = self.entries.iter().filter(|(_, entry)| entry.is_held());
        held.min_by_key(|(_, entry)| (entry.is_costly(), entry.changed_at))
            .map(|(id, _)| *id)
    }

    /// Gives everyone a held question again when there are few.
    fn fill(&mut self) {
        if self.once || !self.bells.is_empty() {
            return;
        }
        let resting = self.entries.iter().filter(|(_, entry)| entry.is_resting());
        for id in resting.map(|(id, _)| *id).collect::<Vec<_>>() {
            if self.has_room() {
                self.set_due(id, None);
                self.hold(id);
            }
        }
    }

    /// Takes the held question away; what it would have told is looked for once.
    fn demote(&mut self, id: Id) {
        self.dismiss(id);
        self.enqueue(id, false);
    }

    /// Takes back whatever is under way for one.
    fn dismiss(&mut self, id: Id) {
        self.set_due(id, None);
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        match std::mem::replace(&mut entry.state, State::Resting) {
            State::Held { .. } => {
                self.held -= 1;
                self.orders.push(Order::TakeBack(id));
            }
            State::Queued(rank) => drop(self.queue.remove(&(rank, id))),
            State::Resting | State::Asked { .. } => {}
        }
    }

    fn hold(&mut self, id: Id) {
        let ticket = Ticket(self.number());
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if !entry.is_held() {
            self.held += 1;
        }
        entry.state = State::Held { ticket };
        self.orders.push(Order::Hold {
            id,
            ticket,
            query: entry.query.clone(),
            question: entry.cursor.question(),
        });
    }

    /// Puts one in the queue, in front of those that may have changed if it surely has.
    fn enqueue(&mut self, id: Id, is_sure: bool) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let rank = Rank::new(is_sure, entry.changed_at);
        match &mut entry.state {
            State::Held { .. } => return,
            State::Asked { again, .. } => {
                *again = true;
                return;
            }
            State::Queued(known) => {
                if *known <= rank {
                    return;
                }
                self.queue.remove(&(*known, id));
            }
            State::Resting => {}
        }
        entry.state = State::Queued(rank);
        self.queue.insert((rank, id));
        self.set_due(id, None);
    }

    /// Sends out as many of the queue as there are lines.
    fn look(&mut self, now: Duration) {
        while self.lines < LINES {
            let Some((rank, id)) = self.queue.pop_first() else {
                break;
            };
            let ticket = Ticket(self.number());
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            entry.state = State::Asked {
                ticket,
                again: false,
            };
            self.lines += 1;
            self.orders.push(Order::Look {
                id,
                ticket,
                query: entry.query.clone(),
                known: entry.cursor.question().index.filter(|_| !rank.is_sure()),
            });
        }
        if self.lines == 0
            && self.queue.is_empty()
            && let Some(started_at) = self.sweep.started_at.take()
        {
            self.sweep.not_before = now + (3 * (now - started_at)).min(REST);
        }
    }

    /// One that shares waits for its bells, or until it is due where they are silent.
    fn rest(&mut self, now: Duration, id: Id) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        if !entry.is_resting() || self.is_rung_for(&entry.query) {
            return;
        }
        let pause = self.jitter.upper_half(entry.cursor.pace().interval);
        self.set_due(id, Some(now + pause));
    }

    fn set_due(&mut self, id: Id, due: Option<Duration>) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if let Some(at) = std::mem::replace(&mut entry.due, due) {
            self.timers.remove(&(at, id));
        }
        if let Some(at) = due {
            self.timers.insert((at, id));
        }
    }
}

#[cfg(test)]
mod tests;

/// Whether there is no such thing, so that whoever asked may wait for it.
fn is_absent(answer: &Answer) -> bool {
    match answer {
        Answer::Value(value) => value.is_none(),
        Answer::Pairs(pairs) => pairs.is_empty(),
        Answer::Instances(_)
        | Answer::Services(_)
        | Answer::Nodes(_)
        | Answer::Node(_)
        | Answer::Datacenters(_) => false,
    }
}
