//! The task that owns the registrar and the calls that are out, and starts the one that follows.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use pilot_core::JobName;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Follows, Wishes, follower};
use crate::{
    CatalogError, CatalogEvent, CatalogStatus, Link, LinkEvent,
    consul::{Call, Client, Line, wire},
    registrar::{Action, Fact, Order, OrderId, Outcome, Registrar, Wish},
};

/// How many calls may be out at once. Checks of many jobs end in the same instant; a few lines
/// that stay open carry them all, where a connection for each would cost more than the calls.
const LINES: usize = 4;

/// Works until the handle is gone or nobody wants to hear of it any more.
pub(super) async fn run(
    wished: watch::Receiver<Wishes>,
    followed: watch::Receiver<Follows>,
    status: watch::Sender<CatalogStatus>,
    events: mpsc::Sender<CatalogEvent>,
    seed: u64,
) {
    let client = wished.borrow().client.clone();
    let (clients, their_clients) = watch::channel(client.clone());
    let status = Arc::new(status);
    let mut follower = JoinSet::new();
    follower.spawn(follower::run(follower::Surroundings {
        followed,
        clients: their_clients,
        status: status.clone(),
        events: events.clone(),
        seed,
    }));
    let task = Task {
        wished,
        noted: status.subscribe(),
        link: Told::Nothing,
        status,
        events,
        started_at: Instant::now(),
        registrar: Registrar::new(seed),
        seen: BTreeMap::new(),
        client,
        clients,
        calls: JoinSet::new(),
        lines: Vec::new(),
        waiting: VecDeque::new(),
        _follower: follower,
    };
    task.run().await;
}

struct Task {
    wished: watch::Receiver<Wishes>,
    status: Arc<watch::Sender<CatalogStatus>>,
    noted: watch::Receiver<CatalogStatus>,
    /// What was told of the agent last.
    link: Told,
    events: mpsc::Sender<CatalogEvent>,
    started_at: Instant,
    registrar: Registrar,
    /// The number of the newest wish per service that the registrar knows.
    seen: BTreeMap<JobName, u64>,
    client: Arc<Client>,
    /// Tells the one that follows which client to use.
    clients: watch::Sender<Arc<Client>>,
    calls: JoinSet<Answered>,
    /// Lines to the present agent that no call is using.
    lines: Vec<Line>,
    /// Calls that wait for a line: one for each service at most, since the registrar has only one
    /// out for each, and a farewell for each when the agent changes.
    waiting: VecDeque<Out>,
    /// Ends with this task.
    _follower: JoinSet<()>,
}

/// What was told of the agent.
#[derive(PartialEq, Eq)]
enum Told {
    Nothing,
    Lost,
    Back,
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
                Ok(()) = self.noted.changed() => self.on_noted().await,
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

    /// Tells whether the agent answers, when that changes.
    async fn on_noted(&mut self) -> Result<(), Gone> {
        let (told, event) = match &self.noted.borrow_and_update().link {
            Link::Untried => return Ok(()),
            Link::Up { .. } => (Told::Back, LinkEvent::Back),
            Link::Down { reason, .. } => {
                let reason = reason.clone();
                (Told::Lost, LinkEvent::Lost { reason })
            }
        };
        if told == self.link {
            return Ok(());
        }
        self.link = told;
        let event = CatalogEvent::Link(event);
        self.events.send(event).await.map_err(|_| Gone)
    }

    /// Takes only what is new: one service of many is published at a time.
    fn read_wishes(&mut self) -> (Arc<Client>, Vec<(JobName, Wish)>) {
        self.wished.mark_unchanged();
        let wished = self.wished.clone();
        let wishes = wished.borrow();
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
    let reply = out.client.call_over(&mut line, &out.call, patience).await;
    if out.order.is_some() {
        note(&status, reply.as_ref().map(|_| ()));
    }
    Answered {
        line,
        order: out.order,
        outcome: wire::outcome(&out.call, reply),
        client: out.client,
    }
}

/// Takes note of whether the agent answered.
pub(super) fn note(status: &watch::Sender<CatalogStatus>, outcome: Result<(), &CatalogError>) {
    status.send_if_modified(|status| status.link.note(std::time::Instant::now(), outcome));
}
