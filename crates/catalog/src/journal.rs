//! What of the events is worth a line in a log, and how loud: one warning for one outage.
//!
//! A catalog that is gone is said once, and not by each service and query that misses it; the same
//! holds for servers that answer nobody. What concerns one alone is said of that one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use pilot_core::{JobName, spec::ServiceSpec};

use crate::{CatalogError, CatalogEvent, FollowEvent, LinkEvent, Query, ServiceEvent, Severity};

/// Remembers what was said, so that an outage is said once and its end too.
#[derive(Debug, Default)]
pub struct Journal {
    link: Link,
    /// The queries that the servers answer nobody, and since when.
    unserved: BTreeSet<Arc<Query>>,
    unserved_since: Option<Instant>,
    /// The most that were in it during this outage.
    most_unserved: usize,
    /// Those that have a trouble of their own.
    queries: BTreeSet<Arc<Query>>,
    services: BTreeSet<JobName>,
    /// What others call the services that do not bear their job's name.
    names: BTreeMap<JobName, String>,
}

#[derive(Debug, Default)]
enum Link {
    #[default]
    Untried,
    Up {
        /// When it came back, if it ever was gone.
        back_at: Option<Instant>,
        flaps: u32,
    },
    Down {
        since: Instant,
        flaps: u32,
    },
}

/// Whose trouble it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The way to the catalog is cut, which the link says.
    Link,
    /// The servers answer nobody.
    Servers,
    /// Only the one that asked.
    Own,
}

impl Journal {
    // A catalog that was back for less than this comes and goes.
    const STEADY: Duration = Duration::from_secs(60);

    /// Learns what others call the service of a job.
    pub fn know(&mut self, job: &JobName, service: &ServiceSpec) {
        match &service.name {
            Some(name) if self.names.get(job) != Some(name) => {
                self.names.insert(job.clone(), name.clone());
            }
            Some(_) => {}
            None => {
                self.names.remove(job);
            }
        }
    }

    /// Says what to write for an event, and how loud.
    pub fn line(&mut self, now: Instant, event: &CatalogEvent) -> (Severity, String) {
        let (severity, line) = match event {
            CatalogEvent::Link(event) => self.on_link(now, event),
            CatalogEvent::Service { name, event } => {
                let severity = self.on_service(name, event);
                let line = self.names.get(name).map(|known| {
                    let (name, event) = (JobName::from(known.as_str()), event.clone());
                    CatalogEvent::Service { name, event }.to_string()
                });
                (severity, line)
            }
            CatalogEvent::Answer { query, event } => self.on_answer(now, query, event),
        };
        (severity, line.unwrap_or_else(|| event.to_string()))
    }

    fn on_link(&mut self, now: Instant, event: &LinkEvent) -> (Severity, Option<String>) {
        match event {
            LinkEvent::Lost { reason, .. } => {
                // They will be asked again, and say anew what they meet.
                self.unserved.clear();
                let flaps = match self.link {
                    Link::Untried => 0,
                    Link::Up {
                        back_at: Some(at),
                        flaps,
                    } if now - at < Self::STEADY => flaps + 1,
                    Link::Up { .. } => 0,
                    Link::Down { flaps, .. } => flaps,
                };
                self.link = Link::Down { since: now, flaps };
                match flaps {
                    0 => (Severity::Warning, None),
                    1 => {
                        let line = format!("the catalog comes and goes: {reason}");
                        (Severity::Warning, Some(line))
                    }
                    _ => (Severity::Debug, None),
                }
            }
            LinkEvent::Unrenewed { .. } => (Severity::Warning, None),
            LinkEvent::Back => match self.link {
                Link::Untried | Link::Up { .. } => {
                    let (back_at, flaps) = (None, 0);
                    self.link = Link::Up { back_at, flaps };
                    (Severity::Debug, None)
                }
                Link::Down { since, flaps } => {
                    let back_at = Some(now);
                    self.link = Link::Up { back_at, flaps };
                    let line = format!("the catalog is back after {}", span(now - since));
                    let severity = if flaps > 1 {
                        Severity::Debug
                    } else {
                        Severity::Info
                    };
                    (severity, Some(line))
                }
            },
        }
    }

