//! What is to be told to the agent: the difference between what is wanted and what it holds.

use std::{sync::Arc, time::Duration};

use pilot_core::spec::ServiceSpec;

use super::{Entry, Held, Out, Pause, Told};
use crate::registrar::{Claim, Order, OrderId, Presence, Wish};

impl Entry {
    /// Says what to tell the agent now, and takes note that it is being told.
    pub(in crate::registrar) fn next_order(&mut self, now: Duration, id: OrderId) -> Option<Order> {
        if self.out.is_some() || self.is_paused(now) {
            return None;
        }
        let (order, what) = self.difference(now)?;
        if let Pause::Until { failures, .. } = self.pause {
            self.pause = Pause::Over { failures };
        }
        match &what {
            Told::Register { .. } | Told::Update { .. } => self.is_due = false,
            // They say nothing of the status.
            Told::Maintain { .. } | Told::Deregister => {}
        }
        self.out = Some(Out { id, what });
        Some(order)
    }

    pub(super) fn difference(&self, now: Duration) -> Option<(Order, Told)> {
        match self.wish.as_ref()? {
            Wish::Absent => self.held_spec().map(deregister),
            Wish::Present(wanted) => match &self.held {
                // What another holds is looked at once per publish.
                Held::Nothing if self.claim(wanted) == Claim::Leave && !self.is_due => None,
                Held::Nothing => Some(self.register(wanted)),
                // Under another name it is another service's. Consul would move it, but does not
                // always wake those who wait for a change of the one it leaves.
                Held::Perhaps(spec) | Held::Service { spec, .. }
                    if (&spec.id, &spec.name) != (&wanted.spec.id, &wanted.spec.name) =>
                {
                    Some(deregister(spec.clone()))
                }
                Held::Perhaps(_) => Some(self.register(wanted)),
                Held::Service { spec, .. } if *spec != wanted.spec => Some(self.register(wanted)),
                // Whoever comes back into service does so in the status it has by then.
                Held::Service { maintenance, .. }
                    if *maintenance != wanted.maintenance
                        && !(self.is_due && wanted.maintenance.is_none()) =>
                {
                    Some(maintain(wanted))
                }
                Held::Service { .. } if self.is_due => Some(update(wanted, now >= self.look_at)),
                Held::Service { .. } => None,
            },
        }
    }

    fn register(&self, wanted: &Presence) -> (Order, Told) {
        let (spec, status) = (wanted.spec.clone(), wanted.status);
        let registered = self.registered.as_ref();
        let order = Order::Register {
            spec: spec.clone(),
            status,
            output: wanted.output.clone(),
            maintenance: wanted.maintenance.clone(),
            claim: self.claim(wanted),
            keeps_tags: spec.enable_tag_override
                && registered.is_some_and(|known| known.id == spec.id && known.tags == spec.tags),
        };
        let told = Told::Register {
            spec,
            status,
            maintenance: wanted.maintenance.clone(),
        };
        (order, told)
    }

    /// How to register.
    fn claim(&self, wanted: &Presence) -> Claim {
        if self.overtaken.as_ref() == Some(&wanted.spec.id) {
            Claim::Leave
        } else {
            Claim::Take
        }
    }
}

fn maintain(wanted: &Presence) -> (Order, Told) {
    let (spec, reason) = (wanted.spec.clone(), wanted.maintenance.clone());
    let told = Told::Maintain {
        reason: reason.clone(),
    };
    (Order::Maintain { spec, reason }, told)
}

fn update(wanted: &Presence, is_look_due: bool) -> (Order, Told) {
    let status = wanted.status;
    let order = Order::Update {
        spec: wanted.spec.clone(),
        status,
        output: wanted.output.clone(),
        maintenance: wanted.maintenance.clone(),
        is_look_due,
    };
    let looked = is_look_due;
    (order, Told::Update { status, looked })
}

fn deregister(spec: Arc<ServiceSpec>) -> (Order, Told) {
    (Order::Deregister { spec }, Told::Deregister)
}
