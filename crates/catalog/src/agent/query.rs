//! The task behind each watch: asks what the cursor says, and tells what it reports.

use std::sync::Arc;

use pilot_core::{WatchName, spec::WatchSpec};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::KeyQuery;
use crate::{
    CatalogError, CatalogEvent, CatalogStatus, KeyEvent, WatchEvent,
    consul::{Answer, Call, Client, Line, wire},
    cursor::{Cursor, Pace, Question, Reading, Report},
};

/// What a query works with.
pub(super) struct Surroundings {
    pub(super) clients: watch::Receiver<Arc<Client>>,
    pub(super) status: Arc<watch::Sender<CatalogStatus>>,
    pub(super) events: mpsc::Sender<CatalogEvent>,
    pub(super) seed: u64,
}

/// What is asked, and how its answers are read and told.
struct Query<T> {
    call: Call,
    interval: std::time::Duration,
    read: fn(&Call, Answer) -> Result<T, CatalogError>,
    tell: Box<dyn Fn(Report<T>) -> CatalogEvent + Send + Sync>,
    /// The watch whose answers are taken note of.
    watch: Option<WatchName>,
}

/// Follows the instances of a service until it is aborted.
pub(super) async fn follow_service(spec: WatchSpec, surroundings: Surroundings) {
    let call = wire::instances(&spec.service, spec.tag.as_deref(), spec.dc.as_deref());
    let name = spec.name;
    let query = Query {
        watch: Some(name.clone()),
        call,
        interval: spec.interval,
        read: |call, answer| wire::read_instances(call, &answer),
        tell: Box::new(move |report| CatalogEvent::Watch {
            name: name.clone(),
            event: match report {
                Report::Update(instances) => WatchEvent::Update { instances },
                Report::Lost(reason) => WatchEvent::Lost { reason },
                Report::Back => WatchEvent::Back,
            },
        }),
    };
    query.follow(surroundings).await;
}

/// Follows the value of a key until it is aborted.
pub(super) async fn follow_key(key: String, wanted: KeyQuery, surroundings: Surroundings) {
    let query = Query {
        watch: None,
        call: wire::key(&key, wanted.dc.as_deref()),
        interval: wanted.interval,
        read: wire::read_key,
        tell: Box::new(move |report| CatalogEvent::Key {
            key: key.clone(),
            event: match report {
                Report::Update(value) => KeyEvent::Update { value },
                Report::Lost(reason) => KeyEvent::Lost { reason },
                Report::Back => KeyEvent::Back,
            },
        }),
    };
    query.follow(surroundings).await;
}

/// Takes note of whether the agent answered.
pub(super) fn note(status: &watch::Sender<CatalogStatus>, outcome: Result<(), &CatalogError>) {
    status.send_if_modified(|status| status.link.note(std::time::Instant::now(), outcome));
}

impl<T: Clone + PartialEq> Query<T> {
    async fn follow(self, mut surroundings: Surroundings) {
        let started_at = Instant::now();
        let mut client = surroundings.clients.borrow_and_update().clone();
        let mut cursor = Cursor::new(self.pace(&client), surroundings.seed);
        let mut line = Line::default();
        loop {
            let question = cursor.question();
            let asked = async {
                sleep_until(started_at + question.at).await;
                cursor.on_asked(started_at.elapsed());
                self.ask(&client, &mut line, question).await
            };
            let answer = tokio::select! {
                answer = asked => answer,
                changed = surroundings.clients.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    client = surroundings.clients.borrow_and_update().clone();
                    line = Line::default();
                    cursor.on_moved(started_at.elapsed());
                    continue;
                }
            };
            note(&surroundings.status, answer.as_ref().map(|_| ()));
            let now = started_at.elapsed();
            let reports = match answer {
                Ok(reading) => {
                    self.note_answered(&surroundings.status);
                    cursor.on_answered(now, reading)
                }
                Err(error) => cursor.on_failed(now, error),
            };
            for report in reports {
                if surroundings.events.send((self.tell)(report)).await.is_err() {
                    return;
                }
            }
        }
    }

    fn note_answered(&self, status: &watch::Sender<CatalogStatus>) {
        let Some(name) = &self.watch else { return };
        let now = std::time::Instant::now();
        // Whoever waits for a change of the status waits for none of this.
        status.send_if_modified(|status| {
            status.answered.insert(name.clone(), now);
            false
        });
    }

    async fn ask(
        &self,
        client: &Client,
        line: &mut Line,
        question: Question,
    ) -> Result<Reading<T>, CatalogError> {
        let timeouts = client.settings().timeouts;
        let (call, patience) = match question.index {
            // An index is worth something to the agent it came from. Behind a new connection there
            // may be one that started again with an earlier index, and it would hold the question
            // until that is reached.
            Some(index) if line.is_open() => {
                let call = wire::blocking(&self.call, index, timeouts.wait);
                (call, question.patience)
            }
            Some(_) | None => (self.call.clone(), timeouts.call),
        };
        let answer = client.call_over(line, &call, patience).await?;
        wire::vouch(&call, &answer)?;
        let index = answer.index;
        let value = (self.read)(&call, answer)?;
        Ok(Reading { index, value })
    }

    fn pace(&self, client: &Client) -> Pace {
        let timeouts = client.settings().timeouts;
        Pace {
            interval: self.interval,
            wait: timeouts.wait,
            call: timeouts.call,
        }
    }
}
