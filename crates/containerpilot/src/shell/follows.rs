//! Services and keys that somebody looks at; each is asked for once, however many look.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use catalog::Instance;
use pilot_core::{
    TemplateName, WatchName,
    spec::{WatchId, WatchSpec},
};

/// The longest staleness of what only templates look at.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is asked of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Query {
    pub(super) service: String,
    pub(super) tag: Option<String>,
    pub(super) dc: Option<String>,
}

/// Something that a template is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Service(Query),
    Key(String),
}

/// Everything that is looked at.
#[derive(Default)]
pub(super) struct Follows {
    services: BTreeMap<Query, Service>,
    keys: BTreeMap<String, Key>,
}

#[derive(Default)]
struct Service {
    /// Watches of the configuration.
    watches: Vec<WatchSpec>,
    templates: BTreeSet<TemplateName>,
    instances: Option<Arc<Vec<Instance>>>,
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
    Watch(WatchSpec),
    Unwatch(WatchName),
    WatchKey(String, Duration),
    UnwatchKey(String),
}

impl Query {
    /// The name under which the catalog client knows it.
    pub(super) fn name(&self) -> WatchName {
        let part = |mark: &str, text: &Option<String>| {
            let text = text.as_ref();
            text.map(|text| format!("{mark}{text}")).unwrap_or_default()
        };
        let (tag, dc) = (part("?tag=", &self.tag), part("@", &self.dc));
        WatchName::new(format!("{}{tag}{dc}", self.service))
    }

    fn of(spec: &WatchSpec) -> Self {
        Self {
            service: spec.service.clone(),
            tag: spec.tag.clone(),
            dc: spec.dc.clone(),
        }
    }
}

impl Service {
    fn wanted(&self, query: &Query) -> Option<WatchSpec> {
        if self.watches.is_empty() && self.templates.is_empty() {
            return None;
        }
        let intervals = self.watches.iter().map(|watch| watch.interval);
        Some(WatchSpec {
            name: query.name(),
            service: query.service.clone(),
            tag: query.tag.clone(),
            dc: query.dc.clone(),
            interval: intervals.min().unwrap_or(INTERVAL),
        })
    }
}

impl Follows {
    /// A watch of the configuration looks at its service; gives what is known already.
    pub(super) fn add_watch(
        &mut self,
        watch: WatchSpec,
    ) -> (Option<Ask>, Option<Arc<Vec<Instance>>>) {
        let query = Query::of(&watch);
        let service = self.services.entry(query.clone()).or_default();
        let before = service.wanted(&query);
        service.watches.push(watch);
        let wanted = service.wanted(&query);
        let ask = (wanted != before).then_some(wanted).flatten();
        (ask.map(Ask::Watch), service.instances.clone())
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
                (false, false) => asks.push(Ask::WatchKey(key.clone(), INTERVAL)),
                (true, true) => asks.push(Ask::UnwatchKey(key.clone())),
                (false, true) | (true, false) => {}
            }
        }
        self.keys.retain(|_, entry| !entry.templates.is_empty());
        asks
    }

    fn revise(&mut self, mut change: impl FnMut(&mut Service)) -> Vec<Ask> {
        self.revise_services(|_, service| change(service))
    }

    fn revise_services(&mut self, mut change: impl FnMut(&Query, &mut Service)) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (query, service) in &mut self.services {
            let before = service.wanted(query);
            change(query, service);
            let wanted = service.wanted(query);
            match wanted {
                Some(wanted) if Some(&wanted) != before.as_ref() => asks.push(Ask::Watch(wanted)),
                None if before.is_some() => asks.push(Ask::Unwatch(query.name())),
                Some(_) | None => {}
            }
        }
        self.services
            .retain(|query, service| service.wanted(query).is_some());
        asks
    }

    /// Everything that is looked at, for a catalog that has not been asked yet.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let services = self.services.iter();
        let services = services.filter_map(|(query, service)| service.wanted(query));
        let keys = self.keys.keys();
        services
            .map(Ask::Watch)
            .chain(keys.map(|key| Ask::WatchKey(key.clone(), INTERVAL)))
            .collect()
    }

    /// The catalog told the instances of a service.
    pub(super) fn on_instances(&mut self, name: &WatchName, instances: Vec<Instance>) -> Audience {
        let found = self
            .services
            .iter_mut()
            .find(|(query, _)| query.name() == *name);
        let Some((_, service)) = found else {
            return Audience::default();
        };
        service.instances = Some(Arc::new(instances));
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

    pub(super) fn instances(&self, query: &Query) -> Option<&[Instance]> {
        let instances = self.services.get(query)?.instances.as_ref()?;
        Some(instances)
    }

    pub(super) fn knows_key(&self, key: &str) -> bool {
        self.keys
            .get(key)
            .is_some_and(|entry| entry.value.is_some())
    }

    /// Every service whose instances are known.
    pub(super) fn known_services(&self) -> BTreeMap<Query, Arc<Vec<Instance>>> {
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
