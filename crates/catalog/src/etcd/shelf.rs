//! What is followed, and what is known of it: pure.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{
    layout::{Layout, Stretch},
    read::Holding,
    wire::{Event, Kind},
};
use crate::{
    Backend, CatalogError,
    answer::{Answer, Pair, ServiceName},
    query::Query,
    record::{self, Record},
};

/// What one or more queries look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Zone {
    /// The instances of a service.
    Service(Box<str>),
    /// The instances of all services.
    Services,
    /// A key.
    Key(Box<str>),
    /// All keys whose paths begin so.
    Keys(Box<str>),
}

/// What a zone holds, and since when that is known.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pairs: BTreeMap<Box<[u8]>, Item>,
    /// The first revision that is not known yet.
    pub(super) next: i64,
}

#[derive(Debug)]
struct Item {
    value: Bytes,
    created: i64,
    modified: i64,
}

impl Zone {
    /// What a query looks at, or why it cannot be asked.
    pub(super) fn of(query: &Query) -> Result<Self, CatalogError> {
        let lacks = |what| {
            let who = Backend::Etcd;
            Err(CatalogError::Unsupported { who, what })
        };
        let dc = match query {
            Query::Service(query) => query.dc.as_ref(),
            Query::Services { dc } | Query::Key { dc, .. } | Query::Pairs { dc, .. } => dc.as_ref(),
            Query::Nodes { .. } | Query::Node { .. } => return lacks("nodes"),
            Query::Datacenters { .. } => return lacks("datacenters"),
        };
        if dc.is_some() {
            return lacks("datacenters");
        }
        Ok(match query {
            Query::Service(query) if query.near.is_some() => {
                return lacks("notion of who is near");
            }
            Query::Service(query) => Self::Service(query.name.as_str().into()),
            Query::Key { path, .. } => Self::Key(path.trim_start_matches('/').into()),
            Query::Pairs { prefix, .. } => Self::Keys(prefix.trim_start_matches('/').into()),
            Query::Services { .. }
            | Query::Nodes { .. }
            | Query::Node { .. }
            | Query::Datacenters { .. } => Self::Services,
        })
    }

    /// Where it lies.
    pub(super) fn stretch(&self, layout: &Layout) -> Stretch {
        match self {
            Self::Service(name) => layout.service(name),
            Self::Services => layout.services(),
            Self::Key(path) => Stretch::one(layout.key(path)),
            Self::Keys(prefix) => layout.keys_under(prefix),
        }
    }
}

impl Shelf {
    pub(super) fn new(holding: Holding) -> Self {
        let pairs = holding.pairs.into_iter().map(|pair| {
            let item = Item {
                value: pair.value,
                created: pair.create_revision,
                modified: pair.mod_revision,
            };
            (pair.key.as_ref().into(), item)
        });
        Self {
            pairs: pairs.collect(),
            next: holding.header.revision + 1,
        }
    }

    /// Takes a change, unless it is known already; tells whether it was not.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let Event { kind, kv } = event;
        if kv.mod_revision < self.next {
            return false;
        }
        match kind {
            Kind::Put => {
                let item = Item {
                    value: kv.value.clone(),
                    created: kv.create_revision,
                    modified: kv.mod_revision,
                };
                self.pairs.insert(kv.key.as_ref().into(), item);
            }
            Kind::Delete => {
                self.pairs.remove(&*kv.key);
            }
        }
        true
    }

    /// Answers a query.
    pub(super) fn answer(&self, query: &Query, layout: &Layout) -> Result<Answer, CatalogError> {
        let items = || self.pairs.values();
        match query {
            Query::Service(query) => {
                // What is no instance is passed over, as ContainerPilot 2 does.
                let records = items().filter_map(|item| Record::read(&item.value).ok());
                record::select(Backend::Etcd, query, records)
            }
            Query::Key { .. } => Ok(Answer::Value(items().next().map(|item| item.value.clone()))),
            Query::Pairs { .. } => Ok(Answer::Pairs(self.as_pairs(layout))),
            Query::Services { .. }
            | Query::Nodes { .. }
            | Query::Node { .. }
            | Query::Datacenters { .. } => Ok(Answer::Services(self.as_names(layout))),
        }
    }

    fn as_pairs(&self, layout: &Layout) -> Arc<[Pair]> {
        let number = |revision: i64| u64::try_from(revision).unwrap_or(0);
        let name = |key: &[u8]| {
            let key = String::from_utf8_lossy(key);
            Box::<str>::from(layout.path_of(&key).unwrap_or(&key))
        };
        let pairs = self.pairs.iter().map(|(key, item)| Pair {
            path: name(key),
            value: item.value.clone(),
            create_index: number(item.created),
            modify_index: number(item.modified),
            lock_index: 0,
            flags: 0,
            session: "".into(),
        });
        pairs.collect()
    }

    fn as_names(&self, layout: &Layout) -> Arc<[ServiceName]> {
        let mut services = BTreeMap::<&str, Vec<Box<str>>>::new();
        for (key, item) in &self.pairs {
            let name = str::from_utf8(key)
                .ok()
                .and_then(|key| layout.service_of(key));
            if let (Some(name), Ok(record)) = (name, Record::read(&item.value)) {
                let tags = services.entry(name).or_default();
                tags.extend(record.tags.into_iter().map(String::into_boxed_str));
            }
        }
        let names = services.into_iter().map(|(name, mut tags)| {
            tags.sort();
            tags.dedup();
            ServiceName {
                name: name.into(),
                tags: tags.into(),
            }
        });
        names.collect()
    }
}
