//! What watches and templates look at: each thing is asked for once, however many look.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use catalog::{
    Instance,
    answer::Answer,
    query::{Query, ServiceQuery},
};
use ctmpl::{Brain, Known, Source};
use pilot_core::{
    TemplateName,
    spec::{WatchId, WatchSpec},
};

/// The longest staleness of what only templates look at.
const INTERVAL: Duration = Duration::from_secs(60);

/// Everything that is looked at, and what is known of it.
#[derive(Default)]
pub(super) struct Follows {
    queries: BTreeMap<Query, Lookers>,
    files: BTreeMap<String, BTreeSet<TemplateName>>,
    pub(super) brain: Brain,
}

/// Who looks at something of the catalog.
#[derive(Default)]
struct Lookers {
    /// Watches of the configuration.
    watches: Vec<WatchSpec>,
    templates: BTreeSet<TemplateName>,
    answered: Answered,
}

/// Whether the catalog answers a query with what it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answered {
    /// As far as is known.
    #[default]
    Yes,
    /// It refuses, says what means nothing, or says nothing at all.
    No,
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
    Follow(Query, Duration),
    Unfollow(Query),
}

impl Lookers {
    /// The longest staleness that all of them bear; none if nobody looks.
    fn interval(&self) -> Option<Duration> {
        if self.watches.is_empty() && self.templates.is_empty() {
            return None;
        }
        let intervals = self.watches.iter().map(|watch| watch.interval);
        Some(intervals.min().unwrap_or(INTERVAL))
    }
}

impl Follows {
    /// A watch of the configuration looks at its service; gives what is known already.
    pub(super) fn add_watch(&mut self, watch: WatchSpec) -> (Option<Ask>, Option<&[Instance]>) {
        let query = watched(&watch);
        let ask = self.change(&query, |lookers| lookers.watches.push(watch));
        (ask, self.instances(&query))
    }

    /// Takes note of whether a query is answered.
    pub(super) fn note(&mut self, query: &Query, answered: Answered) {
        if let Some(lookers) = self.queries.get_mut(query) {
            lookers.answered = answered;
        }
    }

    /// Whether none of the queries is known to fail.
    pub(super) fn all_are_answered(&self) -> bool {
        let mut all = self.queries.values();
        all.all(|lookers| lookers.answered == Answered::Yes)
    }

    pub(super) fn drop_watch(&mut self, id: &WatchId) -> Vec<Ask> {
        let has_it = |lookers: &Lookers| lookers.watches.iter().any(|watch| watch.id() == *id);
        let concerned = self.queries.iter().filter(|(_, lookers)| has_it(lookers));
        let concerned: Vec<Query> = concerned.map(|(query, _)| query.clone()).collect();
        let drop = |query: &Query| {
            self.change(query, |lookers| {
                lookers.watches.retain(|watch| watch.id() != *id);
            })
        };
        concerned.iter().filter_map(drop).collect()
    }

    /// A template looks at other things than before.
    pub(super) fn change_needs(
        &mut self,
        template: &TemplateName,
        before: &BTreeSet<Source>,
        now: &BTreeSet<Source>,
    ) -> Vec<Ask> {
        let added = now.difference(before).map(|source| (source, true));
        let dropped = before.difference(now).map(|source| (source, false));
        let mut asks = Vec::new();
        for (source, looks) in added.chain(dropped) {
            match source {
                Source::Catalog(query) => asks.extend(self.change(query, |lookers| {
                    set_member(&mut lookers.templates, template, looks);
                })),
                Source::File(path) => {
                    let lookers = self.files.entry(path.clone()).or_default();
                    set_member(lookers, template, looks);
                    if lookers.is_empty() {
                        self.files.remove(path);
                        self.brain.forget(source);
                    }
                }
            }
        }
        asks
    }

    /// Changes who looks at something, and tells what follows from it for the catalog.
    fn change(&mut self, query: &Query, change: impl FnOnce(&mut Lookers)) -> Option<Ask> {
        let lookers = self.queries.entry(query.clone()).or_default();
        let before = lookers.interval();
        change(lookers);
        let now = lookers.interval();
        if now.is_none() {
            self.queries.remove(query);
            self.brain.forget(&Source::Catalog(query.clone()));
        }
        match now {
            Some(interval) if now != before => Some(Ask::Follow(query.clone(), interval)),
            None if before.is_some() => Some(Ask::Unfollow(query.clone())),
            Some(_) | None => None,
        }
    }

