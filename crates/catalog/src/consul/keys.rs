//! Keys, read once and written under guard.

use bytes::Bytes;

use super::{Call, Client, Line, ask, call::escape, read};
use crate::{
    Backend, CatalogError,
    answer::{Answer, Pair},
    keys::{Guard, Key, Version},
    query::Query,
};

impl Client {
    pub(crate) async fn read_key(&self, path: &str) -> Result<Option<Key>, CatalogError> {
        Ok(self.pair(path, None).await?.map(key))
    }

    pub(crate) async fn list_keys(&self, prefix: &str) -> Result<Vec<Key>, CatalogError> {
        let call = Call::get(place(prefix)).with("recurse", "1");
        let patience = self.settings().timeouts.call;
        let reply = self
            .call_over(&mut Line::default(), &call, patience)
            .await?;
        ask::vouch(&call, &reply)?;
        let query = Query::Pairs {
            prefix: prefix.to_owned(),
            dc: None,
        };
        match read::read(&query, &call, &reply, &mut read::Shelf::default())? {
            Answer::Pairs(pairs) => Ok(pairs.iter().cloned().map(key).collect()),
            Answer::Instances(_)
            | Answer::Services(_)
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Datacenters(_)
            | Answer::Value(_) => Ok(Vec::new()),
        }
    }

    pub(crate) async fn write_key(
        &self,
        path: &str,
        value: Bytes,
        guard: Guard,
    ) -> Result<(), CatalogError> {
        let call = guarded(Call::put(place(path), value), guard);
        self.guarded(path, call).await
    }

    pub(crate) async fn delete_key(&self, path: &str, guard: Guard) -> Result<(), CatalogError> {
        if guard == Guard::Nothing {
            return match self.read_key(path).await? {
                None => Ok(()),
                Some(_) => Err(outdated(path)),
            };
        }
        // Consul takes a deletion of what is gone for done, whatever version was meant.
        if let Guard::Version(_) = guard
            && self.read_key(path).await?.is_none()
        {
            return Err(outdated(path));
        }
        let call = guarded(Call::delete(place(path)), guard);
        self.guarded(path, call).await
    }

    async fn guarded(&self, path: &str, call: Call) -> Result<(), CatalogError> {
        let reply = self.brief(&mut Line::default(), &call).await?;
        if reply.body.trim_ascii() == b"true" {
            Ok(())
        } else {
            Err(outdated(path))
        }
    }
}

fn guarded(call: Call, guard: Guard) -> Call {
    match guard {
        Guard::Anything => call,
        Guard::Nothing => call.with("cas", "0"),
        Guard::Version(Version(index)) => call.with("cas", &index.to_string()),
    }
}

fn place(path: &str) -> String {
    format!("/v1/kv/{}", escape(path.trim_start_matches('/'), "/"))
}

fn key(pair: Pair) -> Key {
    Key {
        path: pair.path.into_string(),
        value: pair.value,
        version: Version(pair.modify_index),
    }
}

fn outdated(path: &str) -> CatalogError {
    CatalogError::Outdated {
        who: Backend::Consul,
        key: path.to_owned(),
    }
}
