//! Queries, put to an agent in Consul's own words.

use std::{sync::Arc, time::Duration};

use super::{Call, Client, Line, Reply, call::escape, read, wire::seconds};
use crate::{
    Backend, CatalogError,
    planner::{Bell, Ring},
    query::{Query, ServiceQuery},
};

// A follower in good health hears from its leader many times a second.
const LAST_CONTACT: Duration = Duration::from_secs(10);

// A tag that no instance has.
const NOBODY: &str = "containerpilot:nobody";

/// What was said to a query, not judged yet.
pub(crate) struct Said {
    /// The call that was answered.
    pub(crate) call: Call,
    pub(crate) reply: Reply,
}

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// What to wait past; none asks for an answer at once.
    pub(crate) index: Option<u64>,
    /// How long to wait for the answer.
    pub(crate) patience: Duration,
}

impl Manner {
    /// An index is worth something to the agent it came from. Behind a new connection there may be
    /// one that started again with an earlier index, and it would hold the question until that is
    /// reached.
    fn over(self, line: &Line) -> Self {
        let index = self.index.filter(|_| line.is_open());
        Self { index, ..self }
    }
}

/// Asks once, over a line that stays open for the next question.
pub(crate) async fn ask(
    client: &Client,
    line: &mut Line,
    query: &Query,
    manner: Manner,
) -> Result<Said, CatalogError> {
    let manner = manner.over(line);
    let call = call(client, line, query).await?;
    put(client, line, call, manner).await
}

/// Waits for the next chime of a bell.
pub(crate) async fn listen(
    client: &Client,
    line: &mut Line,
    bell: &Bell,
    manner: Manner,
) -> Result<Said, CatalogError> {
    put_over(client, line, chime(bell), manner).await
}

/// Tells whether the index of a service still is the known one, without asking for more: the
/// answer lists the instances with a tag that none has.
pub(crate) async fn is_same(
    client: &Client,
    line: &mut Line,
    query: &ServiceQuery,
    known: u64,
) -> Result<bool, CatalogError> {
    let call = instances(query).with("tag", NOBODY);
    let manner = Manner {
        index: None,
        patience: client.settings().timeouts.call,
    };
    let Said { call, reply } = put(client, line, call, manner).await?;
    vouch(&call, &reply)?;
    Ok(reply.status == 200 && reply.index == Some(known))
}

/// Makes a call that may be held, over a line that stays open for the next.
pub(crate) async fn put_over(
    client: &Client,
    line: &mut Line,
    call: Call,
    manner: Manner,
) -> Result<Said, CatalogError> {
    let manner = manner.over(line);
    put(client, line, call, manner).await
}

async fn put(
    client: &Client,
    line: &mut Line,
    call: Call,
    manner: Manner,
) -> Result<Said, CatalogError> {
    let timeouts = client.settings().timeouts;
    let (asked, patience) = match manner.index {
        Some(index) => (blocking(&call, index, timeouts.wait), manner.patience),
        None => (call.clone(), timeouts.call),
    };
    let Some(max_stale) = client.settings().max_stale else {
        let reply = client.call_over(line, &asked, patience).await?;
        return Ok(Said { call: asked, reply });
    };
    let stale = asked.with("stale", "");
    let reply = client.call_over(line, &stale, patience).await?;
    if reply.last_contact <= max_stale {
        return Ok(Said { call: stale, reply });
    }
    // Too old: the leader knows.
    let reply = client.call_over(line, &call, timeouts.call).await?;
    Ok(Said { call, reply })
}