    /// Everything that is looked at, for a catalog that has not been asked yet.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let asked = self.queries.iter();
        asked
            .filter_map(|(query, lookers)| Some(Ask::Follow(query.clone(), lookers.interval()?)))
            .collect()
    }

    /// The catalog told something; gives who has not known it.
    pub(super) fn on_answer(&mut self, query: &Query, answer: Answer) -> Audience {
        let Some(lookers) = self.queries.get(query) else {
            return Audience::default();
        };
        let source = Source::Catalog(query.clone());
        if !self.brain.remember(source, Known::Answer(answer)) {
            return Audience::default();
        }
        Audience {
            watches: lookers.watches.iter().map(WatchSpec::id).collect(),
            templates: lookers.templates.iter().cloned().collect(),
        }
    }

    pub(super) fn instances(&self, query: &Query) -> Option<&[Instance]> {
        match self.brain.known(&Source::Catalog(query.clone()))? {
            Known::Answer(Answer::Instances(instances)) => Some(instances),
            Known::Answer(
                Answer::Services(_)
                | Answer::Nodes(_)
                | Answer::Node(_)
                | Answer::Datacenters(_)
                | Answer::Value(_)
                | Answer::Pairs(_),
            )
            | Known::File(_) => None,
        }
    }

    /// Every file that is looked at.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Who looks at a file.
    pub(super) fn lookers_at_file(&self, path: &str) -> Vec<TemplateName> {
        let lookers = self.files.get(path).into_iter().flatten();
        lookers.cloned().collect()
    }
}

/// What a watch of the configuration looks at.
fn watched(spec: &WatchSpec) -> Query {
    Query::Service(ServiceQuery {
        tag: spec.tag.clone(),
        dc: spec.dc.clone(),
        ..ServiceQuery::passing(spec.service.clone())
    })
}

fn set_member(set: &mut BTreeSet<TemplateName>, name: &TemplateName, member: bool) {
    if member {
        set.insert(name.clone());
    } else {
        set.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str) -> Query {
        Query::Service(ServiceQuery::passing(name))
    }

    fn watch(name: &str, service: &str, seconds: u64) -> WatchSpec {
        WatchSpec {
            name: name.into(),
            service: service.to_owned(),
            tag: None,
            dc: None,
            interval: Duration::from_secs(seconds),
        }
    }

    fn needs(names: &[&str]) -> BTreeSet<Source> {
        names
            .iter()
            .map(|name| Source::Catalog(query(name)))
            .collect()
    }

    #[test]
    fn a_service_that_many_look_at_is_asked_for_once_as_often_as_the_most_eager_wants() {
        let mut follows = Follows::default();
        let every = |seconds| Some(Ask::Follow(query("db"), Duration::from_secs(seconds)));
        let none = BTreeSet::new();
        let asks = follows.change_needs(&"t".into(), &none, &needs(&["db"]));
        assert_eq!(asks, [every(60).unwrap()]);
        assert_eq!(follows.add_watch(watch("a", "db", 9)).0, every(9));
        assert_eq!(follows.add_watch(watch("b", "db", 20)).0, None);
        assert_eq!(follows.add_watch(watch("c", "db", 3)).0, every(3));
        assert_eq!(follows.drop_watch(&"c".into()), [every(9).unwrap()]);
        assert_eq!(follows.drop_watch(&"a".into()), [every(20).unwrap()]);
        assert_eq!(follows.drop_watch(&"b".into()), [every(60).unwrap()]);
        let asks = follows.change_needs(&"t".into(), &needs(&["db"]), &none);
        assert_eq!(asks, [Ask::Unfollow(query("db"))]);
        assert!(follows.asks().is_empty());
    }

    #[test]
    fn only_who_looks_hears_and_only_what_is_new() {
        let mut follows = Follows::default();
        follows.change_needs(&"t".into(), &BTreeSet::new(), &needs(&["db", "web"]));
        let answer = || Answer::Instances([].into());
        assert_eq!(
            follows.on_answer(&query("db"), answer()).templates,
            ["t".into()]
        );
        assert!(
            follows
                .on_answer(&query("db"), answer())
                .templates
                .is_empty()
        );
        assert!(
            follows
                .on_answer(&query("other"), answer())
                .templates
                .is_empty()
        );
        assert_eq!(follows.instances(&query("db")), Some(&[][..]));
        follows.change_needs(&"t".into(), &needs(&["db", "web"]), &needs(&["web"]));
        assert_eq!(follows.instances(&query("db")), None);
    }
}
