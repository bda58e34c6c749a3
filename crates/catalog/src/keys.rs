//! The keys of a catalog, whichever it is, read once and written under guard.

use bytes::Bytes;

use crate::{CatalogError, client::Client};

/// The keys of a catalog.
///
/// A key is a text of parts between `/`, without one at its beginning. Each call takes as long as
/// the settings allow a short call, and no longer.
#[derive(Clone)]
pub struct Keys {
    client: Client,
}

/// A key, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The whole key.
    pub path: String,
    /// Its value.
    pub value: Bytes,
    /// Which of its values this is.
    pub version: Version,
}

/// Which of its values a key holds; of use only to compare, and only within one catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) u64);

/// What a write may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Whatever is there.
    Anything,
    /// Only nothing.
    Nothing,
    /// Only this version.
    Version(Version),
}

impl Keys {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Reads a key; none if there is no such key.
    pub async fn read(&self, path: &str) -> Result<Option<Key>, CatalogError> {
        match &self.client {
            Client::Consul(client) => client.read_key(path).await,
            Client::Etcd(client) => client.read_key(path).await,
            Client::Zookeeper(client) => client.read_key(path).await,
        }
    }

    /// Reads every key that begins with a text, sorted.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Key>, CatalogError> {
        match &self.client {
            Client::Consul(client) => client.list_keys(prefix).await,
            Client::Etcd(client) => client.list_keys(prefix).await,
            Client::Zookeeper(client) => client.list_keys(prefix).await,
        }
    }

    /// Writes a key.
    ///
    /// Where the guard forbids it nothing is written, and the error is
    /// [`CatalogError::Outdated`].
    pub async fn write(&self, path: &str, value: Bytes, guard: Guard) -> Result<(), CatalogError> {
        match &self.client {
            Client::Consul(client) => client.write_key(path, value, guard).await,
            Client::Etcd(client) => client.write_key(path, value, guard).await,
            Client::Zookeeper(client) => client.write_key(path, value, guard).await,
        }
    }

    /// Deletes a key; that there is none is no error, unless a version is asked for.
    ///
    /// Where the guard forbids it nothing is deleted, and the error is
    /// [`CatalogError::Outdated`].
    pub async fn delete(&self, path: &str, guard: Guard) -> Result<(), CatalogError> {
        match &self.client {
            Client::Consul(client) => client.delete_key(path, guard).await,
            Client::Etcd(client) => client.delete_key(path, guard).await,
            Client::Zookeeper(client) => client.delete_key(path, guard).await,
        }
    }
}
