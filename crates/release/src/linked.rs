//! The crates that are in the binary, and who brought whom.

use std::{collections::BTreeSet, path::PathBuf};

/// A crate's name and version, which together name it within one build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// One crate of the binary.
#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) id: Id,
    /// An SPDX expression.
    pub(crate) licence: String,
    /// Where its sources are developed, if its manifest says so.
    pub(crate) repository: Option<String>,
    /// The SHA-256 of its archive in the registry; none for a crate of this workspace.
    pub(crate) checksum: Option<String>,
    /// The folder of its sources on this machine.
    pub(crate) folder: PathBuf,
}

/// What is linked: the first crate is the binary's own, the others are in the order of their names.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) crates: Vec<Crate>,
    pub(crate) edges: BTreeSet<(Id, Id)>,
}

/// The shape of what is linked: its root, all of it, and the edges.
#[derive(Debug, PartialEq)]
pub(crate) struct Graph {
    pub(crate) root: Id,
    pub(crate) all: BTreeSet<Id>,
    pub(crate) edges: BTreeSet<(Id, Id)>,
}

impl Graph {
    /// Reads the output of `cargo tree --prefix depth --format {p}`.
    ///
    /// A line is the depth, the crate, and in brackets its path or that it was shown before. What
    /// was shown before has its own edges there.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut above: Vec<Id> = Vec::new();
        let mut graph: Option<Self> = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (depth, id) = node(line).ok_or_else(|| {
                format!("cannot read what `cargo tree` says: no crate in the line `{line}`")
            })?;
            above.truncate(depth);
            let graph = graph.get_or_insert_with(|| Self {
                root: id.clone(),
                all: BTreeSet::new(),
                edges: BTreeSet::new(),
            });
            if let Some(user) = above.last() {
                graph.edges.insert((user.clone(), id.clone()));
            }
            graph.all.insert(id.clone());
            above.push(id);
        }
        graph.ok_or_else(|| "cannot read what `cargo tree` says: it says nothing".into())
    }
}

fn node(line: &str) -> Option<(usize, Id)> {
    let name_at = line.find(|letter: char| !letter.is_ascii_digit())?;
    let depth = line[..name_at].parse().ok()?;
    let mut words = line[name_at..].split(' ');
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some((depth, Id { name, version }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> Id {
        Id {
            name: name.into(),
            version: "1.0.0".into(),
        }
    }

    #[test]
    fn edges_come_from_the_depths() {
        let text = "0app v1.0.0 (/src/app)\n1a v1.0.0\n2b v1.0.0\n1c v1.0.0\n2a v1.0.0 (*)\n";
        let graph = Graph::parse(text).expect("readable");
        assert_eq!(graph.root, id("app"));
        assert_eq!(graph.all, ["a", "app", "b", "c"].map(id).into());
        let edges = [("app", "a"), ("a", "b"), ("app", "c"), ("c", "a")];
        assert_eq!(
            graph.edges,
            edges.map(|(from, to)| (id(from), id(to))).into()
        );
    }

    #[test]
    fn what_is_no_tree_is_said() {
        for bad in ["", "\n", "app v1.0.0", "0app", "0app 1.0.0"] {
            assert!(Graph::parse(bad).is_err(), "passes: {bad}");
        }
    }
}
