//! etcd, version 3.4 and later, by the JSON gateway that every member has.
//!
//! # The model
//! An instance is a key whose value describes it, on a lease that lasts its TTL. What is followed
//! is read at a revision and watched from the next on, so no change is missed, whatever happens
//! between. Every read is answered by the cluster's leader, or by a member that has asked it: one
//! that is cut off says nothing.

mod book;
mod cluster;
mod cover;
mod follow;
mod keys;
mod layout;
mod pass;
mod read;
mod settings;
mod shelf;
mod stream;
mod wire;

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use tokio::sync::{mpsc, watch};

use crate::{
    SettingsError,
    agent::{Follows, Said},
    tally::Tally,
};

use book::Book;
use cluster::Cluster;
use layout::Layout;

pub use settings::Settings;

/// A client.
pub(crate) struct Client {
    cluster: Cluster,
    layout: Layout,
    /// What we call where we are.
    node: String,
    book: Arc<Book>,
}

impl Client {
    /// Prepares a client and reads the files it needs; no connection is made yet. What an earlier
    /// one has registered at the same place is this one's from now on.
    pub(crate) fn new(
        settings: Settings,
        tally: Arc<Tally>,
        earlier: Option<&Self>,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            cluster: Cluster::new(&settings, tally)?,
            layout: Layout::new(&settings),
            node: settings.node,
            book: earlier
                .map(|earlier| earlier.book.clone())
                .unwrap_or_default(),
        })
    }

    /// Waits until services of ours are known to be gone: the next publish finds out, and one that
    /// is not published is meant to be gone.
    pub(crate) async fn lapsed(&self) -> Vec<String> {
        std::future::pending().await
    }

    /// Says how each query stands, at first and whenever it changes, until it is dropped.
    pub(crate) async fn follow(
        self: Arc<Self>,
        followed: watch::Receiver<Follows>,
        said: mpsc::Sender<Said>,
    ) {
        follow::Follower::new(self, followed, said).run().await;
    }

    fn seed(&self) -> u64 {
        RandomState::new().hash_one(&self.node)
    }
}
