//! The task that follows queries: asks what each one's cursor says, and tells what it reports.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::{Follows, task::note};
use crate::{
    CatalogError, CatalogEvent, CatalogStatus, FollowEvent,
    answer::Answer,
    consul::{
        Client, Line,
        ask::{self, Manner, Said},
        read::{Shelf, read},
    },
    cursor::{Cursor, Pace, Reading, Report},
    query::Query,
};

// Consul holds no question about them.
const DATACENTERS: Duration = Duration::from_secs(15);

/// What the follower works with.
pub(super) struct Surroundings {
    pub(super) followed: watch::Receiver<Follows>,
    pub(super) clients: watch::Receiver<Arc<Client>>,
    pub(super) status: Arc<watch::Sender<CatalogStatus>>,
    pub(super) events: mpsc::Sender<CatalogEvent>,
    pub(super) seed: u64,
}

/// Follows until the handle is gone or nobody wants to hear of it any more.
pub(super) async fn run(surroundings: Surroundings) {
    let client = surroundings.clients.borrow().clone();
    let follower = Follower {
        surroundings,
        client,
        started_at: Instant::now(),
        entries: BTreeMap::new(),
        asked: JoinSet::new(),
        questions: 0,
        shelf: Shelf::default(),
    };
    follower.run().await;
}

struct Follower {
    surroundings: Surroundings,
    client: Arc<Client>,
    started_at: Instant,
    entries: BTreeMap<Arc<Query>, Entry>,
    asked: JoinSet<Heard>,
    /// How many were asked.
    questions: u64,
    shelf: Shelf,
}

/// One query, whose question is always out or about to be.
struct Entry {
    cursor: Cursor<Answer>,
    question: u64,
    task: AbortHandle,
}

/// What came of a question.
struct Heard {
    query: Arc<Query>,
    question: u64,
    asked_at: Duration,
    line: Line,
    said: Result<Word, CatalogError>,
}

/// What was said.
enum Word {
    Said(Said),
    /// The datacenters that answer.
    Answering(Option<u64>, Answer),
}

/// Nobody listens any more.
struct Gone;

impl Follower {
    async fn run(mut self) {
        loop {
            let done = tokio::select! {
                changed = self.surroundings.followed.changed() => match changed {
                    Ok(()) => {
                        self.on_followed();
                        Ok(())
                    }
                    Err(_) => return,
                },
                changed = self.surroundings.clients.changed() => match changed {
                    Ok(()) => {
                        self.on_moved();
                        Ok(())
                    }
                    Err(_) => return,
                },
                Some(heard) = self.asked.join_next() => match heard {
                    Ok(heard) => self.on_heard(heard).await,
                    // It was taken back.
                    Err(_) => Ok(()),
                },
            };
            if let Err(Gone) = done {
                return;
            }
        }
    }

    fn on_followed(&mut self) {
        let wanted = self.surroundings.followed.borrow_and_update().clone();
        self.entries.retain(|query, entry| {
            let stays = wanted.contains_key(query);
            if !stays {
                entry.task.abort();
            }
            stays
        });
        self.note_answered(|answered| answered.retain(|query, _| wanted.contains_key(query)));
        for (query, interval) in wanted {
            let pace = self.pace(&query, interval);
            match self.entries.get_mut(&query) {
                Some(entry) => entry.cursor.set_pace(pace),
                None => self.enter(query, pace),
            }
        }
    }

    fn enter(&mut self, query: Arc<Query>, pace: Pace) {
        let seed = self.surroundings.seed.wrapping_add(self.questions);
        let mut cursor = Cursor::new(pace, seed);
        cursor.on_moved(self.started_at.elapsed());
        let (question, task) = self.ask(query.clone(), &cursor, Line::default());
        let entry = Entry {
            cursor,
            question,
            task,
        };
        self.entries.insert(query, entry);
    }

