//! Which requests of browsers are let in.
//!
//! Nothing here asks who a client is, so the only wall is that of the loopback address, and every
//! page in a browser of this machine is behind it. Real Consul lets such pages write. A catalog for
//! a laptop does not: a request that a page of another site sent is refused, and so is one for a
//! name that could have been made to point here (DNS rebinding), which has a dot in it, as every
//! name that somebody can own has.

use hyper::{
    HeaderMap, Method, Uri,
    header::{HOST, HeaderName, HeaderValue, ORIGIN},
};

use crate::reply::Reply;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Lets a request in, or says why not.
pub(super) fn admit(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    loopback: bool,
) -> Result<(), Reply> {
    let host = text(headers.get(HOST)).unwrap_or("");
    if loopback && !host.is_empty() && !is_local(host) {
        return Err(refused(&format!(
            "cannot answer for the host {host:?}: this catalog is bound to loopback; ask for localhost or an IP address"
        )));
    }
    let origin = text(headers.get(ORIGIN));
    let own = |origin: &str| {
        let rest = origin.strip_prefix("http://");
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
    };
    if origin.is_some_and(|origin| !own(origin)) || headers.get_all(ORIGIN).iter().count() > 1 {
        return Err(refused("cannot answer a page of another site"));
    }
    let site = text(headers.get(FETCH_SITE));
    let foreign = matches!(site, Some("cross-site" | "same-site"));
    // A link to the page may stand anywhere.
    let follows_link = *method == Method::GET
        && text(headers.get(FETCH_MODE)) == Some("navigate")
        && matches!(uri.path(), "/" | "/ui" | "/ui/");
    if foreign && !follows_link {
        return Err(refused("cannot answer a page of another site"));
    }
    Ok(())
}

/// Nobody can own a name without a dot, or make `localhost` point elsewhere.
fn is_local(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.split(':').next().unwrap_or("");
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    is_address || !name.contains('.') || name.to_ascii_lowercase().ends_with(".localhost")
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    // What is no text is nobody's own origin.
    value.map(|value| value.to_str().unwrap_or("(not a text)"))
}

fn refused(reason: &str) -> Reply {
    Reply::text(403, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str, loopback: bool, wanted: bool) {
        let mut lines = request.lines();
        let (method, path) = lines
            .next()
            .and_then(|line| line.split_once(' '))
            .expect("a request");
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        });
        let method = method.parse().expect("a method");
        let uri = path.parse().expect("a path");
        let admitted = admit(&method, &uri, &headers.collect(), loopback).is_ok();
        assert_eq!(admitted, wanted, "{request}");
    }

    #[test]
    fn programs_are_let_in() {
        for host in [
            "localhost:8500",
            "LOCALHOST",
            "127.0.0.1:8500",
            "[::1]:8500",
            "consul:8500",
            "a.localhost:1",
            "10.0.0.1",
        ] {
            check(&format!("PUT /v1/kv/a\nHost: {host}"), true, true);
        }
        check("PUT /v1/kv/a", true, true);
    }

    #[test]
    fn names_that_somebody_owns_are_not() {
        for host in [
            "evil.example:8500",
            "evil.example.",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ] {
            check(&format!("GET /v1/kv/a\nHost: {host}"), true, false);
            check(&format!("GET /v1/kv/a\nHost: {host}"), false, true);
        }
    }

    #[test]
    fn pages_of_others_are_not() {
        let own =
            "Host: localhost:8500\nOrigin: http://localhost:8500\nSec-Fetch-Site: same-origin";
        check(&format!("PUT /v1/kv/a\n{own}"), true, true);
        for foreign in [
            "Host: localhost:8500\nOrigin: http://evil.example",
            "Host: localhost:8500\nOrigin: http://localhost:9000",
            "Host: localhost:8500\nOrigin: https://localhost:8500",
            "Host: localhost:8500\nOrigin: null",
            "Host: localhost:8500\nOrigin: http://localhost:8500\nOrigin: http://evil.example",
            "Host: localhost:8500\nSec-Fetch-Site: cross-site",
            "Host: localhost:8500\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors",
        ] {
            check(&format!("GET /v1/kv/a\n{foreign}"), true, false);
            check(&format!("GET /v1/kv/a\n{foreign}"), false, false);
        }
    }

    #[test]
    fn a_link_leads_to_the_page_and_nowhere_else() {
        let link = "Host: localhost:8500\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate";
        check(&format!("GET /ui/\n{link}"), true, true);
        check(&format!("GET /\n{link}"), true, true);
        check(&format!("GET /v1/kv/a?raw\n{link}"), true, false);
        check(&format!("POST /ui/\n{link}"), true, false);
    }
}
