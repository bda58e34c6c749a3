//! What watches and templates look at: each thing is asked for once, however many look.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use catalog::{
    answer::Answer,
    query::{Query, ServiceQuery},
};
use ctmpl::{Brain, Known, Source};
use pilot_core::{
    TemplateName,
    spec::{Subject, WatchId, WatchSpec},
};

/// The longest staleness of what only templates look at.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

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
    templates: BTreeMap<TemplateName, Way>,
    /// Why the catalog does not answer with what is asked for, if it is known to fail.
    trouble: Option<String>,
}

/// How something of the catalog comes to who looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// This helper asks.
    Asked,
    /// Another helper asks, and leaves the answer.
    Left,
}

/// What a template looks at.
pub(super) type Needs = BTreeMap<Source, Way>;

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
    fn is_empty(&self) -> bool {
        self.watches.is_empty() && self.templates.is_empty()
    }

    /// The longest staleness that all of them bear; none if there is nobody to ask for.
    fn interval(&self) -> Option<Duration> {
        let asked = self.templates.values().any(|way| *way == Way::Asked);
        if self.watches.is_empty() && !asked {
            return None;
        }
        let intervals = self.watches.iter().map(|watch| watch.interval);
        Some(intervals.min().unwrap_or(INTERVAL))
    }
}

impl Follows {
    /// A watch of the configuration looks at something of the catalog; gives why that is not
    /// answered, if so.
    pub(super) fn add_watch(
        &mut self,
        query: &Query,
        watch: WatchSpec,
    ) -> (Option<Ask>, Option<String>) {
        let ask = self.change(query, |lookers| lookers.watches.push(watch));
        let lookers = self.queries.get(query);
        (ask, lookers.and_then(|lookers| lookers.trouble.clone()))
    }

    /// Takes note of whether a query is answered; gives the watches that look at it.
    pub(super) fn note(&mut self, query: &Query, trouble: Option<String>) -> Vec<WatchId> {
        let Some(lookers) = self.queries.get_mut(query) else {
            return Vec::new();
        };
        lookers.trouble = trouble;
        lookers.watches.iter().map(WatchSpec::id).collect()
    }

    /// Takes note that nothing is answered; gives all watches.
    pub(super) fn note_all(&mut self, trouble: &str) -> Vec<WatchId> {
        let queries: Vec<Query> = self.queries.keys().cloned().collect();
        let note = |query: &Query| self.note(query, Some(trouble.to_owned()));
        queries.iter().flat_map(note).collect()
    }

    /// Whether a query is known to fail.
    pub(super) fn is_in_trouble(&self, query: &Query) -> bool {
        let lookers = self.queries.get(query);
        lookers.is_some_and(|lookers| lookers.trouble.is_some())
    }

    /// Whether none of the queries is known to fail.
    pub(super) fn all_are_answered(&self) -> bool {
        let mut all = self.queries.values();
        all.all(|lookers| lookers.trouble.is_none())
    }

    pub(super) fn drop_watch(&mut self, query: &Query, id: &WatchId) -> Option<Ask> {
        if !self.queries.contains_key(query) {
            return None;
        }
        self.change(query, |lookers| {
            lookers.watches.retain(|watch| watch.id() != *id);
        })
    }

