//! What goes over the wire to Consul: what only its Enterprise edition or a proxy before it
//! understands is looked at there, and what the real one refuses.

use std::time::Duration;

use catalog::{
    CatalogError, FollowEvent, Query,
    consul::{Auth, Settings},
    query::ServiceQuery,
    transport::Secret,
};
use pilot_core::spec::Status;

use crate::{
    backend::{Backend, Eye},
    consul::{Consul, Kind},
    pilot::{Pilot, service, settings},
    proxy::{Fault, Proxy},
};

const WATCH: &str = "GET /v1/health/service/db";
const EMPTY: &str = "X-Consul-Index: 7\r\n";

/// What is asked of a proxy that answers everything itself.
async fn asked(change: impl FnOnce(&mut Settings), query: ServiceQuery) -> (String, String) {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    proxy.set(Fault::Body(EMPTY, "[]"));
    let mut settings = settings(proxy.address());
    change(&mut settings);
    let pilot = Pilot::with(settings);
    pilot.follow(&Query::Service(query));
    pilot.publish("web", &service("web-host", 1), Status::Passing);
    let register = "PUT /v1/agent/service/register";
    proxy.until_asked(WATCH, 2).await;
    proxy.until_asked(register, 1).await;
    pilot.withdraw("web");
    let head = |line: &str, nth: usize| {
        let asked = proxy.asked().into_iter();
        let mut heads = asked.filter(|asked| asked.line == line);
        heads.nth(nth).unwrap().head
    };
    (head(WATCH, 1), head(register, 0))
}

fn first(head: &str) -> &str {
    head.lines().next().unwrap()
}

#[tokio::test]
async fn a_namespace_and_a_partition_go_with_every_call() {
    let change = |settings: &mut Settings| {
        settings.namespace = Some("team a".to_owned());
        settings.partition = Some("east".to_owned());
        settings.datacenter = Some("dc2".to_owned());
    };
    let (watch, register) = asked(change, ServiceQuery::passing("db")).await;
    let tail = "&ns=team%20a&partition=east HTTP/1.1";
    assert!(first(&watch).contains("&dc=dc2&ns"), "{watch}");
    assert!(first(&watch).ends_with(tail), "{watch}");
    // A service is registered where its agent is.
    assert!(!first(&register).contains("dc="), "{register}");
    assert!(first(&register).ends_with(tail), "{register}");
}

#[tokio::test]
async fn a_query_says_what_it_wants() {
    let query = ServiceQuery {
        near: Some("_agent".to_owned()),
        filter: Some("Service.Meta.v == \"2\"".to_owned()),
        dc: Some("dc3".to_owned()),
        ..ServiceQuery::passing("db")
    };
    let change = |settings: &mut Settings| {
        settings.datacenter = Some("dc2".to_owned());
        settings.max_stale = Some(Duration::from_secs(10));
        settings.timeouts.wait = Duration::from_secs(42);
    };
    let (watch, _) = asked(change, query).await;
    assert_eq!(
        first(&watch),
        "GET /v1/health/service/db?passing=1&near=_agent&filter=Service.Meta.v%20%3D%3D%20%222%22\
         &dc=dc3&index=7&wait=42s&stale= HTTP/1.1"
    );
}

#[tokio::test]
async fn a_proxy_that_asks_is_shown_who_we_are() {
    let change = |settings: &mut Settings| {
        settings.auth = Some(Auth {
            user: "pilot".to_owned(),
            password: Secret::new("secret"),
        });
    };
    let (watch, register) = asked(change, ServiceQuery::passing("db")).await;
    for head in [watch, register] {
        let head = head.to_lowercase();
        assert!(
            head.contains("authorization: basic cglsb3q6c2vjcmv0"),
            "{head}"
        );
    }
}

/// An answer that is too old is asked for again, of the leader.
#[tokio::test]
async fn an_answer_older_than_allowed_is_not_taken() {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    proxy.set(Fault::Body("X-Consul-LastContact: 11000\r\n", "[]"));
    let mut settings = settings(proxy.address());
    settings.max_stale = Some(Duration::from_secs(10));
    let pilot = Pilot::with(settings);
    pilot.watch("db");
    proxy.until_asked(WATCH, 2).await;
    let asked = proxy.asked();
    assert!(first(&asked[0].head).contains("stale="), "{asked:?}");
    assert!(!first(&asked[1].head).contains("stale="), "{asked:?}");
}

#[tokio::test]
async fn a_filter_chooses_and_one_that_is_none_is_refused_in_clear_words() {
    let consul = Consul::start(Kind::Forgetful).await;
    let mut pilot = Pilot::at(consul.http());
    for (id, version) in [("one", "1"), ("two", "2")] {
        let mut spec = service(id, 1);
        spec.name = Some("db".to_owned());
        spec.meta = vec![("version".to_owned(), version.to_owned())];
        pilot.register(id, &spec, Status::Passing).await;
        Eye(consul.http()).until_status(id, "passing").await;
    }
    let filtered = |filter: &str| {
        Query::Service(ServiceQuery {
            filter: Some(filter.to_owned()),
            ..ServiceQuery::passing("db")
        })
    };
    let second = filtered("Service.Meta.version == `2`");
    pilot.follow(&second);
    loop {
        let instances = pilot.instances(&second).await;
        if let [instance] = &*instances {
            assert_eq!(&*instance.id, "two");
            break;
        }
    }
    let wrong = filtered("Service.Nonsense == 1");
    pilot.follow(&wrong);
    let event = pilot.follows(&wrong).await;
    let FollowEvent::Lost { reason } = event else {
        panic!("{event:?}");
    };
    // 1.8 calls it its own mistake.
    let is_refused = matches!(
        reason,
        CatalogError::Refused {
            status: 400 | 500,
            ..
        }
    );
    assert!(is_refused, "{reason}");
    assert!(reason.to_string().contains("Nonsense"), "{reason}");
}

/// Consul without Enterprise says so.
#[tokio::test]
async fn a_namespace_is_refused_by_a_consul_that_has_none() {
    let consul = Consul::start(Kind::Forgetful).await;
    let mut settings = settings(consul.http());
    settings.namespace = Some("team".to_owned());
    let mut pilot = Pilot::with(settings);
    pilot.watch("db");
    let event = pilot.follows(&crate::pilot::passing("db")).await;
    let FollowEvent::Lost { reason } = event else {
        panic!("{event:?}");
    };
    let said = reason.to_string();
    assert!(
        said.contains("400") && said.contains("Enterprise"),
        "{said}"
    );
}