    /// Another agent is in charge, or another way to it.
    fn on_moved(&mut self) {
        self.client = self.surroundings.clients.borrow_and_update().clone();
        let now = self.started_at.elapsed();
        for (query, mut entry) in std::mem::take(&mut self.entries) {
            entry.task.abort();
            entry.cursor.on_moved(now);
            (entry.question, entry.task) = self.ask(query.clone(), &entry.cursor, Line::default());
            self.entries.insert(query, entry);
        }
    }

    async fn on_heard(&mut self, heard: Heard) -> Result<(), Gone> {
        let Some(mut entry) = self.entries.remove(&heard.query) else {
            return Ok(());
        };
        let query = heard.query;
        if entry.question != heard.question {
            // It was taken back too late.
            self.entries.insert(query, entry);
            return Ok(());
        }
        let reading = heard.said.and_then(|word| self.read(&query, word));
        note(&self.surroundings.status, reading.as_ref().map(|_| ()));
        let now = self.started_at.elapsed();
        entry.cursor.on_asked(heard.asked_at);
        if reading.is_ok() {
            self.note_answered(|answered| {
                answered.insert(query.clone(), std::time::Instant::now());
            });
        }
        let reports = match reading {
            Ok(reading) => entry.cursor.on_answered(now, reading),
            Err(error) => entry.cursor.on_failed(now, error),
        };
        (entry.question, entry.task) = self.ask(query.clone(), &entry.cursor, heard.line);
        self.entries.insert(query.clone(), entry);
        for report in reports {
            self.tell(&query, report).await?;
        }
        Ok(())
    }

    /// Whoever waits for a change of the status waits for none of this.
    fn note_answered(&self, change: impl FnOnce(&mut BTreeMap<Arc<Query>, std::time::Instant>)) {
        self.surroundings.status.send_if_modified(|status| {
            change(&mut status.answered);
            false
        });
    }

    fn read(&mut self, query: &Query, word: Word) -> Result<Reading<Answer>, CatalogError> {
        match word {
            Word::Said(Said { call, reply }) => {
                ask::vouch(&call, &reply)?;
                let value = read(query, &call, &reply, &mut self.shelf)?;
                let index = reply.index;
                Ok(Reading { index, value })
            }
            Word::Answering(index, value) => Ok(Reading { index, value }),
        }
    }

    async fn tell(&self, query: &Arc<Query>, report: Report<Answer>) -> Result<(), Gone> {
        let event = CatalogEvent::Answer {
            query: query.clone(),
            event: match report {
                Report::Update(answer) => FollowEvent::Update(answer),
                Report::Lost(reason) => FollowEvent::Lost { reason },
                Report::Back => FollowEvent::Back,
            },
        };
        let told = self.surroundings.events.send(event).await;
        told.map_err(|_| Gone)
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

    /// Has the next question asked when its time has come.
    fn ask(
        &mut self,
        query: Arc<Query>,
        cursor: &Cursor<Answer>,
        mut line: Line,
    ) -> (u64, AbortHandle) {
        self.questions += 1;
        let (number, started_at) = (self.questions, self.started_at);
        let client = self.client.clone();
        let question = cursor.question();
        let task = self.asked.spawn(async move {
            sleep_until(started_at + question.at).await;
            let asked_at = started_at.elapsed();
            let manner = Manner {
                index: question.index,
                patience: question.patience,
            };
            let said = put(&client, &mut line, &query, manner).await;
            Heard {
                query,
                question: number,
                asked_at,
                line,
                said,
            }
        });
        (number, task)
    }
}

async fn put(
    client: &Client,
    line: &mut Line,
    query: &Query,
    manner: Manner,
) -> Result<Word, CatalogError> {
    let said = ask::ask(client, line, query, manner).await?;
    if *query
        != (Query::Datacenters {
            ignore_failing: true,
        })
    {
        return Ok(Word::Said(said));
    }
    let Said { call, reply } = &said;
    let Answer::Datacenters(names) = read(query, call, reply, &mut Shelf::default())? else {
        return Ok(Word::Said(said));
    };
    let names = ask::answering(client, line, &names).await?;
    Ok(Word::Answering(reply.index, Answer::Datacenters(names)))
}
