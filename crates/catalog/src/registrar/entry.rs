//! One service: what is wanted, what is held, and what is out.

mod order;

use std::{sync::Arc, time::Duration};

use pilot_core::spec::{ServiceSpec, Status};

use super::{Order, OrderId, Outcome, Patience, Registrar, Wish};
use crate::{
    CatalogError, ServiceAct, ServiceEvent, ServiceStanding,
    backoff::{Backoff, Jitter},
};

/// One service.
#[derive(Debug, Default)]
pub(super) struct Entry {
    wish: Option<Wish>,
    /// Whether the newest publish has not been told yet.
    is_due: bool,
    held: Held,
    /// The identity that somebody else holds in our place.
    overtaken: Option<String>,
    /// What the agent took last.
    registered: Option<Arc<ServiceSpec>>,
    /// When it is time to look at what the agent holds.
    look_at: Duration,
    out: Option<Out>,
    pause: Pause,
    patience: Patience,
    trouble: Option<CatalogError>,
    withdrawal: Withdrawal,
}

/// What the agent is believed to hold.
#[derive(Debug, Default)]
enum Held {
    /// Nothing of ours.
    #[default]
    Nothing,
    /// This service, or nothing: an order was not answered.
    Perhaps(Arc<ServiceSpec>),
    /// This service.
    Service {
        spec: Arc<ServiceSpec>,
        status: Status,
        /// Why we took it out of service, if we did.
        maintenance: Option<Arc<str>>,
        /// Whether an update has found it since it was registered.
        is_proven: bool,
    },
}

/// The order that is out.
#[derive(Debug)]
struct Out {
    id: OrderId,
    what: Told,
}

#[derive(Debug)]
enum Told {
    Register {
        spec: Arc<ServiceSpec>,
        status: Status,
        maintenance: Option<Arc<str>>,
    },
    Update {
        status: Status,
        looked: bool,
    },
    Maintain {
        reason: Option<Arc<str>>,
    },
    Deregister,
}

/// Whether the next order has to wait.
#[derive(Debug, Default)]
enum Pause {
    #[default]
    None,
    /// After so many failures in a row the next attempt is at the given time.
    Until {
        at: Duration,
        failures: u32,
        /// Whether it holds even if something is published meanwhile.
        is_firm: bool,
    },
    /// That attempt is being made.
    Over { failures: u32 },
}

/// Whether someone waits for the last word on a withdrawal.
#[derive(Debug, Default, PartialEq, Eq)]
enum Withdrawal {
    #[default]
    None,
    Open {
        until: Duration,
    },
}

impl Pause {
    fn failures(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Until { failures, .. } | Self::Over { failures } => *failures,
        }
    }
}

impl Entry {
    /// Takes a new wish; the newest one counts.
    pub(super) fn on_wished(&mut self, now: Duration, wish: Wish) -> Option<ServiceEvent> {
        let is_withdrawal = wish == Wish::Absent;
        self.wish = Some(wish);
        if !is_withdrawal {
            self.is_due = true;
            self.withdrawal = Withdrawal::None;
            self.attempt_soon();
            return None;
        }
        self.pause = Pause::None;
        match (&self.held, &self.out) {
            (Held::Nothing, None) => {
                self.trouble = None;
                Some(ServiceEvent::Withdrawn { failure: None })
            }
            (Held::Nothing | Held::Perhaps(_) | Held::Service { .. }, Some(_))
            | (Held::Perhaps(_) | Held::Service { .. }, None) => {
                self.withdrawal = Withdrawal::Open {
                    until: now + Registrar::WITHDRAWAL,
                };
                None
            }
        }
    }

