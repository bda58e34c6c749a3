//! Services and keys that somebody looks at; each is asked for once, however many look.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use catalog::{
    Instance,
    query::{self, ServiceQuery},
};
use pilot_core::{
    TemplateName,
    spec::{WatchId, WatchSpec},
};

/// The longest staleness of what only templates look at.
const INTERVAL: Duration = Duration::from_secs(60);

/// Something that a template is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Service(ServiceQuery),
    Key(String),
}

/// Everything that is looked at.
#[derive(Default)]
pub(super) struct Follows {
    services: BTreeMap<ServiceQuery, Service>,
    keys: BTreeMap<String, Key>,
}

#[derive(Default)]
struct Service {
    /// Watches of the configuration.
    watches: Vec<WatchSpec>,
    templates: BTreeSet<TemplateName>,
    instances: Option<Arc<[Instance]>>,
}

#[derive(Default)]
struct Key {
    templates: BTreeSet<TemplateName>,
    /// Known once the catalog has answered; none inside means that there is no such key.
    value: Option<Option<String>>,
}

/// Who has to hear of an answer.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pub(super) watches: Vec<WatchId>,
    pub(super) templates: Vec<TemplateName>,
}

/// What has to be asked of the catalog now, or no longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Follow(query::Query, Duration),
    Unfollow(query::Query),
}

/// What a watch of the configuration looks at.
fn watched(spec: &WatchSpec) -> ServiceQuery {
    ServiceQuery {
        tag: spec.tag.clone(),
        dc: spec.dc.clone(),
        ..ServiceQuery::passing(spec.service.clone())
    }
}

fn key(path: &str) -> query::Query {
    query::Query::Key {
        path: path.to_owned(),
        dc: None,
    }
}

impl Service {
    /// The longest staleness that everybody bears; none if nobody looks.
    fn wanted(&self) -> Option<Duration> {
        if self.watches.is_empty() && self.templates.is_empty() {
            return None;
        }
        let intervals = self.watches.iter().map(|watch| watch.interval);
        Some(intervals.min().unwrap_or(INTERVAL))
    }
}

impl Follows {
    /// A watch of the configuration looks at its service; gives what is known already.
    pub(super) fn add_watch(&mut self, watch: WatchSpec) -> (Option<Ask>, Option<Arc<[Instance]>>) {
        let query = watched(&watch);
        let service = self.services.entry(query.clone()).or_default();
        let before = service.wanted();
        service.watches.push(watch);
        let wanted = service.wanted();
        let ask = (wanted != before).then_some(wanted).flatten();
        let ask = ask.map(|interval| Ask::Follow(query::Query::Service(query), interval));
        (ask, service.instances.clone())
    }

    pub(super) fn drop_watch(&mut self, id: &WatchId) -> Vec<Ask> {
        self.revise(|service| service.watches.retain(|watch| watch.id() != *id))
    }

    /// A template looks at exactly these now.
    pub(super) fn set_needs(
        &mut self,
        template: &TemplateName,
        needs: &BTreeSet<Need>,
    ) -> Vec<Ask> {
        for need in needs {
            match need {
                Need::Service(query) => drop(self.services.entry(query.clone()).or_default()),
                Need::Key(key) => drop(self.keys.entry(key.clone()).or_default()),
            }
        }
        let mut asks = self.revise_services(|query, service| {
            let needed = needs.contains(&Need::Service(query.clone()));
            set_member(&mut service.templates, template, needed);
        });
        for (key, entry) in &mut self.keys {
            let before = !entry.templates.is_empty();
            let needed = needs.contains(&Need::Key(key.clone()));
            set_member(&mut entry.templates, template, needed);
            match (before, entry.templates.is_empty()) {
                (false, false) => asks.push(Ask::Follow(self::key(key), INTERVAL)),
                (true, true) => asks.push(Ask::Unfollow(self::key(key))),
                (false, true) | (true, false) => {}
            }
        }
        self.keys.retain(|_, entry| !entry.templates.is_empty());
        asks
    }

    fn revise(&mut self, mut change: impl FnMut(&mut Service)) -> Vec<Ask> {
        self.revise_services(|_, service| change(service))
    }

    fn revise_services(&mut self, mut change: impl FnMut(&ServiceQuery, &mut Service)) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (query, service) in &mut self.services {
            let before = service.wanted();
            change(query, service);
            let wanted = service.wanted();
            match wanted {
                Some(interval) if Some(interval) != before => {
                    let query = query::Query::Service(query.clone());
                    asks.push(Ask::Follow(query, interval));
                }
                None if before.is_some() => {
                    asks.push(Ask::Unfollow(query::Query::Service(query.clone())));
                }
                Some(_) | None => {}
            }
        }
        self.services
            .retain(|_, service| service.wanted().is_some());
        asks
    }

    /// Everything that is looked at, for a catalog that has not been asked yet.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let services = self.services.iter();
        let services = services.filter_map(|(query, service)| {
            let query = query::Query::Service(query.clone());
            Some(Ask::Follow(query, service.wanted()?))
        });
        let keys = self.keys.keys();
        services
            .chain(keys.map(|key| Ask::Follow(self::key(key), INTERVAL)))
            .collect()
    }

    /// The catalog told the instances of a service.
    pub(super) fn on_instances(
        &mut self,
        query: &ServiceQuery,
        instances: Arc<[Instance]>,
    ) -> Audience {
        let Some(service) = self.services.get_mut(query) else {
            return Audience::default();
        };
        service.instances = Some(instances);
        Audience {
            watches: service.watches.iter().map(WatchSpec::id).collect(),
            templates: service.templates.iter().cloned().collect(),
        }
    }

    /// The catalog told the value of a key.
    pub(super) fn on_value(&mut self, key: &str, value: Option<String>) -> Audience {
        let Some(entry) = self.keys.get_mut(key) else {
            return Audience::default();
        };
        entry.value = Some(value);
        Audience {
            watches: Vec::new(),
            templates: entry.templates.iter().cloned().collect(),
        }
    }

    pub(super) fn instances(&self, query: &ServiceQuery) -> Option<&[Instance]> {
        let instances = self.services.get(query)?.instances.as_ref()?;
        Some(instances)
    }

    pub(super) fn knows_key(&self, key: &str) -> bool {
        self.keys
            .get(key)
            .is_some_and(|entry| entry.value.is_some())
    }

    /// Every service whose instances are known.
    pub(super) fn known_services(&self) -> BTreeMap<ServiceQuery, Arc<[Instance]>> {
        let known = self.services.iter();
        known
            .filter_map(|(query, service)| Some((query.clone(), service.instances.clone()?)))
            .collect()
    }

    /// Every key whose value, or absence, is known.
    pub(super) fn known_keys(&self) -> BTreeMap<String, Option<String>> {
        let known = self.keys.iter();
        known
            .filter_map(|(key, entry)| Some((key.clone(), entry.value.clone()?)))
            .collect()
    }
}

fn set_member(templates: &mut BTreeSet<TemplateName>, template: &TemplateName, member: bool) {
    if member {
        templates.insert(template.clone());
    } else {
        templates.remove(template);
    }
}
