//! From a method, a target and a body to a request, or to the answer that says why not.

mod kv;

use std::time::Duration;

use bytes::Bytes;

use crate::{
    decode::Fields,
    definition::{CheckDefinition, DefinitionError, ServiceDefinition, SessionDefinition},
    duration,
    reply::Reply,
    request::{Blocking, Command, Consistency, Query, Request, Terms, View},
    status::Status,
    target::{Target, encode},
};

/// The one datacenter there is.
pub(crate) const DATACENTER: &str = "dc1";

const WAIT_DEFAULT: Duration = Duration::from_secs(300);
const WAIT_MAX: Duration = Duration::from_secs(600);

/// One path, or all below one.
#[derive(Clone, Copy)]
enum Endpoint {
    Change(Change),
    Look(fn(&str) -> View),
    Search(Search),
    Kv,
}

/// The endpoints that take orders.
#[derive(Clone, Copy)]
enum Change {
    RegisterService,
    DeregisterService,
    Maintenance,
    RegisterCheck,
    DeregisterCheck,
    UpdateCheck,
    SetCheck(Status),
    CreateSession,
    RenewSession,
    DestroySession,
}

/// The endpoints that answer from the catalog.
#[derive(Clone, Copy)]
enum Search {
    Services,
    Nodes,
    Node,
    Service,
    Health,
    Checks,
    State,
}

/// The paths; one that ends in a slash stands for all below it, and the longest wins.
const ENDPOINTS: [(&str, Endpoint); 27] = [
    (
        "/v1/agent/service/register",
        Endpoint::Change(Change::RegisterService),
    ),
    (
        "/v1/agent/service/deregister/",
        Endpoint::Change(Change::DeregisterService),
    ),
    (
        "/v1/agent/service/maintenance/",
        Endpoint::Change(Change::Maintenance),
    ),
    (
        "/v1/agent/services",
        Endpoint::Look(|_| View::AgentServices),
    ),
    (
        "/v1/agent/service/",
        Endpoint::Look(|id| View::AgentService(id.to_owned())),
    ),
    ("/v1/agent/checks", Endpoint::Look(|_| View::AgentChecks)),
    (
        "/v1/agent/check/register",
        Endpoint::Change(Change::RegisterCheck),
    ),
    (
        "/v1/agent/check/deregister/",
        Endpoint::Change(Change::DeregisterCheck),
    ),
    (
        "/v1/agent/check/update/",
        Endpoint::Change(Change::UpdateCheck),
    ),
    (
        "/v1/agent/check/pass/",
        Endpoint::Change(Change::SetCheck(Status::Passing)),
    ),
    (
        "/v1/agent/check/warn/",
        Endpoint::Change(Change::SetCheck(Status::Warning)),
    ),
    (
        "/v1/agent/check/fail/",
        Endpoint::Change(Change::SetCheck(Status::Critical)),
    ),
    ("/v1/agent/self", Endpoint::Look(|_| View::AgentSelf)),
    ("/v1/status/leader", Endpoint::Look(|_| View::Leader)),
    ("/v1/status/peers", Endpoint::Look(|_| View::Peers)),
    (
        "/v1/catalog/datacenters",
        Endpoint::Look(|_| View::Datacenters),
    ),
    ("/v1/catalog/services", Endpoint::Search(Search::Services)),
    ("/v1/catalog/nodes", Endpoint::Search(Search::Nodes)),
    ("/v1/catalog/node/", Endpoint::Search(Search::Node)),
    ("/v1/catalog/service/", Endpoint::Search(Search::Service)),
    ("/v1/health/service/", Endpoint::Search(Search::Health)),
    ("/v1/health/checks/", Endpoint::Search(Search::Checks)),
    ("/v1/health/state/", Endpoint::Search(Search::State)),
    ("/v1/kv/", Endpoint::Kv),
    (
        "/v1/session/create",
        Endpoint::Change(Change::CreateSession),
    ),
    ("/v1/session/renew/", Endpoint::Change(Change::RenewSession)),
    (
        "/v1/session/destroy/",
        Endpoint::Change(Change::DestroySession),
    ),
];

/// Reads a request.
pub(crate) fn route(method: &str, target: &Target, body: &Bytes) -> Result<Request, Reply> {
    if let Some(path) = target.cleaned() {
        return Err(moved(method, &path));
    }
    let (endpoint, rest) = find(method, &target.path)?;
    allow(method, endpoint)?;
    match endpoint {
        Endpoint::Change(change) => command(change, rest, target, body).map(Request::Command),
        Endpoint::Look(view) => Ok(Request::View(view(rest))),
        Endpoint::Search(search) => query(search, rest, target),
        Endpoint::Kv => kv::route(method, rest, target, body),
    }
}

