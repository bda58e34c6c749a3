//! What a template looks at, and what has to be fetched for it.

mod parse;

use std::fmt;

use catalog::query::{Query, ServiceQuery};

/// Something a template looked at. Displayed as consul-template names it, such as
/// `health.service(web|passing)` or `kv.block(a/b)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    /// The instances of a service whose status is one of the filters, which are sorted.
    Service(ServiceQuery, Vec<Filter>),
    /// The names of all services.
    Services {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// All nodes.
    Nodes {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
        /// The node that the nearest come first to.
        near: Option<String>,
    },
    /// One node and its services.
    Node {
        /// Its name; none is the agent's own.
        name: Option<String>,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// The names of the datacenters.
    Datacenters {
        /// Whether those are left out that do not answer.
        ignore_failing: bool,
    },
    /// The value of a key.
    Key {
        /// The key, without a `/` before it.
        path: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
        /// Whether the template waits until there is such a key.
        blocks: bool,
    },
    /// All keys under a prefix.
    Pairs {
        /// The prefix, without a `/` before it; empty for all keys there are.
        prefix: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
        /// Whether the template waits until there is at least one.
        blocks: bool,
    },
    /// A file, by the path as it is written.
    File(String),
}

impl Dependency {
    /// Tells what has to be fetched for it. Several dependencies may share a source.
    pub fn source(&self) -> Source {
        Source::Catalog(match self {
            Self::Service(query, _) => Query::Service(query.clone()),
            Self::Services { dc } => Query::Services { dc: dc.clone() },
            Self::Nodes { dc, near } => Query::Nodes {
                dc: dc.clone(),
                near: near.clone(),
            },
            Self::Node { name, dc } => Query::Node {
                name: name.clone(),
                dc: dc.clone(),
            },
            Self::Datacenters { ignore_failing } => Query::Datacenters {
                ignore_failing: *ignore_failing,
            },
            Self::Key { path, dc, .. } => Query::Key {
                path: path.clone(),
                dc: dc.clone(),
            },
            Self::Pairs { prefix, dc, .. } => Query::Pairs {
                prefix: prefix.clone(),
                dc: dc.clone(),
            },
            Self::File(path) => return Source::File(path.clone()),
        })
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |name: &str, dc: &Option<String>, near: &Option<String>| {
            let dc = dc.as_ref().map(|dc| format!("@{dc}")).unwrap_or_default();
            let near = near.as_ref().map(|near| format!("~{near}"));
            format!("{name}{dc}{}", near.unwrap_or_default())
        };
        let bare = |kind: &str, place: String| {
            if place.is_empty() {
                kind.to_owned()
            } else {
                format!("{kind}({place})")
            }
        };
        f.write_str(&match self {
            Self::Service(query, filters) => {
                let tag = query.tag.as_ref().map(|tag| format!("{tag}."));
                let service = place(&query.name, &query.dc, &query.near);
                let filters: Vec<&str> = filters.iter().map(|filter| filter.word()).collect();
                let filters = match filters.join(",") {
                    none if none.is_empty() => none,
                    some => format!("|{some}"),
                };
                format!(
                    "health.service({}{service}{filters})",
                    tag.unwrap_or_default()
                )
            }
            Self::Services { dc } => bare("catalog.services", place("", dc, &None)),
            Self::Nodes { dc, near } => bare("catalog.nodes", place("", dc, near)),
            Self::Node { name, dc } => {
                let name = name.as_deref().unwrap_or_default();
                bare("catalog.node", place(name, dc, &None))
            }
            Self::Datacenters { .. } => "catalog.datacenters".to_owned(),
            Self::Key { path, dc, blocks } => {
                let kind = if *blocks { "kv.block" } else { "kv.get" };
                format!("{kind}({})", place(path, dc, &None))
            }
            Self::Pairs { prefix, dc, .. } => {
                let prefix = if prefix.is_empty() { "/" } else { prefix };
                format!("kv.list({})", place(prefix, dc, &None))
            }
            Self::File(path) => format!("file({path})"),
        })
    }
}

/// Something that can be fetched, and followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// From the catalog.
    Catalog(Query),
    /// From a file, by the path as it is written.
    File(String),
}

/// For people.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog(query) => query.fmt(f),
            Self::File(path) => write!(f, "file {path}"),
        }
    }
}

/// Which instances of a service a template wants, by their status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// All of them.
    Any,
    /// Those that are critical.
    Critical,
    /// Those that were taken out of service by hand.
    Maintenance,
    /// Those that pass.
    Passing,
    /// Those that warn.
    Warning,
}

impl Filter {
    const ALL: [Self; 5] = [
        Self::Any,
        Self::Critical,
        Self::Maintenance,
        Self::Passing,
        Self::Warning,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Critical => "critical",
            Self::Maintenance => "maintenance",
            Self::Passing => "passing",
            Self::Warning => "warning",
        }
    }
}
