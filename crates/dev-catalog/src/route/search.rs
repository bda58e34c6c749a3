//! Questions, and how they are to be answered.

use std::time::Duration;

use super::{boolean, endpoint::Search, same_datacenter};
use crate::{
    duration,
    filter::{Filter, FilterError, Shape},
    reply::Reply,
    request::{Blocking, Consistency, NodeShape, Query, Request, Terms},
    target::Target,
};

const WAIT_DEFAULT: Duration = Duration::from_secs(300);
const WAIT_MAX: Duration = Duration::from_secs(600);

pub(super) fn query(search: Search, rest: &str, target: &Target) -> Result<Request, Reply> {
    let mut terms = terms(target)?;
    let named = |what: &str| match rest {
        "" => Err(Reply::text(400, format!("Missing {what}"))),
        name => Ok(name.to_owned()),
    };
    // An empty tag is a tag that nobody has.
    let tags = || target.values("tag").map(str::to_owned).collect();
    let node = |shape| {
        let name = named("node name")?;
        Ok(Query::Node { name, shape })
    };
    let (query, shape) = match search {
        Search::Services => (Query::Services, None),
        Search::Nodes => (Query::Nodes, Some(Shape::Node)),
        Search::Node => (node(NodeShape::Map)?, Some(Shape::NodeService)),
        Search::NodeServices => (node(NodeShape::List)?, Some(Shape::NodeService)),
        Search::Service => {
            let name = named("service name")?;
            let tags = tags();
            (Query::Service { name, tags }, Some(Shape::CatalogService))
        }
        Search::Health => {
            let health = Query::Health {
                name: named("service name")?,
                tags: tags(),
                passing: passing(target.param("passing"))?,
            };
            (health, Some(Shape::Health))
        }
        Search::Checks => {
            let service = named("service name")?;
            (Query::Checks { service }, Some(Shape::Check))
        }
        Search::NodeChecks => {
            let name = named("node name")?;
            (Query::NodeChecks { name }, Some(Shape::Check))
        }
        Search::State => {
            let status = named("check state")?;
            (Query::State { status }, Some(Shape::Check))
        }
        Search::Sessions => (Query::Sessions, None),
        Search::SessionsOf => {
            let node = named("node name")?;
            (Query::SessionsOf { node }, None)
        }
        Search::Session => (
            Query::Session {
                id: named("session")?,
            },
            None,
        ),
    };
    same_datacenter(target).map_err(unled)?;
    if let Query::Session { id } = &query
        && id.len() != 36
    {
        let text = "failed session lookup: index error: UUID must be 36 characters";
        return Err(unled(Reply::text(500, text)));
    }
    if let Some(shape) = shape {
        terms.filter = filter(target, shape).map_err(unled)?;
    }
    terms.node_meta = target.values("node-meta").map(pair).collect();
    Ok(Request::Query(query, terms))
}

/// An answer that came before anybody was asked.
fn unled(reply: Reply) -> Reply {
    reply
        .with("X-Consul-Index", "1")
        .with("X-Consul-Knownleader", "false")
        .with("X-Consul-Lastcontact", "0")
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once(':').unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}

pub(super) fn filter(target: &Target, shape: Shape) -> Result<Option<Filter>, Reply> {
    let Some(text) = target.filled("filter") else {
        return Ok(None);
    };
    Filter::parse(text, shape).map(Some).map_err(|error| {
        let status = if error == FilterError::Matches {
            400
        } else {
            500
        };
        let what = "Failed to create boolean expression evaluator";
        Reply::text(status, format!("{what}: {error}"))
    })
}

pub(super) fn terms(target: &Target) -> Result<Terms, Reply> {
    let wait = wait(target)?;
    let index = match target.filled("index").map(str::parse) {
        None => 0,
        Some(Ok(index)) => index,
        Some(Err(_)) => return Err(Reply::text(400, "Invalid index")),
    };
    let consistency = match (target.has("stale"), target.has("consistent")) {
        (true, true) => {
            let text = "Cannot specify ?stale with ?consistent, conflicting semantics.";
            return Err(Reply::text(400, text));
        }
        (true, false) => Consistency::Stale,
        (false, true) => Consistency::Consistent,
        (false, false) => Consistency::Leader,
    };
    let blocking = (index > 0).then_some(Blocking { index, wait });
    Ok(Terms {
        consistency,
        blocking,
        filter: None,
        node_meta: Vec::new(),
    })
}

pub(super) fn wait(target: &Target) -> Result<Duration, Reply> {
    Ok(match target.filled("wait") {
        None => WAIT_DEFAULT,
        Some(text) => match duration::parse(text) {
            None => return Err(Reply::text(400, "Invalid wait time")),
            Some(nanos) if nanos <= 0 => WAIT_DEFAULT,
            Some(nanos) => duration::from_nanos(nanos).min(WAIT_MAX),
        },
    })
}

fn passing(value: Option<&str>) -> Result<bool, Reply> {
    match value {
        None => Ok(false),
        Some("") => Ok(true),
        Some(text) => boolean(text).ok_or_else(|| Reply::text(400, "Invalid value for ?passing")),
    }
}
