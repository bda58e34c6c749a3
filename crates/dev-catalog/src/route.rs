//! From a method, a target and a body to a request, or to the answer that says why not.

mod change;
mod endpoint;
mod kv;
mod search;

use bytes::Bytes;

use self::endpoint::{ENDPOINTS, Endpoint, Look};
use crate::{
    filter::Shape,
    reply::Reply,
    request::{Query, Request, View, Whose},
    target::{Target, encode},
    ui,
};

/// The one datacenter there is.
pub(crate) const DATACENTER: &str = "dc1";

/// Reads a request.
pub(crate) fn route(method: &str, target: &Target, body: &Bytes) -> Result<Request, Reply> {
    if let Some(path) = target.cleaned() {
        return Err(moved(method, &path));
    }
    let (endpoint, rest) = find(method, &target.path)?;
    allow(method, endpoint)?;
    match endpoint {
        Endpoint::Change(change) => {
            change::command(change, rest, target, body).map(Request::Command)
        }
        Endpoint::Look(what) => look(what, rest, target),
        Endpoint::Search(search) => search::query(search, rest, target),
        Endpoint::Kv => kv::route(method, rest, target, body),
        Endpoint::Page => Err(ui::page(rest)),
        Endpoint::Picture => Ok(Request::Query(Query::Picture, search::terms(target)?)),
    }
}

fn find<'a>(method: &str, path: &'a str) -> Result<(Endpoint, &'a str), Reply> {
    if path == "/" {
        return Err(moved(method, "/ui/"));
    }
    // A folder without its slash is sent there, even where another one holds the path.
    let folder = format!("{path}/");
    if ENDPOINTS.iter().any(|(pattern, _)| *pattern == folder) {
        return Err(moved(method, &folder));
    }
    let below = |(pattern, endpoint): &(&str, Endpoint)| {
        let rest = path.strip_prefix(*pattern)?;
        (rest.is_empty() || pattern.ends_with('/')).then_some((pattern.len(), *endpoint, rest))
    };
    let found = ENDPOINTS.iter().filter_map(below);
    let longest = found.max_by_key(|(length, _, _)| *length);
    let (_, endpoint, rest) = longest.ok_or_else(|| Reply::empty(404))?;
    Ok((endpoint, rest))
}

fn moved(method: &str, path: &str) -> Reply {
    let location = encode(path);
    let reply = match method {
        "GET" => Reply::html(
            301,
            format!("<a href=\"{location}\">Moved Permanently</a>.\n\n"),
        ),
        _ => Reply::empty(301),
    };
    reply.with("Location", location)
}

fn allow(method: &str, endpoint: Endpoint) -> Result<(), Reply> {
    let methods = match endpoint {
        Endpoint::Change(_) => "OPTIONS,PUT",
        Endpoint::Look(_) | Endpoint::Search(_) | Endpoint::Page | Endpoint::Picture => {
            "OPTIONS,GET"
        }
        Endpoint::Kv => "OPTIONS,GET,PUT,DELETE",
    };
    if method == "OPTIONS" {
        return Err(Reply::empty(200).with("Allow", methods));
    }
    if methods.split(',').any(|allowed| allowed == method) {
        return Ok(());
    }
    Err(Reply::text(405, format!("method {method} not allowed")).with("Allow", methods))
}

fn look(what: Look, rest: &str, target: &Target) -> Result<Request, Reply> {
    let text = target.param("format") == Some("text");
    let view = match what {
        Look::Services => View::AgentServices(search::filter(target, Shape::AgentService)?),
        Look::Checks => View::AgentChecks(search::filter(target, Shape::Check)?),
        Look::Service => {
            let view = View::AgentService(rest.to_owned());
            return Ok(match target.filled("hash") {
                None => Request::View(view),
                Some(hash) => Request::Differs(view, hash.to_owned(), search::wait(target)?),
            });
        }
        Look::HealthOfInstance if rest.is_empty() => {
            return Err(Reply::text(500, "Bad request: Missing serviceID"));
        }
        Look::HealthOfInstance => View::AgentHealth {
            of: Whose::Instance(rest.to_owned()),
            text,
        },
        Look::HealthOfName if rest.is_empty() => {
            return Err(Reply::text(500, "Bad request: Missing service Name"));
        }
        Look::HealthOfName => View::AgentHealth {
            of: Whose::Name(rest.to_owned()),
            text,
        },
        Look::Own => View::AgentSelf,
        Look::Members => View::Members,
        Look::Leader => View::Leader,
        Look::Peers => View::Peers,
        Look::Datacenters => View::Datacenters,
    };
    Ok(Request::View(view))
}

fn same_datacenter(target: &Target) -> Result<(), Reply> {
    match target.filled("dc") {
        None | Some(DATACENTER) => Ok(()),
        Some(_) => Err(Reply::text(500, "No path to datacenter")),
    }
}

/// A switch in a query: named alone it is on, and nonsense is off.
fn asked(value: Option<&str>) -> bool {
    value.is_some_and(|text| text.is_empty() || boolean(text) == Some(true))
}

/// Reads a truth value as Go does.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
