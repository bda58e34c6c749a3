//! Catalogs that are slow, gone or wrong (acceptance 142, 143, 152).

use std::time::Duration;

use catalog::{Answer, CatalogError, FollowEvent, ServiceAct, ServiceEvent};
use pilot_core::spec::Status;
use tokio::time::{Instant, sleep};

use crate::{
    backend::{Backend, Eye},
    pilot::{Pilot, passing, service, settings},
    proxy::{Fault, Proxy},
};

const WATCH: &str = "GET /v1/health/service/app";

/// A watch of `app` behind a proxy, and the one who changes it.
struct Scene {
    _backend: Backend,
    proxy: Proxy,
    app: Pilot,
    reader: Pilot,
}

impl Scene {
    async fn new() -> Self {
        let backend = Backend::dev_catalog().await;
        let proxy = Proxy::before(backend.address()).await;
        let mut app = Pilot::at(backend.address());
        app.register("app", &service("app-host", 1), Status::Passing)
            .await;
        let mut settings = settings(proxy.address());
        settings.timeouts.call = Duration::from_millis(500);
        let mut reader = Pilot::with(settings);
        reader.watch("app");
        assert_eq!(reader.update("app").await.len(), 1);
        proxy.until_asked(WATCH, 2).await;
        Self {
            _backend: backend,
            proxy,
            app,
            reader,
        }
    }

    /// Changes the port, so that the instances differ.
    async fn change(&mut self, port: u16) {
        self.app
            .register("app", &service("app-host", port), Status::Passing)
            .await;
    }

    /// Breaks the way, waits for `Lost`, changes something, mends it, and waits for the change.
    async fn survives(&mut self, fault: Fault, port: u16) -> CatalogError {
        self.proxy.set(fault);
        let reason = loop {
            // What was broken off by the setting itself is not the fault that is looked for.
            if let FollowEvent::Lost { reason } = self.reader.follows(&passing("app")).await
                && !matches!(reason, CatalogError::Interrupted { .. })
            {
                break reason;
            }
        };
        self.mends(port).await;
        reason
    }

    async fn mends(&mut self, port: u16) {
        self.change(port).await;
        self.proxy.set(Fault::None);
        let mut ports = Vec::new();
        // Whoever hears that it answers again knows what it says.
        loop {
            match self.reader.follows(&passing("app")).await {
                FollowEvent::Lost { .. } => {}
                FollowEvent::Update(Answer::Instances(instances)) => {
                    ports.extend(instances.iter().map(|instance| instance.port));
                }
                FollowEvent::Update(other) => panic!("{other:?}"),
                FollowEvent::Back => break,
            }
        }
        assert_eq!(ports, [port]);
    }
}

#[tokio::test]
async fn a_watch_keeps_its_state_through_every_fault() {
    let mut scene = Scene::new().await;
    let address = scene.proxy.address();
    let mut port = 100;
    let mut next = || {
        port += 1;
        port
    };
    let call = "GET /v1/health/service/app";
    let said = scene.survives(Fault::Refuse, next()).await.to_string();
    let expected = format!("cannot reach Consul at {address}: connection refused");
    assert_eq!(said, expected);
    let said = scene.survives(Fault::Hang, next()).await.to_string();
    let expected = format!("Consul at {address} did not answer {call} within 500ms");
    assert_eq!(said, expected);
    let said = scene
        .survives(Fault::Slow(Duration::from_secs(30)), next())
        .await;
    assert_eq!(said.to_string(), expected);
    for (status, text) in [
        (500, "no leader"),
        (503, "starting"),
        (429, "slow down"),
        (403, "Permission denied"),
    ] {
        let said = scene
            .survives(Fault::Answer(status, text), next())
            .await
            .to_string();
        assert_eq!(said, format!("Consul answered {status} to {call}: {text}"));
    }
    let said = scene
        .survives(Fault::Body("", "[{\"Node\": 7"), next())
        .await
        .to_string();
    assert!(
        said.starts_with(&format!("cannot read Consul's answer to {call}: ")),
        "{said}"
    );
    let leaderless = Fault::Body("X-Consul-KnownLeader: false\r\n", "[]");
    let said = scene.survives(leaderless, next()).await.to_string();
    let doubt = format!("Consul's answer to {call} is not to be trusted");
    assert_eq!(said, format!("{doubt}: its servers have no leader"));
    let stale = Fault::Body(
        "X-Consul-LastContact: 600000\r\nX-Consul-Index: 9\r\n",
        "[]",
    );
    let said = scene.survives(stale, next()).await.to_string();
    assert_eq!(
        said,
        format!("{doubt}: its server has not heard from a leader for long")
    );
}

#[tokio::test]
async fn a_watch_keeps_its_state_when_answers_break_off() {
    for fault in [Fault::Cut, Fault::Garbage] {
        let mut scene = Scene::new().await;
        scene.proxy.set(fault);
        let event = scene.reader.follows(&passing("app")).await;
        assert!(matches!(event, FollowEvent::Lost { .. }), "{event:?}");
        scene.proxy.until_asked(WATCH, 4).await;
        scene.mends(7).await;
    }
}

#[tokio::test]
async fn no_index_however_wrong_hides_a_change_or_causes_a_flood() {
    for index in [
        None,
        Some("0"),
        Some("garbled"),
        Some("18446744073709551615"),
        Some("-1"),
        Some("1"),
    ] {
        let mut scene = Scene::new().await;
        scene.proxy.set(Fault::Index(index));
        let started_at = Instant::now();
        for port in [100, 101] {
            scene.change(port).await;
            assert_eq!(scene.reader.update("app").await[0].port, port, "{index:?}");
        }
        let allowed = 8 + 10 * started_at.elapsed().as_secs() as usize;
        assert!(
            scene.proxy.count(WATCH) < allowed,
            "{index:?}: {}",
            scene.proxy.count(WATCH)
        );
    }
}

