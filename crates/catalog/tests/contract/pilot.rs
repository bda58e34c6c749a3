//! A caller of the catalog: wishes in, events out, with everything seen kept for the failure.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use catalog::{
    Answer, CatalogEvent, CatalogHandle, FollowEvent, Instance, LinkEvent, Query, ServiceEvent,
    consul::{Settings, Timeouts},
    query::ServiceQuery,
};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
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

/// The passing instances of a service.
pub(crate) fn passing(service: &str) -> Query {
    Query::Service(ServiceQuery::passing(service))
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

    /// Follows a query.
    pub(crate) fn follow(&self, query: &Query) {
        self.handle.follow(query.clone(), Duration::from_secs(1));
    }

    /// Follows the passing instances of a service.
    pub(crate) fn watch(&self, service: &str) {
        self.follow(&passing(service));
    }

    /// Waits for the next event about a query, passing over others.
    pub(crate) async fn follows(&mut self, wanted: &Query) -> FollowEvent {
        loop {
            if let CatalogEvent::Answer { query, event } = self.next().await
                && *query == *wanted
            {
                return event;
            }
        }
    }

    /// Waits for the next answer to a query, passing over `Lost` and `Back`.
    pub(crate) async fn answer(&mut self, wanted: &Query) -> Answer {
        loop {
            if let FollowEvent::Update(answer) = self.follows(wanted).await {
                return answer;
            }
        }
    }

    /// Waits for the next instances of a service, passing over `Lost` and `Back`.
    pub(crate) async fn update(&mut self, service: &str) -> Arc<[Instance]> {
        self.instances(&passing(service)).await
    }

    pub(crate) async fn instances(&mut self, query: &Query) -> Arc<[Instance]> {
        let answer = self.answer(query).await;
        let Answer::Instances(instances) = answer else {
            panic!("{answer:?}");
        };
        instances
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

    /// Asserts that nothing more is to be heard, but that the agent answers.
    pub(crate) fn assert_silent(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            let is_link = event == CatalogEvent::Link(LinkEvent::Back);
            assert!(is_link, "unexpected {event:?}; before it: {:#?}", self.seen);
            self.seen.push(event);
        }
    }
}
