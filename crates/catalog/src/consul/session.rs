//! Sessions, the keys they hold, and keys that are written.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Call, Client, Line, Reply, ask, call::escape, read, wire::seconds};
use crate::{
    Backend, CatalogError,
    answer::{Answer, Pair},
    query::Query,
};

/// A session to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Session<'a> {
    #[serde(rename = "Name")]
    pub(crate) name: &'a str,
    #[serde(rename = "TTL", serialize_with = "as_go")]
    pub(crate) ttl: Duration,
    #[serde(rename = "LockDelay", serialize_with = "as_go")]
    pub(crate) lock_delay: Duration,
    /// What becomes of what it holds when it ends.
    #[serde(rename = "Behavior")]
    pub(crate) behavior: &'static str,
}

/// What a session wants with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim<'a> {
    None,
    Acquire(&'a str),
    Release(&'a str),
}

impl Client {
    /// Writes the value of a key, with a number that applications keep beside it.
    pub async fn put_key(
        &self,
        key: &str,
        dc: Option<&str>,
        value: Bytes,
        flags: u64,
    ) -> Result<(), CatalogError> {
        let mut line = Line::default();
        let claimed = self.claim(&mut line, (key, dc), value, flags, Claim::None);
        claimed.await.map(drop)
    }

    /// Fetches a key with everything that is kept beside its value; none if there is no such key.
    pub async fn pair(&self, key: &str, dc: Option<&str>) -> Result<Option<Pair>, CatalogError> {
        let call = pair(key, dc);
        let patience = self.settings().timeouts.call;
        let reply = self
            .call_over(&mut Line::default(), &call, patience)
            .await?;
        ask::vouch(&call, &reply)?;
        read_pair(&call, &reply)
    }

    /// Makes a session and gives its identity.
    pub(crate) async fn create_session(
        &self,
        line: &mut Line,
        dc: Option<&str>,
        session: &Session<'_>,
    ) -> Result<String, CatalogError> {
        #[derive(Deserialize)]
        struct Made {
            #[serde(rename = "ID")]
            id: String,
        }
        let body = serde_json::to_vec(session).expect("texts always have a JSON form");
        let call = Call::put("/v1/session/create".to_owned(), body).with_some("dc", dc);
        let reply = self.brief(line, &call).await?;
        let made: Made =
            serde_json::from_slice(&reply.body).map_err(|error| CatalogError::Malformed {
                who: Backend::Consul,
                call: call.describe(),
                reason: error.to_string(),
            })?;
        Ok(made.id)
    }

    /// Renews a session; tells whether it still is there.
    pub(crate) async fn renew_session(
        &self,
        line: &mut Line,
        dc: Option<&str>,
        id: &str,
    ) -> Result<bool, CatalogError> {
        let path = format!("/v1/session/renew/{}", escape(id, ""));
        let call = Call::put(path, Bytes::new()).with_some("dc", dc);
        match self.brief(line, &call).await {
            Ok(_) => Ok(true),
            Err(CatalogError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends a session.
    pub(crate) async fn destroy_session(
        &self,
        line: &mut Line,
        dc: Option<&str>,
        id: &str,
    ) -> Result<(), CatalogError> {
        let path = format!("/v1/session/destroy/{}", escape(id, ""));
        let call = Call::put(path, Bytes::new()).with_some("dc", dc);
        self.brief(line, &call).await.map(drop)
    }

    /// Writes a key as a session wants it; tells whether that could be.
    pub(crate) async fn claim(
        &self,
        line: &mut Line,
        (key, dc): (&str, Option<&str>),
        value: Bytes,
        flags: u64,
        claim: Claim<'_>,
    ) -> Result<bool, CatalogError> {
        let path = format!("/v1/kv/{}", escape(key.trim_start_matches('/'), "/"));
        let call = Call::put(path, value)
            .with("flags", &flags.to_string())
            .with_some("dc", dc);
        let call = match claim {
            Claim::None => call,
            Claim::Acquire(id) => call.with("acquire", id),
            Claim::Release(id) => call.with("release", id),
        };
        let reply = self.brief(line, &call).await?;
        Ok(reply.body.trim_ascii() == b"true")
    }

    pub(super) async fn brief(&self, line: &mut Line, call: &Call) -> Result<Reply, CatalogError> {
        let patience = self.settings().timeouts.call;
        let reply = self.call_over(line, call, patience).await?;
        if reply.status == 200 {
            Ok(reply)
        } else {
            Err(call.refused(&reply))
        }
    }
}

/// Asks for a key with everything beside its value.
pub(crate) fn pair(key: &str, dc: Option<&str>) -> Call {
    let path = format!("/v1/kv/{}", escape(key.trim_start_matches('/'), "/"));
    Call::get(path).with_some("dc", dc)
}

/// Reads a key with everything beside its value.
pub(crate) fn read_pair(call: &Call, reply: &Reply) -> Result<Option<Pair>, CatalogError> {
    // One key is answered as all keys under a prefix are.
    let query = Query::Pairs {
        prefix: String::new(),
        dc: None,
    };
    match read::read(&query, call, reply, &mut read::Shelf::default())? {
        Answer::Pairs(pairs) => Ok(pairs.first().cloned()),
        Answer::Instances(_)
        | Answer::Services(_)
        | Answer::Nodes(_)
        | Answer::Node(_)
        | Answer::Datacenters(_)
        | Answer::Value(_) => Ok(None),
    }
}

fn as_go<S: serde::Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&seconds(*span))
}
