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
//! | present | another identity, or this one under another name | deregister that one |
//! | present | nothing, perhaps, or another spec | register, status and maintenance included |
//! | present | this spec, not as much out of service as is wanted | maintain |
//! | present | this spec, and a publish not yet told | update |
//! | present | this spec, all told | none |
//!
//! A catalog may hold maintenance apart from what a registration says, and says so: then it is told
//! in an order of its own.
//!
//! Two helpers may claim one identity. The newcomer gets it: a registration overwrites. Whoever
//! finds another's in the place of its own has been overtaken, says so, and from then on only
//! registers, at each publish, on the condition that nobody holds it. An update looks, not more often
//! than every five seconds, whether what is held still is what was registered; what somebody has
//! changed is put right.
//!
//! A failed order is repeated after a back-off with jitter, and at the latest at the next publish
//! (but not when access was denied, which publishing does not cure). An update that finds the
//! service unknown to the agent registers it again at once; if that does not help, the back-off
//! holds here too, so a confused agent is not flooded.

mod entry;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

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
    /// Why it is out of service, if it is.
    pub(crate) maintenance: Option<Arc<str>>,
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
    /// What the catalog held of us under these identities is gone: what they hung on has ended.
    Lapsed { ids: Vec<String> },
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
    /// It is held as described; whether it is out of service is told apart, and is as it was.
    Described,
    /// Done, after what it holds had to be described anew: somebody had changed it.
    Repaired {
        /// What was not as described.
        what: String,
    },
    /// The agent does not know the service or its check.
    Unknown,
    /// Somebody else holds the identity.
    Claimed {
        /// Who, as far as can be said: an address, the name of a node.
        by: String,
    },
    /// Not done, as far as we know.
    Failed(CatalogError),
}

impl Outcome {
    /// Whether there was an answer, or why not.
    pub(crate) fn as_answer(&self) -> Result<(), &CatalogError> {
        match self {
            Self::Done
            | Self::Described
            | Self::Repaired { .. }
            | Self::Unknown
            | Self::Claimed { .. } => Ok(()),
            Self::Failed(error) => Err(error),
        }
    }
}

/// What to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tell the agent something, and report back.
    Tell {
        name: JobName,
        id: OrderId,
        order: Order,
        patience: Patience,
    },
    /// Tell the caller something.
    Report { name: JobName, event: ServiceEvent },
}

/// What to tell the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Hold this service, in this status, and out of service for this reason if there is one.
    Register {
        spec: Arc<ServiceSpec>,
        status: Status,
        output: Arc<str>,
        maintenance: Option<Arc<str>>,
        claim: Claim,
        /// Whether it was registered with these tags before, so that those that others gave it
        /// since, where they may, stay.
        keeps_tags: bool,
    },
    /// This is its status now.
    Update {
        spec: Arc<ServiceSpec>,
        status: Status,
        output: Arc<str>,
        /// Why it is out of service, if it is, for when it has to be described anew.
        maintenance: Option<Arc<str>>,
        /// Whether to look first if what is held still is ours, and as described.
        is_look_due: bool,
    },
    /// It is out of service for this reason, or no longer is.
    Maintain {
        spec: Arc<ServiceSpec>,
        reason: Option<Arc<str>>,
    },
    /// Hold this service no longer, if it still is ours.
    Deregister { spec: Arc<ServiceSpec> },
}

/// What it is, for errors.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, spec) = match self {
            Self::Register { spec, .. } => ("the registration", spec),
            Self::Update { spec, .. } => ("the report", spec),
            Self::Maintain { spec, .. } => ("the maintenance", spec),
            Self::Deregister { spec, .. } => ("the withdrawal", spec),
        };
        write!(f, "{what} of {}", spec.id)
    }
}

/// How long to wait for an answer: twice as long after each order in a row that was not answered in
/// time. When many come at once each waits for all before it; to give up and ask again makes the
/// queue longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patience {
    doubled: u32,
    /// The longest an answer is of use; none has no such limit.
    use_for: Option<Duration>,
}

impl Patience {
    const MOST: u32 = 2;
    /// However short a TTL is.
    const SHORTEST: Duration = Duration::from_secs(1);

    /// How long that is, where one short call may take as long as given.
    pub(crate) fn of(self, call: Duration) -> Duration {
        let longest = call * 2_u32.pow(self.doubled);
        longest.min(self.use_for.unwrap_or(longest))
    }

    /// The same, for what is worth nothing once this TTL is over: the second half of it is for
    /// another attempt, over another connection.
    fn within(self, ttl: Duration) -> Self {
        let use_for = Some((ttl / 2).max(Self::SHORTEST));
        Self { use_for, ..self }
    }

    fn note(&mut self, outcome: &Outcome) {
        self.doubled = match outcome {
            Outcome::Failed(CatalogError::Silent { .. }) => (self.doubled + 1).min(Self::MOST),
            Outcome::Failed(_)
            | Outcome::Done
            | Outcome::Described
            | Outcome::Repaired { .. }
            | Outcome::Unknown
            | Outcome::Claimed { .. } => 0,
        };
    }
}

/// What to do when somebody else holds an identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Take it.
    #[default]
    Take,
    /// Leave it, unless whoever held it is gone.
    Leave,
}

/// The services of ours and how they stand.
#[derive(Debug)]
pub(crate) struct Registrar {
    entries: BTreeMap<JobName, Entry>,
    orders: u64,
    jitter: Jitter,
}

impl Registrar {
    /// How often an update looks at what is held: it costs a call more.
    pub(crate) const LOOK: Duration = Duration::from_secs(5);

    /// The longest a withdrawal may remain without a last word.
    pub(crate) const WITHDRAWAL: Duration = Duration::from_secs(6);

    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    };
    // Denied access is cured by people; until then asking costs the agent and its log. A service is
    // asked for within its TTL all the same, but never more often than this.
    const DENIED: Backoff = Backoff {
        initial: Duration::from_secs(10),
        cap: Duration::from_secs(60),
    };
    const SHORTEST_DENIED: Duration = Duration::from_secs(1);

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
            Fact::Lapsed { ids } => {
                self.each(now, |entry| entry.on_lapsed(&ids), &mut actions);
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

    /// Says how many services it is to know.
    pub(crate) fn wanted(&self) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.is_wanted())
            .count()
    }

    /// Says what the agent may hold for us.
    pub(crate) fn held(&self) -> Vec<(JobName, Arc<ServiceSpec>)> {
        let entries = self.entries.iter();
        entries
            .filter_map(|(name, entry)| Some((name.clone(), entry.held_spec()?)))
            .collect()
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
            actions.push(Action::Tell {
                name: name.clone(),
                id,
                patience: entry.patience(&order),
                order,
            });
        }
    }
}

#[cfg(test)]
mod tests;
