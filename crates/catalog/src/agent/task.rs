//! The task that owns the registrar and the calls that are out, and starts the one that follows.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use pilot_core::JobName;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use super::{Follows, Wishes, follower, revival::Revival, subscriber};
use crate::{
    CatalogError, CatalogEvent, CatalogStatus, Link, LinkEvent, Settings,
    answer::Answer,
    client::Client,
    consul::{Line, wire},
    query::Query,
    registrar::{Action, Fact, Order, OrderId, Outcome, Patience, Registrar, Wish},
};

/// How many calls may be out at once. Checks of many jobs end in the same instant; a few lines
/// that stay open carry them all, where a connection for each would cost more than the calls.
const LINES: usize = 4;

/// What an order may take on top of the patience for its calls.
const SLACK: Duration = Duration::from_millis(100);

/// Works until the handle is gone or nobody wants to hear of it any more.
pub(super) async fn run(
    wished: watch::Receiver<Wishes>,
    followed: watch::Receiver<Follows>,
    status: watch::Sender<CatalogStatus>,
    events: mpsc::Sender<CatalogEvent>,
    seed: u64,
) {
    let (client, settings) = {
        let wished = wished.borrow();
        (wished.client.clone(), wished.settings.clone())
    };
    let (clients, their_clients) = watch::channel(client.clone());
    let status = Arc::new(status);
    let mut follower = JoinSet::new();
    follower.spawn(follow(Surroundings {
        started_at: Instant::now(),
        revival: Revival::default(),
        followed: followed.clone(),
        clients: their_clients,
        status: status.clone(),
        events: events.clone(),
        seed,
        told: BTreeMap::new(),
    }));
    let task = Task {
        wished,
        noted: status.subscribe(),
        followed,
        link: Told::Nothing,
        status,
        events,
        started_at: Instant::now(),
        registrar: Registrar::new(seed),
        seen: BTreeMap::new(),
        client,
        settings,
        generation: 0,
        clients,
        calls: JoinSet::new(),
        lines: Vec::new(),
        waiting: VecDeque::new(),
        _follower: follower,
    };
    task.run().await;
}

/// What those who follow work with.
pub(super) struct Surroundings {
    pub(super) started_at: Instant,
    pub(super) revival: Revival,
    pub(super) followed: watch::Receiver<Follows>,
    pub(super) clients: watch::Receiver<Client>,
    pub(super) status: Arc<watch::Sender<CatalogStatus>>,
    pub(super) events: mpsc::Sender<CatalogEvent>,
    pub(super) seed: u64,
    /// What was told last, left behind by those who followed before in another way.
    pub(super) told: BTreeMap<Arc<Query>, Known>,
}

/// What was told of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) last: Option<Answer>,
    /// Why it is lost, if it is.
    pub(crate) trouble: Option<CatalogError>,
}

/// Follows, the way each catalog is followed, until the handle is gone or nobody listens.
async fn follow(mut surroundings: Surroundings) {
    loop {
        let client = surroundings.clients.borrow_and_update().clone();
        // Whoever follows now must see all that is to be followed.
        surroundings.followed.mark_changed();
        let end = match client {
            Client::Consul(client) => follower::run(&mut surroundings, client).await,
            Client::Etcd(_) | Client::Zookeeper(_) => {
                subscriber::run(&mut surroundings, client).await
            }
        };
        if let Err(Gone) = end {
            return;
        }
    }
}

struct Task {
    wished: watch::Receiver<Wishes>,
    status: Arc<watch::Sender<CatalogStatus>>,
    noted: watch::Receiver<CatalogStatus>,
    /// What is followed, only to be counted.
    followed: watch::Receiver<Follows>,
    /// What was told of the agent last.
    link: Told,
    events: mpsc::Sender<CatalogEvent>,
    started_at: Instant,
    registrar: Registrar,
    /// The number of the newest wish per service that the registrar knows.
    seen: BTreeMap<JobName, u64>,
    client: Client,
    settings: Arc<Settings>,
    /// How many clients came before the present one.
    generation: u64,
    /// Tells the one that follows which client to use.
    clients: watch::Sender<Client>,
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
    client: Client,
    settings: Arc<Settings>,
    /// How many clients came before this one.
    generation: u64,
    name: JobName,
    order: Order,
    patience: Patience,
    /// Who wants to know; a farewell to a catalog we left has nobody to tell.
    id: Option<OrderId>,
}

/// How a call went.
struct Answered {
    generation: u64,
    line: Line,
    name: JobName,
    id: Option<OrderId>,
    outcome: Outcome,
}

