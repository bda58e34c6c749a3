//! What the catalog says, as templates see it: handles on what is held once, which make a field
//! when someone asks for it.

mod instance;
mod node;
mod pair;
mod service;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use go_template::{Element, Items, List, Map, Value};

pub(crate) use self::{
    instance::{instances, some_instances},
    node::{no_node, node_services, nodes},
    pair::{Pair, pairs, perhaps},
    service::services,
};

/// Makes a field of each name.
fn fields(
    names: &'static [&'static str],
    field: impl Fn(&str) -> Option<Value>,
) -> Vec<(Cow<'static, str>, Value)> {
    let made = |name: &&'static str| Some((Cow::Borrowed(*name), field(name)?));
    names.iter().filter_map(made).collect()
}

fn text_map(entries: &BTreeMap<Box<str>, Box<str>>) -> Value {
    Map::strings(entries.iter().map(|(key, value)| (&**key, &**value))).into()
}

/// Tags are given in order, however the catalog keeps them.
fn sorted(tags: &Arc<[Box<str>]>) -> Value {
    let mut order = Vec::new();
    if !tags.is_sorted() {
        order.extend(0..tags.len());
        order.sort_unstable_by_key(|at| &tags[*at]);
    }
    let tags = tags.clone();
    List::made(Element::String, Arc::new(Tags { tags, order })).into()
}

struct Tags {
    tags: Arc<[Box<str>]>,
    /// Their places in order; empty where they are in order as they come.
    order: Vec<usize>,
}

impl Items for Tags {
    fn count(&self) -> usize {
        self.tags.len()
    }

    fn item(&self, index: usize) -> Value {
        let at = self.order.get(index).copied().unwrap_or(index);
        let tag = self.tags.get(at);
        tag.map_or(Value::Nil, |tag| (&**tag).into())
    }

    fn type_name(&self) -> Option<&'static str> {
        Some("dependency.ServiceTags")
    }
}

fn number(count: u64) -> Value {
    Value::Uint(count)
}