    /// Takes the answer to the order that is out; answers to older ones are dropped.
    pub(super) fn on_answered(
        &mut self,
        now: Duration,
        id: OrderId,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        let Some(out) = self.out.take_if(|out| out.id == id) else {
            return Vec::new();
        };
        self.patience.note(&outcome);
        let mut events = match out.what {
            Told::Register {
                spec,
                status,
                maintenance,
            } => {
                let held = Held::Service {
                    maintenance: self.maintenance_after(maintenance, &outcome),
                    is_proven: false,
                    spec: spec.clone(),
                    status,
                };
                self.on_register(now, spec, held, outcome, jitter)
            }
            Told::Update { status, looked } => {
                if looked {
                    self.look_at = now + Registrar::LOOK;
                }
                self.on_update(now, status, outcome, jitter)
            }
            Told::Maintain { reason } => self.on_maintain(now, reason, outcome, jitter),
            Told::Deregister => self.on_deregister(now, outcome, jitter),
        };
        if let Withdrawal::Open { .. } = self.withdrawal {
            // Someone waits: what went wrong before the withdrawal does not delay it.
            self.pause = Pause::None;
            if let Held::Nothing = self.held {
                self.trouble = None;
                events.extend(self.last_word(None));
            }
        }
        events
    }

    fn on_register(
        &mut self,
        now: Duration,
        spec: Arc<ServiceSpec>,
        held: Held,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done | Outcome::Described | Outcome::Repaired { .. } => {
                self.registered = Some(spec);
                self.look_at = now + Registrar::LOOK;
                self.held = held;
                self.overtaken = None;
                // The row of failures goes on until an update has found the service, so that an
                // agent that takes registrations and forgets them is not flooded.
                self.trouble = None;
                // Consul keeps the old status and output of a check it knew before, and a
                // registration carries no output: an update follows (ContainerPilot 3.8 does so).
                self.is_due = true;
                vec![ServiceEvent::Registered]
            }
            Outcome::Unknown => {
                let error = unknown();
                self.on_failed(now, ServiceAct::Register, error, jitter)
            }
            Outcome::Claimed { by } => self.on_claimed(&spec.id, by),
            Outcome::Failed(error) => {
                let is_jam = matches!(error, CatalogError::Silent { .. });
                if error.leaves_doubt() {
                    self.held = Held::Perhaps(spec.clone());
                }
                let events = self.on_failed(now, ServiceAct::Register, error, jitter);
                if is_jam {
                    self.spread(now, &spec, jitter);
                }
                events
            }
        }
    }

    /// Says why it is out of service, as far as is known, once a registration was answered.
    fn maintenance_after(&self, told: Option<Arc<str>>, outcome: &Outcome) -> Option<Arc<str>> {
        if *outcome != Outcome::Described {
            return told;
        }
        if told.is_some() {
            // The agent may have forgotten that it is, so that is told again.
            return None;
        }
        // It may not have forgotten that it was, so that is taken back.
        match &self.held {
            Held::Service { maintenance, .. } => maintenance.clone(),
            Held::Nothing | Held::Perhaps(_) => None,
        }
    }

    fn on_update(
        &mut self,
        now: Duration,
        told: Status,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done | Outcome::Described => self.on_updated(told),
            Outcome::Repaired { what } => {
                let mut events = vec![ServiceEvent::Repaired { what }];
                events.extend(self.on_updated(told));
                events
            }
            Outcome::Claimed { by } => self.on_held_claimed(by),
            Outcome::Unknown => {
                let held = std::mem::take(&mut self.held);
                match held {
                    Held::Service {
                        is_proven: true, ..
                    } => {
                        self.pause = Pause::None;
                        vec![ServiceEvent::Forgotten]
                    }
                    Held::Service {
                        is_proven: false, ..
                    }
                    | Held::Perhaps(_) => {
                        self.on_failed(now, ServiceAct::Update, unknown(), jitter)
                    }
                    // It lapsed while the update was under way.
                    Held::Nothing => Vec::new(),
                }
            }
            Outcome::Failed(error) => {
                self.is_due = true;
                self.on_failed(now, ServiceAct::Update, error, jitter)
            }
        }
    }

    fn on_updated(&mut self, told: Status) -> Vec<ServiceEvent> {
        if let Held::Service {
            status, is_proven, ..
        } = &mut self.held
        {
            *status = told;
            *is_proven = true;
        }
        self.recover()
    }

    /// The row of failures is over.
    fn recover(&mut self) -> Vec<ServiceEvent> {
        self.pause = Pause::None;
        let trouble = self.trouble.take();
        trouble.map(|_| ServiceEvent::Back).into_iter().collect()
    }

    fn on_maintain(
        &mut self,
        now: Duration,
        told: Option<Arc<str>>,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done | Outcome::Described | Outcome::Repaired { .. } => {
                if let Held::Service { maintenance, .. } = &mut self.held {
                    *maintenance = told;
                }
                self.recover()
            }
            Outcome::Claimed { by } => self.on_held_claimed(by),
            Outcome::Unknown => match std::mem::take(&mut self.held) {
                Held::Nothing => Vec::new(),
                Held::Perhaps(_) | Held::Service { .. } => vec![ServiceEvent::Forgotten],
            },
            Outcome::Failed(error) => self.on_failed(now, ServiceAct::Maintain, error, jitter),
        }
    }

    /// Somebody else holds the identity: what stands there is theirs.
    fn on_claimed(&mut self, id: &str, by: String) -> Vec<ServiceEvent> {
        self.held = Held::Nothing;
        self.pause = Pause::None;
        self.trouble = None;
        let before = self.overtaken.replace(id.to_owned());
        if before.as_deref() == Some(id) {
            return Vec::new();
        }
        vec![ServiceEvent::Overtaken { by }]
    }

    /// The same of what was believed to be ours; nothing of what has lapsed meanwhile.
    fn on_held_claimed(&mut self, by: String) -> Vec<ServiceEvent> {
        match self.held_spec() {
            Some(spec) => self.on_claimed(&spec.id, by),

            None => Vec::new(),
        }
    }

    fn on_deregister(
        &mut self,
        now: Duration,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done
            | Outcome::Described
            | Outcome::Repaired { .. }
            | Outcome::Unknown
            | Outcome::Claimed { .. } => {
                self.held = Held::Nothing;
                self.pause = Pause::None;
                self.trouble = None;
                self.last_word(None).into_iter().collect()
            }
            Outcome::Failed(error) => match self.last_word(Some(error.clone())) {
                Some(event) => {
                    self.wait(now, &error, jitter);
                    self.trouble = Some(error);
                    vec![event]
                }
                None => self.on_failed(now, ServiceAct::Deregister, error, jitter),
            },
        }
    }

    /// Forgets what the agent held, because another one is in charge.
    pub(super) fn on_moved(&mut self) -> Option<ServiceEvent> {
        self.held = Held::Nothing;
        self.registered = None;
        self.overtaken = None;
        self.out = None;
        self.pause = Pause::None;
        self.trouble = None;
        self.last_word(None)
    }

    /// Learns that what the catalog held under these identities is gone.
    pub(super) fn on_lapsed(&mut self, ids: &[String]) -> Option<ServiceEvent> {
        if !self.held_spec().is_some_and(|spec| ids.contains(&spec.id)) {
            return None;
        }
        self.held = Held::Nothing;
        match self.wish {
            Some(Wish::Present(_)) => Some(ServiceEvent::Forgotten),
            Some(Wish::Absent) | None => self.last_word(None),
        }
    }

    /// Tries again at once what may now be allowed.
    pub(super) fn on_rearmed(&mut self) -> Option<ServiceEvent> {
        self.pause = Pause::None;
        None
    }

    /// Ends the wait for a withdrawal that takes too long.
    pub(super) fn on_woken(&mut self, now: Duration) -> Option<ServiceEvent> {
        match self.withdrawal {
            Withdrawal::Open { until } if until <= now => {
                self.last_word(Some(CatalogError::Overdue {
                    after: Registrar::WITHDRAWAL,
                }))
            }
            Withdrawal::Open { .. } | Withdrawal::None => None,
        }
    }

    /// Says how long to wait for the answer to an order.
    pub(super) fn patience(&self, order: &Order) -> Patience {
        match order {
            Order::Register { .. } | Order::Maintain { .. } => self.patience,
            Order::Update { .. } => match &self.wish {
                Some(Wish::Present(wanted)) => self.patience.within(wanted.spec.ttl),
                Some(Wish::Absent) | None => self.patience,
            },
            // Somebody waits to leave.
            Order::Deregister { .. } => Patience::default(),
        }
    }

    /// Says when this service needs attention without any fact from outside.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let retry = match self.pause {
            Pause::Until { at, .. } if self.out.is_none() && self.difference(at).is_some() => {
                Some(at)
            }
            Pause::Until { .. } | Pause::Over { .. } | Pause::None => None,
        };
        let bound = match self.withdrawal {
            Withdrawal::Open { until } => Some(until),
            Withdrawal::None => None,
        };
        retry.into_iter().chain(bound).min()
    }

    /// Tells whether the agent is to know it.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.wish, Some(Wish::Present(_)))
    }

    /// Says as what the agent may hold the service.
    pub(super) fn held_spec(&self) -> Option<Arc<ServiceSpec>> {
        match &self.held {
            Held::Nothing => None,
            Held::Perhaps(spec) | Held::Service { spec, .. } => Some(spec.clone()),
        }
    }

    /// Says how the service stands; nothing if it was never published.
    pub(super) fn standing(&self) -> Option<ServiceStanding> {
        let (id, registered) = match (&self.held, self.wish.as_ref()?) {
            (Held::Service { spec, status, .. }, _) => (spec.id.clone(), Some(*status)),
            (Held::Perhaps(spec), _) => (spec.id.clone(), None),
            (Held::Nothing, Wish::Present(wanted)) => (wanted.spec.id.clone(), None),
            (Held::Nothing, Wish::Absent) => return None,
        };
        Some(ServiceStanding {
            id,
            registered,
            failure: self.trouble.clone(),
        })
    }

    fn is_paused(&self, now: Duration) -> bool {
        match self.pause {
            Pause::Until { at, .. } => now < at,
            Pause::Over { .. } | Pause::None => false,
        }
    }

    fn attempt_soon(&mut self) {
        match self.pause {
            Pause::Until {
                is_firm: false,
                failures,
                ..
            } => self.pause = Pause::Over { failures },
            Pause::Until { .. } | Pause::Over { .. } | Pause::None => {}
        }
    }

    fn on_failed(
        &mut self,
        now: Duration,
        act: ServiceAct,
        reason: CatalogError,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        self.wait(now, &reason, jitter);
        let known = self.trouble.replace(reason.clone());
        if known.is_some_and(|known| known.is_like(&reason)) {
            return Vec::new();
        }
        vec![ServiceEvent::Failing { act, reason }]
    }

    fn wait(&mut self, now: Duration, reason: &CatalogError, jitter: &mut Jitter) {
        let is_firm = reason.is_denied();
        let backoff = if is_firm {
            self.pauses_when_denied()
        } else {
            Registrar::BACKOFF
        };
        let failures = self.pause.failures().saturating_add(1);
        self.pause = Pause::Until {
            at: now + backoff.pause(failures, jitter),
            failures,
            is_firm,
        };
    }

    /// A registration was not answered in time. So it is for all when many register at once: Consul
    /// answers none before it has told its servers of all. Whoever tries again does so at a time of
    /// its own, or they would all come at once again.
    fn spread(&mut self, now: Duration, spec: &ServiceSpec, jitter: &mut Jitter) {
        self.pause = Pause::Until {
            at: now + jitter.within(spec.ttl / 2),
            failures: self.pause.failures(),
            is_firm: true,
        };
    }

    /// Once access is granted again, the service is there again within its TTL.
    fn pauses_when_denied(&self) -> Backoff {
        let Backoff { initial, cap } = Registrar::DENIED;
        let longest = match &self.wish {
            Some(Wish::Present(wanted)) => {
                (wanted.spec.ttl * 4 / 5).max(Registrar::SHORTEST_DENIED)
            }
            Some(Wish::Absent) | None => cap,
        };
        Backoff {
            initial: initial.min(longest),
            cap: cap.min(longest),
        }
    }

    fn last_word(&mut self, failure: Option<CatalogError>) -> Option<ServiceEvent> {
        match std::mem::take(&mut self.withdrawal) {
            Withdrawal::Open { .. } => Some(ServiceEvent::Withdrawn { failure }),
            Withdrawal::None => None,
        }
    }
}

fn unknown() -> CatalogError {
    CatalogError::Forgetful
}
