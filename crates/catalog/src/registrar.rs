//! Keeps the agent in line with what is wanted: pure, without a clock, a socket or chance.
//!
//! # The model
//! Every service has what is *wanted* of it (absent, or present with a spec, a status and an
//! output) and what the agent is believed to *hold*. Whenever the two differ there is one next
//! order, and at most one order per service is out at any time. What comes back corrects the
//! belief, and the next order follows from there. A wish that changes while an order is out
//! replaces the one before: there is no queue that could grow.
//!
//! | wanted | held | next order |
//! |---|---|---|
//! | absent | nothing | none |
//! | absent | the service, or perhaps | deregister |
//! | present | another identity | deregister that one |
//! | present | nothing, perhaps, or another spec | register, status included |
//! | present | this spec, and a publish not yet told | update |
//! | present | this spec, all told | none |
//!
//! A failed order is repeated after a back-off with jitter, and at the latest at the next publish
//! (but not when access was denied, which publishing does not cure). An update that finds the
//! service unknown to the agent registers it again at once; if that does not help, the back-off
//! holds here too, so a confused agent is not flooded.

mod entry;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};

use crate::{
    CatalogError, ServiceEvent, ServiceStanding,
    backoff::{Backoff, Jitter},
};
use entry::Entry;

/// Marks one order, so that an answer to an older one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderId(u64);

/// What is wanted of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Not to be known to the agent.
    Absent,
    /// To be known to it.
    Present(Presence),
}

/// A service as it should stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) spec: Arc<ServiceSpec>,
    pub(crate) status: Status,
    pub(crate) output: Arc<str>,
}

/// What happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The caller published or withdrew a service.
    Wished { name: JobName, wish: Wish },
    /// An order was answered, or was not.
    Answered {
        name: JobName,
        order: OrderId,
        outcome: Outcome,
    },
    /// Another agent is in charge, which knows nothing of us yet.
    Moved,
    /// The same agent is spoken to with other credentials.
    Rearmed,
    /// A deadline has come.
    Woken,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// The agent does not know the service or its check.
    Unknown,
    /// Not done, as far as we know.
    Failed(CatalogError),
}

/// What to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tell the agent something, and report back.
    Tell {
        name: JobName,
        id: OrderId,
        order: Order,
    },
    /// Tell the caller something.
    Report { name: JobName, event: ServiceEvent },
}

/// What to tell the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Hold this service, in this status.
    Register {
        spec: Arc<ServiceSpec>,
        status: Status,
    },
    /// This is its status now.
    Update {
        id: String,
        status: Status,
        output: Arc<str>,
    },
    /// Hold this service no longer.
    Deregister { id: String },
}

/// The services of ours and how they stand.
#[derive(Debug)]
pub(crate) struct Registrar {
    entries: BTreeMap<JobName, Entry>,
    orders: u64,
    jitter: Jitter,
}

impl Registrar {
    /// The longest a withdrawal may remain without a last word.
    pub(crate) const WITHDRAWAL: Duration = Duration::from_secs(6);

    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    };
    // Denied access is cured by people; until then asking costs the agent and its log.
    const DENIED: Backoff = Backoff {
        initial: Duration::from_secs(10),
        cap: Duration::from_secs(60),
    };

    /// A registrar with nothing to do; the seed decides its pauses.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            orders: 0,
            jitter: Jitter::new(seed),
        }
    }

    /// Takes one fact and says what to do about it.
    pub(crate) fn handle(&mut self, now: Duration, fact: Fact) -> Vec<Action> {
        let mut actions = Vec::new();
        match fact {
            Fact::Wished { name, wish } => {
                let entry = self.entries.entry(name.clone()).or_default();
                let event = entry.on_wished(now, wish);
                self.follow_up(now, &name, event, &mut actions);
            }
            Fact::Answered {
                name,
                order,
                outcome,
            } => {
                if let Some(entry) = self.entries.get_mut(&name) {
                    let events = entry.on_answered(now, order, outcome, &mut self.jitter);
                    self.follow_up(now, &name, events, &mut actions);
                }
            }
            Fact::Moved => self.each(now, Entry::on_moved, &mut actions),
            Fact::Rearmed => self.each(now, Entry::on_rearmed, &mut actions),
            Fact::Woken => self.each(now, |entry| entry.on_woken(now), &mut actions),
        }
        actions
    }

    /// Says when to call [`Self::handle`] with [`Fact::Woken`] at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.entries.values().filter_map(Entry::deadline).min()
    }

    /// Says which identities the agent may hold for us.
    pub(crate) fn held(&self) -> Vec<String> {
        self.entries.values().filter_map(Entry::held_id).collect()
    }

    /// Says how one service stands.
    pub(crate) fn standing(&self, name: &JobName) -> Option<ServiceStanding> {
        self.entries.get(name)?.standing()
    }

    /// Says how every service stands.
    pub(crate) fn standings(&self) -> BTreeMap<JobName, ServiceStanding> {
        self.entries
            .iter()
            .filter_map(|(name, entry)| Some((name.clone(), entry.standing()?)))
            .collect()
    }

    fn each(
        &mut self,
        now: Duration,
        mut fact: impl FnMut(&mut Entry) -> Option<ServiceEvent>,
        actions: &mut Vec<Action>,
    ) {
        let names: Vec<_> = self.entries.keys().cloned().collect();
        for name in names {
            let event = self.entries.get_mut(&name).and_then(&mut fact);
            self.follow_up(now, &name, event, actions);
        }
    }

    /// Reports what a fact brought about, and gives the order that follows from it.
    fn follow_up(
        &mut self,
        now: Duration,
        name: &JobName,
        events: impl IntoIterator<Item = ServiceEvent>,
        actions: &mut Vec<Action>,
    ) {
        actions.extend(events.into_iter().map(|event| {
            let name = name.clone();
            Action::Report { name, event }
        }));
        let Some(entry) = self.entries.get_mut(name) else {
            return;
        };
        let id = OrderId(self.orders);
        if let Some(order) = entry.next_order(now, id) {
            self.orders += 1;
            let name = name.clone();
            actions.push(Action::Tell { name, id, order });
        }
    }
}

#[cfg(test)]
mod tests;