    fn on_service(&mut self, name: &JobName, event: &ServiceEvent) -> Severity {
        match event {
            ServiceEvent::Failing { reason, .. } if reason.was_answered() => {
                self.services.insert(name.clone());
                Severity::Warning
            }
            ServiceEvent::Failing { .. } => Severity::Debug,
            ServiceEvent::Back if self.services.remove(name) => Severity::Info,
            ServiceEvent::Back => Severity::Debug,
            ServiceEvent::Registered => {
                self.services.remove(name);
                Severity::Info
            }
            ServiceEvent::Forgotten
            | ServiceEvent::Repaired { .. }
            | ServiceEvent::Overtaken { .. } => Severity::Warning,
            ServiceEvent::Withdrawn { failure } => {
                self.services.remove(name);
                match failure {
                    Some(_) => Severity::Info,
                    None => Severity::Debug,
                }
            }
        }
    }

    fn on_answer(
        &mut self,
        now: Instant,
        query: &Arc<Query>,
        event: &FollowEvent,
    ) -> (Severity, Option<String>) {
        match event {
            FollowEvent::Update(_) => (Severity::Debug, None),
            FollowEvent::Lost { reason } => {
                self.queries.remove(query);
                match whose(reason) {
                    Whose::Link => {
                        self.unserved.remove(query);
                        (Severity::Debug, None)
                    }
                    Whose::Servers => (self.on_unserved(now, query), None),
                    Whose::Own => {
                        self.unserved.remove(query);
                        self.queries.insert(query.clone());
                        (Severity::Warning, None)
                    }
                }
            }
            FollowEvent::Back if self.queries.remove(query) => (Severity::Info, None),
            FollowEvent::Back if self.unserved.remove(query) => self.on_served(now),
            FollowEvent::Back => (Severity::Debug, None),
        }
    }

    fn on_unserved(&mut self, now: Instant, query: &Arc<Query>) -> Severity {
        let is_first = self.unserved.is_empty();
        self.unserved.insert(query.clone());
        if is_first {
            self.unserved_since = Some(now);
            self.most_unserved = 0;
        }
        self.most_unserved = self.most_unserved.max(self.unserved.len());
        if is_first {
            Severity::Warning
        } else {
            Severity::Debug
        }
    }

    fn on_served(&mut self, now: Instant) -> (Severity, Option<String>) {
        if !self.unserved.is_empty() {
            return (Severity::Debug, None);
        }
        let took = self
            .unserved_since
            .take()
            .map_or(Duration::ZERO, |since| now - since);
        let line = (self.most_unserved > 1).then(|| {
            let (many, took) = (self.most_unserved, span(took));
            format!("{many} queries are answered again after {took}")
        });
        (Severity::Info, line)
    }
}

fn whose(reason: &CatalogError) -> Whose {
    let is_of_servers = match reason {
        // What Consul 1.8 says of a filter that is none.
        CatalogError::Refused { text, .. } if text.contains("boolean expression") => false,
        CatalogError::Refused { status, .. } => *status >= 500 || *status == 429,
        CatalogError::Doubtful { .. } => true,
        CatalogError::Unreachable { .. }
        | CatalogError::Silent { .. }
        | CatalogError::Interrupted { .. }
        | CatalogError::Malformed { .. }
        | CatalogError::Oversized { .. }
        | CatalogError::Token { .. }
        | CatalogError::Unsupported { .. }
        | CatalogError::Outdated { .. }
        | CatalogError::Forgetful
        | CatalogError::Overdue { .. } => false,
    };
    if is_of_servers {
        Whose::Servers
    } else if reason.was_answered() {
        Whose::Own
    } else {
        Whose::Link
    }
}

