//! The task that follows queries: asks what the planner says, and tells what it reports.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    revival::Revival,
    task::{Gone, Surroundings, note},
};
use crate::{
    CatalogError, CatalogEvent, CatalogStatus, FollowEvent,
    answer::Answer,
    client,
    consul::{
        Client, Line,
        ask::{self, Manner, Said},
        read::{Shelf, read, read_chime},
    },
    cursor::{Pace, Question, Reading, Report},
    planner::{Bell, Id, LINES, Order, Planner, Seen, Ticket, Told},
    query::Query,
};

// Consul holds no question about them.
const DATACENTERS: Duration = Duration::from_secs(15);

/// Follows until another client is to be used, or nobody wants to hear of it any more.
pub(super) async fn run(surroundings: &mut Surroundings, client: Arc<Client>) -> Result<(), Gone> {
    let mut planner = Planner::new(surroundings.seed, client.settings().once);
    planner.recall(std::mem::take(&mut surroundings.told));
    surroundings.revival = Revival::default();
    let follower = Follower {
        planner,
        noted: surroundings.status.subscribe(),
        surroundings,
        client,
        started_at: Instant::now(),
        heard: JoinSet::new(),
        held: HashMap::new(),
        lines: Vec::new(),
        shelf: Shelf::default(),
    };
    follower.run().await
}

struct Follower<'a> {
    surroundings: &'a mut Surroundings,
    noted: watch::Receiver<CatalogStatus>,
    client: Arc<Client>,
    started_at: Instant,
    planner: Planner,
    heard: JoinSet<Heard>,
    /// Who has a connection of its own: what is under way on it, or it itself between questions.
    held: HashMap<Owner, Held>,
    /// Shared lines that nobody uses.
    lines: Vec<Line>,
    shelf: Shelf,
}

/// Whose connection it is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Owner {
    Query(Id),
    Bell(Arc<Bell>),
}

enum Held {
    Asked(AbortHandle),
    Line(Line),
}

/// What came of a question.
struct Heard {
    ticket: Ticket,
    asked_at: Duration,
    line: Line,
    word: Word,
}

enum Word {
    Held {
        id: Id,
        query: Arc<Query>,
        said: Result<Answered, CatalogError>,
    },
    /// None if its index still is the known one.
    Looked {
        id: Id,
        query: Arc<Query>,
        said: Result<Option<Answered>, CatalogError>,
    },
    Chimed {
        bell: Arc<Bell>,
        said: Result<Said, CatalogError>,
    },
}

/// What was said to a query.
enum Answered {
    Said(Said),
    /// The datacenters that answer.
    Datacenters(Reading<Answer>),
}

