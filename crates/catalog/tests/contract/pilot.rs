//! A caller of the catalog: wishes in, events out, with everything seen kept for the failure.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use catalog::{
    Answer, CatalogEvent, CatalogHandle, FollowEvent, Instance, LinkEvent, Query, ServiceEvent,
    consul::Settings, query::ServiceQuery, transport::Timeouts,
};
use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::backend::DEADLINE;

/// A caller of the catalog.
pub(crate) struct Pilot {
    pub(crate) handle: CatalogHandle,
    events: mpsc::Receiver<CatalogEvent>,
    seen: Vec<CatalogEvent>,
    /// What was last said to each query.
    known: BTreeMap<Query, Answer>,
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
        weights: None,
        tagged_addresses: Vec::new(),
        checks: Vec::new(),
        ttl: Duration::from_secs(30),
        initial_status: None,
        enable_tag_override: false,
        deregister_critical_after: None,
        maintenance: pilot_core::spec::OutOfService::Withdrawn,
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

    /// As patient as it is for users: for where an agent has so much to answer that on a busy
    /// machine it may be late.
    pub(crate) fn patient(address: SocketAddr) -> Self {
        Self::with(Settings::parse(&address.to_string()).unwrap())
    }

    pub(crate) fn with(settings: impl Into<catalog::Settings>) -> Self {
        let (sender, events) = mpsc::channel(8);
        let handle = CatalogHandle::spawn(settings, sender).unwrap();
        Self {
            handle,
            events,
            seen: Vec::new(),
            known: BTreeMap::new(),
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
                if let CatalogEvent::Answer {
                    query,
                    event: FollowEvent::Update(answer),
                } = &event
                {
                    self.known.insert(Query::clone(query), answer.clone());
                }
                event
            }
            Ok(None) => panic!("the catalog is gone; seen last: {:#?}", self.last_seen()),
            Err(_) => panic!(
                "no event within {DEADLINE:?}; seen last: {:#?}",
                self.last_seen()
            ),
        }
    }

    /// As much as somebody reads.
    fn last_seen(&self) -> &[CatalogEvent] {
        &self.seen[self.seen.len().saturating_sub(10)..]
    }

    /// Waits for the next event, but only so long.
    pub(crate) async fn soon(&mut self, patience: Duration) -> Option<CatalogEvent> {
        timeout(patience, self.next()).await.ok()
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

    /// Waits for the next event about any query, passing over others.
    pub(crate) async fn next_answer(&mut self) -> FollowEvent {
        loop {
            if let CatalogEvent::Answer { event, .. } = self.next().await {
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

    /// Waits until what was last said to a query is as wanted, passing over what comes before.
    pub(crate) async fn until(
        &mut self,
        query: &Query,
        what: &str,
        is_so: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(answer) = self.known.get(query)
                && is_so(answer)
            {
                return answer.clone();
            }
            match timeout_at(deadline, self.next()).await {
                Ok(_) => {}
                Err(_) => panic!(
                    "{query} does not show {what} within {DEADLINE:?}; seen: {:#?}",
                    self.seen
                ),
            }
        }
    }

    /// Waits until the instances of a service are as wanted.
    pub(crate) async fn until_all(
        &mut self,
        query: &Query,
        what: &str,
        are_so: impl Fn(&[Instance]) -> bool,
    ) -> Arc<[Instance]> {
        let is_so =
            |answer: &Answer| matches!(answer, Answer::Instances(instances) if are_so(instances));
        let answer = self.until(query, what, is_so).await;
        let Answer::Instances(instances) = answer else {
            panic!("{query}: {answer:?}");
        };
        instances
    }

    /// Waits until a service has one instance, which is as wanted.
    pub(crate) async fn until_one(
        &mut self,
        query: &Query,
        what: &str,
        is_so: impl Fn(&Instance) -> bool,
    ) -> Instance {
        let found = self.until_all(query, what, |instances| match instances {
            [one] => is_so(one),
            _ => false,
        });
        found.await[0].clone()
    }

    /// Waits until a service has no instance.
    pub(crate) async fn until_none(&mut self, query: &Query) {
        self.until_all(query, "nothing", <[Instance]>::is_empty)
            .await;
    }

    /// Gives every answer to a query so far, of instances.
    pub(crate) fn told(&mut self, wanted: &Query) -> Vec<Arc<[Instance]>> {
        while let Ok(event) = self.events.try_recv() {
            self.seen.push(event);
        }
        let told = self.seen.iter().filter_map(|event| match event {
            CatalogEvent::Answer {
                query,
                event: FollowEvent::Update(Answer::Instances(instances)),
            } if **query == *wanted => Some(instances.clone()),
            CatalogEvent::Answer { .. } | CatalogEvent::Service { .. } | CatalogEvent::Link(_) => {
                None
            }
        });
        told.collect()
    }

    /// Waits until the catalog has taken this status of a service.
    pub(crate) async fn until_standing(&self, name: &str, status: Status) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let standing = self.handle.status();
            let standing = standing.services.get(&JobName::from(name));
            if standing.is_some_and(|standing| standing.registered == Some(status)) {
                return;
            }
            assert!(Instant::now() < deadline, "{name}: {standing:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until queries have been answered since a moment, whether or not that told anything.
    pub(crate) async fn until_answered(&self, queries: &[&Query], since: std::time::Instant) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let answered = self.handle.status().answered;
            let is_new = |query: &&Query| answered.get(*query).is_some_and(|at| *at > since);
            if queries.iter().all(is_new) {
                return;
            }
            assert!(Instant::now() < deadline, "not answered: {answered:?}");
            sleep(Duration::from_millis(5)).await;
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

    /// Asserts that nothing more is to be heard, but that the agent answers.
    pub(crate) fn assert_silent(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            let is_link = event == CatalogEvent::Link(LinkEvent::Back);
            assert!(is_link, "unexpected {event:?}; before it: {:#?}", self.seen);
            self.seen.push(event);
        }
    }
}
