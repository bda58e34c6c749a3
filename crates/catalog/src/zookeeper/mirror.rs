//! What lies below a node, as far as somebody wants to know it.
//!
//! A mirror is told what has changed and reads just that; after a break it reads everything. What
//! was said to change is read after it was said, so what is read last is what there is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    request::{Code, Node, Reply, Request},
    session::Session,
};
use crate::CatalogError;

/// How many calls may be out at once.
const BATCH: usize = 128;

/// A node and what lies below it.
pub(super) struct Mirror {
    base: String,
    /// How many levels below it count.
    depth: usize,
    nodes: BTreeMap<String, Node>,
    stale: Stale,
}

/// What has to be read.
enum Stale {
    Everything,
    These(BTreeSet<String>),
}

impl Mirror {
    /// Knows nothing yet.
    pub(super) fn new(base: String, depth: usize) -> Self {
        Self {
            base,
            depth,
            nodes: BTreeMap::new(),
            stale: Stale::Everything,
        }
    }

    /// The node above all.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Everything known, by its path.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// One node.
    pub(super) fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Tells whether there is something to read.
    pub(super) fn is_stale(&self) -> bool {
        match &self.stale {
            Stale::Everything => true,
            Stale::These(paths) => !paths.is_empty(),
        }
    }

    /// Learns that anything may have changed.
    pub(super) fn doubt(&mut self) {
        self.stale = Stale::Everything;
    }

    /// Learns that a node has changed, come or gone.
    pub(super) fn hear(&mut self, path: &str) {
        let path = if path == "/" { "" } else { path };
        let Some(level) = level(&self.base, path) else {
            return;
        };
        if let Stale::These(paths) = &mut self.stale {
            if level <= self.depth {
                paths.insert(path.to_owned());
            }
            // How many there are below it is said by the node above.
            if let Some((above, _)) = path.rsplit_once('/')
                && (1..=self.depth + 1).contains(&level)
            {
                paths.insert(above.to_owned());
            }
        }
    }

    /// Reads what has to be read; after an error it is still to be read.
    pub(super) async fn read(&mut self, session: &Session) -> Result<(), CatalogError> {
        match &self.stale {
            Stale::Everything => self.nodes = self.read_all(session).await?,
            Stale::These(paths) => {
                let paths: Vec<_> = paths.iter().cloned().collect();
                for (path, node) in read(session, &paths).await? {
                    match node {
                        Some(node) => drop(self.nodes.insert(path, node)),
                        None => drop(self.nodes.remove(&path)),
                    }
                }
            }
        }
        self.stale = Stale::These(BTreeSet::new());
        Ok(())
    }

    async fn read_all(&self, session: &Session) -> Result<BTreeMap<String, Node>, CatalogError> {
        let mut nodes = BTreeMap::new();
        let mut level = vec![self.base.clone()];
        for depth in 0.. {
            let found: Vec<_> = read(session, &level).await?;
            let mut full = Vec::new();
            for (path, node) in found {
                let Some(node) = node else { continue };
                if node.stat.children > 0 && depth < self.depth {
                    full.push(path.clone());
                }
                nodes.insert(path, node);
            }
            if full.is_empty() {
                break;
            }
            level = list(session, &full).await?;
        }
        Ok(nodes)
    }
}

/// Says how far a path is below another; nothing if it is not.
fn level(base: &str, path: &str) -> Option<usize> {
    let below = path.strip_prefix(base)?;
    if below.is_empty() {
        return Some(0);
    }
    below
        .strip_prefix('/')
        .map(|below| 1 + below.matches('/').count())
}

/// The path as the wire has it, where the highest node has a name.
pub(super) fn named(path: &str) -> String {
    if path.is_empty() { "/" } else { path }.to_owned()
}

async fn read(
    session: &Session,
    paths: &[String],
) -> Result<Vec<(String, Option<Node>)>, CatalogError> {
    let requests = paths.iter().map(|path| Request::Read { path: named(path) });
    let mut found = Vec::with_capacity(paths.len());
    for (path, reply) in paths.iter().zip(ask(session, requests.collect()).await?) {
        let node = match reply {
            Some(Reply::Node(node)) => Some(node),
            Some(Reply::Done | Reply::Written(_) | Reply::Names(_)) | None => None,
        };
        found.push((path.clone(), node));
    }
    Ok(found)
}

/// Gives the paths of all nodes right below those.
async fn list(session: &Session, paths: &[String]) -> Result<Vec<String>, CatalogError> {
    let requests = paths.iter().map(|path| Request::List { path: named(path) });
    let mut below = Vec::new();
    for (path, reply) in paths.iter().zip(ask(session, requests.collect()).await?) {
        if let Some(Reply::Names(names)) = reply {
            below.extend(names.into_iter().map(|name| format!("{path}/{name}")));
        }
    }
    Ok(below)
}

/// Asks much, without waiting for one answer before the next question; none is no such node.
async fn ask(
    session: &Session,
    requests: Vec<Request>,
) -> Result<Vec<Option<Reply>>, CatalogError> {
    let mut replies = Vec::with_capacity(requests.len());
    for batch in requests.chunks(BATCH) {
        let mut made = Vec::with_capacity(batch.len());
        for request in batch {
            made.push(session.make("catalog", request.clone()).await);
        }
        for (made, request) in made.into_iter().zip(batch) {
            match session.answer(made).await? {
                Ok(reply) => replies.push(Some(reply)),
                Err(Code::NO_NODE) => replies.push(None),
                Err(code) => return Err(request.refused(code)),
            }
        }
    }
    Ok(replies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stale(mirror: &Mirror) -> Vec<&str> {
        match &mirror.stale {
            Stale::Everything => vec!["everything"],
            Stale::These(paths) => paths.iter().map(String::as_str).collect(),
        }
    }

    #[test]
    fn only_what_has_changed_is_read() {
        let mut mirror = Mirror::new("/base/app".to_owned(), 1);
        mirror.hear("/base/app/one");
        assert_eq!(stale(&mirror), ["everything"]);
        mirror.stale = Stale::These(BTreeSet::new());
        for elsewhere in ["/base", "/base/apple", "/base/app/one/deep/er", "/"] {
            mirror.hear(elsewhere);
            assert!(!mirror.is_stale(), "{elsewhere}");
        }
        mirror.hear("/base/app/one");
        assert_eq!(stale(&mirror), ["/base/app", "/base/app/one"]);
    }

    #[test]
    fn the_highest_node_has_no_name() {
        let mut mirror = Mirror::new(String::new(), usize::MAX - 1);
        mirror.stale = Stale::These(BTreeSet::new());
        mirror.hear("/");
        mirror.hear("/a/b");
        assert_eq!(stale(&mirror), ["", "/a", "/a/b"]);
    }
}