/// Nobody listens any more.
pub(super) struct Gone;

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
                ids = lapsed(&self.client) => self.handle(Fact::Lapsed { ids }).await,
            };
            if let Err(Gone) = done {
                return;
            }
        }
    }

    async fn on_wishes(&mut self) -> Result<(), Gone> {
        let (settings, client, news) = self.read_wishes();
        if settings != self.settings {
            self.change_client(settings, client).await?;
        }
        for (name, wish) in news {
            self.handle(Fact::Wished { name, wish }).await?;
        }
        Ok(())
    }

    /// Tells what is wrong with files that were renewed.
    async fn tell_notice(&self) -> Result<(), Gone> {
        let notice = match &self.client {
            Client::Consul(client) => client.notice(),
            Client::Etcd(_) | Client::Zookeeper(_) => None,
        };
        let Some(reason) = notice else {
            return Ok(());
        };
        let event = CatalogEvent::Link(LinkEvent::Unrenewed { reason });
        self.events.send(event).await.map_err(|_| Gone)
    }

    /// Tells whether the agent answers, when that changes.
    async fn on_noted(&mut self) -> Result<(), Gone> {
        self.tell_notice().await?;
        let (told, event) = match &self.noted.borrow_and_update().link {
            Link::Untried => return Ok(()),
            Link::Up { .. } => (Told::Back, LinkEvent::Back),
            Link::Down { reason, .. } => {
                let reason = reason.clone();
                let lost = LinkEvent::Lost {
                    reason,
                    services: self.registrar.wanted(),
                    queries: self.followed.borrow().len(),
                };
                (Told::Lost, lost)
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
    fn read_wishes(&mut self) -> (Arc<Settings>, Client, Vec<(JobName, Wish)>) {
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
        (wishes.settings.clone(), wishes.client.clone(), news)
    }

    async fn on_answered(&mut self, answered: Answered) -> Result<(), Gone> {
        if answered.generation == self.generation && answered.line.is_open() {
            self.lines.push(answered.line);
        }
        self.send_waiting();
        self.tell_notice().await?;
        let Some(order) = answered.id else {
            return Ok(());
        };
        self.handle(Fact::Answered {
            name: answered.name,
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
            Fact::Lapsed { .. } | Fact::Moved | Fact::Rearmed | Fact::Woken => None,
        };
        let actions = self.registrar.handle(now, fact);
        match concerned {
            Some(name) => self.note_standing(&name),
            None => self.note_standings(),
        }
        for action in actions {
            match action {
                Action::Tell {
                    name,
                    id,
                    order,
                    patience,
                } => self.send(Out {
                    client: self.client.clone(),
                    settings: self.settings.clone(),
                    generation: self.generation,
                    name,
                    order,
                    patience,
                    id: Some(id),
                }),
                Action::Report { name, event } => {
                    let event = CatalogEvent::Service { name, event };
                    self.events.send(event).await.map_err(|_| Gone)?;
                }
            }
        }
        Ok(())
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
            let line = if out.generation == self.generation {
                self.lines.pop()
            } else {
                None
            };
            let call = make(out, line.unwrap_or_default(), self.status.clone());
            self.calls.spawn(call);
        }
    }

    async fn change_client(&mut self, settings: Arc<Settings>, client: Client) -> Result<(), Gone> {
        let stays = settings.leads_to_the_same_place_as(&self.settings);
        let old_settings = std::mem::replace(&mut self.settings, settings);
        let old = std::mem::replace(&mut self.client, client.clone());
        self.lines.clear();
        self.generation += 1;
        self.clients.send_replace(client);
        if stays {
            return self.handle(Fact::Rearmed).await;
        }
        for (name, spec) in self.registrar.held() {
            // One attempt: if it fails, the TTL tells the others.
            self.send(Out {
                client: old.clone(),
                settings: old_settings.clone(),
                generation: self.generation - 1,
                name,
                order: Order::Deregister { spec },
                patience: Patience::default(),
                id: None,
            });
        }
        self.handle(Fact::Moved).await
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
    let patience = out.patience.of(out.settings.timeouts().call);
    let told = async {
        match &out.client {
            Client::Consul(client) => {
                wire::tell(client, &mut line, &out.name, &out.order, patience).await
            }
            Client::Etcd(client) => client.tell(&out.name, &out.order).await,
            Client::Zookeeper(client) => client.tell(&out.name, &out.order).await,
        }
    };
    // An order may take several calls; Consul's client says of which there was no answer.
    let outcome = match timeout(patience + SLACK, told).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::Failed(CatalogError::Silent {
            who: out.settings.backend(),
            address: out.settings.place(),
            call: out.order.to_string(),
            after: patience + SLACK,
        }),
    };
    if out.id.is_some() {
        note(&status, outcome.as_answer());
    }
    Answered {
        generation: out.generation,
        line,
        name: out.name,
        id: out.id,
        outcome,
    }
}

/// Waits until what the services of ours hang on has ended; for ever where it cannot.
async fn lapsed(client: &Client) -> Vec<String> {
    match client {
        // Whatever Consul forgets it says to the next update.
        Client::Consul(_) => std::future::pending().await,
        Client::Etcd(client) => client.lapsed().await,
        Client::Zookeeper(client) => client.lapsed().await,
    }
}

/// Takes note of whether the agent answered.
pub(super) fn note(status: &watch::Sender<CatalogStatus>, outcome: Result<(), &CatalogError>) {
    status.send_if_modified(|status| status.link.note(std::time::Instant::now(), outcome));
}
