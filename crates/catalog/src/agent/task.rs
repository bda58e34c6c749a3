//! The one task that owns the registrar, the calls that are out, and the watches.

use std::{collections::BTreeMap, sync::Arc};

use pilot_core::{JobName, WatchName, spec::WatchSpec};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::{KeyQuery, Wishes, query};
use crate::{
    CatalogEvent, CatalogStatus,
    consul::{Client, wire},
    registrar::{Action, Fact, Order, OrderId, Outcome, Registrar},
};

/// Works until the handle is gone or nobody wants to hear of it any more.
pub(super) async fn run(
    wished: watch::Receiver<Wishes>,
    status: watch::Sender<CatalogStatus>,
    events: mpsc::Sender<CatalogEvent>,
    seed: u64,
) {
    let client = wished.borrow().client.clone();
    let (clients, _) = watch::channel(client.clone());
    let task = Task {
        wished,
        status: Arc::new(status),
        events,
        started_at: Instant::now(),
        registrar: Registrar::new(seed),
        seen: BTreeMap::new(),
        client,
        clients,
        calls: JoinSet::new(),
        queries: JoinSet::new(),
        watches: BTreeMap::new(),
        keys: BTreeMap::new(),
        seed,
    };
    task.run().await;
}

struct Task {
    wished: watch::Receiver<Wishes>,
    status: Arc<watch::Sender<CatalogStatus>>,
    events: mpsc::Sender<CatalogEvent>,
    started_at: Instant,
    registrar: Registrar,
    /// The number of the newest wish per service that the registrar knows.
    seen: BTreeMap<JobName, u64>,
    client: Arc<Client>,
    /// Tells the queries which client to use.
    clients: watch::Sender<Arc<Client>>,
    calls: JoinSet<Option<Answered>>,
    queries: JoinSet<()>,
    watches: BTreeMap<WatchName, (WatchSpec, AbortHandle)>,
    keys: BTreeMap<String, (KeyQuery, AbortHandle)>,
    seed: u64,
}

/// How an order went; a farewell to an agent we left has nobody to tell.
struct Answered {
    name: JobName,
    order: OrderId,
    outcome: Outcome,
}

/// Nobody listens any more.
struct Gone;

impl Task {
    async fn run(mut self) {
        loop {
            let deadline = self.registrar.next_deadline();
            let deadline = deadline.map(|after| self.started_at + after);
            let done = tokio::select! {
                changed = self.wished.changed() => match changed {
                    Ok(()) => self.on_wishes().await,
                    Err(_) => return,
                },
                Some(call) = self.calls.join_next() => match call {
                    Ok(Some(answered)) => self.on_answered(answered).await,
                    Ok(None) | Err(_) => Ok(()),
                },
                () = sleep_until(deadline.unwrap_or(self.started_at)), if deadline.is_some() => {
                    self.handle(Fact::Woken).await
                }
                Some(_) = self.queries.join_next() => Ok(()),
            };
            if let Err(Gone) = done {
                return;
            }
        }
    }

    async fn on_wishes(&mut self) -> Result<(), Gone> {
        let wishes = self.wished.borrow_and_update().clone();
        self.change_watches(&wishes);
        if !Arc::ptr_eq(&wishes.client, &self.client) {
            self.change_client(wishes.client).await?;
        }
        for (name, numbered) in wishes.services {
            if self.seen.insert(name.clone(), numbered.number) != Some(numbered.number) {
                let wish = numbered.wish;
                self.handle(Fact::Wished { name, wish }).await?;
            }
        }
        Ok(())
    }

    async fn on_answered(&mut self, answered: Answered) -> Result<(), Gone> {
        self.handle(Fact::Answered {
            name: answered.name,
            order: answered.order,
            outcome: answered.outcome,
        })
        .await
    }

    /// Tells the registrar a fact and does what it says.
    async fn handle(&mut self, fact: Fact) -> Result<(), Gone> {
        let now = self.started_at.elapsed();
        let actions = self.registrar.handle(now, fact);
        self.note_standings();
        for action in actions {
            match action {
                Action::Tell { name, id, order } => self.tell(name, id, &order),
                Action::Report { name, event } => {
                    let event = CatalogEvent::Service { name, event };
                    self.events.send(event).await.map_err(|_| Gone)?;
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, name: JobName, id: OrderId, order: &Order) {
        let call = match order {
            Order::Register { spec, status } => wire::register(&name, spec, *status),
            Order::Update { id, status, output } => wire::update(id, *status, output),
            Order::Deregister { id } => wire::deregister(id),
        };
        let client = self.client.clone();
        let status = self.status.clone();
        self.calls.spawn(async move {
            let answer = client.call(&call).await;
            query::note(&status, answer.as_ref().map(|_| ()));
            Some(Answered {
                name,
                order: id,
                outcome: wire::outcome(&call, answer),
            })
        });
    }

    async fn change_client(&mut self, client: Arc<Client>) -> Result<(), Gone> {
        let old = std::mem::replace(&mut self.client, client.clone());
        self.clients.send_replace(client.clone());
        let fact = if client.settings().leads_to_the_same_agent_as(old.settings()) {
            Fact::Rearmed
        } else {
            for id in self.registrar.held() {
                let old = old.clone();
                self.calls.spawn(async move {
                    // One attempt: if it fails, the TTL tells the others.
                    let _ = old.call(&wire::deregister(&id)).await;
                    None
                });
            }
            Fact::Moved
        };
        self.handle(fact).await
    }

    fn change_watches(&mut self, wishes: &Wishes) {
        self.watches.retain(|name, (spec, task)| {
            let stays = wishes.watches.get(name) == Some(spec);
            if !stays {
                task.abort();
            }
            stays
        });
        self.keys.retain(|key, (known, task)| {
            let stays = wishes.keys.get(key) == Some(known);
            if !stays {
                task.abort();
            }
            stays
        });
        for (name, spec) in &wishes.watches {
            if !self.watches.contains_key(name) {
                let line = self.channel();
                let task = self
                    .queries
                    .spawn(query::follow_service(spec.clone(), line));
                self.watches.insert(name.clone(), (spec.clone(), task));
            }
        }
        for (key, wanted) in &wishes.keys {
            if !self.keys.contains_key(key) {
                let line = self.channel();
                let followed = query::follow_key(key.clone(), wanted.clone(), line);
                let task = self.queries.spawn(followed);
                self.keys.insert(key.clone(), (wanted.clone(), task));
            }
        }
    }

    /// Gives a query what it needs to work on its own.
    fn channel(&mut self) -> query::Surroundings {
        self.seed = self.seed.wrapping_add(1);
        query::Surroundings {
            clients: self.clients.subscribe(),
            status: self.status.clone(),
            events: self.events.clone(),
            seed: self.seed,
        }
    }

    fn note_standings(&self) {
        let standings = self.registrar.standings();
        self.status.send_if_modified(|status| {
            let differs = status.services != standings;
            status.services = standings;
            differs
        });
    }
}
