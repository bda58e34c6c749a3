//! ZooKeeper, over a session of our own: instances are nodes that live with it.
//!
//! `session` holds the one connection and tells what changes; `keeper` has our own instances be
//! what they should; `follow` answers queries from mirrors of what lies there. Each is a task that
//! owns what it works with. `request`, `jute` and `line` are the language, `place` says where
//! what lies.

mod follow;
mod jute;
mod keeper;
mod keys;
mod line;
mod mirror;
mod place;
mod request;
mod session;
mod settings;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use pilot_core::JobName;
use tokio::sync::{mpsc, oneshot, watch};

pub use settings::{Acl, Settings, node};

use crate::{
    Backend, CatalogError, SettingsError,
    agent::{Follows, Said},
    registrar::{Order, Outcome},
    tally::Tally,
};
use follow::Follower;
use keeper::{Job, Keeper};
use session::Session;

/// How many orders may wait; there is one for each service at most.
const QUEUE: usize = 16;

/// A client; its session begins with the first call and ends some time after the client.
pub(crate) struct Client {
    settings: Arc<Settings>,
    session: Session,
    jobs: mpsc::Sender<Job>,
    lapsed: watch::Sender<Vec<String>>,
}

impl Client {
    /// Prepares a client and reads the files it needs; no connection is made yet.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn new(settings: Settings, tally: Arc<Tally>) -> Result<Self, SettingsError> {
        let settings = Arc::new(settings);
        let session = Session::new(&settings, tally)?;
        let (jobs, given) = mpsc::channel(QUEUE);
        let (lapsed, _) = watch::channel(Vec::new());
        let chance = RandomState::new();
        let keeper = Keeper {
            settings: settings.clone(),
            session: session.clone(),
            jobs: given,
            lapsed: lapsed.clone(),
            owner: format!("{:016x}{:016x}", chance.hash_one(1), chance.hash_one(2)),
            own: BTreeMap::new(),
            known: (0, 0),
        };
        // It ends when nobody can give it orders any more.
        drop(tokio::spawn(keeper.run()));
        Ok(Self {
            settings,
            session,
            jobs,
            lapsed,
        })
    }

    /// Carries out an order.
    pub(crate) async fn tell(&self, name: &JobName, order: &Order) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            name: name.clone(),
            order: order.clone(),
            answer,
        };
        // The keeper lives as long as we do, unless a fault of ours has ended it.
        let _ = self.jobs.send(job).await;
        let lost = || {
            Outcome::Failed(CatalogError::Interrupted {
                who: Backend::Zookeeper,
                address: self.settings.chroot.clone(),
                call: "an order".to_owned(),
                reason: "nobody carries it out any more".to_owned(),
            })
        };
        answered.await.unwrap_or_else(|_| lost())
    }

    /// Waits until services of ours are known to be gone.
    pub(crate) async fn lapsed(&self) -> Vec<String> {
        let mut lapsed = self.lapsed.subscribe();
        // We hold the sender.
        let _ = lapsed.wait_for(|ids| !ids.is_empty()).await;
        self.lapsed.send_replace(Vec::new())
    }

    /// Says how each query stands, at first and whenever it changes, until it is dropped.
    pub(crate) async fn follow(
        self: Arc<Self>,
        followed: watch::Receiver<Follows>,
        said: mpsc::Sender<Said>,
    ) {
        let follower = Follower::new(self.settings.clone(), self.session.clone(), said);
        follower.run(followed).await;
    }
}
