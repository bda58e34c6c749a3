//! Registration in the words of Consul's API (acceptance 133-137, 140, 145); what any catalog
//! promises is in `suite`.

use std::time::Duration;

use catalog::ServiceEvent;
use pilot_core::spec::Status;

use crate::{
    backend::{Backend, Eye, contract},
    pilot::{Pilot, service, settings},
    proxy::Proxy,
};

contract! {
    a_first_publish_registers_and_passes,
    everything_described_reaches_the_catalog,
    the_wire_carries_one_registration_and_the_token,
    a_reload_that_leads_to_another_agent_moves_services,
    calls_share_one_connection,
}

async fn a_first_publish_registers_and_passes(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let spec = service("first-host", 8000);
    pilot.register("first", &spec, Status::Passing).await;
    let check = eye.until_status("first-host", "passing").await;
    assert_eq!(check["CheckID"], "service:first-host");
    assert_eq!(check["Notes"], "TTL for first set by containerpilot");
    eye.until("the update followed", async || {
        let output = eye.check("first-host").await["Output"].clone();
        (output == "it is passing").then_some(())
    })
    .await;
}

async fn everything_described_reaches_the_catalog(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let mut spec = service("rich host/é", 8000);
    spec.tags = vec!["a".to_owned(), "b,c".to_owned()];
    spec.meta = vec![("version".to_owned(), "1.2".to_owned())];
    spec.enable_tag_override = true;
    spec.deregister_critical_after = Some(Duration::from_secs(600));
    pilot.register("rich", &spec, Status::Passing).await;
    let held = eye.service("rich host/é").await;
    assert_eq!(held["Service"], "rich");
    assert_eq!(held["Address"], "127.0.0.1");
    assert_eq!(held["Port"], 8000);
    assert_eq!(held["Tags"], serde_json::json!(["a", "b,c"]));
    assert_eq!(held["Meta"]["version"], "1.2");
    assert_eq!(held["EnableTagOverride"], true);
    eye.until_status("rich host/é", "passing").await;
    pilot.withdrawn("rich").await;
    assert!(eye.service("rich host/é").await.is_null());
}

async fn the_wire_carries_one_registration_and_the_token(backend: Backend) {
    let proxy = Proxy::before(backend.address()).await;
    let mut settings = settings(proxy.address());
    settings = settings
        .overridden_by(|name| (name == "CONSUL_HTTP_TOKEN").then(|| "anonymous-token".to_owned()));
    let mut pilot = Pilot::with(settings);
    let spec = service("wire-host", 1);
    pilot.register("wire", &spec, Status::Passing).await;
    proxy
        .until_asked("PUT /v1/agent/check/update/service:wire-host", 1)
        .await;
    pilot.publish("wire", &spec, Status::Passing);
    proxy
        .until_asked("PUT /v1/agent/check/update/service:wire-host", 2)
        .await;
    pilot.withdrawn("wire").await;
    let asked = proxy.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let expected = [
        "PUT /v1/agent/service/register",
        "PUT /v1/agent/check/update/service:wire-host",
        "PUT /v1/agent/check/update/service:wire-host",
        "GET /v1/agent/service/wire-host",
        "PUT /v1/agent/service/deregister/wire-host",
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        asked[0].body,
        concat!(
            r#"{"ID":"wire-host","Name":"wire","Port":1,"Address":"127.0.0.1","#,
            r#""Check":{"TTL":"30s","Status":"passing","Notes":"TTL for wire set by containerpilot"}}"#
        )
    );
    assert_eq!(
        asked[1].body,
        r#"{"Status":"passing","Output":"it is passing"}"#
    );
    for asked in asked {
        let head = asked.head.to_ascii_lowercase();
        assert!(head.contains("x-consul-token: anonymous-token"), "{head}");
    }
}

async fn a_reload_that_leads_to_another_agent_moves_services(backend: Backend) {
    let eye = Eye(backend.address());
    let proxy = Proxy::before(backend.address()).await;
    let mut pilot = Pilot::at(proxy.address());
    let spec = service("mover-host", 1);
    pilot.register("mover", &spec, Status::Passing).await;
    let other = Proxy::before(backend.address()).await;
    pilot
        .handle
        .replace_settings(settings(other.address()))
        .unwrap();
    assert_eq!(pilot.service("mover").await, ServiceEvent::Registered);
    proxy
        .until_asked("PUT /v1/agent/service/deregister/mover-host", 1)
        .await;
    // Both ways lead to one agent here, so the farewell may have hit the newcomer.
    pilot.publish("mover", &spec, Status::Passing);
    eye.until_status("mover-host", "passing").await;
}

async fn calls_share_one_connection(backend: Backend) {
    let proxy = Proxy::before(backend.address()).await;
    let mut pilot = Pilot::at(proxy.address());
    let spec = service("thrifty-host", 1);
    pilot.register("thrifty", &spec, Status::Passing).await;
    for count in 1..20 {
        proxy
            .until_asked("PUT /v1/agent/check/update/service:thrifty-host", count)
            .await;
        pilot.publish("thrifty", &spec, Status::Passing);
    }
    assert_eq!(proxy.connections(), 1);
}
