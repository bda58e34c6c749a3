//! What may be asked of a catalog, and followed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something of a catalog that may be followed. Two equal queries are one question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Query {
    /// The instances of a service; answered by [`Answer::Instances`](crate::answer::Answer::Instances).
    Service(ServiceQuery),
    /// The names of all services; answered by [`Answer::Services`](crate::answer::Answer::Services).
    Services {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// All nodes; answered by [`Answer::Nodes`](crate::answer::Answer::Nodes).
    Nodes {
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
        /// The node that the nearest come first to; none sorts by name.
        near: Option<String>,
    },
    /// One node and its services; answered by [`Answer::Node`](crate::answer::Answer::Node).
    Node {
        /// Its name; none is the agent's own.
        name: Option<String>,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// The names of the datacenters; answered by
    /// [`Answer::Datacenters`](crate::answer::Answer::Datacenters).
    Datacenters {
        /// Whether those are left out that do not answer.
        ignore_failing: bool,
    },
    /// The value of a key; answered by [`Answer::Value`](crate::answer::Answer::Value).
    Key {
        /// The key, without a `/` before it.
        path: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
    /// All keys under a prefix; answered by [`Answer::Pairs`](crate::answer::Answer::Pairs).
    Pairs {
        /// The prefix, without a `/` before it.
        prefix: String,
        /// The datacenter; none is the agent's own.
        dc: Option<String>,
    },
}

/// Which instances of a service are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceQuery {
    /// The service.
    pub name: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
    /// The datacenter; none is the agent's own.
    pub dc: Option<String>,
    /// The node that the nearest come first to; none sorts by node and identity.
    pub near: Option<String>,
    /// Only instances that this expression holds for, in Consul's own language.
    #[serde(default)]
    pub filter: Option<String>,
    /// Whether instances that do not pass are given too.
    pub any_status: bool,
}

impl ServiceQuery {
    /// The passing instances of a service.
    pub fn passing(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// As a template would ask, for people: a service by its bare name, all else after its kind.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dc, near) = match self {
            Self::Service(query) => return query.fmt(f),
            Self::Services { dc } => {
                f.write_str("services")?;
                (dc, &None)
            }
            Self::Nodes { dc, near } => {
                f.write_str("nodes")?;
                (dc, near)
            }
            Self::Node { name, dc } => {
                write!(f, "node {}", name.as_deref().unwrap_or("of the agent"))?;
                (dc, &None)
            }
            Self::Datacenters { .. } => return f.write_str("datacenters"),
            Self::Key { path, dc } => {
                write!(f, "key {path}")?;
                (dc, &None)
            }
            Self::Pairs { prefix, dc } => {
                write!(f, "keys under {prefix}")?;
                (dc, &None)
            }
        };
        place(f, dc.as_deref(), near.as_deref())
    }
}

impl fmt::Display for ServiceQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = &self.tag {
            write!(f, "{tag}.")?;
        }
        f.write_str(&self.name)?;
        place(f, self.dc.as_deref(), self.near.as_deref())?;
        match &self.filter {
            Some(filter) => write!(f, " where {filter}"),
            None => Ok(()),
        }
    }
}

fn place(f: &mut fmt::Formatter<'_>, dc: Option<&str>, near: Option<&str>) -> fmt::Result {
    if let Some(dc) = dc {
        write!(f, "@{dc}")?;
    }
    if let Some(near) = near {
        write!(f, "~{near}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_as_a_template_asks() {
        let blue = ServiceQuery {
            tag: Some("blue".to_owned()),
            dc: Some("east".to_owned()),
            near: Some("_agent".to_owned()),
            ..ServiceQuery::passing("web")
        };
        assert_eq!(Query::Service(blue).to_string(), "blue.web@east~_agent");
        let plain = Query::Service(ServiceQuery::passing("web"));
        assert_eq!(plain.to_string(), "web");
        let key = Query::Key {
            path: "a/b".to_owned(),
            dc: Some("west".to_owned()),
        };
        assert_eq!(key.to_string(), "key a/b@west");
    }
}
