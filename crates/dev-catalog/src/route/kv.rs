//! `/v1/kv/...`.

use bytes::Bytes;

use super::{same_datacenter, search::terms};
use crate::{
    reply::Reply,
    request::{Claim, Command, Query, Request},
    target::Target,
};

pub(super) fn route(
    method: &str,
    key: &str,
    target: &Target,
    body: &Bytes,
) -> Result<Request, Reply> {
    let key = key.to_owned();
    let terms = terms(target)?;
    let request = match method {
        "GET" => Request::Query(query(key, target)?, terms),
        "PUT" => Request::Command(put(key, target, body)?),
        _ => Request::Command(delete(key, target)?),
    };
    same_datacenter(target)?;
    Ok(request)
}

fn query(key: String, target: &Target) -> Result<Query, Reply> {
    if target.has("keys") {
        let separator = target.param("separator").unwrap_or("").to_owned();
        return Ok(Query::Keys {
            prefix: key,
            separator,
        });
    }
    if target.has("recurse") {
        return Ok(Query::Tree { prefix: key });
    }
    Ok(Query::Key {
        key: required(key)?,
        raw: target.has("raw"),
    })
}

fn put(key: String, target: &Target, body: &Bytes) -> Result<Command, Reply> {
    let key = required(key)?;
    conflict(target, &["cas", "acquire", "release"])?;
    let session = |name| target.param(name).map(str::to_owned);
    let claim = match (session("acquire"), session("release")) {
        (Some(id), _) => Claim::Acquire(id),
        (None, Some(id)) => Claim::Release(id),
        (None, None) => number(target, "cas")?.map_or(Claim::None, Claim::Unchanged),
    };
    Ok(Command::PutKey {
        key,
        value: body.clone(),
        flags: number(target, "flags")?.unwrap_or(0),
        claim,
    })
}

fn delete(key: String, target: &Target) -> Result<Command, Reply> {
    conflict(target, &["recurse", "cas"])?;
    if target.has("recurse") {
        return Ok(Command::DeleteTree { prefix: key });
    }
    Ok(Command::DeleteKey {
        key: required(key)?,
        cas: number(target, "cas")?,
    })
}

fn required(key: String) -> Result<String, Reply> {
    if key.is_empty() {
        Err(Reply::text(400, "Missing key name"))
    } else {
        Ok(key)
    }
}

/// Refuses two of the flags together, naming them in the order of the query as Go writes it: sorted.
fn conflict(target: &Target, flags: &[&str]) -> Result<(), Reply> {
    let mut given: Vec<_> = flags.iter().filter(|flag| target.has(flag)).collect();
    if given.len() < 2 {
        return Ok(());
    }
    given.sort();
    let pair = |flag: &&&str| format!("{flag}={}", target.param(flag).unwrap_or(""));
    let pairs = given.iter().map(pair).collect::<Vec<_>>().join("&");
    Err(Reply::text(400, format!("Conflicting flags: {pairs}")))
}

fn number(target: &Target, name: &str) -> Result<Option<u64>, Reply> {
    let Some(text) = target.param(name) else {
        return Ok(None);
    };
    let error = || {
        Reply::text(
            500,
            format!("strconv.ParseUint: parsing {text:?}: invalid syntax"),
        )
    };
    text.parse().map(Some).map_err(|_| error())
}