fn find<'a>(method: &str, path: &'a str) -> Result<(Endpoint, &'a str), Reply> {
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
        Endpoint::Look(_) | Endpoint::Search(_) => "OPTIONS,GET",
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

fn command(change: Change, id: &str, target: &Target, body: &Bytes) -> Result<Command, Reply> {
    let id = id.to_owned();
    Ok(match change {
        Change::RegisterService => Command::RegisterService {
            service: Box::new(ServiceDefinition::parse(body).map_err(|error| refused(&error))?),
            replace_checks: asked(target.param("replace-existing-checks")),
        },
        Change::DeregisterService if id.is_empty() => {
            return Err(Reply::text(500, "ServiceID missing"));
        }
        Change::DeregisterService => Command::DeregisterService(id),
        Change::Maintenance => return maintenance(id, target),
        Change::RegisterCheck => Command::RegisterCheck(Box::new(
            CheckDefinition::parse(body).map_err(|error| refused(&error))?,
        )),
        Change::DeregisterCheck if id.is_empty() => {
            return Err(Reply::text(500, "CheckID missing"));
        }
        Change::DeregisterCheck => Command::DeregisterCheck(id),
        Change::CreateSession => Command::CreateSession(Box::new(
            SessionDefinition::parse(body).map_err(|(status, text)| Reply::text(status, text))?,
        )),
        Change::RenewSession | Change::DestroySession if id.is_empty() => {
            return Err(Reply::text(400, "Missing session"));
        }
        Change::RenewSession => Command::RenewSession(id),
        Change::DestroySession => Command::DestroySession(id),
        Change::UpdateCheck => return update(id, body),
        Change::SetCheck(status) => {
            let output = target.param("note").unwrap_or("").to_owned();
            Command::UpdateCheck { id, status, output }
        }
    })
}

fn maintenance(service_id: String, target: &Target) -> Result<Command, Reply> {
    if service_id.is_empty() {
        return Err(Reply::text(400, "Missing service ID"));
    }
    match target.filled("enable") {
        None => Err(Reply::text(400, "Missing value for enable")),
        Some(text) => match boolean(text) {
            None => Err(Reply::text(
                400,
                format!("Invalid value for enable: {text:?}"),
            )),
            Some(false) => Ok(Command::LeaveMaintenance { service_id }),
            Some(true) => {
                let reason = target.param("reason").unwrap_or("").to_owned();
                Ok(Command::EnterMaintenance { service_id, reason })
            }
        },
    }
}

fn update(id: String, body: &[u8]) -> Result<Command, Reply> {
    let read = || {
        let mut fields = Fields::parse(body)?;
        let update = (fields.text(&["Status"])?, fields.text(&["Output"])?);
        fields.end().map(|()| update)
    };
    let (status, output) =
        read().map_err(|error| Reply::text(400, format!("Request decode failed: {error}")))?;
    match Status::parse(&status) {
        Some(status) => Ok(Command::UpdateCheck { id, status, output }),
        None => Err(Reply::text(
            400,
            format!("Invalid check status: '{status}'"),
        )),
    }
}

fn query(search: Search, rest: &str, target: &Target) -> Result<Request, Reply> {
    let terms = terms(target)?;
    let named = |what: &str| match rest {
        "" => Err(Reply::text(400, format!("Missing {what}"))),
        name => Ok(name.to_owned()),
    };
    // An empty tag is a tag that nobody has.
    let tags = || target.values("tag").map(str::to_owned).collect();
    let query = match search {
        Search::Services => Query::Services,
        Search::Nodes => Query::Nodes,
        Search::Node => Query::Node {
            name: named("node name")?,
        },
        Search::Service => Query::Service {
            name: named("service name")?,
            tags: tags(),
        },
        Search::Health => Query::Health {
            name: named("service name")?,
            tags: tags(),
            passing: passing(target.param("passing"))?,
        },
        Search::Checks => Query::Checks {
            service: named("service name")?,
        },
        Search::State => Query::State {
            status: named("check state")?,
        },
    };
    same_datacenter(target).map_err(|reply| {
        reply
            .with("X-Consul-Index", "1")
            .with("X-Consul-Knownleader", "false")
            .with("X-Consul-Lastcontact", "0")
    })?;
    if target.filled("filter").is_some() {
        return Err(Reply::text(
            500,
            "filter expressions are not supported by the development catalog",
        ));
    }
    Ok(Request::Query(query, terms))
}

fn terms(target: &Target) -> Result<Terms, Reply> {
    let wait = match target.filled("wait") {
        None => WAIT_DEFAULT,
        Some(text) => match duration::parse(text) {
            None => return Err(Reply::text(400, "Invalid wait time")),
            Some(nanos) if nanos <= 0 => WAIT_DEFAULT,
            Some(nanos) => duration::from_nanos(nanos).min(WAIT_MAX),
        },
    };
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
    })
}

fn same_datacenter(target: &Target) -> Result<(), Reply> {
    match target.filled("dc") {
        None | Some(DATACENTER) => Ok(()),
        Some(_) => Err(Reply::text(500, "No path to datacenter")),
    }
}

fn passing(value: Option<&str>) -> Result<bool, Reply> {
    match value {
        None => Ok(false),
        Some("") => Ok(true),
        Some(text) => boolean(text).ok_or_else(|| Reply::text(400, "Invalid value for ?passing")),
    }
}

/// A switch in a query: named alone it is on, and nonsense is off.
fn asked(value: Option<&str>) -> bool {
    value.is_some_and(|text| text.is_empty() || boolean(text) == Some(true))
}

/// Reads a truth value as Go does.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn refused(error: &DefinitionError) -> Reply {
    Reply::text(400, error.to_string())
}
