//! Follows a catalog that tells of changes by itself: its client says how everything stands, again
//! and again, and here is compared what is new.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::sleep_until};

use super::task::{Gone, Known, Surroundings, note};
use crate::{
    Backend, CatalogError, CatalogEvent, FollowEvent,
    answer::Answer,
    client::Client,
    hold::{HOLD, Hold},
    query::Query,
};

/// How many answers may wait to be compared.
const QUEUE: usize = 16;

/// How a query stands now, or why nobody can say.
pub(crate) struct Said {
    pub(crate) query: Arc<Query>,
    pub(crate) answer: Result<Answer, CatalogError>,
    /// How often the catalog was found to have begun anew before that.
    pub(crate) history: u64,
}

/// Follows until another client is to be used, or nobody wants to hear of it any more.
pub(super) async fn run(surroundings: &mut Surroundings, client: Client) -> Result<(), Gone> {
    let (said, mut heard) = mpsc::channel(QUEUE);
    let followed = surroundings.followed.clone();
    // ZooKeeper's session finds out by itself that nobody is at its other end.
    let is_revived = matches!(client, Client::Etcd(_));
    let started_at = surroundings.started_at;
    let mut noted = surroundings.status.subscribe();
    let who = backend(&client);
    let mut following = match client {
        Client::Etcd(client) => tokio::spawn(client.follow(followed, said)),
        Client::Zookeeper(client) => tokio::spawn(client.follow(followed, said)),
        Client::Consul(_) => return Ok(()),
    };
    let mut known = std::mem::take(&mut surroundings.told);
    let end = loop {
        let due = surroundings.revival.deadline().filter(|_| is_revived);
        let holds = known.values().filter_map(|known| known.hold.as_ref());
        let hold = holds.map(|(_, until)| *until).min();
        let due = due.map(|after| started_at + after);
        let hold = hold.map(|after| started_at + after);
        tokio::select! {
            changed = surroundings.clients.changed() => match changed {
                Ok(()) => {
                    surroundings.clients.mark_changed();
                    // Another catalog has a history of its own.
                    known.values_mut().for_each(Known::forget_the_catalog);
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
                if let Err(gone) = hear(surroundings, who, told, said).await {
                    break Err(gone);
                }
            }
            () = sleep_until(hold.unwrap_or(started_at)), if hold.is_some() => {
                if let Err(gone) = let_go(surroundings, &mut known).await {
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

async fn hear(
    surroundings: &Surroundings,
    who: Backend,
    known: &mut Known,
    said: Said,
) -> Result<(), Gone> {
    let Said {
        query,
        answer,
        history,
    } = said;
    note(&surroundings.status, answer.as_ref().map(|_| ()));
    if answer.is_ok() {
        // Whoever waits for a change of the status waits for none of this.
        surroundings.status.send_if_modified(|status| {
            status.answered.insert(query.clone(), Instant::now());
            false
        });
    }
    let now = surroundings.started_at.elapsed();
    let events = known.hear(now, who, history, answer);
    tell(surroundings, &query, events).await
}

fn backend(client: &Client) -> Backend {
    match client {
        Client::Consul(_) => Backend::Consul,
        Client::Etcd(_) => Backend::Etcd,
        Client::Zookeeper(_) => Backend::Zookeeper,
    }
}

/// Lets go of what is lacking still, where it is time.
async fn let_go(
    surroundings: &Surroundings,
    known: &mut BTreeMap<Arc<Query>, Known>,
) -> Result<(), Gone> {
    let now = surroundings.started_at.elapsed();
    for (query, told) in known {
        tell(surroundings, query, told.let_go(now)).await?;
    }
    Ok(())
}

async fn tell(
    surroundings: &Surroundings,
    query: &Arc<Query>,
    events: Vec<FollowEvent>,
) -> Result<(), Gone> {
    for event in events {
        let query = query.clone();
        let event = CatalogEvent::Answer { query, event };
        surroundings.events.send(event).await.map_err(|_| Gone)?;
    }
    Ok(())
}

impl Known {
    fn hear(
        &mut self,
        now: Duration,
        who: Backend,
        history: u64,
        answer: Result<Answer, CatalogError>,
    ) -> Vec<FollowEvent> {
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
        let before = self.history.replace(history);
        if before.is_some_and(|before| before != history) && self.hold.is_none() {
            let last = self.last.as_ref();
            self.hold = last.map(|last| (Hold::of(last), now + HOLD));
        }
        if let Some((mut hold, until)) = self.hold.take()
            && now < until
            && let Some(whole) = hold.take(&answer)
        {
            self.hold = Some((hold, until));
            let patience = HOLD;
            return self.keep(whole, CatalogError::Anew { who, patience });
        }
        self.believe(answer)
    }

    /// Takes what stands instead of what was answered.
    fn keep(&mut self, answer: Answer, reason: CatalogError) -> Vec<FollowEvent> {
        let known = self.trouble.replace(reason.clone());
        let is_new = self.last.as_ref() != Some(&answer);
        if !is_new && known.is_some_and(|known| known.is_like(&reason)) {
            return Vec::new();
        }
        self.last = Some(answer.clone());
        vec![FollowEvent::Held { answer, reason }]
    }

    /// Lets go of what is lacking still, when it is time. While nobody answers nobody vouches for
    /// that it is gone.
    fn let_go(&mut self, now: Duration) -> Vec<FollowEvent> {
        let is_over = |(_, until): &mut (Hold, Duration)| *until <= now;
        let Some((hold, _)) = self.hold.take_if(is_over) else {
            return Vec::new();
        };
        let is_answered = matches!(self.trouble, None | Some(CatalogError::Anew { .. }));
        let said = hold.said().filter(|_| is_answered).cloned();
        said.map_or_else(Vec::new, |said| self.believe(said))
    }

    fn forget_the_catalog(&mut self) {
        self.history = None;
        self.hold = None;
    }

    fn believe(&mut self, answer: Answer) -> Vec<FollowEvent> {
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