#[tokio::test]
async fn early_answers_are_slowed_down_and_hide_nothing() {
    let mut scene = Scene::new().await;
    scene.proxy.set(Fault::Early);
    let before = scene.proxy.count(WATCH);
    let started_at = Instant::now();
    scene.proxy.until_asked(WATCH, before + 4).await;
    let took = started_at.elapsed();
    assert!(took > Duration::from_millis(650), "4 questions in {took:?}");
    scene.change(7).await;
    assert_eq!(scene.reader.update("app").await[0].port, 7);
}

#[tokio::test]
async fn a_silent_agent_holds_up_neither_caller_nor_withdrawal() {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    let mut settings = settings(proxy.address());
    settings.timeouts.call = Duration::from_millis(700);
    let mut pilot = Pilot::with(settings);
    let spec = service("web-host", 1);
    pilot.register("web", &spec, Status::Passing).await;
    proxy.set(Fault::Hang);
    let started_at = Instant::now();
    for _ in 0..1000 {
        pilot.publish("web", &spec, Status::Passing);
    }
    assert!(started_at.elapsed() < Duration::from_millis(500));
    tokio::task::yield_now().await;
    pilot.withdraw("web");
    loop {
        match pilot.service("web").await {
            ServiceEvent::Withdrawn { failure } => {
                let said = failure.expect("it could not be confirmed").to_string();
                assert!(
                    said.contains("did not answer") && said.contains("700ms"),
                    "{said}"
                );
                break;
            }
            ServiceEvent::Failing { .. } => {}
            event @ (ServiceEvent::Registered
            | ServiceEvent::Forgotten
            | ServiceEvent::Overtaken { .. }
            | ServiceEvent::Repaired { .. }
            | ServiceEvent::Back) => panic!("{event:?}"),
        }
    }
    assert!(started_at.elapsed() < Duration::from_secs(3));
    let asked = proxy.asked().len();
    assert!(asked < 8, "a thousand publishes made {asked} calls");
    pilot.handle.shutdown().await;
}

#[tokio::test]
async fn a_withdrawal_from_nobody_is_answered_at_once() {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    let mut pilot = Pilot::at(proxy.address());
    pilot
        .register("web", &service("web-host", 1), Status::Passing)
        .await;
    proxy
        .until_asked("PUT /v1/agent/check/update/service:web-host", 1)
        .await;
    proxy.set(Fault::Refuse);
    let started_at = Instant::now();
    pilot.withdraw("web");
    loop {
        if let ServiceEvent::Withdrawn { failure } = pilot.service("web").await {
            assert!(failure.is_some());
            break;
        }
    }
    assert!(started_at.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn a_denied_withdrawal_is_reported_and_does_not_hang() {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    let mut pilot = Pilot::at(proxy.address());
    pilot
        .register("web", &service("web-host", 1), Status::Passing)
        .await;
    proxy
        .until_asked("PUT /v1/agent/check/update/service:web-host", 1)
        .await;
    proxy.set(Fault::Answer(403, "Permission denied"));
    pilot.withdraw("web");
    let ServiceEvent::Withdrawn {
        failure: Some(failure),
    } = pilot.service("web").await
    else {
        panic!("it was denied");
    };
    assert_eq!(
        failure.to_string(),
        "Consul answered 403 to PUT /v1/agent/service/deregister/web-host: Permission denied"
    );
}

#[tokio::test]
async fn a_denied_registration_is_reported_once_and_not_hammered() {
    let backend = Backend::dev_catalog().await;
    let proxy = Proxy::before(backend.address()).await;
    proxy.set(Fault::Answer(403, "Permission denied"));
    let mut pilot = Pilot::at(proxy.address());
    let spec = service("web-host", 1);
    pilot.publish("web", &spec, Status::Passing);
    let event = pilot.service("web").await;
    let ServiceEvent::Failing { act, .. } = &event else {
        panic!("{event:?}");
    };
    assert_eq!(*act, ServiceAct::Register);
    for _ in 0..20 {
        pilot.publish("web", &spec, Status::Passing);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(proxy.asked().len(), 1);
    pilot.assert_silent();
}

#[tokio::test]
async fn a_connection_the_agent_closed_is_replaced_without_a_word() {
    let backend = Backend::dev_catalog().await;
    let eye = Eye(backend.address());
    let proxy = Proxy::before(backend.address()).await;
    let mut pilot = Pilot::at(proxy.address());
    let spec = service("web-host", 1);
    pilot.register("web", &spec, Status::Passing).await;
    eye.until_status("web-host", "passing").await;
    for status in [Status::Critical, Status::Passing, Status::Warning] {
        // Breaks off whatever is open.
        proxy.set(Fault::None);
        pilot.publish("web", &spec, status);
        eye.until_status("web-host", status.word()).await;
    }
    assert!(proxy.connections() > 1);
}

#[tokio::test]
async fn an_address_of_version_six_works() {
    let any = (std::net::Ipv6Addr::LOCALHOST, 0).into();
    let Ok(catalog) = dev_catalog::DevCatalog::bind(any) else {
        // A machine without IPv6 has nothing to say here.
        return;
    };
    let address = catalog.local_addr();
    let task = tokio::spawn(async { catalog.serve(std::future::pending()).await });
    let mut pilot = Pilot::at(address);
    pilot
        .register("web", &service("web-host", 1), Status::Passing)
        .await;
    task.abort();
}