impl Follower<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        loop {
            self.obey();
            let due = [
                self.planner.next_deadline(),
                self.surroundings.revival.deadline(),
            ];
            let deadline = due.into_iter().flatten().min();
            let deadline = deadline.map(|after| self.started_at + after);
            let told = tokio::select! {
                changed = self.surroundings.followed.changed() => match changed {
                    Ok(()) => {
                        self.on_followed();
                        Told::new()
                    }
                    Err(_) => return Err(Gone),
                },
                changed = self.surroundings.clients.changed() => match changed {
                    Ok(()) => match self.next_client() {
                        Some(client) => {
                            self.on_moved(client);
                            Told::new()
                        }
                        None => {
                            self.surroundings.told = self.planner.known();
                            return Ok(());
                        }
                    },
                    Err(_) => return Err(Gone),
                },
                Some(heard) = self.heard.join_next() => match heard {
                    Ok(heard) => self.on_heard(heard),
                    // It was taken back.
                    Err(_) => Told::new(),
                },
                Ok(()) = self.noted.changed() => {
                    let now = self.now();
                    self.surroundings.revival.note(now, &self.noted.borrow_and_update().link);
                    Told::new()
                }
                () = sleep_until(deadline.unwrap_or(self.started_at)), if deadline.is_some() => {
                    self.on_woken();
                    Told::new()
                }
            };
            // What is to be asked next need not wait for those who are told.
            self.obey();
            self.tell(told).await?;
        }
    }

    fn on_woken(&mut self) {
        let now = self.now();
        if self.surroundings.revival.begins(now) {
            self.on_moved(self.client.clone());
        } else {
            self.planner.on_woken(now);
        }
    }

    fn now(&self) -> Duration {
        self.started_at.elapsed()
    }

    fn on_followed(&mut self) {
        let wanted = self.surroundings.followed.borrow_and_update().clone();
        self.note_answered(|answered| answered.retain(|query, _| wanted.contains_key(query)));
        let wanted = wanted.into_iter().map(|(query, interval)| {
            let pace = self.pace(&query, interval);
            (query, pace)
        });
        let wanted = wanted.collect();
        let now = self.now();
        self.planner.on_followed(now, &wanted);
    }

    /// The client to go on with; none if it is for another kind of catalog, which is then left for
    /// others to take up.
    fn next_client(&self) -> Option<Arc<Client>> {
        match &*self.surroundings.clients.borrow() {
            client::Client::Consul(client) => Some(client.clone()),
            client::Client::Etcd(_) | client::Client::Zookeeper(_) => None,
        }
    }

    /// Another agent is in charge, or another way to it.
    fn on_moved(&mut self, client: Arc<Client>) {
        self.client = client;
        // Whatever is under way ends here.
        self.heard = JoinSet::new();
        self.held.clear();
        self.lines.clear();
        self.planner.on_moved(self.now());
    }

    fn on_heard(&mut self, heard: Heard) -> Told {
        let Heard {
            ticket,
            asked_at,
            line,
            word,
        } = heard;
        let now = self.now();
        match word {
            Word::Held { id, query, said } if self.planner.expects(id, ticket) => {
                self.held.insert(Owner::Query(id), Held::Line(line));
                let said = said.and_then(|said| self.read(&query, said));
                self.note(&query, said.as_ref().map(|_| ()));
                self.planner.on_held(now, id, asked_at, said)
            }
            // It was taken back too late.
            Word::Held { .. } => Told::new(),
            Word::Looked { id, query, said } => {
                self.planner.on_line_free();
                if !self.planner.expects(id, ticket) {
                    self.keep(line);
                    return Told::new();
                }
                let seen = said.and_then(|said| match said {
                    Some(said) => self.read(&query, said).map(Seen::Said),
                    None => Ok(Seen::Same),
                });
                self.note(&query, seen.as_ref().map(|_| ()));
                let told = self.planner.on_looked(now, id, asked_at, seen);
                self.obey_after(id, line);
                told
            }
            Word::Chimed { bell, said } => {
                if self.planner.listens(&bell, ticket) {
                    self.held
                        .insert(Owner::Bell(bell.clone()), Held::Line(line));
                    let chime = said.and_then(|Said { call, reply }| {
                        ask::vouch(&call, &reply)?;
                        read_chime(&bell, &call, &reply, &mut self.shelf)
                    });
                    self.planner.on_chimed(now, &bell, asked_at, chime);
                }
                Told::new()
            }
        }
    }

    fn read(&mut self, query: &Query, said: Answered) -> Result<Reading<Answer>, CatalogError> {
        match said {
            Answered::Said(Said { call, reply }) => {
                ask::vouch(&call, &reply)?;
                let value = read(query, &call, &reply, &mut self.shelf)?;
                let index = reply.index;
                Ok(Reading { index, value })
            }
            Answered::Datacenters(reading) => Ok(reading),
        }
    }

    fn note(&self, query: &Arc<Query>, outcome: Result<(), &CatalogError>) {
        note(&self.surroundings.status, outcome);
        if outcome.is_ok() {
            self.note_answered(|answered| {
                answered.insert(query.clone(), std::time::Instant::now());
            });
        }
    }

    /// Whoever waits for a change of the status waits for none of this.
    fn note_answered(&self, change: impl FnOnce(&mut BTreeMap<Arc<Query>, std::time::Instant>)) {
        self.surroundings.status.send_if_modified(|status| {
            change(&mut status.answered);
            false
        });
    }

    async fn tell(&self, told: Told) -> Result<(), Gone> {
        for (query, report) in told {
            let event = match report {
                Report::Update(answer) => FollowEvent::Update(answer),
                Report::Lost(reason) => FollowEvent::Lost { reason },
                Report::Back => FollowEvent::Back,
            };
            let event = CatalogEvent::Answer { query, event };
            let told = self.surroundings.events.send(event).await;
            told.map_err(|_| Gone)?;
        }
        Ok(())
    }

    fn pace(&self, query: &Query, interval: Duration) -> Pace {
        let timeouts = self.client.settings().timeouts;
        Pace {
            interval: match query {
                Query::Datacenters { .. } => DATACENTERS,
                Query::Service(_)
                | Query::Services { .. }
                | Query::Nodes { .. }
                | Query::Node { .. }
                | Query::Key { .. }
                | Query::Pairs { .. } => interval,
            },
            wait: timeouts.wait,
            call: timeouts.call,
        }
    }

    /// Does what the planner says after a look. Who gets a held question by it goes on over the
    /// line of the look, for its index is worth something there; else others use the line.
    fn obey_after(&mut self, id: Id, line: Line) {
        let orders = self.planner.orders(self.now());
        let is_promoted =
            |order: &Order| matches!(order, Order::Hold { id: one, .. } if *one == id);
        if orders.iter().any(is_promoted) {
            self.held.insert(Owner::Query(id), Held::Line(line));
        } else {
            self.keep(line);
        }
        self.perform(orders);
    }

    fn keep(&mut self, line: Line) {
        if line.is_open() && self.lines.len() < LINES {
            self.lines.push(line);
        }
    }

    fn obey(&mut self) {
        let orders = self.planner.orders(self.now());
        self.perform(orders);
    }

    fn perform(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Hold {
                    id,
                    ticket,
                    query,
                    question,
                } => self.hold(id, ticket, query, question),
                Order::TakeBack(id) => self.take_back(&Owner::Query(id)),
                Order::PassOn { from, to } => {
                    let line = self.own_line(&Owner::Query(from));
                    self.held.insert(Owner::Query(to), Held::Line(line));
                }
                Order::Look {
                    id,
                    ticket,
                    query,
                    known,
                } => self.look(id, ticket, query, known),
                Order::Listen {
                    bell,
                    ticket,
                    question,
                } => self.listen(bell, ticket, question),
                Order::Silence(bell) => self.take_back(&Owner::Bell(bell)),
            }
        }
    }

    fn take_back(&mut self, owner: &Owner) {
        match self.held.remove(owner) {
            Some(Held::Asked(task)) => task.abort(),
            Some(Held::Line(_)) | None => {}
        }
    }

    fn own_line(&mut self, owner: &Owner) -> Line {
        match self.held.remove(owner) {
            Some(Held::Line(line)) => line,
            Some(Held::Asked(_)) | None => Line::default(),
        }
    }

    fn hold(&mut self, id: Id, ticket: Ticket, query: Arc<Query>, question: Question) {
        let owner = Owner::Query(id);
        let mut line = self.own_line(&owner);
        let (client, started_at) = (self.client.clone(), self.started_at);
        let task = self.heard.spawn(async move {
            sleep_until(started_at + question.at).await;
            let asked_at = started_at.elapsed();
            let said = ask_in_full(&client, &mut line, &query, manner(question)).await;
            Heard {
                ticket,
                asked_at,
                line,
                word: Word::Held { id, query, said },
            }
        });
        self.held.insert(owner, Held::Asked(task));
    }

    fn listen(&mut self, bell: Arc<Bell>, ticket: Ticket, question: Question) {
        let owner = Owner::Bell(bell.clone());
        let mut line = self.own_line(&owner);
        let (client, started_at) = (self.client.clone(), self.started_at);
        let task = self.heard.spawn(async move {
            sleep_until(started_at + question.at).await;
            let asked_at = started_at.elapsed();
            let said = ask::listen(&client, &mut line, &bell, manner(question)).await;
            Heard {
                ticket,
                asked_at,
                line,
                word: Word::Chimed { bell, said },
            }
        });
        self.held.insert(owner, Held::Asked(task));
    }

    fn look(&mut self, id: Id, ticket: Ticket, query: Arc<Query>, known: Option<u64>) {
        let mut line = self.lines.pop().unwrap_or_default();
        let (client, started_at) = (self.client.clone(), self.started_at);
        self.heard.spawn(async move {
            let asked_at = started_at.elapsed();
            let said = look(&client, &mut line, &query, known).await;
            Heard {
                ticket,
                asked_at,
                line,
                word: Word::Looked { id, query, said },
            }
        });
    }
}

