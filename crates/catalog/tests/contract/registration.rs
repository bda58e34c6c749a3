//! Registration on a catalog that works (acceptance 133-137, 140, 145).

use std::time::Duration;

use catalog::{Link, ServiceEvent};
use pilot_core::{JobName, spec::Status};

use crate::{
    backend::{Backend, Eye, contract},
    pilot::{Pilot, service, settings},
    proxy::Proxy,
};

contract! {
    a_first_publish_registers_and_passes,
    an_initial_status_shows_before_any_check,
    critical_shows_at_once_with_its_output,
    everything_described_reaches_the_catalog,
    a_new_address_takes_the_place_of_the_old,
    a_withdrawal_empties_the_catalog_and_a_publish_refills_it,
    a_foreign_deregistration_is_repaired,
    a_helper_that_was_killed_takes_over_what_it_left,
    the_ttl_speaks_when_we_do_not,
    the_wire_carries_one_registration_and_the_token,
    a_reload_that_leads_to_another_agent_moves_services,
    calls_share_one_connection,
    status_tells_how_things_stand,
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

async fn an_initial_status_shows_before_any_check(backend: Backend) {
    let eye = Eye(backend.address());
    let pilot = Pilot::at(backend.address());
    pilot.publish("initial", &service("initial-host", 1), Status::Warning);
    eye.until_status("initial-host", "warning").await;
}

async fn critical_shows_at_once_with_its_output(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let spec = service("sick-host", 1);
    pilot.register("sick", &spec, Status::Passing).await;
    let name = JobName::from("sick");
    pilot
        .handle
        .publish(&name, &spec, Status::Critical, "disk full");
    let check = eye.until_status("sick-host", "critical").await;
    assert_eq!(check["Output"], "disk full");
    pilot.publish("sick", &spec, Status::Passing);
    eye.until_status("sick-host", "passing").await;
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

async fn a_new_address_takes_the_place_of_the_old(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let mut spec = service("moving-host", 1);
    pilot.register("moving", &spec, Status::Passing).await;
    spec.address = "127.0.0.2".to_owned();
    pilot.register("moving", &spec, Status::Critical).await;
    assert_eq!(eye.service("moving-host").await["Address"], "127.0.0.2");
    // Consul itself would go on with the status the check had.
    eye.until_status("moving-host", "critical").await;
    let found = eye.get("/v1/catalog/service/moving").await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
}

async fn a_withdrawal_empties_the_catalog_and_a_publish_refills_it(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let spec = service("resting-host", 1);
    pilot.register("resting", &spec, Status::Passing).await;
    pilot.withdrawn("resting").await;
    eye.until_gone("resting-host").await;
    pilot.withdrawn("resting").await;
    pilot.register("resting", &spec, Status::Passing).await;
    eye.until_status("resting-host", "passing").await;
}

async fn a_foreign_deregistration_is_repaired(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let spec = service("robbed-host", 1);
    pilot.register("robbed", &spec, Status::Passing).await;
    eye.until("the update has been told", async || {
        let output = eye.check("robbed-host").await["Output"].clone();
        (output == "it is passing").then_some(())
    })
    .await;
    let path = "/v1/agent/service/deregister/robbed-host";
    assert_eq!(eye.put(path, "").await, 200);
    pilot.publish("robbed", &spec, Status::Critical);
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Forgotten);
    assert_eq!(pilot.service("robbed").await, ServiceEvent::Registered);
    eye.until_status("robbed-host", "critical").await;
}

async fn a_helper_that_was_killed_takes_over_what_it_left(backend: Backend) {
    let eye = Eye(backend.address());
    let spec = service("heir-host", 1);
    let mut pilot = Pilot::at(backend.address());
    pilot.register("heir", &spec, Status::Critical).await;
    pilot.handle.shutdown().await;
    let pilot = Pilot::at(backend.address());
    pilot.publish("heir", &service("heir-host", 2), Status::Warning);
    eye.until_status("heir-host", "warning").await;
    assert_eq!(eye.service("heir-host").await["Port"], 2);
}

async fn the_ttl_speaks_when_we_do_not(backend: Backend) {
    let eye = Eye(backend.address());
    let mut pilot = Pilot::at(backend.address());
    let mut spec = service("silent-host", 1);
    spec.ttl = Duration::from_millis(1500);
    pilot.register("silent", &spec, Status::Passing).await;
    pilot.handle.shutdown().await;
    eye.until_status("silent-host", "critical").await;
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

async fn status_tells_how_things_stand(backend: Backend) {
    let mut pilot = Pilot::at(backend.address());
    assert_eq!(pilot.handle.status().link, Link::Untried);
    let spec = service("known-host", 1);
    pilot.register("known", &spec, Status::Warning).await;
    let status = pilot.handle.status();
    assert!(matches!(status.link, Link::Up { .. }), "{status:?}");
    let standing = &status.services[&JobName::from("known")];
    assert_eq!(standing.id, "known-host");
    assert_eq!(standing.registered, Some(Status::Warning));
    assert_eq!(standing.failure, None);
}