/// Leaves those out of a list of datacenters that do not answer.
pub(crate) async fn answering(
    client: &Client,
    line: &mut Line,
    names: &[Box<str>],
) -> Result<Arc<[Box<str>]>, CatalogError> {
    let patience = client.settings().timeouts.call;
    let mut answering = Vec::new();
    for name in names {
        let call = Call::get("/v1/catalog/services".to_owned()).with("dc", name);
        match client.call_over(line, &call, patience).await {
            Ok(reply) if reply.status == 200 => answering.push(name.clone()),
            // It is the datacenter that fails, not the agent.
            Ok(_) | Err(CatalogError::Silent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answering.into())
}

/// Refuses an answer that comes from servers that cannot vouch for it: what was known before it is
/// worth more.
pub(crate) fn vouch(call: &Call, reply: &Reply) -> Result<(), CatalogError> {
    let doubtful = |reason| CatalogError::Doubtful {
        who: Backend::Consul,
        call: call.describe(),
        reason,
    };
    let nothing = [&b"[]"[..], b"{}", b"null"];
    let says_nothing = reply.status == 404 || nothing.contains(&reply.body.trim_ascii());
    if reply.status < 500 && !reply.known_leader {
        return Err(doubtful("its servers have no leader"));
    }
    if says_nothing && reply.last_contact > LAST_CONTACT {
        return Err(doubtful("its server has not heard from a leader for long"));
    }
    Ok(())
}

/// Asks for the value of a key, as it is and not in base64.
pub(crate) fn key(key: &str, dc: Option<&str>) -> Call {
    let path = format!("/v1/kv/{}", escape(key.trim_start_matches('/'), "/"));
    Call::get(path).with("raw", "1").with_some("dc", dc)
}

async fn call(client: &Client, line: &mut Line, query: &Query) -> Result<Call, CatalogError> {
    let get = |path: &str| Call::get(path.to_owned());
    Ok(match query {
        Query::Service(query) => instances(query),
        Query::Services { dc } => get("/v1/catalog/services").with_some("dc", dc.as_deref()),
        Query::Nodes { dc, near } => get("/v1/catalog/nodes")
            .with_some("near", near.as_deref())
            .with_some("dc", dc.as_deref()),
        Query::Node { name, dc } => {
            let name = match name {
                Some(name) => name.clone(),
                None => own_node(client, line).await?,
            };
            get(&format!("/v1/catalog/node/{}", escape(&name, ""))).with_some("dc", dc.as_deref())
        }
        Query::Datacenters { .. } => get("/v1/catalog/datacenters"),
        Query::Key { path, dc } => key(path, dc.as_deref()),
        Query::Pairs { prefix, dc } => {
            let prefix = escape(prefix.trim_start_matches('/'), "/");
            get(&format!("/v1/kv/{prefix}"))
                .with("recurse", "1")
                .with_some("dc", dc.as_deref())
        }
    })
}

fn instances(query: &ServiceQuery) -> Call {
    let call = Call::get(format!("/v1/health/service/{}", escape(&query.name, "")));
    let call = if query.any_status {
        call
    } else {
        call.with("passing", "1")
    };
    call.with_some("tag", query.tag.as_deref())
        .with_some("near", query.near.as_deref())
        .with_some("filter", query.filter.as_deref())
        .with_some("dc", query.dc.as_deref())
}

fn chime(bell: &Bell) -> Call {
    let get = |path: &str| Call::get(path.to_owned());
    let call = match &bell.ring {
        Ring::Services => get("/v1/catalog/services"),
        Ring::Critical => get("/v1/health/state/critical"),
        Ring::Warning => get("/v1/health/state/warning"),
        Ring::Nodes => get("/v1/catalog/nodes"),
        Ring::OnNode(name) => get(&format!("/v1/catalog/node/{}", escape(name, ""))),
        Ring::Keys(prefix) => get(&format!("/v1/kv/{}", escape(prefix, "/")))
            .with("keys", "1")
            .with("separator", "/"),
    };
    call.with_some("dc", bell.dc.as_deref())
}

async fn own_node(client: &Client, line: &mut Line) -> Result<String, CatalogError> {
    let call = Call::get("/v1/agent/self".to_owned());
    let patience = client.settings().timeouts.call;
    let reply = client.call_over(line, &call, patience).await?;
    read::read_own_node(&call, &reply)
}

/// Makes a query wait for a change since the given index.
fn blocking(call: &Call, index: u64, wait: Duration) -> Call {
    let mut call = call
        .clone()
        .with("index", &index.to_string())
        .with("wait", &seconds(wait));
    call.is_held = true;
    call
}
