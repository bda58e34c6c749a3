//! A lock on a key: one of many holds it, for as long as its session lives.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::{
    CatalogError,
    consul::{
        Client, Line,
        ask::{self, Manner, Said},
        session::{self, Claim, Session},
    },
};

/// What to lock, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockSettings {
    /// The key that is held.
    pub key: String,
    /// Its datacenter; none is the agent's own.
    pub dc: Option<String>,
    /// The name of the session, for people.
    pub name: String,
    /// The value of the key while it is held, for people.
    pub value: Bytes,
    /// How long a holder that is silent holds it; Consul takes 10 seconds to a day, and up to
    /// twice as long as it is told.
    pub ttl: Duration,
    /// How long nobody gets it after its holder fell silent, so that the holder finds out first.
    pub delay: Duration,
}

/// What happened to a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockEvent {
    /// It is ours.
    Held,
    /// It is ours no longer, or nobody can say that it is.
    Lost,
    /// It cannot be had for now, and why; told once for each trouble.
    Failing {
        /// Why.
        reason: CatalogError,
    },
}

/// A lock that is ours, or is to become ours as soon as it is free.
///
/// Dropping it leaves the key to the end of its session; [`Lock::release`] gives it back.
#[derive(Debug)]
pub struct Lock {
    released: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Lock {
    /// Tries to get the lock, and to keep it, until it is released.
    pub fn spawn(
        client: Arc<Client>,
        settings: LockSettings,
        events: mpsc::Sender<LockEvent>,
    ) -> Self {
        let (released, release) = oneshot::channel();
        let keeper = Keeper {
            client,
            settings,
            events,
            line: Line::default(),
            session: None,
            is_held: false,
            trouble: None,
        };
        Self {
            released: Some(released),
            task: tokio::spawn(keeper.run(release)),
        }
    }

    /// Gives it back, so that others get it at once; takes as long as two calls may.
    pub async fn release(mut self) {
        drop(self.released.take());
        // A task that panicked holds nothing that its session does not give back.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Keeper {
    client: Arc<Client>,
    settings: LockSettings,
    events: mpsc::Sender<LockEvent>,
    line: Line,
    session: Option<String>,
    is_held: bool,
    trouble: Option<CatalogError>,
}

/// Who holds the key, as it was last heard.
struct Watch {
    client: Arc<Client>,
    line: Line,
    key: String,
    dc: Option<String>,
    index: Option<u64>,
    not_before: Instant,
}

/// A session of ours, and what is due.
struct Life {
    id: String,
    renewed_at: Instant,
    renew_at: Instant,
    /// When to try for the key, if it is free as far as we know.
    try_at: Option<Instant>,
}

/// Why a session is of no use any more.
enum End {
    /// It is gone.
    Gone,
    Failed(CatalogError),
    /// Nobody listens.
    Unheard,
}

/// Pause after a failure, and between two tries for a key that is free but not to be had.
const PAUSE: Duration = Duration::from_secs(1);

impl Keeper {
    async fn run(mut self, mut release: oneshot::Receiver<()>) {
        loop {
            let end = tokio::select! {
                // Whether it was sent or dropped makes no difference.
                _ = &mut release => return self.give_back().await,
                end = self.live() => end,
            };
            let told = match end {
                End::Gone => self.on_lost().await,
                End::Failed(reason) => match self.on_lost().await {
                    Ok(()) => self.on_failed(reason).await,
                    unheard @ Err(_) => unheard,
                },
                unheard @ End::Unheard => Err(unheard),
            };
            if told.is_err() {
                return;
            }
            tokio::select! {
                _ = &mut release => return self.give_back().await,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Lives through one session.
    async fn live(&mut self) -> End {
        enum Step {
            Renew,
            Try,
            Heard(Result<Option<String>, CatalogError>),
        }
        let mut life = match self.begin().await {
            Ok(life) => life,
            Err(reason) => return End::Failed(reason),
        };
        // Never taken back before it is answered: Consul would keep its connection.
        let mut watch = Box::pin(self.watch().next());
        loop {
            let try_at = life.try_at.unwrap_or(life.renew_at);
            let step = tokio::select! {
                () = sleep_until(life.renew_at) => Step::Renew,
                () = sleep_until(try_at), if life.try_at.is_some() => Step::Try,
                (seen, heard) = &mut watch => {
                    watch = Box::pin(seen.next());
                    Step::Heard(heard)
                }
            };
            let done = match step {
                Step::Renew => self.renew(&mut life).await,
                Step::Try => self.acquire(&mut life).await,
                Step::Heard(Ok(holder)) => self.on_holder(&mut life, holder.as_deref()).await,
                // As long as the session is renewed, nothing is lost.
                Step::Heard(Err(_)) => Ok(()),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn begin(&mut self) -> Result<Life, CatalogError> {
        let renewed_at = Instant::now();
        let LockSettings {
            dc,
            name,
            ttl,
            delay,
            ..
        } = &self.settings;
        let session = Session {
            name,
            ttl: *ttl,
            lock_delay: *delay,
            behavior: "delete",
        };
        let made = self
            .client
            .create_session(&mut self.line, dc.as_deref(), &session);
        let id = made.await?;
        self.session = Some(id.clone());
        Ok(Life {
            id,
            renewed_at,
            renew_at: renewed_at + *ttl / 2,
            try_at: None,
        })
    }

    async fn renew(&mut self, life: &mut Life) -> Result<(), End> {
        let began = Instant::now();
        let dc = self.settings.dc.as_deref();
        let renewed = self.client.renew_session(&mut self.line, dc, &life.id);
        match renewed.await {
            Ok(true) => {
                life.renewed_at = began;
                life.renew_at = began + self.settings.ttl / 2;
                Ok(())
            }
            Ok(false) => Err(End::Gone),
            // For all we know it is over on the other side.
            Err(reason) if life.renewed_at.elapsed() >= self.settings.ttl => {
                Err(End::Failed(reason))
            }
            Err(_) => {
                let over_at = life.renewed_at + self.settings.ttl;
                life.renew_at = over_at.min(Instant::now() + PAUSE);
                Ok(())
            }
        }
    }

    async fn acquire(&mut self, life: &mut Life) -> Result<(), End> {
        life.try_at = None;
        match self.claim(Claim::Acquire(&life.id)).await {
            Ok(true) => self.on_held().await,
            // Taken, which the watch will tell, or free but not to be had before its delay is over.
            Ok(false) => {
                life.try_at = Some(Instant::now() + PAUSE);
                Ok(())
            }
            Err(reason) => Err(End::Failed(reason)),
        }
    }

    async fn claim(&mut self, claim: Claim<'_>) -> Result<bool, CatalogError> {
        let LockSettings { key, dc, value, .. } = &self.settings;
        let place = (key.as_str(), dc.as_deref());
        self.client
            .claim(&mut self.line, place, value.clone(), 0, claim)
            .await
    }

    async fn on_holder(&mut self, life: &mut Life, holder: Option<&str>) -> Result<(), End> {
        match holder {
            Some(id) if id == life.id => self.on_held().await,
            Some(_) => {
                life.try_at = None;
                self.on_lost().await
            }
            None => {
                self.on_lost().await?;
                self.acquire(life).await
            }
        }
    }

    async fn on_held(&mut self) -> Result<(), End> {
        self.trouble = None;
        if std::mem::replace(&mut self.is_held, true) {
            return Ok(());
        }
        self.tell(LockEvent::Held).await
    }

    async fn on_lost(&mut self) -> Result<(), End> {
        if std::mem::replace(&mut self.is_held, false) {
            self.tell(LockEvent::Lost).await
        } else {
            Ok(())
        }
    }

    async fn on_failed(&mut self, reason: CatalogError) -> Result<(), End> {
        let known = self.trouble.replace(reason.clone());
        if known.is_some_and(|known| known.is_like(&reason)) {
            return Ok(());
        }
        self.tell(LockEvent::Failing { reason }).await
    }

    async fn tell(&self, event: LockEvent) -> Result<(), End> {
        self.events.send(event).await.map_err(|_| End::Unheard)
    }

    /// Gives the key back before the session ends, so that nobody has to wait.
    async fn give_back(&mut self) {
        let Some(id) = self.session.take() else {
            return;
        };
        // What cannot be given back ends by itself.
        if self.is_held {
            let _ = self.claim(Claim::Release(&id)).await;
        }
        let dc = self.settings.dc.as_deref();
        let _ = self.client.destroy_session(&mut self.line, dc, &id).await;
    }

    fn watch(&self) -> Watch {
        Watch {
            client: self.client.clone(),
            line: Line::default(),
            key: self.settings.key.clone(),
            dc: self.settings.dc.clone(),
            index: None,
            not_before: Instant::now(),
        }
    }
}

impl Watch {
    /// Waits for the next word on who holds the key.
    async fn next(mut self) -> (Self, Result<Option<String>, CatalogError>) {
        sleep_until(self.not_before).await;
        let heard = self.ask().await;
        if heard.is_err() {
            self.index = None;
            self.not_before = Instant::now() + PAUSE;
        }
        (self, heard)
    }

    async fn ask(&mut self) -> Result<Option<String>, CatalogError> {
        let timeouts = self.client.settings().timeouts;
        let manner = Manner {
            index: self.index,
            patience: timeouts.wait + timeouts.wait / 16 + timeouts.call,
        };
        let call = session::pair(&self.key, self.dc.as_deref());
        let Said { call, reply } =
            ask::put_over(&self.client, &mut self.line, call, manner).await?;
        ask::vouch(&call, &reply)?;
        let pair = session::read_pair(&call, &reply)?;
        // An index that goes back is one of another history.
        self.index = reply.index.filter(|index| Some(*index) >= self.index);
        let holder = pair.map(|pair| pair.session.into_string());
        Ok(holder.filter(|holder| !holder.is_empty()))
    }
}
