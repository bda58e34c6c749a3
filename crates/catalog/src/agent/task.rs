//! The one task that owns the registrar, the calls that are out, and the watches.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use pilot_core::{JobName, WatchName, spec::WatchSpec};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::{KeyQuery, Wishes, query};
use crate::{
    CatalogEvent, CatalogStatus,
    consul::{Call, Client, Line, wire},
    registrar::{Action, Fact, Order, OrderId, Outcome, Registrar, Wish},
};

/// How many calls may be out at once. Checks of many jobs end in the same instant; a few lines
/// that stay open carry them all, where a connection for each would cost more than the calls.
const LINES: usize = 4;

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
        lines: Vec::new(),
        waiting: VecDeque::new(),
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
    calls: JoinSet<Answered>,
    /// Lines to the present agent that no call is using.
    lines: Vec<Line>,
    /// Calls that wait for a line: one for each service at most, since the registrar has only one
    /// out for each, and a farewell for each when the agent changes.
    waiting: VecDeque<Out>,
    queries: JoinSet<()>,
    watches: BTreeMap<WatchName, (WatchSpec, AbortHandle)>,
    keys: BTreeMap<String, (KeyQuery, AbortHandle)>,
    seed: u64,
}

/// A call to make.
struct Out {
    client: Arc<Client>,
    call: Call,
    /// Who wants to know; a farewell to an agent we left has nobody to tell.
    order: Option<(JobName, OrderId)>,
}

/// How a call went.
struct Answered {
    client: Arc<Client>,
    line: Line,
    order: Option<(JobName, OrderId)>,
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
                    Ok(answered) => self.on_answered(answered).await,
                    Err(_) => Ok(()),
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
        let (client, news) = self.read_wishes();
        if !Arc::ptr_eq(&client, &self.client) {
            self.change_client(client).await?;
        }
        for (name, wish) in news {
            self.handle(Fact::Wished { name, wish }).await?;
        }
        Ok(())
    }

    /// Takes only what is new: one service of many is published at a time.
    fn read_wishes(&mut self) -> (Arc<Client>, Vec<(JobName, Wish)>) {
        self.wished.mark_unchanged();
        let wished = self.wished.clone();
        let wishes = wished.borrow();
        self.change_watches(&wishes);
        let mut news = Vec::new();
        for (name, numbered) in &wishes.services {
            if self.seen.get(name) != Some(&numbered.number) {
                self.seen.insert(name.clone(), numbered.number);
                news.push((name.clone(), numbered.wish.clone()));
            }
        }
        (wishes.client.clone(), news)
    }

    async fn on_answered(&mut self, answered: Answered) -> Result<(), Gone> {
        if Arc::ptr_eq(&answered.client, &self.client) && answered.line.is_open() {
            self.lines.push(answered.line);
        }
        self.send_waiting();
        let Some((name, order)) = answered.order else {
            return Ok(());
        };
        self.handle(Fact::Answered {
            name,
            order,
            outcome: answered.outcome,
        })
        .await
    }

    /// Tells the registrar a fact and does what it says.
    async fn handle(&mut self, fact: Fact) -> Result<(), Gone> {
        let now = self.started_at.elapsed();
        let concerned = match &fact {
            Fact::Wished { name, .. } | Fact::Answered { name, .. } => Some(name.clone()),
            Fact::Moved | Fact::Rearmed | Fact::Woken => None,
        };
        let actions = self.registrar.handle(now, fact);
        match concerned {
            Some(name) => self.note_standing(&name),
            None => self.note_standings(),
        }
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
        self.send(Out {
            client: self.client.clone(),
            call,
            order: Some((name, id)),
        });
    }

    fn send(&mut self, out: Out) {
        self.waiting.push_back(out);
        self.send_waiting();
    }

    fn send_waiting(&mut self) {
        while self.calls.len() < LINES {
            let Some(out) = self.waiting.pop_front() else {
                return;
            };
            let ours = Arc::ptr_eq(&out.client, &self.client);
            let line = if ours { self.lines.pop() } else { None };
            let call = make(out, line.unwrap_or_default(), self.status.clone());
            self.calls.spawn(call);
        }
    }

    async fn change_client(&mut self, client: Arc<Client>) -> Result<(), Gone> {
        let old = std::mem::replace(&mut self.client, client.clone());
        self.lines.clear();
        self.clients.send_replace(client.clone());
        let fact = if client.settings().leads_to_the_same_agent_as(old.settings()) {
            Fact::Rearmed
        } else {
            for id in self.registrar.held() {
                // One attempt: if it fails, the TTL tells the others.
                self.send(Out {
                    client: old.clone(),
                    call: wire::deregister(&id),
                    order: None,
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
                self.status.send_if_modified(|status| {
                    status.answered.remove(name);
                    false
                });
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

    fn note_standing(&self, name: &JobName) {
        let standing = self.registrar.standing(name);
        self.status.send_if_modified(|status| {
            if status.services.get(name) == standing.as_ref() {
                return false;
            }
            match standing {
                Some(standing) => status.services.insert(name.clone(), standing),
                None => status.services.remove(name),
            };
            true
        });
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

async fn make(out: Out, mut line: Line, status: Arc<watch::Sender<CatalogStatus>>) -> Answered {
    let patience = out.client.settings().timeouts.call;
    let answer = out.client.call_over(&mut line, &out.call, patience).await;
    if out.order.is_some() {
        query::note(&status, answer.as_ref().map(|_| ()));
    }
    Answered {
        line,
        order: out.order,
        outcome: wire::outcome(&out.call, answer),
        client: out.client,
    }
}
