//! One service: what is wanted, what is held, and what is out.

use std::{sync::Arc, time::Duration};

use pilot_core::spec::{ServiceSpec, Status};

use super::{Order, OrderId, Outcome, Presence, Registrar, Wish};
use crate::{CatalogError, ServiceAct, ServiceEvent, ServiceStanding, backoff::Jitter};

/// One service.
#[derive(Debug, Default)]
pub(super) struct Entry {
    wish: Option<Wish>,
    /// Whether the newest publish has not been told yet.
    is_due: bool,
    held: Held,
    out: Option<Out>,
    pause: Pause,
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
    },
    Update {
        status: Status,
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
        is_denied: bool,
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
        let mut events = match out.what {
            Told::Register { spec, status } => self.on_register(now, spec, status, outcome, jitter),
            Told::Update { status } => self.on_update(now, status, outcome, jitter),
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
        status: Status,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done => {
                self.held = Held::Service {
                    spec,
                    status,
                    is_proven: false,
                };
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
            Outcome::Failed(error) => {
                if error.leaves_doubt() {
                    self.held = Held::Perhaps(spec);
                }
                self.on_failed(now, ServiceAct::Register, error, jitter)
            }
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
            Outcome::Done => {
                if let Held::Service {
                    status, is_proven, ..
                } = &mut self.held
                {
                    *status = told;
                    *is_proven = true;
                }
                self.pause = Pause::None;
                let trouble = self.trouble.take();
                trouble.map(|_| ServiceEvent::Back).into_iter().collect()
            }
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
                    | Held::Perhaps(_)
                    | Held::Nothing => self.on_failed(now, ServiceAct::Update, unknown(), jitter),
                }
            }
            Outcome::Failed(error) => {
                self.is_due = true;
                self.on_failed(now, ServiceAct::Update, error, jitter)
            }
        }
    }

    fn on_deregister(
        &mut self,
        now: Duration,
        outcome: Outcome,
        jitter: &mut Jitter,
    ) -> Vec<ServiceEvent> {
        match outcome {
            Outcome::Done | Outcome::Unknown => {
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
        self.out = None;
        self.pause = Pause::None;
        self.trouble = None;
        self.last_word(None)
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

    /// Says what to tell the agent now, and takes note that it is being told.
    pub(super) fn next_order(&mut self, now: Duration, id: OrderId) -> Option<Order> {
        if self.out.is_some() || self.is_paused(now) {
            return None;
        }
        let (order, what) = self.difference()?;
        if let Pause::Until { failures, .. } = self.pause {
            self.pause = Pause::Over { failures };
        }
        self.is_due = false;
        self.out = Some(Out { id, what });
        Some(order)
    }

    fn difference(&self) -> Option<(Order, Told)> {
        match self.wish.as_ref()? {
            Wish::Absent => self.held_id().map(deregister),
            Wish::Present(wanted) => match &self.held {
                Held::Nothing => Some(register(wanted)),
                Held::Perhaps(spec) | Held::Service { spec, .. } if spec.id != wanted.spec.id => {
                    Some(deregister(spec.id.clone()))
                }
                Held::Perhaps(_) => Some(register(wanted)),
                Held::Service { spec, .. } if *spec != wanted.spec => Some(register(wanted)),
                Held::Service { .. } if self.is_due => Some(update(wanted)),
                Held::Service { .. } => None,
            },
        }
    }

    /// Says when this service needs attention without any fact from outside.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let retry = match self.pause {
            Pause::Until { at, .. } if self.out.is_none() && self.difference().is_some() => {
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

    /// Says under which identity the agent may hold the service.
    pub(super) fn held_id(&self) -> Option<String> {
        match &self.held {
            Held::Nothing => None,
            Held::Perhaps(spec) | Held::Service { spec, .. } => Some(spec.id.clone()),
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
                is_denied: false,
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
        let failures = self.pause.failures().saturating_add(1);
        let is_denied = reason.is_denied();
        let backoff = if is_denied {
            Registrar::DENIED
        } else {
            Registrar::BACKOFF
        };
        self.pause = Pause::Until {
            at: now + backoff.pause(failures, jitter),
            failures,
            is_denied,
        };
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

fn register(wanted: &Presence) -> (Order, Told) {
    let (spec, status) = (wanted.spec.clone(), wanted.status);
    let told = Told::Register {
        spec: spec.clone(),
        status,
    };
    (Order::Register { spec, status }, told)
}

fn update(wanted: &Presence) -> (Order, Told) {
    let status = wanted.status;
    let order = Order::Update {
        id: wanted.spec.id.clone(),
        status,
        output: wanted.output.clone(),
    };
    (order, Told::Update { status })
}

fn deregister(id: String) -> (Order, Told) {
    (Order::Deregister { id }, Told::Deregister)
}
