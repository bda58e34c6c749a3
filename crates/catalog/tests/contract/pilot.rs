//! A caller of the catalog: wishes in, events out, with everything seen kept for the failure.

use std::{net::SocketAddr, time::Duration};

use catalog::{
    CatalogEvent, CatalogHandle, Instance, KeyEvent, ServiceEvent, WatchEvent,
    consul::{Settings, Timeouts},
};
use pilot_core::{
    JobName, WatchName,
    spec::{ServiceSpec, Status, WatchSpec},
};
use tokio::{sync::mpsc, time::timeout};

use crate::backend::DEADLINE;

/// A caller of the catalog.
pub(crate) struct Pilot {
    pub(crate) handle: CatalogHandle,
    events: mpsc::Receiver<CatalogEvent>,
    seen: Vec<CatalogEvent>,
}

/// Settings for an agent, impatient enough for tests.
pub(crate) fn settings(address: SocketAddr) -> Settings {
    let mut settings = Settings::parse(&address.to_string()).unwrap();
    settings.timeouts = Timeouts {
        connect: Duration::from_secs(2),
        call: Duration::from_secs(2),
        wait: Duration::from_secs(60),
    };
    settings
}

/// A service of one instance.
pub(crate) fn service(id: &str, port: u16) -> ServiceSpec {
    ServiceSpec {
        name: None,
        id: id.to_owned(),
        address: "127.0.0.1".to_owned(),
        port,
        tags: Vec::new(),
        meta: Vec::new(),
        ttl: Duration::from_secs(30),
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
    }
}

/// A watch of a service, named like it.
pub(crate) fn watch(service: &str) -> WatchSpec {
    WatchSpec {
        name: WatchName::from(service),
        service: service.to_owned(),
        tag: None,
        dc: None,
        interval: Duration::from_secs(1),
    }
}

impl Pilot {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::with(settings(address))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let (sender, events) = mpsc::channel(8);
        let handle = CatalogHandle::spawn(settings, sender).unwrap();
        Self {
            handle,
            events,
            seen: Vec::new(),
        }
    }

    pub(crate) fn publish(&self, name: &str, spec: &ServiceSpec, status: Status) {
        let output = format!("it is {}", status.word());
        self.handle
            .publish(&JobName::from(name), spec, status, &output);
    }

    pub(crate) fn withdraw(&self, name: &str) {
        self.handle.withdraw(&JobName::from(name));
    }

    /// Waits for the next event.
    pub(crate) async fn next(&mut self) -> CatalogEvent {
        match timeout(DEADLINE, self.events.recv()).await {
            Ok(Some(event)) => {
                self.seen.push(event.clone());
                event
            }
            Ok(None) => panic!("the catalog is gone; seen: {:#?}", self.seen),
            Err(_) => panic!("no event within {DEADLINE:?}; seen: {:#?}", self.seen),
        }
    }

    /// Waits for the next event about a service, passing over others.
    pub(crate) async fn service(&mut self, wanted: &str) -> ServiceEvent {
        loop {
            if let CatalogEvent::Service { name, event } = self.next().await
                && name.as_str() == wanted
            {
                return event;
            }
        }
    }

    /// Waits for the next event about a watch, passing over others.
    pub(crate) async fn watch(&mut self, wanted: &str) -> WatchEvent {
        loop {
            if let CatalogEvent::Watch { name, event } = self.next().await
                && name.as_str() == wanted
            {
                return event;
            }
        }
    }

    /// Waits for the next update of a watch, passing over `Lost` and `Back`.
    pub(crate) async fn update(&mut self, wanted: &str) -> Vec<Instance> {
        loop {
            if let WatchEvent::Update { instances } = self.watch(wanted).await {
                return instances;
            }
        }
    }

    /// Waits for the next event about a key, passing over others.
    pub(crate) async fn key(&mut self, wanted: &str) -> KeyEvent {
        loop {
            if let CatalogEvent::Key { key, event } = self.next().await
                && key == wanted
            {
                return event;
            }
        }
    }

    /// Registers a service and waits until the agent has it.
    pub(crate) async fn register(&mut self, name: &str, spec: &ServiceSpec, status: Status) {
        self.publish(name, spec, status);
        assert_eq!(self.service(name).await, ServiceEvent::Registered);
    }

    /// Withdraws a service and waits for the last word.
    pub(crate) async fn withdrawn(&mut self, name: &str) {
        self.withdraw(name);
        let event = self.service(name).await;
        assert_eq!(event, ServiceEvent::Withdrawn { failure: None });
    }

    /// Asserts that nothing more is to be heard.
    pub(crate) fn assert_silent(&mut self) {
        if let Ok(event) = self.events.try_recv() {
            panic!("unexpected {event:?}; before it: {:#?}", self.seen);
        }
    }
}
