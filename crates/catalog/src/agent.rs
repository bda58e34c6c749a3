//! The handle that callers hold, and the task behind it.

mod follower;
mod task;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    CatalogEvent, CatalogStatus, Link, ServiceStanding, SettingsError,
    consul::{Client, Settings},
    query::Query,
    registrar::{Presence, Wish},
};

// Consul cuts the output of a check here, and nobody reads more.
const OUTPUT_LIMIT: usize = 4096;

/// The way into the catalog; no method but [`Self::shutdown`] waits for anything.
///
/// Dropping it ends all work at once. What is registered stays registered, so withdraw first.
#[derive(Debug)]
pub struct CatalogHandle {
    wishes: watch::Sender<Wishes>,
    follows: watch::Sender<Follows>,
    status: watch::Receiver<CatalogStatus>,
    task: JoinHandle<()>,
}

/// Everything the caller wants, newest values only.
#[derive(Clone)]
struct Wishes {
    client: Arc<Client>,
    services: BTreeMap<JobName, Numbered>,
}

/// What is followed, and the longest staleness of each.
type Follows = BTreeMap<Arc<Query>, Duration>;

/// A wish, and how many came before it.
#[derive(Clone)]
struct Numbered {
    number: u64,
    wish: Wish,
}

impl CatalogHandle {
    /// Starts the work for one agent; reads the files the settings name, but connects to nothing.
    ///
    /// Must be called within a tokio runtime with io and time enabled.
    pub fn spawn(
        settings: Settings,
        events: mpsc::Sender<CatalogEvent>,
    ) -> Result<Self, SettingsError> {
        let client = Arc::new(Client::new(settings)?);
        let (wishes, wished) = watch::channel(Wishes {
            client,
            services: BTreeMap::new(),
        });
        let (follows, followed) = watch::channel(Follows::new());
        let (noted, status) = watch::channel(CatalogStatus::default());
        let task = tokio::spawn(task::run(wished, followed, noted, events, seed()));
        Ok(Self {
            wishes,
            follows,
            status,
            task,
        })
    }

    /// Publishes the status of a service, registering it first where it is not yet known as
    /// described.
    ///
    /// Every publish renews its TTL. If publishes come faster than the agent answers, the newest
    /// wins and the ones between are never sent.
    pub fn publish(&self, name: &JobName, spec: &ServiceSpec, status: Status, output: &str) {
        let mut end = output.len().min(OUTPUT_LIMIT);
        while !output.is_char_boundary(end) {
            end -= 1;
        }
        let presence = Presence {
            spec: Arc::new(spec.clone()),
            status,
            output: Arc::from(&output[..end]),
        };
        self.wish(name, Wish::Present(presence));
    }

    /// Takes a service out of the catalog.
    ///
    /// [`ServiceEvent::Withdrawn`](crate::ServiceEvent::Withdrawn) follows within six seconds,
    /// unless a later publish overtakes it.
    pub fn withdraw(&self, name: &JobName) {
        self.wish(name, Wish::Absent);
    }

    /// Follows a query; its first update comes with the first answer. Where the catalog does not
    /// hold questions until something changes, it is asked at least every `interval`.
    ///
    /// Followed already, a query only changes its interval.
    pub fn follow(&self, query: Query, interval: Duration) {
        self.follows.send_if_modified(|follows| {
            let known = follows.insert(Arc::new(query), interval);
            known != Some(interval)
        });
    }

    /// Follows a query no longer; what is already in the channel still arrives.
    pub fn unfollow(&self, query: &Query) {
        self.follows
            .send_if_modified(|follows| follows.remove(query).is_some());
    }

    /// Goes on with other settings; on an error everything stays as it is.
    ///
    /// Where they lead to another agent, what is registered moves there: it is registered at the
    /// new one and taken, in one attempt, from the old one. What is followed is asked of the new
    /// agent at once, and only what differs is told.
    pub fn replace_settings(&self, settings: Settings) -> Result<(), SettingsError> {
        if *self.wishes.borrow().client.settings() == settings {
            return Ok(());
        }
        let client = Arc::new(Client::after(settings, &self.client())?);
        self.wishes.send_modify(|wishes| wishes.client = client);
        Ok(())
    }

    /// Gives the client in use, for calls of the caller's own.
    pub fn client(&self) -> Arc<Client> {
        self.wishes.borrow().client.clone()
    }

    /// Says how things stand.
    pub fn status(&self) -> CatalogStatus {
        self.status.borrow().clone()
    }

    /// Waits until nothing of ours is registered any more, as far as can be found out: a catalog
    /// that does not answer is not waited for.
    pub async fn left(&self) {
        let mut status = self.status.clone();
        let left = |status: &CatalogStatus| {
            let registered = |standing: &ServiceStanding| standing.registered.is_some();
            matches!(status.link, Link::Down { .. }) || !status.services.values().any(registered)
        };
        // The sender lives as long as the task does, after which there is nothing to wait for.
        let _ = status.wait_for(left).await;
    }

    /// Ends all work and waits until it has ended, which needs nothing from outside.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // Whether it ended by itself or was ended makes no difference.
        let _ = (&mut self.task).await;
    }

    fn wish(&self, name: &JobName, wish: Wish) {
        self.wishes.send_modify(|wishes| {
            let known = wishes.services.get(name);
            let number = known.map_or(1, |known| known.number + 1);
            let numbered = Numbered { number, wish };
            wishes.services.insert(name.clone(), numbered);
        });
    }
}

impl Drop for CatalogHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wishes").finish_non_exhaustive()
    }
}

/// Draws a seed that no other container draws.
fn seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
