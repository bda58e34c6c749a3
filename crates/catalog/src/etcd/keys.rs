//! Keys, read once and written under guard.

use bytes::Bytes;
use serde_json::Value;

use super::{
    Client,
    book::TXN,
    cluster::Call,
    layout::Stretch,
    wire::{self, Pair, Transacted},
};
use crate::{
    Backend, CatalogError,
    keys::{Guard, Key, Version},
};

impl Client {
    pub(crate) async fn read_key(&self, path: &str) -> Result<Option<Key>, CatalogError> {
        let stretch = Stretch::one(self.layout.key(path));
        let held = self.cluster.read_all(&stretch, "kv").await?;
        Ok(held.pairs.into_iter().next().map(|pair| self.as_key(pair)))
    }

    pub(crate) async fn list_keys(&self, prefix: &str) -> Result<Vec<Key>, CatalogError> {
        let stretch = self.layout.keys_under(prefix);
        let held = self.cluster.read_all(&stretch, "kv").await?;
        Ok(held
            .pairs
            .into_iter()
            .map(|pair| self.as_key(pair))
            .collect())
    }

    pub(crate) async fn write_key(
        &self,
        path: &str,
        value: Bytes,
        guard: Guard,
    ) -> Result<(), CatalogError> {
        let put = wire::put(&self.layout.key(path), &value, 0);
        self.change(path, put, guard).await
    }

    pub(crate) async fn delete_key(&self, path: &str, guard: Guard) -> Result<(), CatalogError> {
        let delete = wire::delete(&self.layout.key(path));
        self.change(path, delete, guard).await
    }

    async fn change(&self, path: &str, change: Value, guard: Guard) -> Result<(), CatalogError> {
        let key = self.layout.key(path);
        let (expected, is_guarded) = match guard {
            Guard::Anything => (Vec::new(), false),
            Guard::Nothing => (vec![wire::is_absent(&key)], true),
            Guard::Version(Version(revision)) => (vec![wire::is_still(&key, revision)], true),
        };
        let body = wire::transaction(&expected, &[change], &[]);
        // A guarded one that is made twice would find itself in its way.
        let call = if is_guarded {
            Call::once(TXN, "kv", &body)
        } else {
            Call::new(TXN, "kv", &body)
        };
        let transacted: Transacted = self.cluster.call(&call).await?;
        if transacted.succeeded {
            return Ok(());
        }
        Err(CatalogError::Outdated {
            who: Backend::Etcd,
            key: path.to_owned(),
        })
    }

    fn as_key(&self, pair: Pair) -> Key {
        let name = pair.name();
        Key {
            path: self.layout.path_of(&name).unwrap_or(&name).to_owned(),
            value: pair.value,
            version: Version(u64::try_from(pair.mod_revision).unwrap_or(0)),
        }
    }
}