fn manner(question: Question) -> Manner {
    Manner {
        index: question.index,
        patience: question.patience,
    }
}

/// Asks in full, unless the index of a service still is the known one.
async fn look(
    client: &Client,
    line: &mut Line,
    query: &Query,
    known: Option<u64>,
) -> Result<Option<Answered>, CatalogError> {
    // Over a new connection the index may be that of another agent.
    if let (Query::Service(service), Some(known)) = (query, known.filter(|_| line.is_open()))
        && ask::is_same(client, line, service, known).await?
    {
        return Ok(None);
    }
    let manner = Manner {
        index: None,
        patience: client.settings().timeouts.call,
    };
    ask_in_full(client, line, query, manner).await.map(Some)
}

async fn ask_in_full(
    client: &Client,
    line: &mut Line,
    query: &Query,
    manner: Manner,
) -> Result<Answered, CatalogError> {
    let said = ask::ask(client, line, query, manner).await?;
    if *query
        != (Query::Datacenters {
            ignore_failing: true,
        })
    {
        return Ok(Answered::Said(said));
    }
    let Said { call, reply } = &said;
    let Answer::Datacenters(names) = read(query, call, reply, &mut Shelf::default())? else {
        return Ok(Answered::Said(said));
    };
    let value = Answer::Datacenters(ask::answering(client, line, &names).await?);
    let index = reply.index;
    Ok(Answered::Datacenters(Reading { index, value }))
}
