//! What the catalog says, as templates see it: handles on what is held once, which make a field
//! when someone asks for it.

mod instance;
mod node;
mod pair;
mod service;

use std::{borrow::Cow, collections::BTreeMap};

use go_template::{List, Map, Value};

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
fn sorted(tags: &[Box<str>]) -> Value {
    let mut tags: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
    tags.sort_unstable();
    List::strings(tags).into()
}

fn number(count: u64) -> Value {
    Value::Uint(count)
}