/// A span as people say it.
fn span(span: Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, ServiceAct};

    /// Tells events, one second apart, and gives what is worth at least an info line.
    struct Reader {
        journal: Journal,
        now: Instant,
    }

    impl Reader {
        fn new() -> Self {
            Self {
                journal: Journal::default(),
                now: Instant::now(),
            }
        }

        #[track_caller]
        fn hears(&mut self, event: &CatalogEvent, expected: &str) {
            self.now += Duration::from_secs(1);
            let (severity, line) = self.journal.line(self.now, event);
            let said = match severity {
                Severity::Debug => String::new(),
                Severity::Info => format!("info: {line}"),
                Severity::Warning => format!("warning: {line}"),
            };
            assert_eq!(said, expected);
        }

        #[track_caller]
        fn loses(&mut self, query: &str, reason: CatalogError, expected: &str) {
            self.hears(&answer(query, FollowEvent::Lost { reason }), expected);
        }
    }

    fn answer(query: &str, event: FollowEvent) -> CatalogEvent {
        let query = crate::query::ServiceQuery::passing(query);
        let query = Arc::new(Query::Service(query));
        CatalogEvent::Answer { query, event }
    }

    fn unreachable() -> CatalogError {
        CatalogError::Unreachable {
            who: Backend::Consul,
            address: "c:8500".to_owned(),
            reason: "connection refused".to_owned(),
        }
    }

    fn refused(status: u16) -> CatalogError {
        CatalogError::Refused {
            who: Backend::Consul,
            status,
            call: "GET /".to_owned(),
            text: "no".to_owned(),
        }
    }

    fn lost() -> CatalogEvent {
        CatalogEvent::Link(LinkEvent::Lost {
            reason: unreachable(),
            services: 1,
            queries: 1000,
        })
    }

    fn back() -> CatalogEvent {
        CatalogEvent::Link(LinkEvent::Back)
    }

    #[test]
    fn a_catalog_that_is_gone_is_said_once_and_so_is_its_return() {
        let mut reader = Reader::new();
        let name = JobName::from("app");
        let event = |event| CatalogEvent::Service {
            name: name.clone(),
            event,
        };
        reader.hears(&back(), "");
        reader.hears(
            &lost(),
            "warning: the catalog is lost: cannot reach Consul at c:8500: connection refused; one \
             service is not reported to it until it is back; 1000 queries stand as they were \
             answered last",
        );
        for query in ["a", "b", "c"] {
            reader.loses(query, unreachable(), "");
        }
        let failing = ServiceEvent::Failing {
            act: ServiceAct::Update,
            reason: unreachable(),
        };
        reader.hears(&event(failing), "");
        reader.hears(&back(), "info: the catalog is back after 5.0s");
        for query in ["a", "b", "c"] {
            reader.hears(&answer(query, FollowEvent::Back), "");
        }
        reader.hears(&event(ServiceEvent::Back), "");
    }

    #[test]
    fn servers_that_answer_nobody_are_said_once() {
        let mut reader = Reader::new();
        reader.loses(
            "a",
            refused(500),
            "warning: failed to query a: Consul answered 500 to GET /: no",
        );
        reader.loses("b", refused(503), "");
        reader.loses("c", refused(429), "");
        reader.hears(&answer("b", FollowEvent::Back), "");
        reader.hears(&answer("a", FollowEvent::Back), "");
        reader.hears(
            &answer("c", FollowEvent::Back),
            "info: 3 queries are answered again after 5.0s",
        );
        reader.loses(
            "a",
            refused(500),
            "warning: failed to query a: Consul answered 500 to GET /: no",
        );
        reader.hears(
            &answer("a", FollowEvent::Back),
            "info: queries for a are answered again",
        );
    }

    #[test]
    fn trouble_of_one_alone_is_said_of_that_one() {
        let mut reader = Reader::new();
        let denied = "Consul answered 403 to GET /: no";
        reader.loses(
            "a",
            refused(403),
            &format!("warning: failed to query a: {denied}"),
        );
        reader.loses(
            "b",
            refused(403),
            &format!("warning: failed to query b: {denied}"),
        );
        reader.hears(
            &answer("b", FollowEvent::Back),
            "info: queries for b are answered again",
        );
    }

    #[test]
    fn a_catalog_that_comes_and_goes_is_said_once() {
        let mut reader = Reader::new();
        let expected = reader.journal.line(reader.now, &lost()).1;
        assert!(expected.starts_with("the catalog is lost"), "{expected}");
        reader.hears(&back(), "info: the catalog is back after 1.0s");
        reader.hears(&lost(),
            "warning: the catalog comes and goes: cannot reach Consul at c:8500: connection refused",
        );
        reader.hears(&back(), "info: the catalog is back after 1.0s");
        for _ in 0..5 {
            reader.hears(&lost(), "");
            reader.hears(&back(), "");
        }
        reader.now += Duration::from_secs(100);
        let (severity, _) = reader.journal.line(reader.now, &lost());
        assert_eq!(severity, Severity::Warning);
    }
}
