//! What many answers have in common, held once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::Hash,
    sync::Arc,
};

use super::{instances::CheckState, nodes::NodeState};
use crate::answer::{Check, Node};

/// What was read before and may be meant again. What only the shelf holds any more goes when the
/// shelf has doubled since it was last put in order.
#[derive(Default)]
pub(crate) struct Shelf {
    texts: Shared<str>,
    tags: Shared<[Box<str>]>,
    metas: Shared<BTreeMap<Box<str>, Box<str>>>,
    nodes: HashMap<Arc<str>, KnownNode>,
    orderly: usize,
}

/// A node as it was last seen, and its own checks.
struct KnownNode {
    node: Arc<Node>,
    checks: Vec<Arc<Check>>,
}

struct Shared<T: ?Sized> {
    known: HashSet<Arc<T>>,
    orderly: usize,
}

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            orderly: 0,
        }
    }
}

/// How many of a kind are kept without looking whether anyone else holds them.
const FEW: usize = 64;

impl<T: ?Sized + Eq + Hash> Shared<T> {
    fn take(&mut self, value: &T, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
        if let Some(known) = self.known.get(value) {
            return known.clone();
        }
        if self.known.len() > 2 * self.orderly + FEW {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.orderly = self.known.len();
        }
        let new = make();
        self.known.insert(new.clone());
        new
    }
}

impl Shelf {
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.take(text, || text.into())
    }

    pub(super) fn tags(&mut self, tags: Vec<Box<str>>) -> Arc<[Box<str>]> {
        match self.tags.known.get(&*tags) {
            Some(known) => known.clone(),
            None => {
                let tags: Arc<[Box<str>]> = tags.into();
                self.tags.take(&tags, || tags.clone())
            }
        }
    }

    pub(super) fn meta(
        &mut self,
        meta: BTreeMap<Box<str>, Box<str>>,
    ) -> Arc<BTreeMap<Box<str>, Box<str>>> {
        match self.metas.known.get(&meta) {
            Some(known) => known.clone(),
            None => {
                let meta = Arc::new(meta);
                self.metas.take(&meta, || meta.clone())
            }
        }
    }

    pub(super) fn node(&mut self, state: NodeState<'_>) -> Arc<Node> {
        if let Some(known) = self.nodes.get(state.name())
            && state.is(&known.node)
        {
            return known.node.clone();
        }
        self.put_nodes_in_order();
        let name = self.text(state.name());
        let node = Arc::new(state.node(name.clone()));
        let checks = self.nodes.remove(&name).map(|known| known.checks);
        let known = KnownNode {
            node: node.clone(),
            checks: checks.unwrap_or_default(),
        };
        self.nodes.insert(name, known);
        node
    }

    /// Takes a check; those of nodes come with every instance on them.
    pub(super) fn check(&mut self, state: CheckState<'_>) -> Arc<Check> {
        let known = self.nodes.get(state.node()).filter(|_| state.is_of_node());
        let known = known.and_then(|node| node.checks.iter().find(|check| state.is(check)));
        if let Some(known) = known {
            return known.clone();
        }
        let check = Arc::new(state.check(self));
        if check.service_id.is_empty()
            && let Some(node) = self.nodes.get_mut(&check.node)
        {
            node.checks.retain(|known| known.id != check.id);
            node.checks.push(check.clone());
        }
        check
    }

    fn put_nodes_in_order(&mut self) {
        if self.nodes.len() > 2 * self.orderly + FEW {
            self.nodes
                .retain(|_, known| Arc::strong_count(&known.node) > 1);
            self.orderly = self.nodes.len();
        }
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.texts.known.len(), self.nodes.len())
    }
}