    /// A template looks at other things than before.
    pub(super) fn change_needs(
        &mut self,
        template: &TemplateName,
        before: &Needs,
        now: &Needs,
    ) -> Vec<Ask> {
        let changed = now.iter().filter(|(at, way)| before.get(at) != Some(way));
        let changed = changed.map(|(source, way)| (source, Some(*way)));
        let dropped = before.keys().filter(|source| !now.contains_key(source));
        let dropped = dropped.map(|source| (source, None));
        let mut asks = Vec::new();
        for (source, way) in changed.chain(dropped) {
            match source {
                Source::Catalog(query) => asks.extend(self.change(query, |lookers| {
                    match way {
                        Some(way) => lookers.templates.insert(template.clone(), way),
                        None => lookers.templates.remove(template),
                    };
                })),
                Source::File(path) => {
                    let lookers = self.files.entry(path.clone()).or_default();
                    match way {
                        Some(_) => lookers.insert(template.clone()),
                        None => lookers.remove(template),
                    };
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
            // What is not asked is not refused.
            lookers.trouble = None;
        }
        if lookers.is_empty() {
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
        // One that is not asked any more has less to say than what others leave.
        let asked = |lookers: &Lookers| lookers.interval().is_some();
        if !self.queries.get(query).is_some_and(asked) {
            return Audience::default();
        }
        self.take_up(query, answer)
    }

    /// Another helper left an answer, which counts for as long as we have none of our own; gives
    /// who has not known it.
    pub(super) fn on_left(&mut self, query: &Query, answer: Answer) -> Audience {
        let source = Source::Catalog(query.clone());
        let Some(lookers) = self.queries.get(query) else {
            return Audience::default();
        };
        if lookers.interval().is_some() && self.brain.known(&source).is_some() {
            return Audience::default();
        }
        self.take_up(query, answer)
    }

    fn take_up(&mut self, query: &Query, answer: Answer) -> Audience {
        let source = Source::Catalog(query.clone());
        let known = Known::Answer(answer);
        match self.queries.get(query) {
            Some(lookers) if self.brain.remember(source, known) => Audience {
                watches: lookers.watches.iter().map(WatchSpec::id).collect(),
                templates: lookers.templates.keys().cloned().collect(),
            },
            Some(_) | None => Audience::default(),
        }
    }

    /// What is known of something that is looked at.
    pub(super) fn answer(&self, query: &Query) -> Option<&Answer> {
        match self.brain.known(&Source::Catalog(query.clone()))? {
            Known::Answer(answer) => Some(answer),
            Known::File(_) => None,
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

/// Where a watch looks.
pub(super) enum Looked {
    /// In the catalog.
    InCatalog(Query),
    /// At a file.
    File(String),
}

/// Finds out where a watch of the configuration looks.
pub(super) fn watched(subject: &Subject) -> Looked {
    Looked::InCatalog(match subject.clone() {
        Subject::Service(subject) => Query::Service(ServiceQuery {
            name: subject.service,
            tag: subject.tag,
            dc: subject.dc,
            near: subject.near,
            filter: subject.filter,
            ..ServiceQuery::default()
        }),
        Subject::Key { path, dc } => Query::Key { path, dc },
        Subject::Prefix { prefix, dc } => Query::Pairs { prefix, dc },
        Subject::File { path } => return Looked::File(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str) -> Query {
        Query::Service(ServiceQuery::passing(name))
    }

    fn watch(name: &str, service: &str, seconds: u64) -> WatchSpec {
        let subject = Subject::service(service);
        WatchSpec::new(name, subject, Duration::from_secs(seconds))
    }

    fn needs(names: &[&str]) -> Needs {
        ways(names, Way::Asked)
    }

    fn ways(names: &[&str], way: Way) -> Needs {
        let sources = names.iter().map(|name| Source::Catalog(query(name)));
        sources.map(|source| (source, way)).collect()
    }

    #[test]
    fn a_service_that_many_look_at_is_asked_for_once_as_often_as_the_most_eager_wants() {
        let mut follows = Follows::default();
        let every = |seconds| Some(Ask::Follow(query("db"), Duration::from_secs(seconds)));
        let drop = |name: &str, follows: &mut Follows| {
            let id = watch(name, "db", 1).id();
            follows.drop_watch(&query("db"), &id)
        };
        let none = Needs::new();
        let asks = follows.change_needs(&"t".into(), &none, &needs(&["db"]));
        assert_eq!(asks, [every(60).unwrap()]);
        assert_eq!(
            follows.add_watch(&query("db"), watch("a", "db", 9)).0,
            every(9)
        );
        assert_eq!(
            follows.add_watch(&query("db"), watch("b", "db", 20)).0,
            None
        );
        assert_eq!(
            follows.add_watch(&query("db"), watch("c", "db", 3)).0,
            every(3)
        );
        assert_eq!(drop("c", &mut follows), every(9));
        assert_eq!(drop("a", &mut follows), every(20));
        assert_eq!(drop("b", &mut follows), every(60));
        let asks = follows.change_needs(&"t".into(), &needs(&["db"]), &none);
        assert_eq!(asks, [Ask::Unfollow(query("db"))]);
        assert!(follows.asks().is_empty());
    }

    #[test]
    fn only_who_looks_hears_and_only_what_is_new() {
        let mut follows = Follows::default();
        follows.change_needs(&"t".into(), &Needs::new(), &needs(&["db", "web"]));
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
        assert_eq!(follows.answer(&query("db")), Some(&answer()));
        follows.change_needs(&"t".into(), &needs(&["db", "web"]), &needs(&["web"]));
        assert_eq!(follows.answer(&query("db")), None);
    }

    #[test]
    fn what_another_leaves_is_not_asked_for_unless_somebody_wants_it_asked() {
        let mut follows = Follows::default();
        let (none, left) = (Needs::new(), ways(&["db"], Way::Left));
        let follow = Ask::Follow(query("db"), INTERVAL);
        assert_eq!(follows.change_needs(&"a".into(), &none, &left), []);
        assert!(follows.asks().is_empty());
        // Another template of the same helper asks.
        let asks = follows.change_needs(&"b".into(), &none, &needs(&["db"]));
        assert_eq!(asks, [follow]);
        let asks = follows.change_needs(&"b".into(), &needs(&["db"]), &none);
        assert_eq!(asks, [Ask::Unfollow(query("db"))]);
        assert_eq!(follows.change_needs(&"a".into(), &left, &none), []);
    }

    #[test]
    fn what_another_left_stands_until_there_is_an_answer_of_our_own() {
        let mut follows = Follows::default();
        let db = query("db");
        let (none, left) = (Needs::new(), ways(&["db"], Way::Left));
        let [one, two, three] = [1, 2, 3].map(|number: u64| {
            let name = number.to_string().into();
            Answer::Datacenters([name].into())
        });
        let all = [TemplateName::from("a")];
        follows.change_needs(&"a".into(), &none, &left);
        assert_eq!(follows.on_left(&db, one.clone()).templates, all);
        assert!(follows.on_left(&db, one).templates.is_empty());
        assert!(follows.on_answer(&db, two.clone()).templates.is_empty());
        follows.change_needs(&"a".into(), &left, &needs(&["db"]));
        let source = Source::Catalog(db.clone());
        assert!(follows.brain.known(&source).is_some());
        assert_eq!(follows.on_answer(&db, two).templates, all);
        assert!(follows.on_left(&db, three.clone()).templates.is_empty());
        // It becomes another's again, and what that one leaves counts.
        follows.change_needs(&"a".into(), &needs(&["db"]), &left);
        assert_eq!(follows.on_left(&db, three).templates, all);
    }
}
