//! Follows a catalog that tells of changes by itself: its client says how everything stands, again
//! and again, and here is compared what is new.

use std::{sync::Arc, time::Instant};

use tokio::{sync::mpsc, time::sleep_until};

use super::task::{Gone, Known, Surroundings, note};
use crate::{
    CatalogError, CatalogEvent, FollowEvent, answer::Answer, client::Client, query::Query,
};

/// How many answers may wait to be compared.
const QUEUE: usize = 16;

/// How a query stands now, or why nobody can say.
pub(crate) struct Said {
    pub(crate) query: Arc<Query>,
    pub(crate) answer: Result<Answer, CatalogError>,
}

/// Follows until another client is to be used, or nobody wants to hear of it any more.
pub(super) async fn run(surroundings: &mut Surroundings, client: Client) -> Result<(), Gone> {
    let (said, mut heard) = mpsc::channel(QUEUE);
    let followed = surroundings.followed.clone();
    // ZooKeeper's session finds out by itself that nobody is at its other end.
    let is_revived = matches!(client, Client::Etcd(_));
    let started_at = surroundings.started_at;
    let mut noted = surroundings.status.subscribe();
    let mut following = match client {
        Client::Etcd(client) => tokio::spawn(client.follow(followed, said)),
        Client::Zookeeper(client) => tokio::spawn(client.follow(followed, said)),
        Client::Consul(_) => return Ok(()),
    };
    let mut known = std::mem::take(&mut surroundings.told);
    let end = loop {
        let due = surroundings.revival.deadline().filter(|_| is_revived);
        let due = due.map(|after| started_at + after);
        tokio::select! {
            changed = surroundings.clients.changed() => match changed {
                Ok(()) => {
                    surroundings.clients.mark_changed();
                    break Ok(());
                }
                Err(_) => break Err(Gone),
            },
            changed = surroundings.followed.changed() => match changed {
                Ok(()) => {
                    let followed = surroundings.followed.borrow_and_update();
                    known.retain(|query, _| followed.contains_key(query));
                    surroundings.status.send_if_modified(|status| {
                        status.answered.retain(|query, _| followed.contains_key(query));
                        false
                    });
                }
                Err(_) => break Err(Gone),
            },
            Some(said) = heard.recv() => {
                // It may be about what is not followed any more.
                if !surroundings.followed.borrow().contains_key(&said.query) {
                    continue;
                }
                let told = known.entry(said.query.clone()).or_default();
                if let Err(gone) = hear(surroundings, told, said).await {
                    break Err(gone);
                }
            }
            Ok(()) = noted.changed() => {
                let link = &noted.borrow_and_update().link;
                surroundings.revival.note(started_at.elapsed(), link);
            }
            () = sleep_until(due.unwrap_or(started_at)), if due.is_some() => {
                // Whoever comes next opens streams of its own.
                if surroundings.revival.begins(started_at.elapsed()) {
                    break Ok(());
                }
            }
            // It ends by a fault of ours only, and there is nothing to hear any more.
            _ = &mut following => break Err(Gone),
        }
    };
    following.abort();
    surroundings.told = known;
    end
}

async fn hear(surroundings: &Surroundings, known: &mut Known, said: Said) -> Result<(), Gone> {
    let Said { query, answer } = said;
    note(&surroundings.status, answer.as_ref().map(|_| ()));
    if answer.is_ok() {
        // Whoever waits for a change of the status waits for none of this.
        surroundings.status.send_if_modified(|status| {
            status.answered.insert(query.clone(), Instant::now());
            false
        });
    }
    for event in known.hear(answer) {
        let query = query.clone();
        let event = CatalogEvent::Answer { query, event };
        surroundings.events.send(event).await.map_err(|_| Gone)?;
    }
    Ok(())
}

impl Known {
    fn hear(&mut self, answer: Result<Answer, CatalogError>) -> Vec<FollowEvent> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => {
                let known = self.trouble.replace(reason.clone());
                if known.is_some_and(|known| known.is_like(&reason)) {
                    return Vec::new();
                }
                return vec![FollowEvent::Lost { reason }];
            }
        };
        let mut events = Vec::new();
        if self.last.as_ref() != Some(&answer) {
            self.last = Some(answer.clone());
            events.push(FollowEvent::Update(answer));
        }
        // Who hears that it answers again knows what it says.
        if self.trouble.take().is_some() {
            events.push(FollowEvent::Back);
        }
        events
    }
}
