//! The handle that callers hold, and the task behind it.

mod follower;
mod revival;
mod subscriber;
mod task;

pub(crate) use subscriber::Said;
pub(crate) use task::Known;

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
    CatalogEvent, CatalogStatus, Link, ServiceStanding, Settings, SettingsError,
    client::Client,
    consul,
    keys::Keys,
    query::Query,
    registrar::{Presence, Wish},
    tally::{CallCount, Tally},
};

// Consul cuts the output of a check here, and nobody reads more.
const OUTPUT_LIMIT: usize = 4096;

/// The way into the catalog; no method but [`Self::shutdown`] waits for anything.
///
/// Dropping it ends all work at once. What is registered stays registered, so withdraw first.
#[derive(Debug)]
pub struct CatalogHandle {
    tally: Arc<Tally>,
    wishes: watch::Sender<Wishes>,
    follows: watch::Sender<Follows>,
    status: watch::Receiver<CatalogStatus>,
    task: JoinHandle<()>,
}

/// Everything the caller wants, newest values only.
#[derive(Clone)]
struct Wishes {
    settings: Arc<Settings>,
    client: Client,
    services: BTreeMap<JobName, Numbered>,
}

/// What is followed, and the longest staleness of each.
pub(crate) type Follows = BTreeMap<Arc<Query>, Duration>;

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
        settings: impl Into<Settings>,
        events: mpsc::Sender<CatalogEvent>,
    ) -> Result<Self, SettingsError> {
        let settings = Arc::new(settings.into());
        let tally = Arc::<Tally>::default();
        let client = Client::new(&settings, tally.clone(), None)?;
        let (wishes, wished) = watch::channel(Wishes {
            settings,
            client,
            services: BTreeMap::new(),
        });
        let (follows, followed) = watch::channel(Follows::new());
        let (noted, status) = watch::channel(CatalogStatus::default());
        let task = tokio::spawn(task::run(wished, followed, noted, events, seed()));
        Ok(Self {
            tally,
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
            maintenance: self.maintenance(name),
        };
        self.wish(name, Wish::Present(presence));
    }

    /// Takes a service that is published out of service for a reason, or with none back into it.
    /// It stays in the catalog, where everybody can see why.
    ///
    /// It holds across registrations, until it is taken back or the service is withdrawn.
    pub fn maintain(&self, name: &JobName, reason: Option<&str>) {
        let known = self.wishes.borrow().services.get(name).cloned();
        if let Some(Wish::Present(presence)) = known.map(|known| known.wish) {
            let maintenance = reason.map(Arc::from);
            let presence = Presence {
                maintenance,
                ..presence
            };
            self.wish(name, Wish::Present(presence));
        }
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
    /// Where they lead to another catalog, what is registered moves there: it is registered in the
    /// new one and taken, in one attempt, from the old one. What is followed is asked of the new
    /// one at once, and only what differs is told.
    pub fn replace_settings(&self, settings: impl Into<Settings>) -> Result<(), SettingsError> {
        let settings = Arc::new(settings.into());
        if self.wishes.borrow().settings == settings {
            return Ok(());
        }
        let earlier = {
            let wishes = self.wishes.borrow();
            let stays = settings.leads_to_the_same_place_as(&wishes.settings);
            stays.then(|| wishes.client.clone())
        };
        let client = Client::new(&settings, self.tally.clone(), earlier.as_ref())?;
        self.wishes.send_modify(|wishes| {
            wishes.settings = settings;
            wishes.client = client;
        });
        Ok(())
    }

    /// The keys of the catalog, to be read and written.
    pub fn keys(&self) -> Keys {
        Keys::new(self.wishes.borrow().client.clone())
    }

    /// The client of Consul's own API, for calls of the caller's own; none where the catalog is
    /// another.
    pub fn consul(&self) -> Option<Arc<consul::Client>> {
        match &self.wishes.borrow().client {
            Client::Consul(client) => Some(client.clone()),
            Client::Etcd(_) | Client::Zookeeper(_) => None,
        }
    }

    /// Tells how many calls were made, by what they were about and what came of them.
    pub fn calls(&self) -> Vec<CallCount> {
        self.tally.counts()
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

    fn maintenance(&self, name: &JobName) -> Option<Arc<str>> {
        match &self.wishes.borrow().services.get(name)?.wish {
            Wish::Present(presence) => presence.maintenance.clone(),
            Wish::Absent => None,
        }
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
